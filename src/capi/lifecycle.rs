//! The client instance: making, polling and ending it.

use std::ffi::CString;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use libc::{FILE, c_char, c_int, c_void, size_t};

use super::conf::object::{ConfObject, Owned};
use super::handle::{Tagged, get, get_mut, give, peek, take};
use super::instance::background::Background;
use super::instance::hooks::CHooks;
use super::instance::share::ShareState;
use super::instance::{self, Instance};
use super::intercept::ConfHooks;
use super::last_error::set_last_error;
use super::types::{
    RD_KAFKA_CONSUMER, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, RD_KAFKA_PRODUCER, rd_kafka_conf_t,
    rd_kafka_mock_cluster_t, rd_kafka_t, rd_kafka_type_t,
};
use super::{background, consume, cstr, ending, past, serve};
use crate::base::cancel::NotCancelled;
use crate::base::conf::{ClientKind, Warning};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::fork::{self, Generation};
use crate::base::log::{Level, debug};
use crate::base::time::deadline;
use crate::capi::boundary::ffi;
use crate::client::Client;
use crate::client::consumer::close::close as close_consumer;
use crate::client::hooks::ConfBox;
use crate::metadata::Refresh;

/// What `rd_kafka_conf_set_opaque` has set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_opaque(rk: *const rd_kafka_t) -> *mut c_void {
    // SAFETY: the caller's handle is alive.
    ffi!({ unsafe { peek(rk) }.map_or(ptr::null_mut(), Instance::opaque) })
}

/// What an instance needs of a configuration, besides the properties.
struct Checked {
    hooks: Arc<CHooks>,
    conf_hooks: Arc<ConfHooks>,
    warnings: Vec<Warning>,
    without_effect: Vec<&'static str>,
    mock: Option<Box<Tagged<rd_kafka_mock_cluster_t>>>,
}

/// Checks a configuration, and sets what follows from others.
///
/// # Safety
/// A live configuration that nobody else uses.
unsafe fn check(kind: ClientKind, conf: *mut rd_kafka_conf_t) -> Result<Checked, KafkaError> {
    // SAFETY: the caller's promise.
    let Some(c) = (unsafe { get_mut(conf) }) else {
        return Err(KafkaError::new(
            ErrorCode::_INVALID_ARG,
            "Not a configuration object",
        ));
    };
    c.finalize(kind)?;
    let mock = super::mock::cluster::embedded(c)?;
    // As librdkafka, which takes a group's coordinator, not yet found, for a broker.
    let servers = c.global.metadata_broker_list.is_some()
        || (!kind.is_producer() && c.global.group_id.is_some());
    Ok(Checked {
        hooks: Arc::new(CHooks::new(c)),
        conf_hooks: c.hooks.clone(),
        warnings: c.warnings(kind, servers),
        without_effect: c.set_without_effect(),
        mock,
    })
}

/// Lets interceptors and the mock cluster know the instance.
///
/// # Safety
/// An instance and its configuration, which nobody else knows: the main thread waits.
unsafe fn introduce(rk: *mut rd_kafka_t, conf: *mut rd_kafka_conf_t) {
    // SAFETY: the caller's promise. Interceptors refer to the instance while they are told of
    // it, so nothing here does meanwhile.
    unsafe {
        let Some((client, hooks, conf_hooks)) =
            get(rk.cast_const()).map(|i| (i.client.clone(), i.hooks.clone(), i.conf_hooks.clone()))
        else {
            return;
        };
        let logger = &client.shared.logger;
        conf_hooks.on_new(rk, conf, logger);
        hooks.interceptors.fix(logger);
        if let Some(i) = get_mut(rk) {
            i.on_consume = hooks.interceptors.has(|m| !m.consume.is_empty());
            if let Some(mock) = &i.mock {
                mock.set_owner(rk);
                mock.cluster().trace(Some(logger.clone()));
            }
        }
    }
}

