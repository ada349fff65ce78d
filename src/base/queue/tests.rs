use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

impl Weight for u32 {
    fn weight(&self) -> usize {
        1
    }

    fn is_urgent(&self) -> bool {
        *self >= 1000
    }
}

fn past() -> Option<Instant> {
    Some(Instant::now())
}

#[test]
fn in_order_and_forwarded() {
    let (a, b) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
    a.push(1u32);
    a.forward(Some(b.clone()));
    a.push(2);
    assert_eq!(b.len(), 2);
    assert_eq!(a.pop(past()), Some(1));
    assert_eq!(b.pop(past()), Some(2));
    assert_eq!(b.pop(past()), None);
}

#[test]
fn urgent_items_pass_the_others_in_their_own_order() {
    let q = Arc::new(Queue::new());
    for item in [1u32, 1000, 2, 1001] {
        q.push(item);
    }
    let order: Vec<_> = (0..4).filter_map(|_| q.pop(past())).collect();
    assert_eq!(order, [1000, 1001, 1, 2]);
}

#[test]
fn a_cycle_is_refused() {
    let (a, b) = (Arc::new(Queue::<u32>::new()), Arc::new(Queue::new()));
    a.forward(Some(b.clone()));
    b.forward(Some(a.clone()));
    b.push(1);
    assert_eq!(a.pop(past()), Some(1));
}

#[test]
fn yield_ends_a_wait_once() {
    let q = Arc::new(Queue::<u32>::new());
    q.yield_now();
    assert_eq!(q.pop(None), None);
    q.push(3);
    assert_eq!(q.pop(None), Some(3));
}

#[test]
fn a_yield_taken_by_another_is_seen() {
    let q = Arc::new(Queue::<u32>::new());
    let since = q.yields();
    q.yield_now();
    assert_eq!(q.pop(None), None);
    let end = Some(Instant::now() + Duration::from_secs(60));
    let started = Instant::now();
    assert_eq!(q.take_since(Some(since), || end, |_| Taken::Last(())), None);
    assert!(started.elapsed() < Duration::from_secs(30));
    // What was seen does not end the next wait.
    q.yield_now();
    assert_eq!(q.take_since(Some(since), || end, |_| Taken::Last(())), None);
    q.push(1);
    assert_eq!(q.pop(None), Some(1));
}

/// A queue and how often it was told of.
fn notified(once: bool) -> (Arc<Queue<u32>>, impl Fn() -> usize) {
    let q = Arc::new(Queue::<u32>::new());
    let n = Arc::new(AtomicUsize::new(0));
    let m = n.clone();
    let notify: Notify = Arc::new(move || {
        m.fetch_add(1, Ordering::Relaxed);
    });
    q.set_notify(Some(notify), once);
    (q, move || n.swap(0, Ordering::Relaxed))
}

#[test]
fn notified_when_no_longer_empty() {
    let (q, calls) = notified(false);
    q.push(1);
    q.push(2);
    assert_eq!(calls(), 1);
    q.pop(past());
    q.push(3);
    assert_eq!(calls(), 0, "one was left");
    while q.pop(past()).is_some() {}
    q.push(4);
    assert_eq!(calls(), 1);
    q.push_front(3);
    q.yield_now();
    assert_eq!(calls(), 0);
}

#[test]
fn what_goes_before_others_keeps_its_order() {
    let q = Arc::new(Queue::new());
    let odd = |n: &u32| n % 2 == 1;
    q.push(2);
    q.push_front_after(1, odd);
    q.push_front_after(3, odd);
    // A batch that is put back is in front of them.
    q.push_front(4);
    q.push_front_after(5, odd);
    let taken: Vec<u32> = std::iter::from_fn(|| q.pop(past())).collect();
    assert_eq!(taken, [4, 1, 3, 5, 2]);
}

#[test]
fn once_until_looked_at() {
    let (always, calls) = notified(false);
    always.yield_now();
    always.yield_now();
    assert_eq!(calls(), 2);
    let (once, calls) = notified(true);
    once.yield_now();
    once.yield_now();
    once.push(1);
    assert_eq!(calls(), 1);
    assert_eq!(once.pop(past()), None);
    assert_eq!(once.pop(past()), Some(1));
    once.push(2);
    assert_eq!(calls(), 1);
}

#[test]
fn what_comes_while_all_is_served_is_told() {
    let (q, calls) = notified(false);
    for item in 1..=3 {
        q.push(item);
    }
    assert_eq!(calls(), 1);
    assert_eq!(q.begin_serving(2), (3, false));
    q.push(4);
    assert_eq!(calls(), 0, "the server leaves some");
    assert_eq!(q.begin_serving(usize::MAX), (4, true));
    q.push(5);
    q.push(6);
    q.end_serving();
    assert_eq!(calls(), 1);
    // A server that stops early.
    assert_eq!(q.begin_serving(usize::MAX), (6, true));
    q.pop(past());
    q.end_serving();
    assert_eq!(calls(), 1);
    while q.pop(past()).is_some() {}
    q.push(7);
    assert_eq!(q.begin_serving(usize::MAX), (1, true));
    q.pop(past());
    q.push(8);
    q.push(9);
    q.end_serving();
    assert_eq!(calls(), 2);
}

#[test]
fn the_end_of_the_chain_is_told_of() {
    let (a, of_a) = notified(false);
    let (b, of_b) = notified(false);
    a.push(1);
    assert_eq!((of_a(), of_b()), (1, 0));
    a.forward(Some(b.clone()));
    assert_eq!((of_a(), of_b()), (0, 1));
    a.push(2);
    assert_eq!((of_a(), of_b()), (0, 0));
    let c = Arc::new(Queue::new());
    c.push(3);
    c.forward(Some(a.clone()));
    assert_eq!((of_a(), of_b()), (0, 0), "not empty");
    while c.pop(past()).is_some() {}
    c.push(4);
    assert_eq!((of_a(), of_b()), (0, 1));
}

#[test]
fn a_waiter_is_woken_across_threads_and_forwarding() {
    let q = Arc::new(Queue::<u32>::new());
    let other = Arc::new(Queue::<u32>::new());
    let waiter = {
        let q = q.clone();
        std::thread::spawn(move || q.pop(Some(Instant::now() + Duration::from_secs(20))))
    };
    q.forward(Some(other.clone()));
    other.push(9);
    assert_eq!(waiter.join().ok().flatten(), Some(9));
}

#[test]
fn parts_stay_at_the_front() {
    let q = Arc::new(Queue::<u32>::new());
    q.push(2);
    let mut look = |n: &mut u32| {
        *n -= 1;
        if *n == 0 {
            Taken::Last(*n)
        } else {
            Taken::Part(*n)
        }
    };
    assert_eq!(q.take(past(), &mut look), Some(1));
    assert_eq!(q.take(past(), &mut look), Some(0));
    assert_eq!(q.take(past(), &mut look), None);
}
