//! Which events the application wants, and its functions for them.

use libc::{c_char, c_int, c_void, size_t};

use crate::capi::boundary::ffi;
use crate::capi::callback;
use crate::capi::handle::get_mut;
use crate::capi::types::{
    rd_kafka_conf_t, rd_kafka_event_t, rd_kafka_message_t, rd_kafka_resp_err_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t,
};

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
/// `rd_kafka_queue_get_background`. `rd_kafka_destroy` ends that thread, and then calls
/// the function itself for admin operations that it has cut off, with `_DESTROY`.
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
