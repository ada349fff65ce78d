use super::super::testing::{TestPartition, partition_of, settings};
use super::*;
use crate::base::log::Logger;
use crate::consumer::{FetchEnded, Reason, ResetPolicy};

pub(super) fn shared() -> Arc<ConsumerShared> {
    Arc::new(ConsumerShared {
        settings: settings(),
        logger: Arc::new(Logger::new(0, 0, false)),
    })
}

struct Harness {
    control: Control,
    now: Instant,
    b: TestPartition,
}

const LEADER: Leader = Leader::At {
    broker: 1,
    epoch: 5,
};

fn harness(reset: ResetPolicy) -> Harness {
    let shared = shared();
    Harness {
        control: Control::new(shared.clone()),
        now: Instant::now(),
        b: partition_of(&shared, "t", 0, reset),
    }
}

impl Harness {
    fn start(&mut self, at: Position, leader: Leader) -> Vec<Action> {
        let version = self.b.partition.begin();
        let p = self.b.partition.clone();
        self.control.start(self.now, &p, version, at, leader);
        self.actions()
    }

    /// What a seek leads to.
    fn sought(&mut self, to: Position) -> Vec<Action> {
        self.start(at(0), LEADER);
        let p = self.b.partition.clone();
        let version = p.new_version();
        assert_eq!(self.control.seek(self.now, &p, version, to), Ok(()));
        let mut actions = self.actions();
        actions.retain(|action| !matches!(action, Action::Stop { .. }));
        actions
    }

    fn actions(&mut self) -> Vec<Action> {
        self.control.check_invariants();
        self.control.take_actions()
    }

    fn fetch_ended(&mut self, fetch_id: u64, at: Position, reason: Reason) -> Vec<Action> {
        let ended = FetchEnded {
            partition: self.b.partition.clone(),
            fetch_id,
            position: at,
            broker: 1,
            reason,
        };
        self.control.on_fetch_ended(self.now, ended);
        self.actions()
    }

    fn leader(&mut self, broker: i32, epoch: i32) -> Vec<Action> {
        let leader = Leader::At { broker, epoch };
        self.control.on_metadata(self.now, "t", false, |_| leader);
        self.actions()
    }

    fn offset(&mut self, token: u64, found: Result<Position, ErrorCode>) -> Vec<Action> {
        let p = self.b.partition.clone();
        self.control.on_offset(self.now, &p, token, found);
        self.actions()
    }

    fn errors(&self) -> Vec<(i32, i64)> {
        let seen = self.b.take_all();
        seen.iter().map(|s| (s.err, s.offset)).collect()
    }
}

fn at(offset: i64) -> Position {
    Position::new(offset, -1)
}

/// The one fetch that is begun: broker, fetch_id and position.
fn begun(actions: &[Action]) -> (i32, u64, Position) {
    match actions {
        [Action::Start { broker, start }] => (*broker, start.fetch_id, start.position),
        other => panic!("not one start: {other:?}"),
    }
}

fn listed(actions: &[Action]) -> (u64, i64) {
    match actions {
        [
            Action::ListOffset {
                token, timestamp, ..
            },
        ] => (*token, *timestamp),
        other => panic!("not one look-up: {other:?}"),
    }
}

fn validated(actions: &[Action]) -> (u64, i32) {
    match actions {
        [Action::EpochEnd { token, epoch, .. }] => (*token, *epoch),
        other => panic!("not one validation: {other:?}"),
    }
}

#[test]
fn an_offset_waits_for_a_leader_only() {
    let mut h = harness(ResetPolicy::Error);
    let actions = h.start(at(7), Leader::Unknown);
    assert!(matches!(actions[..], [Action::RefreshMetadata { .. }]));
    let (broker, _, from) = begun(&h.leader(3, 1));
    assert_eq!((broker, from), (3, at(7)));
}

#[test]
fn a_tail_is_counted_from_the_end_but_not_below_the_beginning() {
    let mut h = harness(ResetPolicy::Error);
    for (tail, low, want) in [(10, 0, 90), (10, 95, 95), (500, 20, 20)] {
        let actions = h.start(at(offset::TAIL_BASE - tail), LEADER);
        let stops = actions.len() - 1;
        let (token, timestamp) = listed(&actions[stops..]);
        assert_eq!(timestamp, TIMESTAMP_END);
        let (token, timestamp) = listed(&h.offset(token, Ok(at(100))));
        assert_eq!(timestamp, TIMESTAMP_BEGINNING);
        let (_, _, from) = begun(&h.offset(token, Ok(at(low))));
        assert_eq!(from.offset, want);
    }
}

