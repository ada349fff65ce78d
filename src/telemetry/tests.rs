//! The machine on a clock of the test's own.

use kafka_protocol::protocol::StrBytes;

use super::*;
use crate::base::conf::ClientKind;

const INTERVAL: Duration = Duration::from_secs(10);

struct Harness {
    now: Instant,
    machine: Telemetry,
    actions: Vec<Action>,
}

fn answer() -> GetTelemetrySubscriptionsResponse {
    GetTelemetrySubscriptionsResponse::default()
        .with_client_instance_id(Uuid::from_u128(7))
        .with_subscription_id(3)
        .with_accepted_compression_types(vec![4, 3])
        .with_push_interval_ms(10_000)
        .with_telemetry_max_bytes(1000)
        .with_delta_temporality(true)
        .with_requested_metrics(vec![StrBytes::from_static_str("*")])
}

impl Harness {
    fn new() -> Self {
        Self::with_seed(1)
    }

    fn with_seed(seed: u64) -> Self {
        Harness {
            now: Instant::now(),
            machine: Telemetry::new(metrics::of(ClientKind::Producer), seed),
            actions: Vec::new(),
        }
    }

    fn tell(&mut self, event: Event) {
        self.machine.on_event(self.now, event, &mut self.actions);
    }

    fn brokers(&mut self, usable: &[BrokerKey]) {
        self.tell(Event::Brokers(usable.to_vec()));
    }

    fn answered(&mut self, response: GetTelemetrySubscriptionsResponse) {
        self.tell(Event::Subscriptions(Ok(Box::new(response))));
    }

    fn refused(&mut self, code: ErrorCode) {
        self.tell(Event::Pushed(Err(code)));
    }

    /// What was sent since this was asked last, or said that matters.
    fn taken(&mut self) -> Vec<Action> {
        let dull = |a: &Action| matches!(a, Action::Debug(_) | Action::Count(_));
        self.actions.drain(..).filter(|a| !dull(a)).collect()
    }

    /// The broker that is asked.
    fn asked(&mut self) -> BrokerKey {
        match &self.taken()[..] {
            [Action::Ask { broker, .. }] => *broker,
            other => panic!("{other:?}"),
        }
    }

    /// The broker that gets a push, and whether that is the last.
    fn pushed(&mut self) -> (BrokerKey, bool, Arc<Subscription>) {
        match &self.taken()[..] {
            [
                Action::Push {
                    broker,
                    subscription,
                    terminating,
                },
            ] => (*broker, *terminating, subscription.clone()),
            other => panic!("{other:?}"),
        }
    }

    fn silent(&mut self) {
        assert_eq!(self.taken(), []);
    }

    /// Lets the time come that the machine waits for, and says how long that is.
    fn pass(&mut self) -> Duration {
        let at = self.machine.next_deadline().expect("a deadline");
        let waited = at.saturating_duration_since(self.now);
        if !waited.is_zero() {
            self.now = at - Duration::from_millis(1);
            self.tell(Event::Tick);
            self.silent();
        }
        self.now = at;
        self.tell(Event::Tick);
        waited
    }

    /// Has been asked, and pushes from now on.
    fn subscribed() -> Self {
        let mut b = Harness::new();
        b.brokers(&[1]);
        b.asked();
        b.answered(answer());
        b
    }
}

#[test]
fn a_subscription_is_asked_for_and_pushed_to() {
    let mut b = Harness::new();
    assert_eq!(b.machine.next_deadline(), None, "nothing to wait for");
    b.brokers(&[]);
    b.silent();
    b.brokers(&[4]);
    let first = Action::Ask {
        broker: 4,
        client_instance_id: Uuid::nil(),
    };
    assert_eq!(b.taken(), [first]);
    b.answered(answer());
    b.silent();
    let waited = b.pass();
    assert!((8000..=12_000).contains(&waited.as_millis()), "{waited:?}");
    let (broker, last, subscription) = b.pushed();
    assert_eq!((broker, last), (4, false));
    assert_eq!((subscription.id, subscription.codec), (3, Codec::Zstd));
    assert_eq!(subscription.client_instance_id, Uuid::from_u128(7));
    assert_eq!(subscription.metrics.len(), 10);
    assert_eq!(b.machine.next_deadline(), None);
    for _ in 0..3 {
        b.tell(Event::Pushed(Ok(())));
        assert_eq!(b.pass(), INTERVAL);
        b.pushed();
    }
}

