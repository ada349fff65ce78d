//! Acknowledgements on their way to the brokers, and their results on the way back.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use crossbeam_channel::Sender;

use super::{Machine, tell};
use crate::base::error::ErrorCode;
use crate::base::topic_partition::TopicPartition;
use crate::client::context::MainContext;
use crate::client::event::Event;
use crate::client::types::{AckReport, BrokerKey};
use crate::consumer::share::fetcher::Command as LoopCommand;
use crate::consumer::share::{Job, PartitionAcks};

/// The calls that wait for results.
#[derive(Default)]
pub struct Commits {
    list: HashMap<u64, Commit>,
    last: u64,
}

struct Commit {
    partitions: Vec<TopicPartition>,
    /// Results that are still to come, and one more until all is sent.
    left: usize,
    deadline: Option<Instant>,
    reply: Sender<Vec<TopicPartition>>,
}

impl Commits {
    pub fn begin(
        &mut self,
        acks: &[PartitionAcks],
        deadline: Option<Instant>,
        reply: Sender<Vec<TopicPartition>>,
    ) -> u64 {
        let mut partitions: Vec<TopicPartition> = Vec::new();
        for a in acks {
            let p = &a.partition;
            if !partitions.iter().any(|t| is_of(t, &p.topic, p.id)) {
                let mut partition = TopicPartition::new(p.topic.clone(), p.id);
                partition.err = ErrorCode::_IN_PROGRESS;
                partitions.push(partition);
            }
        }
        self.last += 1;
        let commit = Commit {
            partitions,
            left: acks.len() + 1,
            deadline,
            reply,
        };
        self.list.insert(self.last, commit);
        self.last
    }

    /// All that can be sent is.
    pub fn sent(&mut self, id: u64) {
        self.one_less(id);
    }

    fn one_less(&mut self, id: u64) {
        if let Some(commit) = self.list.get_mut(&id) {
            commit.left = commit.left.saturating_sub(1);
            if commit.left == 0 {
                self.end(id, ErrorCode::NO_ERROR);
            }
        }
    }

    fn result(&mut self, id: u64, acks: &PartitionAcks, code: ErrorCode) {
        if let Some(commit) = self.list.get_mut(&id) {
            let p = &acks.partition;
            let of = commit.partitions.iter_mut();
            for place in of.filter(|t| is_of(t, &p.topic, p.id)) {
                // An error stays, should a partition have two results.
                if place.err == ErrorCode::_IN_PROGRESS || code.is_err() {
                    place.err = code;
                }
            }
        }
        self.one_less(id);
    }

    /// What has no result gets this one.
    fn end(&mut self, id: u64, code: ErrorCode) {
        if let Some(mut commit) = self.list.remove(&id) {
            for p in &mut commit.partitions {
                if p.err == ErrorCode::_IN_PROGRESS {
                    p.err = code;
                }
            }
            // The caller may have ended.
            let _ = commit.reply.send(commit.partitions);
        }
    }

    pub fn end_all(&mut self) {
        for id in self.list.keys().copied().collect::<Vec<_>>() {
            self.end(id, ErrorCode::_DESTROY);
        }
    }

    pub fn on_time(&mut self, now: Instant) {
        let is_over = |c: &Commit| c.deadline.is_some_and(|at| at <= now);
        let over: Vec<u64> = self
            .list
            .iter()
            .filter(|(_, c)| is_over(c))
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.end(id, ErrorCode::REQUEST_TIMED_OUT);
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.list.values().filter_map(|c| c.deadline).min()
    }
}

fn is_of(t: &TopicPartition, topic: &str, partition: i32) -> bool {
    t.partition == partition && *t.topic == *topic
}

type ByLink = BTreeMap<BrokerKey, Vec<PartitionAcks>>;
type Results = Vec<(PartitionAcks, ErrorCode)>;

impl Machine {
    /// Only the broker that the records came from knows of them, and only while it leads: the
    /// rest has failed. Where no leader is known, of a topic that is gone for one, it has the
    /// last word.
    pub(super) fn by_link(
        &self,
        cx: &MainContext<'_>,
        acks: Vec<PartitionAcks>,
    ) -> (ByLink, Results) {
        let mut jobs = ByLink::new();
        let mut lost = Results::new();
        let cache = cx.metadata.cache();
        for a in acks {
            let leader = cache.leader(&a.partition.topic, a.partition.id);
            let broker = cx.router.brokers.by_node(a.broker);
            match broker.filter(|_| leader.is_none_or(|id| id == a.broker)) {
                Some(broker) => jobs.entry(broker.key).or_default().push(a),
                None => lost.push((a, ErrorCode::NOT_LEADER_FOR_PARTITION)),
            }
        }
        (jobs, lost)
    }

    /// Sends acknowledgements, and with `fetch` the wish for records to all leaders.
    pub(super) fn send_acks(
        &mut self,
        cx: &mut MainContext<'_>,
        acks: Vec<PartitionAcks>,
        commit: Option<u64>,
        fetch: bool,
    ) {
        let (mut jobs, lost) = self.by_link(cx, acks);
        if fetch {
            let mut leaders: Vec<_> = self.assigned.values().filter_map(|p| p.link).collect();
            leaders.sort_unstable();
            leaders.dedup();
            for link in leaders {
                let job = jobs.remove(&link).map(|acks| Job { acks, commit });
                tell(cx, link, LoopCommand::Fetch(job));
            }
        }
        for (link, acks) in jobs {
            tell(cx, link, LoopCommand::Acknowledge(Job { acks, commit }));
        }
        self.report(cx, lost, commit);
    }

    pub(super) fn report(&mut self, cx: &MainContext<'_>, results: Results, commit: Option<u64>) {
        for (acks, code) in results {
            let code = for_application(code);
            // Before the commit's end is told: who waits for that serves the event then.
            if self
                .consumer
                .reports
                .load(std::sync::atomic::Ordering::Acquire)
            {
                let acks = acks.clone();
                let report = AckReport { acks, code };
                cx.shared
                    .main_queue
                    .push(Event::Acknowledged(Box::new(report)));
            }
            if let Some(id) = commit {
                self.commits.result(id, &acks, code);
            }
        }
    }
}

/// In the words of brokers, where the library has found out itself.
fn for_application(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::_TIMED_OUT | ErrorCode::_TIMED_OUT_QUEUE => ErrorCode::REQUEST_TIMED_OUT,
        ErrorCode::_DESTROY | ErrorCode::_DESTROY_BROKER => ErrorCode::_TRANSPORT,
        ErrorCode::_BAD_MSG => ErrorCode::INVALID_MSG,
        ErrorCode::_AUTHENTICATION => ErrorCode::SASL_AUTHENTICATION_FAILED,
        other => other,
    }
}
