//! The consumer: subscription, assignment, position.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use libc::{c_char, c_int};

use super::handle::get;
use super::instance::Instance;
use super::topic_partition::{add, elements, elements_mut, new_list, set_leader_epoch};
use super::{consume, cstr, error, message, serve};
use crate::base::error::{ErrorCode, KafkaError};
use crate::client::consumer::is_refused;
use crate::client::consumer::membership::Subscription;
use crate::client::consumer::{Consumer, ConsumerPartition};
use crate::client::types::{LookupResult, OffsetLookup, SubscribedTopic};
use crate::consumer::Position;
use crate::consumer::control::{TIMESTAMP_BEGINNING, TIMESTAMP_END};
use crate::group::assignor::RebalanceProtocol;
use crate::metadata::Refresh;

use crate::capi::boundary::ffi;
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_message_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t, rd_kafka_topic_t,
};

/// What stands for no limit of time.
const FOREVER: Duration = Duration::from_secs(86_400 * 365);

/// A C timeout; `None` is for ever.
fn timeout(timeout_ms: c_int) -> Option<Duration> {
    u64::try_from(timeout_ms).ok().map(Duration::from_millis)
}

/// The instance's consumer, if it has a group and is not closed.
fn open_consumer(instance: &Instance) -> Result<&Arc<Consumer>, ErrorCode> {
    match consume::group_consumer(instance) {
        Ok(consumer) if consumer.is_closed() => Err(ErrorCode::_DESTROY),
        other => other,
    }
}

fn no_list() -> KafkaError {
    KafkaError::new(ErrorCode::_INVALID_ARG, "There is no list of partitions")
}

fn no_group(code: ErrorCode) -> KafkaError {
    KafkaError::new(code, "This needs a consumer with a group.id")
}

type Start = (Arc<ConsumerPartition>, Position);

/// The partitions of an assignment; null is an empty one.
///
/// # Safety
/// Handle and list are null or alive.
unsafe fn wanted<'a>(
    rk: *mut rd_kafka_t,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> Result<(&'a Arc<Consumer>, Vec<Start>), KafkaError> {
    // SAFETY: the caller's promise.
    let (instance, list) = unsafe { (get(rk.cast_const()), partitions.as_ref()) };
    let instance = instance.ok_or(ErrorCode::_INVALID_ARG)?;
    let consumer = consume::group_consumer(instance).map_err(no_group)?;
    let mut starts = Vec::new();
    for element in list.map(elements).unwrap_or_default() {
        let start = consume::read(element);
        if !is_start(start.offset) {
            return Err(KafkaError::new(
                ErrorCode::_INVALID_ARG,
                format!(
                    "{} [{}] cannot start at offset {}",
                    start.topic, start.partition, start.offset
                ),
            ));
        }
        let tp = consume::ensure(instance, consumer, element)?;
        starts.push((tp, start.position()));
    }
    Ok((consumer, starts))
}

/// Asks the leaders, after the cluster was asked about topics that are not known yet, and
/// before it is asked about those whose leader has moved. Creates no topics.
fn look_up(
    instance: &Instance,
    wanted: Vec<OffsetLookup>,
    timeout: Option<Duration>,
) -> Result<Vec<LookupResult>, ErrorCode> {
    let client = &instance.client;
    let until = Instant::now() + timeout.unwrap_or(FOREVER);
    let is_known = |topic: &Arc<str>| client.shared.metadata.load().topic(topic).is_some();
    let mut unknown: Vec<_> = wanted.iter().map(|w| w.topic.clone()).collect();
    unknown.retain(|topic| !is_known(topic));
    unknown.sort();
    unknown.dedup();
    if !unknown.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        let asked = client.metadata_of_existing(Refresh::Topics(unknown), left);
        asked.map_err(|e| match e.code {
            ErrorCode::_TRANSPORT => ErrorCode::_ALL_BROKERS_DOWN,
            other => other,
        })?;
    }
    let exists: Vec<bool> = wanted.iter().map(|w| is_known(&w.topic)).collect();
    let to_ask: Vec<_> = wanted
        .into_iter()
        .zip(&exists)
        .filter_map(|(w, exists)| exists.then_some(w))
        .collect();
    let topics: Vec<_> = to_ask.iter().map(|w| w.topic.clone()).collect();
    let left = timeout.map(|_| until.saturating_duration_since(Instant::now()));
    let found = if to_ask.is_empty() {
        Vec::new()
    } else {
        client.shared.consumer.offsets(to_ask, left)?
    };
    let mut refused: Vec<_> = found
        .iter()
        .zip(topics)
        .filter_map(|(found, topic)| found.is_err_and(is_refused).then_some(topic))
        .collect();
    if !refused.is_empty() {
        // So that the next call goes to the new leader.
        refused.sort();
        refused.dedup();
        let left = until.saturating_duration_since(Instant::now());
        let _ = client.metadata_of_existing(Refresh::Topics(refused), left);
    }
    let mut found = found.into_iter();
    let missing = ErrorCode::UNKNOWN_TOPIC_OR_PART;
    Ok(exists
        .into_iter()
        .map(|exists| match exists {
            true => found.next().unwrap_or(Err(missing)),
            false => Err(missing),
        })
        .collect())
}

