//! The mock cluster: making it, and what holds for all of its brokers.

use std::ffi::CString;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_char, c_int, size_t};

use crate::base::cancel::NotCancelled;
use crate::base::conf::{Conf, SecurityProtocol};
use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque, Tagged};
use crate::capi::types::{
    rd_kafka_mock_cluster_s, rd_kafka_mock_cluster_t, rd_kafka_resp_err_t, rd_kafka_t,
};
use crate::mock::state::group::consumer;
use crate::mock::state::share;
use crate::mock::{Cluster, CommandError, Options};

/// What an `rd_kafka_mock_cluster_t` points to.
pub(crate) struct MockCluster {
    cluster: Cluster,
    bootstraps: CString,
    /// The client instance that it was made with; only handed back.
    owner: AtomicPtr<rd_kafka_t>,
}

impl MockCluster {
    pub(crate) fn new(cluster: Cluster, owner: *mut rd_kafka_t) -> Self {
        let bootstraps = CString::new(cluster.bootstraps()).unwrap_or_default();
        MockCluster {
            cluster,
            bootstraps,
            owner: AtomicPtr::new(owner),
        }
    }

    pub(in crate::capi) fn set_owner(&self, owner: *mut rd_kafka_t) {
        self.owner.store(owner, Ordering::Release);
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

impl Opaque for rd_kafka_mock_cluster_s {
    type Target = MockCluster;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4d_6f63;
    const BOUND_TO_PROCESS: bool = true;
}

const END_TXN: i16 = 26;
/// The first version of EndTxn that is answered with the next epoch.
const END_TXN_WITH_EPOCH: i16 = 5;
const NEWEST_TRANSACTION_VERSION: i16 = 2;

/// Of the clusters that applications make. Their tests inject errors into requests of
/// transactions of version 1, which is all that librdkafka has; the program `kafka-mock`
/// has version 2 as well. They also go on with transactions a little after their timeout,
/// which Kafka lets them by looking for those every ten seconds only. Share sessions end
/// when nothing comes, too. Members of groups of the consumer protocol are heard more
/// often than Kafka's are, get new partitions together, and regular expressions are
/// resolved at once. A refused Fetch waits: tests count on errors that come no faster
/// than `fetch.wait.max.ms`.
fn options() -> Options {
    Options {
        transaction_version: 1,
        transaction_abort_delay_ms: 10_000,
        consumer_groups: consumer::Settings {
            heartbeat_interval_ms: 3000,
            session_timeout_ms: 30_000,
            resolve: consumer::Resolve::AtOnce,
            new_partitions_together: true,
            ..consumer::Settings::default()
        },
        refused_fetches_wait: true,
        share: share::Settings {
            sessions_expire: true,
            ..share::Settings::default()
        },
        ..Options::default()
    }
}

/// The cluster that `test.mock.num.brokers` asks for; it takes the place of the
/// configured brokers and of what secures the way to them.
pub(in crate::capi) fn embedded(
    conf: &mut Conf,
) -> Result<Option<Box<Tagged<rd_kafka_mock_cluster_t>>>, KafkaError> {
    if conf.global.test_mock_num_brokers <= 0 {
        return Ok(None);
    }
    let options = Options {
        rtt_ms: u32::try_from(conf.global.test_mock_broker_rtt).unwrap_or(0),
        ..options()
    };
    let cluster = Cluster::new(conf.global.test_mock_num_brokers, options).map_err(|e| {
        KafkaError::new(
            ErrorCode::_CRIT_SYS_RESOURCE,
            format!("The mock cluster cannot start: {e}"),
        )
    })?;
    conf.global.metadata_broker_list = Some(cluster.bootstraps().to_owned());
    conf.global.security_protocol = SecurityProtocol::Plaintext;
    let mock = MockCluster::new(cluster, ptr::null_mut());
    Ok(Some(Box::new(Tagged::new(mock))))
}

fn code(e: CommandError) -> ErrorCode {
    match e {
        CommandError::InvalidArgument => ErrorCode::_INVALID_ARG,
        CommandError::UnknownBroker => ErrorCode::_UNKNOWN_BROKER,
        CommandError::BrokerNotAvailable => ErrorCode::BROKER_NOT_AVAILABLE,
        CommandError::UnknownTopicOrPartition => ErrorCode::UNKNOWN_TOPIC_OR_PART,
        CommandError::UnknownGroup => ErrorCode::GROUP_ID_NOT_FOUND,
        CommandError::TopicAlreadyExists => ErrorCode::TOPIC_ALREADY_EXISTS,
        CommandError::OffsetOutOfRange => ErrorCode::OFFSET_OUT_OF_RANGE,
        CommandError::Transport => ErrorCode::_TRANSPORT,
    }
}

/// Sends the cluster a command.
///
/// # Safety
/// As for [`handle::get`].
pub(super) unsafe fn ask<T>(
    mcluster: *const rd_kafka_mock_cluster_t,
    command: impl FnOnce(&Cluster) -> Result<T, CommandError>,
) -> Result<T, ErrorCode> {
    // SAFETY: the caller's.
    let m = unsafe { handle::get(mcluster) }.ok_or(ErrorCode::_INVALID_ARG)?;
    command(&m.cluster).map_err(code)
}

/// As [`ask`], for a command whose outcome is a code.
///
/// # Safety
/// As for [`handle::get`].
pub(in crate::capi) unsafe fn with(
    mcluster: *const rd_kafka_mock_cluster_t,
    command: impl FnOnce(&Cluster) -> Result<(), CommandError>,
) -> rd_kafka_resp_err_t {
    // SAFETY: the caller's.
    match unsafe { ask(mcluster, command) } {
        Ok(()) => ErrorCode::NO_ERROR,
        Err(code) => code,
    }
}

/// The codes in an array of C's.
///
/// # Safety
/// `errors` points to `cnt` codes, or is null.
pub(in crate::capi) unsafe fn codes(errors: *const rd_kafka_resp_err_t, cnt: size_t) -> Vec<i32> {
    if errors.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's.
    let all = unsafe { std::slice::from_raw_parts(errors, cnt) };
    all.iter().map(|e| e.0).collect()
}

/// Makes a cluster of `broker_cnt` brokers, with ids from 1; `rk` is used for logging
/// and memory. Null if the ports cannot be had. Ended by
/// `rd_kafka_mock_cluster_destroy`, before `rk`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cluster_new(
    rk: *mut rd_kafka_t,
    broker_cnt: c_int,
) -> *mut rd_kafka_mock_cluster_t {
    ffi!({
        let _whole = NotCancelled::new();
        match Cluster::new(broker_cnt, options()) {
            Ok(cluster) => {
                // SAFETY: the instance lives as long as the cluster.
                if let Some(i) = unsafe { handle::get(rk.cast_const()) } {
                    cluster.trace(Some(i.client.shared.logger.clone()));
                }
                handle::give(MockCluster::new(cluster, rk))
            }
            Err(_) => ptr::null_mut(),
        }
    })
}

/// Ends a cluster that `rd_kafka_mock_cluster_new` made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cluster_destroy(mcluster: *mut rd_kafka_mock_cluster_t) {
    ffi!({
        let _whole = NotCancelled::new();
        // SAFETY: the application gives the cluster up.
        drop(unsafe { handle::take(mcluster) });
    })
}

