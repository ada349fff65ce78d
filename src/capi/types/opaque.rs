//! The types that C knows by name and pointer only.
//!
//! What stands behind each of them, and who owns it, is said by its
//! implementation of [`Opaque`](crate::capi::handle::Opaque), beside the functions that make it.

use crate::capi::boundary::Pointee;

/// A client instance: a producer or a consumer. Made by `rd_kafka_new`, ended by `rd_kafka_destroy`; any thread may use it.
pub type rd_kafka_t = rd_kafka_s;
/// A topic of one client instance, with its own settings. Counted: every `rd_kafka_topic_new` asks for one `rd_kafka_topic_destroy`.
pub type rd_kafka_topic_t = rd_kafka_topic_s;
/// The settings for a client instance that is to be made.
pub type rd_kafka_conf_t = rd_kafka_conf_s;
/// The settings for a topic.
pub type rd_kafka_topic_conf_t = rd_kafka_topic_conf_s;
/// A reference to a queue of events, which one or more threads can poll.
pub type rd_kafka_queue_t = rd_kafka_queue_s;
/// Something that a queue has for the application. Its kind says which accessors apply; it is freed by `rd_kafka_event_destroy`.
pub type rd_kafka_event_t = rd_kafka_op_s;
/// What an admin operation did to one topic. Lives as long as the result event.
pub type rd_kafka_topic_result_t = rd_kafka_topic_result_s;
/// A consumer's membership in its group at one moment, as a transactional producer needs it.
pub type rd_kafka_consumer_group_metadata_t = rd_kafka_consumer_group_metadata_s;
/// An error with its code, its text and what can be done about it.
pub type rd_kafka_error_t = rd_kafka_error_s;
/// The headers of a message, in order; names may repeat.
pub type rd_kafka_headers_t = rd_kafka_headers_s;
/// What an admin operation did to one consumer group. Lives as long as the result event.
pub type rd_kafka_group_result_t = rd_kafka_group_result_s;
/// What CreateAcls did with one binding. Lives as long as the result event.
pub type rd_kafka_acl_result_t = rd_kafka_acl_result_s;
/// A 128-bit id, such as a topic's (KIP-516).
pub type rd_kafka_Uuid_t = rd_kafka_Uuid_s;
/// What an admin operation did to one partition. Lives as long as the result event.
pub type rd_kafka_topic_partition_result_t = rd_kafka_topic_partition_result_s;
/// A share consumer (KIP-932).
pub type rd_kafka_share_t = rd_kafka_share_s;
/// A batch of messages from a share consumer.
pub type rd_kafka_messages_t = rd_kafka_messages_s;
/// One partition and the offsets in it that were acknowledged.
pub type rd_kafka_share_partition_offsets_t = rd_kafka_share_partition_offsets_s;
/// Acknowledged offsets, by partition.
pub type rd_kafka_share_partition_offsets_list_t = rd_kafka_share_partition_offsets_list_s;
/// A broker as the cluster describes it. Lives as long as the result that holds it.
pub type rd_kafka_Node_t = rd_kafka_Node_s;
/// The options of an admin request.
pub type rd_kafka_AdminOptions_t = rd_kafka_AdminOptions_s;
/// A topic for CreateTopics to create.
pub type rd_kafka_NewTopic_t = rd_kafka_NewTopic_s;
/// A topic for DeleteTopics to delete.
pub type rd_kafka_DeleteTopic_t = rd_kafka_DeleteTopic_s;
/// The partitions that CreatePartitions is to give a topic.
pub type rd_kafka_NewPartitions_t = rd_kafka_NewPartitions_s;
/// One setting of a broker, topic or group, with its source.
pub type rd_kafka_ConfigEntry_t = rd_kafka_ConfigEntry_s;
/// A broker, topic or group whose settings are read or changed.
pub type rd_kafka_ConfigResource_t = rd_kafka_ConfigResource_s;
/// The offsets before which DeleteRecords removes records.
pub type rd_kafka_DeleteRecords_t = rd_kafka_DeleteRecords_s;
/// The topics that DescribeTopics asks for.
pub type rd_kafka_TopicCollection_t = rd_kafka_TopicCollection_s;
/// One partition in a topic's description.
pub type rd_kafka_TopicPartitionInfo_t = rd_kafka_TopicPartitionInfo_s;
/// What DescribeTopics says of one topic.
pub type rd_kafka_TopicDescription_t = rd_kafka_TopicDescription_s;
/// One group in the answer of ListConsumerGroups.
pub type rd_kafka_ConsumerGroupListing_t = rd_kafka_ConsumerGroupListing_s;
/// The answer of ListConsumerGroups.
pub type rd_kafka_ListConsumerGroupsResult_t = rd_kafka_ListConsumerGroupsResult_s;
/// What DescribeConsumerGroups says of one group.
pub type rd_kafka_ConsumerGroupDescription_t = rd_kafka_ConsumerGroupDescription_s;
/// One member in a group's description.
pub type rd_kafka_MemberDescription_t = rd_kafka_MemberDescription_s;
/// The partitions that a group's member has.
pub type rd_kafka_MemberAssignment_t = rd_kafka_MemberAssignment_s;
/// A group for DeleteGroups to delete.
pub type rd_kafka_DeleteGroup_t = rd_kafka_DeleteGroup_s;
/// The group, and optionally the partitions, whose committed offsets are asked for.
pub type rd_kafka_ListConsumerGroupOffsets_t = rd_kafka_ListConsumerGroupOffsets_s;
/// The group and the offsets to set for it.
pub type rd_kafka_AlterConsumerGroupOffsets_t = rd_kafka_AlterConsumerGroupOffsets_s;
/// The group and the partitions whose committed offsets are to go.
pub type rd_kafka_DeleteConsumerGroupOffsets_t = rd_kafka_DeleteConsumerGroupOffsets_s;
/// What ListOffsets says of one partition.
pub type rd_kafka_ListOffsetsResultInfo_t = rd_kafka_ListOffsetsResultInfo_s;
/// One SCRAM credential of a user: mechanism and iterations.
pub type rd_kafka_ScramCredentialInfo_t = rd_kafka_ScramCredentialInfo_s;
/// The SCRAM credentials of one user.
pub type rd_kafka_UserScramCredentialsDescription_t = rd_kafka_UserScramCredentialsDescription_s;
/// A SCRAM credential to set or to delete.
pub type rd_kafka_UserScramCredentialAlteration_t = rd_kafka_UserScramCredentialAlteration_s;
/// What AlterUserScramCredentials did for one user.
pub type rd_kafka_AlterUserScramCredentials_result_response_t =
    rd_kafka_AlterUserScramCredentials_result_response_s;
