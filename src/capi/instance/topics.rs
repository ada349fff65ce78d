//! Topics as C has them: a handle that belongs to the topic and is made when first asked for.

use std::ptr;
use std::sync::Arc;

use crate::base::conf::TopicConf;
use crate::base::error::KafkaError;
use crate::capi::handle::{Opaque, Shared, Tagged, give_shared};
use crate::capi::types::{rd_kafka_topic_s, rd_kafka_topic_t};
use crate::client::{Client, Topic};

impl Opaque for rd_kafka_topic_s {
    type Target = Arc<Topic>;
    type Ownership = Shared;
    const TAG: u32 = 0x6b54_7063;
    const BOUND_TO_PROCESS: bool = true;
}

pub(crate) type TopicObject = Tagged<rd_kafka_topic_t>;

/// What C's handle of the topic points to; made when first asked for.
pub(crate) fn topic_object(topic: &Arc<Topic>) -> Option<Arc<TopicObject>> {
    if topic.handle_address() == 0 {
        let object = Arc::new(TopicObject::new(topic.clone()));
        let address = Arc::as_ptr(&object).addr();
        topic.set_handle(object, address);
    }
    topic.handle_object()?.downcast().ok()
}

/// One more reference to the topic's handle, for C.
pub(crate) fn give_topic(topic: &Arc<Topic>) -> *mut rd_kafka_topic_t {
    topic_object(topic).map_or(ptr::null_mut(), give_shared::<rd_kafka_topic_t>)
}

/// A topic with a handle that C can be given. That no topic can have this name, such as
/// an empty one, is for the broker to say, as with librdkafka.
pub(crate) fn topic(
    client: &Arc<Client>,
    name: &str,
    conf: Option<TopicConf>,
) -> Result<Arc<Topic>, KafkaError> {
    let topic = client.topic(name, conf)?;
    topic_object(&topic);
    Ok(topic)
}

/// What the topic of an error points to. If the application has no such topic it is the
/// message's own: an error about a topic, or a pattern, does not make the client ask
/// the cluster about it.
pub(crate) fn topic_for_message(client: &Arc<Client>, name: &str) -> Option<Arc<TopicObject>> {
    if let Some(topic) = client.known_topic(name) {
        return topic_object(&topic);
    }
    let (name, conf) = (Arc::from(name), client.shared.conf.topic_conf());
    let topic = Topic::new(name, conf, None, None, Arc::downgrade(client));
    Some(Arc::new(TopicObject::new(Arc::new(topic))))
}
