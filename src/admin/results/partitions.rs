//! Partitions with what was found or done about them.

use std::ffi::CString;

use crate::base::error::{ErrorCode, KafkaError};

/// An offset of a partition, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionOffset {
    pub topic: CString,
    pub partition: i32,
    pub offset: i64,
    /// In milliseconds since 1970, of the record at the offset; -1 if there is none.
    pub timestamp: i64,
    /// Of the record at the offset; -1 if it is not known.
    pub leader_epoch: i32,
    pub code: ErrorCode,
}

/// How the election of a leader went.
#[derive(Debug)]
pub struct PartitionElection {
    pub topic: CString,
    pub partition: i32,
    /// Its code is `NO_ERROR` if all went well.
    pub error: KafkaError,
}
