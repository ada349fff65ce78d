//! The heartbeat: what is said, and how.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::consumer_group_heartbeat_request::{
    ConsumerGroupHeartbeatRequest, TopicPartitions,
};
use kafka_protocol::messages::{ApiKey, GroupId, RequestKind};
use uuid::Uuid;

use super::{Consumer, Leave, NextHeartbeat, Place, Sent, State, Step};
use crate::coordinator::Node;
use crate::group::assignor::TopicPartition;
use crate::group::{Action, Context, Outgoing, Token};
use crate::protocol::strings::{text, topic_name};

/// The epoch by which a member joins.
const JOINING: i32 = 0;
/// That by which it leaves, and that by which a static one does, which keeps its
/// partitions until its session ends.
const LEAVING: i32 = -1;
const LEAVING_FOR_NOW: i32 = -2;

/// How long an answer is waited for, unless the interval is longer: sessions last longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a heartbeat says that may change, and what the coordinator knows of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Report {
    topics: Vec<Arc<str>>,
    /// One expression for all patterns; empty without.
    expression: String,
    owned: BTreeSet<Place>,
}

/// What a heartbeat leaves out.
#[derive(Debug, Clone, Copy)]
enum Extent<'a> {
    Full,
    /// What this has already.
    Beyond(&'a Report),
    /// All of it: who leaves has no more to say.
    Bare,
}

impl Consumer {
    /// As things are now. What the application has yet to take it does not own.
    pub(super) fn report(&self) -> Report {
        let taking: HashSet<&TopicPartition> = match &self.state {
            State::Member {
                step: Step::Assigning(taking),
                ..
            } => taking.iter().collect(),
            _ => HashSet::new(),
        };
        let owned = self.owned.partitions.iter();
        Report {
            topics: self.interest.topics.clone(),
            expression: self.expression(),
            owned: owned
                .filter(|p| !taking.contains(*p))
                .map(|p| self.owned.place(p))
                .collect(),
        }
    }

    /// The patterns as one, the way librdkafka joins them: what the coordinator matches has
    /// to be the same for members of both.
    fn expression(&self) -> String {
        let parts: Vec<_> = self
            .interest
            .patterns
            .iter()
            .map(|re| format!("({})", re.pattern()))
            .collect();
        parts.join("|")
    }

    fn send(
        &mut self,
        cx: &mut Context<'_>,
        node: &Node,
        epoch: i32,
        report: &Report,
        extent: Extent<'_>,
    ) -> Token {
        let full = matches!(extent, Extent::Full);
        let (subscription, owned) = match extent {
            Extent::Full => (true, true),
            Extent::Bare => (false, false),
            Extent::Beyond(told) => (
                told.topics != report.topics || told.expression != report.expression,
                told.owned != report.owned,
            ),
        };
        let mut request = ConsumerGroupHeartbeatRequest::default()
            .with_group_id(GroupId(text(&self.settings.group_id)))
            .with_member_id(text(&self.member_id))
            .with_member_epoch(epoch)
            .with_instance_id(self.settings.group_instance_id.as_deref().map(text))
            .with_rebalance_timeout_ms(-1);
        if full {
            request.rack_id = self.config.rack.as_deref().map(text);
            request.rebalance_timeout_ms = millis(self.config.max_poll_interval);
            request.server_assignor = self.config.assignor.as_deref().map(text);
        }
        if subscription {
            let names = report.topics.iter().map(|t| topic_name(t));
            request.subscribed_topic_names = Some(names.collect());
        }
        if owned {
            request.topic_partitions = Some(by_topic(&report.owned));
        }
        let expression = subscription.then(|| text(&report.expression));
        let token = cx.token();
        let outgoing = Outgoing {
            token,
            api: ApiKey::ConsumerGroupHeartbeat,
            max_version: None,
            timeout: match extent {
                Extent::Bare => self.settings.close_patience(),
                _ => PATIENCE
                    .max(self.interval)
                    .min(self.settings.request_timeout),
            },
            aside: false,
            build: Box::new(move |version| {
                let mut request = request;
                if version >= 1 {
                    request.subscribed_topic_regex = expression;
                }
                RequestKind::ConsumerGroupHeartbeat(request)
            }),
        };
        cx.actions
            .push(Action::SendToCoordinator(node.clone(), outgoing));
        token
    }

    pub(super) fn join(&mut self, cx: &mut Context<'_>, node: &Node) {
        self.listed = true;
        let report = self.report();
        let token = self.send(cx, node, JOINING, &report, Extent::Full);
        self.state = State::Joining(sent(cx, token, node, report));
    }

    pub(super) fn beat(&mut self, cx: &mut Context<'_>, node: &Node) {
        let report = self.report();
        let State::Member { session, .. } = &self.state else {
            return;
        };
        let (epoch, told) = (session.epoch, session.told.clone());
        let extent = match session.failed {
            true => Extent::Full,
            false => Extent::Beyond(&told),
        };
        let token = self.send(cx, node, epoch, &report, extent);
        if let Some(session) = self.session_mut() {
            session.beat = NextHeartbeat::Out(sent(cx, token, node, report));
        }
    }

    /// Leaves; answers to earlier heartbeats mean nothing from here on.
    pub(super) fn leave(&mut self, cx: &mut Context<'_>, node: &Node) {
        let epoch = match self.settings.group_instance_id {
            Some(_) => LEAVING_FOR_NOW,
            None => LEAVING,
        };
        let token = self.send(cx, node, epoch, &Report::default(), Extent::Bare);
        self.listed = false;
        self.leave = Some(Leave {
            token,
            node: node.id,
            until: cx.now + self.settings.close_patience(),
        });
    }
}

fn sent(cx: &Context<'_>, token: Token, node: &Node, report: Report) -> Sent {
    Sent {
        token,
        at: cx.now,
        node: node.id,
        report,
    }
}

fn by_topic(places: &BTreeSet<Place>) -> Vec<TopicPartitions> {
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for (id, partition) in places {
        topics.entry(*id).or_default().push(*partition);
    }
    let topics = topics.into_iter().map(|(id, partitions)| {
        TopicPartitions::default()
            .with_topic_id(id)
            .with_partitions(partitions)
    });
    topics.collect()
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
