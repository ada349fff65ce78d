//! Configuration of a topic.

use libc::{c_char, c_int, c_void, size_t};

use crate::base::conf::TopicConf;
use crate::capi::boundary::{ffi, not_built};
use crate::capi::conf::{Answer, dump, write_value};
use crate::capi::cstr;
use crate::capi::handle::{Boxed, Opaque, get, get_mut, give, take};
use crate::capi::types::{
    rd_kafka_conf_res_t, rd_kafka_message_t, rd_kafka_t, rd_kafka_topic_conf_t, rd_kafka_topic_t,
};

impl Opaque for rd_kafka_topic_conf_t {
    type Target = TopicConf;
    type Ownership = Boxed;
    const TAG: u32 = 0x7463_6e66;
}

/// As `rd_kafka_conf_get`, for a topic's configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_get(
    conf: *const rd_kafka_topic_conf_t,
    name: *const c_char,
    dest: *mut c_char,
    dest_size: *mut size_t,
) -> rd_kafka_conf_res_t {
    ffi!({
        // SAFETY: C keeps the configuration alive and unchanged, and the buffer as
        // large as it says, for the call.
        unsafe {
            let value = match (get(conf), cstr::text(name)) {
                (Some(conf), Some(name)) => conf.get(&name),
                _ => None,
            };
            write_value(value, dest, dest_size)
        }
    })
}

/// As `rd_kafka_conf_dump`, for a topic's configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_dump(
    conf: *mut rd_kafka_topic_conf_t,
    cntp: *mut size_t,
) -> *mut *const c_char {
    ffi!({
        // SAFETY: C keeps the configuration alive and unchanged, and `cntp` is null or
        // good to write to.
        unsafe {
            match get(conf) {
                Some(conf) => dump(&conf.dump(), cntp),
                None => dump(&[], cntp),
            }
        }
    })
}

/// Makes a topic configuration with every property at its default.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_new() -> *mut rd_kafka_topic_conf_t {
    ffi!({ give(TopicConf::new()) })
}

/// Copies a topic configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_dup(
    conf: *const rd_kafka_topic_conf_t,
) -> *mut rd_kafka_topic_conf_t {
    ffi!({
        // SAFETY: C keeps the configuration alive and unchanged for the call.
        match unsafe { get(conf) } {
            Some(conf) => give(conf.dup()),
            None => std::ptr::null_mut(),
        }
    })
}

/// Copies the default topic configuration of a client instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_default_topic_conf_dup(
    rk: *mut rd_kafka_t,
) -> *mut rd_kafka_topic_conf_t {
    ffi!({ not_built!(rk) })
}

/// Frees a topic configuration that neither a topic nor a configuration has taken over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_destroy(topic_conf: *mut rd_kafka_topic_conf_t) {
    ffi!({
        // SAFETY: C gives the configuration up.
        drop(unsafe { take(topic_conf) });
    })
}

/// Sets a property of a topic from text, as `rd_kafka_conf_set` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_set(
    conf: *mut rd_kafka_topic_conf_t,
    name: *const c_char,
    value: *const c_char,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_conf_res_t {
    ffi!({
        // SAFETY: the strings live for the call; `errstr` has room for `errstr_size`
        // bytes; nobody else uses the configuration meanwhile.
        unsafe {
            let answer = Answer {
                errstr,
                errstr_size,
            };
            let Some(conf) = get_mut(conf) else {
                return answer.not_a_configuration();
            };
            match (cstr::strict(name), cstr::strict(value)) {
                (Ok(Some(name)), Ok(value)) => answer.give(conf.set(name, value)),
                (name, _) => answer.not_text(name),
            }
        }
    })
}

/// Sets the pointer that the topic's callbacks are given, and that `rd_kafka_topic_opaque` returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_set_opaque(
    conf: *mut rd_kafka_topic_conf_t,
    rkt_opaque: *mut c_void,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            conf.topic.set_pointer("opaque", rkt_opaque as usize);
        }
    })
}

/// Has partitions chosen by `partitioner`, on any thread. It must not call the library save for
/// `rd_kafka_topic_partition_available` and the partitioners, must not block, and returns a
/// partition below `partition_cnt` or `RD_KAFKA_PARTITION_UA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_set_partitioner_cb(
    topic_conf: *mut rd_kafka_topic_conf_t,
    partitioner: Option<
        unsafe extern "C" fn(
            rkt: *const rd_kafka_topic_t,
            keydata: *const c_void,
            keylen: size_t,
            partition_cnt: i32,
            rkt_opaque: *mut c_void,
            msg_opaque: *mut c_void,
        ) -> i32,
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(topic_conf) } {
            let pointer = partitioner.map_or(0, |function| function as usize);
            conf.topic.set_pointer("partitioner_cb", pointer);
        }
    })
}

/// Has messages in the producer's queue ordered by `msg_order_cmp`. Deprecated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_set_msg_order_cmp(
    topic_conf: *mut rd_kafka_topic_conf_t,
    msg_order_cmp: Option<
        unsafe extern "C" fn(a: *const rd_kafka_message_t, b: *const rd_kafka_message_t) -> c_int,
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(topic_conf) } {
            let pointer = msg_order_cmp.map_or(0, |function| function as usize);
            conf.topic.set_pointer("msg_order_cmp", pointer);
        }
    })
}
