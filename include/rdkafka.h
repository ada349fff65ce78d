/*
 * librskafka: librdkafka's interface.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Generated from src/capi; do not edit.
 *
 * Conventions. Every function may be called from any thread unless it says
 * otherwise; an object that is not a client instance, topic or queue must not be
 * changed by two threads at once. Times are in milliseconds; a timeout of -1
 * waits without end and 0 does not wait. Strings end with a NUL and are read as
 * UTF-8. What a function returns belongs to the library unless it says who
 * frees it. `errstr` and `errstr_size` are a buffer for a text about what went
 * wrong, and may be NULL and 0.
 */

#ifndef _RDKAFKA_H_
#define _RDKAFKA_H_

#include <stdio.h>
#include <inttypes.h>
#include <sys/types.h>

#ifdef _WIN32
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <basetsd.h>
#include <winsock2.h>
#ifndef _SSIZE_T_DEFINED
#define _SSIZE_T_DEFINED
typedef SSIZE_T ssize_t;
#endif
#else
#include <sys/socket.h>
#endif

/* Compiler attributes, where the compiler has them. */
#if defined(__GNUC__) || defined(__clang__)
#define RD_UNUSED __attribute__((unused))
#define RD_DEPRECATED __attribute__((deprecated))
#else
#define RD_UNUSED
#define RD_DEPRECATED
#endif
/* librdkafka's rd.h has this one as well, and some programs include it: defined alike. */
#ifndef RD_FORMAT
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvariadic-macros"
#define RD_FORMAT(...) __attribute__((format(__VA_ARGS__)))
#pragma GCC diagnostic pop
#else
#define RD_FORMAT(...)
#endif
#endif
#ifdef _WIN32
#define RD_INLINE __inline
#else
#define RD_INLINE inline
#endif
#ifndef RD_EXPORT
#define RD_EXPORT
#endif

struct addrinfo;

/** The debug contexts that the `debug` property takes. */
#define RD_KAFKA_DEBUG_CONTEXTS                                                        \
        "all,generic,broker,topic,metadata,feature,queue,msg,protocol,cgrp,"           \
        "security,fetch,interceptor,plugin,consumer,admin,eos,mock,assignor,conf"

/* Newer names of codes. */
#define RD_KAFKA_RESP_ERR_NOT_LEADER_OR_FOLLOWER RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
/* Older names of codes. */
#define RD_KAFKA_RESP_ERR_GROUP_LOAD_IN_PROGRESS                                       \
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS
#define RD_KAFKA_RESP_ERR_GROUP_COORDINATOR_NOT_AVAILABLE                              \
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE
#define RD_KAFKA_RESP_ERR_NOT_COORDINATOR_FOR_GROUP RD_KAFKA_RESP_ERR_NOT_COORDINATOR

/** Start `CNT` messages before the end of the partition. */
#define RD_KAFKA_OFFSET_TAIL(CNT) (RD_KAFKA_OFFSET_TAIL_BASE - (CNT))

/*
 * The arguments of rd_kafka_producev(). A pointer of a wrong type, and a number in
 * the place of a pointer, is a warning or an error of the compiler's: the operand
 * of sizeof is checked and never evaluated.
 */
#define RD_KAFKA_V__POINTER(TYPE, ARG) (0 * (int)sizeof(0 ? (TYPE)0 : (ARG)))
#define RD_KAFKA_V__NUMBER(ARG)        (0 * (int)sizeof((ARG) + 0.0))

/** Ends the arguments. */
#define RD_KAFKA_V_END RD_KAFKA_VTYPE_END
/** The topic, by name (const char *). */
#define RD_KAFKA_V_TOPIC(topic)                                                        \
        (int)RD_KAFKA_VTYPE_TOPIC + RD_KAFKA_V__POINTER(const char *, topic),          \
            (const char *)(topic)
/** The topic, by handle (rd_kafka_topic_t *). */
#define RD_KAFKA_V_RKT(rkt)                                                            \
        (int)RD_KAFKA_VTYPE_RKT + RD_KAFKA_V__POINTER(rd_kafka_topic_t *, rkt),        \
            (rd_kafka_topic_t *)(rkt)
/** The partition (int32_t); RD_KAFKA_PARTITION_UA, the default, asks the partitioner. */
#define RD_KAFKA_V_PARTITION(partition)                                                \
        (int)RD_KAFKA_VTYPE_PARTITION + RD_KAFKA_V__NUMBER(partition),                 \
            (int32_t)(partition)
/** The value (void *, size_t); NULL for a tombstone. */
#define RD_KAFKA_V_VALUE(VALUE, LEN)                                                   \
        (int)RD_KAFKA_VTYPE_VALUE + RD_KAFKA_V__POINTER(void *, VALUE) +               \
            RD_KAFKA_V__NUMBER(LEN),                                                   \
            (void *)(VALUE), (size_t)(LEN)
/** The key (const void *, size_t); NULL for none. */
#define RD_KAFKA_V_KEY(KEY, LEN)                                                       \
        (int)RD_KAFKA_VTYPE_KEY + RD_KAFKA_V__POINTER(const void *, KEY) +             \
            RD_KAFKA_V__NUMBER(LEN),                                                   \
            (void *)(KEY), (size_t)(LEN)
/** What the delivery report has as `_private` (void *). */
#define RD_KAFKA_V_OPAQUE(msg_opaque)                                                  \
        (int)RD_KAFKA_VTYPE_OPAQUE + RD_KAFKA_V__POINTER(void *, msg_opaque),          \
            (void *)(msg_opaque)
/** RD_KAFKA_MSG_F_COPY and the others (int). */
#define RD_KAFKA_V_MSGFLAGS(msgflags)                                                  \
        (int)RD_KAFKA_VTYPE_MSGFLAGS + RD_KAFKA_V__NUMBER(msgflags), (int)(msgflags)
/** Milliseconds since 1970 (int64_t); 0 stands for now. */
#define RD_KAFKA_V_TIMESTAMP(timestamp)                                                \
        (int)RD_KAFKA_VTYPE_TIMESTAMP + RD_KAFKA_V__NUMBER(timestamp),                 \
            (int64_t)(timestamp)
/** One more header (const char *, const void *, ssize_t); a length of -1 is a string's. */
#define RD_KAFKA_V_HEADER(NAME, VALUE, LEN)                                            \
        (int)RD_KAFKA_VTYPE_HEADER + RD_KAFKA_V__POINTER(const char *, NAME) +         \
            RD_KAFKA_V__POINTER(const void *, VALUE) + RD_KAFKA_V__NUMBER(LEN),        \
            (const char *)(NAME), (const void *)(VALUE), (ssize_t)(LEN)
/** All headers (rd_kafka_headers_t *), which the library owns if the call succeeds. */
#define RD_KAFKA_V_HEADERS(HDRS)                                                       \
        (int)RD_KAFKA_VTYPE_HEADERS + RD_KAFKA_V__POINTER(rd_kafka_headers_t *, HDRS), \
            (rd_kafka_headers_t *)(HDRS)

/**
 * The version of the interface: major, minor, revision, pre-release (0xff: none), a byte each.
 */
#define RD_KAFKA_VERSION 0x021000ff

/** Do not close the consumer: leave its group without saying so. */
#define RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE 8

/** No partition yet: the partitioner is to choose. */
#define RD_KAFKA_PARTITION_UA (-1)

/** From the first record there is. */
#define RD_KAFKA_OFFSET_BEGINNING (-2)

/** From the next record that is written. */
#define RD_KAFKA_OFFSET_END (-1)

/** From the committed offset. */
#define RD_KAFKA_OFFSET_STORED (-1000)

/** No offset. */
#define RD_KAFKA_OFFSET_INVALID (-1001)

/** See `RD_KAFKA_OFFSET_TAIL`. */
#define RD_KAFKA_OFFSET_TAIL_BASE (-2000)

/** The library frees the payload with `free()` when it is done. */
#define RD_KAFKA_MSG_F_FREE 1

/** The library copies the payload before the call returns. */
#define RD_KAFKA_MSG_F_COPY 2

/** Wait while the queue is full. */
#define RD_KAFKA_MSG_F_BLOCK 4

/** Each message of the batch has its own partition. */
#define RD_KAFKA_MSG_F_PARTITION 8

/** Messages that wait to be sent. */
#define RD_KAFKA_PURGE_F_QUEUE 1

/** Messages that were sent and not yet answered. */
#define RD_KAFKA_PURGE_F_INFLIGHT 2

/** Do not wait until they are gone. */
#define RD_KAFKA_PURGE_F_NON_BLOCKING 4

/** No event. */
#define RD_KAFKA_EVENT_NONE 0

/** Delivery reports of a producer. */
#define RD_KAFKA_EVENT_DR 1

/** A consumed message. */
#define RD_KAFKA_EVENT_FETCH 2

/** A log line. */
#define RD_KAFKA_EVENT_LOG 4

/** An error. */
#define RD_KAFKA_EVENT_ERROR 8

/** A rebalance, which the application must answer. */
#define RD_KAFKA_EVENT_REBALANCE 16

/** The result of a commit. */
#define RD_KAFKA_EVENT_OFFSET_COMMIT 32

/** Statistics, as JSON. */
#define RD_KAFKA_EVENT_STATS 64

/** The result of createtopics. */
#define RD_KAFKA_EVENT_CREATETOPICS_RESULT 100

/** The result of deletetopics. */
#define RD_KAFKA_EVENT_DELETETOPICS_RESULT 101

/** The result of createpartitions. */
#define RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT 102

/** The result of alterconfigs. */
#define RD_KAFKA_EVENT_ALTERCONFIGS_RESULT 103

/** The result of describeconfigs. */
#define RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT 104

/** The result of deleterecords. */
#define RD_KAFKA_EVENT_DELETERECORDS_RESULT 105

/** The result of deletegroups. */
#define RD_KAFKA_EVENT_DELETEGROUPS_RESULT 106

/** The result of deleteconsumergroupoffsets. */
#define RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT 107

/** A token is wanted. */
#define RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH 256

/** Ask for events on the background thread. */
#define RD_KAFKA_EVENT_BACKGROUND 512

/** The result of createacls. */
#define RD_KAFKA_EVENT_CREATEACLS_RESULT 1024

/** The result of describeacls. */
#define RD_KAFKA_EVENT_DESCRIBEACLS_RESULT 2048

/** The result of deleteacls. */
#define RD_KAFKA_EVENT_DELETEACLS_RESULT 4096

/** The result of listconsumergroups. */
#define RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT 8192

/** The result of describeconsumergroups. */
#define RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT 16384

/** The result of listconsumergroupoffsets. */
#define RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT 32768

/** The result of alterconsumergroupoffsets. */
#define RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT 65536

/** The result of incrementalalterconfigs. */
#define RD_KAFKA_EVENT_INCREMENTALALTERCONFIGS_RESULT 131072

/** The result of describeuserscramcredentials. */
#define RD_KAFKA_EVENT_DESCRIBEUSERSCRAMCREDENTIALS_RESULT 262144

/** The result of alteruserscramcredentials. */
#define RD_KAFKA_EVENT_ALTERUSERSCRAMCREDENTIALS_RESULT 524288

/** The result of describetopics. */
#define RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT 1048576

/** The result of describecluster. */
#define RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT 2097152

/** The result of listoffsets. */
#define RD_KAFKA_EVENT_LISTOFFSETS_RESULT 4194304

/** The result of electleaders. */
#define RD_KAFKA_EVENT_ELECTLEADERS_RESULT 8388608

/**
 * Response codes. Those below zero, save `UNKNOWN`, are the library's own;
 * the others are Kafka's.
 */
typedef enum rd_kafka_resp_err_t {
        /** Below this library's own codes. */
        RD_KAFKA_RESP_ERR__BEGIN = -200,
        /** Bad message format */
        RD_KAFKA_RESP_ERR__BAD_MSG = -199,
        /** Invalid compressed data */
        RD_KAFKA_RESP_ERR__BAD_COMPRESSION = -198,
        /** Broker handle destroyed for termination */
        RD_KAFKA_RESP_ERR__DESTROY = -197,
        /** Communication failure with broker */
        RD_KAFKA_RESP_ERR__FAIL = -196,
        /** Broker transport failure */
        RD_KAFKA_RESP_ERR__TRANSPORT = -195,
        /** Critical system resource failure */
        RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE = -194,
        /** Host resolution failure */
        RD_KAFKA_RESP_ERR__RESOLVE = -193,
        /** Message timed out */
        RD_KAFKA_RESP_ERR__MSG_TIMED_OUT = -192,
        /** No more messages */
        RD_KAFKA_RESP_ERR__PARTITION_EOF = -191,
        /** Unknown partition */
        RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION = -190,
        /** File or filesystem error */
        RD_KAFKA_RESP_ERR__FS = -189,
        /** Unknown topic */
        RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC = -188,
        /** All broker connections are down */
        RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN = -187,
        /** Invalid argument or configuration */
        RD_KAFKA_RESP_ERR__INVALID_ARG = -186,
        /** Timed out */
        RD_KAFKA_RESP_ERR__TIMED_OUT = -185,
        /** Queue full */
        RD_KAFKA_RESP_ERR__QUEUE_FULL = -184,
        /** ISR count insufficient */
        RD_KAFKA_RESP_ERR__ISR_INSUFF = -183,
        /** Broker node update */
        RD_KAFKA_RESP_ERR__NODE_UPDATE = -182,
        /** SSL error */
        RD_KAFKA_RESP_ERR__SSL = -181,
        /** Waiting for coordinator */
        RD_KAFKA_RESP_ERR__WAIT_COORD = -180,
        /** Unknown group */
        RD_KAFKA_RESP_ERR__UNKNOWN_GROUP = -179,
        /** Operation in progress */
        RD_KAFKA_RESP_ERR__IN_PROGRESS = -178,
        /** Previous operation in progress */
        RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS = -177,
        /** Existing subscription */
        RD_KAFKA_RESP_ERR__EXISTING_SUBSCRIPTION = -176,
        /** Assign partitions */
        RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS = -175,
        /** Revoke partitions */
        RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS = -174,
        /** Conflicting use */
        RD_KAFKA_RESP_ERR__CONFLICT = -173,
        /** Erroneous state */
        RD_KAFKA_RESP_ERR__STATE = -172,
        /** Unknown protocol */
        RD_KAFKA_RESP_ERR__UNKNOWN_PROTOCOL = -171,
        /** Not implemented */
        RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED = -170,
        /** Authentication failure */
        RD_KAFKA_RESP_ERR__AUTHENTICATION = -169,
        /** No offset stored */
        RD_KAFKA_RESP_ERR__NO_OFFSET = -168,
        /** Outdated */
        RD_KAFKA_RESP_ERR__OUTDATED = -167,
        /** Timed out in queue */
        RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE = -166,
        /** Required feature not supported by broker */
        RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE = -165,
        /** Awaiting cache update */
        RD_KAFKA_RESP_ERR__WAIT_CACHE = -164,
        /** Operation interrupted */
        RD_KAFKA_RESP_ERR__INTR = -163,
        /** Key serialization error */
        RD_KAFKA_RESP_ERR__KEY_SERIALIZATION = -162,
        /** Value serialization error */
        RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION = -161,
        /** Key deserialization error */
        RD_KAFKA_RESP_ERR__KEY_DESERIALIZATION = -160,
        /** Value deserialization error */
        RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION = -159,
        /** Partial response */
        RD_KAFKA_RESP_ERR__PARTIAL = -158,
        /** Read-only object */
        RD_KAFKA_RESP_ERR__READ_ONLY = -157,
        /** No such entry */
        RD_KAFKA_RESP_ERR__NOENT = -156,
        /** Read underflow */
        RD_KAFKA_RESP_ERR__UNDERFLOW = -155,
        /** Invalid type */
        RD_KAFKA_RESP_ERR__INVALID_TYPE = -154,
        /** Retry operation */
        RD_KAFKA_RESP_ERR__RETRY = -153,
        /** Purged in queue */
        RD_KAFKA_RESP_ERR__PURGE_QUEUE = -152,
        /** Purged in flight */
        RD_KAFKA_RESP_ERR__PURGE_INFLIGHT = -151,
        /** Fatal error */
        RD_KAFKA_RESP_ERR__FATAL = -150,
        /** Inconsistent state */
        RD_KAFKA_RESP_ERR__INCONSISTENT = -149,
        /** Gap-less ordering would not be guaranteed if proceeding */
        RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE = -148,
        /** Maximum application poll interval (max.poll.interval.ms) exceeded */
        RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED = -147,
        /** Unknown broker */
        RD_KAFKA_RESP_ERR__UNKNOWN_BROKER = -146,
        /** Functionality not configured */
        RD_KAFKA_RESP_ERR__NOT_CONFIGURED = -145,
        /** This instance has been fenced by a newer instance */
        RD_KAFKA_RESP_ERR__FENCED = -144,
        /** Application generated error */
        RD_KAFKA_RESP_ERR__APPLICATION = -143,
        /** Group partition assignment lost */
        RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST = -142,
        /** No operation performed */
        RD_KAFKA_RESP_ERR__NOOP = -141,
        /** No offset to automatically reset to */
        RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET = -140,
        /** Partition log truncation detected */
        RD_KAFKA_RESP_ERR__LOG_TRUNCATION = -139,
        /** an invalid record in the same batch caused the failure of this message too */
        RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD = -138,
        /** Broker handle destroyed without termination */
        RD_KAFKA_RESP_ERR__DESTROY_BROKER = -137,
        /** Above this library's own codes. */
        RD_KAFKA_RESP_ERR__END = -100,
        /** Unknown broker error */
        RD_KAFKA_RESP_ERR_UNKNOWN = -1,
        /** Success */
        RD_KAFKA_RESP_ERR_NO_ERROR = 0,
        /** Offset out of range */
        RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE = 1,
        /** Invalid message */
        RD_KAFKA_RESP_ERR_INVALID_MSG = 2,
        /** Unknown topic or partition */
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART = 3,
        /** Invalid message size */
        RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE = 4,
        /** Leader not available */
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE = 5,
        /** Not leader for partition */
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION = 6,
        /** Request timed out */
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT = 7,
        /** Broker not available */
        RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE = 8,
        /** Replica not available */
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE = 9,
        /** Message size too large */
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE = 10,
        /** StaleControllerEpochCode */
        RD_KAFKA_RESP_ERR_STALE_CTRL_EPOCH = 11,
        /** Offset metadata string too large */
        RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE = 12,
        /** Broker disconnected before response received */
        RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION = 13,
        /** Coordinator load in progress */
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS = 14,
        /** Coordinator not available */
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE = 15,
        /** Not coordinator */
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR = 16,
        /** Invalid topic */
        RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION = 17,
        /** Message batch larger than configured server segment size */
        RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE = 18,
        /** Not enough in-sync replicas */
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS = 19,
        /** Message(s) written to insufficient number of in-sync replicas */
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20,
        /** Invalid required acks value */
        RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS = 21,
        /** Specified group generation id is not valid */
        RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION = 22,
        /** Inconsistent group protocol */
        RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL = 23,
        /** Invalid group.id */
        RD_KAFKA_RESP_ERR_INVALID_GROUP_ID = 24,
        /** Unknown member */
        RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID = 25,
        /** Invalid session timeout */
        RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT = 26,
        /** Group rebalance in progress */
        RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS = 27,
        /** Commit offset data size is not valid */
        RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE = 28,
        /** Topic authorization failed */
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED = 29,
        /** Group authorization failed */
        RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED = 30,
        /** Cluster authorization failed */
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED = 31,
        /** Invalid timestamp */
        RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP = 32,
        /** Unsupported SASL mechanism */
        RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM = 33,
        /** Request not valid in current SASL state */
        RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE = 34,
        /** API version not supported */
        RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION = 35,
        /** Topic already exists */
        RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS = 36,
        /** Invalid number of partitions */
        RD_KAFKA_RESP_ERR_INVALID_PARTITIONS = 37,
        /** Invalid replication factor */
        RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR = 38,
        /** Invalid replica assignment */
        RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT = 39,
        /** Configuration is invalid */
        RD_KAFKA_RESP_ERR_INVALID_CONFIG = 40,
        /** Not controller for cluster */
        RD_KAFKA_RESP_ERR_NOT_CONTROLLER = 41,
        /** Invalid request */
        RD_KAFKA_RESP_ERR_INVALID_REQUEST = 42,
        /** Message format on broker does not support request */
        RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT = 43,
        /** Policy violation */
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION = 44,
        /** Broker received an out of order sequence number */
        RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER = 45,
        /** Broker received a duplicate sequence number */
        RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER = 46,
        /** Producer attempted an operation with an old epoch */
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH = 47,
        /** Producer attempted a transactional operation in an invalid state */
        RD_KAFKA_RESP_ERR_INVALID_TXN_STATE = 48,
        /**
         * Producer attempted to use a producer id which is not currently assigned to its transactional id
         */
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING = 49,
        /**
         * Transaction timeout is larger than the maximum value allowed by the broker's max.transaction.timeout.ms
         */
        RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT = 50,
        /**
         * Producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing
         */
        RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS = 51,
        /**
         * Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current coordinator for a given producer
         */
        RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED = 52,
        /** Transactional Id authorization failed */
        RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53,
        /** Security features are disabled */
        RD_KAFKA_RESP_ERR_SECURITY_DISABLED = 54,
        /** Operation not attempted */
        RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED = 55,
        /** Disk error when trying to access log file on disk */
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR = 56,
        /** The user-specified log directory is not found in the broker config */
        RD_KAFKA_RESP_ERR_LOG_DIR_NOT_FOUND = 57,
        /** SASL Authentication failed */
        RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED = 58,
        /** Unknown Producer Id */
        RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID = 59,
        /** Partition reassignment is in progress */
        RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS = 60,
        /** Delegation Token feature is not enabled */
        RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTH_DISABLED = 61,
        /** Delegation Token is not found on server */
        RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_NOT_FOUND = 62,
        /** Specified Principal is not valid Owner/Renewer */
        RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_OWNER_MISMATCH = 63,
        /** Delegation Token requests are not allowed on this connection */
        RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = 64,
        /** Delegation Token authorization failed */
        RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65,
        /** Delegation Token is expired */
        RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED = 66,
        /** Supplied principalType is not supported */
        RD_KAFKA_RESP_ERR_INVALID_PRINCIPAL_TYPE = 67,
        /** The group is not empty */
        RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP = 68,
        /** The group id does not exist */
        RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND = 69,
        /** The fetch session ID was not found */
        RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND = 70,
        /** The fetch session epoch is invalid */
        RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH = 71,
        /** No matching listener */
        RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND = 72,
        /** Topic deletion is disabled */
        RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED = 73,
        /** Leader epoch is older than broker epoch */
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH = 74,
        /** Leader epoch is newer than broker epoch */
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH = 75,
        /** Unsupported compression type */
        RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE = 76,
        /** Broker epoch has changed */
        RD_KAFKA_RESP_ERR_STALE_BROKER_EPOCH = 77,
        /** Leader high watermark is not caught up */
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE = 78,
        /** Group member needs a valid member ID */
        RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED = 79,
        /** Preferred leader was not available */
        RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE = 80,
        /** Consumer group has reached maximum size */
        RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED = 81,
        /** Static consumer fenced by other consumer with same group.instance.id */
        RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID = 82,
        /** Eligible partition leaders are not available */
        RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE = 83,
        /** Leader election not needed for topic partition */
        RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED = 84,
        /** No partition reassignment is in progress */
        RD_KAFKA_RESP_ERR_NO_REASSIGNMENT_IN_PROGRESS = 85,
        /** Deleting offsets of a topic while the consumer group is subscribed to it */
        RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC = 86,
        /** Broker failed to validate record */
        RD_KAFKA_RESP_ERR_INVALID_RECORD = 87,
        /** There are unstable offsets that need to be cleared */
        RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT = 88,
        /** Throttling quota has been exceeded */
        RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED = 89,
        /**
         * There is a newer producer with the same transactionalId which fences the current one
         */
        RD_KAFKA_RESP_ERR_PRODUCER_FENCED = 90,
        /** Request illegally referred to resource that does not exist */
        RD_KAFKA_RESP_ERR_RESOURCE_NOT_FOUND = 91,
        /** Request illegally referred to the same resource twice */
        RD_KAFKA_RESP_ERR_DUPLICATE_RESOURCE = 92,
        /** Requested credential would not meet criteria for acceptability */
        RD_KAFKA_RESP_ERR_UNACCEPTABLE_CREDENTIAL = 93,
        /**
         * Indicates that the either the sender or recipient of a voter-only request is not one of the expected voters
         */
        RD_KAFKA_RESP_ERR_INCONSISTENT_VOTER_SET = 94,
        /** Invalid update version */
        RD_KAFKA_RESP_ERR_INVALID_UPDATE_VERSION = 95,
        /** Unable to update finalized features due to server error */
        RD_KAFKA_RESP_ERR_FEATURE_UPDATE_FAILED = 96,
        /** Request principal deserialization failed during forwarding */
        RD_KAFKA_RESP_ERR_PRINCIPAL_DESERIALIZATION_FAILURE = 97,
        /** Unknown topic id */
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID = 100,
        /** The log's topic ID did not match the topic ID in the request */
        RD_KAFKA_RESP_ERR_INCONSISTENT_TOPIC_ID = 103,
        /** The member epoch is fenced by the group coordinator */
        RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH = 110,
        /** The instance ID is still used by another member in the consumer group */
        RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID = 111,
        /** The assignor or its version range is not supported by the consumer group */
        RD_KAFKA_RESP_ERR_UNSUPPORTED_ASSIGNOR = 112,
        /** The member epoch is stale */
        RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH = 113,
        /** The request was sent to an endpoint of the wrong type */
        RD_KAFKA_RESP_ERR_MISMATCHED_ENDPOINT_TYPE = 114,
        /** This endpoint type is not supported yet */
        RD_KAFKA_RESP_ERR_UNSUPPORTED_ENDPOINT_TYPE = 115,
        /** This controller ID is not known */
        RD_KAFKA_RESP_ERR_UNKNOWN_CONTROLLER_ID = 116,
        /**
         * Client sent a push telemetry request with an invalid or outdated subscription ID
         */
        RD_KAFKA_RESP_ERR_UNKNOWN_SUBSCRIPTION_ID = 117,
        /**
         * Client sent a push telemetry request larger than the maximum size the broker will accept
         */
        RD_KAFKA_RESP_ERR_TELEMETRY_TOO_LARGE = 118,
        /** The controller has considered the broker registration to be invalid */
        RD_KAFKA_RESP_ERR_INVALID_REGISTRATION = 119,
        /** The server encountered an error with the transaction */
        RD_KAFKA_RESP_ERR_TRANSACTION_ABORTABLE = 120,
        /** The record state is invalid */
        RD_KAFKA_RESP_ERR_INVALID_RECORD_STATE = 121,
        /** The share session was not found */
        RD_KAFKA_RESP_ERR_SHARE_SESSION_NOT_FOUND = 122,
        /** The share session epoch is invalid */
        RD_KAFKA_RESP_ERR_INVALID_SHARE_SESSION_EPOCH = 123,
        /** The share-group state epoch did not match */
        RD_KAFKA_RESP_ERR_FENCED_STATE_EPOCH = 124,
        /** The voter key doesn't match the receiving replica's key */
        RD_KAFKA_RESP_ERR_INVALID_VOTER_KEY = 125,
        /** The voter is already part of the set of voters */
        RD_KAFKA_RESP_ERR_DUPLICATE_VOTER = 126,
        /** The voter is not part of the set of voters */
        RD_KAFKA_RESP_ERR_VOTER_NOT_FOUND = 127,
        /** The regular expression is not valid */
        RD_KAFKA_RESP_ERR_INVALID_REGULAR_EXPRESSION = 128,
        /** Client metadata is stale, client should rebootstrap to obtain new metadata */
        RD_KAFKA_RESP_ERR_REBOOTSTRAP_REQUIRED = 129,
        /** The supplied topology is invalid */
        RD_KAFKA_RESP_ERR_STREAMS_INVALID_TOPOLOGY = 130,
        /** The supplied topology epoch is invalid */
        RD_KAFKA_RESP_ERR_STREAMS_INVALID_TOPOLOGY_EPOCH = 131,
        /** The supplied topology epoch is outdated */
        RD_KAFKA_RESP_ERR_STREAMS_TOPOLOGY_FENCED = 132,
        /** The limit of share sessions has been reached */
        RD_KAFKA_RESP_ERR_SHARE_SESSION_LIMIT_REACHED = 133,
        /** Above all codes; moves when codes are added. */
        RD_KAFKA_RESP_ERR_END_ALL = 134
} rd_kafka_resp_err_t;

