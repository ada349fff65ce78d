//! What the answer to a Fetch means for its partitions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{FetchResponse, ResponseKind};

use super::records::{self, Damage, Reading};
use super::{Fetcher, SlotKey};
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::broker::{BrokerStats, RequestError, Response};
use crate::consumer::Reason;
use crate::protocol::leader::NewLeader;

/// The session has names and the request ids, or the other way round.
const SESSION_TOPIC_ID_ERROR: ErrorCode = ErrorCode(106);

impl Fetcher {
    pub fn on_response(&mut self, now: Instant, result: Result<Response, RequestError>) {
        self.in_flight = false;
        self.look_at(now);
        let fetch = match result {
            Ok(Response {
                kind: Some(ResponseKind::Fetch(fetch)),
                ..
            }) => fetch,
            Ok(_) => {
                self.session.reset();
                self.back_off(now);
                return;
            }
            Err(e) => {
                self.session.reset();
                self.back_off(now);
                let broker = self.broker_id;
                self.shared.logger.debug(
                    debug::FETCH,
                    "FETCH",
                    format_args!("Fetch from broker {broker} failed: {e}"),
                );
                return;
            }
        };
        if fetch.throttle_time_ms > 0 {
            let pause = Duration::from_millis(fetch.throttle_time_ms.unsigned_abs().into());
            self.throttled_until = Some(now + pause);
        }
        let code = ErrorCode::from(fetch.error_code);
        match code {
            ErrorCode::NO_ERROR => self.on_fetched(now, fetch),
            ErrorCode::FETCH_SESSION_ID_NOT_FOUND
            | ErrorCode::INVALID_FETCH_SESSION_EPOCH
            | SESSION_TOPIC_ID_ERROR => {
                // A full request follows at once; one that fails the same way pauses.
                if self.session.was_full() {
                    self.back_off(now);
                }
                self.session.reset();
            }
            _ => {
                self.session.reset();
                self.back_off(now);
                self.all_refused(now, code);
            }
        }
    }

    /// The response as a whole is an error.
    fn all_refused(&mut self, now: Instant, code: ErrorCode) {
        for key in self.slots.keys().copied().collect::<Vec<_>>() {
            self.on_error(now, key, code, -1, None);
        }
    }

    fn on_fetched(&mut self, now: Instant, fetch: FetchResponse) {
        let endpoints = fetch.node_endpoints;
        for topic in fetch.responses {
            let name = if topic.topic_id.is_nil() {
                Arc::from(topic.topic.as_str())
            } else {
                match self.session.topic_name(topic.topic_id) {
                    Some(name) => name.clone(),
                    None => continue,
                }
            };
            for data in topic.partitions {
                let member = self.session.member(&name, data.partition_index).copied();
                // The answer is not for a fetch that was stopped or started anew meanwhile.
                let Some(member) = member.filter(|m| {
                    self.slots
                        .get(&m.slot)
                        .is_some_and(|s| s.fetch_id == m.fetch_id && s.position.offset == m.offset)
                }) else {
                    continue;
                };
                let leader = &data.current_leader;
                let leader = NewLeader::told(
                    data.partition_index,
                    leader.leader_id.0,
                    leader.leader_epoch,
                    &endpoints,
                );
                self.on_partition(now, member.slot, data, leader);
            }
        }
        self.session.answered(fetch.session_id);
    }

    fn on_partition(
        &mut self,
        now: Instant,
        key: SlotKey,
        data: PartitionData,
        leader: Option<NewLeader>,
    ) {
        let code = ErrorCode::from(data.error_code);
        if code.is_err() {
            self.on_error(now, key, code, data.high_watermark, leader);
            return;
        }
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        slot.last_error = code;
        let partition = &slot.partition;
        partition.set_low(data.log_start_offset);
        partition.set_high(data.high_watermark, data.last_stable_offset);
        let records = data.records.unwrap_or_default();
        let preferred = data.preferred_read_replica.0;
        if preferred >= 0 && preferred != self.broker_id && records.is_empty() {
            self.end_fetch(key, Reason::Preferred(preferred));
            return;
        }
        let settings = &self.shared.settings;
        let aborted = data
            .aborted_transactions
            .filter(|_| settings.read_committed)
            .unwrap_or_default();
        let reading = Reading {
            from: slot.position,
            check_crcs: settings.check_crcs,
            decompress_limit: settings.decompress_limit,
            aborted: &aborted,
        };
        let read = records::read(records.clone(), &reading, &mut self.decompressor);
        if matches!(read.damage, Some(Damage::TooLarge(_))) {
            BrokerStats::bump(&self.stats.rx_partial);
        }
        slot.take_in(records, &self.shared, self.broker_id, read, now);
        let end = if settings.read_committed && data.last_stable_offset >= 0 {
            data.last_stable_offset
        } else {
            data.high_watermark
        };
        slot.check_end(end, self.broker_id);
    }

    fn on_error(
        &mut self,
        now: Instant,
        key: SlotKey,
        code: ErrorCode,
        high: i64,
        leader: Option<NewLeader>,
    ) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        let broker = self.broker_id;
        self.shared.logger.debug(
            debug::FETCH,
            "FETCHERR",
            format_args!(
                "{:?}: Fetch from broker {broker} failed at {}: {code} (high watermark {high})",
                slot.partition, slot.position
            ),
        );
        match code {
            ErrorCode::OFFSET_OUT_OF_RANGE => self.end_fetch(key, Reason::OutOfRange),
            _ if is_for_control(code) => {
                let reason = match leader {
                    Some(leader) => Reason::Moved(code, leader),
                    None => Reason::Refused(code),
                };
                self.end_fetch(key, reason);
            }
            _ => {
                // Once for what does not pass by itself, so that it does not flood.
                if slot.last_error != code || code != ErrorCode::TOPIC_AUTHORIZATION_FAILED {
                    let text = format!("Fetch from broker {broker} failed: {code}");
                    slot.report(code, &text, broker);
                }
                slot.last_error = code;
                let backoff = self.shared.settings.error_backoff;
                let pause = now
                    + match code {
                        // Somebody has to do something first.
                        ErrorCode::TOPIC_AUTHORIZATION_FAILED if !backoff.is_zero() => {
                            (backoff * 10).max(Duration::from_secs(1))
                        }
                        _ => backoff,
                    };
                slot.not_before = Some(pause);
                self.look_at(pause);
            }
        }
    }
}

/// Errors that are about who has the partition.
fn is_for_control(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::OFFSET_NOT_AVAILABLE
            | ErrorCode::UNKNOWN_TOPIC_OR_PART
            | ErrorCode::LEADER_NOT_AVAILABLE
            | ErrorCode::NOT_LEADER_FOR_PARTITION
            | ErrorCode::BROKER_NOT_AVAILABLE
            | ErrorCode::REPLICA_NOT_AVAILABLE
            | ErrorCode::KAFKA_STORAGE_ERROR
            | ErrorCode::UNKNOWN_LEADER_EPOCH
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::INCONSISTENT_TOPIC_ID
    )
}
