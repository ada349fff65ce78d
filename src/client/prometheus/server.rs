//! The thread that serves an address.
//!
//! It waits for sockets alone: the instances' main threads answer through a channel and
//! wake it. A connection is for one request and has a few seconds for each of its parts;
//! when there are too many, the one that has been there longest without a whole request
//! makes room, so that clients that are slow, or say nothing, keep nobody out.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use serde_json::Value;
use socket2::{Domain, Protocol, Socket, Type};

use super::http::{self, MAX_HEAD, Request};
use super::text::{Format, page};
use super::{Answer, ask_all};
use crate::base::fork::{Generation, Inherited};
use crate::base::{standard, thread};

const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);
const FIRST_CONNECTION: usize = 2;

const MAX_CONNECTIONS: usize = 64;
/// For a request to come whole, and again for its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);
/// For instances to answer.
const GATHERING: Duration = Duration::from_secs(2);
/// Reads after the answer.
const MAX_DROPPED: usize = 32;
/// Until connections are accepted again, when the process has no descriptor left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A thread that runs, until it is stopped.
pub struct Server {
    waker: Arc<Waker>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Server {
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (listening, waker) = standard::above(|| Listening::new(address, stopping.clone()))?;
        let thread = thread::spawn("rdk:prometheus", move || listening.run())?;
        Ok(Server {
            waker,
            stopping,
            thread,
        })
    }

    /// Its thread ended by a fault: nobody listens.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Returns when the address is free.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        if self.waker.wake().is_ok() {
            // A fault that it ended by is no concern any more.
            let _ = self.thread.join();
        }
    }
}

struct Listening {
    poll: Poll,
    waker: Arc<Waker>,
    listener: Inherited<TcpListener>,
    stopping: Arc<AtomicBool>,
    connections: BTreeMap<usize, Connection>,
    next: usize,
    accept_at: Option<Instant>,
    gathering: Option<Gathering>,
    sender: Sender<Answer>,
    answers: Receiver<Answer>,
    made: Generation,
}

/// The instances have been asked, for all requests that wait.
struct Gathering {
    until: Instant,
    left: HashSet<u64>,
    statistics: BTreeMap<u64, Value>,
}

struct Connection {
    socket: Inherited<TcpStream>,
    until: Instant,
    state: State,
}

enum State {
    Reading(Vec<u8>),
    Waiting {
        format: Format,
        body: bool,
    },
    Writing {
        answer: Vec<u8>,
        written: usize,
    },
    /// The answer is out; what the client still says is dropped until it ends, since
    /// closing on it would take the answer away from it.
    Ending {
        dropped: usize,
    },
}

/// Whether a connection goes on.
#[derive(PartialEq)]
enum Next {
    Later,
    Again,
    Close,
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    // Connections of a listener before may still be ending.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(TcpListener::from_std(socket.into()))
}

