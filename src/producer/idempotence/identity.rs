//! The producer id and epoch, and who raises the epoch.
//!
//! A gap in the sequence of a partition is passed over under another epoch. Whose epoch
//! that is makes the difference between a producer that is only idempotent and one with
//! transactions; [`EpochOwner`] has all of it, and [`super::SequenceState`] asks here.
//!
//! *Partition*: a broker's state of a producer is one for each partition, epoch included.
//! So a partition goes on by itself under its next epoch, and no other one waits for it.
//! Only when its epochs are used up another producer id has to come ([`super::acquire`]).
//!
//! *Coordinator*: the transaction coordinator fences producers by their epoch, which is
//! the same for all partitions. One with a gap can only wait, in `Unnamed`, until
//! [`Identity::set`] brings another epoch: the transaction is aborted, and InitProducerId
//! (or EndTxn, in transactions of version 2) raises it. A partition that is `Steady` under
//! an older epoch than the identity's, with nothing in flight, becomes `Steady` under that,
//! from sequence 0 ([`Identity::follows`]).

use std::sync::atomic::{AtomicI16, AtomicI64, Ordering};

use crate::producer::Settings;

/// A producer's id and epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pid {
    pub id: i64,
    pub epoch: i16,
}

impl Pid {
    fn bumped(self) -> Option<Pid> {
        let epoch = self.epoch.checked_add(1).filter(|e| *e < i16::MAX)?;
        Some(Pid { epoch, ..self })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EpochOwner {
    /// Each partition raises its own.
    Partition,
    /// One for all partitions.
    Coordinator,
}

/// The client's producer id and epoch, as the loops see them; the main thread writes them.
#[derive(Debug)]
pub struct Identity {
    id: AtomicI64,
    epoch: AtomicI16,
    owner: EpochOwner,
}

impl Identity {
    /// None yet.
    pub fn new(settings: &Settings) -> Self {
        Identity {
            id: AtomicI64::new(-1),
            epoch: AtomicI16::new(-1),
            owner: match settings.transactional_id {
                Some(_) => EpochOwner::Coordinator,
                None => EpochOwner::Partition,
            },
        }
    }

    pub fn get(&self) -> Option<Pid> {
        let id = self.id.load(Ordering::Acquire);
        let epoch = self.epoch.load(Ordering::Acquire);
        let same = self.id.load(Ordering::Relaxed) == id;
        (id >= 0 && same).then_some(Pid { id, epoch })
    }

    pub fn set(&self, pid: Pid) {
        // A new id comes with a new epoch: nobody is to see one without the other.
        self.id.store(-1, Ordering::Release);
        self.epoch.store(pid.epoch, Ordering::Release);
        self.id.store(pid.id, Ordering::Release);
    }

    /// What a partition goes on with after a gap in what it sent as `pid`. `None`: what
    /// [`Identity::get_after`] gives once it is there.
    pub(super) fn after_gap(&self, pid: Pid) -> Option<Pid> {
        match self.owner {
            EpochOwner::Partition => pid.bumped(),
            EpochOwner::Coordinator => self.follows(pid),
        }
    }

    /// The id and epoch that the coordinator has set since it was `pid`.
    pub(super) fn follows(&self, pid: Pid) -> Option<Pid> {
        match self.owner {
            EpochOwner::Partition => None,
            EpochOwner::Coordinator => self.get().filter(|now| *now != pid),
        }
    }

    /// The producer id and epoch, unless nothing goes on under them.
    pub(super) fn get_after(&self, spent: Option<Pid>) -> Option<Pid> {
        let pid = self.get()?;
        let is_spent = spent.is_some_and(|spent| match self.owner {
            // The partition has used up the epochs after this one.
            EpochOwner::Partition => pid.id == spent.id,
            EpochOwner::Coordinator => pid == spent,
        });
        (!is_spent).then_some(pid)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::producer::testing::settings;

    #[test]
    fn a_partition_raises_its_epoch_itself_until_it_is_used_up() {
        let identity = Identity::new(&settings());
        let pid = |id, epoch| Pid { id, epoch };
        assert_eq!(identity.get_after(None), None);
        identity.set(pid(7, 0));
        assert_eq!(identity.after_gap(pid(7, 4)), Some(pid(7, 5)));
        assert_eq!(identity.after_gap(pid(7, i16::MAX - 1)), None);
        assert_eq!(identity.get_after(Some(pid(7, i16::MAX - 1))), None);
        identity.set(pid(8, 0));
        assert_eq!(
            identity.get_after(Some(pid(7, i16::MAX - 1))),
            Some(pid(8, 0))
        );
    }

    #[test]
    fn with_a_coordinator_all_wait_for_the_next_epoch() {
        let mut settings = settings();
        settings.transactional_id = Some("t".into());
        let identity = Identity::new(&settings);
        let pid = |epoch| Pid { id: 7, epoch };
        identity.set(pid(0));
        assert_eq!(identity.after_gap(pid(0)), None);
        assert_eq!(identity.follows(pid(0)), None);
        assert_eq!(identity.get_after(Some(pid(0))), None);
        identity.set(pid(1));
        assert_eq!(identity.after_gap(pid(0)), Some(pid(1)));
        assert_eq!(identity.follows(pid(0)), Some(pid(1)));
        assert_eq!(identity.get_after(Some(pid(0))), Some(pid(1)));
    }
}
