//! Queues of events.

use libc::{c_char, c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_event_t, rd_kafka_queue_t, rd_kafka_t};

/// A queue for consumed messages and for admin results, apart from the instance's own.
/// Freed by `rd_kafka_queue_destroy`, before the instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_new(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk) })
}

/// Gives back a reference to a queue, also of one that the library has made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_destroy(rkqu: *mut rd_kafka_queue_t) {
    ffi!({ not_built!(rkqu) })
}

/// The queue that `rd_kafka_poll` serves: delivery reports, errors, statistics, logs.
/// Given back by `rd_kafka_queue_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_main(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk) })
}

/// The queue that `rd_kafka_consumer_poll` serves: messages, rebalances, commits; null
/// if the instance is not a consumer with a group. Polling it counts as polling for
/// `max.poll.interval.ms`. Given back by `rd_kafka_queue_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_consumer(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk) })
}

/// The queue of one partition, whose messages come by way of the consumer queue unless
/// it is forwarded elsewhere or not at all (`rd_kafka_queue_forward` with null). Null
/// if the instance has no such partition. Given back by `rd_kafka_queue_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_partition(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    partition: i32,
) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk, topic, partition) })
}

/// The queue that the background thread serves; null unless
/// `rd_kafka_conf_set_background_event_cb` was called. What is forwarded to it goes to
/// that function. Given back by `rd_kafka_queue_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_background(
    rk: *mut rd_kafka_t,
) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk) })
}

/// Lets all that arrives in `src`, and what is in it, go to `dst`; null ends that. The
/// application must poll `dst` for the sake of both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_forward(
    src: *mut rd_kafka_queue_t,
    dst: *mut rd_kafka_queue_t,
) {
    ffi!({ not_built!(src, dst) })
}

/// How many messages and events the queue holds, or the queue that it is forwarded to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_length(rkqu: *mut rd_kafka_queue_t) -> size_t {
    ffi!({ not_built!(rkqu) })
}

/// Writes the `size` bytes at `payload` (copied) to `fd` when the queue stops being
/// empty, for event loops that wait for descriptors. The descriptor should not block;
/// failed writes are ignored. -1 turns it off. Once for each time that the queue was
/// emptied, so poll until there is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_io_event_enable(
    rkqu: *mut rd_kafka_queue_t,
    fd: c_int,
    payload: *const c_void,
    size: size_t,
) {
    ffi!({ not_built!(rkqu, fd, payload, size) })
}

/// Calls `event_cb` when the queue stops being empty; null turns it off. It is called
/// by threads of the library, must be quick and not poll.
/// `rd_kafka_queue_io_event_enable` is the alternative; the later call wins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_cb_event_enable(
    rkqu: *mut rd_kafka_queue_t,
    event_cb: Option<unsafe extern "C" fn(rk: *mut rd_kafka_t, qev_opaque: *mut c_void)>,
    qev_opaque: *mut c_void,
) {
    ffi!({ not_built!(rkqu, event_cb, qev_opaque) })
}

/// Makes a thread that waits in a poll of this queue return with nothing; if there is
/// none, the next one does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_yield(rkqu: *mut rd_kafka_queue_t) {
    ffi!({ not_built!(rkqu) })
}

/// Takes one event from the queue, waiting up to `timeout_ms`; null if there is none.
/// The application frees it by `rd_kafka_event_destroy`. Callbacks are not called for
/// what arrives this way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_poll(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_event_t {
    ffi!({ not_built!(rkqu, timeout_ms) })
}

/// As `rd_kafka_poll`, for any queue. Returns how many events were served.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_poll_callback(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
) -> c_int {
    ffi!({ not_built!(rkqu, timeout_ms) })
}
