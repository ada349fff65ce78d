//! Fetching: where partitions are fetched from, and the look-ups that come before.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use kafka_protocol::messages::ApiKey;

use super::Machine;
use super::offsets::Fetching;
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::base::time::ms;
use crate::broker::command::LinkCommand;
use crate::broker::{Request, RequestError, Response};
use crate::client::command::MainCommand;
use crate::client::consumer::command::{Command, LookupBatch, LookupKind, PartitionLookup};
use crate::client::consumer::{queries, requests};
use crate::client::context::MainContext;
use crate::client::event::Event;
use crate::client::link_user::UserCommand;
use crate::client::types::{ErrorEvent, LookupResult};
use crate::consumer::control::{Action, Leader, TIMESTAMP_BEGINNING, TIMESTAMP_END};
use crate::consumer::{FetchEnded, Partition, Reason, fetcher};
use crate::coordinator::Target;
use crate::metadata::TopicInfo;

impl Machine {
    pub(super) fn carry_out(&mut self, cx: &mut MainContext<'_>, actions: Vec<Action>) {
        let mut batches: HashMap<(i32, LookupKind, i64), LookupBatch> = HashMap::new();
        for action in actions {
            match action {
                Action::Start { broker, start } => self.start_fetch(cx, broker, start),
                Action::Stop {
                    broker,
                    partition,
                    fetch_id,
                } => self.stop_fetch(cx, broker, partition, fetch_id),
                Action::ListOffset {
                    broker,
                    partition,
                    token,
                    leader_epoch,
                    timestamp,
                } => {
                    let lookup = lookup(&partition, leader_epoch, timestamp);
                    let key = (broker, LookupKind::Offset, timestamp);
                    batches
                        .entry(key)
                        .or_default()
                        .add(partition, token, lookup);
                }
                Action::EpochEnd {
                    broker,
                    partition,
                    token,
                    leader_epoch,
                    epoch,
                } => {
                    let lookup = lookup(&partition, leader_epoch, i64::from(epoch));
                    let key = (broker, LookupKind::EpochEnd, 0);
                    batches
                        .entry(key)
                        .or_default()
                        .add(partition, token, lookup);
                }
                Action::Committed { partition, token } => self.wanted.push((partition, token)),
                Action::Error {
                    partition,
                    code,
                    text,
                } => self.tell_error(&partition, code, text),
                Action::LeaderChanged { topic, why, leader } => {
                    let leader = Some(leader);
                    let stale = MainCommand::StaleMetadata { topic, why, leader };
                    cx.shared.main.send(stale);
                }
                Action::RefreshMetadata { topic, why } => refresh_metadata(cx, &topic, why),
            }
        }
        for ((broker, kind, _), batch) in batches {
            self.send_lookups(cx, broker, kind, batch);
        }
        let wanted = std::mem::take(&mut self.wanted);
        if !wanted.is_empty() {
            let keys = wanted
                .iter()
                .map(|(p, _)| (p.topic.name.clone(), p.id))
                .collect();
            self.fetch_committed(cx, keys, None, Fetching::Control(wanted));
        }
    }

    fn tell_error(&self, partition: &Partition, code: ErrorCode, text: String) {
        if let Some(t) = self.consumer.find(&partition.topic.name, partition.id) {
            t.queue.push(Event::Error(ErrorEvent {
                code,
                text,
                fatal: false,
            }));
        }
    }

    fn start_fetch(&mut self, cx: &mut MainContext<'_>, broker: i32, start: fetcher::Start) {
        match cx.router.brokers.by_node(broker) {
            Some(b) => b.handle.send(LinkCommand::User(UserCommand::Fetch(
                fetcher::Command::Start(start),
            ))),
            None => self.control.on_fetch_ended(
                cx.now,
                FetchEnded {
                    partition: start.partition,
                    fetch_id: start.fetch_id,
                    position: start.position,
                    broker,
                    reason: Reason::NoBroker,
                },
            ),
        }
    }

    fn stop_fetch(
        &mut self,
        cx: &mut MainContext<'_>,
        broker: i32,
        partition: Arc<Partition>,
        fetch_id: u64,
    ) {
        // A broker that is gone ends its fetches by itself.
        if let Some(b) = cx.router.brokers.by_node(broker) {
            b.handle.send(LinkCommand::User(UserCommand::Fetch(
                fetcher::Command::Stop {
                    partition,
                    fetch_id,
                },
            )));
        }
    }

