//! What the codes of a heartbeat's answer mean.

use crate::base::error::ErrorCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It comes to nothing because of when it was asked.
    Passing,
    /// Or because of whom.
    OtherCoordinator,
    /// The coordinator does not have this member, or not in this epoch: a new one.
    Fenced,
    /// The application may do something about it; heartbeats go on.
    Told,
    /// Asking again would not help.
    Fatal,
}

pub(super) fn class(code: ErrorCode) -> Class {
    match code {
        ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE => {
            Class::OtherCoordinator
        }
        ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_MEMBER_EPOCH => Class::Fenced,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED => Class::Told,
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
        | ErrorCode::REQUEST_TIMED_OUT
        | ErrorCode::NETWORK_EXCEPTION
        | ErrorCode::KAFKA_STORAGE_ERROR
        | ErrorCode::NOT_ENOUGH_REPLICAS
        | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND => Class::Passing,
        ErrorCode::_UNSUPPORTED_FEATURE => Class::Fatal,
        code if code.0 < ErrorCode::UNKNOWN.0 => Class::Passing,
        _ => Class::Fatal,
    }
}
