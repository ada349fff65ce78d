//! What stands behind a `rd_kafka_conf_t`: properties, and what interceptors do with them.
//!
//! Interceptors get the pointer to the configuration and call its functions: nothing here holds a reference to it while one of
//! them runs.

use std::borrow::Cow;
use std::ffi::CString;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use libc::{c_char, size_t};

use super::answer::Answer;
use crate::base::conf::{Conf, ConfError, TopicConf, TopicConfBox};
use crate::capi::cstr;
use crate::capi::handle::{Boxed, Opaque, Tagged, get, get_mut, give};
use crate::capi::intercept::{ConfHooks, load_plugins, pointer};
use crate::capi::types::{
    RD_KAFKA_CONF_OK, RD_KAFKA_CONF_UNKNOWN, rd_kafka_conf_res_t, rd_kafka_conf_t,
    rd_kafka_topic_conf_t,
};
use crate::client::hooks::ConfBox;

/// A property for tests, whose value is a pointer.
const UT_HANDLE_PRODUCE_RESPONSE: &str = "ut_handle_ProduceResponse";
const PLUGINS: &str = "plugin.library.paths";

pub(crate) struct ConfObject {
    conf: Conf,
    pub(crate) hooks: Arc<ConfHooks>,
}

impl Opaque for rd_kafka_conf_t {
    type Target = ConfObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x636f_6e66;
}

/// The box of default topic configurations, to which C gets pointers.
fn new_topic_conf() -> Box<dyn TopicConfBox> {
    Box::new(Tagged::<rd_kafka_topic_conf_t>::new(TopicConf::new()))
}

impl ConfObject {
    pub(crate) fn new() -> Self {
        ConfObject {
            conf: Conf::with_topic_conf_box(new_topic_conf),
            hooks: Arc::default(),
        }
    }
}

impl Deref for ConfObject {
    type Target = Conf;

    fn deref(&self) -> &Conf {
        &self.conf
    }
}

impl DerefMut for ConfObject {
    fn deref_mut(&mut self) -> &mut Conf {
        &mut self.conf
    }
}

impl Drop for ConfObject {
    fn drop(&mut self) {
        self.hooks.destroy();
    }
}

/// A configuration object that a client has taken over.
pub(crate) struct Owned(pub(crate) Box<Tagged<rd_kafka_conf_t>>);

impl ConfBox for Owned {
    fn give_back(self: Box<Self>) {
        let Owned(conf) = *self;
        std::mem::forget(conf);
    }
}

impl Deref for Owned {
    type Target = Conf;

    fn deref(&self) -> &Conf {
        &self.0.conf
    }
}

/// Behind `rd_kafka_conf_set`.
///
/// # Safety
/// The strings live for the call; `errstr` is null or has room for `errstr_size` bytes; nobody else uses the configuration.
pub(crate) unsafe fn set(
    conf: *mut rd_kafka_conf_t,
    name: *const c_char,
    value: *const c_char,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_conf_res_t {
    let answer = Answer {
        errstr,
        errstr_size,
    };
    // SAFETY: the caller's promise, here and below.
    unsafe {
        let Some(object) = get_mut(conf) else {
            return answer.not_a_configuration();
        };
        // For tests the value is a function, and must not be read as text.
        if cstr::bytes(name) == Some(UT_HANDLE_PRODUCE_RESPONSE.as_bytes()) {
            object
                .global
                .set_pointer(UT_HANDLE_PRODUCE_RESPONSE, value as usize);
            return RD_KAFKA_CONF_OK;
        }
        let (text, value_text) = match (cstr::strict(name), cstr::strict(value)) {
            (Ok(Some(name)), Ok(value)) => (name, value.filter(|v| !v.is_empty())),
            (name, _) => return answer.not_text(name),
        };
        let value = match value_text {
            Some(_) => value,
            None => std::ptr::null(),
        };
        let hooks = object.hooks.clone();
        let own = Conf::global_name(text);
        if hooks.watches_set() {
            // By the name that was given, then by the one that it is an alias of.
            let aliased = own.filter(|own| *own != text);
            for name in [Some(text), aliased].into_iter().flatten() {
                let name = CString::new(name).unwrap_or_default();
                let taken = hooks.on_set(conf, &name, value, errstr, errstr_size);
                if taken != RD_KAFKA_CONF_UNKNOWN {
                    return taken;
                }
            }
        }
        if own == Some(PLUGINS)
            && let Err(why) = load_plugins(conf, &hooks, value)
        {
            return answer.give(Err(ConfError::Invalid(why)));
        }
        match get_mut(conf) {
            Some(object) => answer.give(object.set(text, value_text)),
            None => answer.not_a_configuration(),
        }
    }
}

/// The strings of a C array, null ones left out.
///
/// # Safety
/// Null, or an array of `count` strings that live for `'a`.
unsafe fn prefixes<'a>(array: *mut *const c_char, count: size_t) -> Vec<Cow<'a, str>> {
    if array.is_null() {
        return Vec::new();
    }
    (0..count)
        // SAFETY: the caller's promise.
        .filter_map(|at| unsafe { cstr::text(*array.add(at)) })
        .collect()
}

/// Behind `rd_kafka_conf_dup_filter`. Interceptors are not copied: they add themselves, when they are told of the copy or when
/// its plugins are loaded. Then every property that was set is offered to them.
///
/// # Safety
/// Null, or a live configuration that nobody changes meanwhile; an array of `filter_cnt` strings.
pub(crate) unsafe fn dup(
    old: *const rd_kafka_conf_t,
    filter_cnt: size_t,
    filter: *mut *const c_char,
) -> *mut rd_kafka_conf_t {
    // SAFETY: the caller's promise; the copy is this function's own until it returns.
    unsafe {
        let Some(from) = get(old) else {
            return std::ptr::null_mut();
        };
        let filters = prefixes(filter, filter_cnt);
        let filtered = |name: &str| filters.iter().any(|start| name.starts_with(&**start));
        let new = give::<rd_kafka_conf_t>(ConfObject::new());
        from.hooks.on_dup(new, old, filter_cnt, filter);
        let Some(hooks) = get(new.cast_const()).map(|copy| copy.hooks.clone()) else {
            return new;
        };
        let mut taken = Vec::new();
        for (name, value) in from.global.set_by_name() {
            if filtered(name) || !(hooks.watches_set() || name == PLUGINS) {
                continue;
            }
            let c_name = CString::new(name).unwrap_or_default();
            let value = value.map(|v| CString::new(v).unwrap_or_default());
            let value = pointer(value.as_ref());
            let nowhere = std::ptr::null_mut();
            if hooks.on_set(new, &c_name, value, nowhere, 0) != RD_KAFKA_CONF_UNKNOWN
                || (name == PLUGINS && load_plugins(new, &hooks, value).is_err())
            {
                taken.push(name);
            }
        }
        if let Some(copy) = get_mut(new) {
            copy.copy_from(from, |name| filtered(name) || taken.contains(&name));
        }
        for (name, value) in from.hooks.handled() {
            if !filtered(&name.to_string_lossy()) {
                let value = pointer(value.as_ref());
                set(new, name.as_ptr(), value, std::ptr::null_mut(), 0);
            }
        }
        new
    }
}
