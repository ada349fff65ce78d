//! Plain TCP: a non-blocking socket in a mio loop.

use std::io::{self, IoSlice, Read};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::{SockAddr, SockRef, Socket, TcpKeepalive};

use super::hooks::SocketHooks;
use super::{Awaited, Connector, Handshake, ReadOutcome, Stream, WriteOutcome};
use crate::base::fork::Inherited;
use crate::broker::LinkSettings;
use crate::broker::error::ConnError;
use crate::broker::identity::Identity;

/// Options from the configuration; zero means the system's default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub send_buffer: usize,
    pub receive_buffer: usize,
    pub keepalive: bool,
    pub nodelay: bool,
}

impl From<&LinkSettings> for Options {
    fn from(s: &LinkSettings) -> Self {
        Options {
            send_buffer: s.send_buffer,
            receive_buffer: s.receive_buffer,
            keepalive: s.keepalive,
            nodelay: s.nodelay,
        }
    }
}

/// `security.protocol=plaintext`.
pub struct TcpConnector {
    pub hooks: Arc<dyn SocketHooks>,
    pub options: Options,
}

impl Connector for TcpConnector {
    fn connect(&self, address: SocketAddr, broker: &Identity) -> Result<Stream, ConnError> {
        Ok(Stream::Tcp(self.start(address, broker)?))
    }
}

impl TcpConnector {
    /// Starts a connection for a protocol on top of it. `connect_cb` gets the broker's name.
    pub(super) fn start(
        &self,
        address: SocketAddr,
        broker: &Identity,
    ) -> Result<TcpTransport, ConnError> {
        let hooks = self.hooks.clone();
        let name = broker.name();
        Ok(TcpTransport::connect(address, &name, &self.options, hooks)?)
    }
}

pub struct TcpTransport {
    // Taken only when the transport is dropped, to go through the close hook.
    stream: Option<Inherited<TcpStream>>,
    hooks: Arc<dyn SocketHooks>,
    registered: bool,
    token: Token,
}

impl TcpTransport {
    /// Starts connecting; [`TcpTransport::handshake`] says when that is done.
    fn connect(
        addr: SocketAddr,
        broker: &str,
        options: &Options,
        hooks: Arc<dyn SocketHooks>,
    ) -> io::Result<TcpTransport> {
        let fd = hooks.open(&addr)?;
        let started = hooks.connect(&fd, &addr, broker);
        let socket = Socket::from(fd);
        let prepared = prepare(&socket, options);
        let connected = prepared.and_then(|()| match started {
            Some(result) => result,
            None => socket.connect(&SockAddr::from(addr)),
        });
        let stream = TcpStream::from_std(socket.into());
        let transport = TcpTransport {
            stream: Some(Inherited::new(stream)),
            hooks,
            registered: false,
            token: Token(0),
        };
        match connected {
            Ok(()) => Ok(transport),
            Err(e) if in_progress(&e) => Ok(transport),
            Err(e) => Err(e),
        }
    }

    fn get(&self) -> io::Result<&TcpStream> {
        match &self.stream {
            Some(stream) => stream.get(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn get_mut(&mut self) -> io::Result<&mut TcpStream> {
        match &mut self.stream {
            Some(stream) => stream.get_mut(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    pub fn register(&mut self, registry: &Registry, token: Token) -> Result<(), ConnError> {
        self.token = token;
        self.await_only(registry, Awaited::Both)
    }

    pub fn await_only(&mut self, registry: &Registry, awaited: Awaited) -> Result<(), ConnError> {
        let interest = match awaited {
            Awaited::Both => Interest::READABLE | Interest::WRITABLE,
            Awaited::Data => Interest::READABLE,
            // Not PRIORITY, which nothing ever has: the system wakes who waits for it
            // with whatever arrives, and only then sees that it is not that.
            Awaited::Nothing => {
                self.deregister(registry);
                return Ok(());
            }
        };
        let again = std::mem::replace(&mut self.registered, true);
        let token = self.token;
        let stream = self.get_mut()?;
        if again {
            registry.reregister(stream, token, interest)?;
        } else {
            registry.register(stream, token, interest)?;
        }
        Ok(())
    }

    pub fn register_beside(&self, other: &Registry, token: Token) -> Result<(), ConnError> {
        let fd = self.get()?.as_raw_fd();
        other.register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        Ok(())
    }

    pub fn deregister(&mut self, registry: &Registry) {
        if std::mem::take(&mut self.registered)
            && let Ok(stream) = self.get_mut()
        {
            // It fails only for a descriptor that the loop does not know.
            let _ = registry.deregister(stream);
        }
    }

    pub fn socket(&self) -> i32 {
        self.get().map_or(-1, AsRawFd::as_raw_fd)
    }

    pub fn handshake(&self) -> Result<Handshake, ConnError> {
        let stream = self.get()?;
        if let Some(e) = stream.take_error()? {
            return Err(e.into());
        }
        match stream.peer_addr() {
            Ok(_) => Ok(Handshake::Done),
            Err(e) if e.kind() == io::ErrorKind::NotConnected => Ok(Handshake::Connecting),
            Err(e) => Err(e.into()),
        }
    }

    /// A read that does not fill its buffer has emptied the socket (epoll(7)), and what
    /// comes later brings an event of its own. That saves the read that would only say so.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<ReadOutcome, ConnError> {
        let stream = self.get_mut()?;
        loop {
            return match stream.read(buf) {
                Ok(0) => Ok(ReadOutcome::Closed),
                Ok(n) => Ok(ReadOutcome::Data {
                    n,
                    drained: n < buf.len(),
                }),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(ReadOutcome::WouldBlock),
                Err(e) => Err(e.into()),
            };
        }
    }

    /// No SIGPIPE where the peer has gone: `writev` would raise it, and the thread may
    /// be the application's.
    pub fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<WriteOutcome, ConnError> {
        let socket = SockRef::from(self.get()?);
        loop {
            return match socket.send_vectored_with_flags(bufs, libc::MSG_NOSIGNAL) {
                Ok(n) => Ok(WriteOutcome::Taken(n)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(WriteOutcome::WouldBlock),
                Err(e) => Err(e.into()),
            };
        }
    }

    /// The socket has all that was taken.
    #[allow(clippy::unused_self)]
    pub fn wants_write(&self) -> bool {
        false
    }
}

impl Drop for TcpTransport {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take().and_then(Inherited::into_inner) {
            let std: std::net::TcpStream = stream.into();
            self.hooks.close(std.into());
        }
    }
}

fn prepare(socket: &Socket, options: &Options) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    socket.set_cloexec(true)?;
    if options.nodelay {
        socket.set_tcp_nodelay(true)?;
    }
    if options.keepalive {
        socket.set_tcp_keepalive(&TcpKeepalive::new())?;
    }
    if options.send_buffer > 0 {
        socket.set_send_buffer_size(options.send_buffer)?;
    }
    if options.receive_buffer > 0 {
        socket.set_recv_buffer_size(options.receive_buffer)?;
    }
    Ok(())
}

fn in_progress(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::WouldBlock || e.raw_os_error() == Some(libc::EINPROGRESS)
}
