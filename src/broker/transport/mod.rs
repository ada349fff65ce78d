//! What carries bytes to a broker: a [`Connector`] starts a connection, a [`Stream`] is one.
//!
//! The contract holds for plain TCP and for a protocol on top of it (TLS), which has
//! buffers of its own between its owner and the socket:
//!
//! - **Events are edges.** The owner gets a [`Readiness`] once, and from then on calls
//!   [`Stream::handshake`], [`Stream::read`] or [`Stream::write_vectored`] until one of
//!   them says that it would block, or a read says that it drained the socket.
//! - **The handshake comes first.** After each event it is called again until it is
//!   [`Handshake::Done`]; only then are bytes read and written.
//! - **A read says itself whether it drained the stream.** `drained` means that nothing
//!   can be read before the socket's next event. A short read does not mean that: a
//!   decrypted record ends where it ends, and the next one may wait already.
//! - **Written is not sent.** A write may take bytes and keep them.
//!   [`Stream::wants_write`] says so, and the owner then calls
//!   [`Stream::write_vectored`], without bytes if it has none, once the socket is writable.
//! - **After an error** the stream is deregistered and dropped; nothing else is called.
//! - EINTR is handled inside.

pub mod hooks;
#[cfg(all(test, not(loom)))]
pub mod memory;
pub mod tcp;
pub mod tls;

use std::io::IoSlice;
use std::net::SocketAddr;

use super::error::ConnError;
use super::identity::Identity;
pub use hooks::{Plain, SocketHooks};

/// `broker.address.family`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    #[default]
    Any,
    V4,
    V6,
}

/// The events of a socket that a loop gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// Data to read, and room to write.
    Both,
    Data,
    Nothing,
}

/// An event of a socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Readiness {
    pub readable: bool,
    pub writable: bool,
    /// The peer sends no more.
    pub closed: bool,
    pub error: bool,
}

impl From<&mio::event::Event> for Readiness {
    fn from(event: &mio::event::Event) -> Self {
        Readiness {
            readable: event.is_readable(),
            writable: event.is_writable(),
            closed: event.is_read_closed(),
            error: event.is_error(),
        }
    }
}

/// Starts connections, as `security.protocol` demands.
pub trait Connector: Send + Sync {
    /// Starts a connection to `address`, one of those that the broker's host has.
    fn connect(&self, address: SocketAddr, broker: &Identity) -> Result<Stream, ConnError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// The socket is not connected yet.
    Connecting,
    /// It is, and the session on top of it (TLS) is being made.
    Negotiating,
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOutcome {
    Data {
        n: usize,
        /// Nothing more can be read before the socket's next event.
        drained: bool,
    },
    WouldBlock,
    /// The peer has closed the stream, and all that it sent has been read.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// So many bytes were taken.
    Taken(usize),
    WouldBlock,
}

/// A connection that has been made, or is being made.
pub enum Stream {
    Tcp(tcp::TcpTransport),
    #[cfg(feature = "tls")]
    Tls(Box<tls::TlsTransport>),
    #[cfg(all(test, not(loom)))]
    Memory(memory::MemoryTransport),
}

/// Calls a method of the transport, whichever it is.
macro_rules! each {
    ($stream:expr, $s:ident => $call:expr) => {
        match $stream {
            Stream::Tcp($s) => $call,
            #[cfg(feature = "tls")]
            Stream::Tls($s) => $call,
            #[cfg(all(test, not(loom)))]
            Stream::Memory($s) => $call,
        }
    };
}

impl Stream {
    /// Registers the socket with a loop, for all its events.
    pub fn register(
        &mut self,
        registry: &mio::Registry,
        token: mio::Token,
    ) -> Result<(), ConnError> {
        each!(self, s => s.register(registry, token))
    }

    /// Registers the socket with that loop again, for other events.
    pub fn await_only(
        &mut self,
        registry: &mio::Registry,
        awaited: Awaited,
    ) -> Result<(), ConnError> {
        each!(self, s => s.await_only(registry, awaited))
    }

    /// Once for a connection: another registry gets an event when data arrives, too.
    pub fn register_beside(
        &self,
        other: &mio::Registry,
        token: mio::Token,
    ) -> Result<(), ConnError> {
        each!(self, s => s.register_beside(other, token))
    }

    pub fn deregister(&mut self, registry: &mio::Registry) {
        each!(self, s => s.deregister(registry));
    }

    /// The socket's descriptor, for observers; -1 without one.
    pub fn socket(&self) -> i32 {
        each!(self, s => s.socket())
    }

    pub fn handshake(&mut self) -> Result<Handshake, ConnError> {
        each!(self, s => s.handshake())
    }

    /// Reads into `buf`, which has room.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<ReadOutcome, ConnError> {
        each!(self, s => s.read(buf))
    }

    /// Writes `bufs`, after what the transport holds already. Called without bytes, it has
    /// sent all that it held when it does not block.
    pub fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<WriteOutcome, ConnError> {
        each!(self, s => s.write_vectored(bufs))
    }

    /// The transport holds bytes that are not with the socket yet.
    pub fn wants_write(&self) -> bool {
        each!(self, s => s.wants_write())
    }
}
