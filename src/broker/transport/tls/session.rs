//! A TLS connection: a session of OpenSSL's over a [`Wire`].
//!
//! ```text
//! Connecting ──TCP is connected──► Negotiating ──handshake──► Up ──► Ended
//!                                                              │ an error, close_notify
//! ```
//!
//! Reading decrypts straight into the caller's buffer, record after record until it is full
//! or the socket is empty. So a read that says that it drained the stream leaves nothing
//! behind: no decrypted bytes, no whole record. Writing fills records from the caller's
//! slices and gathers them, so that several go out with one system call.

use std::io::IoSlice;

use mio::{Registry, Token};
use openssl::error::ErrorStack;
use openssl::ssl::{self, ErrorCode, Ssl, SslStream};

use super::ending;
use super::errors::{self, Facts};
use super::ffi::Kept;
use super::verify::Findings;
use super::wire::{ENOUGH, Ended, Wire};
use crate::base::fork::Generation;
use crate::broker::error::ConnError;
use crate::broker::transport::tcp::TcpTransport;
use crate::broker::transport::{Awaited, Handshake, ReadOutcome, WriteOutcome};

/// The plain text of a full record (RFC 8446, 5.1).
const RECORD: usize = 16 * 1024;
/// What a record adds to it, at most (TLS 1.2's CBC suites).
const OVERHEAD: usize = 5 + 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Negotiating,
    Up,
    Ended,
}

pub struct TlsTransport {
    stream: Kept<SslStream<Wire>>,
    state: State,
    /// What the verification of the broker's certificate has found.
    findings: Findings,
    /// The host that was connected to, for errors.
    host: String,
    /// The stream has ended, so: reading finds nothing more.
    end: Option<Result<(), ConnError>>,
    /// Small slices on their way into a record.
    gathered: Vec<u8>,
    /// A forked child has the session's keys and must not use them.
    made: Generation,
}

impl TlsTransport {
    pub(super) fn new(
        ssl: Ssl,
        tcp: TcpTransport,
        host: String,
        findings: Findings,
    ) -> Result<Self, ErrorStack> {
        Ok(TlsTransport {
            stream: Kept::new(SslStream::new(ssl, Wire::new(tcp))?),
            state: State::Connecting,
            findings,
            host,
            end: None,
            gathered: Vec::new(),
            made: Generation::current(),
        })
    }

    fn wire(&self) -> &Wire {
        self.stream.get_ref()
    }

    fn wire_mut(&mut self) -> &mut Wire {
        self.stream.get_mut()
    }

    pub fn register(&mut self, registry: &Registry, token: Token) -> Result<(), ConnError> {
        self.wire_mut().tcp_mut().register(registry, token)
    }

    pub fn await_only(&mut self, registry: &Registry, awaited: Awaited) -> Result<(), ConnError> {
        self.wire_mut().tcp_mut().await_only(registry, awaited)
    }

    pub fn register_beside(&self, other: &Registry, token: Token) -> Result<(), ConnError> {
        self.wire().tcp().register_beside(other, token)
    }

    pub fn deregister(&mut self, registry: &Registry) {
        self.wire_mut().tcp_mut().deregister(registry);
    }

    pub fn socket(&self) -> i32 {
        self.wire().tcp().socket()
    }

    /// Records wait for the socket.
    pub fn wants_write(&self) -> bool {
        self.wire().has_output()
    }

    pub fn handshake(&mut self) -> Result<Handshake, ConnError> {
        if self.state == State::Connecting {
            if self.wire().tcp().handshake()? != Handshake::Done {
                return Ok(Handshake::Connecting);
            }
            self.state = State::Negotiating;
        }
        if self.state != State::Negotiating {
            return Ok(Handshake::Done);
        }
        let Some(_used) = ending::enter() else {
            return Ok(Handshake::Negotiating);
        };
        self.begin();
        let outcome = self.stream.connect();
        // An alert that says why this side gives up goes out, too.
        let sent = self.wire_mut().send();
        match outcome {
            Ok(()) => {
                sent?;
                self.findings.settle(self.stream.ssl(), &self.host)?;
                self.state = State::Up;
                Ok(Handshake::Done)
            }
            Err(e) if is_blocked(&e) => {
                sent?;
                Ok(Handshake::Negotiating)
            }
            Err(e) => {
                self.state = State::Ended;
                Err(errors::handshake(&self.facts(), &e))
            }
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            host: &self.host,
            first: self.wire().first(),
            ended: self.wire().ended(),
            failure: self.findings.failure(),
        }
    }

    /// What other code left in this thread's list of errors would be taken for this
    /// session's.
    fn begin(&mut self) {
        drop(ErrorStack::get());
        self.wire_mut().begin();
    }

