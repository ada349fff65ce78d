//! Snappy: the raw format, and when reading also the framing of snappy-java
//! ("xerial"), which Java producers write: a 16-byte header, then chunks of a
//! big-endian length and a raw block.

use super::DecompressError;

const XERIAL_MAGIC: &[u8] = b"\x82SNAPPY\0";
/// Magic, version and oldest compatible version.
const XERIAL_HEADER: usize = 16;

#[derive(Default)]
pub struct Compressor {
    /// Boxed for its hash table, which has room for small inputs inside.
    encoder: Option<Box<snap::raw::Encoder>>,
}

impl Compressor {
    pub fn compress(&mut self, src: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let start = out.len();
        out.resize(start + snap::raw::max_compress_len(src.len()), 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let n = self
            .encoder
            .get_or_insert_with(|| Box::new(snap::raw::Encoder::new()))
            .compress(src, room)
            .map_err(|e| e.to_string())?;
        out.truncate(start + n);
        Ok(())
    }
}

#[derive(Default)]
pub struct Decompressor {
    decoder: snap::raw::Decoder,
}

impl Decompressor {
    pub fn decompress(&mut self, src: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
        let mut out = Vec::new();
        match src.strip_prefix(XERIAL_MAGIC) {
            Some(_) => {
                let mut chunks = src.get(XERIAL_HEADER..).ok_or(DecompressError::Truncated)?;
                while let Some((len, rest)) = chunks.split_first_chunk::<4>() {
                    let len = u32::from_be_bytes(*len) as usize;
                    let (block, rest) = rest
                        .split_at_checked(len)
                        .ok_or(DecompressError::Truncated)?;
                    self.block(block, limit, &mut out)?;
                    chunks = rest;
                }
                if !chunks.is_empty() {
                    return Err(DecompressError::Truncated);
                }
            }
            None => self.block(src, limit, &mut out)?,
        }
        Ok(out)
    }

    fn block(
        &mut self,
        block: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), DecompressError> {
        let len = snap::raw::decompress_len(block).map_err(DecompressError::corrupt)?;
        if len > limit.saturating_sub(out.len()) {
            return Err(DecompressError::TooLarge { limit });
        }
        // The densest element is a copy of 64 bytes that takes three; a length
        // beyond that is a lie that must not cost memory.
        if len > block.len().saturating_mul(64) {
            return Err(DecompressError::corrupt("impossible length"));
        }
        let start = out.len();
        if start == 0 {
            *out = vec![0; len];
        } else {
            out.resize(start + len, 0);
        }
        let room = out.get_mut(start..).unwrap_or_default();
        let n = self
            .decoder
            .decompress(block, room)
            .map_err(DecompressError::corrupt)?;
        out.truncate(start + n);
        Ok(())
    }
}
