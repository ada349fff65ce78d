//! From the statistics of all instances to the page.

use std::fmt::{Display, Write};

use serde_json::Value;

use super::table::{Kind, Level, ROWS, Row, Scale, Side};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own, version 0.0.4.
    Prometheus,
    /// Version 1.0.0.
    OpenMetrics,
}

impl Format {
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

const INFO: &str = "rdkafka_client";

/// The page of these instances, each with its statistics.
pub fn page(format: Format, instances: &[Value]) -> String {
    let mut page = Page {
        format,
        out: String::with_capacity(4096),
    };
    page.info(instances);
    for row in ROWS {
        page.row(row, instances);
    }
    if format == Format::OpenMetrics {
        page.out.push_str("# EOF\n");
    }
    page.out
}

struct Page {
    format: Format,
    out: String,
}

/// What a sample is about, in the order of the labels.
type Labels<'a> = &'a [(&'static str, &'a str)];

impl Page {
    fn info(&mut self, instances: &[Value]) {
        // OpenMetrics has a type for it, whose samples end with `_info`.
        let (family, kind) = match self.format {
            Format::Prometheus => (format!("{INFO}_info"), "gauge"),
            Format::OpenMetrics => (INFO.to_string(), "info"),
        };
        if !instances.is_empty() {
            self.head(&family, kind, "Which client instances there are.");
        }
        for instance in instances {
            let labels = [
                ("client", text(instance, "name")),
                ("type", text(instance, "type")),
                ("client_id", text(instance, "client_id")),
                ("version", env!("CARGO_PKG_VERSION")),
            ];
            self.sample(&format!("{INFO}_info"), &labels, 1);
        }
    }

    fn row(&mut self, row: &Row, instances: &[Value]) {
        let mut begun = false;
        for instance in instances.iter().filter(|i| has(row.side, i)) {
            each(row.of, instance, &mut |object, labels| {
                for (ending, value) in values(row, object).into_iter().flatten() {
                    if !begun {
                        begun = true;
                        self.head_of(row);
                    }
                    self.sample(&format!("rdkafka_{}{ending}", row.name), labels, value);
                }
            });
        }
    }

    fn head_of(&mut self, row: &Row) {
        let mut family = format!("rdkafka_{}", row.name);
        if self.format == Format::OpenMetrics && row.kind == Kind::Counter {
            family.truncate(family.trim_end_matches("_total").len());
        }
        self.head(&family, row.kind.text(), row.help);
    }

    fn head(&mut self, family: &str, kind: &str, help: &str) {
        self.put(format_args!(
            "# HELP {family} {help}\n# TYPE {family} {kind}\n"
        ));
    }

    fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.out.push_str(name);
        for (at, (key, value)) in labels.iter().enumerate() {
            self.out.push(if at == 0 { '{' } else { ',' });
            self.out.push_str(key);
            self.out.push_str("=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.out.push_str("\\\\"),
                    '"' => self.out.push_str("\\\""),
                    '\n' => self.out.push_str("\\n"),
                    c => self.out.push(c),
                }
            }
            self.out.push('"');
        }
        self.put(format_args!("}} {value}\n"));
    }

    fn put(&mut self, what: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.out, "{what}");
    }
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn has(side: Side, instance: &Value) -> bool {
    match side {
        Side::Both => true,
        Side::Producer => text(instance, "type") == "producer",
        Side::Consumer => text(instance, "type") == "consumer",
    }
}

/// Gives the objects of this level, with what they are about.
fn each(level: Level, instance: &Value, give: &mut dyn FnMut(&Value, Labels<'_>)) {
    let client = ("client", text(instance, "name"));
    let kind = ("type", text(instance, "type"));
    match level {
        Level::Client => give(instance, &[client, kind]),
        Level::Group | Level::Eos => {
            let key = if level == Level::Group { "cgrp" } else { "eos" };
            if let Some(object) = instance.get(key) {
                give(object, &[client, kind]);
            }
        }
        Level::Broker => {
            for (name, broker) in members(instance.get("brokers")) {
                let node = broker.get("nodeid").map(Value::to_string);
                let node = node.unwrap_or_default();
                give(broker, &[client, kind, ("broker", name), ("node", &node)]);
            }
        }
        Level::Topic => {
            for (name, topic) in members(instance.get("topics")) {
                give(topic, &[client, kind, ("topic", name)]);
            }
        }
        Level::Partition => {
            for (topic, object) in members(instance.get("topics")) {
                for (id, partition) in members(object.get("partitions")) {
                    let labels = [client, kind, ("topic", topic), ("partition", id)];
                    give(partition, &labels);
                }
            }
        }
    }
}

fn members(object: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    object.and_then(Value::as_object).into_iter().flatten()
}

/// Up to two samples, each with the ending of its name.
fn values(row: &Row, object: &Value) -> [Option<(&'static str, Number)>; 2] {
    let field = object.get(row.field);
    if row.scale == Scale::Exists {
        return [Some(("", Number::Int(i64::from(field.is_some())))), None];
    }
    let Some(field) = field else {
        return [None, None];
    };
    if row.kind == Kind::Summary {
        let count = number(Scale::AsItIs, field.get("cnt")).filter(|n| *n != Number::Int(0));
        let sum = number(row.scale, field.get("sum")).filter(|_| count.is_some());
        return [sum.map(|n| ("_sum", n)), count.map(|n| ("_count", n))];
    }
    [number(row.scale, Some(field)).map(|n| ("", n)), None]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Number {
    Int(i64),
    Float(f64),
}

impl Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Int(n) => n.fmt(f),
            Number::Float(n) => n.fmt(f),
        }
    }
}

