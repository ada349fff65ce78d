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

#ifndef _RDKAFKA_MOCK_H_
#define _RDKAFKA_MOCK_H_

#ifndef _RDKAFKA_H_
#error "include rdkafka.h before rdkafka_mock.h"
#endif

/* The mock cluster: making it, and what holds for all of its brokers ------------------ */

/*
 * A mock cluster: brokers inside the process, on loopback ports, that speak enough
 * of Kafka's protocol to test programs with, and that fail as they are told.
 * Either the property `test.mock.num.brokers` makes one for a client instance,
 * or rd_kafka_mock_cluster_new() does. Functions that take a cluster may be called
 * from any thread while it exists.
 */

struct rd_kafka_mock_cgrp_consumer_target_assignment_s;

struct rd_kafka_mock_cluster_s;

struct rd_kafka_mock_request_s;

/** An embedded cluster of mock brokers. */
typedef struct rd_kafka_mock_cluster_s rd_kafka_mock_cluster_t;

/** A request that a mock broker received. */
typedef struct rd_kafka_mock_request_s rd_kafka_mock_request_t;

/** The assignment that a mock coordinator is to give a consumer group (KIP-848). */
typedef struct rd_kafka_mock_cgrp_consumer_target_assignment_s rd_kafka_mock_cgrp_consumer_target_assignment_t;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Makes a cluster of `broker_cnt` brokers, with ids from 1; `rk` is used for logging
 * and memory. Null if the ports cannot be had. Ended by
 * `rd_kafka_mock_cluster_destroy`, before `rk`.
 */
RD_EXPORT
rd_kafka_mock_cluster_t *rd_kafka_mock_cluster_new(rd_kafka_t *rk,
                                                   int broker_cnt);

/** Ends a cluster that `rd_kafka_mock_cluster_new` made. */
RD_EXPORT void rd_kafka_mock_cluster_destroy(rd_kafka_mock_cluster_t *mcluster);

/** The client instance that the cluster was made with. */
RD_EXPORT
rd_kafka_t *rd_kafka_mock_cluster_handle(const rd_kafka_mock_cluster_t *mcluster);

/**
 * The cluster of an instance that has `test.mock.num.brokers` set, or null. It belongs
 * to the instance.
 */
RD_EXPORT rd_kafka_mock_cluster_t *rd_kafka_handle_mock_cluster(const rd_kafka_t *rk);

/** The brokers, as `bootstrap.servers` wants them. Good as long as the cluster. */
RD_EXPORT
const char *rd_kafka_mock_cluster_bootstraps(const rd_kafka_mock_cluster_t *mcluster);

/** Drops the errors that are left for requests of kind `ApiKey`. */
RD_EXPORT
void rd_kafka_mock_clear_request_errors(rd_kafka_mock_cluster_t *mcluster,
                                        int16_t ApiKey);

/** As `rd_kafka_mock_push_request_errors`, with the errors in an array. */
RD_EXPORT
void rd_kafka_mock_push_request_errors_array(rd_kafka_mock_cluster_t *mcluster,
                                             int16_t ApiKey,
                                             size_t cnt,
                                             const rd_kafka_resp_err_t *errors);

/**
 * Makes a broker the coordinator of a "group" or "transaction" (`key_type`) with the
 * id `key`.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_coordinator_set(rd_kafka_mock_cluster_t *mcluster,
                                                  const char *key_type,
                                                  const char *key,
                                                  int32_t broker_id);

/**
 * Sets the versions of a request that the brokers say they know; -1 and -1 for not
 * knowing it at all. EndTxn up to 5 or more brings transaction.version 2, and clients
 * that know it have transactions as of KIP-890; without that, or without Produce 12 or
 * TxnOffsetCommit 5, it is 1.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_set_apiversion(rd_kafka_mock_cluster_t *mcluster,
                                                 int16_t ApiKey,
                                                 int16_t MinVersion,
                                                 int16_t MaxVersion);

/** Sets which broker metadata names as the controller. */
RD_EXPORT
void rd_kafka_mock_set_controller_id(rd_kafka_mock_cluster_t *mcluster,
                                     int32_t controller_id);

/**
 * Makes the cluster answer the next `cnt` requests of kind `ApiKey` with the
 * errors that follow (`rd_kafka_resp_err_t` each).
 */
