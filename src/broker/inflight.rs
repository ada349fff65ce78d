//! Requests that were sent and wait for their response.
//!
//! A broker answers in the order of the requests, so the table is a queue: the
//! response's correlation id must be that of its front. Deadlines differ per
//! request; the earliest is kept.

use std::collections::VecDeque;
use std::time::Instant;

use kafka_protocol::messages::ApiKey;

/// Who is told of the response.
pub enum Origin<T> {
    /// The link itself: the handshake.
    Handshake,
    /// Whoever sent a [`Request`](super::Request).
    Caller(super::Reply),
    /// The link's user.
    User(T),
}

pub struct InFlight<T> {
    pub correlation_id: i32,
    pub api: ApiKey,
    pub version: i16,
    pub sent_at: Instant,
    pub deadline: Instant,
    pub origin: Origin<T>,
}

pub struct InFlightTable<T> {
    entries: VecDeque<InFlight<T>>,
    earliest: Option<Instant>,
}

impl<T> Default for InFlightTable<T> {
    fn default() -> Self {
        InFlightTable {
            entries: VecDeque::new(),
            earliest: None,
        }
    }
}

impl<T> InFlightTable<T> {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn push(&mut self, entry: InFlight<T>) {
        self.earliest = match self.earliest {
            Some(e) if !self.entries.is_empty() => Some(e.min(entry.deadline)),
            _ => Some(entry.deadline),
        };
        self.entries.push_back(entry);
    }

    /// The entry that a response with this correlation id belongs to; `Err` with
    /// the id that was due if the broker answered something else.
    pub fn answer(&mut self, correlation_id: i32) -> Result<InFlight<T>, Option<i32>> {
        match self.entries.front() {
            Some(front) if front.correlation_id == correlation_id => {}
            other => return Err(other.map(|e| e.correlation_id)),
        }
        let entry = self.entries.pop_front().ok_or(None)?;
        if self.earliest == Some(entry.deadline) {
            self.earliest = self.entries.iter().map(|e| e.deadline).min();
        }
        Ok(entry)
    }

    pub fn earliest_deadline(&self) -> Option<Instant> {
        self.earliest.filter(|_| !self.entries.is_empty())
    }

    /// How many entries are past their deadline.
    pub fn overdue(&self, now: Instant) -> usize {
        self.entries.iter().filter(|e| e.deadline <= now).count()
    }

    /// Everything, oldest first: the connection is gone.
    pub fn drain(&mut self) -> VecDeque<InFlight<T>> {
        self.earliest = None;
        std::mem::take(&mut self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn entry(id: i32, deadline: Instant) -> InFlight<()> {
        InFlight {
            correlation_id: id,
            api: ApiKey::Metadata,
            version: 0,
            sent_at: deadline,
            deadline,
            origin: Origin::User(()),
        }
    }

    #[test]
    fn answers_in_order_only() {
        let now = Instant::now();
        let mut t = InFlightTable::default();
        t.push(entry(1, now + Duration::from_secs(1)));
        t.push(entry(2, now));
        assert_eq!(t.earliest_deadline(), Some(now));
        assert_eq!(t.answer(2).err(), Some(Some(1)));
        assert!(t.answer(1).is_ok());
        assert!(t.answer(2).is_ok());
        assert_eq!(t.earliest_deadline(), None);
        assert_eq!(t.answer(3).err(), Some(None));
    }
}
