//! The partitions that a consumer has, and where it is in them.

use std::sync::Arc;

use libc::{c_char, c_int};

use super::find::{self, no_group, open_consumer};
use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::boundary::ffi;
use crate::capi::handle::get;
use crate::capi::topic_partition::{add, elements, elements_mut, new_list, set_leader_epoch};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_partition_list_t,
};
use crate::capi::{error, partition_list};
use crate::client::consumer::{Consumer, ConsumerPartition};
use crate::consumer::Position;
use crate::group::assignor::RebalanceProtocol;

fn no_list() -> KafkaError {
    KafkaError::new(ErrorCode::_INVALID_ARG, "There is no list of partitions")
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
    let consumer = find::group_consumer(instance).map_err(no_group)?;
    let mut starts = Vec::new();
    for element in list.map(elements).unwrap_or_default() {
        let start = partition_list::read(element);
        if !is_start(start.offset) {
            return Err(KafkaError::new(
                ErrorCode::_INVALID_ARG,
                format!(
                    "{} [{}] cannot start at offset {}",
                    start.topic, start.partition, start.offset
                ),
            ));
        }
        let tp = find::ensure(instance, consumer, element)?;
        starts.push((tp, Position::of(&start)));
    }
    Ok((consumer, starts))
}

/// Whether consuming can start at such an offset.
fn is_start(at: i64) -> bool {
    use crate::consumer::offset::{BEGINNING, END, INVALID, STORED, TAIL_BASE};
    at >= 0 || at <= TAIL_BASE || matches!(at, BEGINNING | END | STORED | INVALID)
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
            let consumer = match find::group_consumer(instance) {
                Ok(consumer) => consumer,
                Err(code) => return error::give(no_group(code)),
            };
            let gone: Vec<_> = partitions
                .as_ref()
                .map(elements)
                .unwrap_or_default()
                .iter()
                .map(|e| (Arc::from(partition_list::name(e)), e.partition))
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
            if let Some(share) = &instance.client.shared.share {
                let assignment = share.assignment();
                let list = new_list(assignment.len());
                for p in assignment {
                    add(&mut *list, p.topic.as_bytes(), p.id);
                }
                *place = list;
                return ErrorCode::NO_ERROR;
            }
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
        match unsafe { get(rk.cast_const()) }.map(find::group_consumer) {
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
            let Some(consumer) = find::consumer(instance) else {
                // A producer has no position anywhere.
                for element in elements_mut(list) {
                    element.err = ErrorCode::NO_ERROR;
                    element.offset = Position::INVALID.offset;
                    set_leader_epoch(element, Position::INVALID.epoch);
                }
                return ErrorCode::NO_ERROR;
            };
            for element in elements_mut(list) {
                let tp = find::ensure(instance, consumer, element).ok();
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
