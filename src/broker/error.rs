//! Why a connection ended, or was not made.

use std::fmt;
use std::io;

use crate::base::error::ErrorCode;
use crate::protocol::frame::BadFrameLength;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnError {
    /// The peer closed it.
    Closed,
    /// The system's error, in its words.
    Io(String),
    /// What the peer sent is not Kafka's protocol.
    Protocol(String),
    /// No address; the text says why.
    LookUp(String),
    /// It could not be connected or set up; the text says what was tried.
    SetUp(String),
    /// The TLS handshake failed, or what came after it cannot be decrypted; the text says
    /// what to look at.
    Tls(String),
    /// The broker refused the login, or the client the broker's part of it.
    Auth(String),
}

impl ConnError {
    /// What the application is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            ConnError::Closed | ConnError::Io(_) | ConnError::SetUp(_) => ErrorCode::_TRANSPORT,
            ConnError::Protocol(_) => ErrorCode::_BAD_MSG,
            ConnError::LookUp(_) => ErrorCode::_RESOLVE,
            ConnError::Tls(_) => ErrorCode::_SSL,
            ConnError::Auth(_) => ErrorCode::_AUTHENTICATION,
        }
    }
}

impl fmt::Display for ConnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnError::Closed => f.write_str("Disconnected"),
            ConnError::Io(text) => write!(f, "Disconnected: {text}"),
            ConnError::Protocol(text) => write!(f, "Protocol violation: {text}"),
            ConnError::LookUp(text) | ConnError::SetUp(text) | ConnError::Tls(text) => {
                f.write_str(text)
            }
            ConnError::Auth(text) => write!(f, "SASL authentication error: {text}"),
        }
    }
}

impl From<io::Error> for ConnError {
    fn from(e: io::Error) -> Self {
        ConnError::Io(system_words(&e))
    }
}

impl From<BadFrameLength> for ConnError {
    fn from(e: BadFrameLength) -> Self {
        ConnError::Protocol(e.to_string())
    }
}

/// An error as the system words it: without the number that Rust adds.
pub fn system_words(e: &io::Error) -> String {
    let text = e.to_string();
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_string(),
        None => text,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_code_and_text() {
        let closed = ConnError::Closed;
        assert_eq!(closed.code(), ErrorCode::_TRANSPORT);
        assert_eq!(closed.to_string(), "Disconnected");
        let foreign = ConnError::from(BadFrameLength {
            length: -1,
            max: 10,
        });
        assert_eq!(foreign.code(), ErrorCode::_BAD_MSG);
        assert_eq!(
            foreign.to_string(),
            "Protocol violation: invalid frame length -1 (limit 10)"
        );
        let late = ConnError::LookUp("no name".into());
        assert_eq!(
            (late.code(), late.to_string()),
            (ErrorCode::_RESOLVE, "no name".into())
        );
    }

    #[test]
    fn the_systems_errors_come_without_their_number() {
        let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
        assert!(refused.to_string().contains("os error"));
        assert_eq!(
            ConnError::from(refused).to_string(),
            "Disconnected: Connection refused"
        );
    }
}
