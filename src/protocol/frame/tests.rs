use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};

/// What a read brought.
#[derive(Debug)]
enum Frame {
    Complete(Bytes),
    Pending,
    Closed { mid_frame: bool },
}

/// Reads from `src` until a frame is complete, as a connection does.
fn read_frame(reader: &mut FrameReader, src: &mut impl Read) -> Result<Frame, BadFrameLength> {
    loop {
        if let Some(frame) = reader.next_frame()? {
            return Ok(Frame::Complete(frame));
        }
        match src.read(reader.room()) {
            Ok(0) => {
                let mid_frame = reader.is_mid_frame();
                return Ok(Frame::Closed { mid_frame });
            }
            Ok(n) => reader.filled(n),
            Err(_) => return Ok(Frame::Pending),
        }
    }
}

/// A stream that gives its bytes in pieces of given sizes; 0 would block.
struct Pieces {
    bytes: VecDeque<u8>,
    sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
    largest_room: usize,
}

impl Pieces {
    fn new(bytes: &[u8], sizes: Vec<usize>) -> Self {
        Pieces {
            bytes: bytes.iter().copied().collect(),
            sizes: sizes.into_iter().cycle(),
            largest_room: 0,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(!buf.is_empty(), "reading into no room looks like the end");
        self.largest_room = self.largest_room.max(buf.len());
        match self.sizes.next() {
            Some(0) => Err(ErrorKind::WouldBlock.into()),
            Some(n) => {
                let n = n.min(buf.len());
                self.bytes.read(&mut buf[..n])
            }
            None => self.bytes.read(buf),
        }
    }
}

fn framed(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for f in frames {
        out.extend_from_slice(&(f.len() as u32).to_be_bytes());
        out.extend_from_slice(f);
    }
    out
}

/// Everything up to the end of the stream.
fn collect(reader: &mut FrameReader, src: &mut Pieces) -> (Vec<Bytes>, bool) {
    let mut frames = Vec::new();
    loop {
        match read_frame(reader, src).unwrap() {
            Frame::Complete(f) => frames.push(f),
            Frame::Pending => {}
            Frame::Closed { mid_frame } => return (frames, mid_frame),
        }
    }
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![0usize..5, 1usize..100_000], 1..10).prop_map(|mut sizes| {
        // At least one piece has to bring something.
        sizes.push(1000);
        sizes
    })
}

fn frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let len = prop_oneof![0usize..10, 0usize..3000, 0usize..100_000];
    vec((len, any::<u8>()).prop_map(|(n, b)| std::vec![b; n]), 0..20)
}

proptest! {
    #![proptest_config(crate::base::testing::cases(64))]

    #[test]
    fn frames_come_out_as_they_went_in(frames in frames(), sizes in sizes(), keep in any::<bool>()) {
        let mut reader = FrameReader::new(1 << 20);
        let mut src = Pieces::new(&framed(&frames), sizes);
        if keep {
            let (got, mid_frame) = collect(&mut reader, &mut src);
            prop_assert!(!mid_frame);
            prop_assert_eq!(got, frames);
        } else {
            // Dropping frames at once lets their block be used again.
            for f in &frames {
                let got = loop {
                    match read_frame(&mut reader, &mut src).unwrap() {
                        Frame::Complete(f) => break f,
                        Frame::Pending => {}
                        Frame::Closed { .. } => panic!("closed early"),
                    }
                };
                prop_assert_eq!(&got, f);
            }
        }
    }

    #[test]
    fn an_early_end_is_told(frames in frames(), sizes in sizes(), cut in any::<prop::sample::Index>()) {
        let mut bytes = framed(&frames);
        prop_assume!(!bytes.is_empty());
        bytes.truncate(cut.index(bytes.len()));
        let mut left = bytes.len();
        let whole = frames.iter().take_while(|f| {
            let fits = f.len() + PREFIX <= left;
            left -= if fits { f.len() + PREFIX } else { 0 };
            fits
        }).count();
        let mut reader = FrameReader::new(1 << 20);
        let (got, mid_frame) = collect(&mut reader, &mut Pieces::new(&bytes, sizes));
        prop_assert_eq!(got.len(), whole);
        prop_assert_eq!(mid_frame, left > 0);
        prop_assert_eq!(reader.buffered(), left);
    }

    #[test]
    fn noise_is_no_panic(bytes in vec(any::<u8>(), 0..2000), sizes in sizes()) {
        let mut reader = FrameReader::new(1000);
        let mut src = Pieces::new(&bytes, sizes);
        while let Ok(frame) = read_frame(&mut reader, &mut src) {
            match frame {
                Frame::Complete(f) => prop_assert!(f.len() <= 1000),
                Frame::Pending => {}
                Frame::Closed { .. } => break,
            }
        }
    }
}

