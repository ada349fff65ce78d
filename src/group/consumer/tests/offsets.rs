//! Commits and fetches of a member.

use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::OffsetFetchResponseGroup;
use kafka_protocol::messages::{OffsetCommitResponse, OffsetFetchResponse};

use super::*;
use crate::group::testing::response;
use crate::group::{Commit, Fetch, Offset};

fn commit(id: u64, automatic: bool) -> Event {
    Event::Commit(Commit {
        id,
        offsets: vec![Offset {
            topic: "t".into(),
            partition: 0,
            offset: 7,
            leader_epoch: -1,
            metadata: None,
        }],
        automatic,
    })
}

fn committed(code: ErrorCode) -> ResponseKind {
    let partition =
        OffsetCommitResponsePartition::default().with_error_code(i16::try_from(code.0).unwrap());
    let topic = OffsetCommitResponseTopic::default()
        .with_name(topic_name("t"))
        .with_partitions(vec![partition]);
    ResponseKind::OffsetCommit(OffsetCommitResponse::default().with_topics(vec![topic]))
}

/// The requests that are out, the commit first.
fn commit_and_beats(harness: &mut Harness) -> ((Token, (String, i32)), Vec<Token>) {
    let (requests, rest) = split(harness);
    assert!(rest.is_empty(), "{rest:?}");
    let mut commit = None;
    let mut beats = Vec::new();
    for (token, request) in requests {
        match request {
            RequestKind::OffsetCommit(c) => {
                let who = (c.member_id.to_string(), c.generation_id_or_member_epoch);
                commit = Some((token, who));
            }
            RequestKind::ConsumerGroupHeartbeat(_) => beats.push(token),
            other => panic!("{other:?}"),
        }
    }
    (commit.expect("a commit"), beats)
}

fn waits(harness: &mut Harness) {
    let stale = ErrorCode::STALE_MEMBER_EPOCH;
    assert!(matches!(&harness.take()[..], [Action::CommitWaits(code)] if *code == stale));
}

#[test]
fn a_commit_in_an_epoch_that_is_over_goes_again_in_the_new_one() {
    for automatic in [true, false] {
        let mut harness = member(None);
        let (beat, _) = next_heartbeat(&mut harness);
        harness.event(commit(1, automatic));
        let ((token, who), _) = commit_and_beats(&mut harness);
        assert_eq!(who, ("m".into(), 1));
        harness.answer(beat, answer(2, None));
        harness.answer(token, committed(ErrorCode::STALE_MEMBER_EPOCH));
        waits(&mut harness);
        harness.group.set_polled(harness.now);
        harness.pass();
        let ((token, who), beats) = commit_and_beats(&mut harness);
        assert_eq!((who, beats.len()), (("m".into(), 2), 0));
        harness.answer(token, committed(ErrorCode::NO_ERROR));
        assert!(matches!(&harness.take()[..], [Action::CommitDone(done)] if done.code.is_ok()));
    }
}

#[test]
fn an_automatic_commit_waits_for_its_epoch_and_another_one_does_not() {
    let stale = ErrorCode::STALE_MEMBER_EPOCH;
    let mut harness = member(None);
    harness.event(commit(1, false));
    let ((token, _), _) = commit_and_beats(&mut harness);
    harness.answer(token, committed(stale));
    // The heartbeat is to tell.
    let (beat, _) = heartbeat(&mut harness);
    assert!(matches!(&harness.take()[..], [Action::CommitDone(done)] if done.code == stale));
    harness.answer(beat, answer(1, None));

    harness.event(commit(2, true));
    let ((token, _), _) = commit_and_beats(&mut harness);
    harness.answer(token, committed(stale));
    let (beat, _) = heartbeat(&mut harness);
    waits(&mut harness);
    harness.answer(beat, answer(5, None));
    quiet(&mut harness);
    harness.group.set_polled(harness.now);
    harness.pass();
    let ((token, who), _) = commit_and_beats(&mut harness);
    assert_eq!(who.1, 5);
    harness.answer(token, committed(ErrorCode::NO_ERROR));
    assert!(matches!(&harness.take()[..], [Action::CommitDone(done)] if done.code.is_ok()));
}