RD_EXPORT void rd_kafka_mock_push_request_errors(rd_kafka_mock_cluster_t *mcluster,
                                              int16_t ApiKey,
                                              size_t cnt,
                                              ...);

/**
 * Makes broker `broker_id` answer the next `cnt` requests of kind `ApiKey`
 * with the errors and after the delays that follow (`rd_kafka_resp_err_t`
 * and `int` milliseconds, in turn).
 */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_mock_broker_push_request_error_rtts(rd_kafka_mock_cluster_t *mcluster,
                                                                        int32_t broker_id,
                                                                        int16_t ApiKey,
                                                                        size_t cnt,
                                                                        ...);

/**
 * Makes the cluster answer the next `cnt` requests of kind `ApiKey` for the
 * partition with the errors that follow (`rd_kafka_resp_err_t` each).
 */
RD_EXPORT rd_kafka_resp_err_t rd_kafka_mock_partition_push_request_errors(rd_kafka_mock_cluster_t *mcluster,
                                                                       const char *topic,
                                                                       int32_t partition,
                                                                       int16_t ApiKey,
                                                                       size_t cnt,
                                                                       ...);

/* Single mock brokers ----------------------------------------------------------------- */

/** Sets `*cntp` to how many errors are left for the broker's requests of kind `ApiKey`. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_broker_error_stack_cnt(rd_kafka_mock_cluster_t *mcluster,
                                                         int32_t broker_id,
                                                         int16_t ApiKey,
                                                         size_t *cntp);

/** Closes the broker's connections, and refuses new ones. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_broker_set_down(rd_kafka_mock_cluster_t *mcluster,
                                                  int32_t broker_id);

/** Lets metadata name another host and port for the broker. */
RD_EXPORT
void rd_kafka_mock_broker_set_host_port(rd_kafka_mock_cluster_t *mcluster,
                                        int32_t broker_id,
                                        const char *host,
                                        int port);

/** Lets the broker accept connections again. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_broker_set_up(rd_kafka_mock_cluster_t *mcluster,
                                                int32_t broker_id);

/**
 * Delays the broker's answers by so many milliseconds, and the markers that end
 * transactions on their way to it.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_broker_set_rtt(rd_kafka_mock_cluster_t *mcluster,
                                                 int32_t broker_id,
                                                 int rtt_ms);

/** Sets the broker's rack. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_broker_set_rack(rd_kafka_mock_cluster_t *mcluster,
                                                  int32_t broker_id,
                                                  const char *rack);

/**
 * Takes the broker out of the cluster for good: its connections are closed and
 * metadata names it no more.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_broker_decommission(rd_kafka_mock_cluster_t *cluster,
                                                      int32_t broker_id);

/** Lets metadata not name the broker, which goes on serving its connections. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_broker_remove_from_metadata(rd_kafka_mock_cluster_t *mcluster,
                                                              int32_t broker_id);

/** Adds a broker to the cluster. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_broker_add(rd_kafka_mock_cluster_t *mcluster,
                                             int32_t broker_id);

/* Topics and partitions of the mock cluster ------------------------------------------- */

/** Lets all of the topic fail with `err` in metadata; `NO_ERROR` ends that. */
RD_EXPORT
void rd_kafka_mock_topic_set_error(rd_kafka_mock_cluster_t *mcluster,
                                   const char *topic,
                                   rd_kafka_resp_err_t err);

/** Creates a topic. `TOPIC_ALREADY_EXISTS` if there is one of that name. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_topic_create(rd_kafka_mock_cluster_t *mcluster,
                                               const char *topic,
                                               int partition_cnt,
                                               int replication_factor);

/** Deletes a topic. `UNKNOWN_TOPIC_OR_PART` if there is none of that name. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_topic_delete(rd_kafka_mock_cluster_t *mcluster,
                                               const char *topic);

/** Removes the partition's records before an offset. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_partition_delete_records(rd_kafka_mock_cluster_t *mcluster,
                                                           const char *topic,
                                                           int32_t partition,
                                                           int64_t before_offset);

/** Makes a broker the partition's leader; -1 leaves it without one. */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_partition_set_leader(rd_kafka_mock_cluster_t *mcluster,
                                                       const char *topic,
                                                       int32_t partition,
                                                       int32_t broker_id);

