//! What a forked child finds of its parent's, and keeps its hands off.
//!
//! fork() copies memory, descriptors and the calling thread; the other threads are gone,
//! with the locks they held still locked. An instance of the parent's is of no use in the
//! child: its connections are shared, and nothing serves it. So:
//!
//! - Each process has a [`Generation`]. What belongs to one process remembers the one it
//!   was made in, and is refused or left alone in any other (see `capi/handle.rs`).
//! - The child closes its copies of the parent's sockets at once ([`Inherited`]), so that
//!   a peer sees the end of a connection when the parent ends it, and a listening socket
//!   of the parent's takes no connection that nobody accepts.
//! - The locks that all instances share are taken before the fork and released after it
//!   on both sides, so that a child can make instances of its own. No lock of the library
//!   keeps anything outside of itself (see `base/lock.rs`).
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::lock::{Condvar, Mutex, MutexGuard};
use super::thread;

static GENERATION: AtomicU32 = AtomicU32::new(0);

/// A process among those that were forked from one another since [`watch`] was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u32);

impl Generation {
    #[inline]
    pub fn current() -> Self {
        Generation(GENERATION.load(Ordering::Relaxed))
    }

    #[inline]
    pub fn is_current(self) -> bool {
        self == Self::current()
    }
}

/// Whether the process was forked from one that used the library.
#[inline]
pub fn is_child() -> bool {
    Generation::current() != Generation(0)
}

/// What all instances of the process share.
pub struct Registry {
    /// Sockets that a child must not keep.
    sockets: Vec<RawFd>,
    /// Instances that have not been destroyed.
    pub instances: usize,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    sockets: Vec::new(),
    instances: 0,
});

static INSTANCE_GONE: Condvar = Condvar::new();

static FORWARDING: Mutex<()> = Mutex::new(());

static DESCRIPTORS: Mutex<()> = Mutex::new(());

static LISTING: Mutex<()> = Mutex::new(());

/// One of the locks, held.
type Locked<T> = MutexGuard<'static, T>;

pub fn registry() -> Locked<Registry> {
    REGISTRY.lock()
}

/// Held while a queue begins to be forwarded; see `base/queue`.
pub fn forwarding() -> Locked<()> {
    FORWARDING.lock()
}

/// Held while the process's list of instances changes, and what is served of them; see
/// `client/prometheus`.
pub fn listing() -> Locked<()> {
    LISTING.lock()
}

/// Held while descriptors are made; see `base/standard.rs`.
pub fn making_descriptors() -> Locked<()> {
    DESCRIPTORS.lock()
}

/// An instance was destroyed.
pub fn instance_gone() {
    let mut registry = registry();
    registry.instances = registry.instances.saturating_sub(1);
    INSTANCE_GONE.notify_all();
}

/// Waits for the next instance to be destroyed, or for that long.
pub fn await_instance_gone(registry: &mut Locked<Registry>, left: Option<Duration>) {
    match left {
        Some(left) => {
            INSTANCE_GONE.wait_for(registry, left);
        }
        None => INSTANCE_GONE.wait(registry),
    }
}

/// A socket whose copy a forked child closes at once.
#[derive(Debug)]
pub struct Inherited<S: AsRawFd> {
    /// None only after [`Inherited::into_inner`].
    socket: Option<S>,
    made: Generation,
}

impl<S: AsRawFd> Inherited<S> {
    pub fn new(socket: S) -> Self {
        let mut registry = registry();
        registry.sockets.push(socket.as_raw_fd());
        Inherited {
            socket: Some(socket),
            made: Generation::current(),
        }
    }

    /// Takes the socket out, which a child keeps from then on. None in a child.
    pub fn into_inner(mut self) -> Option<S> {
        self.forget();
        match self.made.is_current() {
            true => self.socket.take(),
            false => None,
        }
    }

    fn forget(&self) {
        let Some(fd) = self.socket.as_ref().map(AsRawFd::as_raw_fd) else {
            return;
        };
        if self.made.is_current() {
            let mut registry = registry();
            if let Some(at) = registry.sockets.iter().position(|s| *s == fd) {
                registry.sockets.swap_remove(at);
            }
        }
    }

