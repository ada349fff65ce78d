//! A sleep in a mio `Poll` that ends on time.
//!
//! mio counts a timeout in whole milliseconds, rounded up. That is of no account for
//! the timeout of a request, but a message that lingers for 5 ms would wait 5.5 on
//! average. So a short sleep is one over the descriptor of the `Poll` itself, by the
//! system's finer clock, and what has happened is then fetched without waiting.

use std::io;
use std::time::Duration;

use mio::{Events, Poll};
use rustix::event::{PollFd, PollFlags, Timespec};

/// Longer ones are mio's.
const SHORT: Duration = Duration::from_millis(100);

/// As [`Poll::poll`].
pub fn poll(poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
    let Some(short) = timeout.filter(|t| *t < SHORT && !t.is_zero()) else {
        return poll.poll(events, timeout);
    };
    events.clear();
    let until = Timespec {
        tv_sec: 0,
        tv_nsec: short.subsec_nanos().into(),
    };
    let mut fds = [PollFd::new(poll.registry(), PollFlags::IN)];
    if rustix::event::poll(&mut fds, Some(&until))? == 0 {
        return Ok(());
    }
    poll.poll(events, Some(Duration::ZERO))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Instant;

    use mio::{Token, Waker};

    use super::*;

    #[test]
    fn it_ends_on_time_or_with_an_event() {
        let mut mio = Poll::new().unwrap();
        let waker = Waker::new(mio.registry(), Token(7)).unwrap();
        let mut events = Events::with_capacity(4);
        let begun = Instant::now();
        let timeout = Duration::from_micros(1500);
        poll(&mut mio, &mut events, Some(timeout)).unwrap();
        assert!(begun.elapsed() >= timeout && events.is_empty());
        for long in [SHORT / 2, SHORT * 600] {
            waker.wake().unwrap();
            poll(&mut mio, &mut events, Some(long)).unwrap();
            let tokens: Vec<_> = events.iter().map(mio::event::Event::token).collect();
            assert_eq!(tokens, [Token(7)]);
        }
        poll(&mut mio, &mut events, Some(SHORT / 100)).unwrap();
        assert!(events.is_empty(), "what was told is not told again");
    }

    /// The shortest of many: a busy machine makes any one of them longer.
    #[test]
    fn it_does_not_round_up() {
        let mut mio = Poll::new().unwrap();
        let mut events = Events::with_capacity(4);
        let timeout = Duration::from_micros(1050);
        let shortest = (0..50)
            .map(|_| {
                let begun = Instant::now();
                poll(&mut mio, &mut events, Some(timeout)).unwrap();
                begun.elapsed()
            })
            .min();
        let rounded = Duration::from_millis(2);
        assert!(
            shortest.is_some_and(|s| s >= timeout && s < rounded),
            "{shortest:?}"
        );
    }
}
