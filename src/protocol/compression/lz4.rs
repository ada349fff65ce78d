//! LZ4 frames with independent blocks of 64 KiB, as Kafka wants them; reading
//! takes any frame, and several that follow one another.
//!
//! The functions of liblz4 are called directly to keep the contexts from batch
//! to batch: the safe wrapper makes a context and a buffer of 32 KiB each time.
#![allow(unsafe_code)]

use super::DecompressError;
use lz4::liblz4::{
    BlockChecksum, BlockMode, BlockSize, ContentChecksum, FrameType, LZ4F_VERSION,
    LZ4F_compressBegin, LZ4F_compressBound, LZ4F_compressEnd, LZ4F_compressUpdate,
    LZ4F_createCompressionContext, LZ4F_createDecompressionContext, LZ4F_decompress,
    LZ4F_freeCompressionContext, LZ4F_freeDecompressionContext, LZ4F_isError,
    LZ4F_resetDecompressionContext, LZ4FCompressionContext, LZ4FDecompressionContext,
    LZ4FFrameInfo, LZ4FPreferences,
};
use std::ptr;

const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
/// The largest frame header: magic, two flag bytes, content size, dictionary
/// id, checksum.
const MAX_HEADER: usize = 19;
/// What a frame takes beyond its blocks' bound, with ample room.
const FRAME_SLACK: usize = 64;
/// The least room for a step of decompression: a block is then written
/// directly to where it belongs.
const STEP: usize = 64 * 1024;

/// How the checksum of a frame's header is treated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum HeaderChecksum {
    Strict,
    Ignored,
}

struct CompressContext(LZ4FCompressionContext);

// SAFETY: the context is a heap block without thread affinity, and every use
// of it takes `&mut`.
unsafe impl Send for CompressContext {}

impl Drop for CompressContext {
    fn drop(&mut self) {
        // SAFETY: created by `LZ4F_createCompressionContext`, freed once.
        unsafe { LZ4F_freeCompressionContext(self.0) };
    }
}

#[derive(Default)]
pub struct Compressor {
    context: Option<CompressContext>,
}

impl Compressor {
    pub fn compress(&mut self, level: i32, src: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let preferences = preferences(level);
        let context = match &mut self.context {
            Some(c) => c,
            None => {
                let mut raw = LZ4FCompressionContext(ptr::null_mut());
                // SAFETY: `raw` is a local that receives the context.
                let code = unsafe { LZ4F_createCompressionContext(&mut raw, LZ4F_VERSION) };
                check(code)?;
                self.context.insert(CompressContext(raw))
            }
        };
        // SAFETY: reads the preferences, a live local, only.
        let bound = unsafe { LZ4F_compressBound(src.len(), &preferences) };
        out.reserve(bound + FRAME_SLACK);
        let spare = out.spare_capacity_mut();
        let (dst, room) = (spare.as_mut_ptr().cast::<u8>(), spare.len());
        let mut filled = 0;
        // SAFETY: the context is live and used by us alone. Each call gets the
        // part of the spare capacity behind what is filled, with its size, and
        // returns how much it wrote there or an error code, which ends the
        // sequence; beginning again resets the context.
        unsafe {
            filled += check(LZ4F_compressBegin(context.0, dst, room, &preferences))?;
            filled += check(LZ4F_compressUpdate(
                context.0,
                dst.add(filled),
                room - filled,
                src.as_ptr(),
                src.len(),
                ptr::null(),
            ))?;
            filled += check(LZ4F_compressEnd(
                context.0,
                dst.add(filled),
                room - filled,
                ptr::null(),
            ))?;
            // SAFETY: `filled` bytes were written, never more than `room`.
            out.set_len(out.len() + filled);
        }
        Ok(())
    }
}

