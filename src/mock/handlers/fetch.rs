//! Fetch: reads of many partitions at once, waiting for data if there is too little.

use super::authorize;
use crate::mock::state::authorizer::Operation::Read;
use crate::mock::state::fetch_session::{Fetching, Wanted};
use crate::mock::state::fetch_wait::Fetch;
use crate::mock::state::partition::Partition;
use crate::mock::state::{ClusterState, Cx, Reply};
use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use kafka_protocol::messages::{BrokerId, FetchRequest};

pub fn handle(state: &mut ClusterState, cx: &Cx, request: FetchRequest) -> Reply {
    if cx.error != 0 {
        let refusal = refuse_all(cx, &request);
        return refuse(state, cx, refusal, request.max_wait_ms);
    }
    let mut fetching = match state.begin_fetch(cx, &request) {
        Ok(fetching) => fetching,
        Err(e) => {
            return Reply::Now(FetchResponse::default().with_error_code(e.code()).into());
        }
    };
    for w in &mut fetching.wanted {
        w.error = injected(state, w);
        let name = state.name_of(w.topic_id, &w.topic);
        w.denied = authorize::topic(state, cx, Read, name).is_err();
    }
    let fetch = Fetch {
        fetching,
        max_bytes: usize::try_from(request.max_bytes).unwrap_or(0),
        min_bytes: usize::try_from(request.min_bytes).unwrap_or(0),
        read_committed: request.isolation_level == 1,
    };
    let prospect = match fetch.fetching.wanted.is_empty() || request.max_wait_ms <= 0 {
        true => Prospect::Enough,
        false => prospect(state, cx.broker, &fetch),
    };
    match prospect {
        Prospect::Enough => Reply::Now(answer(state, cx, &fetch, Refusals::Told).into()),
        Prospect::TooLittle => {
            state.park_fetch(cx.clone(), fetch, request.max_wait_ms);
            Reply::Parked
        }
        Prospect::Refused => {
            let refusal = answer(state, cx, &fetch, Refusals::Told);
            refuse(state, cx, refusal, request.max_wait_ms)
        }
    }
}

fn refuse(state: &mut ClusterState, cx: &Cx, refusal: FetchResponse, max_wait_ms: i32) -> Reply {
    if !state.refused_fetches_wait || max_wait_ms <= 0 {
        return Reply::Now(refusal.into());
    }
    state.park_refusal(cx.clone(), refusal, max_wait_ms);
    Reply::Parked
}

/// An injected error is told at the top and for each partition.
fn refuse_all(cx: &Cx, request: &FetchRequest) -> FetchResponse {
    let mut response = FetchResponse::default();
    if cx.version >= 7 {
        response.error_code = cx.error;
        response.session_id = request.session_id;
    }
    for topic in &request.topics {
        let partitions = topic
            .partitions
            .iter()
            .map(|p| failed(p.partition, cx.error))
            .collect();
        response.responses.push(
            FetchableTopicResponse::default()
                .with_topic(topic.topic.clone())
                .with_topic_id(topic.topic_id)
                .with_partitions(partitions),
        );
    }
    response
}

fn failed(partition: i32, code: i16) -> PartitionData {
    PartitionData::default()
        .with_partition_index(partition)
        .with_error_code(code)
        .with_high_watermark(-1)
        .with_last_stable_offset(-1)
        .with_log_start_offset(-1)
        .with_aborted_transactions(None)
        .with_records(Some(Bytes::new()))
}

fn injected(state: &mut ClusterState, w: &Wanted) -> i16 {
    let name = state.name_of(w.topic_id, &w.topic).to_owned();
    state
        .partition_mut(&name, w.partition)
        .and_then(|p| {
            p.errors
                .next(kafka_protocol::messages::ApiKey::Fetch as i16)
        })
        .map_or(0, |e| e.code as i16)
}

