//! Averages and maxima between two readings, for telemetry.
//!
//! Nothing is counted before a [`Gate`] is open: a client whose cluster wants no metrics
//! pays a look at a flag. The windows of the statistics (`window.rs`) are apart, since each
//! is read at times of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::lock::Mutex;

/// Whether samples are wanted; shared by all tallies of a client.
#[derive(Debug, Default, Clone)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    pub fn set_open(&self, open: bool) {
        self.0.store(open, Ordering::Relaxed);
    }

    #[inline]
    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub struct Tally {
    gate: Gate,
    sample: Mutex<Sample>,
}

impl Tally {
    pub fn new(gate: &Gate) -> Self {
        Tally {
            gate: gate.clone(),
            sample: Mutex::default(),
        }
    }

    #[inline]
    pub fn is_open(&self) -> bool {
        self.gate.is_open()
    }

    #[inline]
    pub fn add(&self, value: i64) {
        if self.is_open() {
            self.sample.lock().add(value);
        }
    }

    /// What has come since it was taken last.
    pub fn take(&self) -> Sample {
        std::mem::take(&mut *self.sample.lock())
    }
}

/// Values that are not negative.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    pub sum: i64,
    pub max: i64,
    pub count: u64,
}

impl Sample {
    pub fn add(&mut self, value: i64) {
        let value = value.max(0);
        self.sum = self.sum.saturating_add(value);
        self.max = self.max.max(value);
        self.count += 1;
    }

    /// Of two places that count the same.
    pub fn merge(&mut self, other: Sample) {
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
        self.count += other.count;
    }

    /// 0 without a value.
    pub fn mean(&self) -> f64 {
        match self.count {
            0 => 0.0,
            n => self.sum as f64 / n as f64,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn counts_while_the_gate_is_open() {
        let gate = Gate::default();
        let tally = Tally::new(&gate);
        tally.add(5);
        assert_eq!(tally.take(), Sample::default());
        gate.set_open(true);
        tally.add(2);
        tally.add(5);
        tally.add(-1);
        let sample = tally.take();
        assert_eq!((sample.sum, sample.max, sample.count), (7, 5, 3));
        assert_eq!(tally.take(), Sample::default(), "taking begins anew");
    }

    #[test]
    fn samples_of_several_places() {
        let mut all = Sample::default();
        assert!(all.mean().abs() < f64::EPSILON);
        for values in [[1, 2], [10, 3]] {
            let mut one = Sample::default();
            values.into_iter().for_each(|v| one.add(v));
            all.merge(one);
        }
        assert_eq!((all.sum, all.max, all.count), (16, 10, 4));
        assert!((all.mean() - 4.0).abs() < f64::EPSILON);
    }
}
