//! A partition as the lists of the C interface have it.

use std::sync::Arc;

use super::error::ErrorCode;

/// Instead of an offset (`RD_KAFKA_OFFSET_INVALID`).
pub const NO_OFFSET: i64 = -1001;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPartition {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    /// -1 if it is not known.
    pub leader_epoch: i32,
    pub metadata: Option<Vec<u8>>,
    pub err: ErrorCode,
}

impl TopicPartition {
    /// Without an offset.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        TopicPartition {
            topic: topic.into(),
            partition,
            offset: NO_OFFSET,
            leader_epoch: -1,
            metadata: None,
            err: ErrorCode::NO_ERROR,
        }
    }
}
