//! What the tests of share consumers have in common.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::{Partition, Settings};

pub const TOPIC: Uuid = Uuid::from_u128(1);

pub fn settings() -> Settings {
    Settings {
        group_id: "g".into(),
        member_id: "m".into(),
        max_wait: Duration::from_millis(500),
        min_bytes: 1,
        max_bytes: 1 << 20,
        max_records: 500,
        record_limit: false,
        error_backoff: Duration::from_millis(500),
        socket_timeout: Duration::from_secs(60),
        decompress_limit: 1 << 20,
        check_crcs: true,
    }
}

/// A partition of the topic `t`.
pub fn partition(id: i32) -> Arc<Partition> {
    Arc::new(Partition {
        topic: "t".into(),
        topic_id: TOPIC,
        id,
        handle: None,
    })
}
