//! What happens in a rebalance that the application leaves to the library.

use std::sync::Arc;

use crate::base::error::KafkaError;
use crate::base::log::Level;
use crate::client::types::RebalanceEvent;
use crate::client::{Client, Topic};
use crate::consumer::Position;

/// What is assigned is consumed, what is revoked no longer. `topic` makes the topics of the
/// application's.
pub fn carry_out(
    client: &Client,
    e: &RebalanceEvent,
    topic: impl Fn(&str) -> Result<Arc<Topic>, KafkaError>,
) {
    if client.kind().is_producer() {
        return;
    }
    let consumer = &client.shared.consumer;
    e.begin();
    let result = match (e.is_assign(), e.incremental) {
        (false, false) => consumer.assign(Vec::new()),
        (false, true) => {
            let gone: Vec<_> = e
                .partitions
                .iter()
                .map(|p| (p.topic.clone(), p.partition))
                .collect();
            consumer.incremental_unassign(&gone)
        }
        (true, incremental) => {
            let starts = e.partitions.iter().map(|p| {
                let topic = topic(&p.topic)?;
                Ok((consumer.partition(&topic, p.partition), Position::of(p)))
            });
            let starts: Result<Vec<_>, KafkaError> = starts.collect();
            starts.and_then(|list| match incremental {
                true => consumer.incremental_assign(list),
                false => consumer.assign(list),
            })
        }
    };
    if let Err(error) = result {
        client.shared.logger.log(
            Level::Err,
            "REBALANCE",
            format_args!("cannot carry out the rebalance: {error}"),
        );
        // The application's assignment stays what it is, and the group need not wait for more.
        consumer.answer_rebalance();
    }
}
