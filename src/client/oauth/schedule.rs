//! When a token is asked for: sans-IO, with both clocks as arguments.
//!
//! ```text
//!            due                    a token, or none
//! Waiting ─────────► Asked ──────────────────────────────► Waiting
//! ```
//!
//! A token is refreshed after 80 % of the life that it has left when it comes; after a failure
//! the next attempt is 10 seconds later. While a question is open there is no second one,
//! however long the answer takes: an application answers when it can.

use std::time::{Duration, Instant};

/// Of a token's remaining life, what passes before it is refreshed.
const USED_PERCENT: u64 = 80;

/// Between a failure and the next attempt.
const RETRY: Duration = Duration::from_secs(10);

#[derive(Debug)]
enum State {
    Asked,
    Waiting(Due),
}

/// A point in time on both clocks. A token's life is wall time, which goes on while the machine
/// is suspended; deadlines are of the clock that stands still meanwhile.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Instant,
    wall_ms: i64,
}

impl Due {
    fn after(now: Instant, wall_ms: i64, wait: Duration) -> Self {
        let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        Due {
            // A token that lives for centuries is not refreshed.
            at: now
                .checked_add(wait)
                .unwrap_or(now + Duration::from_secs(1 << 31)),
            wall_ms: wall_ms.saturating_add(millis),
        }
    }
}

/// Decides when the next token is asked for.
#[derive(Debug)]
pub struct Schedule {
    state: State,
}

impl Schedule {
    /// The first token is due at once.
    pub fn new(now: Instant, wall_ms: i64) -> Self {
        let due = Due { at: now, wall_ms };
        Schedule {
            state: State::Waiting(due),
        }
    }

    /// True: a token is to be asked for now.
    pub fn on_time(&mut self, now: Instant, wall_ms: i64) -> bool {
        match self.state {
            State::Waiting(due) if due.at <= now || due.wall_ms <= wall_ms => {
                self.state = State::Asked;
                true
            }
            _ => false,
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Asked => None,
            State::Waiting(due) => Some(due.at),
        }
    }

    /// A token has come, asked for or not.
    pub fn on_token(&mut self, now: Instant, wall_ms: i64, expires_ms: i64) {
        let life = u64::try_from(expires_ms.saturating_sub(wall_ms)).unwrap_or(0);
        let wait =
            Duration::from_millis(life / 100 * USED_PERCENT + life % 100 * USED_PERCENT / 100);
        self.state = State::Waiting(Due::after(now, wall_ms, wait));
    }

    /// No token could be had. The one before may have some life left.
    pub fn on_failure(&mut self, now: Instant, wall_ms: i64) {
        self.state = State::Waiting(Due::after(now, wall_ms, RETRY));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: i64 = 1_700_000_000_000;

    fn later(now: Instant, millis: u64) -> Instant {
        now + Duration::from_millis(millis)
    }

    #[test]
    fn the_first_token_is_asked_for_at_once_and_only_once() {
        let now = Instant::now();
        let mut s = Schedule::new(now, WALL);
        assert_eq!(s.next_deadline(), Some(now));
        assert!(s.on_time(now, WALL));
        assert!(!s.on_time(later(now, 3_600_000), WALL + 3_600_000));
        assert_eq!(s.next_deadline(), None);
    }

    #[test]
    fn a_token_is_refreshed_after_four_fifths_of_its_life() {
        let now = Instant::now();
        let mut s = Schedule::new(now, WALL);
        s.on_time(now, WALL);
        s.on_token(now, WALL, WALL + 1001);
        assert_eq!(s.next_deadline(), Some(later(now, 800)));
        assert!(!s.on_time(later(now, 799), WALL + 799));
        assert!(s.on_time(later(now, 800), WALL + 800));
    }

    #[test]
    fn a_failure_is_retried_after_ten_seconds() {
        let now = Instant::now();
        let mut s = Schedule::new(now, WALL);
        s.on_time(now, WALL);
        s.on_failure(now, WALL);
        assert!(!s.on_time(later(now, 9_999), WALL + 9_999));
        assert!(s.on_time(later(now, 10_000), WALL + 10_000));
    }

    #[test]
    fn a_machine_that_slept_refreshes_by_the_wall_clock() {
        let now = Instant::now();
        let mut s = Schedule::new(now, WALL);
        s.on_time(now, WALL);
        s.on_token(now, WALL, WALL + 100_000);
        assert!(s.on_time(later(now, 5), WALL + 90_000));
    }

    #[test]
    fn endless_tokens_and_those_from_the_past_are_no_trouble() {
        let now = Instant::now();
        let mut s = Schedule::new(now, WALL);
        s.on_token(now, WALL, i64::MAX);
        assert!(s.next_deadline() > Some(later(now, 1 << 32)));
        s.on_token(now, WALL, i64::MIN);
        assert!(s.on_time(now, WALL));
    }
}
