//! Interceptors of a configuration object.

use std::ffi::{CStr, CString};
use std::ptr;

use crate::base::lock::Mutex;
use libc::{c_char, size_t};

use super::plugin::Plugin;
use super::{List, Method};
use crate::base::error::ErrorCode;
use crate::base::log::{Level, Logger};
use crate::capi::callback::Function;
use crate::capi::cstr;
use crate::capi::types::{
    RD_KAFKA_CONF_OK, RD_KAFKA_CONF_UNKNOWN, rd_kafka_conf_res_t, rd_kafka_conf_t,
    rd_kafka_interceptor_f_on_conf_destroy_t, rd_kafka_interceptor_f_on_conf_dup_t,
    rd_kafka_interceptor_f_on_conf_set_t, rd_kafka_interceptor_f_on_new_t, rd_kafka_t,
};

/// What was added to a configuration.
#[derive(Default)]
pub(crate) struct ConfMethods {
    pub(crate) set: List<rd_kafka_interceptor_f_on_conf_set_t>,
    pub(crate) dup: List<rd_kafka_interceptor_f_on_conf_dup_t>,
    pub(crate) destroy: List<rd_kafka_interceptor_f_on_conf_destroy_t>,
    pub(crate) new: List<rd_kafka_interceptor_f_on_new_t>,
}

/// One of the lists.
type Of<F> = fn(&ConfMethods) -> &Vec<Method<F>>;

/// Where a configuration's interceptors are kept; also by the instance made from it.
#[derive(Default)]
pub(crate) struct ConfHooks {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    methods: ConfMethods,
    /// Properties that an interceptor took, to be set again on copies.
    handled: Vec<(CString, Option<CString>)>,
    plugins: Vec<Plugin>,
}

impl ConfHooks {
    /// A cleanup may be wanted more than once, so it need not be `unique`.
    pub(crate) fn add<F: Function>(
        &self,
        list: fn(&mut ConfMethods) -> &mut Vec<Method<F>>,
        method: Option<Method<F>>,
        unique: bool,
    ) -> ErrorCode {
        super::add(list(&mut self.state.lock().methods), method, unique)
    }

    /// The methods of a list, which a method may add to.
    fn each<F: Function>(&self, list: Of<F>) -> impl Iterator<Item = Method<F>> {
        (0..).map_while(move |place| list(&self.state.lock().methods).get(place).cloned())
    }

    pub(crate) fn watches_set(&self) -> bool {
        !self.state.lock().methods.set.is_empty()
    }

    /// Offers a property to the interceptors: `UNKNOWN` if none of them takes it.
    ///
    /// # Safety
    /// A live configuration that nobody refers to meanwhile, and a value that is null or a string; `errstr` is null or has
    /// room for `errstr_size` bytes.
    pub(crate) unsafe fn on_set(
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
        for method in self.each(|m| &m.set) {
            // SAFETY: the caller's promise.
            let result = unsafe {
                (method.function)(
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

    pub(crate) fn handled(&self) -> Vec<(CString, Option<CString>)> {
        self.state.lock().handled.clone()
    }

    /// Tells of a copy in the making.
    ///
    /// # Safety
    /// Two live configurations, of which nobody refers to the new one meanwhile, and an array of `filter_cnt` strings.
    pub(crate) unsafe fn on_dup(
        &self,
        new: *mut rd_kafka_conf_t,
        old: *const rd_kafka_conf_t,
        filter_cnt: size_t,
        filter: *mut *const c_char,
    ) {
        for method in self.each(|m| &m.dup) {
            // SAFETY: the caller's promise. There is nobody to tell of its error.
            let _ = unsafe { (method.function)(new, old, filter_cnt, filter, method.opaque()) };
        }
    }

    /// Tells of the instance, so that interceptors can add themselves to it.
    ///
    /// # Safety
    /// A live instance that nobody refers to, and its configuration.
    pub(crate) unsafe fn on_new(
        &self,
        rk: *mut rd_kafka_t,
        conf: *const rd_kafka_conf_t,
        logger: &Logger,
    ) {
        for method in self.each(|m| &m.new) {
            let mut errstr = [0 as c_char; 512];
            // SAFETY: the caller's promise.
            let code = unsafe {
                (method.function)(rk, conf, method.opaque(), errstr.as_mut_ptr(), errstr.len())
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

    pub(crate) fn plugin_is_loaded(&self, path: &CStr) -> bool {
        self.state.lock().plugins.iter().any(|p| p.is(path))
    }

    pub(crate) fn add_plugin(&self, plugin: Plugin) {
        self.state.lock().plugins.push(plugin);
    }

    pub(crate) fn unload_plugins(&self) {
        let plugins = std::mem::take(&mut self.state.lock().plugins);
        drop(plugins);
    }

    /// The configuration goes away: the interceptors are told, once, then plugins are unloaded.
    pub(crate) fn destroy(&self) {
        let state = std::mem::take(&mut *self.state.lock());
        for method in &state.methods.destroy {
            // SAFETY: its plugin is still loaded.
            let _ = unsafe { (method.function)(method.opaque()) };
        }
        drop(state);
    }
}

/// The pointer that C has for a value: null for none.
pub(crate) fn pointer(value: Option<&CString>) -> *const c_char {
    value.map_or(ptr::null(), |v| v.as_ptr())
}