/** Where a message's timestamp comes from. */
typedef enum rd_kafka_timestamp_type_t {
        /** There is none. */
        RD_KAFKA_TIMESTAMP_NOT_AVAILABLE = 0,
        /** Set by the producer. */
        RD_KAFKA_TIMESTAMP_CREATE_TIME = 1,
        /** Set by the broker. */
        RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME = 2
} rd_kafka_timestamp_type_t;

/** Whether a produced message is in the log. */
typedef enum rd_kafka_msg_status_t {
        /** It never reached the log. */
        RD_KAFKA_MSG_STATUS_NOT_PERSISTED = 0,
        /** It was sent, and no answer came. */
        RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED = 1,
        /** The broker has it. */
        RD_KAFKA_MSG_STATUS_PERSISTED = 2
} rd_kafka_msg_status_t;

/** The outcome of setting or reading a property. */
typedef enum rd_kafka_conf_res_t {
        /** No property of this name. */
        RD_KAFKA_CONF_UNKNOWN = -2,
        /** Not a value for this property. */
        RD_KAFKA_CONF_INVALID = -1,
        /** Done. */
        RD_KAFKA_CONF_OK = 0
} rd_kafka_conf_res_t;

/** What a certificate given to `rd_kafka_conf_set_ssl_cert` is for. */
typedef enum rd_kafka_cert_type_t {
        /** The client's certificate. */
        RD_KAFKA_CERT_PUBLIC_KEY = 0,
        /** The client's private key. */
        RD_KAFKA_CERT_PRIVATE_KEY = 1,
        /** The authority that signs the brokers' certificates. */
        RD_KAFKA_CERT_CA = 2,
        RD_KAFKA_CERT__CNT = 3
} rd_kafka_cert_type_t;

/** How such a certificate is encoded. */
typedef enum rd_kafka_cert_enc_t {
        /** PKCS#12. */
        RD_KAFKA_CERT_ENC_PKCS12 = 0,
        /** DER (ASN.1). */
        RD_KAFKA_CERT_ENC_DER = 1,
        /** PEM. */
        RD_KAFKA_CERT_ENC_PEM = 2,
        RD_KAFKA_CERT_ENC__CNT = 3
} rd_kafka_cert_enc_t;

/** Which kind of client an instance is. */
typedef enum rd_kafka_type_t {
        /** Sends messages. */
        RD_KAFKA_PRODUCER = 0,
        /** Reads messages. */
        RD_KAFKA_CONSUMER = 1
} rd_kafka_type_t;

/**
 * The kinds of argument that `rd_kafka_producev` and `rd_kafka_produceva` take; each says which field of the union it uses.
 */
typedef enum rd_kafka_vtype_t {
        /** Ends the arguments. */
        RD_KAFKA_VTYPE_END = 0,
        /** `cstr`: the topic, by name. */
        RD_KAFKA_VTYPE_TOPIC = 1,
        /** `rkt`: the topic, by handle. */
        RD_KAFKA_VTYPE_RKT = 2,
        /** `i32`: the partition. */
        RD_KAFKA_VTYPE_PARTITION = 3,
        /** `mem`: the value. */
        RD_KAFKA_VTYPE_VALUE = 4,
        /** `mem`: the key. */
        RD_KAFKA_VTYPE_KEY = 5,
        /** `ptr`: for the delivery report. */
        RD_KAFKA_VTYPE_OPAQUE = 6,
        /** `i`: `RD_KAFKA_MSG_F_*`. */
        RD_KAFKA_VTYPE_MSGFLAGS = 7,
        /** `i64`: milliseconds since 1970. */
        RD_KAFKA_VTYPE_TIMESTAMP = 8,
        /** `header`: one more header, copied. */
        RD_KAFKA_VTYPE_HEADER = 9,
        /** `headers`: all headers, which the library owns if the call succeeds. */
        RD_KAFKA_VTYPE_HEADERS = 10
} rd_kafka_vtype_t;

/** The state of a consumer group. */
typedef enum rd_kafka_consumer_group_state_t {
        RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN = 0,
        RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE = 1,
        RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE = 2,
        RD_KAFKA_CONSUMER_GROUP_STATE_STABLE = 3,
        RD_KAFKA_CONSUMER_GROUP_STATE_DEAD = 4,
        RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY = 5,
        RD_KAFKA_CONSUMER_GROUP_STATE__CNT = 6
} rd_kafka_consumer_group_state_t;

/** The protocol a consumer group uses. */
typedef enum rd_kafka_consumer_group_type_t {
        RD_KAFKA_CONSUMER_GROUP_TYPE_UNKNOWN = 0,
        RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER = 1,
        RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC = 2,
        RD_KAFKA_CONSUMER_GROUP_TYPE__CNT = 3
} rd_kafka_consumer_group_type_t;

/** What a share consumer says of a record (KIP-932). */
typedef enum rd_kafka_share_AcknowledgeType_t {
        /** Processed. */
        RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT = 1,
        /** To be delivered again. */
        RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_RELEASE = 2,
        /** Not to be delivered any more. */
        RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_REJECT = 3
} rd_kafka_share_AcknowledgeType_t;

/** The kinds of thread that a client instance has. */
typedef enum rd_kafka_thread_type_t {
        /** The one that coordinates the others. */
        RD_KAFKA_THREAD_MAIN = 0,
        /** The one that calls back in the background. */
        RD_KAFKA_THREAD_BACKGROUND = 1,
        /** One that talks to brokers. */
        RD_KAFKA_THREAD_BROKER = 2
} rd_kafka_thread_type_t;

/** The admin operations, to say what an options object is for. */
typedef enum rd_kafka_admin_op_t {
        RD_KAFKA_ADMIN_OP_ANY = 0,
        RD_KAFKA_ADMIN_OP_CREATETOPICS = 1,
        RD_KAFKA_ADMIN_OP_DELETETOPICS = 2,
        RD_KAFKA_ADMIN_OP_CREATEPARTITIONS = 3,
        RD_KAFKA_ADMIN_OP_ALTERCONFIGS = 4,
        RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS = 5,
        RD_KAFKA_ADMIN_OP_DELETERECORDS = 6,
        RD_KAFKA_ADMIN_OP_DELETEGROUPS = 7,
        RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS = 8,
        RD_KAFKA_ADMIN_OP_CREATEACLS = 9,
        RD_KAFKA_ADMIN_OP_DESCRIBEACLS = 10,
        RD_KAFKA_ADMIN_OP_DELETEACLS = 11,
        RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS = 12,
        RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS = 13,
        RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS = 14,
        RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS = 15,
        RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS = 16,
        RD_KAFKA_ADMIN_OP_DESCRIBEUSERSCRAMCREDENTIALS = 17,
        RD_KAFKA_ADMIN_OP_ALTERUSERSCRAMCREDENTIALS = 18,
        RD_KAFKA_ADMIN_OP_DESCRIBETOPICS = 19,
        RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER = 20,
        RD_KAFKA_ADMIN_OP_LISTOFFSETS = 21,
        RD_KAFKA_ADMIN_OP_ELECTLEADERS = 22,
        RD_KAFKA_ADMIN_OP__CNT = 23
} rd_kafka_admin_op_t;

/** Which records count: all, or those of committed transactions. */
typedef enum rd_kafka_IsolationLevel_t {
        /** All records. */
        RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED = 0,
        /** Those outside of transactions and of committed ones. */
        RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED = 1
} rd_kafka_IsolationLevel_t;

/** Where the value of a setting comes from. */
typedef enum rd_kafka_ConfigSource_t {
        RD_KAFKA_CONFIG_SOURCE_UNKNOWN_CONFIG = 0,
        RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG = 1,
        RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG = 2,
        RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG = 3,
        RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG = 4,
        RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG = 5,
        RD_KAFKA_CONFIG_SOURCE_GROUP_CONFIG = 8,
        RD_KAFKA_CONFIG_SOURCE__CNT = 9
} rd_kafka_ConfigSource_t;

/** How an access control entry's resource name matches. */
typedef enum rd_kafka_ResourcePatternType_t {
        RD_KAFKA_RESOURCE_PATTERN_UNKNOWN = 0,
        RD_KAFKA_RESOURCE_PATTERN_ANY = 1,
        RD_KAFKA_RESOURCE_PATTERN_MATCH = 2,
        RD_KAFKA_RESOURCE_PATTERN_LITERAL = 3,
        RD_KAFKA_RESOURCE_PATTERN_PREFIXED = 4,
        RD_KAFKA_RESOURCE_PATTERN_TYPE__CNT = 5
} rd_kafka_ResourcePatternType_t;

/** What kind of thing a configuration or an access control entry is for. */
typedef enum rd_kafka_ResourceType_t {
        RD_KAFKA_RESOURCE_UNKNOWN = 0,
        RD_KAFKA_RESOURCE_ANY = 1,
        RD_KAFKA_RESOURCE_TOPIC = 2,
        RD_KAFKA_RESOURCE_GROUP = 3,
        RD_KAFKA_RESOURCE_BROKER = 4,
        RD_KAFKA_RESOURCE_TRANSACTIONAL_ID = 5,
        RD_KAFKA_RESOURCE__CNT = 6
} rd_kafka_ResourceType_t;

/** What IncrementalAlterConfigs does with a value (KIP-339). */
typedef enum rd_kafka_AlterConfigOpType_t {
        RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET = 0,
        RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE = 1,
        RD_KAFKA_ALTER_CONFIG_OP_TYPE_APPEND = 2,
        RD_KAFKA_ALTER_CONFIG_OP_TYPE_SUBTRACT = 3,
        RD_KAFKA_ALTER_CONFIG_OP_TYPE__CNT = 4
} rd_kafka_AlterConfigOpType_t;

/** What an access control entry is about. */
typedef enum rd_kafka_AclOperation_t {
        RD_KAFKA_ACL_OPERATION_UNKNOWN = 0,
        RD_KAFKA_ACL_OPERATION_ANY = 1,
        RD_KAFKA_ACL_OPERATION_ALL = 2,
        RD_KAFKA_ACL_OPERATION_READ = 3,
        RD_KAFKA_ACL_OPERATION_WRITE = 4,
        RD_KAFKA_ACL_OPERATION_CREATE = 5,
        RD_KAFKA_ACL_OPERATION_DELETE = 6,
        RD_KAFKA_ACL_OPERATION_ALTER = 7,
        RD_KAFKA_ACL_OPERATION_DESCRIBE = 8,
        RD_KAFKA_ACL_OPERATION_CLUSTER_ACTION = 9,
        RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS = 10,
        RD_KAFKA_ACL_OPERATION_ALTER_CONFIGS = 11,
        RD_KAFKA_ACL_OPERATION_IDEMPOTENT_WRITE = 12,
        RD_KAFKA_ACL_OPERATION__CNT = 13
} rd_kafka_AclOperation_t;

/** Which replica may become leader (KIP-460). */
typedef enum rd_kafka_ElectionType_t {
        /** The first of the replicas. */
        RD_KAFKA_ELECTION_TYPE_PREFERRED = 0,
        /** Any, even one that is not in sync. */
        RD_KAFKA_ELECTION_TYPE_UNCLEAN = 1
} rd_kafka_ElectionType_t;

/** The hash of a SCRAM credential. */
typedef enum rd_kafka_ScramMechanism_t {
        RD_KAFKA_SCRAM_MECHANISM_UNKNOWN = 0,
        RD_KAFKA_SCRAM_MECHANISM_SHA_256 = 1,
        RD_KAFKA_SCRAM_MECHANISM_SHA_512 = 2,
        RD_KAFKA_SCRAM_MECHANISM__CNT = 3
} rd_kafka_ScramMechanism_t;

/** Whether an access control entry allows or denies. */
typedef enum rd_kafka_AclPermissionType_t {
        RD_KAFKA_ACL_PERMISSION_TYPE_UNKNOWN = 0,
        RD_KAFKA_ACL_PERMISSION_TYPE_ANY = 1,
        RD_KAFKA_ACL_PERMISSION_TYPE_DENY = 2,
        RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW = 3,
        RD_KAFKA_ACL_PERMISSION_TYPE__CNT = 4
} rd_kafka_AclPermissionType_t;

/** Special timestamps that ListOffsets understands. */
typedef enum rd_kafka_OffsetSpec_t {
        /** The offset of the record with the highest timestamp. */
        RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP = -3,
        /** The first offset. */
        RD_KAFKA_OFFSET_SPEC_EARLIEST = -2,
        /** The offset after the last record. */
        RD_KAFKA_OFFSET_SPEC_LATEST = -1
} rd_kafka_OffsetSpec_t;

struct rd_kafka_AclBinding_s;

struct rd_kafka_AdminOptions_s;

struct rd_kafka_AlterConsumerGroupOffsets_s;

struct rd_kafka_AlterUserScramCredentials_result_response_s;

struct rd_kafka_ConfigEntry_s;

struct rd_kafka_ConfigResource_s;

struct rd_kafka_ConsumerGroupDescription_s;

struct rd_kafka_ConsumerGroupListing_s;

struct rd_kafka_DeleteAcls_result_response_s;

struct rd_kafka_DeleteConsumerGroupOffsets_s;

struct rd_kafka_DeleteGroup_s;

struct rd_kafka_DeleteRecords_s;

struct rd_kafka_DeleteTopic_s;

struct rd_kafka_ElectLeaders_s;

struct rd_kafka_ListConsumerGroupOffsets_s;

struct rd_kafka_ListConsumerGroupsResult_s;

struct rd_kafka_ListOffsetsResultInfo_s;

struct rd_kafka_MemberAssignment_s;

struct rd_kafka_MemberDescription_s;

struct rd_kafka_NewPartitions_s;

struct rd_kafka_NewTopic_s;

struct rd_kafka_Node_s;

struct rd_kafka_ScramCredentialInfo_s;

struct rd_kafka_TopicCollection_s;

struct rd_kafka_TopicDescription_s;

struct rd_kafka_TopicPartitionInfo_s;

struct rd_kafka_UserScramCredentialAlteration_s;

struct rd_kafka_UserScramCredentialsDescription_s;

struct rd_kafka_Uuid_s;

struct rd_kafka_acl_result_s;

struct rd_kafka_conf_s;

struct rd_kafka_consumer_group_metadata_s;

struct rd_kafka_error_s;

struct rd_kafka_group_result_s;

struct rd_kafka_headers_s;

struct rd_kafka_messages_s;

struct rd_kafka_op_s;

struct rd_kafka_queue_s;

struct rd_kafka_s;

struct rd_kafka_share_partition_offsets_list_s;

struct rd_kafka_share_partition_offsets_s;

struct rd_kafka_share_s;

struct rd_kafka_topic_conf_s;

struct rd_kafka_topic_partition_result_s;

struct rd_kafka_topic_result_s;

struct rd_kafka_topic_s;

/** A response code with its name and text. */
struct rd_kafka_err_desc {
        rd_kafka_resp_err_t code;
        /** The name without prefix; null for a number that is not used. */
        const char *name;
        /** The text; null for a number that is not used. */
        const char *desc;
};

/**
 * A client instance: a producer or a consumer. Made by `rd_kafka_new`, ended by `rd_kafka_destroy`; any thread may use it.
 */
typedef struct rd_kafka_s rd_kafka_t;

/** An error with its code, its text and what can be done about it. */
typedef struct rd_kafka_error_s rd_kafka_error_t;

/** A 128-bit id, such as a topic's (KIP-516). */
typedef struct rd_kafka_Uuid_s rd_kafka_Uuid_t;

/**
 * A partition of a topic with what a call says or asks of it. Elements of a
 * list belong to the list.
 */
struct rd_kafka_topic_partition_s {
        char *topic;
        int32_t partition;
        int64_t offset;
        /** Free for the application's use with the offset; from libc's `malloc`. */
        void *metadata;
        size_t metadata_size;
        /** The application's own. */
        void *opaque;
        /** The error for this partition, if the call sets one. */
        rd_kafka_resp_err_t err;
        /** The library's own; must be null in an element that it did not make. */
        void *_private;
};

/** See `struct rd_kafka_topic_partition_s`. */
typedef struct rd_kafka_topic_partition_s rd_kafka_topic_partition_t;

/**
 * A list of partitions that grows as needed. Pointers to elements are good
 * until the list changes.
 */
struct rd_kafka_topic_partition_list_s {
        /** How many elements there are. */
        int cnt;
        /** How many elements there is room for. */
        int size;
        rd_kafka_topic_partition_t *elems;
};

/** See `struct rd_kafka_topic_partition_list_s`. */
typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;

/** The headers of a message, in order; names may repeat. */
typedef struct rd_kafka_headers_s rd_kafka_headers_t;

/**
 * A topic of one client instance, with its own settings. Counted: every `rd_kafka_topic_new` asks for one `rd_kafka_topic_destroy`.
 */
typedef struct rd_kafka_topic_s rd_kafka_topic_t;

/** A message: consumed, to be produced, or in a delivery report. */
struct rd_kafka_message_s {
        /** Zero, or why this is not a message; then `payload` is a text about it. */
        rd_kafka_resp_err_t err;
        /** The topic; borrowed, do not destroy. May be null in an error. */
        rd_kafka_topic_t *rkt;
        int32_t partition;
        /** The value; null if there is none. */
        void *payload;
        size_t len;
        /** The key; null if there is none. */
        void *key;
        size_t key_len;
        int64_t offset;
        /** Consumer: the library's own. Producer: the message's opaque. */
        void *_private;
};

/** See `struct rd_kafka_message_s`. */
typedef struct rd_kafka_message_s rd_kafka_message_t;

/** The settings for a client instance that is to be made. */
typedef struct rd_kafka_conf_s rd_kafka_conf_t;

/**
 * Something that a queue has for the application. Its kind says which accessors apply; it is freed by `rd_kafka_event_destroy`.
 */
typedef struct rd_kafka_op_s rd_kafka_event_t;

/** The settings for a topic. */
typedef struct rd_kafka_topic_conf_s rd_kafka_topic_conf_t;

/** A reference to a queue of events, which one or more threads can poll. */
typedef struct rd_kafka_queue_s rd_kafka_queue_t;

/** The kind of an event, as `rd_kafka_event_type` gives it. */
typedef int rd_kafka_event_type_t;

/** Bytes that the caller owns. */
struct rd_kafka_vu_mem {
        void *ptr;
        size_t size;
};

/** A header; a size of -1 says that the value is a string. */
struct rd_kafka_vu_header {
        const char *name;
        const void *val;
        ssize_t size;
};

/** The value of an argument; `vtype` says which field counts. */
union rd_kafka_vu_value {
        const char *cstr;
        rd_kafka_topic_t *rkt;
        int i;
        int32_t i32;
        int64_t i64;
        struct rd_kafka_vu_mem mem;
        struct rd_kafka_vu_header header;
        rd_kafka_headers_t *headers;
        void *ptr;
        /** Room to grow. */
        char _pad[64];
};

/** One argument of `rd_kafka_produceva`. */
struct rd_kafka_vu_s {
        rd_kafka_vtype_t vtype;
        union rd_kafka_vu_value u;
};

/** See `struct rd_kafka_vu_s`. */
typedef struct rd_kafka_vu_s rd_kafka_vu_t;

/**
 * A consumer's membership in its group at one moment, as a transactional producer needs it.
 */
typedef struct rd_kafka_consumer_group_metadata_s rd_kafka_consumer_group_metadata_t;

/** A broker of the cluster. */
struct rd_kafka_metadata_broker {
        int32_t id;
        char *host;
        int port;
};

/** A member of a group, as its coordinator sees it. */
struct rd_kafka_group_member_info {
        char *member_id;
        char *client_id;
        char *client_host;
        /** What the member sent when it joined; its form is the group's protocol's. */
        void *member_metadata;
        int member_metadata_size;
        /** What the leader assigned to it, in the same manner. */
        void *member_assignment;
        int member_assignment_size;
};

/** A group. */
struct rd_kafka_group_info {
        /** The broker that coordinates it. */
        struct rd_kafka_metadata_broker broker;
        char *group;
        rd_kafka_resp_err_t err;
        char *state;
        char *protocol_type;
        char *protocol;
        struct rd_kafka_group_member_info *members;
        int member_cnt;
};

/** What `rd_kafka_list_groups` found out; freed by `rd_kafka_group_list_destroy`. */
struct rd_kafka_group_list {
        struct rd_kafka_group_info *groups;
        int group_cnt;
};

/** A partition of a topic. */
struct rd_kafka_metadata_partition {
        int32_t id;
        rd_kafka_resp_err_t err;
        /** The leader's broker id, or -1. */
        int32_t leader;
        int replica_cnt;
        int32_t *replicas;
        int isr_cnt;
        /** The replicas in sync. */
        int32_t *isrs;
};

/** A topic. */
struct rd_kafka_metadata_topic {
        char *topic;
        int partition_cnt;
        struct rd_kafka_metadata_partition *partitions;
        rd_kafka_resp_err_t err;
};

/**
 * What `rd_kafka_metadata` found out: one block of memory, freed by
 * `rd_kafka_metadata_destroy`.
 */
struct rd_kafka_metadata {
        int broker_cnt;
        struct rd_kafka_metadata_broker *brokers;
        int topic_cnt;
        struct rd_kafka_metadata_topic *topics;
        /** The broker that answered. */
        int32_t orig_broker_id;
        char *orig_broker_name;
};

/** A batch of messages from a share consumer. */
typedef struct rd_kafka_messages_s rd_kafka_messages_t;

/** A share consumer (KIP-932). */
typedef struct rd_kafka_share_s rd_kafka_share_t;

/** Acknowledged offsets, by partition. */
typedef struct rd_kafka_share_partition_offsets_list_s rd_kafka_share_partition_offsets_list_t;

/** One partition and the offsets in it that were acknowledged. */
typedef struct rd_kafka_share_partition_offsets_s rd_kafka_share_partition_offsets_t;

/**
 * Sees a property being set; returns `RD_KAFKA_CONF_UNKNOWN` to leave it to the library.
 */
typedef rd_kafka_conf_res_t rd_kafka_interceptor_f_on_conf_set_t(rd_kafka_conf_t *conf,
                                                                         const char *name,
                                                                         const char *val,
                                                                         char *errstr,
                                                                         size_t errstr_size,
                                                                         void *ic_opaque);

