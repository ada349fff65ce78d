//! What becomes of the batches of a request that has ended.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{ProduceResponse, ResponseKind};
use kafka_protocol::protocol::StrBytes;

use super::{Sender, Sent};
use crate::base::backoff;
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::broker::{BrokerStats, RequestError, Response};
use crate::producer::Partition;
use crate::producer::batch::{Batch, Delivery, Refusal};
use crate::producer::idempotence::Fate;
use crate::protocol::leader::NewLeader;

/// About what it takes a broker to become the leader that metadata says it is.
const TAKING_OVER: Duration = Duration::from_millis(5);

impl Sender {
    pub fn on_response(&mut self, now: Instant, tag: u64, result: Result<Response, RequestError>) {
        let Some(request) = self.in_flight.remove(&tag) else {
            // Purged meanwhile.
            return;
        };
        self.count_ended(&request);
        match result {
            Ok(response) => match response.kind {
                Some(ResponseKind::Produce(produce)) => {
                    self.on_produced(now, request, &produce, response.broker_id);
                }
                Some(_) => self.all_failed(now, request, ErrorCode::_BAD_MSG, true),
                // acks=0: sent is as good as it gets.
                None => {
                    for sent in request {
                        sent.partition.done(&sent.batch);
                        self.deliver(Delivery::new(sent.batch, ErrorCode::NO_ERROR, now));
                    }
                }
            },
            Err(e) => {
                let code = e.code();
                let destroyed = e == RequestError::Destroyed;
                self.shared.logger.debug(
                    debug::MSG,
                    "REQERR",
                    format_args!(
                        "Produce request with {} batch(es) failed: {e}",
                        request.len()
                    ),
                );
                let code = if destroyed { ErrorCode::_DESTROY } else { code };
                self.all_failed(now, request, code, e.possibly_done());
            }
        }
    }

    fn on_produced(
        &mut self,
        now: Instant,
        request: Vec<Sent>,
        response: &ProduceResponse,
        broker_id: i32,
    ) {
        if response.throttle_time_ms > 0 {
            let pause = Duration::from_millis(response.throttle_time_ms.unsigned_abs().into());
            self.throttled_until = Some(now + pause);
        }
        for sent in request {
            let result = response
                .responses
                .iter()
                .find(|t| t.name.as_str() == &*sent.partition.topic.name)
                .and_then(|t| {
                    t.partition_responses
                        .iter()
                        .find(|p| p.index == sent.partition.id)
                });
            let Some(result) = result else {
                // A broker that leaves out a partition says nothing about it.
                self.failed(now, sent, ErrorCode::_BAD_MSG, true);
                continue;
            };
            let code = ErrorCode::from(result.error_code);
            if code.is_ok() || code == ErrorCode::DUPLICATE_SEQUENCE_NUMBER {
                sent.partition.done(&sent.batch);
                let mut delivery = Delivery::new(sent.batch, ErrorCode::NO_ERROR, now);
                if result.base_offset >= 0 {
                    delivery.base_offset = result.base_offset;
                }
                delivery.log_append_time = result.log_append_time_ms;
                delivery.broker_id = broker_id;
                self.deliver(delivery);
            } else {
                self.shared.logger.debug(
                    debug::MSG,
                    "MSGSET",
                    format_args!(
                        "{} [{}]: batch of {} message(s) failed: {code}",
                        sent.partition.topic.name,
                        sent.partition.id,
                        sent.batch.len()
                    ),
                );
                let maybe = code == ErrorCode::REQUEST_TIMED_OUT
                    || code == ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND;
                let mut sent = sent;
                sent.batch.refusal = refusal(result);
                sent.new_leader = NewLeader::told(
                    result.index,
                    result.current_leader.leader_id.0,
                    result.current_leader.leader_epoch,
                    &response.node_endpoints,
                );
                self.failed(now, sent, code, maybe);
            }
        }
    }

    fn all_failed(
        &mut self,
        now: Instant,
        request: Vec<Sent>,
        code: ErrorCode,
        possibly_persisted: bool,
    ) {
        for sent in request {
            self.failed(now, sent, code, possibly_persisted);
        }
    }

