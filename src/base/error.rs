//! Response codes and the error type of every layer.
//!
//! [`ErrorCode`] is an open integer: brokers and applications can hand in a
//! number that no table knows. [`codes`] has the table of those that are known.

use std::borrow::Cow;
use std::fmt;

mod codes;

pub use codes::{CODES, CodeInfo};

/// A response code: negative ones are this library's own, the others Kafka's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct ErrorCode(pub i32);

impl ErrorCode {
    /// One past the highest code; the table of `rd_kafka_get_err_descs` ends with it.
    pub const END_ALL: ErrorCode = ErrorCode(134);

    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }

    pub const fn is_err(self) -> bool {
        self.0 != 0
    }

    /// Whether the code is made up in this library and not by a broker.
    pub const fn is_local(self) -> bool {
        self.0 < ErrorCode::UNKNOWN.0
    }

    /// `Ok(())` for `NO_ERROR`.
    pub const fn ok(self) -> Result<(), ErrorCode> {
        if self.is_ok() { Ok(()) } else { Err(self) }
    }

    /// The table's row, if the code is known and has a text.
    pub fn info(self) -> Option<&'static CodeInfo> {
        CODES
            .binary_search_by_key(&self, |row| row.code)
            .ok()
            .and_then(|at| CODES.get(at))
            .filter(|row| !row.text().is_empty())
    }

    /// The name without prefix (`_TIMED_OUT`), or `ERR_<n>?` if unknown.
    pub fn name(self) -> Cow<'static, str> {
        match self.info() {
            Some(row) => Cow::Borrowed(row.name()),
            None => Cow::Owned(format!("ERR_{}?", self.0)),
        }
    }

    /// The text of `rd_kafka_err2str`, or `Err-<n>?` if unknown.
    pub fn text(self) -> Cow<'static, str> {
        match self.info() {
            Some(row) => Cow::Borrowed(row.text()),
            None => Cow::Owned(format!("Err-{}?", self.0)),
        }
    }
}

impl From<i16> for ErrorCode {
    fn from(wire: i16) -> Self {
        ErrorCode(i32::from(wire))
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for ErrorCode {}

/// An error with its text and what the application may do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaError {
    pub code: ErrorCode,
    pub text: String,
    /// The client instance cannot continue.
    pub fatal: bool,
    /// The same call may be made again.
    pub retriable: bool,
    /// The transaction must be aborted, and then everything may go on.
    pub txn_requires_abort: bool,
}

impl KafkaError {
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        KafkaError {
            code,
            text: text.into(),
            fatal: false,
            retriable: false,
            txn_requires_abort: false,
        }
    }

    pub fn fatal(mut self) -> Self {
        self.fatal = true;
        self
    }

    pub fn retriable(mut self) -> Self {
        self.retriable = true;
        self
    }

    pub fn txn_requires_abort(mut self) -> Self {
        self.txn_requires_abort = true;
        self
    }
}

impl From<ErrorCode> for KafkaError {
    fn from(code: ErrorCode) -> Self {
        KafkaError::new(code, code.text())
    }
}

impl fmt::Display for KafkaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for KafkaError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_ascending_and_matches_the_interface_data() {
        assert!(CODES.is_sorted_by(|a, b| a.code < b.code));
        let data = include_str!("../../capi-tests/abi/data/errors.tsv");
        let mut rows = 0;
        for (line, have) in data.lines().skip(1).zip(CODES) {
            let mut want = line.split('\t');
            assert_eq!(want.next(), Some(have.code.0.to_string().as_str()));
            assert_eq!(want.next(), Some(have.name()));
            assert_eq!(want.next().unwrap_or(""), have.text());
            rows += 1;
        }
        assert_eq!(rows, CODES.len());
        assert_eq!(rows, data.lines().count() - 1);
    }

    #[test]
    fn unknown_codes_print_their_number() {
        assert_eq!(ErrorCode(4711).text(), "Err-4711?");
        assert_eq!(ErrorCode(-100).text(), "Err--100?");
        assert_eq!(ErrorCode(-300).name(), "ERR_-300?");
        assert_eq!(ErrorCode::_TIMED_OUT.text(), "Local: Timed out");
        assert_eq!(ErrorCode(0).name(), "NO_ERROR");
        assert!(ErrorCode::_TIMED_OUT.is_local() && !ErrorCode::UNKNOWN.is_local());
    }
}
