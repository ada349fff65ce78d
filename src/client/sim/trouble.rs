//! What goes wrong.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use kafka_protocol::messages::{ApiKey, InitProducerIdRequest, TransactionalId};

use super::schedule::What;
use super::{BROKERS, Simulation, TOPICS};
use crate::mock::command::{At, BrokerChange, Change, PartitionChange};
use crate::protocol::request::encode_request;

const NOT_LEADER: i16 = 6;
const REQUEST_TIMED_OUT: i16 = 7;
const LOADING: i16 = 14;
const NOT_AVAILABLE: i16 = 15;
const NOT_COORDINATOR: i16 = 16;
const NOT_ENOUGH_REPLICAS: i16 = 19;
const NOT_ENOUGH_REPLICAS_AFTER_APPEND: i16 = 20;
const CONCURRENT_TRANSACTIONS: i16 = 51;
const STORAGE: i16 = 56;
/// The connection is closed instead of an answer.
const CLOSED: i16 = -195;

/// What brokers answer without doing anything.
const REFUSALS: &[(ApiKey, &[i16])] = &[
    (
        ApiKey::Produce,
        &[
            3,
            NOT_LEADER,
            REQUEST_TIMED_OUT,
            NOT_ENOUGH_REPLICAS,
            STORAGE,
            // Larger than the broker takes: nothing helps.
            10,
            CLOSED,
        ],
    ),
    (
        ApiKey::AddPartitionsToTxn,
        &[3, LOADING, NOT_AVAILABLE, NOT_COORDINATOR, 51, CLOSED],
    ),
    (
        ApiKey::AddOffsetsToTxn,
        &[LOADING, NOT_AVAILABLE, NOT_COORDINATOR, 51, CLOSED],
    ),
    (
        ApiKey::TxnOffsetCommit,
        &[
            3,
            LOADING,
            NOT_AVAILABLE,
            NOT_COORDINATOR,
            REQUEST_TIMED_OUT,
            // Illegal generation.
            22,
            CLOSED,
        ],
    ),
    (
        ApiKey::EndTxn,
        &[LOADING, NOT_AVAILABLE, NOT_COORDINATOR, 51, CLOSED],
    ),
    (
        ApiKey::InitProducerId,
        &[LOADING, NOT_AVAILABLE, NOT_COORDINATOR, 51, CLOSED],
    ),
    (ApiKey::FindCoordinator, &[LOADING, NOT_AVAILABLE, CLOSED]),
];

/// What brokers answer though they have done it: what they wrote was not seen by all
/// replicas in time, and is seen later.
const DONE_ALL_THE_SAME: &[(ApiKey, &[i16])] = &[
    (
        ApiKey::Produce,
        &[REQUEST_TIMED_OUT, NOT_ENOUGH_REPLICAS_AFTER_APPEND],
    ),
    (
        ApiKey::AddPartitionsToTxn,
        &[NOT_AVAILABLE, NOT_COORDINATOR],
    ),
    (ApiKey::AddOffsetsToTxn, &[NOT_AVAILABLE, NOT_COORDINATOR]),
    (
        ApiKey::TxnOffsetCommit,
        &[NOT_AVAILABLE, NOT_COORDINATOR, REQUEST_TIMED_OUT],
    ),
    (ApiKey::EndTxn, &[NOT_AVAILABLE, NOT_COORDINATOR]),
    (ApiKey::InitProducerId, &[NOT_AVAILABLE, NOT_COORDINATOR]),
];

impl Simulation {
    pub(super) fn inject(&mut self, api: i16, codes: &[i32]) {
        let codes = codes.to_vec();
        self.change(Change::PushErrors { api, codes });
    }

    pub(super) fn change(&mut self, change: Change) {
        let now = self.wall();
        self.cluster.apply(now, change).expect("a valid change");
        self.outputs();
    }

    /// The error for a request of this API that is carried out.
    pub(super) fn done_but_refused(&mut self, api: i16) -> Option<i16> {
        if self.cluster.errors.count(api) > 0 {
            return None;
        }
        self.refused.remove(&api)
    }

