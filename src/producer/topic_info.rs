//! What is fixed about a topic, for its partitions and batches to refer to.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::{ProducerShared, TopicSettings};
use crate::base::sync::Mutex;
use crate::base::window::Window;

/// What everything that belongs to a topic refers to.
pub struct TopicInfo {
    pub name: Arc<str>,
    pub settings: TopicSettings,
    pub shared: Arc<ProducerShared>,
    /// A batch takes messages no longer than this, since they expire together.
    pub max_batch_span: Duration,
    /// The address of what C knows as the topic handle.
    pub handle: OnceLock<usize>,
    /// The topic's id where the broker goes by ids, most significant half first.
    pub id: Mutex<uuid::Uuid>,
    pub stats: TopicStats,
}

/// Of the batches sent.
#[derive(Debug)]
pub struct TopicStats {
    /// Bytes on the wire.
    pub batch_size: Window,
    /// Messages.
    pub batch_count: Window,
}
