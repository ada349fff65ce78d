//! The membership of the consumer's group: subscriptions and metadata in, rebalances
//! out to the application.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use kafka_protocol::messages::{ApiKey, MetadataRequest, RequestKind, ResponseKind};
use uuid::Uuid;

use super::Machine;
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::base::time::ms;
use crate::base::topic_partition::TopicPartition;
use crate::broker::{Request, RequestError, Response};
use crate::client::command::MainCommand;
use crate::client::consumer::command::Command;
use crate::client::context::MainContext;
use crate::client::event::Event;
use crate::client::types::{ConsumerError, RebalanceEvent, events};
use crate::consumer::partition::PAUSED_BY_CLIENT;
use crate::consumer::{Partition, offset};
use crate::coordinator::Target;
use crate::group::assignor::{self, RebalanceProtocol};
use crate::group::{self, Group, Interest, Rebalance, RebalanceKind, TopicView, View};
use crate::metadata::request::{by_id, metadata_request};
use crate::metadata::{Refresh, Snapshot, TopicInfo};

/// What goes on between the group and the application.
#[derive(Default)]
pub struct Membership {
    /// The names of the subscription, and whether there are patterns.
    names: Vec<Arc<str>>,
    patterns: bool,
    /// The topics of the group that this member leads, or has led.
    led: Vec<Arc<str>>,
    /// Topics that the last metadata had errors for.
    errors: HashMap<Arc<str>, ErrorCode>,
    view: Arc<View>,
    /// The id of the last rebalance that the application got.
    rebalance: u64,
    revoking: bool,
    /// What the last rebalance gave, until the application answers.
    offered: Vec<assignor::TopicPartition>,
    /// What is being revoked: until the application has given it up, it gets no more
    /// of it.
    paused: Vec<Arc<Partition>>,
    /// A subscription with patterns; taken up when all topics are known.
    awaits_all: Option<Interest>,
    /// All topics are known, and kept up to date.
    knows_all: bool,
    /// The application has given up what it had to; these commits are still out.
    unassigned_after: Option<HashSet<u64>>,
}

impl Membership {
    pub fn last_rebalance(&self) -> u64 {
        self.rebalance
    }
}

impl Machine {
    pub(super) fn subscribe(&mut self, cx: &mut MainContext<'_>, interest: Option<Interest>) {
        let m = &mut self.membership;
        let (names, patterns) = match &interest {
            Some(interest) => (interest.topics.clone(), !interest.patterns.is_empty()),
            None => (Vec::new(), false),
        };
        m.errors.clear();
        // With patterns all topics are asked for: asking by name besides would create one
        // that is missing (`allow.auto.create.topics`), and tell which must not be read.
        if !patterns {
            for name in &names {
                cx.metadata.track(name, cx.now);
            }
        }
        m.names = names;
        m.patterns = patterns;
        cx.metadata.set_all_topics(patterns, cx.now);
        m.knows_all &= patterns;
        if patterns && !m.knows_all {
            m.awaits_all = interest;
            return;
        }
        m.awaits_all = None;
        self.take_up(cx, interest);
    }

    fn take_up(&mut self, cx: &mut MainContext<'_>, interest: Option<Interest>) {
        let before = self.membership.view.clone();
        self.refresh_view(cx);
        let view = self.membership.view.clone();
        // The group never looks at a subscription without the metadata of its topics: those
        // of the old one would be gone, and its partitions lost.
        let mut both = (*view).clone();
        for (name, topic) in before.iter().filter(|(name, _)| !view.contains_key(*name)) {
            both.insert(name.clone(), topic.clone());
        }
        self.tell_group(cx, group::Event::Metadata(Arc::new(both)));
        self.tell_group(cx, group::Event::Subscribe(interest));
        self.tell_group(cx, group::Event::Metadata(view));
    }

