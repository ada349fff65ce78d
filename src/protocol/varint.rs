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

/// Bytes assembled on the stack before they are copied to a buffer in one
/// piece of constant size, which compiles to a few vector stores.
pub struct Scratch {
    bytes: [u8; Self::SIZE],
    len: usize,
}

impl Scratch {
    /// Room for a record's fields before its key and, for a null key, the
    /// length of its value: 5 + 1 + 10 + 5 + 5 + 5 bytes at most.
    pub const SIZE: usize = 32;

    #[inline(always)]
    pub const fn new() -> Self {
        Scratch {
            bytes: [0; Self::SIZE],
            len: 0,
        }
    }

    #[inline(always)]
    pub fn put(&mut self, b: u8) {
        // The mask spares the bounds check; nothing puts more than SIZE bytes.
        debug_assert!(self.len < Self::SIZE);
        self.bytes[self.len % Self::SIZE] = b;
        self.len += 1;
    }

    #[inline(always)]
    pub fn put_unsigned(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.put(v as u8 | 0x80);
            v >>= 7;
        }
        self.put(v as u8);
    }

    #[inline(always)]
    pub fn put_signed(&mut self, v: i64) {
        self.put_unsigned(zigzag(v));
    }

    /// Appends what was put to `buf`, which should have [`Self::SIZE`] bytes
    /// of spare capacity.
    #[inline(always)]
    pub fn append_to(&self, buf: &mut Vec<u8>) {
        let end = buf.len() + self.len;
        buf.extend_from_slice(&self.bytes);
        buf.truncate(end);
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
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
    let (&first, rest) = buf.split_first()?;
    if first < 0x80 {
        *buf = rest;
        return Some(u64::from(first));
    }
    take_long(buf, first)
}

#[inline]
fn take_long(buf: &mut &[u8], first: u8) -> Option<u64> {
    let mut v = u64::from(first & 0x7f);
    let mut shift = 7;
    for (i, &b) in buf.iter().enumerate().skip(1).take(9) {
        v |= u64::from(b & 0x7f) << shift;
        if b < 0x80 {
            *buf = buf.get(i + 1..)?;
            return Some(v);
        }
        shift += 7;
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
            let mut scratch = Scratch::new();
            scratch.put_signed(v);
            let mut other = Vec::new();
            scratch.append_to(&mut other);
            prop_assert_eq!(&buf, &other);
            buf.push(tail);
            let mut rest = &buf[..];
            prop_assert_eq!(take_signed(&mut rest), Some(v));
            prop_assert_eq!(rest, &[tail]);
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
