//! A topic of a client: its configuration and what the features keep of it. One
//! object per name and client, whatever the number of handles that C has.

use std::any::Any;
use std::ffi::CString;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use crate::base::lock::Mutex;

use super::Client;
use crate::base::conf::TopicConf;
use crate::producer;

pub struct Topic {
    pub name: Arc<str>,
    /// For C; a name with a NUL byte cannot have come from there.
    pub c_name: CString,
    pub conf: TopicConf,
    pub producer: Option<producer::Topic>,
    /// See `Hooks::on_send`.
    pub on_send: Option<Arc<dyn Any + Send + Sync>>,
    pub client: Weak<Client>,
    /// See [`Topic::instance_address`]; 0 before it was asked for.
    instance: AtomicUsize,
    pub created: Instant,
    /// Milliseconds after `created` when metadata last had the topic, -1: never.
    pub metadata_at: AtomicI64,
    /// What C's handle points to, and the handle itself. The object holds a
    /// reference to this topic in turn; the circle is broken when the client ends.
    handle: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
    address: OnceLock<usize>,
}

impl Topic {
    pub fn new(
        name: Arc<str>,
        conf: TopicConf,
        producer: Option<producer::Topic>,
        on_send: Option<Arc<dyn Any + Send + Sync>>,
        client: Weak<Client>,
    ) -> Self {
        Topic {
            c_name: CString::new(name.as_bytes()).unwrap_or_default(),
            name,
            conf,
            producer,
            on_send,
            client,
            instance: AtomicUsize::new(0),
            created: Instant::now(),
            metadata_at: AtomicI64::new(-1),
            handle: Mutex::new(None),
            address: OnceLock::new(),
        }
    }

    pub fn note_metadata(&self, now: Instant) {
        let ms = now.saturating_duration_since(self.created).as_millis();
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        self.metadata_at.store(ms, Ordering::Relaxed);
    }

    /// Sets what C knows the topic by; only the first call counts.
    pub fn set_handle(&self, object: Arc<dyn Any + Send + Sync>, address: usize) {
        if self.address.set(address).is_ok() {
            if let Some(p) = &self.producer {
                let _ = p.info.handle.set(address);
            }
            *self.handle.lock() = Some(object);
        }
    }

    /// The address that C knows the instance by, while the client lives. Calls for each message
    /// ask this: it takes no reference to the client.
    pub fn instance_address(&self) -> Option<usize> {
        let known = self.instance.load(Ordering::Relaxed);
        if known != 0 && self.client.strong_count() > 0 {
            return Some(known);
        }
        let address = self.client.upgrade()?.shared.hooks.address();
        self.instance.store(address, Ordering::Relaxed);
        Some(address)
    }

    /// The address of C's handle, 0 before there is one.
    pub fn handle_address(&self) -> usize {
        self.address.get().copied().unwrap_or(0)
    }

    /// Keeps C's handle alive, for messages that carry it.
    pub fn handle_object(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.handle.lock().clone()
    }

    pub fn drop_handle(&self) {
        let object = self.handle.lock().take();
        drop(object);
    }
}
