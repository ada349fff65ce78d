//! Producing.

use libc::{c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_message_t, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_t,
    rd_kafka_vu_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_produce(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    msgflags: c_int,
    payload: *mut c_void,
    len: size_t,
    key: *const c_void,
    keylen: size_t,
    msg_opaque: *mut c_void,
) -> c_int {
    ffi!({
        not_built!(
            rkt, partition, msgflags, payload, len, key, keylen, msg_opaque
        )
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_produceva(
    rk: *mut rd_kafka_t,
    vus: *const rd_kafka_vu_t,
    cnt: size_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, vus, cnt) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_produce_batch(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    msgflags: c_int,
    rkmessages: *mut rd_kafka_message_t,
    message_cnt: c_int,
) -> c_int {
    ffi!({ not_built!(rkt, partition, msgflags, rkmessages, message_cnt) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_flush(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, timeout_ms) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_purge(
    rk: *mut rd_kafka_t,
    purge_flags: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, purge_flags) })
}
