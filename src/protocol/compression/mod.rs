//! Compression and bounded decompression of record batches.
//!
//! [`Compressor`] and [`Decompressor`] keep the libraries' contexts between
//! batches: making one costs more than compressing a small batch. Each has one
//! owner, usually a broker thread.
//!
//! What comes from the network decides nothing about memory: every
//! decompression has a limit and a stream that would exceed it is an error.

mod gzip;
mod lz4;
mod snappy;
#[cfg(test)]
mod tests;
mod zstd;

use std::fmt;

/// A compression codec; the values are those of the attributes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Codec {
    #[default]
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

impl Codec {
    pub const ALL: [Codec; 5] = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];

    pub const fn from_id(id: u8) -> Option<Codec> {
        match id {
            0 => Some(Codec::None),
            1 => Some(Codec::Gzip),
            2 => Some(Codec::Snappy),
            3 => Some(Codec::Lz4),
            4 => Some(Codec::Zstd),
            _ => None,
        }
    }

    /// The name that configuration and logs use.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }

    /// The level to use for the configured one: `DEFAULT_LEVEL` and values
    /// above the codec's range are mapped into it.
    pub fn effective_level(self, level: i32) -> i32 {
        let (default, max) = match self {
            Codec::None | Codec::Snappy => (0, 0),
            Codec::Gzip => (6, 9),
            Codec::Lz4 => (0, 12),
            Codec::Zstd => (3, 22),
        };
        if level == DEFAULT_LEVEL {
            default
        } else {
            level.clamp(0, max)
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The `compression.level` that leaves the choice to the codec.
pub const DEFAULT_LEVEL: i32 = -1;

/// A library could not compress, which only a lack of memory should cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressError {
    pub codec: Codec,
    pub reason: String,
}

impl fmt::Display for CompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} compression failed: {}", self.codec, self.reason)
    }
}

impl std::error::Error for CompressError {}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecompressError {
    /// The data would be larger than the limit.
    TooLarge { limit: usize },
    /// The compressed data ends early.
    Truncated,
    /// The compressed data is invalid.
    Corrupt(String),
}

impl DecompressError {
    fn corrupt(reason: impl fmt::Display) -> Self {
        DecompressError::Corrupt(reason.to_string())
    }
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "decompressed size exceeds {limit} bytes"),
            Self::Truncated => f.write_str("compressed data is truncated"),
            Self::Corrupt(why) => write!(f, "compressed data is corrupt: {why}"),
        }
    }
}

impl std::error::Error for DecompressError {}

/// Compression contexts, made when first used.
#[derive(Default)]
pub struct Compressor {
    gzip: gzip::Compressor,
    snappy: snappy::Compressor,
    lz4: lz4::Compressor,
    zstd: zstd::Compressor,
}

impl Compressor {
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the compressed form of `src` to `out`.
    pub fn compress(
        &mut self,
        codec: Codec,
        level: i32,
        src: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressError> {
        let level = codec.effective_level(level);
        match codec {
            Codec::None => {
                out.extend_from_slice(src);
                Ok(())
            }
            Codec::Gzip => self.gzip.compress(level, src, out),
            Codec::Snappy => self.snappy.compress(src, out),
            Codec::Lz4 => self.lz4.compress(level, src, out),
            Codec::Zstd => self.zstd.compress(level, src, out),
        }
        .map_err(|reason| CompressError { codec, reason })
    }
}

/// Decompression contexts, made when first used.
#[derive(Default)]
pub struct Decompressor {
    gzip: gzip::Decompressor,
    snappy: snappy::Decompressor,
    lz4: lz4::Decompressor,
    zstd: zstd::Decompressor,
}

impl Decompressor {
    pub fn new() -> Self {
        Self::default()
    }

    /// Decompresses all of `src`, which becomes at most `limit` bytes.
    pub fn decompress(
        &mut self,
        codec: Codec,
        src: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, DecompressError> {
        match codec {
            Codec::None if src.len() > limit => Err(DecompressError::TooLarge { limit }),
            Codec::None => Ok(src.to_vec()),
            Codec::Gzip => self.gzip.decompress(src, limit),
            Codec::Snappy => self.snappy.decompress(src, limit),
            Codec::Lz4 => self.lz4.decompress(src, limit, lz4::HeaderChecksum::Strict),
            Codec::Zstd => self.zstd.decompress(src, limit),
        }
        .map(trim)
    }

    /// [`Self::decompress`] for a message of format 0, whose LZ4 frames have a
    /// header checksum that was computed over the wrong bytes.
    pub fn decompress_v0(
        &mut self,
        codec: Codec,
        src: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, DecompressError> {
        match codec {
            Codec::Lz4 => self
                .lz4
                .decompress(src, limit, lz4::HeaderChecksum::Ignored)
                .map(trim),
            _ => self.decompress(codec, src, limit),
        }
    }
}

/// Gives back capacity that would be held for as long as the batch is queued.
fn trim(mut out: Vec<u8>) -> Vec<u8> {
    if out.capacity() - out.len() > 1024.max(out.len() / 4) {
        out.shrink_to_fit();
    }
    out
}

/// Compresses with contexts of its own, for what is not a hot path.
pub fn compress(
    codec: Codec,
    level: i32,
    src: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CompressError> {
    Compressor::new().compress(codec, level, src, out)
}

/// Decompresses with contexts of its own, for what is not a hot path.
pub fn decompress(codec: Codec, src: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    Decompressor::new().decompress(codec, src, limit)
}