/** A configuration was copied; the interceptor may add itself to the copy. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_conf_dup_t(rd_kafka_conf_t *new_conf,
                                                                         const rd_kafka_conf_t *old_conf,
                                                                         size_t filter_cnt,
                                                                         const char **filter,
                                                                         void *ic_opaque);

/** A configuration is going away. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_conf_destroy_t(void *ic_opaque);

/** A client instance was made; the place to add the other interceptors. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_new_t(rd_kafka_t *rk,
                                                                    const rd_kafka_conf_t *conf,
                                                                    void *ic_opaque,
                                                                    char *errstr,
                                                                    size_t errstr_size);

/** A client instance is going away. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_destroy_t(rd_kafka_t *rk,
                                                                        void *ic_opaque);

/** A message is about to be queued for sending. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_send_t(rd_kafka_t *rk,
                                                                     rd_kafka_message_t *rkmessage,
                                                                     void *ic_opaque);

/** A message was delivered, or failed. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_acknowledgement_t(rd_kafka_t *rk,
                                                                                rd_kafka_message_t *rkmessage,
                                                                                void *ic_opaque);

/** A message is about to be handed to the application. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_consume_t(rd_kafka_t *rk,
                                                                        rd_kafka_message_t *rkmessage,
                                                                        void *ic_opaque);

/** Offsets were committed, or could not be. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_commit_t(rd_kafka_t *rk,
                                                                       const rd_kafka_topic_partition_list_t *offsets,
                                                                       rd_kafka_resp_err_t err,
                                                                       void *ic_opaque);

/** A request was written to a broker's connection. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_request_sent_t(rd_kafka_t *rk,
                                                                             int sockfd,
                                                                             const char *brokername,
                                                                             int32_t brokerid,
                                                                             int16_t ApiKey,
                                                                             int16_t ApiVersion,
                                                                             int32_t CorrId,
                                                                             size_t size,
                                                                             void *ic_opaque);

/**
 * A response was read from a broker's connection; `rtt` is in microseconds, -1 if unknown.
 */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_response_received_t(rd_kafka_t *rk,
                                                                                  int sockfd,
                                                                                  const char *brokername,
                                                                                  int32_t brokerid,
                                                                                  int16_t ApiKey,
                                                                                  int16_t ApiVersion,
                                                                                  int32_t CorrId,
                                                                                  size_t size,
                                                                                  int64_t rtt,
                                                                                  rd_kafka_resp_err_t err,
                                                                                  void *ic_opaque);

/** A thread of the library starts; called on that thread. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_thread_start_t(rd_kafka_t *rk,
                                                                             rd_kafka_thread_type_t thread_type,
                                                                             const char *thread_name,
                                                                             void *ic_opaque);

/** A thread of the library is about to end; called on that thread. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_thread_exit_t(rd_kafka_t *rk,
                                                                            rd_kafka_thread_type_t thread_type,
                                                                            const char *thread_name,
                                                                            void *ic_opaque);

/** A broker's connection changed its state. */
typedef rd_kafka_resp_err_t rd_kafka_interceptor_f_on_broker_state_change_t(rd_kafka_t *rk,
                                                                                    int32_t broker_id,
                                                                                    const char *secproto,
                                                                                    const char *name,
                                                                                    int port,
                                                                                    const char *state,
                                                                                    void *ic_opaque);

/** The options of an admin request. */
typedef struct rd_kafka_AdminOptions_s rd_kafka_AdminOptions_t;

/** What an admin operation did to one topic. Lives as long as the result event. */
typedef struct rd_kafka_topic_result_s rd_kafka_topic_result_t;

/**
 * What an admin operation did to one consumer group. Lives as long as the result event.
 */
typedef struct rd_kafka_group_result_s rd_kafka_group_result_t;

/** What an admin operation did to one partition. Lives as long as the result event. */
typedef struct rd_kafka_topic_partition_result_s rd_kafka_topic_partition_result_t;

/** A topic for CreateTopics to create. */
typedef struct rd_kafka_NewTopic_s rd_kafka_NewTopic_t;

/** The event with the result of CreateTopics. */
typedef rd_kafka_event_t rd_kafka_CreateTopics_result_t;

/** A topic for DeleteTopics to delete. */
typedef struct rd_kafka_DeleteTopic_s rd_kafka_DeleteTopic_t;

/** The event with the result of DeleteTopics. */
typedef rd_kafka_event_t rd_kafka_DeleteTopics_result_t;

/** The partitions that CreatePartitions is to give a topic. */
typedef struct rd_kafka_NewPartitions_s rd_kafka_NewPartitions_t;

/** The event with the result of CreatePartitions. */
typedef rd_kafka_event_t rd_kafka_CreatePartitions_result_t;

/** One setting of a broker, topic or group, with its source. */
typedef struct rd_kafka_ConfigEntry_s rd_kafka_ConfigEntry_t;

/** A broker, topic or group whose settings are read or changed. */
typedef struct rd_kafka_ConfigResource_s rd_kafka_ConfigResource_t;

/** The event with the result of AlterConfigs. */
typedef rd_kafka_event_t rd_kafka_AlterConfigs_result_t;

/** The event with the result of IncrementalAlterConfigs. */
typedef rd_kafka_event_t rd_kafka_IncrementalAlterConfigs_result_t;

/** The event with the result of DescribeConfigs. */
typedef rd_kafka_event_t rd_kafka_DescribeConfigs_result_t;

/** The offsets before which DeleteRecords removes records. */
typedef struct rd_kafka_DeleteRecords_s rd_kafka_DeleteRecords_t;

/** The event with the result of DeleteRecords. */
typedef rd_kafka_event_t rd_kafka_DeleteRecords_result_t;

/** The topics that DescribeTopics asks for. */
typedef struct rd_kafka_TopicCollection_s rd_kafka_TopicCollection_t;

/** What DescribeTopics says of one topic. */
typedef struct rd_kafka_TopicDescription_s rd_kafka_TopicDescription_t;

/** The event with the result of DescribeTopics. */
typedef rd_kafka_event_t rd_kafka_DescribeTopics_result_t;

/** One partition in a topic's description. */
typedef struct rd_kafka_TopicPartitionInfo_s rd_kafka_TopicPartitionInfo_t;

/** A broker as the cluster describes it. Lives as long as the result that holds it. */
typedef struct rd_kafka_Node_s rd_kafka_Node_t;

/** The event with the result of DescribeCluster. */
typedef rd_kafka_event_t rd_kafka_DescribeCluster_result_t;

/** One group in the answer of ListConsumerGroups. */
typedef struct rd_kafka_ConsumerGroupListing_s rd_kafka_ConsumerGroupListing_t;

/** The event with the result of ListConsumerGroups. */
typedef rd_kafka_event_t rd_kafka_ListConsumerGroups_result_t;

/** What DescribeConsumerGroups says of one group. */
typedef struct rd_kafka_ConsumerGroupDescription_s rd_kafka_ConsumerGroupDescription_t;

/** The event with the result of DescribeConsumerGroups. */
typedef rd_kafka_event_t rd_kafka_DescribeConsumerGroups_result_t;

/** One member in a group's description. */
typedef struct rd_kafka_MemberDescription_s rd_kafka_MemberDescription_t;

/** The partitions that a group's member has. */
typedef struct rd_kafka_MemberAssignment_s rd_kafka_MemberAssignment_t;

/** A group for DeleteGroups to delete. */
typedef struct rd_kafka_DeleteGroup_s rd_kafka_DeleteGroup_t;

/** The event with the result of DeleteGroups. */
typedef rd_kafka_event_t rd_kafka_DeleteGroups_result_t;

/** The group, and optionally the partitions, whose committed offsets are asked for. */
typedef struct rd_kafka_ListConsumerGroupOffsets_s rd_kafka_ListConsumerGroupOffsets_t;

/** The event with the result of ListConsumerGroupOffsets. */
typedef rd_kafka_event_t rd_kafka_ListConsumerGroupOffsets_result_t;

/** The group and the offsets to set for it. */
typedef struct rd_kafka_AlterConsumerGroupOffsets_s rd_kafka_AlterConsumerGroupOffsets_t;

/** The event with the result of AlterConsumerGroupOffsets. */
typedef rd_kafka_event_t rd_kafka_AlterConsumerGroupOffsets_result_t;

/** The group and the partitions whose committed offsets are to go. */
typedef struct rd_kafka_DeleteConsumerGroupOffsets_s rd_kafka_DeleteConsumerGroupOffsets_t;

/** The event with the result of DeleteConsumerGroupOffsets. */
typedef rd_kafka_event_t rd_kafka_DeleteConsumerGroupOffsets_result_t;

/** What ListOffsets says of one partition. */
typedef struct rd_kafka_ListOffsetsResultInfo_s rd_kafka_ListOffsetsResultInfo_t;

/** The event with the result of ListOffsets. */
typedef rd_kafka_event_t rd_kafka_ListOffsets_result_t;

/** The partitions for which ElectLeaders is to elect leaders. */
typedef struct rd_kafka_ElectLeaders_s rd_kafka_ElectLeaders_t;

/** The event with the result of ElectLeaders. */
typedef rd_kafka_event_t rd_kafka_ElectLeaders_result_t;

/** One SCRAM credential of a user: mechanism and iterations. */
typedef struct rd_kafka_ScramCredentialInfo_s rd_kafka_ScramCredentialInfo_t;

/** The SCRAM credentials of one user. */
typedef struct rd_kafka_UserScramCredentialsDescription_s rd_kafka_UserScramCredentialsDescription_t;

/** The event with the result of DescribeUserScramCredentials. */
typedef rd_kafka_event_t rd_kafka_DescribeUserScramCredentials_result_t;

/** A SCRAM credential to set or to delete. */
typedef struct rd_kafka_UserScramCredentialAlteration_s rd_kafka_UserScramCredentialAlteration_t;

/** What AlterUserScramCredentials did for one user. */
typedef struct rd_kafka_AlterUserScramCredentials_result_response_s rd_kafka_AlterUserScramCredentials_result_response_t;

/** The event with the result of AlterUserScramCredentials. */
typedef rd_kafka_event_t rd_kafka_AlterUserScramCredentials_result_t;

/** What CreateAcls did with one binding. Lives as long as the result event. */
typedef struct rd_kafka_acl_result_s rd_kafka_acl_result_t;

/** An access control entry; also, with wildcards, a filter for entries. */
typedef struct rd_kafka_AclBinding_s rd_kafka_AclBinding_t;

/**
 * An access control entry with wildcards: null strings and `ANY` values match everything.
 */
typedef rd_kafka_AclBinding_t rd_kafka_AclBindingFilter_t;

/** The event with the result of CreateAcls. */
typedef rd_kafka_event_t rd_kafka_CreateAcls_result_t;

/** The event with the result of DescribeAcls. */
typedef rd_kafka_event_t rd_kafka_DescribeAcls_result_t;

/** What DeleteAcls did for one filter. */
typedef struct rd_kafka_DeleteAcls_result_response_s rd_kafka_DeleteAcls_result_response_t;

/** The event with the result of DeleteAcls. */
typedef rd_kafka_event_t rd_kafka_DeleteAcls_result_t;

/** The answer of ListConsumerGroups. */
typedef struct rd_kafka_ListConsumerGroupsResult_s rd_kafka_ListConsumerGroupsResult_t;

/** See `struct rd_kafka_metadata_broker`. */
typedef struct rd_kafka_metadata_broker rd_kafka_metadata_broker_t;

/** See `struct rd_kafka_metadata_partition`. */
typedef struct rd_kafka_metadata_partition rd_kafka_metadata_partition_t;

/** See `struct rd_kafka_metadata_topic`. */
typedef struct rd_kafka_metadata_topic rd_kafka_metadata_topic_t;

/** See `struct rd_kafka_metadata`. */
typedef struct rd_kafka_metadata rd_kafka_metadata_t;

/** A plugin's entry point, called when it is loaded by `plugin.library.paths`. */
typedef rd_kafka_resp_err_t rd_kafka_plugin_f_conf_init_t(rd_kafka_conf_t *conf,
                                                                  void **plug_opaquep,
                                                                  char *errstr,
                                                                  size_t errstr_size);

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/* Version and build information ------------------------------------------------------- */

/**
 * The version of the library that runs, as a number in the form of `RD_KAFKA_VERSION`,
 * which is the version of the header that a program was built with.
 */
RD_EXPORT int rd_kafka_version(void);

/** The version of the library that runs, as text. A constant. */
RD_EXPORT const char *rd_kafka_version_str(void);

/** The contexts that the `debug` property takes, separated by commas. A constant. */
RD_EXPORT const char *rd_kafka_get_debug_contexts(void);

/**
 * How many of the library's built-in tests fail. This library keeps its tests outside
 * of itself, so it is always 0.
 */
RD_EXPORT int rd_kafka_unittest(void);

/* Response codes and error objects ---------------------------------------------------- */

/**
 * Sets `*errdescs` to a table with one element for every number from the lowest
 * response code to the highest, and `*cntp` to its length. The numbers that no code
 * has are elements with a null name. A constant.
 */
RD_EXPORT
void rd_kafka_get_err_descs(const struct rd_kafka_err_desc **errdescs,
                            size_t *cntp);

/**
 * A text for a response code, such as "Local: Timed out". For codes that are not known
 * it has the number, and is good until the same thread asks about the next one;
 * otherwise a constant.
 */
RD_EXPORT const char *rd_kafka_err2str(rd_kafka_resp_err_t err);

/**
 * The name of a response code without its prefix, such as "_TIMED_OUT". For codes that
 * are not known as with `rd_kafka_err2str`.
 */
RD_EXPORT const char *rd_kafka_err2name(rd_kafka_resp_err_t err);

/**
 * Why the last call in this thread failed, of the functions that say so (those of the
 * old interface, which return -1 or null and set `errno`). Ask right after the call.
 */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_last_error(void);

/**
 * A response code for an `errno` value that a function of the old interface has left.
 * `rd_kafka_last_error` says it better.
 */
RD_EXPORT RD_DEPRECATED rd_kafka_resp_err_t rd_kafka_errno2err(int errnox);

/** This thread's `errno`, for languages that cannot read it themselves. */
RD_EXPORT RD_DEPRECATED int rd_kafka_errno(void);

/**
 * The error that has made this client instance useless (KIP-98's fencing, a broken
 * idempotent sequence and the like), or `NO_ERROR`. If there is one, its text is
 * written to `errstr`. All that is left to do is to destroy the instance.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_fatal_error(rd_kafka_t *rk,
                                              char *errstr,
                                              size_t errstr_size);

/**
 * Raises a fatal error as if the library had, so that an application can test what it
 * does about one. Returns `NO_ERROR`, or `_PREV_IN_PROGRESS` if there is one already.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_test_fatal_error(rd_kafka_t *rk,
                                                   rd_kafka_resp_err_t err,
                                                   const char *reason);

/** The response code of an error; `NO_ERROR` for null. */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_error_code(const rd_kafka_error_t *error);

/**
 * The name of an error's code; "" for null. As long-lived as that of
 * `rd_kafka_err2name`.
 */
RD_EXPORT const char *rd_kafka_error_name(const rd_kafka_error_t *error);

/** The text of an error; "" for null. Good until the error is destroyed. */
RD_EXPORT const char *rd_kafka_error_string(const rd_kafka_error_t *error);

/** 1 if the client instance cannot go on after this error, otherwise 0; also for null. */
RD_EXPORT int rd_kafka_error_is_fatal(const rd_kafka_error_t *error);

/** 1 if the same call may succeed when it is made again, otherwise 0; also for null. */
RD_EXPORT int rd_kafka_error_is_retriable(const rd_kafka_error_t *error);

/**
 * 1 if the transaction must be aborted by `rd_kafka_abort_transaction`, after which a
 * new one can begin; otherwise 0, also for null.
 */
RD_EXPORT int rd_kafka_error_txn_requires_abort(const rd_kafka_error_t *error);

/** Frees an error object that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_error_destroy(rd_kafka_error_t *error);

/**
 * Makes an error with `code` and a text in the manner of `printf`; `fmt`
 * may be null for no text. Freed by `rd_kafka_error_destroy`.
 */
RD_EXPORT rd_kafka_error_t *rd_kafka_error_new(rd_kafka_resp_err_t code,
                                            const char *fmt,
                                            ...) RD_FORMAT(printf, 2, 3);

/**
 * Produces one message, described by `RD_KAFKA_V_*` arguments in any order,
 * ended by `RD_KAFKA_V_END`. One of `RD_KAFKA_V_TOPIC` and `RD_KAFKA_V_RKT`
 * must be there. Returns the code that `rd_kafka_produceva` gives, or `_FATAL` after
 * a fatal error.
 */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_producev(rd_kafka_t *rk, ...);

/* Memory of the library's allocator --------------------------------------------------- */

/**
 * As `calloc()`, with the allocator that the library uses for what it hands over. `rk`
 * is not used and may be null.
 */
RD_EXPORT void *rd_kafka_mem_calloc(rd_kafka_t *rk, size_t num, size_t size);

/**
 * As `malloc()`, with the allocator that the library uses for what it hands over. `rk`
 * is not used and may be null.
 */
RD_EXPORT void *rd_kafka_mem_malloc(rd_kafka_t *rk, size_t size);

/**
 * Frees memory that the library has handed over and that says it is to be freed by
 * this function, or memory of the two functions above. `rk` is not used and may be
 * null.
 */
RD_EXPORT void rd_kafka_mem_free(rd_kafka_t *rk, void *ptr);

/* 128-bit ids ------------------------------------------------------------------------- */

/** The id as 22 characters of base64 without padding. Good until the id is destroyed. */
RD_EXPORT const char *rd_kafka_Uuid_base64str(const rd_kafka_Uuid_t *uuid);

/** The lower 64 bits. */
RD_EXPORT int64_t rd_kafka_Uuid_least_significant_bits(const rd_kafka_Uuid_t *uuid);

/** The upper 64 bits. */
RD_EXPORT int64_t rd_kafka_Uuid_most_significant_bits(const rd_kafka_Uuid_t *uuid);

/** An id of two halves. Freed by `rd_kafka_Uuid_destroy`. */
RD_EXPORT
rd_kafka_Uuid_t *rd_kafka_Uuid_new(int64_t most_significant_bits,
                                   int64_t least_significant_bits);

/** A copy, freed by `rd_kafka_Uuid_destroy`. */
RD_EXPORT rd_kafka_Uuid_t *rd_kafka_Uuid_copy(const rd_kafka_Uuid_t *uuid);

/** Frees an id that the application owns. */
RD_EXPORT void rd_kafka_Uuid_destroy(rd_kafka_Uuid_t *uuid);

/* Lists of partitions, in libc's memory ----------------------------------------------- */

/**
 * Frees a single partition object that the application owns. Not for elements of
 * lists, which the list frees.
 */
RD_EXPORT void rd_kafka_topic_partition_destroy(rd_kafka_topic_partition_t *rktpar);

/**
 * Sets the leader epoch (KIP-320) that goes with the element's offset: of the last
 * record before it. -1 says that it is not known. Offsets with an epoch let a consumer
 * notice that the log was truncated.
 */
RD_EXPORT
void rd_kafka_topic_partition_set_leader_epoch(rd_kafka_topic_partition_t *rktpar,
                                               int32_t leader_epoch);

/** The leader epoch that goes with the element's offset; -1 if it is not known. */
RD_EXPORT
int32_t rd_kafka_topic_partition_get_leader_epoch(const rd_kafka_topic_partition_t *rktpar);

/**
 * An empty list with room for `size` elements; it grows if there are more. Freed by
 * `rd_kafka_topic_partition_list_destroy`.
 */
RD_EXPORT rd_kafka_topic_partition_list_t *rd_kafka_topic_partition_list_new(int size);

/**
 * Frees a list with its elements, their topics and their metadata. The elements'
 * `opaque` is the application's. Null is allowed.
 */
RD_EXPORT
void rd_kafka_topic_partition_list_destroy(rd_kafka_topic_partition_list_t *rkparlist);

/**
 * Adds a partition at the end, with offset `RD_KAFKA_OFFSET_INVALID`; `topic` is
 * copied. Duplicates are not looked for. Returns the new element, which is good until
 * the list is changed.
 */
RD_EXPORT
rd_kafka_topic_partition_t *rd_kafka_topic_partition_list_add(rd_kafka_topic_partition_list_t *rktparlist,
                                                              const char *topic,
                                                              int32_t partition);

/** Adds the partitions from `start` to `stop`, both included. */
RD_EXPORT
void rd_kafka_topic_partition_list_add_range(rd_kafka_topic_partition_list_t *rktparlist,
                                             const char *topic,
                                             int32_t start,
                                             int32_t stop);

/**
 * Removes the first element of that topic and partition. Returns 1, or 0 if there is
 * none.
 */
RD_EXPORT
int rd_kafka_topic_partition_list_del(rd_kafka_topic_partition_list_t *rktparlist,
                                      const char *topic,
                                      int32_t partition);

/**
 * Removes the element of that index, and moves those behind it. Returns 1, or 0 if the
 * list is shorter.
 */
RD_EXPORT
int rd_kafka_topic_partition_list_del_by_idx(rd_kafka_topic_partition_list_t *rktparlist,
                                             int idx);

/**
 * A copy of the list, elements and their metadata included. Freed by
 * `rd_kafka_topic_partition_list_destroy`.
 */
RD_EXPORT
rd_kafka_topic_partition_list_t *rd_kafka_topic_partition_list_copy(const rd_kafka_topic_partition_list_t *src);

/**
 * Sets the offset of the first element of that topic and partition. Returns
 * `NO_ERROR`, or `_UNKNOWN_PARTITION` if there is none.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_topic_partition_list_set_offset(rd_kafka_topic_partition_list_t *rktparlist,
                                                                  const char *topic,
                                                                  int32_t partition,
                                                                  int64_t offset);

/**
 * The first element of that topic and partition, or null. Good until the list is
 * changed.
 */
RD_EXPORT
rd_kafka_topic_partition_t *rd_kafka_topic_partition_list_find(const rd_kafka_topic_partition_list_t *rktparlist,
                                                               const char *topic,
                                                               int32_t partition);

/**
 * Sorts the list by `cmp`, which is called as by `qsort_r()` with two elements and
 * `cmp_opaque`; without `cmp`, by topic and then by partition.
 */
RD_EXPORT
void rd_kafka_topic_partition_list_sort(rd_kafka_topic_partition_list_t *rktparlist,
                                        int (*cmp)(const void *a,
                                                   const void *b,
                                                   void *cmp_opaque),
                                        void *cmp_opaque);

/* Message headers --------------------------------------------------------------------- */

/**
 * An empty list of headers; `initial_count` is how many there are likely to be. Freed
 * by `rd_kafka_headers_destroy`, unless a message takes it over.
 */
RD_EXPORT rd_kafka_headers_t *rd_kafka_headers_new(size_t initial_count);

/** Frees a list of headers that the application owns. */
RD_EXPORT void rd_kafka_headers_destroy(rd_kafka_headers_t *hdrs);

/** A copy, which the application owns. */
RD_EXPORT rd_kafka_headers_t *rd_kafka_headers_copy(const rd_kafka_headers_t *src);

/**
 * Adds a header at the end; name and value are copied. A `name_size` or `value_size`
 * of -1 says that it is a string. A null `value` is a null value. Always `NO_ERROR`
 * for good arguments.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_header_add(rd_kafka_headers_t *hdrs,
                                             const char *name,
                                             ssize_t name_size,
                                             const void *value,
                                             ssize_t value_size);

/**
 * Removes all headers of this name. `NO_ERROR`, `_NOENT` if there is none, or
 * `_READ_ONLY` if the headers cannot be changed.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_header_remove(rd_kafka_headers_t *hdrs,
                                                const char *name);

/**
 * Finds the last header of this name, and sets `*valuep` and `*sizep`, or returns
 * `_NOENT`. The value has a NUL behind it that does not count, and is good until the
 * headers change.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_header_get_last(const rd_kafka_headers_t *hdrs,
                                                  const char *name,
                                                  const void **valuep,
                                                  size_t *sizep);

/**
 * As `rd_kafka_header_get_last`, for the header that has `idx` others of the same name
 * before it: with 0, 1, ... until `_NOENT` one sees them all.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_header_get(const rd_kafka_headers_t *hdrs,
                                             size_t idx,
                                             const char *name,
                                             const void **valuep,
                                             size_t *sizep);

/**
 * As `rd_kafka_header_get_last`, for the header at `idx` whatever its name, which goes
 * to `*namep`.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_header_get_all(const rd_kafka_headers_t *hdrs,
                                                 size_t idx,
                                                 const char **namep,
                                                 const void **valuep,
                                                 size_t *sizep);

/** How many headers there are. */
RD_EXPORT size_t rd_kafka_header_cnt(const rd_kafka_headers_t *hdrs);

/* Messages: consumed ones, and those in delivery reports ------------------------------ */

/**
 * Gives back a message that was consumed; its payload, key and headers are no longer
 * good. Not for messages of delivery reports and of events, which belong to their
 * report or event.
 */
RD_EXPORT void rd_kafka_message_destroy(rd_kafka_message_t *rkmessage);

/**
 * A text for the message's error: the broker's or the library's own if there is one,
 * otherwise that of the code. Null if there is no error. Good as long as the message.
 */
RD_EXPORT const char *rd_kafka_message_errstr(const rd_kafka_message_t *rkmessage);

/**
 * As `rd_kafka_message_errstr` for a message in a delivery report, with the reason
 * that the broker gave for refusing it (KIP-467), if it did.
 */
RD_EXPORT
const char *rd_kafka_message_produce_errstr(const rd_kafka_message_t *rkmessage);

