//! The owner thread: sockets and time around [`ClusterState`].
//!
//! One loop: wait until a socket is ready, a command came or something is due; serve
//! it; do what the state asks for. Tokens are broker ids' slots for listeners and
//! connection ids (from `FIRST_CONN` up, never reused) for clients.

mod channel;
mod conn;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;

use super::command::{BrokerChange, Change, Command, CommandError, Which};
use super::dispatch::{ANONYMOUS, Peer};
use super::state::broker::Broker;
use super::state::{ClusterState, ConnId, Now, Output};
use super::trace::Trace;
use crate::base::fork::{Generation, Inherited};
use crate::base::standard;
use crate::mock::security::Tls;
use channel::Channel;
use conn::{Conn, Step};
use crossbeam_channel::Receiver;
use kafka_protocol::protocol::StrBytes;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, SockRef, Socket, Type};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

pub const WAKER: Token = Token(0);
const FIRST_LISTENER: usize = 1;
const FIRST_CONN: u64 = 1 << 32;
/// How many requests of a connection are served before it is the others' turn.
const REQUESTS_PER_TURN: usize = 32;
const ACCEPT_AGAIN_US: u64 = 100_000;

/// A broker's socket. A broker that is down keeps its port, bound but not listening.
enum Listener {
    Up(Inherited<TcpListener>),
    Down(Inherited<Socket>),
}

struct Door {
    address: SocketAddr,
    token: Token,
    listener: Option<Listener>,
}

pub struct Server {
    poll: Poll,
    state: ClusterState,
    commands: Receiver<Command>,
    doors: BTreeMap<i32, Door>,
    conns: HashMap<ConnId, Conn>,
    /// Connections with something to send later, by when.
    delayed: BTreeSet<(u64, ConnId)>,
    /// Connections that can go on: each has one turn before the next look at the sockets.
    ready: BTreeSet<ConnId>,
    /// Listeners that could not take a connection for want of descriptors.
    starved: BTreeSet<Token>,
    /// When they try again.
    accept_again: Option<u64>,
    next_conn: ConnId,
    next_listener: usize,
    host: String,
    ip: Ipv4Addr,
    max_request: usize,
    tls: Option<tls::Acceptor>,
    /// What connections read into.
    scratch: Box<[u8]>,
    started: Instant,
    stopping: bool,
    /// The process whose thread this is.
    made: Generation,
}

/// How the server is set up.
pub struct Setup {
    pub brokers: i32,
    /// Port of the first broker, the next ones follow; 0 takes any free ones.
    pub port: u16,
    pub host: String,
    pub ip: Ipv4Addr,
    pub max_request: usize,
    pub tls: Option<Tls>,
}

/// A listening socket's address without yet listening. The port may be taken again
/// while connections to its last owner linger.
fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = standard::above(|| Socket::new(Domain::IPV4, Type::STREAM, None))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

impl Server {
    pub fn new(
        poll: Poll,
        state: ClusterState,
        commands: Receiver<Command>,
        setup: &Setup,
    ) -> io::Result<Server> {
        let mut server = Server {
            poll,
            state,
            commands,
            doors: BTreeMap::new(),
            conns: HashMap::new(),
            delayed: BTreeSet::new(),
            ready: BTreeSet::new(),
            starved: BTreeSet::new(),
            accept_again: None,
            next_conn: FIRST_CONN,
            next_listener: FIRST_LISTENER,
            host: setup.host.clone(),
            ip: setup.ip,
            max_request: setup.max_request,
            tls: setup.tls.as_ref().map(tls::Acceptor::new).transpose()?,
            scratch: vec![0; conn::READ_CHUNK].into_boxed_slice(),
            started: Instant::now(),
            stopping: false,
            made: Generation::current(),
        };
        for id in 1..=setup.brokers {
            let port = match setup.port {
                0 => 0,
                first => u16::try_from(i32::from(first) + id - 1)
                    .map_err(|_| io::Error::other(format!("no port is left for broker {id}")))?,
            };
            server.open(id, port)?;
        }
        Ok(server)
    }

    pub fn state(&mut self) -> &mut ClusterState {
        &mut self.state
    }