/// The client instance that the cluster was made with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cluster_handle(
    mcluster: *const rd_kafka_mock_cluster_t,
) -> *mut rd_kafka_t {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        unsafe { handle::peek(mcluster) }
            .map_or(ptr::null_mut(), |m| m.owner.load(Ordering::Acquire))
    })
}

/// The cluster of an instance that has `test.mock.num.brokers` set, or null. It belongs
/// to the instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_handle_mock_cluster(
    rk: *const rd_kafka_t,
) -> *mut rd_kafka_mock_cluster_t {
    ffi!({
        // SAFETY: the instance lives as long as the call.
        let mock = unsafe { handle::get(rk) }.and_then(|i| i.mock.as_ref());
        mock.map_or(ptr::null_mut(), |m| handle::lend(m).cast_mut())
    })
}

/// The brokers, as `bootstrap.servers` wants them. Good as long as the cluster.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cluster_bootstraps(
    mcluster: *const rd_kafka_mock_cluster_t,
) -> *const c_char {
    ffi!({
        // SAFETY: the cluster lives as long as the call, and the text as long as it.
        unsafe { handle::peek(mcluster) }.map_or(ptr::null(), |m| m.bootstraps.as_ptr())
    })
}

/// Drops the errors that are left for requests of kind `ApiKey`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_clear_request_errors(
    mcluster: *mut rd_kafka_mock_cluster_t,
    ApiKey: i16,
) {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.clear_request_errors(ApiKey)) };
    })
}

/// As `rd_kafka_mock_push_request_errors`, with the errors in an array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_push_request_errors_array(
    mcluster: *mut rd_kafka_mock_cluster_t,
    ApiKey: i16,
    cnt: size_t,
    errors: *const rd_kafka_resp_err_t,
) {
    ffi!({
        // SAFETY: the application passes `cnt` errors.
        let codes = unsafe { codes(errors, cnt) };
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.push_request_errors(ApiKey, &codes)) };
    })
}

/// Makes a broker the coordinator of a "group" or "transaction" (`key_type`) with the
/// id `key`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_coordinator_set(
    mcluster: *mut rd_kafka_mock_cluster_t,
    key_type: *const c_char,
    key: *const c_char,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or text that the application passes.
        let (kind, key) = unsafe { (cstr::text(key_type), cstr::text(key)) };
        let (kind, Some(key)) = (kind.as_deref(), key) else {
            return ErrorCode::_INVALID_ARG;
        };
        let kind = match kind {
            Some("group") => 0,
            Some("transaction") => 1,
            _ => return ErrorCode::_INVALID_ARG,
        };
        // SAFETY: the cluster lives as long as the call.
        unsafe { with(mcluster, |c| c.set_coordinator(kind, &key, broker_id)) }
    })
}

/// Sets the versions of a request that the brokers say they know; -1 and -1 for not
/// knowing it at all. EndTxn up to 5 or more brings transaction.version 2, and clients
/// that know it have transactions as of KIP-890; without that, or without Produce 12 or
/// TxnOffsetCommit 5, it is 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_set_apiversion(
    mcluster: *mut rd_kafka_mock_cluster_t,
    ApiKey: i16,
    MinVersion: i16,
    MaxVersion: i16,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.set_api_versions(ApiKey, MinVersion, MaxVersion)?;
                if ApiKey == END_TXN && MaxVersion >= END_TXN_WITH_EPOCH {
                    c.set_transaction_version(NEWEST_TRANSACTION_VERSION)?;
                }
                Ok(())
            })
        }
    })
}

/// Sets which broker metadata names as the controller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_set_controller_id(
    mcluster: *mut rd_kafka_mock_cluster_t,
    controller_id: i32,
) {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.set_controller(controller_id)) };
    })
}
