//! Configuration of a topic.

use libc::{c_char, c_int, c_void, size_t};

use crate::base::conf::TopicConf;
use crate::capi::boundary::ffi;
use crate::capi::callback;
use crate::capi::conf::answer::{Answer, dump, write_value};
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

/// As `rd_kafka_conf_get`, for topic properties.
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

/// As `rd_kafka_conf_dump`, for topic properties.
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

/// A topic configuration with all properties at their defaults. It goes to
/// `rd_kafka_topic_new` or to a configuration, or is freed by
/// `rd_kafka_topic_conf_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_new() -> *mut rd_kafka_topic_conf_t {
    ffi!({ give(TopicConf::new()) })
}

/// A copy, which the application owns.
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

/// A copy of a client instance's default topic configuration, which the application
/// owns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_default_topic_conf_dup(
    rk: *mut rd_kafka_t,
) -> *mut rd_kafka_topic_conf_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk.cast_const()) } {
            Some(i) => give(i.conf().topic_conf()),
            None => std::ptr::null_mut(),
        }
    })
}

/// Frees a topic configuration that the application owns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_conf_destroy(topic_conf: *mut rd_kafka_topic_conf_t) {
    ffi!({
        // SAFETY: C gives the configuration up.
        drop(unsafe { take(topic_conf) });
    })
}

/// As `rd_kafka_conf_set`, for topic properties.
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

/// Sets what `rd_kafka_topic_opaque` returns and partitioners get as `rkt_opaque`.
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

/// Sets the function that chooses the partition of a message without one, from 0 to
/// `partition_cnt` - 1; `RD_KAFKA_PARTITION_UA` refuses the message. It is called with
/// the topic's internals locked, by the thread that produces or by one of the
/// library's, and must not call the library but for
/// `rd_kafka_topic_partition_available`.
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
            callback::PARTITIONER.set(&mut conf.topic, partitioner);
        }
    })
}

/// Notes a function that compares two waiting messages of a partition. It is never called,
/// as in librdkafka: `queuing.strategy` decides on their order.
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
            callback::MESSAGE_ORDER.set(&mut conf.topic, msg_order_cmp);
        }
    })
}
