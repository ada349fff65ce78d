//! The application's callbacks that run on the client's own threads.

use std::any::Any;
use std::cell::Cell;
use std::ffi::CString;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::{io, ptr};

use libc::c_void;

use super::certificates::CCertificateCheck;
use super::sockets::CSockets;
use super::topics;
use crate::base::cancel::NotCancelled;
use crate::base::conf::{Conf, TopicConf, Word};
use crate::base::cstring::c_string;
use crate::base::log::Line;
use crate::base::standard;
use crate::broker::observer::Observer;
use crate::broker::transport::SocketHooks;
use crate::broker::transport::tls::CertificateCheck;
use crate::capi::callback::{self, Callback, CertificateVerifyCb, LogCb, OpenCb, PartitionerCb};
use crate::capi::intercept::{Interceptors, LinkHooks, SendHooks};
use crate::capi::types::{
    RD_KAFKA_THREAD_BACKGROUND, RD_KAFKA_THREAD_BROKER, RD_KAFKA_THREAD_MAIN, rd_kafka_t,
};
use crate::capi::{ending, log, message, partition_list, topic_partition};
use crate::client::Client;
use crate::client::consumer::default_rebalance;
use crate::client::hooks::Hooks;
use crate::client::types::{CommitResult, RebalanceEvent, ThreadKind};
use crate::producer::Delivery;
use crate::producer::partitioner::CustomPartitioner;

thread_local! {
    /// The address of the instance that this is a thread of; 0 on the application's threads.
    static THREAD_OF: Cell<usize> = const { Cell::new(0) };
}

/// The address of the instance that this is a thread of; 0 on the application's threads.
pub(super) fn thread_of() -> usize {
    THREAD_OF.get()
}

/// The application's callbacks, as the client sees them.
pub(crate) struct CHooks {
    /// The address of the handle; 0 until there is one.
    rk: Arc<AtomicUsize>,
    /// The address of a [`Callback<LogCb>`].
    log_cb: AtomicUsize,
    open: Callback<OpenCb>,
    sockets: Arc<CSockets>,
    verify: Callback<CertificateVerifyCb>,
    opaque: usize,
    /// Set before the client begins its work.
    client: OnceLock<Weak<Client>>,
    pub(crate) interceptors: Arc<Interceptors>,
    /// `security.protocol`.
    protocol: &'static str,
}

impl CHooks {
    pub(crate) fn new(conf: &Conf) -> Self {
        let c = &conf.global;
        CHooks {
            rk: Arc::default(),
            log_cb: AtomicUsize::new(callback::LOG.get(c).address()),
            open: callback::OPEN.get(c),
            interceptors: Arc::default(),
            protocol: c.security_protocol.word(),
            sockets: Arc::new(CSockets::new(c)),
            verify: callback::CERTIFICATE_VERIFY.get(c),
            opaque: c.opaque,
            client: OnceLock::new(),
        }
    }

    pub(crate) fn set_handle(&self, rk: *mut rd_kafka_t) {
        self.rk.store(rk.expose_provenance(), Ordering::Release);
    }

    pub(crate) fn set_client(&self, client: &Arc<Client>) {
        let _ = self.client.set(Arc::downgrade(client));
    }

    pub(crate) fn handle(&self) -> *mut rd_kafka_t {
        ptr::with_exposed_provenance_mut(self.rk.load(Ordering::Acquire))
    }

    pub(crate) fn set_logger(&self, callback: Callback<LogCb>) {
        self.log_cb.store(callback.address(), Ordering::Release);
    }
}

impl Hooks for CHooks {
    fn address(&self) -> usize {
        self.rk.load(Ordering::Acquire)
    }

    fn log(&self, line: &Line) {
        let _whole = NotCancelled::new();
        let facility = CString::new(line.facility).unwrap_or_default();
        let text = c_string(&line.text);
        // SAFETY: the field holds the address of such a callback.
        let callback =
            unsafe { Callback::<LogCb>::from_address(self.log_cb.load(Ordering::Acquire)) };
        let (rk, level) = (self.handle(), line.level as i32);
        if let Some(callback) = callback.function() {
            // SAFETY: the strings outlive the call.
            ending::calling_back(self.address(), || unsafe {
                callback(rk, level, facility.as_ptr(), text.as_ptr());
            });
        } else if callback.is_builtin() {
            log::print(rk, level, &facility, &text);
        }
    }

    fn partitioner(&self, conf: &TopicConf) -> Option<Arc<dyn CustomPartitioner>> {
        Some(Arc::new(CPartitioner {
            callback: callback::PARTITIONER.get(&conf.topic).function()?,
            opaque: conf.topic.opaque,
        }))
    }