/// The first lines of the instance's log.
fn log_beginning(client: &Client, warnings: &[Warning], without_effect: &[&str]) {
    let logger = &client.shared.logger;
    logger.debug(
        debug::ALL,
        "INIT",
        format_args!(
            "{}: librskafka in the place of librdkafka {}; CONFIGURATION.md has its properties",
            client.shared.name,
            env!("CARGO_PKG_VERSION")
        ),
    );
    for warning in warnings {
        let level = if warning.level <= Level::Warning as i32 {
            Level::Warning
        } else {
            Level::Notice
        };
        logger.log(level, "CONFWARN", format_args!("{}", warning.text));
    }
    if !without_effect.is_empty() {
        logger.log(
            Level::Warning,
            "NOTBUILT",
            format_args!(
                "What these configuration properties are for is not built yet in this version of \
                 librskafka: {}",
                without_effect.join(", ")
            ),
        );
    }
}

/// # Safety
/// `conf` is null or a live configuration, given up if this succeeds.
pub(crate) unsafe fn make(
    kind: ClientKind,
    conf: *mut rd_kafka_conf_t,
) -> Result<*mut rd_kafka_t, KafkaError> {
    let no_resource = |text| KafkaError::new(ErrorCode::_CRIT_SYS_RESOURCE, text);
    fork::watch()
        .map_err(|e| no_resource(format!("The system gives no memory to notice forks: {e}")))?;
    let conf = if conf.is_null() {
        give(ConfObject::new())
    } else {
        conf
    };
    // SAFETY: the caller's promise; nobody else uses the configuration.
    let checked = unsafe { check(kind, conf) }?;
    // SAFETY: the configuration is ours from here on; a failure below leaves its
    // memory in place (see `Client::start`).
    let Some(owned) = (unsafe { take(conf) }) else {
        return Err(ErrorCode::_INVALID_ARG.into());
    };
    let boxed: Box<dyn ConfBox> = Box::new(Owned(owned));
    let client = Client::start(kind, boxed, checked.hooks.clone())?;
    checked.hooks.set_client(&client);
    let name = CString::new(client.shared.name.as_str()).unwrap_or_default();
    let rk = give::<rd_kafka_t>(Instance {
        client: client.clone(),
        name,
        hooks: checked.hooks.clone(),
        background: Background::default(),
        conf_handle: conf,
        conf_hooks: checked.conf_hooks,
        on_consume: false,
        mock: checked.mock,
        share: (kind == ClientKind::ShareConsumer).then(ShareState::default),
        made: Generation::current(),
        ending: AtomicBool::new(false),
        over: AtomicBool::new(false),
    });
    checked.hooks.set_handle(rk);
    // SAFETY: both were made just now, and nobody else knows the instance.
    unsafe { introduce(rk, conf) };
    // SAFETY: as above.
    if let Some(Err(e)) = unsafe { get(rk.cast_const()) }.map(background::begin) {
        // SAFETY: the handle has not been given out.
        unsafe { give_up(rk) };
        return Err(no_resource(format!("The system gives no thread: {e}")));
    }
    log_beginning(&client, &checked.warnings, &checked.without_effect);
    absorb_signal(client.shared.conf.global.internal_termination_signal);
    client.begin();
    instance::instance_made();
    Ok(rk)
}

extern "C" fn nothing(_: c_int) {}

/// `internal.termination.signal`: an application that sends it to its threads counts on
/// it to end a system call, and nothing else. The library's own threads need no signal.
fn absorb_signal(signal: c_int) {
    if signal <= 0 {
        return;
    }
    // SAFETY: all zero is an action without flags and with an empty mask; the handler
    // does nothing and lives as long as the library.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(c_int) as usize;
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}

/// Ends an instance that could not be made whole. The application still has the
/// configuration, which lies in the client: its memory stays in place.
///
/// # Safety
/// A live instance that nobody else knows.
unsafe fn give_up(rk: *mut rd_kafka_t) {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(i) = get(rk.cast_const()) {
            i.hooks.interceptors.on_destroy(rk);
            std::mem::forget(i.client.shared.clone());
            i.client.stop(|| ());
        }
        drop(take(rk));
    }
}