    pub fn bootstraps(&self) -> String {
        let all: Vec<String> = self
            .state
            .brokers
            .iter()
            .map(|b| format!("{}:{}", b.host, b.port))
            .collect();
        all.join(",")
    }

    pub fn now(&self) -> Now {
        let wall = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            us: self.started.elapsed().as_micros() as u64,
            wall_ms: wall.as_millis() as i64,
        }
    }

    /// Opens a new broker's listener and adds it to the cluster.
    fn open(&mut self, id: i32, port: u16) -> io::Result<()> {
        let address = SocketAddr::from((self.ip, port));
        let refused = |e: io::Error| io::Error::new(e.kind(), format!("{address}: {e}"));
        let socket = bind(address).map_err(refused)?;
        let address = socket
            .local_addr()?
            .as_socket()
            .ok_or_else(|| io::Error::other("not an internet address"))?;
        let token = Token(self.next_listener);
        self.next_listener += 1;
        let listener = self.listen(socket, token).map_err(refused)?;
        let door = Door {
            address,
            token,
            listener: Some(listener),
        };
        self.doors.insert(id, door);
        let broker = Broker::new(id, self.host.clone(), address.port().into());
        let now = self.now();
        self.state.add_broker(now, broker);
        Ok(())
    }

    fn listen(&self, socket: Socket, token: Token) -> io::Result<Listener> {
        socket.listen(1024)?;
        let mut listener = Inherited::new(TcpListener::from_std(socket.into()));
        self.poll
            .registry()
            .register(listener.get_mut()?, token, Interest::READABLE)?;
        Ok(Listener::Up(listener))
    }

    /// Runs until told to stop.
    pub fn run(mut self) {
        let mut events = Events::with_capacity(256);
        while !self.stopping {
            if !self.made.is_current() {
                // A log callback forked, and this is the child: all of this is the parent's.
                std::mem::forget(self);
                return;
            }
            let timeout = self.timeout();
            if let Err(e) = self.poll.poll(&mut events, timeout)
                && e.kind() != io::ErrorKind::Interrupted
            {
                return;
            }
            for event in &events {
                match event.token() {
                    WAKER => self.serve_commands(),
                    Token(n) if (n as u64) < FIRST_CONN => self.accept(event.token()),
                    Token(n) => self.serve_conn(n as ConnId),
                }
            }
            self.tick();
        }
        for door in std::mem::take(&mut self.doors).into_values() {
            self.drop_listener(door.listener);
        }
        for conn in self.conns.values_mut() {
            conn.close();
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let delayed = self.delayed.first().map(|&(at, _)| at);
        let due = [self.state.next_deadline(), delayed, self.accept_again]
            .into_iter()
            .flatten()
            .min()?;
        let us = due.saturating_sub(self.now().us);
        // Sockets count in milliseconds: waking a little early would spin.
        Some(Duration::from_micros(us).max(Duration::from_millis(u64::from(us > 0))))
    }

    fn tick(&mut self) {
        let now = self.now();
        self.state.tick(now);
        self.carry_out();
        if self.accept_again.is_some_and(|at| at <= now.us) {
            self.accept_starved();
        }
        while let Some(&(at, id)) = self.delayed.first() {
            if at > now.us {
                break;
            }
            self.delayed.pop_first();
            self.ready.insert(id);
        }
        for id in std::mem::take(&mut self.ready) {
            self.serve_conn(id);
        }
    }

    fn accept(&mut self, token: Token) {
        let Some((&broker, door)) = self.doors.iter().find(|(_, d)| d.token == token) else {
            return;
        };
        let Some(Listener::Up(listener)) = &door.listener else {
            return;
        };
        let Ok(listener) = listener.get() else {
            return;
        };
        loop {
            let (mut stream, peer) = match standard::above(|| listener.accept()) {
                Ok(accepted) => accepted,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                // Whoever knocked has gone again, or a signal came.
                Err(e)
                    if matches!(
                        e.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
                    ) =>
                {
                    continue;
                }
                Err(_) => {
                    // The descriptors may be others' to give back.
                    self.accept_again = Some(self.now().us + ACCEPT_AGAIN_US);
                    self.starved.insert(token);
                    return;
                }
            };
            let id = self.next_conn;
            self.next_conn += 1;
            let _ = stream.set_nodelay(true);
            let interest = Interest::READABLE | Interest::WRITABLE;
            let registered =
                self.poll
                    .registry()
                    .register(&mut stream, Token(id as usize), interest);
            if registered.is_ok() {
                let peer = Peer {
                    conn: id,
                    broker,
                    host: StrBytes::from_string(format!("/{}", peer.ip())),
                    principal: ANONYMOUS.into(),
                };
                self.state.trace.line(format_args!(
                    "Broker {broker} is connected to {}",
                    peer.host.as_str()
                ));
                if let Ok(channel) = Channel::new(stream, self.tls.as_ref()) {
                    self.conns.insert(id, Conn::new(channel, peer));
                }
            }
        }
    }

    /// Reads, handles and writes as far as a connection goes, or its turn.
    fn serve_conn(&mut self, id: ConnId) {
        for _ in 0..REQUESTS_PER_TURN {
            let now = self.now();
            let Some(conn) = self.conns.get_mut(&id) else {
                return;
            };
            let max_request = self.state.max_request(id, self.max_request);
            match conn.step(now.us, max_request, &mut self.scratch) {
                Step::Request(frame) => {
                    let peer = conn.peer.clone();
                    self.state.request(now, &peer, frame);
                    self.carry_out();
                }
                Step::Wait(due) => {
                    self.ready.remove(&id);
                    if let Some(at) = due {
                        self.delayed.insert((at, id));
                    }
                    return;
                }
                Step::More => break,
                Step::Closed => {
                    self.close(id);
                    return;
                }
            }
        }
        self.ready.insert(id);
    }

    fn close(&mut self, id: ConnId) {
        if let Some(mut conn) = self.conns.remove(&id) {
            conn.close();
            if let Ok(stream) = conn.stream() {
                let _ = self.poll.registry().deregister(stream);
            }
            self.state.trace.line(format_args!(
                "Broker {} is no longer connected to {}",
                conn.peer.broker,
                conn.peer.host.as_str()
            ));
            self.state.connection_closed(self.now(), id);
            drop(conn);
            // There is a descriptor for who waits at a door.
            self.accept_starved();
        }
    }

    fn accept_starved(&mut self) {
        self.accept_again = None;
        for token in std::mem::take(&mut self.starved) {
            self.accept(token);
        }
    }

    /// Does what the state has asked for until it asks for nothing more.
    fn carry_out(&mut self) {
        loop {
            let output = self.state.take_output();
            if output.is_empty() {
                return;
            }
            let now = self.now();
            for o in output {
                match o {
                    Output::Send {
                        conn,
                        frame,
                        delay_ms,
                    } => {
                        if let Some(c) = self.conns.get_mut(&conn) {
                            c.answer(frame, now.after_ms(delay_ms.into()));
                            // Whether it is due, and the next request, are seen soon.
                            self.ready.insert(conn);
                        }
                    }
                    Output::Last {
                        conn,
                        frame,
                        delay_ms,
                    } => {
                        if let Some(c) = self.conns.get_mut(&conn) {
                            c.answer_last(frame, now.after_ms(delay_ms.into()));
                            self.ready.insert(conn);
                        }
                    }
                    Output::Next { conn } => {
                        if let Some(c) = self.conns.get_mut(&conn) {
                            c.answered();
                            self.ready.insert(conn);
                        }
                    }
                    Output::Close { conn } => self.close(conn),
                }
            }
        }
    }

    fn serve_commands(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            self.command(command);
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Stop => self.stopping = true,
            Command::CountBrokerErrors { broker, api, reply } => {
                let _ = reply.send(self.state.count_broker_errors(broker, api));
            }
            Command::ShareMembers { group, reply } => {
                let _ = reply.send(self.state.share_members(&group));
            }
            Command::Trace(log, done) => {
                let trace = &mut self.state.trace;
                match log.is_some() {
                    true => *trace = Trace::to(log),
                    false => {
                        trace.line(format_args!("The cluster ends"));
                        *trace = Trace::default();
                    }
                }
                let bootstraps = self.bootstraps();
                self.state.trace.line(format_args!(
                    "Cluster {} listens on {bootstraps}",
                    self.state.cluster_id
                ));
                let _ = done.send(());
            }
            Command::TrackedRequests(reply) => {
                let _ = reply.send(self.state.tracked_requests());
            }
            Command::Change(change, done) => {
                let now = self.now();
                self.state.trace.line(format_args!("Asked for {change:?}"));
                let outcome = match change {
                    Change::AddBroker { id } => self.add_broker(id),
                    Change::Broker { which, change } => self.change_brokers(now, which, &change),
                    other => self.state.apply(now, other),
                };
                self.carry_out();
                let _ = done.send(outcome);
            }
        }
    }

    fn add_broker(&mut self, id: i32) -> Result<(), CommandError> {
        if self.state.broker(id).is_some() {
            return Err(CommandError::InvalidArgument);
        }
        self.open(id, 0).map_err(|_| CommandError::Transport)
    }

    fn change_brokers(
        &mut self,
        now: Now,
        which: Which,
        change: &BrokerChange,
    ) -> Result<(), CommandError> {
        for id in self.state.brokers_of(which)? {
            match change {
                BrokerChange::Down => self.shut(id)?,
                BrokerChange::Up => self.reopen(id)?,
                BrokerChange::Decommission => {
                    self.close_all(id);
                    if let Some(door) = self.doors.remove(&id) {
                        self.drop_listener(door.listener);
                    }
                }
                BrokerChange::RoundTripTime(ms) => self.hold_answers(id, *ms),
                _ => {}
            }
            self.state.change_broker(now, id, change);
        }
        Ok(())
    }

    /// A broker's round trip holds for the answers, too, that are on their way.
    fn hold_answers(&mut self, broker: i32, rtt_ms: u32) {
        let before = self.state.broker(broker).map_or(rtt_ms, |b| b.rtt_ms);
        for (&id, conn) in &mut self.conns {
            if conn.peer.broker == broker {
                conn.round_trip(before, rtt_ms);
                self.ready.insert(id);
            }
        }
    }

    fn drop_listener(&self, listener: Option<Listener>) {
        if let Some(Listener::Up(mut listener)) = listener
            && let Ok(listener) = listener.get_mut()
        {
            let _ = self.poll.registry().deregister(listener);
            // A child that is being forked at this moment has a copy, which would go on
            // listening, and keep the port, until it is closed there.
            let _ = SockRef::from(&*listener).shutdown(Shutdown::Both);
        }
    }

    fn close_all(&mut self, broker: i32) {
        let ours: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, c)| c.peer.broker == broker)
            .map(|(&id, _)| id)
            .collect();
        for id in ours {
            self.close(id);
        }
    }

    /// Stops listening; the port stays taken, so that connecting is refused.
    fn shut(&mut self, id: i32) -> Result<(), CommandError> {
        let Some(door) = self.doors.get_mut(&id) else {
            return Ok(());
        };
        if let Some(Listener::Down(_)) = door.listener {
            return Ok(());
        }
        let address = door.address;
        let up = door.listener.take();
        self.drop_listener(up);
        self.close_all(id);
        let socket = bind(address).map_err(|_| CommandError::Transport)?;
        if let Some(door) = self.doors.get_mut(&id) {
            door.listener = Some(Listener::Down(Inherited::new(socket)));
        }
        Ok(())
    }

    fn reopen(&mut self, id: i32) -> Result<(), CommandError> {
        let Some(door) = self.doors.get_mut(&id) else {
            return Ok(());
        };
        let token = door.token;
        let socket = match door.listener.take() {
            Some(Listener::Down(socket)) => socket.into_inner().ok_or(CommandError::Transport)?,
            up => {
                door.listener = up;
                return Ok(());
            }
        };
        let listener = self
            .listen(socket, token)
            .map_err(|_| CommandError::Transport)?;
        if let Some(door) = self.doors.get_mut(&id) {
            door.listener = Some(listener);
        }
        Ok(())
    }
}
