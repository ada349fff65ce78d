//! The membership: events in, actions out.

use std::sync::Arc;

use super::Machine;
use crate::base::log::debug;
use crate::broker::Request;
use crate::client::command::MainCommand;
use crate::client::context::MainContext;
use crate::client::share::command::Command;
use crate::coordinator::{self, Kind, Node};
use crate::group::Outgoing;
use crate::group::share::{Action, Event};

impl Machine {
    pub(super) fn tell_group(&mut self, cx: &mut MainContext<'_>, event: Event) {
        let mut actions = Vec::new();
        let before = (self.group.state_name(), self.group.epoch());
        self.group.set_polled(self.consumer.polls.polled(cx.now));
        self.group.on_event(cx.now, event, &mut actions);
        let after = (self.group.state_name(), self.group.epoch());
        if before != after {
            cx.shared.logger.debug(
                debug::CGRP,
                "CGRPSTATE",
                format_args!(
                    "Share group \"{}\": {} (epoch {}) -> {} (epoch {})",
                    self.consumer.core.settings.group_id, before.0, before.1, after.0, after.1
                ),
            );
        }
        self.consumer.polls.set_wants_poll(self.group.is_away());
        for action in actions {
            self.carry_out(cx, action);
        }
    }

    fn carry_out(&mut self, cx: &mut MainContext<'_>, action: Action) {
        match action {
            Action::Send(node, out) => self.send_to_coordinator(cx, &node, out),
            Action::Coordinator(action) => self.coordinate(cx, action),
            Action::Assigned(list) => self.assign(cx, list),
            Action::Error(code, text) => self.error(code, text, None),
            Action::Fatal(code, text) => {
                cx.shared.raise_fatal(code, &text);
            }
            Action::Closed => self.closed(cx),
        }
    }

    fn group_id(&self) -> Arc<str> {
        self.consumer.core.settings.group_id.as_str().into()
    }

    fn coordinate(&mut self, cx: &mut MainContext<'_>, action: coordinator::Action) {
        match action {
            coordinator::Action::Find(find) => {
                let text = format_args!("Share group \"{}\": asking for its coordinator", find.key);
                cx.shared.logger.debug(debug::CGRP, "CGRPQUERY", text);
                cx.find_coordinator(find, |result| {
                    MainCommand::Share(Command::Coordinator(result))
                });
            }
            coordinator::Action::Changed(Some(node)) => {
                let id = node.id;
                if cx.follow(Kind::Group, self.group_id(), node) {
                    let up = coordinator::Event::Up(id);
                    self.tell_group(cx, Event::Coordinator(up));
                }
            }
            // The link stays, idle, until another coordinator is known.
            coordinator::Action::Changed(None) => {}
            coordinator::Action::Failed(code, text) => self.error(code, text, None),
        }
    }

    fn send_to_coordinator(&mut self, cx: &mut MainContext<'_>, node: &Node, out: Outgoing) {
        let main = cx.shared.main.clone();
        let token = out.token;
        let request = Request::new(out.api, out.timeout, out.build, move |result| {
            main.send(MainCommand::Share(Command::Group { token, result }));
        });
        cx.send_to_coordinator(Kind::Group, self.group_id(), node, request);
    }
}