#[test]
fn a_look_up_that_is_refused_resets_and_is_told() {
    let refused = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    let tail = offset::TAIL_BASE - 10;
    let mut h = harness(ResetPolicy::Error);
    let (token, _) = listed(&h.start(at(tail), LEADER));
    assert!(h.offset(token, Err(refused)).is_empty());
    let reset = ErrorCode::_AUTO_OFFSET_RESET.0;
    assert_eq!(h.errors(), [(reset, tail), (refused.0, tail)]);

    // With a policy the look-up is for what that says, after a pause, and told of once.
    let mut h = harness(ResetPolicy::Beginning);
    let (token, _) = listed(&h.start(at(tail), LEADER));
    assert!(h.offset(token, Err(refused)).is_empty());
    assert_eq!(h.errors(), [(refused.0, tail)]);
    for _ in 0..3 {
        h.now = h.control.next_deadline().expect("asked again");
        h.control.poll(h.now);
        let (token, timestamp) = listed(&h.actions());
        assert_eq!(timestamp, TIMESTAMP_BEGINNING);
        assert!(h.offset(token, Err(refused)).is_empty());
        assert_eq!(h.errors(), []);
    }
    // What passes by itself is not the application's business.
    let mut h = harness(ResetPolicy::Error);
    let (token, _) = listed(&h.start(at(tail), LEADER));
    h.offset(token, Err(ErrorCode::NOT_LEADER_FOR_PARTITION));
    assert_eq!(h.errors(), []);
}

#[test]
fn without_a_committed_offset_the_reset_policy_counts() {
    let mut h = harness(ResetPolicy::Beginning);
    let actions = h.start(at(offset::STORED), LEADER);
    let [Action::Committed { token, .. }] = actions[..] else {
        panic!("{actions:?}");
    };
    let p = h.b.partition.clone();
    h.control
        .on_committed(h.now, &p, token, Ok(Position::INVALID));
    let (_, timestamp) = listed(&h.actions());
    assert_eq!(timestamp, TIMESTAMP_BEGINNING);

    let mut h = harness(ResetPolicy::Error);
    let actions = h.start(at(offset::STORED), LEADER);
    let [Action::Committed { token, .. }] = actions[..] else {
        panic!("{actions:?}");
    };
    let p = h.b.partition.clone();
    h.control
        .on_committed(h.now, &p, token, Ok(Position::INVALID));
    assert!(h.actions().is_empty());
    let code = ErrorCode::_AUTO_OFFSET_RESET.0;
    assert_eq!(h.errors(), [(code, offset::INVALID)]);
}

#[test]
fn a_new_leader_gets_the_position_only_when_the_old_one_has_let_go() {
    let mut h = harness(ResetPolicy::Error);
    let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
    let actions = h.leader(2, 6);
    assert!(matches!(actions[..], [Action::Stop { broker: 1, fetch_id: g, .. }] if g == fetch_id));
    assert!(h.leader(2, 6).is_empty(), "it is being released already");
    let (token, epoch) = validated(&h.fetch_ended(fetch_id, Position::new(40, 5), Reason::Stopped));
    assert_eq!(epoch, 5);
    let p = h.b.partition.clone();
    let end = Ok(Position::new(40, 5));
    h.control.on_epoch_end(h.now, &p, token, end);
    let (broker, _, from) = begun(&h.actions());
    assert_eq!((broker, from.offset), (2, 40));
}

