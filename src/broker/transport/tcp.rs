//! A non-blocking TCP socket in a mio loop.
//!
//! Level of readiness: mio is edge-triggered, so the owner reads and writes until
//! `WouldBlock` before it relies on the next event.

use std::io::{self, IoSlice, Read};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::{SockAddr, SockRef, Socket, TcpKeepalive};

use super::Awaited;
use super::hooks::SocketHooks;
use crate::base::fork::Inherited;

/// Options from the configuration; zero means the system's default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub send_buffer: usize,
    pub receive_buffer: usize,
    pub keepalive: bool,
    pub nodelay: bool,
}

pub struct TcpLink {
    // Taken only when the link is dropped, to go through the close hook.
    stream: Option<Inherited<TcpStream>>,
    hooks: Arc<dyn SocketHooks>,
    registered: bool,
    token: Token,
}

impl TcpLink {
    /// Starts connecting; [`TcpLink::connected`] tells when that is done.
    pub fn connect(
        addr: SocketAddr,
        broker: &str,
        options: &Options,
        hooks: Arc<dyn SocketHooks>,
    ) -> io::Result<TcpLink> {
        let fd = hooks.open(&addr)?;
        let started = hooks.connect(&fd, &addr, broker);
        let socket = Socket::from(fd);
        let prepared = prepare(&socket, options);
        let connected = prepared.and_then(|()| match started {
            Some(result) => result,
            None => socket.connect(&SockAddr::from(addr)),
        });
        let stream = TcpStream::from_std(socket.into());
        let link = TcpLink {
            stream: Some(Inherited::new(stream)),
            hooks,
            registered: false,
            token: Token(0),
        };
        match connected {
            Ok(()) => Ok(link),
            Err(e) if in_progress(&e) => Ok(link),
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

    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.token = token;
        self.await_only(registry, Awaited::Both)
    }

    pub fn await_only(&mut self, registry: &Registry, awaited: Awaited) -> io::Result<()> {
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
            registry.reregister(stream, token, interest)
        } else {
            registry.register(stream, token, interest)
        }
    }

    pub fn register_beside(&self, other: &Registry, token: Token) -> io::Result<()> {
        let fd = self.get()?.as_raw_fd();
        other.register(&mut SourceFd(&fd), token, Interest::READABLE)
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

    pub fn connected(&self) -> io::Result<bool> {
        let stream = self.get()?;
        if let Some(e) = stream.take_error()? {
            return Err(e);
        }
        match stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// No SIGPIPE where the peer has gone: `writev` would raise it, and the thread may
    /// be the application's.
    pub fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        SockRef::from(self.get()?).send_vectored_with_flags(bufs, libc::MSG_NOSIGNAL)
    }
}

impl Read for TcpLink {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.get_mut()?.read(buf)
    }
}

impl Drop for TcpLink {
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
