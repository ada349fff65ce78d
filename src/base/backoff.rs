//! Exponential backoff with jitter.

use std::time::Duration;

/// The delay before attempt `n` (counted from 0): `base · 2ⁿ`, 20 % more or less,
/// and never above `max`.
pub fn delay(attempt: u32, base: Duration, max: Duration) -> Duration {
    delay_of(attempt, base, max, fastrand::u32(..))
}

/// As [`delay`], with the randomness as an argument.
pub fn delay_of(attempt: u32, base: Duration, max: Duration, random: u32) -> Duration {
    let grown = base.saturating_mul(1u32.checked_shl(attempt.min(20)).unwrap_or(u32::MAX));
    let jitter = f64::from(800 + random % 401) / 1000.0;
    grown.min(max.saturating_mul(2)).mul_f64(jitter).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_stays_in_bounds() {
        let (base, max) = (Duration::from_millis(100), Duration::from_secs(1));
        for n in 0..64 {
            let d = delay(n, base, max);
            assert!(d <= max);
            assert!(d >= Duration::from_millis(80));
        }
        assert!(delay(3, base, max) >= Duration::from_millis(640));
        // A base beyond the maximum makes every pause the maximum.
        for n in 0..64 {
            assert_eq!(delay(n, Duration::from_secs(300), max), max);
        }
    }
}
