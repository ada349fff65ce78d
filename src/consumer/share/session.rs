//! A share session: what the broker knows of a member's partitions on it.
//!
//! Epoch 0 opens a session, each further request has the next one, -1 ends it. A request
//! names only what is new and what is to be forgotten. What the broker knows is changed
//! when it answers; without a usable answer the session is opened anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Key, Partition};

const OPENS: i32 = 0;

#[derive(Debug, Default)]
pub struct Session {
    epoch: i32,
    /// What is to be fetched.
    members: BTreeMap<Key, Arc<Partition>>,
    /// What the broker fetches from, as far as it has said.
    known: BTreeSet<Key>,
    /// What the broker still fetches from, and is not to.
    unwanted: BTreeMap<Key, Arc<Partition>>,
    /// What the request that is out adds and forgets.
    adding: Vec<Key>,
    forgetting: Vec<Key>,
}

/// What a request says of the session.
#[derive(Debug, Default)]
pub struct Changes {
    pub epoch: i32,
    pub add: Vec<Key>,
    pub forget: Vec<Key>,
}

impl Session {
    pub fn add(&mut self, partition: Arc<Partition>) {
        let key = partition.key();
        self.unwanted.remove(&key);
        self.members.insert(key, partition);
    }

    pub fn remove(&mut self, key: Key) {
        if let Some(partition) = self.members.remove(&key)
            && (self.known.remove(&key) || self.adding.contains(&key))
        {
            self.unwanted.insert(key, partition);
        }
    }

    pub fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    pub fn is_open(&self) -> bool {
        self.epoch != OPENS
    }

    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Whether an acknowledgement may go along with a fetch: to name a partition in it makes
    /// the broker fetch from it.
    pub fn may_carry(&self, key: Key) -> bool {
        self.known.contains(&key)
    }

    /// A partition that the answer to a fetch may be about.
    pub fn partition(&self, key: Key) -> Option<&Arc<Partition>> {
        self.members.get(&key).or_else(|| self.unwanted.get(&key))
    }

    /// For a fetch that is to be sent now.
    pub fn fetch(&mut self) -> Changes {
        let new = self.members.keys().filter(|key| !self.known.contains(key));
        self.adding = new.copied().collect();
        self.forgetting = self.unwanted.keys().copied().collect();
        Changes {
            epoch: self.epoch,
            add: self.adding.clone(),
            forget: self.forgetting.clone(),
        }
    }

    /// The broker has done what the request said.
    pub fn answered(&mut self) {
        self.epoch = self.epoch.checked_add(1).unwrap_or(OPENS + 1);
        for key in self.adding.drain(..) {
            if self.members.contains_key(&key) {
                self.known.insert(key);
            }
        }
        for key in self.forgetting.drain(..) {
            self.unwanted.remove(&key);
        }
    }

    /// There is no session any more.
    pub fn reset(&mut self) {
        self.epoch = OPENS;
        self.known.clear();
        self.unwanted.clear();
        self.adding.clear();
        self.forgetting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::partition;
    use super::*;

    fn ids(keys: &[Key]) -> Vec<i32> {
        keys.iter().map(|key| key.1).collect()
    }

    #[test]
    fn requests_tell_changes_only() {
        let mut s = Session::default();
        s.add(partition(0));
        s.add(partition(1));
        let first = s.fetch();
        assert_eq!((first.epoch, ids(&first.add)), (0, vec![0, 1]));
        s.answered();
        let second = s.fetch();
        assert_eq!(
            (second.epoch, second.add.len(), second.forget.len()),
            (1, 0, 0)
        );
        s.answered();
        s.remove(partition(0).key());
        s.add(partition(2));
        let third = s.fetch();
        assert_eq!((ids(&third.add), ids(&third.forget)), (vec![2], vec![0]));
        // Its answer may still have records of what is being forgotten.
        assert!(s.partition(partition(0).key()).is_some());
        s.answered();
        assert!(s.partition(partition(0).key()).is_none());
        assert_eq!(s.epoch(), 3);
    }

    #[test]
    fn what_is_taken_away_while_it_is_added_is_forgotten_next() {
        let mut s = Session::default();
        s.add(partition(0));
        s.add(partition(1));
        s.fetch();
        s.remove(partition(1).key());
        s.answered();
        assert!(!s.may_carry(partition(1).key()) && s.may_carry(partition(0).key()));
        assert_eq!(ids(&s.fetch().forget), [1]);
        s.add(partition(1));
        s.answered();
        let next = s.fetch();
        assert_eq!((ids(&next.add), next.forget.len()), (vec![1], 0));
    }

    #[test]
    fn a_lost_session_begins_again_with_everything() {
        let mut s = Session::default();
        s.add(partition(0));
        s.add(partition(1));
        s.fetch();
        s.answered();
        s.remove(partition(1).key());
        s.reset();
        let again = s.fetch();
        assert_eq!(
            (again.epoch, ids(&again.add), again.forget.len()),
            (0, vec![0], 0)
        );
        assert!(!s.is_open());
    }
}
