//! DescribeCluster, and nodes.

use libc::{c_char, c_int, size_t};

use crate::admin::options::AdminOp;
use crate::capi::admin::request::request_not_built;
use crate::capi::boundary::{ffi, not_built};
use crate::capi::handle::get;
use crate::capi::types::{
    rd_kafka_AclOperation_t, rd_kafka_AdminOptions_t, rd_kafka_DescribeCluster_result_t,
    rd_kafka_Node_t, rd_kafka_queue_t, rd_kafka_t,
};

/// The broker's id; -1 for no node.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Node_id(node: *const rd_kafka_Node_t) -> c_int {
    // SAFETY: null, or a part of the caller's result.
    ffi!({ unsafe { get(node) }.map_or(-1, |node| node.id) })
}

/// The broker's host name. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Node_host(node: *const rd_kafka_Node_t) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's result.
        let host = unsafe { get(node) }.and_then(|node| node.host.as_ref());
        host.map_or(std::ptr::null(), |host| host.as_ptr())
    })
}

/// The broker's port.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Node_port(node: *const rd_kafka_Node_t) -> u16 {
    // SAFETY: null, or a part of the caller's result.
    ffi!({ unsafe { get(node) }.map_or(0, |node| node.port) })
}

/// The broker's rack, or null. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Node_rack(node: *const rd_kafka_Node_t) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's result.
        let rack = unsafe { get(node) }.and_then(|node| node.rack.as_ref());
        rack.map_or(std::ptr::null(), |rack| rack.as_ptr())
    })
}

/// Asks for the cluster's brokers, controller and id. The result is a
/// DESCRIBECLUSTER_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeCluster(
    rk: *mut rd_kafka_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({ request_not_built!(AdminOp::DESCRIBE_CLUSTER, rk, options, rkqu, Ok(1)) })
}

/// The brokers, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeCluster_result_nodes(
    result: *const rd_kafka_DescribeCluster_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_Node_t {
    ffi!({ not_built!(result; cntp = 0) })
}

/// What the client may do with the cluster, `*cntp` entries; null if that was not asked
/// for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeCluster_result_authorized_operations(
    result: *const rd_kafka_DescribeCluster_result_t,
    cntp: *mut size_t,
) -> *const rd_kafka_AclOperation_t {
    ffi!({ not_built!(result; cntp = 0) })
}

/// The controller, or null. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeCluster_result_controller(
    result: *const rd_kafka_DescribeCluster_result_t,
) -> *const rd_kafka_Node_t {
    ffi!({ not_built!(result) })
}

/// The cluster's id. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeCluster_result_cluster_id(
    result: *const rd_kafka_DescribeCluster_result_t,
) -> *const c_char {
    ffi!({ not_built!(result) })
}
