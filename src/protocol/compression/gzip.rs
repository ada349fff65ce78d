//! Gzip by libdeflate, which works on whole buffers and takes about half the
//! time of zlib for the same size. Several members may follow one another.
#![allow(unsafe_code)]

use super::DecompressError;
use libdeflate_sys as sys;
use libdeflater::CompressionLvl;
use std::ffi::c_void;
use std::ptr::NonNull;

/// The least a member takes: header, an empty block and the trailer.
const MIN_MEMBER: usize = 10 + 2 + 8;
const MAGIC: &[u8] = &[0x1f, 0x8b];

#[derive(Default)]
pub struct Compressor {
    context: Option<(libdeflater::Compressor, i32)>,
}

impl Compressor {
    pub fn compress(&mut self, level: i32, src: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let context = match &mut self.context {
            Some((c, l)) if *l == level => c,
            _ => {
                let lvl = CompressionLvl::new(level).map_err(|_| "invalid level")?;
                let context = libdeflater::Compressor::new(lvl);
                &mut self.context.insert((context, level)).0
            }
        };
        let start = out.len();
        out.resize(start + context.gzip_compress_bound(src.len()), 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let n = context
            .gzip_compress(src, room)
            .map_err(|e| e.to_string())?;
        out.truncate(start + n);
        Ok(())
    }
}

/// An owned libdeflate decompressor.
struct Context(NonNull<sys::libdeflate_decompressor>);

// SAFETY: the decompressor is a plain heap block without thread affinity, and
// every use of it takes `&mut Context`.
unsafe impl Send for Context {}

impl Context {
    fn new() -> Option<Context> {
        // SAFETY: takes no arguments; null, which it returns when out of
        // memory, is handled by `NonNull`.
        NonNull::new(unsafe { sys::libdeflate_alloc_decompressor() }).map(Context)
    }

    /// Decompresses one member into the spare capacity of `out` and returns
    /// how much of `src` it took.
    fn member(&mut self, src: &[u8], out: &mut Vec<u8>) -> Result<usize, u32> {
        let spare = out.spare_capacity_mut();
        let (mut read, mut written) = (0usize, 0usize);
        // SAFETY: `self.0` is a live decompressor used by us alone; the input
        // is valid for `src.len()` bytes, the output is valid for writes of
        // `spare.len()` bytes, and both results point to locals.
        let result = unsafe {
            sys::libdeflate_gzip_decompress_ex(
                self.0.as_ptr(),
                src.as_ptr().cast::<c_void>(),
                src.len(),
                spare.as_mut_ptr().cast::<c_void>(),
                spare.len(),
                &mut read,
                &mut written,
            )
        };
        if result != sys::libdeflate_result_LIBDEFLATE_SUCCESS {
            return Err(result);
        }
        debug_assert!(written <= spare.len());
        // SAFETY: on success the library has written `written` bytes, at most
        // the spare capacity it was given, behind the initialised ones.
        unsafe { out.set_len(out.len() + written) };
        Ok(read)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: allocated by `libdeflate_alloc_decompressor`, freed once.
        unsafe { sys::libdeflate_free_decompressor(self.0.as_ptr()) }
    }
}

#[derive(Default)]
pub struct Decompressor {
    context: Option<Context>,
}

impl Decompressor {
    pub fn decompress(&mut self, src: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
        let context = match &mut self.context {
            Some(c) => c,
            None => {
                let context = Context::new().ok_or(DecompressError::corrupt("out of memory"))?;
                self.context.insert(context)
            }
        };
        let mut rest = src;
        let mut out = Vec::with_capacity(stated_size(src).min(limit));
        loop {
            match context.member(rest, &mut out) {
                Ok(read) => {
                    rest = rest.get(read..).unwrap_or_default();
                    if rest.is_empty() {
                        return Ok(out);
                    }
                    // What follows and is no member is padding, as gzip treats it.
                    if !rest.starts_with(MAGIC) {
                        return Ok(out);
                    }
                    if rest.len() < MIN_MEMBER {
                        return Err(DecompressError::Truncated);
                    }
                }
                Err(sys::libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE) => {
                    if out.capacity() >= limit {
                        return Err(DecompressError::TooLarge { limit });
                    }
                    // The member starts again; doubling bounds the repeated work.
                    let room = (out.capacity() - out.len())
                        .saturating_mul(2)
                        .max(rest.len().saturating_mul(4))
                        .max(512);
                    out.reserve_exact(room.min(limit - out.len()));
                }
                Err(_) => return Err(DecompressError::corrupt("invalid gzip member")),
            }
        }
    }
}

/// The size the trailer of the last member states, modulo 4 GiB. Only a hint,
/// and no more than deflate's densest coding (1032:1) makes possible.
fn stated_size(src: &[u8]) -> usize {
    let stated = src.last_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b)) as usize;
    stated.min(src.len().saturating_mul(1032))
}
