//! Which address of a broker is tried, and when. Sans-IO: time and randomness come in as
//! arguments, what is to be done comes out.
//!
//! ```text
//!         wanted                addresses
//! Idle ───────────► LookingUp ───────────► Connected
//!  ▲ │                  │                    ▲  │
//!  │ └─ addresses left, or still fresh ──────┘  │ ended
//!  │                    │ failure               │
//!  ├── until ────── Backoff ◄── all tried ──────┤
//!  └────────────────────────── one is left ─────┘
//! ```
//!
//! A look-up's addresses are tried in turn from a random one on, so that clients spread
//! over them, without a pause in between. When all have failed the pause grows, and the
//! name is looked up again. A connection that was up and ends leaves the list as good as
//! new, after the shortest pause.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::base::backoff;

/// The times that matter.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// How long a look-up may take.
    pub look_up: Duration,
    /// How long addresses are good for.
    pub address_ttl: Duration,
    pub backoff: Duration,
    pub backoff_max: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Idle,
    Backoff {
        until: Instant,
    },
    LookingUp {
        deadline: Instant,
    },
    /// A connection is being made, or is there; see `setup.rs`.
    Connected,
}

/// What an attempt begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    LookUp,
    Connect(SocketAddr),
}

#[derive(Debug)]
pub struct Reconnect {
    times: Times,
    state: State,
    addresses: Vec<SocketAddr>,
    /// How many of `addresses` were tried since they were looked up or the connection
    /// was up.
    tried: usize,
    /// None: they are not to be used again.
    looked_up_at: Option<Instant>,
    failed_attempts: u32,
}

impl Reconnect {
    pub fn new(times: Times) -> Self {
        Reconnect {
            times,
            state: State::Idle,
            addresses: Vec::new(),
            tried: 0,
            looked_up_at: None,
            failed_attempts: 0,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn is_looking_up(&self) -> bool {
        matches!(self.state, State::LookingUp { .. })
    }

    /// A connection is wanted. None if there is one, or one is being made, or it is not
    /// yet time.
    pub fn wanted(&mut self, now: Instant) -> Option<Begin> {
        if self.state != State::Idle {
            return None;
        }
        let fresh = self
            .looked_up_at
            .is_some_and(|at| now < at + self.times.address_ttl);
        if (self.tried < self.addresses.len() || fresh)
            && let Some(address) = self.connect_next()
        {
            return Some(Begin::Connect(address));
        }
        self.state = State::LookingUp {
            deadline: now + self.times.look_up,
        };
        Some(Begin::LookUp)
    }

    /// The look-up's answer. None if nobody waits for it any more, or it is empty.
    pub fn looked_up(
        &mut self,
        now: Instant,
        mut addresses: Vec<SocketAddr>,
        random: u32,
    ) -> Option<SocketAddr> {
        let State::LookingUp { .. } = self.state else {
            return None;
        };
        if addresses.len() > 1 {
            let start = random as usize % addresses.len();
            addresses.rotate_left(start);
        }
        self.addresses = addresses;
        self.tried = 0;
        self.looked_up_at = Some(now);
        self.connect_next()
    }

    fn connect_next(&mut self) -> Option<SocketAddr> {
        let at = self.tried % self.addresses.len().max(1);
        let address = *self.addresses.get(at)?;
        self.tried += 1;
        self.state = State::Connected;
        Some(address)
    }

    /// The connection is of use: pauses begin short again.
    pub fn up(&mut self) {
        self.failed_attempts = 0;
        self.tried = 0;
    }

    /// The connection, or the attempt to make one, has ended.
    pub fn ended(&mut self, now: Instant, was_up: bool, random: u32) {
        let untried = self.tried < self.addresses.len();
        if !untried {
            self.looked_up_at = None;
            self.tried = self.addresses.len();
        }
        if untried && !was_up {
            self.state = State::Idle;
            return;
        }
        let t = &self.times;
        let pause = backoff::delay_of(self.failed_attempts, t.backoff, t.backoff_max, random);
        if !was_up {
            self.failed_attempts = self.failed_attempts.saturating_add(1);
        }
        self.state = State::Backoff { until: now + pause };
    }

    /// The broker has another address. A connection to the old one has been ended.
    pub fn moved(&mut self) {
        self.addresses.clear();
        self.tried = 0;
        self.looked_up_at = None;
        self.failed_attempts = 0;
        self.state = State::Idle;
    }

    /// The next attempt may be made at once.
    pub fn skip_backoff(&mut self) {
        if let State::Backoff { .. } = self.state {
            self.state = State::Idle;
        }
    }

    /// Ends a pause that is over. True: the look-up is late, and [`Reconnect::ended`] is to
    /// follow.
    pub fn on_time(&mut self, now: Instant) -> bool {
        match self.state {
            State::Backoff { until } if now >= until => {
                self.state = State::Idle;
                false
            }
            State::LookingUp { deadline } => now >= deadline,
            _ => false,
        }
    }

    /// When [`Reconnect::on_time`] has something to do. The end of a pause matters only if
    /// a connection is `wanted`.
    pub fn deadline(&self, wanted: bool) -> Option<Instant> {
        match self.state {
            State::Idle | State::Connected => None,
            State::Backoff { until } => wanted.then_some(until),
            State::LookingUp { deadline } => Some(deadline),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
