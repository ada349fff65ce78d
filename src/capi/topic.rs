//! Topic handles.

use libc::{c_char, c_void};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_t, rd_kafka_topic_conf_t, rd_kafka_topic_t};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_new(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    conf: *mut rd_kafka_topic_conf_t,
) -> *mut rd_kafka_topic_t {
    ffi!({ not_built!(rk, topic, conf) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_destroy(rkt: *mut rd_kafka_topic_t) {
    ffi!({ not_built!(rkt) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_name(rkt: *const rd_kafka_topic_t) -> *const c_char {
    ffi!({ not_built!(rkt) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_opaque(rkt: *const rd_kafka_topic_t) -> *mut c_void {
    ffi!({ not_built!(rkt) })
}
