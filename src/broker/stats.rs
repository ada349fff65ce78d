//! A broker's counters, written by its loop and read for the statistics.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use kafka_protocol::messages::ApiKey;
use parking_lot::Mutex;

/// A window of samples in microseconds, emptied when it is read.
#[derive(Debug, Default)]
pub struct Window(Mutex<Samples>);

#[derive(Debug, Default, Clone)]
pub struct Samples {
    pub values: Vec<i64>,
    pub sum: i64,
    /// More samples may have come than are kept.
    pub count: u64,
}

/// Enough for the percentiles of one statistics interval.
const KEPT: usize = 2048;

impl Window {
    pub fn add(&self, micros: i64) {
        let mut s = self.0.lock();
        s.sum += micros;
        s.count += 1;
        if s.values.len() < KEPT {
            s.values.push(micros);
        } else {
            // Reservoir sampling: every sample is equally likely to be kept.
            let at = usize::try_from(fastrand::u64(0..s.count)).unwrap_or(KEPT);
            if let Some(slot) = s.values.get_mut(at) {
                *slot = micros;
            }
        }
    }

    pub fn take(&self) -> Samples {
        std::mem::take(&mut self.0.lock())
    }
}

/// Monotonic counters, but for those called gauges.
#[derive(Debug)]
pub struct BrokerStats {
    pub tx: AtomicU64,
    pub tx_bytes: AtomicU64,
    pub tx_errors: AtomicU64,
    pub tx_retries: AtomicU64,
    pub request_timeouts: AtomicU64,
    pub rx: AtomicU64,
    pub rx_bytes: AtomicU64,
    pub rx_errors: AtomicU64,
    pub rx_correlation_errors: AtomicU64,
    pub rx_partial: AtomicU64,
    pub wakeups: AtomicU64,
    pub connects: AtomicU64,
    pub disconnects: AtomicU64,
    /// Gauge: requests waiting for the connection.
    pub waiting: AtomicUsize,
    /// Gauge.
    pub in_flight: AtomicUsize,
    pub state_since_us: AtomicI64,
    pub last_tx_us: AtomicI64,
    pub last_rx_us: AtomicI64,
    pub rtt: Window,
    pub throttle: Window,
    pub int_latency: Window,
    pub outbuf_latency: Window,
    pub state: AtomicI32,
    /// Requests sent, by API key.
    pub requests: [AtomicU64; 96],
}

impl Default for BrokerStats {
    fn default() -> Self {
        BrokerStats {
            tx: AtomicU64::new(0),
            tx_bytes: AtomicU64::new(0),
            tx_errors: AtomicU64::new(0),
            tx_retries: AtomicU64::new(0),
            request_timeouts: AtomicU64::new(0),
            rx: AtomicU64::new(0),
            rx_bytes: AtomicU64::new(0),
            rx_errors: AtomicU64::new(0),
            rx_correlation_errors: AtomicU64::new(0),
            rx_partial: AtomicU64::new(0),
            wakeups: AtomicU64::new(0),
            connects: AtomicU64::new(0),
            disconnects: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            state_since_us: AtomicI64::new(0),
            last_tx_us: AtomicI64::new(0),
            last_rx_us: AtomicI64::new(0),
            rtt: Window::default(),
            throttle: Window::default(),
            int_latency: Window::default(),
            outbuf_latency: Window::default(),
            state: AtomicI32::new(0),
            requests: [const { AtomicU64::new(0) }; 96],
        }
    }
}

impl BrokerStats {
    pub fn bump(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub fn sent(&self, api: ApiKey, bytes: usize, now_us: i64) {
        Self::bump(&self.tx);
        self.tx_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.last_tx_us.store(now_us, Ordering::Relaxed);
        if let Some(c) = self.requests.get(api as usize) {
            Self::bump(c);
        }
    }
}
