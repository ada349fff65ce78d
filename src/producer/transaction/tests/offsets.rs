//! Offsets on their way into a transaction.

use super::*;

#[test]
fn offsets_go_to_both_coordinators() {
    let mut f = Fixture::begun(1);
    f.call(offsets());
    f.answer(
        ApiKey::AddOffsetsToTxn,
        offsets_added(ErrorCode::REQUEST_TIMED_OUT),
    );
    f.later(Duration::from_secs(1));
    f.answer(ApiKey::AddOffsetsToTxn, offsets_added(OK));
    let out = f.answer(
        ApiKey::TxnOffsetCommit,
        offsets_committed(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
    );
    assert_eq!(out.to, To::GroupCoordinator("g".into()));
    assert!(f.waits());
    f.later(Duration::from_secs(1));
    f.answer(ApiKey::TxnOffsetCommit, offsets_committed(OK));
    assert_eq!(f.result(), Ok(()));
    f.call(offsets());
    f.answer(ApiKey::AddOffsetsToTxn, offsets_added(OK));
    f.answer(
        ApiKey::TxnOffsetCommit,
        offsets_committed(ErrorCode::ILLEGAL_GENERATION),
    );
    let error = f.result().unwrap_err();
    assert_eq!(error.code, ErrorCode::ILLEGAL_GENERATION);
    assert!(error.txn_requires_abort);
}

#[test]
fn version_2_sends_offsets_at_once() {
    let mut f = Fixture::begun(2);
    f.call(offsets());
    let out = f.answer(ApiKey::TxnOffsetCommit, offsets_committed(OK));
    assert_eq!(out.max_version, None);
    assert_eq!(f.result(), Ok(()));
    assert!(f.shared().is_touched());
}

#[test]
fn offsets_in_time_or_not_at_all() {
    let mut f = Fixture::begun(1);
    f.call(offsets());
    f.later(Duration::from_secs(21));
    let error = f.result().unwrap_err();
    assert_eq!((error.code, error.retriable), (ErrorCode::_TIMED_OUT, true));
    f.sent.clear();
    f.call(offsets());
    f.answer(ApiKey::AddOffsetsToTxn, offsets_added(OK));
    f.later(Duration::from_secs(21));
    let error = f.result().unwrap_err();
    assert!(error.txn_requires_abort, "they may have been taken");
}

#[test]
fn offsets_that_may_come_late_are_of_an_epoch_that_is_over() {
    let lost = || Err(RequestError::TimedOut);
    for (feature, commits) in [(1, true), (1, false), (2, true)] {
        let mut f = Fixture::begun(feature);
        f.call(offsets());
        if feature == 1 {
            f.answer(ApiKey::AddOffsetsToTxn, offsets_added(OK));
        }
        let token = f.sent.pop_front().unwrap().token;
        let result = lost();
        f.tell(Event::Answer { token, result });
        f.later(Duration::from_secs(2));
        f.answer(ApiKey::TxnOffsetCommit, offsets_committed(OK));
        assert_eq!(f.result(), Ok(()));
        if commits {
            f.commit();
        } else {
            f.abort();
        }
        let next = (feature == 2).then_some((7, 1));
        f.answer(ApiKey::EndTxn, ended(OK, next));
        if feature == 1 {
            assert!(f.waits());
            f.answer(ApiKey::InitProducerId, pid(7, 1));
        }
        assert_eq!(f.result(), Ok(()));
        assert_eq!(f.machine.pid(), Some(Pid { id: 7, epoch: 1 }));
    }
}

#[test]
fn offsets_without_an_answer_are_left_behind_in_their_epoch() {
    let mut f = Fixture::begun(1);
    f.call(offsets());
    f.answer(ApiKey::AddOffsetsToTxn, offsets_added(OK));
    assert_eq!(f.sent.pop_front().unwrap().api, ApiKey::TxnOffsetCommit);
    f.later(Duration::from_secs(20));
    assert!(f.result().unwrap_err().txn_requires_abort);
    f.abort();
    f.answer(ApiKey::EndTxn, ended(OK, None));
    assert!(f.waits());
    f.answer(ApiKey::InitProducerId, pid(7, 1));
    assert_eq!(f.result(), Ok(()));
}
