//! A thread with a mio loop that hosts links.
//!
//! How links are handed out to loops is decided in one place, [`LoopPool::add`]:
//! a loop for each link. The loop itself takes any number.
//!
//! One turn of the loop: take in commands, let every link do what is due, sleep
//! until the earliest deadline, an event on a socket or a wake-up. A link's
//! commands come over a channel; bulk data is announced by a list that the link's
//! user collects. Both are followed by [`Wakeup::notify`].

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};
use mio::{Events, Poll, Token};
use parking_lot::Mutex;

use super::link::{Link, LinkConfig};
use super::{LinkUser, Request};
use crate::base::wake::Wakeup;

const WAKE: Token = Token(0);

/// What other threads tell a link.
pub enum Command<U: LinkUser> {
    Send(Request),
    User(U::Command),
    /// The broker's address changed, or its id became known.
    SetAddress {
        host: String,
        port: u16,
        node_id: i32,
    },
    /// Connect now, even without work to do.
    Connect,
    /// Lets the next attempt to connect be made at once.
    SkipBackoff,
    Disconnect {
        why: String,
    },
    /// Fails everything and ends the link.
    Stop,
    /// As [`Event::Resolved`]; sent by the look-up's own thread.
    #[doc(hidden)]
    Resolved(io::Result<Vec<std::net::SocketAddr>>),
}

struct Mail<U: LinkUser> {
    link: usize,
    command: Command<U>,
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
    pub fn send(&self, command: Command<U>) {
        let mail = Mail {
            link: self.link,
            command,
        };
        if let Err(unsent) = self.sender.tx.send(mail)
            && let Command::Send(request) = unsent.0.command
        {
            (request.reply)(Err(super::RequestError::Destroyed));
            return;
        }
        self.sender.wake.notify();
    }

    pub fn request(&self, request: Request) {
        self.send(Command::Send(request));
    }

    /// Wakes the loop, for work that is announced by other means.
    pub fn waker(&self) -> Arc<Wakeup> {
        self.sender.wake.clone()
    }

    /// Waits for the thread to end, after `Stop`.
    pub fn join(&self) {
        if let Some(thread) = self.thread.lock().take() {
            // The thread's panics are caught inside; there is nothing to hand on.
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
    /// Starts a link on a loop. `user` is built with the loop's wake-up, so that
    /// whatever announces work to it can wake it.
    pub fn add<U: LinkUser>(
        &self,
        thread_name: String,
        hook: ThreadHook,
        config: LinkConfig,
        user: impl FnOnce(Arc<Wakeup>) -> U,
    ) -> io::Result<Handle<U>> {
        let poll = Poll::new()?;
        let wake = Arc::new(Wakeup::new(poll.registry(), WAKE)?);
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
        let link = Link::new(config, user(wake.clone()), Token(link_id), move |result| {
            handle_for_lookups.send(Command::Resolved(result));
        });
        let event_loop = EventLoop {
            poll,
            wake,
            rx,
            links: HashMap::from([(link_id, link)]),
        };
        let thread = std::thread::Builder::new()
            .name(format!("rdk:{thread_name}"))
            .spawn(move || {
                hook(true);
                event_loop.run();
                hook(false);
            })?;
        Ok(Handle {
            sender,
            link: link_id,
            thread: Arc::new(Mutex::new(Some(thread))),
        })
    }
}

struct EventLoop<U: LinkUser> {
    poll: Poll,
    wake: Arc<Wakeup>,
    rx: Receiver<Mail<U>>,
    links: HashMap<usize, Link<U>>,
}

impl<U: LinkUser> EventLoop<U> {
    fn run(mut self) {
        let mut events = Events::with_capacity(64);
        while !self.links.is_empty() {
            let now = Instant::now();
            self.take_commands(now);
            let registry = self.poll.registry();
            let mut next: Option<Instant> = None;
            for link in self.links.values_mut() {
                link.run(now, registry);
                next = match (next, link.next_deadline()) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
            if self.links.is_empty() || !self.wake.prepare_sleep() {
                continue;
            }
            let timeout = next.map(|t| t.saturating_duration_since(Instant::now()));
            let polled = self.poll.poll(&mut events, timeout);
            self.wake.woke_up();
            if polled.is_err() {
                // EINTR, the only error a valid epoll descriptor gives.
                continue;
            }
            let now = Instant::now();
            for event in &events {
                if let Some(link) = self.links.get_mut(&event.token().0) {
                    link.on_event(now, event, self.poll.registry());
                }
            }
            for link in self.links.values() {
                link.count_wakeup();
            }
        }
        // Whoever still has a handle learns from the closed channel.
        while let Ok(mail) = self.rx.try_recv() {
            if let Command::Send(request) = mail.command {
                (request.reply)(Err(super::RequestError::Destroyed));
            }
        }
    }

    fn take_commands(&mut self, now: Instant) {
        while let Ok(mail) = self.rx.try_recv() {
            let Some(link) = self.links.get_mut(&mail.link) else {
                if let Command::Send(request) = mail.command {
                    (request.reply)(Err(super::RequestError::Destroyed));
                }
                continue;
            };
            if matches!(mail.command, Command::Stop) {
                link.stop(now, self.poll.registry());
                self.links.remove(&mail.link);
            } else {
                link.on_command(now, mail.command, self.poll.registry());
            }
        }
    }
}
