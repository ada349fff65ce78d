use super::*;
use crate::metadata::{BrokerInfo, PartitionInfo};
use crate::protocol::leader::{NewLeader, Node};
use uuid::Uuid;

fn settings() -> ManagerSettings {
    ManagerSettings {
        interval: Some(Duration::from_secs(300)),
        fast_interval: Duration::from_millis(100),
        fast_max: Duration::from_secs(1),
        propagation: Duration::from_secs(30),
    }
}

fn answer(topic: &str, err: ErrorCode, leaders: &[(i32, i32)]) -> Snapshot {
    let name: Arc<str> = Arc::from(topic);
    let partitions = (0i32..)
        .zip(leaders)
        .map(|(id, (leader, epoch))| PartitionInfo {
            id,
            err: ErrorCode::NO_ERROR,
            leader: *leader,
            leader_epoch: *epoch,
            replicas: vec![],
            isrs: vec![],
        })
        .collect();
    let info = TopicInfo {
        name: name.clone(),
        id: Uuid::nil(),
        err,
        internal: false,
        partitions,
    };
    let broker = |id| BrokerInfo {
        id,
        host: "h".to_owned(),
        port: 9092,
        rack: None,
    };
    Snapshot {
        brokers: (0..9).map(|id| (id, broker(id))).collect(),
        topics: HashMap::from([(name, Arc::new(info))]),
        ..Snapshot::default()
    }
}

#[test]
fn a_leader_that_is_not_among_the_brokers_is_asked_about_again() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    m.track(&Arc::from("t"), t0);
    assert!(m.poll(t0).is_some());
    let leader = |id| answer("t", ErrorCode::NO_ERROR, &[(id, 1)]);
    m.on_snapshot(leader(9), true, false, t0);
    let due = m.next_deadline().expect("soon");
    assert!(due <= t0 + Duration::from_secs(1));
    assert!(m.poll(due).is_some());
    m.on_snapshot(leader(8), true, false, due);
    assert!(
        m.next_deadline()
            .is_none_or(|d| d > due + Duration::from_secs(1))
    );
}

#[test]
fn a_passing_error_leaves_what_is_known_and_is_asked_about_again() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    m.track(&Arc::from("t"), t0);
    assert!(m.poll(t0).is_some());
    m.on_snapshot(answer("t", ErrorCode::NO_ERROR, &[(1, 1)]), true, false, t0);
    let later = t0 + Duration::from_secs(40);
    m.refresh_soon(later);
    let due = m.next_deadline().expect("soon");
    assert!(m.poll(due).is_some());
    let passing = answer("t", ErrorCode::KAFKA_STORAGE_ERROR, &[]);
    assert_eq!(m.on_snapshot(passing, true, false, due), []);
    assert!(m.cache().topic("t").is_some());
    assert!(
        m.next_deadline()
            .is_some_and(|d| d <= due + Duration::from_secs(1))
    );
    let refused = answer("t", ErrorCode::TOPIC_AUTHORIZATION_FAILED, &[]);
    assert!(matches!(
        m.on_snapshot(refused, true, false, due).as_slice(),
        [TopicChange::Missing { .. }]
    ));
}

#[test]
fn an_unknown_topic_is_missing_only_after_its_time() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    m.track(&Arc::from("t"), t0);
    assert!(matches!(m.poll(t0), Some(Refresh::Topics(t)) if t.len() == 1));
    let gone = || answer("t", ErrorCode::UNKNOWN_TOPIC_OR_PART, &[]);
    assert_eq!(m.on_snapshot(gone(), true, false, t0), []);
    assert!(
        m.next_deadline()
            .is_some_and(|d| d <= t0 + Duration::from_secs(1))
    );
    let later = t0 + Duration::from_secs(31);
    assert!(m.poll(later).is_some());
    assert!(matches!(
        m.on_snapshot(gone(), true, false, later).as_slice(),
        [TopicChange::Missing {
            err: ErrorCode::UNKNOWN_TOPIC_OR_PART,
            ..
        }]
    ));
}

