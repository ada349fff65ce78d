//! The items of an application queue.

use std::sync::Arc;

use super::oauth::ConfigText;
use super::types::{AckReport, CommitEvent, ConsumerError, ErrorEvent, RebalanceEvent};
use crate::admin;
use crate::base::log::Line;
use crate::base::queue::{Queue, Weight};
use crate::consumer::Fetched;
use crate::consumer::share::fetched::ShareFetched;
use crate::producer::Delivery;

pub type EventQueue = Arc<Queue<Event>>;

/// One item of an application queue.
#[derive(Default)]
pub enum Event {
    /// Left behind where an item was taken out.
    #[default]
    Taken,
    /// Delivery reports of one batch.
    Deliveries(Box<Deliveries>),
    Error(ErrorEvent),
    Log(Line),
    Throttle {
        broker: String,
        broker_id: i32,
        millis: i32,
    },
    Stats(String),
    /// Messages of a partition, its end or an error.
    Fetched(Fetched),
    /// Records that a share consumer has acquired.
    ShareFetched(Box<ShareFetched>),
    /// The result of a share consumer's acknowledgements.
    Acknowledged(Box<AckReport>),
    OffsetCommit(Box<CommitEvent>),
    Rebalance(Box<RebalanceEvent>),
    /// An error that a poll of the consumer returns.
    ConsumerError(Box<ConsumerError>),
    /// A token for SASL/OAUTHBEARER is to be set; with `sasl.oauthbearer.config`.
    TokenRefresh(Option<ConfigText>),
    /// An admin request has ended.
    Admin(Box<admin::Outcome>),
}

/// A batch's results and how far they have been reported.
pub struct Deliveries {
    pub delivery: Delivery,
    pub next: usize,
}

impl Event {
    /// Not an event for C: it has a callback only, if anything.
    pub fn is_for_callback_only(&self) -> bool {
        matches!(
            self,
            Event::Throttle { .. } | Event::Acknowledged(_) | Event::Taken
        )
    }
}

impl Weight for Event {
    fn weight(&self) -> usize {
        match self {
            Event::Taken => 0,
            Event::Deliveries(d) => d.delivery.batch.len().saturating_sub(d.next),
            Event::Fetched(f) => f.weight(),
            _ => 1,
        }
    }

    fn is_urgent(&self) -> bool {
        matches!(
            self,
            Event::OffsetCommit(_) | Event::Stats(_) | Event::Throttle { .. }
        )
    }
}