/// Makes a client instance, and its threads, which connect as needed. If it succeeds,
/// `conf` belongs to the instance; if not, null is returned, `errstr` says why,
/// `rd_kafka_last_error` has a code, and `conf` stays the application's. A null `conf`
/// stands for the defaults. Ended by `rd_kafka_destroy`.
///
/// An instance belongs to the process that has made it. In a forked child, calls with an
/// instance of the parent's change nothing, in the parent neither: their error is `_STATE`,
/// with a text that says why where there is one, and `rd_kafka_destroy` returns at once. The
/// child may make instances of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_new(
    kind: rd_kafka_type_t,
    conf: *mut rd_kafka_conf_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> *mut rd_kafka_t {
    ffi!({
        let _whole = NotCancelled::new();
        let kind = match kind {
            RD_KAFKA_PRODUCER => ClientKind::Producer,
            RD_KAFKA_CONSUMER => ClientKind::Consumer,
            other => {
                let text = format!("Unknown type of client instance: {}", other.0);
                // SAFETY: the buffer is as large as the caller says.
                unsafe { cstr::write(errstr, errstr_size, &text) };
                set_last_error(ErrorCode::_INVALID_ARG, libc::EINVAL);
                return ptr::null_mut();
            }
        };
        // SAFETY: the caller's configuration, and its buffer.
        unsafe {
            match make(kind, conf) {
                Ok(rk) => {
                    set_last_error(ErrorCode::NO_ERROR, 0);
                    rk
                }
                Err(e) => {
                    cstr::write(errstr, errstr_size, &e.text);
                    set_last_error(e.code, libc::EINVAL);
                    ptr::null_mut()
                }
            }
        }
    })
}

/// Destroys an instance from a callback on one of its own threads, which cannot wait for its own
/// end. A share consumer's handle would be gone before that: the process ends, as with librdkafka,
/// and so it does if the system gives no thread.
///
/// # Safety
/// The application gives the handle up.
unsafe fn destroy_from_own_thread(i: &Instance, flags: c_int) {
    i.over.store(true, Ordering::Relaxed);
    let ended = if i.share.is_none() {
        // SAFETY: the caller's promise.
        let begun = unsafe { ending::end_elsewhere(i.address(), flags, end_at) };
        begun.map_err(|e| e.to_string())
    } else {
        Err("this cannot be done for a share consumer".to_owned())
    };
    if let Err(why) = ended {
        i.client.shared.logger.log(
            Level::Emerg,
            "DESTROY",
            format_args!(
                "Application bug: an instance was destroyed by a callback on one of its own \
                 threads, which it would have to wait for: {why}"
            ),
        );
        std::process::abort();
    }
}

/// # Safety
/// The application gives the handle up.
pub(crate) unsafe fn destroy(rk: *mut rd_kafka_t, flags: c_int) {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(i) = get(rk.cast_const()) else {
            return;
        };
        // A second time, such as in a callback that the first one has called.
        if i.ending.swap(true, Ordering::AcqRel) {
            return;
        }
        if instance::is_own_thread(i) {
            destroy_from_own_thread(i, flags);
        } else if ending::is_calling_back(i.address()) {
            i.over.store(true, Ordering::Relaxed);
            ending::put_off(i.address(), flags, end_at);
        } else {
            end(rk, flags);
        }
    }
}

/// # Safety
/// As for [`end`], of the handle with this address.
unsafe fn end_at(address: usize, flags: c_int) {
    // SAFETY: the caller's promise.
    unsafe { end(ptr::with_exposed_provenance_mut(address), flags) }
}

