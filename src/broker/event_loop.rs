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
//! takes the turn itself ([`Bell::urgent`]): the request is in the socket when it
//! comes back, and two switches of threads are saved. The loop sleeps on, unless the
//! turn planned something for before the end of its sleep; then it is woken, and
//! keeps that time as its alarm, so that one wake-up does for all visits until then.
//! A thread that then waits for the answer reads it itself (`seat`).
//!
//! A panic, which is an error of this library, costs the connection: the link is told,
//! reconnects, and what was in flight is tried again. A link that does not come out of
//! it is given up.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, OnceLock, Weak};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};
use mio::{Events, Poll, Registry, Token};
use parking_lot::{Mutex, MutexGuard};

use super::command::LinkCommand;
use super::config::LinkConfig;
use super::link::Link;
use super::nap;
use super::seat::{Desk, Seat};
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
    /// Starts a link on a loop. `user` is built with the loop's bell, so that
    /// whatever announces work to it can wake it.
    pub fn add<U: LinkUser>(
        &self,
        thread_name: String,
        hook: ThreadHook,
        config: LinkConfig,
        user: impl FnOnce(Bell) -> U,
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
        let desk = Arc::<Desk>::default();
        let hosted = Arc::new(Mutex::new(Hosted {
            registry: poll.registry().try_clone()?,
            rx,
            links: HashMap::new(),
            logger: config.logger.clone(),
            panics: 0,
            asleep_until: None,
            alarm: None,
            desk: desk.clone(),
        }));
        let visited: Weak<Mutex<Hosted<U>>> = Arc::downgrade(&hosted);
        let bell = Bell {
            wake: wake.clone(),
            hosted: visited,
            desk,
            seat: Arc::default(),
        };
        let link = Link::new(config, user(bell), Token(link_id), move |answer| {
            handle_for_lookups.send(LinkCommand::LookedUp(answer));
        });
        hosted.lock().links.insert(link_id, link);
        let event_loop = EventLoop { poll, wake, hosted };
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

/// Tells a loop of work that is announced by other means. Holds nothing of the loop
/// alive but its wake-up.
#[derive(Clone)]
pub struct Bell {
    wake: Arc<Wakeup>,
    hosted: Weak<Mutex<dyn Visited>>,
    desk: Arc<Desk>,
    /// Made when it is first wanted; empty if it could not be made.
    seat: Arc<OnceLock<Option<Arc<Seat>>>>,
}

impl Bell {
    /// Any thread: the loop is to look.
    pub fn ring(&self) {
        self.wake.notify();
    }

    /// Any thread, which holds no lock that a link's user takes: as `ring`, for work
    /// that is to be done at once, here if that can be: then true.
    pub fn urgent(&self) -> bool {
        let done = self.wake.is_asleep() && self.visit();
        if !done {
            self.wake.notify();
        }
        done
    }

    /// Where a thread that waits for the loop's answers can read them.
    pub fn seat(&self) -> Option<&Arc<Seat>> {
        let make = || {
            let (hosted, desk) = (self.hosted.clone(), self.desk.clone());
            // Without descriptors to spare the loop goes on reading.
            Seat::new(hosted, self.wake.clone(), desk)
                .ok()
                .map(Arc::new)
        };
        self.seat.get_or_init(make).as_ref()
    }

    fn visit(&self) -> bool {
        let _whole = NotCancelled::new();
        let Some(hosted) = self.hosted.upgrade() else {
            return false;
        };
        let Some(mut hosted) = hosted.try_lock() else {
            return false;
        };
        if !hosted.takes_visitors() {
            return false;
        }
        let Some(visit) = self.wake.enter() else {
            return false;
        };
        let in_time = hosted.visit(Instant::now());
        visit.leave(in_time);
        true
    }
}

/// A loop's work, as a visitor sees it.
pub(super) trait Visited: Send {
    /// Not where there is more to do than to send something small.
    fn takes_visitors(&self) -> bool;
    /// One turn. False: the loop sleeps for too long, and is to be woken.
    fn visit(&mut self, now: Instant) -> bool;
    /// The socket is registered with `seat` and is the loop's no more, if there is one
    /// and all that arrived has been read.
    fn lend(&mut self, seat: &Registry) -> bool;
    /// False: the loop is to look, for its plans have changed.
    fn take_back(&mut self) -> bool;
    /// As [`Visited::visit`], after something arrived at the socket that was lent, or
    /// its peer closed it.
    fn arrived(&mut self, closed: bool, now: Instant) -> bool;
}

/// What a turn of the loop works on.
struct Hosted<U: LinkUser> {
    registry: Registry,
    rx: Receiver<Mail<U>>,
    links: HashMap<usize, Link<U>>,
    logger: Arc<Logger>,
    /// In a row, with no sleep in between.
    panics: u32,
    /// While the loop sleeps; `None`: until it is woken.
    asleep_until: Option<Instant>,
    /// The loop's sleep ends then at the latest: a visitor's plan.
    alarm: Option<Instant>,
    desk: Arc<Desk>,
}

impl<U: LinkUser> Visited for Hosted<U> {
    fn takes_visitors(&self) -> bool {
        self.links.len() == 1 && self.links.values().all(Link::is_up_and_idle)
    }

    fn visit(&mut self, now: Instant) -> bool {
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

    fn lend(&mut self, seat: &Registry) -> bool {
        let mut links = self.links.values_mut();
        match (links.next(), links.next()) {
            (Some(link), None) => link.lend(&self.registry, seat),
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
        self.visit(now)
    }
}

/// So many panics in a row are no accident.
const HOPELESS: u32 = 3;

impl<U: LinkUser> Hosted<U> {
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
        if let Some(closed) = self.desk.take_arrival() {
            self.note_arrived(closed);
        }
        self.take_commands(now);
        let mut next: Option<Instant> = None;
        for link in self.links.values_mut() {
            link.run(now, &self.registry);
            next = earlier(next, link.next_deadline());
        }
        let desk = self.desk.clone();
        if !desk.fulfil(self) {
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
                link.on_event(now, event, &self.registry);
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
    hosted: Arc<Mutex<Hosted<U>>>,
}

impl<U: LinkUser> EventLoop<U> {
    fn run(self) {
        let EventLoop {
            mut poll,
            wake,
            hosted,
        } = self;
        let made = Generation::current();
        let mut events = Events::with_capacity(64);
        let work = hosted;
        let mut hosted = work.lock();
        while !hosted.links.is_empty() {
            if !made.is_current() {
                // A callback forked, and this is the child: all of this is the parent's.
                std::mem::forget((work.clone(), poll, wake));
                return;
            }
            let now = Instant::now();
            let Some(next) = hosted.safely(|h| h.turn(now)) else {
                continue;
            };
            if hosted.links.is_empty() || !wake.prepare_sleep() {
                continue;
            }
            hosted.alarm = hosted.alarm.filter(|at| *at > now);
            hosted.asleep_until = earlier(next, hosted.alarm);
            let timeout = hosted
                .asleep_until
                .map(|t| t.saturating_duration_since(Instant::now()));
            let polled =
                MutexGuard::unlocked(&mut hosted, || nap::poll(&mut poll, &mut events, timeout));
            wake.woke_up();
            if polled.is_err() {
                // EINTR, the only error a valid epoll descriptor gives.
                continue;
            }
            hosted.panics = 0;
            hosted.safely(|h| h.take_events(&events));
        }
        // Whoever still has a handle learns from the closed channel.
        while let Ok(mail) = hosted.rx.try_recv() {
            if let LinkCommand::Send(request) = mail.command {
                (request.reply)(Err(super::RequestError::Destroyed));
            }
        }
        // A visitor may hold on to the rest a little longer, but not to the channel.
        hosted.rx = crossbeam_channel::never();
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
