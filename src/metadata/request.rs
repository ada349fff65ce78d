//! The Metadata request.

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{MetadataRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::Refresh;

/// Asks for `what`; topics that are not there are created if `create` says so.
pub fn metadata_request(what: &Refresh, create: bool, version: i16) -> MetadataRequest {
    let mut request = MetadataRequest::default();
    request.topics = match what {
        Refresh::All => None,
        Refresh::Brokers => Some(Vec::new()),
        Refresh::Topics(names) => Some(
            names
                .iter()
                .map(|name| {
                    let name = TopicName(StrBytes::from_string(name.to_string()));
                    MetadataRequestTopic::default().with_name(Some(name))
                })
                .collect(),
        ),
    };
    // Versions below 4 cannot say, and create.
    if version >= 4 {
        request.allow_auto_topic_creation = create && *what != Refresh::All;
    }
    request
}

/// The first version that can be asked by id.
const BY_ID: i16 = 12;

/// Asks which topics have these ids; for all topics, where ids cannot be asked for.
pub fn by_id(ids: &[Uuid], version: i16) -> MetadataRequest {
    if version < BY_ID {
        return metadata_request(&Refresh::All, false, version);
    }
    let topics = ids.iter().map(|id| {
        MetadataRequestTopic::default()
            .with_topic_id(*id)
            .with_name(None)
    });
    MetadataRequest::default()
        .with_topics(Some(topics.collect()))
        .with_allow_auto_topic_creation(false)
}