/**
 * The message's timestamp in milliseconds since 1970, or -1; `*tstype`, unless null,
 * says who set it.
 */
RD_EXPORT
int64_t rd_kafka_message_timestamp(const rd_kafka_message_t *rkmessage,
                                   rd_kafka_timestamp_type_t *tstype);

/**
 * How long it took from the produce call to the delivery report, in microseconds; -1
 * if that is not known. For delivery reports.
 */
RD_EXPORT int64_t rd_kafka_message_latency(const rd_kafka_message_t *rkmessage);

/** The broker that the message came from or went to; -1 if that is not known. */
RD_EXPORT int32_t rd_kafka_message_broker_id(const rd_kafka_message_t *rkmessage);

/**
 * Sets `*hdrsp` to the message's headers, which it keeps and which are good as long as
 * the message. `_NOENT` if there are none, `_BAD_MSG` or another code if they cannot
 * be read.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_message_headers(const rd_kafka_message_t *rkmessage,
                                                  rd_kafka_headers_t **hdrsp);

/**
 * As `rd_kafka_message_headers`, and the application owns the headers from then on: it
 * frees them, or produces them again. A consumed message that is asked again gives
 * another copy.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_message_detach_headers(rd_kafka_message_t *rkmessage,
                                                         rd_kafka_headers_t **hdrsp);

/**
 * Replaces the message's headers by `hdrs`, which it owns from then on; null removes
 * them. For interceptors that change a message before it is sent.
 */
RD_EXPORT
void rd_kafka_message_set_headers(rd_kafka_message_t *rkmessage,
                                  rd_kafka_headers_t *hdrs);

/** Whether the message of a delivery report is in the log. */
RD_EXPORT
rd_kafka_msg_status_t rd_kafka_message_status(const rd_kafka_message_t *rkmessage);

/**
 * The epoch of the leader that wrote the message's batch, or -1 if the broker's or the
 * batch's version has none. For consumed messages.
 */
RD_EXPORT int32_t rd_kafka_message_leader_epoch(const rd_kafka_message_t *rkmessage);

/**
 * How many times the record was delivered, this time included (KIP-932); -1 for a
 * message that is not a share consumer's.
 */
RD_EXPORT int16_t rd_kafka_message_delivery_count(const rd_kafka_message_t *rkmessage);

/* Configuration of a client instance -------------------------------------------------- */

/**
 * A configuration with all properties at their defaults. It goes to `rd_kafka_new`,
 * which takes it over, or is freed by `rd_kafka_conf_destroy`.
 */
RD_EXPORT rd_kafka_conf_t *rd_kafka_conf_new(void);

/** Frees a configuration that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_conf_destroy(rd_kafka_conf_t *conf);

/**
 * A copy, which the application owns. Interceptors are told, and may add themselves to
 * the copy.
 */
RD_EXPORT rd_kafka_conf_t *rd_kafka_conf_dup(const rd_kafka_conf_t *conf);

/**
 * As `rd_kafka_conf_dup`, without the properties whose names begin with one of the
 * `filter_cnt` strings in `filter`.
 */
RD_EXPORT
rd_kafka_conf_t *rd_kafka_conf_dup_filter(const rd_kafka_conf_t *conf,
                                          size_t filter_cnt,
                                          const char **filter);

/**
 * The configuration of a client instance, for reading only. Good as long as the
 * instance.
 */
RD_EXPORT const rd_kafka_conf_t *rd_kafka_conf(rd_kafka_t *rk);

/**
 * Sets a property by its name; topic properties go to the default topic configuration.
 * A null or, for strings, empty value restores the default. Returns
 * `RD_KAFKA_CONF_OK`, or `_UNKNOWN` or `_INVALID` with a text in `errstr` that names
 * the property and what it may be. CONFIGURATION.md lists them all.
 */
RD_EXPORT
rd_kafka_conf_res_t rd_kafka_conf_set(rd_kafka_conf_t *conf,
                                           const char *name,
                                           const char *value,
                                           char *errstr,
                                           size_t errstr_size);

/**
 * Asks for events of these kinds, a sum of `RD_KAFKA_EVENT_DR` and others, on queues
 * in the place of callbacks. For delivery reports, a callback that is set has
 * precedence.
 */
RD_EXPORT void rd_kafka_conf_set_events(rd_kafka_conf_t *conf, int events);

/**
 * Sets a function for events that a thread of the library calls, so that the
 * application need not poll. It must free the event. Which events arrive is said by
 * `rd_kafka_conf_set_events` or by forwarding queues to
 * `rd_kafka_queue_get_background`. `rd_kafka_destroy` ends that thread, and then calls
 * the function itself for admin operations that it has cut off, with `_DESTROY`.
 */
RD_EXPORT
void rd_kafka_conf_set_background_event_cb(rd_kafka_conf_t *conf,
                                           void (*event_cb)(rd_kafka_t *rk,
                                                            rd_kafka_event_t *rkev,
                                                            void *opaque));

/**
 * Sets the function for delivery reports, in the old form.
 * `rd_kafka_conf_set_dr_msg_cb` says more.
 */
RD_EXPORT
void rd_kafka_conf_set_dr_cb(rd_kafka_conf_t *conf,
                             void (*dr_cb)(rd_kafka_t *rk,
                                           void *payload,
                                           size_t len,
                                           rd_kafka_resp_err_t err,
                                           void *opaque,
                                           void *msg_opaque));

/**
 * Sets the function for delivery reports: called once for each message that was
 * produced, by the thread that polls, in order for each partition. `rkmessage->err`
 * says whether it was delivered, `_private` is its opaque. The message is the
 * library's and ends with the call. It may call the library, but not destroy the
 * instance.
 */
RD_EXPORT
void rd_kafka_conf_set_dr_msg_cb(rd_kafka_conf_t *conf,
                                 void (*dr_msg_cb)(rd_kafka_t *rk,
                                                   const rd_kafka_message_t *rkmessage,
                                                   void *opaque));

/**
 * Sets a function that consumed messages go to when they are taken from a queue by
 * `rd_kafka_poll` or `rd_kafka_queue_poll_callback`. The message ends with the call.
 */
RD_EXPORT
void rd_kafka_conf_set_consume_cb(rd_kafka_conf_t *conf,
                                  void (*consume_cb)(rd_kafka_message_t *rkmessage,
                                                     void *opaque));

/**
 * Sets the function for rebalances of the consumer group, called by the thread that
 * polls, with `err` `_ASSIGN_PARTITIONS` or `_REVOKE_PARTITIONS`. It must follow with
 * `rd_kafka_assign` (null to give up all) or, if `rd_kafka_rebalance_protocol` is
 * "COOPERATIVE", with `rd_kafka_incremental_assign` and
 * `rd_kafka_incremental_unassign`. Without such a function the library does it by
 * itself. The list ends with the call.
 */
RD_EXPORT
void rd_kafka_conf_set_rebalance_cb(rd_kafka_conf_t *conf,
                                    void (*rebalance_cb)(rd_kafka_t *rk,
                                                         rd_kafka_resp_err_t err,
                                                         rd_kafka_topic_partition_list_t *partitions,
                                                         void *opaque));

/**
 * Sets the function that is told the result of commits, each partition with its own
 * `err`; also of automatic ones. `_NO_OFFSET` says that there was nothing to commit.
 * Called by the thread that polls; the list ends with the call.
 */
RD_EXPORT
void rd_kafka_conf_set_offset_commit_cb(rd_kafka_conf_t *conf,
                                        void (*offset_commit_cb)(rd_kafka_t *rk,
                                                                 rd_kafka_resp_err_t err,
                                                                 rd_kafka_topic_partition_list_t *offsets,
                                                                 void *opaque));

/**
 * Sets the function for errors that no call returns: all brokers down, authentication,
 * fatal errors. Called by the thread that polls. Most of them are for information, as
 * the library goes on trying; after `_FATAL`, ask `rd_kafka_fatal_error`.
 */
RD_EXPORT
void rd_kafka_conf_set_error_cb(rd_kafka_conf_t *conf,
                                void (*error_cb)(rd_kafka_t *rk,
                                                 int err,
                                                 const char *reason,
                                                 void *opaque));

/**
 * Sets the function that is told when a broker has throttled the client by its quotas,
 * and when it no longer does (0 ms). Called by the thread that polls.
 */
RD_EXPORT
void rd_kafka_conf_set_throttle_cb(rd_kafka_conf_t *conf,
                                   void (*throttle_cb)(rd_kafka_t *rk,
                                                       const char *broker_name,
                                                       int32_t broker_id,
                                                       int throttle_time_ms,
                                                       void *opaque));

/**
 * Sets the function for log lines, in the place of stderr. Called by the library's
 * threads, several at once and with no regard to polling, unless `log.queue` is true.
 * It must be quick and must not call the library. Null for no logging at all.
 */
RD_EXPORT
void rd_kafka_conf_set_log_cb(rd_kafka_conf_t *conf,
                              void (*log_cb)(const rd_kafka_t *rk,
                                             int level,
                                             const char *fac,
                                             const char *buf));

/**
 * Sets the function for statistics, called by the thread that polls, every
 * `statistics.interval.ms`. `json` is the library's and freed after the call, unless
 * the function returns 1: then the application frees it with `free()`.
 */
RD_EXPORT
void rd_kafka_conf_set_stats_cb(rd_kafka_conf_t *conf,
                                int (*stats_cb)(rd_kafka_t *rk,
                                                char *json,
                                                size_t json_len,
                                                void *opaque));

/**
 * Sets the function that is to fetch a token for SASL/OAUTHBEARER (KIP-255), called
 * when one is needed, and before the present one expires. It follows with
 * `rd_kafka_oauthbearer_set_token` or `rd_kafka_oauthbearer_set_token_failure`. Called
 * by the thread that polls, or by the background thread (see
 * `rd_kafka_sasl_background_callbacks_enable`).
 */
RD_EXPORT
void rd_kafka_conf_set_oauthbearer_token_refresh_cb(rd_kafka_conf_t *conf,
                                                    void (*oauthbearer_token_refresh_cb)(rd_kafka_t *rk,
                                                                                         const char *oauthbearer_config,
                                                                                         void *opaque));

/**
 * If `enable` is not 0, requests for tokens go to a queue of their own, which
 * `rd_kafka_queue_get_sasl` gives, and not to the main queue.
 */
RD_EXPORT void rd_kafka_conf_enable_sasl_queue(rd_kafka_conf_t *conf, int enable);

/**
 * Sets a function that makes the sockets, as `socket()` does. Called by broker
 * threads.
 */
RD_EXPORT
void rd_kafka_conf_set_socket_cb(rd_kafka_conf_t *conf,
                                 int (*socket_cb)(int domain,
                                                  int kind,
                                                  int protocol,
                                                  void *opaque));

/**
 * Sets a function that connects a socket, as a non-blocking `connect()` does: it
 * returns 0, or an errno value such as EINPROGRESS. `id` names the broker. Called by
 * broker threads.
 */
RD_EXPORT
void rd_kafka_conf_set_connect_cb(rd_kafka_conf_t *conf,
                                  int (*connect_cb)(int sockfd,
                                                    const struct sockaddr *addr,
                                                    int addrlen,
                                                    const char *id,
                                                    void *opaque));

/**
 * Sets a function that closes sockets, in the place of `close()`. Called by broker
 * threads.
 */
RD_EXPORT
void rd_kafka_conf_set_closesocket_cb(rd_kafka_conf_t *conf,
                                      int (*closesocket_cb)(int sockfd, void *opaque));

/** Sets a function that opens files, as `open()` does. */
RD_EXPORT
void rd_kafka_conf_set_open_cb(rd_kafka_conf_t *conf,
                               int (*open_cb)(const char *pathname,
                                              int flags,
                                              mode_t mode,
                                              void *opaque));

/**
 * Sets a function that resolves host names, as `getaddrinfo()` does with its result
 * and codes. When it is called with a null `node` and `service`, it frees what `*res`
 * holds. Called on a thread of the library; `rd_kafka_destroy` waits for a call that is
 * under way.
 */
RD_EXPORT
void rd_kafka_conf_set_resolve_cb(rd_kafka_conf_t *conf,
                                  int (*resolve_cb)(const char *node,
                                                    const char *service,
                                                    const struct addrinfo *hints,
                                                    struct addrinfo **res,
                                                    void *opaque));

/**
 * Sets a certificate or key from memory, which is copied; a null `buffer` removes it.
 * Encrypted ones need `ssl.key.password` to be set before. Authorities that are set here
 * count instead of `ssl.ca.location` and `ssl.ca.pem`; where the client's certificate or
 * key is set by properties as well, those count.
 */
RD_EXPORT
rd_kafka_conf_res_t rd_kafka_conf_set_ssl_cert(rd_kafka_conf_t *conf,
                                                    rd_kafka_cert_type_t cert_type,
                                                    rd_kafka_cert_enc_t cert_enc,
                                                    const void *buffer,
                                                    size_t size,
                                                    char *errstr,
                                                    size_t errstr_size);

/** Sets what an OpenSSL engine (`ssl.engine.location`) gets as its callback data. */
RD_EXPORT
void rd_kafka_conf_set_engine_callback_data(rd_kafka_conf_t *conf,
                                            void *callback_data);

/**
 * Sets a function that has the last word on each certificate of a broker's chain, in
 * DER form: 1 accepts it; 0 refuses it, with a text in `errstr`. `*x509_error` is what
 * the library thinks of it, and may be changed. Called by broker threads. `_INVALID`
 * if the library is built without TLS.
 */
RD_EXPORT
rd_kafka_conf_res_t rd_kafka_conf_set_ssl_cert_verify_cb(rd_kafka_conf_t *conf,
                                                              int (*ssl_cert_verify_cb)(rd_kafka_t *rk,
                                                                                        const char *broker_name,
                                                                                        int32_t broker_id,
                                                                                        int *x509_error,
                                                                                        int depth,
                                                                                        const char *buf,
                                                                                        size_t size,
                                                                                        char *errstr,
                                                                                        size_t errstr_size,
                                                                                        void *opaque));

/** Sets what callbacks get as `opaque`, and what `rd_kafka_opaque` returns. */
RD_EXPORT void rd_kafka_conf_set_opaque(rd_kafka_conf_t *conf, void *opaque);

/**
 * Sets the configuration of topics that have none of their own; `tconf` belongs to
 * `conf` from then on. What was set before by topic properties in `conf` is lost.
 */
RD_EXPORT
void rd_kafka_conf_set_default_topic_conf(rd_kafka_conf_t *conf,
                                          rd_kafka_topic_conf_t *tconf);

/** The default topic configuration, or null; it stays part of `conf`. */
RD_EXPORT
rd_kafka_topic_conf_t *rd_kafka_conf_get_default_topic_conf(rd_kafka_conf_t *conf);

/**
 * Writes the value of a property to `dest` and its length with the NUL to
 * `*dest_size`, which says how much room there is. A null `dest` asks for the length.
 * Topic properties are looked up in the default topic configuration.
 * `RD_KAFKA_CONF_UNKNOWN` if there is no such property.
 */
RD_EXPORT
rd_kafka_conf_res_t rd_kafka_conf_get(const rd_kafka_conf_t *conf,
                                           const char *name,
                                           char *dest,
                                           size_t *dest_size);

/**
 * The properties and their values, as an array of name, value, name, value, and so on;
 * `*cntp` is its length. Freed by `rd_kafka_conf_dump_free`.
 */
RD_EXPORT const char **rd_kafka_conf_dump(rd_kafka_conf_t *conf, size_t *cntp);

/**
 * Frees what `rd_kafka_conf_dump` or `rd_kafka_topic_conf_dump` returned; `cnt` is its
 * length.
 */
RD_EXPORT void rd_kafka_conf_dump_free(const char **arr, size_t cnt);

/** Prints all properties with their ranges, defaults and descriptions to `fp`. */
RD_EXPORT void rd_kafka_conf_properties_show(FILE *fp);

/* Configuration of a topic ------------------------------------------------------------ */

/** As `rd_kafka_conf_get`, for topic properties. */
RD_EXPORT
rd_kafka_conf_res_t rd_kafka_topic_conf_get(const rd_kafka_topic_conf_t *conf,
                                                 const char *name,
                                                 char *dest,
                                                 size_t *dest_size);

/** As `rd_kafka_conf_dump`, for topic properties. */
RD_EXPORT
const char **rd_kafka_topic_conf_dump(rd_kafka_topic_conf_t *conf,
                                      size_t *cntp);

/**
 * A topic configuration with all properties at their defaults. It goes to
 * `rd_kafka_topic_new` or to a configuration, or is freed by
 * `rd_kafka_topic_conf_destroy`.
 */
RD_EXPORT rd_kafka_topic_conf_t *rd_kafka_topic_conf_new(void);

/** A copy, which the application owns. */
RD_EXPORT
rd_kafka_topic_conf_t *rd_kafka_topic_conf_dup(const rd_kafka_topic_conf_t *conf);

/**
 * A copy of a client instance's default topic configuration, which the application
 * owns.
 */
RD_EXPORT rd_kafka_topic_conf_t *rd_kafka_default_topic_conf_dup(rd_kafka_t *rk);

/** Frees a topic configuration that the application owns. */
RD_EXPORT void rd_kafka_topic_conf_destroy(rd_kafka_topic_conf_t *topic_conf);

/** As `rd_kafka_conf_set`, for topic properties. */
RD_EXPORT
rd_kafka_conf_res_t rd_kafka_topic_conf_set(rd_kafka_topic_conf_t *conf,
                                                 const char *name,
                                                 const char *value,
                                                 char *errstr,
                                                 size_t errstr_size);

/** Sets what `rd_kafka_topic_opaque` returns and partitioners get as `rkt_opaque`. */
RD_EXPORT
void rd_kafka_topic_conf_set_opaque(rd_kafka_topic_conf_t *conf,
                                    void *rkt_opaque);

/**
 * Sets the function that chooses the partition of a message without one, from 0 to
 * `partition_cnt` - 1; `RD_KAFKA_PARTITION_UA` refuses the message. It is called with
 * the topic's internals locked, by the thread that produces or by one of the
 * library's, and must not call the library but for
 * `rd_kafka_topic_partition_available`.
 */
RD_EXPORT
void rd_kafka_topic_conf_set_partitioner_cb(rd_kafka_topic_conf_t *topic_conf,
                                            int32_t (*partitioner)(const rd_kafka_topic_t *rkt,
                                                                   const void *keydata,
                                                                   size_t keylen,
                                                                   int32_t partition_cnt,
                                                                   void *rkt_opaque,
                                                                   void *msg_opaque));

/**
 * Notes a function that compares two waiting messages of a partition. It is never called,
 * as in librdkafka: `queuing.strategy` decides on their order.
 */
RD_EXPORT
void rd_kafka_topic_conf_set_msg_order_cmp(rd_kafka_topic_conf_t *topic_conf,
                                           int (*msg_order_cmp)(const rd_kafka_message_t *a,
                                                                const rd_kafka_message_t *b));

/* Partitioners, for applications to call and to name in their settings ---------------- */

/** 1 if the partition has a leader, otherwise 0. For partitioners. */
RD_EXPORT
int rd_kafka_topic_partition_available(const rd_kafka_topic_t *rkt,
                                       int32_t partition);

/** A partition by chance. */
RD_EXPORT
int32_t rd_kafka_msg_partitioner_random(const rd_kafka_topic_t *rkt,
                                        const void *key,
                                        size_t keylen,
                                        int32_t partition_cnt,
                                        void *rkt_opaque,
                                        void *msg_opaque);

/**
 * The partition of a key by CRC32; messages with no key, or an empty one, all go to
 * the same one.
 */
RD_EXPORT
int32_t rd_kafka_msg_partitioner_consistent(const rd_kafka_topic_t *rkt,
                                            const void *key,
                                            size_t keylen,
                                            int32_t partition_cnt,
                                            void *rkt_opaque,
                                            void *msg_opaque);

/**
 * The partition of a key by CRC32; by chance for messages with no key, or an empty
 * one.
 */
RD_EXPORT
int32_t rd_kafka_msg_partitioner_consistent_random(const rd_kafka_topic_t *rkt,
                                                   const void *key,
                                                   size_t keylen,
                                                   int32_t partition_cnt,
                                                   void *rkt_opaque,
                                                   void *msg_opaque);

/**
 * The partition of a key by murmur2, as the Java client computes it; messages with no
 * key all go to the same one.
 */
RD_EXPORT
int32_t rd_kafka_msg_partitioner_murmur2(const rd_kafka_topic_t *rkt,
                                         const void *key,
                                         size_t keylen,
                                         int32_t partition_cnt,
                                         void *rkt_opaque,
                                         void *msg_opaque);

/**
 * The partition of a key by murmur2, as the Java client computes it; by chance for
 * messages with no key.
 */
RD_EXPORT
int32_t rd_kafka_msg_partitioner_murmur2_random(const rd_kafka_topic_t *rkt,
                                                const void *key,
                                                size_t keylen,
                                                int32_t partition_cnt,
                                                void *rkt_opaque,
                                                void *msg_opaque);

/**
 * The partition of a key by FNV-1a, as Sarama computes it; messages with no key all go
 * to the same one.
 */
RD_EXPORT
int32_t rd_kafka_msg_partitioner_fnv1a(const rd_kafka_topic_t *rkt,
                                       const void *key,
                                       size_t keylen,
                                       int32_t partition_cnt,
                                       void *rkt_opaque,
                                       void *msg_opaque);

/**
 * The partition of a key by FNV-1a, as Sarama computes it; by chance for messages with
 * no key.
 */
RD_EXPORT
int32_t rd_kafka_msg_partitioner_fnv1a_random(const rd_kafka_topic_t *rkt,
                                              const void *key,
                                              size_t keylen,
                                              int32_t partition_cnt,
                                              void *rkt_opaque,
                                              void *msg_opaque);

/* The client instance: making, polling and ending it ---------------------------------- */

/** What `rd_kafka_conf_set_opaque` has set. */
RD_EXPORT void *rd_kafka_opaque(const rd_kafka_t *rk);

/**
 * Makes a client instance, and its threads, which connect as needed. If it succeeds,
 * `conf` belongs to the instance; if not, null is returned, `errstr` says why,
 * `rd_kafka_last_error` has a code, and `conf` stays the application's. A null `conf`
 * stands for the defaults. Ended by `rd_kafka_destroy`.
 *
 * An instance belongs to the process that has made it. In a forked child, calls with an
 * instance of the parent's change nothing, in the parent neither: their error is `_STATE`,
 * with a text that says why where there is one, and `rd_kafka_destroy` returns at once. The
 * child may make instances of its own.
 */
RD_EXPORT
rd_kafka_t *rd_kafka_new(rd_kafka_type_t kind,
                         rd_kafka_conf_t *conf,
                         char *errstr,
                         size_t errstr_size);

/**
 * Ends a client instance: a consumer is closed (see `rd_kafka_consumer_close`),
 * messages that were not delivered are dropped, and all threads end before it returns;
 * the time is bounded. A producer should `rd_kafka_flush` before. Topics and queues of
 * the instance must be destroyed before, and no other thread may use it any more.
 *
 * From any thread, also in a callback of the instance's own, but for interceptors and
 * partitioners. In a callback it returns at once, and the instance ends when the call that
 * has called back is over, before that returns; if it is a callback on one of the
 * library's threads, by a thread made for that. Callbacks may come until then, so what they
 * use has to be there: `rd_kafka_wait_destroyed` tells when it is over.
 */
RD_EXPORT
void rd_kafka_destroy(rd_kafka_t *rk);

/**
 * As `rd_kafka_destroy`, with `RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE` to leave out
 * closing the consumer.
 */
RD_EXPORT void rd_kafka_destroy_flags(rd_kafka_t *rk, int flags);

/**
 * The instance's name, made of `client.id`, its kind and a number:
 * "rdkafka#producer-1". Good as long as the instance.
 */
RD_EXPORT const char *rd_kafka_name(const rd_kafka_t *rk);

/** Whether it is a producer or a consumer. */
RD_EXPORT rd_kafka_type_t rd_kafka_type(const rd_kafka_t *rk);

/**
 * The cluster's id, waiting up to `timeout_ms` for metadata that has it; null if there
 * is none by then. Freed by `rd_kafka_mem_free`.
 */
RD_EXPORT char *rd_kafka_clusterid(rd_kafka_t *rk, int timeout_ms);

/**
 * The broker id of the cluster's controller, waiting up to `timeout_ms` for metadata
 * that has it; -1 if there is none by then.
 */
RD_EXPORT int32_t rd_kafka_controllerid(rd_kafka_t *rk, int timeout_ms);

/**
 * Waits up to `timeout_ms` for events, and calls the application's functions for those
 * that are there. Returns how many. A producer must poll regularly to get its delivery
 * reports; for a consumer, use `rd_kafka_consumer_poll`. Not from a callback.
 */
RD_EXPORT int rd_kafka_poll(rd_kafka_t *rk, int timeout_ms);

/**
 * From a callback: makes the `rd_kafka_poll` (or the like) of this thread return after
 * the callback, although there is more to do.
 */
RD_EXPORT void rd_kafka_yield(rd_kafka_t *rk);

/**
 * Adds bootstrap brokers, as `bootstrap.servers` has them. Returns how many were
 * added.
 */
RD_EXPORT int rd_kafka_brokers_add(rd_kafka_t *rk, const char *brokerlist);

/**
 * The ids of the brokers that metadata has told of, `*cntp` of them; null if there are
 * none. Freed by `rd_kafka_mem_free`.
 */
