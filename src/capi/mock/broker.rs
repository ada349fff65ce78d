//! Single mock brokers.

use libc::{c_char, c_int, size_t};

use super::cluster::{ask, with};
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::types::{rd_kafka_mock_cluster_t, rd_kafka_resp_err_t};
use crate::mock::command::{BrokerChange, Which};

/// -1 stands for all brokers.
fn which(broker_id: i32) -> Which {
    match broker_id {
        -1 => Which::All,
        id => Which::One(id),
    }
}

/// Sets `*cntp` to how many errors are left for the broker's requests of kind `ApiKey`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_error_stack_cnt(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
    ApiKey: i16,
    cntp: *mut size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        if cntp.is_null() {
            return ErrorCode::_INVALID_ARG;
        }
        // SAFETY: the cluster lives as long as the call.
        match unsafe { ask(mcluster, |c| c.broker_error_count(broker_id, ApiKey)) } {
            Ok(count) => {
                // SAFETY: not null, and the application's to be written.
                unsafe { *cntp = count };
                ErrorCode::NO_ERROR
            }
            Err(code) => code,
        }
    })
}

/// Closes the broker's connections, and refuses new ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_down(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.change_broker(which(broker_id), BrokerChange::Down)
            })
        }
    })
}

/// Lets metadata name another host and port for the broker.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_host_port(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
    host: *const c_char,
    port: c_int,
) {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(host) = (unsafe { cstr::text(host) }) else {
            return;
        };
        let change = BrokerChange::Advertise {
            host: host.into_owned(),
            port,
        };
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_broker(Which::One(broker_id), change)) };
    })
}

/// Lets the broker accept connections again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_up(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.change_broker(which(broker_id), BrokerChange::Up)
            })
        }
    })
}

/// Delays the broker's answers by so many milliseconds, and the markers that end
/// transactions on their way to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_rtt(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
    rtt_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.change_broker(
                    which(broker_id),
                    BrokerChange::RoundTripTime(u32::try_from(rtt_ms).unwrap_or(0)),
                )
            })
        }
    })
}

/// Sets the broker's rack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_rack(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
    rack: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or text that the application passes.
        let rack = unsafe { cstr::text(rack) }.map(|r| r.into_owned());
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.change_broker(which(broker_id), BrokerChange::Rack(rack))
            })
        }
    })
}

/// Takes the broker out of the cluster for good: its connections are closed and
/// metadata names it no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_decommission(
    cluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(cluster, |c| {
                c.change_broker(which(broker_id), BrokerChange::Decommission)
            })
        }
    })
}

/// Lets metadata not name the broker, which goes on serving its connections.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_remove_from_metadata(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.change_broker(which(broker_id), BrokerChange::RemoveFromMetadata)
            })
        }
    })
}

/// Adds a broker to the cluster.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_add(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        unsafe { with(mcluster, |c| c.add_broker(broker_id)) }
    })
}
