//! From an event to the admin result in it.

use crate::admin::options::AdminOp;
use crate::capi::admin::elements::ResultObjects;
use crate::capi::boundary::ffi;
use crate::capi::event::EventObject;
use crate::capi::handle;
use crate::capi::types::{
    rd_kafka_AlterConfigs_result_t, rd_kafka_AlterConsumerGroupOffsets_result_t,
    rd_kafka_AlterUserScramCredentials_result_t, rd_kafka_CreateAcls_result_t,
    rd_kafka_CreatePartitions_result_t, rd_kafka_CreateTopics_result_t,
    rd_kafka_DeleteAcls_result_t, rd_kafka_DeleteConsumerGroupOffsets_result_t,
    rd_kafka_DeleteGroups_result_t, rd_kafka_DeleteRecords_result_t,
    rd_kafka_DeleteTopics_result_t, rd_kafka_DescribeAcls_result_t,
    rd_kafka_DescribeCluster_result_t, rd_kafka_DescribeConfigs_result_t,
    rd_kafka_DescribeConsumerGroups_result_t, rd_kafka_DescribeTopics_result_t,
    rd_kafka_DescribeUserScramCredentials_result_t, rd_kafka_ElectLeaders_result_t,
    rd_kafka_IncrementalAlterConfigs_result_t, rd_kafka_ListConsumerGroupOffsets_result_t,
    rd_kafka_ListConsumerGroups_result_t, rd_kafka_ListOffsets_result_t, rd_kafka_event_t,
};

/// The event itself, if it is a result of `op`.
///
/// # Safety
/// Null, or a live event.
unsafe fn result(rkev: *mut rd_kafka_event_t, op: AdminOp) -> *const rd_kafka_event_t {
    // SAFETY: the caller's promise.
    let outcome = unsafe { handle::get(rkev.cast_const()) }.and_then(|event| event.outcome());
    match outcome {
        Some(outcome) if outcome.op == op => rkev.cast_const(),
        _ => std::ptr::null(),
    }
}

/// The objects of an event; `None` for null and for what is no event.
///
/// # Safety
/// Null, or an event of the application's that lives for `'a`.
pub(crate) unsafe fn objects<'a>(event: *const rd_kafka_event_t) -> Option<&'a ResultObjects> {
    // SAFETY: the caller's promise.
    unsafe { handle::get(event) }.map(EventObject::result)
}

/// The body of a getter that gives out an array of a result: that of a variant.
macro_rules! result_array {
    ($variant:ident, $result:expr, $count:expr) => {
        // SAFETY: an event and a variable of the application's.
        unsafe {
            let all = match $crate::capi::admin::events::objects($result) {
                Some($crate::capi::admin::elements::ResultObjects::$variant(all)) => Some(all),
                _ => None,
            };
            $crate::capi::admin::elements::give(all, $count)
        }
    };
}
pub(crate) use result_array;

/// The result of CreateTopics if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_CreateTopics_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_CreateTopics_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::CREATE_TOPICS) } })
}

/// The result of DeleteTopics if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DeleteTopics_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DeleteTopics_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DELETE_TOPICS) } })
}

/// The result of CreatePartitions if the event is one, otherwise null. It belongs to
/// the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_CreatePartitions_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_CreatePartitions_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::CREATE_PARTITIONS) } })
}

/// The result of AlterConfigs if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_AlterConfigs_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_AlterConfigs_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::ALTER_CONFIGS) } })
}

/// The result of IncrementalAlterConfigs if the event is one, otherwise null. It
/// belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_IncrementalAlterConfigs_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_IncrementalAlterConfigs_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::INCREMENTAL_ALTER_CONFIGS) } })
}

/// The result of DescribeConfigs if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DescribeConfigs_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DescribeConfigs_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DESCRIBE_CONFIGS) } })
}

/// The result of DeleteRecords if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DeleteRecords_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DeleteRecords_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DELETE_RECORDS) } })
}

/// The result of ListConsumerGroups if the event is one, otherwise null. It belongs to
/// the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_ListConsumerGroups_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_ListConsumerGroups_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::LIST_CONSUMER_GROUPS) } })
}

/// The result of DescribeConsumerGroups if the event is one, otherwise null. It belongs
/// to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DescribeConsumerGroups_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DescribeConsumerGroups_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DESCRIBE_CONSUMER_GROUPS) } })
}

/// The result of DescribeTopics if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DescribeTopics_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DescribeTopics_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DESCRIBE_TOPICS) } })
}

/// The result of DescribeCluster if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DescribeCluster_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DescribeCluster_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DESCRIBE_CLUSTER) } })
}

/// The result of DeleteGroups if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DeleteGroups_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DeleteGroups_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DELETE_GROUPS) } })
}

/// The result of DeleteConsumerGroupOffsets if the event is one, otherwise null. It
/// belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DeleteConsumerGroupOffsets_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DeleteConsumerGroupOffsets_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DELETE_CONSUMER_GROUP_OFFSETS) } })
}

/// The result of CreateAcls if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_CreateAcls_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_CreateAcls_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::CREATE_ACLS) } })
}

/// The result of DescribeAcls if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DescribeAcls_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DescribeAcls_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DESCRIBE_ACLS) } })
}

/// The result of DeleteAcls if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DeleteAcls_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DeleteAcls_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DELETE_ACLS) } })
}

/// The result of ListConsumerGroupOffsets if the event is one, otherwise null. It
/// belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_ListConsumerGroupOffsets_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_ListConsumerGroupOffsets_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::LIST_CONSUMER_GROUP_OFFSETS) } })
}

/// The result of AlterConsumerGroupOffsets if the event is one, otherwise null. It
/// belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_AlterConsumerGroupOffsets_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_AlterConsumerGroupOffsets_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::ALTER_CONSUMER_GROUP_OFFSETS) } })
}

/// The result of ListOffsets if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_ListOffsets_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_ListOffsets_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::LIST_OFFSETS) } })
}

/// The result of DescribeUserScramCredentials if the event is one, otherwise null. It
/// belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_DescribeUserScramCredentials_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_DescribeUserScramCredentials_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::DESCRIBE_USER_SCRAM_CREDENTIALS) } })
}

/// The result of AlterUserScramCredentials if the event is one, otherwise null. It
/// belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_AlterUserScramCredentials_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_AlterUserScramCredentials_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::ALTER_USER_SCRAM_CREDENTIALS) } })
}

/// The result of ElectLeaders if the event is one, otherwise null. It belongs to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_ElectLeaders_result(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_ElectLeaders_result_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { result(rkev, AdminOp::ELECT_LEADERS) } })
}
