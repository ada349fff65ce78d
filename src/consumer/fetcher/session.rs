//! A fetch session (KIP-227): the broker remembers what is fetched, so that a
//! request names only what changed.
//!
//! ```text
//! New ──full request──► (id from the response) Open{id, epoch} ──incremental──► …
//!  ▲                                            │ error, disconnect, other addressing
//!  └────────────────────────────────────────────┘
//! ```
//!
//! A broker without sessions, or whose cache is full, gives the id 0: every
//! request is then a full one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::{FetchRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::SlotKey;

/// A partition as the broker knows it in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub slot: SlotKey,
    pub fetch_id: u64,
    pub offset: i64,
    pub leader_epoch: i32,
    pub max_bytes: i32,
    pub topic_id: Uuid,
}

impl Member {
    /// Whether the broker would be told the same about both.
    fn same_to_broker(&self, other: &Member) -> bool {
        self.offset == other.offset
            && self.leader_epoch == other.leader_epoch
            && self.max_bytes == other.max_bytes
    }
}

type Members = HashMap<Arc<str>, BTreeMap<i32, Member>>;

#[derive(Debug, Default)]
pub struct Session {
    id: i32,
    /// 0: the next request is a full one.
    epoch: i32,
    by_id: bool,
    members: Members,
    names: HashMap<Uuid, Arc<str>>,
}

/// The first version with sessions, and with topic ids.
const SESSIONS: i16 = 7;
pub const TOPIC_IDS: i16 = 13;

impl Session {
    /// Nothing is remembered any more, on either side.
    pub fn reset(&mut self) {
        *self = Session::default();
    }

    /// Starts over, and ends the session that there is. For a partition that was
    /// started again: what did not change since is not said again in a session,
    /// so it would not learn where the end is.
    fn begin_anew(&mut self) {
        *self = Session {
            id: self.id,
            ..Session::default()
        };
    }

    /// Whether the request under way named everything.
    pub fn was_full(&self) -> bool {
        self.epoch == 0
    }

    pub fn member(&self, topic: &str, partition: i32) -> Option<&Member> {
        self.members.get(topic)?.get(&partition)
    }

    pub fn topic_name(&self, id: Uuid) -> Option<&Arc<str>> {
        self.names.get(&id)
    }

    /// Fills in the partitions to fetch from now on.
    pub fn request(
        &mut self,
        version: i16,
        wanted: Vec<(Arc<str>, i32, Member)>,
        request: &mut FetchRequest,
    ) {
        let by_id = version >= TOPIC_IDS;
        let anew = |(topic, partition, m): &(Arc<str>, i32, Member)| {
            let known = self.member(topic, *partition);
            known.is_some_and(|k| k.topic_id != m.topic_id || k.fetch_id != m.fetch_id)
        };
        if by_id != self.by_id || version < SESSIONS {
            self.reset();
        } else if wanted.iter().any(anew) {
            self.begin_anew();
        }
        self.by_id = by_id;
        let incremental = self.epoch > 0;
        let mut before = std::mem::take(&mut self.members);
        let mut topics: HashMap<Arc<str>, FetchTopic> = HashMap::new();
        for (topic, partition, member) in wanted {
            let known = before.get_mut(&topic).and_then(|p| p.remove(&partition));
            if !(incremental && known.is_some_and(|k| k.same_to_broker(&member))) {
                let entry = topics.entry(topic.clone()).or_insert_with(|| {
                    let t = FetchTopic::default();
                    if by_id {
                        t.with_topic_id(member.topic_id)
                    } else {
                        t.with_topic(name(&topic))
                    }
                });
                entry.partitions.push(
                    FetchPartition::default()
                        .with_partition(partition)
                        .with_current_leader_epoch(member.leader_epoch)
                        .with_fetch_offset(member.offset)
                        .with_partition_max_bytes(member.max_bytes),
                );
            }
            if by_id {
                self.names.insert(member.topic_id, topic.clone());
            }
            self.members
                .entry(topic)
                .or_default()
                .insert(partition, member);
        }
        request.topics = topics.into_values().collect();
        if version >= SESSIONS {
            request.session_id = self.id;
            request.session_epoch = self.epoch;
        }
        if incremental {
            request.forgotten_topics_data = before
                .into_iter()
                .filter(|(_, partitions)| !partitions.is_empty())
                .map(|(topic, partitions)| {
                    let id = partitions.values().next().map(|m| m.topic_id);
                    let f =
                        ForgottenTopic::default().with_partitions(partitions.into_keys().collect());
                    if by_id {
                        f.with_topic_id(id.unwrap_or_default())
                    } else {
                        f.with_topic(name(&topic))
                    }
                })
                .collect();
        }
    }