    pub fn get(&self) -> io::Result<&S> {
        let gone = || io::ErrorKind::NotConnected.into();
        self.socket.as_ref().ok_or_else(gone)
    }

    pub fn get_mut(&mut self) -> io::Result<&mut S> {
        let gone = || io::ErrorKind::NotConnected.into();
        self.socket.as_mut().ok_or_else(gone)
    }
}

impl<S: AsRawFd> Drop for Inherited<S> {
    fn drop(&mut self) {
        self.forget();
        if !self.made.is_current() {
            // Closed already; the number may be another descriptor's by now.
            std::mem::forget(self.socket.take());
        }
    }
}

type AllLocks = (Locked<()>, Locked<()>, Locked<()>, Locked<Registry>);

/// The locks between the handlers before and after a fork.
struct Held(UnsafeCell<Option<AllLocks>>);

// SAFETY: only the thread that holds the locks looks inside.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(None));

extern "C" fn before() {
    // Whoever changes the list makes descriptors and sockets.
    let locks = (listing(), forwarding(), making_descriptors(), registry());
    // SAFETY: this thread holds the locks.
    unsafe { *HELD.0.get() = Some(locks) };
}

extern "C" fn after_in_parent() {
    // SAFETY: this thread holds the locks, since `before`.
    drop(unsafe { (*HELD.0.get()).take() });
}

extern "C" fn after_in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    thread::forget_all();
    // SAFETY: as above; the child's only thread is the one that forked.
    let Some((_listing, _forwarding, _descriptors, mut registry)) =
        (unsafe { (*HELD.0.get()).take() })
    else {
        return;
    };
    registry.instances = 0;
    for fd in registry.sockets.drain(..) {
        // SAFETY: the registry's descriptors are open until they are taken out of it, and
        // nobody in the child uses its copies.
        unsafe { libc::close(fd) };
    }
}

/// From now on forks are noticed. To be called before anything is made that a child must
/// leave alone.
pub fn watch() -> io::Result<()> {
    static WATCHING: AtomicBool = AtomicBool::new(false);
    let _one_at_a_time = registry();
    if WATCHING.load(Ordering::Relaxed) {
        return Ok(());
    }
    // SAFETY: the handlers stay where they are: the library is never unloaded.
    match unsafe { libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child)) }
    {
        0 => {
            WATCHING.store(true, Ordering::Relaxed);
            Ok(())
        }
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (one, listener.accept().unwrap().0)
    }

    /// Runs `body` in a child, and says whether it returned true.
    fn in_child(body: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child ends without returning into the test harness.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::alarm(30);
                libc::_exit(if body() { 0 } else { 1 });
            }
            let mut status = -1;
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
            status == 0
        }
    }

    #[test]
    fn a_child_is_of_another_generation_and_can_lock() {
        watch().unwrap();
        let made = Generation::current();
        assert!(in_child(|| {
            let fresh = registry().instances == 0;
            drop(forwarding());
            !made.is_current() && is_child() && fresh && thread::count() == 0
        }));
        assert!(made.is_current());
    }

    #[test]
    fn a_child_keeps_no_socket() {
        watch().unwrap();
        let (mine, mut peer) = pair();
        let mine = Inherited::new(mine);
        let fd = mine.get().unwrap().as_raw_fd();
        // SAFETY: asks about a descriptor only.
        let is_open = move || unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 };
        assert!(is_open());
        let (ours, _) = pair();
        // Another takes the number in the child; dropping the wrapper leaves it alone.
        assert!(in_child(move || {
            let closed = !is_open();
            // SAFETY: makes a descriptor of that number.
            unsafe { libc::dup2(ours.as_raw_fd(), fd) };
            drop(mine);
            closed && is_open()
        }));
        drop(peer.set_read_timeout(Some(Duration::from_secs(30))));
        assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0, "the parent's end");
    }

    #[test]
    fn what_is_taken_out_stays_open_in_a_child() {
        watch().unwrap();
        let (mine, _peer) = pair();
        let mine = Inherited::new(mine).into_inner().unwrap();
        assert!(in_child(|| mine.peer_addr().is_ok()));
    }
}