/**
 * Makes a broker the one that consumers are told to fetch from (KIP-392); -1 ends
 * that.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_partition_set_follower(rd_kafka_mock_cluster_t *mcluster,
                                                         const char *topic,
                                                         int32_t partition,
                                                         int32_t broker_id);

/**
 * Sets the offsets that the follower seems to have; -1 for those of the leader. The follower serves records up to and
 * with the one at `hi`.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_partition_set_follower_wmarks(rd_kafka_mock_cluster_t *mcluster,
                                                                const char *topic,
                                                                int32_t partition,
                                                                int64_t lo,
                                                                int64_t hi);

/**
 * Lets the partition tell this leader and epoch to the next request that asks, whoever
 * leads it.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_partition_push_leader_response(rd_kafka_mock_cluster_t *mcluster,
                                                                 const char *topic,
                                                                 int partition,
                                                                 int32_t leader_id,
                                                                 int32_t leader_epoch);

/* Requests that mock brokers received ------------------------------------------------- */

/** Begins to note down requests, and drops those that were noted down before. */
RD_EXPORT void rd_kafka_mock_start_request_tracking(rd_kafka_mock_cluster_t *mcluster);

/** Ends noting down requests, and drops those that were. */
RD_EXPORT void rd_kafka_mock_stop_request_tracking(rd_kafka_mock_cluster_t *mcluster);

/** Frees a request. */
RD_EXPORT void rd_kafka_mock_request_destroy(rd_kafka_mock_request_t *mreq);

/** Frees the requests of an array, and the array. */
RD_EXPORT
void rd_kafka_mock_request_destroy_array(rd_kafka_mock_request_t **mreqs,
                                         size_t mreq_cnt);

/** The id of the broker that got the request. */
RD_EXPORT int32_t rd_kafka_mock_request_id(rd_kafka_mock_request_t *mreq);

/** The kind of the request. */
RD_EXPORT int16_t rd_kafka_mock_request_api_key(rd_kafka_mock_request_t *mreq);

/** When the request came, in microseconds of a clock that only goes forward. */
RD_EXPORT int64_t rd_kafka_mock_request_timestamp(rd_kafka_mock_request_t *mreq);

/**
 * Copies of the requests noted down so far, `*cntp` of them. Freed by
 * `rd_kafka_mock_request_destroy_array`.
 */
RD_EXPORT
rd_kafka_mock_request_t **rd_kafka_mock_get_requests(rd_kafka_mock_cluster_t *mcluster,
                                                     size_t *cntp);

/** Drops the requests noted down so far. */
RD_EXPORT void rd_kafka_mock_clear_requests(rd_kafka_mock_cluster_t *mcluster);

/* Groups and telemetry in the mock cluster -------------------------------------------- */

/** Sets how long a new group waits for more members before its first rebalance. */
RD_EXPORT
void rd_kafka_mock_group_initial_rebalance_delay_ms(rd_kafka_mock_cluster_t *mcluster,
                                                    int32_t delay_ms);

/**
 * Sets the prefixes of the metrics that the brokers ask clients for (KIP-714); all are
 * copied. `*` asks for every metric, none for nothing.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_telemetry_set_requested_metrics(rd_kafka_mock_cluster_t *mcluster,
                                                                  char **metrics,
                                                                  size_t metrics_cnt);

/**
 * Sets how often clients are to push metrics, in milliseconds (KIP-714); 0 for five
 * minutes.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_telemetry_set_push_interval(rd_kafka_mock_cluster_t *mcluster,
                                                              int64_t push_interval_ms);

/* Groups of the consumer protocol (KIP-848) in the mock cluster ----------------------- */

/**
 * What `member_cnt` members of a group are to have (KIP-848). All is copied. Freed by
 * `rd_kafka_mock_cgrp_consumer_target_assignment_destroy`.
 */
RD_EXPORT
rd_kafka_mock_cgrp_consumer_target_assignment_t *rd_kafka_mock_cgrp_consumer_target_assignment_new(char **member_ids,
                                                                                                   int member_cnt,
                                                                                                   rd_kafka_topic_partition_list_t **assignment);

/** Frees what `rd_kafka_mock_cgrp_consumer_target_assignment_new` made. */
RD_EXPORT
void rd_kafka_mock_cgrp_consumer_target_assignment_destroy(rd_kafka_mock_cgrp_consumer_target_assignment_t *target_assignment);

