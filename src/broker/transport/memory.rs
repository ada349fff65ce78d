//! A transport in memory for tests, which misbehaves as far as the contract allows.
//!
//! The test holds the [`Peer`]: it accepts or refuses the connection, sends, closes, and
//! decides how much the socket takes. Randomness comes from a seed: reads and writes are
//! split, a read may leave it open whether the stream is drained, and a write may keep
//! bytes as a TLS session does ([`Stream::wants_write`](super::Stream::wants_write)).

use std::collections::VecDeque;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::base::lock::Mutex;
use crossbeam_channel::Sender;
use mio::{Registry, Token};

use super::{Awaited, Connector, Handshake, ReadOutcome, Readiness, Stream, WriteOutcome};
use crate::broker::error::ConnError;
use crate::broker::identity::Identity;

#[derive(Default)]
struct Wire {
    /// What the handshake says; None while it goes on.
    accepted: Option<Result<(), ConnError>>,
    to_client: VecDeque<u8>,
    from_client: Vec<u8>,
    /// Bytes that the client's side has taken and not sent.
    kept: VecDeque<u8>,
    /// How much the socket takes before a write would block.
    room: usize,
    closed: bool,
    broken: Option<ConnError>,
    registered: bool,
}

/// The other side of a connection, as the test plays it.
#[derive(Clone)]
pub struct Peer {
    pub address: SocketAddr,
    wire: Arc<Mutex<Wire>>,
}

pub struct MemoryTransport {
    wire: Arc<Mutex<Wire>>,
    random: fastrand::Rng,
}

/// A connection whose handshake is under way.
pub fn connection(address: SocketAddr, seed: u64) -> (Stream, Peer) {
    let wire = Arc::new(Mutex::new(Wire {
        room: 1 << 20,
        ..Wire::default()
    }));
    let transport = MemoryTransport {
        wire: wire.clone(),
        random: fastrand::Rng::with_seed(seed),
    };
    (Stream::Memory(transport), Peer { address, wire })
}

/// Hands the other side of each connection to the test.
pub struct MemoryConnector {
    pub seed: u64,
    pub peers: Sender<Peer>,
}

impl Connector for MemoryConnector {
    fn connect(&self, address: SocketAddr, _: &Identity) -> Result<Stream, ConnError> {
        let (stream, peer) = connection(address, self.seed);
        let refused = |_| ConnError::Io("no test listens".into());
        self.peers.send(peer).map_err(refused)?;
        Ok(stream)
    }
}

impl Peer {
    pub fn accept(&self) -> Readiness {
        self.wire.lock().accepted = Some(Ok(()));
        Readiness {
            writable: true,
            ..Readiness::default()
        }
    }

    pub fn refuse(&self, why: &str) -> Readiness {
        self.wire.lock().accepted = Some(Err(ConnError::Io(why.into())));
        Readiness {
            error: true,
            ..Readiness::default()
        }
    }

    pub fn send(&self, bytes: &[u8]) -> Readiness {
        self.wire.lock().to_client.extend(bytes);
        Readiness {
            readable: true,
            ..Readiness::default()
        }
    }

    /// An orderly end: what was sent before can be read.
    pub fn close(&self) -> Readiness {
        self.wire.lock().closed = true;
        Readiness {
            readable: true,
            closed: true,
            ..Readiness::default()
        }
    }

    /// Every call fails from now on.
    pub fn reset(&self) -> Readiness {
        let mut wire = self.wire.lock();
        wire.broken = Some(ConnError::Io("Connection reset by peer".into()));
        Readiness {
            readable: true,
            error: true,
            ..Readiness::default()
        }
    }

    /// How much the socket takes from now on.
    pub fn set_room(&self, room: usize) -> Readiness {
        self.wire.lock().room = room;
        Readiness {
            writable: room > 0,
            ..Readiness::default()
        }
    }

    /// What the client has sent since the last call.
    pub fn received(&self) -> Vec<u8> {
        std::mem::take(&mut self.wire.lock().from_client)
    }

    /// The client still has its side of the connection.
    pub fn is_held(&self) -> bool {
        Arc::strong_count(&self.wire) > 1
    }
}

impl MemoryTransport {
    pub fn register(&mut self, _: &Registry, _: Token) -> Result<(), ConnError> {
        self.wire.lock().registered = true;
        Ok(())
    }

    pub fn await_only(&mut self, _: &Registry, awaited: Awaited) -> Result<(), ConnError> {
        self.wire.lock().registered = awaited != Awaited::Nothing;
        Ok(())
    }

    /// There is no descriptor, so nothing can be lent.
    #[allow(clippy::unused_self)]
    pub fn register_beside(&self, _: &Registry, _: Token) -> Result<(), ConnError> {
        Err(ConnError::Io("no descriptor".into()))
    }

    pub fn deregister(&mut self, _: &Registry) {
        self.wire.lock().registered = false;
    }

    #[allow(clippy::unused_self)]
    pub fn socket(&self) -> i32 {
        -1
    }

    pub fn handshake(&mut self) -> Result<Handshake, ConnError> {
        match self.wire.lock().accepted.clone() {
            None => Ok(Handshake::Connecting),
            Some(Ok(())) => Ok(Handshake::Done),
            Some(Err(e)) => Err(e),
        }
    }

    pub fn read(&mut self, buf: &mut [u8]) -> Result<ReadOutcome, ConnError> {
        assert!(!buf.is_empty(), "reading into no room looks like the end");
        let mut wire = self.wire.lock();
        if let Some(e) = &wire.broken {
            return Err(e.clone());
        }
        let most = buf.len().min(wire.to_client.len());
        if most == 0 {
            return Ok(if wire.closed {
                ReadOutcome::Closed
            } else {
                ReadOutcome::WouldBlock
            });
        }
        let n = self.random.usize(1..=most);
        for (to, from) in buf.iter_mut().zip(wire.to_client.drain(..n)) {
            *to = from;
        }
        let empty = wire.to_client.is_empty();
        let drained = empty && self.random.bool();
        Ok(ReadOutcome::Data { n, drained })
    }

    pub fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<WriteOutcome, ConnError> {
        let mut wire = self.wire.lock();
        if let Some(e) = &wire.broken {
            return Err(e.clone());
        }
        let n = wire.room.min(wire.kept.len());
        let sent: Vec<u8> = wire.kept.drain(..n).collect();
        wire.room -= n;
        wire.from_client.extend(sent);
        if !wire.kept.is_empty() {
            return Ok(WriteOutcome::WouldBlock);
        }
        let offered: Vec<u8> = bufs.iter().flat_map(|b| b.iter().copied()).collect();
        if offered.is_empty() {
            return Ok(WriteOutcome::Taken(0));
        }
        if wire.room == 0 {
            return Ok(WriteOutcome::WouldBlock);
        }
        let taken = self.random.usize(1..=offered.len());
        let sent = self.random.usize(0..=taken.min(wire.room));
        wire.room -= sent;
        wire.from_client.extend(&offered[..sent]);
        wire.kept.extend(&offered[sent..taken]);
        Ok(WriteOutcome::Taken(taken))
    }

    pub fn wants_write(&self) -> bool {
        !self.wire.lock().kept.is_empty()
    }
}
