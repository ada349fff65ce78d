//! Topics of a client instance.

use std::ptr;

use libc::{c_char, c_void};

use super::cstr;
use super::handle::{get, peek, take, take_shared};
use super::instance::topics::give_topic;
use super::last_error::set_last_error;
use crate::base::cancel::NotCancelled;
use crate::base::conf::TopicConf;
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
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
    ffi!({
        // SAFETY: the caller's handle and string are alive; the configuration is
        // given up once the call succeeds.
        unsafe {
            let refuse = || {
                set_last_error(ErrorCode::_INVALID_ARG, libc::EINVAL);
                ptr::null_mut()
            };
            let (Some(instance), Ok(Some(name))) = (get(rk), cstr::strict(topic)) else {
                return refuse();
            };
            let own: Option<TopicConf> = get(conf.cast_const()).map(TopicConf::dup);
            match instance.topic(name, own) {
                Ok(topic) => {
                    drop(take(conf));
                    give_topic(&topic)
                }
                Err(e) => {
                    set_last_error(e.code, libc::EINVAL);
                    ptr::null_mut()
                }
            }
        }
    })
}

/// Gives back a topic handle. Messages on their way are not touched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_destroy(rkt: *mut rd_kafka_topic_t) {
    ffi!({
        let _whole = NotCancelled::new();
        // SAFETY: the application gives one reference up.
        drop(unsafe { take_shared(rkt) });
    })
}

/// The topic's name. Good as long as the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_name(rkt: *const rd_kafka_topic_t) -> *const c_char {
    // SAFETY: the caller's handle is alive, and the name lives as long.
    ffi!({ unsafe { peek(rkt) }.map_or(ptr::null(), |t| t.c_name.as_ptr()) })
}

/// What `rd_kafka_topic_conf_set_opaque` has set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_opaque(rkt: *const rd_kafka_topic_t) -> *mut c_void {
    // SAFETY: the caller's handle is alive.
    ffi!({ unsafe { peek(rkt) }.map_or(ptr::null_mut(), |t| t.conf.topic.opaque as *mut c_void) })
}
