//! ShareFetch: acknowledgements of records that were delivered, and new ones, for which it may wait.

use super::authorize;
use super::share_acks::{AckResults, injected, leader_to_tell, led_by};
use crate::mock::log::batch::Header;
use crate::mock::state::authorizer::Operation::Read;
use crate::mock::state::partition::Partition;
use crate::mock::state::share::partition::{AcquireRequest, Acquired, LogBatch};
use crate::mock::state::share::session::{Change, Key, Phase, Tp};
use crate::mock::state::share::{Fetch, Wanted};
use crate::mock::state::{ClusterState, Cx, Reply};
use crate::protocol::share::{BATCH_OPTIMIZED, RECORD_LIMIT, ShareFetchV2};
use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::share_fetch_response::{
    AcquiredRecords, LeaderIdAndEpoch, NodeEndpoint, PartitionData, ShareFetchResponse,
    ShareFetchableTopicResponse,
};
use kafka_protocol::messages::{BrokerId, ShareFetchRequest};
use std::collections::BTreeSet;

pub fn handle(state: &mut ClusterState, cx: &Cx, request: ShareFetchRequest) -> Reply {
    let fetch = match begin(state, cx, &request) {
        Ok(fetch) => fetch,
        Err(code) => {
            return Reply::Now(empty().with_error_code(code).into());
        }
    };
    if request.max_wait_ms <= 0
        || fetch.wanted.is_empty()
        || fetch.max_records <= 0
        || fetch.max_bytes == 0
        || is_ready(state, cx.broker, &fetch)
    {
        return Reply::Now(answer(state, cx, &fetch).into());
    }
    state.park_share_fetch(cx.clone(), fetch, request.max_wait_ms);
    Reply::Parked
}

/// Takes the acknowledgements, and what there is to fetch.
fn begin(state: &mut ClusterState, cx: &Cx, request: &ShareFetchRequest) -> Result<Fetch, i16> {
    if cx.error != 0 {
        return Err(cx.error);
    }
    let group = request.group_id.as_ref().map_or("", |id| id.as_str());
    let member = request.member_id.as_deref().unwrap_or_default();
    if group.is_empty() || member.is_empty() {
        return Err(E::InvalidRequest.code());
    }
    let (mode, renewing) = (request.acquire_mode(), request.is_renew_ack());
    if !matches!(mode, BATCH_OPTIMIZED | RECORD_LIMIT) {
        return Err(E::UnknownServerError.code());
    }
    let limits = [
        request.max_wait_ms,
        request.min_bytes,
        request.max_bytes,
        request.max_records,
    ];
    if renewing && limits != [0; 4] {
        return Err(E::InvalidRequest.code());
    }
    let key: Key = (cx.broker, group.to_string(), member.to_string());
    let phase = state
        .share
        .begin_fetch(&key, change(cx, request))
        .map_err(|e| e.code())?;
    let mut results = AckResults::new(&key, renewing);
    for topic in &request.topics {
        for p in &topic.partitions {
            let batches = p.acknowledgement_batches.iter();
            let batches =
                batches.map(|b| (b.first_offset, b.last_offset, &b.acknowledge_types[..]));
            results.take(state, cx, (topic.topic_id, p.partition_index), batches);
        }
    }
    let wanted = match phase {
        Phase::Final => {
            state.end_share_session(cx.now, &key);
            Vec::new()
        }
        Phase::Open if renewing => Vec::new(),
        Phase::Open => state
            .share
            .session_mut(&key)
            .map(|session| session.in_turn())
            .unwrap_or_default(),
    };
    state.arm_share();
    let mut wanted_now = Vec::with_capacity(wanted.len());
    for tp in wanted {
        let error = injected(state, cx, tp);
        wanted_now.push(Wanted { tp, error });
    }
    Ok(Fetch {
        member: key.2.as_str().into(),
        session: key,
        wanted: wanted_now,
        acknowledged: results.told,
        max_bytes: usize::try_from(request.max_bytes).unwrap_or(0),
        min_bytes: usize::try_from(request.min_bytes).unwrap_or(0),
        max_records: request.max_records.into(),
        batch_size: request.batch_size.into(),
        strict: mode == RECORD_LIMIT,
    })
}

fn change(cx: &Cx, request: &ShareFetchRequest) -> Change {
    let topics = request.topics.iter();
    let add = topics.flat_map(|t| t.partitions.iter().map(|p| (t.topic_id, p.partition_index)));
    let topics = request.forgotten_topics_data.iter();
    let forget = topics.flat_map(|t| t.partitions.iter().map(|&p| (t.topic_id, p)));
    let mut partitions = request.topics.iter().flat_map(|t| &t.partitions);
    Change {
        epoch: request.share_session_epoch,
        conn: cx.conn,
        now_us: cx.now.us,
        add: add.collect(),
        forget: forget.collect(),
        acknowledges: partitions.any(|p| !p.acknowledgement_batches.is_empty()),
    }
}

