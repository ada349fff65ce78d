//! What the cluster consists of.

use std::ffi::CString;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use libc::c_int;

use super::handle::get;
use crate::base::cstring::c_string;
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::types::{
    rd_kafka_metadata, rd_kafka_metadata_broker, rd_kafka_metadata_partition,
    rd_kafka_metadata_topic, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_t,
};
use crate::metadata::{Refresh, Snapshot};

/// The C structures, first, and what they point to.
#[repr(C)]
struct Answer {
    public: rd_kafka_metadata,
    brokers: Vec<rd_kafka_metadata_broker>,
    topics: Vec<rd_kafka_metadata_topic>,
    partitions: Vec<Vec<rd_kafka_metadata_partition>>,
    nodes: Vec<Vec<i32>>,
    strings: Vec<CString>,
}

fn count<T>(list: &[T]) -> c_int {
    c_int::try_from(list.len()).unwrap_or(c_int::MAX)
}

impl Answer {
    fn string(&mut self, text: &str) -> *mut libc::c_char {
        let s = c_string(text);
        let p = s.as_ptr().cast_mut();
        self.strings.push(s);
        p
    }

    fn nodes(&mut self, nodes: &[i32]) -> *mut i32 {
        let mut list = nodes.to_vec();
        let p = list.as_mut_ptr();
        self.nodes.push(list);
        p
    }

    fn new(snapshot: &Snapshot) -> Box<Answer> {
        let mut a = Box::new(Answer {
            public: rd_kafka_metadata {
                broker_cnt: 0,
                brokers: ptr::null_mut(),
                topic_cnt: 0,
                topics: ptr::null_mut(),
                orig_broker_id: snapshot.answered_by,
                orig_broker_name: ptr::null_mut(),
            },
            brokers: Vec::new(),
            topics: Vec::new(),
            partitions: Vec::new(),
            nodes: Vec::new(),
            strings: Vec::new(),
        });
        a.public.orig_broker_name = a.string(&snapshot.answered_by_name);
        for broker in snapshot.brokers.values() {
            let host = a.string(&broker.host);
            a.brokers.push(rd_kafka_metadata_broker {
                id: broker.id,
                host,
                port: broker.port,
            });
        }
        let mut topics: Vec<_> = snapshot.topics.values().collect();
        topics.sort_by(|x, y| x.name.cmp(&y.name));
        for topic in topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for p in &topic.partitions {
                let replicas = a.nodes(&p.replicas);
                let isrs = a.nodes(&p.isrs);
                partitions.push(rd_kafka_metadata_partition {
                    id: p.id,
                    err: p.err,
                    leader: p.leader,
                    replica_cnt: count(&p.replicas),
                    replicas,
                    isr_cnt: count(&p.isrs),
                    isrs,
                });
            }
            let name = a.string(&topic.name);
            a.topics.push(rd_kafka_metadata_topic {
                topic: name,
                partition_cnt: count(&partitions),
                partitions: partitions.as_mut_ptr(),
                err: topic.err,
            });
            a.partitions.push(partitions);
        }
        a.public.broker_cnt = count(&a.brokers);
        a.public.brokers = a.brokers.as_mut_ptr();
        a.public.topic_cnt = count(&a.topics);
        a.public.topics = a.topics.as_mut_ptr();
        a
    }
}

/// Asks a broker for the cluster's brokers and topics, up to `timeout_ms`: all topics
/// if `all_topics` is not 0, else `only_rkt`, else those that the instance knows. Sets
/// `*metadatap`, which is freed by `rd_kafka_metadata_destroy`. `_TIMED_OUT`,
/// `_TRANSPORT` or another code if there is no answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_metadata(
    rk: *mut rd_kafka_t,
    all_topics: c_int,
    only_rkt: *mut rd_kafka_topic_t,
    metadatap: *mut *const rd_kafka_metadata,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handles are alive, and the place is writable.
        unsafe {
            let (Some(instance), Some(place)) = (get(rk.cast_const()), metadatap.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let what = if all_topics != 0 {
                Refresh::All
            } else if let Some(topic) = get(only_rkt.cast_const()) {
                Refresh::Topics(vec![topic.name.clone()])
            } else {
                let names: Vec<Arc<str>> = instance
                    .client
                    .all_topics()
                    .iter()
                    .map(|t| t.name.clone())
                    .collect();
                if names.is_empty() {
                    Refresh::Brokers
                } else {
                    Refresh::Topics(names)
                }
            };
            let timeout = u64::try_from(timeout_ms).unwrap_or(u64::from(u32::MAX));
            match instance
                .client
                .metadata(what, Duration::from_millis(timeout))
            {
                Ok(snapshot) => {
                    *place = Box::into_raw(Answer::new(&snapshot)).cast();
                    ErrorCode::NO_ERROR
                }
                Err(e) => {
                    *place = ptr::null();
                    e.code
                }
            }
        }
    })
}

/// Frees what `rd_kafka_metadata` has set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_metadata_destroy(metadata: *const rd_kafka_metadata) {
    ffi!({
        if !metadata.is_null() {
            // SAFETY: made by `rd_kafka_metadata`, and given up by the application.
            drop(unsafe { Box::from_raw(metadata.cast_mut().cast::<Answer>()) });
        }
    })
}
