//! The group: events in, actions out, and the link to its coordinator.

use super::Machine;
use super::offsets::listed;
use crate::base::log::{Level, debug};
use crate::broker::command::LinkCommand;
use crate::broker::{Handle, Request, RequestError};
use crate::client::brokers::START_AGAIN;
use crate::client::command::MainCommand;
use crate::client::consumer::command::Command;
use crate::client::context::MainContext;
use crate::client::link_user::BrokerUser;
use crate::client::shared::ClientShared;
use crate::client::types::BrokerKey;
use crate::group::{Action, Event, Node, Outgoing};

pub(super) struct CoordinatorLink {
    pub(super) key: BrokerKey,
    pub(super) handle: Handle<BrokerUser>,
    pub(super) node: Node,
    pub(super) up: bool,
}

impl Machine {
    pub(super) fn tell_group(&mut self, cx: &mut MainContext<'_>, event: Event) {
        let Some(group) = &mut self.group else {
            return;
        };
        let mut actions = Vec::new();
        group.set_polled(self.consumer.group.polled(cx.now));
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
        self.publish();
        for action in actions {
            self.do_for_group(cx, action);
        }
    }

    fn do_for_group(&mut self, cx: &mut MainContext<'_>, action: Action) {
        match action {
            Action::SendToAny(out) => {
                cx.shared.logger.debug(
                    debug::CGRP,
                    "CGRPQUERY",
                    format_args!(
                        "Group \"{}\": asking for its coordinator",
                        cx.shared
                            .conf
                            .global
                            .group_id
                            .as_deref()
                            .unwrap_or_default()
                    ),
                );
                let request = group_request(cx, out);
                cx.to_any.push(request);
            }
            Action::SendToCoordinator(node, out) => {
                let aside = out.aside;
                let request = group_request(cx, out);
                if aside && let Some(broker) = cx.brokers.by_node(node.id) {
                    broker.request(request);
                    return;
                }
                match &self.coordinator {
                    Some(link) if link.node == node => link.handle.request(request),
                    _ => (request.reply)(Err(RequestError::Disconnected(
                        "the coordinator has changed".into(),
                    ))),
                }
            }
            Action::CoordinatorChanged(node) => self.set_coordinator(cx, node),
            Action::CommitDone(done) => self.on_commit_done(cx, done),
            Action::Fetched(fetched) => {
                if let Some(who) = self.fetches.remove(&fetched.id) {
                    let offsets = fetched.offsets.into_iter().map(listed).collect();
                    self.on_committed(cx, who, fetched.code, offsets);
                }
            }
            Action::Rebalance(rebalance) => self.rebalance(cx, rebalance),
            Action::LeaderMetadata(topics) => self.ask_leader_metadata(cx, topics),
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

    /// A connection of its own, so that nothing waits behind a Fetch.
    pub(super) fn set_coordinator(&mut self, cx: &mut MainContext<'_>, node: Option<Node>) {
        let Some(node) = node else {
            // The link stays, idle, until another coordinator is known.
            return;
        };
        self.unstarted = None;
        match &mut self.coordinator {
            Some(link) => {
                let same = link.node == node;
                link.node = node.clone();
                if same && link.up {
                    // The event is handled when this one is done.
                    self.group_pending = true;
                } else {
                    link.handle.send(LinkCommand::SetAddress {
                        host: node.host.to_string(),
                        port: node.port,
                        node_id: node.id,
                    });
                    link.handle.send(LinkCommand::SkipBackoff);
                    link.handle.send(LinkCommand::Connect);
                }
            }
            None => match cx.brokers.add_coordinator(&node.host, node.port, node.id) {
                Ok((key, handle)) => {
                    handle.send(LinkCommand::Connect);
                    self.coordinator = Some(CoordinatorLink {
                        key,
                        handle,
                        node,
                        up: false,
                    });
                }
                Err(e) => {
                    let text = format_args!("no thread for the coordinator: {e}");
                    cx.shared.logger.log(Level::Err, "COORD", text);
                    self.unstarted = Some((node, cx.now + START_AGAIN));
                }
            },
        }
        if std::mem::take(&mut self.group_pending)
            && let Some(id) = self.coordinator.as_ref().map(|l| l.node.id)
        {
            self.tell_group(cx, Event::CoordinatorUp(id));
        }
    }
}

/// Where a group's consumer begins, before it has done anything.
pub(super) fn log_initial(shared: &ClientShared, id: &str) {
    let state = |facility, text: &str| {
        let logger = &shared.logger;
        logger.debug(
            debug::CGRP,
            facility,
            format_args!("Group \"{id}\": {text}"),
        );
    };
    state("MEMBERID", "no member id yet");
    state("CGRPSTATE", "init");
    state(
        "CGRPQUERY",
        "the coordinator is not known: it is asked for when it is needed",
    );
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
