//! What goes wrong, and its end.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ApiKey, ProduceRequest};

use super::judge::STRIDE;
use super::{BROKERS, PARTITIONS, Simulation, TOPIC, TROUBLE, What};
use crate::consumer::testing::{PLAIN, batch};
use crate::mock::command::{At, Change, PartitionChange};
use crate::mock::dispatch::Peer;
use crate::mock::state::ConnId;
use crate::protocol::request;

/// Answers instead of what was asked for.
const REFUSALS: [i32; 5] = [
    -1,  // UNKNOWN
    15,  // COORDINATOR_NOT_AVAILABLE
    122, // SHARE_SESSION_NOT_FOUND
    123, // INVALID_SHARE_SESSION_EPOCH
    133, // SHARE_SESSION_LIMIT_REACHED
];

/// The connection of whoever produces.
const PRODUCER: ConnId = ConnId::MAX;

impl Simulation {
    pub(super) fn make_trouble(&mut self) {
        if !self.trouble {
            return;
        }
        let most = self.config.trouble_every;
        let delay = Duration::from_millis(self.rng.u64(..2 * most));
        self.schedule.add(self.now + delay, What::Trouble);
        match self.rng.u8(..16) {
            0..5 => self.produce(),
            5..7 => {
                if let Some(conn) = self.some_conn() {
                    self.cut(conn);
                }
            }
            7 => {
                let conn = self.some_conn();
                let conn = conn.and_then(|id| self.conns.get_mut(&id));
                conn.into_iter().for_each(|c| c.mute = true);
            }
            8 => {
                let fetch = self.rng.bool();
                let api = match fetch {
                    true => ApiKey::ShareFetch,
                    false => ApiKey::ShareAcknowledge,
                };
                let code = REFUSALS[self.rng.usize(..REFUSALS.len())];
                let (api, codes) = (api as i16, vec![code]);
                self.change(Change::PushErrors { api, codes });
            }
            9 | 10 => self.move_leader(),
            11..13 => self.assign_otherwise(),
            13 => {
                let member = self.some_member();
                member.into_iter().for_each(|m| self.learn_leaders(m));
            }
            14 if self.rng.bool() => {
                if let Some(member) = self.some_member() {
                    self.note(|| format!("{member}: is killed"));
                    self.end_member(member);
                }
            }
            _ => self.produce(),
        }
    }

    fn some_member(&mut self) -> Option<usize> {
        let alive = self.members.iter().enumerate().filter(|(_, m)| m.alive);
        let alive: Vec<usize> = alive.map(|(at, _)| at).collect();
        self.rng.choice(alive)
    }

    fn some_conn(&mut self) -> Option<ConnId> {
        let conns = self.conns.iter().filter(|(_, c)| !c.cut);
        let conns: Vec<ConnId> = conns.map(|(id, _)| *id).collect();
        self.rng.choice(conns)
    }

    fn move_leader(&mut self) {
        let (partition, broker) = (self.rng.i32(0..PARTITIONS), self.rng.i32(1..=BROKERS));
        self.note(|| format!("partition {partition} goes to {broker}"));
        let topic = TOPIC.to_owned();
        let at = At { topic, partition };
        let change = PartitionChange::Leader(broker);
        self.change(Change::Partition { at, change });
    }

    fn assign_otherwise(&mut self) {
        let partition = self.rng.i32(0..PARTITIONS);
        let Some(member) = self.some_member() else {
            return;
        };
        let assigned = &mut self.members[member].assigned;
        if !assigned.remove(&partition) {
            assigned.insert(partition);
        }
        self.place_all(member);
    }

    fn produce(&mut self) {
        let (partition, count) = (self.rng.i32(0..PARTITIONS), self.rng.i32(1..=12));
        let p = self.cluster.partition(TOPIC, partition).expect("it is");
        let (broker, end) = (p.leader, p.log.end());
        let records = batch(i64::from(partition) * STRIDE + end, count, PLAIN);
        let data = PartitionProduceData::default()
            .with_index(partition)
            .with_records(Some(Bytes::from(records)));
        let topic = TopicProduceData::default()
            .with_name(kafka_protocol::messages::TopicName(TOPIC.to_owned().into()))
            .with_partition_data(vec![data]);
        let kind = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(1000)
            .with_topic_data(vec![topic])
            .into();
        let mut frame = BytesMut::new();
        request::encode_request(ApiKey::Produce, 9, 1, Some("sim"), &kind, &mut frame)
            .expect("a request that can be said");
        frame.advance(4);
        let peer = Peer {
            conn: PRODUCER,
            broker,
            host: "/127.0.0.1".to_owned().into(),
            principal: "User:ANONYMOUS".to_owned().into(),
        };
        let now = self.wall();
        self.cluster.request(now, &peer, frame.freeze());
        self.outputs();
        let p = self.cluster.partition(TOPIC, partition).expect("it is");
        assert_eq!(p.log.end(), end + i64::from(count), "records are written");
    }

    /// From here on all goes well.
    pub(super) fn calm(&mut self) {
        self.trouble = false;
        self.note(|| format!("calm after {TROUBLE:?}"));
        for api in [ApiKey::ShareFetch, ApiKey::ShareAcknowledge] {
            self.change(Change::ClearErrors { api: api as i16 });
        }
        for _ in 0..3 {
            self.produce();
        }
        for conn in self.conns.values_mut() {
            conn.mute = false;
        }
        for member in 0..self.members.len() {
            if self.members[member].alive {
                self.members[member].assigned = (0..PARTITIONS).collect();
                self.learn_leaders(member);
            }
        }
    }
}