/// An access control entry; also, with wildcards, a filter for entries.
pub type rd_kafka_AclBinding_t = rd_kafka_AclBinding_s;
/// What DeleteAcls did for one filter.
pub type rd_kafka_DeleteAcls_result_response_t = rd_kafka_DeleteAcls_result_response_s;
/// The partitions for which ElectLeaders is to elect leaders.
pub type rd_kafka_ElectLeaders_t = rd_kafka_ElectLeaders_s;

pub struct rd_kafka_s {
    _private: [u8; 0],
}

pub struct rd_kafka_topic_s {
    _private: [u8; 0],
}

pub struct rd_kafka_conf_s {
    _private: [u8; 0],
}

pub struct rd_kafka_topic_conf_s {
    _private: [u8; 0],
}

pub struct rd_kafka_queue_s {
    _private: [u8; 0],
}

pub struct rd_kafka_op_s {
    _private: [u8; 0],
}

pub struct rd_kafka_topic_result_s {
    _private: [u8; 0],
}

pub struct rd_kafka_consumer_group_metadata_s {
    _private: [u8; 0],
}

pub struct rd_kafka_error_s {
    _private: [u8; 0],
}

pub struct rd_kafka_headers_s {
    _private: [u8; 0],
}

pub struct rd_kafka_group_result_s {
    _private: [u8; 0],
}

pub struct rd_kafka_acl_result_s {
    _private: [u8; 0],
}

pub struct rd_kafka_Uuid_s {
    _private: [u8; 0],
}

pub struct rd_kafka_topic_partition_result_s {
    _private: [u8; 0],
}

pub struct rd_kafka_share_s {
    _private: [u8; 0],
}

pub struct rd_kafka_messages_s {
    _private: [u8; 0],
}