#[test]
fn first_pushes_are_spread() {
    let mut waits: Vec<_> = (0..200)
        .map(|seed| {
            let mut b = Harness::with_seed(seed);
            b.brokers(&[1]);
            b.answered(answer());
            b.machine.next_deadline().expect("a push") - b.now
        })
        .collect();
    waits.sort();
    assert!(waits[0] >= Duration::from_secs(8) && waits[0] < Duration::from_millis(8400));
    assert!(waits[199] <= Duration::from_secs(12) && waits[199] > Duration::from_millis(11_600));
}

#[test]
fn nothing_is_wanted() {
    let mut b = Harness::new();
    b.brokers(&[1]);
    b.asked();
    b.answered(answer().with_requested_metrics(vec![]));
    assert_eq!(b.actions[0], Action::Count(false));
    b.silent();
    assert_eq!(b.pass(), INTERVAL);
    let again = Action::Ask {
        broker: 1,
        client_instance_id: Uuid::from_u128(7),
    };
    assert_eq!(b.taken(), [again]);
}

/// The cluster gets pushes without metrics, and counting costs nothing.
#[test]
fn what_is_wanted_is_not_there() {
    let mut b = Harness::new();
    b.brokers(&[1]);
    b.asked();
    let other = vec![StrBytes::from_static_str("something.else")];
    b.answered(answer().with_requested_metrics(other));
    assert_eq!(b.actions[0], Action::Count(false));
    b.silent();
    b.pass();
    assert!(b.pushed().2.metrics.is_empty());
}

#[test]
fn it_stays_with_its_broker_while_that_is_up() {
    let mut b = Harness::subscribed();
    b.brokers(&[1, 2, 3]);
    for _ in 0..5 {
        b.pass();
        assert_eq!(b.pushed().0, 1);
        b.tell(Event::Pushed(Ok(())));
    }
    b.brokers(&[2]);
    b.silent();
    b.pass();
    assert_eq!(b.pushed().0, 2);
    b.brokers(&[1, 2]);
    b.tell(Event::Pushed(Ok(())));
    b.pass();
    assert_eq!(b.pushed().0, 2, "and with the other one then");
}

#[test]
fn without_a_broker_it_waits_for_one_and_asks_anew() {
    let mut b = Harness::subscribed();
    b.brokers(&[]);
    b.pass();
    b.silent();
    assert_eq!(b.machine.next_deadline(), None);
    b.brokers(&[9]);
    assert_eq!(b.asked(), 9);
}

#[test]
fn a_lost_connection_is_no_end() {
    let mut b = Harness::new();
    b.brokers(&[1]);
    b.asked();
    b.brokers(&[]);
    b.tell(Event::Subscriptions(Err(ErrorCode::_TRANSPORT)));
    b.silent();
    assert_eq!(b.pass(), FIRST_RETRY);
    b.silent();
    b.brokers(&[2]);
    assert_eq!(b.asked(), 2);
    b.answered(answer());
    b.pass();
    b.pushed();
    b.refused(ErrorCode::_TIMED_OUT);
    assert_eq!(b.pass(), INTERVAL);
    b.asked();
}

#[test]
fn an_answer_with_an_error_is_asked_for_again() {
    let mut b = Harness::new();
    b.brokers(&[1]);
    b.asked();
    let code = ErrorCode::THROTTLING_QUOTA_EXCEEDED;
    b.answered(answer().with_error_code(code.0 as i16));
    b.silent();
    assert_eq!(b.pass(), FIRST_RETRY, "what else it says does not count");
    b.asked();
}

#[test]
fn another_subscription_is_asked_for_at_once() {
    let mut b = Harness::subscribed();
    b.pass();
    b.pushed();
    b.refused(ErrorCode::UNKNOWN_SUBSCRIPTION_ID);
    b.asked();
    b.answered(answer().with_subscription_id(4));
    b.pass();
    assert_eq!(b.pushed().2.id, 4);
}