    /// Metadata has come in. `errors`: topics that cannot be used.
    pub fn on_snapshot(
        &mut self,
        cx: &mut MainContext<'_>,
        all: bool,
        seen: &[(Arc<str>, ErrorCode)],
    ) {
        let m = &mut self.membership;
        if m.names.is_empty() && !m.patterns {
            return;
        }
        for (name, code) in seen {
            match code.is_ok() {
                true => m.errors.remove(name),
                false => m.errors.insert(name.clone(), *code),
            };
        }
        if all {
            for name in &m.names {
                if !seen.iter().any(|(other, _)| other == name) {
                    m.errors
                        .insert(name.clone(), ErrorCode::UNKNOWN_TOPIC_OR_PART);
                }
            }
            m.knows_all = m.patterns;
            if let Some(interest) = m.awaits_all.take() {
                self.take_up(cx, Some(interest));
                self.settle(cx);
                return;
            }
        }
        if self.membership.awaits_all.is_none() && self.refresh_view(cx) {
            let view = self.membership.view.clone();
            self.tell_group(cx, group::Event::Metadata(view));
            self.settle(cx);
        }
    }

    /// Whether there is a change.
    fn refresh_view(&mut self, cx: &MainContext<'_>) -> bool {
        let cache = cx.metadata.cache();
        let m = &mut self.membership;
        let mut view = View::new();
        if m.patterns {
            view = view_of(cache);
        } else {
            for name in m.names.iter().chain(&m.led) {
                if let Some(info) = cache.topic(name) {
                    view.insert(name.clone(), topic_view(cache, info));
                }
            }
        }
        for (name, code) in &m.errors {
            // A topic that was there and is not found for once is not gone: the
            // cache says when it is.
            view.entry(name.clone()).or_insert_with(|| TopicView {
                id: Uuid::nil(),
                code: *code,
                partitions: Vec::new(),
            });
        }
        let changed = view != *m.view;
        if changed {
            m.view = Arc::new(view);
        }
        changed
    }

    pub(super) fn ask_leader_metadata(&mut self, cx: &mut MainContext<'_>, topics: Vec<Arc<str>>) {
        for name in &topics {
            cx.metadata.track(name, cx.now);
        }
        self.membership.led = topics.clone();
        let what = Refresh::Topics(topics);
        ask_metadata(cx, move |version| metadata_request(&what, false, version));
    }

    /// The names of these topics, for a group whose coordinator knows them by their ids.
    pub(super) fn ask_topics(&mut self, cx: &mut MainContext<'_>, ids: Vec<Uuid>) {
        ask_metadata(cx, move |version| by_id(&ids, version));
    }

    pub(super) fn on_leader_metadata(
        &mut self,
        cx: &mut MainContext<'_>,
        result: Result<Response, RequestError>,
    ) {
        let view = match result.map(|response| response.kind) {
            Ok(Some(ResponseKind::Metadata(answer))) => {
                let mut snapshot = Snapshot::from_response(&answer);
                snapshot.hide(cx.shared.conf.global.topic_blacklist.as_ref());
                Arc::new(view_of(&snapshot))
            }
            // What is known will have to do.
            _ => self.membership.view.clone(),
        };
        self.tell_group(cx, group::Event::RequestedMetadata(view));
    }