RD_EXPORT int32_t *rd_kafka_brokers_learned_ids(rd_kafka_t *rk, size_t *cntp);

/**
 * How many messages and events wait: messages to be sent or answered, and events and
 * reports to be polled. For a producer: nothing is lost by ending it once this is 0.
 */
RD_EXPORT int rd_kafka_outq_len(rd_kafka_t *rk);

/** Writes the instance's inner state to `fp`, for debugging. The form may change. */
RD_EXPORT void rd_kafka_dump(FILE *fp, rd_kafka_t *rk);

/** How many threads the library has, of all instances. */
RD_EXPORT int rd_kafka_thread_cnt(void);

/**
 * Waits up to `timeout_ms` until no client instance is left. Returns 0, or -1 after
 * the time. Of no use where `rd_kafka_destroy` has returned, which waits by itself.
 */
RD_EXPORT int rd_kafka_wait_destroyed(int timeout_ms);

/* Topics of a client instance --------------------------------------------------------- */

/**
 * A topic with its own configuration, which it takes over if the call succeeds; null
 * for the instance's default. The first handle of a topic decides; later ones are the
 * same topic, and their `conf` is dropped. On failure, null is returned and
 * `rd_kafka_last_error` says why. Each handle is freed by `rd_kafka_topic_destroy`.
 */
RD_EXPORT
rd_kafka_topic_t *rd_kafka_topic_new(rd_kafka_t *rk,
                                     const char *topic,
                                     rd_kafka_topic_conf_t *conf);

/** Gives back a topic handle. Messages on their way are not touched. */
RD_EXPORT void rd_kafka_topic_destroy(rd_kafka_topic_t *rkt);

/** The topic's name. Good as long as the handle. */
RD_EXPORT const char *rd_kafka_topic_name(const rd_kafka_topic_t *rkt);

/** What `rd_kafka_topic_conf_set_opaque` has set. */
RD_EXPORT void *rd_kafka_topic_opaque(const rd_kafka_topic_t *rkt);

/* Queues of events -------------------------------------------------------------------- */

/**
 * A queue for consumed messages and for admin results, apart from the instance's own.
 * Freed by `rd_kafka_queue_destroy`, before the instance.
 */
RD_EXPORT rd_kafka_queue_t *rd_kafka_queue_new(rd_kafka_t *rk);

/** Gives back a reference to a queue, also of one that the library has made. */
RD_EXPORT void rd_kafka_queue_destroy(rd_kafka_queue_t *rkqu);

/**
 * The queue that `rd_kafka_poll` serves: delivery reports, errors, statistics, logs.
 * Given back by `rd_kafka_queue_destroy`.
 */
RD_EXPORT rd_kafka_queue_t *rd_kafka_queue_get_main(rd_kafka_t *rk);

/**
 * The queue that `rd_kafka_consumer_poll` serves: messages, rebalances, commits; null
 * if the instance is not a consumer with a group. Polling it counts as polling for
 * `max.poll.interval.ms`. Given back by `rd_kafka_queue_destroy`.
 */
RD_EXPORT rd_kafka_queue_t *rd_kafka_queue_get_consumer(rd_kafka_t *rk);

/**
 * The queue of one partition, whose messages come by way of the consumer queue unless
 * it is forwarded elsewhere or not at all (`rd_kafka_queue_forward` with null). Null
 * if the instance has no such partition. Given back by `rd_kafka_queue_destroy`.
 */
RD_EXPORT
rd_kafka_queue_t *rd_kafka_queue_get_partition(rd_kafka_t *rk,
                                               const char *topic,
                                               int32_t partition);

/**
 * The queue that the background thread serves; the first call makes both, unless
 * `rd_kafka_conf_set_background_event_cb` has. What is forwarded to it goes to that
 * function, or to the ordinary callbacks if there is none: who forwards the main queue
 * (`rd_kafka_queue_get_main`) need not poll. Null if no thread can be made. Given back
 * by `rd_kafka_queue_destroy`.
 */
RD_EXPORT rd_kafka_queue_t *rd_kafka_queue_get_background(rd_kafka_t *rk);

/**
 * Lets all that arrives in `src`, and what is in it, go to `dst`; null ends that. The
 * application must poll `dst` for the sake of both.
 */
RD_EXPORT void rd_kafka_queue_forward(rd_kafka_queue_t *src, rd_kafka_queue_t *dst);

/** How many messages and events the queue holds, or the queue that it is forwarded to. */
RD_EXPORT size_t rd_kafka_queue_length(rd_kafka_queue_t *rkqu);

/**
 * Writes the `size` bytes at `payload` (copied) to `fd` when the queue stops being
 * empty, for event loops that wait for descriptors. The descriptor should not block;
 * failed writes are ignored. -1 turns it off. Once for each time that the queue was
 * emptied, so poll until there is nothing.
 */
RD_EXPORT
void rd_kafka_queue_io_event_enable(rd_kafka_queue_t *rkqu,
                                    int fd,
                                    const void *payload,
                                    size_t size);

/**
 * Calls `event_cb` when the queue stops being empty, not for more while it holds
 * something, nor for what it holds now, so poll until there is nothing; null turns it
 * off. It is called by threads of the library, must be quick and not poll. The queue that
 * another is forwarded to is the one to ask.
 * `rd_kafka_queue_io_event_enable` is the alternative; the later call wins.
 */
RD_EXPORT
void rd_kafka_queue_cb_event_enable(rd_kafka_queue_t *rkqu,
                                    void (*event_cb)(rd_kafka_t *rk, void *qev_opaque),
                                    void *qev_opaque);

/**
 * Makes a thread that waits in a poll of this queue return with nothing; if there is
 * none, the next one does.
 */
RD_EXPORT void rd_kafka_queue_yield(rd_kafka_queue_t *rkqu);

/**
 * Takes one event from the queue, waiting up to `timeout_ms`; null if there is none.
 * The application frees it by `rd_kafka_event_destroy`. Callbacks are not called for
 * what arrives this way, but for what is no event: throttling and the results of a share
 * consumer's acknowledgements.
 */
RD_EXPORT rd_kafka_event_t *rd_kafka_queue_poll(rd_kafka_queue_t *rkqu, int timeout_ms);

/** As `rd_kafka_poll`, for any queue. Returns how many events were served. */
RD_EXPORT int rd_kafka_queue_poll_callback(rd_kafka_queue_t *rkqu, int timeout_ms);

/* Events, taken from a queue by applications that do without callbacks ---------------- */

/** The kind of event, `RD_KAFKA_EVENT_*`; `RD_KAFKA_EVENT_NONE` for null. */
RD_EXPORT rd_kafka_event_type_t rd_kafka_event_type(const rd_kafka_event_t *rkev);

/** The name of the event's kind. A constant. */
RD_EXPORT const char *rd_kafka_event_name(const rd_kafka_event_t *rkev);

/**
 * Frees an event with all that came out of it. A rebalance that was not answered is
 * answered by default. Null is allowed.
 */
RD_EXPORT void rd_kafka_event_destroy(rd_kafka_event_t *rkev);

/**
 * The next message of a DR or FETCH event; null after the last one. It belongs to the
 * event, and must not be destroyed.
 */
RD_EXPORT const rd_kafka_message_t *rd_kafka_event_message_next(rd_kafka_event_t *rkev);

/**
 * Fills `rkmessages` with up to `size` of the event's messages that were not taken
 * yet, and returns how many. They belong to the event.
 */
RD_EXPORT
size_t rd_kafka_event_message_array(rd_kafka_event_t *rkev,
                                    const rd_kafka_message_t **rkmessages,
                                    size_t size);

/** How many messages the event holds. */
RD_EXPORT size_t rd_kafka_event_message_count(rd_kafka_event_t *rkev);

/**
 * The `sasl.oauthbearer.config` of an OAUTHBEARER_TOKEN_REFRESH event; null otherwise,
 * and if it is not set. Good as long as the event.
 */
RD_EXPORT const char *rd_kafka_event_config_string(rd_kafka_event_t *rkev);

/** The response code of the event; `NO_ERROR` if it has none. */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_event_error(rd_kafka_event_t *rkev);

/** The text to the code; null if there is no error. Good as long as the event. */
RD_EXPORT const char *rd_kafka_event_error_string(rd_kafka_event_t *rkev);

/**
 * 1 if an ERROR event is about a fatal error, otherwise 0; `rd_kafka_fatal_error` says
 * which.
 */
RD_EXPORT int rd_kafka_event_error_is_fatal(rd_kafka_event_t *rkev);

/**
 * What the application has given for this event: of `rd_kafka_commit_queue` or of the
 * admin options. Null otherwise.
 */
RD_EXPORT void *rd_kafka_event_opaque(rd_kafka_event_t *rkev);

/**
 * Takes a LOG event apart: who says it, what, and how severe it is as syslog counts.
 * Returns 0, or -1 for events of another kind. The strings are good as long as the
 * event.
 */
RD_EXPORT
int rd_kafka_event_log(rd_kafka_event_t *rkev,
                       const char **fac,
                       const char **str,
                       int *level);

/**
 * Writes the debug contexts of a LOG event to `dst`, separated by commas. Returns 0,
 * or -1 for events of another kind.
 */
RD_EXPORT
int rd_kafka_event_debug_contexts(rd_kafka_event_t *rkev,
                                  char *dst,
                                  size_t dstsize);

/** The JSON of a STATS event; null otherwise. Good as long as the event. */
RD_EXPORT const char *rd_kafka_event_stats(rd_kafka_event_t *rkev);

/**
 * The partitions of a REBALANCE or OFFSET_COMMIT event; null otherwise. Good as long
 * as the event.
 */
RD_EXPORT
rd_kafka_topic_partition_list_t *rd_kafka_event_topic_partition_list(rd_kafka_event_t *rkev);

/**
 * The partition that an ERROR event is about, as an object that the application frees
 * by `rd_kafka_topic_partition_destroy`; null if it is about none.
 */
RD_EXPORT
rd_kafka_topic_partition_t *rd_kafka_event_topic_partition(rd_kafka_event_t *rkev);

/* Log lines --------------------------------------------------------------------------- */

/**
 * Sends the log lines to a queue, or to the main queue if `rkqu` is null, for `log_cb`
 * or as events. `_NOT_CONFIGURED` unless the property `log.queue` is true; set that,
 * so that nothing of the start is missed.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_set_log_queue(rd_kafka_t *rk,
                                                rd_kafka_queue_t *rkqu);

/**
 * Replaces the log function. Use `rd_kafka_conf_set_log_cb` before the instance is
 * made.
 */
RD_EXPORT void rd_kafka_set_logger(rd_kafka_t *rk, void (*func)(const rd_kafka_t *rk,
                                                                int level,
                                                                const char *fac,
                                                                const char *buf));

/**
 * Sets which lines are logged: those of this syslog severity and graver ones. With
 * `debug` set it begins at 7.
 */
RD_EXPORT void rd_kafka_set_log_level(rd_kafka_t *rk, int level);

/** A log function that writes to stderr; the default. For `rd_kafka_conf_set_log_cb`. */
RD_EXPORT
void rd_kafka_log_print(const rd_kafka_t *rk,
                        int level,
                        const char *fac,
                        const char *buf);

/** A log function that writes to syslog. For `rd_kafka_conf_set_log_cb`. */
RD_EXPORT
void rd_kafka_log_syslog(const rd_kafka_t *rk,
                         int level,
                         const char *fac,
                         const char *buf);

/* Producing --------------------------------------------------------------------------- */

/**
 * Queues one message to be sent, to a partition or, with `RD_KAFKA_PARTITION_UA`, to
 * one that the partitioner chooses. Of `msgflags`, `RD_KAFKA_MSG_F_COPY` copies the
 * payload, `_F_FREE` gives it to the library once the call has succeeded; with neither
 * it must stay until the delivery report. The key is always copied.
 * `RD_KAFKA_MSG_F_BLOCK` waits while the queue is full, which needs another thread to
 * poll. Returns 0, or -1: then `rd_kafka_last_error` is `_QUEUE_FULL`,
 * `MSG_SIZE_TOO_LARGE`, `_UNKNOWN_PARTITION`, `_UNKNOWN_TOPIC`,
 * `TOPIC_AUTHORIZATION_FAILED` (once a broker has said so) or another, and there
 * is no report.
 */
RD_EXPORT
int rd_kafka_produce(rd_kafka_topic_t *rkt,
                     int32_t partition,
                     int msgflags,
                     void *payload,
                     size_t len,
                     const void *key,
                     size_t keylen,
                     void *msg_opaque);

/**
 * As `rd_kafka_producev`, with the arguments in an array of `cnt`. Returns null, or an
 * error that the application destroys: the fatal one, if there is one.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_produceva(rd_kafka_t *rk,
                                     const rd_kafka_vu_t *vus,
                                     size_t cnt);

/**
 * Queues `message_cnt` messages, which have `payload`, `len`, `key`, `key_len`,
 * `_private` and, with `RD_KAFKA_MSG_F_PARTITION`, `partition` set. Returns how many
 * were queued; the others have `err` set, and with `_F_FREE` their payload stays the
 * application's.
 */
RD_EXPORT
int rd_kafka_produce_batch(rd_kafka_topic_t *rkt,
                           int32_t partition,
                           int msgflags,
                           rd_kafka_message_t *rkmessages,
                           int message_cnt);

/**
 * Waits until every message has been sent and reported, or `timeout_ms` has passed;
 * `linger.ms` does not hold while it waits. Calls the application's functions as
 * `rd_kafka_poll` does, and waits until none of their events is left. Where reports are
 * events, another thread must poll for them and destroy them, and no other event is
 * waited for. `NO_ERROR`, or `_TIMED_OUT` if some are left.
 */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_flush(rd_kafka_t *rk, int timeout_ms);

/**
 * Drops messages, as `purge_flags` says: those that wait (reported as `_PURGE_QUEUE`)
 * and those that were sent and not answered (`_PURGE_INFLIGHT`, which may be in the
 * log all the same). The reports must still be polled. `_INVALID_ARG` for unknown
 * flags, `_NOT_IMPLEMENTED` for a consumer.
 */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_purge(rd_kafka_t *rk, int purge_flags);

/* Transactions (KIP-98) --------------------------------------------------------------- */

/**
 * Gets the producer id for `transactional.id`, and ends what an earlier producer with
 * this id has left open, which is fenced from then on. Once, before the first
 * transaction. `timeout_ms` -1: twice `transaction.timeout.ms`. On a retriable error,
 * `_TIMED_OUT` among them, call it again to wait on; any other is fatal. Null, or an
 * error that the application destroys.
 */
RD_EXPORT rd_kafka_error_t *rd_kafka_init_transactions(rd_kafka_t *rk, int timeout_ms);

/**
 * Begins a transaction; what is produced from then on belongs to it. No broker is
 * asked. Null, or an error that the application destroys.
 */
RD_EXPORT rd_kafka_error_t *rd_kafka_begin_transaction(rd_kafka_t *rk);

/**
 * Adds a consumer's offsets (the next ones to consume) to the transaction, to be
 * committed with it (KIP-447). Partitions without an offset are left out. `cgmetadata` is
 * of `rd_kafka_consumer_group_metadata`. The consumer must not commit by itself. Takes no
 * longer than `transaction.timeout.ms`. Null, or an error that the application destroys:
 * retriable, to be aborted, or fatal.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_send_offsets_to_transaction(rd_kafka_t *rk,
                                                       const rd_kafka_topic_partition_list_t *offsets,
                                                       const rd_kafka_consumer_group_metadata_t *cgmetadata,
                                                       int timeout_ms);

/**
 * Flushes what was produced and commits the transaction; the application's reports are
 * called back meanwhile, and must be polled by another thread if they are events. -1
 * waits for as long as the transaction may last. On a retriable error call it again; on
 * one that requires it, abort. Null, or an error that the application destroys.
 */
RD_EXPORT rd_kafka_error_t *rd_kafka_commit_transaction(rd_kafka_t *rk, int timeout_ms);

/**
 * Drops what has not been sent, waits for what has, and aborts the transaction. The
 * reports come as with `rd_kafka_commit_transaction`. On a retriable error call it again.
 * Null, or an error that the application destroys.
 */
RD_EXPORT rd_kafka_error_t *rd_kafka_abort_transaction(rd_kafka_t *rk, int timeout_ms);

/* The consumer: subscription, assignment, position ------------------------------------ */

/**
 * This consumer's id in its group, empty while it has none; null without `group.id` and
 * once the consumer is closed. Freed by `rd_kafka_mem_free`.
 */
RD_EXPORT char *rd_kafka_memberid(const rd_kafka_t *rk);

/**
 * Sets the topics that this member of the group wants; names that begin with `^` are
 * regular expressions. Partition and offset do not matter. It replaces the last
 * subscription, and takes effect as the group rebalances. `_UNKNOWN_GROUP` without
 * `group.id`, `_INVALID_ARG` for an empty list, an empty name, one that comes twice or a
 * bad expression, `_DESTROY` once the consumer is closed, `_FATAL` after a static member's
 * fatal error.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_subscribe(rd_kafka_t *rk,
                                            const rd_kafka_topic_partition_list_t *topics);

/**
 * Ends the subscription: the partitions are given up, and the group is left. Says `_FATAL`
 * after a static member's fatal error.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_unsubscribe(rd_kafka_t *rk);

/**
 * Sets `*topics` to a copy of the list last subscribed to, sorted by name, which the
 * application destroys; to null with `_DESTROY` once the consumer is closed.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_subscription(rd_kafka_t *rk,
                                               rd_kafka_topic_partition_list_t **topics);

/**
 * Takes one message of the assigned partitions, waiting up to `timeout_ms`, and calls
 * the application's functions for other events. Null if there is none. A message with
 * `err` set is an event such as `_PARTITION_EOF`. Freed by `rd_kafka_message_destroy`.
 * To be called at least every `max.poll.interval.ms`, or the member loses its
 * partitions.
 */
RD_EXPORT rd_kafka_message_t *rd_kafka_consumer_poll(rd_kafka_t *rk, int timeout_ms);

/**
 * Lets `rd_kafka_consumer_poll` serve what `rd_kafka_poll` would, so that it need not
 * be called. A consumer with a group does so from the start.
 */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_poll_set_consumer(rd_kafka_t *rk);

/**
 * Closes the consumer: gives up its partitions, with the rebalance function called,
 * commits stored offsets, and leaves the group. Waits for all this, for a bounded time
 * whatever the brokers do. Then destroy it. `_DESTROY` if it is closed already,
 * `_FATAL` after a fatal error.
 */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_consumer_close(rd_kafka_t *rk);

/**
 * As `rd_kafka_consumer_close`, without waiting: the events of closing go to `rkqu`,
 * which the application polls until `rd_kafka_consumer_closed`. Null, or an error that
 * the application destroys: `_DESTROY` if it is closed already.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_consumer_close_queue(rd_kafka_t *rk,
                                                rd_kafka_queue_t *rkqu);

/**
 * 1 once the consumer is closed and its queue has given out the rebalances and results of
 * commits that came before, otherwise 0.
 */
RD_EXPORT int rd_kafka_consumer_closed(rd_kafka_t *rk);

/**
 * Asks the partition's leader for its first offset and for the one after its last
 * record (for read_committed: the last stable offset), up to `timeout_ms`.
 * `NOT_LEADER_FOR_PARTITION` and the like if the leader has just moved: ask again.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_query_watermark_offsets(rd_kafka_t *rk,
                                                          const char *topic,
                                                          int32_t partition,
                                                          int64_t *low,
                                                          int64_t *high,
                                                          int timeout_ms);

/**
 * The partition's offsets as the consumer has last seen them: the high one with each
 * fetch, the low one every `statistics.interval.ms` or with a query.
 * `RD_KAFKA_OFFSET_INVALID` for what is not known.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_get_watermark_offsets(rd_kafka_t *rk,
                                                        const char *topic,
                                                        int32_t partition,
                                                        int64_t *low,
                                                        int64_t *high);

/**
 * Replaces each element's offset, which is a timestamp in milliseconds, by the first
 * offset with that timestamp or a later one; `RD_KAFKA_OFFSET_END` if there is none.
 * Each element's `err` says how it went. The offsets stay as they were when time is up
 * (then `err` is `_IN_PROGRESS` where no leader was found) and when a leader has just moved
 * (`NOT_LEADER_FOR_PARTITION` and the like: ask again).
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_offsets_for_times(rd_kafka_t *rk,
                                                    rd_kafka_topic_partition_list_t *offsets,
                                                    int timeout_ms);

/**
 * Moves a partition of the simple consumer, up to `timeout_ms` for waiting until it is
 * done; 0 does not wait. What was fetched before is not delivered any more. `offset`
 * may be one of `RD_KAFKA_OFFSET_*`.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_seek(rd_kafka_topic_t *rkt,
                                       int32_t partition,
                                       int64_t offset,
                                       int timeout_ms);

/**
 * Moves assigned partitions to the elements' offsets. Waits up to `timeout_ms`, and
 * then each element's `err` says how it went; with 0 it does not wait, and they say
 * nothing. Null, or an error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_seek_partitions(rd_kafka_t *rk,
                                           rd_kafka_topic_partition_list_t *partitions,
                                           int timeout_ms);

/**
 * Adds partitions to the assignment; for cooperative rebalancing (KIP-429).
 * `_CONFLICT` if one is assigned already, `_STATE` in a group whose rebalances are eager. An element's offset, if not
 * `RD_KAFKA_OFFSET_INVALID`, is where to begin. Null, or an error that the application
 * destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_incremental_assign(rd_kafka_t *rk,
                                              const rd_kafka_topic_partition_list_t *partitions);

/**
 * Takes partitions out of the assignment; for cooperative rebalancing (KIP-429). `_STATE`
 * in a group whose rebalances are eager. While the consumer is being closed, or after a
 * fatal error, everything is given up by whichever of the calls. Null, or an error that
 * the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_incremental_unassign(rd_kafka_t *rk,
                                                const rd_kafka_topic_partition_list_t *partitions);

/**
 * How the group rebalances: "EAGER", "COOPERATIVE", or "NONE" while that is not
 * settled; null if the instance has no group, and once the consumer is closed. A constant.
 */
RD_EXPORT
const char *rd_kafka_rebalance_protocol(rd_kafka_t *rk);

/**
 * Sets the partitions to consume, in the place of all others; null for none. The
 * answer to a rebalance, or without any group coordination if nothing is subscribed
 * to. An element's offset is where to begin: a number, `RD_KAFKA_OFFSET_BEGINNING`,
 * `_END`, `_TAIL(n)`, or else the committed one. `_STATE` in a group whose rebalances are
 * cooperative. While the consumer is being closed, or after a fatal error, everything is
 * given up instead.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_assign(rd_kafka_t *rk,
                                         const rd_kafka_topic_partition_list_t *partitions);

/**
 * Sets `*partitions` to a copy of the assignment, which the application destroys: sorted,
 * with the offsets where each partition was to begin. `rd_kafka_position` has the current
 * ones. To null with `_DESTROY` once the consumer is closed.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_assignment(rd_kafka_t *rk,
                                             rd_kafka_topic_partition_list_t **partitions);

/**
 * 1 if the partitions that are being revoked belong to other members already, so that
 * committing their offsets is too late; otherwise 0.
 */
RD_EXPORT int rd_kafka_assignment_lost(rd_kafka_t *rk);

/**
 * Sets each element's offset to that after the last message that the application has
 * got, or `RD_KAFKA_OFFSET_INVALID` if it has got none since the assignment.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_position(rd_kafka_t *rk,
                                           rd_kafka_topic_partition_list_t *partitions);

/* Storing and committing offsets ------------------------------------------------------ */

/**
 * Notes `offset` + 1 as the one to commit next, automatically or by `rd_kafka_commit`
 * with a null list. Needs `enable.auto.offset.store` to be false.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_offset_store(rd_kafka_topic_t *rkt,
                                               int32_t partition,
                                               int64_t offset);

/**
 * Notes the elements' offsets (the next ones to consume, not the last consumed) to be
 * committed next. Each element's `err` says how it went: `_STATE` if it is not assigned,
 * `_UNKNOWN_PARTITION` if its topic is not used. Needs `enable.auto.offset.store` to be false.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_offsets_store(rd_kafka_t *rk,
                                                rd_kafka_topic_partition_list_t *offsets);

/**
 * Notes the offset after this message, with its leader epoch, to be committed next.
 * Null, or an error that the application destroys.
 */
RD_EXPORT rd_kafka_error_t *rd_kafka_offset_store_message(rd_kafka_message_t *rkmessage);

/**
 * Commits offsets to the group: those of the list (the next ones to consume), or if it
 * is null those stored that are later than what was committed: an application that has
 * stepped back undoes a commit with a list only. Metadata is text to the brokers: of
 * bytes that are not UTF-8 U+FFFD comes back from `rd_kafka_committed`. If
 * `asynchronous`, it returns at once and the commit function or event tells the result;
 * otherwise it waits for it. `_NO_OFFSET` if there was nothing to commit.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_commit(rd_kafka_t *rk,
                                         const rd_kafka_topic_partition_list_t *offsets,
                                         int asynchronous);

/** Commits the offset after this message. Otherwise as `rd_kafka_commit`. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_commit_message(rd_kafka_t *rk,
                                                 const rd_kafka_message_t *rkmessage,
                                                 int asynchronous);

/**
 * As an asynchronous `rd_kafka_commit`, with the result going to a queue: to `cb` as
 * it is polled, or as an event if `cb` is null. A null `rkqu` waits, and then calls
 * `cb`.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_commit_queue(rd_kafka_t *rk,
                                               const rd_kafka_topic_partition_list_t *offsets,
                                               rd_kafka_queue_t *rkqu,
                                               void (*cb)(rd_kafka_t *rk,
                                                          rd_kafka_resp_err_t err,
                                                          rd_kafka_topic_partition_list_t *offsets,
                                                          void *commit_opaque),
                                               void *commit_opaque);

/**
 * Asks the coordinator for the committed offsets of these partitions, up to
 * `timeout_ms`; `RD_KAFKA_OFFSET_INVALID` where there is none. Each element's `err`
 * says how it went; with `isolation.level` read_committed, offsets of open
 * transactions are waited for.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_committed(rd_kafka_t *rk,
                                            rd_kafka_topic_partition_list_t *partitions,
                                            int timeout_ms);

/* Pausing partitions ------------------------------------------------------------------ */