    fn open_file(&self, path: &str) -> io::Result<OwnedFd> {
        let Some(callback) = self.open.function() else {
            let mut options = std::fs::OpenOptions::new();
            options.read(true).write(true).create(true).mode(0o644);
            let file = standard::above(|| options.truncate(false).open(path))?;
            return Ok(file.into());
        };
        let path = c_string(path);
        // SAFETY: the path outlives the call, and the descriptor that the application makes
        // is ours from here on.
        unsafe {
            let fd = callback(
                path.as_ptr(),
                libc::O_CREAT | libc::O_RDWR,
                0o644,
                self.sockets.opaque(),
            );
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(OwnedFd::from_raw_fd(fd))
        }
    }

    fn sockets(&self) -> Arc<dyn SocketHooks> {
        self.sockets.clone()
    }

    fn certificate_check(&self) -> Option<Arc<dyn CertificateCheck>> {
        self.verify.function()?;
        Some(Arc::new(CCertificateCheck {
            callback: self.verify,
            rk: self.rk.clone(),
            opaque: self.opaque,
        }))
    }

    fn thread(&self, start: bool, kind: ThreadKind, name: &str) {
        THREAD_OF.set(if start { self.address() } else { 0 });
        let kind = match kind {
            ThreadKind::Main => RD_KAFKA_THREAD_MAIN,
            ThreadKind::Background => RD_KAFKA_THREAD_BACKGROUND,
            ThreadKind::Broker => RD_KAFKA_THREAD_BROKER,
        };
        let name = c_string(name);
        // SAFETY: the instance outlives its threads, the name the call.
        unsafe {
            match start {
                true => (self.interceptors).on_thread_start(self.handle(), kind, &name),
                false => (self.interceptors).on_thread_exit(self.handle(), kind, &name),
            }
        }
    }

    fn acknowledged(&self, delivery: &Delivery) {
        if !self.interceptors.has(|m| !m.acknowledgement.is_empty()) {
            return;
        }
        for at in 0..delivery.batch.len() {
            if let Some(mut m) = message::delivered(delivery, at) {
                // SAFETY: the message and what it points to live until the call returns.
                unsafe {
                    (self.interceptors)
                        .on_acknowledgement(self.handle(), message::as_c(&raw mut m));
                    message::drop_headers(&mut m);
                }
            }
        }
    }

    fn committed(&self, result: &CommitResult) {
        if !self.interceptors.has(|m| !m.commit.is_empty()) {
            return;
        }
        let list = partition_list::list_of(result.offsets.as_deref().unwrap_or_default());
        // SAFETY: the list lives until the call returns.
        unsafe {
            (self.interceptors).on_commit(self.handle(), list, result.code);
            topic_partition::destroy_list(list);
        }
    }

    fn on_send(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let interceptors = self.interceptors.clone();
        interceptors
            .has(|m| !m.send.is_empty())
            .then(|| Arc::new(SendHooks::new(interceptors, self.address())) as _)
    }

    fn link_observer(&self) -> Option<Arc<dyn Observer>> {
        let any = self.interceptors.has(|m| {
            !(m.request_sent.is_empty()
                && m.response_received.is_empty()
                && m.broker_state_change.is_empty())
        });
        any.then(|| {
            let interceptors = self.interceptors.clone();
            Arc::new(LinkHooks::new(interceptors, self.address(), self.protocol)) as _
        })
    }

    fn rebalance(&self, event: &RebalanceEvent) {
        if let Some(client) = self.client.get().and_then(Weak::upgrade) {
            default_rebalance::carry_out(&client, event, |name| topics::topic(&client, name, None));
        }
    }
}

struct CPartitioner {
    callback: PartitionerCb,
    opaque: usize,
}

impl CustomPartitioner for CPartitioner {
    fn partition(&self, topic: usize, key: Option<&[u8]>, partitions: i32, opaque: usize) -> i32 {
        let _whole = NotCancelled::new();
        let key_ptr = key.map_or(ptr::null(), |k| k.as_ptr().cast());
        // SAFETY: the key outlives the call; the topic's handle lives as long as
        // the topic, which is being produced to.
        unsafe {
            (self.callback)(
                ptr::with_exposed_provenance(topic),
                key_ptr,
                key.map_or(0, <[u8]>::len),
                partitions,
                self.opaque as *mut c_void,
                opaque as *mut c_void,
            )
        }
    }
}