    pub(super) fn rebalance(&mut self, cx: &mut MainContext<'_>, mut rebalance: Rebalance) {
        let m = &mut self.membership;
        let last = m.rebalance;
        m.rebalance += 1;
        let offered = std::mem::take(&mut m.offered);
        if matches!(rebalance.kind, RebalanceKind::Assign) {
            m.offered.clone_from(&rebalance.partitions);
        } else if !offered.is_empty() && self.is_never_taken(last) {
            // The application is not asked to give up what it never took.
            rebalance.partitions.retain(|p| !offered.contains(p));
            if rebalance.partitions.is_empty() {
                self.publish(cx.now);
                self.tell_group(cx, group::Event::Unassigned);
                return;
            }
        }
        let m = &mut self.membership;
        m.unassigned_after = None;
        self.rebalances = (self.rebalances.0 + 1, Some(cx.now));
        let code = match rebalance.kind {
            RebalanceKind::Assign => ErrorCode::_ASSIGN_PARTITIONS,
            RebalanceKind::Revoke { .. } => ErrorCode::_REVOKE_PARTITIONS,
        };
        m.revoking = code == ErrorCode::_REVOKE_PARTITIONS;
        if m.revoking {
            self.pause_for_now(&rebalance.partitions);
        }
        let listener = Arc::downgrade(&self.consumer);
        let event = RebalanceEvent {
            id: self.membership.rebalance,
            code,
            incremental: rebalance.protocol == RebalanceProtocol::Cooperative,
            partitions: rebalance
                .partitions
                .into_iter()
                .map(|p| TopicPartition {
                    topic: p.topic,
                    partition: p.partition,
                    offset: offset::INVALID,
                    leader_epoch: -1,
                    metadata: None,
                    err: ErrorCode::NO_ERROR,
                })
                .collect(),
            listener,
        };
        cx.shared.logger.debug(
            debug::CGRP,
            "REBALANCE",
            format_args!("{:?} of {} partition(s)", code, event.partitions.len()),
        );
        // The state that the application asks about in its callback comes first.
        self.publish(cx.now);
        let c = &cx.shared.conf.global;
        let by_library = c.rebalance_cb == 0 && !cx.shared.wants_event(events::REBALANCE);
        // After a fatal error everything is taken from the application, which is not asked.
        let is_over = cx.shared.is_assigned_to() && cx.shared.barred().is_some();
        if by_library || is_over {
            // The application leaves rebalances to the library, and need not poll for them.
            cx.shared.hooks.rebalance(&event);
        } else {
            // Before all messages that wait: the group does not wait until the
            // application has worked them off. But an assignment that it has not taken
            // yet, of a membership that is lost, comes before its revocation.
            let event = Event::Rebalance(Box::new(event));
            let earlier = |e: &Event| matches!(e, Event::Rebalance(_));
            self.consumer.queue.push_front_after(event, earlier);
        }
    }

    /// Nothing comes of this rebalance any more: the consumer ends, and the application has
    /// not looked at it, or looked away.
    fn is_never_taken(&self, id: u64) -> bool {
        let group = &self.consumer.group;
        group.is_ending() && (self.take_back(id) || group.has_ignored(id))
    }

    /// Takes a rebalance back, if the application has not begun with it.
    fn take_back(&self, id: u64) -> bool {
        let mut waited = false;
        self.consumer.queue.retain(|event| {
            let is_it = matches!(event, Event::Rebalance(r) if r.id == id);
            waited |= is_it;
            !is_it
        });
        waited
    }

    /// The application has carried out a rebalance; commits of what it gave up come
    /// before the group hears of it.
    pub(super) fn rebalanced(&mut self, cx: &mut MainContext<'_>, id: u64) {
        if id != self.membership.rebalance {
            return;
        }
        self.membership.offered.clear();
        if self.membership.revoking {
            self.membership.unassigned_after = Some(self.commits.keys().copied().collect());
            self.check_unassigned(cx);
        } else {
            if cx.shared.is_assigned_to() {
                let text = format_args!("Acknowledging target assignment");
                cx.shared.logger.debug(debug::CGRP, "HEARTBEAT", text);
            }
            self.tell_group(cx, group::Event::Assigned);
            self.resume_kept(id);
        }
    }

    /// What the application has kept all the same goes on, unless the answer has led to
    /// the next rebalance.
    fn resume_kept(&mut self, id: u64) {
        if self.membership.rebalance == id {
            for partition in std::mem::take(&mut self.membership.paused) {
                partition.resume(PAUSED_BY_CLIENT);
            }
        }
    }

    /// The membership is lost, maybe while something is being revoked: whatever the
    /// application has may be others' by now, and it gets no more of it.
    pub(super) fn pause_lost(&mut self) {
        let Some(group) = &self.group else {
            return;
        };
        let assignment = group.membership().assignment().to_vec();
        self.pause_for_now(&assignment);
    }

