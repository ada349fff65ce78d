//! CreatePartitions.

use libc::{c_char, size_t};

use crate::admin::args::NewPartitions;
use crate::admin::options::AdminOp;
use crate::admin::topics;
use crate::base::error::ErrorCode;
use crate::capi::admin::events::result_array;
use crate::capi::admin::request;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_CreatePartitions_result_t, rd_kafka_NewPartitions_s,
    rd_kafka_NewPartitions_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t,
    rd_kafka_topic_result_t,
};

impl Opaque for rd_kafka_NewPartitions_s {
    type Target = NewPartitions;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4e_5061;
}

/// A topic that is to have `new_total_cnt` partitions in all. Null with a text in
/// `errstr` if that is out of range. Freed by `rd_kafka_NewPartitions_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_NewPartitions_new(
    topic: *const c_char,
    new_total_cnt: size_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> *mut rd_kafka_NewPartitions_t {
    ffi!({
        // SAFETY: a string of the application's.
        let made = match unsafe { cstr::text(topic) } {
            Some(topic) => NewPartitions::new(topic.into_owned(), new_total_cnt),
            None => Err("Invalid topic name".into()),
        };
        match made {
            Ok(partitions) => handle::give(partitions),
            Err(text) => {
                // SAFETY: the application's buffer.
                unsafe { cstr::write(errstr, errstr_size, &text) };
                std::ptr::null_mut()
            }
        }
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_NewPartitions_destroy(new_parts: *mut rd_kafka_NewPartitions_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(new_parts) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_NewPartitions_destroy_array(
    new_parts: *mut *mut rd_kafka_NewPartitions_t,
    new_parts_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(new_parts, new_parts_cnt) };
    })
}

/// Says which brokers get the replicas of the new partition `new_partition_idx`, which
/// counts from 0 for the first new one. In order and without gaps; `_INVALID_ARG` with
/// a text in `errstr` if not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_NewPartitions_set_replica_assignment(
    new_parts: *mut rd_kafka_NewPartitions_t,
    new_partition_idx: i32,
    broker_ids: *mut i32,
    broker_id_cnt: size_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object and an array of the application's.
        let (object, brokers) = unsafe {
            (
                handle::get_mut(new_parts),
                cstr::numbers(broker_ids, broker_id_cnt),
            )
        };
        let Some(object) = object else {
            return ErrorCode::_INVALID_ARG;
        };
        match object.assign(new_partition_idx, brokers) {
            Ok(()) => ErrorCode::NO_ERROR,
            Err(text) => {
                // SAFETY: the application's buffer.
                unsafe { cstr::write(errstr, errstr_size, &text) };
                ErrorCode::_INVALID_ARG
            }
        }
    })
}

/// Adds partitions to topics. The result is a CREATEPARTITIONS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_CreatePartitions(
    rk: *mut rd_kafka_t,
    new_parts: *mut *mut rd_kafka_NewPartitions_t,
    new_parts_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(AdminOp::CREATE_PARTITIONS, rk, options, rkqu, |request| {
                let given = request::objects_in_time(request, new_parts, new_parts_cnt, "topic")?;
                let given = given.into_iter().cloned().collect();
                Ok(topics::create_partitions(given, request).into())
            });
        }
    })
}

/// The results by topic, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_CreatePartitions_result_topics(
    result: *const rd_kafka_CreatePartitions_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_topic_result_t {
    ffi!({ result_array!(Topics, result, cntp) })
}
