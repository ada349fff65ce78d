//! The cluster's metadata.

use libc::c_int;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_metadata, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_t};

/// Asks a broker for the cluster's brokers and topics, up to `timeout_ms`: all topics,
/// or `only_rkt`, or those that the instance knows. Sets `*metadatap`, which is freed
/// by `rd_kafka_metadata_destroy`. `_TIMED_OUT`, `_TRANSPORT` or another code if there
/// is no answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_metadata(
    rk: *mut rd_kafka_t,
    all_topics: c_int,
    only_rkt: *mut rd_kafka_topic_t,
    metadatap: *mut *const rd_kafka_metadata,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, all_topics, only_rkt, metadatap, timeout_ms) })
}

/// Frees what `rd_kafka_metadata` has set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_metadata_destroy(metadata: *const rd_kafka_metadata) {
    ffi!({ not_built!(metadata) })
}
