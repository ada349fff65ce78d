//! Share sessions and acknowledgements as requests, and results out of responses.

use std::collections::BTreeMap;

use kafka_protocol::messages::share_acknowledge_request::{
    AcknowledgePartition, AcknowledgeTopic, AcknowledgementBatch,
};
use kafka_protocol::messages::share_fetch_request::{
    AcknowledgementBatch as FetchAcknowledgement, FetchPartition, FetchTopic, ForgottenTopic,
};
use kafka_protocol::messages::{
    GroupId, ShareAcknowledgeRequest, ShareAcknowledgeResponse, ShareFetchRequest,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::session::Changes;
use super::{AckRun, Job, Key, Settings, Shared};
use crate::base::error::ErrorCode;
use crate::protocol::leader::NewLeader;
use crate::protocol::share::{RECORD_LIMIT, ShareFetchV2};

/// What is acknowledged, by partition, in the order of offsets.
pub type Acks = BTreeMap<Key, Vec<AckRun>>;

pub fn merge(jobs: &[Job]) -> Acks {
    let mut all = Acks::new();
    for acks in jobs.iter().flat_map(|job| &job.acks) {
        let runs = all.entry(acks.partition.key()).or_default();
        runs.extend(&acks.runs);
    }
    for runs in all.values_mut() {
        runs.sort_by_key(|run| run.first);
    }
    all
}

pub fn records_in(acks: &Acks) -> u64 {
    sum_of(acks.values().flatten())
}

/// No more than a counter holds, whatever a broker says it has acquired.
pub fn sum_of<'a>(runs: impl Iterator<Item = &'a AckRun>) -> u64 {
    runs.fold(0, |sum: u64, run| sum.saturating_add(run.records()))
}

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

fn by_topic<T>(items: impl Iterator<Item = (Key, T)>) -> BTreeMap<Uuid, Vec<(i32, T)>> {
    let mut topics: BTreeMap<Uuid, Vec<(i32, T)>> = BTreeMap::new();
    for ((topic, partition), item) in items {
        topics.entry(topic).or_default().push((partition, item));
    }
    topics
}

/// From version 2 on the broker can be told to give no more records than asked for.
pub fn fetch(shared: &Shared, changes: Changes, acks: &Acks, version: i16) -> ShareFetchRequest {
    let new = changes.add.into_iter().map(|key| (key, Vec::new()));
    let said = acks.iter().map(|(key, runs)| (*key, runs.clone()));
    let topics = by_topic(new.chain(said)).into_iter().map(|(id, list)| {
        let partitions = list.into_iter().map(|(index, runs)| {
            let batches = runs.into_iter().map(|run| {
                FetchAcknowledgement::default()
                    .with_first_offset(run.first)
                    .with_last_offset(run.last)
                    .with_acknowledge_types(vec![run.kind as i8])
            });
            FetchPartition::default()
                .with_partition_index(index)
                .with_acknowledgement_batches(batches.collect())
        });
        FetchTopic::default()
            .with_topic_id(id)
            .with_partitions(partitions.collect())
    });
    let forget = changes.forget.into_iter().map(|key| (key, ()));
    let forgotten = by_topic(forget).into_iter().map(|(id, list)| {
        ForgottenTopic::default()
            .with_topic_id(id)
            .with_partitions(list.into_iter().map(|(index, ())| index).collect())
    });
    let settings = &shared.settings;
    let (max_records, is_limit) = shared.pace.request(settings);
    let request = ShareFetchRequest::default()
        .with_group_id(Some(GroupId(text(&settings.group_id))))
        .with_member_id(Some(text(&settings.member_id)))
        .with_share_session_epoch(changes.epoch)
        .with_max_wait_ms(i32::try_from(settings.max_wait.as_millis()).unwrap_or(i32::MAX))
        .with_min_bytes(settings.min_bytes)
        .with_max_bytes(settings.max_bytes)
        .with_max_records(max_records)
        .with_batch_size(max_records)
        .with_topics(topics.collect())
        .with_forgotten_topics_data(forgotten.collect());
    match version {
        2.. if is_limit => request.with_acquire_mode(RECORD_LIMIT),
        _ => request,
    }
}

pub fn acknowledge(settings: &Settings, epoch: i32, acks: &Acks) -> ShareAcknowledgeRequest {
    let said = acks.iter().map(|(key, runs)| (*key, runs));
    let topics = by_topic(said).into_iter().map(|(id, list)| {
        let partitions = list.into_iter().map(|(index, runs)| {
            let batches = runs.iter().map(|run| {
                AcknowledgementBatch::default()
                    .with_first_offset(run.first)
                    .with_last_offset(run.last)
                    .with_acknowledge_types(vec![run.kind as i8])
            });
            AcknowledgePartition::default()
                .with_partition_index(index)
                .with_acknowledgement_batches(batches.collect())
        });
        AcknowledgeTopic::default()
            .with_topic_id(id)
            .with_partitions(partitions.collect())
    });
    ShareAcknowledgeRequest::default()
        .with_group_id(Some(GroupId(text(&settings.group_id))))
        .with_member_id(Some(text(&settings.member_id)))
        .with_share_session_epoch(epoch)
        .with_topics(topics.collect())
}

/// What a broker says of a partition's acknowledgements, and who leads it, if that changed.
#[derive(Debug, Clone)]
pub struct AckResult {
    pub code: ErrorCode,
    pub leader: Option<NewLeader>,
}

pub type AckResults = BTreeMap<Key, AckResult>;

pub fn results(response: &ShareAcknowledgeResponse) -> AckResults {
    let mut results = AckResults::new();
    for topic in &response.responses {
        for p in &topic.partitions {
            let (id, epoch) = (p.current_leader.leader_id, p.current_leader.leader_epoch);
            let result = AckResult {
                code: ErrorCode::from(p.error_code),
                leader: NewLeader::told(p.partition_index, id, epoch, &response.node_endpoints),
            };
            results.insert((topic.topic_id, p.partition_index), result);
        }
    }
    results
}
