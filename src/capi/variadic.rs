//! The five functions with a variable argument list.
//!
//! Stable Rust cannot define one, and the shared object hides the symbols of C
//! objects. So each is a naked function here, which is exported and jumps to the
//! C function of `shim.c` that reads the arguments; that one calls back through
//! a hidden symbol defined here, or calls the exported function that takes an
//! array.
//!
//! [`variadic!`] has the C prototypes for the header's generator.

use std::arch::{global_asm, naked_asm};

use libc::{c_char, c_int, size_t};

use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::error;
use crate::capi::mock::cluster;
use crate::capi::types::{rd_kafka_error_t, rd_kafka_mock_cluster_t, rd_kafka_resp_err_t};
use crate::mock::command::PartitionChange;
use crate::mock::state::errors::Injected;

unsafe extern "C" {
    fn rskafka_shim_error_new();
    fn rskafka_shim_producev();
    fn rskafka_shim_mock_push_request_errors();
    fn rskafka_shim_mock_broker_push_request_error_rtts();
    fn rskafka_shim_mock_partition_push_request_errors();
}

/// `variadic! { /// doc  fn name(arguments, ...) -> type = shim; }`
macro_rules! variadic {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($($arg:ident: $type:ty),*, ...) $(-> $return:ty)? = $shim:ident;
    )*) => {
        $(
            $(#[$doc])*
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            pub unsafe extern "C" fn $name() {
                #[cfg(target_arch = "x86_64")]
                naked_asm!("jmp {}", sym $shim);
                #[cfg(target_arch = "aarch64")]
                naked_asm!("b {}", sym $shim);
            }
        )*
    };
}

variadic! {
    /// Makes an error with `code` and a text in the manner of `printf`; `fmt`
    /// may be null for no text. Freed by `rd_kafka_error_destroy`.
    fn rd_kafka_error_new(code: rd_kafka_resp_err_t, fmt: *const c_char, ...) -> *mut rd_kafka_error_t = rskafka_shim_error_new;

    /// Produces one message, described by `RD_KAFKA_V_*` arguments in any order,
    /// ended by `RD_KAFKA_V_END`. One of `RD_KAFKA_V_TOPIC` and `RD_KAFKA_V_RKT`
    /// must be there. Returns the code that `rd_kafka_produceva` gives, or `_FATAL` after
    /// a fatal error.
    fn rd_kafka_producev(rk: *mut rd_kafka_t, ...) -> rd_kafka_resp_err_t = rskafka_shim_producev;

    /// Makes the cluster answer the next `cnt` requests of kind `ApiKey` with the
    /// errors that follow (`rd_kafka_resp_err_t` each).
    fn rd_kafka_mock_push_request_errors(mcluster: *mut rd_kafka_mock_cluster_t, ApiKey: i16, cnt: size_t, ...) = rskafka_shim_mock_push_request_errors;

    /// Makes broker `broker_id` answer the next `cnt` requests of kind `ApiKey`
    /// with the errors and after the delays that follow (`rd_kafka_resp_err_t`
    /// and `int` milliseconds, in turn).
    fn rd_kafka_mock_broker_push_request_error_rtts(mcluster: *mut rd_kafka_mock_cluster_t, broker_id: i32, ApiKey: i16, cnt: size_t, ...) -> rd_kafka_resp_err_t = rskafka_shim_mock_broker_push_request_error_rtts;

    /// Makes the cluster answer the next `cnt` requests of kind `ApiKey` for the
    /// partition with the errors that follow (`rd_kafka_resp_err_t` each).
    fn rd_kafka_mock_partition_push_request_errors(mcluster: *mut rd_kafka_mock_cluster_t, topic: *const c_char, partition: i32, ApiKey: i16, cnt: size_t, ...) -> rd_kafka_resp_err_t = rskafka_shim_mock_partition_push_request_errors;
}

/// Defines a symbol for the shim that the shared object does not export.
macro_rules! hidden {
    ($symbol:literal = $function:path) => {
        #[cfg(target_arch = "x86_64")]
        global_asm!(
            concat!(".globl ", $symbol),
            concat!(".hidden ", $symbol),
            concat!($symbol, ":"),
            "jmp {}",
            sym $function
        );
        #[cfg(target_arch = "aarch64")]
        global_asm!(
            concat!(".globl ", $symbol),
            concat!(".hidden ", $symbol),
            concat!($symbol, ":"),
            "b {}",
            sym $function
        );
    };
}

hidden!("rskafka_error_make" = error_make);
hidden!("rskafka_mock_broker_push" = mock_broker_push_request_error_rtts);
hidden!("rskafka_mock_partition_push" = mock_partition_push_request_errors);

/// `rd_kafka_error_new`, the text put together.
unsafe extern "C" fn error_make(
    code: rd_kafka_resp_err_t,
    text: *const c_char,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or the shim's buffer, which outlives the call.
        let text = unsafe { cstr::text(text) }.unwrap_or_default();
        error::give(KafkaError::new(code, text))
    })
}

/// `rd_kafka_mock_broker_push_request_error_rtts`, the list as two arrays of `cnt`.
unsafe extern "C" fn mock_broker_push_request_error_rtts(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
    ApiKey: i16,
    cnt: size_t,
    errors: *const rd_kafka_resp_err_t,
    rtts_ms: *const c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the shim's arrays have `cnt` entries each.
        let (codes, rtts) = unsafe {
            (
                cluster::codes(errors, cnt),
                std::slice::from_raw_parts(rtts_ms, cnt),
            )
        };
        let errors = codes
            .into_iter()
            .zip(rtts)
            .map(|(code, &rtt)| Injected {
                code,
                rtt_ms: u32::try_from(rtt).unwrap_or(0),
            })
            .collect();
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            cluster::with(mcluster, |c| {
                c.push_broker_request_errors(broker_id, ApiKey, errors)
            })
        }
    })
}

/// `rd_kafka_mock_partition_push_request_errors`, the list as an array of `cnt`.
unsafe extern "C" fn mock_partition_push_request_errors(
    mcluster: *mut rd_kafka_mock_cluster_t,
    topic: *const c_char,
    partition: i32,
    ApiKey: i16,
    cnt: size_t,
    errors: *const rd_kafka_resp_err_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: text that the application passes, and the shim's array of `cnt` codes.
        let (topic, codes) = unsafe { (cstr::text(topic), cluster::codes(errors, cnt)) };
        let Some(topic) = topic else {
            return ErrorCode::_INVALID_ARG;
        };
        let change = PartitionChange::PushErrors { api: ApiKey, codes };
        // SAFETY: the cluster lives as long as the call.
        unsafe { cluster::with(mcluster, |c| c.change_partition(&topic, partition, change)) }
    })
}
