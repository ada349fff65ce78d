//! Interceptors of a configuration object.

use std::ffi::{CStr, CString};
use std::ptr;

use libc::{c_char, size_t};
use parking_lot::Mutex;

use super::Method;
use super::plugin::Plugin;
use crate::base::error::ErrorCode;
use crate::base::log::{Level, Logger};
use crate::capi::cstr;
use crate::capi::types::{
    RD_KAFKA_CONF_OK, RD_KAFKA_CONF_UNKNOWN, rd_kafka_conf_res_t, rd_kafka_conf_t,
    rd_kafka_interceptor_f_on_conf_destroy_t, rd_kafka_interceptor_f_on_conf_dup_t,
    rd_kafka_interceptor_f_on_conf_set_t, rd_kafka_interceptor_f_on_new_t, rd_kafka_t,
};

#[derive(Debug, Clone, Copy)]
pub enum ConfPoint {
    Set,
    Dup,
    Destroy,
    New,
}

/// Where a configuration's interceptors are kept; also by the instance made from it.
#[derive(Default)]
pub struct ConfHooks {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lists: [Vec<Method>; 4],
    /// Properties that an interceptor took, to be set again on copies.
    handled: Vec<(CString, Option<CString>)>,
    plugins: Vec<Plugin>,
}

impl ConfHooks {
    pub fn add(&self, point: ConfPoint, method: Method) -> ErrorCode {
        // A cleanup may be wanted more than once.
        let unique = !matches!(point, ConfPoint::Destroy);
        match self.state.lock().lists.get_mut(point as usize) {
            Some(list) => method.add_to(list, unique),
            None => ErrorCode::_INVALID_ARG,
        }
    }

    /// The method in that place of the list, which a method may add to.
    fn at(&self, point: ConfPoint, place: usize) -> Option<Method> {
        let state = self.state.lock();
        state.lists.get(point as usize)?.get(place).cloned()
    }

    fn each(&self, point: ConfPoint) -> impl Iterator<Item = Method> {
        (0..).map_while(move |place| self.at(point, place))
    }

    pub fn watches_set(&self) -> bool {
        self.at(ConfPoint::Set, 0).is_some()
    }

    /// Offers a property to the interceptors: `UNKNOWN` if none of them takes it.
    ///
    /// # Safety
    /// A live configuration that nobody refers to meanwhile, and a value that is null or a string; `errstr` is null or has
    /// room for `errstr_size` bytes.
    pub unsafe fn on_set(
        &self,
        conf: *mut rd_kafka_conf_t,
        name: &CStr,
        value: *const c_char,
        errstr: *mut c_char,
        errstr_size: size_t,
    ) -> rd_kafka_conf_res_t {
        let mut nowhere = [0 as c_char; 512];
        let (errstr, errstr_size) = if errstr.is_null() || errstr_size == 0 {
            (nowhere.as_mut_ptr(), nowhere.len())
        } else {
            (errstr, errstr_size)
        };
        for method in self.each(ConfPoint::Set) {
            // SAFETY: a function of this type was added; the rest is the caller's promise.
            let result = unsafe {
                let function: rd_kafka_interceptor_f_on_conf_set_t =
                    std::mem::transmute(method.function);
                let Some(function) = function else { continue };
                function(
                    conf,
                    name.as_ptr(),
                    value,
                    errstr,
                    errstr_size,
                    method.opaque(),
                )
            };
            if result == RD_KAFKA_CONF_OK {
                // SAFETY: as above.
                let value = (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) }.to_owned());
                self.state.lock().handled.push((name.to_owned(), value));
            }
            if result != RD_KAFKA_CONF_UNKNOWN {
                return result;
            }
        }
        RD_KAFKA_CONF_UNKNOWN
    }

    pub fn handled(&self) -> Vec<(CString, Option<CString>)> {
        self.state.lock().handled.clone()
    }

    /// Tells of a copy in the making.
    ///
    /// # Safety
    /// Two live configurations, of which nobody refers to the new one meanwhile, and an array of `filter_cnt` strings.
    pub unsafe fn on_dup(
        &self,
        new: *mut rd_kafka_conf_t,
        old: *const rd_kafka_conf_t,
        filter_cnt: size_t,
        filter: *mut *const c_char,
    ) {
        for method in self.each(ConfPoint::Dup) {
            // SAFETY: a function of this type was added; the rest is the caller's promise. There is nobody to tell of
            // its error.
            unsafe {
                let function: rd_kafka_interceptor_f_on_conf_dup_t =
                    std::mem::transmute(method.function);
                if let Some(function) = function {
                    let _ = function(new, old, filter_cnt, filter, method.opaque());
                }
            }
        }
    }

    /// Tells of the instance, so that interceptors can add themselves to it.
    ///
    /// # Safety
    /// A live instance that nobody refers to, and its configuration.
    pub unsafe fn on_new(
        &self,
        rk: *mut rd_kafka_t,
        conf: *const rd_kafka_conf_t,
        logger: &Logger,
    ) {
        for method in self.each(ConfPoint::New) {
            let mut errstr = [0 as c_char; 512];
            // SAFETY: a function of this type was added; the rest is the caller's promise.
            let code = unsafe {
                let function: rd_kafka_interceptor_f_on_new_t =
                    std::mem::transmute(method.function);
                let Some(function) = function else { continue };
                function(rk, conf, method.opaque(), errstr.as_mut_ptr(), errstr.len())
            };
            if code.is_err() {
                // SAFETY: the last byte stays NUL unless the function writes beyond what it may.
                let why = unsafe { cstr::text(errstr.as_ptr()) }.unwrap_or_default();
                logger.log(
                    Level::Warning,
                    "ICFAIL",
                    format_args!("{}", method.failure("on_new", code, &why)),
                );
            }
        }
    }

    pub fn plugin_is_loaded(&self, path: &CStr) -> bool {
        self.state.lock().plugins.iter().any(|p| p.is(path))
    }

    pub fn add_plugin(&self, plugin: Plugin) {
        self.state.lock().plugins.push(plugin);
    }

    pub fn unload_plugins(&self) {
        let plugins = std::mem::take(&mut self.state.lock().plugins);
        drop(plugins);
    }

    /// The configuration goes away: the interceptors are told, once, then plugins are unloaded.
    pub fn destroy(&self) {
        let state = std::mem::take(&mut *self.state.lock());
        for method in state
            .lists
            .get(ConfPoint::Destroy as usize)
            .into_iter()
            .flatten()
        {
            // SAFETY: a function of this type was added, and its plugin is still loaded.
            unsafe {
                let function: rd_kafka_interceptor_f_on_conf_destroy_t =
                    std::mem::transmute(method.function);
                if let Some(function) = function {
                    let _ = function(method.opaque());
                }
            }
        }
        drop(state);
    }
}

/// The pointer that C has for a value: null for none.
pub fn pointer(value: Option<&CString>) -> *const c_char {
    value.map_or(ptr::null(), |v| v.as_ptr())
}
