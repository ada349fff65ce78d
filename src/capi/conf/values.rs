//! Values that are no text, and reading properties.

use libc::{FILE, c_char, c_void, size_t};

use crate::base::conf::{TopicConfBox, listing};
use crate::capi::boundary::ffi;
use crate::capi::conf::answer::{dump, write_value};
use crate::capi::cstr;
use crate::capi::handle::{get, get_mut, take};
use crate::capi::types::{rd_kafka_conf_res_t, rd_kafka_conf_t, rd_kafka_topic_conf_t};

/// Sets what callbacks get as `opaque`, and what `rd_kafka_opaque` returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_opaque(conf: *mut rd_kafka_conf_t, opaque: *mut c_void) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            conf.global.set_pointer("opaque", opaque as usize);
        }
    })
}

/// Sets the configuration of topics that have none of their own; `tconf` belongs to
/// `conf` from then on. What was set before by topic properties in `conf` is lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_default_topic_conf(
    conf: *mut rd_kafka_conf_t,
    tconf: *mut rd_kafka_topic_conf_t,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        let Some(conf) = (unsafe { get_mut(conf) }) else {
            return;
        };
        if !tconf.is_null() && conf.default_topic_conf_box().cast() == tconf {
            // It is there already, and stays.
            return;
        }
        // SAFETY: C gives the topic's configuration up.
        let topic = unsafe { take(tconf) };
        conf.set_default_topic_conf(topic.map(|topic| topic as Box<dyn TopicConfBox>));
    })
}

/// The default topic configuration, or null; it stays part of `conf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_get_default_topic_conf(
    conf: *mut rd_kafka_conf_t,
) -> *mut rd_kafka_topic_conf_t {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        match unsafe { get_mut(conf) } {
            // Every box in a configuration of C's is one of `new_topic_conf` or
            // one that C had, so the pointer is a handle.
            Some(conf) => conf.default_topic_conf_box().cast(),
            None => std::ptr::null_mut(),
        }
    })
}

/// Writes the value of a property to `dest` and its length with the NUL to
/// `*dest_size`, which says how much room there is. A null `dest` asks for the length.
/// Topic properties are looked up in the default topic configuration.
/// `RD_KAFKA_CONF_UNKNOWN` if there is no such property.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_get(
    conf: *const rd_kafka_conf_t,
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

/// The properties and their values, as an array of name, value, name, value, and so on;
/// `*cntp` is its length. Freed by `rd_kafka_conf_dump_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dump(
    conf: *mut rd_kafka_conf_t,
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

/// Frees what `rd_kafka_conf_dump` or `rd_kafka_topic_conf_dump` returned; `cnt` is its
/// length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dump_free(arr: *mut *const c_char, cnt: size_t) {
    ffi!({
        // SAFETY: array and strings are from `dump`, which made them by malloc.
        unsafe {
            if !arr.is_null() {
                for at in 0..cnt {
                    libc::free((*arr.add(at)).cast_mut().cast());
                }
            }
            libc::free(arr.cast());
        }
    })
}

/// Prints all properties with their ranges, defaults and descriptions to `fp`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_properties_show(fp: *mut FILE) {
    ffi!({
        if !fp.is_null() {
            let text = listing();
            // SAFETY: the application's open file, and a buffer of that length.
            unsafe { libc::fwrite(text.as_ptr().cast(), 1, text.len(), fp) };
        }
    })
}
