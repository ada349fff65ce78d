//! The statistics, as one JSON document per interval.
//!
//! The main thread reads counters that others write; no thread waits for it. Totals
//! are sums over what the document itself shows, so that they agree with it.

#[cfg(all(test, not(loom)))]
mod fields;
mod json;
mod partition;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use kafka_protocol::messages::ApiKey;

use super::brokers::{Broker, Brokers, Condition, NamedLink};
use super::consumer::machine::Machine;
use super::coordinator;
use super::shared::ClientShared;
use super::topic::Topic;
use crate::base::conf::ClientKind;
use crate::base::time::{monotonic_us, wall_ms, wall_us};
use crate::base::window::{Summary, Window};
use crate::broker::BrokerStats;
use crate::broker::identity::Identity;
use crate::broker::stats::StateName;
use crate::coordinator::Kind;
use crate::metadata::Snapshot;
use crate::producer::idempotence::acquire::Acquirer;
use crate::producer::transaction::Transaction;
use json::Json;
use partition::{Consumed, PartitionFields};

/// What the main thread has to tell of.
pub struct Sources<'a> {
    pub shared: &'a ClientShared,
    pub brokers: &'a Brokers,
    pub topics: &'a [Arc<Topic>],
    pub metadata: &'a Snapshot,
    pub consumer: &'a Machine,
    /// Of an idempotent producer without transactions.
    pub acquirer: Option<&'a Acquirer>,
    pub transaction: Option<&'a Transaction>,
    pub windows: Windows,
}

/// How windows of samples are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Windows {
    /// What has come since the last document; the next begins anew.
    SinceTheLast,
    /// Sum and count of all that has come, which leaves the windows to others.
    Ever,
}

#[derive(Debug, Default)]
struct Totals {
    tx: u64,
    tx_bytes: u64,
    rx: u64,
    rx_bytes: u64,
    tx_messages: u64,
    tx_message_bytes: u64,
    rx_messages: u64,
    rx_message_bytes: u64,
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Sources<'_> {
    pub fn json(&self, now: Instant) -> String {
        let mut totals = Totals::default();
        Json::document(|j| {
            self.client(j);
            j.object("brokers", |j| {
                for b in self.brokers.iter() {
                    let id = b.identity.read().clone();
                    self.broker(j, &id, &b.stats, &mut totals);
                }
                self.coordinators(j, &mut totals);
            });
            j.object("topics", |j| {
                for t in self.topics {
                    self.topic(j, t, now, &mut totals);
                }
            });
            self.group(j);
            self.eos(j);
            self.fatal(j);
            j.int("tx", totals.tx);
            j.int("tx_bytes", totals.tx_bytes);
            j.int("rx", totals.rx);
            j.int("rx_bytes", totals.rx_bytes);
            j.int("txmsgs", totals.tx_messages);
            j.int("txmsg_bytes", totals.tx_message_bytes);
            j.int("rxmsgs", totals.rx_messages);
            j.int("rxmsg_bytes", totals.rx_message_bytes);
        })
    }

    fn client(&self, j: &mut Json) {
        let s = self.shared;
        let c = &s.conf.global;
        let age = s.started.elapsed();
        j.text("name", &s.name);
        j.text("client_id", c.client_id.as_deref().unwrap_or_default());
        let kind = if s.kind.is_producer() {
            "producer"
        } else {
            "consumer"
        };
        j.text("type", kind);
        j.int("ts", monotonic_us());
        j.int("time", wall_ms() / 1000);
        j.int("age", age.as_micros());
        j.int("replyq", s.main_queue.items());
        let (messages, bytes) = match &s.producer {
            Some(p) => (p.limits.messages(), p.limits.bytes()),
            None => (0, 0),
        };
        j.int("msg_cnt", messages);
        j.int("msg_size", bytes);
        let max = s.producer.as_ref().map(|p| &p.settings);
        j.int("msg_max", max.map_or(0, |m| m.max_queued_messages));
        j.int("msg_size_max", max.map_or(0, |m| m.max_queued_bytes));
        j.int("simple_cnt", s.consumer.started_count());
        j.int("metadata_cache_cnt", self.metadata.topics.len());
    }

