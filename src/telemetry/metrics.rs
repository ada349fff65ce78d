//! The metrics of a producer, a consumer and a share consumer: their names (KIP-714 and
//! KIP-1076, as far as librdkafka has them), and how they come from what the client
//! counts.

use super::otlp::{Metric, Shape, Value};
use crate::base::conf::ClientKind;
use crate::base::tally::Sample;

/// What every name begins with.
pub const PREFIX: &str = "org.apache.kafka.";

/// A row of the tables below.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// Without [`PREFIX`].
    pub name: &'static str,
    description: &'static str,
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Sum(Total),
    /// What is added to a total in a second.
    Rate(Total),
    /// Milliseconds, or bytes.
    Mean(Sampled),
    Max(Sampled),
    /// Of each broker.
    NodeMean,
    NodeMax,
    /// A part of one.
    Ratio(Sampled),
    Assigned,
}

/// What only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Total {
    Connects,
    RebalanceMs,
    Fetches,
    FetchedBytes,
    Acknowledgements,
    Heartbeats,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sampled {
    Throttle,
    Queued,
    Produce,
    Fetch,
    Commit,
    Rebalance,
    PollIdle,
    BetweenPolls,
    FetchSize,
}

/// What the client has counted, ever.
#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    pub connects: u64,
    pub rebalance_ms: u64,
    pub share: ShareTotals,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct ShareTotals {
    /// ShareFetch requests.
    pub fetches: u64,
    pub fetched_bytes: u64,
    pub acknowledgements: u64,
    pub heartbeats: u64,
}

/// Of one broker since the last push, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct NodeReading {
    pub id: i32,
    pub rtt: Sample,
}

/// All that a push is made from. Samples are in microseconds, but for those that say
/// otherwise.
#[derive(Debug, Default)]
pub struct Readings {
    pub totals: Totals,
    pub nodes: Vec<NodeReading>,
    /// Milliseconds.
    pub throttle: Sample,
    pub queued: Sample,
    pub produce: Sample,
    /// A share consumer's ShareFetch counts here, too.
    pub fetch: Sample,
    pub commit: Sample,
    pub rebalance: Sample,
    /// Millionths.
    pub poll_idle: Sample,
    /// Of a share consumer.
    pub between_polls: Sample,
    /// Bytes. Of a share consumer.
    pub fetch_size: Sample,
    pub assigned: usize,
}

impl Readings {
    fn sample(&self, of: Sampled) -> &Sample {
        match of {
            Sampled::Throttle => &self.throttle,
            Sampled::Queued => &self.queued,
            Sampled::Produce => &self.produce,
            Sampled::Fetch => &self.fetch,
            Sampled::Commit => &self.commit,
            Sampled::Rebalance => &self.rebalance,
            Sampled::PollIdle => &self.poll_idle,
            Sampled::BetweenPolls => &self.between_polls,
            Sampled::FetchSize => &self.fetch_size,
        }
    }
}

impl Totals {
    fn get(&self, of: Total) -> u64 {
        match of {
            Total::Connects => self.connects,
            Total::RebalanceMs => self.rebalance_ms,
            Total::Fetches => self.share.fetches,
            Total::FetchedBytes => self.share.fetched_bytes,
            Total::Acknowledgements => self.share.acknowledgements,
            Total::Heartbeats => self.share.heartbeats,
        }
    }
}

impl Sampled {
    /// Of its unit in what is shown.
    fn parts(self) -> i64 {
        match self {
            Sampled::Throttle | Sampled::FetchSize => 1,
            Sampled::PollIdle => 1_000_000,
            _ => 1000,
        }
    }
}

/// The beginning of the time that the next push is about.
#[derive(Debug, Default)]
pub struct History {
    /// Nanoseconds since the epoch; none before anything was asked for.
    started_ns: Option<u64>,
    last_ns: u64,
    last: Totals,
}

impl History {
    /// From now on it counts, again or for the first time.
    pub fn resume(&mut self, now_ns: u64, totals: Totals) {
        self.started_ns.get_or_insert(now_ns);
        self.last_ns = now_ns;
        self.last = totals;
    }