pub struct rd_kafka_share_partition_offsets_s {
    _private: [u8; 0],
}

pub struct rd_kafka_share_partition_offsets_list_s {
    _private: [u8; 0],
}

pub struct rd_kafka_Node_s {
    _private: [u8; 0],
}

pub struct rd_kafka_AdminOptions_s {
    _private: [u8; 0],
}

pub struct rd_kafka_NewTopic_s {
    _private: [u8; 0],
}

pub struct rd_kafka_DeleteTopic_s {
    _private: [u8; 0],
}

pub struct rd_kafka_NewPartitions_s {
    _private: [u8; 0],
}

pub struct rd_kafka_ConfigEntry_s {
    _private: [u8; 0],
}

pub struct rd_kafka_ConfigResource_s {
    _private: [u8; 0],
}

pub struct rd_kafka_DeleteRecords_s {
    _private: [u8; 0],
}

pub struct rd_kafka_TopicCollection_s {
    _private: [u8; 0],
}

pub struct rd_kafka_TopicPartitionInfo_s {
    _private: [u8; 0],
}

pub struct rd_kafka_TopicDescription_s {
    _private: [u8; 0],
}

pub struct rd_kafka_ConsumerGroupListing_s {
    _private: [u8; 0],
}

pub struct rd_kafka_ListConsumerGroupsResult_s {
    _private: [u8; 0],
}

pub struct rd_kafka_ConsumerGroupDescription_s {
    _private: [u8; 0],
}

pub struct rd_kafka_MemberDescription_s {
    _private: [u8; 0],
}

pub struct rd_kafka_MemberAssignment_s {
    _private: [u8; 0],
}

pub struct rd_kafka_DeleteGroup_s {
    _private: [u8; 0],
}

pub struct rd_kafka_ListConsumerGroupOffsets_s {
    _private: [u8; 0],
}

pub struct rd_kafka_AlterConsumerGroupOffsets_s {
    _private: [u8; 0],
}

pub struct rd_kafka_DeleteConsumerGroupOffsets_s {
    _private: [u8; 0],
}

pub struct rd_kafka_ListOffsetsResultInfo_s {
    _private: [u8; 0],
}

pub struct rd_kafka_ScramCredentialInfo_s {
    _private: [u8; 0],
}

pub struct rd_kafka_UserScramCredentialsDescription_s {
    _private: [u8; 0],
}

pub struct rd_kafka_UserScramCredentialAlteration_s {
    _private: [u8; 0],
}

pub struct rd_kafka_AlterUserScramCredentials_result_response_s {
    _private: [u8; 0],
}

pub struct rd_kafka_AclBinding_s {
    _private: [u8; 0],
}

pub struct rd_kafka_DeleteAcls_result_response_s {
    _private: [u8; 0],
}

pub struct rd_kafka_ElectLeaders_s {
    _private: [u8; 0],
}

/// The kinds of a type that are one in memory.
mod aliases {
    use super::{rd_kafka_AclBinding_t, rd_kafka_event_t};

