//! Objects of a result as C gets them: pointers that stay good as long as their owner.

use libc::size_t;

use std::ffi::CString;

use crate::admin::results::partitions::PartitionOffset;
use crate::admin::results::topics::ClusterDescription;
use crate::admin::results::{AdminResult, Node, TopicResult};
use crate::capi::boundary::put;
use crate::capi::error::ErrorObject;
use crate::capi::handle::{Boxed, Opaque, Tagged};
use crate::capi::topic_partition::{List, set_leader_epoch};
use crate::capi::types::{
    rd_kafka_AclBinding_s, rd_kafka_AclOperation_t,
    rd_kafka_AlterUserScramCredentials_result_response_s, rd_kafka_ConfigResource_s,
    rd_kafka_ConsumerGroupDescription_s, rd_kafka_ConsumerGroupListing_s,
    rd_kafka_DeleteAcls_result_response_s, rd_kafka_ListOffsetsResultInfo_s, rd_kafka_Node_s,
    rd_kafka_TopicDescription_s, rd_kafka_UserScramCredentialsDescription_s, rd_kafka_acl_result_s,
    rd_kafka_error_s, rd_kafka_group_result_s, rd_kafka_topic_partition_result_s,
    rd_kafka_topic_result_s,
};

/// Objects of one kind, each where it stays.
pub(crate) struct Elements<H: Opaque>(
    #[allow(
        clippy::vec_box,
        reason = "C has pointers to the elements, and to the array of pointers to them"
    )]
    Vec<Box<Tagged<H>>>,
);

impl<H: Opaque> Default for Elements<H> {
    fn default() -> Self {
        Elements(Vec::new())
    }
}

impl<H: Opaque> Elements<H> {
    pub(crate) fn new(objects: impl IntoIterator<Item = impl Into<H::Target>>) -> Self {
        let mut all = Elements::default();
        for object in objects {
            all.push(object.into());
        }
        all
    }

    /// Pointers to the others stay good; the array that was given before does not.
    pub(crate) fn push(&mut self, object: H::Target) {
        self.0.push(Box::new(Tagged::new(object)));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &H::Target> {
        self.0.iter().map(|object| &***object)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Tagged<H>> {
        self.0.get(at).map(AsRef::as_ref)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The array of pointers, and its length in `count`; null if it is empty.
    ///
    /// # Safety
    /// `count` is null, or a variable of the application's.
    pub(crate) unsafe fn give(&self, count: *mut size_t) -> *mut *const H {
        // SAFETY: the caller's promise.
        unsafe { put(count, self.0.len()) };
        if self.0.is_empty() {
            return std::ptr::null_mut();
        }
        // A box is a pointer, and nobody writes through this one.
        self.0.as_ptr().cast::<*const H>().cast_mut()
    }
}

/// As [`Elements::give`]; what is not there has no elements.
///
/// # Safety
/// `count` is null, or a variable of the application's.
pub(crate) unsafe fn give<H: Opaque>(
    elements: Option<&Elements<H>>,
    count: *mut size_t,
) -> *mut *const H {
    // SAFETY: the caller's promise.
    unsafe {
        match elements {
            Some(elements) => elements.give(count),
            None => {
                put(count, 0);
                std::ptr::null_mut()
            }
        }
    }
}

/// What an admin event holds for C.
#[derive(Default)]
pub(crate) enum ResultObjects {
    #[default]
    None,
    Topics(Elements<rd_kafka_topic_result_s>),
    Resources(Elements<rd_kafka_ConfigResource_s>),
    CreatedAcls(Elements<rd_kafka_acl_result_s>),
    Acls(Elements<rd_kafka_AclBinding_s>),
    DeletedAcls(Elements<rd_kafka_DeleteAcls_result_response_s>),
    GroupListings {
        valid: Elements<rd_kafka_ConsumerGroupListing_s>,
        errors: Elements<rd_kafka_error_s>,
    },
    GroupDescriptions(Elements<rd_kafka_ConsumerGroupDescription_s>),
    Groups(Elements<rd_kafka_group_result_s>),
    DeletedRecords(List),
    Offsets(Elements<rd_kafka_ListOffsetsResultInfo_s>),
    Elections(Elements<rd_kafka_topic_partition_result_s>),
    TopicDescriptions(Elements<rd_kafka_TopicDescription_s>),
    Cluster(ClusterObject),
    ScramUsers(Elements<rd_kafka_UserScramCredentialsDescription_s>),
    ScramAltered(Elements<rd_kafka_AlterUserScramCredentials_result_response_s>),
}

impl From<AdminResult> for ResultObjects {
    fn from(result: AdminResult) -> Self {
        match result {
            AdminResult::None => ResultObjects::None,
            AdminResult::Topics(all) => ResultObjects::Topics(Elements::new(all)),
            AdminResult::Resources(all) => ResultObjects::Resources(Elements::new(all)),
            AdminResult::CreatedAcls(all) => ResultObjects::CreatedAcls(Elements::new(all)),
            AdminResult::Acls(all) => ResultObjects::Acls(Elements::new(all)),
            AdminResult::DeletedAcls(all) => ResultObjects::DeletedAcls(Elements::new(all)),
            AdminResult::GroupListings(all) => ResultObjects::GroupListings {
                valid: Elements::new(all.valid),
                errors: Elements::new(all.errors.into_iter().map(ErrorObject::new)),
            },
            AdminResult::GroupDescriptions(all) => {
                ResultObjects::GroupDescriptions(Elements::new(all))
            }
            AdminResult::Groups(all) => ResultObjects::Groups(Elements::new(all)),
            AdminResult::DeletedRecords(all) => ResultObjects::DeletedRecords(list_of(&all)),
            AdminResult::Offsets(all) => ResultObjects::Offsets(Elements::new(all)),
            AdminResult::Elections(all) => ResultObjects::Elections(Elements::new(all)),
            AdminResult::TopicDescriptions(all) => {
                ResultObjects::TopicDescriptions(Elements::new(all))
            }
            AdminResult::Cluster(cluster) => ResultObjects::Cluster(cluster.into()),
            AdminResult::ScramUsers(all) => ResultObjects::ScramUsers(Elements::new(all)),
            AdminResult::ScramAltered(all) => ResultObjects::ScramAltered(Elements::new(all)),
        }
    }
}

/// A cluster as it is described.
pub(crate) struct ClusterObject {
    pub(crate) id: Option<CString>,
    pub(crate) controller: Option<Tagged<rd_kafka_Node_s>>,
    pub(crate) nodes: Elements<rd_kafka_Node_s>,
    pub(crate) operations: Option<Vec<rd_kafka_AclOperation_t>>,
}

impl From<ClusterDescription> for ClusterObject {
    fn from(cluster: ClusterDescription) -> Self {
        let operations = |all: Vec<i32>| all.into_iter().map(rd_kafka_AclOperation_t).collect();
        ClusterObject {
            id: cluster.id,
            controller: cluster.controller.map(Tagged::new),
            nodes: Elements::new(cluster.nodes),
            operations: cluster.operations.map(operations),
        }
    }
}

/// The partitions with their offsets and errors.
pub(crate) fn list_of(all: &[PartitionOffset]) -> List {
    let mut list = List::with_room_for(all.len());
    for result in all {
        let element = list.push(result.topic.as_bytes(), result.partition);
        element.offset = result.offset;
        element.err = result.code;
        set_leader_epoch(element, result.leader_epoch);
    }
    list
}

impl Opaque for rd_kafka_topic_result_s {
    type Target = TopicResult;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b54_5265;
}

impl Opaque for rd_kafka_Node_s {
    type Target = Node;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4e_6f64;
}