    pub(super) fn make_trouble(&mut self) {
        if !self.trouble {
            return;
        }
        let delay = Duration::from_millis(self.rng.u64(20..self.config.trouble_every));
        self.schedule.add(self.now + delay, What::Trouble);
        let alive: Vec<usize> = (0..self.clients.len())
            .filter(|at| self.clients[*at].alive)
            .collect();
        let at = self.rng.choice(&alive).copied();
        match self.rng.u8(..32) {
            0..5 => self.cut_one(),
            5 => {
                let links = at.map(|at| &self.clients[at].links);
                let conns = links.into_iter().flatten().filter_map(|l| l.conn);
                for conn in conns.collect::<Vec<_>>() {
                    self.cut(conn);
                }
            }
            6 => self.take_down(),
            7 | 8 => {
                let topic = self.rng.usize(..TOPICS.len());
                let partition = self.rng.i32(0..TOPICS[topic].1);
                let broker = self.any_broker();
                self.lead(TOPICS[topic].0, partition, broker);
            }
            9..12 => {
                let (kind, slot) = (self.rng.i8(0..2), self.rng.usize(..self.current.len()));
                let broker = self.any_broker();
                self.move_coordinator(kind, slot, broker);
            }
            12..18 => {
                let (api, codes) = self.rng.choice(REFUSALS).expect("some");
                let code = *self.rng.choice(*codes).expect("some");
                let times = self.rng.usize(1..4);
                self.note(|| format!("{api:?} will be refused with {code}"));
                self.inject(*api as i16, &vec![i32::from(code); times]);
            }
            18..22 => {
                let (api, codes) = self.rng.choice(DONE_ALL_THE_SAME).expect("some");
                let code = *self.rng.choice(*codes).expect("some");
                self.refused.insert(*api as i16, code);
            }
            22..24 => {
                let conns: Vec<_> = self.conns.iter().filter(|(_, c)| !c.cut).collect();
                let conn = self.rng.choice(&conns).map(|(id, _)| **id);
                let time = Duration::from_millis(self.rng.u64(..10_000));
                conn.into_iter().for_each(|conn| self.stall(conn, time));
            }
            24 | 25 => {
                let ms = *self.rng.choice(&[0, 0, 20, 500, 3000]).expect("some");
                self.change(Change::TransactionEndDelay { ms });
            }
            26 => at.into_iter().for_each(|at| self.freeze(at)),
            27 if self.config.zombies => self.supersede(),
            28 => {
                let ms = *self.rng.choice(&[0, 0, 0, 50, 400]).expect("some");
                let broker = self.any_broker();
                self.change_broker(broker, BrokerChange::RoundTripTime(ms));
            }
            29 if self.config.changes_version => {
                let level = self.rng.i16(1..=2);
                self.change(Change::TransactionVersion { level });
            }
            30 => at.into_iter().for_each(|at| self.replace(at)),
            _ => {
                // In version 2 brokers say so themselves.
                self.inject(
                    ApiKey::Produce as i16,
                    &[i32::from(match self.careful {
                        true => NOT_ENOUGH_REPLICAS,
                        false => CONCURRENT_TRANSACTIONS,
                    })],
                );
            }
        }
    }

    fn any_broker(&mut self) -> i32 {
        self.rng.i32(1..=BROKERS)
    }

    fn cut_one(&mut self) {
        let conns: Vec<_> = self.conns.iter().filter(|(_, c)| !c.cut).collect();
        if let Some(conn) = self.rng.choice(&conns).map(|(id, _)| **id) {
            self.cut(conn);
        }
    }

    fn freeze(&mut self, at: usize) {
        let time = Duration::from_millis(self.rng.u64(..40_000));
        self.note(|| format!("{at}: stands still for {time:?}"));
        let until = self.now + time;
        let frozen = &mut self.clients[at].frozen;
        *frozen = until.max(*frozen);
    }

    /// A second instance with the same transactional.id, while the first is still there.
    fn supersede(&mut self) {
        let slot = self.rng.usize(..self.current.len());
        if let Some(at) = self.current[slot] {
            if self.rng.bool() {
                self.freeze(at);
            }
            self.begin_client(slot);
        }
    }

