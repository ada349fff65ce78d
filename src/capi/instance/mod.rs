//! What stands behind a `rd_kafka_t`: the client, and what C knows of it.

pub(crate) mod background;
mod certificates;
pub(crate) mod hooks;
pub(crate) mod share;
mod sockets;
pub(crate) mod topics;

use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use libc::c_void;

use background::Background;
use hooks::CHooks;
use share::ShareState;

use crate::base::conf::{Conf, TopicConf};
use crate::base::error::KafkaError;
use crate::base::fork::{self, Generation};
use crate::capi::handle::{Boxed, Opaque, Tagged};
use crate::capi::intercept::ConfHooks;
use crate::capi::types::{
    rd_kafka_conf_t, rd_kafka_message_t, rd_kafka_mock_cluster_t, rd_kafka_s, rd_kafka_t,
};
use crate::client::hooks::Hooks;
use crate::client::{Client, Topic};

impl Opaque for rd_kafka_s {
    type Target = Instance;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b52_4b01;
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
    /// Of a share consumer.
    pub(crate) share: Option<ShareState>,
    pub(crate) made: Generation,
    /// `rd_kafka_destroy` was called.
    pub(crate) ending: AtomicBool,
    /// It was called in a callback of the instance's, and is put off until after that.
    pub(crate) over: AtomicBool,
}

impl Instance {
    /// As [`topics::topic`].
    pub(crate) fn topic(
        &self,
        name: &str,
        conf: Option<TopicConf>,
    ) -> Result<Arc<Topic>, KafkaError> {
        topics::topic(&self.client, name, conf)
    }

    /// A callback of the application's forked, and this is the child: what is being
    /// served is the parent's, which goes on with it.
    pub(crate) fn is_of_parent(&self) -> bool {
        !self.made.is_current()
    }

    /// A callback of the application's has forked or has destroyed the instance: the call that
    /// has called back is to end.
    pub(crate) fn is_over(&self) -> bool {
        self.is_of_parent() || self.over.load(Ordering::Relaxed)
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

    /// The address of [`Instance::handle`].
    pub(crate) fn address(&self) -> usize {
        self.hooks.address()
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

/// Counts an instance, for `rd_kafka_wait_destroyed`.
pub(crate) fn instance_made() {
    fork::registry().instances += 1;
}

pub(crate) fn instance_gone() {
    fork::instance_gone();
}

/// Waits until no instance is left; false on timeout.
pub(crate) fn wait_all_gone(deadline: Option<Instant>) -> bool {
    let mut registry = fork::registry();
    while registry.instances > 0 {
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        fork::await_instance_gone(&mut registry, left);
    }
    true
}

/// Whether this is one of the instance's own threads.
pub(crate) fn is_own_thread(instance: &Instance) -> bool {
    hooks::thread_of() == instance.hooks.address()
}