    pub fn read(&mut self, buf: &mut [u8]) -> Result<ReadOutcome, ConnError> {
        if let Some(end) = &self.end {
            return end.clone().map(|()| ReadOutcome::Closed);
        }
        let Some(_used) = ending::enter() else {
            return Ok(ReadOutcome::WouldBlock);
        };
        self.begin();
        let queued = self.wire().queued();
        let mut n = 0;
        let mut drained = false;
        while let Some(room) = buf.get_mut(n..).filter(|room| !room.is_empty()) {
            match self.stream.ssl_read(room) {
                Ok(more) => n += more,
                Err(e) if is_blocked(&e) => drained = true,
                Err(e) => self.end = Some(self.end_of(&e)),
            }
            drained |= self.wire().is_drained() && self.stream.ssl().pending() == 0;
            if drained || self.end.is_some() {
                break;
            }
        }
        self.wire_mut().rest();
        // The session may have answered something (with a new key, say).
        if self.wire().queued() > queued
            && let Err(e) = self.wire_mut().send()
        {
            self.end.get_or_insert(Err(e));
        }
        // What came before the end is handed out before it.
        match (&self.end, n) {
            (Some(end), 0) => end.clone().map(|()| ReadOutcome::Closed),
            (None, 0) => Ok(ReadOutcome::WouldBlock),
            (Some(_), n) => Ok(ReadOutcome::Data { n, drained: false }),
            (None, n) => Ok(ReadOutcome::Data { n, drained }),
        }
    }

    /// How the stream ends: orderly, with or without the peer's close_notify, or by an error.
    fn end_of(&mut self, e: &ssl::Error) -> Result<(), ConnError> {
        if e.code() == ErrorCode::ZERO_RETURN {
            return Ok(());
        }
        self.state = State::Ended;
        match self.wire().ended() {
            Some(Ended::Failed(error)) => Err(error.clone()),
            Some(Ended::Closed) => Ok(()),
            None => Err(errors::later(&self.facts(), e)),
        }
    }

    pub fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<WriteOutcome, ConnError> {
        let Some(_used) = ending::enter() else {
            return Ok(WriteOutcome::WouldBlock);
        };
        self.begin();
        let mut left = Slices::new(bufs);
        let mut taken = 0;
        while !left.is_empty() {
            if self.wire().is_full() && !self.wire_mut().send()? {
                break;
            }
            taken += self.write_record(&mut left)?;
        }
        let sent = self.wire_mut().send()?;
        if self.gathered.capacity() > 0 && sent {
            self.gathered = Vec::new();
        }
        Ok(match (taken, sent) {
            (0, false) => WriteOutcome::WouldBlock,
            (n, _) => WriteOutcome::Taken(n),
        })
    }

    /// Fills one record. Only what is spread over several slices is copied for it.
    fn write_record(&mut self, left: &mut Slices<'_, '_>) -> Result<usize, ConnError> {
        let total = left.rest();
        let expected = total.min(ENOUGH) + (total.min(ENOUGH) / RECORD + 1) * OVERHEAD;
        if !self.wire().has_output() {
            self.wire_mut().expect(expected);
        }
        let front = left.front();
        let result = if front.len() >= RECORD.min(total) {
            let record = front.get(..RECORD).unwrap_or(front);
            self.stream.ssl_write(record)
        } else {
            self.gathered.clear();
            self.gathered.reserve(RECORD.min(total));
            left.gather(RECORD, &mut self.gathered);
            self.stream.ssl_write(&self.gathered)
        };
        match result {
            Ok(n) => {
                left.advance(n);
                Ok(n)
            }
            Err(e) => {
                self.state = State::Ended;
                Err(match self.wire().ended() {
                    Some(Ended::Failed(error)) => error.clone(),
                    _ => errors::later(&self.facts(), &e),
                })
            }
        }
    }

    /// Tells the broker that nothing more comes, if the socket takes it at once.
    fn say_goodbye(&mut self) {
        if self.state != State::Up || !self.made.is_current() || self.wire().ended().is_some() {
            return;
        }
        let Some(_used) = ending::enter() else {
            return;
        };
        self.begin();
        // Behind records that wait, it would be cut off: they are not sent any more.
        if self.wire_mut().send().is_ok_and(|all| all) && self.stream.shutdown().is_ok() {
            let _ = self.wire_mut().send();
        }
        drop(ErrorStack::get());
    }
}

impl Drop for TlsTransport {
    fn drop(&mut self) {
        self.say_goodbye();
    }
}

fn is_blocked(e: &ssl::Error) -> bool {
    matches!(e.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE)
}

/// What is left of the slices of a write.
struct Slices<'a, 'b> {
    bufs: &'a [IoSlice<'b>],
    /// How much of the first of them is taken.
    taken: usize,
    rest: usize,
}

impl<'a, 'b> Slices<'a, 'b> {
    fn new(bufs: &'a [IoSlice<'b>]) -> Self {
        let mut slices = Slices {
            bufs,
            taken: 0,
            rest: bufs.iter().map(|b| b.len()).sum(),
        };
        slices.advance(0);
        slices
    }

    fn rest(&self) -> usize {
        self.rest
    }

    fn is_empty(&self) -> bool {
        self.rest == 0
    }

    fn front(&self) -> &'a [u8] {
        let first = self.bufs.first().map(|b| &**b).unwrap_or_default();
        first.get(self.taken..).unwrap_or_default()
    }

    fn gather(&self, most: usize, into: &mut Vec<u8>) {
        let mut skip = self.taken;
        for buf in self.bufs {
            let room = most - into.len().min(most);
            if room == 0 {
                break;
            }
            let part = buf.get(skip..).unwrap_or_default();
            skip = 0;
            into.extend_from_slice(part.get(..room).unwrap_or(part));
        }
    }

    fn advance(&mut self, n: usize) {
        self.rest -= n.min(self.rest);
        self.taken += n;
        while let Some((first, others)) = self.bufs.split_first()
            && self.taken >= first.len()
        {
            self.taken -= first.len();
            self.bufs = others;
        }
    }
}
