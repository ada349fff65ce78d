//! ElectLeaders.

use libc::size_t;

use crate::admin::by_leader::Asked;
use crate::admin::elect_leaders as election;
use crate::admin::options::AdminOp;
use crate::base::error::KafkaError;
use crate::capi::admin::events::result_array;
use crate::capi::admin::request;
use crate::capi::boundary::ffi;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::topic_partition::List;
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_ElectLeaders_result_t, rd_kafka_ElectLeaders_s,
    rd_kafka_ElectLeaders_t, rd_kafka_ElectionType_t, rd_kafka_queue_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_result_t,
};

/// What an `rd_kafka_ElectLeaders_t` points to.
#[derive(Debug)]
pub(crate) struct ElectLeaders {
    pub(crate) election_type: rd_kafka_ElectionType_t,
    /// `None` for all partitions.
    pub(crate) partitions: Option<List>,
}

impl Opaque for rd_kafka_ElectLeaders_s {
    type Target = ElectLeaders;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b45_4c65;
}

/// The election's type and partitions.
type Given = (i32, Option<Vec<Asked>>);

/// # Safety
/// Null, or an object of the application's.
unsafe fn given(elections: *mut rd_kafka_ElectLeaders_t) -> Result<Given, KafkaError> {
    // SAFETY: the caller's promise.
    let elections = unsafe { request::object(elections, "election") }?;
    let partitions = elections.partitions.as_ref().map(List::get);
    if let Some(partitions) = partitions {
        // librdkafka's tests compare the text.
        request::distinct_partitions(partitions)
            .map_err(|_| request::invalid("Duplicate partitions specified"))?;
    }
    Ok((elections.election_type.0, partitions.map(request::asked)))
}

/// The partitions for which leaders are to be elected, null for all, and how. The list
/// is copied. Freed by `rd_kafka_ElectLeaders_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ElectLeaders_new(
    election_type: rd_kafka_ElectionType_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_ElectLeaders_t {
    ffi!({
        // SAFETY: null or a list of the application's.
        let partitions = unsafe { partitions.as_ref() }.map(List::copy_of);
        handle::give(ElectLeaders {
            election_type,
            partitions,
        })
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ElectLeaders_destroy(
    elect_leaders: *mut rd_kafka_ElectLeaders_t,
) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(elect_leaders) });
    })
}

/// Elects leaders (KIP-460). The result is an ELECTLEADERS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ElectLeaders(
    rk: *mut rd_kafka_t,
    elect_leaders: *mut rd_kafka_ElectLeaders_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an object of the application's.
        unsafe {
            request::start(AdminOp::ELECT_LEADERS, rk, options, rkqu, |request| {
                let (election_type, partitions) = given(elect_leaders)?;
                Ok(election::elect(election_type, partitions, request).into())
            });
        }
    })
}

/// The results by partition, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ElectLeaders_result_partitions(
    result: *const rd_kafka_ElectLeaders_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_topic_partition_result_t {
    ffi!({ result_array!(Elections, result, cntp) })
}
