//! Produce: one batch for each partition, checked and appended.

use super::authorize;
use crate::mock::log::admit::{Refused, admit};
use crate::mock::log::batch::{BadBatch, Header};
use crate::mock::log::producers::Check;
use crate::mock::state::authorizer::Operation::Write;
use crate::mock::state::partition::Partition;
use crate::mock::state::topic::{Topic, TopicConfig};
use crate::mock::state::{ClusterState, Cx, Now, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::produce_request::{PartitionProduceData, ProduceRequest};
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse,
    ProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{ApiKey, BrokerId};
use std::collections::BTreeSet;

const ZSTD: i16 = 4;
const ALL_REPLICAS: i16 = -1;

pub fn handle(state: &mut ClusterState, cx: &Cx, request: ProduceRequest) -> Reply {
    let whole = refuse_whole(cx, &request);
    let txn_id = request.transactional_id.as_ref().map(|id| id.as_str());
    let mut response = ProduceResponse::default();
    let mut moved = BTreeSet::new();
    let mut failed = false;
    for topic in &request.topic_data {
        let mut out = TopicProduceResponse::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic.topic_id);
        let name = if cx.version >= 13 {
            state.topic_name(topic.topic_id).map(str::to_owned)
        } else {
            Some(topic.name.to_string())
        };
        for data in &topic.partition_data {
            let outcome = match (whole, &name) {
                (Some(e), _) => Err(Failure::code(e)),
                (None, None) => Err(E::UnknownTopicId.into()),
                (None, Some(name)) => append(state, cx, name, data, request.acks, txn_id),
            };
            let mut answer = PartitionProduceResponse::default().with_index(data.index);
            match outcome {
                Ok(stored) => {
                    answer.base_offset = stored.base_offset;
                    answer.log_append_time_ms = stored.append_time;
                    answer.log_start_offset = stored.log_start;
                    if let Some(name) = &name {
                        state.wake_partition(cx.now, name, data.index);
                    }
                }
                Err(failure) => {
                    failed = true;
                    answer.error_code = failure.code;
                    answer.base_offset = -1;
                    answer.log_append_time_ms = -1;
                    answer.log_start_offset = failure.log_start;
                    answer.error_message = failure.message.map(Into::into);
                    answer.record_errors = failure
                        .records
                        .iter()
                        .map(|&i| BatchIndexAndErrorMessage::default().with_batch_index(i))
                        .collect();
                    if let (Some((id, epoch)), 10..) = (failure.leader, cx.version) {
                        moved.insert(id);
                        answer.current_leader = LeaderIdAndEpoch::default()
                            .with_leader_id(BrokerId(id))
                            .with_leader_epoch(epoch);
                    }
                }
            }
            out.partition_responses.push(answer);
        }
        response.responses.push(out);
    }
    if request.acks == 0 {
        // Nobody reads an answer: a failure is told by hanging up.
        return if failed { Reply::Close } else { Reply::Silent };
    }
    for b in moved.into_iter().filter_map(|id| state.broker(id)) {
        response.node_endpoints.push(
            NodeEndpoint::default()
                .with_node_id(BrokerId(b.id))
                .with_host(super::text(&b.host))
                .with_port(b.port)
                .with_rack(b.rack.as_deref().map(super::text)),
        );
    }
    Reply::Now(response.into())
}

/// What makes all partitions fail alike.
fn refuse_whole(cx: &Cx, request: &ProduceRequest) -> Option<i16> {
    if cx.error != 0 {
        return Some(cx.error);
    }
    let mut batches = request
        .topic_data
        .iter()
        .flat_map(|t| &t.partition_data)
        .filter_map(|p| p.records.as_deref());
    let transactional = batches.any(|b| Header::parse(b).is_ok_and(|h| h.is_transactional()));
    (transactional && request.transactional_id.is_none())
        .then_some(E::TransactionalIdAuthorizationFailed.code())
}

struct Stored {
    base_offset: i64,
    /// -1 for a new batch, unless the topic has the broker's timestamps.
    append_time: i64,
    log_start: i64,
}

#[derive(Debug)]
struct Failure {
    code: i16,
    message: Option<&'static str>,
    /// The leader to go to.
    leader: Option<(i32, i32)>,
    log_start: i64,
    /// Those that are to blame.
    records: Vec<i32>,
}

impl Failure {
    fn code(code: i16) -> Failure {
        Failure {
            code,
            message: None,
            leader: None,
            log_start: -1,
            records: Vec::new(),
        }
    }

    fn with(e: E, message: &'static str) -> Failure {
        Failure {
            code: e.code(),
            message: Some(message),
            leader: None,
            log_start: -1,
            records: Vec::new(),
        }
    }

    /// What the log itself refuses is told with its beginning.
    fn at(p: &Partition, e: E) -> Failure {
        Failure {
            log_start: p.log.start(),
            ..e.into()
        }
    }
}

impl From<E> for Failure {
    fn from(e: E) -> Failure {
        Failure::code(e.code())
    }
}

/// A partition with its topic's configuration.
fn find<'a>(
    state: &'a mut ClusterState,
    topic: &str,
    index: i32,
) -> Result<(&'a mut Partition, &'a TopicConfig), E> {
    let Some(Topic {
        partitions, config, ..
    }) = state.topics.get_mut(topic)
    else {
        return Err(E::UnknownTopicOrPartition);
    };
    usize::try_from(index)
        .ok()
        .and_then(|i| partitions.get_mut(i))
        .map(|p| (p, &*config))
        .ok_or(E::UnknownTopicOrPartition)
}

