//! What stands behind a `rd_kafka_t`: the client, and the callbacks that run on
//! its own threads.

use std::any::Any;
use std::cell::Cell;
use std::ffi::CString;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{io, ptr};

use libc::{addrinfo, c_char, c_int, c_void};

use super::background::Background;
use super::callback::{
    self, Callback, CloseSocketCb, ConnectCb, LogCb, OpenCb, PartitionerCb, ResolveCb, SocketCb,
};
use super::handle::{Boxed, Opaque, Shared as SharedHandle, Tagged, get, give_shared};
use super::intercept::{ConfHooks, Interceptors, LinkHooks, SendHooks};
use super::types::{
    RD_KAFKA_THREAD_BACKGROUND, RD_KAFKA_THREAD_BROKER, RD_KAFKA_THREAD_MAIN, rd_kafka_conf_t,
    rd_kafka_message_t, rd_kafka_mock_cluster_t, rd_kafka_s, rd_kafka_t, rd_kafka_topic_s,
    rd_kafka_topic_t,
};
use super::{consume, message};
use crate::base::cancel::NotCancelled;
use crate::base::conf::{Conf, TopicConf, Word};
use crate::base::error::KafkaError;
use crate::base::fork::{self, Generation};
use crate::base::log::Line;
use crate::base::standard;
use crate::broker::observer::Observer;
use crate::broker::transport::{Family, Plain, SocketHooks};
use crate::client::hooks::Hooks;
use crate::client::types::{CommitResult, RebalanceEvent, ThreadKind};
use crate::client::{Client, Topic};
use crate::producer::Delivery;
use crate::producer::partitioner::CustomPartitioner;

impl Opaque for rd_kafka_s {
    type Target = Instance;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b52_4b00;
    const BOUND_TO_PROCESS: bool = true;
}

impl Opaque for rd_kafka_topic_s {
    type Target = Arc<Topic>;
    type Ownership = SharedHandle;
    const TAG: u32 = 0x6b54_7063;
    const BOUND_TO_PROCESS: bool = true;
}

/// A client instance as C holds it.
pub(crate) struct Instance {
    pub(crate) client: Arc<Client>,
    pub(crate) name: CString,
    pub(crate) hooks: Arc<CHooks>,
    pub(crate) background: Background,
    /// The configuration as C knows it, which lies in the client.
    pub(crate) conf_handle: *const rd_kafka_conf_t,
    pub(crate) conf_hooks: Arc<ConfHooks>,
    /// There are interceptors for consumed messages.
    pub(crate) on_consume: bool,
    /// The cluster of `test.mock.num.brokers`.
    pub(crate) mock: Option<Box<Tagged<rd_kafka_mock_cluster_t>>>,
    pub(crate) made: Generation,
}

impl Instance {
    /// A topic with a handle that C can be given. That no topic can have this name, such as
    /// an empty one, is for the broker to say, as with librdkafka.
    pub(crate) fn topic(
        &self,
        name: &str,
        conf: Option<TopicConf>,
    ) -> Result<Arc<Topic>, KafkaError> {
        let topic = self.client.topic(name, conf)?;
        topic_object(&topic);
        Ok(topic)
    }

    /// What the topic of an error points to. If the application has no such topic it is the
    /// message's own: an error about a topic, or a pattern, does not make the client ask
    /// the cluster about it.
    pub(crate) fn topic_for_message(&self, name: &str) -> Option<Arc<TopicObject>> {
        if let Some(topic) = self.client.known_topic(name) {
            return topic_object(&topic);
        }
        let (name, conf) = (Arc::from(name), self.conf().topic_conf());
        let topic = Topic::new(name, conf, None, None, Arc::downgrade(&self.client));
        Some(Arc::new(TopicObject::new(Arc::new(topic))))
    }

    /// A callback of the application's forked, and this is the child: what is being
    /// served is the parent's, which goes on with it.
    pub(crate) fn is_of_parent(&self) -> bool {
        !self.made.is_current()
    }

    pub(crate) fn conf(&self) -> &Conf {
        &self.client.shared.conf
    }

    pub(crate) fn opaque(&self) -> *mut c_void {
        self.conf().global.opaque as *mut c_void
    }

    pub(crate) fn handle(&self) -> *mut rd_kafka_t {
        self.hooks.handle()
    }

    /// A message is about to be handed to the application.
    ///
    /// # Safety
    /// A live message, which the application has not seen yet.
    #[inline]
    pub(crate) unsafe fn consumed(&self, m: *mut rd_kafka_message_t) {
        if self.on_consume {
            // SAFETY: the caller's promise.
            unsafe {
                if (*m).err.is_ok() && !(*m).rkt.is_null() {
                    self.hooks.interceptors.on_consume(self.handle(), m);
                }
            }
        }
    }
}

