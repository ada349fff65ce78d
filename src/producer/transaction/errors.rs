//! What an answer of a coordinator means for the transaction.
//!
//! The classes are Kafka's, as its own clients have them; an error that is not listed
//! ends the transaction, but not the producer.

use crate::base::error::ErrorCode;
use crate::broker::RequestError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Done,
    /// The same request again, after a pause.
    Again {
        /// Another broker is the coordinator.
        moved: bool,
    },
    /// The transaction must be aborted.
    Abort {
        /// The coordinator does not know the producer id: it has to give another.
        new_epoch: bool,
    },
    /// The producer cannot go on.
    Fatal,
}

const AGAIN: Meaning = Meaning::Again { moved: false };
const MOVED: Meaning = Meaning::Again { moved: true };
const ABORT: Meaning = Meaning::Abort { new_epoch: false };

impl Meaning {
    /// Of a code in the answer to AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit or
    /// EndTxn.
    pub fn of(code: ErrorCode) -> Self {
        match code {
            ErrorCode::NO_ERROR => Meaning::Done,
            ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE => MOVED,
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::CONCURRENT_TRANSACTIONS
            | ErrorCode::UNKNOWN_TOPIC_OR_PART
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::NETWORK_EXCEPTION
            | ErrorCode::THROTTLING_QUOTA_EXCEEDED
            | ErrorCode::_BAD_MSG => AGAIN,
            ErrorCode::UNKNOWN_PRODUCER_ID | ErrorCode::INVALID_PRODUCER_ID_MAPPING => {
                Meaning::Abort { new_epoch: true }
            }
            ErrorCode::INVALID_PRODUCER_EPOCH
            | ErrorCode::PRODUCER_FENCED
            | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT
            | ErrorCode::INVALID_TXN_STATE
            | ErrorCode::_UNSUPPORTED_FEATURE => Meaning::Fatal,
            _ => ABORT,
        }
    }

    /// Of a code in the answer to InitProducerId, or to the question for the coordinator.
    /// What may pass is asked again for as long as the application wants.
    pub fn of_init(code: ErrorCode) -> Self {
        match code {
            ErrorCode::INVALID_TRANSACTION_TIMEOUT => Meaning::Fatal,
            code => match Meaning::of(code) {
                Meaning::Abort { .. } => AGAIN,
                Meaning::Fatal if code == ErrorCode::INVALID_TXN_STATE => AGAIN,
                meaning => meaning,
            },
        }
    }

    /// Of a request without an answer.
    pub fn of_failure(error: &RequestError) -> Self {
        match error {
            RequestError::Unsupported(_) | RequestError::BadRequest(_) => Meaning::Fatal,
            // It may have been carried out. All these requests may be repeated.
            RequestError::Disconnected(_)
            | RequestError::TimedOut
            | RequestError::BadResponse(_)
            | RequestError::Destroyed => AGAIN,
            RequestError::TimedOutInQueue | RequestError::NoBroker(_) => MOVED,
            RequestError::NoCoordinator(code, _) => match Meaning::of(*code) {
                Meaning::Done => MOVED,
                meaning => meaning,
            },
        }
    }
}

/// Whether a coordinator that answers so may have written what was asked of it: its
/// followers did not confirm it in time, or it had to step back meanwhile.
pub(super) fn possibly_done(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::NETWORK_EXCEPTION
    )
}

/// The code as the application gets it.
pub(super) fn shown(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::INVALID_PRODUCER_EPOCH | ErrorCode::PRODUCER_FENCED => ErrorCode::_FENCED,
        ErrorCode::_TIMED_OUT_QUEUE => ErrorCode::_TIMED_OUT,
        code => code,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_asked_again_and_fencing_is_fatal() {
        assert_eq!(Meaning::of(ErrorCode::CONCURRENT_TRANSACTIONS), AGAIN);
        assert_eq!(Meaning::of(ErrorCode::NOT_COORDINATOR), MOVED);
        assert_eq!(Meaning::of(ErrorCode::TRANSACTION_ABORTABLE), ABORT);
        assert_eq!(Meaning::of(ErrorCode::INVALID_MSG_SIZE), ABORT);
        assert_eq!(Meaning::of(ErrorCode::PRODUCER_FENCED), Meaning::Fatal);
        assert_eq!(shown(ErrorCode::INVALID_PRODUCER_EPOCH), ErrorCode::_FENCED);
        assert_eq!(
            Meaning::of_init(ErrorCode::GROUP_AUTHORIZATION_FAILED),
            AGAIN
        );
        assert_eq!(
            Meaning::of_init(ErrorCode::INVALID_TRANSACTION_TIMEOUT),
            Meaning::Fatal
        );
    }
}
