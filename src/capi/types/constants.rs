//! The constants that the header has as macros.

use libc::c_int;

/// The kind of an event, as `rd_kafka_event_type` gives it.
pub type rd_kafka_event_type_t = c_int;

/// The version of the interface: major, minor, revision, pre-release (0xff: none), a byte each.
pub const RD_KAFKA_VERSION: c_int = 0x021000ff;
/// Do not close the consumer: leave its group without saying so.
pub const RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE: c_int = 8;
/// No partition yet: the partitioner is to choose.
pub const RD_KAFKA_PARTITION_UA: c_int = -1;
/// From the first record there is.
pub const RD_KAFKA_OFFSET_BEGINNING: i64 = -2;
/// From the next record that is written.
pub const RD_KAFKA_OFFSET_END: i64 = -1;
/// From the committed offset.
pub const RD_KAFKA_OFFSET_STORED: i64 = -1000;
/// No offset.
pub const RD_KAFKA_OFFSET_INVALID: i64 = -1001;
/// See `RD_KAFKA_OFFSET_TAIL`.
pub const RD_KAFKA_OFFSET_TAIL_BASE: i64 = -2000;
/// The library frees the payload with `free()` when it is done.
pub const RD_KAFKA_MSG_F_FREE: c_int = 1;
/// The library copies the payload before the call returns.
pub const RD_KAFKA_MSG_F_COPY: c_int = 2;
/// Wait while the queue is full.
pub const RD_KAFKA_MSG_F_BLOCK: c_int = 4;
/// Each message of the batch has its own partition.
pub const RD_KAFKA_MSG_F_PARTITION: c_int = 8;
/// Messages that wait to be sent.
pub const RD_KAFKA_PURGE_F_QUEUE: c_int = 1;
/// Messages that were sent and not yet answered.
pub const RD_KAFKA_PURGE_F_INFLIGHT: c_int = 2;
/// Do not wait until they are gone.
pub const RD_KAFKA_PURGE_F_NON_BLOCKING: c_int = 4;
/// No event.
pub const RD_KAFKA_EVENT_NONE: c_int = 0;
/// Delivery reports of a producer.
pub const RD_KAFKA_EVENT_DR: c_int = 1;
/// A consumed message.
pub const RD_KAFKA_EVENT_FETCH: c_int = 2;
/// A log line.
pub const RD_KAFKA_EVENT_LOG: c_int = 4;
/// An error.
pub const RD_KAFKA_EVENT_ERROR: c_int = 8;
/// A rebalance, which the application must answer.
pub const RD_KAFKA_EVENT_REBALANCE: c_int = 16;
/// The result of a commit.
pub const RD_KAFKA_EVENT_OFFSET_COMMIT: c_int = 32;
/// Statistics, as JSON.
pub const RD_KAFKA_EVENT_STATS: c_int = 64;
/// The result of createtopics.
pub const RD_KAFKA_EVENT_CREATETOPICS_RESULT: c_int = 100;
/// The result of deletetopics.
pub const RD_KAFKA_EVENT_DELETETOPICS_RESULT: c_int = 101;
/// The result of createpartitions.
pub const RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT: c_int = 102;
/// The result of alterconfigs.
pub const RD_KAFKA_EVENT_ALTERCONFIGS_RESULT: c_int = 103;
/// The result of describeconfigs.
pub const RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT: c_int = 104;
/// The result of deleterecords.
pub const RD_KAFKA_EVENT_DELETERECORDS_RESULT: c_int = 105;
/// The result of deletegroups.
pub const RD_KAFKA_EVENT_DELETEGROUPS_RESULT: c_int = 106;
/// The result of deleteconsumergroupoffsets.
pub const RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT: c_int = 107;
/// A token is wanted.
pub const RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH: c_int = 256;
/// Ask for events on the background thread.
pub const RD_KAFKA_EVENT_BACKGROUND: c_int = 512;
/// The result of createacls.
pub const RD_KAFKA_EVENT_CREATEACLS_RESULT: c_int = 1024;
/// The result of describeacls.
pub const RD_KAFKA_EVENT_DESCRIBEACLS_RESULT: c_int = 2048;
/// The result of deleteacls.
pub const RD_KAFKA_EVENT_DELETEACLS_RESULT: c_int = 4096;
/// The result of listconsumergroups.
pub const RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT: c_int = 8192;
/// The result of describeconsumergroups.
pub const RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT: c_int = 16384;
/// The result of listconsumergroupoffsets.
pub const RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT: c_int = 32768;
/// The result of alterconsumergroupoffsets.
pub const RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT: c_int = 65536;
/// The result of incrementalalterconfigs.
pub const RD_KAFKA_EVENT_INCREMENTALALTERCONFIGS_RESULT: c_int = 131072;
/// The result of describeuserscramcredentials.
pub const RD_KAFKA_EVENT_DESCRIBEUSERSCRAMCREDENTIALS_RESULT: c_int = 262144;
/// The result of alteruserscramcredentials.
pub const RD_KAFKA_EVENT_ALTERUSERSCRAMCREDENTIALS_RESULT: c_int = 524288;
/// The result of describetopics.
pub const RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT: c_int = 1048576;
/// The result of describecluster.
pub const RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT: c_int = 2097152;
/// The result of listoffsets.
pub const RD_KAFKA_EVENT_LISTOFFSETS_RESULT: c_int = 4194304;
/// The result of electleaders.
pub const RD_KAFKA_EVENT_ELECTLEADERS_RESULT: c_int = 8388608;
