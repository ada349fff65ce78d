//! The group: events in, actions out.

use std::sync::Arc;

use super::Machine;
use super::offsets::listed;
use crate::base::log::debug;
use crate::broker::Request;
use crate::client::command::MainCommand;
use crate::client::consumer::command::Command;
use crate::client::context::MainContext;
use crate::client::shared::ClientShared;
use crate::coordinator::{self, Kind, Node, Target};
use crate::group::{Action, Event, Outgoing};

impl Machine {
    pub(super) fn tell_group(&mut self, cx: &mut MainContext<'_>, event: Event) {
        let Some(group) = &mut self.group else {
            return;
        };
        let mut actions = Vec::new();
        group.set_polled(self.consumer.group.polls.polled(cx.now));
        let before = group.membership().state_name();
        let member_before = group.membership().member();
        let was_lost = group.membership().is_lost();
        group.on_event(cx.now, event, &mut actions);
        let membership = group.membership();
        let lost = membership.is_lost() && !was_lost;
        let logger = &cx.shared.logger;
        let group_id = cx
            .shared
            .conf
            .global
            .group_id
            .as_deref()
            .unwrap_or_default();
        if group.state_name() != self.group_state.0 {
            let (old, new) = (self.group_state.0, group.state_name());
            logger.debug(
                debug::CGRP,
                "CGRPSTATE",
                format_args!("Group \"{group_id}\": {old} -> {new}"),
            );
            self.group_state = (new, cx.now);
        }
        let member = membership.member();
        if member.member_id != member_before.member_id {
            logger.debug(
                debug::CGRP,
                "MEMBERID",
                format_args!(
                    "Group \"{group_id}\": member id \"{}\" -> \"{}\"",
                    member_before.member_id, member.member_id
                ),
            );
        }
        if membership.state_name() != before {
            logger.debug(
                debug::CGRP,
                "CGRPJOINSTATE",
                format_args!(
                    "Group \"{group_id}\": membership {before} -> {}: generation {}, {} partition(s)",
                    membership.state_name(),
                    member.generation,
                    membership.assignment().len()
                ),
            );
        }
        if lost {
            self.pause_lost();
        }
        self.publish(cx.now);
        for action in actions {
            self.do_for_group(cx, action);
        }
    }

    fn do_for_group(&mut self, cx: &mut MainContext<'_>, action: Action) {
        match action {
            Action::SendToCoordinator(node, out) => send_to_coordinator(cx, &node, out),
            Action::Coordinator(action) => self.coordinate(cx, action),
            Action::CommitDone(done) => self.on_commit_done(cx, done),
            Action::CommitWaits(code) => {
                let text = format_args!("unable to OffsetCommit now: {code}");
                cx.shared.logger.debug(debug::CGRP, "COMMIT", text);
            }
            Action::Fetched(fetched) => {
                if let Some(who) = self.fetches.remove(&fetched.id) {
                    let offsets = fetched.offsets.into_iter().map(listed).collect();
                    self.on_committed(cx, who, fetched.code, offsets);
                }
            }
            Action::Rebalance(rebalance) => self.rebalance(cx, rebalance),
            Action::RequestMetadata(topics) => self.ask_leader_metadata(cx, topics),
            Action::RequestTopics(ids) => self.ask_topics(cx, ids),
            Action::TopicError { topic, code, text } => {
                self.consumer_error(code, text, Some(topic));
            }
            Action::Closed => self.closed(),
            Action::Error(code, text) => self.consumer_error(code, text, None),
            Action::Fatal(code, text) => {
                cx.shared.raise_fatal(code, &text);
            }
        }
    }

    fn coordinate(&mut self, cx: &mut MainContext<'_>, action: coordinator::Action) {
        match action {
            coordinator::Action::Find(find) => {
                let logger = &cx.shared.logger;
                logger.debug(
                    debug::CGRP,
                    "CGRPQUERY",
                    format_args!("Group \"{}\": asking for its coordinator", find.key),
                );
                cx.find_coordinator(find, |result| {
                    MainCommand::Consumer(Command::Coordinator(result))
                });
            }
            coordinator::Action::Changed(Some(node)) => {
                let id = node.id;
                if cx.follow(Kind::Group, group_id(cx), node) {
                    self.tell_group(cx, Event::Coordinator(coordinator::Event::Up(id)));
                }
            }
            // The link stays, idle, until another coordinator is known.
            coordinator::Action::Changed(None) => {}
            coordinator::Action::Failed(code, text) => self.consumer_error(code, text, None),
        }
    }
}

/// Where a group's consumer begins, before it has done anything.
pub(super) fn log_initial(shared: &ClientShared, id: &str, member_id: &str) {
    let state = |facility, text: &str| {
        let logger = &shared.logger;
        logger.debug(
            debug::CGRP,
            facility,
            format_args!("Group \"{id}\": {text}"),
        );
    };
    match member_id {
        "" => state("MEMBERID", "no member id yet"),
        id => state("MEMBERID", &format!("member id \"{id}\"")),
    }
    state("CGRPSTATE", "init");
    state(
        "CGRPQUERY",
        "the coordinator is not known: it is asked for when it is needed",
    );
}

fn group_id(cx: &MainContext<'_>) -> Arc<str> {
    let id = cx.shared.conf.global.group_id.as_deref();
    id.unwrap_or_default().into()
}

/// The node is the coordinator as the group knows it.
fn send_to_coordinator(cx: &mut MainContext<'_>, node: &Node, out: Outgoing) {
    let aside = out.aside && cx.router.brokers.by_node(node.id).is_some();
    let request = group_request(cx, out);
    if aside {
        cx.send(Target::Broker(node.id), request);
    } else {
        cx.send_to_coordinator(Kind::Group, group_id(cx), node, request);
    }
}

fn group_request(cx: &MainContext<'_>, out: Outgoing) -> Request {
    let main = cx.shared.main.clone();
    let token = out.token;
    let mut request = Request::new(out.api, out.timeout, out.build, move |result| {
        main.send(MainCommand::Consumer(Command::Group { token, result }));
    });
    request.max_version = out.max_version;
    request
}
