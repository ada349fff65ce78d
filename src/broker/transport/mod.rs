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

/// A connection that has been made, or is being made.
pub enum Stream {
    Tcp(tcp::TcpLink),
}

impl Stream {
    pub fn register(
        &mut self,
        registry: &mio::Registry,
        token: mio::Token,
        write: bool,
    ) -> io::Result<()> {
        match self {
            Stream::Tcp(s) => s.register(registry, token, write),
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