fn preferences(level: i32) -> LZ4FPreferences {
    LZ4FPreferences {
        frame_info: LZ4FFrameInfo {
            block_size_id: BlockSize::Default,
            block_mode: BlockMode::Independent,
            content_checksum_flag: ContentChecksum::NoChecksum,
            frame_type: FrameType::Frame,
            content_size: 0,
            dict_id: 0,
            block_checksum_flag: BlockChecksum::NoBlockChecksum,
        },
        compression_level: level.max(0) as u32,
        // All input is at hand: nothing is to be buffered.
        auto_flush: 1,
        favor_dec_speed: 0,
        reserved: [0; 3],
    }
}

fn check(code: usize) -> Result<usize, String> {
    // SAFETY: a pure function of its argument.
    match unsafe { LZ4F_isError(code) } {
        0 => Ok(code),
        _ => Err(format!(
            "LZ4 frame error {}",
            (code as isize).wrapping_neg()
        )),
    }
}

struct DecompressContext(LZ4FDecompressionContext);

// SAFETY: as for `CompressContext`.
unsafe impl Send for DecompressContext {}

impl Drop for DecompressContext {
    fn drop(&mut self) {
        // SAFETY: created by `LZ4F_createDecompressionContext`, freed once.
        unsafe { LZ4F_freeDecompressionContext(self.0) };
    }
}

impl DecompressContext {
    fn new() -> Result<Self, String> {
        let mut raw = LZ4FDecompressionContext(ptr::null_mut());
        // SAFETY: `raw` is a local that receives the context.
        check(unsafe { LZ4F_createDecompressionContext(&mut raw, LZ4F_VERSION) })?;
        Ok(DecompressContext(raw))
    }

    fn reset(&mut self) {
        // SAFETY: the context is live and used by us alone.
        unsafe { LZ4F_resetDecompressionContext(self.0) };
    }

    /// One step: returns what was read and the library's hint, 0 at the end
    /// of a frame. What it wrote is appended to `out`'s length.
    fn step(&mut self, src: &[u8], out: &mut Vec<u8>) -> Result<(usize, usize), String> {
        let spare = out.spare_capacity_mut();
        let (mut written, mut read) = (spare.len(), src.len());
        // SAFETY: the context is live and used by us alone; `written` and
        // `read` state the sizes of valid buffers and receive how much of each
        // was used. The library reads no earlier output: it keeps what linked
        // blocks need in the context, for `stable_dst` is not set.
        let hint = check(unsafe {
            LZ4F_decompress(
                self.0,
                spare.as_mut_ptr().cast::<u8>(),
                &mut written,
                src.as_ptr(),
                &mut read,
                ptr::null(),
            )
        })?;
        debug_assert!(written <= spare.len());
        // SAFETY: the library wrote `written` bytes behind the initialised ones.
        unsafe { out.set_len(out.len() + written) };
        Ok((read, hint))
    }
}

#[derive(Default)]
pub struct Decompressor {
    context: Option<DecompressContext>,
}

impl Decompressor {
    pub fn decompress(
        &mut self,
        src: &[u8],
        limit: usize,
        checksum: HeaderChecksum,
    ) -> Result<Vec<u8>, DecompressError> {
        let context = match &mut self.context {
            Some(c) => c,
            None => {
                let context = DecompressContext::new().map_err(DecompressError::Corrupt)?;
                self.context.insert(context)
            }
        };
        if src.is_empty() {
            return Err(DecompressError::Truncated);
        }
        context.reset();
        let mut out = Vec::with_capacity(capacity_for(src, limit));
        let mut rest = src;
        // Whether the library is between frames, and says what it wants next.
        let mut between = true;
        while !rest.is_empty() || !between {
            if between
                && checksum == HeaderChecksum::Ignored
                && let Some((fixed, len)) = fix_header(rest)
            {
                let header = fixed.get(..len).unwrap_or_default();
                let (read, _) = context
                    .step(header, &mut out)
                    .map_err(DecompressError::Corrupt)?;
                rest = rest.get(read..).unwrap_or_default();
            }
            let before = out.len();
            let (read, hint) = context
                .step(rest, &mut out)
                .map_err(DecompressError::Corrupt)?;
            rest = rest.get(read..).unwrap_or_default();
            if out.len() > limit {
                return Err(DecompressError::TooLarge { limit });
            }
            between = hint == 0;
            if between {
                continue;
            }
            if read == 0 && out.len() == before && out.len() < out.capacity() {
                return Err(DecompressError::Truncated);
            }
            if out.capacity() - out.len() < STEP {
                // One byte above the limit shows that it is exceeded.
                let room = (limit - out.len()).saturating_add(1);
                out.reserve_exact(room.min(STEP.max(out.capacity())));
            }
        }
        Ok(out)
    }
}

