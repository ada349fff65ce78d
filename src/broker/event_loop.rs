//! A thread with a mio loop that hosts links.
//!
//! How links are handed out to loops is decided in one place, [`LoopPool::add`]:
//! a loop for each link. The loop itself takes any number.
//!
//! One turn of the loop: take in commands, let every link do what is due, sleep
//! until the earliest deadline, an event on a socket or a wake-up. A link's
//! commands come over a channel; bulk data is announced by a list that the link's
//! user collects. Both are followed by [`Wakeup::notify`].
//!
//! Links and channel are behind a lock that the loop holds except in its sleep. A
//! thread that announces urgent work to a sleeping loop whose link is up and idle
//! takes the turn itself ([`LoopWaker::run_inline`]): the request is in the socket when it
//! comes back, and two switches of threads are saved. The loop sleeps on, unless the
//! turn planned something for before the end of its sleep; then it is woken, and
//! keeps that time as its alarm, so that one wake-up does for all inline turns until then.
//! A thread that then waits for the answer reads it itself (`socket_loan`).
//!
//! A panic, which is an error of this library, costs the connection: the link is told,
//! reconnects, and what was in flight is tried again. A link that does not come out of
//! it is given up.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, OnceLock, Weak};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::base::lock::{Mutex, MutexGuard};
use crossbeam_channel::{Receiver, Sender, unbounded};
use mio::{Events, Poll, Registry, Token};

use super::command::LinkCommand;
use super::config::LinkConfig;
use super::link::Link;
use super::loop_work::LoopWork;
use super::short_poll;
use super::socket_loan::{LoanState, SocketLoan};
use super::{LinkUser, Request};
use crate::base::cancel::NotCancelled;
use crate::base::fork::Generation;
use crate::base::log::{Level, Logger};
use crate::base::panic::{self, PanicReport};
use crate::base::standard;
use crate::base::thread;
use crate::base::wake::Wakeup;

const WAKE: Token = Token(0);

struct Mail<U: LinkUser> {
    link: usize,
    command: LinkCommand<U>,
}

/// The sending side of a loop.
pub struct LoopSender<U: LinkUser> {
    tx: Sender<Mail<U>>,
    wake: Arc<Wakeup>,
}

impl<U: LinkUser> Clone for LoopSender<U> {
    fn clone(&self) -> Self {
        LoopSender {
            tx: self.tx.clone(),
            wake: self.wake.clone(),
        }
    }
}

/// One link, as its owner on another thread holds it.
pub struct Handle<U: LinkUser> {
    sender: LoopSender<U>,
    link: usize,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl<U: LinkUser> Clone for Handle<U> {
    fn clone(&self) -> Self {
        Handle {
            sender: self.sender.clone(),
            link: self.link,
            thread: self.thread.clone(),
        }
    }
}

impl<U: LinkUser> Handle<U> {
    /// A stopped link takes no commands: a request is then answered with
    /// `Destroyed`, anything else is dropped.
    pub fn send(&self, command: LinkCommand<U>) {
        let mail = Mail {
            link: self.link,
            command,
        };
        if let Err(unsent) = self.sender.tx.send(mail)
            && let LinkCommand::Send(request) = unsent.0.command
        {
            (request.reply)(Err(super::RequestError::Destroyed));
            return;
        }
        self.sender.wake.notify();
    }

    pub fn request(&self, request: Request) {
        self.send(LinkCommand::Send(request));
    }

