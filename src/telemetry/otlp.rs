//! Metrics in the form that KIP-714 asks for: `MetricsData` of OpenTelemetry's protocol
//! (OTLP, metrics v1), in protobuf.
//!
//! Of that protocol a push needs numbers with one point each, so the few messages are
//! written here by hand; the numbers below are those of its fields.

use crate::protocol::varint::put_unsigned;

/// What a push carries.
#[derive(Debug, Default)]
pub struct Document<'a> {
    /// Who pushes, beyond what the broker knows by the connection.
    pub attributes: Vec<(&'static str, String)>,
    pub scope_name: &'a str,
    pub scope_version: &'a str,
    pub metrics: Vec<Metric>,
}

/// A metric with its only point.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub name: String,
    pub description: &'static str,
    pub shape: Shape,
    pub value: Value,
    /// Nanoseconds since the epoch: the time that the value is about.
    pub start_ns: u64,
    pub end_ns: u64,
    /// The broker that the value is about.
    pub node: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Gauge,
    /// A sum that only grows: what was added since the last push, or ever.
    Sum {
        delta: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Int(i64),
    Double(f64),
}

const NODE_ATTRIBUTE: &str = "node.id";

/// Nothing at all for a document without metrics.
pub fn encode(document: &Document<'_>) -> Vec<u8> {
    let mut out = Message::default();
    if !document.metrics.is_empty() {
        // MetricsData.resource_metrics
        out.message(1, |resource_metrics| {
            if !document.attributes.is_empty() {
                // ResourceMetrics.resource, Resource.attributes
                resource_metrics.message(1, |resource| {
                    for (key, value) in &document.attributes {
                        resource.message(1, |a| attribute(a, key, |v| v.text(1, value)));
                    }
                });
            }
            // ResourceMetrics.scope_metrics
            resource_metrics.message(2, |scope_metrics| {
                // ScopeMetrics.scope, InstrumentationScope.name and .version
                scope_metrics.message(1, |scope| {
                    scope.text(1, document.scope_name);
                    scope.text(2, document.scope_version);
                });
                for m in &document.metrics {
                    // ScopeMetrics.metrics
                    scope_metrics.message(2, |out| metric(out, m));
                }
            });
        });
    }
    out.0
}

/// KeyValue: a key, and an AnyValue.
fn attribute(out: &mut Message, key: &str, value: impl FnOnce(&mut Message)) {
    out.text(1, key);
    out.message(2, value);
}

/// Metric: name, description; the unit is left out, as Java's client does.
fn metric(out: &mut Message, m: &Metric) {
    out.text(1, &m.name);
    out.text(2, m.description);
    match m.shape {
        Shape::Gauge => out.message(5, |gauge| gauge.message(1, |p| point(p, m))),
        Shape::Sum { delta } => out.message(7, |sum| {
            sum.message(1, |p| point(p, m));
            // AggregationTemporality: 1 delta, 2 cumulative.
            sum.number(2, if delta { 1 } else { 2 });
            // is_monotonic
            sum.number(3, 1);
        }),
    }
}

/// NumberDataPoint.
fn point(out: &mut Message, m: &Metric) {
    out.fixed(2, m.start_ns);
    out.fixed(3, m.end_ns);
    match m.value {
        Value::Double(v) => out.fixed(4, v.to_bits()),
        Value::Int(v) => out.fixed(6, v.cast_unsigned()),
    }
    if let Some(node) = m.node {
        out.message(7, |a| {
            attribute(a, NODE_ATTRIBUTE, |v| {
                v.number(3, i64::from(node).cast_unsigned());
            });
        });
    }
}

/// A protobuf message that is being written.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

/// Wire types.
const VARINT: u64 = 0;
const FIXED: u64 = 1;
const LENGTH: u64 = 2;

impl Message {
    fn tag(&mut self, field: u64, wire_type: u64) {
        put_unsigned(&mut self.0, field << 3 | wire_type);
    }

    fn number(&mut self, field: u64, value: u64) {
        self.tag(field, VARINT);
        put_unsigned(&mut self.0, value);
    }

    fn fixed(&mut self, field: u64, value: u64) {
        self.tag(field, FIXED);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.tag(field, LENGTH);
        put_unsigned(&mut self.0, value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn text(&mut self, field: u64, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    fn message(&mut self, field: u64, fill: impl FnOnce(&mut Message)) {
        let mut inner = Message::default();
        fill(&mut inner);
        self.bytes(field, &inner.0);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn gauge(name: &str, value: Value) -> Metric {
        Metric {
            name: name.into(),
            description: "d",
            shape: Shape::Gauge,
            value,
            start_ns: 1,
            end_ns: 2,
            node: None,
        }
    }

    #[test]
    fn nothing_is_no_bytes() {
        assert!(encode(&Document::default()).is_empty());
    }

    /// The bytes of a document, from protobuf's description of the wire.
    #[test]
    fn a_document_by_hand() {
        let document = Document {
            attributes: vec![("k", "v".into())],
            scope_name: "s",
            scope_version: "1",
            metrics: vec![gauge("m", Value::Int(-2))],
        };
        let point: &[u8] = &[
            0x11, 1, 0, 0, 0, 0, 0, 0, 0, // start
            0x19, 2, 0, 0, 0, 0, 0, 0, 0, // end
            0x31, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // as_int
        ];
        let metric = [
            &[0x0a, 1, b'm', 0x12, 1, b'd', 0x2a, 29, 0x0a, 27][..],
            point,
        ]
        .concat();
        let scope = [
            &[0x0a, 6, 0x0a, 1, b's', 0x12, 1, b'1', 0x12, 37][..],
            &metric,
        ]
        .concat();
        let resource = [0x0a, 10, 0x0a, 8, 0x0a, 1, b'k', 0x12, 3, 0x0a, 1, b'v'];
        let all = [
            &[0x0a, 61][..],
            &resource,
            &[0x12, scope.len() as u8],
            &scope,
        ]
        .concat();
        assert_eq!(encode(&document), all);
    }

    #[test]
    fn sums_say_what_they_are_and_points_whom_they_are_about() {
        let mut m = gauge("m", Value::Double(1.5));
        m.shape = Shape::Sum { delta: true };
        m.node = Some(-1);
        let mut out = Message::default();
        metric(&mut out, &m);
        // Delta, monotonic.
        assert_eq!(out.0[out.0.len() - 4..], [0x10, 1, 0x18, 1]);
        let id = &[&b"node.id"[..], &[0x12, 11, 0x18], &[0xff; 9], &[1]].concat();
        assert!(out.0.windows(id.len()).any(|w| w == &id[..]));
        let double = 1.5_f64.to_le_bytes();
        assert!(out.0.windows(8).any(|w| w == double));
    }
}