/// What a partition has for a reader: where to read, or why not.
enum Outcome<'a> {
    Readable {
        partition: &'a Partition,
        until: i64,
    },
    /// The reader's log has another history than this one.
    Diverged {
        partition: &'a Partition,
        epoch: i32,
        end: i64,
    },
    /// To be read elsewhere.
    Follower {
        partition: &'a Partition,
        follower: i32,
    },
    Refused(E, Option<&'a Partition>),
    Injected(i16, &'a Partition),
}

fn look<'a>(
    state: &'a ClusterState,
    broker: i32,
    w: &Wanted,
    read_committed: bool,
    may_redirect: bool,
) -> Outcome<'a> {
    let topic = if w.by_id {
        match state.topic_by_id(w.topic_id) {
            None => return Outcome::Refused(E::UnknownTopicId, None),
            found => found,
        }
    } else {
        state.topics.get(&w.topic)
    };
    if w.denied {
        return Outcome::Refused(E::TopicAuthorizationFailed, None);
    }
    let Some(p) = topic.and_then(|t| t.partition(w.partition)) else {
        return Outcome::Refused(E::UnknownTopicOrPartition, None);
    };
    if p.leader != broker && !p.follows(broker) {
        return Outcome::Refused(E::NotLeaderOrFollower, Some(p));
    }
    if let Err(e) = p.check_epoch(w.current_leader_epoch) {
        return Outcome::Refused(e, Some(p));
    }
    if w.error != 0 {
        return Outcome::Injected(w.error, p);
    }
    let marks = p.watermarks(broker);
    if w.offset < marks.log_start || w.offset > marks.high {
        return Outcome::Refused(E::OffsetOutOfRange, Some(p));
    }
    if let Some(f) = p
        .follower
        .filter(|f| f.broker >= 0 && may_redirect && p.leader == broker)
    {
        return Outcome::Follower {
            partition: p,
            follower: f.broker,
        };
    }
    if w.last_fetched_epoch >= 0
        && let Some((epoch, end)) = p.log.end_of_epoch(w.last_fetched_epoch, p.leader_epoch)
        && (epoch < w.last_fetched_epoch || end < w.offset)
    {
        return Outcome::Diverged {
            partition: p,
            epoch,
            end,
        };
    }
    let until = if read_committed {
        marks.stable_end
    } else {
        marks.end
    };
    Outcome::Readable {
        partition: p,
        until,
    }
}

fn is_refused(state: &ClusterState, cx: &Cx, w: &Wanted, fetch: &Fetch) -> bool {
    let outcome = look(state, cx.broker, w, fetch.read_committed, true);
    matches!(outcome, Outcome::Refused(..) | Outcome::Injected(..))
}

/// What a fetch would bring now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Prospect {
    /// As much as it asks for, or another place to read.
    Enough,
    TooLittle,
    /// Too little, and a partition that cannot be read.
    Refused,
}

pub fn prospect(state: &ClusterState, broker: i32, fetch: &Fetch) -> Prospect {
    let mut bytes = 0;
    let mut refused = false;
    for w in &fetch.fetching.wanted {
        match look(state, broker, w, fetch.read_committed, true) {
            Outcome::Readable { partition, until } => {
                bytes += partition.log.available(
                    w.offset,
                    until,
                    fetch.min_bytes.saturating_sub(bytes).max(1),
                );
                if bytes >= fetch.min_bytes.max(1) {
                    return Prospect::Enough;
                }
            }
            Outcome::Diverged { .. } | Outcome::Follower { .. } => return Prospect::Enough,
            Outcome::Refused(..) | Outcome::Injected(..) => refused = true,
        }
    }
    match (refused, bytes >= fetch.min_bytes) {
        (true, _) => Prospect::Refused,
        (false, true) => Prospect::Enough,
        (false, false) => Prospect::TooLittle,
    }
}

/// What an answer says of partitions that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Refusals {
    Told,
    /// They look as if they had nothing new.
    Withheld,
}