/// Pauses between the questions for a topic that does not come to be, as far as
/// they make up `total`.
fn pauses(m: &mut Manager, mut now: Instant, total: Duration) -> Vec<Duration> {
    let mut pauses = Vec::new();
    while pauses.iter().sum::<Duration>() < total {
        let unknown = answer("new", ErrorCode::UNKNOWN_TOPIC_OR_PART, &[]);
        assert_eq!(m.on_snapshot(unknown, true, false, now), []);
        let due = m.next_deadline().expect("asked again");
        pauses.push(due.saturating_duration_since(now));
        now = due;
        assert!(m.poll(now).is_some());
    }
    pauses
}

#[test]
fn a_new_topic_is_asked_for_again_sooner_than_one_that_lost_its_leader() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    m.track(&Arc::from("new"), t0);
    assert!(m.poll(t0).is_some());
    let pauses = pauses(&mut m, t0, Duration::from_secs(5));
    let first: Duration = pauses.iter().take(3).sum();
    assert!(first <= Duration::from_millis(45), "{pauses:?}");
    assert!(pauses.last() >= Some(&Duration::from_millis(800)));
    assert!(pauses.len() < 16, "{pauses:?}");
}

#[test]
fn a_topic_that_comes_while_a_question_is_on_its_way_is_asked_for_right_after() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    assert_eq!(m.poll(t0), Some(Refresh::Brokers));
    m.track(&Arc::from("new"), t0);
    assert_eq!(m.poll(t0), None);
    let brokers = Snapshot {
        topics: HashMap::new(),
        ..answer("other", ErrorCode::NO_ERROR, &[(1, 0)])
    };
    m.on_snapshot(brokers, true, false, t0);
    assert_eq!(m.next_deadline(), Some(t0));
    assert_eq!(m.poll(t0), Some(Refresh::Topics(vec!["new".into()])));
    // The answer that had nothing of it was no round.
    let pauses = pauses(&mut m, t0, Duration::from_millis(1));
    assert!(pauses[0] <= Duration::from_millis(6), "{pauses:?}");
}

#[test]
fn what_others_are_told_of_an_open_topic_is_no_round() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    m.track(&Arc::from("new"), t0);
    assert!(m.poll(t0).is_some());
    let unknown = || answer("new", ErrorCode::UNKNOWN_TOPIC_OR_PART, &[]);
    for _ in 0..20 {
        m.on_snapshot(unknown(), false, false, t0);
    }
    assert_eq!(m.poll(t0), None, "one question at a time");
    let pauses = pauses(&mut m, t0, Duration::from_millis(1));
    assert!(pauses[0] <= Duration::from_millis(6), "{pauses:?}");
}

#[test]
fn a_topic_that_is_nowhere_slows_no_other_and_is_asked_for_alone() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    m.track(&Arc::from("new"), t0);
    m.track(&Arc::from("t"), t0);
    assert!(matches!(m.poll(t0), Some(Refresh::Topics(t)) if t.len() == 2));
    m.on_snapshot(answer("t", ErrorCode::NO_ERROR, &[(1, 0)]), true, false, t0);
    let soon = m.next_deadline().expect("the other");
    assert_eq!(m.poll(soon), Some(Refresh::Topics(vec!["new".into()])));
    pauses(&mut m, soon, Duration::from_secs(4));
    let now = soon + Duration::from_secs(9);
    m.on_failure(now);
    m.track(&Arc::from("second"), now);
    assert!(m.is_due(now));
}

#[test]
fn many_open_topics_share_their_questions() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    let names: Vec<Arc<str>> = (0..200).map(|i| format!("t{i}").into()).collect();
    names.iter().for_each(|name| m.track(name, t0));
    let mut now = t0;
    let mut questions = 0;
    while now < t0 + Duration::from_secs(10) {
        let Some(Refresh::Topics(asked)) = m.poll(now) else {
            panic!("due at {:?}", now - t0);
        };
        let unknown = answer("t", ErrorCode::UNKNOWN_TOPIC_OR_PART, &[]);
        let info = &unknown.topics["t"];
        let named = |name: Arc<str>| {
            let mut info = TopicInfo::clone(info);
            info.name = name.clone();
            (name, Arc::new(info))
        };
        let topics = asked.into_iter().map(named).collect();
        m.on_snapshot(Snapshot { topics, ..unknown }, true, false, now);
        questions += 1;
        now = m.next_deadline().expect("open topics");
    }
    assert!(questions < 60, "{questions} in ten seconds");
}