/// Where a reader of the partition's group ends.
fn readable_until(state: &ClusterState, p: &Partition) -> i64 {
    match state.share.settings.read_committed {
        true => p.last_stable_offset(),
        false => p.log.end(),
    }
}

fn next_offset(state: &mut ClusterState, group: &str, tp: Tp) -> Option<i64> {
    let (settings, partition) = state.share_partition(group, tp)?;
    partition.next_offset(settings)
}

/// Whether a fetch need not wait (any longer).
pub fn is_ready(state: &mut ClusterState, broker: i32, fetch: &Fetch) -> bool {
    let enough = fetch.min_bytes.max(1);
    let mut bytes = 0;
    for wanted in &fetch.wanted {
        if wanted.error != 0 || led_by(state, broker, wanted.tp).is_err() {
            return true;
        }
        let Some(next) = next_offset(state, &fetch.session.1, wanted.tp) else {
            continue;
        };
        if let Ok(p) = led_by(state, broker, wanted.tp) {
            let until = readable_until(state, p);
            bytes += p.log.available(next, until, enough - bytes);
        }
        if bytes >= enough {
            return true;
        }
    }
    false
}

/// What the whole answer may still hold.
struct Budget {
    records: i64,
    bytes: usize,
    empty: bool,
}

/// Acquires what there is now.
pub fn answer(state: &mut ClusterState, cx: &Cx, fetch: &Fetch) -> ShareFetchResponse {
    let mut response = empty().with_acquisition_lock_timeout_ms(state.share.settings.lock_ms);
    let mut budget = Budget {
        records: fetch.max_records,
        bytes: fetch.max_bytes,
        empty: true,
    };
    let mut leaders = BTreeSet::new();
    for wanted in &fetch.wanted {
        let data = read(state, cx, fetch, wanted, &mut budget);
        let data = with_leader(state, wanted.tp, data, &mut leaders);
        let records = data.records.as_ref().is_some_and(|r| !r.is_empty());
        let news = match state.share.session_mut(&fetch.session) {
            Some(session) => session.has_news(wanted.tp, data.error_code != 0, records),
            None => true,
        };
        if news {
            put(&mut response, wanted.tp, data);
        }
    }
    for &(tp, code) in &fetch.acknowledged {
        let at = find(&mut response, tp);
        let data = match at {
            Some(data) => data,
            None => {
                put(&mut response, tp, nothing(tp, 0));
                match find(&mut response, tp) {
                    Some(data) => data,
                    None => continue,
                }
            }
        };
        data.acknowledge_error_code = code;
        if code != 0 {
            let moved = with_leader(state, tp, nothing(tp, code), &mut leaders);
            data.current_leader = moved.current_leader;
        }
    }
    for id in leaders {
        response.node_endpoints.extend(endpoint(state, id));
    }
    state.arm_share();
    response
}

fn empty() -> ShareFetchResponse {
    ShareFetchResponse::default().with_error_message(None)
}

fn nothing(tp: Tp, code: i16) -> PartitionData {
    PartitionData::default()
        .with_partition_index(tp.1)
        .with_error_code(code)
        .with_error_message(None)
        .with_acknowledge_error_message(None)
        .with_records(Some(Bytes::new()))
}

/// A partition that has another leader names it.
fn with_leader(
    state: &mut ClusterState,
    tp: Tp,
    data: PartitionData,
    leaders: &mut BTreeSet<i32>,
) -> PartitionData {
    if data.error_code != E::NotLeaderOrFollower.code() {
        return data;
    }
    let Some((id, epoch)) = leader_to_tell(state, tp) else {
        return data;
    };
    leaders.insert(id);
    data.with_current_leader(
        LeaderIdAndEpoch::default()
            .with_leader_id(id)
            .with_leader_epoch(epoch),
    )
}

fn endpoint(state: &ClusterState, id: i32) -> Option<NodeEndpoint> {
    let b = state.broker(id)?;
    Some(
        NodeEndpoint::default()
            .with_node_id(BrokerId(b.id))
            .with_host(b.host.clone().into())
            .with_port(b.port)
            .with_rack(b.rack.clone().map(Into::into)),
    )
}

