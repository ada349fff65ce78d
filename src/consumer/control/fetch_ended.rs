//! Where a partition goes on whose fetch has ended.

use std::time::Instant;

use super::{Action, Control, Goal, Key, State, key};
use crate::base::error::ErrorCode;
use crate::consumer::{FetchEnded, Reason};

/// A fetch as control had begun it.
struct Begun {
    /// The leader's.
    epoch: i32,
    from_replica: bool,
    /// The topic was created anew meanwhile.
    recreated: bool,
}

impl Control {
    /// A loop has stopped fetching the partition.
    pub fn on_fetch_ended(&mut self, now: Instant, ended: FetchEnded) {
        let key = key(&ended.partition);
        let Some(fetch) = self.end_fetch(key, ended.fetch_id) else {
            return;
        };
        let at = ended.position;
        if fetch.recreated {
            return self.begin_again(now, key, at);
        }
        let go_on = Goal::GoOn {
            at,
            under: fetch.epoch,
        };
        if fetch.from_replica && self.leave_replica(key, &ended.reason) {
            return self.pursue(now, key, go_on, None);
        }
        let topic = &ended.partition.topic.name;
        match ended.reason {
            Reason::Stopped | Reason::Ended => {
                if let Some(entry) = self.entries.get_mut(&key) {
                    entry.attempts = 0;
                }
                self.pursue(now, key, go_on, None);
            }
            Reason::Preferred(id) => {
                let until = now + self.shared.settings.metadata_max_age;
                if let Some(entry) = self.entries.get_mut(&key) {
                    entry.preferred = Some((id, until));
                }
                self.debug(
                    &ended.partition,
                    "FETCH",
                    format_args!("fetching from replica {id} from now on"),
                );
                self.pursue(now, key, go_on, None);
            }
            Reason::OutOfRange => {
                self.pause_fetching(now, key, ended.broker);
                let reason = "the broker has no such offset";
                let err = ErrorCode::OFFSET_OUT_OF_RANGE;
                self.reset(now, key, at, err, reason, ended.broker, None);
            }
            Reason::Refused(why) | Reason::Moved(why, _) => {
                let topic = topic.clone();
                self.actions.push(match ended.reason {
                    Reason::Moved(_, leader) => Action::LeaderChanged { topic, why, leader },
                    _ => Action::RefreshMetadata { topic, why },
                });
                self.pause_fetching(now, key, ended.broker);
                let pause = self.shared.settings.error_backoff;
                self.pursue(now, key, go_on, Some(pause));
            }
            Reason::NoBroker => {
                self.actions.push(Action::RefreshMetadata {
                    topic: topic.clone(),
                    why: ErrorCode::BROKER_NOT_AVAILABLE,
                });
                self.retry(now, key, go_on);
            }
        }
    }

    /// `None` if it is an earlier fetch that ended.
    fn end_fetch(&mut self, key: Key, ended: u64) -> Option<Begun> {
        let entry = self.entries.get_mut(&key)?;
        let begun = match entry.state {
            State::Fetching {
                fetch_id,
                epoch,
                replica_until,
                ..
            } if fetch_id == ended => Begun {
                epoch,
                from_replica: replica_until.is_some(),
                recreated: false,
            },
            State::Releasing {
                fetch_id,
                epoch,
                recreated,
            } if fetch_id == ended => Begun {
                epoch,
                from_replica: false,
                recreated,
            },
            _ => return None,
        };
        entry.state = State::Failed;
        Some(begun)
    }

    /// Whether the leader is asked instead of the replica: a follower's word is not final.
    fn leave_replica(&mut self, key: Key, why: &Reason) -> bool {
        if matches!(why, Reason::Preferred(_)) {
            return false;
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.preferred = None;
        }
        matches!(
            why,
            Reason::OutOfRange | Reason::Refused(_) | Reason::Moved(..)
        )
    }

    /// `fetch.error.backoff.ms`: the next Fetch from this broker comes no earlier. What
    /// else there is to do for the partition is done meanwhile, and another leader is
    /// asked at once, as by librdkafka.
    fn pause_fetching(&mut self, now: Instant, key: Key, broker: i32) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.fetch_after = Some((broker, now + self.shared.settings.error_backoff));
        }
    }
}