pub(crate) type TopicObject = Tagged<rd_kafka_topic_t>;

/// What C's handle of the topic points to; made when first asked for.
pub(crate) fn topic_object(topic: &Arc<Topic>) -> Option<Arc<TopicObject>> {
    if topic.handle_address() == 0 {
        let object = Arc::new(TopicObject::new(topic.clone()));
        let address = Arc::as_ptr(&object).addr();
        topic.set_handle(object, address);
    }
    topic.handle_object()?.downcast().ok()
}

/// One more reference to the topic's handle, for C.
pub(crate) fn give_topic(topic: &Arc<Topic>) -> *mut rd_kafka_topic_t {
    topic_object(topic).map_or(ptr::null_mut(), give_shared::<rd_kafka_topic_t>)
}

/// Counts an instance, for `rd_kafka_wait_destroyed`.
pub(crate) fn instance_made() {
    fork::registry().instances += 1;
}

pub(crate) fn instance_gone() {
    fork::registry().instance_gone();
}

/// Waits until no instance is left; false on timeout.
pub(crate) fn wait_all_gone(deadline: Option<Instant>) -> bool {
    let mut registry = fork::registry();
    while registry.instances > 0 {
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        registry = registry.await_instance_gone(left);
    }
    true
}

thread_local! {
    /// The address of the instance that this is a thread of; 0 on the application's threads.
    static THREAD_OF: Cell<usize> = const { Cell::new(0) };
}

/// Whether this is one of the instance's own threads.
pub(crate) fn is_own_thread(instance: &Instance) -> bool {
    THREAD_OF.get() == instance.hooks.address()
}

/// The application's callbacks, as the client sees them.
pub(crate) struct CHooks {
    /// The address of the handle; 0 until there is one.
    rk: AtomicUsize,
    /// The address of a [`Callback<LogCb>`].
    log_cb: AtomicUsize,
    open: Callback<OpenCb>,
    sockets: Arc<CSockets>,
    pub(crate) interceptors: Arc<Interceptors>,
    /// `security.protocol`.
    protocol: &'static str,
}

impl CHooks {
    pub(crate) fn new(conf: &Conf) -> Self {
        let c = &conf.global;
        CHooks {
            rk: AtomicUsize::new(0),
            log_cb: AtomicUsize::new(callback::LOG.get(c).address()),
            open: callback::OPEN.get(c),
            interceptors: Arc::default(),
            protocol: c.security_protocol.word(),
            sockets: Arc::new(CSockets {
                opaque: c.opaque,
                resolve: callback::RESOLVE.get(c),
                socket: callback::SOCKET.get(c),
                connect: callback::CONNECT.get(c),
                close: callback::CLOSE_SOCKET.get(c),
            }),
        }
    }