    /// A batch was not written, or nobody knows.
    fn failed(&mut self, now: Instant, sent: Sent, code: ErrorCode, possibly_persisted: bool) {
        let Sent {
            partition,
            mut batch,
            broker_id,
            new_leader,
        } = sent;
        batch.possibly_persisted |= possibly_persisted;
        let action = classify(code);
        if action.stale_metadata {
            let topic = &partition.topic.name;
            self.shared.sink.metadata_is_stale(topic, code, new_leader);
        }
        let why = match partition.judge(&mut batch, code) {
            Fate::Ordinary => None,
            Fate::Again if !self.is_over() => {
                batch.free_attempts += 1;
                let pause = self.pause(batch.attempts);
                self.send_again(now, &partition, batch, pause);
                return;
            }
            Fate::Again => None,
            Fate::Lost(why) => Some(why),
        };
        if let Some(why) = why {
            let text = self.describe(&partition, &batch, why);
            match self.shared.transaction {
                Some(_) => self.shared.sink.transaction_failed(code, text),
                None => self.shared.sink.fatal(code, &text),
            }
            batch.possibly_persisted = true;
        }
        let settings = &self.shared.settings;
        let expired = batch.is_expired(now, partition.topic.settings.message_timeout);
        let retry = action.retry && !self.is_over();
        if retry && batch.counted_attempts() <= settings.retries && !expired {
            let pause = match self.short_pause(&partition, &batch, code) {
                Some(pause) => {
                    batch.free_attempts += 1;
                    pause
                }
                None => self.pause(batch.counted_attempts()),
            };
            self.send_again(now, &partition, batch, pause);
            return;
        }
        if settings.gapless && !expired {
            let why = format!("{code}, which leaves a gap in the series");
            let text = self.describe(&partition, &batch, &why);
            let code = ErrorCode::_GAPLESS_GUARANTEE;
            self.shared.sink.fatal(code, &text);
        }
        partition.lost(&batch);
        let code = if action.retry && expired {
            ErrorCode::_MSG_TIMED_OUT
        } else if action.retry && self.is_abandoned() {
            // It would be sent again, was it not for the abort.
            ErrorCode::_PURGE_INFLIGHT
        } else {
            action.report_as
        };
        self.transaction_failed(&partition, &batch, code);
        if code == ErrorCode::TOPIC_AUTHORIZATION_FAILED {
            // Before the report: who has seen that is refused at once.
            self.shared.sink.topic_refused(&partition.topic.name, code);
        }
        self.fail_sent(batch, code, broker_id, now);
    }

    /// Nothing is sent again.
    fn is_over(&self) -> bool {
        self.shared.fatal.load(Ordering::Relaxed) || self.is_abandoned()
    }

    fn is_abandoned(&self) -> bool {
        let transaction = self.shared.transaction.as_ref();
        transaction.is_some_and(|t| t.is_abandoned())
    }

    /// A batch of a transaction, if there is one, will not be delivered.
    pub(super) fn transaction_failed(&self, partition: &Partition, batch: &Batch, code: ErrorCode) {
        if self.shared.transaction.is_some() && !self.is_abandoned() {
            let text = self.describe(partition, batch, &code.text());
            self.shared.sink.transaction_failed(code, text);
        }
    }

    fn pause(&self, attempts: u32) -> Duration {
        let settings = &self.shared.settings;
        backoff::delay(
            attempts.saturating_sub(1),
            settings.retry_backoff,
            settings.retry_backoff_max,
        )
    }

    /// A topic that was just created has leaders that do not know it yet: they are
    /// asked again as soon as they may, a few times, before `retry.backoff.ms` holds.
    /// These attempts do not count.
    fn short_pause(
        &self,
        partition: &Partition,
        batch: &Batch,
        code: ErrorCode,
    ) -> Option<Duration> {
        let taking_over = matches!(
            code,
            ErrorCode::NOT_LEADER_FOR_PARTITION
                | ErrorCode::LEADER_NOT_AVAILABLE
                | ErrorCode::UNKNOWN_TOPIC_OR_PART
        );
        if !taking_over || !partition.is_untried() || batch.counted_attempts() > 1 {
            return None;
        }
        let ordinary = self.shared.settings.retry_backoff;
        let pause = backoff::delay(batch.free_attempts, TAKING_OVER, ordinary);
        (pause < ordinary).then_some(pause)
    }

    fn send_again(
        &self,
        now: Instant,
        partition: &Arc<Partition>,
        mut batch: Batch,
        pause: Duration,
    ) {
        batch.retry_at = Some(now + pause);
        batch.refusal = None;
        BrokerStats::bump(&self.stats.tx_retries);
        partition.put_back(batch);
    }

