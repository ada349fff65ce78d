//! 128-bit ids.

use std::ffi::CString;
use std::sync::OnceLock;

use libc::c_char;

use crate::capi::boundary::ffi;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{rd_kafka_Uuid_s, rd_kafka_Uuid_t};

/// What an `rd_kafka_Uuid_t` points to.
#[derive(Debug)]
pub(crate) struct Uuid {
    most: i64,
    least: i64,
    /// The text, made when it is asked for.
    text: OnceLock<CString>,
}

impl Uuid {
    pub(crate) fn new(most: i64, least: i64) -> Self {
        Uuid {
            most,
            least,
            text: OnceLock::new(),
        }
    }

    /// All 128 bits, big-endian.
    fn bits(&self) -> [u8; 16] {
        let high = u128::from(self.most.cast_unsigned());
        let low = u128::from(self.least.cast_unsigned());
        (high << 64 | low).to_be_bytes()
    }
}

impl Opaque for rd_kafka_Uuid_s {
    type Target = Uuid;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b55_6964;
}

/// Base64 of the usual alphabet, without padding: 22 characters.
fn base64(bits: [u8; 16]) -> CString {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = u128::from_be_bytes(bits);
    let text: Vec<u8> = (0..22)
        .map(|digit| {
            // The last digit has only two bits left, and zeros behind them.
            let six = match digit {
                21 => bits << 4,
                _ => bits >> (122 - 6 * digit),
            } & 0x3f;
            ALPHABET[six as usize]
        })
        .collect();
    CString::new(text).unwrap_or_default()
}

/// The id as 22 characters of base64 without padding. Good until the id is destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_base64str(uuid: *const rd_kafka_Uuid_t) -> *const c_char {
    ffi!({
        // SAFETY: an object of the application's.
        match unsafe { handle::get(uuid) } {
            Some(uuid) => uuid.text.get_or_init(|| base64(uuid.bits())).as_ptr(),
            None => std::ptr::null(),
        }
    })
}

/// The lower 64 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_least_significant_bits(uuid: *const rd_kafka_Uuid_t) -> i64 {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(uuid) }.map_or(0, |uuid| uuid.least)
    })
}

/// The upper 64 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_most_significant_bits(uuid: *const rd_kafka_Uuid_t) -> i64 {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(uuid) }.map_or(0, |uuid| uuid.most)
    })
}

/// An id of two halves. Freed by `rd_kafka_Uuid_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_new(
    most_significant_bits: i64,
    least_significant_bits: i64,
) -> *mut rd_kafka_Uuid_t {
    ffi!({ handle::give(Uuid::new(most_significant_bits, least_significant_bits)) })
}

/// A copy, freed by `rd_kafka_Uuid_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_copy(uuid: *const rd_kafka_Uuid_t) -> *mut rd_kafka_Uuid_t {
    ffi!({
        // SAFETY: an object of the application's.
        match unsafe { handle::get(uuid) } {
            Some(uuid) => handle::give(Uuid::new(uuid.most, uuid.least)),
            None => std::ptr::null_mut(),
        }
    })
}

/// Frees an id that the application owns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_destroy(uuid: *mut rd_kafka_Uuid_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(uuid) });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_unpadded_base64_of_the_bytes() {
        // As python3 -c 'base64.b64encode(bytes(range(240, 256)))' prints it.
        let all = Uuid::new(
            i64::from_be_bytes([240, 241, 242, 243, 244, 245, 246, 247]),
            i64::from_be_bytes([248, 249, 250, 251, 252, 253, 254, 255]),
        );
        assert_eq!(base64(all.bits()), CString::from(c"8PHy8/T19vf4+fr7/P3+/w"));
        assert_eq!(
            base64(Uuid::new(0, 1).bits()),
            CString::from(c"AAAAAAAAAAAAAAAAAAAAAQ")
        );
    }
}
