//! One instance of the library with one server, and what it tells while it connects.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::base::error::ErrorCode;
use rdkafka::capi::conf::certificates::rd_kafka_conf_set_ssl_cert_verify_cb;
use rdkafka::capi::conf::create::{rd_kafka_conf_destroy, rd_kafka_conf_new, rd_kafka_conf_set};
use rdkafka::capi::conf::events::{rd_kafka_conf_set_error_cb, rd_kafka_conf_set_log_cb};
use rdkafka::capi::conf::values::rd_kafka_conf_set_opaque;
use rdkafka::capi::error::rd_kafka_err2name;
use rdkafka::capi::interceptor::{
    rd_kafka_conf_interceptor_add_on_new, rd_kafka_interceptor_add_on_broker_state_change,
};
use rdkafka::capi::lifecycle::{rd_kafka_destroy, rd_kafka_new, rd_kafka_poll};
use rdkafka::capi::metadata::{rd_kafka_metadata, rd_kafka_metadata_destroy};
use rdkafka::capi::types::{
    RD_KAFKA_CONF_OK, RD_KAFKA_PRODUCER, rd_kafka_conf_t, rd_kafka_resp_err_t, rd_kafka_t,
};

use crate::arguments::is_servers;
use crate::probe::Address;
use crate::properties::Pair;

/// What the library told.
#[derive(Debug, Clone)]
pub struct Seen {
    pub begun: Instant,
    /// The states of the connection, and when it got into them.
    pub states: Vec<(String, Instant)>,
    /// The last error: its name and its text.
    pub error: Option<(String, String)>,
    pub error_at: Option<Instant>,
    /// DER of the broker's certificates with their depth in the chain: 0 is its own.
    pub certificates: Vec<(i32, Vec<u8>)>,
}

