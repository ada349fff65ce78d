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
    /// Nobody any more: it has been told that it took too long.
    Expired,
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
            Some(e) => Some(e.min(entry.deadline)),
            None => Some(entry.deadline),
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
            self.find_earliest();
        }
        Ok(entry)
    }

    fn waiting(&self) -> impl Iterator<Item = &InFlight<T>> {
        self.entries
            .iter()
            .filter(|e| !matches!(e.origin, Origin::Expired))
    }

    fn find_earliest(&mut self) {
        self.earliest = self.waiting().map(|e| e.deadline).min();
    }

    pub fn earliest_deadline(&self) -> Option<Instant> {
        self.earliest.filter(|_| !self.entries.is_empty())
    }

    /// How many entries are past their deadline.
    pub fn overdue(&self, now: Instant) -> usize {
        self.waiting().filter(|e| e.deadline <= now).count()
    }

    /// Who waits for the entries that are past their deadline, oldest first. Their
    /// answers, should they still come, are nobody's.
    pub fn expire(&mut self, now: Instant) -> Vec<Origin<T>> {
        let late = self
            .entries
            .iter_mut()
            .filter(|e| e.deadline <= now && !matches!(e.origin, Origin::Expired))
            .map(|e| std::mem::replace(&mut e.origin, Origin::Expired))
            .collect();
        self.find_earliest();
        late
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

    #[test]
    fn an_expired_entry_keeps_its_place_and_is_waited_for_no_longer() {
        let now = Instant::now();
        let mut table = InFlightTable::default();
        table.push(entry(1, now));
        table.push(entry(2, now + Duration::from_secs(9)));
        table.push(entry(3, now));
        assert_eq!(table.overdue(now), 2);
        assert_eq!(table.expire(now).len(), 2);
        assert_eq!(table.overdue(now), 0);
        assert!(table.expire(now).is_empty(), "told once");
        assert_eq!(
            table.earliest_deadline(),
            Some(now + Duration::from_secs(9))
        );
        assert!(matches!(table.answer(1).unwrap().origin, Origin::Expired));
        assert!(matches!(table.answer(2).unwrap().origin, Origin::User(())));
        assert_eq!(table.earliest_deadline(), None);
        assert!(matches!(table.answer(3).unwrap().origin, Origin::Expired));
    }
}
