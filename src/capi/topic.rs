//! Topic handles.

use libc::{c_char, c_void};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_t, rd_kafka_topic_conf_t, rd_kafka_topic_t};

/// A topic with its own configuration, which it takes over if the call succeeds; null
/// for the instance's default. The first handle of a topic decides; later ones are the
/// same topic, and their `conf` is dropped. On failure, null is returned and
/// `rd_kafka_last_error` says why. Each handle is freed by `rd_kafka_topic_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_new(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    conf: *mut rd_kafka_topic_conf_t,
) -> *mut rd_kafka_topic_t {
    ffi!({ not_built!(rk, topic, conf) })
}

/// Gives back a topic handle. Messages on their way are not touched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_destroy(rkt: *mut rd_kafka_topic_t) {
    ffi!({ not_built!(rkt) })
}

/// The topic's name. Good as long as the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_name(rkt: *const rd_kafka_topic_t) -> *const c_char {
    ffi!({ not_built!(rkt) })
}

/// What `rd_kafka_topic_conf_set_opaque` has set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_opaque(rkt: *const rd_kafka_topic_t) -> *mut c_void {
    ffi!({ not_built!(rkt) })
}