/**
 * Stops the delivery of a consumer's messages from these partitions; what was fetched
 * of them is kept. Only `rd_kafka_resume_partitions` ends that: a partition that is
 * assigned anew, or comes back with a rebalance, is still paused. Of a producer: messages
 * to these partitions are kept in the queue, where `message.timeout.ms` still applies
 * and `rd_kafka_flush` waits for them; what is already on its way is not called back.
 * Each element's `err` says how it went: `_UNKNOWN_PARTITION` for one whose topic
 * the consumer does not use, or the producer has heard nothing of yet.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_pause_partitions(rd_kafka_t *rk,
                                                   rd_kafka_topic_partition_list_t *partitions);

/**
 * Takes up these partitions again where they were paused; one that was not is left as
 * it is. Each element's `err` is as for `rd_kafka_pause_partitions`.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_resume_partitions(rd_kafka_t *rk,
                                                    rd_kafka_topic_partition_list_t *partitions);

/* The simple consumer: partitions started and stopped one by one ---------------------- */

/**
 * Starts to consume a partition with the simple consumer, from an offset or from one
 * of `RD_KAFKA_OFFSET_*`. Ended by `rd_kafka_consume_stop`. Not for instances that
 * subscribe or assign. Returns 0, or -1 with `rd_kafka_last_error`.
 */
RD_EXPORT
int rd_kafka_consume_start(rd_kafka_topic_t *rkt,
                           int32_t partition,
                           int64_t offset);

/**
 * As `rd_kafka_consume_start`, with the messages going to a queue that several
 * partitions may share.
 */
RD_EXPORT
int rd_kafka_consume_start_queue(rd_kafka_topic_t *rkt,
                                 int32_t partition,
                                 int64_t offset,
                                 rd_kafka_queue_t *rkqu);

/**
 * Stops consuming a partition, and drops what was fetched of it; waits until that is
 * done. Returns 0, also for a partition that exists and is not started, or -1 with
 * `rd_kafka_last_error`: `_UNKNOWN_PARTITION` or `_INVALID_ARG`.
 */
RD_EXPORT int rd_kafka_consume_stop(rd_kafka_topic_t *rkt, int32_t partition);

/**
 * Takes one message of a started partition, waiting up to `timeout_ms`; null if there
 * is none, with `rd_kafka_last_error` telling why: `_TIMED_OUT`, or `_UNKNOWN_PARTITION`
 * if it is neither started nor known to exist. Freed by
 * `rd_kafka_message_destroy`.
 */
RD_EXPORT
rd_kafka_message_t *rd_kafka_consume(rd_kafka_topic_t *rkt,
                                     int32_t partition,
                                     int timeout_ms);

/**
 * Takes up to `rkmessages_size` messages of a started partition, waiting up to
 * `timeout_ms` in all. Returns how many, or -1 with `rd_kafka_last_error`. Each is
 * freed by `rd_kafka_message_destroy`.
 */
RD_EXPORT
ssize_t rd_kafka_consume_batch(rd_kafka_topic_t *rkt,
                               int32_t partition,
                               int timeout_ms,
                               rd_kafka_message_t **rkmessages,
                               size_t rkmessages_size);

/**
 * Calls `consume_cb` for the messages of a started partition that are there, waiting
 * up to `timeout_ms` for the first. The message ends with the call. Returns how many,
 * or -1 with `rd_kafka_last_error`.
 */
RD_EXPORT
int rd_kafka_consume_callback(rd_kafka_topic_t *rkt,
                              int32_t partition,
                              int timeout_ms,
                              void (*consume_cb)(rd_kafka_message_t *rkmessage,
                                                 void *commit_opaque),
                              void *commit_opaque);

/** As `rd_kafka_consume`, from a queue. */
RD_EXPORT
rd_kafka_message_t *rd_kafka_consume_queue(rd_kafka_queue_t *rkqu,
                                           int timeout_ms);

/**
 * As `rd_kafka_consume_batch`, from a queue. Also for the queue of a consumer with a
 * group.
 */
RD_EXPORT
ssize_t rd_kafka_consume_batch_queue(rd_kafka_queue_t *rkqu,
                                     int timeout_ms,
                                     rd_kafka_message_t **rkmessages,
                                     size_t rkmessages_size);

/** As `rd_kafka_consume_callback`, from a queue. */
RD_EXPORT
int rd_kafka_consume_callback_queue(rd_kafka_queue_t *rkqu,
                                    int timeout_ms,
                                    void (*consume_cb)(rd_kafka_message_t *rkmessage,
                                                       void *commit_opaque),
                                    void *commit_opaque);

/* A consumer's group membership, for transactional producers -------------------------- */

/**
 * The consumer's membership in its group as it is now, for
 * `rd_kafka_send_offsets_to_transaction`; null without a group, and once the consumer is
 * closed. Freed by
 * `rd_kafka_consumer_group_metadata_destroy`.
 */
RD_EXPORT
rd_kafka_consumer_group_metadata_t *rd_kafka_consumer_group_metadata(rd_kafka_t *rk);

/**
 * The metadata of a group without a membership. The strings are copied. Freed by
 * `rd_kafka_consumer_group_metadata_destroy`.
 */
RD_EXPORT
rd_kafka_consumer_group_metadata_t *rd_kafka_consumer_group_metadata_new(const char *group_id);

/**
 * The metadata of a membership; `group_instance_id` may be null. The strings are
 * copied. Freed by `rd_kafka_consumer_group_metadata_destroy`.
 */
RD_EXPORT
rd_kafka_consumer_group_metadata_t *rd_kafka_consumer_group_metadata_new_with_genid(const char *group_id,
                                                                                    int32_t generation_id,
                                                                                    const char *member_id,
                                                                                    const char *group_instance_id);

/** The group's id. Good as long as the object. */
RD_EXPORT
const char *rd_kafka_consumer_group_metadata_group_id(const rd_kafka_consumer_group_metadata_t *group_metadata);

/** The static member's id (KIP-345), or null. Good as long as the object. */
RD_EXPORT
const char *rd_kafka_consumer_group_metadata_group_instance_id(const rd_kafka_consumer_group_metadata_t *group_metadata);

/** The member's id, "" if there is none. Good as long as the object. */
RD_EXPORT
const char *rd_kafka_consumer_group_metadata_member_id(const rd_kafka_consumer_group_metadata_t *group_metadata);

/** The group's generation, or the member's epoch with KIP-848; -1 if there is none. */
RD_EXPORT
int32_t rd_kafka_consumer_group_metadata_generation_id(const rd_kafka_consumer_group_metadata_t *group_metadata);

/** Frees group metadata that the application owns. */
RD_EXPORT
void rd_kafka_consumer_group_metadata_destroy(rd_kafka_consumer_group_metadata_t *group_metadata);

/**
 * Serialises group metadata, to hand it to another process. Sets `*bufferp`, which is
 * freed by `rd_kafka_mem_free`, and `*sizep`. Only to be read by the same version of
 * the library. Null, or an error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_consumer_group_metadata_write(const rd_kafka_consumer_group_metadata_t *cgmd,
                                                         void **bufferp,
                                                         size_t *sizep);

/**
 * The opposite of `rd_kafka_consumer_group_metadata_write`. Sets `*cgmdp`, which the
 * application destroys. Null, or a `_BAD_MSG` error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_consumer_group_metadata_read(rd_kafka_consumer_group_metadata_t **cgmdp,
                                                        const void *buffer,
                                                        size_t size);

/* Consumer groups: listing (old interface), names of states and types ----------------- */

/**
 * Asks all brokers for their consumer groups, or for `group` only, with their members,
 * up to `timeout_ms`. Sets `*grplistp`, which is freed by
 * `rd_kafka_group_list_destroy`. `_PARTIAL` if some brokers did not answer, with what
 * the others said. The admin functions say more.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_list_groups(rd_kafka_t *rk,
                                              const char *group,
                                              const struct rd_kafka_group_list **grplistp,
                                              int timeout_ms);

/** The name of a group's state; null for a number that none has. A constant. */
RD_EXPORT
const char *rd_kafka_consumer_group_state_name(rd_kafka_consumer_group_state_t state);

/** The state of a name, in any case of letters; `UNKNOWN` if none has it. */
RD_EXPORT
rd_kafka_consumer_group_state_t rd_kafka_consumer_group_state_code(const char *name);

/** The name of a group's type; null for a number that none has. A constant. */
RD_EXPORT
const char *rd_kafka_consumer_group_type_name(rd_kafka_consumer_group_type_t kind);

/** The type of a name, in any case of letters; `UNKNOWN` if none has it. */
RD_EXPORT
rd_kafka_consumer_group_type_t rd_kafka_consumer_group_type_code(const char *name);

/** Frees what `rd_kafka_list_groups` has set. */
RD_EXPORT void rd_kafka_group_list_destroy(const struct rd_kafka_group_list *grplist);

/* What the cluster consists of -------------------------------------------------------- */

/**
 * Asks a broker for the cluster's brokers and topics, up to `timeout_ms`: all topics
 * if `all_topics` is not 0, else `only_rkt`, else those that the instance knows. Sets
 * `*metadatap`, which is freed by `rd_kafka_metadata_destroy`. `_TIMED_OUT`,
 * `_TRANSPORT` or another code if there is no answer.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_metadata(rd_kafka_t *rk,
                                           int all_topics,
                                           rd_kafka_topic_t *only_rkt,
                                           const struct rd_kafka_metadata **metadatap,
                                           int timeout_ms);

/** Frees what `rd_kafka_metadata` has set. */
RD_EXPORT void rd_kafka_metadata_destroy(const struct rd_kafka_metadata *metadata);

/* Share consumers (KIP-932) ----------------------------------------------------------- */

/** How many messages the batch holds; 0 for null. */
RD_EXPORT size_t rd_kafka_messages_count(const rd_kafka_messages_t *messages);

/**
 * The message at `index`, or null. It belongs to the batch. One with `err` set stands for a
 * record that could not be read, and is acknowledged already.
 */
RD_EXPORT
rd_kafka_message_t *rd_kafka_messages_get(const rd_kafka_messages_t *messages,
                                          size_t index);

/** Frees a batch and its messages; null is none. */
RD_EXPORT void rd_kafka_messages_destroy(rd_kafka_messages_t *messages);

/** As `rd_kafka_queue_get_sasl`, for a share consumer. */
RD_EXPORT rd_kafka_queue_t *rd_kafka_share_queue_get_sasl(rd_kafka_share_t *rkshare);

/** As `rd_kafka_oauthbearer_set_token`, for a share consumer; `_INVALID_ARG` for null. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_share_oauthbearer_set_token(rd_kafka_share_t *rkshare,
                                                              const char *token_value,
                                                              int64_t md_lifetime_ms,
                                                              const char *md_principal_name,
                                                              const char **extensions,
                                                              size_t extension_size,
                                                              char *errstr,
                                                              size_t errstr_size);

/**
 * As `rd_kafka_oauthbearer_set_token_failure`, for a share consumer; `_INVALID_ARG` for
 * null.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_share_oauthbearer_set_token_failure(rd_kafka_share_t *rkshare,
                                                                      const char *errstr);

/** As `rd_kafka_sasl_background_callbacks_enable`, for a share consumer. */
RD_EXPORT
rd_kafka_error_t *rd_kafka_share_sasl_background_callbacks_enable(rd_kafka_share_t *rkshare);

/** As `rd_kafka_sasl_set_credentials`, for a share consumer. */
RD_EXPORT
rd_kafka_error_t *rd_kafka_share_sasl_set_credentials(rd_kafka_share_t *rkshare,
                                                      const char *username,
                                                      const char *password);

/** How many partitions the list has. */
RD_EXPORT
size_t rd_kafka_share_partition_offsets_list_count(const rd_kafka_share_partition_offsets_list_t *list);

/** The partition at `index`, or null. It belongs to the list. */
RD_EXPORT
const rd_kafka_share_partition_offsets_t *rd_kafka_share_partition_offsets_list_get(const rd_kafka_share_partition_offsets_list_t *list,
                                                                                    size_t index);

/**
 * Frees a list that the application owns; that of the acknowledgement callback it does not.
 */
RD_EXPORT
void rd_kafka_share_partition_offsets_list_destroy(rd_kafka_share_partition_offsets_list_t *list);

/** The partition. It belongs to the list. */
RD_EXPORT
const rd_kafka_topic_partition_t *rd_kafka_share_partition_offsets_partition(const rd_kafka_share_partition_offsets_t *partition_offsets);

/**
 * The offsets, `rd_kafka_share_partition_offsets_offsets_cnt` of them. They belong to
 * the list.
 */
RD_EXPORT
const int64_t *rd_kafka_share_partition_offsets_offsets(const rd_kafka_share_partition_offsets_t *partition_offsets);

/** How many offsets there are. */
RD_EXPORT
size_t rd_kafka_share_partition_offsets_offsets_cnt(const rd_kafka_share_partition_offsets_t *partition_offsets);

/**
 * Makes a share consumer of the group `group.id` (KIP-932). If it succeeds, `conf`
 * belongs to it; if not, null is returned, and `errstr` says why. Ended by
 * `rd_kafka_share_destroy`.
 */
RD_EXPORT
rd_kafka_share_t *rd_kafka_share_consumer_new(rd_kafka_conf_t *conf,
                                              char *errstr,
                                              size_t errstr_size);

/**
 * Sets the function that is told how acknowledgements were taken, by partition and
 * offset. Called by the thread that polls, commits or closes. Null, or an error that the
 * application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_share_set_acknowledgement_commit_cb(rd_kafka_share_t *rkshare,
                                                               void (*share_acknowledgement_commit_cb)(rd_kafka_share_t *rkshare,
                                                                                                       rd_kafka_share_partition_offsets_list_t *partitions,
                                                                                                       rd_kafka_resp_err_t err,
                                                                                                       void *opaque),
                                                               void *opaque);

/**
 * Ends a share consumer, closing it first. Null, or an error that the application
 * destroys; then the share consumer is as it was. `_STATE` from within a callback of
 * another call on it, by the same thread.
 */
RD_EXPORT rd_kafka_error_t *rd_kafka_share_destroy(rd_kafka_share_t *rkshare);

/** As `rd_kafka_share_destroy`, with the flags of `rd_kafka_destroy_flags`. */
RD_EXPORT
rd_kafka_error_t *rd_kafka_share_destroy_flags(rd_kafka_share_t *rkshare,
                                               int flags);

/**
 * Closes the share consumer: sends what was acknowledged, releases the rest, leaves
 * the group. Null, or an error that the application destroys.
 */
RD_EXPORT rd_kafka_error_t *rd_kafka_share_consumer_close(rd_kafka_share_t *rkshare);

/**
 * As `rd_kafka_share_consumer_close`, without waiting; the events of closing go to
 * `rkqu`. Null, or an error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_share_consumer_close_queue(rd_kafka_share_t *rkshare,
                                                      rd_kafka_queue_t *rkqu);

/**
 * 1 once the share consumer is closed and its queue has given out the results of
 * acknowledgements that came before, otherwise 0.
 */
RD_EXPORT int rd_kafka_share_consumer_closed(rd_kafka_share_t *rkshare);

/**
 * As `rd_kafka_set_log_queue`, for a share consumer. Null, or an error that the application
 * destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_share_set_log_queue(rd_kafka_share_t *rkshare,
                                               rd_kafka_queue_t *rkqu);

/**
 * Sets the topics to consume, by name, in the place of the last ones; an empty list ends
 * the subscription. `_INVALID_ARG` for an empty name or one that comes twice, `_STATE` once
 * the consumer is closed, `_FATAL` after a fatal error.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_share_subscribe(rd_kafka_share_t *rkshare,
                                                  const rd_kafka_topic_partition_list_t *topics);

/** Ends the subscription, and leaves the group. `_STATE` once the consumer is closed. */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_share_unsubscribe(rd_kafka_share_t *rkshare);

/**
 * Sets `*topics` to a copy of the subscription, sorted by name, which the application
 * destroys. `_STATE` once the consumer is closed.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_share_subscription(rd_kafka_share_t *rkshare,
                                                     rd_kafka_topic_partition_list_t **topics);

/**
 * Takes a batch of at most `max.poll.records` records, waiting up to `timeout_ms` for some;
 * sets `*rkmessages`, which is freed by `rd_kafka_messages_destroy`, or null. The records of
 * the last batch are accepted by this, with implicit acknowledgement; with explicit
 * acknowledgement each of them has to be acknowledged before (`_STATE`). Null, or an error
 * that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_share_poll(rd_kafka_share_t *rkshare,
                                      int timeout_ms,
                                      rd_kafka_messages_t **rkmessages);

/**
 * Accepts a record: it was processed. For `share.acknowledgement.mode=explicit`; `_STATE`
 * otherwise, and for a record that the consumer does not have.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_share_acknowledge(rd_kafka_share_t *rkshare,
                                                    const rd_kafka_message_t *rkmessage);

/** Accepts, releases or rejects a record. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_share_acknowledge_type(rd_kafka_share_t *rkshare,
                                                         const rd_kafka_message_t *rkmessage,
                                                         rd_kafka_share_AcknowledgeType_t kind);

/** Accepts, releases or rejects a record by its offset. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_share_acknowledge_offset(rd_kafka_share_t *rkshare,
                                                           const char *topic,
                                                           int32_t partition,
                                                           int64_t offset,
                                                           rd_kafka_share_AcknowledgeType_t kind);

/**
 * Sends the acknowledgements, without waiting for the answer, of which the acknowledgement
 * callback is told. With implicit acknowledgement the records of the last batch are
 * accepted by this. Null, or an error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_share_commit_async(rd_kafka_share_t *rkshare);

/**
 * Sends the acknowledgements and waits up to `timeout_ms` for the answer; sets
 * `*partitions`, each with its `err`, which the application destroys; to null if there is
 * nothing to send. Null, or an error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_share_commit_sync(rd_kafka_share_t *rkshare,
                                             int timeout_ms,
                                             rd_kafka_topic_partition_list_t **partitions);

/* SASL callbacks, tokens and credentials ---------------------------------------------- */

/**
 * The queue for token requests, if `rd_kafka_conf_enable_sasl_queue` was called;
 * otherwise null. Given back by `rd_kafka_queue_destroy`.
 */
RD_EXPORT rd_kafka_queue_t *rd_kafka_queue_get_sasl(rd_kafka_t *rk);

/**
 * Lets the background thread serve the SASL queue, so that the application need not
 * poll for tokens. Null, or an error that the application destroys.
 */
RD_EXPORT rd_kafka_error_t *rd_kafka_sasl_background_callbacks_enable(rd_kafka_t *rk);

/**
 * Replaces user name and password of SASL PLAIN and SCRAM for connections to come, and lets
 * brokers that wait for their next attempt connect. Null, or an error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_sasl_set_credentials(rd_kafka_t *rk,
                                                const char *username,
                                                const char *password);

/**
 * Sets the token for SASL/OAUTHBEARER, the time when it expires in milliseconds since
 * 1970, its principal, and `extension_size` strings of names and values in turn
 * (KIP-342). `_INVALID_ARG` with a text in `errstr` if something is wrong, `_STATE` if
 * the mechanism is not in use.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_oauthbearer_set_token(rd_kafka_t *rk,
                                                        const char *token_value,
                                                        int64_t md_lifetime_ms,
                                                        const char *md_principal_name,
                                                        const char **extensions,
                                                        size_t extension_size,
                                                        char *errstr,
                                                        size_t errstr_size);

/**
 * Says that no token can be had, and why; the library raises an `_AUTHENTICATION`
 * error if that is not what was said before, and asks again after 10 seconds.
 * `_INVALID_ARG` without a text, `_STATE` if the mechanism is not in use.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_oauthbearer_set_token_failure(rd_kafka_t *rk,
                                                                const char *errstr);

/* Interceptors and plugins ------------------------------------------------------------ */

/**
 * Adds a function that sees each property that is set on `conf`, and may take it.
 * `ic_name` names the interceptor; `_CONFLICT` if it has added that function already.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_conf_interceptor_add_on_conf_set(rd_kafka_conf_t *conf,
                                                                   const char *ic_name,
                                                                   rd_kafka_interceptor_f_on_conf_set_t *on_conf_set,
                                                                   void *ic_opaque);

/**
 * Adds a function that is told of copies of `conf`. Interceptors are not copied by
 * themselves.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_conf_interceptor_add_on_conf_dup(rd_kafka_conf_t *conf,
                                                                   const char *ic_name,
                                                                   rd_kafka_interceptor_f_on_conf_dup_t *on_conf_dup,
                                                                   void *ic_opaque);

/** Adds a function that is told when `conf` goes away. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_conf_interceptor_add_on_conf_destroy(rd_kafka_conf_t *conf,
                                                                       const char *ic_name,
                                                                       rd_kafka_interceptor_f_on_conf_destroy_t *on_conf_destroy,
                                                                       void *ic_opaque);

/**
 * Adds a function that is told of the client instance made from `conf`, and can add
 * the others there.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_conf_interceptor_add_on_new(rd_kafka_conf_t *conf,
                                                              const char *ic_name,
                                                              rd_kafka_interceptor_f_on_new_t *on_new,
                                                              void *ic_opaque);

/**
 * Adds a function that is told when the instance goes away. As all below: to be called
 * from `on_new`, otherwise `_STATE`; `_CONFLICT` if `ic_name` has added it already;
 * `_NOT_IMPLEMENTED` for a share consumer.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_destroy(rd_kafka_t *rk,
                                                             const char *ic_name,
                                                             rd_kafka_interceptor_f_on_destroy_t *on_destroy,
                                                             void *ic_opaque);

/**
 * Adds a function that sees each message before it is queued, on the thread that
 * produces.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_send(rd_kafka_t *rk,
                                                          const char *ic_name,
                                                          rd_kafka_interceptor_f_on_send_t *on_send,
                                                          void *ic_opaque);

/**
 * Adds a function that sees each message that was delivered or failed, on whichever
 * thread finds out.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_acknowledgement(rd_kafka_t *rk,
                                                                     const char *ic_name,
                                                                     rd_kafka_interceptor_f_on_acknowledgement_t *on_acknowledgement,
                                                                     void *ic_opaque);

/** Adds a function that sees each message before the application gets it. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_consume(rd_kafka_t *rk,
                                                             const char *ic_name,
                                                             rd_kafka_interceptor_f_on_consume_t *on_consume,
                                                             void *ic_opaque);

/** Adds a function that sees the results of commits. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_commit(rd_kafka_t *rk,
                                                            const char *ic_name,
                                                            rd_kafka_interceptor_f_on_commit_t *on_commit,
                                                            void *ic_opaque);

/** Adds a function that is told of each request written, on a broker thread. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_request_sent(rd_kafka_t *rk,
                                                                  const char *ic_name,
                                                                  rd_kafka_interceptor_f_on_request_sent_t *on_request_sent,
                                                                  void *ic_opaque);

/** Adds a function that is told of each response read, on a broker thread. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_response_received(rd_kafka_t *rk,
                                                                       const char *ic_name,
                                                                       rd_kafka_interceptor_f_on_response_received_t *on_response_received,
                                                                       void *ic_opaque);

/** Adds a function that each thread of the library calls as it begins. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_thread_start(rd_kafka_t *rk,
                                                                  const char *ic_name,
                                                                  rd_kafka_interceptor_f_on_thread_start_t *on_thread_start,
                                                                  void *ic_opaque);

/** Adds a function that each thread of the library calls as it ends. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_thread_exit(rd_kafka_t *rk,
                                                                 const char *ic_name,
                                                                 rd_kafka_interceptor_f_on_thread_exit_t *on_thread_exit,
                                                                 void *ic_opaque);

/** Adds a function that is told of the changing states of broker connections. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_interceptor_add_on_broker_state_change(rd_kafka_t *rk,
                                                                         const char *ic_name,
                                                                         rd_kafka_interceptor_f_on_broker_state_change_t *on_broker_state_change,
                                                                         void *ic_opaque);

/* Options of admin requests ----------------------------------------------------------- */

/**
 * Options for one kind of admin request, or with `RD_KAFKA_ADMIN_OP_ANY` for those
 * that all have; null for an unknown kind. A setting that the kind does not have is
 * refused when it is set. Freed by `rd_kafka_AdminOptions_destroy`.
 */
RD_EXPORT
rd_kafka_AdminOptions_t *rd_kafka_AdminOptions_new(rd_kafka_t *rk,
                                                   rd_kafka_admin_op_t for_api);

