//! What the statistics tell of a partition's state, in librdkafka's words.

use super::{Control, Goal, State, TIMESTAMP_BEGINNING, key};
use crate::consumer::{Partition, offset};
use std::sync::Arc;

/// The statistics' `fetch_state` and `query_offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub state: &'static str,
    /// The logical offset that is being looked up, -1001 if none is.
    pub query: i64,
}

impl Control {
    pub fn show(&self, partition: &Arc<Partition>) -> Shown {
        let shown = |state, query| Shown { state, query };
        let Some(entry) = self.entries.get(&key(partition)) else {
            // A version is given when it is first started.
            let state = if partition.version() == 0 {
                "none"
            } else {
                "stopped"
            };
            return shown(state, offset::INVALID);
        };
        match &entry.state {
            State::Pending {
                goal: Goal::Fetch(_) | Goal::GoOn { .. },
                ..
            } => shown("active", offset::INVALID),
            State::Pending { goal, .. } => shown("offset-query", query_of(goal)),
            State::Asking {
                goal: Goal::Validate(_),
                ..
            } => shown("validate-epoch-wait", offset::INVALID),
            State::Asking { goal, .. } => shown("offset-wait", query_of(goal)),
            State::Fetching { .. } => shown("active", offset::INVALID),
            State::Releasing { .. } => shown("stopping", offset::INVALID),
            State::Failed => shown("none", offset::INVALID),
        }
    }
}

fn query_of(goal: &Goal) -> i64 {
    match goal {
        Goal::Committed => offset::STORED,
        Goal::Offset { tail, .. } if *tail > 0 => offset::TAIL_BASE - tail,
        Goal::Offset { timestamp, .. } if *timestamp == TIMESTAMP_BEGINNING => offset::BEGINNING,
        Goal::Offset { .. } => offset::END,
        Goal::TailLimit { .. } => offset::BEGINNING,
        Goal::Validate(_) | Goal::GoOn { .. } | Goal::Fetch(_) => offset::INVALID,
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
        assert_eq!(query_of(&tail), -2005);
        let beginning = Goal::Offset {
            timestamp: TIMESTAMP_BEGINNING,
            tail: 0,
        };
        assert_eq!(query_of(&beginning), -2);
        assert_eq!(query_of(&Goal::Committed), -1000);
        assert_eq!(query_of(&Goal::Fetch(Position::new(3, -1))), -1001);
    }
}
