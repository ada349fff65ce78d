//! What the answers mean: for the session, for acknowledgements, for partitions.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kafka_protocol::messages::share_fetch_response::PartitionData;
use kafka_protocol::messages::{ResponseKind, ShareFetchResponse};

use super::super::fetched::{Acquired, Locks, NewPart, ShareFetched};
use super::super::wire::{self, AckResult, AckResults};
use super::super::{Job, Key, News, Outcome, Partition};
use super::{InFlight, ShareFetcher};
use crate::base::error::ErrorCode;
use crate::base::log::{Level, debug};
use crate::broker::{RequestError, Response};
use crate::protocol::leader::NewLeader;

impl ShareFetcher {
    pub fn on_response(&mut self, now: Instant, result: Result<Response, RequestError>) {
        let was = std::mem::replace(&mut self.in_flight, InFlight::Nothing);
        let kind = match result {
            Ok(response) => response.kind,
            Err(e) => return self.failed(now, was, e.code()),
        };
        let (code, throttle_ms) = match &kind {
            Some(ResponseKind::ShareFetch(r)) => (r.error_code, r.throttle_time_ms),
            Some(ResponseKind::ShareAcknowledge(r)) => (r.error_code, r.throttle_time_ms),
            _ => return self.failed(now, was, ErrorCode::_BAD_MSG),
        };
        if throttle_ms > 0 {
            self.pause(now + Duration::from_millis(throttle_ms.unsigned_abs().into()));
        }
        if code != 0 {
            return self.failed(now, was, ErrorCode::from(code));
        }
        match (was, kind) {
            (InFlight::Fetch(jobs), Some(ResponseKind::ShareFetch(r))) => {
                self.on_fetched(now, jobs, r);
                self.session.answered();
            }
            (InFlight::Acknowledge(jobs), Some(ResponseKind::ShareAcknowledge(r))) => {
                self.session.answered();
                self.end(jobs, &wire::results(&r));
            }
            (InFlight::Close(jobs), Some(ResponseKind::ShareAcknowledge(r))) => {
                self.session.reset();
                self.end(jobs, &wire::results(&r));
                self.tell_closed();
            }
            (was, _) => self.failed(now, was, ErrorCode::_BAD_MSG),
        }
    }