    /// Waits for the thread to end, after `Stop`.
    pub fn join(&self) {
        if let Some(thread) = self.thread.lock().take() {
            // Panics are caught inside; there is nothing to hand on.
            let _ = thread.join();
        }
    }
}

/// Hands out links to loops.
#[derive(Debug, Default)]
pub struct LoopPool;

/// Told of the start and the end of a loop's thread, on that thread.
pub type ThreadHook = Arc<dyn Fn(bool) + Send + Sync>;

impl LoopPool {
    /// Starts a link on a loop. `user` is built with the loop's waker, for
    /// what announces work to it.
    pub fn add<U: LinkUser>(
        &self,
        thread_name: String,
        hook: ThreadHook,
        config: LinkConfig,
        user: impl FnOnce(LoopWaker) -> U,
    ) -> io::Result<Handle<U>> {
        let (poll, wake) = standard::above(|| {
            let poll = Poll::new()?;
            let wake = Wakeup::new(poll.registry(), WAKE)?;
            io::Result::Ok((poll, Arc::new(wake)))
        })?;
        let (tx, rx) = unbounded();
        let sender = LoopSender {
            tx,
            wake: wake.clone(),
        };
        let link_id = 1;
        let handle_for_lookups = Handle {
            sender: sender.clone(),
            link: link_id,
            thread: Arc::default(),
        };
        let loan = Arc::<LoanState>::default();
        let state = Arc::new(Mutex::new(LoopState {
            registry: poll.registry().try_clone()?,
            rx,
            links: HashMap::new(),
            logger: config.logger.clone(),
            panics: 0,
            asleep_until: None,
            alarm: None,
            loan: loan.clone(),
        }));
        let work: Weak<Mutex<LoopState<U>>> = Arc::downgrade(&state);
        let waker = LoopWaker {
            wake: wake.clone(),
            state: work,
            loan,
            socket_loan: Arc::default(),
        };
        let link = Link::new(config, user(waker), Token(link_id), move |answer| {
            handle_for_lookups.send(LinkCommand::LookedUp(answer));
        });
        state.lock().links.insert(link_id, link);
        let event_loop = EventLoop { poll, wake, state };
        let made = Generation::current();
        let thread = thread::spawn(format!("rdk:{thread_name}"), move || {
            hook(true);
            event_loop.run();
            if made.is_current() {
                hook(false);
            }
        })?;
        Ok(Handle {
            sender,
            link: link_id,
            thread: Arc::new(Mutex::new(Some(thread))),
        })
    }
}

/// Wakes a loop after work was added to a list that the loop's user reads. It keeps
/// nothing of the loop alive but the descriptor that wakes it.
#[derive(Clone)]
pub struct LoopWaker {
    wake: Arc<Wakeup>,
    state: Weak<Mutex<dyn LoopWork>>,
    loan: Arc<LoanState>,
    /// Made when it is first wanted; empty if it could not be made.
    socket_loan: Arc<OnceLock<Option<Arc<SocketLoan>>>>,
}

impl LoopWaker {
    /// Any thread: makes the loop look for work.
    pub fn wake(&self) {
        self.wake.notify();
    }

    /// Runs the loop's turn on this thread where that is possible, and wakes the loop
    /// where not. True: the turn was run here. The caller holds no lock that a link's
    /// user takes.
    pub fn run_inline(&self) -> bool {
        let done = self.wake.is_asleep() && self.take_turn();
        if !done {
            self.wake.notify();
        }
        done
    }

    /// With this a thread that waits for the loop's answers can read them itself.
    pub fn socket_loan(&self) -> Option<&Arc<SocketLoan>> {
        let make = || {
            let (state, loan) = (self.state.clone(), self.loan.clone());
            // Without descriptors to spare the loop goes on reading.
            SocketLoan::new(state, self.wake.clone(), loan)
                .ok()
                .map(Arc::new)
        };
        self.socket_loan.get_or_init(make).as_ref()
    }

    fn take_turn(&self) -> bool {
        let _whole = NotCancelled::new();
        let Some(state) = self.state.upgrade() else {
            return false;
        };
        let Some(mut state) = state.try_lock() else {
            return false;
        };
        if !state.accepts_inline_turn() {
            return false;
        }
        let Some(turn) = self.wake.enter() else {
            return false;
        };
        let in_time = state.run_turn(Instant::now());
        turn.leave(in_time);
        true
    }
}

/// What a turn of the loop works on.
struct LoopState<U: LinkUser> {
    registry: Registry,
    rx: Receiver<Mail<U>>,
    links: HashMap<usize, Link<U>>,
    logger: Arc<Logger>,
    /// In a row, with no sleep in between.
    panics: u32,
    /// While the loop sleeps; `None`: until it is woken.
    asleep_until: Option<Instant>,
    /// The loop's sleep ends then at the latest: planned by an inline turn.
    alarm: Option<Instant>,
    loan: Arc<LoanState>,
}

impl<U: LinkUser> LoopWork for LoopState<U> {
    fn accepts_inline_turn(&self) -> bool {
        self.links.len() == 1 && self.links.values().all(Link::is_up_and_idle)
    }

    fn run_turn(&mut self, now: Instant) -> bool {
        let Some(next) = self.safely(|me| me.turn(now)) else {
            // The loop sees to it.
            return false;
        };
        let Some(next) = next else {
            return true;
        };
        if self.asleep_until.is_some_and(|until| until <= next) {
            return true;
        }
        self.alarm = Some(next);
        false
    }

    fn lend(&mut self, borrower: &Registry) -> bool {
        let mut links = self.links.values_mut();
        match (links.next(), links.next()) {
            (Some(link), None) => link.lend(&self.registry, borrower),
            _ => false,
        }
    }

    fn take_back(&mut self) -> bool {
        let mut well = true;
        for link in self.links.values_mut() {
            well &= link.take_back(&self.registry);
        }
        well
    }

