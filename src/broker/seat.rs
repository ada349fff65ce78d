//! An application's thread that waits for events reads a link's socket meanwhile.
//!
//! Where one request is on its way at a time, most of what an answer costs is waking
//! threads: the loop, which reads it, and then the thread that waits for what it says.
//! So the latter is lent the socket ([`Bell::seat`](super::event_loop::Bell::seat)):
//!
//! ```text
//! Free ──begin──► Lent ──work: sleeps in a `Poll` of the seat's own; does the loop's
//!  ▲               │      turn when something has arrived
//!  └─────leave─────┘
//! ```
//!
//! While it is lent, the loop is not told of what arrives, and sleeps on; it still has
//! its deadlines and its commands. On `leave` the socket is registered with it again,
//! which tells it of what arrived in between, so nothing is overlooked. The connection
//! may end at any time: the seat's `Poll` then knows of no socket, and its thread waits
//! for the queue alone.
//!
//! The loop's work is behind the lock of `Hosted`. Nobody here waits for it: a callback
//! of the application may run under it, and wait for what the application's thread holds.
//! Where the loop is at work, it does what is wished itself, before it sleeps. A wish to
//! lend may be overlooked: then the loop reads, as it always did, and the thread in the
//! seat is told of the socket for nothing. What the thread in the seat was told of while
//! the loop was at work must not be: nobody is told twice. That is noted apart from the
//! wishes, of which the last one counts.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use mio::{Events, Poll, Registry, Token};
use parking_lot::Mutex;

use super::event_loop::Visited;
use crate::base::cancel::NotCancelled;
use crate::base::queue::{self, Pastime};
use crate::base::standard;
use crate::base::wake::{Wakeup, Wanted, Wish};

const WAKE: Token = Token(0);
/// The link's socket, in the seat's own `Poll`.
pub const SOCKET: Token = Token(1);

const ARRIVED: u8 = 1;
const CLOSED: u8 = 2;

/// What the loop and its seat tell each other.
#[derive(Debug, Default)]
pub struct Desk {
    wish: Wish,
    /// `ARRIVED` and `CLOSED`: what the thread in the seat was told of the socket and
    /// could not see to.
    told: AtomicU8,
    /// Of the seat, once there is one.
    registry: OnceLock<Registry>,
}

impl Desk {
    /// The loop's lock held, before a turn: something has arrived at the socket; true
    /// if its peer has closed it.
    pub(super) fn take_arrival(&self) -> Option<bool> {
        if self.told.load(Ordering::Relaxed) == 0 {
            return None;
        }
        Some(self.told.swap(0, Ordering::AcqRel) & CLOSED != 0)
    }

    /// The loop's lock held, at the end of a turn. False: the loop is to look again.
    pub(super) fn fulfil(&self, hosted: &mut dyn Visited) -> bool {
        match (self.wish.take(), self.registry.get()) {
            (Some(Wanted::Lend), Some(registry)) => {
                // If it is not to be had, the loop goes on reading.
                hosted.lend(registry);
                true
            }
            (Some(Wanted::TakeBack), _) => hosted.take_back(),
            _ => true,
        }
    }
}

struct Bench {
    poll: Poll,
    events: Events,
}

pub struct Seat {
    taken: AtomicBool,
    wake: Wakeup,
    /// Used by who has taken the seat.
    bench: Mutex<Bench>,
    hosted: Weak<Mutex<dyn Visited>>,
    loop_wake: Arc<Wakeup>,
    desk: Arc<Desk>,
}

impl Seat {
    pub(super) fn new(
        hosted: Weak<Mutex<dyn Visited>>,
        loop_wake: Arc<Wakeup>,
        desk: Arc<Desk>,
    ) -> std::io::Result<Self> {
        let (poll, wake) = standard::above(|| {
            let poll = Poll::new()?;
            let wake = Wakeup::new(poll.registry(), WAKE)?;
            std::io::Result::Ok((poll, wake))
        })?;
        // There is one seat for a loop.
        let _ = desk.registry.set(poll.registry().try_clone()?);
        Ok(Seat {
            taken: AtomicBool::new(false),
            wake,
            bench: Mutex::new(Bench {
                poll,
                events: Events::with_capacity(4),
            }),
            hosted,
            loop_wake,
            desk,
        })
    }

    /// False: somebody sits here, or the loop has ended.
    fn take(&self) -> bool {
        let Some(hosted) = self.hosted.upgrade() else {
            return false;
        };
        if self.taken.swap(true, Ordering::Acquire) {
            return false;
        }
        self.desk.wish.lend();
        if let Some(mut hosted) = hosted.try_lock() {
            self.desk.fulfil(&mut *hosted);
        }
        true
    }

    /// Something has arrived: the loop's turn is taken here.
    fn arrived(&self, closed: bool) {
        let Some(hosted) = self.hosted.upgrade() else {
            return;
        };
        let Some(mut hosted) = hosted.try_lock() else {
            let closed = if closed { CLOSED } else { 0 };
            self.desk.told.fetch_or(ARRIVED | closed, Ordering::AcqRel);
            self.loop_wake.notify();
            return;
        };
        // Nothing: the loop is about to wake up and looks itself as well.
        let visit = self.loop_wake.enter();
        let in_time = hosted.arrived(closed, Instant::now());
        if let Some(visit) = visit {
            visit.leave(in_time);
        }
    }
}

impl queue::Seat for Seat {
    fn work(&self, until: Option<Instant>) {
        let _whole = NotCancelled::new();
        let mut bench = self.bench.lock();
        let Bench { poll, events } = &mut *bench;
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

    fn leave(&self) {
        self.desk.wish.take_back();
        let hosted = self.hosted.upgrade();
        let done = hosted
            .as_deref()
            .and_then(Mutex::try_lock)
            .is_some_and(|mut hosted| self.desk.fulfil(&mut *hosted));
        if !done {
            self.loop_wake.notify();
        }
        self.taken.store(false, Ordering::Release);
    }
}

/// The seat to take: at the link over which a message was sent last by the thread that
/// produced it.
#[derive(Default)]
pub struct Seats {
    newest: Mutex<Option<Arc<Seat>>>,
}

impl Seats {
    pub fn prefer(&self, seat: &Arc<Seat>) {
        let mut newest = self.newest.lock();
        if !newest.as_ref().is_some_and(|s| Arc::ptr_eq(s, seat)) {
            *newest = Some(seat.clone());
        }
    }
}

impl Pastime for Seats {
    fn begin(&self) -> Option<Arc<dyn queue::Seat>> {
        let seat = self.newest.lock().clone()?;
        seat.take().then_some(seat as Arc<dyn queue::Seat>)
    }
}