    /// The points of these metrics; the next are about what comes after.
    pub fn points(
        &mut self,
        now_ns: u64,
        delta: bool,
        metrics: &[&'static Known],
        readings: &Readings,
    ) -> Vec<Metric> {
        let mut out = Vec::new();
        for known in metrics {
            match known.source {
                Source::NodeMean | Source::NodeMax => {
                    for node in &readings.nodes {
                        let value = match known.source {
                            Source::NodeMax => Value::Int(at_least(node.rtt.max, 1000)),
                            _ => Value::Double(node.rtt.mean() / 1000.0),
                        };
                        let point = self.point(now_ns, known, Shape::Gauge, value);
                        out.push(Metric {
                            node: Some(node.id),
                            ..point
                        });
                    }
                }
                source => {
                    let (shape, value) = self.value(now_ns, delta, source, readings);
                    out.push(self.point(now_ns, known, shape, value));
                }
            }
        }
        self.resume(now_ns, readings.totals);
        out
    }

    fn point(&self, now_ns: u64, known: &Known, shape: Shape, value: Value) -> Metric {
        let start_ns = match (shape, self.started_ns) {
            (Shape::Sum { delta: false }, Some(started)) => started,
            _ => self.last_ns,
        };
        Metric {
            name: format!("{PREFIX}{}", known.name),
            description: known.description,
            shape,
            value,
            start_ns,
            end_ns: now_ns,
            node: None,
        }
    }

    fn value(&self, now_ns: u64, delta: bool, source: Source, r: &Readings) -> (Shape, Value) {
        let value = match source {
            Source::Sum(total) => {
                let n = match delta {
                    true => self.added(total, r),
                    false => r.totals.get(total),
                };
                let n = i64::try_from(n).unwrap_or(i64::MAX);
                return (Shape::Sum { delta }, Value::Int(n));
            }
            Source::Rate(total) => {
                let seconds = now_ns.saturating_sub(self.last_ns) as f64 / 1e9;
                // Of a shorter time it would say more than there is.
                Value::Double(self.added(total, r) as f64 / seconds.max(1.0))
            }
            Source::Max(of) => Value::Int(at_least(r.sample(of).max, of.parts())),
            Source::Mean(of) | Source::Ratio(of) => {
                Value::Double(r.sample(of).mean() / of.parts() as f64)
            }
            Source::Assigned => Value::Int(i64::try_from(r.assigned).unwrap_or(i64::MAX)),
            // Each node has a point of its own.
            Source::NodeMean | Source::NodeMax => Value::Int(0),
        };
        (Shape::Gauge, value)
    }

    fn added(&self, total: Total, r: &Readings) -> u64 {
        r.totals.get(total).saturating_sub(self.last.get(total))
    }
}

/// The quotient, rounded up.
fn at_least(n: i64, parts: i64) -> i64 {
    n / parts + i64::from(n % parts > 0)
}

/// All that a client of this kind has.
pub fn of(kind: ClientKind) -> &'static [Known] {
    match kind {
        ClientKind::Producer => PRODUCER,
        ClientKind::Consumer => CONSUMER,
        ClientKind::ShareConsumer => SHARE_CONSUMER,
    }
}

const fn known(name: &'static str, source: Source, description: &'static str) -> Known {
    Known {
        name,
        description,
        source,
    }
}

use Sampled as S;
use Source::{Assigned, Max, Mean, NodeMax, NodeMean, Rate, Ratio, Sum};

const CONNECT_RATE: &str = "Connections begun per second";
const CONNECTS: &str = "Connections begun";
const NODE_MEAN: &str = "Milliseconds from a request to this broker until its response, on average";
const NODE_MAX: &str = "Milliseconds from a request to this broker until its response, at most";

const PRODUCER: &[Known] = &[
    known(
        "producer.connection.creation.rate",
        Rate(Total::Connects),
        CONNECT_RATE,
    ),
    known(
        "producer.connection.creation.total",
        Sum(Total::Connects),
        CONNECTS,
    ),
    known("producer.node.request.latency.avg", NodeMean, NODE_MEAN),
    known("producer.node.request.latency.max", NodeMax, NODE_MAX),
    known(
        "producer.produce.throttle.time.avg",
        Mean(S::Throttle),
        "Milliseconds that brokers asked the client to pause for, on average",
    ),
    known(
        "producer.produce.throttle.time.max",
        Max(S::Throttle),
        "Milliseconds that brokers asked the client to pause for, at most",
    ),
    known(
        "producer.record.queue.time.avg",
        Mean(S::Queued),
        "Milliseconds that a batch gathers and waits before it is sent, on average",
    ),
    known(
        "producer.record.queue.time.max",
        Max(S::Queued),
        "Milliseconds that a batch gathers and waits before it is sent, at most",
    ),
    known(
        "producer.request.latency.avg",
        Mean(S::Produce),
        "Milliseconds from a Produce request to its response, on average",
    ),
    known(
        "producer.request.latency.max",
        Max(S::Produce),
        "Milliseconds from a Produce request to its response, at most",
    ),
];

