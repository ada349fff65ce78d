//! Configuration of a client instance.

use libc::{FILE, addrinfo, c_char, c_int, c_void, mode_t, size_t, sockaddr};

use crate::base::conf::{ConfError, TopicConf, TopicConfBox, listing};
use crate::capi::boundary::{ffi, not_built};
use crate::capi::callback;
use crate::capi::conf_object::{self, ConfObject};
use crate::capi::cstr;
use crate::capi::handle::{Tagged, get, get_mut, give, peek, take};
use crate::capi::types::{
    RD_KAFKA_CONF_INVALID, RD_KAFKA_CONF_OK, RD_KAFKA_CONF_UNKNOWN, rd_kafka_cert_enc_t,
    rd_kafka_cert_type_t, rd_kafka_conf_res_t, rd_kafka_conf_t, rd_kafka_event_t,
    rd_kafka_message_t, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_conf_t,
    rd_kafka_topic_partition_list_t,
};

/// The box of default topic configurations, to which C gets pointers.
pub(super) fn new_topic_conf() -> Box<dyn TopicConfBox> {
    Box::new(Tagged::<rd_kafka_topic_conf_t>::new(TopicConf::new()))
}

/// Where a function that sets properties says what is wrong.
pub(super) struct Answer {
    pub(crate) errstr: *mut c_char,
    pub(crate) errstr_size: size_t,
}

impl Answer {
    /// # Safety
    /// `errstr` is null or has room for `errstr_size` bytes.
    pub(crate) unsafe fn give(&self, outcome: Result<(), ConfError>) -> rd_kafka_conf_res_t {
        match outcome {
            Ok(()) => RD_KAFKA_CONF_OK,
            Err(error) => {
                // SAFETY: the caller's promise.
                unsafe { cstr::write(self.errstr, self.errstr_size, error.text()) };
                match error {
                    ConfError::Unknown(_) => RD_KAFKA_CONF_UNKNOWN,
                    ConfError::Invalid(_) => RD_KAFKA_CONF_INVALID,
                }
            }
        }
    }

    /// # Safety
    /// As for `give`.
    pub(crate) unsafe fn not_a_configuration(&self) -> rd_kafka_conf_res_t {
        let error = ConfError::Invalid("Not a configuration object".to_owned());
        // SAFETY: the caller's promise.
        unsafe { self.give(Err(error)) }
    }

    /// For a name or a value that cannot be read.
    ///
    /// # Safety
    /// As for `give`.
    pub(crate) unsafe fn not_text(
        &self,
        name: Result<Option<&str>, std::str::Utf8Error>,
    ) -> rd_kafka_conf_res_t {
        let text = match name {
            Ok(Some(name)) => {
                format!("Invalid value for configuration property \"{name}\": not UTF-8")
            }
            Ok(None) => "No configuration property named".to_owned(),
            Err(_) => "Name of configuration property is not UTF-8".to_owned(),
        };
        // SAFETY: the caller's promise.
        unsafe { self.give(Err(ConfError::Invalid(text))) }
    }
}

/// Hands a value to the application: cut to `*dest_size`, which then becomes the
/// size that all of it needs. A null `dest` asks for the size only.
///
/// # Safety
/// `dest_size` is null or good to read and write, and `dest` is null or has that
/// many bytes.
pub(super) unsafe fn write_value(
    value: Option<String>,
    dest: *mut c_char,
    dest_size: *mut size_t,
) -> rd_kafka_conf_res_t {
    let Some(value) = value else {
        return RD_KAFKA_CONF_UNKNOWN;
    };
    if dest_size.is_null() {
        return RD_KAFKA_CONF_INVALID;
    }
    // SAFETY: the caller's promise.
    unsafe {
        cstr::write(dest, *dest_size, &value);
        *dest_size = value.len() + 1;
    }
    RD_KAFKA_CONF_OK
}

/// Names and values in turn, in memory that `rd_kafka_conf_dump_free` frees.
///
/// # Safety
/// `cntp` is null or good to write to.
pub(super) unsafe fn dump(
    rows: &[(&'static str, String)],
    cntp: *mut size_t,
) -> *mut *const c_char {
    let count = rows.len() * 2;
    let array = cstr::malloc(count * size_of::<*const c_char>()).cast::<*const c_char>();
    let strings = rows
        .iter()
        .flat_map(|(name, value)| [*name, value.as_str()])
        .map(|text| cstr::malloc_string(text.as_bytes()));
    for (at, string) in strings.enumerate() {
        // SAFETY: the array has room for two strings a row.
        unsafe { *array.add(at) = string };
    }
    if !cntp.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *cntp = count };
    }
    array
}

