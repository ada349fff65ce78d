//! Pausing partitions.
//!
//! Of a consumer no messages are delivered, of a producer none are sent.

use super::consumer::find;
use super::handle::get;
use super::instance::Instance;
use super::partition_list;
use super::topic_partition::elements_mut;
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::types::{
    rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
};
use crate::consumer::partition::PAUSED_BY_APP;

/// Stops the delivery of a consumer's messages from these partitions; what was fetched
/// of them is kept. Only `rd_kafka_resume_partitions` ends that: a partition that is
/// assigned anew, or comes back with a rebalance, is still paused. Of a producer: messages
/// to these partitions are kept in the queue, where `message.timeout.ms` still applies
/// and `rd_kafka_flush` waits for them; what is already on its way is not called back.
/// Each element's `err` says how it went: `_UNKNOWN_PARTITION` for one whose topic
/// the consumer does not use, or the producer has heard nothing of yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_pause_partitions(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    // SAFETY: the caller's handle and list are alive.
    ffi!({ unsafe { each(rk, partitions, true) } })
}

/// Takes up these partitions again where they were paused; one that was not is left as
/// it is. Each element's `err` is as for `rd_kafka_pause_partitions`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_resume_partitions(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    // SAFETY: the caller's handle and list are alive.
    ffi!({ unsafe { each(rk, partitions, false) } })
}

/// # Safety
/// Handle and list are null or alive.
unsafe fn each(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
    pause: bool,
) -> rd_kafka_resp_err_t {
    // SAFETY: the caller's promise.
    let (instance, list) = unsafe { (get(rk.cast_const()), partitions.as_mut()) };
    let (Some(instance), Some(list)) = (instance, list) else {
        return ErrorCode::_INVALID_ARG;
    };
    for element in elements_mut(list) {
        element.err = match set(instance, element, pause) {
            Some(()) => ErrorCode::NO_ERROR,
            None => ErrorCode::_UNKNOWN_PARTITION,
        };
    }
    ErrorCode::NO_ERROR
}

/// `None` if the instance has no such partition.
fn set(instance: &Instance, element: &rd_kafka_topic_partition_t, pause: bool) -> Option<()> {
    match find::consumer(instance) {
        Some(_) => {
            let tp = find::find(instance, element)?;
            if pause {
                tp.partition.pause(PAUSED_BY_APP);
            } else {
                tp.partition.resume(PAUSED_BY_APP);
            }
        }
        None => instance
            .client
            .known_topic(&partition_list::name(element))?
            .producer
            .as_ref()?
            .set_paused(element.partition, pause),
    }
    Some(())
}
