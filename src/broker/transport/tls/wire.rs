//! What is between the TLS session and the socket: records that have arrived and are not
//! decrypted, and records that are encrypted and not sent.
//!
//! A session asks for a record's header, then for its body, and gives away one record at a
//! time. Without these buffers each would be a system call.

use std::io::{self, IoSlice, Read, Write};

use crate::broker::error::ConnError;
use crate::broker::transport::tcp::TcpTransport;
use crate::broker::transport::{ReadOutcome, WriteOutcome};

/// What is read first: answers to most requests fit it. It is zeroed each time that it is
/// made, so it is not larger than that.
const SMALL: usize = 8 * 1024;
/// What is read while data streams in.
const LARGE: usize = 64 * 1024;

/// No more is encrypted while so much waits for the socket.
pub const ENOUGH: usize = 64 * 1024;
/// A session that has written so much answers something that never ends. One record above
/// [`ENOUGH`] is what an honest one has.
const TOO_MUCH: usize = 4 * ENOUGH;
/// An output buffer of this size is kept while nothing is sent.
const KEPT: usize = 4 * 1024;

/// How a connection begins, for the errors of those that go no further.
pub const FIRST: usize = 16;

/// Why the socket gives or takes no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The peer sends no more.
    Closed,
    Failed(ConnError),
}

pub struct Wire {
    tcp: TcpTransport,
    /// Records that have arrived, from `read` to `filled`. Without a buffer while little
    /// arrives.
    input: Vec<u8>,
    read: usize,
    filled: usize,
    /// The size of the next `input`.
    wanted: usize,
    /// Nothing more arrives before the socket's next event. Holds for one call of the
    /// transport's: an event may come between two.
    drained: bool,
    /// Records on their way out, from `sent` on.
    output: Vec<u8>,
    sent: usize,
    ended: Option<Ended>,
    first: [u8; FIRST],
    received: usize,
}

impl Wire {
    pub fn new(tcp: TcpTransport) -> Self {
        Wire {
            tcp,
            input: Vec::new(),
            read: 0,
            filled: 0,
            wanted: SMALL,
            drained: false,
            output: Vec::new(),
            sent: 0,
            ended: None,
            first: [0; FIRST],
            received: 0,
        }
    }

    pub fn tcp(&self) -> &TcpTransport {
        &self.tcp
    }

    pub fn tcp_mut(&mut self) -> &mut TcpTransport {
        &mut self.tcp
    }

    pub fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// The first bytes that the peer has sent.
    pub fn first(&self) -> &[u8] {
        self.first
            .get(..self.received.min(FIRST))
            .unwrap_or_default()
    }

    /// A call of the transport's begins, perhaps after an event.
    pub fn begin(&mut self) {
        self.drained = false;
    }

    /// Nothing is left here, and nothing arrives before the socket's next event.
    pub fn is_drained(&self) -> bool {
        self.drained && self.read == self.filled
    }

    /// Records wait for the socket.
    pub fn has_output(&self) -> bool {
        self.sent < self.output.len()
    }

    /// So much waits for the socket that no more is to be encrypted.
    pub fn is_full(&self) -> bool {
        self.queued() >= ENOUGH
    }

    /// How much waits for the socket.
    pub fn queued(&self) -> usize {
        self.output.len() - self.sent
    }

    /// Room for so many records, so that the buffer does not grow step by step.
    pub fn expect(&mut self, bytes: usize) {
        self.output.reserve(bytes);
    }

    /// Sends what waits. True: all of it is with the socket.
    pub fn send(&mut self) -> Result<bool, ConnError> {
        while self.has_output() {
            let waiting = self.output.get(self.sent..).unwrap_or_default();
            match self.tcp.write_vectored(&[IoSlice::new(waiting)]) {
                Ok(WriteOutcome::Taken(0)) => return Err(self.failed(ConnError::Closed)),
                Ok(WriteOutcome::Taken(n)) => self.sent += n,
                Ok(WriteOutcome::WouldBlock) => {
                    if self.sent >= ENOUGH {
                        self.output.drain(..self.sent);
                        self.sent = 0;
                    }
                    return Ok(false);
                }
                Err(e) => return Err(self.failed(e)),
            }
        }
        self.sent = 0;
        if self.output.capacity() > KEPT {
            self.output = Vec::new();
        } else {
            self.output.clear();
        }
        Ok(true)
    }

    fn failed(&mut self, error: ConnError) -> ConnError {
        self.ended = Some(Ended::Failed(error.clone()));
        error
    }

    /// Gets what has arrived, if all that was here is taken. False: there is nothing.
    fn fill(&mut self) -> io::Result<bool> {
        self.read = 0;
        self.filled = 0;
        if self.drained {
            return Ok(false);
        }
        if self.input.len() != self.wanted {
            self.input = vec![0; self.wanted];
        }
        match self.tcp.read(&mut self.input) {
            Ok(ReadOutcome::Data { n, drained }) => {
                self.keep_first(n);
                self.filled = n;
                self.drained = drained;
                // Full: more is on its way than that.
                self.wanted = match n {
                    _ if !drained => LARGE,
                    n if n < SMALL => SMALL,
                    _ => self.wanted,
                };
                Ok(true)
            }
            Ok(ReadOutcome::WouldBlock) => {
                self.drained = true;
                Ok(false)
            }
            Ok(ReadOutcome::Closed) => {
                self.ended = Some(Ended::Closed);
                Ok(true)
            }
            Err(e) => {
                self.ended = Some(Ended::Failed(e));
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    fn keep_first(&mut self, n: usize) {
        if self.received < FIRST {
            let room = self.first.get_mut(self.received..).unwrap_or_default();
            for (to, from) in room.iter_mut().zip(self.input.iter().take(n)) {
                *to = *from;
            }
        }
        self.received = self.received.saturating_add(n);
    }

    /// An idle connection keeps no buffer. One that data streams into keeps its large one
    /// for what arrives next: to make it, and to zero it, costs as much as to fill it.
    pub fn rest(&mut self) {
        if self.is_drained() {
            if self.wanted == SMALL {
                self.input = Vec::new();
            }
            self.read = 0;
            self.filled = 0;
        }
    }
}

/// For the session: records that have arrived.
impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.read == self.filled && !self.fill()? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let arrived = self.input.get(self.read..self.filled).unwrap_or_default();
        let n = arrived.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), arrived.get(..n)) {
            to.copy_from_slice(from);
        }
        self.read += n;
        Ok(n)
    }
}

/// For the session: records to be sent, by and by.
impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.queued() > TOO_MUCH {
            let why = "the broker makes the TLS session answer without end";
            self.ended = Some(Ended::Failed(ConnError::Tls(why.into())));
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        if self.sent > 0 && self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        }
        self.output.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