/// The room for all blocks of the first frame, found by walking their sizes;
/// bounded by the limit and, as each block takes at least four bytes, by the
/// input.
fn capacity_for(src: &[u8], limit: usize) -> usize {
    let blocks = Blocks::of(src);
    let bound = blocks.map_or(STEP, |b| b.count().saturating_mul(STEP));
    bound.min(limit.saturating_add(1))
}

/// The data blocks of a frame, by their size fields.
struct Blocks<'a> {
    rest: &'a [u8],
    block_checksum: usize,
}

impl<'a> Blocks<'a> {
    fn of(frame: &'a [u8]) -> Option<Self> {
        let (flags, header) = header_len(frame)?;
        Some(Blocks {
            rest: frame.get(header..)?,
            block_checksum: if flags & 0x10 != 0 { 4 } else { 0 },
        })
    }
}

impl Iterator for Blocks<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let (size, rest) = self.rest.split_first_chunk::<4>()?;
        let size = (u32::from_le_bytes(*size) & 0x7fff_ffff) as usize;
        if size == 0 {
            return None;
        }
        self.rest = rest.get(size + self.block_checksum..).unwrap_or_default();
        Some(size)
    }
}

/// The flags of a frame header and its whole length.
fn header_len(frame: &[u8]) -> Option<(u8, usize)> {
    let rest = frame.strip_prefix(&MAGIC)?;
    let flags = *rest.first()?;
    let content_size = if flags & 0x08 != 0 { 8 } else { 0 };
    let dictionary = if flags & 0x01 != 0 { 4 } else { 0 };
    let len = 4 + 2 + content_size + dictionary + 1;
    (frame.len() >= len).then_some((flags, len))
}

/// The frame's header with the checksum it should have.
fn fix_header(frame: &[u8]) -> Option<([u8; MAX_HEADER], usize)> {
    let (_, len) = header_len(frame)?;
    let mut fixed = [0; MAX_HEADER];
    let header = fixed.get_mut(..len)?;
    header.copy_from_slice(frame.get(..len)?);
    let (checksum, covered) = header.split_last_mut()?;
    *checksum = (xxh32(covered.get(MAGIC.len()..)?) >> 8) as u8;
    Some((fixed, len))
}

/// XXH32 with seed 0 of fewer than 16 bytes, which every frame header is.
pub(super) fn xxh32(bytes: &[u8]) -> u32 {
    const P1: u32 = 0x9e37_79b1;
    const P2: u32 = 0x85eb_ca77;
    const P3: u32 = 0xc2b2_ae3d;
    const P4: u32 = 0x27d4_eb2f;
    const P5: u32 = 0x1656_67b1;
    debug_assert!(bytes.len() < 16);
    let mut h = P5.wrapping_add(bytes.len() as u32);
    let (words, tail) = bytes.as_chunks::<4>();
    for w in words {
        h = h.wrapping_add(u32::from_le_bytes(*w).wrapping_mul(P3));
        h = h.rotate_left(17).wrapping_mul(P4);
    }
    for &b in tail {
        h = h.wrapping_add(u32::from(b).wrapping_mul(P5));
        h = h.rotate_left(11).wrapping_mul(P1);
    }
    h = (h ^ (h >> 15)).wrapping_mul(P2);
    h = (h ^ (h >> 13)).wrapping_mul(P3);
    h ^ (h >> 16)
}
