//! What a test may inject.

use super::*;
use crate::base::log::{Level, Line, LogSink, Logger, debug};
use crate::mock::command::{At, BrokerChange, Change, PartitionChange, Which};
use crate::mock::state::errors::Injected;
use crate::mock::trace::Trace;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    FindCoordinatorRequest, InitProducerIdRequest, MetadataRequest, MetadataResponse,
};
use std::sync::Arc;

fn metadata(sim: &mut Sim, name: &str) -> MetadataResponse {
    let broker = sim.state.brokers[0].id;
    let request = MetadataRequest::default().with_topics(Some(vec![
        MetadataRequestTopic::default().with_name(Some(topic(name))),
    ]));
    sim.call::<MetadataRequest>(broker, 9, &request)
}

fn init(sim: &mut Sim, broker: i32) -> (Option<i16>, u32) {
    let request = InitProducerIdRequest::default().with_transactional_id(None);
    let pending = sim.send(broker, 4, &request);
    if matches!(sim.answers.get(&pending.conn), Some(Answer::Closed)) {
        return (None, 0);
    }
    let (response, delay) = sim.take_delayed::<InitProducerIdRequest>(pending);
    (Some(response.error_code), delay)
}

#[test]
fn errors_are_used_up_one_a_request() {
    let mut sim = Sim::new(2);
    let key = api(ApiKey::InitProducerId);
    sim.state
        .apply(
            sim.now,
            Change::PushErrors {
                api: key,
                codes: vec![14, 0, -195, 15],
            },
        )
        .expect("pushed");
    let errors = vec![
        Injected {
            code: 16,
            rtt_ms: 250,
        },
        Injected {
            code: 0,
            rtt_ms: 50,
        },
    ];
    let change = Change::PushBrokerErrors {
        broker: 2,
        api: key,
        errors,
    };
    sim.state.apply(sim.now, change).expect("pushed");
    assert_eq!(sim.state.count_broker_errors(2, key), Ok(2));
    assert_eq!(
        init(&mut sim, 2),
        (Some(16), 250),
        "the broker's come first"
    );
    assert_eq!(init(&mut sim, 1), (Some(14), 0));
    assert_eq!(init(&mut sim, 2), (Some(0), 50));
    assert_eq!(sim.state.count_broker_errors(2, key), Ok(0));
    assert_eq!(
        init(&mut sim, 2),
        (Some(0), 0),
        "the cluster's second lets one pass"
    );
    assert_eq!(init(&mut sim, 1), (None, 0), "transport closes");
    sim.state
        .apply(sim.now, Change::ClearErrors { api: key })
        .expect("cleared");
    assert_eq!(init(&mut sim, 1), (Some(0), 0));
    let change = Change::PushBrokerErrors {
        broker: 9,
        api: key,
        errors: Vec::new(),
    };
    assert!(sim.state.apply(sim.now, change).is_err());
}

#[test]
fn round_trip_times_add_up() {
    let mut sim = Sim::new(1);
    let change = BrokerChange::RoundTripTime(100);
    sim.state
        .apply(
            sim.now,
            Change::Broker {
                which: Which::All,
                change,
            },
        )
        .expect("set");
    let errors = vec![Injected {
        code: 0,
        rtt_ms: 30,
    }];
    let key = api(ApiKey::InitProducerId);
    let change = Change::PushBrokerErrors {
        broker: 1,
        api: key,
        errors,
    };
    sim.state.apply(sim.now, change).expect("pushed");
    assert_eq!(init(&mut sim, 1), (Some(0), 130));
    assert_eq!(init(&mut sim, 1), (Some(0), 100));
}

