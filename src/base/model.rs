//! Models of the wake-up and of the application queue, run by loom under every
//! interleaving: see `capi-tests/model.sh`. What is lost shows as a deadlock.

mod socket_loan;

use std::sync::Arc;
use std::time::Instant;

use loom::sync::Notify;
use loom::thread;

use super::queue::{Queue, Taken, Weight};
use super::sync::atomic::{AtomicUsize, Ordering};
use super::sync::{Mutex, MutexGuard};
use super::wake::WakeState;

/// A [`WakeState`] and a sleep, in the place of the event loop's poll.
pub struct Sleeper {
    state: WakeState,
    poll: Notify,
    /// Wake-ups that cost a system call.
    calls: AtomicUsize,
}

impl Sleeper {
    pub fn new() -> Self {
        Sleeper {
            state: WakeState::new(),
            poll: Notify::new(),
            calls: AtomicUsize::new(0),
        }
    }

    pub fn notify(&self) {
        if self.state.notify() {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.poll.notify();
        }
    }

    pub fn sleep(&self) {
        if self.state.prepare_sleep() {
            self.poll.wait();
            self.state.woke_up();
        }
    }

    /// Does the loop's work here if the loop sleeps, or wakes it.
    fn run_inline<T>(&self, work: &Mutex<T>, run: impl FnOnce(&mut T)) {
        if self.state.is_asleep()
            && let Some(mut work) = work.try_lock()
            && self.state.enter()
        {
            run(&mut work);
            if !self.state.leave() {
                self.poll.notify();
            }
            return;
        }
        self.notify();
    }
}

/// With a bound on the forced switches where all of them take too long.
pub fn check(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    if builder.preemption_bound.is_none() {
        builder.preemption_bound = preemptions;
    }
    builder.check(model);
}

#[test]
fn model_wake_loses_nothing() {
    check(None, || {
        let sleeper = Arc::new(Sleeper::new());
        let work = Arc::new(Mutex::new(0));
        let notifiers: Vec<_> = (0..2)
            .map(|_| {
                let (sleeper, work) = (sleeper.clone(), work.clone());
                thread::spawn(move || {
                    *work.lock() += 1;
                    sleeper.notify();
                })
            })
            .collect();
        let mut done = 0;
        while done < 2 {
            done += std::mem::take(&mut *work.lock());
            if done < 2 {
                sleeper.sleep();
            }
        }
        notifiers.into_iter().for_each(|n| n.join().unwrap());
        assert!(sleeper.calls.load(Ordering::Relaxed) <= 2);
    });
}