/// The partition does not exist, or its topic does not.
fn is_missing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UNKNOWN_TOPIC_OR_PART | ErrorCode::_UNKNOWN_PARTITION
    )
}

/// Whether consuming can start at such an offset.
fn is_start(at: i64) -> bool {
    use crate::consumer::offset::{BEGINNING, END, INVALID, STORED, TAIL_BASE};
    at >= 0 || at <= TAIL_BASE || matches!(at, BEGINNING | END | STORED | INVALID)
}

/// Seeks all partitions of a list and waits for the results, unless the timeout is 0.
fn seek_all(
    instance: &Instance,
    consumer: &Consumer,
    list: &mut [rd_kafka_topic_partition_t],
    timeout_ms: c_int,
) -> Result<(), KafkaError> {
    let deadline = Instant::now() + timeout(timeout_ms).unwrap_or(FOREVER);
    let mut answers = Vec::new();
    for element in list.iter_mut() {
        let Some(tp) = consume::find(instance, element) else {
            element.err = ErrorCode::_UNKNOWN_PARTITION;
            continue;
        };
        let (reply, answer) = bounded(1);
        let to = consume::read(element).position();
        element.err = match consumer.begin_seek(&tp, to, reply) {
            Ok(()) => {
                answers.push((element, answer));
                continue;
            }
            Err(code) => code,
        };
    }
    if timeout_ms == 0 {
        for (element, _) in answers {
            element.err = ErrorCode::_IN_PROGRESS;
        }
        return Ok(());
    }
    let mut late = 0;
    for (element, answer) in answers {
        element.err = match answer.recv_deadline(deadline) {
            Ok(Ok(())) => ErrorCode::NO_ERROR,
            Ok(Err(code)) => code,
            Err(_) => {
                late += 1;
                ErrorCode::_IN_PROGRESS
            }
        };
    }
    if late > 0 {
        return Err(KafkaError::new(
            ErrorCode::_TIMED_OUT,
            format!("{late} partition(s) have not been moved in time; they will be"),
        ));
    }
    Ok(())
}

/// How long a close waits for the application's answer to a rebalance.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// Leaves the group, serving what is to be done for that, and ends consuming. Bounded
/// by what the requests of leaving may take; an application that does not answer, in
/// whose name librdkafka would wait for ever, is taken everything from.
pub(crate) fn close(instance: &Instance, consumer: &Consumer) {
    if consumer.core.settings.has_group && !consumer.is_closed() {
        consumer.queue.forward(None);
        consumer.begin_close();
        let c = &instance.conf().global;
        let most = i64::from(c.session_timeout_ms) + 2 * i64::from(c.socket_timeout_ms);
        let bound = Instant::now() + Duration::from_millis(most.unsigned_abs());
        let mut answer = Instant::now() + ANSWER_PATIENCE;
        loop {
            // The end is told by a yield, which a thread that polls may take.
            let since = consumer.queue.yields();
            if consumer.group.is_closed() || Instant::now() >= bound {
                break;
            }
            // Messages are dropped as they are: to hand them out would store their
            // offsets, and what nobody saw would be committed.
            let event = consume::take_event(&consumer.queue, since, bound.min(answer));
            if let Some(event) = event {
                serve::serve_one(instance, &consumer.queue, event);
            } else if Instant::now() >= answer {
                consumer.answer_for_application();
            } else {
                continue;
            }
            answer = Instant::now() + ANSWER_PATIENCE;
        }
    }
    consumer.close();
}

