//! The structs of the header, field by field as C sees them.

#![allow(unsafe_code)]

use libc::{c_char, c_int, c_void, size_t, ssize_t};

use super::{rd_kafka_headers_t, rd_kafka_resp_err_t, rd_kafka_topic_t, rd_kafka_vtype_t};
use crate::capi::boundary::Pointee;

/// A response code with its name and text.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_err_desc {
    pub code: rd_kafka_resp_err_t,
    /// The name without prefix; null for a number that is not used.
    pub name: *const c_char,
    /// The text; null for a number that is not used.
    pub desc: *const c_char,
}

// SAFETY: the pointers lead to constants.
unsafe impl Send for rd_kafka_err_desc {}
// SAFETY: as above.
unsafe impl Sync for rd_kafka_err_desc {}

/// A partition of a topic with what a call says or asks of it. Elements of a
/// list belong to the list.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_topic_partition_s {
    pub topic: *mut c_char,
    pub partition: i32,
    pub offset: i64,
    /// Free for the application's use with the offset; from libc's `malloc`.
    pub metadata: *mut c_void,
    pub metadata_size: size_t,
    /// The application's own.
    pub opaque: *mut c_void,
    /// The error for this partition, if the call sets one.
    pub err: rd_kafka_resp_err_t,
    /// The library's own; must be null in an element that it did not make.
    pub _private: *mut c_void,
}
/// See `struct rd_kafka_topic_partition_s`.
pub type rd_kafka_topic_partition_t = rd_kafka_topic_partition_s;

/// A list of partitions that grows as needed. Pointers to elements are good
/// until the list changes.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_topic_partition_list_s {
    /// How many elements there are.
    pub cnt: c_int,
    /// How many elements there is room for.
    pub size: c_int,
    pub elems: *mut rd_kafka_topic_partition_t,
}
/// See `struct rd_kafka_topic_partition_list_s`.
pub type rd_kafka_topic_partition_list_t = rd_kafka_topic_partition_list_s;

/// Bytes that the caller owns.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct rd_kafka_vu_mem {
    pub ptr: *mut c_void,
    pub size: size_t,
}

/// A header; a size of -1 says that the value is a string.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct rd_kafka_vu_header {
    pub name: *const c_char,
    pub val: *const c_void,
    pub size: ssize_t,
}

/// The value of an argument; `vtype` says which field counts.
#[repr(C)]
#[derive(Clone, Copy)]
pub union rd_kafka_vu_value {
    pub cstr: *const c_char,
    pub rkt: *mut rd_kafka_topic_t,
    pub i: c_int,
    pub i32: i32,
    pub i64: i64,
    pub mem: rd_kafka_vu_mem,
    pub header: rd_kafka_vu_header,
    pub headers: *mut rd_kafka_headers_t,
    pub ptr: *mut c_void,
    /// Room to grow.
    pub _pad: [c_char; 64],
}

/// One argument of `rd_kafka_produceva`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct rd_kafka_vu_s {
    pub vtype: rd_kafka_vtype_t,
    pub u: rd_kafka_vu_value,
}
/// See `struct rd_kafka_vu_s`.
pub type rd_kafka_vu_t = rd_kafka_vu_s;

/// A message: consumed, to be produced, or in a delivery report.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_message_s {
    /// Zero, or why this is not a message; then `payload` is a text about it.
    pub err: rd_kafka_resp_err_t,
    /// The topic; borrowed, do not destroy. May be null in an error.
    pub rkt: *mut rd_kafka_topic_t,
    pub partition: i32,
    /// The value; null if there is none.
    pub payload: *mut c_void,
    pub len: size_t,
    /// The key; null if there is none.
    pub key: *mut c_void,
    pub key_len: size_t,
    pub offset: i64,
    /// Consumer: the library's own. Producer: the message's opaque.
    pub _private: *mut c_void,
}
/// See `struct rd_kafka_message_s`.
pub type rd_kafka_message_t = rd_kafka_message_s;

/// A broker of the cluster.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_metadata_broker {
    pub id: i32,
    pub host: *mut c_char,
    pub port: c_int,
}
/// See `struct rd_kafka_metadata_broker`.
pub type rd_kafka_metadata_broker_t = rd_kafka_metadata_broker;

/// A partition of a topic.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_metadata_partition {
    pub id: i32,
    pub err: rd_kafka_resp_err_t,
    /// The leader's broker id, or -1.
    pub leader: i32,
    pub replica_cnt: c_int,
    pub replicas: *mut i32,
    pub isr_cnt: c_int,
    /// The replicas in sync.
    pub isrs: *mut i32,
}
/// See `struct rd_kafka_metadata_partition`.
pub type rd_kafka_metadata_partition_t = rd_kafka_metadata_partition;

/// A topic.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_metadata_topic {
    pub topic: *mut c_char,
    pub partition_cnt: c_int,
    pub partitions: *mut rd_kafka_metadata_partition,
    pub err: rd_kafka_resp_err_t,
}
/// See `struct rd_kafka_metadata_topic`.
pub type rd_kafka_metadata_topic_t = rd_kafka_metadata_topic;

/// What `rd_kafka_metadata` found out: one block of memory, freed by
/// `rd_kafka_metadata_destroy`.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_metadata {
    pub broker_cnt: c_int,
    pub brokers: *mut rd_kafka_metadata_broker,
    pub topic_cnt: c_int,
    pub topics: *mut rd_kafka_metadata_topic,
    /// The broker that answered.
    pub orig_broker_id: i32,
    pub orig_broker_name: *mut c_char,
}
/// See `struct rd_kafka_metadata`.
pub type rd_kafka_metadata_t = rd_kafka_metadata;

/// A member of a group, as its coordinator sees it.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_group_member_info {
    pub member_id: *mut c_char,
    pub client_id: *mut c_char,
    pub client_host: *mut c_char,
    /// What the member sent when it joined; its form is the group's protocol's.
    pub member_metadata: *mut c_void,
    pub member_metadata_size: c_int,
    /// What the leader assigned to it, in the same manner.
    pub member_assignment: *mut c_void,
    pub member_assignment_size: c_int,
}

/// A group.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_group_info {
    /// The broker that coordinates it.
    pub broker: rd_kafka_metadata_broker,
    pub group: *mut c_char,
    pub err: rd_kafka_resp_err_t,
    pub state: *mut c_char,
    pub protocol_type: *mut c_char,
    pub protocol: *mut c_char,
    pub members: *mut rd_kafka_group_member_info,
    pub member_cnt: c_int,
}

/// What `rd_kafka_list_groups` found out; freed by `rd_kafka_group_list_destroy`.
#[repr(C)]
#[derive(Debug)]
pub struct rd_kafka_group_list {
    pub groups: *mut rd_kafka_group_info,
    pub group_cnt: c_int,
}

impl Pointee for rd_kafka_topic_partition_s {}
impl Pointee for rd_kafka_topic_partition_list_s {}
impl Pointee for rd_kafka_message_s {}
