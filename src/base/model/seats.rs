//! Models of waiting in a seat: the queue that wakes it, and a socket that is lent to it
//! while its loop works, sleeps or is woken.

use std::sync::Arc;
use std::time::Instant;

use loom::thread;

use super::super::queue::{Pastime, Queue, Seat};
use super::super::sync::atomic::{AtomicBool, Ordering};
use super::super::sync::{Condvar, Mutex, MutexGuard};
use super::super::wake::{WakeState, Wanted, Wish};
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

/// The loop's work, and what `broker::seat` does, with a counter for a socket.
struct Line {
    arrived: Mutex<usize>,
    /// Whether the socket is to be read: not without having been told.
    hosted: Mutex<bool>,
    told: AtomicBool,
    stop: AtomicBool,
    loop_: Sleep,
    seat: Sleep,
    taken: AtomicBool,
    wish: Wish,
    queue: Arc<Queue<Item>>,
}

impl Line {
    fn answer(&self) {
        *self.arrived.lock() += 1;
        self.loop_.poll.arrived();
        self.seat.poll.arrived();
    }

    /// The loop's lock held.
    fn turn(&self, readable: &mut bool) {
        *readable |= self.told.swap(false, Ordering::AcqRel);
        if std::mem::take(readable) {
            let n = std::mem::take(&mut *self.arrived.lock());
            (0..n).for_each(|_| self.queue.push(Item(vec![1])));
        }
        self.fulfil();
    }

    fn fulfil(&self) {
        match self.wish.take() {
            Some(Wanted::Lend) => self.loop_.poll.listen(false, false),
            Some(Wanted::TakeBack) => {
                let arrived = self.arrived.lock();
                self.loop_.poll.listen(true, *arrived > 0);
            }
            None => {}
        }
    }

    fn run(&self) {
        let mut hosted = self.hosted.lock();
        while !self.stop.load(Ordering::Acquire) {
            self.turn(&mut hosted);
            if self.loop_.state.prepare_sleep() {
                let arrived = MutexGuard::unlocked(&mut hosted, || self.loop_.poll.wait());
                self.loop_.state.woke_up();
                *hosted |= arrived;
            }
        }
    }
}

struct Pass(Arc<Line>);

impl Pastime for Pass {
    fn begin(&self) -> Option<Arc<dyn Seat>> {
        let line = &self.0;
        if line.taken.swap(true, Ordering::Acquire) {
            return None;
        }
        line.wish.lend();
        if let Some(_hosted) = line.hosted.try_lock() {
            line.fulfil();
        }
        Some(Arc::new(Pass(line.clone())))
    }
}

impl Seat for Pass {
    fn work(&self, _: Option<Instant>) {
        let line = &self.0;
        if !line.seat.state.prepare_sleep() {
            return;
        }
        let arrived = line.seat.poll.wait();
        line.seat.state.woke_up();
        if arrived {
            let Some(mut hosted) = line.hosted.try_lock() else {
                line.told.swap(true, Ordering::AcqRel);
                line.loop_.notify();
                return;
            };
            let visits = line.loop_.state.enter();
            *hosted = true;
            line.turn(&mut hosted);
            if visits && !line.loop_.state.leave() {
                line.loop_.poll.wake();
            }
        }
    }

    fn wake(&self) {
        self.0.seat.notify();
    }

    fn leave(&self) {
        let line = &self.0;
        line.wish.take_back();
        if let Some(_hosted) = line.hosted.try_lock() {
            line.fulfil();
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
        hosted: Mutex::new(false),
        told: AtomicBool::new(false),
        stop: AtomicBool::new(false),
        loop_: Sleep::new(),
        seat: Sleep::new(),
        taken: AtomicBool::new(false),
        wish: Wish::default(),
        queue: Arc::new(Queue::new()),
    });
    line.queue.set_pastime(Arc::new(Pass(line.clone())));
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

/// Answers that arrive at any time reach the thread that waits for them: in the seat,
/// between two waits, or through the loop.
#[test]
fn model_seat_answers_are_read() {
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
fn model_seat_gives_the_socket_back() {
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
        // The second item is there, or will be, without anybody waiting in the seat.
        line.taken.store(true, Ordering::Release);
        assert_eq!(take(&line), Some(1));
        end(&line, looping);
    });
}

/// One waits in the seat, another on the condition variable: each item wakes one.
#[test]
fn model_seat_and_waiter() {
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
