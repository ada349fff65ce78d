//! What became of single records, for tests.

use std::sync::Arc;

use super::{SharePartition, State};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nobody has it.
    Waits,
    Held(Arc<str>),
    Accepted,
    /// After so many deliveries.
    Archived(i16),
}

impl SharePartition {
    pub fn fate(&self, offset: i64) -> Fate {
        let kept = self.index(offset).and_then(|i| self.records.get(i));
        let Some(record) = kept.or_else(|| self.ended.get(&offset)) else {
            return Fate::Waits;
        };
        match &record.state {
            State::Available => Fate::Waits,
            State::Acquired { by, .. } => Fate::Held(by.clone()),
            State::Acknowledged => Fate::Accepted,
            State::Archived => Fate::Archived(record.delivered),
        }
    }
}