/// This consumer's id in its group, empty while it has none; null without `group.id` and
/// once the consumer is closed. Freed by `rd_kafka_mem_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_memberid(rk: *const rd_kafka_t) -> *mut c_char {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk) }.map(open_consumer) {
            Some(Ok(consumer)) => {
                let (id, _) = consumer.group.member();
                cstr::malloc_string(id.as_bytes())
            }
            _ => std::ptr::null_mut(),
        }
    })
}

/// Asks the partition's leader for its first offset and for the one after its last
/// record (for read_committed: the last stable offset), up to `timeout_ms`.
/// `NOT_LEADER_FOR_PARTITION` and the like if the leader has just moved: ask again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_query_watermark_offsets(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    partition: i32,
    low: *mut i64,
    high: *mut i64,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and string are alive, and what is not null is
        // writable.
        unsafe {
            let (Some(instance), Some(topic)) = (get(rk.cast_const()), cstr::text(topic)) else {
                return ErrorCode::_INVALID_ARG;
            };
            let topic: Arc<str> = Arc::from(&*topic);
            let wanted = |timestamp| OffsetLookup {
                topic: topic.clone(),
                partition,
                timestamp,
            };
            let both = vec![wanted(TIMESTAMP_BEGINNING), wanted(TIMESTAMP_END)];
            let found = match look_up(instance, both, timeout(timeout_ms)) {
                Ok(found) => found,
                Err(code) => return code,
            };
            for (found, place) in found.iter().zip([low, high]) {
                match (found, place.as_mut()) {
                    (Ok(at), Some(place)) => *place = at.offset,
                    (Ok(_), None) => {}
                    (Err(ErrorCode::UNKNOWN_TOPIC_OR_PART), _) => {
                        return ErrorCode::_UNKNOWN_PARTITION;
                    }
                    (Err(code), _) => return *code,
                }
            }
            ErrorCode::NO_ERROR
        }
    })
}

/// The partition's offsets as the consumer has last seen them: the high one with each
/// fetch, the low one every `statistics.interval.ms` or with a query.
/// `RD_KAFKA_OFFSET_INVALID` for what is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_get_watermark_offsets(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    partition: i32,
    low: *mut i64,
    high: *mut i64,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and string are alive, and what is not null is
        // writable.
        unsafe {
            let (Some(instance), Some(topic)) = (get(rk.cast_const()), cstr::text(topic)) else {
                return ErrorCode::_INVALID_ARG;
            };
            let Some(consumer) = consume::consumer(instance) else {
                // A producer has fetched nothing.
                for place in [low.as_mut(), high.as_mut()].into_iter().flatten() {
                    *place = Position::INVALID.offset;
                }
                return ErrorCode::NO_ERROR;
            };
            let Ok(topic) = instance.topic(&topic, None) else {
                return ErrorCode::_INVALID_ARG;
            };
            let tp = consumer.partition(&topic, partition);
            let marks = tp.partition.watermarks();
            if let Some(low) = low.as_mut() {
                *low = marks.0;
            }
            if let Some(high) = high.as_mut() {
                *high = marks.1;
            }
            ErrorCode::NO_ERROR
        }
    })
}

