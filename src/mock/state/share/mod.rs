//! Share groups (KIP-932): members and what each is to fetch (`group`), what has become of the records (`partition`),
//! sessions of members with brokers (`session`), and fetches that wait for records (`wait`).
//!
//! The coordinator's part and the leaders' part do not know each other, as on Kafka: a fetch is not checked
//! against the group's members. Unlike on Kafka it need not be: a partition that no member subscribes to
//! can be fetched from.

mod assign;
pub mod group;
pub mod partition;
pub mod session;
mod wait;

use super::timers::Timer;
use super::{ClusterState, ConnId, Now};
use group::Group;
use kafka_protocol::ResponseError as E;
use partition::SharePartition;
use session::{Key, Session, Tp};
use std::collections::{BTreeMap, HashMap};
pub use wait::{Fetch, ShareWait, Wanted};

/// What holds for all share groups, with Kafka's defaults. The two times of a group's members are those of when
/// it was made.
#[derive(Clone, Debug)]
pub struct Settings {
    pub session_timeout_ms: i32,
    pub heartbeat_interval_ms: i32,
    /// How often a record is delivered at most.
    pub delivery_limit: i16,
    pub lock_ms: i32,
    pub read_committed: bool,
    /// Members of a group; 0: any number.
    pub max_size: i32,
    /// Share sessions of a broker; 0: any number.
    pub max_sessions: i32,
    /// Records of a share-partition between its first that is not done and its last that was delivered; 0: any number.
    pub record_locks: i32,
    /// Whether a share session ends when nothing came for the session timeout, as in librdkafka's mock cluster; Kafka's
    /// end with their connections.
    pub sessions_expire: bool,
    /// A new share-partition begins at the first record and not after the last.
    pub earliest: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            delivery_limit: 5,
            lock_ms: 30_000,
            read_committed: false,
            max_size: 200,
            max_sessions: 2_000,
            record_locks: 2_000,
            sessions_expire: false,
            earliest: false,
        }
    }
}

impl Settings {
    fn lock_until(&self, now_us: u64) -> u64 {
        let lock = u64::try_from(self.lock_ms).unwrap_or(0);
        now_us.saturating_add(lock.saturating_mul(1000))
    }
}

#[derive(Debug, Default)]
pub struct Shares {
    pub settings: Settings,
    pub groups: BTreeMap<String, Group>,
    /// By group and partition.
    partitions: BTreeMap<String, BTreeMap<Tp, SharePartition>>,
    sessions: BTreeMap<Key, Session>,
    waits: HashMap<u64, ShareWait>,
    /// When the next look at locks and members is planned.
    armed: Option<u64>,
}

impl Shares {
    pub fn partition_mut(&mut self, group: &str, tp: Tp) -> Option<&mut SharePartition> {
        self.partitions.get_mut(group)?.get_mut(&tp)
    }

    pub fn session_mut(&mut self, key: &Key) -> Option<&mut Session> {
        self.sessions.get_mut(key)
    }

    /// What broke off with a topic.
    pub fn forget_topic(&mut self, id: uuid::Uuid) {
        for partitions in self.partitions.values_mut() {
            partitions.retain(|tp, _| tp.0 != id);
        }
    }

    pub fn forget_group(&mut self, group: &str) {
        self.groups.remove(group);
        self.partitions.remove(group);
    }

    fn next_deadline(&self) -> Option<u64> {
        let locks = self.partitions.values().flat_map(BTreeMap::values);
        let locks = locks.filter_map(SharePartition::next_deadline);
        let members = self.groups.values().filter_map(Group::next_deadline);
        let sessions = self
            .sessions
            .values()
            .filter_map(|s| s.deadline(&self.settings));
        locks.chain(members).chain(sessions).min()
    }

    #[cfg(test)]
    pub fn check_invariants(&self) {
        for p in self.partitions.values().flat_map(BTreeMap::values) {
            p.check_invariants(&self.settings);
        }
    }
}

impl ClusterState {
    /// The state of a partition for a group, which begins where the settings say.
    pub fn share_partition(
        &mut self,
        group: &str,
        tp: Tp,
    ) -> Option<(&Settings, &mut SharePartition)> {
        let p = self.topic_by_id(tp.0)?.partition(tp.1)?;
        let (log_start, log_end) = (p.log.start(), p.log.end());
        let epoch = p.leader_epoch;
        let Shares {
            settings,
            partitions,
            ..
        } = &mut self.share;
        let start = if settings.earliest {
            log_start
        } else {
            log_end
        };
        let of_group = match partitions.contains_key(group) {
            true => partitions.get_mut(group)?,
            false => partitions.entry(group.to_owned()).or_default(),
        };
        let partition = of_group
            .entry(tp)
            .or_insert_with(|| SharePartition::new(start, epoch));
        partition.catch_up(log_start, epoch);
        Some((settings, partition))
    }

