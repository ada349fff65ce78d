#![no_main]
use libfuzzer_sys::fuzz_target;
use rdkafka::protocol::frame::FrameReader;
use std::io::{self, ErrorKind, Read};

const MAX: usize = 100_000;

/// Gives bytes in pieces of the given sizes; 0 is "would block".
struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: &'a [u8],
    next: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(!buf.is_empty(), "reading into no room looks like the end");
        assert!(buf.len() <= 2 * MAX.max(1 << 18));
        let size = self.sizes.get(self.next).copied().unwrap_or(255);
        self.next += 1;
        match usize::from(size) * usize::from(size) {
            0 => Err(ErrorKind::WouldBlock.into()),
            n => {
                let n = n.min(buf.len());
                self.bytes.read(&mut buf[..n])
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((sizes, bytes)) = data.split_at_checked(8) else {
        return;
    };
    let mut src = Pieces {
        bytes,
        sizes,
        next: 0,
    };
    let mut reader = FrameReader::new(MAX);
    // What comes out has to be what a plain cut of the stream gives.
    let mut rest = bytes;
    let mut next = || {
        let (length, body) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(i32::from_be_bytes(*length)).ok()?;
        let (frame, after) = body.split_at_checked(length)?;
        rest = after;
        (length <= MAX).then_some(frame)
    };
    loop {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                assert_eq!(next(), Some(&frame[..]));
                continue;
            }
            Ok(None) => {}
            Err(_) => {
                assert_eq!(next(), None);
                return;
            }
        }
        match src.read(reader.room()) {
            Ok(0) => {
                assert_eq!(next(), None);
                assert_eq!(reader.is_mid_frame(), reader.buffered() > 0);
                return;
            }
            Ok(n) => reader.filled(n),
            Err(e) => assert_eq!(e.kind(), ErrorKind::WouldBlock),
        }
    }
});