/// # Safety
/// The application has given the handle up, and no call on it is under way.
unsafe fn end(rk: *mut rd_kafka_t, flags: c_int) {
    let _whole = NotCancelled::new();
    // SAFETY: the caller's promise. The object stays in place while the threads
    // end, since callbacks may still come.
    unsafe {
        if let Some(i) = get(rk.cast_const()) {
            let close = flags & RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE == 0;
            if close && let Some(consumer) = &i.client.shared.share {
                consume::close_share(i, consumer);
            }
            if close && !i.client.kind().is_producer() {
                close_consumer(&i.client, |queue, event| serve::serve_one(i, queue, event));
            }
            let background_queue = background::stop(i);
            i.hooks.interceptors.on_destroy(rk);
            i.client.stop(|| {
                if let Some(queue) = &background_queue {
                    background::serve_outcomes(i, queue);
                }
            });
            // Its lines name the instance.
            if let Some(mock) = &i.mock {
                mock.cluster().trace(None);
            }
        }
        if let Some(i) = take(rk) {
            let conf_hooks = i.conf_hooks.clone();
            drop(i);
            // Even if something still refers to the client: the application may end
            // what its interceptors use.
            conf_hooks.destroy();
            instance::instance_gone();
        }
    }
}

/// Ends a client instance: a consumer is closed (see `rd_kafka_consumer_close`),
/// messages that were not delivered are dropped, and all threads end before it returns;
/// the time is bounded. A producer should `rd_kafka_flush` before. Topics and queues of
/// the instance must be destroyed before, and no other thread may use it any more.
///
/// From any thread, also in a callback of the instance's own, but for interceptors and
/// partitioners. In a callback it returns at once, and the instance ends when the call that
/// has called back is over, before that returns; if it is a callback on one of the
/// library's threads, by a thread made for that. Callbacks may come until then, so what they
/// use has to be there: `rd_kafka_wait_destroyed` tells when it is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_destroy(rk: *mut rd_kafka_t) {
    // SAFETY: the application gives the handle up.
    ffi!({ unsafe { destroy(rk, 0) } })
}

/// As `rd_kafka_destroy`, with `RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE` to leave out
/// closing the consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_destroy_flags(rk: *mut rd_kafka_t, flags: c_int) {
    // SAFETY: the application gives the handle up.
    ffi!({ unsafe { destroy(rk, flags) } })
}

/// The instance's name, made of `client.id`, its kind and a number:
/// "rdkafka#producer-1". Good as long as the instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_name(rk: *const rd_kafka_t) -> *const c_char {
    // SAFETY: the caller's handle is alive.
    ffi!({ unsafe { peek(rk) }.map_or(ptr::null(), |i| i.name.as_ptr()) })
}

/// Whether it is a producer or a consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_type(rk: *const rd_kafka_t) -> rd_kafka_type_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { peek(rk) }.map(|i| i.client.kind()) {
            Some(ClientKind::Producer) | None => RD_KAFKA_PRODUCER,
            Some(_) => RD_KAFKA_CONSUMER,
        }
    })
}

/// What is known of the cluster, asking and waiting if `enough` says that it is
/// not enough.
fn cluster<R>(
    i: &Instance,
    timeout_ms: c_int,
    known: impl Fn(&crate::metadata::Snapshot) -> Option<R>,
) -> Option<R> {
    if let Some(r) = known(&i.client.shared.metadata.load()) {
        return Some(r);
    }
    if timeout_ms == 0 {
        return None;
    }
    let timeout =
        u64::try_from(timeout_ms).map_or(Duration::from_secs(86_400), Duration::from_millis);
    i.client.metadata(Refresh::Brokers, timeout).ok()?;
    known(&i.client.shared.metadata.load())
}

/// The cluster's id, waiting up to `timeout_ms` for metadata that has it; null if there
/// is none by then. Freed by `rd_kafka_mem_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_clusterid(rk: *mut rd_kafka_t, timeout_ms: c_int) -> *mut c_char {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(i) = (unsafe { get(rk.cast_const()) }) else {
            return ptr::null_mut();
        };
        match cluster(i, timeout_ms, |s| s.cluster_id.clone()) {
            Some(id) => cstr::malloc_string(id.as_bytes()),
            None => ptr::null_mut(),
        }
    })
}

/// The broker id of the cluster's controller, waiting up to `timeout_ms` for metadata
/// that has it; -1 if there is none by then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_controllerid(rk: *mut rd_kafka_t, timeout_ms: c_int) -> i32 {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(i) = (unsafe { get(rk.cast_const()) }) else {
            return -1;
        };
        cluster(i, timeout_ms, |s| {
            (s.controller_id >= 0).then_some(s.controller_id)
        })
        .unwrap_or(-1)
    })
}