#[test]
fn a_leader_is_asked_about_the_position_only_when_its_epoch_is_later() {
    let refused = Reason::Refused(ErrorCode::NOT_LEADER_FOR_PARTITION);
    // The same epoch, and none: a broker that does not know of epochs (any more).
    for epoch in [5, -1] {
        let mut h = harness(ResetPolicy::Error);
        let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
        h.fetch_ended(fetch_id, Position::new(40, 5), refused.clone());
        let (broker, _, from) = begun(&h.leader(2, epoch));
        assert_eq!((broker, from.offset), (2, 40), "epoch {epoch}");
    }
    // It is the epoch before the refusal that counts, whatever the pause brings.
    let mut h = harness(ResetPolicy::Error);
    let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
    h.fetch_ended(fetch_id, Position::new(40, 5), refused.clone());
    let missing = Leader::Missing(ErrorCode::UNKNOWN_TOPIC_OR_PART);
    h.control.on_metadata(h.now, "t", false, |_| missing);
    h.actions();
    assert_eq!(validated(&h.leader(2, 6)).1, 5);
    // A check that is due is done without if the next leader does not know of epochs.
    let mut h = harness(ResetPolicy::Error);
    let (token, _) = validated(&h.sought(Position::new(40, 5)));
    let p = h.b.partition.clone();
    let err = Err(ErrorCode::NOT_LEADER_FOR_PARTITION);
    h.control.on_epoch_end(h.now, &p, token, err);
    h.actions();
    assert_eq!(begun(&h.leader(2, -1)).2.offset, 40);
}

#[test]
fn the_epoch_of_an_assigned_offset_is_checked_when_the_leader_s_moves() {
    let mut h = harness(ResetPolicy::Error);
    let (_, fetch_id, from) = begun(&h.start(Position::new(10, 1234), LEADER));
    assert_eq!(from, Position::new(10, 1234));
    // The leader is known later: the same.
    let mut later = harness(ResetPolicy::Error);
    later.start(Position::new(10, 1234), Leader::Unknown);
    assert_eq!(begun(&later.leader(3, 1)).2, Position::new(10, 1234));
    h.leader(2, 6);
    let back = h.fetch_ended(fetch_id, Position::new(10, 1234), Reason::Stopped);
    assert_eq!(validated(&back).1, 1234);
}

#[test]
fn a_committed_epoch_is_checked_at_the_start() {
    let mut h = harness(ResetPolicy::Error);
    let actions = h.start(at(offset::STORED), LEADER);
    let [Action::Committed { token, .. }] = actions[..] else {
        panic!("{actions:?}");
    };
    let p = h.b.partition.clone();
    let found = Ok(Position::new(40, 4));
    h.control.on_committed(h.now, &p, token, found);
    assert_eq!(validated(&h.actions()).1, 4);
}

#[test]
fn there_is_nothing_to_move_before_the_committed_offset_is_known() {
    let mut h = harness(ResetPolicy::Error);
    let actions = h.start(at(offset::STORED), Leader::Unknown);
    let token = actions.iter().find_map(|action| match action {
        Action::Committed { token, .. } => Some(*token),
        _ => None,
    });
    let token = token.expect("the committed offset is asked for");
    let p = h.b.partition.clone();
    let version = p.new_version();
    let refused = Err(ErrorCode::_STATE);
    assert_eq!(h.control.seek(h.now, &p, version, at(3)), refused);
    // What is fetched from the committed offset on is of the new version.
    h.control.on_committed(h.now, &p, token, Ok(at(9)));
    h.actions();
    match &h.leader(1, 5)[..] {
        [Action::Start { start, .. }] => {
            assert_eq!((start.version, start.position), (version, at(9)));
        }
        other => panic!("{other:?}"),
    }
    let version = p.new_version();
    assert_eq!(h.control.seek(h.now, &p, version, at(3)), Ok(()));
}

#[test]
fn a_broker_is_not_asked_again_before_fetch_error_backoff_ms() {
    let pause = settings().error_backoff;
    let not_before = |actions: &[Action]| match actions {
        [Action::Start { start, .. }] => start.not_before,
        other => panic!("{other:?}"),
    };
    let why = Reason::Refused(ErrorCode::FENCED_LEADER_EPOCH);
    let mut h = harness(ResetPolicy::Error);
    let (_, mut fetch_id, _) = begun(&h.start(at(0), LEADER));
    for epoch in 6..9 {
        h.fetch_ended(fetch_id, at(9), why.clone());
        let due = Some(h.now + pause);
        assert_eq!(h.control.next_deadline(), due, "without a new leader");
        let actions = h.leader(1, epoch);
        assert_eq!(not_before(&actions), due, "whatever its epoch");
        fetch_id = begun(&actions).1;
    }
    // It is over at some time.
    h.now += pause;
    let actions = h.fetch_ended(fetch_id, at(9), Reason::Ended);
    assert_eq!(not_before(&actions), None);
    // Another leader is asked at once.
    h.fetch_ended(begun(&actions).1, at(9), why);
    let actions = h.leader(2, 9);
    assert_eq!(not_before(&actions), None);
    // A broker that was not asked has not failed.
    let actions = h.fetch_ended(begun(&actions).1, at(9), Reason::NoBroker);
    assert!(matches!(actions[..], [Action::RefreshMetadata { .. }]));
    assert!(h.leader(2, 9).is_empty());
    assert_eq!(not_before(&h.leader(2, 10)), None);
}