fn put(response: &mut ShareFetchResponse, tp: Tp, data: PartitionData) {
    let same = |t: &&mut ShareFetchableTopicResponse| t.topic_id == tp.0;
    if let Some(topic) = response.responses.iter_mut().find(same) {
        topic.partitions.push(data);
        return;
    }
    response.responses.push(
        ShareFetchableTopicResponse::default()
            .with_topic_id(tp.0)
            .with_partitions(vec![data]),
    );
}

fn find(response: &mut ShareFetchResponse, tp: Tp) -> Option<&mut PartitionData> {
    let topic = response.responses.iter_mut().find(|t| t.topic_id == tp.0)?;
    let mut partitions = topic.partitions.iter_mut();
    partitions.find(|p| p.partition_index == tp.1)
}

fn read(
    state: &mut ClusterState,
    cx: &Cx,
    fetch: &Fetch,
    wanted: &Wanted,
    budget: &mut Budget,
) -> PartitionData {
    let tp = wanted.tp;
    if wanted.error != 0 {
        return nothing(tp, wanted.error);
    }
    let name = match led_by(state, cx.broker, tp) {
        Ok(_) => state.topic_by_id(tp.0).map(|t| t.name.clone()),
        Err(e) => return nothing(tp, e.code()),
    };
    if authorize::topic(state, cx, Read, &name.unwrap_or_default()).is_err() {
        return nothing(tp, E::TopicAuthorizationFailed.code());
    }
    if budget.records <= 0 {
        return nothing(tp, 0);
    }
    let Some(next) = next_offset(state, &fetch.session.1, tp) else {
        return nothing(tp, 0);
    };
    let (batches, log) = read_log(state, cx.broker, fetch, tp, next, budget);
    let acquire = AcquireRequest {
        member: &fetch.member,
        now_us: cx.now.us,
        max_records: budget.records,
        batch_size: fetch.batch_size,
        strict: fetch.strict,
    };
    let Some((settings, partition)) = state.share_partition(&fetch.session.1, tp) else {
        return nothing(tp, 0);
    };
    let acquired = partition.acquire(settings, &acquire, &log);
    let (Some(first), Some(last)) = (acquired.first(), acquired.last()) else {
        return nothing(tp, 0);
    };
    let (first, last) = (first.first, last.last);
    let sent = batches.into_iter().zip(&log);
    let sent = sent.filter(|(_, b)| b.last_offset >= first && b.base_offset <= last);
    let records = concat(sent.map(|(bytes, _)| bytes).collect());
    budget.records -= acquired.iter().map(|a| a.last - a.first + 1).sum::<i64>();
    budget.bytes = budget.bytes.saturating_sub(records.len());
    budget.empty = false;
    nothing(tp, 0)
        .with_records(Some(records))
        .with_acquired_records(acquired.into_iter().map(told).collect())
}

fn told(acquired: Acquired) -> AcquiredRecords {
    AcquiredRecords::default()
        .with_first_offset(acquired.first)
        .with_last_offset(acquired.last)
        .with_delivery_count(acquired.delivered)
}

/// The batches from `next` on; each partition may fill its part of what the answer may hold.
fn read_log(
    state: &ClusterState,
    broker: i32,
    fetch: &Fetch,
    tp: Tp,
    next: i64,
    budget: &Budget,
) -> (Vec<Bytes>, Vec<LogBatch>) {
    let Ok(p) = led_by(state, broker, tp) else {
        return (Vec::new(), Vec::new());
    };
    let part = fetch.max_bytes / fetch.wanted.len().max(1);
    let until = readable_until(state, p);
    let first = budget.empty && fetch.max_bytes > 0;
    let read = p.log.read(next, until, part.min(budget.bytes), first);
    let read_committed = state.share.settings.read_committed;
    let view = |bytes: &Bytes| {
        let header = Header::parse(bytes).ok()?;
        let (base_offset, last_offset) = (header.base_offset, header.last_offset());
        let aborted = read_committed
            && header.is_transactional()
            && !header.is_control()
            && p.producers
                .aborted(base_offset, last_offset + 1)
                .iter()
                .any(|a| a.producer_id == header.producer_id);
        Some(LogBatch {
            base_offset,
            last_offset,
            aborted,
        })
    };
    let seen = read.batches.into_iter();
    seen.filter_map(|bytes| view(&bytes).map(|v| (bytes, v)))
        .unzip()
}

/// A single batch goes out as it is stored, without a copy.
fn concat(mut batches: Vec<Bytes>) -> Bytes {
    if batches.len() == 1 {
        return batches.swap_remove(0);
    }
    let mut all = BytesMut::with_capacity(batches.iter().map(Bytes::len).sum());
    for b in batches {
        all.extend_from_slice(&b);
    }
    all.freeze()
}
