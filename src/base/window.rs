//! A window of samples for the statistics: extremes, sum, deviation, percentiles.
//!
//! Samples are counted in buckets, 64 to each power of two, so a percentile is
//! exact to 1.6 % whatever the number of samples, and adding one moves no memory
//! once the largest bucket was seen. Extremes, sum and count are exact.
//!
//! A window that is not enabled costs a look at a constant.

use crate::base::lock::Mutex;

/// Buckets to a power of two, as a power of two.
const PRECISION: u32 = 6;

#[derive(Debug, Default)]
pub struct Window {
    enabled: bool,
    samples: Mutex<Samples>,
}

/// What has gathered since the last [`Window::take`].
#[derive(Debug, Default)]
pub struct Samples {
    min: i64,
    max: i64,
    sum: i64,
    squares: f64,
    count: u64,
    buckets: Vec<u32>,
    /// Of the windows before, which other readers than the statistics add up.
    sum_before: i64,
    count_before: u64,
}

/// The statistics' fields.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub min: i64,
    pub max: i64,
    pub avg: i64,
    pub sum: i64,
    pub stddev: i64,
    pub p50: i64,
    pub p75: i64,
    pub p90: i64,
    pub p95: i64,
    pub p99: i64,
    pub p99_99: i64,
    pub count: u64,
    /// Bytes that the buckets take.
    pub memory: usize,
}

impl Window {
    pub fn new(enabled: bool) -> Self {
        Window {
            enabled,
            samples: Mutex::default(),
        }
    }

    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    pub fn add(&self, value: i64) {
        if self.enabled {
            self.samples.lock().add(value);
        }
    }

    /// Many samples for one lock.
    pub fn extend(&self, values: impl Iterator<Item = i64>) {
        if self.enabled {
            let mut samples = self.samples.lock();
            values.for_each(|v| samples.add(v));
        }
    }

    /// Begins a new window.
    pub fn take(&self) -> Summary {
        let mut place = self.samples.lock();
        let (sum_before, count_before) = place.ever();
        let fresh = Samples {
            sum_before,
            count_before,
            ..Samples::default()
        };
        let samples = std::mem::replace(&mut *place, fresh);
        drop(place);
        samples.summary()
    }

    /// Sum and count of all samples, whatever windows there were.
    pub fn ever(&self) -> (i64, u64) {
        self.samples.lock().ever()
    }
}

impl Samples {
    fn ever(&self) -> (i64, u64) {
        let sum = self.sum_before.saturating_add(self.sum);
        (sum, self.count_before + self.count)
    }

    fn add(&mut self, value: i64) {
        let value = value.max(0);
        if self.count == 0 {
            self.min = value;
            self.max = value;
        } else {
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
        self.squares += value as f64 * value as f64;
        let at = bucket(value);
        if at >= self.buckets.len() {
            self.buckets.resize(at + 1, 0);
        }
        if let Some(n) = self.buckets.get_mut(at) {
            *n = n.saturating_add(1);
        }
    }

    fn summary(&self) -> Summary {
        if self.count == 0 {
            return Summary::default();
        }
        let n = self.count as f64;
        let mean = self.sum as f64 / n;
        let variance = (self.squares / n - mean * mean).max(0.0);
        Summary {
            min: self.min,
            max: self.max,
            avg: mean as i64,
            sum: self.sum,
            stddev: variance.sqrt() as i64,
            p50: self.percentile(50.0),
            p75: self.percentile(75.0),
            p90: self.percentile(90.0),
            p95: self.percentile(95.0),
            p99: self.percentile(99.0),
            p99_99: self.percentile(99.99),
            count: self.count,
            memory: std::mem::size_of_val(self.buckets.as_slice()),
        }
    }

    /// The largest value that shares a bucket with the sample at this rank.
    fn percentile(&self, percent: f64) -> i64 {
        let rank = ((percent / 100.0 * self.count as f64).ceil() as u64).clamp(1, self.count);
        let mut seen = 0;
        for (at, n) in self.buckets.iter().enumerate() {
            seen += u64::from(*n);
            if seen >= rank {
                return highest(at).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

/// `value` is not negative.
fn bucket(value: i64) -> usize {
    let value = value.unsigned_abs();
    let bits = u64::BITS - value.leading_zeros();
    let shift = bits.saturating_sub(PRECISION + 1);
    // At most 63 * 64: fits.
    ((u64::from(shift) << PRECISION) + (value >> shift)) as usize
}

/// The largest value in a bucket.
fn highest(bucket: usize) -> i64 {
    let at = bucket as u64;
    let shift = (at >> PRECISION).saturating_sub(1);
    let base = at - (shift << PRECISION);
    let next = (u128::from(base) + 1) << shift;
    i64::try_from(next - 1).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn of_one_to_a_thousand() {
        let w = Window::new(true);
        w.extend(1..=1000);
        let s = w.take();
        assert_eq!(
            (s.min, s.max, s.avg, s.sum, s.count),
            (1, 1000, 500, 500_500, 1000)
        );
        assert_eq!(s.stddev, 288);
        for (got, exact) in [
            (s.p50, 500),
            (s.p75, 750),
            (s.p90, 900),
            (s.p99, 990),
            (s.p99_99, 1000),
        ] {
            assert!(
                (exact..=exact + exact / 64 + 1).contains(&got),
                "{got} for {exact}"
            );
        }
        assert_eq!(w.take(), Summary::default(), "taking begins a new window");
        w.add(5);
        assert_eq!(w.ever(), (500_505, 1001));
    }

    #[test]
    fn not_enabled() {
        let w = Window::default();
        w.add(3);
        assert_eq!(w.take(), Summary::default());
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_value(v in 0i64..) {
            let at = bucket(v);
            let high = highest(at);
            prop_assert!(high >= v && high - v <= v / 64, "{v} in {at}, up to {high}");
            prop_assert_eq!(bucket(high), at);
            prop_assert!(high == i64::MAX || bucket(high + 1) == at + 1);
        }
    }
}