#[test]
fn a_truncated_log_is_gone_on_with_at_its_end() {
    let mut h = harness(ResetPolicy::End);
    let (token, _) = validated(&h.sought(Position::new(40, 4)));
    let version = h.b.partition.version();
    let p = h.b.partition.clone();
    let end = Ok(Position::new(33, 4));
    h.control.on_epoch_end(h.now, &p, token, end);
    let (_, _, from) = begun(&h.actions());
    assert_eq!(from.offset, 33);
    assert_ne!(version, p.version(), "what was fetched beyond is dropped");

    let mut h = harness(ResetPolicy::Error);
    let (token, _) = validated(&h.sought(Position::new(40, 4)));
    let p = h.b.partition.clone();
    h.control
        .on_epoch_end(h.now, &p, token, Ok(Position::new(33, 4)));
    assert!(h.actions().is_empty());
    let code = ErrorCode::_AUTO_OFFSET_RESET.0;
    assert_eq!(h.errors(), [(code, offset::INVALID)]);
}

#[test]
fn a_refusal_asks_for_metadata_and_pauses() {
    let mut h = harness(ResetPolicy::Error);
    let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
    let why = Reason::Refused(ErrorCode::NOT_LEADER_FOR_PARTITION);
    let actions = h.fetch_ended(fetch_id, at(9), why);
    assert!(matches!(actions[..], [Action::RefreshMetadata { .. }]));
    let due = h.control.next_deadline().unwrap();
    assert!(due > h.now);
    // The same leader again: the pause holds. Another one ends it.
    assert!(h.leader(1, 5).is_empty());
    let (broker, _, from) = begun(&h.leader(2, 6));
    assert_eq!((broker, from), (2, at(9)));
    // Without news the pause ends by itself.
    let mut h = harness(ResetPolicy::Error);
    let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
    h.fetch_ended(
        fetch_id,
        at(9),
        Reason::Refused(ErrorCode::KAFKA_STORAGE_ERROR),
    );
    h.now = h.control.next_deadline().unwrap();
    h.control.poll(h.now);
    assert_eq!(begun(&h.actions()).2, at(9));
}

#[test]
fn a_replica_is_left_when_its_time_is_up_or_it_refuses() {
    let mut h = harness(ResetPolicy::Error);
    let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
    let (broker, fetch_id, _) = begun(&h.fetch_ended(fetch_id, at(5), Reason::Preferred(9)));
    assert_eq!(broker, 9);
    assert!(h.leader(1, 5).is_empty(), "the leader is the same");
    // Out of range there is not final.
    let (broker, fetch_id, from) = begun(&h.fetch_ended(fetch_id, at(6), Reason::OutOfRange));
    assert_eq!((broker, from), (1, at(6)));
    let (_, fetch_id, _) = begun(&h.fetch_ended(fetch_id, at(6), Reason::Preferred(9)));
    h.now += settings().metadata_max_age;
    h.control.poll(h.now);
    assert!(matches!(h.actions()[..], [Action::Stop { broker: 9, .. }]));
    let (broker, ..) = begun(&h.fetch_ended(fetch_id, at(7), Reason::Stopped));
    assert_eq!(broker, 1);
}

#[test]
fn a_replica_is_left_when_its_broker_is_down() {
    let mut h = harness(ResetPolicy::Error);
    let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
    h.control.on_broker_down(1);
    assert!(h.actions().is_empty(), "a leader is waited for");
    let (_, fetch_id, _) = begun(&h.fetch_ended(fetch_id, at(5), Reason::Preferred(9)));
    h.control.on_broker_down(8);
    assert!(h.actions().is_empty(), "another one");
    h.control.on_broker_down(9);
    assert!(
        matches!(h.actions()[..], [Action::Stop { broker: 9, fetch_id: g, .. }] if g == fetch_id)
    );
    let (broker, _, from) = begun(&h.fetch_ended(fetch_id, at(7), Reason::Stopped));
    assert_eq!((broker, from), (1, at(7)));
}

