//! The wall clock in Kafka's units, and deadlines from C timeouts.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
pub fn wall_ms() -> i64 {
    i64::try_from(since_epoch().as_millis()).unwrap_or(i64::MAX)
}

/// Microseconds since the epoch.
pub fn wall_us() -> i64 {
    i64::try_from(since_epoch().as_micros()).unwrap_or(i64::MAX)
}

/// Microseconds on the system's clock that only goes forward, from wherever it began.
pub fn monotonic_us() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.saturating_mul(1_000_000) + now.tv_nsec / 1000
}

/// Milliseconds on the same clock as of the kernel's last tick, which costs a fraction of reading it: up to
/// [`tick_length_ms`] behind.
pub fn tick_ms() -> u64 {
    millis(rustix::time::clock_gettime(
        rustix::time::ClockId::MonotonicCoarse,
    ))
}

/// The time between two ticks, rounded up.
pub fn tick_length_ms() -> u64 {
    millis(rustix::time::clock_getres(
        rustix::time::ClockId::MonotonicCoarse,
    )) + 1
}

fn millis(time: rustix::time::Timespec) -> u64 {
    let (seconds, rest) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
    seconds.unwrap_or(0).saturating_mul(1000) + rest.unwrap_or(0) / 1_000_000
}

fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// When a C timeout in milliseconds is over: negative means never.
pub fn deadline(timeout_ms: i32) -> Option<Instant> {
    u64::try_from(timeout_ms)
        .ok()
        .map(|ms| Instant::now() + Duration::from_millis(ms))
}

/// A property's milliseconds.
pub fn ms(n: i32) -> Duration {
    Duration::from_millis(u64::try_from(n).unwrap_or(0))
}
