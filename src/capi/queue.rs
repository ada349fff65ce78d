//! Queues of events.

use std::ptr;
use std::sync::Arc;

use libc::{c_char, c_int, c_void, size_t};

use super::consumer::find;
use super::event::EventObject;
use super::handle::{Boxed, Opaque, get, give, take};
use super::items::{self, Item};
use super::{background, cstr, serve};
use crate::base::cancel::NotCancelled;
use crate::base::log::Level;
use crate::base::queue::Notify;
use crate::capi::boundary::ffi;
use crate::capi::instance::Instance;
use crate::capi::types::{rd_kafka_event_t, rd_kafka_queue_s, rd_kafka_queue_t, rd_kafka_t};
use crate::client::consumer::ConsumerPartition;
use crate::client::event::EventQueue;

impl Opaque for rd_kafka_queue_s {
    type Target = QueueRef;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b51_7565;
    const BOUND_TO_PROCESS: bool = true;
}

/// One reference of C's to a queue.
pub(crate) struct QueueRef {
    pub(crate) queue: EventQueue,
    /// The instance it belongs to, for callbacks.
    pub(crate) rk: usize,
    /// The partition, if it is the queue of one.
    tp: Option<Arc<ConsumerPartition>>,
}

impl QueueRef {
    pub(crate) fn rk(&self) -> *mut rd_kafka_t {
        ptr::with_exposed_provenance_mut(self.rk)
    }
}

/// A reference to `queue` for C.
pub(crate) fn give_queue(rk: *mut rd_kafka_t, queue: EventQueue) -> *mut rd_kafka_queue_t {
    give(QueueRef {
        queue,
        rk: rk.expose_provenance(),
        tp: None,
    })
}

/// A queue for consumed messages and for admin results, apart from the instance's own.
/// Freed by `rd_kafka_queue_destroy`, before the instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_new(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk.cast_const()) } {
            Some(instance) => give_queue(rk, instance.client.new_queue()),
            None => ptr::null_mut(),
        }
    })
}

/// Gives back a reference to a queue, also of one that the library has made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_destroy(rkqu: *mut rd_kafka_queue_t) {
    ffi!({
        let _whole = NotCancelled::new();
        // SAFETY: the application gives the reference up.
        drop(unsafe { take(rkqu) });
    })
}

/// The queue that `rd_kafka_poll` serves: delivery reports, errors, statistics, logs.
/// Given back by `rd_kafka_queue_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_main(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk.cast_const()) } {
            Some(instance) => give_queue(rk, instance.client.shared.main_queue.clone()),
            None => ptr::null_mut(),
        }
    })
}

/// The queue that `rd_kafka_consumer_poll` serves: messages, rebalances, commits; null
/// if the instance is not a consumer with a group. Polling it counts as polling for
/// `max.poll.interval.ms`. Given back by `rd_kafka_queue_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_consumer(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk.cast_const()) }.map(find::group_consumer) {
            Some(Ok(consumer)) => give_queue(rk, consumer.queue.clone()),
            _ => ptr::null_mut(),
        }
    })
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
    ffi!({
        // SAFETY: the caller's handle and string are alive.
        unsafe {
            let (Some(instance), Some(name)) = (get(rk.cast_const()), cstr::text(topic)) else {
                return ptr::null_mut();
            };
            let Some(consumer) = find::consumer(instance) else {
                return ptr::null_mut();
            };
            let Ok(topic) = instance.topic(&name, None) else {
                return ptr::null_mut();
            };
            let tp = consumer.partition(&topic, partition);
            give(QueueRef {
                queue: tp.queue.clone(),
                rk: rk.expose_provenance(),
                tp: Some(tp),
            })
        }
    })
}

/// The queue that the background thread serves; the first call makes both, unless
/// `rd_kafka_conf_set_background_event_cb` has. What is forwarded to it goes to that
/// function, or to the ordinary callbacks if there is none: who forwards the main queue
/// (`rd_kafka_queue_get_main`) need not poll. Null if no thread can be made. Given back
/// by `rd_kafka_queue_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_background(
    rk: *mut rd_kafka_t,
) -> *mut rd_kafka_queue_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(instance) = (unsafe { get(rk.cast_const()) }) else {
            return ptr::null_mut();
        };
        match background::queue(instance) {
            Ok(Some(queue)) => give_queue(rk, queue),
            Ok(None) => ptr::null_mut(),
            Err(e) => {
                instance.client.shared.logger.log(
                    Level::Err,
                    "BACKGROUND",
                    format_args!("The system gives no thread: {e}"),
                );
                ptr::null_mut()
            }
        }
    })
}

/// Lets all that arrives in `src`, and what is in it, go to `dst`; null ends that. The
/// application must poll `dst` for the sake of both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_forward(
    src: *mut rd_kafka_queue_t,
    dst: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: the caller's queues are alive.
        unsafe {
            if let Some(src) = get(src.cast_const()) {
                let dst = get(dst.cast_const()).map(|q| q.queue.clone());
                let consumer = get(src.rk().cast_const()).and_then(find::consumer);
                match (&src.tp, consumer) {
                    (Some(tp), Some(consumer)) => consumer.forward(tp, dst.as_ref()),
                    _ => src.queue.forward(dst),
                }
            }
        }
    })
}