    /// The connections of their own that coordinators have, which are named before the
    /// coordinator is known.
    fn coordinators(&self, j: &mut Json, totals: &mut Totals) {
        for link in self.brokers.named() {
            let id = link.identity.read().clone();
            self.broker(j, &id, &link.stats, totals);
        }
        let of_group = self.has_group().then_some(Kind::Group);
        let of_transaction = self.transaction.map(|_| Kind::Transaction);
        for label in of_group
            .into_iter()
            .chain(of_transaction)
            .map(coordinator::label)
        {
            let is_it = |link: &NamedLink| link.identity.read().label.as_deref() == Some(label);
            if self.brokers.named().iter().any(is_it) {
                continue;
            }
            let stats = BrokerStats::default();
            let since = self.shared.started_us;
            stats.state_since_us.store(since, Ordering::Relaxed);
            let id = Identity {
                label: Some(label.into()),
                ..Identity::default()
            };
            self.broker(j, &id, &stats, totals);
        }
    }

    fn has_group(&self) -> bool {
        self.consumer.group().is_some() && !self.shared.kind.is_producer()
    }

    fn broker(&self, j: &mut Json, id: &Identity, s: &BrokerStats, totals: &mut Totals) {
        let name = id.name();
        let state = StateName::from_code(s.state.load(Ordering::Relaxed));
        let source = match (&id.label, id.node_id) {
            (Some(_), _) => "logical",
            (None, id) if id >= 0 => "learned",
            _ => "configured",
        };
        j.object(&name, |j| {
            j.text("name", &name);
            j.int("nodeid", id.shown_id());
            let address = match id.host.is_empty() {
                true => String::new(),
                false => format!("{}:{}", id.host, id.port),
            };
            j.text("nodename", &address);
            j.text("source", source);
            j.text("state", state.text());
            j.int("stateage", since(&s.state_since_us).unwrap_or(0));
            j.int("outbuf_cnt", s.waiting.load(Ordering::Relaxed));
            // Messages are put into requests when these can be sent.
            j.int("outbuf_msg_cnt", 0);
            j.int("waitresp_cnt", s.in_flight.load(Ordering::Relaxed));
            j.int(
                "waitresp_msg_cnt",
                s.in_flight_messages.load(Ordering::Relaxed),
            );
            j.int("tx", get(&s.tx));
            j.int("txbytes", get(&s.tx_bytes));
            j.int("txerrs", get(&s.tx_errors));
            j.int("txretries", get(&s.tx_retries));
            let idle = |at| since(at).unwrap_or(-1);
            j.int("txidle", idle(&s.last_tx_us));
            j.int("req_timeouts", get(&s.request_timeouts));
            j.int("rx", get(&s.rx));
            j.int("rxbytes", get(&s.rx_bytes));
            j.int("rxerrs", get(&s.rx_errors));
            j.int("rxcorriderrs", get(&s.rx_correlation_errors));
            j.int("rxpartial", get(&s.rx_partial));
            j.int("rxidle", idle(&s.last_rx_us));
            // Buffers here are made in the size that they need.
            j.int("zbuf_grow", 0);
            j.int("buf_grow", 0);
            j.int("wakeups", get(&s.wakeups));
            j.int("connects", get(&s.connects));
            j.int("disconnects", get(&s.disconnects));
            self.window(j, "int_latency", &s.int_latency);
            self.window(j, "outbuf_latency", &s.outbuf_latency);
            self.window(j, "rtt", &s.rtt);
            self.window(j, "throttle", &s.throttle);
            j.object("req", |j| requests(j, self.shared.kind, s));
            j.object("toppars", |j| self.led_by(j, id.shown_id()));
        });
        totals.tx += get(&s.tx);
        totals.tx_bytes += get(&s.tx_bytes);
        totals.rx += get(&s.rx);
        totals.rx_bytes += get(&s.rx_bytes);
    }

    /// The partitions that this client uses a broker for.
    fn led_by(&self, j: &mut Json, node_id: i32) {
        for topic in self.topics {
            let Some(info) = self.metadata.topic(&topic.name) else {
                continue;
            };
            let led = |leader| leader == node_id && leader >= 0;
            for p in info.partitions.iter().filter(|p| led(p.leader)) {
                j.object(&format!("{}-{}", topic.name, p.id), |j| {
                    j.text("topic", &topic.name);
                    j.int("partition", p.id);
                });
            }
        }
    }

