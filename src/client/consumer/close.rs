//! Closing a consumer while its last events are served.

use std::time::{Duration, Instant};

use crate::base::queue::Taken;
use crate::client::Client;
use crate::client::event::{Event, EventQueue};

/// How long a close waits for the application's answer to a rebalance.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// Leaves the group, serving what is to be done for that, and ends consuming. Bounded by
/// what the requests of leaving may take. If the application does not answer a rebalance
/// in time, everything is taken from it; librdkafka would wait for ever.
pub fn close(client: &Client, mut serve: impl FnMut(&EventQueue, Event)) {
    let consumer = &client.shared.consumer;
    if consumer.core.settings.has_group && !consumer.is_closed() {
        consumer.queue.forward(None);
        consumer.begin_close();
        let c = &client.shared.conf.global;
        let most = i64::from(c.session_timeout_ms) + 2 * i64::from(c.socket_timeout_ms);
        let bound = Instant::now() + Duration::from_millis(most.unsigned_abs());
        let mut answer = Instant::now() + ANSWER_PATIENCE;
        loop {
            // The end is told by a yield, which a thread that polls may take.
            let since = consumer.queue.yields();
            if consumer.group.is_closed() || Instant::now() >= bound {
                break;
            }
            // Messages are dropped as they are: to hand them out would store their
            // offsets, and messages that the application has not seen would be committed.
            if let Some(event) = take_event(&consumer.queue, since, bound.min(answer)) {
                serve(&consumer.queue, event);
            } else if Instant::now() >= answer {
                consumer.answer_for_application();
            } else {
                continue;
            }
            answer = Instant::now() + ANSWER_PATIENCE;
        }
        // What came before the end, the result of the last commit for one; a yield hides an
        // item at the most. Serving may add more, without end if an application commits in
        // the callback of its commits.
        for _ in 0..=consumer.queue.items() {
            let since = consumer.queue.yields();
            if let Some(event) = take_event(&consumer.queue, since, Instant::now()) {
                serve(&consumer.queue, event);
            }
        }
    }
    consumer.close();
}

/// The next event that is no message, and the end of all messages before it.
fn take_event(queue: &EventQueue, since: u64, deadline: Instant) -> Option<Event> {
    queue.take_since(
        Some(since),
        || Some(deadline),
        |event| match event {
            Event::Fetched(_) | Event::Taken => Taken::Stale,
            other => Taken::Last(std::mem::take(other)),
        },
    )
}