/**
 * Sets what the members of a group are to have from now on, whoever joins or leaves;
 * members that are not named keep what they were to have, and topics that do not exist
 * are left out. Null lets the coordinator assign again. A group that does not exist is
 * not made.
 */
RD_EXPORT
void rd_kafka_mock_cgrp_consumer_target_assignment(rd_kafka_mock_cluster_t *mcluster,
                                                   const char *group_id,
                                                   rd_kafka_mock_cgrp_consumer_target_assignment_t *target_assignment);

/**
 * Sets the session timeout of groups of the consumer protocol (KIP-848), 30 seconds if
 * it is not set.
 */
RD_EXPORT
void rd_kafka_mock_set_group_consumer_session_timeout_ms(rd_kafka_mock_cluster_t *mcluster,
                                                         int group_consumer_session_timeout_ms);

/**
 * Sets the heartbeat interval of groups of the consumer protocol (KIP-848), 3 seconds if
 * it is not set.
 */
RD_EXPORT
void rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(rd_kafka_mock_cluster_t *mcluster,
                                                            int group_consumer_heartbeat_interval_ms);

/* Share groups in the mock cluster ---------------------------------------------------- */

/** Sets the session timeout of share groups (KIP-932). */
RD_EXPORT
void rd_kafka_mock_sharegroup_set_session_timeout(rd_kafka_mock_cluster_t *mcluster,
                                                  int session_timeout_ms);

/** Sets the heartbeat interval of share groups. */
RD_EXPORT
void rd_kafka_mock_sharegroup_set_heartbeat_interval(rd_kafka_mock_cluster_t *mcluster,
                                                     int heartbeat_interval_ms);

/** Sets how often a record is delivered before it is given up. */
RD_EXPORT
void rd_kafka_mock_sharegroup_set_max_delivery_attempts(rd_kafka_mock_cluster_t *mcluster,
                                                        int max_attempts);

/** Sets how long a delivered record stays with its consumer. */
RD_EXPORT
void rd_kafka_mock_sharegroup_set_record_lock_duration(rd_kafka_mock_cluster_t *mcluster,
                                                       int lock_duration_ms);

/** Sets which records share groups get: 0 all, 1 those of committed transactions. */
RD_EXPORT
void rd_kafka_mock_sharegroup_set_isolation_level(rd_kafka_mock_cluster_t *mcluster,
                                                  int level);

/** Sets how many members a share group may have. */
RD_EXPORT
void rd_kafka_mock_sharegroup_set_max_size(rd_kafka_mock_cluster_t *mcluster,
                                           int max_size);

/** Sets how many share sessions a broker keeps. */
RD_EXPORT
void rd_kafka_mock_sharegroup_set_max_fetch_sessions(rd_kafka_mock_cluster_t *mcluster,
                                                     int max_fetch_sessions);

/** Sets how many records of a partition may be with consumers at once. */
RD_EXPORT
void rd_kafka_mock_sharegroup_set_max_record_locks(rd_kafka_mock_cluster_t *mcluster,
                                                   int max_record_locks);

/** Sets where a share group begins: 0 at the latest record, 1 at the earliest. */
RD_EXPORT
void rd_kafka_mock_sharegroup_set_auto_offset_reset(rd_kafka_mock_cluster_t *mcluster,
                                                    int auto_offset_reset);

/**
 * Sets what the members of a share group are to have; null or none lets the
 * coordinator assign again.
 */
RD_EXPORT
void rd_kafka_mock_sharegroup_target_assignment(rd_kafka_mock_cluster_t *mcluster,
                                                const char *group_id,
                                                const char **member_ids,
                                                rd_kafka_topic_partition_list_t **assignments,
                                                size_t member_cnt);

/**
 * Sets `*member_ids_out` to the ids of the group's members, `*member_cnt_out` of them;
 * ids and array are freed by `rd_kafka_mem_free`.
 */
RD_EXPORT
rd_kafka_resp_err_t rd_kafka_mock_sharegroup_get_member_ids(rd_kafka_mock_cluster_t *mcluster,
                                                            const char *group_id,
                                                            char ***member_ids_out,
                                                            size_t *member_cnt_out);

#ifdef __cplusplus
} /* extern "C" */
#endif /* __cplusplus */

#endif  /* _RDKAFKA_MOCK_H_ */
