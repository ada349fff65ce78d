//! The topics that the application uses: what metadata says of them, and what waits for
//! them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::MainLoop;
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::client::link_user::Purge;
use crate::client::topic::Topic;
use crate::metadata::manager::TopicChange;
use crate::producer::batch::{self, Purged};
use crate::producer::partition::ready::ReadyPartitions;
use crate::protocol::leader::NewLeader;

/// After this time metadata is asked whether a refused topic may be used.
const REFUSED: Duration = Duration::from_secs(1);

impl MainLoop {
    pub(super) fn add_topic(&mut self, now: Instant, topic: Arc<Topic>) {
        self.metadata.track(&topic.name, now);
        // What is known from earlier answers is used at once.
        let info = self.metadata.cache().topic(&topic.name).cloned();
        self.topics.push(topic);
        if let Some(info) = info.filter(|i| i.err.is_ok()) {
            let recreated = false;
            self.apply(now, TopicChange::Known { info, recreated });
        }
    }

    /// A leader says that it leads a partition no more, or that it has none. If it says who
    /// leads instead, nobody has to be asked.
    pub(super) fn on_stale(
        &mut self,
        now: Instant,
        topic: &str,
        why: ErrorCode,
        leader: Option<&NewLeader>,
    ) {
        let taken_in = leader.and_then(|leader| self.metadata.on_leader(topic, leader));
        if let (Some(change), Some(leader)) = (taken_in, leader) {
            return self.leader_changed(now, change, topic, leader);
        }
        self.shared.logger.debug(
            debug::METADATA,
            "METADATA",
            format_args!("{topic}: metadata is out of date: {why}"),
        );
        self.metadata.refresh_soon(now);
    }

    fn leader_changed(&mut self, now: Instant, change: TopicChange, topic: &str, new: &NewLeader) {
        self.shared.logger.debug(
            debug::METADATA,
            "METADATA",
            format_args!(
                "{topic} [{}]: the leader is broker {} now, in epoch {}",
                new.partition, new.leader, new.epoch
            ),
        );
        let cache = self.metadata.cache();
        self.router.brokers.update(cache.brokers.values());
        self.shared.metadata.store(Arc::new(cache.clone()));
        self.apply(now, change);
        self.with_share(now, |machine, cx| machine.on_snapshot(cx, &[]));
        self.router.on_metadata(now, self.metadata.cache());
    }

    pub(super) fn on_refused(&mut self, now: Instant, topic: &str, why: ErrorCode) {
        let known = self.topics.iter().find(|t| *t.name == *topic);
        if let Some(p) = known.and_then(|t| t.producer.as_ref()) {
            p.fail_refused(why, now);
        }
        // Metadata may know nothing of it: then the next answer lets it in again.
        self.metadata.refresh_at(now + REFUSED);
    }

    pub(super) fn expire_unassigned(&mut self, now: Instant) {
        self.next_unassigned = self
            .topics
            .iter()
            .filter_map(|t| t.producer.as_ref()?.expire_unassigned(now))
            .min();
    }

    fn ready_partitions(&self, node_id: i32) -> Option<Arc<ReadyPartitions>> {
        self.router.brokers.by_node(node_id)?.ready.clone()
    }

    pub(super) fn apply(&mut self, now: Instant, change: TopicChange) {
        self.with_consumer(now, |machine, cx| match &change {
            TopicChange::Known { info, recreated } => machine.on_topic(cx, info, *recreated),
            TopicChange::Missing { name, err } => machine.on_missing(cx, name, *err),
        });
        let name = match &change {
            TopicChange::Known { info, .. } => &info.name,
            TopicChange::Missing { name, .. } => name,
        };
        let Some(topic) = self.topics.iter().find(|t| t.name == *name).cloned() else {
            return;
        };
        match change {
            TopicChange::Known { info, .. } => {
                topic.note_metadata(now);
                if let Some(p) = &topic.producer {
                    *p.info.id.lock() = info.id;
                    let leaders: Vec<_> = info
                        .partitions
                        .iter()
                        .map(|p| self.ready_partitions(p.leader))
                        .collect();
                    p.set_partitions(&leaders, now);
                }
            }
            TopicChange::Missing { name, err } => {
                self.shared.logger.debug(
                    debug::TOPIC,
                    "TOPIC",
                    format_args!("{name}: the topic cannot be used: {err}"),
                );
                if let Some(p) = &topic.producer {
                    p.set_missing(err, now);
                }
            }
        }
    }

    /// Queues are emptied first, so that nothing of them gets in flight meanwhile, and
    /// reported last, as the messages were produced.
    pub(super) fn purge(&mut self, queued: bool, in_flight: bool, done: Sender<()>) {
        let Some(producer) = &self.shared.producer else {
            return;
        };
        let topics = self.topics.iter().filter_map(|t| t.producer.as_ref());
        let batches = match queued {
            true => topics.flat_map(|p| p.drain()).collect(),
            false => Vec::new(),
        };
        let queued = Purged::new(producer.clone(), batches);
        let purge = Arc::new(Purge { queued, done });
        if in_flight {
            self.router.brokers.purge_in_flight(&purge);
        }
    }

    /// The client ends: what is still queued fails.
    pub(super) fn fail_all(&mut self, now: Instant) {
        for topic in self.topics.drain(..) {
            if let Some(p) = &topic.producer {
                for batch in p.drain() {
                    batch::fail(&p.info.shared, batch, ErrorCode::_DESTROY, now);
                }
            }
        }
    }
}
