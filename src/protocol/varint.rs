//! The variable-length integers of record batches: seven bits a byte, least
//! significant group first, the top bit set on all bytes but the last. Signed
//! values are zigzag-coded first. Records use the signed forms only.

/// Maps a signed value to an unsigned one with small magnitudes first.
#[inline(always)]
pub const fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

/// The inverse of [`zigzag`].
#[inline(always)]
pub const fn unzigzag(v: u64) -> i64 {
    ((v >> 1) as i64) ^ -((v & 1) as i64)
}

/// The number of bytes `v` takes as an unsigned varint.
#[inline(always)]
pub const fn unsigned_size(v: u64) -> usize {
    // The position of the top bit times 9/64 is the position divided by seven,
    // rounded down, for every position up to 63.
    let top = 63 - (v | 1).leading_zeros() as usize;
    (top * 9 + 73) / 64
}

/// The number of bytes `v` takes as a signed varint.
#[inline(always)]
pub const fn size(v: i64) -> usize {
    unsigned_size(zigzag(v))
}

/// Unsigned varints of fewer than 2^21, three bytes at most, assembled in a
/// register and appended to a buffer with one store of constant size.
#[derive(Clone, Copy, Default)]
pub struct Packed {
    bits: u128,
    len: usize,
}

impl Packed {
    /// The most bytes it may hold.
    pub const SIZE: usize = 16;
    /// Values have to be below.
    pub const LIMIT: u64 = 1 << 21;

    #[inline(always)]
    pub const fn new(v: u64) -> Self {
        debug_assert!(v < Self::LIMIT);
        let (bits, len) = if v < 0x80 {
            (v, 1)
        } else if v < 0x4000 {
            (v & 0x7f | 0x80 | (v & 0x3f80) << 1, 2)
        } else {
            (
                v & 0x7f | (v & 0x3f80) << 1 | 0x8080 | (v & 0x1f_c000) << 2,
                3,
            )
        };
        Packed {
            bits: bits as u128,
            len,
        }
    }

    #[inline(always)]
    pub const fn len(self) -> usize {
        self.len
    }

    #[inline(always)]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// These bytes followed by others; at most [`Self::SIZE`] in all.
    #[inline(always)]
    pub const fn then(self, next: Packed) -> Packed {
        debug_assert!(self.len + next.len <= Self::SIZE);
        Packed {
            bits: self.bits | next.bits << (8 * self.len % 128),
            len: self.len + next.len,
        }
    }

    /// Appends the bytes to `buf`, which should have [`Self::SIZE`] bytes of
    /// spare capacity.
    #[inline(always)]
    pub fn append_to(self, buf: &mut Vec<u8>) {
        let end = buf.len() + self.len;
        buf.extend_from_slice(&self.bits.to_le_bytes());
        buf.truncate(end);
    }
}

/// Appends a signed varint.
#[inline]
pub fn put_signed(buf: &mut Vec<u8>, v: i64) {
    put_unsigned(buf, zigzag(v));
}

/// Appends an unsigned varint.
#[inline]
pub fn put_unsigned(buf: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        buf.push(v as u8 | 0x80);
        v >>= 7;
    }
    buf.push(v as u8);
}

/// Takes an unsigned varint of at most 64 bits off the front of `buf`. `None`
/// when the bytes end first or the value is longer than ten bytes.
#[inline(always)]
pub fn take_unsigned(buf: &mut &[u8]) -> Option<u64> {
    match **buf {
        [a, ref rest @ ..] if a < 0x80 => {
            *buf = rest;
            Some(u64::from(a))
        }
        [a, b, ref rest @ ..] if b < 0x80 => {
            *buf = rest;
            Some(u64::from(a & 0x7f) | u64::from(b) << 7)
        }
        [a, b, c, ref rest @ ..] if c < 0x80 => {
            *buf = rest;
            Some(u64::from(a & 0x7f) | u64::from(b & 0x7f) << 7 | u64::from(c) << 14)
        }
        _ => take_long(buf),
    }
}

#[cold]
fn take_long(buf: &mut &[u8]) -> Option<u64> {
    let mut v = 0;
    for (i, &b) in buf.iter().enumerate().take(10) {
        v |= u64::from(b & 0x7f) << (7 * i);
        if b < 0x80 {
            *buf = buf.get(i + 1..)?;
            return Some(v);
        }
    }
    None
}

/// Takes a signed 64-bit varint ("varlong").
#[inline(always)]
pub fn take_signed(buf: &mut &[u8]) -> Option<i64> {
    take_unsigned(buf).map(unzigzag)
}

/// Takes a signed varint that has to fit 32 bits.
#[inline(always)]
pub fn take_i32(buf: &mut &[u8]) -> Option<i32> {
    i32::try_from(take_signed(buf)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> impl Strategy<Value = i64> {
        prop_oneof![
            any::<i64>(),
            any::<i32>().prop_map(i64::from),
            any::<i8>().prop_map(i64::from)
        ]
    }

    proptest! {
        #[test]
        fn round_trip(v in sample(), tail in any::<u8>()) {
            let mut buf = Vec::new();
            put_signed(&mut buf, v);
            prop_assert_eq!(buf.len(), size(v));
            buf.push(tail);
            let mut rest = &buf[..];
            prop_assert_eq!(take_signed(&mut rest), Some(v));
            prop_assert_eq!(rest, &[tail]);
        }

        #[test]
        fn packed_is_the_same(a in 0..Packed::LIMIT, b in 0u64..0x4000, c in 0u64..0x80) {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            for v in [a, b, c, b, a] {
                put_unsigned(&mut one, v);
            }
            let [a, b, c] = [a, b, c].map(Packed::new);
            let packed = a.then(b).then(c).then(b).then(a);
            prop_assert_eq!(packed.len(), one.len());
            packed.append_to(&mut other);
            prop_assert_eq!(one, other);
        }

        #[test]
        fn truncated_is_none(v in sample()) {
            let mut buf = Vec::new();
            put_signed(&mut buf, v);
            let mut rest = &buf[..buf.len() - 1];
            prop_assert_eq!(take_signed(&mut rest), None);
        }
    }

    #[test]
    fn sizes_at_every_power() {
        for bit in 0..64 {
            let v = 1u64 << bit;
            for v in [v - 1, v, v.wrapping_mul(2).wrapping_sub(1)] {
                let mut buf = Vec::new();
                put_unsigned(&mut buf, v);
                assert_eq!(buf.len(), unsigned_size(v), "{v}");
            }
        }
    }

    #[test]
    fn overlong_is_none() {
        let mut bytes: &[u8] = &[0xff; 11];
        assert_eq!(take_unsigned(&mut bytes), None);
    }
}
