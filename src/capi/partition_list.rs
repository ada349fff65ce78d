//! Lists of partitions, from C's form to the client's and back.

use std::sync::Arc;

use super::topic_partition::{self, List};
use super::types::{rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t};
use crate::base::topic_partition::TopicPartition;

/// The topic's name in an element.
pub(crate) fn name(element: &rd_kafka_topic_partition_t) -> String {
    String::from_utf8_lossy(topic_partition::topic(element)).into_owned()
}

/// An element as the client has it.
pub(crate) fn read(element: &rd_kafka_topic_partition_t) -> TopicPartition {
    TopicPartition {
        topic: Arc::from(name(element)),
        partition: element.partition,
        offset: element.offset,
        leader_epoch: topic_partition::leader_epoch(element),
        metadata: topic_partition::metadata(element).map(<[u8]>::to_vec),
        err: element.err,
    }
}

/// Sets everything but topic and partition.
pub(crate) fn update(element: &mut rd_kafka_topic_partition_t, from: &TopicPartition) {
    element.offset = from.offset;
    element.err = from.err;
    topic_partition::set_metadata(element, from.metadata.as_deref());
    topic_partition::set_leader_epoch(element, from.leader_epoch);
}

/// A list for C to destroy.
pub(crate) fn list_of(partitions: &[TopicPartition]) -> *mut rd_kafka_topic_partition_list_t {
    let list = topic_partition::new_list(partitions.len());
    for p in partitions {
        // SAFETY: the list was just made, the element as well.
        unsafe {
            let element = topic_partition::add(&mut *list, p.topic.as_bytes(), p.partition);
            update(&mut *element, p);
        }
    }
    list
}

/// A list that belongs to another object here.
pub(crate) fn owned_list_of(partitions: &[TopicPartition]) -> List {
    // SAFETY: the list was just made.
    unsafe { List::own(list_of(partitions)) }
}
