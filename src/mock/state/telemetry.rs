//! What the cluster wants of clients' metrics (KIP-714), and what it was told.

use kafka_protocol::ResponseError as E;

use crate::protocol::compression::{self, Codec};

/// As long as it has not been set: Kafka's default.
const DEFAULT_INTERVAL_MS: i32 = 5 * 60 * 1000;
/// telemetry.max.bytes
pub const MAX_BYTES: i32 = 1 << 20;
/// What metrics may become, unpacked.
const MAX_UNPACKED: usize = 32 << 20;

#[derive(Debug, Default)]
pub struct Telemetry {
    /// Prefixes of names.
    metrics: Vec<String>,
    interval_ms: Option<i32>,
}

impl Telemetry {
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    pub fn set_metrics(&mut self, metrics: Vec<String>) {
        self.metrics = metrics;
    }

    pub fn set_interval_ms(&mut self, ms: i32) {
        self.interval_ms = (ms > 0).then_some(ms);
    }

    pub fn interval_ms(&self) -> i32 {
        self.interval_ms.unwrap_or(DEFAULT_INTERVAL_MS)
    }

    /// Another one as soon as clients are to do anything else.
    pub fn subscription_id(&self) -> i32 {
        let mut sum = flate2::Crc::new();
        for metric in &self.metrics {
            sum.update(metric.as_bytes());
            sum.update(b"\0");
        }
        sum.update(&self.interval_ms().to_be_bytes());
        sum.sum().cast_signed()
    }

    /// Takes a push, and says how many bytes of metrics are in it.
    pub fn push(&self, subscription: i32, codec: i8, metrics: &[u8]) -> Result<usize, E> {
        if subscription != self.subscription_id() {
            return Err(E::UnknownSubscriptionId);
        }
        let codec = u8::try_from(codec).ok().and_then(Codec::from_id);
        let codec = codec.ok_or(E::UnsupportedCompressionType)?;
        if metrics.len() > MAX_BYTES.unsigned_abs() as usize {
            return Err(E::TelemetryTooLarge);
        }
        compression::decompress(codec, metrics, MAX_UNPACKED)
            .map(|unpacked| unpacked.len())
            .map_err(|_| E::InvalidRecord)
    }
}