    /// Plans the next look at what share groups keep. To be called when locks were given or a member was heard of.
    pub fn arm_share(&mut self) {
        if let Some(at) = self.share.next_deadline()
            && self.share.armed.is_none_or(|armed| at < armed)
        {
            self.share.armed = Some(at);
            self.arm(at, Timer::Share);
        }
    }

    pub(super) fn share_deadline(&mut self, now: Now) {
        self.share.armed = None;
        let Shares {
            settings,
            partitions,
            groups,
            ..
        } = &mut self.share;
        let mut freed = Vec::new();
        for (&tp, partition) in partitions.values_mut().flatten() {
            if partition.expire(settings, now.us) {
                freed.push(tp);
            }
        }
        for group in groups.values_mut() {
            group.tick(now);
        }
        self.wake_shared(now, freed);
        let Shares {
            settings, sessions, ..
        } = &self.share;
        let late = |s: &Session| s.deadline(settings).is_some_and(|at| at <= now.us);
        let ended = sessions.iter().filter(|(_, s)| late(s));
        let ended: Vec<Key> = ended.map(|(key, _)| key.clone()).collect();
        for key in ended {
            self.end_share_session(now, &key);
        }
        self.arm_share();
    }

    /// Records of these partitions can be acquired again.
    pub fn wake_shared(&mut self, now: Now, partitions: Vec<Tp>) {
        for (id, index) in partitions {
            if let Some(name) = self.topic_by_id(id).map(|t| t.name.clone()) {
                self.wake_partition(now, &name, index);
            }
        }
    }

    /// Ends a session: what its member has not acknowledged is for others.
    pub fn end_share_session(&mut self, now: Now, key: &Key) {
        let Some(session) = self.share.sessions.remove(key) else {
            return;
        };
        let (broker, group, member) = key;
        let mut freed = Vec::new();
        for tp in session.partitions() {
            let leads = self
                .topic_by_id(tp.0)
                .and_then(|t| t.partition(tp.1))
                .is_some_and(|p| p.leader == *broker);
            let settings = self.share.settings.clone();
            if leads
                && let Some(partition) = self.share.partition_mut(group, tp)
                && partition.release_of(&settings, member)
            {
                freed.push(tp);
            }
        }
        self.wake_shared(now, freed);
    }

    pub(super) fn share_connection_closed(&mut self, now: Now, conn: ConnId) {
        let waits = self.share.waits.iter();
        let gone: Vec<u64> = waits
            .filter(|(_, w)| w.cx.conn == conn)
            .map(|(&id, _)| id)
            .collect();
        for id in gone {
            self.forget_share_wait(id);
        }
        let sessions = self.share.sessions.iter();
        let ended: Vec<Key> = sessions
            .filter(|(_, s)| s.conn == conn)
            .map(|(key, _)| key.clone())
            .collect();
        for key in ended {
            self.end_share_session(now, &key);
        }
    }

    /// A broker is gone, with what it kept in memory.
    pub(super) fn share_broker_gone(&mut self, broker: i32) {
        self.share.sessions.retain(|key, _| key.0 != broker);
    }

    /// The ids of a share group's members, in the order in which they came.
    pub fn share_members(&self, group: &str) -> Option<Vec<String>> {
        let group = self.share.groups.get(group)?;
        Some(group.members().map(|m| m.id.clone()).collect())
    }

    /// Sets what members are to have; with nobody named the coordinator assigns again.
    pub fn set_share_target(
        &mut self,
        group: &str,
        named: &[(String, Vec<(String, i32)>)],
    ) -> Result<(), E> {
        let by_id = |(name, partition): &(String, i32)| {
            self.topics.get(name).map(|topic| (topic.id, *partition))
        };
        let targets: Vec<(String, Vec<Tp>)> = named
            .iter()
            .map(|(member, partitions)| {
                let partitions = partitions.iter().filter_map(by_id).collect();
                (member.clone(), partitions)
            })
            .collect();
        let found = self.share.groups.get_mut(group);
        found.ok_or(E::GroupIdNotFound)?.set_target(targets);
        Ok(())
    }
}