/// Replaces each element's offset, which is a timestamp in milliseconds, by the first
/// offset with that timestamp or a later one; `RD_KAFKA_OFFSET_END` if there is none.
/// Each element's `err` says how it went. The offsets stay as they were when time is up
/// (then `err` is `_IN_PROGRESS` where no leader was found) and when a leader has just moved
/// (`NOT_LEADER_FOR_PARTITION` and the like: ask again).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_offsets_for_times(
    rk: *mut rd_kafka_t,
    offsets: *mut rd_kafka_topic_partition_list_t,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        unsafe {
            let (Some(instance), Some(list)) = (get(rk.cast_const()), offsets.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let list = elements_mut(list);
            if list.is_empty() {
                return ErrorCode::_INVALID_ARG;
            }
            let wanted = list
                .iter()
                .map(|e| OffsetLookup {
                    topic: Arc::from(consume::name(e)),
                    partition: e.partition,
                    timestamp: e.offset,
                })
                .collect();
            let found = look_up(instance, wanted, timeout(timeout_ms));
            let metadata = instance.client.shared.metadata.load();
            for element in list.iter_mut() {
                // Before its leader was found nothing was asked for.
                element.err = match metadata.topic(&consume::name(element)) {
                    Some(_) => ErrorCode::NO_ERROR,
                    None => ErrorCode::_IN_PROGRESS,
                };
            }
            let found = match found {
                Ok(found) => found,
                Err(code) => return code,
            };
            let refused = |f: &LookupResult| f.err().filter(|code| is_refused(*code));
            if let Some(code) = found.iter().find_map(refused) {
                return code;
            }
            let all = |is: fn(ErrorCode) -> bool| found.iter().all(|f| f.err().is_some_and(is));
            let result = if all(|code| code == ErrorCode::_TIMED_OUT) {
                return ErrorCode::_TIMED_OUT;
            } else if all(is_missing) {
                ErrorCode::_UNKNOWN_PARTITION
            } else {
                ErrorCode::NO_ERROR
            };
            for (element, found) in list.iter_mut().zip(found) {
                match found {
                    Ok(at) => {
                        element.offset = at.offset;
                        element.err = ErrorCode::NO_ERROR;
                        set_leader_epoch(element, at.epoch);
                    }
                    Err(code) => element.err = code,
                }
            }
            result
        }
    })
}

/// Moves a partition of the simple consumer, up to `timeout_ms` for waiting until it is
/// done; 0 does not wait. What was fetched before is not delivered any more. `offset`
/// may be one of `RD_KAFKA_OFFSET_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_seek(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(topic) = (unsafe { get(rkt.cast_const()) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        if partition < 0 {
            return ErrorCode::_INVALID_ARG;
        }
        let Some(client) = topic.client.upgrade() else {
            return ErrorCode::_INVALID_ARG;
        };
        let Some(consumer) = consume::consumer_of(&client) else {
            return ErrorCode::_INVALID_ARG;
        };
        let Some(tp) = consume::existing(&client, &topic.name, partition) else {
            return ErrorCode::_UNKNOWN_PARTITION;
        };
        let deadline = timeout(timeout_ms)
            .filter(|t| !t.is_zero())
            .map(|t| Instant::now() + t);
        let forever = (timeout_ms < 0).then(|| Instant::now() + FOREVER);
        let to = Position::new(offset, -1);
        match consumer.seek(&tp, to, deadline.or(forever)) {
            Ok(()) => ErrorCode::NO_ERROR,
            Err(code) => code,
        }
    })
}

/// Moves assigned partitions to the elements' offsets. Waits up to `timeout_ms`, and
/// then each element's `err` says how it went; with 0 it does not wait, and they say
/// nothing. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_seek_partitions(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        unsafe {
            let refuse = |text: &str| error::give(KafkaError::new(ErrorCode::_INVALID_ARG, text));
            let instance = get(rk.cast_const());
            let Some((instance, consumer)) =
                instance.and_then(|i| Some((i, consume::consumer(i)?)))
            else {
                return refuse("Only consumers seek");
            };
            let list = partitions.as_mut().map(elements_mut).unwrap_or_default();
            if list.is_empty() {
                return refuse("The list has no partitions");
            }
            error::give_result(seek_all(instance, consumer, list, timeout_ms))
        }
    })
}