const CONSUMER: &[Known] = &[
    known(
        "consumer.connection.creation.rate",
        Rate(Total::Connects),
        CONNECT_RATE,
    ),
    known(
        "consumer.connection.creation.total",
        Sum(Total::Connects),
        CONNECTS,
    ),
    known("consumer.node.request.latency.avg", NodeMean, NODE_MEAN),
    known("consumer.node.request.latency.max", NodeMax, NODE_MAX),
    known(
        "consumer.coordinator.assigned.partitions",
        Assigned,
        "Partitions that this member of the group has",
    ),
    known(
        "consumer.coordinator.rebalance.latency.avg",
        Mean(S::Rebalance),
        "Milliseconds that a rebalance of this member takes, on average",
    ),
    known(
        "consumer.coordinator.rebalance.latency.max",
        Max(S::Rebalance),
        "Milliseconds that a rebalance of this member takes, at most",
    ),
    known(
        "consumer.coordinator.rebalance.latency.total",
        Sum(Total::RebalanceMs),
        "Milliseconds that rebalances of this member have taken",
    ),
    known(
        "consumer.fetch.manager.fetch.latency.avg",
        Mean(S::Fetch),
        "Milliseconds from a Fetch request to its response, waiting for messages included, on average",
    ),
    known(
        "consumer.fetch.manager.fetch.latency.max",
        Max(S::Fetch),
        "Milliseconds from a Fetch request to its response, waiting for messages included, at most",
    ),
    known(
        "consumer.poll.idle.ratio.avg",
        Ratio(S::PollIdle),
        "The part of its time that the application spends in polls",
    ),
    known(
        "consumer.coordinator.commit.latency.avg",
        Mean(S::Commit),
        "Milliseconds from a commit's request to its response, on average",
    ),
    known(
        "consumer.coordinator.commit.latency.max",
        Max(S::Commit),
        "Milliseconds from a commit's request to its response, at most",
    ),
];

