//! What the functions that set and get properties write to the application's buffers.

use libc::{c_char, size_t};

use crate::base::conf::ConfError;
use crate::capi::cstr;
use crate::capi::types::{
    RD_KAFKA_CONF_INVALID, RD_KAFKA_CONF_OK, RD_KAFKA_CONF_UNKNOWN, rd_kafka_conf_res_t,
};

/// Where a function that sets properties says what is wrong.
pub(crate) struct Answer {
    pub(crate) errstr: *mut c_char,
    pub(crate) errstr_size: size_t,
}

impl Answer {
    /// # Safety
    /// `errstr` is null or has room for `errstr_size` bytes.
    pub(crate) unsafe fn give(&self, outcome: Result<(), ConfError>) -> rd_kafka_conf_res_t {
        match outcome {
            Ok(()) => RD_KAFKA_CONF_OK,
            Err(error) => {
                // SAFETY: the caller's promise.
                unsafe { cstr::write(self.errstr, self.errstr_size, error.text()) };
                match error {
                    ConfError::Unknown(_) => RD_KAFKA_CONF_UNKNOWN,
                    ConfError::Invalid(_) => RD_KAFKA_CONF_INVALID,
                }
            }
        }
    }

    /// # Safety
    /// As for `give`.
    pub(crate) unsafe fn not_a_configuration(&self) -> rd_kafka_conf_res_t {
        let error = ConfError::Invalid("Not a configuration object".to_owned());
        // SAFETY: the caller's promise.
        unsafe { self.give(Err(error)) }
    }

    /// For a name or a value that cannot be read.
    ///
    /// # Safety
    /// As for `give`.
    pub(crate) unsafe fn not_text(
        &self,
        name: Result<Option<&str>, std::str::Utf8Error>,
    ) -> rd_kafka_conf_res_t {
        let text = match name {
            Ok(Some(name)) => {
                format!("Invalid value for configuration property \"{name}\": not UTF-8")
            }
            Ok(None) => "No configuration property named".to_owned(),
            Err(_) => "Name of configuration property is not UTF-8".to_owned(),
        };
        // SAFETY: the caller's promise.
        unsafe { self.give(Err(ConfError::Invalid(text))) }
    }
}

/// Hands a value to the application: cut to `*dest_size`, which then becomes the
/// size that all of it needs. A null `dest` asks for the size only.
///
/// # Safety
/// `dest_size` is null or good to read and write, and `dest` is null or has that
/// many bytes.
pub(crate) unsafe fn write_value(
    value: Option<String>,
    dest: *mut c_char,
    dest_size: *mut size_t,
) -> rd_kafka_conf_res_t {
    let Some(value) = value else {
        return RD_KAFKA_CONF_UNKNOWN;
    };
    if dest_size.is_null() {
        return RD_KAFKA_CONF_INVALID;
    }
    // SAFETY: the caller's promise.
    unsafe {
        cstr::write(dest, *dest_size, &value);
        *dest_size = value.len() + 1;
    }
    RD_KAFKA_CONF_OK
}

/// Names and values in turn, in memory that `rd_kafka_conf_dump_free` frees.
///
/// # Safety
/// `cntp` is null or good to write to.
pub(crate) unsafe fn dump(
    rows: &[(&'static str, String)],
    cntp: *mut size_t,
) -> *mut *const c_char {
    let count = rows.len() * 2;
    let array = cstr::malloc(count * size_of::<*const c_char>()).cast::<*const c_char>();
    let strings = rows
        .iter()
        .flat_map(|(name, value)| [*name, value.as_str()])
        .map(|text| cstr::malloc_string(text.as_bytes()));
    for (at, string) in strings.enumerate() {
        // SAFETY: the array has room for two strings a row.
        unsafe { *array.add(at) = string };
    }
    if !cntp.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *cntp = count };
    }
    array
}
