//! Partitioners, for applications to call and to name in their settings.

use libc::{c_int, c_void, size_t};

use super::cstr;
use super::handle::get;
use crate::capi::boundary::ffi;
use crate::capi::types::rd_kafka_topic_t;
use crate::producer::partitioner::Builtin;

/// 1 if the partition has a leader, otherwise 0. For partitioners.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_available(
    rkt: *const rd_kafka_topic_t,
    partition: i32,
) -> c_int {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let topic = unsafe { get(rkt) };
        let available = topic
            .and_then(|t| t.producer.as_ref())
            .is_some_and(|p| p.is_available(partition));
        c_int::from(available)
    })
}

/// Runs a partitioner on a key as C hands it over.
///
/// # Safety
/// `key` is null or has `keylen` bytes.
unsafe fn choose(
    builtin: Builtin,
    rkt: *const rd_kafka_topic_t,
    key: *const c_void,
    keylen: size_t,
    partitions: i32,
) -> i32 {
    // SAFETY: the caller's promise.
    let key = (!key.is_null()).then(|| unsafe { cstr::slice(key, keylen) });
    if let Some(partition) = builtin.hash(key, partitions) {
        return partition;
    }
    // SAFETY: null, or the caller's live handle.
    let topic = unsafe { get(rkt) };
    match topic.and_then(|t| t.producer.as_ref()) {
        Some(p) => p.random_partition(partitions),
        None => fastrand::i32(0..partitions.max(1)),
    }
}

/// A partition by chance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_msg_partitioner_random(
    rkt: *const rd_kafka_topic_t,
    key: *const c_void,
    keylen: size_t,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    ffi!({
        let _ = (rkt_opaque, msg_opaque);
        // SAFETY: the key is as long as the caller says.
        unsafe { choose(Builtin::Random, rkt, key, keylen, partition_cnt) }
    })
}

/// The partition of a key by CRC32; messages with no key, or an empty one, all go to
/// the same one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_msg_partitioner_consistent(
    rkt: *const rd_kafka_topic_t,
    key: *const c_void,
    keylen: size_t,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    ffi!({
        let _ = (rkt_opaque, msg_opaque);
        // SAFETY: the key is as long as the caller says.
        unsafe { choose(Builtin::Consistent, rkt, key, keylen, partition_cnt) }
    })
}

/// The partition of a key by CRC32; by chance for messages with no key, or an empty
/// one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_msg_partitioner_consistent_random(
    rkt: *const rd_kafka_topic_t,
    key: *const c_void,
    keylen: size_t,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    ffi!({
        let _ = (rkt_opaque, msg_opaque);
        // SAFETY: the key is as long as the caller says.
        unsafe { choose(Builtin::ConsistentRandom, rkt, key, keylen, partition_cnt) }
    })
}

/// The partition of a key by murmur2, as the Java client computes it; messages with no
/// key all go to the same one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_msg_partitioner_murmur2(
    rkt: *const rd_kafka_topic_t,
    key: *const c_void,
    keylen: size_t,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    ffi!({
        let _ = (rkt_opaque, msg_opaque);
        // SAFETY: the key is as long as the caller says.
        unsafe { choose(Builtin::Murmur2, rkt, key, keylen, partition_cnt) }
    })
}

/// The partition of a key by murmur2, as the Java client computes it; by chance for
/// messages with no key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_msg_partitioner_murmur2_random(
    rkt: *const rd_kafka_topic_t,
    key: *const c_void,
    keylen: size_t,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    ffi!({
        let _ = (rkt_opaque, msg_opaque);
        // SAFETY: the key is as long as the caller says.
        unsafe { choose(Builtin::Murmur2Random, rkt, key, keylen, partition_cnt) }
    })
}

/// The partition of a key by FNV-1a, as Sarama computes it; messages with no key all go
/// to the same one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_msg_partitioner_fnv1a(
    rkt: *const rd_kafka_topic_t,
    key: *const c_void,
    keylen: size_t,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    ffi!({
        let _ = (rkt_opaque, msg_opaque);
        // SAFETY: the key is as long as the caller says.
        unsafe { choose(Builtin::Fnv1a, rkt, key, keylen, partition_cnt) }
    })
}

/// The partition of a key by FNV-1a, as Sarama computes it; by chance for messages with
/// no key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_msg_partitioner_fnv1a_random(
    rkt: *const rd_kafka_topic_t,
    key: *const c_void,
    keylen: size_t,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    ffi!({
        let _ = (rkt_opaque, msg_opaque);
        // SAFETY: the key is as long as the caller says.
        unsafe { choose(Builtin::Fnv1aRandom, rkt, key, keylen, partition_cnt) }
    })
}