/// What the callbacks write to.
struct Watch {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct Client {
    rk: *mut rd_kafka_t,
    /// Lives longer than the instance.
    watch: Box<Watch>,
}

impl Client {
    /// An error is one of the properties.
    pub fn new(properties: &[Pair], server: &Address) -> Result<Self, String> {
        let watch = Box::new(Watch {
            seen: Mutex::new(Seen {
                begun: Instant::now(),
                states: Vec::new(),
                error: None,
                error_at: None,
                certificates: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let opaque = std::ptr::from_ref(&*watch).cast_mut().cast::<c_void>();
        let mut text = [0; 512];
        // SAFETY: strings and buffers of this function's; the watch lives longer than the
        // instance, which takes the configuration, if it is made.
        unsafe {
            let conf = rd_kafka_conf_new();
            let server = ("bootstrap.servers", server.server());
            let own = properties.iter().filter(|p| !is_servers(&p.name));
            let own = own.map(|p| (p.name.as_str(), p.value.clone()));
            for (name, value) in own.chain([server]) {
                if let Err(e) = set(conf, name, &value) {
                    rd_kafka_conf_destroy(conf);
                    return Err(e);
                }
            }
            rd_kafka_conf_set_opaque(conf, opaque);
            rd_kafka_conf_set_error_cb(conf, Some(on_error));
            rd_kafka_conf_set_log_cb(conf, Some(on_log));
            rd_kafka_conf_set_ssl_cert_verify_cb(conf, Some(on_certificate));
            let name = c"kafka-check".as_ptr();
            rd_kafka_conf_interceptor_add_on_new(conf, name, Some(on_new), opaque);
            let rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.as_mut_ptr(), text.len());
            if rk.is_null() {
                rd_kafka_conf_destroy(conf);
                return Err(string(text.as_ptr()));
            }
            Ok(Client { rk, watch })
        }
    }

    /// Waits until the connection is up or an error was told.
    pub fn wait(&self, timeout: Duration) -> Seen {
        let until = Instant::now() + timeout;
        loop {
            // SAFETY: the instance lives as long as `self`.
            unsafe { rd_kafka_poll(self.rk, 0) };
            let seen = self.watch.lock();
            let up = seen.states.iter().any(|(state, _)| state == "UP");
            let now = Instant::now();
            if up || seen.error.is_some() || now >= until {
                return seen.clone();
            }
            // The error callback is served by a poll.
            let pause = (until - now).min(Duration::from_millis(20));
            let _ = self.watch.changed.wait_timeout(seen, pause);
        }
    }

    pub fn seen(&self) -> Seen {
        // SAFETY: the instance lives as long as `self`.
        unsafe { rd_kafka_poll(self.rk, 0) };
        self.watch.lock().clone()
    }

    /// The brokers' addresses, or the name of the error.
    pub fn metadata(&self, timeout: Duration) -> Result<Vec<Address>, String> {
        let timeout = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
        let mut found = null();
        // SAFETY: the instance lives as long as `self`; what was found has so many brokers,
        // and is destroyed here.
        unsafe {
            let code = rd_kafka_metadata(self.rk, 0, null_mut(), &raw mut found, timeout);
            let Some(metadata) = found.as_ref() else {
                return Err(string(rd_kafka_err2name(code)));
            };
            let count = usize::try_from(metadata.broker_cnt).unwrap_or(0);
            let brokers = std::slice::from_raw_parts(metadata.brokers, count)
                .iter()
                .map(|b| Address {
                    host: string(b.host),
                    port: u16::try_from(b.port).unwrap_or(0),
                    id: Some(b.id),
                })
                .collect();
            rd_kafka_metadata_destroy(found);
            Ok(brokers)
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: nobody uses it after this.
        unsafe { rd_kafka_destroy(self.rk) };
    }
}

/// # Safety
/// A live configuration.
unsafe fn set(conf: *mut rd_kafka_conf_t, name: &str, value: &str) -> Result<(), String> {
    let c_string = |text: &str| {
        CString::new(text).map_err(|_| format!("the property {name} has a null character"))
    };
    let mut text = [0; 512];
    let (name, value) = (c_string(name)?, c_string(value)?);
    // SAFETY: the caller's promise, and buffers of this function's.
    unsafe {
        let (to, size) = (text.as_mut_ptr(), text.len());
        match rd_kafka_conf_set(conf, name.as_ptr(), value.as_ptr(), to, size) {
            RD_KAFKA_CONF_OK => Ok(()),
            _ => Err(string(text.as_ptr())),
        }
    }
}

/// # Safety
/// Null, or a string.
unsafe fn string(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

/// # Safety
/// The opaque pointer of an instance of [`Client`].
unsafe fn watch<'a>(opaque: *mut c_void) -> Option<&'a Watch> {
    // SAFETY: the caller's promise: it lives longer than the instance.
    unsafe { opaque.cast::<Watch>().as_ref() }
}

unsafe extern "C" fn on_new(
    rk: *mut rd_kafka_t,
    _conf: *const rd_kafka_conf_t,
    opaque: *mut c_void,
    _errstr: *mut c_char,
    _size: usize,
) -> rd_kafka_resp_err_t {
    let name = c"kafka-check".as_ptr();
    // SAFETY: the library's instance, which is being made.
    unsafe { rd_kafka_interceptor_add_on_broker_state_change(rk, name, Some(on_state), opaque) }
}

unsafe extern "C" fn on_state(
    _rk: *mut rd_kafka_t,
    _broker_id: i32,
    _protocol: *const c_char,
    _name: *const c_char,
    _port: c_int,
    state: *const c_char,
    opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    // SAFETY: the library's arguments, and the opaque pointer given with this function.
    unsafe {
        if let Some(watch) = watch(opaque) {
            let mut seen = watch.lock();
            // The first attempt alone is looked at.
            if seen.error.is_none() && !seen.states.iter().any(|(s, _)| s == "UP" || s == "DOWN") {
                seen.states.push((string(state), Instant::now()));
            }
            if string(state) == "DOWN" && seen.error_at.is_none() {
                seen.error_at = Some(Instant::now());
            }
            watch.changed.notify_all();
        }
    }
    ErrorCode::NO_ERROR
}

unsafe extern "C" fn on_error(
    _rk: *mut rd_kafka_t,
    err: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: the library's arguments, and the opaque pointer of the configuration.
    unsafe {
        if let Some(watch) = watch(opaque) {
            let mut seen = watch.lock();
            // Why the connection failed comes before that no broker is left.
            if seen.error.is_none() {
                let name = string(rd_kafka_err2name(ErrorCode(err)));
                seen.error = Some((name, string(reason)));
                seen.error_at.get_or_insert_with(Instant::now);
            }
            watch.changed.notify_all();
        }
    }
}

/// The errors come by their callback.
unsafe extern "C" fn on_log(
    _rk: *const rd_kafka_t,
    _level: c_int,
    _facility: *const c_char,
    _text: *const c_char,
) {
}

/// Takes the certificate down, and leaves the verdict to the library.
unsafe extern "C" fn on_certificate(
    _rk: *mut rd_kafka_t,
    _broker: *const c_char,
    _broker_id: i32,
    error: *mut c_int,
    depth: c_int,
    der: *const c_char,
    size: usize,
    errstr: *mut c_char,
    errstr_size: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the library's arguments, and the opaque pointer of the configuration.
    unsafe {
        if let Some(watch) = watch(opaque)
            && !der.is_null()
        {
            let der = std::slice::from_raw_parts(der.cast::<u8>(), size).to_vec();
            let mut seen = watch.lock();
            if !seen.certificates.contains(&(depth, der.clone())) {
                seen.certificates.push((depth, der));
            }
        }
        if error.is_null() || *error == 0 {
            return 1;
        }
        if !errstr.is_null() && errstr_size > 0 {
            *errstr = 0;
        }
        0
    }
}