    pub(crate) fn set_handle(&self, rk: *mut rd_kafka_t) {
        self.rk.store(rk.expose_provenance(), Ordering::Release);
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
            unsafe { callback(rk, level, facility.as_ptr(), text.as_ptr()) };
        } else if callback.is_builtin() {
            super::log::print(rk, level, &facility, &text);
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
        let list = consume::list_of(result.offsets.as_deref().unwrap_or_default());
        // SAFETY: the list lives until the call returns.
        unsafe {
            (self.interceptors).on_commit(self.handle(), list, result.code);
            super::topic_partition::destroy_list(list);
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
        // SAFETY: the instance stays in place until the client's threads have ended,
        // and this is one of them.
        if let Some(instance) = unsafe { get(self.handle().cast_const()) } {
            super::serve::rebalance_by_default(instance, event);
        }
    }
}

/// A C string of what may contain NUL bytes, which end it.
pub(crate) fn c_string(text: &str) -> CString {
    match CString::new(text) {
        Ok(s) => s,
        Err(e) => {
            let at = e.nul_position();
            let mut bytes = e.into_vec();
            bytes.truncate(at);
            CString::new(bytes).unwrap_or_default()
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

/// The callbacks for sockets and names.
struct CSockets {
    opaque: usize,
    resolve: Callback<ResolveCb>,
    socket: Callback<SocketCb>,
    connect: Callback<ConnectCb>,
    close: Callback<CloseSocketCb>,
}

impl CSockets {
    fn opaque(&self) -> *mut c_void {
        self.opaque as *mut c_void
    }
}

/// The addresses of a list that `getaddrinfo`, or the application, made.
///
/// # Safety
/// `list` is null or such a list.
unsafe fn addresses(list: *const addrinfo) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    let mut at = list;
    while !at.is_null() {
        // SAFETY: the caller's promise, which holds for every link of the list.
        let ai = unsafe { &*at };
        if !ai.ai_addr.is_null() {
            // SAFETY: an address is as long as the list says; the storage has room
            // for the longest there is.
            let address = unsafe {
                socket2::SockAddr::try_init(|storage, len| {
                    let n = (ai.ai_addrlen as usize).min(size_of_val(&*storage));
                    ptr::copy_nonoverlapping(ai.ai_addr.cast::<u8>(), storage.cast::<u8>(), n);
                    *len = n as libc::socklen_t;
                    Ok(())
                })
            };
            if let Ok(((), address)) = address
                && let Some(address) = address.as_socket()
            {
                found.push(address);
            }
        }
        at = ai.ai_next;
    }
    found
}

impl SocketHooks for CSockets {
    fn resolves_itself(&self) -> bool {
        self.resolve.function().is_some()
    }

    fn resolve(&self, host: &str, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
        let Some(callback) = self.resolve.function() else {
            return Plain.resolve(host, port, family);
        };
        let (node, service) = (c_string(host), c_string(&port.to_string()));
        // SAFETY: all zero is an empty hint.
        let mut hints: addrinfo = unsafe { std::mem::zeroed() };
        hints.ai_family = match family {
            Family::Any => libc::AF_UNSPEC,
            Family::V4 => libc::AF_INET,
            Family::V6 => libc::AF_INET6,
        };
        hints.ai_socktype = libc::SOCK_STREAM;
        hints.ai_protocol = libc::IPPROTO_TCP;
        hints.ai_flags = libc::AI_ADDRCONFIG;
        let mut list = ptr::null_mut();
        // SAFETY: the arguments outlive the call. A second call with no names
        // frees what the first one gave.
        unsafe {
            let code = callback(
                node.as_ptr(),
                service.as_ptr(),
                &hints,
                &mut list,
                self.opaque(),
            );
            if code != 0 {
                let text = std::ffi::CStr::from_ptr(libc::gai_strerror(code));
                return Err(io::Error::other(text.to_string_lossy().into_owned()));
            }
            let found = addresses(list);
            callback(
                ptr::null(),
                ptr::null(),
                ptr::null(),
                &mut list,
                self.opaque(),
            );
            if found.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "no addresses returned",
                ));
            }
            Ok(found)
        }
    }

    fn canonical(&self, addr: &SocketAddr) -> String {
        let addr = socket2::SockAddr::from(*addr);
        let mut name = [0 as c_char; libc::NI_MAXHOST as usize];
        // SAFETY: both buffers have the length that goes with them; no service is wanted.
        let code = unsafe {
            libc::getnameinfo(
                addr.as_ptr().cast(),
                addr.len(),
                name.as_mut_ptr(),
                libc::NI_MAXHOST,
                ptr::null_mut(),
                0,
                0,
            )
        };
        if code != 0 {
            // The name server is out of reach.
            return addr
                .as_socket()
                .map_or_else(String::new, |a| a.ip().to_string());
        }
        // SAFETY: the name ends with a zero, within the buffer.
        let name = unsafe { std::ffi::CStr::from_ptr(name.as_ptr()) };
        name.to_string_lossy().into_owned()
    }

    fn open(&self, addr: &SocketAddr) -> io::Result<OwnedFd> {
        let Some(callback) = self.socket.function() else {
            return Plain.open(addr);
        };
        let domain = if addr.is_ipv4() {
            libc::AF_INET
        } else {
            libc::AF_INET6
        };
        // SAFETY: the descriptor that the application makes is ours from here on.
        unsafe {
            let fd = callback(domain, libc::SOCK_STREAM, libc::IPPROTO_TCP, self.opaque());
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(OwnedFd::from_raw_fd(fd))
        }
    }

    fn connect(&self, fd: &OwnedFd, addr: &SocketAddr, broker: &str) -> Option<io::Result<()>> {
        let callback = self.connect.function()?;
        let address = socket2::SockAddr::from(*addr);
        let name = c_string(broker);
        // SAFETY: address and name outlive the call.
        let code = unsafe {
            callback(
                fd.as_raw_fd(),
                address.as_ptr().cast(),
                address.len() as c_int,
                name.as_ptr(),
                self.opaque(),
            )
        };
        Some(if code == 0 {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(code))
        })
    }

    fn close(&self, fd: OwnedFd) {
        let fd = fd.into_raw_fd();
        // SAFETY: the descriptor is given up to the application, or closed here: not by
        // dropping an `OwnedFd`, which takes it for a fault of the program if an interceptor
        // has closed it.
        unsafe {
            match self.close.function() {
                Some(callback) => callback(fd, self.opaque()),
                None => libc::close(fd),
            };
        }
    }
}
