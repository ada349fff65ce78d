//! The application's callbacks: their types, and how they are kept.
//!
//! A configuration, and the layers that carry callbacks about, know addresses only. Here
//! they become functions again: [`Callback<F>`] is an address of which the type is known.
//!
//! Why that is sound: the address of a callback has one way in, [`Callback::new`] with a
//! function of type `F`, and one way out, [`Callback::function`] with the same `F`. For
//! configurations that `F` is said once, by the [`Setting`] that both ways go through;
//! text cannot set a property of this kind, and copies of a configuration copy the address
//! of the same property. Code that carries a bare address says at
//! [`Callback::from_address`] where it comes from. The application promises that the code
//! stays loaded while the instance lives, so to call a callback is as safe as its
//! arguments are, and that is what the `SAFETY` comments at the calls are about.

use std::marker::PhantomData;
use std::{mem, ptr};

use libc::{addrinfo, c_char, c_int, c_void, mode_t, size_t, sockaddr};

use super::types::{
    rd_kafka_event_t, rd_kafka_message_t, rd_kafka_resp_err_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_t,
};
use crate::base::conf::table::Props;
use crate::base::conf::{BUILTIN_CALLBACK, GlobalProps, Scoped, TopicProps};

/// A type of C functions.
pub(crate) trait Function: Copy {
    fn address(self) -> usize;

    /// # Safety
    /// The address of a function of this type.
    unsafe fn at(address: usize) -> Self;
}

macro_rules! functions {
    ($($arg:ident)*) => {
        impl<R, $($arg),*> Function for unsafe extern "C" fn($($arg),*) -> R {
            fn address(self) -> usize {
                (self as *const ()).expose_provenance()
            }

            unsafe fn at(address: usize) -> Self {
                let code = ptr::with_exposed_provenance::<()>(address);
                // SAFETY: the caller's promise.
                unsafe { mem::transmute(code) }
            }
        }
    };
}

functions!(A);
functions!(A B);
functions!(A B C);
functions!(A B C D);
functions!(A B C D E);
functions!(A B C D E F);
functions!(A B C D E F G);
functions!(A B C D E F G H);
functions!(A B C D E F G H I);
functions!(A B C D E F G H I J);
functions!(A B C D E F G H I J K);

/// A function of the application's, the library's own in its place, or none.
pub(crate) struct Callback<F> {
    address: usize,
    function: PhantomData<F>,
}

impl<F> Clone for Callback<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Callback<F> {}

impl<F: Function> Callback<F> {
    pub(crate) fn new(function: Option<F>) -> Self {
        Callback {
            address: function.map_or(0, F::address),
            function: PhantomData,
        }
    }

    /// # Safety
    /// From [`Callback::address`] of the same type, or the property's default.
    pub(crate) unsafe fn from_address(address: usize) -> Self {
        Callback {
            address,
            function: PhantomData,
        }
    }

    pub(crate) fn address(self) -> usize {
        self.address
    }

    /// The application's function.
    #[inline]
    pub(crate) fn function(self) -> Option<F> {
        match self.address {
            0 | BUILTIN_CALLBACK => None,
            // SAFETY: see the module's comment.
            address => Some(unsafe { F::at(address) }),
        }
    }

    /// The library's own function is to be called.
    pub(crate) fn is_builtin(self) -> bool {
        self.address == BUILTIN_CALLBACK
    }
}

/// A property that is a callback, and the callback's type.
pub(crate) struct Setting<P, F> {
    name: &'static str,
    read: fn(&P) -> usize,
    function: PhantomData<F>,
}

impl<P: Props, F: Function> Setting<P, F> {
    const fn new(name: &'static str, read: fn(&P) -> usize) -> Self {
        Setting {
            name,
            read,
            function: PhantomData,
        }
    }

    pub(crate) fn set(&self, properties: &mut Scoped<P>, function: Option<F>) {
        properties.set_pointer(self.name, Callback::new(function).address());
    }

    #[inline]
    pub(crate) fn get(&self, properties: &P) -> Callback<F> {
        // SAFETY: `set` wrote it, or it is the default.
        unsafe { Callback::from_address((self.read)(properties)) }
    }
}

