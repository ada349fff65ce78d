//! Which partition a key belongs to, bit by bit as other clients compute it.

use crate::base::error::ErrorCode;

/// An application's own partitioner.
pub trait CustomPartitioner: Send + Sync {
    /// `topic` is the address of C's handle for the topic.
    fn partition(&self, topic: usize, key: Option<&[u8]>, partitions: i32, opaque: usize) -> i32;
}

/// The `partitioner` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builtin {
    Random,
    /// CRC-32 of the key; an empty or no key always gives the same partition.
    Consistent,
    ConsistentRandom,
    /// The Java client's default for keyed messages.
    Murmur2,
    Murmur2Random,
    /// The default of Sarama.
    Fnv1a,
    Fnv1aRandom,
}

impl Builtin {
    /// `None`: any partition will do.
    pub fn hash(self, key: Option<&[u8]>, partitions: i32) -> Option<i32> {
        let bytes = key.unwrap_or(&[]);
        match self {
            Builtin::Random => None,
            Builtin::Consistent => Some(consistent(bytes, partitions)),
            Builtin::ConsistentRandom => (!bytes.is_empty()).then(|| consistent(bytes, partitions)),
            Builtin::Murmur2 => Some(positive(murmur2(bytes), partitions)),
            // These two tell a missing key from an empty one.
            Builtin::Murmur2Random => key.map(|k| positive(murmur2(k), partitions)),
            Builtin::Fnv1a => Some(fnv1a_partition(bytes, partitions)),
            Builtin::Fnv1aRandom => key.map(|k| fnv1a_partition(k, partitions)),
        }
    }
}

fn modulo(hash: u32, partitions: i32) -> i32 {
    match u32::try_from(partitions) {
        Ok(n) if n > 0 => i32::try_from(hash % n).unwrap_or(0),
        _ => 0,
    }
}

fn consistent(key: &[u8], partitions: i32) -> i32 {
    let mut crc = flate2::Crc::new();
    crc.update(key);
    modulo(crc.sum(), partitions)
}

/// Java's `toPositive(hash) % n`.
fn positive(hash: u32, partitions: i32) -> i32 {
    modulo(hash & 0x7fff_ffff, partitions)
}

/// Go's `int32(hash) % n`, made positive.
fn fnv1a_partition(key: &[u8], partitions: i32) -> i32 {
    let hash = fnv1a(key).cast_signed();
    hash.checked_rem(partitions).unwrap_or(0).wrapping_abs()
}

/// MurmurHash2, 32 bits, with the seed of the Java client.
pub fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    // The length goes in as the 32 bits that Java has for it.
    let mut h = SEED ^ (key.len() as u32);
    let (words, tail) = key.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    for (at, byte) in tail.iter().enumerate() {
        h ^= u32::from(*byte) << (8 * at);
    }
    if !tail.is_empty() {
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

/// FNV-1a, 32 bits.
pub fn fnv1a(key: &[u8]) -> u32 {
    key.iter().fold(0x811c_9dc5, |h, b| {
        (h ^ u32::from(*b)).wrapping_mul(0x0100_0193)
    })
}

/// A partition number that a partitioner gave is a partition of the topic.
pub fn check(partition: i32, partitions: i32) -> Result<i32, ErrorCode> {
    if (0..partitions).contains(&partition) {
        Ok(partition)
    } else {
        Err(ErrorCode::_UNKNOWN_PARTITION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_is_java_s() {
        // org.apache.kafka.common.utils.Utils.murmur2
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn fnv1a_is_the_standard_one() {
        assert_eq!(fnv1a(b""), 0x811c_9dc5);
        assert_eq!(fnv1a(b"a"), 0xe40c_292c);
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn only_the_random_ones_leave_keyless_messages_open() {
        for b in [Builtin::Consistent, Builtin::Murmur2, Builtin::Fnv1a] {
            assert!(b.hash(None, 7).is_some());
        }
        for b in [
            Builtin::Random,
            Builtin::ConsistentRandom,
            Builtin::Murmur2Random,
            Builtin::Fnv1aRandom,
        ] {
            assert!(b.hash(None, 7).is_none());
        }
        assert!(Builtin::ConsistentRandom.hash(Some(b""), 7).is_none());
        assert!(Builtin::Murmur2Random.hash(Some(b""), 7).is_some());
    }

    #[test]
    fn a_topic_without_partitions_divides_by_nothing() {
        for b in [Builtin::Consistent, Builtin::Murmur2, Builtin::Fnv1a] {
            assert_eq!(b.hash(Some(b"k"), 0), Some(0));
        }
    }
}