/** Frees options that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_AdminOptions_destroy(rd_kafka_AdminOptions_t *options);

/**
 * Sets how long the whole request may take, connecting and retrying included, from 0 to
 * 3600000; `socket.timeout.ms` if it is not set.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_AdminOptions_set_request_timeout(rd_kafka_AdminOptions_t *options,
                                                                   int timeout_ms,
                                                                   char *errstr,
                                                                   size_t errstr_size);

/**
 * Sets how long the brokers may take to complete the operation before they answer; 0
 * has them answer once it has begun, -1 is without end. CreateTopics, DeleteTopics,
 * CreatePartitions, DeleteRecords and ElectLeaders.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_AdminOptions_set_operation_timeout(rd_kafka_AdminOptions_t *options,
                                                                     int timeout_ms,
                                                                     char *errstr,
                                                                     size_t errstr_size);

/**
 * Not 0: the brokers check the request and change nothing. CreateTopics,
 * CreatePartitions, AlterConfigs and IncrementalAlterConfigs.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_AdminOptions_set_validate_only(rd_kafka_AdminOptions_t *options,
                                                                 int true_or_false,
                                                                 char *errstr,
                                                                 size_t errstr_size);

/**
 * Sets which broker gets the request, in the place of the one that the library would
 * choose.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_AdminOptions_set_broker(rd_kafka_AdminOptions_t *options,
                                                          int32_t broker_id,
                                                          char *errstr,
                                                          size_t errstr_size);

/**
 * Not 0: offsets that an open transaction may change are waited for.
 * ListConsumerGroupOffsets. Null, or an error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_AdminOptions_set_require_stable_offsets(rd_kafka_AdminOptions_t *options,
                                                                   int true_or_false);

/**
 * Not 0: the result says what the client is allowed to do. DescribeConsumerGroups,
 * DescribeTopics and DescribeCluster. Null, or an error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_AdminOptions_set_include_authorized_operations(rd_kafka_AdminOptions_t *options,
                                                                          int true_or_false);

/**
 * Lists groups in these states only. ListConsumerGroups. Null, or an error that the
 * application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_AdminOptions_set_match_consumer_group_states(rd_kafka_AdminOptions_t *options,
                                                                        const rd_kafka_consumer_group_state_t *consumer_group_states,
                                                                        size_t consumer_group_states_cnt);

/**
 * Lists groups of these types only. ListConsumerGroups. Null, or an error that the
 * application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_AdminOptions_set_match_consumer_group_types(rd_kafka_AdminOptions_t *options,
                                                                       const rd_kafka_consumer_group_type_t *consumer_group_types,
                                                                       size_t consumer_group_types_cnt);

/**
 * Sets which records count. ListOffsets. Null, or an error that the application
 * destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_AdminOptions_set_isolation_level(rd_kafka_AdminOptions_t *options,
                                                            rd_kafka_IsolationLevel_t value);

/** Sets what `rd_kafka_event_opaque` returns for the result. */
RD_EXPORT
void rd_kafka_AdminOptions_set_opaque(rd_kafka_AdminOptions_t *options,
                                      void *ev_opaque);

/* Results by topic, by group and by partition ----------------------------------------- */

/** The code for this topic. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_topic_result_error(const rd_kafka_topic_result_t *topicres);

/** The text for this topic, or null if there is no error. Good as long as the result. */
RD_EXPORT
const char *rd_kafka_topic_result_error_string(const rd_kafka_topic_result_t *topicres);

/** The topic's name. Good as long as the result. */
RD_EXPORT const char *rd_kafka_topic_result_name(const rd_kafka_topic_result_t *topicres);

/** The error for this group, or null. It belongs to the result. */
RD_EXPORT
const rd_kafka_error_t *rd_kafka_group_result_error(const rd_kafka_group_result_t *groupres);

/** The group's id. Good as long as the result. */
RD_EXPORT const char *rd_kafka_group_result_name(const rd_kafka_group_result_t *groupres);

/**
 * The partitions of the group with their offsets and errors, or null if the operation
 * has none. They belong to the result.
 */
RD_EXPORT
const rd_kafka_topic_partition_list_t *rd_kafka_group_result_partitions(const rd_kafka_group_result_t *groupres);

/** The partition, with its error. It belongs to the result. */
RD_EXPORT
const rd_kafka_topic_partition_t *rd_kafka_topic_partition_result_partition(const rd_kafka_topic_partition_result_t *partition_result);

/**
 * The error for this partition, which always is there; its code may be `NO_ERROR`. It
 * belongs to the result.
 */
RD_EXPORT
const rd_kafka_error_t *rd_kafka_topic_partition_result_error(const rd_kafka_topic_partition_result_t *partition_result);

/* CreateTopics and DeleteTopics ------------------------------------------------------- */

/**
 * A topic to create. -1 partitions or replicas stand for the broker's default. Null
 * with a text in `errstr` if a value is out of range. Freed by
 * `rd_kafka_NewTopic_destroy`.
 */
RD_EXPORT
rd_kafka_NewTopic_t *rd_kafka_NewTopic_new(const char *topic,
                                           int num_partitions,
                                           int replication_factor,
                                           char *errstr,
                                           size_t errstr_size);

/** Frees a new topic that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_NewTopic_destroy(rd_kafka_NewTopic_t *new_topic);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_NewTopic_destroy_array(rd_kafka_NewTopic_t **new_topics,
                                     size_t new_topic_cnt);

/**
 * Says which brokers get the replicas of `partition`, the preferred leader first; the
 * replication factor must have been -1. Partitions in order, from 0 and without gaps.
 * `_INVALID_ARG` with a text in `errstr` if not.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_NewTopic_set_replica_assignment(rd_kafka_NewTopic_t *new_topic,
                                                                  int32_t partition,
                                                                  int32_t *broker_ids,
                                                                  size_t broker_id_cnt,
                                                                  char *errstr,
                                                                  size_t errstr_size);

/** Sets a property of the topic. The broker checks it. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_NewTopic_set_config(rd_kafka_NewTopic_t *new_topic,
                                                      const char *name,
                                                      const char *value);

/**
 * Creates topics. As with every admin request: the call returns at once, the arguments
 * are copied, `options` may be null, and `rkqu` gets one result event, here
 * CREATETOPICS_RESULT.
 */
RD_EXPORT
void rd_kafka_CreateTopics(rd_kafka_t *rk,
                           rd_kafka_NewTopic_t **new_topics,
                           size_t new_topic_cnt,
                           const rd_kafka_AdminOptions_t *options,
                           rd_kafka_queue_t *rkqu);

/** The results by topic, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_topic_result_t **rd_kafka_CreateTopics_result_topics(const rd_kafka_CreateTopics_result_t *result,
                                                                    size_t *cntp);

/** A topic to delete. Freed by `rd_kafka_DeleteTopic_destroy`. */
RD_EXPORT rd_kafka_DeleteTopic_t *rd_kafka_DeleteTopic_new(const char *topic);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_DeleteTopic_destroy(rd_kafka_DeleteTopic_t *del_topic);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_DeleteTopic_destroy_array(rd_kafka_DeleteTopic_t **del_topics,
                                        size_t del_topic_cnt);

/** Deletes topics. The result is a DELETETOPICS_RESULT event. */
RD_EXPORT
void rd_kafka_DeleteTopics(rd_kafka_t *rk,
                           rd_kafka_DeleteTopic_t **del_topics,
                           size_t del_topic_cnt,
                           const rd_kafka_AdminOptions_t *options,
                           rd_kafka_queue_t *rkqu);

/** The results by topic, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_topic_result_t **rd_kafka_DeleteTopics_result_topics(const rd_kafka_DeleteTopics_result_t *result,
                                                                    size_t *cntp);

/* CreatePartitions -------------------------------------------------------------------- */

/**
 * A topic that is to have `new_total_cnt` partitions in all. Null with a text in
 * `errstr` if that is out of range. Freed by `rd_kafka_NewPartitions_destroy`.
 */
RD_EXPORT
rd_kafka_NewPartitions_t *rd_kafka_NewPartitions_new(const char *topic,
                                                     size_t new_total_cnt,
                                                     char *errstr,
                                                     size_t errstr_size);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_NewPartitions_destroy(rd_kafka_NewPartitions_t *new_parts);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_NewPartitions_destroy_array(rd_kafka_NewPartitions_t **new_parts,
                                          size_t new_parts_cnt);

/**
 * Says which brokers get the replicas of the new partition `new_partition_idx`, which
 * counts from 0 for the first new one. In order and without gaps; `_INVALID_ARG` with
 * a text in `errstr` if not.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_NewPartitions_set_replica_assignment(rd_kafka_NewPartitions_t *new_parts,
                                                                       int32_t new_partition_idx,
                                                                       int32_t *broker_ids,
                                                                       size_t broker_id_cnt,
                                                                       char *errstr,
                                                                       size_t errstr_size);

/** Adds partitions to topics. The result is a CREATEPARTITIONS_RESULT event. */
RD_EXPORT
void rd_kafka_CreatePartitions(rd_kafka_t *rk,
                               rd_kafka_NewPartitions_t **new_parts,
                               size_t new_parts_cnt,
                               const rd_kafka_AdminOptions_t *options,
                               rd_kafka_queue_t *rkqu);

/** The results by topic, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_topic_result_t **rd_kafka_CreatePartitions_result_topics(const rd_kafka_CreatePartitions_result_t *result,
                                                                        size_t *cntp);

/* AlterConfigs, IncrementalAlterConfigs and DescribeConfigs --------------------------- */

/** The name of a source. A constant; "UNSUPPORTED" for a number that none has. */
RD_EXPORT const char *rd_kafka_ConfigSource_name(rd_kafka_ConfigSource_t confsource);

/** The property's name. Good as long as the result. */
RD_EXPORT const char *rd_kafka_ConfigEntry_name(const rd_kafka_ConfigEntry_t *entry);

/** The property's value, or null, as for sensitive ones. Good as long as the result. */
RD_EXPORT const char *rd_kafka_ConfigEntry_value(const rd_kafka_ConfigEntry_t *entry);

/** Where the value comes from. */
RD_EXPORT
rd_kafka_ConfigSource_t rd_kafka_ConfigEntry_source(const rd_kafka_ConfigEntry_t *entry);

/** 1 if the property cannot be changed, 0 if it can, -1 if that is not known. */
RD_EXPORT int rd_kafka_ConfigEntry_is_read_only(const rd_kafka_ConfigEntry_t *entry);

/** 1 if the value is the default, 0 if not, -1 if that is not known. */
RD_EXPORT int rd_kafka_ConfigEntry_is_default(const rd_kafka_ConfigEntry_t *entry);

/** 1 if the value is kept secret, 0 if not, -1 if that is not known. */
RD_EXPORT int rd_kafka_ConfigEntry_is_sensitive(const rd_kafka_ConfigEntry_t *entry);

/** 1 if the entry is a synonym of another, 0 if not. */
RD_EXPORT int rd_kafka_ConfigEntry_is_synonym(const rd_kafka_ConfigEntry_t *entry);

/**
 * Where else the value is looked for, in order of precedence; `*cntp` of them. They
 * belong to the entry.
 */
RD_EXPORT
const rd_kafka_ConfigEntry_t **rd_kafka_ConfigEntry_synonyms(const rd_kafka_ConfigEntry_t *entry,
                                                             size_t *cntp);

/** The name of a pattern type. A constant; "UNSUPPORTED" for a number that none has. */
RD_EXPORT
const char *rd_kafka_ResourcePatternType_name(rd_kafka_ResourcePatternType_t resource_pattern_type);

/** The name of a resource type. A constant; "UNSUPPORTED" for a number that none has. */
RD_EXPORT const char *rd_kafka_ResourceType_name(rd_kafka_ResourceType_t restype);

/**
 * A topic, group or broker (by its id as text) whose properties are asked for or
 * changed; null if the name is empty. Freed by `rd_kafka_ConfigResource_destroy`.
 */
RD_EXPORT
rd_kafka_ConfigResource_t *rd_kafka_ConfigResource_new(rd_kafka_ResourceType_t restype,
                                                       const char *resname);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_ConfigResource_destroy(rd_kafka_ConfigResource_t *config);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_ConfigResource_destroy_array(rd_kafka_ConfigResource_t **config,
                                           size_t config_cnt);

/**
 * Sets a property, for AlterConfigs, which restores the defaults of all others.
 * `_INVALID_ARG` without a name or a value, and for an empty name.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_ConfigResource_set_config(rd_kafka_ConfigResource_t *config,
                                                            const char *name,
                                                            const char *value);

/**
 * Sets, deletes, appends to or subtracts from a property, for IncrementalAlterConfigs.
 * Null, or an error that the application destroys.
 */
RD_EXPORT
rd_kafka_error_t *rd_kafka_ConfigResource_add_incremental_config(rd_kafka_ConfigResource_t *config,
                                                                 const char *name,
                                                                 rd_kafka_AlterConfigOpType_t op_type,
                                                                 const char *value);

/** The properties, `*cntp` of them. They belong to the resource. */
RD_EXPORT
const rd_kafka_ConfigEntry_t **rd_kafka_ConfigResource_configs(const rd_kafka_ConfigResource_t *config,
                                                               size_t *cntp);

/** What kind of resource it is. */
RD_EXPORT
rd_kafka_ResourceType_t rd_kafka_ConfigResource_type(const rd_kafka_ConfigResource_t *config);

/** The resource's name. Good as long as the resource. */
RD_EXPORT
const char *rd_kafka_ConfigResource_name(const rd_kafka_ConfigResource_t *config);

/** The code for this resource, in a result. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_ConfigResource_error(const rd_kafka_ConfigResource_t *config);

/** The text for this resource, in a result, or null. */
RD_EXPORT
const char *rd_kafka_ConfigResource_error_string(const rd_kafka_ConfigResource_t *config);

/**
 * Sets all properties of the resources: those that are not given go back to their
 * defaults. IncrementalAlterConfigs is the better one. The result is an
 * ALTERCONFIGS_RESULT event.
 */
RD_EXPORT
void rd_kafka_AlterConfigs(rd_kafka_t *rk,
                           rd_kafka_ConfigResource_t **configs,
                           size_t config_cnt,
                           const rd_kafka_AdminOptions_t *options,
                           rd_kafka_queue_t *rkqu);

/** The resources with their errors, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_ConfigResource_t **rd_kafka_AlterConfigs_result_resources(const rd_kafka_AlterConfigs_result_t *result,
                                                                         size_t *cntp);

/**
 * Changes some properties of the resources (KIP-339). The result is an
 * INCREMENTALALTERCONFIGS_RESULT event.
 */
RD_EXPORT
void rd_kafka_IncrementalAlterConfigs(rd_kafka_t *rk,
                                      rd_kafka_ConfigResource_t **configs,
                                      size_t config_cnt,
                                      const rd_kafka_AdminOptions_t *options,
                                      rd_kafka_queue_t *rkqu);

/** The resources with their errors, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_ConfigResource_t **rd_kafka_IncrementalAlterConfigs_result_resources(const rd_kafka_IncrementalAlterConfigs_result_t *result,
                                                                                    size_t *cntp);

/**
 * Asks for the properties of the resources: all, or those that were set. The result is
 * a DESCRIBECONFIGS_RESULT event.
 */
RD_EXPORT
void rd_kafka_DescribeConfigs(rd_kafka_t *rk,
                              rd_kafka_ConfigResource_t **configs,
                              size_t config_cnt,
                              const rd_kafka_AdminOptions_t *options,
                              rd_kafka_queue_t *rkqu);

/**
 * The resources with their properties or errors, `*cntp` of them. They belong to the
 * event.
 */
RD_EXPORT
const rd_kafka_ConfigResource_t **rd_kafka_DescribeConfigs_result_resources(const rd_kafka_DescribeConfigs_result_t *result,
                                                                            size_t *cntp);

/* DeleteRecords ----------------------------------------------------------------------- */

/**
 * Partitions with the offsets before which records are to be removed;
 * `RD_KAFKA_OFFSET_END` removes all. The list is copied. Freed by
 * `rd_kafka_DeleteRecords_destroy`.
 */
RD_EXPORT
rd_kafka_DeleteRecords_t *rd_kafka_DeleteRecords_new(const rd_kafka_topic_partition_list_t *before_offsets);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_DeleteRecords_destroy(rd_kafka_DeleteRecords_t *del_records);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_DeleteRecords_destroy_array(rd_kafka_DeleteRecords_t **del_records,
                                          size_t del_record_cnt);

/**
 * Removes the first records of partitions; `del_record_cnt` must be 1. The result is a
 * DELETERECORDS_RESULT event.
 */
RD_EXPORT
void rd_kafka_DeleteRecords(rd_kafka_t *rk,
                            rd_kafka_DeleteRecords_t **del_records,
                            size_t del_record_cnt,
                            const rd_kafka_AdminOptions_t *options,
                            rd_kafka_queue_t *rkqu);

/** The partitions with their new first offsets or errors. They belong to the event. */
RD_EXPORT
const rd_kafka_topic_partition_list_t *rd_kafka_DeleteRecords_result_offsets(const rd_kafka_DeleteRecords_result_t *result);

/* DescribeTopics ---------------------------------------------------------------------- */

/** Topics by name, which are copied. Freed by `rd_kafka_TopicCollection_destroy`. */
RD_EXPORT
rd_kafka_TopicCollection_t *rd_kafka_TopicCollection_of_topic_names(const char **topics,
                                                                    size_t topics_cnt);

/** Frees a collection that the application owns. */
RD_EXPORT void rd_kafka_TopicCollection_destroy(rd_kafka_TopicCollection_t *topics);

/** Asks for the partitions of topics. The result is a DESCRIBETOPICS_RESULT event. */
RD_EXPORT
void rd_kafka_DescribeTopics(rd_kafka_t *rk,
                             const rd_kafka_TopicCollection_t *topics,
                             const rd_kafka_AdminOptions_t *options,
                             rd_kafka_queue_t *rkqu);

/** The descriptions, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_TopicDescription_t **rd_kafka_DescribeTopics_result_topics(const rd_kafka_DescribeTopics_result_t *result,
                                                                          size_t *cntp);

/** The topic's partitions, `*cntp` of them. They belong to the description. */
RD_EXPORT
const rd_kafka_TopicPartitionInfo_t **rd_kafka_TopicDescription_partitions(const rd_kafka_TopicDescription_t *topicdesc,
                                                                           size_t *cntp);

/** The partition's number. */
RD_EXPORT
int rd_kafka_TopicPartitionInfo_partition(const rd_kafka_TopicPartitionInfo_t *partition);

/** The leader, or null if there is none. It belongs to the description. */
RD_EXPORT
const rd_kafka_Node_t *rd_kafka_TopicPartitionInfo_leader(const rd_kafka_TopicPartitionInfo_t *partition);

/** The replicas in sync, `*cntp` of them. They belong to the description. */
RD_EXPORT
const rd_kafka_Node_t **rd_kafka_TopicPartitionInfo_isr(const rd_kafka_TopicPartitionInfo_t *partition,
                                                        size_t *cntp);

/** The replicas, `*cntp` of them. They belong to the description. */
RD_EXPORT
const rd_kafka_Node_t **rd_kafka_TopicPartitionInfo_replicas(const rd_kafka_TopicPartitionInfo_t *partition,
                                                             size_t *cntp);

/**
 * What the client may do with the topic, `*cntp` entries; null if that was not asked
 * for.
 */
RD_EXPORT
const rd_kafka_AclOperation_t *rd_kafka_TopicDescription_authorized_operations(const rd_kafka_TopicDescription_t *topicdesc,
                                                                                    size_t *cntp);

/** The topic's name. Good as long as the description. */
RD_EXPORT
const char *rd_kafka_TopicDescription_name(const rd_kafka_TopicDescription_t *topicdesc);

/** The topic's id. It belongs to the description. */
RD_EXPORT
const rd_kafka_Uuid_t *rd_kafka_TopicDescription_topic_id(const rd_kafka_TopicDescription_t *topicdesc);

/** 1 for one of Kafka's own topics, otherwise 0. */
RD_EXPORT
int rd_kafka_TopicDescription_is_internal(const rd_kafka_TopicDescription_t *topicdesc);

/** The error for this topic, or null. It belongs to the description. */
RD_EXPORT
const rd_kafka_error_t *rd_kafka_TopicDescription_error(const rd_kafka_TopicDescription_t *topicdesc);

/* DescribeCluster, and nodes ---------------------------------------------------------- */

/** The broker's id; -1 for no node. */
RD_EXPORT int rd_kafka_Node_id(const rd_kafka_Node_t *node);

/** The broker's host name. Good as long as the result. */
RD_EXPORT const char *rd_kafka_Node_host(const rd_kafka_Node_t *node);

/** The broker's port. */
RD_EXPORT uint16_t rd_kafka_Node_port(const rd_kafka_Node_t *node);

/** The broker's rack, or null. Good as long as the result. */
RD_EXPORT const char *rd_kafka_Node_rack(const rd_kafka_Node_t *node);

/**
 * Asks for the cluster's brokers, controller and id. The result is a
 * DESCRIBECLUSTER_RESULT event.
 */
RD_EXPORT
void rd_kafka_DescribeCluster(rd_kafka_t *rk,
                              const rd_kafka_AdminOptions_t *options,
                              rd_kafka_queue_t *rkqu);

/** The brokers, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_Node_t **rd_kafka_DescribeCluster_result_nodes(const rd_kafka_DescribeCluster_result_t *result,
                                                              size_t *cntp);

/**
 * What the client may do with the cluster, `*cntp` entries; null if that was not asked
 * for.
 */
RD_EXPORT
const rd_kafka_AclOperation_t *rd_kafka_DescribeCluster_result_authorized_operations(const rd_kafka_DescribeCluster_result_t *result,
                                                                                          size_t *cntp);

/** The controller, or null. It belongs to the event. */
RD_EXPORT
const rd_kafka_Node_t *rd_kafka_DescribeCluster_result_controller(const rd_kafka_DescribeCluster_result_t *result);

/** The cluster's id. Good as long as the event. */
RD_EXPORT
const char *rd_kafka_DescribeCluster_result_cluster_id(const rd_kafka_DescribeCluster_result_t *result);

/* ListConsumerGroups, DescribeConsumerGroups and DeleteGroups ------------------------- */

/** Asks all brokers for their groups. The result is a LISTCONSUMERGROUPS_RESULT event. */
RD_EXPORT
void rd_kafka_ListConsumerGroups(rd_kafka_t *rk,
                                 const rd_kafka_AdminOptions_t *options,
                                 rd_kafka_queue_t *rkqu);

/** The group's id. Good as long as the event. */
RD_EXPORT
const char *rd_kafka_ConsumerGroupListing_group_id(const rd_kafka_ConsumerGroupListing_t *grplist);

/** 1 if the group only holds offsets, otherwise 0. */
RD_EXPORT
int rd_kafka_ConsumerGroupListing_is_simple_consumer_group(const rd_kafka_ConsumerGroupListing_t *grplist);

/** The group's state. */
RD_EXPORT
rd_kafka_consumer_group_state_t rd_kafka_ConsumerGroupListing_state(const rd_kafka_ConsumerGroupListing_t *grplist);

/** The group's type. */
RD_EXPORT
rd_kafka_consumer_group_type_t rd_kafka_ConsumerGroupListing_type(const rd_kafka_ConsumerGroupListing_t *grplist);

/** The groups, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_ConsumerGroupListing_t **rd_kafka_ListConsumerGroups_result_valid(const rd_kafka_ListConsumerGroups_result_t *result,
                                                                                 size_t *cntp);

/**
 * The errors of brokers that could not be asked, `*cntp` of them. They belong to the
 * event.
 */
RD_EXPORT
const rd_kafka_error_t **rd_kafka_ListConsumerGroups_result_errors(const rd_kafka_ListConsumerGroups_result_t *result,
                                                                   size_t *cntp);

/**
 * Asks for groups and their members. The result is a DESCRIBECONSUMERGROUPS_RESULT
 * event.
 */
RD_EXPORT
void rd_kafka_DescribeConsumerGroups(rd_kafka_t *rk,
                                     const char **groups,
                                     size_t groups_cnt,
                                     const rd_kafka_AdminOptions_t *options,
                                     rd_kafka_queue_t *rkqu);

/** The descriptions, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_ConsumerGroupDescription_t **rd_kafka_DescribeConsumerGroups_result_groups(const rd_kafka_DescribeConsumerGroups_result_t *result,
                                                                                          size_t *cntp);

/** The group's id. Good as long as the description. */
RD_EXPORT
const char *rd_kafka_ConsumerGroupDescription_group_id(const rd_kafka_ConsumerGroupDescription_t *grpdesc);

/** The error for this group, or null. It belongs to the description. */
RD_EXPORT
const rd_kafka_error_t *rd_kafka_ConsumerGroupDescription_error(const rd_kafka_ConsumerGroupDescription_t *grpdesc);

/** 1 if the group only holds offsets, otherwise 0. */
RD_EXPORT
int rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(const rd_kafka_ConsumerGroupDescription_t *grpdesc);

/** The assignor in use. Good as long as the description. */
RD_EXPORT
const char *rd_kafka_ConsumerGroupDescription_partition_assignor(const rd_kafka_ConsumerGroupDescription_t *grpdesc);

/**
 * What the client may do with the group, `*cntp` entries; null if that was not asked
 * for.
 */
RD_EXPORT
const rd_kafka_AclOperation_t *rd_kafka_ConsumerGroupDescription_authorized_operations(const rd_kafka_ConsumerGroupDescription_t *grpdesc,
                                                                                            size_t *cntp);

/** The group's state. */
RD_EXPORT
rd_kafka_consumer_group_state_t rd_kafka_ConsumerGroupDescription_state(const rd_kafka_ConsumerGroupDescription_t *grpdesc);

/** The broker that coordinates the group. It belongs to the description. */
RD_EXPORT
const rd_kafka_Node_t *rd_kafka_ConsumerGroupDescription_coordinator(const rd_kafka_ConsumerGroupDescription_t *grpdesc);

