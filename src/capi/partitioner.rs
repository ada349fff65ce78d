//! Partitioners, for the application to call.

use libc::{c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::rd_kafka_topic_t;

/// 1 if the partition has a leader, otherwise 0. For partitioners.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_available(
    rkt: *const rd_kafka_topic_t,
    partition: i32,
) -> c_int {
    ffi!({ not_built!(rkt, partition) })
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
    ffi!({ not_built!(rkt, key, keylen, partition_cnt, rkt_opaque, msg_opaque) })
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
    ffi!({ not_built!(rkt, key, keylen, partition_cnt, rkt_opaque, msg_opaque) })
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
    ffi!({ not_built!(rkt, key, keylen, partition_cnt, rkt_opaque, msg_opaque) })
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
    ffi!({ not_built!(rkt, key, keylen, partition_cnt, rkt_opaque, msg_opaque) })
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
    ffi!({ not_built!(rkt, key, keylen, partition_cnt, rkt_opaque, msg_opaque) })
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
    ffi!({ not_built!(rkt, key, keylen, partition_cnt, rkt_opaque, msg_opaque) })
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
    ffi!({ not_built!(rkt, key, keylen, partition_cnt, rkt_opaque, msg_opaque) })
}