#[test]
fn partition_errors_leave_the_others_alone() {
    let mut sim = Sim::new(1);
    let at = At {
        topic: "t".to_owned(),
        partition: 1,
    };
    let change = PartitionChange::PushErrors {
        api: api(ApiKey::Produce),
        codes: vec![7, 19],
    };
    sim.state
        .apply(sim.now, Change::Partition { at, change })
        .expect("makes the topic");
    assert_eq!(sim.state.topics["t"].partitions.len(), 2);
    let other = Batch {
        partition: 1,
        ..Batch::default()
    };
    assert_eq!(sim.produce("t", other).0, 7);
    assert_eq!(sim.produce("t", Batch::default()).0, 0);
    assert_eq!(sim.produce("t", other).0, 19);
    assert_eq!(sim.produce("t", other), (0, 0));
    let at = At {
        topic: "t".to_owned(),
        partition: 2,
    };
    let change = PartitionChange::Leader(1);
    assert!(
        sim.state
            .apply(sim.now, Change::Partition { at, change })
            .is_err()
    );
}

#[test]
fn topic_errors_and_pushed_leaders_show_in_metadata() {
    let mut sim = Sim::new(1);
    let name = "t".to_owned();
    let code = E::TopicAuthorizationFailed.code();
    sim.state
        .apply(sim.now, Change::TopicError { name, code })
        .expect("set");
    assert_eq!(metadata(&mut sim, "t").topics[0].error_code, code);
    let name = "t".to_owned();
    sim.state
        .apply(sim.now, Change::TopicError { name, code: 0 })
        .expect("set");
    let at = At {
        topic: "t".to_owned(),
        partition: 0,
    };
    let change = PartitionChange::PushLeaderResponse {
        leader: 5,
        epoch: 9,
    };
    sim.state
        .apply(
            sim.now,
            Change::Partition {
                at: at.clone(),
                change,
            },
        )
        .expect("pushed");
    let told = |r: &MetadataResponse| {
        let p = &r.topics[0].partitions[0];
        (p.error_code, p.leader_id.0, p.leader_epoch)
    };
    assert_eq!(told(&metadata(&mut sim, "t")), (0, 5, 9));
    assert_eq!(told(&metadata(&mut sim, "t")), (0, 1, 0));
    let change = PartitionChange::Leader(-1);
    sim.state
        .apply(sim.now, Change::Partition { at, change })
        .expect("set");
    assert_eq!(
        told(&metadata(&mut sim, "t")),
        (E::LeaderNotAvailable.code(), -1, 1)
    );
}

#[test]
fn brokers_come_and_go() {
    let mut sim = Sim::new(3);
    sim.create("t", 3);
    let ids = |r: &MetadataResponse| r.brokers.iter().map(|b| b.node_id.0).collect::<Vec<_>>();
    let change = |sim: &mut Sim, id, change| {
        let which = Which::One(id);
        sim.state.apply(sim.now, Change::Broker { which, change })
    };
    change(&mut sim, 2, BrokerChange::Down).expect("down");
    assert_eq!(ids(&metadata(&mut sim, "t")), [1, 3]);
    change(&mut sim, 2, BrokerChange::Up).expect("up");
    change(&mut sim, 3, BrokerChange::RemoveFromMetadata).expect("hidden");
    assert_eq!(ids(&metadata(&mut sim, "t")), [1, 2]);
    change(&mut sim, 1, BrokerChange::Decommission).expect("gone");
    let response = metadata(&mut sim, "t");
    assert_eq!(ids(&response), [2]);
    assert!(
        response.topics[0]
            .partitions
            .iter()
            .all(|p| p.leader_id.0 == 2)
    );
    assert!(change(&mut sim, 1, BrokerChange::Down).is_err());
    let advertised = BrokerChange::Advertise {
        host: "elsewhere".to_owned(),
        port: 1,
    };
    change(&mut sim, 2, advertised).expect("told");
    change(&mut sim, 2, BrokerChange::Rack(Some("r1".to_owned()))).expect("told");
    let b = metadata(&mut sim, "t").brokers[0].clone();
    assert_eq!(
        (b.host.as_str(), b.port, b.rack.as_deref()),
        ("elsewhere", 1, Some("r1"))
    );
}