#[test]
fn a_refused_codec_is_not_used_again() {
    let mut b = Harness::subscribed();
    for codec in [Codec::Zstd, Codec::Lz4, Codec::None] {
        b.pass();
        assert_eq!(b.pushed().2.codec, codec);
        b.refused(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
        b.asked();
        b.answered(answer());
    }
}

#[test]
fn too_large_is_said_and_tried_again() {
    let mut b = Harness::subscribed();
    b.pass();
    b.pushed();
    b.refused(ErrorCode::TELEMETRY_TOO_LARGE);
    assert!(matches!(&b.taken()[..], [Action::Log(Level::Warning, text)] if text.contains("1000")));
    assert_eq!(b.pass(), INTERVAL);
    b.pushed();
}

#[test]
fn a_quota_is_waited_for() {
    let mut b = Harness::subscribed();
    b.pass();
    b.pushed();
    b.refused(ErrorCode::THROTTLING_QUOTA_EXCEEDED);
    assert_eq!(b.pass(), INTERVAL);
    b.asked();
}

#[test]
fn what_cannot_succeed_ends_it() {
    for code in [ErrorCode::INVALID_REQUEST, ErrorCode::INVALID_RECORD] {
        let mut b = Harness::subscribed();
        b.pass();
        b.pushed();
        b.refused(code);
        let said = b.taken();
        assert!(matches!(
            &said[..],
            [Action::Log(Level::Warning, _), Action::Ended]
        ));
        b.brokers(&[1, 2]);
        b.tell(Event::Tick);
        b.silent();
        assert_eq!(b.machine.next_deadline(), None);
        b.tell(Event::End);
        assert_eq!(b.taken(), [Action::Ended], "who waits for the end is told");
    }
}

#[test]
fn a_broker_that_is_too_old_is_left_for_another() {
    let mut b = Harness::new();
    b.brokers(&[1, 2]);
    let first = b.asked();
    b.tell(Event::Subscriptions(Err(ErrorCode::UNSUPPORTED_VERSION)));
    b.pass();
    assert_eq!(b.asked(), 3 - first);
    b.tell(Event::Subscriptions(Err(ErrorCode::_UNSUPPORTED_FEATURE)));
    b.pass();
    b.silent();
    assert_eq!(b.machine.next_deadline(), None, "none is left");
}

#[test]
fn the_last_push_comes_at_once() {
    let mut b = Harness::subscribed();
    b.now += Duration::from_secs(1);
    b.tell(Event::End);
    let (broker, last, _) = b.pushed();
    assert_eq!((broker, last), (1, true));
    b.refused(ErrorCode::_TRANSPORT);
    assert_eq!(b.taken(), [Action::Ended]);
    b.tell(Event::Pushed(Ok(())));
    b.silent();
}

#[test]
fn the_last_push_comes_after_the_one_on_its_way() {
    let mut b = Harness::subscribed();
    b.pass();
    b.pushed();
    b.tell(Event::End);
    b.silent();
    b.tell(Event::Pushed(Ok(())));
    assert!(b.pushed().1);
    b.tell(Event::End);
    b.silent();
    b.tell(Event::Pushed(Ok(())));
    assert_eq!(b.taken(), [Action::Ended]);
}

#[test]
fn without_a_subscription_it_ends_at_once() {
    let mut b = Harness::new();
    b.tell(Event::End);
    assert_eq!(b.taken(), [Action::Ended]);
    let mut b = Harness::new();
    b.brokers(&[1]);
    b.asked();
    b.tell(Event::End);
    assert_eq!(b.taken(), [Action::Ended]);
    b.answered(answer());
    b.silent();
    let mut b = Harness::subscribed();
    b.brokers(&[]);
    b.tell(Event::End);
    assert_eq!(b.taken(), [Action::Ended], "nobody to push to");
}

#[test]
fn a_client_that_is_gone_is_no_failure() {
    let mut b = Harness::subscribed();
    b.pass();
    b.pushed();
    b.refused(ErrorCode::_DESTROY);
    assert_eq!(b.taken(), [Action::Ended]);
}
