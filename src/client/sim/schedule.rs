//! What happens later.

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