    /// The event with the result of CreateTopics.
    pub type rd_kafka_CreateTopics_result_t = rd_kafka_event_t;
    /// The event with the result of DeleteTopics.
    pub type rd_kafka_DeleteTopics_result_t = rd_kafka_event_t;
    /// The event with the result of CreateAcls.
    pub type rd_kafka_CreateAcls_result_t = rd_kafka_event_t;
    /// The event with the result of DescribeAcls.
    pub type rd_kafka_DescribeAcls_result_t = rd_kafka_event_t;
    /// The event with the result of DeleteAcls.
    pub type rd_kafka_DeleteAcls_result_t = rd_kafka_event_t;
    /// The event with the result of CreatePartitions.
    pub type rd_kafka_CreatePartitions_result_t = rd_kafka_event_t;
    /// The event with the result of AlterConfigs.
    pub type rd_kafka_AlterConfigs_result_t = rd_kafka_event_t;
    /// The event with the result of IncrementalAlterConfigs.
    pub type rd_kafka_IncrementalAlterConfigs_result_t = rd_kafka_event_t;
    /// The event with the result of DescribeConfigs.
    pub type rd_kafka_DescribeConfigs_result_t = rd_kafka_event_t;
    /// The event with the result of DeleteRecords.
    pub type rd_kafka_DeleteRecords_result_t = rd_kafka_event_t;
    /// The event with the result of ListConsumerGroups.
    pub type rd_kafka_ListConsumerGroups_result_t = rd_kafka_event_t;
    /// The event with the result of DescribeConsumerGroups.
    pub type rd_kafka_DescribeConsumerGroups_result_t = rd_kafka_event_t;
    /// The event with the result of DeleteGroups.
    pub type rd_kafka_DeleteGroups_result_t = rd_kafka_event_t;
    /// The event with the result of DeleteConsumerGroupOffsets.
    pub type rd_kafka_DeleteConsumerGroupOffsets_result_t = rd_kafka_event_t;
    /// The event with the result of AlterConsumerGroupOffsets.
    pub type rd_kafka_AlterConsumerGroupOffsets_result_t = rd_kafka_event_t;
    /// The event with the result of ListConsumerGroupOffsets.
    pub type rd_kafka_ListConsumerGroupOffsets_result_t = rd_kafka_event_t;
    /// The event with the result of DescribeTopics.
    pub type rd_kafka_DescribeTopics_result_t = rd_kafka_event_t;
    /// The event with the result of DescribeCluster.
    pub type rd_kafka_DescribeCluster_result_t = rd_kafka_event_t;
    /// The event with the result of DescribeUserScramCredentials.
    pub type rd_kafka_DescribeUserScramCredentials_result_t = rd_kafka_event_t;
    /// The event with the result of AlterUserScramCredentials.
    pub type rd_kafka_AlterUserScramCredentials_result_t = rd_kafka_event_t;
    /// The event with the result of ListOffsets.
    pub type rd_kafka_ListOffsets_result_t = rd_kafka_event_t;
    /// The event with the result of ElectLeaders.
    pub type rd_kafka_ElectLeaders_result_t = rd_kafka_event_t;
    /// An access control entry with wildcards: null strings and `ANY` values match everything.
    pub type rd_kafka_AclBindingFilter_t = rd_kafka_AclBinding_t;
}
pub use aliases::*;

macro_rules! pointees {
    ($($type:ident)*) => {
        $(impl Pointee for $type {})*
    };
}

pointees! {
    rd_kafka_s
    rd_kafka_topic_s
    rd_kafka_conf_s
    rd_kafka_topic_conf_s
    rd_kafka_queue_s
    rd_kafka_op_s
    rd_kafka_topic_result_s
    rd_kafka_consumer_group_metadata_s
    rd_kafka_headers_s
    rd_kafka_group_result_s
    rd_kafka_acl_result_s
    rd_kafka_Uuid_s
    rd_kafka_topic_partition_result_s
    rd_kafka_share_s
    rd_kafka_messages_s
    rd_kafka_share_partition_offsets_s
    rd_kafka_share_partition_offsets_list_s
    rd_kafka_Node_s
    rd_kafka_AdminOptions_s
    rd_kafka_NewTopic_s
    rd_kafka_DeleteTopic_s
    rd_kafka_NewPartitions_s
    rd_kafka_ConfigEntry_s
    rd_kafka_ConfigResource_s
    rd_kafka_DeleteRecords_s
    rd_kafka_TopicCollection_s
    rd_kafka_TopicPartitionInfo_s
    rd_kafka_TopicDescription_s
    rd_kafka_ConsumerGroupListing_s
    rd_kafka_ListConsumerGroupsResult_s
    rd_kafka_ConsumerGroupDescription_s
    rd_kafka_MemberDescription_s
    rd_kafka_MemberAssignment_s
    rd_kafka_DeleteGroup_s
    rd_kafka_ListConsumerGroupOffsets_s
    rd_kafka_AlterConsumerGroupOffsets_s
    rd_kafka_DeleteConsumerGroupOffsets_s
    rd_kafka_ListOffsetsResultInfo_s
    rd_kafka_ScramCredentialInfo_s
    rd_kafka_UserScramCredentialsDescription_s
    rd_kafka_UserScramCredentialAlteration_s
    rd_kafka_AlterUserScramCredentials_result_response_s
    rd_kafka_AclBinding_s
    rd_kafka_DeleteAcls_result_response_s
    rd_kafka_ElectLeaders_s
}
