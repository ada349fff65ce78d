//! DescribeCluster, and nodes.

use libc::{c_char, c_int, size_t};

use crate::admin::describe;
use crate::admin::options::AdminOp;
use crate::capi::admin::elements::{self, ClusterObject, ResultObjects};
use crate::capi::admin::{events, request};
use crate::capi::boundary::{ffi, put};
use crate::capi::handle::{self, get};
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
    ffi!({
        // SAFETY: handles of the application's.
        unsafe {
            request::start(AdminOp::DESCRIBE_CLUSTER, rk, options, rkqu, |request| {
                Ok(describe::cluster(request))
            });
        }
    })
}

/// What an event tells of a cluster.
///
/// # Safety
/// Null, or the caller's event, which lives for `'a`.
unsafe fn cluster<'a>(
    result: *const rd_kafka_DescribeCluster_result_t,
) -> Option<&'a ClusterObject> {
    // SAFETY: the caller's promise.
    match unsafe { events::objects(result) } {
        Some(ResultObjects::Cluster(cluster)) => Some(cluster),
        _ => None,
    }
}

/// The brokers, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeCluster_result_nodes(
    result: *const rd_kafka_DescribeCluster_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_Node_t {
    ffi!({
        // SAFETY: null, or the caller's event, and a variable of the application's.
        unsafe { elements::give(cluster(result).map(|cluster| &cluster.nodes), cntp) }
    })
}

/// What the client may do with the cluster, `*cntp` entries; null if that was not asked
/// for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeCluster_result_authorized_operations(
    result: *const rd_kafka_DescribeCluster_result_t,
    cntp: *mut size_t,
) -> *const rd_kafka_AclOperation_t {
    ffi!({
        // SAFETY: null, or the caller's event, and a variable of the application's.
        unsafe {
            let operations = cluster(result).and_then(|cluster| cluster.operations.as_deref());
            put(cntp, operations.map_or(0, <[_]>::len));
            operations.map_or(std::ptr::null(), <[_]>::as_ptr)
        }
    })
}

/// The controller, or null. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeCluster_result_controller(
    result: *const rd_kafka_DescribeCluster_result_t,
) -> *const rd_kafka_Node_t {
    ffi!({
        // SAFETY: null, or the caller's event.
        let controller = unsafe { cluster(result) }.and_then(|cluster| cluster.controller.as_ref());
        controller.map_or(std::ptr::null(), handle::lend)
    })
}

/// The cluster's id. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeCluster_result_cluster_id(
    result: *const rd_kafka_DescribeCluster_result_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or the caller's event.
        let id = unsafe { cluster(result) }.and_then(|cluster| cluster.id.as_ref());
        id.map_or(std::ptr::null(), |id| id.as_ptr())
    })
}