fn number(scale: Scale, field: Option<&Value>) -> Option<Number> {
    let field = field?;
    Some(match scale {
        Scale::AsItIs | Scale::Exists => Number::Int(field.as_i64()?),
        Scale::Known => Number::Int(field.as_i64().filter(|n| *n >= 0)?),
        Scale::Seconds(part) => Number::Float(field.as_f64()? * part),
        Scale::Is(word) => Number::Int(i64::from(field.as_str()? == word)),
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use serde_json::json;

    use super::*;

    fn producer() -> Value {
        json!({
            "name": "a#producer-1", "client_id": "a\\\"\n", "type": "producer", "age": 1_500_000,
            "brokers": {
                "h:1/2": {
                    "nodeid": 2, "state": "UP", "tx": 5,
                    "rtt": {"sum": 2500, "cnt": 2}, "throttle": {"sum": 0, "cnt": 0}
                }
            },
            "topics": {"t": {"partitions": {
                "0": {"leader": 2, "txmsgs": 7, "rxmsgs": 0},
                "-1": {"leader": -1, "txmsgs": 0, "rxmsgs": 0}
            }}},
            "fatal": {}
        })
    }

    fn lines(page: &str, family: &str) -> Vec<String> {
        let begins = |line: &&str| {
            let rest = line
                .trim_start_matches("# HELP ")
                .trim_start_matches("# TYPE ");
            rest.starts_with(family)
        };
        page.lines().filter(begins).map(str::to_string).collect()
    }

    #[test]
    fn samples_and_their_heads() {
        let page = page(Format::Prometheus, &[producer()]);
        assert_eq!(
            lines(&page, "rdkafka_broker_requests_total"),
            [
                "# HELP rdkafka_broker_requests_total Requests sent.",
                "# TYPE rdkafka_broker_requests_total counter",
                "rdkafka_broker_requests_total{client=\"a#producer-1\",type=\"producer\",broker=\"h:1/2\",node=\"2\"} 5",
            ]
        );
        let latency = lines(&page, "rdkafka_broker_request_latency_seconds");
        assert!(latency[2].starts_with("rdkafka_broker_request_latency_seconds_sum{"));
        assert!(latency[2].ends_with("} 0.0025"));
        assert!(latency[3].starts_with("rdkafka_broker_request_latency_seconds_count{"));
        assert!(latency[3].ends_with("} 2"));
        assert!(
            lines(&page, "rdkafka_broker_throttle").is_empty(),
            "without samples"
        );
        assert!(lines(&page, "rdkafka_age_seconds")[2].ends_with(" 1.5"));
        assert!(lines(&page, "rdkafka_fatal")[2].ends_with(" 1"));
        assert!(lines(&page, "rdkafka_broker_up")[2].ends_with(" 1"));
        assert_eq!(
            lines(&page, "rdkafka_partition_leader").len(),
            3,
            "-1 is left out"
        );
        assert_eq!(
            lines(&page, "rdkafka_partition_sent_messages_total").len(),
            4
        );
        assert!(
            lines(&page, "rdkafka_partition_received").is_empty(),
            "a consumer's"
        );
        assert!(lines(&page, "rdkafka_client_info")[2].contains("client_id=\"a\\\\\\\"\\n\""));
        assert!(!page.contains("# EOF"));
    }

    #[test]
    fn open_metrics_has_its_own_names_for_families() {
        let page = page(Format::OpenMetrics, &[producer()]);
        assert!(page.ends_with("\n# EOF\n"));
        assert!(
            page.contains("# TYPE rdkafka_broker_requests counter\nrdkafka_broker_requests_total{")
        );
        assert!(page.contains("# TYPE rdkafka_client info\nrdkafka_client_info{"));
    }

    #[test]
    fn nothing_is_a_page() {
        assert_eq!(page(Format::Prometheus, &[]), "");
        assert_eq!(page(Format::OpenMetrics, &[]), "# EOF\n");
    }

    #[test]
    fn each_family_stands_together() {
        let page = page(Format::Prometheus, &[producer(), producer()]);
        let mut seen: Vec<&str> = Vec::new();
        for line in page.lines().filter(|l| !l.starts_with('#')) {
            let name = line.split('{').next().unwrap();
            let name = name.trim_end_matches("_sum").trim_end_matches("_count");
            if seen.last() != Some(&name) {
                assert!(!seen.contains(&name), "{name} in two places");
                seen.push(name);
            }
        }
    }
}