/// Sets the topics that this member of the group wants; names that begin with `^` are
/// regular expressions. Partition and offset do not matter. It replaces the last
/// subscription, and takes effect as the group rebalances. `_UNKNOWN_GROUP` without
/// `group.id`, `_INVALID_ARG` for an empty list, an empty name, one that comes twice or a
/// bad expression, `_DESTROY` once the consumer is closed, `_FATAL` after a static member's
/// fatal error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_subscribe(
    rk: *mut rd_kafka_t,
    topics: *const rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        let (instance, list) = unsafe { (get(rk.cast_const()), topics.as_ref()) };
        let (Some(instance), Some(list)) = (instance, list) else {
            return ErrorCode::_INVALID_ARG;
        };
        let consumer = match consume::group_consumer(instance) {
            Ok(consumer) => consumer,
            Err(code) => return code,
        };
        let wanted = elements(list).iter().map(|e| SubscribedTopic {
            topic: consume::read(e),
            opaque: e.opaque.expose_provenance(),
        });
        let subscription = match Subscription::new(wanted.collect()) {
            Ok(subscription) => subscription,
            Err(e) => return e.code,
        };
        if consumer.is_closed() {
            return ErrorCode::_DESTROY;
        }
        if instance.client.shared.barred().is_some() {
            return ErrorCode::_FATAL;
        }
        consumer.subscribe(subscription);
        ErrorCode::NO_ERROR
    })
}

/// Ends the subscription: the partitions are given up, and the group is left. Says `_FATAL`
/// after a static member's fatal error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_unsubscribe(rk: *mut rd_kafka_t) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let instance = unsafe { get(rk.cast_const()) };
        match instance.map(consume::group_consumer) {
            Some(Ok(consumer)) if consumer.is_closed() => ErrorCode::_DESTROY,
            Some(Ok(consumer)) => {
                consumer.unsubscribe();
                match instance.and_then(|i| i.client.shared.barred()) {
                    Some(_) => ErrorCode::_FATAL,
                    None => ErrorCode::NO_ERROR,
                }
            }
            Some(Err(code)) => code,
            None => ErrorCode::_INVALID_ARG,
        }
    })
}

/// Sets `*topics` to a copy of the list last subscribed to, sorted by name, which the
/// application destroys; to null with `_DESTROY` once the consumer is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_subscription(
    rk: *mut rd_kafka_t,
    topics: *mut *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive and the place writable.
        unsafe {
            let (Some(instance), Some(place)) = (get(rk.cast_const()), topics.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let consumer = match open_consumer(instance) {
                Ok(consumer) => consumer,
                Err(code) => {
                    if code == ErrorCode::_DESTROY {
                        *place = std::ptr::null_mut();
                    }
                    return code;
                }
            };
            let wanted = consumer.group.subscription();
            let list = new_list(wanted.len());
            for SubscribedTopic { topic, opaque } in wanted {
                let element = add(&mut *list, topic.topic.as_bytes(), topic.partition);
                consume::update(&mut *element, &topic);
                (*element).opaque = std::ptr::with_exposed_provenance_mut(opaque);
            }
            *place = list;
            ErrorCode::NO_ERROR
        }
    })
}

/// Takes one message of the assigned partitions, waiting up to `timeout_ms`, and calls
/// the application's functions for other events. Null if there is none. A message with
/// `err` set is an event such as `_PARTITION_EOF`. Freed by `rd_kafka_message_destroy`.
/// To be called at least every `max.poll.interval.ms`, or the member loses its
/// partitions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_poll(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(instance) = (unsafe { get(rk.cast_const()) }) else {
            return std::ptr::null_mut();
        };
        match consume::group_consumer(instance) {
            Ok(consumer) => consume::next_message(instance, &consumer.queue, timeout_ms),
            Err(code) => message::error(code),
        }
    })
}