    /// Until the application has answered the rebalance, it gets no more of these.
    fn pause_for_now(&mut self, partitions: &[assignor::TopicPartition]) {
        for p in partitions {
            if let Some(tp) = self.consumer.find(&p.topic, p.partition)
                && tp.partition.is_assigned()
            {
                tp.partition.pause(PAUSED_BY_CLIENT);
                self.membership.paused.push(tp.partition.clone());
            }
        }
    }

    pub(super) fn check_unassigned(&mut self, cx: &mut MainContext<'_>) {
        let Some(ids) = &mut self.membership.unassigned_after else {
            return;
        };
        ids.retain(|id| self.commits.contains_key(id));
        if ids.is_empty() {
            let state = self.join_state();
            let text = format_args!("assignment operations done in join-state {state}");
            cx.shared.logger.debug(debug::CGRP, "ASSIGNDONE", text);
            self.membership.unassigned_after = None;
            let id = self.membership.rebalance;
            self.tell_group(cx, group::Event::Unassigned);
            self.resume_kept(id);
        }
    }

    /// The membership's state, for statistics.
    pub fn join_state(&self) -> &'static str {
        let Some(membership) = self.group.as_ref().map(Group::membership) else {
            return "init";
        };
        let incremental = membership.protocol() == Some(RebalanceProtocol::Cooperative);
        match membership.state_name() {
            "wait-unassign-call" if self.membership.unassigned_after.is_some() => match incremental
            {
                true => "wait-incr-unassign-to-complete",
                false => "wait-unassign-to-complete",
            },
            "wait-leave" | "closed" | "joining" => "init",
            name => name,
        }
    }

    /// For the application's threads to see.
    pub(super) fn publish(&self, now: Instant) {
        if let Some(group) = &self.group {
            self.consumer
                .tallies
                .note_join_state(now, self.join_state());
            let membership = group.membership();
            let member = membership.member();
            self.consumer.group.publish(
                (member.member_id, member.generation),
                membership.is_lost(),
                membership.protocol(),
                membership.wants_poll(),
            );
        }
    }

    pub(super) fn consumer_error(&self, code: ErrorCode, text: String, topic: Option<Arc<str>>) {
        let event = Event::ConsumerError(Box::new(ConsumerError { code, text, topic }));
        if code == ErrorCode::_MAX_POLL_EXCEEDED {
            // It says why the revocation comes, and comes before it.
            self.consumer.queue.push_front(event);
        } else {
            self.consumer.queue.push(event);
        }
    }

    pub(super) fn closed(&self) {
        self.consumer.group.set_closed();
        self.consumer.queue.yield_now();
    }
}

fn ask_metadata(
    cx: &mut MainContext<'_>,
    build: impl FnOnce(i16) -> MetadataRequest + Send + 'static,
) {
    let main = cx.shared.main.clone();
    let request = Request::new(
        ApiKey::Metadata,
        ms(cx.shared.conf.global.socket_timeout_ms),
        move |version| RequestKind::Metadata(build(version)),
        move |result| {
            main.send(MainCommand::Consumer(Command::LeaderMetadata(result)));
        },
    );
    cx.send(Target::Any, request);
}

fn view_of(snapshot: &Snapshot) -> View {
    snapshot
        .topics
        .iter()
        .map(|(name, info)| (name.clone(), topic_view(snapshot, info)))
        .collect()
}

fn topic_view(snapshot: &Snapshot, info: &TopicInfo) -> TopicView {
    let rack = |id: &i32| {
        let rack = snapshot.brokers.get(id)?.rack.as_deref()?;
        Some(Arc::from(rack))
    };
    TopicView {
        id: info.id,
        code: match info.err {
            ErrorCode::LEADER_NOT_AVAILABLE => ErrorCode::NO_ERROR,
            code => code,
        },
        partitions: info
            .partitions
            .iter()
            .map(|p| p.replicas.iter().filter_map(rack).collect())
            .collect(),
    }
}