    fn arrived(&mut self, closed: bool, now: Instant) -> bool {
        self.note_arrived(closed);
        self.run_turn(now)
    }
}

/// So many panics in a row are no accident.
const HOPELESS: u32 = 3;

impl<U: LinkUser> LoopState<U> {
    /// Nothing if the work panicked; then the links have been mended.
    fn safely<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> Option<R> {
        panic::catch(|| work(self))
            .map_err(|report| self.mend(&report))
            .ok()
    }

    fn mend(&mut self, report: &PanicReport) {
        self.logger.log(
            Level::Crit,
            "PANIC",
            format_args!(
                "An error inside librskafka: {report}. The connection is made anew; please \
                 report this"
            ),
        );
        self.panics += 1;
        let hopeless = self.panics >= HOPELESS;
        let (now, registry) = (Instant::now(), &self.registry);
        self.links.retain(|_, link| {
            let mended = !hopeless && panic::catch(|| link.broken(now, registry)).is_ok();
            if !mended {
                // What can still be answered is.
                let _ = panic::catch(|| link.stop(now, registry));
            }
            mended
        });
    }

    /// Does what is due, and says when something will be.
    fn turn(&mut self, now: Instant) -> Option<Instant> {
        if let Some(closed) = self.loan.take_unhandled() {
            self.note_arrived(closed);
        }
        self.take_commands(now);
        let mut next: Option<Instant> = None;
        for link in self.links.values_mut() {
            link.run(now, &self.registry);
            next = earlier(next, link.next_deadline());
        }
        let loan = self.loan.clone();
        if !loan.apply(self) {
            next = Some(now);
        }
        next
    }

    fn note_arrived(&mut self, closed: bool) {
        for link in self.links.values_mut() {
            link.note_arrived(closed);
        }
    }

    fn take_events(&mut self, events: &Events) {
        let now = Instant::now();
        for event in events {
            if let Some(link) = self.links.get_mut(&event.token().0) {
                link.on_event(now, event.into(), &self.registry);
            }
        }
        for link in self.links.values() {
            link.count_wakeup();
        }
    }

    fn take_commands(&mut self, now: Instant) {
        while let Ok(mail) = self.rx.try_recv() {
            let Some(link) = self.links.get_mut(&mail.link) else {
                if let LinkCommand::Send(request) = mail.command {
                    (request.reply)(Err(super::RequestError::Destroyed));
                }
                continue;
            };
            if matches!(mail.command, LinkCommand::Stop) {
                link.stop(now, &self.registry);
                self.links.remove(&mail.link);
            } else {
                link.on_command(now, mail.command, &self.registry);
            }
        }
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

struct EventLoop<U: LinkUser> {
    poll: Poll,
    wake: Arc<Wakeup>,
    state: Arc<Mutex<LoopState<U>>>,
}

impl<U: LinkUser> EventLoop<U> {
    fn run(self) {
        let EventLoop {
            mut poll,
            wake,
            state,
        } = self;
        let made = Generation::current();
        let mut events = Events::with_capacity(64);
        let work = state;
        let mut state = work.lock();
        while !state.links.is_empty() {
            let now = Instant::now();
            let turn = match made.is_current() {
                true => state.safely(|h| h.turn(now)),
                false => None,
            };
            if !made.is_current() {
                // A callback forked, and this is the child: all of this is the parent's.
                // A sleep here would take events of the `Poll` that both have.
                std::mem::forget((work.clone(), poll, wake));
                return;
            }
            let Some(next) = turn else {
                continue;
            };
            if state.links.is_empty() || !wake.prepare_sleep() {
                continue;
            }
            state.alarm = state.alarm.filter(|at| *at > now);
            state.asleep_until = earlier(next, state.alarm);
            let timeout = state
                .asleep_until
                .map(|t| t.saturating_duration_since(Instant::now()));
            let polled = MutexGuard::unlocked(&mut state, || {
                short_poll::poll(&mut poll, &mut events, timeout)
            });
            wake.woke_up();
            if polled.is_err() {
                // EINTR, the only error a valid epoll descriptor gives.
                continue;
            }
            state.panics = 0;
            state.safely(|h| h.take_events(&events));
        }
        // Whoever still has a handle learns from the closed channel.
        while let Ok(mail) = state.rx.try_recv() {
            if let LinkCommand::Send(request) = mail.command {
                (request.reply)(Err(super::RequestError::Destroyed));
            }
        }
        // A thread that just ran an inline turn may keep the rest alive a little longer, but not the channel.
        state.rx = crossbeam_channel::never();
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