/// Closes the consumer: gives up its partitions, with the rebalance function called,
/// commits stored offsets, and leaves the group. Waits for all this, for a bounded time
/// whatever the brokers do. Then destroy it. `_DESTROY` if it is closed already,
/// `_FATAL` after a fatal error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_close(rk: *mut rd_kafka_t) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let instance = unsafe { get(rk.cast_const()) };
        let Some(instance) = instance else {
            return ErrorCode::_INVALID_ARG;
        };
        match consume::group_consumer(instance) {
            Ok(consumer) if consumer.is_closed() => ErrorCode::_DESTROY,
            Ok(consumer) => {
                close(instance, consumer);
                match instance.client.shared.fatal() {
                    Some(_) => ErrorCode::_FATAL,
                    None => ErrorCode::NO_ERROR,
                }
            }
            Err(code) => code,
        }
    })
}

/// As `rd_kafka_consumer_close`, without waiting: the events of closing go to `rkqu`,
/// which the application polls until `rd_kafka_consumer_closed`. Null, or an error that
/// the application destroys: `_DESTROY` if it is closed already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_close_queue(
    rk: *mut rd_kafka_t,
    rkqu: *mut rd_kafka_queue_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handles are alive.
        let (instance, queue) = unsafe { (get(rk.cast_const()), get(rkqu.cast_const())) };
        let refuse = |text: &str| error::give(KafkaError::new(ErrorCode::_INVALID_ARG, text));
        let (Some(instance), Some(queue)) = (instance, queue) else {
            return refuse("There is no queue to close into");
        };
        let consumer = match consume::group_consumer(instance) {
            Ok(consumer) => consumer,
            Err(code) => return error::give(no_group(code)),
        };
        if consumer.is_closed() {
            let text = "Consumer already closed";
            return error::give(KafkaError::new(ErrorCode::_DESTROY, text));
        }
        if !Arc::ptr_eq(&consumer.queue, &queue.queue) {
            consumer.queue.forward(Some(queue.queue.clone()));
        }
        consumer.begin_close();
        std::ptr::null_mut()
    })
}

/// 1 once the consumer is closed, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_closed(rk: *mut rd_kafka_t) -> c_int {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk.cast_const()) }.map(consume::group_consumer) {
            Some(Ok(consumer)) => c_int::from(consumer.is_closed()),
            _ => 0,
        }
    })
}

/// Adds partitions to the assignment; for cooperative rebalancing (KIP-429).
/// `_CONFLICT` if one is assigned already, `_STATE` in a group whose rebalances are eager. An element's offset, if not
/// `RD_KAFKA_OFFSET_INVALID`, is where to begin. Null, or an error that the application
/// destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_incremental_assign(
    rk: *mut rd_kafka_t,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        if unsafe { get(rk.cast_const()) }.is_some() && partitions.is_null() {
            return error::give(no_list());
        }
        // SAFETY: the caller's handle and list are alive.
        let result = unsafe { wanted(rk, partitions) };
        let result = result.and_then(|(consumer, list)| consumer.incremental_assign(list));
        error::give_result(result)
    })
}

/// Takes partitions out of the assignment; for cooperative rebalancing (KIP-429). `_STATE`
/// in a group whose rebalances are eager. While the consumer is being closed, or after a
/// fatal error, everything is given up by whichever of the calls. Null, or an error that
/// the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_incremental_unassign(
    rk: *mut rd_kafka_t,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        unsafe {
            let Some(instance) = get(rk.cast_const()) else {
                return error::give(ErrorCode::_INVALID_ARG.into());
            };
            if partitions.is_null() {
                return error::give(no_list());
            }
            let consumer = match consume::group_consumer(instance) {
                Ok(consumer) => consumer,
                Err(code) => return error::give(no_group(code)),
            };
            let gone: Vec<_> = partitions
                .as_ref()
                .map(elements)
                .unwrap_or_default()
                .iter()
                .map(|e| (Arc::from(consume::name(e)), e.partition))
                .collect();
            error::give_result(consumer.incremental_unassign(&gone))
        }
    })
}

/// How the group rebalances: "EAGER", "COOPERATIVE", or "NONE" while that is not
/// settled; null if the instance has no group, and once the consumer is closed. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_rebalance_protocol(rk: *mut rd_kafka_t) -> *const c_char {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk.cast_const()) }.map(open_consumer) {
            Some(Ok(consumer)) => match consumer.group.protocol() {
                Some(RebalanceProtocol::Eager) => c"EAGER".as_ptr(),
                Some(RebalanceProtocol::Cooperative) => c"COOPERATIVE".as_ptr(),
                None => c"NONE".as_ptr(),
            },
            _ => std::ptr::null(),
        }
    })
}

