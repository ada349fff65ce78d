//! Clients' metrics: subscriptions, and what pushes are refused for.

use super::{Sim, text};
use crate::mock::command::Change;
use crate::protocol::compression::{Codec, compress};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{
    GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse, PushTelemetryRequest,
    PushTelemetryResponse,
};
use uuid::Uuid;

fn ask(sim: &mut Sim, id: Uuid) -> GetTelemetrySubscriptionsResponse {
    let request = GetTelemetrySubscriptionsRequest::default().with_client_instance_id(id);
    sim.call(1, 0, &request)
}

fn change(sim: &mut Sim, change: Change) {
    sim.state.apply(sim.now, change).expect("a change");
}

fn push(sim: &mut Sim, request: &PushTelemetryRequest) -> i16 {
    let response: PushTelemetryResponse = sim.call(1, 0, request);
    response.error_code
}

#[test]
fn subscriptions_are_what_was_set() {
    let mut sim = Sim::new(1);
    let first = ask(&mut sim, Uuid::nil());
    assert!(!first.client_instance_id.is_nil());
    assert_eq!(first.push_interval_ms, 300_000);
    assert!(first.requested_metrics.is_empty() && first.delta_temporality);
    assert_eq!(first.accepted_compression_types, [4, 3, 1, 2]);
    let metrics = vec!["a.".to_string(), "b".to_string()];
    change(&mut sim, Change::TelemetryMetrics { metrics });
    change(&mut sim, Change::TelemetryInterval { ms: 1500 });
    let second = ask(&mut sim, first.client_instance_id);
    assert_eq!(second.client_instance_id, first.client_instance_id);
    assert_eq!(second.push_interval_ms, 1500);
    assert_eq!(second.requested_metrics, [text("a."), text("b")]);
    assert_ne!(second.subscription_id, first.subscription_id);
    assert_ne!(
        ask(&mut sim, Uuid::nil()).client_instance_id,
        first.client_instance_id
    );
}

#[test]
fn pushes_are_taken_or_refused() {
    let mut sim = Sim::new(1);
    let answer = ask(&mut sim, Uuid::nil());
    let mut packed = Vec::new();
    compress(Codec::Zstd, -1, b"metrics", &mut packed).unwrap();
    let good = PushTelemetryRequest::default()
        .with_client_instance_id(answer.client_instance_id)
        .with_subscription_id(answer.subscription_id)
        .with_compression_type(4)
        .with_metrics(packed.into());
    assert_eq!(push(&mut sim, &good), 0);
    let empty = good
        .clone()
        .with_compression_type(0)
        .with_metrics(Vec::new().into());
    assert_eq!(push(&mut sim, &empty), 0);
    let large = vec![0; (1 << 20) + 1];
    for (bad, error) in [
        (
            good.clone().with_client_instance_id(Uuid::nil()),
            E::InvalidRequest,
        ),
        (
            good.clone()
                .with_subscription_id(answer.subscription_id ^ 1),
            E::UnknownSubscriptionId,
        ),
        (
            good.clone().with_compression_type(9),
            E::UnsupportedCompressionType,
        ),
        (
            good.clone().with_compression_type(-1),
            E::UnsupportedCompressionType,
        ),
        (good.clone().with_compression_type(3), E::InvalidRecord),
        (empty.with_metrics(large.into()), E::TelemetryTooLarge),
    ] {
        assert_eq!(push(&mut sim, &bad), error.code(), "{error}");
    }
    change(
        &mut sim,
        Change::TelemetryMetrics {
            metrics: vec!["*".to_string()],
        },
    );
    assert_eq!(push(&mut sim, &good), E::UnknownSubscriptionId.code());
}