macro_rules! settings {
    ($($(#[$comment:meta])* $setting:ident, $type:ident: $props:ty, $name:literal [$field:ident],
        fn($($arg:ty),*) $(-> $result:ty)?;)*) => {
        $(
            pub(crate) type $type = unsafe extern "C" fn($($arg),*) $(-> $result)?;
            $(#[$comment])*
            pub(crate) const $setting: Setting<$props, $type> = Setting::new($name, |p| p.$field);
        )*

        #[cfg(test)]
        fn each_setting(mut check: impl FnMut(&str, usize)) {
            $(
                let mut properties = Scoped::<$props>::default();
                properties.set_pointer($name, 1000);
                check($name, $setting.get(&properties).address());
            )*
        }
    };
}

settings! {
    BACKGROUND_EVENT, BackgroundEventCb: GlobalProps, "background_event_cb" [background_event_cb],
        fn(*mut rd_kafka_t, *mut rd_kafka_event_t, *mut c_void);
    DR, DrCb: GlobalProps, "dr_cb" [dr_cb],
        fn(*mut rd_kafka_t, *mut c_void, size_t, rd_kafka_resp_err_t, *mut c_void, *mut c_void);
    DR_MSG, DrMsgCb: GlobalProps, "dr_msg_cb" [dr_msg_cb],
        fn(*mut rd_kafka_t, *const rd_kafka_message_t, *mut c_void);
    CONSUME, ConsumeCb: GlobalProps, "consume_cb" [consume_cb],
        fn(*mut rd_kafka_message_t, *mut c_void);
    REBALANCE, RebalanceCb: GlobalProps, "rebalance_cb" [rebalance_cb],
        fn(*mut rd_kafka_t, rd_kafka_resp_err_t, *mut rd_kafka_topic_partition_list_t, *mut c_void);
    /// A commit event carries its address, or that of the function which
    /// `rd_kafka_commit_queue` was given: of the same type.
    OFFSET_COMMIT, CommitCb: GlobalProps, "offset_commit_cb" [offset_commit_cb],
        fn(*mut rd_kafka_t, rd_kafka_resp_err_t, *mut rd_kafka_topic_partition_list_t, *mut c_void);
    ERROR, ErrorCb: GlobalProps, "error_cb" [error_cb],
        fn(*mut rd_kafka_t, c_int, *const c_char, *mut c_void);
    THROTTLE, ThrottleCb: GlobalProps, "throttle_cb" [throttle_cb],
        fn(*mut rd_kafka_t, *const c_char, i32, c_int, *mut c_void);
    LOG, LogCb: GlobalProps, "log_cb" [log_cb],
        fn(*const rd_kafka_t, c_int, *const c_char, *const c_char);
    STATS, StatsCb: GlobalProps, "stats_cb" [stats_cb],
        fn(*mut rd_kafka_t, *mut c_char, size_t, *mut c_void) -> c_int;
    TOKEN_REFRESH, TokenRefreshCb: GlobalProps,
        "oauthbearer_token_refresh_cb" [oauthbearer_token_refresh_cb],
        fn(*mut rd_kafka_t, *const c_char, *mut c_void);
    SOCKET, SocketCb: GlobalProps, "socket_cb" [socket_cb],
        fn(c_int, c_int, c_int, *mut c_void) -> c_int;
    CONNECT, ConnectCb: GlobalProps, "connect_cb" [connect_cb],
        fn(c_int, *const sockaddr, c_int, *const c_char, *mut c_void) -> c_int;
    CLOSE_SOCKET, CloseSocketCb: GlobalProps, "closesocket_cb" [closesocket_cb],
        fn(c_int, *mut c_void) -> c_int;
    OPEN, OpenCb: GlobalProps, "open_cb" [open_cb],
        fn(*const c_char, c_int, mode_t, *mut c_void) -> c_int;
    RESOLVE, ResolveCb: GlobalProps, "resolve_cb" [resolve_cb],
        fn(*const c_char, *const c_char, *const addrinfo, *mut *mut addrinfo, *mut c_void) -> c_int;
    CERTIFICATE_VERIFY, CertificateVerifyCb: GlobalProps,
        "ssl.certificate.verify_cb" [ssl_certificate_verify_cb],
        fn(*mut rd_kafka_t, *const c_char, i32, *mut c_int, c_int, *const c_char, size_t, *mut c_char,
            size_t, *mut c_void) -> c_int;
    PARTITIONER, PartitionerCb: TopicProps, "partitioner_cb" [partitioner_cb],
        fn(*const rd_kafka_topic_t, *const c_void, size_t, i32, *mut c_void, *mut c_void) -> i32;
    MESSAGE_ORDER, MessageOrderCmp: TopicProps, "msg_order_cmp" [msg_order_cmp],
        fn(*const rd_kafka_message_t, *const rd_kafka_message_t) -> c_int;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_the_property_that_they_set() {
        each_setting(|name, address| assert_eq!(address, 1000, "{name}"));
    }

    unsafe extern "C" fn double(n: c_int) -> c_int {
        2 * n
    }

    #[test]
    fn callbacks_come_back() {
        type Double = unsafe extern "C" fn(c_int) -> c_int;
        let callback = Callback::<Double>::new(Some(double));
        // SAFETY: from a callback of that type; the function takes any number.
        unsafe {
            let again = Callback::<Double>::from_address(callback.address());
            assert_eq!(again.function().map(|f| f(21)), Some(42));
            let builtin = Callback::<Double>::from_address(BUILTIN_CALLBACK);
            assert!(builtin.is_builtin() && builtin.function().is_none());
        }
        assert!(Callback::<Double>::new(None).function().is_none());
    }
}
