//! Length-prefixed frames out of a stream of bytes. The reader does no input itself: its
//! owner reads into [`FrameReader::room`], says how much came ([`FrameReader::filled`]) and
//! takes the frames that are complete ([`FrameReader::next_frame`]).
//!
//! Small frames share a read buffer, so that many are got with one system
//! call. A frame that does not fit it gets a buffer of exactly its size and is
//! read straight into it: fetched batches are never copied again. Such a
//! buffer grows as bytes arrive, so that a length that lies costs the
//! connection and not the memory.
//!
//! The buffers of such frames are used again: once all that was cut from a frame
//! is gone, its buffer comes back ([`Spare`]) and serves the next one, without
//! the system's work for new memory and without being zeroed. None is kept once
//! only small frames come.

use std::fmt;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};

use crate::base::lock::Mutex;

/// The size of the shared buffer.
const SHARED: usize = 64 * 1024;
/// A frame above this that has not wholly arrived gets its own buffer.
const OWN_BUFFER: usize = 16 * 1024;
/// A new block begins when less than this is left of the shared one: a frame
/// of [`OWN_BUFFER`] has to fit.
const MIN_ROOM: usize = OWN_BUFFER + 2 * PREFIX;
/// How much of a large frame is prepared (zeroed) and read at a time: it
/// stays in the processor's cache in between.
const STEP: usize = 256 * 1024;
/// How much of a large frame is reserved on its own word.
const TRUSTED: usize = 4 * 1024 * 1024;

/// So many buffers are kept for frames to come: where the application keeps up, one comes
/// back before the next is needed.
const SPARES: usize = 1;
/// A larger one is not kept.
const SPARE_SIZE: usize = 4 * 1024 * 1024;
/// After so many small frames in a row no large one is expected.
const CALM: u32 = 8;

const PREFIX: usize = 4;

/// A frame's length was negative or above the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadFrameLength {
    pub length: i32,
    pub max: usize,
}

impl BadFrameLength {
    /// A TLS server answers what it cannot read with an alert: type 21, version 3.x
    /// (RFC 8446, 5.1).
    fn is_tls_alert(self) -> bool {
        matches!(self.length.to_be_bytes(), [21, 3, 0..=4, _])
    }
}

impl fmt::Display for BadFrameLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid frame length {} (limit {})",
            self.length, self.max
        )?;
        match self.is_tls_alert() {
            true => f.write_str(
                ": that is a TLS alert. The port speaks TLS, which security.protocol does not say",
            ),
            false => Ok(()),
        }
    }
}

impl std::error::Error for BadFrameLength {}

/// Cuts a byte stream into frames.
#[derive(Debug)]
pub struct FrameReader {
    max: usize,
    /// `filled` bytes that were read and not yet given out, then prepared room.
    shared: BytesMut,
    filled: usize,
    large: Option<Large>,
    spare: Arc<Spare>,
    /// Small frames since the last large one.
    small: u32,
}

/// A frame with a buffer of its own: `filled` bytes, then prepared room.
#[derive(Debug)]
struct Large {
    buf: Vec<u8>,
    filled: usize,
    size: usize,
}

/// Buffers for large frames that are not in use. They are given back on whichever
/// thread drops the last part of a frame.
#[derive(Debug)]
struct Spare(Mutex<Kept>);

#[derive(Debug)]
enum Kept {
    Buffers(Vec<Vec<u8>>),
    /// There is no reader any more.
    Nothing,
}

impl Default for Spare {
    fn default() -> Self {
        Spare(Mutex::new(Kept::Buffers(Vec::new())))
    }
}

impl Spare {
    fn take(&self) -> Vec<u8> {
        match &mut *self.0.lock() {
            Kept::Buffers(kept) => kept.pop().unwrap_or_default(),
            Kept::Nothing => Vec::new(),
        }
    }

    fn give(&self, buf: Vec<u8>) {
        if buf.capacity() > SPARE_SIZE {
            return;
        }
        if let Kept::Buffers(kept) = &mut *self.0.lock()
            && kept.len() < SPARES
        {
            kept.push(buf);
        }
    }

    fn clear(&self, kept: Kept) {
        let freed = std::mem::replace(&mut *self.0.lock(), kept);
        drop(freed);
    }

    #[cfg(test)]
    fn sizes(&self) -> Vec<usize> {
        match &*self.0.lock() {
            Kept::Buffers(kept) => kept.iter().map(Vec::capacity).collect(),
            Kept::Nothing => Vec::new(),
        }
    }
}

