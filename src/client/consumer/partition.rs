//! A partition of a consumer, and the queue that its messages wait in.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::base::queue::Queue;
use crate::client::event::{Event, EventQueue};
use crate::consumer::partition::AtomicPosition;
use crate::consumer::room::Budget;
use crate::consumer::{ConsumerShared, FetchSink, Fetched, Partition, Topic};

/// A partition and where its messages go.
pub struct ConsumerPartition {
    pub partition: Arc<Partition>,
    pub queue: EventQueue,
    /// The bytes waiting in the queue, while it stands alone.
    pub(super) own_budget: Arc<Budget>,
    /// The application says where the queue leads.
    pub(super) forwarded_by_app: AtomicBool,
    /// Where the assignment began.
    pub assigned_at: AtomicPosition,
}

struct QueueSink(EventQueue);

impl FetchSink for QueueSink {
    fn deliver(&self, fetched: Fetched) {
        self.0.push(Event::Fetched(fetched));
    }

    fn deliver_first(&self, fetched: Fetched) {
        self.0.push_front(Event::Fetched(fetched));
    }
}

impl ConsumerPartition {
    pub(super) fn new(core: Arc<ConsumerShared>, topic: Arc<Topic>, id: i32) -> Arc<Self> {
        let queue: EventQueue = Arc::new(Queue::for_messages());
        let own_budget = Budget::new(core.settings.queued_max_bytes);
        let sink = Arc::new(QueueSink(queue.clone()));
        Arc::new(ConsumerPartition {
            partition: Partition::new(core, topic, id, sink, own_budget.clone()),
            queue,
            own_budget,
            forwarded_by_app: AtomicBool::new(false),
            assigned_at: AtomicPosition::default(),
        })
    }

    pub(super) fn key(&self) -> (Arc<str>, i32) {
        (self.partition.topic.name.clone(), self.partition.id)
    }
}
