#![no_main]
//! The mock cluster's request path: a series of frames, each as a client might send
//! it, against one state. Whatever comes, each request is answered once, or its
//! connection closed, or it waits; and the cluster still serves afterwards.

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;
use libfuzzer_sys::fuzz_target;
use rdkafka::mock::dispatch::Peer;
use rdkafka::mock::state::broker::Broker;
use rdkafka::mock::state::topic::TopicConfig;
use rdkafka::mock::state::{ClusterState, Defaults, Now, Output};
use std::collections::HashSet;

fuzz_target!(|data: &[u8]| {
    let defaults = Defaults {
        partitions: 2,
        replication_factor: 1,
        auto_create_topics: true,
        initial_rebalance_delay_ms: 0,
    };
    let mut state = ClusterState::new("fuzz".to_owned(), defaults, 1);
    let mut now = Now {
        us: 1_000_000,
        wall_ms: 1_700_000_000_000,
    };
    state.add_broker(now, Broker::new(1, "127.0.0.1".to_owned(), 9092));
    state.create_topic(now, "t", 2, 1, TopicConfig::default());
    let mut rest = data;
    let mut conn = 0;
    let mut answered = HashSet::new();
    let mut settle = |state: &mut ClusterState| {
        for output in state.take_output() {
            let (Output::Send { conn, .. } | Output::Next { conn } | Output::Close { conn }) =
                output;
            assert!(answered.insert(conn), "two answers to one request");
        }
    };
    // Each frame has its length (one byte, times four) and the time that passes first.
    while let [length, wait, tail @ ..] = rest {
        let n = (usize::from(*length) * 4).min(tail.len());
        let (frame, tail) = tail.split_at(n);
        rest = tail;
        now.us += u64::from(*wait) * 100_000;
        now.wall_ms += i64::from(*wait) * 100;
        state.tick(now);
        settle(&mut state);
        conn += 1;
        let peer = Peer {
            conn,
            broker: 1,
            host: StrBytes::from_static_str("/127.0.0.1"),
            principal: StrBytes::new(),
        };
        state.request(now, &peer, Bytes::copy_from_slice(frame));
        settle(&mut state);
    }
    // Metadata, version 1, no topics.
    let metadata = [0, 3, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0, 0, 0, 0];
    let peer = Peer {
        conn: conn + 1,
        broker: 1,
        host: StrBytes::new(),
        principal: StrBytes::new(),
    };
    state.request(now, &peer, Bytes::copy_from_slice(&metadata));
    let served = state
        .take_output()
        .iter()
        .any(|o| matches!(o, Output::Send { conn: c, .. } if *c == peer.conn));
    assert!(served, "the cluster no longer answers");
});