#[test]
fn coordinators_can_be_named() {
    let mut sim = Sim::new(3);
    let find = |sim: &mut Sim| {
        let request = FindCoordinatorRequest::default().with_key(text("g"));
        let response = sim.call::<FindCoordinatorRequest>(1, 1, &request);
        (response.error_code, response.node_id.0)
    };
    let hashed = find(&mut sim);
    assert_eq!(hashed, find(&mut sim));
    for broker in [1, 2, 3] {
        let key = "g".to_owned();
        let change = Change::Coordinator {
            key_type: 0,
            key,
            broker,
        };
        sim.state.apply(sim.now, change).expect("named");
        assert_eq!(find(&mut sim), (0, broker));
    }
    let key = "g".to_owned();
    let change = Change::Coordinator {
        key_type: 0,
        key,
        broker: 77,
    };
    sim.state.apply(sim.now, change).expect("named");
    assert_eq!(find(&mut sim), (E::CoordinatorNotAvailable.code(), -1));
}

#[test]
fn requests_are_tracked_while_asked_for() {
    let mut sim = Sim::new(2);
    init(&mut sim, 1);
    sim.state
        .apply(sim.now, Change::TrackRequests { on: true })
        .expect("on");
    init(&mut sim, 2);
    sim.pass(5);
    metadata(&mut sim, "t");
    let seen: Vec<_> = sim.state.tracked_requests();
    let brief: Vec<_> = seen.iter().map(|r| (r.broker, r.api_key)).collect();
    assert_eq!(brief, [(2, 22), (1, 3)]);
    assert_eq!(seen[1].timestamp_us - seen[0].timestamp_us, 5000);
    sim.state
        .apply(sim.now, Change::ClearRequests)
        .expect("cleared");
    assert!(sim.state.tracked_requests().is_empty());
}

/// A test that begins or ends to look at requests is to see none of those before.
#[test]
fn requests_are_forgotten_when_tracking_begins_and_ends() {
    for then in [true, false] {
        let mut sim = Sim::new(1);
        let track = |sim: &mut Sim, on| {
            let change = Change::TrackRequests { on };
            sim.state.apply(sim.now, change).expect("set");
        };
        track(&mut sim, true);
        init(&mut sim, 1);
        assert_eq!(sim.state.tracked_requests().len(), 1);
        track(&mut sim, then);
        assert!(sim.state.tracked_requests().is_empty());
        init(&mut sim, 1);
        assert_eq!(sim.state.tracked_requests().len(), usize::from(then));
    }
}

/// Those who debug are told what comes, what is changed, and what is injected.
#[test]
fn a_log_tells_what_happens() {
    struct Lines(crate::base::lock::Mutex<Vec<String>>);
    impl LogSink for Lines {
        fn write(&self, line: Line) {
            assert_eq!((line.level, line.facility), (Level::Debug, "MOCK"));
            self.0.lock().push(line.text);
        }
    }
    let lines = Arc::new(Lines(Default::default()));
    let logger = |contexts| {
        let logger = Logger::new(Level::Debug as i32, contexts, false);
        logger.set_sink(Some(lines.clone()));
        Trace::to(Some(Arc::new(logger)))
    };
    let mut sim = Sim::new(1);
    sim.state.trace = logger(debug::MOCK);
    sim.create("t", 1);
    let codes = vec![0];
    let api = api(ApiKey::Produce);
    let change = Change::PushErrors { api, codes };
    sim.state.apply(sim.now, change).expect("done");
    sim.produce("t", Batch::default());
    let told = std::mem::take(&mut *lines.0.lock());
    for part in [
        "ProduceRequest v9 from client (/127.0.0.1)",
        "injected error 0",
        "t [0] has 1 more messages",
        "ProduceResponse v9 to client",
    ] {
        let found = told.iter().filter(|l| l.contains(part)).count();
        assert_eq!(found, 1, "{part}: {told:#?}");
    }
    sim.state.trace = logger(debug::BROKER);
    sim.produce("t", Batch::default());
    assert!(lines.0.lock().is_empty());
}