const SHARE_CONSUMER: &[Known] = &[
    known(
        "consumer.share.poll.idle.ratio.avg",
        Ratio(S::PollIdle),
        "The part of its time that the application spends in polls",
    ),
    known(
        "consumer.share.time.between.poll.avg",
        Mean(S::BetweenPolls),
        "Milliseconds from one poll to the next, on average",
    ),
    known(
        "consumer.share.time.between.poll.max",
        Max(S::BetweenPolls),
        "Milliseconds from one poll to the next, at most",
    ),
    known(
        "consumer.share.fetch.manager.fetch.total",
        Sum(Total::Fetches),
        "ShareFetch requests",
    ),
    known(
        "consumer.share.fetch.manager.fetch.rate",
        Rate(Total::Fetches),
        "ShareFetch requests per second",
    ),
    known(
        "consumer.share.fetch.manager.fetch.latency.avg",
        Mean(S::Fetch),
        "Milliseconds from a ShareFetch request to its response, on average",
    ),
    known(
        "consumer.share.fetch.manager.fetch.latency.max",
        Max(S::Fetch),
        "Milliseconds from a ShareFetch request to its response, at most",
    ),
    known(
        "consumer.share.fetch.manager.acknowledgements.send.total",
        Sum(Total::Acknowledgements),
        "Records whose acknowledgement was sent",
    ),
    known(
        "consumer.share.fetch.manager.acknowledgements.send.rate",
        Rate(Total::Acknowledgements),
        "Records per second whose acknowledgement was sent",
    ),
    known(
        "consumer.share.fetch.manager.fetch.throttle.time.avg",
        Mean(S::Throttle),
        "Milliseconds that brokers asked the client to pause for, on average",
    ),
    known(
        "consumer.share.fetch.manager.fetch.throttle.time.max",
        Max(S::Throttle),
        "Milliseconds that brokers asked the client to pause for, at most",
    ),
    known(
        "consumer.share.coordinator.heartbeat.total",
        Sum(Total::Heartbeats),
        "Heartbeats of this member of the share group",
    ),
    known(
        "consumer.share.coordinator.heartbeat.rate",
        Rate(Total::Heartbeats),
        "Heartbeats per second of this member of the share group",
    ),
    known(
        "consumer.share.fetch.manager.fetch.size.avg",
        Mean(S::FetchSize),
        "Bytes that a ShareFetch brings, on average",
    ),
    known(
        "consumer.share.fetch.manager.fetch.size.max",
        Max(S::FetchSize),
        "Bytes that a ShareFetch brings, at most",
    ),
    known(
        "consumer.share.fetch.manager.bytes.consumed.total",
        Sum(Total::FetchedBytes),
        "Bytes that ShareFetch has brought",
    ),
    known(
        "consumer.share.fetch.manager.bytes.consumed.rate",
        Rate(Total::FetchedBytes),
        "Bytes per second that ShareFetch brings",
    ),
];

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn sample(values: &[i64]) -> Sample {
        let mut s = Sample::default();
        values.iter().for_each(|v| s.add(*v));
        s
    }

    fn named(points: &[Metric], name: &str) -> Metric {
        let full = format!("{PREFIX}{name}");
        let mut found = points.iter().filter(|p| p.name == full);
        let first = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(found.next().is_none(), "{name} twice");
        first.clone()
    }

    fn all(kind: ClientKind) -> Vec<&'static Known> {
        of(kind).iter().collect()
    }

    fn readings() -> Readings {
        Readings {
            totals: Totals {
                connects: 7,
                rebalance_ms: 30,
                ..Totals::default()
            },
            nodes: vec![
                NodeReading {
                    id: 1,
                    rtt: sample(&[1000, 2001]),
                },
                NodeReading {
                    id: 2,
                    rtt: sample(&[]),
                },
            ],
            throttle: sample(&[5, 10]),
            fetch: sample(&[500]),
            poll_idle: sample(&[250_000, 750_000]),
            assigned: 3,
            ..Readings::default()
        }
    }

    #[test]
    fn a_consumers_points() {
        let mut history = History::default();
        let before = Totals {
            connects: 3,
            ..Totals::default()
        };
        history.resume(SECOND, before);
        let points = history.points(3 * SECOND, true, &all(ClientKind::Consumer), &readings());
        let p = named(&points, "consumer.connection.creation.total");
        assert_eq!(
            (p.shape, p.value),
            (Shape::Sum { delta: true }, Value::Int(4))
        );
        assert_eq!((p.start_ns, p.end_ns), (SECOND, 3 * SECOND));
        let value = |name| named(&points, name).value;
        assert_eq!(
            value("consumer.connection.creation.rate"),
            Value::Double(2.0)
        );
        assert_eq!(
            value("consumer.coordinator.assigned.partitions"),
            Value::Int(3)
        );
        assert_eq!(
            value("consumer.fetch.manager.fetch.latency.max"),
            Value::Int(1)
        );
        assert_eq!(
            value("consumer.fetch.manager.fetch.latency.avg"),
            Value::Double(0.5)
        );
        assert_eq!(value("consumer.poll.idle.ratio.avg"), Value::Double(0.5));
        assert_eq!(
            value("consumer.coordinator.commit.latency.max"),
            Value::Int(0)
        );
        let nodes: Vec<_> = points
            .iter()
            .filter(|p| p.name.ends_with("node.request.latency.max"))
            .map(|p| (p.node, p.value))
            .collect();
        assert_eq!(nodes, [(Some(1), Value::Int(3)), (Some(2), Value::Int(0))]);
        let again = history.points(4 * SECOND, true, &all(ClientKind::Consumer), &readings());
        let p = named(&again, "consumer.connection.creation.total");
        assert_eq!((p.value, p.start_ns), (Value::Int(0), 3 * SECOND));
    }

    #[test]
    fn sums_of_all_that_has_been_begin_at_the_start() {
        let mut history = History::default();
        history.resume(SECOND, Totals::default());
        history.resume(2 * SECOND, Totals::default());
        let points = history.points(3 * SECOND, false, &all(ClientKind::Consumer), &readings());
        let p = named(&points, "consumer.coordinator.rebalance.latency.total");
        let cumulative = Shape::Sum { delta: false };
        assert_eq!((p.shape, p.value), (cumulative, Value::Int(30)));
        assert_eq!(p.start_ns, SECOND);
        let gauge = named(&points, "consumer.poll.idle.ratio.avg");
        assert_eq!(gauge.start_ns, 2 * SECOND);
    }

    /// Tiny times would make a single connection look like thousands per second.
    #[test]
    fn rates_are_of_a_second_at_least() {
        let mut history = History::default();
        history.resume(SECOND, Totals::default());
        let points = history.points(SECOND + 1, true, &all(ClientKind::Producer), &readings());
        let rate = named(&points, "producer.connection.creation.rate").value;
        assert_eq!(rate, Value::Double(7.0));
        let throttle = named(&points, "producer.produce.throttle.time.max").value;
        assert_eq!(throttle, Value::Int(10));
    }

    #[test]
    fn names_are_those_of_the_kind() {
        for (kind, prefix, count) in [
            (ClientKind::Producer, "producer.", 10),
            (ClientKind::Consumer, "consumer.", 13),
            (ClientKind::ShareConsumer, "consumer.share.", 17),
        ] {
            let table = of(kind);
            assert_eq!(table.len(), count);
            for (at, row) in table.iter().enumerate() {
                assert!(row.name.starts_with(prefix), "{}", row.name);
                assert!(
                    table
                        .iter()
                        .skip(at + 1)
                        .all(|other| other.name != row.name)
                );
            }
        }
    }
}
