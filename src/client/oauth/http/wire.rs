//! A connection of a fetch: a socket that blocks its thread until a deadline, and no longer
//! than the fetch lasts.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use rustix::event::PollFlags;
use socket2::{SockAddr, Socket};

use super::cancel::Cancel;
use crate::base::fork::Inherited;
use crate::broker::transport::{Family, Plain, SocketHooks};

pub struct Wire {
    socket: Inherited<Socket>,
    cancel: Arc<Cancel>,
    deadline: Instant,
}

impl Wire {
    /// Connects to the first address that answers.
    pub fn connect(
        host: &str,
        port: u16,
        cancel: &Arc<Cancel>,
        deadline: Instant,
    ) -> io::Result<Wire> {
        let addresses = cancel.uninterruptible(|| Plain.resolve(host, port, Family::Any))?;
        let mut left = addresses.len();
        let mut last = None;
        for address in addresses {
            // Each gets its share of the time that is left.
            let now = Instant::now();
            let share = deadline.saturating_duration_since(now) / u32::try_from(left).unwrap_or(1);
            left = left.saturating_sub(1).max(1);
            match Wire::open(address, cancel, now + share) {
                Ok(mut wire) => {
                    wire.deadline = deadline;
                    return Ok(wire);
                }
                Err(e) => last = Some(e),
            }
            cancel.check()?;
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn open(address: SocketAddr, cancel: &Arc<Cancel>, deadline: Instant) -> io::Result<Wire> {
        let socket = Socket::from(Plain.open(&address)?);
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        let connecting = socket.connect(&SockAddr::from(address));
        let wire = Wire {
            socket: Inherited::new(socket),
            cancel: cancel.clone(),
            deadline,
        };
        match connecting {
            Err(e) if e.raw_os_error() == Some(libc::EINPROGRESS) => {
                wire.wait(PollFlags::OUT)?;
                match wire.socket.get()?.take_error()? {
                    Some(e) => Err(e),
                    None => Ok(wire),
                }
            }
            Err(e) => Err(e),
            Ok(()) => Ok(wire),
        }
    }

    fn wait(&self, what: PollFlags) -> io::Result<()> {
        let socket = self.socket.get()?;
        self.cancel.wait(socket.as_fd(), what, self.deadline)
    }

    fn until_done<T>(
        &mut self,
        what: PollFlags,
        mut work: impl FnMut(&mut Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            self.cancel.check()?;
            match work(self.socket.get_mut()?) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.wait(what)?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A peer that sends a byte at a time gets no more time than others.
        if self.deadline <= Instant::now() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.until_done(PollFlags::IN, |socket| socket.read(buffer))
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until_done(PollFlags::OUT, |socket| {
            // A peer that has gone is an error, and no signal.
            socket.send_with_flags(bytes, libc::MSG_NOSIGNAL)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
