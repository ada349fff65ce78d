//! Ending a fetch early: everything that a fetch waits for is waited for together with this.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use crate::base::standard;

/// One for each fetch, shared by its thread and the one that may end it.
pub struct Cancel {
    cancelled: AtomicBool,
    /// The thread is in getaddrinfo, which nothing can interrupt.
    uninterruptible: AtomicBool,
    /// Readable once it is cancelled.
    event: OwnedFd,
}

impl Cancel {
    pub fn new() -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Cancel {
            cancelled: AtomicBool::new(false),
            uninterruptible: AtomicBool::new(false),
            event: standard::above(|| eventfd(0, flags))?,
        })
    }

    /// Ends the fetch. True: its thread returns at once, and can be joined; otherwise it
    /// is to be left behind, and does nothing more than return.
    pub fn cancel(&self) -> bool {
        self.cancelled.store(true, Ordering::SeqCst);
        // Only a full counter refuses, and then it is readable.
        let _ = rustix::io::write(&self.event, &1_u64.to_ne_bytes());
        !self.uninterruptible.load(Ordering::SeqCst)
    }

    pub fn check(&self) -> io::Result<()> {
        match self.cancelled.load(Ordering::SeqCst) {
            true => Err(io::Error::other("the client is being destroyed")),
            false => Ok(()),
        }
    }

    /// Runs what cannot be interrupted. An error instead of what it brought, if the fetch
    /// has ended meanwhile.
    pub fn uninterruptible<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.uninterruptible.store(true, Ordering::SeqCst);
        // Who cancels sees the flag, or it is seen here that they have.
        let result = self.check().and_then(|()| work());
        self.uninterruptible.store(false, Ordering::SeqCst);
        self.check()?;
        result
    }

    /// Sleeps, unless the fetch ends.
    pub fn sleep(&self, time: Duration) -> io::Result<()> {
        match self.wait_with(None, Instant::now() + time) {
            Err(e) if e.kind() == io::ErrorKind::TimedOut => Ok(()),
            Err(e) => Err(e),
            Ok(()) => self.check(),
        }
    }

    /// Waits until the socket is ready.
    pub fn wait(
        &self,
        socket: BorrowedFd<'_>,
        what: PollFlags,
        deadline: Instant,
    ) -> io::Result<()> {
        self.wait_with(Some((socket, what)), deadline)
    }

    fn wait_with(
        &self,
        socket: Option<(BorrowedFd<'_>, PollFlags)>,
        deadline: Instant,
    ) -> io::Result<()> {
        loop {
            self.check()?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut fds = vec![PollFd::from_borrowed_fd(self.event.as_fd(), PollFlags::IN)];
            fds.extend(socket.map(|(fd, what)| PollFd::from_borrowed_fd(fd, what)));
            // A wait is bounded by its deadline, far below what the type can hold.
            let timeout = Timespec::try_from(left).ok();
            match poll(&mut fds, timeout.as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => {
                    self.check()?;
                    return Ok(());
                }
                Err(e) => return Err(e.into()),
            }
        }
    }
}