/** The group's type. */
RD_EXPORT
rd_kafka_consumer_group_type_t rd_kafka_ConsumerGroupDescription_type(const rd_kafka_ConsumerGroupDescription_t *grpdesc);

/** How many members the group has. */
RD_EXPORT
size_t rd_kafka_ConsumerGroupDescription_member_count(const rd_kafka_ConsumerGroupDescription_t *grpdesc);

/** The member at `idx`, or null. It belongs to the description. */
RD_EXPORT
const rd_kafka_MemberDescription_t *rd_kafka_ConsumerGroupDescription_member(const rd_kafka_ConsumerGroupDescription_t *grpdesc,
                                                                             size_t idx);

/** The member's `client.id`. Good as long as the description. */
RD_EXPORT
const char *rd_kafka_MemberDescription_client_id(const rd_kafka_MemberDescription_t *member);

/** The member's `group.instance.id`, or null. Good as long as the description. */
RD_EXPORT
const char *rd_kafka_MemberDescription_group_instance_id(const rd_kafka_MemberDescription_t *member);

/** The member's id. Good as long as the description. */
RD_EXPORT
const char *rd_kafka_MemberDescription_consumer_id(const rd_kafka_MemberDescription_t *member);

/** The host that the member connects from. Good as long as the description. */
RD_EXPORT
const char *rd_kafka_MemberDescription_host(const rd_kafka_MemberDescription_t *member);

/** What the member has. It belongs to the description. */
RD_EXPORT
const rd_kafka_MemberAssignment_t *rd_kafka_MemberDescription_assignment(const rd_kafka_MemberDescription_t *member);

/** The partitions of an assignment. They belong to the description. */
RD_EXPORT
const rd_kafka_topic_partition_list_t *rd_kafka_MemberAssignment_partitions(const rd_kafka_MemberAssignment_t *assignment);

/** What the member is to have (KIP-848), or null. It belongs to the description. */
RD_EXPORT
const rd_kafka_MemberAssignment_t *rd_kafka_MemberDescription_target_assignment(const rd_kafka_MemberDescription_t *member);

/** A group to delete. Freed by `rd_kafka_DeleteGroup_destroy`. */
RD_EXPORT rd_kafka_DeleteGroup_t *rd_kafka_DeleteGroup_new(const char *group);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_DeleteGroup_destroy(rd_kafka_DeleteGroup_t *del_group);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_DeleteGroup_destroy_array(rd_kafka_DeleteGroup_t **del_groups,
                                        size_t del_group_cnt);

/** Deletes groups that have no members. The result is a DELETEGROUPS_RESULT event. */
RD_EXPORT
void rd_kafka_DeleteGroups(rd_kafka_t *rk,
                           rd_kafka_DeleteGroup_t **del_groups,
                           size_t del_group_cnt,
                           const rd_kafka_AdminOptions_t *options,
                           rd_kafka_queue_t *rkqu);

/** The results by group, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_group_result_t **rd_kafka_DeleteGroups_result_groups(const rd_kafka_DeleteGroups_result_t *result,
                                                                    size_t *cntp);

/* ListConsumerGroupOffsets, AlterConsumerGroupOffsets and DeleteConsumerGroupOffsets -- */

/**
 * A group, and the partitions whose committed offsets are asked for; null for all. The
 * list is copied. Freed by `rd_kafka_ListConsumerGroupOffsets_destroy`.
 */
RD_EXPORT
rd_kafka_ListConsumerGroupOffsets_t *rd_kafka_ListConsumerGroupOffsets_new(const char *group_id,
                                                                           const rd_kafka_topic_partition_list_t *partitions);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT
void rd_kafka_ListConsumerGroupOffsets_destroy(rd_kafka_ListConsumerGroupOffsets_t *list_grpoffsets);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_ListConsumerGroupOffsets_destroy_array(rd_kafka_ListConsumerGroupOffsets_t **list_grpoffsets,
                                                     size_t list_grpoffset_cnt);

/**
 * Asks for committed offsets; `list_grpoffsets_cnt` must be 1. The result is a
 * LISTCONSUMERGROUPOFFSETS_RESULT event.
 */
RD_EXPORT
void rd_kafka_ListConsumerGroupOffsets(rd_kafka_t *rk,
                                       rd_kafka_ListConsumerGroupOffsets_t **list_grpoffsets,
                                       size_t list_grpoffsets_cnt,
                                       const rd_kafka_AdminOptions_t *options,
                                       rd_kafka_queue_t *rkqu);

/** The results by group, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_group_result_t **rd_kafka_ListConsumerGroupOffsets_result_groups(const rd_kafka_ListConsumerGroupOffsets_result_t *result,
                                                                                size_t *cntp);

/**
 * A group, and the offsets to commit for it. The list is copied. Freed by
 * `rd_kafka_AlterConsumerGroupOffsets_destroy`.
 */
RD_EXPORT
rd_kafka_AlterConsumerGroupOffsets_t *rd_kafka_AlterConsumerGroupOffsets_new(const char *group_id,
                                                                             const rd_kafka_topic_partition_list_t *partitions);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT
void rd_kafka_AlterConsumerGroupOffsets_destroy(rd_kafka_AlterConsumerGroupOffsets_t *alter_grpoffsets);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_AlterConsumerGroupOffsets_destroy_array(rd_kafka_AlterConsumerGroupOffsets_t **alter_grpoffsets,
                                                      size_t alter_grpoffset_cnt);

/**
 * Commits offsets for a group that has no members; `alter_grpoffsets_cnt` must be 1.
 * The result is an ALTERCONSUMERGROUPOFFSETS_RESULT event.
 */
RD_EXPORT
void rd_kafka_AlterConsumerGroupOffsets(rd_kafka_t *rk,
                                        rd_kafka_AlterConsumerGroupOffsets_t **alter_grpoffsets,
                                        size_t alter_grpoffsets_cnt,
                                        const rd_kafka_AdminOptions_t *options,
                                        rd_kafka_queue_t *rkqu);

/** The results by group, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_group_result_t **rd_kafka_AlterConsumerGroupOffsets_result_groups(const rd_kafka_AlterConsumerGroupOffsets_result_t *result,
                                                                                 size_t *cntp);

/**
 * A group, and the partitions whose committed offsets are to go. The list is copied.
 * Freed by `rd_kafka_DeleteConsumerGroupOffsets_destroy`.
 */
RD_EXPORT
rd_kafka_DeleteConsumerGroupOffsets_t *rd_kafka_DeleteConsumerGroupOffsets_new(const char *group,
                                                                               const rd_kafka_topic_partition_list_t *partitions);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT
void rd_kafka_DeleteConsumerGroupOffsets_destroy(rd_kafka_DeleteConsumerGroupOffsets_t *del_grpoffsets);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_DeleteConsumerGroupOffsets_destroy_array(rd_kafka_DeleteConsumerGroupOffsets_t **del_grpoffsets,
                                                       size_t del_grpoffset_cnt);

/**
 * Removes committed offsets of topics that the group does not subscribe to;
 * `del_grpoffsets_cnt` must be 1. The result is a DELETECONSUMERGROUPOFFSETS_RESULT
 * event.
 */
RD_EXPORT
void rd_kafka_DeleteConsumerGroupOffsets(rd_kafka_t *rk,
                                         rd_kafka_DeleteConsumerGroupOffsets_t **del_grpoffsets,
                                         size_t del_grpoffsets_cnt,
                                         const rd_kafka_AdminOptions_t *options,
                                         rd_kafka_queue_t *rkqu);

/** The results by group, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_group_result_t **rd_kafka_DeleteConsumerGroupOffsets_result_groups(const rd_kafka_DeleteConsumerGroupOffsets_result_t *result,
                                                                                  size_t *cntp);

/* ListOffsets ------------------------------------------------------------------------- */

/** The partition, with its offset, leader epoch and error. It belongs to the event. */
RD_EXPORT
const rd_kafka_topic_partition_t *rd_kafka_ListOffsetsResultInfo_topic_partition(const rd_kafka_ListOffsetsResultInfo_t *result_info);

/** The timestamp of the record at that offset, or -1. */
RD_EXPORT
int64_t rd_kafka_ListOffsetsResultInfo_timestamp(const rd_kafka_ListOffsetsResultInfo_t *result_info);

/** The results by partition, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_ListOffsetsResultInfo_t **rd_kafka_ListOffsets_result_infos(const rd_kafka_ListOffsets_result_t *result,
                                                                           size_t *cntp);

/**
 * Asks for offsets by timestamp, or by `rd_kafka_OffsetSpec_t`, which stands in the
 * elements' offsets. The result is a LISTOFFSETS_RESULT event.
 */
RD_EXPORT
void rd_kafka_ListOffsets(rd_kafka_t *rk,
                          rd_kafka_topic_partition_list_t *topic_partitions,
                          const rd_kafka_AdminOptions_t *options,
                          rd_kafka_queue_t *rkqu);

/* ElectLeaders ------------------------------------------------------------------------ */

/**
 * The partitions for which leaders are to be elected, null for all, and how. The list
 * is copied. Freed by `rd_kafka_ElectLeaders_destroy`.
 */
RD_EXPORT
rd_kafka_ElectLeaders_t *rd_kafka_ElectLeaders_new(rd_kafka_ElectionType_t election_type,
                                                   rd_kafka_topic_partition_list_t *partitions);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_ElectLeaders_destroy(rd_kafka_ElectLeaders_t *elect_leaders);

/** Elects leaders (KIP-460). The result is an ELECTLEADERS_RESULT event. */
RD_EXPORT
void rd_kafka_ElectLeaders(rd_kafka_t *rk,
                           rd_kafka_ElectLeaders_t *elect_leaders,
                           const rd_kafka_AdminOptions_t *options,
                           rd_kafka_queue_t *rkqu);

/** The results by partition, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_topic_partition_result_t **rd_kafka_ElectLeaders_result_partitions(const rd_kafka_ElectLeaders_result_t *result,
                                                                                  size_t *cntp);

/* DescribeUserScramCredentials and AlterUserScramCredentials -------------------------- */

/** The credential's mechanism. */
RD_EXPORT
rd_kafka_ScramMechanism_t rd_kafka_ScramCredentialInfo_mechanism(const rd_kafka_ScramCredentialInfo_t *scram_credential_info);

/** The credential's iterations. */
RD_EXPORT
int32_t rd_kafka_ScramCredentialInfo_iterations(const rd_kafka_ScramCredentialInfo_t *scram_credential_info);

/** The user. Good as long as the event. */
RD_EXPORT
const char *rd_kafka_UserScramCredentialsDescription_user(const rd_kafka_UserScramCredentialsDescription_t *description);

/**
 * The error for this user, which is there without a failure, too, with the code
 * `NO_ERROR`. It belongs to the event.
 */
RD_EXPORT
const rd_kafka_error_t *rd_kafka_UserScramCredentialsDescription_error(const rd_kafka_UserScramCredentialsDescription_t *description);

/** How many credentials the user has. */
RD_EXPORT
size_t rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(const rd_kafka_UserScramCredentialsDescription_t *description);

/** The credential at `idx`, or null. It belongs to the event. */
RD_EXPORT
const rd_kafka_ScramCredentialInfo_t *rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(const rd_kafka_UserScramCredentialsDescription_t *description,
                                                                                                   size_t idx);

/** The descriptions, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_UserScramCredentialsDescription_t **rd_kafka_DescribeUserScramCredentials_result_descriptions(const rd_kafka_DescribeUserScramCredentials_result_t *result,
                                                                                                             size_t *cntp);

/**
 * Asks for the SCRAM credentials of users (KIP-554), or of all if `user_cnt` is 0. The
 * result is a DESCRIBEUSERSCRAMCREDENTIALS_RESULT event.
 */
RD_EXPORT
void rd_kafka_DescribeUserScramCredentials(rd_kafka_t *rk,
                                           const char **users,
                                           size_t user_cnt,
                                           const rd_kafka_AdminOptions_t *options,
                                           rd_kafka_queue_t *rkqu);

/**
 * A credential to set. Without a salt, one is made up. All is copied. Freed by
 * `rd_kafka_UserScramCredentialAlteration_destroy`.
 */
RD_EXPORT
rd_kafka_UserScramCredentialAlteration_t *rd_kafka_UserScramCredentialUpsertion_new(const char *username,
                                                                                    rd_kafka_ScramMechanism_t mechanism,
                                                                                    int32_t iterations,
                                                                                    const unsigned char *password,
                                                                                    size_t password_size,
                                                                                    const unsigned char *salt,
                                                                                    size_t salt_size);

/** A credential to delete. Freed by `rd_kafka_UserScramCredentialAlteration_destroy`. */
RD_EXPORT
rd_kafka_UserScramCredentialAlteration_t *rd_kafka_UserScramCredentialDeletion_new(const char *username,
                                                                                   rd_kafka_ScramMechanism_t mechanism);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT
void rd_kafka_UserScramCredentialAlteration_destroy(rd_kafka_UserScramCredentialAlteration_t *alteration);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_UserScramCredentialAlteration_destroy_array(rd_kafka_UserScramCredentialAlteration_t **alterations,
                                                          size_t alteration_cnt);

/** The user. Good as long as the event. */
RD_EXPORT
const char *rd_kafka_AlterUserScramCredentials_result_response_user(const rd_kafka_AlterUserScramCredentials_result_response_t *response);

/**
 * The error for this user, which is there without a failure, too, with the code
 * `NO_ERROR`. It belongs to the event.
 */
RD_EXPORT
const rd_kafka_error_t *rd_kafka_AlterUserScramCredentials_result_response_error(const rd_kafka_AlterUserScramCredentials_result_response_t *response);

/** The results by user, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_AlterUserScramCredentials_result_response_t **rd_kafka_AlterUserScramCredentials_result_responses(const rd_kafka_AlterUserScramCredentials_result_t *result,
                                                                                                                 size_t *cntp);

/**
 * Sets and deletes SCRAM credentials (KIP-554). The call takes as long as the passwords'
 * iterations do: brokers get no passwords, only what is computed from them. The result is
 * an ALTERUSERSCRAMCREDENTIALS_RESULT event.
 */
RD_EXPORT
void rd_kafka_AlterUserScramCredentials(rd_kafka_t *rk,
                                        rd_kafka_UserScramCredentialAlteration_t **alterations,
                                        size_t alteration_cnt,
                                        const rd_kafka_AdminOptions_t *options,
                                        rd_kafka_queue_t *rkqu);

/* CreateAcls, DescribeAcls and DeleteAcls --------------------------------------------- */

/** The error for this entry, or null. It belongs to the event. */
RD_EXPORT
const rd_kafka_error_t *rd_kafka_acl_result_error(const rd_kafka_acl_result_t *aclres);

/** The name of an operation. A constant; "UNSUPPORTED" for a number that none has. */
RD_EXPORT
const char *rd_kafka_AclOperation_name(rd_kafka_AclOperation_t acl_operation);

/** The name of a permission. A constant; "UNSUPPORTED" for a number that none has. */
RD_EXPORT
const char *rd_kafka_AclPermissionType_name(rd_kafka_AclPermissionType_t acl_permission_type);

/**
 * An access control entry; all strings are copied and must be there. Null with a text
 * in `errstr` if an argument will not do. Freed by `rd_kafka_AclBinding_destroy`.
 */
RD_EXPORT
rd_kafka_AclBinding_t *rd_kafka_AclBinding_new(rd_kafka_ResourceType_t restype,
                                               const char *name,
                                               rd_kafka_ResourcePatternType_t resource_pattern_type,
                                               const char *principal,
                                               const char *host,
                                               rd_kafka_AclOperation_t operation,
                                               rd_kafka_AclPermissionType_t permission_type,
                                               char *errstr,
                                               size_t errstr_size);

/**
 * A filter for entries; null strings and `ANY` match all. Null with a text in `errstr`
 * if an argument will not do. Freed by `rd_kafka_AclBinding_destroy`.
 */
RD_EXPORT
rd_kafka_AclBindingFilter_t *rd_kafka_AclBindingFilter_new(rd_kafka_ResourceType_t restype,
                                                           const char *name,
                                                           rd_kafka_ResourcePatternType_t resource_pattern_type,
                                                           const char *principal,
                                                           const char *host,
                                                           rd_kafka_AclOperation_t operation,
                                                           rd_kafka_AclPermissionType_t permission_type,
                                                           char *errstr,
                                                           size_t errstr_size);

/** The resource's type. */
RD_EXPORT
rd_kafka_ResourceType_t rd_kafka_AclBinding_restype(const rd_kafka_AclBinding_t *acl);

/** The resource's name, or null in a filter. Good as long as the object. */
RD_EXPORT const char *rd_kafka_AclBinding_name(const rd_kafka_AclBinding_t *acl);

/** The principal, or null in a filter. Good as long as the object. */
RD_EXPORT const char *rd_kafka_AclBinding_principal(const rd_kafka_AclBinding_t *acl);

/** The host, or null in a filter. Good as long as the object. */
RD_EXPORT const char *rd_kafka_AclBinding_host(const rd_kafka_AclBinding_t *acl);

/** The operation. */
RD_EXPORT
rd_kafka_AclOperation_t rd_kafka_AclBinding_operation(const rd_kafka_AclBinding_t *acl);

/** The permission. */
RD_EXPORT
rd_kafka_AclPermissionType_t rd_kafka_AclBinding_permission_type(const rd_kafka_AclBinding_t *acl);

/** How the resource's name matches. */
RD_EXPORT
rd_kafka_ResourcePatternType_t rd_kafka_AclBinding_resource_pattern_type(const rd_kafka_AclBinding_t *acl);

/** The error for this entry in a result, or null. It belongs to the entry. */
RD_EXPORT
const rd_kafka_error_t *rd_kafka_AclBinding_error(const rd_kafka_AclBinding_t *acl);

/** Frees an object that the application owns. Null is allowed. */
RD_EXPORT void rd_kafka_AclBinding_destroy(rd_kafka_AclBinding_t *acl_binding);

/** Frees the objects of an array, and not the array. */
RD_EXPORT
void rd_kafka_AclBinding_destroy_array(rd_kafka_AclBinding_t **acl_bindings,
                                       size_t acl_bindings_cnt);

/** The results, `*cntp` of them, in the order of the request. They belong to the event. */
RD_EXPORT
const rd_kafka_acl_result_t **rd_kafka_CreateAcls_result_acls(const rd_kafka_CreateAcls_result_t *result,
                                                              size_t *cntp);

/** Creates access control entries. The result is a CREATEACLS_RESULT event. */
RD_EXPORT
void rd_kafka_CreateAcls(rd_kafka_t *rk,
                         rd_kafka_AclBinding_t **new_acls,
                         size_t new_acls_cnt,
                         const rd_kafka_AdminOptions_t *options,
                         rd_kafka_queue_t *rkqu);

/** The entries, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_AclBinding_t **rd_kafka_DescribeAcls_result_acls(const rd_kafka_DescribeAcls_result_t *result,
                                                                size_t *cntp);

/** Asks for the entries that match a filter. The result is a DESCRIBEACLS_RESULT event. */
RD_EXPORT
void rd_kafka_DescribeAcls(rd_kafka_t *rk,
                           rd_kafka_AclBindingFilter_t *acl_filter,
                           const rd_kafka_AdminOptions_t *options,
                           rd_kafka_queue_t *rkqu);

/** The results by filter, `*cntp` of them. They belong to the event. */
RD_EXPORT
const rd_kafka_DeleteAcls_result_response_t **rd_kafka_DeleteAcls_result_responses(const rd_kafka_DeleteAcls_result_t *result,
                                                                                   size_t *cntp);

/** The error for this filter, or null. It belongs to the event. */
RD_EXPORT
const rd_kafka_error_t *rd_kafka_DeleteAcls_result_response_error(const rd_kafka_DeleteAcls_result_response_t *result_response);

/**
 * The entries that were deleted, `*matching_acls_cntp` of them. They belong to the
 * event.
 */
RD_EXPORT
const rd_kafka_AclBinding_t **rd_kafka_DeleteAcls_result_response_matching_acls(const rd_kafka_DeleteAcls_result_response_t *result_response,
                                                                                size_t *matching_acls_cntp);

/** Deletes the entries that match filters. The result is a DELETEACLS_RESULT event. */
RD_EXPORT
void rd_kafka_DeleteAcls(rd_kafka_t *rk,
                         rd_kafka_AclBindingFilter_t **del_acls,
                         size_t del_acls_cnt,
                         const rd_kafka_AdminOptions_t *options,
                         rd_kafka_queue_t *rkqu);

/* From an event to the admin result in it --------------------------------------------- */

/**
 * The result of CreateTopics if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_CreateTopics_result_t *rd_kafka_event_CreateTopics_result(rd_kafka_event_t *rkev);

/**
 * The result of DeleteTopics if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_DeleteTopics_result_t *rd_kafka_event_DeleteTopics_result(rd_kafka_event_t *rkev);

/**
 * The result of CreatePartitions if the event is one, otherwise null. It belongs to
 * the event.
 */
RD_EXPORT
const rd_kafka_CreatePartitions_result_t *rd_kafka_event_CreatePartitions_result(rd_kafka_event_t *rkev);

/**
 * The result of AlterConfigs if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_AlterConfigs_result_t *rd_kafka_event_AlterConfigs_result(rd_kafka_event_t *rkev);

/**
 * The result of IncrementalAlterConfigs if the event is one, otherwise null. It
 * belongs to the event.
 */
RD_EXPORT
const rd_kafka_IncrementalAlterConfigs_result_t *rd_kafka_event_IncrementalAlterConfigs_result(rd_kafka_event_t *rkev);

/**
 * The result of DescribeConfigs if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_DescribeConfigs_result_t *rd_kafka_event_DescribeConfigs_result(rd_kafka_event_t *rkev);

/**
 * The result of DeleteRecords if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_DeleteRecords_result_t *rd_kafka_event_DeleteRecords_result(rd_kafka_event_t *rkev);

/**
 * The result of ListConsumerGroups if the event is one, otherwise null. It belongs to
 * the event.
 */
RD_EXPORT
const rd_kafka_ListConsumerGroups_result_t *rd_kafka_event_ListConsumerGroups_result(rd_kafka_event_t *rkev);

/**
 * The result of DescribeConsumerGroups if the event is one, otherwise null. It belongs
 * to the event.
 */
RD_EXPORT
const rd_kafka_DescribeConsumerGroups_result_t *rd_kafka_event_DescribeConsumerGroups_result(rd_kafka_event_t *rkev);

/**
 * The result of DescribeTopics if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_DescribeTopics_result_t *rd_kafka_event_DescribeTopics_result(rd_kafka_event_t *rkev);

/**
 * The result of DescribeCluster if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_DescribeCluster_result_t *rd_kafka_event_DescribeCluster_result(rd_kafka_event_t *rkev);

/**
 * The result of DeleteGroups if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_DeleteGroups_result_t *rd_kafka_event_DeleteGroups_result(rd_kafka_event_t *rkev);

/**
 * The result of DeleteConsumerGroupOffsets if the event is one, otherwise null. It
 * belongs to the event.
 */
RD_EXPORT
const rd_kafka_DeleteConsumerGroupOffsets_result_t *rd_kafka_event_DeleteConsumerGroupOffsets_result(rd_kafka_event_t *rkev);

/**
 * The result of CreateAcls if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_CreateAcls_result_t *rd_kafka_event_CreateAcls_result(rd_kafka_event_t *rkev);

/**
 * The result of DescribeAcls if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_DescribeAcls_result_t *rd_kafka_event_DescribeAcls_result(rd_kafka_event_t *rkev);

/**
 * The result of DeleteAcls if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_DeleteAcls_result_t *rd_kafka_event_DeleteAcls_result(rd_kafka_event_t *rkev);

/**
 * The result of ListConsumerGroupOffsets if the event is one, otherwise null. It
 * belongs to the event.
 */
RD_EXPORT
const rd_kafka_ListConsumerGroupOffsets_result_t *rd_kafka_event_ListConsumerGroupOffsets_result(rd_kafka_event_t *rkev);

/**
 * The result of AlterConsumerGroupOffsets if the event is one, otherwise null. It
 * belongs to the event.
 */
RD_EXPORT
const rd_kafka_AlterConsumerGroupOffsets_result_t *rd_kafka_event_AlterConsumerGroupOffsets_result(rd_kafka_event_t *rkev);

/**
 * The result of ListOffsets if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_ListOffsets_result_t *rd_kafka_event_ListOffsets_result(rd_kafka_event_t *rkev);

/**
 * The result of DescribeUserScramCredentials if the event is one, otherwise null. It
 * belongs to the event.
 */
RD_EXPORT
const rd_kafka_DescribeUserScramCredentials_result_t *rd_kafka_event_DescribeUserScramCredentials_result(rd_kafka_event_t *rkev);

/**
 * The result of AlterUserScramCredentials if the event is one, otherwise null. It
 * belongs to the event.
 */
RD_EXPORT
const rd_kafka_AlterUserScramCredentials_result_t *rd_kafka_event_AlterUserScramCredentials_result(rd_kafka_event_t *rkev);

/**
 * The result of ElectLeaders if the event is one, otherwise null. It belongs to the
 * event.
 */
RD_EXPORT
const rd_kafka_ElectLeaders_result_t *rd_kafka_event_ElectLeaders_result(rd_kafka_event_t *rkev);

#ifdef __cplusplus
} /* extern "C" */
#endif /* __cplusplus */

#endif  /* _RDKAFKA_H_ */
