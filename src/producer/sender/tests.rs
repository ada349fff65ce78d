use super::super::testing::{Fixture, settings, topic_settings};
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
