//! A broker's counters, written by its loop and read for the statistics.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use kafka_protocol::messages::ApiKey;

use crate::base::tally::{Gate, Tally};
use crate::base::window::Window;

/// The numbers in the statistics' `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum StateName {
    Init = 0,
    Down = 1,
    TryConnect = 2,
    Connect = 3,
    ApiVersionQuery = 4,
    Up = 5,
    SslHandshake = 6,
    AuthHandshake = 7,
    AuthReq = 8,
    AuthLegacy = 9,
    Reauth = 10,
}

impl StateName {
    pub fn text(self) -> &'static str {
        match self {
            StateName::Init => "INIT",
            StateName::Down => "DOWN",
            StateName::TryConnect => "TRY_CONNECT",
            StateName::Connect => "CONNECT",
            StateName::ApiVersionQuery => "APIVERSION_QUERY",
            StateName::Up => "UP",
            StateName::SslHandshake => "SSL_HANDSHAKE",
            StateName::AuthHandshake => "AUTH_HANDSHAKE",
            StateName::AuthReq => "AUTH_REQ",
            StateName::AuthLegacy => "AUTH_LEGACY",
            StateName::Reauth => "REAUTH",
        }
    }

    pub fn from_code(code: i32) -> Self {
        [
            StateName::Init,
            StateName::Down,
            StateName::TryConnect,
            StateName::Connect,
            StateName::ApiVersionQuery,
            StateName::Up,
            StateName::SslHandshake,
            StateName::AuthHandshake,
            StateName::AuthReq,
            StateName::AuthLegacy,
            StateName::Reauth,
        ]
        .into_iter()
        .find(|s| *s as i32 == code)
        .unwrap_or(StateName::Init)
    }
}

/// What telemetry asks of a broker, in microseconds but for `throttle`.
#[derive(Debug, Default)]
pub struct Tallies {
    /// From a request to its response, whatever it is.
    pub rtt: Tally,
    pub produce: Tally,
    pub fetch: Tally,
    pub commit: Tally,
    /// From the opening of a batch to its request.
    pub queued: Tally,
    /// Milliseconds, of the responses that say that there is a pause.
    pub throttle: Tally,
}

impl Tallies {
    fn new(gate: &Gate) -> Self {
        Tallies {
            rtt: Tally::new(gate),
            produce: Tally::new(gate),
            fetch: Tally::new(gate),
            commit: Tally::new(gate),
            queued: Tally::new(gate),
            throttle: Tally::new(gate),
        }
    }

    pub fn answered(&self, api: ApiKey, rtt_us: i64) {
        self.rtt.add(rtt_us);
        match api {
            ApiKey::Produce => self.produce.add(rtt_us),
            ApiKey::Fetch | ApiKey::ShareFetch => self.fetch.add(rtt_us),
            ApiKey::OffsetCommit => self.commit.add(rtt_us),
            _ => {}
        }
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
    /// Gauge: messages in the produce requests in flight.
    pub in_flight_messages: AtomicUsize,
    pub state_since_us: AtomicI64,
    pub last_tx_us: AtomicI64,
    pub last_rx_us: AtomicI64,
    /// Microseconds from a request to its response.
    pub rtt: Window,
    /// Milliseconds, as the broker says.
    pub throttle: Window,
    /// Microseconds from produce to the request.
    pub int_latency: Window,
    /// Microseconds from a request to its last byte in the socket.
    pub outbuf_latency: Window,
    pub tallies: Tallies,
    pub state: AtomicI32,
    /// Requests sent, by API key.
    pub requests: [AtomicU64; 96],
}

impl Default for BrokerStats {
    fn default() -> Self {
        BrokerStats::new(false, &Gate::default())
    }
}

impl BrokerStats {
    /// `windows`: whether the latencies are gathered as well. `gate`: whether tallies are.
    pub fn new(windows: bool, gate: &Gate) -> Self {
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
            in_flight_messages: AtomicUsize::new(0),
            state_since_us: AtomicI64::new(0),
            last_tx_us: AtomicI64::new(0),
            last_rx_us: AtomicI64::new(0),
            rtt: Window::new(windows),
            throttle: Window::new(windows),
            int_latency: Window::new(windows),
            outbuf_latency: Window::new(windows),
            tallies: Tallies::new(gate),
            state: AtomicI32::new(0),
            requests: [const { AtomicU64::new(0) }; 96],
        }
    }

    pub fn bump(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub fn sent(&self, api: ApiKey, now_us: i64) {
        Self::bump(&self.tx);
        self.last_tx_us.store(now_us, Ordering::Relaxed);
        if let Some(c) = self.requests.get(api as usize) {
            Self::bump(c);
        }
    }
}
