//! Whether an instance has a background thread, and the queue that this serves.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use crate::base::lock::Mutex;

use crate::client::event::EventQueue;

/// An instance's background queue and its thread, if it has them.
#[derive(Default)]
pub(crate) struct Background(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    NotAsked,
    Running(Running),
    /// The instance is being destroyed.
    Stopped,
}

pub(crate) struct Running {
    pub(crate) queue: EventQueue,
    pub(crate) ended: Arc<AtomicBool>,
    pub(crate) thread: JoinHandle<()>,
}

impl Background {
    /// The queue that the thread serves; the first call begins both. None while the
    /// instance is being destroyed.
    pub(crate) fn queue_or_begin(
        &self,
        begin: impl FnOnce() -> io::Result<Running>,
    ) -> io::Result<Option<EventQueue>> {
        let mut state = self.0.lock();
        match &*state {
            State::Running(running) => return Ok(Some(running.queue.clone())),
            State::Stopped => return Ok(None),
            State::NotAsked => {}
        }
        let running = begin()?;
        let queue = running.queue.clone();
        *state = State::Running(running);
        Ok(Some(queue))
    }

    /// How much waits for the thread, but for what came by way of `forwarded`.
    pub(crate) fn backlog(&self, forwarded: &EventQueue) -> usize {
        match &*self.0.lock() {
            State::Running(r) if !Arc::ptr_eq(&r.queue.target(), &forwarded.target()) => {
                r.queue.items()
            }
            _ => 0,
        }
    }

    /// Whether the thread serves what arrives in `queue`.
    pub(crate) fn serves(&self, queue: &EventQueue) -> bool {
        match &*self.0.lock() {
            State::Running(r) => Arc::ptr_eq(&r.queue, &queue.target()),
            _ => false,
        }
    }

    /// What was running, for the caller to end.
    pub(crate) fn stop(&self) -> Option<Running> {
        match std::mem::replace(&mut *self.0.lock(), State::Stopped) {
            State::Running(running) => Some(running),
            State::NotAsked | State::Stopped => None,
        }
    }
}