    fn topic(&self, j: &mut Json, topic: &Topic, now: Instant, totals: &mut Totals) {
        let age = now.saturating_duration_since(topic.created).as_millis();
        let seen = topic.metadata_at.load(Ordering::Relaxed);
        let metadata_age = if seen < 0 {
            0
        } else {
            i64::try_from(age).unwrap_or(i64::MAX) - seen
        };
        let producer = topic.producer.as_ref();
        let none = Window::default();
        let windows = producer.map(|p| &p.info.stats);
        j.object(&topic.name, |j| {
            j.text("topic", &topic.name);
            j.int("age", age);
            j.int("metadata_age", metadata_age.max(0));
            self.window(j, "batchsize", windows.map_or(&none, |w| &w.batch_size));
            self.window(j, "batchcnt", windows.map_or(&none, |w| &w.batch_count));
            j.object("partitions", |j| {
                for fields in self.partitions(topic) {
                    fields.write(j);
                    totals.tx_messages += fields.tx_messages;
                    totals.tx_message_bytes += fields.tx_bytes;
                    totals.rx_messages += fields.consumed.rx_messages;
                    totals.rx_message_bytes += fields.consumed.rx_bytes;
                }
            });
        });
    }

    /// All partitions that metadata has or that the client uses, and -1 for
    /// messages that have no partition yet.
    fn partitions(&self, topic: &Topic) -> Vec<PartitionFields> {
        let info = self.metadata.topic(&topic.name);
        let mut all: Vec<PartitionFields> = info
            .map(|i| i.partitions.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|p| {
                let broker = self.brokers.by_node(p.leader).is_some();
                PartitionFields {
                    broker: if broker { p.leader } else { -1 },
                    leader: p.leader,
                    leader_epoch: p.leader_epoch,
                    ..PartitionFields::new(p.id)
                }
            })
            .collect();
        let mut unassigned = PartitionFields::new(-1);
        if let Some(producer) = &topic.producer {
            for p in producer.view().partitions() {
                let f = entry(&mut all, p.id);
                f.produced = p.counts();
                f.tx_messages = get(&p.sent.messages);
                f.tx_bytes = get(&p.sent.bytes);
            }
            let (messages, bytes) = producer.waiting();
            unassigned.produced.waiting = messages;
            unassigned.produced.waiting_bytes = bytes;
            unassigned.produced.messages = producer.early();
        }
        self.consumed(topic, &mut all);
        all.push(unassigned);
        all
    }

    fn consumed(&self, topic: &Topic, all: &mut Vec<PartitionFields>) {
        let consumer = &self.shared.consumer;
        let read_committed = consumer.core.settings.read_committed;
        for tp in consumer.partitions() {
            let p = &tp.partition;
            if p.topic.name != topic.name {
                continue;
            }
            let (low, high) = p.watermarks();
            let (stored, committed) = (p.stored.get(), p.committed.get());
            let f = entry(all, p.id);
            f.desired = p.is_assigned();
            f.consumed = Consumed {
                fetch_state: self.consumer.control().fetch_state(p),
                queued: p.waiting.messages(),
                queued_bytes: p.waiting.bytes(),
                query_offset: p.query_offset.load(Ordering::Relaxed),
                next_offset: p.next_offset.load(Ordering::Relaxed),
                app_offset: p.position.get().offset,
                stored_offset: stored.offset,
                stored_epoch: stored.epoch,
                committed_offset: committed.offset,
                committed_epoch: committed.epoch,
                eof_offset: p.eof_offset.load(Ordering::Relaxed),
                low,
                high,
                last_stable: p.last_stable(),
                end: if read_committed {
                    p.last_stable()
                } else {
                    high
                },
                rx_messages: get(&p.stats.rx_messages),
                rx_bytes: get(&p.stats.rx_bytes),
                dropped: get(&p.stats.dropped),
            };
        }
    }

    fn group(&self, j: &mut Json) {
        let machine = self.consumer;
        let Some(group) = machine.group().filter(|_| !self.shared.kind.is_producer()) else {
            return;
        };
        let (rebalances, last) = machine.rebalances();
        let (state, since) = machine.group_state();
        let up = |b: &Broker| b.condition == Condition::Up;
        let state = match state {
            // The question itself waits for a broker.
            "wait-coord" if !self.brokers.iter().any(up) => "query-coord",
            state => state,
        };
        let membership = group.membership();
        j.object("cgrp", |j| {
            j.text("state", state);
            j.int("stateage", since.elapsed().as_millis());
            j.text("join_state", machine.join_state());
            j.int(
                "rebalance_age",
                last.map_or(0, |at| at.elapsed().as_millis()),
            );
            j.int("rebalance_cnt", rebalances);
            j.text("rebalance_reason", membership.reason());
            j.int("assignment_size", membership.assignment().len());
        });
    }