#[test]
fn a_topic_that_was_there_is_missed_only_when_that_lasts() {
    let start = Instant::now();
    let mut m = Manager::new(settings(), start);
    m.track(&"t".into(), start);
    let known = || answer("t", ErrorCode::NO_ERROR, &[(1, 0)]);
    let unknown = || answer("t", ErrorCode::UNKNOWN_TOPIC_OR_PART, &[]);
    m.on_snapshot(known(), true, false, start);
    // Long after it was new.
    let mut now = start + settings().propagation * 2;
    assert!(m.on_snapshot(unknown(), true, false, now).is_empty());
    assert!(m.cache().topic("t").is_some());
    assert!(m.next_deadline().unwrap() < now + DOUBT, "asked again soon");
    // It is back: the next doubt is a new one.
    now += DOUBT / 2;
    m.on_snapshot(known(), true, false, now);
    now += DOUBT;
    assert!(m.on_snapshot(unknown(), true, false, now).is_empty());
    now += DOUBT;
    let changes = m.on_snapshot(unknown(), true, false, now);
    assert!(matches!(changes[..], [TopicChange::Missing { .. }]));
    assert!(m.cache().topic("t").is_none());
}

#[test]
fn an_older_leader_epoch_is_not_taken() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    m.track(&Arc::from("t"), t0);
    m.poll(t0);
    m.on_snapshot(answer("t", ErrorCode::NO_ERROR, &[(2, 5)]), true, false, t0);
    m.on_snapshot(
        answer("t", ErrorCode::NO_ERROR, &[(1, 4)]),
        false,
        false,
        t0,
    );
    assert_eq!(m.cache().leader("t", 0), Some(2));
    m.on_snapshot(
        answer("t", ErrorCode::NO_ERROR, &[(1, 6)]),
        false,
        false,
        t0,
    );
    assert_eq!(m.cache().leader("t", 0), Some(1));
}

#[test]
fn a_settled_cluster_is_asked_at_the_interval_only() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    m.track(&Arc::from("t"), t0);
    m.poll(t0);
    m.on_snapshot(answer("t", ErrorCode::NO_ERROR, &[(1, 0)]), true, false, t0);
    assert_eq!(m.next_deadline(), Some(t0 + Duration::from_secs(300)));
    m.refresh_soon(t0);
    assert_eq!(m.next_deadline(), Some(t0));
}

#[test]
fn a_newer_leader_is_taken_in_without_asking() {
    let t0 = Instant::now();
    let mut m = Manager::new(settings(), t0);
    let new = |leader, epoch, node: Option<i32>| NewLeader {
        partition: 1,
        leader,
        epoch,
        node: node.map(|id| Node {
            id,
            host: "new".into(),
            port: 1,
            rack: None,
        }),
    };
    m.on_snapshot(
        answer("u", ErrorCode::NO_ERROR, &[(1, 5), (2, 5)]),
        false,
        false,
        t0,
    );
    assert!(
        m.on_leader("u", &new(3, 6, None)).is_none(),
        "nobody uses it"
    );
    m.track(&Arc::from("t"), t0);
    assert!(
        m.on_leader("t", &new(3, 6, None)).is_none(),
        "not known yet"
    );
    m.on_snapshot(
        answer("t", ErrorCode::NO_ERROR, &[(1, 5), (2, 5)]),
        false,
        false,
        t0,
    );
    assert!(m.on_leader("t", &new(3, 5, None)).is_none(), "not newer");
    assert!(
        m.on_leader("t", &new(70, 6, None)).is_none(),
        "nowhere to be found"
    );
    let Some(TopicChange::Known { info, recreated }) = m.on_leader("t", &new(3, 6, None)) else {
        panic!("not taken in");
    };
    let leaders: Vec<_> = info
        .partitions
        .iter()
        .map(|p| (p.leader, p.leader_epoch))
        .collect();
    assert_eq!((leaders, recreated), (vec![(1, 5), (3, 6)], false));
    assert!(m.on_leader("t", &new(70, 7, Some(70))).is_some());
    assert_eq!(m.cache().leader("t", 1), Some(70));
    assert_eq!(m.cache().brokers[&70].host, "new");
    // A broker that is behind does not take it back.
    m.on_snapshot(
        answer("t", ErrorCode::NO_ERROR, &[(1, 5), (2, 5)]),
        false,
        false,
        t0,
    );
    assert_eq!(m.cache().leader("t", 1), Some(70));
}