    /// The request was answered without an error.
    pub fn answered(&mut self, session_id: i32) {
        if session_id == 0 {
            self.id = 0;
            self.epoch = 0;
        } else {
            self.id = session_id;
            self.epoch = self.epoch.checked_add(1).unwrap_or(1);
        }
    }
}

fn name(topic: &Arc<str>) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(list: &[(&str, i32, i64)]) -> Vec<(Arc<str>, i32, Member)> {
        list.iter()
            .map(|&(topic, partition, offset)| {
                let member = Member {
                    slot: partition as usize,
                    fetch_id: 1,
                    offset,
                    leader_epoch: 3,
                    max_bytes: 100,
                    topic_id: Uuid::from_u128(topic.len() as u128),
                };
                (Arc::from(topic), partition, member)
            })
            .collect()
    }

    fn named(r: &FetchRequest) -> Vec<(i32, i64)> {
        let mut all: Vec<_> = r
            .topics
            .iter()
            .flat_map(|t| &t.partitions)
            .map(|p| (p.partition, p.fetch_offset))
            .collect();
        all.sort();
        all
    }

    #[test]
    fn only_changes_are_named() {
        let mut s = Session::default();
        let mut r = FetchRequest::default();
        s.request(
            12,
            wanted(&[("a", 0, 5), ("a", 1, 6), ("bb", 0, 7)]),
            &mut r,
        );
        assert_eq!((r.session_id, r.session_epoch), (0, 0));
        assert_eq!(named(&r).len(), 3);
        s.answered(77);
        let mut r = FetchRequest::default();
        s.request(12, wanted(&[("a", 0, 5), ("a", 1, 9)]), &mut r);
        assert_eq!((r.session_id, r.session_epoch), (77, 1));
        assert_eq!(named(&r), [(1, 9)]);
        let forgotten: Vec<_> = r
            .forgotten_topics_data
            .iter()
            .map(|f| (f.topic.as_str(), f.partitions.clone()))
            .collect();
        assert_eq!(forgotten, [("bb", vec![0])]);
        assert!(s.member("bb", 0).is_none() && s.member("a", 0).is_some());
    }

    #[test]
    fn a_broker_without_sessions_gets_full_requests() {
        let mut s = Session::default();
        for _ in 0..2 {
            let mut r = FetchRequest::default();
            s.request(12, wanted(&[("a", 0, 5)]), &mut r);
            assert_eq!((r.session_epoch, named(&r).len()), (0, 1));
            s.answered(0);
        }
    }

    #[test]
    fn a_partition_that_was_started_again_is_told_everything() {
        let mut s = Session::default();
        let mut r = FetchRequest::default();
        s.request(12, wanted(&[("a", 0, 5), ("a", 1, 6)]), &mut r);
        s.answered(9);
        let mut again = wanted(&[("a", 0, 5), ("a", 1, 6)]);
        again[1].2.fetch_id = 2;
        let mut r = FetchRequest::default();
        s.request(12, again, &mut r);
        assert_eq!((r.session_id, r.session_epoch), (9, 0));
        assert_eq!(named(&r).len(), 2);
    }

    #[test]
    fn a_recreated_topic_needs_a_new_session() {
        let mut s = Session::default();
        let mut r = FetchRequest::default();
        s.request(13, wanted(&[("a", 0, 5)]), &mut r);
        assert_eq!(r.topics[0].topic_id, Uuid::from_u128(1));
        s.answered(9);
        let mut again = wanted(&[("a", 0, 5)]);
        again[0].2.topic_id = Uuid::from_u128(99);
        let mut r = FetchRequest::default();
        s.request(13, again, &mut r);
        assert_eq!((r.session_id, r.session_epoch), (9, 0));
        assert!(s.topic_name(Uuid::from_u128(1)).is_none());
        assert_eq!(s.topic_name(Uuid::from_u128(99)).map(|n| &**n), Some("a"));
    }
}