    fn change_broker(&mut self, broker: i32, change: BrokerChange) {
        let now = self.wall();
        self.cluster.change_broker(now, broker, &change);
        self.outputs();
    }

    fn lead(&mut self, topic: &str, partition: i32, broker: i32) {
        self.note(|| format!("{topic} [{partition}] is led by {broker}"));
        let topic = topic.to_owned();
        let at = At { topic, partition };
        let change = PartitionChange::Leader(broker);
        self.change(Change::Partition { at, change });
    }

    fn move_coordinator(&mut self, kind: i8, slot: usize, broker: i32) {
        let key = [format!("g{slot}"), format!("tx{slot}")][kind as usize].clone();
        self.note(|| format!("{key} is coordinated by {broker}"));
        self.change(Change::Coordinator {
            key_type: kind,
            key,
            broker,
        });
    }

    fn take_down(&mut self) {
        let broker = self.any_broker();
        self.note(|| format!("broker {broker} goes down"));
        self.change_broker(broker, BrokerChange::Down);
        let theirs = self.conns.iter().filter(|(_, c)| c.broker == broker);
        for conn in theirs.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.cut(conn);
        }
        let away = Duration::from_millis(self.rng.u64(500..20_000));
        self.schedule.add(self.now + away, What::Up(broker));
        let moves = Duration::from_millis(self.rng.u64(..5000));
        self.schedule.add(self.now + moves, What::Moves(broker));
    }

    pub(super) fn up(&mut self, broker: i32) {
        self.note(|| format!("broker {broker} is back"));
        self.change_broker(broker, BrokerChange::Up);
    }

    /// What a broker led and coordinated goes to one that is up, if it is still down.
    pub(super) fn moves(&mut self, broker: i32) {
        let up = self.cluster.brokers.iter().filter(|b| b.up).map(|b| b.id);
        let up: Vec<i32> = up.collect();
        if up.contains(&broker) || up.is_empty() {
            return;
        }
        for (topic, count) in TOPICS {
            for partition in 0..count {
                let leader = self.cluster.partition(topic, partition).map(|p| p.leader);
                if leader == Some(broker) {
                    let to = *self.rng.choice(&up).expect("one is up");
                    self.lead(topic, partition, to);
                }
            }
        }
        for slot in 0..self.current.len() {
            for kind in 0..2 {
                let key = [format!("g{slot}"), format!("tx{slot}")][kind as usize].clone();
                let known = self.cluster.coordinator(kind, &key).map(|b| b.id);
                if known == Some(broker) {
                    let to = *self.rng.choice(&up).expect("one is up");
                    self.move_coordinator(kind, slot, to);
                }
            }
        }
    }

    /// Of the producer id that the transactional id has, few epochs are left.
    pub(super) fn use_up_epochs(&mut self, slot: usize) {
        let id = format!("tx{slot}");
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(id.clone().into())))
            .with_transaction_timeout_ms(60_000);
        let api = ApiKey::InitProducerId;
        let mut frame = BytesMut::new();
        encode_request(api, 5, 0, None, &request.into(), &mut frame).expect("a request");
        frame.advance(4);
        let broker = self.cluster.coordinator(1, &id).map_or(1, |b| b.id);
        self.carry_out(0, broker, frame.freeze());
        let left = self.rng.i16(1..20);
        let transaction = self.cluster.transactions.get_mut(&id);
        transaction.expect("a producer id").epoch = i16::MAX - left;
    }

    /// From now on nothing goes wrong.
    pub(super) fn calm(&mut self) {
        self.note(|| "all is well from here on".into());
        self.trouble = false;
        self.refused.clear();
        self.change(Change::TransactionEndDelay { ms: 0 });
        for (api, _) in REFUSALS {
            self.change(Change::ClearErrors { api: *api as i16 });
        }
        for broker in 1..=BROKERS {
            self.change_broker(broker, BrokerChange::RoundTripTime(0));
            self.up(broker);
        }
        for at in 0..self.clients.len() {
            self.refresh_metadata(at);
        }
    }
}