    fn eos(&self, j: &mut Json) {
        let now = Instant::now();
        let (state, age, pid, epochs) = match (self.acquirer, self.transaction) {
            (Some(acquirer), _) => {
                let (state, age) = acquirer.state(now);
                (state, age, acquirer.pid(), acquirer.count())
            }
            (None, Some(t)) => (t.producer_id_state(), t.state_age(now), t.pid(), t.epochs()),
            (None, None) => return,
        };
        let transaction = self.transaction;
        let txn_age = transaction.map_or(self.shared.started.elapsed(), |t| t.state_age(now));
        j.object("eos", |j| {
            j.text("idemp_state", state);
            j.int("idemp_stateage", age.as_millis());
            j.text("txn_state", transaction.map_or("Init", |t| t.state_name()));
            j.int("txn_stateage", txn_age.as_millis());
            j.flag("txn_may_enq", transaction.is_some_and(|t| t.is_open()));
            j.int("producer_id", pid.map_or(-1, |p| p.id));
            j.int("producer_epoch", pid.map_or(-1, |p| i64::from(p.epoch)));
            j.int("epoch_cnt", epochs);
        });
    }

    fn window(&self, j: &mut Json, name: &str, window: &Window) {
        match self.windows {
            Windows::SinceTheLast => summary(j, name, &window.take()),
            Windows::Ever => {
                let (sum, count) = window.ever();
                j.object(name, |j| {
                    j.int("sum", sum);
                    j.int("cnt", count);
                });
            }
        }
    }

    fn fatal(&self, j: &mut Json) {
        if let Some(e) = self.shared.fatal() {
            j.object("fatal", |j| {
                j.text("error", &e.code.to_string());
                j.text("reason", &e.text);
                // Only the first is kept.
                j.int("cnt", 1);
            });
        }
    }
}

fn entry(all: &mut Vec<PartitionFields>, id: i32) -> &mut PartitionFields {
    let at = match all.iter().position(|f| f.partition == id) {
        Some(at) => at,
        None => {
            all.push(PartitionFields {
                unknown: true,
                ..PartitionFields::new(id)
            });
            all.len() - 1
        }
    };
    // `at` was just found or made.
    &mut all[at]
}

/// Microseconds since a moment on the wall clock, if it has come.
fn since(at_us: &AtomicI64) -> Option<i64> {
    let at = at_us.load(Ordering::Relaxed);
    (at > 0).then(|| (wall_us() - at).max(0))
}

fn summary(j: &mut Json, name: &str, s: &Summary) {
    j.object(name, |j| {
        j.int("min", s.min);
        j.int("max", s.max);
        j.int("avg", s.avg);
        j.int("sum", s.sum);
        j.int("stddev", s.stddev);
        j.int("p50", s.p50);
        j.int("p75", s.p75);
        j.int("p90", s.p90);
        j.int("p95", s.p95);
        j.int("p99", s.p99);
        j.int("p99_99", s.p99_99);
        // The buckets grow with the samples.
        j.int("outofrange", 0);
        j.int("hdrsize", s.memory);
        j.int("cnt", s.count);
    });
}

/// Requests of the everyday kinds are shown always, others once they were sent.
fn requests(j: &mut Json, kind: ClientKind, stats: &BrokerStats) {
    for api in ApiKey::iter() {
        let sent = stats.requests.get(api as usize).map_or(0, get);
        if sent > 0 || is_usual(kind, api) {
            match api {
                ApiKey::ApiVersions => j.int("ApiVersion", sent),
                _ => j.int(&format!("{api:?}"), sent),
            }
        }
    }
}

fn is_usual(kind: ClientKind, api: ApiKey) -> bool {
    use ApiKey::*;
    match api {
        Produce | InitProducerId | AddPartitionsToTxn | AddOffsetsToTxn | EndTxn
        | TxnOffsetCommit => kind.is_producer(),
        Fetch | OffsetCommit | OffsetFetch | JoinGroup | Heartbeat | LeaveGroup | SyncGroup => {
            !kind.is_producer()
        }
        ListOffsets
        | Metadata
        | FindCoordinator
        | SaslHandshake
        | ApiVersions
        | SaslAuthenticate
        | DescribeCluster
        | DescribeProducers
        | DescribeTransactions
        | ListTransactions
        | GetTelemetrySubscriptions
        | PushTelemetry
        | ShareGroupHeartbeat
        | ShareFetch
        | ShareAcknowledge => true,
        _ => false,
    }
}
