//! A partition's `fetch_state` in the statistics, in librdkafka's words.

use super::{Control, Goal, State, TIMESTAMP_BEGINNING, key};
use crate::consumer::{Partition, offset};
use std::sync::Arc;

impl Control {
    pub fn fetch_state(&self, partition: &Arc<Partition>) -> &'static str {
        let Some(entry) = self.entries.get(&key(partition)) else {
            // A version is given when it is first started.
            return match partition.version() {
                0 => "none",
                _ => "stopped",
            };
        };
        match &entry.state {
            State::Pending {
                goal: Goal::Fetch(_) | Goal::GoOn { .. },
                ..
            } => "active",
            State::Pending { .. } => "offset-query",
            State::Asking {
                goal: Goal::Validate(_),
                ..
            } => "validate-epoch-wait",
            State::Asking { .. } => "offset-wait",
            State::Fetching { .. } => "active",
            State::Releasing { .. } => "stopping",
            State::Failed => "none",
        }
    }
}

/// The logical offset that a goal looks up.
pub(super) fn query_of(goal: &Goal) -> Option<i64> {
    match goal {
        Goal::Committed => Some(offset::STORED),
        Goal::Offset { tail, .. } if *tail > 0 => Some(offset::TAIL_BASE - tail),
        Goal::Offset { timestamp, .. } if *timestamp == TIMESTAMP_BEGINNING => {
            Some(offset::BEGINNING)
        }
        Goal::Offset { .. } => Some(offset::END),
        // Part of the look-up of a tail.
        Goal::TailLimit { .. } => None,
        Goal::Validate(_) | Goal::GoOn { .. } | Goal::Fetch(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::Position;

    #[test]
    fn logical_offsets_are_shown_as_given() {
        let tail = Goal::Offset {
            timestamp: super::super::TIMESTAMP_END,
            tail: 5,
        };
        assert_eq!(query_of(&tail), Some(-2005));
        let beginning = Goal::Offset {
            timestamp: TIMESTAMP_BEGINNING,
            tail: 0,
        };
        assert_eq!(query_of(&beginning), Some(-2));
        assert_eq!(query_of(&Goal::Committed), Some(-1000));
        assert_eq!(query_of(&Goal::Fetch(Position::new(3, -1))), None);
    }
}
