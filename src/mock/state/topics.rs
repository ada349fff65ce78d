//! Creating, deleting and growing topics, and placing their partitions.

use super::partition::Partition;
use super::timers::Timer;
use super::topic::{Topic, TopicConfig};
use super::{ClusterState, Now};
use kafka_protocol::ResponseError as E;
use uuid::Uuid;

impl ClusterState {
    pub fn topic_name(&self, id: Uuid) -> Option<&str> {
        self.topic_ids.get(&id).map(String::as_str)
    }

    /// The name that goes with an id, or the one that was given where there is no id.
    pub fn name_of<'a>(&'a self, id: Uuid, given: &'a str) -> &'a str {
        self.topic_name(id).unwrap_or(given)
    }

    pub fn topic_by_id(&self, id: Uuid) -> Option<&Topic> {
        self.topics.get(self.topic_ids.get(&id)?)
    }

    pub fn partition(&self, topic: &str, index: i32) -> Option<&Partition> {
        self.topics.get(topic)?.partition(index)
    }

    pub fn partition_mut(&mut self, topic: &str, index: i32) -> Option<&mut Partition> {
        self.topics.get_mut(topic)?.partition_mut(index)
    }

    /// Adds a topic that does not exist yet.
    pub fn create_topic(
        &mut self,
        now: Now,
        name: &str,
        partitions: i32,
        replication_factor: usize,
        config: TopicConfig,
    ) -> &mut Topic {
        let id = self.random_uuid();
        let mut topic = Topic {
            name: name.to_owned(),
            id,
            partitions: (0..partitions)
                .map(|i| Partition::new(i, replication_factor))
                .collect(),
            config,
            error: 0,
            retention_at: None,
        };
        for p in &mut topic.partitions {
            self.place(p);
        }
        self.topic_ids.insert(id, name.to_owned());
        if let Some(at) = super::retention::first_look(now, &topic.config) {
            topic.retention_at = Some(at);
            self.arm(at, Timer::Retention(name.to_owned()));
        }
        self.topics.entry(name.to_owned()).or_insert(topic)
    }

    /// The topic, made with the defaults if it does not exist.
    pub fn topic_or_create(&mut self, now: Now, name: &str, partitions: Option<i32>) -> &mut Topic {
        if !self.topics.contains_key(name) {
            let partitions = partitions.unwrap_or(self.defaults.partitions);
            let factor = usize::try_from(self.defaults.replication_factor).unwrap_or(1);
            return self.create_topic(now, name, partitions, factor, TopicConfig::default());
        }
        self.topics
            .get_mut(name)
            .expect("looked up on the line above")
    }

    /// The partition; the topic is made, large enough, if it does not exist.
    pub fn partition_or_create(
        &mut self,
        now: Now,
        name: &str,
        index: i32,
    ) -> Option<&mut Partition> {
        if index < 0 {
            return None;
        }
        self.topic_or_create(now, name, Some(index.saturating_add(1).min(MAX_PARTITIONS)))
            .partition_mut(index)
    }

    pub fn delete_topic(&mut self, now: Now, name: &str) -> Result<(), E> {
        let topic = self.topics.remove(name).ok_or(E::UnknownTopicOrPartition)?;
        self.topic_ids.remove(&topic.id);
        self.share.forget_topic(topic.id);
        for group in self.groups.values_mut() {
            group.forget_topic(name);
        }
        let waiters: Vec<u64> = topic
            .partitions
            .iter()
            .flat_map(|p| p.waiters.iter().copied())
            .collect();
        self.wake_fetches(now, waiters);
        self.write_due_markers(now);
        Ok(())
    }

    /// `chosen`: the replicas of each new partition, or none of them.
    pub fn add_partitions(&mut self, name: &str, count: i32, chosen: &[Vec<i32>]) {
        let Some(topic) = self.topics.get_mut(name) else {
            return;
        };
        let have = topic.partitions.len() as i32;
        let factor = topic.partitions.first().map_or(1, |p| p.replication_factor);
        let mut new: Vec<_> = (have..count).map(|i| Partition::new(i, factor)).collect();
        for p in &mut new {
            self.place(p);
        }
        for (p, replicas) in new.iter_mut().zip(chosen) {
            p.place_on(replicas);
        }
        if let Some(topic) = self.topics.get_mut(name) {
            topic.partitions.extend(new);
        }
    }

    /// Spreads the replicas over the brokers in metadata; any of them leads.
    fn place(&mut self, p: &mut Partition) {
        let eligible: Vec<i32> = self
            .brokers
            .iter()
            .filter(|b| b.in_metadata)
            .map(|b| b.id)
            .collect();
        let n = p.replication_factor.min(eligible.len());
        let first = (p.id as usize).wrapping_mul(p.replication_factor);
        p.replicas = eligible
            .iter()
            .cycle()
            .skip(first.checked_rem(eligible.len()).unwrap_or(0))
            .take(n)
            .copied()
            .collect();
        let leader = self.rng.choice(&p.replicas).copied().unwrap_or(-1);
        p.set_leader(leader);
    }

    /// After a change of brokers: all partitions are placed anew.
    pub(super) fn reassign_partitions(&mut self, now: Now) {
        let mut topics = std::mem::take(&mut self.topics);
        let mut waiters = Vec::new();
        for p in topics.values_mut().flat_map(|t| t.partitions.iter_mut()) {
            self.place(p);
            waiters.extend_from_slice(&p.waiters);
        }
        self.topics = topics;
        self.wake_fetches(now, waiters);
    }

    /// The topic's configuration has changed.
    pub fn configure(&mut self, now: Now, name: &str, config: TopicConfig) {
        if let Some(topic) = self.topics.get_mut(name) {
            topic.config = config;
            self.arm_retention(now, name);
        }
    }

    /// One look at a time is planned, however often the configuration changes.
    pub(super) fn arm_retention(&mut self, now: Now, name: &str) {
        let Some(topic) = self.topics.get_mut(name) else {
            return;
        };
        if let Some(at) = super::retention::first_look(now, &topic.config)
            && topic.retention_at.is_none_or(|planned| at < planned)
        {
            topic.retention_at = Some(at);
            self.arm(at, Timer::Retention(name.to_owned()));
        }
    }
}

/// A mistaken partition number must not make the mock fill the memory.
pub const MAX_PARTITIONS: i32 = 100_000;
