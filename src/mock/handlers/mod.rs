//! The APIs, one file each (small ones of a kind share one).

mod api_versions;
pub(super) mod fetch;
mod find_coordinator;
mod init_producer_id;
mod list_offsets;
mod metadata;
mod offset_for_leader_epoch;
mod produce;

use super::state::{ClusterState, Cx, Reply};
use kafka_protocol::messages::{RequestKind as R, TopicName};
use kafka_protocol::protocol::StrBytes;

pub fn handle(state: &mut ClusterState, cx: &Cx, request: R) -> Reply {
    match request {
        R::ApiVersions(r) => api_versions::handle(state, cx, r),
        R::Metadata(r) => metadata::handle(state, cx, r),
        R::Produce(r) => produce::handle(state, cx, r),
        R::Fetch(r) => fetch::handle(state, cx, r),
        R::ListOffsets(r) => list_offsets::handle(state, cx, r),
        R::OffsetForLeaderEpoch(r) => offset_for_leader_epoch::handle(state, cx, r),
        R::FindCoordinator(r) => find_coordinator::handle(state, cx, r),
        R::InitProducerId(r) => init_producer_id::handle(state, cx, r),
        // Not in `Versions`, so not let through.
        _ => Reply::Close,
    }
}

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}