#[test]
fn a_commit_of_a_membership_that_was_lost_is_not_made_by_the_next_one() {
    let mut harness = member(None);
    let (beat, _) = next_heartbeat(&mut harness);
    harness.event(commit(1, true));
    let ((token, _), _) = commit_and_beats(&mut harness);
    harness.answer(beat, refusal(ErrorCode::FENCED_MEMBER_EPOCH));
    rebalanced(&mut harness, LOSE, &[p("t", 0), p("t", 1)]);
    harness.event(Event::Unassigned);
    let (beat, _) = heartbeat(&mut harness);
    harness.answer(beat, answer(9, Some(&[])));
    let stale = ErrorCode::STALE_MEMBER_EPOCH;
    harness.answer(token, committed(stale));
    heartbeat(&mut harness);
    assert!(matches!(&harness.take()[..], [Action::CommitDone(done)] if done.code == stale));
}

#[test]
fn a_commit_of_a_membership_that_is_being_lost_waits_for_no_epoch() {
    let mut harness = member(None);
    let (beat, _) = next_heartbeat(&mut harness);
    harness.event(commit(1, true));
    let ((token, _), _) = commit_and_beats(&mut harness);
    harness.answer(beat, refusal(ErrorCode::FENCED_MEMBER_EPOCH));
    rebalanced(&mut harness, LOSE, &[p("t", 0), p("t", 1)]);
    let stale = ErrorCode::STALE_MEMBER_EPOCH;
    harness.answer(token, committed(stale));
    assert!(matches!(&harness.take()[..], [Action::CommitDone(done)] if done.code == stale));
}

#[test]
fn commits_that_fail_do_not_stop_heartbeats() {
    let mut harness = member(None);
    for n in 0..10 {
        harness.event(commit(n, false));
        let ((token, _), beats) = commit_and_beats(&mut harness);
        harness.answer(token, committed(ErrorCode::UNKNOWN_MEMBER_ID));
        assert!(beats.is_empty());
        let (beat, _) = heartbeat(&mut harness);
        assert!(matches!(&harness.take()[..], [Action::CommitDone(_)]));
        harness.answer(beat, answer(1, None));
    }
    let before = harness.now;
    next_heartbeat(&mut harness);
    assert_eq!(harness.now - before, INTERVAL);
}

#[test]
fn offsets_are_fetched_as_a_member_until_the_coordinator_agrees() {
    let mut harness = member(None);
    harness.event(Event::Fetch(Fetch {
        id: 1,
        partitions: vec![("t".into(), 0)],
        require_stable: false,
        deadline: None,
    }));
    let asked = |harness: &mut Harness| {
        let (requests, _) = split(harness);
        let fetch = requests.into_iter().find_map(|(token, kind)| match kind {
            RequestKind::OffsetFetch(f) => Some((token, f.groups[0].clone())),
            _ => None,
        });
        let (token, group) = fetch.expect("a fetch");
        let who = group.member_id.map(|id| id.to_string());
        (token, (who, group.member_epoch))
    };
    let (mut token, who) = asked(&mut harness);
    assert_eq!(who, (Some("m".into()), 1));
    for code in [ErrorCode::STALE_MEMBER_EPOCH, ErrorCode::UNKNOWN_MEMBER_ID] {
        let group =
            OffsetFetchResponseGroup::default().with_error_code(i16::try_from(code.0).unwrap());
        let kind =
            ResponseKind::OffsetFetch(OffsetFetchResponse::default().with_groups(vec![group]));
        harness.event(Event::Response {
            token,
            result: Ok(response(kind)),
        });
        let actions = harness.take();
        let done = |a: &Action| matches!(a, Action::Fetched(_));
        assert!(!actions.iter().any(done), "{actions:?}");
        harness.pass();
        token = asked(&mut harness).0;
    }
}
