//! Zstandard. A frame that states its size is decompressed in one go, one of
//! a streaming encoder (Java's) piece by piece; several frames may follow one
//! another.

use super::DecompressError;
use zstd::zstd_safe::{
    CCtx, CParameter, DCtx, InBuffer, OutBuffer, ResetDirective, compress_bound, get_error_name,
    zstd_sys::ZSTD_EndDirective,
};

/// The first reservation for output of unknown size, and the least step.
const STEP: usize = 64 * 1024;

#[derive(Default)]
pub struct Compressor {
    context: Option<(CCtx<'static>, i32)>,
}

impl Compressor {
    pub fn compress(&mut self, level: i32, src: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let reason = |code| get_error_name(code).to_owned();
        let (context, current) = match &mut self.context {
            Some(c) => c,
            None => {
                let context = CCtx::try_create().ok_or("out of memory")?;
                self.context.insert((context, i32::MIN))
            }
        };
        if *current != level {
            context
                .set_parameter(CParameter::CompressionLevel(level))
                .map_err(reason)?;
            *current = level;
        }
        let start = out.len();
        out.reserve(compress_bound(src.len()));
        let mut input = InBuffer::around(src);
        let mut output = OutBuffer::around_pos(out, start);
        let done = context.compress_stream2(&mut output, &mut input, ZSTD_EndDirective::ZSTD_e_end);
        match done {
            Ok(0) => Ok(()),
            other => {
                // The context is in the middle of a frame: begin with a new one.
                self.context = None;
                out.truncate(start);
                Err(other.map_or_else(reason, |_| "output does not fit".to_owned()))
            }
        }
    }
}

#[derive(Default)]
pub struct Decompressor {
    context: Option<DCtx<'static>>,
}

impl Decompressor {
    pub fn decompress(&mut self, src: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
        let context = match &mut self.context {
            Some(c) => c,
            None => {
                let context =
                    DCtx::try_create().ok_or(DecompressError::corrupt("out of memory"))?;
                self.context.insert(context)
            }
        };
        context
            .reset(ResetDirective::SessionOnly)
            .map_err(|code| DecompressError::corrupt(get_error_name(code)))?;
        let mut out = Vec::with_capacity(first_capacity(src, limit)?);
        let mut input = InBuffer::around(src);
        loop {
            let (filled, read) = (out.len(), input.pos());
            let hint = {
                let mut output = OutBuffer::around_pos(&mut out, filled);
                context
                    .decompress_stream(&mut output, &mut input)
                    .map_err(|code| DecompressError::corrupt(get_error_name(code)))?
            };
            if out.len() > limit {
                return Err(DecompressError::TooLarge { limit });
            }
            let all_read = input.pos() == src.len();
            match hint {
                0 if all_read => return Ok(out),
                // The next frame follows.
                0 => {}
                // Nothing moves although there is room: more input is wanted.
                _ if (out.len(), input.pos()) == (filled, read) && filled < out.capacity() => {
                    return Err(DecompressError::Truncated);
                }
                _ if out.len() < out.capacity() && all_read => {
                    return Err(DecompressError::Truncated);
                }
                _ => {}
            }
            if out.len() == out.capacity() {
                // One byte above the limit shows that it is exceeded.
                let room = (limit - out.len()).saturating_add(1);
                out.reserve_exact(room.min(STEP.max(out.len())));
            }
        }
    }
}

/// What to reserve at first: the stated size where there is one, for it is
/// then filled directly.
fn first_capacity(src: &[u8], limit: usize) -> Result<usize, DecompressError> {
    match zstd::zstd_safe::get_frame_content_size(src) {
        Ok(Some(n)) => match usize::try_from(n) {
            Ok(n) if n <= limit => Ok(n.max(1)),
            _ => Err(DecompressError::TooLarge { limit }),
        },
        Ok(None) => Ok(STEP.min(limit.saturating_add(1))),
        Err(_) => Err(DecompressError::corrupt("not a zstd frame")),
    }
}
