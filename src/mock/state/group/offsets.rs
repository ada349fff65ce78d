//! A group's committed offsets, plain and transactional.

use super::Group;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub offset: i64,
    pub leader_epoch: i32,
    pub metadata: String,
}

/// A commit, and which of the group's it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    committed: Committed,
    order: u64,
}

/// Who commits, as far as the request says.
#[derive(Clone, Copy, Debug)]
pub struct Committer<'a> {
    pub member_id: &'a str,
    pub instance_id: Option<&'a str>,
    /// Or the member's epoch.
    pub generation: i32,
    pub transactional: bool,
    /// Of the request.
    pub version: i16,
}

impl Group {
    pub fn commit(&mut self, topic: &str, partition: i32, committed: Committed) {
        let written = self.written(committed);
        self.offsets.insert((topic.to_owned(), partition), written);
    }

    fn written(&mut self, committed: Committed) -> Written {
        self.commits += 1;
        Written {
            committed,
            order: self.commits,
        }
    }

    pub fn commit_in_txn(
        &mut self,
        producer_id: i64,
        topic: &str,
        partition: i32,
        committed: Committed,
    ) {
        let written = self.written(committed);
        self.txn_offsets
            .entry(producer_id)
            .or_default()
            .insert((topic.to_owned(), partition), written);
    }

    /// A producer's transaction has ended: its offsets count, or never were. An offset that
    /// was committed after this one, by whomever, stays.
    pub fn settle_txn_offsets(&mut self, producer_id: i64, commit: bool) {
        let pending = self.txn_offsets.remove(&producer_id).unwrap_or_default();
        if !commit {
            return;
        }
        for (at, written) in pending {
            let newer = self.offsets.get(&at).filter(|o| o.order > written.order);
            if newer.is_none() {
                self.offsets.insert(at, written);
            }
        }
    }

    pub fn committed(&self, topic: &str, partition: i32) -> Option<&Committed> {
        let written = self.offsets.get(&(topic.to_owned(), partition))?;
        Some(&written.committed)
    }

    /// The partitions with an offset.
    pub fn all_committed(&self) -> impl Iterator<Item = &(String, i32)> + '_ {
        self.offsets.keys()
    }

    /// Whether an open transaction is about to move this offset.
    pub fn is_unstable(&self, topic: &str, partition: i32) -> bool {
        let key = (topic.to_owned(), partition);
        self.txn_offsets.values().any(|p| p.contains_key(&key))
    }

    pub fn delete_offset(&mut self, topic: &str, partition: i32) {
        self.offsets.remove(&(topic.to_owned(), partition));
    }

    /// A topic is deleted. False if that leaves nothing of the group.
    pub fn forget_topic(&mut self, topic: &str) {
        self.offsets.retain(|(t, _), _| t != topic);
        for pending in self.txn_offsets.values_mut() {
            pending.retain(|(t, _), _| t != topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(offset: i64) -> Committed {
        Committed {
            offset,
            leader_epoch: -1,
            metadata: String::new(),
        }
    }

    /// What was committed last counts, not what was settled last.
    #[test]
    fn later_commits_outlast_the_end_of_earlier_ones() {
        let mut g = Group::new("g");
        let kept = |g: &Group| g.committed("t", 0).map(|c| c.offset);
        g.commit_in_txn(1, "t", 0, offset(10));
        g.commit_in_txn(2, "t", 0, offset(20));
        g.settle_txn_offsets(2, true);
        assert_eq!(kept(&g), Some(20));
        g.settle_txn_offsets(1, true);
        assert_eq!(kept(&g), Some(20));
        g.commit_in_txn(1, "t", 0, offset(30));
        g.commit("t", 0, offset(25));
        g.settle_txn_offsets(1, true);
        assert_eq!(kept(&g), Some(25));
        g.commit_in_txn(1, "t", 0, offset(40));
        g.settle_txn_offsets(1, true);
        assert_eq!(kept(&g), Some(40));
    }
}
