//! The application's functions for sockets, files and names.

use libc::{addrinfo, c_char, c_int, c_void, mode_t, sockaddr};

use crate::capi::boundary::ffi;
use crate::capi::callback;
use crate::capi::handle::get_mut;
use crate::capi::types::rd_kafka_conf_t;

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
