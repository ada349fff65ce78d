//! Interceptors and plugins: what `capi::interceptor`'s functions have added, and how it is called.
//!
//! A [`ConfHooks`] belongs to a configuration object and goes with it to the instance made from it. The instance's own
//! [`Interceptors`] are added while `rd_kafka_new` calls `on_new`, and fixed from then on: threads read them without a lock,
//! and where there are none a place that could call them costs a look at a flag. Methods are called with no lock held, in the
//! order in which they were added.

mod client;
mod conf;
mod hooks;
mod load;
mod plugin;

use std::ffi::{CString, c_void};
use std::ptr;

pub(crate) use client::{Interceptors, Methods};
pub(crate) use conf::{ConfHooks, ConfMethods, pointer};
pub(crate) use hooks::{LinkHooks, SendHooks};
pub(crate) use load::load as load_plugins;

use crate::base::error::ErrorCode;
use crate::capi::callback::Function;

/// What C has as a pointer that may be null.
pub(crate) trait Nullable {
    type Function;
}

impl<F> Nullable for Option<F> {
    type Function = F;
}

/// The functions that were added for one occasion, of the type that C has for them.
pub(crate) type List<P> = Vec<Method<<P as Nullable>::Function>>;

/// A function of an interceptor.
#[derive(Clone)]
pub(crate) struct Method<F> {
    name: CString,
    function: F,
    opaque: usize,
}

impl<F: Function> Method<F> {
    /// None if there is no function.
    pub(crate) fn new(name: CString, function: Option<F>, opaque: *mut c_void) -> Option<Self> {
        Some(Method {
            name,
            function: function?,
            opaque: opaque.expose_provenance(),
        })
    }

    fn opaque(&self) -> *mut c_void {
        ptr::with_exposed_provenance_mut(self.opaque)
    }

    fn is(&self, other: &Self) -> bool {
        self.function.address() == other.function.address() && self.name == other.name
    }

    /// What the log says when the method returns an error.
    fn failure(&self, what: &str, code: ErrorCode, why: &str) -> String {
        let separator = if why.is_empty() { "" } else { ": " };
        let name = self.name.to_string_lossy();
        format!("Interceptor {name} failed in {what}: {code}{separator}{why}")
    }
}

/// The same function under the same name is refused, so that nothing is called twice when both a plugin and its
/// `on_conf_dup` add themselves to a copy.
fn add<F: Function>(
    list: &mut Vec<Method<F>>,
    method: Option<Method<F>>,
    unique: bool,
) -> ErrorCode {
    let Some(method) = method else {
        return ErrorCode::_INVALID_ARG;
    };
    if unique && list.iter().any(|known| known.is(&method)) {
        return ErrorCode::_CONFLICT;
    }
    list.push(method);
    ErrorCode::NO_ERROR
}

#[cfg(test)]
mod tests {
    use super::*;

    type OnEvent = unsafe extern "C" fn(*mut c_void);

    unsafe extern "C" fn one(_: *mut c_void) {}

    unsafe extern "C" fn two(at: *mut c_void) {
        // SAFETY: never called; it makes the function another one than the first.
        unsafe { *at.cast() = 2 };
    }

    #[test]
    fn a_function_is_added_once_for_each_name() {
        let method = |name: &str, function: Option<OnEvent>| {
            Method::new(CString::new(name).unwrap(), function, ptr::null_mut())
        };
        let mut list = Vec::new();
        assert!(add(&mut list, method("a", Some(one)), true).is_ok());
        let again = add(&mut list, method("a", Some(one)), true);
        assert_eq!(again, ErrorCode::_CONFLICT);
        assert!(add(&mut list, method("b", Some(one)), true).is_ok());
        assert!(add(&mut list, method("a", Some(two)), true).is_ok());
        assert!(add(&mut list, method("a", Some(one)), false).is_ok());
        let none = add(&mut list, method("c", None), true);
        assert_eq!(none, ErrorCode::_INVALID_ARG);
        assert_eq!(list.len(), 4);
    }
}