fn append(
    state: &mut ClusterState,
    cx: &Cx,
    name: &str,
    data: &PartitionProduceData,
    acks: i16,
    txn_id: Option<&str>,
) -> Result<Stored, Failure> {
    authorize::topic(state, cx, Write, name)?;
    let (p, config) = find(state, name, data.index)?;
    if !(-1..=1).contains(&acks) {
        return Err(E::InvalidRequiredAcks.into());
    }
    if p.leader != cx.broker {
        return Err(Failure {
            leader: Some((p.leader, p.leader_epoch)),
            ..E::NotLeaderOrFollower.into()
        });
    }
    if let Some(injected) = p.errors.next(ApiKey::Produce as i16)
        && injected.code != 0
    {
        return Err(Failure::code(injected.code as i16));
    }
    let records = data.records.as_deref().unwrap_or_default();
    let header = check_batch(cx, config, records)?;
    let packed = admitted(p, config, records)?;
    let (header, records) = match &packed {
        Some((header, records)) => (*header, records.as_slice()),
        None => (header, records),
    };
    let needed = config
        .get("min.insync.replicas")
        .and_then(|v| v.parse().ok());
    if acks == ALL_REPLICAS && p.replicas.len() < needed.unwrap_or(1) {
        return Err(E::NotEnoughReplicas.into());
    }
    // The partition joins its producer's transaction whatever becomes of the batch.
    if header.is_transactional() {
        let id = txn_id.ok_or(E::InvalidTxnState)?;
        join_transaction(state, cx, id, &header, (name, data.index))?;
    }
    let trace = state.trace.clone();
    let (p, config) = find(state, name, data.index)?;
    if header.has_producer()
        && let Check::Duplicate {
            base_offset,
            timestamp,
        } = p.producers.check(&header).map_err(|e| Failure::at(p, e))?
    {
        return Ok(Stored {
            base_offset,
            // A retry is told the batch's timestamp in either case.
            append_time: timestamp,
            log_start: p.log.start(),
        });
    }
    let stored = store(p, config, &header, records, cx.now);
    trace.line(format_args!(
        "Broker {}: {name} [{}] has {} more messages, {} bytes, from offset {} on",
        cx.broker,
        data.index,
        header.records,
        records.len(),
        stored.base_offset
    ));
    Ok(stored)
}

fn join_transaction(
    state: &mut ClusterState,
    cx: &Cx,
    id: &str,
    header: &Header,
    (topic, index): (&str, i32),
) -> Result<(), E> {
    let (p, _) = find(state, topic, index)?;
    // Where the producer's transaction is open, nobody is asked whether it is.
    if p.producers.has_open_at(header) {
        return Ok(());
    }
    // From version 12 a lost beginning is noticed even where nothing is known.
    p.producers.attempted(header, cx.version >= 12);
    state.join_transaction(cx, id, header, topic, index)
}

fn store(
    p: &mut Partition,
    config: &TopicConfig,
    header: &Header,
    records: &[u8],
    now: Now,
) -> Stored {
    let append_time = config.log_append_time.then_some(now.wall_ms);
    let base_offset = p.log.append(header, records, p.leader_epoch, append_time);
    if header.has_producer() {
        p.producers.appended(header, base_offset);
    }
    p.enforce_size(config);
    Stored {
        base_offset,
        append_time: append_time.unwrap_or(-1),
        log_start: p.log.start(),
    }
}

/// The batch in the topic's own codec, if that is not the batch's.
fn admitted(
    p: &Partition,
    config: &TopicConfig,
    records: &[u8],
) -> Result<Option<(Header, Vec<u8>)>, Failure> {
    match admit(records, config.compact, config.compression) {
        Ok(Some((_, packed))) if packed.len() > config.max_message_bytes => {
            Err(E::MessageTooLarge.into())
        }
        Ok(packed) => Ok(packed),
        Err(Refused::Unreadable) => Err(Failure::at(p, E::UnknownServerError)),
        Err(Refused::Malformed) => Err(Failure::at(p, E::InvalidRecord)),
        Err(Refused::Keyless(records)) => Err(Failure {
            message: Some(
                "One or more records have been rejected: a compacted topic takes no record without a key",
            ),
            records,
            ..Failure::at(p, E::InvalidRecord)
        }),
    }
}

/// What a broker checks of the bytes themselves.
fn check_batch(cx: &Cx, config: &TopicConfig, records: &[u8]) -> Result<Header, Failure> {
    let header = match Header::parse(records) {
        Ok(h) => h,
        Err(BadBatch::Magic(_)) => {
            return Err(Failure::with(
                E::InvalidRecord,
                "Produce requests of this version must hold record batches of magic 2",
            ));
        }
        Err(_) if records.is_empty() => {
            return Err(Failure::with(
                E::InvalidRecord,
                "Produce requests must hold exactly one record batch for a partition",
            ));
        }
        Err(_) => return Err(E::CorruptMessage.into()),
    };
    if header.size() != records.len() {
        return Err(Failure::with(
            E::InvalidRecord,
            "Produce requests must hold exactly one record batch for a partition",
        ));
    }
    if header.compression() == ZSTD && cx.version < 7 {
        return Err(E::UnsupportedCompressionType.into());
    }
    if records.len() > config.max_message_bytes {
        return Err(E::MessageTooLarge.into());
    }
    header.validate(records).map_err(|e| match e {
        BadBatch::Crc => E::CorruptMessage,
        _ => E::InvalidRecord,
    })?;
    if header.is_control() {
        return Err(Failure::with(
            E::InvalidRecord,
            "Clients may not write control records",
        ));
    }
    let latest = |v: &str| v.parse::<i64>().ok();
    if !config.log_append_time
        && let Some(after) = config
            .get("message.timestamp.after.max.ms")
            .and_then(latest)
        && header.max_timestamp > cx.now.wall_ms.saturating_add(after)
    {
        return Err(E::InvalidTimestamp.into());
    }
    Ok(header)
}