/// Two threads announce work and do it themselves where the loop sleeps; what they
/// leave, the loop does. The loop holds the lock except in its sleep.
#[test]
fn model_inline_turns_lose_nothing() {
    check(Some(3), || {
        let sleeper = Arc::new(Sleeper::new());
        let announced = Arc::new(Mutex::new(0));
        let done = Arc::new(Mutex::new(0));
        let runners: Vec<_> = (0..2)
            .map(|_| {
                let (sleeper, announced, done) = (sleeper.clone(), announced.clone(), done.clone());
                thread::spawn(move || {
                    *announced.lock() += 1;
                    let collect = |done: &mut i32| {
                        *done += std::mem::take(&mut *announced.lock());
                        // The loop has to look whether all is done.
                        if *done == 2 {
                            sleeper.notify();
                        }
                    };
                    sleeper.run_inline(&done, collect);
                })
            })
            .collect();
        let mut all = done.lock();
        loop {
            *all += std::mem::take(&mut *announced.lock());
            if *all == 2 {
                break;
            }
            if sleeper.state.prepare_sleep() {
                MutexGuard::unlocked(&mut all, || sleeper.poll.wait());
                sleeper.state.woke_up();
            }
        }
        drop(all);
        runners.into_iter().for_each(|v| v.join().unwrap());
    });
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Item(Vec<u32>);

impl Weight for Item {
    fn weight(&self) -> usize {
        self.0.len()
    }
}

/// One message of the front item.
fn next(queue: &Arc<Queue<Item>>) -> Option<u32> {
    next_until(queue, None)
}

fn next_until(queue: &Arc<Queue<Item>>, deadline: Option<Instant>) -> Option<u32> {
    queue.take(deadline, |item| {
        let first = item.0.remove(0);
        if item.0.is_empty() {
            Taken::Last(first)
        } else {
            Taken::Part(first)
        }
    })
}

#[test]
fn model_queue_two_producers() {
    check(Some(3), || {
        let q = Arc::new(Queue::new());
        let producers: Vec<_> = [vec![1, 2], vec![3]]
            .into_iter()
            .map(|items| {
                let q = q.clone();
                thread::spawn(move || items.into_iter().for_each(|i| q.push(Item(vec![i]))))
            })
            .collect();
        let got: Vec<u32> = (0..3).filter_map(|_| next(&q)).collect();
        producers.into_iter().for_each(|p| p.join().unwrap());
        let at = |n| got.iter().position(|g| *g == n).expect("lost");
        assert!(at(1) < at(2) && at(3) < 3, "{got:?}");
    });
}

/// An item with two messages wakes the second waiter, too.
#[test]
fn model_queue_two_consumers() {
    check(Some(3), || {
        let q = Arc::new(Queue::new());
        let consumers: Vec<_> = (0..2)
            .map(|_| {
                let q = q.clone();
                thread::spawn(move || next(&q))
            })
            .collect();
        q.push(Item(vec![1, 2]));
        let mut got: Vec<_> = consumers.into_iter().map(|c| c.join().unwrap()).collect();
        got.sort();
        assert_eq!(got, [Some(1), Some(2)]);
    });
}

/// Forwarding while another thread pushes and a third one waits.
#[test]
fn model_queue_forward_keeps_the_order() {
    check(Some(3), || {
        let (a, b) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
        let producer = {
            let a = a.clone();
            thread::spawn(move || (1..=2).for_each(|n| a.push(Item(vec![n]))))
        };
        let forwarder = {
            let (a, b) = (a.clone(), b.clone());
            thread::spawn(move || a.forward(Some(b)))
        };
        assert_eq!((next(&b), next(&b)), (Some(1), Some(2)));
        producer.join().unwrap();
        forwarder.join().unwrap();
    });
}

/// Who waits follows to the end of the chain.
#[test]
fn model_queue_waiter_follows() {
    check(Some(3), || {
        let (a, b) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
        let waiter = {
            let a = a.clone();
            thread::spawn(move || next(&a))
        };
        let producer = {
            let b = b.clone();
            thread::spawn(move || b.push(Item(vec![1])))
        };
        a.forward(Some(b));
        assert_eq!(waiter.join().unwrap(), Some(1));
        producer.join().unwrap();
    });
}

/// Two queues led to each other at once: one is refused, nobody hangs.
#[test]
fn model_queue_forward_both_ways() {
    check(Some(3), || {
        let (a, b) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
        a.push(Item(vec![1]));
        let other = {
            let (a, b) = (a.clone(), b.clone());
            thread::spawn(move || b.forward(Some(a)))
        };
        a.forward(Some(b.clone()));
        other.join().unwrap();
        assert_eq!(next(&a), Some(1));
        b.push(Item(vec![2]));
        assert_eq!(next(&a), Some(2));
    });
}

/// An application that is notified takes all there is, and misses nothing.
#[test]
fn model_queue_notifies() {
    check(Some(3), || {
        let q = Arc::new(Queue::new());
        let sleeper = Arc::new(Notify::new());
        let calls = Arc::new(AtomicUsize::new(0));
        let notify = Arc::new({
            let (sleeper, calls) = (sleeper.clone(), calls.clone());
            move || {
                calls.fetch_add(1, Ordering::Relaxed);
                sleeper.notify();
            }
        });
        q.set_notify(Some(notify), false);
        let producer = {
            let q = q.clone();
            thread::spawn(move || (1..=2).for_each(|n| q.push(Item(vec![n]))))
        };
        let mut got = Vec::new();
        while got.len() < 2 {
            sleeper.wait();
            while let Some(n) = next_until(&q, Some(Instant::now())) {
                got.push(n);
            }
        }
        producer.join().unwrap();
        assert_eq!(got, [1, 2]);
        assert!(calls.load(Ordering::Relaxed) <= 2);
    });
}

/// The same for one that serves what is there when it begins to, once for each time it is
/// notified.
#[test]
fn model_queue_notifies_a_server() {
    check(Some(3), || {
        let q = Arc::new(Queue::new());
        let sleeper = Arc::new(Notify::new());
        let notify = Arc::new({
            let sleeper = sleeper.clone();
            move || sleeper.notify()
        });
        q.set_notify(Some(notify), false);
        let producer = {
            let q = q.clone();
            thread::spawn(move || (1..=3).for_each(|n| q.push(Item(vec![n]))))
        };
        let mut got = Vec::new();
        while got.len() < 3 {
            sleeper.wait();
            let Some(n) = next_until(&q, Some(Instant::now())) else {
                continue;
            };
            got.push(n);
            let (left, claimed) = q.begin_serving(usize::MAX);
            got.extend((0..left).filter_map(|_| next_until(&q, Some(Instant::now()))));
            if claimed {
                q.end_serving();
            }
        }
        producer.join().unwrap();
        assert_eq!(got, [1, 2, 3]);
    });
}

#[test]
fn model_queue_yield_ends_a_wait() {
    check(Some(3), || {
        let q = Arc::new(Queue::<Item>::new());
        let waiter = {
            let q = q.clone();
            thread::spawn(move || next(&q))
        };
        q.yield_now();
        assert_eq!(waiter.join().unwrap(), None);
    });
}