/// Reads what there is now.
pub fn answer(
    state: &mut ClusterState,
    cx: &Cx,
    fetch: &Fetch,
    refusals: Refusals,
) -> FetchResponse {
    let Fetching {
        session,
        incremental,
        ref wanted,
    } = fetch.fetching;
    let mut response = FetchResponse::default();
    if cx.version >= 7 {
        response.session_id = session;
    }
    let mut budget = Budget {
        left: fetch.max_bytes,
        empty: true,
    };
    let mut moved = Vec::new();
    for w in wanted {
        if refusals == Refusals::Withheld && is_refused(state, cx, w, fetch) {
            if !incremental {
                put(&mut response, cx, w, failed(w.partition, 0));
            }
            continue;
        }
        let (data, stale) = read(state, cx, w, fetch.read_committed, &mut budget);
        if let Some(leader) = stale {
            moved.push(leader);
        }
        let marks = (data.high_watermark, data.log_start_offset);
        let content = data.records.as_ref().is_some_and(|r| !r.is_empty())
            || data.preferred_read_replica.0 >= 0
            || data.diverging_epoch.end_offset >= 0;
        let news = match state.fetch_sessions.get_mut(&(cx.broker, session)) {
            Some(s) => s.has_news(w, marks, data.error_code != 0, content),
            None => true,
        };
        if news || !incremental {
            put(&mut response, cx, w, data);
        }
    }
    if cx.version >= 16 {
        moved.sort_unstable();
        moved.dedup();
        for id in moved {
            response.node_endpoints.extend(endpoint(state, id));
        }
    }
    response
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

fn put(response: &mut FetchResponse, cx: &Cx, w: &Wanted, data: PartitionData) {
    let same = |t: &FetchableTopicResponse| {
        if cx.version >= 13 {
            t.topic_id == w.topic_id
        } else {
            t.topic.as_str() == w.topic
        }
    };
    if let Some(topic) = response.responses.last_mut().filter(|t| same(t)) {
        topic.partitions.push(data);
        return;
    }
    let mut topic = FetchableTopicResponse::default().with_partitions(vec![data]);
    if cx.version >= 13 {
        topic.topic_id = w.topic_id;
    } else {
        topic.topic = super::topic_name(&w.topic);
    }
    response.responses.push(topic);
}

/// What the whole answer may still hold; the first data may exceed it.
struct Budget {
    left: usize,
    empty: bool,
}

/// One partition's answer, and the leader to go to if it is not this broker.
fn read(
    state: &mut ClusterState,
    cx: &Cx,
    w: &Wanted,
    read_committed: bool,
    budget: &mut Budget,
) -> (PartitionData, Option<i32>) {
    let data = failed(w.partition, 0);
    match look(state, cx.broker, w, read_committed, cx.version >= 11) {
        Outcome::Readable { partition, until } => {
            let data = with_marks(data, partition, cx.broker);
            (
                read_log(data, partition, w, read_committed, until, budget),
                None,
            )
        }
        Outcome::Injected(code, p) => (with_marks(data.with_error_code(code), p, cx.broker), None),
        Outcome::Follower {
            partition,
            follower,
        } => (
            with_marks(data, partition, cx.broker).with_preferred_read_replica(BrokerId(follower)),
            None,
        ),
        Outcome::Diverged {
            partition,
            epoch,
            end,
        } => {
            let diverging = EpochEndOffset::default()
                .with_epoch(epoch)
                .with_end_offset(end);
            (
                with_marks(data, partition, cx.broker).with_diverging_epoch(diverging),
                None,
            )
        }
        Outcome::Refused(e, None) => {
            let data = data.with_error_code(e.code());
            (data.with_aborted_transactions(Some(Vec::new())), None)
        }
        Outcome::Refused(e, p) => {
            let data = data.with_error_code(e.code());
            if p.is_some() && e == E::NotLeaderOrFollower && cx.version >= 12 {
                tell_leader(state, w, data)
            } else {
                (data, None)
            }
        }
    }
}

fn tell_leader(
    state: &mut ClusterState,
    w: &Wanted,
    data: PartitionData,
) -> (PartitionData, Option<i32>) {
    let name = state.name_of(w.topic_id, &w.topic).to_owned();
    let Some(p) = state.partition_mut(&name, w.partition) else {
        return (data, None);
    };
    let (id, epoch) = p.leader_to_tell();
    let leader = LeaderIdAndEpoch::default()
        .with_leader_id(BrokerId(id))
        .with_leader_epoch(epoch);
    (data.with_current_leader(leader), Some(id))
}

fn with_marks(data: PartitionData, p: &Partition, broker: i32) -> PartitionData {
    let marks = p.watermarks(broker);
    data.with_high_watermark(marks.high)
        .with_last_stable_offset(marks.last_stable)
        .with_log_start_offset(marks.log_start)
}

fn read_log(
    mut data: PartitionData,
    p: &Partition,
    w: &Wanted,
    read_committed: bool,
    until: i64,
    budget: &mut Budget,
) -> PartitionData {
    let limit = usize::try_from(w.max_bytes).unwrap_or(0).min(budget.left);
    let got = p.log.read(w.offset, until, limit, budget.empty);
    // Kafka fills the limit up with the beginning of one more batch; only whole ones
    // go out here, but the other partitions get no more than they would there.
    // A beginning alone is not sent at all, and then nothing is said of aborted
    // transactions either.
    let nothing_fits = got.cut && got.batches.is_empty() && limit > 0;
    let taken = if got.cut && !nothing_fits {
        got.bytes.max(limit)
    } else {
        got.bytes
    };
    budget.left = budget.left.saturating_sub(taken);
    budget.empty &= got.bytes == 0;
    if read_committed && !nothing_fits {
        let aborted = p.producers.aborted(w.offset, got.next_offset);
        let told = aborted.into_iter().map(|a| {
            AbortedTransaction::default()
                .with_producer_id(a.producer_id.into())
                .with_first_offset(a.first_offset)
        });
        data.aborted_transactions = Some(told.collect());
    }
    data.with_records(Some(concat(got.batches, got.bytes)))
}

/// A single batch goes out as it is stored, without a copy.
fn concat(mut batches: Vec<Bytes>, bytes: usize) -> Bytes {
    if batches.len() == 1 {
        return batches.swap_remove(0);
    }
    let mut all = BytesMut::with_capacity(bytes);
    for b in batches {
        all.extend_from_slice(&b);
    }
    all.freeze()
}