#[test]
fn out_of_range_at_the_leader_resets() {
    let mut h = harness(ResetPolicy::End);
    let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
    let (token, timestamp) = listed(&h.fetch_ended(fetch_id, at(0), Reason::OutOfRange));
    assert_eq!(timestamp, TIMESTAMP_END);
    assert_eq!(begun(&h.offset(token, Ok(at(12)))).2, at(12));
    let mut h = harness(ResetPolicy::Error);
    let (_, fetch_id, _) = begun(&h.start(at(3), LEADER));
    assert!(
        h.fetch_ended(fetch_id, at(3), Reason::OutOfRange)
            .is_empty()
    );
    assert_eq!(h.errors(), [(ErrorCode::_AUTO_OFFSET_RESET.0, 3)]);
}

#[test]
fn a_seek_makes_earlier_answers_meaningless() {
    let mut h = harness(ResetPolicy::Error);
    let (token, _) = listed(&h.start(at(offset::END), LEADER));
    let p = h.b.partition.clone();
    let version = p.new_version();
    h.control.seek(h.now, &p, version, at(5)).unwrap();
    let (_, fetch_id, from) = begun(&h.actions());
    assert_eq!(from, at(5));
    assert!(h.offset(token, Ok(at(100))).is_empty());
    let version = p.new_version();
    h.control.seek(h.now, &p, version, at(8)).unwrap();
    let actions = h.actions();
    assert!(matches!(actions[0], Action::Stop { .. }));
    assert_eq!(begun(&actions[1..]).2, at(8));
    assert!(h.fetch_ended(fetch_id, at(77), Reason::Stopped).is_empty());
    let stored = at(offset::STORED);
    let refused = h.control.seek(h.now, &p, version, stored);
    assert_eq!(refused, Err(ErrorCode::_INVALID_ARG));
    h.control.stop(&p);
    assert_eq!(
        h.control.seek(h.now, &p, version, at(1)),
        Err(ErrorCode::_STATE)
    );
}

#[test]
fn a_missing_topic_is_told_once_and_may_come() {
    let mut h = harness(ResetPolicy::Error);
    h.start(at(0), Leader::Unknown);
    for _ in 0..2 {
        let missing = Leader::Missing(ErrorCode::_UNKNOWN_TOPIC);
        h.control.on_metadata(h.now, "t", false, |_| missing);
    }
    let actions = h.actions();
    let [Action::Error { code, text, .. }] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!(*code, ErrorCode::_UNKNOWN_TOPIC);
    assert_eq!(
        text,
        "t [0]: the cluster has no such topic (Local: Unknown topic)"
    );
    begun(&h.leader(1, 0));
}

#[test]
fn a_recreated_topic_has_another_log() {
    for (policy, reached) in [
        (ResetPolicy::Beginning, 30),
        (ResetPolicy::Beginning, 0),
        (ResetPolicy::Error, 30),
    ] {
        let mut h = harness(policy);
        let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
        h.control.on_metadata(h.now, "t", true, |_| Leader::At {
            broker: 1,
            epoch: 0,
        });
        assert!(matches!(h.actions()[..], [Action::Stop { .. }]));
        let actions = h.fetch_ended(fetch_id, Position::new(reached, 5), Reason::Stopped);
        match (policy, reached) {
            (_, 0) => assert_eq!(begun(&actions).2, at(0), "nothing to validate against"),
            (ResetPolicy::Error, _) => {
                assert!(actions.is_empty(), "{actions:?}");
                assert_eq!(h.errors(), [(ErrorCode::_AUTO_OFFSET_RESET.0, 30)]);
            }
            _ => assert!(
                matches!(actions[..], [Action::ListOffset { .. }]),
                "{actions:?}"
            ),
        }
    }
}

#[test]
fn a_fetch_refused_for_its_topic_id_begins_again_in_the_new_topic() {
    let mut h = harness(ResetPolicy::Beginning);
    let (_, fetch_id, _) = begun(&h.start(at(0), LEADER));
    let refused = Reason::Refused(ErrorCode::UNKNOWN_TOPIC_ID);
    h.fetch_ended(fetch_id, Position::new(30, 5), refused);
    h.control.on_metadata(h.now, "t", true, |_| Leader::At {
        broker: 1,
        epoch: 0,
    });
    let actions = h.actions();
    assert!(
        matches!(actions[..], [Action::ListOffset { .. }]),
        "{actions:?}"
    );
}