/// Waits up to `timeout_ms` for events, and calls the application's functions for those
/// that are there. Returns how many. A producer must poll regularly to get its delivery
/// reports; for a consumer, use `rd_kafka_consumer_poll`. Not from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_poll(rk: *mut rd_kafka_t, timeout_ms: c_int) -> c_int {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(i) = (unsafe { get(rk.cast_const()) }) else {
            return 0;
        };
        let until = if timeout_ms == 0 {
            Some(past())
        } else {
            deadline(timeout_ms)
        };
        serve::serve(i, &i.client.shared.main_queue, until)
    })
}

/// From a callback: makes the `rd_kafka_poll` (or the like) of this thread return after
/// the callback, although there is more to do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_yield(rk: *mut rd_kafka_t) {
    ffi!({
        let _ = rk;
        serve::yield_thread();
    })
}

/// Adds bootstrap brokers, as `bootstrap.servers` has them. Returns how many were
/// added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_brokers_add(
    rk: *mut rd_kafka_t,
    brokerlist: *const c_char,
) -> c_int {
    ffi!({
        // SAFETY: the caller's handle and string are alive.
        unsafe {
            match (get(rk.cast_const()), cstr::text(brokerlist)) {
                (Some(i), Some(list)) => i.client.add_brokers(&list),
                _ => 0,
            }
        }
    })
}

/// The ids of the brokers that metadata has told of, `*cntp` of them; null if there are
/// none. Freed by `rd_kafka_mem_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_brokers_learned_ids(
    rk: *mut rd_kafka_t,
    cntp: *mut size_t,
) -> *mut i32 {
    ffi!({
        // SAFETY: the caller's handle is alive and the place writable.
        unsafe {
            let (Some(i), Some(count)) = (get(rk.cast_const()), cntp.as_mut()) else {
                return ptr::null_mut();
            };
            let ids: Vec<i32> = i
                .client
                .shared
                .metadata
                .load()
                .brokers
                .keys()
                .copied()
                .collect();
            *count = ids.len();
            if ids.is_empty() {
                return ptr::null_mut();
            }
            let list = cstr::malloc(ids.len() * size_of::<i32>()).cast::<i32>();
            ptr::copy_nonoverlapping(ids.as_ptr(), list, ids.len());
            list
        }
    })
}

/// How many messages and events wait: messages to be sent or answered, and events and
/// reports to be polled. For a producer: nothing is lost by ending it once this is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_outq_len(rk: *mut rd_kafka_t) -> c_int {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let n = unsafe { get(rk.cast_const()) }.map_or(0, |i| {
            i.client.out_queue_len() + i.background.backlog(&i.client.shared.main_queue)
        });
        c_int::try_from(n).unwrap_or(c_int::MAX)
    })
}

/// Writes the instance's inner state to `fp`, for debugging. The form may change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_dump(fp: *mut FILE, rk: *mut rd_kafka_t) {
    ffi!({
        // SAFETY: the caller's handle and stream are alive.
        unsafe {
            if let Some(i) = get(rk.cast_const())
                && !fp.is_null()
            {
                let text = c_string(&i.client.dump());
                libc::fputs(text.as_ptr(), fp);
            }
        }
    })
}

/// How many threads the library has, of all instances.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_thread_cnt() -> c_int {
    ffi!({ crate::base::thread::count() })
}

/// Waits up to `timeout_ms` until no client instance is left. Returns 0, or -1 after
/// the time. Of no use where `rd_kafka_destroy` has returned, which waits by itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_wait_destroyed(timeout_ms: c_int) -> c_int {
    ffi!({
        let until = deadline(timeout_ms).or_else(|| Some(Instant::now()));
        if instance::wait_all_gone(until) {
            0
        } else {
            set_last_error(ErrorCode::_TIMED_OUT, libc::ETIMEDOUT);
            -1
        }
    })
}