/// How many messages and events the queue holds, or the queue that it is forwarded to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_length(rkqu: *mut rd_kafka_queue_t) -> size_t {
    // SAFETY: the caller's queue is alive.
    ffi!({ unsafe { get(rkqu.cast_const()) }.map_or(0, |q| q.queue.len()) })
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
    ffi!({
        // SAFETY: the caller's queue is alive and the payload as long as it says.
        unsafe {
            let Some(q) = get(rkqu.cast_const()) else {
                return;
            };
            if fd < 0 {
                q.queue.set_notify(None, true);
                return;
            }
            let payload: Arc<[u8]> = Arc::from(cstr::slice(payload, size));
            let write: Notify = Arc::new(move || {
                let _whole = NotCancelled::new();
                // A full pipe means that the application has enough to wake up for.
                libc::write(fd, payload.as_ptr().cast(), payload.len());
            });
            q.queue.set_notify(Some(write), true);
        }
    })
}

/// Calls `event_cb` when the queue stops being empty, not for more while it holds
/// something, nor for what it holds now, so poll until there is nothing; null turns it
/// off. It is called by threads of the library, must be quick and not poll. The queue that
/// another is forwarded to is the one to ask.
/// `rd_kafka_queue_io_event_enable` is the alternative; the later call wins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_cb_event_enable(
    rkqu: *mut rd_kafka_queue_t,
    event_cb: Option<unsafe extern "C" fn(rk: *mut rd_kafka_t, qev_opaque: *mut c_void)>,
    qev_opaque: *mut c_void,
) {
    ffi!({
        // SAFETY: the caller's queue is alive.
        unsafe {
            let Some(q) = get(rkqu.cast_const()) else {
                return;
            };
            let (rk, opaque) = (q.rk, qev_opaque.expose_provenance());
            let call = event_cb.map(|callback| {
                let call: Notify = Arc::new(move || {
                    let _whole = NotCancelled::new();
                    callback(
                        ptr::with_exposed_provenance_mut(rk),
                        ptr::with_exposed_provenance_mut(opaque),
                    );
                });
                call
            });
            q.queue.set_notify(call, false);
        }
    })
}

/// Makes a thread that waits in a poll of this queue return with nothing; if there is
/// none, the next one does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_yield(rkqu: *mut rd_kafka_queue_t) {
    ffi!({
        // SAFETY: the caller's queue is alive.
        if let Some(q) = unsafe { get(rkqu.cast_const()) } {
            q.queue.yield_now();
        }
    })
}

/// Takes one event from the queue, waiting up to `timeout_ms`; null if there is none.
/// The application frees it by `rd_kafka_event_destroy`. Callbacks are not called for
/// what arrives this way, but for what is no event: throttling and the results of a share
/// consumer's acknowledgements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_poll(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_event_t {
    ffi!({
        // SAFETY: the caller's queue is alive.
        let Some(q) = (unsafe { get(rkqu.cast_const()) }) else {
            return ptr::null_mut();
        };
        let rk: *const rd_kafka_t = ptr::with_exposed_provenance(q.rk);
        // SAFETY: a queue is used while its instance is alive.
        let instance = unsafe { get(rk) };
        let _polling = instance.and_then(|i| items::Polling::through(i, &q.queue));
        match take_event(instance, &q.queue, timeout_ms) {
            Some(Item::Other(event)) => give::<rd_kafka_event_t>(EventObject::new(event)),
            Some(Item::Message(m)) => {
                if let Some(i) = instance {
                    // SAFETY: the message was just taken.
                    unsafe { i.consumed(super::message::as_c(m.as_ptr())) };
                }
                give::<rd_kafka_event_t>(EventObject::of_message(m))
            }
            None => ptr::null_mut(),
        }
    })
}

/// The next item for who polls for events. What has a callback only goes there.
fn take_event(instance: Option<&Instance>, queue: &EventQueue, timeout_ms: c_int) -> Option<Item> {
    let mut deadline = None;
    loop {
        let until = || *deadline.get_or_insert_with(|| items::until(timeout_ms));
        match (items::take_item(queue, until), instance) {
            (Some(Item::Other(event)), Some(instance)) if event.is_for_callback_only() => {
                serve::clear_yield();
                serve::serve_one(instance, queue, event);
                if serve::yielded(instance) {
                    return None;
                }
            }
            (item, _) => return item,
        }
    }
}

/// As `rd_kafka_poll`, for any queue. Returns how many events were served.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_poll_callback(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
) -> c_int {
    ffi!({
        // SAFETY: the caller's queue and its instance are alive.
        unsafe {
            let Some(q) = get(rkqu.cast_const()) else {
                return 0;
            };
            let Some(instance) = get(q.rk().cast_const()) else {
                return 0;
            };
            serve::serve(instance, &q.queue, items::until(timeout_ms))
        }
    })
}