#[test]
fn lengths_out_of_range_are_errors() {
    for (length, good) in [
        (-1, false),
        (0, true),
        (100, true),
        (101, false),
        (i32::MAX, false),
    ] {
        let mut bytes = i32::to_be_bytes(length).to_vec();
        bytes.resize(104, 0);
        let result = read_frame(&mut FrameReader::new(100), &mut &bytes[..]);
        assert_eq!(result.is_ok(), good, "{length}");
        if let Err(e) = result {
            assert_eq!(e, BadFrameLength { length, max: 100 });
        }
    }
}

#[test]
fn a_length_that_lies_costs_no_memory() {
    let mut bytes = (1i32 << 30).to_be_bytes().to_vec();
    bytes.resize(100_000, 0);
    let mut reader = FrameReader::new(1 << 30);
    let mut src = Pieces::new(&bytes, vec![50_000]);
    let (frames, mid_frame) = collect(&mut reader, &mut src);
    assert!(frames.is_empty() && mid_frame);
    let large = reader.large.take().unwrap();
    assert!(large.buf.capacity() <= TRUSTED);
    // And what was prepared is little more than what came.
    assert!(large.buf.len() <= bytes.len() + STEP);
}

#[test]
fn a_large_frame_has_a_buffer_of_its_size_and_is_read_into_it() {
    let frames = [vec![1; 10], vec![2; 3_000_000], vec![3; 10]];
    let mut reader = FrameReader::new(1 << 30);
    let mut src = Pieces::new(&framed(&frames), vec![1 << 20]);
    let mut next = || match read_frame(&mut reader, &mut src).unwrap() {
        Frame::Complete(f) => f,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(), frames[0]);
    let large = next();
    assert!(large == frames[1]);
    drop(large);
    assert_eq!(next(), frames[2]);
    assert_eq!(reader.spare.sizes(), [frames[1].len()]);
}

#[test]
fn a_port_that_speaks_tls_is_named_as_such() {
    // handshake_failure, as a server sends it that got plain text.
    let alert = [21, 3, 3, 0, 2, 2, 40];
    let mut reader = FrameReader::new(1 << 20);
    reader.room()[..alert.len()].copy_from_slice(&alert);
    reader.filled(alert.len());
    let text = reader.next_frame().unwrap_err().to_string();
    assert!(text.contains("security.protocol"), "{text}");
    let other = BadFrameLength { length: -1, max: 1 };
    assert!(!other.to_string().contains("TLS"));
}

fn one(reader: &mut FrameReader, frame: &[u8]) -> Bytes {
    let mut src = Pieces::new(&framed(&[frame.to_vec()]), vec![50_000]);
    match read_frame(reader, &mut src).unwrap() {
        Frame::Complete(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn buffers_of_large_frames_are_used_again_when_nothing_of_them_is_left() {
    let mut reader = FrameReader::new(1 << 24);
    let first = one(&mut reader, &[1; 300_000]);
    let (kept, place) = (first.slice(10..20), first.as_ptr());
    drop(first);
    let second = one(&mut reader, &[2; 300_000]);
    assert_ne!(second.as_ptr(), place, "a part of it is still read");
    assert_eq!(kept, vec![1; 10]);
    drop(kept);
    let third = one(&mut reader, &[3; 200_000]);
    assert_eq!(third.as_ptr(), place);
    assert!(third == vec![3; 200_000] && second == vec![2; 300_000]);
}

#[test]
fn few_buffers_are_kept_and_none_once_frames_are_small() {
    let mut reader = FrameReader::new(1 << 24);
    let frames: Vec<Bytes> = (0..5).map(|n| one(&mut reader, &[n; 100_000])).collect();
    drop(frames);
    assert_eq!(reader.spare.sizes().len(), SPARES);
    for n in 0..CALM {
        assert_eq!(reader.spare.sizes().len(), SPARES, "{n}");
        one(&mut reader, &[9; 10]);
    }
    assert!(reader.spare.sizes().is_empty());
    let huge = one(&mut reader, &vec![7; SPARE_SIZE + 1]);
    drop(huge);
    assert!(reader.spare.sizes().is_empty(), "too large to be kept");
    let last = one(&mut reader, &[8; 100_000]);
    let spare = reader.spare.clone();
    drop(reader);
    assert!(last == vec![8; 100_000], "outlives its reader");
    drop(last);
    assert!(spare.sizes().is_empty(), "nobody would take it");
}
