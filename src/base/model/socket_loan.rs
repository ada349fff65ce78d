//! Models of a thread that waits with a borrowed socket: the queue that wakes it, and the
//! loan while the loop works, sleeps or is woken.

use std::sync::Arc;
use std::time::Instant;

use loom::thread;

use super::super::queue::{IdleWaiter, IdleWork, Queue};
use super::super::sync::atomic::{AtomicBool, Ordering};
use super::super::sync::{Condvar, Mutex, MutexGuard};
use super::super::wake::{LoanChange, LoanRequest, WakeState};
use super::{Item, check, next};

/// An edge-triggered `Poll` over a waker and one socket.
#[derive(Default)]
struct Poll {
    state: Mutex<Pending>,
    changed: Condvar,
}

#[derive(Default)]
struct Pending {
    woken: bool,
    arrived: bool,
    deaf: bool,
}

impl Poll {
    fn wake(&self) {
        self.state.lock().woken = true;
        self.changed.notify_one();
    }

    fn arrived(&self) {
        self.state.lock().arrived = true;
        self.changed.notify_one();
    }

    /// Registers anew: what was there is forgotten, what is so now reported.
    fn listen(&self, to_socket: bool, readable: bool) {
        {
            let mut p = self.state.lock();
            p.deaf = !to_socket;
            p.arrived = readable;
        }
        self.changed.notify_one();
    }

    /// True if something has arrived.
    fn wait(&self) -> bool {
        let mut p = self.state.lock();
        loop {
            let arrived = p.arrived && !p.deaf;
            if arrived || p.woken {
                p.woken = false;
                p.arrived &= p.deaf;
                return arrived;
            }
            self.changed.wait(&mut p);
        }
    }
}

struct Sleep {
    state: WakeState,
    poll: Poll,
}

impl Sleep {
    fn new() -> Self {
        Sleep {
            state: WakeState::new(),
            poll: Poll::default(),
        }
    }

    fn notify(&self) {
        if self.state.notify() {
            self.poll.wake();
        }
    }
}

/// The loop's work, and what `broker::socket_loan` does, with a counter for a socket.
struct Line {
    arrived: Mutex<usize>,
    /// Whether the socket is to be read: not without having been unhandled.
    state: Mutex<bool>,
    unhandled: AtomicBool,
    stop: AtomicBool,
    loop_: Sleep,
    borrower: Sleep,
    taken: AtomicBool,
    request: LoanRequest,
    queue: Arc<Queue<Item>>,
}

impl Line {
    fn answer(&self) {
        *self.arrived.lock() += 1;
        self.loop_.poll.arrived();
        self.borrower.poll.arrived();
    }

    /// The loop's lock held.
    fn turn(&self, readable: &mut bool) {
        *readable |= self.unhandled.swap(false, Ordering::AcqRel);
        if std::mem::take(readable) {
            let n = std::mem::take(&mut *self.arrived.lock());
            (0..n).for_each(|_| self.queue.push(Item(vec![1])));
        }
        self.apply();
    }

    fn apply(&self) {
        match self.request.take() {
            Some(LoanChange::Lend) => self.loop_.poll.listen(false, false),
            Some(LoanChange::TakeBack) => {
                let arrived = self.arrived.lock();
                self.loop_.poll.listen(true, *arrived > 0);
            }
            None => {}
        }
    }

    fn run(&self) {
        let mut state = self.state.lock();
        while !self.stop.load(Ordering::Acquire) {
            self.turn(&mut state);
            if self.loop_.state.prepare_sleep() {
                let arrived = MutexGuard::unlocked(&mut state, || self.loop_.poll.wait());
                self.loop_.state.woke_up();
                *state |= arrived;
            }
        }
    }
}

struct Pass(Arc<Line>);

impl IdleWork for Pass {
    fn begin(&self) -> Option<Arc<dyn IdleWaiter>> {
        let line = &self.0;
        if line.taken.swap(true, Ordering::Acquire) {
            return None;
        }
        line.request.lend();
        if let Some(_hosted) = line.state.try_lock() {
            line.apply();
        }
        Some(Arc::new(Pass(line.clone())))
    }
}

impl IdleWaiter for Pass {
    fn wait(&self, _: Option<Instant>) {
        let line = &self.0;
        if !line.borrower.state.prepare_sleep() {
            return;
        }
        let arrived = line.borrower.poll.wait();
        line.borrower.state.woke_up();
        if arrived {
            let Some(mut state) = line.state.try_lock() else {
                line.unhandled.swap(true, Ordering::AcqRel);
                line.loop_.notify();
                return;
            };
            let inline = line.loop_.state.enter();
            *state = true;
            line.turn(&mut state);
            if inline && !line.loop_.state.leave() {
                line.loop_.poll.wake();
            }
        }
    }

    fn wake(&self) {
        self.0.borrower.notify();
    }

    fn end(&self) {
        let line = &self.0;
        line.request.take_back();
        if let Some(_hosted) = line.state.try_lock() {
            line.apply();
        } else {
            line.loop_.notify();
        }
        line.taken.store(false, Ordering::Release);
    }
}

fn line() -> Arc<Line> {
    let line = Arc::new(Line {
        arrived: Mutex::default(),
        // As `Conn` is once its last read has emptied the socket.
        state: Mutex::new(false),
        unhandled: AtomicBool::new(false),
        stop: AtomicBool::new(false),
        loop_: Sleep::new(),
        borrower: Sleep::new(),
        taken: AtomicBool::new(false),
        request: LoanRequest::default(),
        queue: Arc::new(Queue::new()),
    });
    line.queue.set_idle_work(Arc::new(Pass(line.clone())));
    line
}

fn start(line: &Arc<Line>) -> thread::JoinHandle<()> {
    let line = line.clone();
    thread::spawn(move || line.run())
}

fn end(line: &Line, looping: thread::JoinHandle<()>) {
    line.stop.store(true, Ordering::Release);
    line.loop_.notify();
    looping.join().unwrap();
    line.queue.close();
}

fn take(line: &Arc<Line>) -> Option<u32> {
    next(&line.queue)
}

/// Answers that arrive at any time reach the thread that waits for them: with the socket,
/// between two waits, or through the loop.
#[test]
fn model_loan_answers_are_read() {
    check(Some(3), || {
        let line = line();
        let looping = start(&line);
        let peer = {
            let line = line.clone();
            thread::spawn(move || (0..2).for_each(|_| line.answer()))
        };
        assert_eq!((take(&line), take(&line)), (Some(1), Some(1)));
        peer.join().unwrap();
        end(&line, looping);
    });
}

/// What arrives while nobody waits is read by the loop.
#[test]
fn model_loan_gives_the_socket_back() {
    check(Some(3), || {
        let line = line();
        let looping = start(&line);
        let waiter = {
            let line = line.clone();
            thread::spawn(move || take(&line))
        };
        // The loop has other work, too.
        line.loop_.notify();
        line.queue.push(Item(vec![1]));
        line.answer();
        assert_eq!(waiter.join().unwrap(), Some(1));
        // The second item is there, or will be, without a borrower.
        line.taken.store(true, Ordering::Release);
        assert_eq!(take(&line), Some(1));
        end(&line, looping);
    });
}

/// One waits with the socket, another on the condition variable: each item wakes one.
#[test]
fn model_loan_and_waiter() {
    check(Some(2), || {
        let line = line();
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let line = line.clone();
                thread::spawn(move || take(&line))
            })
            .collect();
        line.queue.push(Item(vec![1]));
        line.queue.push(Item(vec![1]));
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Some(1));
        }
        line.queue.close();
    });
}
