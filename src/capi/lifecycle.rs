//! The client instance: making, polling and ending it.

use libc::{FILE, c_char, c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_conf_t, rd_kafka_t, rd_kafka_type_t};

/// What `rd_kafka_conf_set_opaque` has set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_opaque(rk: *const rd_kafka_t) -> *mut c_void {
    ffi!({ not_built!(rk) })
}

/// Makes a client instance, and its threads, which connect as needed. If it succeeds,
/// `conf` belongs to the instance; if not, null is returned, `errstr` says why,
/// `rd_kafka_last_error` has a code, and `conf` stays the application's. A null `conf`
/// stands for the defaults. Ended by `rd_kafka_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_new(
    kind: rd_kafka_type_t,
    conf: *mut rd_kafka_conf_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> *mut rd_kafka_t {
    ffi!({ not_built!(kind, conf, errstr, errstr_size) })
}

/// Ends a client instance: a consumer is closed (see `rd_kafka_consumer_close`),
/// messages that were not delivered are dropped, and all threads end before it returns;
/// the time is bounded. A producer should `rd_kafka_flush` before. Topics and queues of
/// the instance must be destroyed before, and no other thread may use it any more. Not
/// from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_destroy(rk: *mut rd_kafka_t) {
    ffi!({ not_built!(rk) })
}

/// As `rd_kafka_destroy`, with `RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE` to leave out
/// closing the consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_destroy_flags(rk: *mut rd_kafka_t, flags: c_int) {
    ffi!({ not_built!(rk, flags) })
}

/// The instance's name, made of `client.id`, its kind and a number:
/// "rdkafka#producer-1". Good as long as the instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_name(rk: *const rd_kafka_t) -> *const c_char {
    ffi!({ not_built!(rk) })
}

/// Whether it is a producer or a consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_type(rk: *const rd_kafka_t) -> rd_kafka_type_t {
    ffi!({ not_built!(rk) })
}

/// The cluster's id, waiting up to `timeout_ms` for metadata that has it; null if there
/// is none by then. Freed by `rd_kafka_mem_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_clusterid(rk: *mut rd_kafka_t, timeout_ms: c_int) -> *mut c_char {
    ffi!({ not_built!(rk, timeout_ms) })
}

/// The broker id of the cluster's controller, waiting up to `timeout_ms` for metadata
/// that has it; -1 if there is none by then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_controllerid(rk: *mut rd_kafka_t, timeout_ms: c_int) -> i32 {
    ffi!({ not_built!(rk, timeout_ms) })
}

/// Waits up to `timeout_ms` for events, and calls the application's functions for those
/// that are there. Returns how many. A producer must poll regularly to get its delivery
/// reports; for a consumer, use `rd_kafka_consumer_poll`. Not from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_poll(rk: *mut rd_kafka_t, timeout_ms: c_int) -> c_int {
    ffi!({ not_built!(rk, timeout_ms) })
}

/// From a callback: makes the `rd_kafka_poll` (or the like) of this thread return after
/// the callback, although there is more to do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_yield(rk: *mut rd_kafka_t) {
    ffi!({ not_built!(rk) })
}

/// Adds bootstrap brokers, as `bootstrap.servers` has them. Returns how many were
/// added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_brokers_add(
    rk: *mut rd_kafka_t,
    brokerlist: *const c_char,
) -> c_int {
    ffi!({ not_built!(rk, brokerlist) })
}

/// The ids of the brokers that metadata has told of, `*cntp` of them; null if there are
/// none. Freed by `rd_kafka_mem_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_brokers_learned_ids(
    rk: *mut rd_kafka_t,
    cntp: *mut size_t,
) -> *mut i32 {
    ffi!({ not_built!(rk, cntp) })
}

/// How many messages and events wait: messages to be sent or answered, and events and
/// reports to be polled. For a producer: nothing is lost by ending it once this is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_outq_len(rk: *mut rd_kafka_t) -> c_int {
    ffi!({ not_built!(rk) })
}

/// Writes the instance's inner state to `fp`, for debugging. The form may change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_dump(fp: *mut FILE, rk: *mut rd_kafka_t) {
    ffi!({ not_built!(fp, rk) })
}

/// How many threads the library has, of all instances.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_thread_cnt() -> c_int {
    ffi!({ not_built!() })
}

/// Waits up to `timeout_ms` until no client instance is left. Returns 0, or -1 after
/// the time. Of no use where `rd_kafka_destroy` has returned, which waits by itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_wait_destroyed(timeout_ms: c_int) -> c_int {
    ffi!({ not_built!(timeout_ms) })
}
