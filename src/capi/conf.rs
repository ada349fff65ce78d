//! Configuration of a client instance.

use libc::{FILE, addrinfo, c_char, c_int, c_void, mode_t, size_t, sockaddr};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_cert_enc_t, rd_kafka_cert_type_t, rd_kafka_conf_res_t, rd_kafka_conf_t,
    rd_kafka_event_t, rd_kafka_message_t, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_conf_t,
    rd_kafka_topic_partition_list_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_new() -> *mut rd_kafka_conf_t {
    ffi!({ not_built!() })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_destroy(conf: *mut rd_kafka_conf_t) {
    ffi!({ not_built!(conf) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dup(conf: *const rd_kafka_conf_t) -> *mut rd_kafka_conf_t {
    ffi!({ not_built!(conf) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dup_filter(
    conf: *const rd_kafka_conf_t,
    filter_cnt: size_t,
    filter: *mut *const c_char,
) -> *mut rd_kafka_conf_t {
    ffi!({ not_built!(conf, filter_cnt, filter) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf(rk: *mut rd_kafka_t) -> *const rd_kafka_conf_t {
    ffi!({ not_built!(rk) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set(
    conf: *mut rd_kafka_conf_t,
    name: *const c_char,
    value: *const c_char,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_conf_res_t {
    ffi!({ not_built!(conf, name, value, errstr, errstr_size) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_events(conf: *mut rd_kafka_conf_t, events: c_int) {
    ffi!({ not_built!(conf, events) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_background_event_cb(
    conf: *mut rd_kafka_conf_t,
    event_cb: Option<
        unsafe extern "C" fn(rk: *mut rd_kafka_t, rkev: *mut rd_kafka_event_t, opaque: *mut c_void),
    >,
) {
    ffi!({ not_built!(conf, event_cb) })
}

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
    ffi!({ not_built!(conf, dr_cb) })
}

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
    ffi!({ not_built!(conf, dr_msg_cb) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_consume_cb(
    conf: *mut rd_kafka_conf_t,
    consume_cb: Option<
        unsafe extern "C" fn(rkmessage: *mut rd_kafka_message_t, opaque: *mut c_void),
    >,
) {
    ffi!({ not_built!(conf, consume_cb) })
}

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
    ffi!({ not_built!(conf, rebalance_cb) })
}

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
    ffi!({ not_built!(conf, offset_commit_cb) })
}

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
    ffi!({ not_built!(conf, error_cb) })
}

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
    ffi!({ not_built!(conf, throttle_cb) })
}

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
    ffi!({ not_built!(conf, log_cb) })
}

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
    ffi!({ not_built!(conf, stats_cb) })
}

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
    ffi!({ not_built!(conf, oauthbearer_token_refresh_cb) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_enable_sasl_queue(
    conf: *mut rd_kafka_conf_t,
    enable: c_int,
) {
    ffi!({ not_built!(conf, enable) })
}

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
    ffi!({ not_built!(conf, socket_cb) })
}

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
    ffi!({ not_built!(conf, connect_cb) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_closesocket_cb(
    conf: *mut rd_kafka_conf_t,
    closesocket_cb: Option<unsafe extern "C" fn(sockfd: c_int, opaque: *mut c_void) -> c_int>,
) {
    ffi!({ not_built!(conf, closesocket_cb) })
}

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
    ffi!({ not_built!(conf, open_cb) })
}

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
    ffi!({ not_built!(conf, resolve_cb) })
}

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
    ffi!({ not_built!(conf, ssl_cert_verify_cb) })
}

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
    ffi!({ not_built!(conf, cert_type, cert_enc, buffer, size, errstr, errstr_size) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_engine_callback_data(
    conf: *mut rd_kafka_conf_t,
    callback_data: *mut c_void,
) {
    ffi!({ not_built!(conf, callback_data) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_opaque(conf: *mut rd_kafka_conf_t, opaque: *mut c_void) {
    ffi!({ not_built!(conf, opaque) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_default_topic_conf(
    conf: *mut rd_kafka_conf_t,
    tconf: *mut rd_kafka_topic_conf_t,
) {
    ffi!({ not_built!(conf, tconf) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_get_default_topic_conf(
    conf: *mut rd_kafka_conf_t,
) -> *mut rd_kafka_topic_conf_t {
    ffi!({ not_built!(conf) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_get(
    conf: *const rd_kafka_conf_t,
    name: *const c_char,
    dest: *mut c_char,
    dest_size: *mut size_t,
) -> rd_kafka_conf_res_t {
    ffi!({ not_built!(conf, name, dest, dest_size) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dump(
    conf: *mut rd_kafka_conf_t,
    cntp: *mut size_t,
) -> *mut *const c_char {
    ffi!({ not_built!(conf, cntp) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dump_free(arr: *mut *const c_char, cnt: size_t) {
    ffi!({ not_built!(arr, cnt) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_properties_show(fp: *mut FILE) {
    ffi!({ not_built!(fp) })
}