    fn send_lookups(
        &mut self,
        cx: &mut MainContext<'_>,
        broker: i32,
        kind: LookupKind,
        batch: LookupBatch,
    ) {
        let c = &cx.shared.conf.global;
        let timeout = ms(c.socket_timeout_ms);
        let timeout_ms = c.socket_timeout_ms;
        let committed = self.consumer.core.settings.read_committed;
        let main = cx.shared.main.clone();
        let lookups = batch.lookups.clone();
        let reply = move |result| {
            main.send(MainCommand::Consumer(Command::LookedUp {
                batch,
                kind,
                result,
            }));
        };
        let request = match kind {
            LookupKind::Offset => Request::new(
                ApiKey::ListOffsets,
                timeout,
                move |version| requests::list_offsets(&lookups, committed, timeout_ms, version),
                reply,
            ),
            LookupKind::EpochEnd => Request::new(
                ApiKey::OffsetForLeaderEpoch,
                timeout,
                move |version| requests::epoch_ends(&lookups, version),
                reply,
            ),
        };
        cx.send(Target::Broker(broker), request);
    }

    pub(super) fn send_query(&mut self, cx: &mut MainContext<'_>, r: queries::LeaderRequest) {
        let c = &cx.shared.conf.global;
        let timeout_ms = c.socket_timeout_ms;
        let timeout = match r.deadline {
            Some(d) => d.saturating_duration_since(cx.now).min(ms(timeout_ms)),
            None => ms(timeout_ms),
        };
        let committed = self.consumer.core.settings.read_committed;
        let main = cx.shared.main.clone();
        let lookups = r.lookups.clone();
        let request = Request::new(
            ApiKey::ListOffsets,
            timeout,
            move |version| requests::list_offsets(&lookups, committed, timeout_ms, version),
            move |result| {
                main.send(MainCommand::Consumer(Command::QueryAnswered {
                    query: r.query,
                    places: r.places,
                    lookups: r.lookups,
                    result,
                }));
            },
        );
        cx.send(Target::Broker(r.broker), request);
    }

    pub(super) fn on_looked_up(
        &mut self,
        now: Instant,
        batch: LookupBatch,
        kind: LookupKind,
        result: Result<Response, RequestError>,
    ) {
        let results = requests::answers(&batch.lookups, result);
        for ((partition, token), found) in batch.partitions.into_iter().zip(results) {
            match kind {
                LookupKind::Offset => self.control.on_offset(now, &partition, token, found),
                LookupKind::EpochEnd => self.control.on_epoch_end(now, &partition, token, found),
            }
        }
    }

    pub(super) fn on_query_answered(
        &mut self,
        cx: &mut MainContext<'_>,
        query: u64,
        places: &[usize],
        lookups: &[PartitionLookup],
        result: Result<Response, RequestError>,
    ) {
        let results = requests::answers(lookups, result);
        if results.iter().any(Result::is_err) {
            cx.metadata.refresh_soon(cx.now);
        }
        for (lookup, found) in lookups.iter().zip(&results) {
            self.note_watermark(lookup, found);
        }
        self.queries.on_answer(cx.now, query, places, results);
    }

    fn note_watermark(&self, lookup: &PartitionLookup, found: &LookupResult) {
        if let (Ok(at), Some(t)) = (found, self.consumer.find(&lookup.topic, lookup.partition)) {
            match lookup.value {
                TIMESTAMP_BEGINNING => t.partition.set_low(at.offset),
                TIMESTAMP_END => {
                    t.partition.set_high(at.offset, t.partition.last_stable());
                }
                _ => {}
            }
        }
    }

    pub(super) fn learn(&self, cx: &MainContext<'_>, partition: &Arc<Partition>) -> Leader {
        let info = cx.metadata.cache().topic(&partition.topic.name);
        if let Some(info) = info {
            *partition.topic.id.lock() = info.id;
        }
        match info.map(|i| leader_in(i, partition.id)) {
            // It may be newer than what is known of the topic.
            None | Some(Leader::Missing(ErrorCode::_UNKNOWN_PARTITION)) => Leader::Unknown,
            Some(leader) => leader,
        }
    }
}

fn refresh_metadata(cx: &mut MainContext<'_>, topic: &str, why: ErrorCode) {
    cx.shared.logger.debug(
        debug::METADATA | debug::CONSUMER,
        "METADATA",
        format_args!("{topic}: metadata is wanted: {why}"),
    );
    cx.metadata.refresh_soon(cx.now);
}

fn lookup(partition: &Partition, leader_epoch: i32, value: i64) -> PartitionLookup {
    PartitionLookup {
        topic: partition.topic.name.clone(),
        partition: partition.id,
        leader_epoch,
        value,
    }
}

pub(super) fn leader_in(info: &TopicInfo, partition: i32) -> Leader {
    if info.err.is_err() && info.partitions.is_empty() {
        return Leader::Missing(info.err);
    }
    match info.partition(partition) {
        Some(p) if p.leader >= 0 => Leader::At {
            broker: p.leader,
            epoch: p.leader_epoch,
        },
        Some(_) => Leader::None,
        None => Leader::Missing(ErrorCode::_UNKNOWN_PARTITION),
    }
}