    /// For the text of a fatal error.
    fn describe(&self, partition: &Partition, batch: &Batch, why: &str) -> String {
        let (topic, id, count) = (&partition.topic.name, partition.id, batch.len());
        let sequence = batch.sequence.map_or_else(String::new, |s| {
            let (pid, epoch) = (s.pid.id, s.pid.epoch);
            let first = s.first;
            format!(" (producer id {pid}, epoch {epoch}, first sequence number {first})")
        });
        format!("{topic} [{id}]: a batch of {count} has failed: {why}{sequence}")
    }

    /// Of a batch that a broker has had.
    fn fail_sent(&self, batch: Batch, err: ErrorCode, broker_id: i32, now: Instant) {
        let mut delivery = Delivery::new(batch, err, now);
        delivery.broker_id = broker_id;
        self.deliver(delivery);
    }

    fn deliver(&self, delivery: Delivery) {
        self.shared.sink.delivered(delivery);
    }

    fn count_ended(&self, request: &[Sent]) {
        let messages = request.iter().map(|s| s.batch.len()).sum();
        self.stats
            .in_flight_messages
            .fetch_sub(messages, Ordering::Relaxed);
    }

    /// The connection is gone. Its requests have ended by now, but for those that an
    /// internal error took with it.
    pub fn on_down(&mut self, now: Instant) {
        for (_, request) in std::mem::take(&mut self.in_flight) {
            self.count_ended(&request);
            self.all_failed(now, request, ErrorCode::_TRANSPORT, true);
        }
    }

    /// Fails what is in flight; the responses will find nothing.
    pub fn purge_in_flight(&mut self, now: Instant) {
        let mut requests: Vec<_> = self.in_flight.drain().collect();
        // What was sent first is reported first.
        requests.sort_unstable_by_key(|(number, _)| *number);
        for (_, request) in requests {
            self.count_ended(&request);
            for mut sent in request {
                sent.batch.possibly_persisted = true;
                sent.partition.lost(&sent.batch);
                self.fail_sent(sent.batch, ErrorCode::_PURGE_INFLIGHT, sent.broker_id, now);
            }
        }
    }
}

/// What the broker says besides the code, if anything.
fn refusal(result: &PartitionProduceResponse) -> Option<Box<Refusal>> {
    let text = |t: &StrBytes| CString::new(t.as_bytes()).ok();
    let records = result.record_errors.iter().filter_map(|r| {
        let place = usize::try_from(r.batch_index).ok()?;
        let why = r.batch_index_error_message.as_ref().and_then(text);
        Some((place, why))
    });
    let refusal = Refusal {
        text: result.error_message.as_ref().and_then(text),
        records: records.collect(),
    };
    let says_more = refusal.text.is_some() || !refusal.records.is_empty();
    says_more.then(|| Box::new(refusal))
}

struct Action {
    retry: bool,
    stale_metadata: bool,
    report_as: ErrorCode,
}

/// What to do about a failed batch.
fn classify(code: ErrorCode) -> Action {
    let action = |retry, stale_metadata| Action {
        retry,
        stale_metadata,
        report_as: code,
    };
    match code {
        ErrorCode::NOT_LEADER_FOR_PARTITION
        | ErrorCode::LEADER_NOT_AVAILABLE
        | ErrorCode::UNKNOWN_TOPIC_OR_PART
        | ErrorCode::UNKNOWN_TOPIC_ID
        | ErrorCode::KAFKA_STORAGE_ERROR
        | ErrorCode::FENCED_LEADER_EPOCH
        | ErrorCode::UNKNOWN_LEADER_EPOCH
        | ErrorCode::REPLICA_NOT_AVAILABLE
        | ErrorCode::BROKER_NOT_AVAILABLE
        | ErrorCode::_TRANSPORT => action(true, true),
        ErrorCode::NOT_ENOUGH_REPLICAS
        | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
        | ErrorCode::REQUEST_TIMED_OUT
        | ErrorCode::NETWORK_EXCEPTION
        | ErrorCode::THROTTLING_QUOTA_EXCEEDED
        // The transaction before is still being ended.
        | ErrorCode::CONCURRENT_TRANSACTIONS
        // What was damaged on its way is whole here.
        | ErrorCode::INVALID_MSG
        | ErrorCode::_TIMED_OUT
        | ErrorCode::_TIMED_OUT_QUEUE
        | ErrorCode::_BAD_MSG => action(true, false),
        _ => action(false, false),
    }
}
