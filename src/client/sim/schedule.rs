//! What happens later, in the order of its time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use bytes::Bytes;

use super::network::Waiting;
use crate::mock::state::ConnId;

pub(super) enum What {
    /// The oldest request that is on its way over the connection reaches its broker.
    Arrives(ConnId),
    /// The broker has sent the answer, and takes the next request.
    Free(ConnId),
    /// An answer reaches the client.
    Answer {
        conn: ConnId,
        frame: Bytes,
    },
    /// The client learns that its connection is gone.
    Noticed(ConnId),
    /// An attempt to connect ends.
    Connected {
        client: usize,
        link: usize,
        attempt: u64,
    },
    /// The client's main thread takes its messages.
    Main(usize),
    /// A loop of the client was woken up.
    Loop {
        client: usize,
        broker: usize,
    },
    /// The application goes on.
    Application {
        client: usize,
        turn: u64,
    },
    /// The client gets new metadata.
    Metadata(usize),
    /// Some broker says who coordinates the group of a request.
    GroupFound {
        client: usize,
        request: Waiting,
    },
    /// A new instance of the application begins.
    Start(usize),
    /// The broker is back.
    Up(i32),
    /// Partitions and coordinators of a broker that is down go to others.
    Moves(i32),
    Trouble,
}

pub(super) struct Scheduled {
    pub(super) at: Duration,
    pub(super) order: u64,
    pub(super) what: What,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

#[derive(Default)]
pub(super) struct Schedule {
    heap: BinaryHeap<Reverse<Scheduled>>,
    order: u64,
}

impl Schedule {
    pub(super) fn add(&mut self, at: Duration, what: What) {
        self.order += 1;
        let order = self.order;
        self.heap.push(Reverse(Scheduled { at, order, what }));
    }

    pub(super) fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse(s)| s.at)
    }

    pub(super) fn pop_if_due(&mut self, now: Duration) -> Option<What> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(s)| s.what)
    }
}