/// A configuration with all properties at their defaults. It goes to `rd_kafka_new`,
/// which takes it over, or is freed by `rd_kafka_conf_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_new() -> *mut rd_kafka_conf_t {
    ffi!({ give(ConfObject::new()) })
}

/// Frees a configuration that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_destroy(conf: *mut rd_kafka_conf_t) {
    ffi!({
        // SAFETY: C gives the configuration up.
        drop(unsafe { take(conf) });
    })
}

/// A copy, which the application owns. Interceptors are told, and may add themselves to
/// the copy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dup(conf: *const rd_kafka_conf_t) -> *mut rd_kafka_conf_t {
    // SAFETY: C keeps the configuration alive and unchanged for the call.
    ffi!({ unsafe { conf_object::dup(conf, 0, std::ptr::null_mut()) } })
}

/// As `rd_kafka_conf_dup`, without the properties whose names begin with one of the
/// `filter_cnt` strings in `filter`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dup_filter(
    conf: *const rd_kafka_conf_t,
    filter_cnt: size_t,
    filter: *mut *const c_char,
) -> *mut rd_kafka_conf_t {
    // SAFETY: C keeps the configuration and the array alive and unchanged for the call.
    ffi!({ unsafe { conf_object::dup(conf, filter_cnt, filter) } })
}

/// The configuration of a client instance, for reading only. Good as long as the
/// instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf(rk: *mut rd_kafka_t) -> *const rd_kafka_conf_t {
    ffi!({
        // SAFETY: the caller's handle is alive, and keeps its configuration.
        unsafe { peek(rk.cast_const()) }.map_or(std::ptr::null(), |i| i.conf_handle)
    })
}

/// Sets a property by its name; topic properties go to the default topic configuration.
/// A null or, for strings, empty value restores the default. Returns
/// `RD_KAFKA_CONF_OK`, or `_UNKNOWN` or `_INVALID` with a text in `errstr` that names
/// the property and what it may be. CONFIGURATION.md lists them all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set(
    conf: *mut rd_kafka_conf_t,
    name: *const c_char,
    value: *const c_char,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_conf_res_t {
    // SAFETY: the strings live for the call; `errstr` has room for `errstr_size` bytes;
    // nobody else uses the configuration meanwhile.
    ffi!({ unsafe { conf_object::set(conf, name, value, errstr, errstr_size) } })
}

/// Asks for events of these kinds, a sum of `RD_KAFKA_EVENT_DR` and others, on queues
/// in the place of callbacks. For delivery reports, a callback that is set has
/// precedence.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_events(conf: *mut rd_kafka_conf_t, events: c_int) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            // Negative numbers are out of range, and there is no way to say so.
            let _ = conf.set("enabled_events", Some(&events.to_string()));
        }
    })
}

/// Sets a function for events that a thread of the library calls, so that the
/// application need not poll. It must free the event. Which events arrive is said by
/// `rd_kafka_conf_set_events` or by forwarding queues to
/// `rd_kafka_queue_get_background`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_background_event_cb(
    conf: *mut rd_kafka_conf_t,
    event_cb: Option<
        unsafe extern "C" fn(rk: *mut rd_kafka_t, rkev: *mut rd_kafka_event_t, opaque: *mut c_void),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::BACKGROUND_EVENT.set(&mut conf.global, event_cb);
        }
    })
}

/// Sets the function for delivery reports, in the old form.
/// `rd_kafka_conf_set_dr_msg_cb` says more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_dr_cb(
    conf: *mut rd_kafka_conf_t,
    dr_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            payload: *mut c_void,
            len: size_t,
            err: rd_kafka_resp_err_t,
            opaque: *mut c_void,
            msg_opaque: *mut c_void,
        ),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::DR.set(&mut conf.global, dr_cb);
        }
    })
}

/// Sets the function for delivery reports: called once for each message that was
/// produced, by the thread that polls, in order for each partition. `rkmessage->err`
/// says whether it was delivered, `_private` is its opaque. The message is the
/// library's and ends with the call. It may call the library, but not destroy the
/// instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_dr_msg_cb(
    conf: *mut rd_kafka_conf_t,
    dr_msg_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            rkmessage: *const rd_kafka_message_t,
            opaque: *mut c_void,
        ),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::DR_MSG.set(&mut conf.global, dr_msg_cb);
        }
    })
}

