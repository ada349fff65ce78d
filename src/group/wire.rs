//! What members tell each other inside JoinGroup and SyncGroup: subscriptions
//! (versions 0 to 3: KIP-429, KIP-792, KIP-881) and assignments.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicName,
    consumer_protocol_assignment, consumer_protocol_subscription,
};
use kafka_protocol::protocol::Encodable;

use super::assignor::{Assignor, Member, TopicPartition};
use crate::protocol::bounded;
use crate::protocol::consumer_protocol::{self, VERSION, version};
use crate::protocol::strings::text;

const ASSIGNMENT_VERSION: i16 = 0;

/// A subscription, with what its member owns and since which generation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscription {
    pub topics: Vec<Arc<str>>,
    pub owned: Vec<TopicPartition>,
    pub generation: i32,
    pub rack: Option<Arc<str>>,
}

/// The bytes for one of the protocols of a JoinGroup request; `None` if a name is
/// too long to be said.
pub fn encode_subscription(assignor: Assignor, subscription: &Subscription) -> Option<Bytes> {
    let owned = by_topic(&subscription.owned).into_iter().map(|(t, list)| {
        consumer_protocol_subscription::TopicPartition::default()
            .with_topic(TopicName(text(t)))
            .with_partitions(list)
    });
    // The Java client reads the generation here where it does not come in the
    // subscription itself.
    let user_data = match assignor {
        Assignor::CooperativeSticky => Some(Bytes::copy_from_slice(
            &subscription.generation.to_be_bytes(),
        )),
        Assignor::Range | Assignor::RoundRobin => None,
    };
    let message = ConsumerProtocolSubscription::default()
        .with_topics(subscription.topics.iter().map(|t| text(t)).collect())
        .with_user_data(user_data)
        .with_owned_partitions(owned.collect())
        .with_generation_id(subscription.generation)
        .with_rack_id(subscription.rack.as_deref().map(text));
    let mut out = BytesMut::new();
    out.put_i16(VERSION);
    message.encode(&mut out, VERSION).ok()?;
    Some(out.freeze())
}

/// A member of the group by its subscription; one that cannot be read subscribes to
/// nothing.
pub fn decode_member(id: Arc<str>, instance_id: Option<Arc<str>>, bytes: &Bytes) -> Member {
    let mut member = Member {
        id,
        instance_id,
        ..Member::default()
    };
    let Some((version, mut bytes)) = version(bytes) else {
        return member;
    };
    let Ok(message) = bounded::decode::<ConsumerProtocolSubscription>(&mut bytes, version, false)
    else {
        return member;
    };
    member.topics = message.topics.iter().map(|t| t.as_str().into()).collect();
    for topic in &message.owned_partitions {
        let name: Arc<str> = topic.topic.as_str().into();
        let partitions = topic.partitions.iter();
        member
            .owned
            .extend(partitions.map(|&p| TopicPartition::new(&name, p)));
    }
    member.generation = match message.generation_id {
        ..0 => message
            .user_data
            .as_ref()
            .and_then(|data| data.first_chunk().copied())
            .map(i32::from_be_bytes),
        generation => Some(generation),
    };
    member.rack = message
        .rack_id
        .filter(|rack| !rack.is_empty())
        .map(|rack| rack.as_str().into());
    member
}

pub fn encode_assignment(partitions: &[TopicPartition]) -> Bytes {
    let topics = by_topic(partitions).into_iter().map(|(t, list)| {
        consumer_protocol_assignment::TopicPartition::default()
            .with_topic(TopicName(text(t)))
            .with_partitions(list)
    });
    let message = ConsumerProtocolAssignment::default().with_assigned_partitions(topics.collect());
    let mut out = BytesMut::new();
    out.put_i16(ASSIGNMENT_VERSION);
    match message.encode(&mut out, ASSIGNMENT_VERSION) {
        Ok(()) => out.freeze(),
        // Names came from the wire, where they fitted.
        Err(_) => Bytes::new(),
    }
}

/// The partitions of an assignment; no bytes are no partitions, and `None` is what
/// cannot be read.
pub fn decode_assignment(bytes: &Bytes) -> Option<Vec<TopicPartition>> {
    let message = consumer_protocol::decode_assignment(bytes)?;
    let mut partitions = Vec::new();
    for topic in &message.assigned_partitions {
        let name: Arc<str> = topic.topic.as_str().into();
        partitions.extend(
            topic
                .partitions
                .iter()
                .map(|&p| TopicPartition::new(&name, p)),
        );
    }
    partitions.sort();
    partitions.dedup();
    Some(partitions)
}

fn by_topic(partitions: &[TopicPartition]) -> BTreeMap<&str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics
            .entry(&partition.topic)
            .or_default()
            .push(partition.partition);
    }
    topics
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn partitions() -> impl Strategy<Value = Vec<TopicPartition>> {
        prop::collection::btree_set(("[a-c]", 0i32..5), 0..8).prop_map(|set| {
            set.into_iter()
                .map(|(topic, partition)| TopicPartition::new(&topic.as_str().into(), partition))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn subscriptions_come_back(owned in partitions(), generation in -1i32..9, rack: bool) {
            let subscription = Subscription {
                topics: vec!["a".into(), "b".into()],
                owned: owned.clone(),
                generation,
                rack: rack.then(|| "r".into()),
            };
            for assignor in [Assignor::Range, Assignor::CooperativeSticky] {
                let bytes = encode_subscription(assignor, &subscription).unwrap();
                let member = decode_member("m".into(), None, &bytes);
                prop_assert_eq!(&member.topics, &subscription.topics);
                prop_assert_eq!(&member.owned, &owned);
                prop_assert_eq!(member.generation.unwrap_or(-1), generation);
                prop_assert_eq!(&member.rack, &subscription.rack);
            }
        }

        #[test]
        fn assignments_come_back_and_cuts_do_not(list in partitions()) {
            let bytes = encode_assignment(&list);
            prop_assert_eq!(decode_assignment(&bytes), Some(list));
            for length in 1..bytes.len() {
                prop_assert_eq!(decode_assignment(&bytes.slice(..length)), None);
            }
        }

        #[test]
        fn anything_can_be_looked_at(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            decode_member("m".into(), None, &bytes);
            decode_assignment(&bytes);
        }
    }

    /// What older and newer clients send.
    #[test]
    fn other_versions() {
        let message = ConsumerProtocolSubscription::default()
            .with_topics(vec![text("t")])
            .with_user_data(Some(Bytes::from_static(&[0, 0, 0, 7])));
        for version in 0..=1 {
            let mut out = BytesMut::new();
            out.put_i16(version);
            message.encode(&mut out, version).unwrap();
            let member = decode_member("m".into(), None, &out.freeze());
            assert_eq!((member.topics.len(), member.generation), (1, Some(7)));
        }
        let mut out = BytesMut::new();
        out.put_i16(9);
        message.encode(&mut out, VERSION).unwrap();
        out.put_i64(0);
        let member = decode_member("m".into(), None, &out.freeze());
        assert_eq!(member.topics.len(), 1);
    }
}
