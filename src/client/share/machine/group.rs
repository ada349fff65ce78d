//! The membership: events in, actions out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kafka_protocol::messages::ApiKey;

use super::Machine;
use crate::base::log::debug;
use crate::broker::{Request, RequestError};
use crate::client::command::MainCommand;
use crate::client::context::MainContext;
use crate::client::share::command::Command;
use crate::coordinator::{self, Kind, Node, Target};
use crate::group::Outgoing;
use crate::group::share::{Action, Event};

impl Machine {
    pub(super) fn tell_group(&mut self, cx: &mut MainContext<'_>, event: Event) {
        let mut actions = Vec::new();
        let before = (self.group.state_name(), self.group.epoch());
        self.group.set_polled(self.consumer.polled(cx.now));
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
        let waits = self.group.is_away();
        self.consumer.wants_poll.store(waits, Ordering::Release);
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
                let main = cx.shared.main.clone();
                let request = Request::new(
                    ApiKey::FindCoordinator,
                    find.timeout,
                    move |version| find.build(version),
                    move |result| {
                        main.send(MainCommand::Share(Command::Coordinator(result)));
                    },
                );
                cx.send(Target::Any, request);
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
        let id = self.group_id();
        let link = cx.router.coordinators.link(Kind::Group, &id);
        let is_known = link.is_some_and(|(known, _)| known == node);
        let main = cx.shared.main.clone();
        let token = out.token;
        let request = Request::new(out.api, out.timeout, out.build, move |result| {
            main.send(MainCommand::Share(Command::Group { token, result }));
        });
        if is_known {
            cx.send(Target::Coordinator(Kind::Group, id), request);
        } else {
            let why = "the coordinator has changed".into();
            (request.reply)(Err(RequestError::Disconnected(why)));
        }
    }
}
