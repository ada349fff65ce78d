//! Lists of acknowledged offsets, as the acknowledgement callback gets them.

use libc::size_t;

use crate::capi::boundary::ffi;
use crate::capi::handle::{self, Boxed, Opaque, Tagged, get, take};
use crate::capi::topic_partition::{List, elements};
use crate::capi::types::{
    rd_kafka_share_partition_offsets_list_s, rd_kafka_share_partition_offsets_list_t,
    rd_kafka_share_partition_offsets_s, rd_kafka_share_partition_offsets_t,
    rd_kafka_topic_partition_t,
};
use crate::consumer::share::PartitionAcks;

impl Opaque for rd_kafka_share_partition_offsets_list_s {
    type Target = Vec<Tagged<rd_kafka_share_partition_offsets_t>>;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b53_4f4c;
}

impl Opaque for rd_kafka_share_partition_offsets_s {
    type Target = Offsets;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b53_4f66;
}

/// A partition and offsets in it.
pub(crate) struct Offsets {
    /// The partition is its only element.
    partition: List,
    offsets: Vec<i64>,
}

/// More offsets than that are not listed one by one: a broker can say that any number of
/// them is a gap.
const MOST: usize = 1 << 20;

/// A list of one partition, for `rd_kafka_share_partition_offsets_list_destroy`.
pub(crate) fn list_of(acks: &PartitionAcks) -> *mut rd_kafka_share_partition_offsets_list_t {
    let mut partition = List::with_room_for(1);
    partition.push(acks.partition.topic.as_bytes(), acks.partition.id);
    let runs = acks.runs.iter();
    let offsets = runs.flat_map(|run| run.first..=run.last).take(MOST);
    let offsets = Offsets {
        partition,
        offsets: offsets.collect(),
    };
    handle::give(vec![Tagged::new(offsets)])
}

/// How many partitions the list has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_list_count(
    list: *const rd_kafka_share_partition_offsets_list_t,
) -> size_t {
    // SAFETY: the caller's list is alive.
    ffi!({ unsafe { get(list) }.map_or(0, Vec::len) })
}

/// The partition at `index`, or null. It belongs to the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_list_get(
    list: *const rd_kafka_share_partition_offsets_list_t,
    index: size_t,
) -> *const rd_kafka_share_partition_offsets_t {
    ffi!({
        // SAFETY: the caller's list is alive.
        let element = unsafe { get(list) }.and_then(|list| list.get(index));
        element.map_or(std::ptr::null(), handle::lend)
    })
}

/// Frees a list that the application owns; that of the acknowledgement callback it does not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_list_destroy(
    list: *mut rd_kafka_share_partition_offsets_list_t,
) {
    // SAFETY: the application gives the list up.
    ffi!({ drop(unsafe { take(list) }) })
}

/// The partition. It belongs to the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_partition(
    partition_offsets: *const rd_kafka_share_partition_offsets_t,
) -> *const rd_kafka_topic_partition_t {
    ffi!({
        // SAFETY: the caller's list is alive.
        let offsets = unsafe { get(partition_offsets) };
        let partition = offsets.and_then(|o| elements(o.partition.get()).first());
        partition.map_or(std::ptr::null(), std::ptr::from_ref)
    })
}

/// The offsets, `rd_kafka_share_partition_offsets_offsets_cnt` of them. They belong to
/// the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_offsets(
    partition_offsets: *const rd_kafka_share_partition_offsets_t,
) -> *const i64 {
    ffi!({
        // SAFETY: the caller's list is alive.
        unsafe { get(partition_offsets) }.map_or(std::ptr::null(), |o| o.offsets.as_ptr())
    })
}

/// How many offsets there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_offsets_cnt(
    partition_offsets: *const rd_kafka_share_partition_offsets_t,
) -> size_t {
    // SAFETY: the caller's list is alive.
    ffi!({ unsafe { get(partition_offsets) }.map_or(0, |o| o.offsets.len()) })
}
