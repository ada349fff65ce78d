//! The consumer of an instance, and the partitions that arguments name.

use std::sync::Arc;

use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::instance::Instance;
use crate::capi::partition_list::name;
use crate::capi::types::rd_kafka_topic_partition_t;
use crate::client::Client;
use crate::client::consumer::{Consumer, ConsumerPartition};

/// The client's consumer, if it is one.
pub(crate) fn consumer_of(client: &Client) -> Option<&Arc<Consumer>> {
    Some(&client.shared.consumer).filter(|_| !client.kind().is_producer())
}

/// The instance's consumer, if it is one.
pub(crate) fn consumer(instance: &Instance) -> Option<&Arc<Consumer>> {
    consumer_of(&instance.client)
}

/// The instance's consumer, if it has a group.
pub(crate) fn group_consumer(instance: &Instance) -> Result<&Arc<Consumer>, ErrorCode> {
    match consumer(instance) {
        Some(c) if c.core.settings.has_group => Ok(c),
        _ => Err(ErrorCode::_UNKNOWN_GROUP),
    }
}

/// The partition, if it was used already, or if its topic is used and metadata has it.
pub(crate) fn existing(client: &Client, topic: &str, id: i32) -> Option<Arc<ConsumerPartition>> {
    let consumer = consumer_of(client)?;
    if let Some(used) = consumer.find(topic, id) {
        return Some(used);
    }
    let handle = client.known_topic(topic)?;
    let metadata = client.shared.metadata.load();
    metadata.topic(topic)?.partition(id)?;
    Some(consumer.partition(&handle, id))
}

/// The partition that an element names, if its topic is used. As with librdkafka the
/// number may be one that the topic does not have, or does not have yet.
pub(crate) fn find(
    instance: &Instance,
    element: &rd_kafka_topic_partition_t,
) -> Option<Arc<ConsumerPartition>> {
    let consumer = consumer(instance)?;
    let topic = name(element);
    consumer.find(&topic, element.partition).or_else(|| {
        let handle = instance.client.known_topic(&topic)?;
        Some(consumer.partition(&handle, element.partition))
    })
}

/// As [`find`], the topic made if need be.
pub(crate) fn ensure(
    instance: &Instance,
    consumer: &Consumer,
    element: &rd_kafka_topic_partition_t,
) -> Result<Arc<ConsumerPartition>, KafkaError> {
    let topic = instance.topic(&name(element), None)?;
    Ok(consumer.partition(&topic, element.partition))
}

/// The instance's consumer, if it has a group and is not closed.
pub(crate) fn open_consumer(instance: &Instance) -> Result<&Arc<Consumer>, ErrorCode> {
    match group_consumer(instance) {
        Ok(consumer) if consumer.is_closed() => Err(ErrorCode::_DESTROY),
        other => other,
    }
}

pub(crate) fn no_group(code: ErrorCode) -> KafkaError {
    KafkaError::new(code, "This needs a consumer with a group.id")
}
