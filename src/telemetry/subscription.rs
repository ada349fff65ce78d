//! What the cluster wants to be told, from its answer to GetTelemetrySubscriptions.

use std::time::Duration;

use kafka_protocol::messages::GetTelemetrySubscriptionsResponse;
use uuid::Uuid;

use super::metrics::{Known, PREFIX};
use crate::protocol::compression::Codec;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Given to this client by the first broker that it asked.
    pub client_instance_id: Uuid,
    pub id: i32,
    pub codec: Codec,
    pub max_bytes: usize,
    /// Sums are what was added since the last push.
    pub delta: bool,
    /// May be empty: what the cluster wants, this client does not have. It pushes all the
    /// same, nothing, so that the cluster knows.
    pub metrics: Vec<&'static Known>,
}

/// Asks for everything; the empty prefix does, too.
const ALL: &str = "*";

/// Where the broker says nothing that can be used: what KIP-714 has as the default.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(300);
/// What Kafka allows at least.
const LEAST_INTERVAL: Duration = Duration::from_millis(100);

impl Subscription {
    /// None: nothing is wanted. Codecs in `refused` are not chosen.
    pub fn of(
        response: &GetTelemetrySubscriptionsResponse,
        all: &'static [Known],
        refused: &[Codec],
    ) -> Option<Self> {
        if response.requested_metrics.is_empty() {
            return None;
        }
        let wanted: Vec<&str> = response
            .requested_metrics
            .iter()
            .map(|s| s.as_str())
            .collect();
        let codec = response
            .accepted_compression_types
            .iter()
            .filter_map(|id| Codec::from_id(u8::try_from(*id).ok()?))
            .find(|codec| !refused.contains(codec));
        Some(Subscription {
            client_instance_id: response.client_instance_id,
            id: response.subscription_id,
            codec: codec.unwrap_or_default(),
            max_bytes: usize::try_from(response.telemetry_max_bytes).unwrap_or(0),
            delta: response.delta_temporality,
            metrics: all.iter().filter(|m| is_wanted(m, &wanted)).collect(),
        })
    }
}

/// Prefixes may overlap: a metric is wanted once.
fn is_wanted(metric: &Known, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| {
        let rest = match prefix.strip_prefix(PREFIX) {
            Some(rest) => rest,
            None => return *prefix == ALL || PREFIX.starts_with(prefix),
        };
        metric.name.starts_with(rest)
    })
}

/// How long until the next push, or question.
pub fn interval(response: &GetTelemetrySubscriptionsResponse) -> Duration {
    match u64::try_from(response.push_interval_ms) {
        Ok(ms @ 1..) => Duration::from_millis(ms).max(LEAST_INTERVAL),
        _ => DEFAULT_INTERVAL,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use kafka_protocol::protocol::StrBytes;

    use super::*;
    use crate::base::conf::ClientKind;
    use crate::telemetry::metrics;

    fn response(wanted: &[&str]) -> GetTelemetrySubscriptionsResponse {
        GetTelemetrySubscriptionsResponse::default().with_requested_metrics(
            wanted
                .iter()
                .map(|s| StrBytes::from_string(s.to_string()))
                .collect(),
        )
    }

    fn names(wanted: &[&str]) -> Vec<&'static str> {
        let all = metrics::of(ClientKind::Producer);
        Subscription::of(&response(wanted), all, &[])
            .expect("a subscription")
            .metrics
            .iter()
            .map(|m| m.name)
            .collect()
    }

    #[test]
    fn prefixes() {
        let count = |wanted: &[&str]| names(wanted).len();
        assert_eq!(count(&["*"]), 10);
        assert_eq!(count(&[""]), 10);
        assert_eq!(
            count(&["org.apache.kafka.", "org.apache", "org"]),
            10,
            "once each"
        );
        assert_eq!(count(&["org.apache.kafka.producer"]), 10);
        assert_eq!(count(&["org.apache.kafka.consumer"]), 0);
        assert_eq!(count(&["producer.connection"]), 0, "the whole name counts");
        assert_eq!(
            count(&["org.apache.kafka.producer.connection.creation.totals"]),
            0
        );
        assert_eq!(
            names(&[
                "nothing.of.ours",
                "org.apache.kafka.producer.connection.creation.total",
                "org.apache.kafka.producer.connection.creation.",
            ]),
            [
                "producer.connection.creation.rate",
                "producer.connection.creation.total"
            ]
        );
        let all = metrics::of(ClientKind::Producer);
        assert_eq!(Subscription::of(&response(&[]), all, &[]), None);
    }

    #[test]
    fn the_first_codec_that_is_known_and_not_refused() {
        let codec = |accepted: &[i8], refused: &[Codec]| {
            let response = response(&["*"]).with_accepted_compression_types(accepted.to_vec());
            let all = metrics::of(ClientKind::Producer);
            Subscription::of(&response, all, refused).map(|s| s.codec)
        };
        assert_eq!(codec(&[], &[]), Some(Codec::None));
        assert_eq!(codec(&[0, 4], &[]), Some(Codec::None));
        assert_eq!(codec(&[4, 3, 1, 2], &[]), Some(Codec::Zstd));
        assert_eq!(codec(&[-1, 9, 3], &[]), Some(Codec::Lz4));
        assert_eq!(codec(&[4, 3], &[Codec::Zstd]), Some(Codec::Lz4));
        assert_eq!(codec(&[4], &[Codec::Zstd]), Some(Codec::None));
    }

    #[test]
    fn intervals() {
        let of = |ms| interval(&response(&[]).with_push_interval_ms(ms));
        assert_eq!(of(5000), Duration::from_secs(5));
        assert_eq!(of(1), LEAST_INTERVAL);
        assert_eq!(of(0), DEFAULT_INTERVAL);
        assert_eq!(of(-5), DEFAULT_INTERVAL);
    }
}