impl Listening {
    fn new(address: SocketAddr, stopping: Arc<AtomicBool>) -> io::Result<(Self, Arc<Waker>)> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let mut listener = bind(address)?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        let (sender, answers) = unbounded();
        let listening = Listening {
            poll,
            waker: waker.clone(),
            listener: Inherited::new(listener),
            stopping,
            connections: BTreeMap::new(),
            next: FIRST_CONNECTION,
            accept_at: None,
            gathering: None,
            sender,
            answers,
            made: Generation::current(),
        };
        Ok((listening, waker))
    }

    fn run(mut self) {
        let mut events = Events::with_capacity(MAX_CONNECTIONS + 2);
        while !self.stopping.load(Ordering::Acquire) && self.made.is_current() {
            let timeout = self
                .next_deadline()
                .map(|at| at.saturating_duration_since(Instant::now()));
            if let Err(e) = self.poll.poll(&mut events, timeout)
                && e.kind() != io::ErrorKind::Interrupted
            {
                return;
            }
            let now = Instant::now();
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(now),
                    WAKER => self.take_answers(),
                    Token(id) => self.serve(now, id),
                }
            }
            self.on_time(now);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let connections = self.connections.values().map(|c| c.until).min();
        let gathering = self.gathering.as_ref().map(|g| g.until);
        [connections, gathering, self.accept_at]
            .into_iter()
            .flatten()
            .min()
    }

    fn on_time(&mut self, now: Instant) {
        if self.accept_at.is_some_and(|at| at <= now) {
            self.accept(now);
        }
        let late: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, c)| c.until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.close(id);
        }
        let gathered = |g: &Gathering| g.left.is_empty() || g.until <= now;
        if self.gathering.as_ref().is_some_and(gathered) {
            self.answer_all(now);
        }
    }

    fn accept(&mut self, now: Instant) {
        self.accept_at = None;
        for _ in 0..MAX_CONNECTIONS {
            let accepted = standard::above(|| {
                let (socket, _) = self.listener.get()?.accept()?;
                Ok(Inherited::new(socket))
            });
            match accepted {
                Ok(socket) => self.add(now, socket),
                Err(e) => match io::Error::kind(&e) {
                    io::ErrorKind::WouldBlock => return,
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
                    _ => {
                        self.accept_at = Some(now + ACCEPT_AGAIN);
                        return;
                    }
                },
            }
        }
        // There may be more: after the others have had their turn, and the end its chance.
        self.accept_at = Some(now);
    }

    fn add(&mut self, now: Instant, mut socket: Inherited<TcpStream>) {
        if self.connections.len() >= MAX_CONNECTIONS {
            // The lowest id is the oldest. Who is being answered is spared as long as others
            // have not asked yet; who waits for the instances is answered soon.
            let rank = |c: &Connection| match c.state {
                State::Ending { .. } => Some(0),
                State::Reading(_) => Some(1),
                State::Writing { .. } => Some(2),
                State::Waiting { .. } => None,
            };
            let ranked = self.connections.iter();
            let ranked = ranked.filter_map(|(id, c)| Some((rank(c)?, *id)));
            match ranked.min().map(|(_, id)| id) {
                Some(id) => self.close(id),
                None => return,
            }
        }
        let id = self.next;
        self.next += 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = socket
            .get_mut()
            .and_then(|s| self.poll.registry().register(s, Token(id), interest));
        if registered.is_ok() {
            let connection = Connection {
                socket,
                until: now + PATIENCE,
                state: State::Reading(Vec::new()),
            };
            self.connections.insert(id, connection);
        }
    }

    /// Goes as far as the socket lets it.
    fn serve(&mut self, now: Instant, id: usize) {
        loop {
            let Some(connection) = self.connections.get_mut(&id) else {
                return;
            };
            let before = matches!(connection.state, State::Reading(_));
            match connection.step(now) {
                Next::Again => {}
                Next::Later => {
                    if before && matches!(connection.state, State::Waiting { .. }) {
                        self.gather(now);
                    }
                    return;
                }
                Next::Close => return self.close(id),
            }
        }
    }

    /// A request that comes while the instances are asked gets the same answer.
    fn gather(&mut self, now: Instant) {
        if self.gathering.is_some() {
            return;
        }
        // Late answers to the question before.
        while self.answers.try_recv().is_ok() {}
        let waker = self.waker.clone();
        let wake = move || {
            // The server may have ended.
            let _ = waker.wake();
        };
        self.gathering = Some(Gathering {
            until: now + GATHERING,
            left: ask_all(&self.sender, wake).into_iter().collect(),
            statistics: BTreeMap::new(),
        });
    }

    fn take_answers(&mut self) {
        while let Ok(answer) = self.answers.try_recv() {
            let Some(gathering) = &mut self.gathering else {
                continue;
            };
            gathering.left.remove(&answer.id);
            let parsed = answer
                .statistics
                .and_then(|text| serde_json::from_str(&text).ok());
            if let Some(statistics) = parsed {
                gathering.statistics.insert(answer.id, statistics);
            }
        }
    }

    fn answer_all(&mut self, now: Instant) {
        let Some(gathering) = self.gathering.take() else {
            return;
        };
        let instances: Vec<Value> = gathering.statistics.into_values().collect();
        let mut pages: [Option<String>; 2] = [None, None];
        let waiting: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, c)| matches!(c.state, State::Waiting { .. }))
            .map(|(id, _)| *id)
            .collect();
        for id in waiting {
            if let Some(connection) = self.connections.get_mut(&id)
                && let State::Waiting { format, body } = connection.state
            {
                let [plain, open] = &mut pages;
                let place = match format {
                    Format::Prometheus => plain,
                    Format::OpenMetrics => open,
                };
                let text = place.get_or_insert_with(|| page(format, &instances));
                connection.reply(now, http::answer(format, body, text));
            }
            self.serve(now, id);
        }
    }

    fn close(&mut self, id: usize) {
        if let Some(mut connection) = self.connections.remove(&id)
            && let Ok(socket) = connection.socket.get_mut()
        {
            // Closing ends both; a descriptor that was never registered has no entry.
            let _ = self.poll.registry().deregister(socket);
        }
    }
}

impl Connection {
    fn reply(&mut self, now: Instant, answer: Vec<u8>) {
        self.until = now + PATIENCE;
        self.state = State::Writing { answer, written: 0 };
    }

    fn step(&mut self, now: Instant) -> Next {
        let Ok(socket) = self.socket.get_mut() else {
            return Next::Close;
        };
        match &mut self.state {
            State::Waiting { .. } => Next::Later,
            State::Reading(head) => {
                let mut part = [0; 2048];
                match socket.read(&mut part) {
                    Ok(0) => return Next::Close,
                    Ok(n) => head.extend_from_slice(part.get(..n).unwrap_or_default()),
                    Err(e) => return after(&e),
                }
                match http::read(head.get(..head.len().min(MAX_HEAD)).unwrap_or_default()) {
                    None => Next::Again,
                    Some(Request::Metrics { format, body }) => {
                        // The instances' time, which is bounded by itself.
                        self.until = now + PATIENCE + GATHERING;
                        self.state = State::Waiting { format, body };
                        Next::Later
                    }
                    Some(Request::Refused(status)) => {
                        self.reply(now, http::refusal(status));
                        Next::Again
                    }
                }
            }
            State::Writing { answer, written } => {
                match socket.write(answer.get(*written..).unwrap_or_default()) {
                    Ok(0) => Next::Close,
                    Ok(n) => {
                        *written += n;
                        if *written >= answer.len() {
                            // If it fails, the client is gone.
                            let _ = socket.shutdown(Shutdown::Write);
                            self.state = State::Ending { dropped: 0 };
                        }
                        Next::Again
                    }
                    Err(e) => after(&e),
                }
            }
            State::Ending { dropped } => match socket.read(&mut [0; 2048]) {
                Ok(1..) if *dropped < MAX_DROPPED => {
                    *dropped += 1;
                    Next::Again
                }
                Ok(_) => Next::Close,
                Err(e) => after(&e),
            },
        }
    }
}

/// What an error of a socket means.
fn after(e: &io::Error) -> Next {
    match e.kind() {
        io::ErrorKind::WouldBlock => Next::Later,
        io::ErrorKind::Interrupted => Next::Again,
        _ => Next::Close,
    }
}
