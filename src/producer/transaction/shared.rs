//! What the application's threads, the loops and the main thread share of a transaction.
//!
//! *Is a message taken?* The application's thread counts its message in the limits and
//! then looks at `open`; the main thread clears `open`, and whoever ends the transaction
//! looks at the limits after that. A fence stands between the two on either side: either
//! the message is refused, or the end waits for it. `producer/model.rs` has the model.
//!
//! *May a partition send?* In transactions of version 1 the coordinator must know of it
//! first. Its accumulator remembers the number of the transaction that it was added to.
//!
//! `touched`, `confirmed`, `failed` and `gap` are written by loops before the messages that they are
//! about leave the limits, and read by the main thread when the limits are empty.

use std::sync::Arc;

use crate::base::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use crate::producer::Settings;
use crate::producer::batch::Batch;

#[derive(Debug, Default)]
pub struct SharedTransaction {
    /// Messages are taken.
    open: AtomicBool,
    /// The transaction can only be aborted: what waits is not sent any more.
    abandoned: AtomicBool,
    /// Counts transactions; the first is 1.
    number: AtomicU64,
    /// Transactions are of version 2 (KIP-890): partitions join by being produced to.
    version_2: AtomicBool,
    /// A request that begins the transaction at the coordinator may have been sent.
    touched: AtomicBool,
    /// A broker has taken something of this transaction under the producer's epoch.
    confirmed: AtomicBool,
    /// Messages of this transaction that were not delivered.
    failed: AtomicU64,
    /// A batch with a sequence number was lost: its partition needs another epoch.
    gap: AtomicBool,
}

impl SharedTransaction {
    /// `None`: the producer has no transactions.
    pub fn of(settings: &Settings) -> Option<Arc<Self>> {
        let id = settings.transactional_id.as_ref();
        id.map(|_| Arc::default())
    }

    #[inline]
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Application thread, when its message is counted in the limits.
    #[inline]
    pub fn takes_counted(&self) -> bool {
        fence(Ordering::SeqCst);
        self.is_open()
    }

    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    /// The current transaction, or the last one.
    pub fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    pub fn is_version_2(&self) -> bool {
        self.version_2.load(Ordering::Acquire)
    }

    pub fn is_touched(&self) -> bool {
        self.touched.load(Ordering::Acquire)
    }

    pub fn is_confirmed(&self) -> bool {
        self.confirmed.load(Ordering::Acquire)
    }

    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Acquire)
    }

    pub fn has_gap(&self) -> bool {
        self.gap.load(Ordering::Acquire)
    }

    /// A request that makes the coordinator know of the transaction is about to be sent.
    pub fn touch(&self) {
        self.touched.store(true, Ordering::Release);
    }

    /// A broker or coordinator has taken part of the transaction.
    pub fn confirm(&self) {
        self.confirmed.store(true, Ordering::Release);
    }

    /// Messages are not delivered.
    pub fn on_failed(&self, batch: &Batch) {
        self.failed.fetch_add(batch.len() as u64, Ordering::Release);
        if batch.sequence.is_some() {
            self.set_gap(true);
        }
    }

    // --- the main thread

    pub(in crate::producer) fn set_version_2(&self, version_2: bool) {
        self.version_2.store(version_2, Ordering::Release);
    }

    pub(super) fn set_gap(&self, gap: bool) {
        self.gap.store(gap, Ordering::Release);
    }

    /// Another transaction; all of the one before has been reported.
    pub(super) fn begin(&self) {
        self.touched.store(false, Ordering::Release);
        self.confirmed.store(false, Ordering::Release);
        self.failed.store(0, Ordering::Release);
        self.abandoned.store(false, Ordering::Release);
        self.number.fetch_add(1, Ordering::AcqRel);
        self.open.store(true, Ordering::Release);
    }

    pub(super) fn close(&self) {
        self.open.store(false, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    pub(super) fn abandon(&self) {
        self.close();
        self.abandoned.store(true, Ordering::Release);
    }
}

#[cfg(all(test, loom))]
impl SharedTransaction {
    pub(in crate::producer) fn begin_for_model(&self) {
        self.begin();
    }

    pub(in crate::producer) fn close_for_model(&self) {
        self.close();
    }
}
