//! What members of a consumer group tell each other: the envelope of their messages, and
//! assignments.

use bytes::{Buf, Bytes};
use kafka_protocol::messages::ConsumerProtocolAssignment;

use super::bounded;

/// The newest version of subscriptions and assignments.
pub const VERSION: i16 = 3;

/// The version that the bytes begin with, and the rest. Newer versions only add fields at
/// the end, so that those are read as the newest that is known.
pub fn version(bytes: &Bytes) -> Option<(i16, Bytes)> {
    let mut bytes = bytes.clone();
    let version = bytes.try_get_i16().ok()?;
    (version >= 0).then_some((version.min(VERSION), bytes))
}

/// An assignment; no bytes are no partitions, and `None` is what cannot be read.
pub fn decode_assignment(bytes: &Bytes) -> Option<ConsumerProtocolAssignment> {
    if bytes.is_empty() {
        return Some(ConsumerProtocolAssignment::default());
    }
    let (version, mut bytes) = version(bytes)?;
    bounded::decode(&mut bytes, version, false).ok()
}