/// A large frame that was read whole, shared by all that is cut from it.
struct Frame {
    buf: Vec<u8>,
    size: usize,
    spare: Arc<Spare>,
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        self.buf.get(..self.size).unwrap_or_default()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        self.spare.give(std::mem::take(&mut self.buf));
    }
}

/// Without a reader there are no more frames, and nothing is kept for them.
impl Drop for FrameReader {
    fn drop(&mut self) {
        self.spare.clear(Kept::Nothing);
    }
}

impl FrameReader {
    /// `max` is the largest frame accepted (`receive.message.max.bytes`).
    pub fn new(max: usize) -> Self {
        FrameReader {
            max,
            shared: BytesMut::new(),
            filled: 0,
            large: None,
            spare: Arc::default(),
            small: 0,
        }
    }

    /// Whether a frame has begun and is not complete.
    pub fn is_mid_frame(&self) -> bool {
        self.large.is_some() || self.filled > 0
    }

    /// The bytes of the incomplete frame that have arrived, its length
    /// included.
    pub fn buffered(&self) -> usize {
        self.filled + self.large.as_ref().map_or(0, |l| l.filled + PREFIX)
    }

    /// Room for the next read; never empty. To be asked for when [`FrameReader::next_frame`]
    /// has nothing.
    pub fn room(&mut self) -> &mut [u8] {
        if let Some(large) = &mut self.large {
            return large.room();
        }
        if self.shared.len() - self.filled < MIN_ROOM {
            self.shared.truncate(self.filled);
            // Reuses the block when all frames cut from it are gone.
            self.shared.reserve(SHARED - self.filled.min(SHARED / 2));
            self.shared.resize(self.shared.capacity(), 0);
        }
        self.shared.get_mut(self.filled..).unwrap_or_default()
    }

    /// `n` bytes were read into the room that was given last.
    pub fn filled(&mut self, n: usize) {
        match &mut self.large {
            Some(large) => large.filled = large.buf.len().min(large.filled + n),
            None => self.filled = self.shared.len().min(self.filled + n),
        }
    }

    /// The next frame that has been read whole, without its length. After an error the
    /// stream is of no use.
    pub fn next_frame(&mut self) -> Result<Option<Bytes>, BadFrameLength> {
        if self.large.is_some() {
            let complete = self.large.take_if(|l| l.filled == l.size);
            return Ok(complete.map(|l| {
                Bytes::from_owner(Frame {
                    buf: l.buf,
                    size: l.size,
                    spare: self.spare.clone(),
                })
            }));
        }
        let read = self.shared.get(..self.filled).unwrap_or_default();
        let Some((prefix, body)) = read.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = i32::from_be_bytes(*prefix);
        let bad = BadFrameLength {
            length,
            max: self.max,
        };
        let size = usize::try_from(length)
            .ok()
            .filter(|&n| n <= self.max)
            .ok_or(bad)?;
        if body.len() >= size {
            self.shared.advance(PREFIX);
            self.filled -= PREFIX + size;
            self.small = self.small.saturating_add(1);
            if self.small == CALM {
                self.spare.clear(Kept::Buffers(Vec::new()));
            }
            return Ok(Some(self.shared.split_to(size).freeze()));
        }
        if size > OWN_BUFFER {
            self.large = Some(Large::new(self.spare.take(), body, size));
            self.small = 0;
            self.shared.advance(self.filled);
            self.filled = 0;
        }
        Ok(None)
    }
}

impl Large {
    /// A frame of that size, of which `begun` has arrived.
    fn new(mut buf: Vec<u8>, begun: &[u8], size: usize) -> Self {
        let trusted = size.min(TRUSTED);
        if buf.capacity() < trusted {
            // What is in it is of no use: it would be copied.
            buf = Vec::with_capacity(trusted);
        }
        let filled = begun.len();
        if buf.len() < filled {
            buf.resize(filled, 0);
        }
        if let Some(start) = buf.get_mut(..filled) {
            start.copy_from_slice(begun);
        }
        Large { buf, filled, size }
    }

    /// Room for the next read: not more than the frame needs, and prepared
    /// once only.
    fn room(&mut self) -> &mut [u8] {
        let end = self.size.min(self.filled + STEP);
        if self.buf.len() < end {
            if self.buf.capacity() < end {
                // Doubles, but never beyond the frame's size.
                let target = self.size.min(self.buf.capacity() * 2).max(end);
                self.buf.reserve_exact(target - self.buf.len());
            }
            self.buf.resize(end, 0);
        }
        self.buf.get_mut(self.filled..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
