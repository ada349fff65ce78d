//! What carries bytes to a broker. Plain TCP so far; TLS is another variant of
//! [`Stream`] with the same readiness rules.

pub mod hooks;
pub mod tcp;

use std::io::{self, IoSlice, Read};

pub use hooks::{Plain, SocketHooks};

/// `broker.address.family`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    #[default]
    Any,
    V4,
    V6,
}

/// What a loop is told of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// That something arrived, and that more can be written.
    Both,
    Data,
    Nothing,
}

/// A connection that has been made, or is being made.
pub enum Stream {
    Tcp(tcp::TcpLink),
}

impl Stream {
    /// With a loop, which is told of both.
    pub fn register(&mut self, registry: &mio::Registry, token: mio::Token) -> io::Result<()> {
        match self {
            Stream::Tcp(s) => s.register(registry, token),
        }
    }

    /// Registers anew with that loop.
    pub fn await_only(&mut self, registry: &mio::Registry, awaited: Awaited) -> io::Result<()> {
        match self {
            Stream::Tcp(s) => s.await_only(registry, awaited),
        }
    }

    /// Once for a connection: another registry is told when something arrives, too.
    pub fn register_beside(&self, other: &mio::Registry, token: mio::Token) -> io::Result<()> {
        match self {
            Stream::Tcp(s) => s.register_beside(other, token),
        }
    }

    pub fn deregister(&mut self, registry: &mio::Registry) {
        match self {
            Stream::Tcp(s) => s.deregister(registry),
        }
    }

    /// The socket's descriptor, for those who are told of it.
    pub fn socket(&self) -> i32 {
        match self {
            Stream::Tcp(s) => s.socket(),
        }
    }

    /// Whether a connection in the making is made: `Ok(false)` while it is not.
    pub fn connected(&self) -> io::Result<bool> {
        match self {
            Stream::Tcp(s) => s.connected(),
        }
    }

    pub fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(s) => s.write_vectored(bufs),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(s) => s.read(buf),
        }
    }
}