/// Sets a function that consumed messages go to when they are taken from a queue by
/// `rd_kafka_poll` or `rd_kafka_queue_poll_callback`. The message ends with the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_consume_cb(
    conf: *mut rd_kafka_conf_t,
    consume_cb: Option<
        unsafe extern "C" fn(rkmessage: *mut rd_kafka_message_t, opaque: *mut c_void),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::CONSUME.set(&mut conf.global, consume_cb);
        }
    })
}

/// Sets the function for rebalances of the consumer group, called by the thread that
/// polls, with `err` `_ASSIGN_PARTITIONS` or `_REVOKE_PARTITIONS`. It must follow with
/// `rd_kafka_assign` (null to give up all) or, if `rd_kafka_rebalance_protocol` is
/// "COOPERATIVE", with `rd_kafka_incremental_assign` and
/// `rd_kafka_incremental_unassign`. Without such a function the library does it by
/// itself. The list ends with the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_rebalance_cb(
    conf: *mut rd_kafka_conf_t,
    rebalance_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            err: rd_kafka_resp_err_t,
            partitions: *mut rd_kafka_topic_partition_list_t,
            opaque: *mut c_void,
        ),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::REBALANCE.set(&mut conf.global, rebalance_cb);
        }
    })
}

/// Sets the function that is told the result of commits, each partition with its own
/// `err`; also of automatic ones. `_NO_OFFSET` says that there was nothing to commit.
/// Called by the thread that polls; the list ends with the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_offset_commit_cb(
    conf: *mut rd_kafka_conf_t,
    offset_commit_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            err: rd_kafka_resp_err_t,
            offsets: *mut rd_kafka_topic_partition_list_t,
            opaque: *mut c_void,
        ),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::OFFSET_COMMIT.set(&mut conf.global, offset_commit_cb);
        }
    })
}

/// Sets the function for errors that no call returns: all brokers down, authentication,
/// fatal errors. Called by the thread that polls. Most of them are for information, as
/// the library goes on trying; after `_FATAL`, ask `rd_kafka_fatal_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_error_cb(
    conf: *mut rd_kafka_conf_t,
    error_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            err: c_int,
            reason: *const c_char,
            opaque: *mut c_void,
        ),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::ERROR.set(&mut conf.global, error_cb);
        }
    })
}

/// Sets the function that is told when a broker has throttled the client by its quotas,
/// and when it no longer does (0 ms). Called by the thread that polls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_throttle_cb(
    conf: *mut rd_kafka_conf_t,
    throttle_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            broker_name: *const c_char,
            broker_id: i32,
            throttle_time_ms: c_int,
            opaque: *mut c_void,
        ),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::THROTTLE.set(&mut conf.global, throttle_cb);
        }
    })
}

/// Sets the function for log lines, in the place of stderr. Called by the library's
/// threads, several at once and with no regard to polling, unless `log.queue` is true.
/// It must be quick and must not call the library. Null for no logging at all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_log_cb(
    conf: *mut rd_kafka_conf_t,
    log_cb: Option<
        unsafe extern "C" fn(
            rk: *const rd_kafka_t,
            level: c_int,
            fac: *const c_char,
            buf: *const c_char,
        ),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::LOG.set(&mut conf.global, log_cb);
        }
    })
}

/// Sets the function for statistics, called by the thread that polls, every
/// `statistics.interval.ms`. `json` is the library's and freed after the call, unless
/// the function returns 1: then the application frees it with `free()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_stats_cb(
    conf: *mut rd_kafka_conf_t,
    stats_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            json: *mut c_char,
            json_len: size_t,
            opaque: *mut c_void,
        ) -> c_int,
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::STATS.set(&mut conf.global, stats_cb);
        }
    })
}

/// Sets the function that is to fetch a token for SASL/OAUTHBEARER (KIP-255), called
/// when one is needed, and before the present one expires. It follows with
/// `rd_kafka_oauthbearer_set_token` or `rd_kafka_oauthbearer_set_token_failure`. Called
/// by the thread that polls, or by the background thread (see
/// `rd_kafka_sasl_background_callbacks_enable`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_oauthbearer_token_refresh_cb(
    conf: *mut rd_kafka_conf_t,
    oauthbearer_token_refresh_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            oauthbearer_config: *const c_char,
            opaque: *mut c_void,
        ),
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::TOKEN_REFRESH.set(&mut conf.global, oauthbearer_token_refresh_cb);
        }
    })
}

/// If `enable` is not 0, requests for tokens go to a queue of their own, which
/// `rd_kafka_queue_get_sasl` gives, and not to the main queue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_enable_sasl_queue(
    conf: *mut rd_kafka_conf_t,
    enable: c_int,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            let enable = if enable == 0 { "false" } else { "true" };
            // Both are words for a boolean.
            let _ = conf.set("enable_sasl_queue", Some(enable));
        }
    })
}

