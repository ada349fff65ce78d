use super::super::testing::{Fixture, settings, topic_settings};
use std::time::Duration;

use super::*;

#[test]
fn requests_are_made_no_further_ahead_than_the_threshold_says() {
    for threshold in [1, 3] {
        let mut settings = settings();
        settings.max_backlog = threshold;
        let mut f = Fixture::new(settings, topic_settings());
        f.produce(0..20);
        f.turn();
        assert_eq!(f.out.sent.len(), threshold);
        // The socket's readiness brings the loop back, no deadline does.
        assert_eq!(f.sender.next_deadline(true), None);
        f.turn();
        assert_eq!(f.out.sent.len(), threshold);
        f.out.backlog = threshold - 1;
        f.turn();
        assert_eq!(f.out.sent.len(), threshold + 1);
    }
}

#[test]
fn lifo_sends_the_newest_first() {
    let mut topic = topic_settings();
    topic.lifo = true;
    let mut f = Fixture::new(settings(), topic);
    f.produce(0..6);
    f.turn();
    assert_eq!(f.out.sent.len(), 3);
    for tag in 0..3 {
        f.answer(tag, ErrorCode::NO_ERROR, 10);
    }
    assert_eq!(f.reported(), [5, 4, 3, 2, 1, 0]);
}

#[test]
fn lifo_puts_what_is_retried_behind_what_is_newer() {
    let mut topic = topic_settings();
    topic.lifo = true;
    let mut f = Fixture::new(settings(), topic);
    f.produce(0..2);
    f.turn();
    f.answer(0, ErrorCode::NOT_ENOUGH_REPLICAS, -1);
    f.produce(2..4);
    f.turn();
    f.answer(1, ErrorCode::NO_ERROR, 0);
    f.now += Duration::from_secs(1);
    f.turn();
    f.answer(2, ErrorCode::NO_ERROR, 0);
    assert_eq!(f.reported(), [3, 2, 1, 0]);
}

#[test]
fn with_lifo_the_oldest_expires_first_all_the_same() {
    let mut topic = topic_settings();
    topic.lifo = true;
    topic.message_timeout = Duration::from_millis(500);
    let f = Fixture::new(settings(), topic);
    let mut f = f;
    f.produce(0..2);
    std::thread::sleep(Duration::from_millis(20));
    let second = Instant::now();
    f.produce(2..4);
    f.sender.collect(f.now);
    f.sender.poll_down(second + Duration::from_millis(490));
    assert_eq!(f.reported(), [1, 0]);
}

/// How long the batch in front waits until it is sent again.
fn pause_after(f: &mut Fixture, tag: u64, code: ErrorCode) -> Duration {
    f.answer(tag, code, -1);
    f.sender.collect(f.now);
    let sent = f.out.sent.len();
    f.turn();
    if f.out.sent.len() > sent {
        return Duration::ZERO;
    }
    let at = f.sender.next_deadline(true).expect("sent again");
    let pause = at - f.now;
    f.now = at;
    f.turn();
    pause
}

#[test]
fn a_leader_that_does_not_know_the_new_topic_yet_is_asked_again_at_once() {
    let mut f = Fixture::new(settings(), topic_settings());
    f.produce(0..2);
    f.turn();
    let mut passed = Duration::ZERO;
    let mut short = 0;
    let mut tag = 0;
    loop {
        let pause = pause_after(&mut f, tag, ErrorCode::NOT_LEADER_FOR_PARTITION);
        tag += 1;
        if pause >= Duration::from_millis(80) && passed > Duration::from_millis(100) {
            break;
        }
        passed += pause;
        short += 1;
        assert!(passed < Duration::from_millis(250), "{short} pauses");
    }
    assert!(short >= 4);
    // None of these was one of the three retries.
    for _ in 0..2 {
        pause_after(&mut f, tag, ErrorCode::NOT_LEADER_FOR_PARTITION);
        tag += 1;
    }
    assert!(f.reported().is_empty());
    f.answer(tag, ErrorCode::NO_ERROR, 0);
    assert_eq!(f.reported(), [0, 1]);
}

#[test]
fn other_errors_and_leaders_that_knew_the_partition_have_the_ordinary_pause() {
    let ordinary = Duration::from_millis(80);
    let mut f = Fixture::new(settings(), topic_settings());
    f.produce(0..2);
    f.turn();
    assert!(pause_after(&mut f, 0, ErrorCode::NOT_ENOUGH_REPLICAS) >= ordinary);
    f.answer(1, ErrorCode::NO_ERROR, 0);
    f.produce(2..4);
    f.turn();
    assert!(pause_after(&mut f, 2, ErrorCode::NOT_LEADER_FOR_PARTITION) >= ordinary);
}
