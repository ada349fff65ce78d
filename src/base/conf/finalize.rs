//! A configuration becomes a client's: what was not set is adjusted to what was
//! (`derived.rs`), then the rules between properties are checked (`rules.rs`).

use super::rules::{Facts, check_client, check_topic};
use super::table::GlobalProps;
use super::{Conf, Scoped, TopicConf, derived};
use crate::base::error::{ErrorCode, KafkaError};

/// What is being made from a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    Producer,
    Consumer,
    ShareConsumer,
}

impl ClientKind {
    pub fn is_producer(self) -> bool {
        self == ClientKind::Producer
    }
}

fn invalid(text: String) -> KafkaError {
    KafkaError::new(ErrorCode::_INVALID_ARG, text)
}

impl Conf {
    /// Adjusts what was not set and checks the rules between properties. One that is
    /// refused stays as it was: the application still has it.
    pub fn finalize(&mut self, kind: ClientKind) -> Result<(), KafkaError> {
        let mut global = self.global.clone();
        let mut topic = self.topic.as_ref().map(|topic| topic.topic.clone());
        derived::client(kind, &mut global);
        if let Some(topic) = &mut topic {
            derived::topic(kind, &global, topic);
            derived::linger(kind, &mut global, topic);
        }
        let facts = Facts {
            kind,
            global: &global,
            topic: topic.as_ref(),
        };
        check_client(&facts).map_err(invalid)?;
        self.assignors()?;
        self.global = global;
        if let (Some(own), Some(topic)) = (&mut self.topic, topic) {
            own.topic = topic;
        }
        Ok(())
    }

    /// Time between random connections while connections are sparse.
    pub fn sparse_connect_interval_ms(&self) -> i32 {
        (self.global.reconnect_backoff_ms / 2).clamp(11, 1000)
    }

    /// `queue.buffering.max.ms`, to the microsecond.
    pub fn linger_us(&self) -> i64 {
        (self.global.queue_buffering_max_ms * 1000.0) as i64
    }
}

impl TopicConf {
    /// The same for a topic's configuration, when the topic is made.
    pub fn finalize(
        &mut self,
        kind: ClientKind,
        global: &Scoped<GlobalProps>,
    ) -> Result<(), KafkaError> {
        derived::topic(kind, global, &mut self.topic);
        check_topic(&Facts {
            kind,
            global,
            topic: Some(&self.topic),
        })
        .map_err(invalid)
    }
}
