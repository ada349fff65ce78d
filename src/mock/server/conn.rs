//! A client connection: frames in, answers out, one request at a time.

use super::Peer;
use super::channel::Channel;
use bytes::{Buf, Bytes, BytesMut};
use mio::net::TcpStream;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};

pub const READ_CHUNK: usize = 64 * 1024;
/// How much is read before the other connections have their turn.
const READ_PER_STEP: usize = 1 << 20;
/// With more answers than this waiting for the client to take them, no further
/// request of its is served.
const MAX_UNSENT: usize = 1 << 20;

/// What a connection needs next.
pub enum Step {
    /// A whole request; the next one comes after `answer` or `answered`.
    Request(Bytes),
    /// A socket event, or the time at which an answer is due.
    Wait(Option<u64>),
    /// There is more to read, but it is the others' turn.
    More,
    Closed,
}

pub struct Conn {
    channel: Channel,
    /// The channel's handshake is over.
    established: bool,
    pub peer: Peer,
    input: BytesMut,
    /// Answers with the times at which they may go out, in order.
    output: VecDeque<(u64, Bytes)>,
    /// Bytes in `output`.
    unsent: usize,
    /// A request is being served.
    busy: bool,
    /// The last answer is in `output`, and the connection ends when it is sent.
    ending: bool,
}

impl Conn {
    pub fn new(channel: Channel, peer: Peer) -> Conn {
        Conn {
            channel,
            established: false,
            peer,
            input: BytesMut::new(),
            output: VecDeque::new(),
            unsent: 0,
            busy: false,
            ending: false,
        }
    }

    pub fn stream(&mut self) -> io::Result<&mut TcpStream> {
        self.channel.stream()
    }

    /// Takes leave of the client.
    pub fn close(&mut self) {
        self.channel.close();
    }

    /// The request in service is answered, from this time on.
    pub fn answer(&mut self, frame: Bytes, due: u64) {
        self.unsent += frame.len();
        self.output.push_back((due, frame));
        self.busy = false;
    }

    /// As `answer`, and then the connection ends.
    pub fn answer_last(&mut self, frame: Bytes, due: u64) {
        self.answer(frame, due);
        self.ending = true;
    }

    /// Answers that are waiting go out as if the round trip had always been so long.
    pub fn round_trip(&mut self, before_ms: u32, now_ms: u32) {
        let us = |ms| u64::from(ms) * 1000;
        for (due, _) in &mut self.output {
            *due = due.saturating_sub(us(before_ms)) + us(now_ms);
        }
    }

    /// The request in service has no answer.
    pub fn answered(&mut self) {
        self.busy = false;
    }

    /// Sends what is due, then reads up to one request.
    /// `scratch` is room for what is read.
    pub fn step(&mut self, now_us: u64, max_request: usize, scratch: &mut [u8]) -> Step {
        if !self.established {
            match self.handshake() {
                Ok(()) => self.established = true,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Step::Wait(None),
                Err(_) => return Step::Closed,
            }
        }
        let Ok(due) = self.send(now_us) else {
            return Step::Closed;
        };
        if self.ending && self.output.is_empty() {
            return Step::Closed;
        }
        let mut read = 0;
        loop {
            let served = !self.busy && !self.ending && self.unsent <= MAX_UNSENT;
            if served {
                match self.next_frame(max_request) {
                    Ok(Some(frame)) => {
                        self.busy = true;
                        return Step::Request(frame);
                    }
                    Ok(None) => {}
                    Err(()) => return Step::Closed,
                }
            }
            // While a request is in service, or answers are not taken, one more may pile
            // up, not the client's whole pipeline. But a hang-up must be seen in any case.
            if !served && self.input.len() > max_request {
                return Step::Wait(due);
            }
            if read >= READ_PER_STEP {
                return Step::More;
            }
            match self.channel.read(scratch) {
                Ok(0) => return Step::Closed,
                Ok(n) => {
                    read += n;
                    let new = scratch.get(..n).unwrap_or_default();
                    self.input.extend_from_slice(new);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Step::Wait(due),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Step::Closed,
            }
        }
    }

    /// Who has shown a certificate is known by it, as long as nobody logs in.
    fn handshake(&mut self) -> io::Result<()> {
        self.channel.handshake()?;
        if let Some(subject) = self.channel.subject() {
            self.peer.principal = format!("User:{subject}").into();
        }
        Ok(())
    }

    /// Sends answers that are due; tells when the next one is.
    fn send(&mut self, now_us: u64) -> Result<Option<u64>, ()> {
        while let Some((due, frame)) = self.output.front_mut() {
            if *due > now_us {
                return Ok(Some(*due));
            }
            match self.channel.write(frame) {
                Ok(n) => {
                    frame.advance(n);
                    self.unsent -= n;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(()),
            }
            if frame.is_empty() {
                self.output.pop_front();
            }
        }
        Ok(None)
    }

    /// The next whole frame without its length; an error if none can follow.
    fn next_frame(&mut self, max_request: usize) -> Result<Option<Bytes>, ()> {
        let Some((length, rest)) = self.input.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let n = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| ())?;
        if n > max_request {
            return Err(());
        }
        if rest.len() < n {
            return Ok(None);
        }
        self.input.advance(4);
        Ok(Some(self.input.split_to(n).freeze()))
    }
}
