//! What follows from other properties, for those that were not set.

use super::finalize::ClientKind;
use super::rules::{IDEMPOTENT_MAX_IN_FLIGHT, is_oidc, lingers_too_long, whole_fetch};
use super::scoped::Scoped;
use super::table::{GlobalProps, TopicProps};
use super::words::*;

/// `RD_KAFKA_EVENT_BACKGROUND`, an event of the library's own.
const EVENT_BACKGROUND: i32 = 0x200;

/// Gives a field its value unless the property was set.
macro_rules! unless_set {
    ($scoped:ident: $($name:literal $field:ident = $value:expr;)*) => {$(
        if !$scoped.is_modified($name) {
            $scoped.$field = $value;
        }
    )*};
}

/// The client's own properties.
pub(super) fn client(kind: ClientKind, global: &mut Scoped<GlobalProps>) {
    software_name(global);
    if is_oidc(global) && global.oauthbearer_token_refresh_cb == 0 {
        // The library fetches tokens itself, on its background thread.
        global.enabled_events |= EVENT_BACKGROUND;
        global.enable_sasl_queue = true;
    }
    match kind {
        ClientKind::Producer => producer(global),
        ClientKind::Consumer => {
            let room = global.queued_max_messages_kbytes.saturating_mul(1024);
            unless_set! { global:
                "fetch.max.bytes" fetch_max_bytes =
                    global.fetch_max_bytes.min(room).max(global.message_max_bytes);
            }
            consumer(global);
        }
        ClientKind::ShareConsumer => {
            share_consumer(global);
            consumer(global);
        }
    }
    unless_set! { global:
        "topic.metadata.refresh.fast.interval.ms" topic_metadata_refresh_fast_interval_ms =
            global.retry_backoff_ms;
        "allow.auto.create.topics" allow_auto_create_topics = kind.is_producer();
    }
    let refresh = global.topic_metadata_refresh_interval_ms;
    if refresh > 0 {
        unless_set! { global: "metadata.max.age.ms" metadata_max_age_ms = refresh * 3; }
    }
    let servers = global.metadata_broker_list.as_deref().unwrap_or_default();
    if servers.to_ascii_lowercase().contains("azure") {
        // Azure drops connections that are idle for 4 minutes, without a word.
        unless_set! { global: "connections.max.idle.ms" connections_max_idle_ms = 230_000; }
    }
}

fn producer(global: &mut Scoped<GlobalProps>) {
    if global.transactional_id.is_some() {
        // At least one request has to fit in before the transaction times out.
        unless_set! { global:
            "enable.idempotence" enable_idempotence = true;
            "socket.timeout.ms" socket_timeout_ms = (global.transaction_timeout_ms - 100).max(900);
        }
    }
    if global.enable_idempotence {
        unless_set! { global:
            "retries" message_send_max_retries = i32::MAX;
            "max.in.flight" max_in_flight_requests_per_connection =
                global.max_in_flight_requests_per_connection.min(IDEMPOTENT_MAX_IN_FLIGHT);
            "queue.buffering.backpressure.threshold" queue_buffering_backpressure_threshold = 1;
        }
    }
    let two_lingers = (2.0 * global.queue_buffering_max_ms).min(900_000.0);
    unless_set! { global:
        "sticky.partitioning.linger.ms" sticky_partitioning_linger_ms = two_lingers as i32;
    }
}

fn consumer(global: &mut Scoped<GlobalProps>) {
    // Only producers are idempotent.
    global.enable_idempotence = false;
    unless_set! { global:
        "receive.message.max.bytes" receive_message_max_bytes =
            global.receive_message_max_bytes.max(whole_fetch(global));
    }
}

/// Share consumers are led by the broker; what is left to them is as in the Java client.
fn share_consumer(global: &mut Scoped<GlobalProps>) {
    unless_set! { global:
        "connections.max.idle.ms" connections_max_idle_ms = 540_000;
        "reconnect.backoff.ms" reconnect_backoff_ms = 50;
        "reconnect.backoff.max.ms" reconnect_backoff_max_ms = 1000;
        "receive.message.max.bytes" receive_message_max_bytes = i32::MAX;
        "enable.auto.commit" enable_auto_commit = false;
        "group.protocol" group_protocol = GroupProtocol::Consumer;
        "socket.max.fails" socket_max_fails = 1;
    }
}

/// The properties of a producer's topics.
pub(super) fn topic(
    kind: ClientKind,
    global: &Scoped<GlobalProps>,
    topic: &mut Scoped<TopicProps>,
) {
    if !(kind.is_producer() && global.enable_idempotence) {
        return;
    }
    unless_set! { topic:
        "acks" request_required_acks = -1;
        "queuing.strategy" queuing_strategy = QueuingStrategy::Fifo;
    }
    if global.transactional_id.is_some() {
        unless_set! { topic:
            "message.timeout.ms" message_timeout_ms = global.transaction_timeout_ms;
        }
    }
}

/// A linger makes way for a short timeout of the default topic configuration.
pub(super) fn linger(
    kind: ClientKind,
    global: &mut Scoped<GlobalProps>,
    topic: &Scoped<TopicProps>,
) {
    if kind.is_producer() && lingers_too_long(global, topic) {
        unless_set! { global:
            "linger.ms" queue_buffering_max_ms = f64::from(topic.message_timeout_ms) - 0.1;
        }
    }
}

/// What brokers accept as software name and version (KIP-511).
fn software_name(global: &mut Scoped<GlobalProps>) {
    fn safe(name: &str) -> String {
        let inner = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        // Byte by byte: a character of two bytes becomes two dashes.
        inner
            .bytes()
            .map(|byte| match byte {
                b'.' => '.',
                _ if byte.is_ascii_alphanumeric() => char::from(byte),
                _ => '-',
            })
            .collect()
    }
    let name = global.client_software_name.as_deref();
    let name = safe(name.unwrap_or("librdkafka"));
    let version = global.client_software_version.as_deref();
    let version = safe(version.unwrap_or(env!("CARGO_PKG_VERSION")));
    global.client_software_name = Some(name);
    global.client_software_version = Some(version);
}
