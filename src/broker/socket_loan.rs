//! The leader/followers pattern between a broker's loop and an application's thread
//! that waits for events: the waiting thread borrows the link's socket and reads the
//! answer itself.
//!
//! With one request in flight at a time, most of what an answer costs is waking threads:
//! first the loop, which reads the answer, then the thread that waits for the result. A
//! loan ([`LoopWaker::socket_loan`](super::event_loop::LoopWaker::socket_loan)) saves the
//! first of them:
//!
//! ```text
//! Free ──begin──► Lent ──wait: sleeps in a `Poll` of the loan's own; runs the loop's
//!  ▲               │      turn when something has arrived
//!  └─────end───────┘
//! ```
//!
//! While the socket is lent, the loop gets no events of it and sleeps on; the loop still
//! has its deadlines and its commands. `end` registers the socket with the loop again,
//! which reports what arrived in between, so nothing is overlooked. The connection may end
//! at any time: the loan's `Poll` then has no socket, and its thread waits for the queue
//! alone.
//!
//! The lock of `LoopState` protects the loop's work. A borrower never waits for that lock:
//! a callback of the application may run under it, and may wait for something that the
//! application's thread holds. While the loop is at work, it carries out the loan's
//! requests itself before it sleeps. A request to lend may be lost: the loop then reads as
//! it does without a loan, and the borrower's event finds nothing to read. Events of the
//! socket that the borrower could not handle, because the loop was at work, must not be
//! lost, since an edge is reported once. They are kept in `unhandled`, apart from the
//! requests, of which only the last one counts.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use crate::base::lock::Mutex;
use mio::{Events, Poll, Registry, Token};

use super::loop_work::LoopWork;
use crate::base::cancel::NotCancelled;
use crate::base::queue::{self, IdleWork};
use crate::base::standard;
use crate::base::wake::{LoanChange, LoanRequest, Wakeup};

const WAKE: Token = Token(0);
/// The link's socket, in the loan's own `Poll`.
pub const SOCKET: Token = Token(1);

const ARRIVED: u8 = 1;
const CLOSED: u8 = 2;

/// What the loop and the borrower tell each other.
#[derive(Debug, Default)]
pub struct LoanState {
    request: LoanRequest,
    /// `ARRIVED` and `CLOSED`: events that the borrower got and could not handle.
    unhandled: AtomicU8,
    /// Of the loan's `Poll`, once there is one.
    registry: OnceLock<Registry>,
}

impl LoanState {
    /// The loop's lock held, before a turn: something has arrived at the socket; true
    /// if its peer has closed it.
    pub(super) fn take_unhandled(&self) -> Option<bool> {
        if self.unhandled.load(Ordering::Relaxed) == 0 {
            return None;
        }
        Some(self.unhandled.swap(0, Ordering::AcqRel) & CLOSED != 0)
    }

    /// The loop's lock held, at the end of a turn. False: the loop is to look again.
    pub(super) fn apply(&self, state: &mut dyn LoopWork) -> bool {
        match (self.request.take(), self.registry.get()) {
            (Some(LoanChange::Lend), Some(registry)) => {
                // If it is not to be had, the loop goes on reading.
                state.lend(registry);
                true
            }
            (Some(LoanChange::TakeBack), _) => state.take_back(),
            _ => true,
        }
    }
}

struct LoanPoll {
    poll: Poll,
    events: Events,
}

pub struct SocketLoan {
    taken: AtomicBool,
    wake: Wakeup,
    /// Used by the borrower alone.
    polling: Mutex<LoanPoll>,
    state: Weak<Mutex<dyn LoopWork>>,
    loop_wake: Arc<Wakeup>,
    loan: Arc<LoanState>,
}

impl SocketLoan {
    pub(super) fn new(
        state: Weak<Mutex<dyn LoopWork>>,
        loop_wake: Arc<Wakeup>,
        loan: Arc<LoanState>,
    ) -> std::io::Result<Self> {
        let (poll, wake) = standard::above(|| {
            let poll = Poll::new()?;
            let wake = Wakeup::new(poll.registry(), WAKE)?;
            std::io::Result::Ok((poll, wake))
        })?;
        // There is one loan for a loop.
        let _ = loan.registry.set(poll.registry().try_clone()?);
        Ok(SocketLoan {
            taken: AtomicBool::new(false),
            wake,
            polling: Mutex::new(LoanPoll {
                poll,
                events: Events::with_capacity(4),
            }),
            state,
            loop_wake,
            loan,
        })
    }

    /// False: the socket is lent already, or the loop has ended.
    fn try_begin(&self) -> bool {
        let Some(state) = self.state.upgrade() else {
            return false;
        };
        if self.taken.swap(true, Ordering::Acquire) {
            return false;
        }
        self.loan.request.lend();
        if let Some(mut state) = state.try_lock() {
            self.loan.apply(&mut *state);
        }
        true
    }

    /// Something has arrived: the loop's turn is taken here.
    fn arrived(&self, closed: bool) {
        let Some(state) = self.state.upgrade() else {
            return;
        };
        let Some(mut state) = state.try_lock() else {
            let closed = if closed { CLOSED } else { 0 };
            self.loan
                .unhandled
                .fetch_or(ARRIVED | closed, Ordering::AcqRel);
            self.loop_wake.notify();
            return;
        };
        // Nothing: the loop is about to wake up and looks itself as well.
        let turn = self.loop_wake.enter();
        let in_time = state.arrived(closed, Instant::now());
        if let Some(turn) = turn {
            turn.leave(in_time);
        }
    }
}

impl queue::IdleWaiter for SocketLoan {
    fn wait(&self, until: Option<Instant>) {
        let _whole = NotCancelled::new();
        let mut polling = self.polling.lock();
        let LoanPoll { poll, events } = &mut *polling;
        if !self.wake.prepare_sleep() {
            return;
        }
        let timeout = until.map(|t| t.saturating_duration_since(Instant::now()));
        let polled = poll.poll(events, timeout);
        self.wake.woke_up();
        if polled.is_err() {
            // EINTR, the only error a valid epoll descriptor gives.
            return;
        }
        if let Some(event) = events.iter().find(|e| e.token() == SOCKET) {
            self.arrived(event.is_read_closed() || event.is_error());
        }
    }

    fn wake(&self) {
        self.wake.notify();
    }

    fn end(&self) {
        self.loan.request.take_back();
        let state = self.state.upgrade();
        let done = state
            .as_deref()
            .and_then(Mutex::try_lock)
            .is_some_and(|mut state| self.loan.apply(&mut *state));
        if !done {
            self.loop_wake.notify();
        }
        self.taken.store(false, Ordering::Release);
    }
}

/// The loan that a waiting thread takes: of the link over which a producing thread itself
/// sent a message last.
#[derive(Default)]
pub struct SocketLoans {
    newest: Mutex<Option<Arc<SocketLoan>>>,
}

impl SocketLoans {
    pub fn prefer(&self, loan: &Arc<SocketLoan>) {
        let mut newest = self.newest.lock();
        if !newest.as_ref().is_some_and(|s| Arc::ptr_eq(s, loan)) {
            *newest = Some(loan.clone());
        }
    }
}

impl IdleWork for SocketLoans {
    fn begin(&self) -> Option<Arc<dyn queue::IdleWaiter>> {
        let loan = self.newest.lock().clone()?;
        loan.try_begin()
            .then_some(loan as Arc<dyn queue::IdleWaiter>)
    }
}
