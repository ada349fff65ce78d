//! OffsetFetch: what groups have committed; from version 8 of several groups at once.

use super::authorize;
use crate::mock::state::authorizer::Operation::Describe;
use crate::mock::state::group::Kind;
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetFetchRequest, TopicName};
use std::collections::BTreeMap;

/// Topics with the partitions asked for; none: everything that was committed.
type Wanted = Option<Vec<(TopicName, Vec<i32>)>>;

/// The member that asks, and its epoch; from version 9 on.
type Who<'a> = (Option<&'a str>, i32);

const NOBODY: Who<'static> = (None, -1);

pub fn handle(state: &mut ClusterState, cx: &Cx, request: OffsetFetchRequest) -> Reply {
    let mut response = OffsetFetchResponse::default();
    if cx.version >= 8 {
        for g in request.groups {
            let wanted = g.topics.map(|topics| {
                let pair = |t: kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopics| (t.name, t.partition_indexes);
                topics.into_iter().map(pair).collect()
            });
            let who = (g.member_id.as_deref(), g.member_epoch);
            let stable = request.require_stable;
            let found = fetch(state, cx, &g.group_id, who, wanted, stable);
            let mut out = OffsetFetchResponseGroup::default().with_group_id(g.group_id);
            match found {
                Err(code) => out.error_code = code,
                Ok(topics) => out.topics = topics,
            }
            response.groups.push(out);
        }
        return Reply::Now(response.into());
    }
    let wanted: Wanted = request.topics.map(|topics| {
        let pairs = topics.into_iter().map(|t| (t.name, t.partition_indexes));
        pairs.collect()
    });
    let asked = wanted.clone();
    let stable = request.require_stable;
    match fetch(state, cx, &request.group_id, NOBODY, wanted, stable) {
        Ok(topics) => response.topics = topics.into_iter().map(single).collect(),
        Err(code) => {
            if cx.version >= 2 {
                response.error_code = code;
            }
            // Each partition is told as well, for the oldest clients.
            response.topics = asked
                .unwrap_or_default()
                .into_iter()
                .map(|t| refused(t, code))
                .collect();
        }
    }
    Reply::Now(response.into())
}

fn single(t: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic {
    let partitions = t.partitions.into_iter().map(|p| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(p.partition_index)
            .with_committed_offset(p.committed_offset)
            .with_committed_leader_epoch(p.committed_leader_epoch)
            .with_metadata(p.metadata)
            .with_error_code(p.error_code)
    });
    OffsetFetchResponseTopic::default()
        .with_name(t.name)
        .with_partitions(partitions.collect())
}

fn refused((name, partitions): (TopicName, Vec<i32>), code: i16) -> OffsetFetchResponseTopic {
    let partitions = partitions.into_iter().map(|p| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(p)
            .with_committed_offset(-1)
            .with_committed_leader_epoch(-1)
            .with_metadata(Some(Default::default()))
            .with_error_code(code)
    });
    OffsetFetchResponseTopic::default()
        .with_name(name)
        .with_partitions(partitions.collect())
}

fn fetch(
    state: &ClusterState,
    cx: &Cx,
    group: &str,
    who: Who<'_>,
    wanted: Wanted,
    require_stable: bool,
) -> Result<Vec<OffsetFetchResponseTopics>, i16> {
    authorize::group(state, cx, Describe, group).map_err(|e| e.code())?;
    super::check_group(state, cx, group)?;
    let group = state.groups.get(group);
    if let Some(Kind::Consumer(g)) = group.map(|g| &g.kind) {
        g.check_fetch(who.0, who.1).map_err(|e| e.code())?;
    }
    let allowed = |name: &str| authorize::topic(state, cx, Describe, name);
    let wanted = wanted.unwrap_or_else(|| {
        let mut all: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
        for (topic, partition) in group.iter().flat_map(|g| g.all_committed()) {
            all.entry(topic).or_default().push(*partition);
        }
        all.into_iter()
            .filter(|(topic, _)| allowed(topic).is_ok())
            .map(|(topic, partitions)| (super::topic_name(topic), partitions))
            .collect()
    });
    let one = |name: &TopicName, partition: i32| {
        let mut out = OffsetFetchResponsePartitions::default()
            .with_partition_index(partition)
            .with_committed_offset(-1)
            .with_committed_leader_epoch(-1)
            .with_metadata(Some(Default::default()));
        if let Err(e) = allowed(name) {
            out.error_code = e.code();
        } else if require_stable && group.is_some_and(|g| g.is_unstable(name, partition)) {
            out.error_code = E::UnstableOffsetCommit.code();
        } else if let Some(c) = group.and_then(|g| g.committed(name, partition)) {
            out.committed_offset = c.offset;
            out.committed_leader_epoch = c.leader_epoch;
            out.metadata = Some(super::text(&c.metadata));
        }
        out
    };
    Ok(wanted
        .into_iter()
        .map(|(name, partitions)| {
            let partitions = partitions.into_iter().map(|p| one(&name, p)).collect();
            OffsetFetchResponseTopics::default()
                .with_name(name)
                .with_partitions(partitions)
        })
        .collect())
}
