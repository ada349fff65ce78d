//! Interceptors and plugins: what `capi::interceptor`'s functions have added, and how it is called.
//!
//! A [`ConfHooks`] belongs to a configuration object and goes with it to the instance made from it. The instance's own
//! [`Interceptors`] are added while `rd_kafka_new` calls `on_new`, and fixed from then on: threads read them without a lock,
//! and where there are none a place that could call them costs a look at a flag. Methods are called with no lock held, in the
//! order in which they were added.

mod client;
mod conf;
mod hooks;
mod plugin;

use std::ffi::{CString, c_void};
use std::ptr;

pub use client::{Interceptors, Point};
pub use conf::{ConfHooks, ConfPoint, pointer};
pub use hooks::{LinkHooks, SendHooks};
pub use plugin::load as load_plugins;

use crate::base::error::ErrorCode;

/// A function of an interceptor. Its type follows from the list that it is in.
#[derive(Clone)]
pub struct Method {
    name: CString,
    function: usize,
    opaque: usize,
}

impl Method {
    pub fn new(name: CString, function: usize, opaque: *mut c_void) -> Self {
        Method {
            name,
            function,
            opaque: opaque.expose_provenance(),
        }
    }

    fn opaque(&self) -> *mut c_void {
        ptr::with_exposed_provenance_mut(self.opaque)
    }

    /// The same function under the same name is refused, so that nothing is called twice when both a plugin and its
    /// `on_conf_dup` add themselves to a copy.
    fn add_to(self, list: &mut Vec<Method>, unique: bool) -> ErrorCode {
        if self.function == 0 {
            return ErrorCode::_INVALID_ARG;
        }
        let known = |m: &Method| m.function == self.function && m.name == self.name;
        if unique && list.iter().any(known) {
            return ErrorCode::_CONFLICT;
        }
        list.push(self);
        ErrorCode::NO_ERROR
    }

    /// What the log says when the method returns an error.
    fn failure(&self, what: &str, code: ErrorCode, why: &str) -> String {
        let separator = if why.is_empty() { "" } else { ": " };
        let name = self.name.to_string_lossy();
        format!("Interceptor {name} failed in {what}: {code}{separator}{why}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_added_once_for_each_name() {
        let method = |name: &str, function| Method {
            name: CString::new(name).unwrap(),
            function,
            opaque: 0,
        };
        let mut list = Vec::new();
        assert!(method("a", 1).add_to(&mut list, true).is_ok());
        assert_eq!(method("a", 1).add_to(&mut list, true), ErrorCode::_CONFLICT);
        assert!(method("b", 1).add_to(&mut list, true).is_ok());
        assert!(method("a", 2).add_to(&mut list, true).is_ok());
        assert!(method("a", 1).add_to(&mut list, false).is_ok());
        assert_eq!(
            method("c", 0).add_to(&mut list, true),
            ErrorCode::_INVALID_ARG
        );
        assert_eq!(list.len(), 4);
    }
}
