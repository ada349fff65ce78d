//! ListOffsets: by timestamp, or one of the special positions.

use super::authorize;
use crate::mock::state::authorizer::Operation::Describe;
use crate::mock::state::partition::Partition;
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest};
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

pub fn handle(state: &mut ClusterState, cx: &Cx, request: ListOffsetsRequest) -> Reply {
    let mut response = ListOffsetsResponse::default();
    let read_committed = request.isolation_level == 1;
    for topic in &request.topics {
        let mut out = ListOffsetsTopicResponse::default().with_name(topic.name.clone());
        for wanted in &topic.partitions {
            let found = match cx.error {
                0 => find(state, cx, &topic.name, wanted, read_committed),
                code => Err(code),
            };
            let mut answer = ListOffsetsPartitionResponse::default()
                .with_partition_index(wanted.partition_index);
            match found {
                Ok(found) => {
                    answer.timestamp = found.timestamp;
                    answer.offset = found.offset;
                    if cx.version >= 4 {
                        answer.leader_epoch = found.epoch;
                    }
                }
                Err(code) => {
                    answer.error_code = code;
                    answer.offset = -1;
                    answer.timestamp = -1;
                }
            }
            out.partitions.push(answer);
        }
        response.topics.push(out);
    }
    Reply::Now(response.into())
}

struct Found {
    timestamp: i64,
    offset: i64,
    epoch: i32,
}

const NOTHING: Found = Found {
    timestamp: -1,
    offset: -1,
    epoch: -1,
};

fn find(
    state: &mut ClusterState,
    cx: &Cx,
    topic: &str,
    wanted: &ListOffsetsPartition,
    read_committed: bool,
) -> Result<Found, i16> {
    authorize::topic(state, cx, Describe, topic).map_err(|e| e.code())?;
    let p = state
        .partition_mut(topic, wanted.partition_index)
        .ok_or(E::UnknownTopicOrPartition.code())?;
    if p.leader != cx.broker {
        return Err(E::NotLeaderOrFollower.code());
    }
    p.check_epoch(wanted.current_leader_epoch)
        .map_err(|e| e.code())?;
    if let Some(injected) = p.errors.next(ApiKey::ListOffsets as i16)
        && injected.code != 0
    {
        return Err(injected.code as i16);
    }
    at(p, cx, wanted.timestamp, read_committed).map_err(|e| e.code())
}

fn at(p: &Partition, cx: &Cx, timestamp: i64, read_committed: bool) -> Result<Found, E> {
    let marks = p.watermarks(cx.broker);
    let end = if read_committed {
        marks.last_stable
    } else {
        marks.high
    };
    let position = |offset: i64| Found {
        timestamp: -1,
        offset,
        epoch: p.log.epoch_at(offset).unwrap_or(-1),
    };
    let searched = match timestamp {
        LATEST => {
            return Ok(Found {
                epoch: p.leader_epoch,
                ..position(end)
            });
        }
        EARLIEST | EARLIEST_LOCAL => return Ok(position(p.log.start())),
        LATEST_TIERED => return Ok(NOTHING),
        MAX_TIMESTAMP if cx.version >= 7 => p.log.max_timestamp().filter(|m| m.offset < end),
        0.. => p.log.find_timestamp(timestamp, end),
        _ => return Err(E::UnsupportedVersion),
    };
    Ok(searched.map_or(NOTHING, |found| Found {
        timestamp: found.timestamp,
        offset: found.offset,
        epoch: found.leader_epoch,
    }))
}