/// Sets the partitions to consume, in the place of all others; null for none. The
/// answer to a rebalance, or without any group coordination if nothing is subscribed
/// to. An element's offset is where to begin: a number, `RD_KAFKA_OFFSET_BEGINNING`,
/// `_END`, `_TAIL(n)`, or else the committed one. `_STATE` in a group whose rebalances are
/// cooperative. While the consumer is being closed, or after a fatal error, everything is
/// given up instead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_assign(
    rk: *mut rd_kafka_t,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        let result = unsafe { wanted(rk, partitions) };
        match result.and_then(|(consumer, list)| consumer.assign(list)) {
            Ok(()) => ErrorCode::NO_ERROR,
            Err(e) => e.code,
        }
    })
}

/// Sets `*partitions` to a copy of the assignment, which the application destroys: sorted,
/// with the offsets where each partition was to begin. `rd_kafka_position` has the current
/// ones. To null with `_DESTROY` once the consumer is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_assignment(
    rk: *mut rd_kafka_t,
    partitions: *mut *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive and the place writable.
        unsafe {
            let (Some(instance), Some(place)) = (get(rk.cast_const()), partitions.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let consumer = match open_consumer(instance) {
                Ok(consumer) => consumer,
                Err(code) => {
                    if code == ErrorCode::_DESTROY {
                        *place = std::ptr::null_mut();
                    }
                    return code;
                }
            };
            let assignment = consumer.assignment();
            let list = new_list(assignment.len());
            for tp in assignment {
                let p = &tp.partition;
                let at = tp.assigned_at.get();
                let element = add(&mut *list, p.topic.name.as_bytes(), p.id);
                (*element).offset = at.offset;
                set_leader_epoch(&mut *element, at.epoch);
            }
            *place = list;
            ErrorCode::NO_ERROR
        }
    })
}

/// 1 if the partitions that are being revoked belong to other members already, so that
/// committing their offsets is too late; otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_assignment_lost(rk: *mut rd_kafka_t) -> c_int {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk.cast_const()) }.map(consume::group_consumer) {
            Some(Ok(consumer)) => c_int::from(consumer.group.is_lost()),
            _ => 0,
        }
    })
}

/// Sets each element's offset to that after the last message that the application has
/// got, or `RD_KAFKA_OFFSET_INVALID` if it has got none since the assignment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_position(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        unsafe {
            let (Some(instance), Some(list)) = (get(rk.cast_const()), partitions.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let Some(consumer) = consume::consumer(instance) else {
                // A producer has no position anywhere.
                for element in elements_mut(list) {
                    element.err = ErrorCode::NO_ERROR;
                    element.offset = Position::INVALID.offset;
                    set_leader_epoch(element, Position::INVALID.epoch);
                }
                return ErrorCode::NO_ERROR;
            };
            for element in elements_mut(list) {
                let tp = consume::ensure(instance, consumer, element).ok();
                let at = tp.as_ref().map(|t| t.partition.position.get());
                element.err = match at {
                    Some(_) => ErrorCode::NO_ERROR,
                    None => ErrorCode::_UNKNOWN_PARTITION,
                };
                let at = at.unwrap_or(Position::INVALID);
                element.offset = at.offset;
                set_leader_epoch(element, at.epoch);
            }
            ErrorCode::NO_ERROR
        }
    })
}

/// Lets `rd_kafka_consumer_poll` serve what `rd_kafka_poll` would, so that it need not
/// be called. A consumer with a group does so from the start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_poll_set_consumer(rk: *mut rd_kafka_t) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(instance) = (unsafe { get(rk.cast_const()) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        match consume::group_consumer(instance) {
            Ok(consumer) => {
                let main = &instance.client.shared.main_queue;
                main.forward(Some(consumer.queue.clone()));
                ErrorCode::NO_ERROR
            }
            Err(code) => code,
        }
    })
}