    fn pause(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |at| at.max(until)));
    }

    /// The request as a whole: the session is opened anew.
    fn failed(&mut self, now: Instant, was: InFlight, code: ErrorCode) {
        let broker = self.broker_id;
        self.shared.logger.debug(
            debug::FETCH,
            "SHAREFETCH",
            format_args!("Share request to broker {broker} failed: {code}"),
        );
        let was_open = self.session.is_open();
        self.session.reset();
        let closes = matches!(was, InFlight::Close(_));
        if matches!(was, InFlight::Fetch(_)) {
            // A session that is not there, or behind, is simply opened again.
            let passing = was_open
                && matches!(
                    code,
                    ErrorCode::SHARE_SESSION_NOT_FOUND | ErrorCode::INVALID_SHARE_SESSION_EPOCH
                );
            if !passing {
                self.pause(now + self.shared.settings.error_backoff);
            }
            if code == ErrorCode::UNKNOWN_TOPIC_ID {
                self.sink.metadata_is_stale(&"".into(), code, None);
            }
        }
        self.end_all(was.into_jobs(), code);
        if closes {
            self.tell_closed();
        }
    }

    /// Each job's acknowledgements have this result.
    pub(super) fn end_all(&mut self, jobs: Vec<Job>, code: ErrorCode) {
        self.end_with(jobs, |_| AckResult { code, leader: None });
    }

    /// Each job's acknowledgements have the result of their partition; one that the broker
    /// says nothing of has not been dealt with.
    fn end(&mut self, jobs: Vec<Job>, results: &AckResults) {
        self.end_with(jobs, |key| {
            results.get(&key).cloned().unwrap_or(AckResult {
                code: ErrorCode::INVALID_RECORD_STATE,
                leader: None,
            })
        });
    }

    fn end_with(&mut self, jobs: Vec<Job>, result: impl Fn(Key) -> AckResult) {
        for job in jobs {
            let mut results = Vec::with_capacity(job.acks.len());
            for acks in job.acks {
                let AckResult { code, leader } = result(acks.partition.key());
                if code.is_err() {
                    let refused = wire::sum_of(acks.runs.iter());
                    let counters = &self.shared.counters;
                    counters.refused.fetch_add(refused, Ordering::Relaxed);
                    if has_moved(code) {
                        // Before the result, after which the next is sent to the leader.
                        let topic = &acks.partition.topic;
                        self.sink.metadata_is_stale(topic, code, leader);
                    }
                }
                results.push((acks, code));
            }
            if job.commit.is_some() || !results.is_empty() {
                let commit = job.commit;
                self.sink
                    .news(News::Acknowledged(Outcome { commit, results }));
            }
        }
    }

    fn on_fetched(&mut self, now: Instant, jobs: Vec<Job>, fetch: ShareFetchResponse) {
        let counters = &self.shared.counters;
        counters.fetches.fetch_add(1, Ordering::Relaxed);
        let lock = u64::try_from(fetch.acquisition_lock_timeout_ms).unwrap_or(0);
        let locks = Locks {
            expire: (lock > 0).then(|| now + Duration::from_millis(lock)),
            connection: self
                .connection
                .as_ref()
                .map(Arc::downgrade)
                .unwrap_or_default(),
        };
        let endpoints = fetch.node_endpoints;
        let mut results = AckResults::new();
        let mut parts = Vec::new();
        let mut any_error = false;
        for topic in fetch.responses {
            for data in topic.partitions {
                let key = (topic.topic_id, data.partition_index);
                let (id, epoch) = (
                    data.current_leader.leader_id,
                    data.current_leader.leader_epoch,
                );
                let leader = NewLeader::told(key.1, id, epoch, &endpoints);
                let result = AckResult {
                    code: ErrorCode::from(data.acknowledge_error_code),
                    leader: leader.clone(),
                };
                results.insert(key, result);
                let Some(partition) = self.session.partition(key).cloned() else {
                    continue;
                };
                if data.error_code != 0 {
                    any_error = true;
                    self.on_error(&partition, &data, leader);
                    continue;
                }
                self.told.remove(&key);
                if !data.acquired_records.is_empty() {
                    parts.push(new_part(partition, data));
                }
            }
        }
        self.end(jobs, &results);
        if parts.is_empty() {
            if any_error {
                self.pause(now + self.shared.settings.error_backoff);
            }
            return;
        }
        let bytes: usize = parts.iter().map(|p| p.records.len()).sum();
        let counters = &self.shared.counters;
        let bytes = u64::try_from(bytes).unwrap_or(0);
        counters.fetched_bytes.fetch_add(bytes, Ordering::Relaxed);
        counters.largest_fetch.fetch_max(bytes, Ordering::Relaxed);
        self.wants_records = false;
        let fetched = ShareFetched::new(
            self.broker_id,
            locks,
            parts,
            &self.shared.settings,
            &mut self.decompressor,
        );
        // The main thread hears of it before the application can ask for more.
        self.sink.news(News::Fetched);
        self.sink.fetched(fetched);
    }

    fn on_error(
        &mut self,
        partition: &Arc<Partition>,
        data: &PartitionData,
        leader: Option<NewLeader>,
    ) {
        let code = ErrorCode::from(data.error_code);
        let why = data.error_message.as_deref().unwrap_or_default();
        let text = format!("{partition:?}: ShareFetch failed: {code}: {why}");
        let topic = partition.topic.clone();
        let logger = &self.shared.logger;
        logger.debug(debug::FETCH, "SHAREFETCH", format_args!("{text}"));
        match code {
            _ if has_moved(code) => self.sink.metadata_is_stale(&topic, code, leader),
            ErrorCode::UNKNOWN_LEADER_EPOCH => {}
            ErrorCode::UNKNOWN => logger.log(Level::Warning, "SHAREFETCH", format_args!("{text}")),
            // An application that does not poll is not to find one for each attempt.
            _ if self.told.insert(partition.key(), code) == Some(code) => {}
            _ => self.sink.news(News::Error { code, text, topic }),
        }
    }
}

fn new_part(partition: Arc<Partition>, data: PartitionData) -> NewPart {
    let acquired = data.acquired_records.iter().map(|range| Acquired {
        first: range.first_offset,
        last: range.last_offset,
        delivery_count: range.delivery_count,
    });
    NewPart {
        partition,
        acquired: acquired.collect(),
        records: data.records.unwrap_or_default(),
    }
}

/// The leader is another broker, or not known to this one yet.
fn has_moved(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NOT_LEADER_FOR_PARTITION
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::KAFKA_STORAGE_ERROR
            | ErrorCode::OFFSET_NOT_AVAILABLE
            | ErrorCode::REPLICA_NOT_AVAILABLE
            | ErrorCode::UNKNOWN_TOPIC_OR_PART
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::INCONSISTENT_TOPIC_ID
    )
}