/// Sets a function that makes the sockets, as `socket()` does. Called by broker
/// threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_socket_cb(
    conf: *mut rd_kafka_conf_t,
    socket_cb: Option<
        unsafe extern "C" fn(
            domain: c_int,
            kind: c_int,
            protocol: c_int,
            opaque: *mut c_void,
        ) -> c_int,
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::SOCKET.set(&mut conf.global, socket_cb);
        }
    })
}

/// Sets a function that connects a socket, as a non-blocking `connect()` does: it
/// returns 0, or an errno value such as EINPROGRESS. `id` names the broker. Called by
/// broker threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_connect_cb(
    conf: *mut rd_kafka_conf_t,
    connect_cb: Option<
        unsafe extern "C" fn(
            sockfd: c_int,
            addr: *const sockaddr,
            addrlen: c_int,
            id: *const c_char,
            opaque: *mut c_void,
        ) -> c_int,
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::CONNECT.set(&mut conf.global, connect_cb);
        }
    })
}

/// Sets a function that closes sockets, in the place of `close()`. Called by broker
/// threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_closesocket_cb(
    conf: *mut rd_kafka_conf_t,
    closesocket_cb: Option<unsafe extern "C" fn(sockfd: c_int, opaque: *mut c_void) -> c_int>,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::CLOSE_SOCKET.set(&mut conf.global, closesocket_cb);
        }
    })
}

/// Sets a function that opens files, as `open()` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_open_cb(
    conf: *mut rd_kafka_conf_t,
    open_cb: Option<
        unsafe extern "C" fn(
            pathname: *const c_char,
            flags: c_int,
            mode: mode_t,
            opaque: *mut c_void,
        ) -> c_int,
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::OPEN.set(&mut conf.global, open_cb);
        }
    })
}

/// Sets a function that resolves host names, as `getaddrinfo()` does with its result
/// and codes. When it is called with a null `node` and `service`, it frees what `*res`
/// holds. Called on a thread of the library; `rd_kafka_destroy` waits for a call that is
/// under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_resolve_cb(
    conf: *mut rd_kafka_conf_t,
    resolve_cb: Option<
        unsafe extern "C" fn(
            node: *const c_char,
            service: *const c_char,
            hints: *const addrinfo,
            res: *mut *mut addrinfo,
            opaque: *mut c_void,
        ) -> c_int,
    >,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            callback::RESOLVE.set(&mut conf.global, resolve_cb);
        }
    })
}

/// Sets a function that has the last word on each certificate of a broker's chain, in
/// DER form: 1 accepts it; 0 refuses it, with a text in `errstr`. `*x509_error` is what
/// the library thinks of it, and may be changed. Called by broker threads. `_INVALID`
/// if the library is built without TLS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_ssl_cert_verify_cb(
    conf: *mut rd_kafka_conf_t,
    ssl_cert_verify_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            broker_name: *const c_char,
            broker_id: i32,
            x509_error: *mut c_int,
            depth: c_int,
            buf: *const c_char,
            size: size_t,
            errstr: *mut c_char,
            errstr_size: size_t,
            opaque: *mut c_void,
        ) -> c_int,
    >,
) -> rd_kafka_conf_res_t {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        match unsafe { get_mut(conf) } {
            Some(conf) => {
                callback::CERTIFICATE_VERIFY.set(&mut conf.global, ssl_cert_verify_cb);
                RD_KAFKA_CONF_OK
            }
            None => RD_KAFKA_CONF_INVALID,
        }
    })
}

/// Sets a certificate or key from memory, which is copied; a null `buffer` removes it.
/// Takes the place of the `ssl.*.pem` and location properties of the same kind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_ssl_cert(
    conf: *mut rd_kafka_conf_t,
    cert_type: rd_kafka_cert_type_t,
    cert_enc: rd_kafka_cert_enc_t,
    buffer: *const c_void,
    size: size_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_conf_res_t {
    ffi!({
        not_built!(
            conf, cert_type, cert_enc, buffer, size;
            text(errstr, errstr_size) = "This version of the library has no TLS yet"
        )
    })
}

/// Sets what an OpenSSL engine (`ssl.engine.location`) gets as its callback data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_engine_callback_data(
    conf: *mut rd_kafka_conf_t,
    callback_data: *mut c_void,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            let pointer = callback_data as usize;
            conf.global.set_pointer("ssl_engine_callback_data", pointer);
        }
    })
}

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
