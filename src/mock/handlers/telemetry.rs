//! GetTelemetrySubscriptions and PushTelemetry: clients' metrics.

use crate::mock::state::telemetry::MAX_BYTES;
use crate::mock::state::{ClusterState, Cx, Reply};
use crate::protocol::compression::Codec;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{
    GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse, PushTelemetryRequest,
    PushTelemetryResponse,
};

/// In the order that Kafka prefers them.
const ACCEPTED: [Codec; 4] = [Codec::Zstd, Codec::Lz4, Codec::Gzip, Codec::Snappy];

pub fn subscriptions(
    state: &mut ClusterState,
    cx: &Cx,
    request: GetTelemetrySubscriptionsRequest,
) -> Reply {
    let mut response = GetTelemetrySubscriptionsResponse::default().with_error_code(cx.error);
    if cx.error == 0 {
        response.client_instance_id = match request.client_instance_id {
            id if id.is_nil() => state.random_uuid(),
            id => id,
        };
        let telemetry = &state.telemetry;
        response.subscription_id = telemetry.subscription_id();
        response.accepted_compression_types = ACCEPTED.iter().map(|c| *c as i8).collect();
        response.push_interval_ms = telemetry.interval_ms();
        response.telemetry_max_bytes = MAX_BYTES;
        response.delta_temporality = true;
        response.requested_metrics = telemetry.metrics().iter().map(|m| super::text(m)).collect();
    }
    Reply::Now(response.into())
}

pub fn push(state: &mut ClusterState, cx: &Cx, request: PushTelemetryRequest) -> Reply {
    let outcome = match cx.error {
        0 if request.client_instance_id.is_nil() => Err(E::InvalidRequest.code()),
        0 => state
            .telemetry
            .push(
                request.subscription_id,
                request.compression_type,
                &request.metrics,
            )
            .map_err(|e| e.code()),
        code => Err(code),
    };
    if let Ok(bytes) = outcome {
        state.trace.line(format_args!(
            "Broker {}: {bytes} bytes of metrics from client instance {}{}",
            cx.broker,
            request.client_instance_id,
            if request.terminating {
                ", its last"
            } else {
                ""
            }
        ));
    }
    let code = outcome.err().unwrap_or(0);
    Reply::Now(
        PushTelemetryResponse::default()
            .with_error_code(code)
            .into(),
    )
}
