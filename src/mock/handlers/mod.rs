//! The APIs, one file each (small ones of a kind share one).

mod acls;
mod api_versions;
mod authorize;
mod configs;
mod consumer_group;
mod describe;
mod elect_leaders;
pub(super) mod fetch;
mod find_coordinator;
mod group_member;
mod groups_admin;
mod init_producer_id;
mod join_group;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sasl;
mod scram;
mod share_acknowledge;
mod share_acks;
pub(super) mod share_fetch;
mod share_group;
mod telemetry;
mod topics_admin;
mod transactions;

use super::state::{ClusterState, Cx, Reply};
pub(super) use authorize::authorized;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{RequestKind as R, TopicName};
use kafka_protocol::protocol::StrBytes;
pub(super) use sasl::bare_token;

pub fn handle(state: &mut ClusterState, cx: &Cx, request: R) -> Reply {
    match request {
        R::ApiVersions(r) => api_versions::handle(state, cx, r),
        R::SaslHandshake(r) => sasl::handshake(state, cx, r),
        R::SaslAuthenticate(r) => sasl::authenticate(state, cx, r),
        R::Metadata(r) => metadata::handle(state, cx, r),
        R::Produce(r) => produce::handle(state, cx, r),
        R::Fetch(r) => fetch::handle(state, cx, r),
        R::ListOffsets(r) => list_offsets::handle(state, cx, r),
        R::OffsetForLeaderEpoch(r) => offset_for_leader_epoch::handle(state, cx, r),
        R::FindCoordinator(r) => find_coordinator::handle(state, cx, r),
        R::InitProducerId(r) => init_producer_id::handle(state, cx, r),
        R::JoinGroup(r) => join_group::handle(state, cx, r),
        R::SyncGroup(r) => group_member::sync(state, cx, r),
        R::Heartbeat(r) => group_member::heartbeat(state, cx, r),
        R::LeaveGroup(r) => group_member::leave(state, cx, r),
        R::OffsetCommit(r) => offset_commit::handle(state, cx, r),
        R::OffsetFetch(r) => offset_fetch::handle(state, cx, r),
        R::ConsumerGroupHeartbeat(r) => consumer_group::heartbeat(state, cx, r),
        R::ConsumerGroupDescribe(r) => consumer_group::describe(state, cx, r),
        R::DescribeGroups(r) => groups_admin::describe(state, cx, r),
        R::ListGroups(r) => groups_admin::list(state, cx, r),
        R::DeleteGroups(r) => groups_admin::delete(state, cx, r),
        R::OffsetDelete(r) => groups_admin::delete_offsets(state, cx, r),
        R::AddPartitionsToTxn(r) => transactions::add_partitions(state, cx, r),
        R::AddOffsetsToTxn(r) => transactions::add_offsets(state, cx, r),
        R::TxnOffsetCommit(r) => transactions::offset_commit(state, cx, r),
        R::EndTxn(r) => transactions::end(state, cx, r),
        R::CreateTopics(r) => topics_admin::create(state, cx, r),
        R::DeleteTopics(r) => topics_admin::delete(state, cx, r),
        R::CreatePartitions(r) => topics_admin::create_partitions(state, cx, r),
        R::DeleteRecords(r) => topics_admin::delete_records(state, cx, r),
        R::DescribeConfigs(r) => configs::describe(state, cx, r),
        R::AlterConfigs(r) => configs::alter(state, cx, r),
        R::IncrementalAlterConfigs(r) => configs::alter_incrementally(state, cx, r),
        R::CreateAcls(r) => acls::create(state, cx, r),
        R::DescribeAcls(r) => acls::describe(state, cx, r),
        R::DeleteAcls(r) => acls::delete(state, cx, r),
        R::ElectLeaders(r) => elect_leaders::handle(state, cx, r),
        R::DescribeUserScramCredentials(r) => scram::describe(state, cx, r),
        R::AlterUserScramCredentials(r) => scram::alter(state, cx, r),
        R::DescribeCluster(r) => describe::cluster(state, cx, r),
        R::DescribeTopicPartitions(r) => describe::topic_partitions(state, cx, r),
        R::DescribeProducers(r) => describe::producers(state, cx, r),
        R::ListTransactions(r) => describe::list_transactions(state, cx, r),
        R::DescribeTransactions(r) => describe::transactions(state, cx, r),
        R::GetTelemetrySubscriptions(r) => telemetry::subscriptions(state, cx, r),
        R::PushTelemetry(r) => telemetry::push(state, cx, r),
        R::ShareGroupHeartbeat(r) => share_group::heartbeat(state, cx, r),
        R::ShareGroupDescribe(r) => share_group::describe(state, cx, r),
        R::ShareFetch(r) => share_fetch::handle(state, cx, r),
        R::ShareAcknowledge(r) => share_acknowledge::handle(state, cx, r),
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

/// What every request to a group's coordinator is checked for first.
fn check_group(state: &ClusterState, cx: &Cx, group: &str) -> Result<(), i16> {
    if cx.error != 0 {
        return Err(cx.error);
    }
    if group.is_empty() {
        return Err(E::InvalidGroupId.code());
    }
    state
        .check_coordinator(0, group, cx.broker)
        .map_err(|e| e.code())
}
