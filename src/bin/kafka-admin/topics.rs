//! `kafka-admin topics`.

use std::ffi::CString;
use std::ptr::null_mut;

use rdkafka::capi::admin::cluster::rd_kafka_Node_id;
use rdkafka::capi::admin::describe_topics::*;
use rdkafka::capi::admin::events::*;
use rdkafka::capi::admin::options::rd_kafka_AdminOptions_set_validate_only;
use rdkafka::capi::admin::partitions::*;
use rdkafka::capi::admin::results::*;
use rdkafka::capi::admin::topics::*;
use rdkafka::capi::metadata::{rd_kafka_metadata, rd_kafka_metadata_destroy};
use rdkafka::capi::types::*;
use serde_json::{Value, json};

use crate::arguments::Topics;
use crate::client::{Admin, array, c_string, error, optional, string};
use crate::output::Table;
use crate::properties::Pair;

pub fn run(admin: &Admin, command: &Topics) -> Result<Table, String> {
    match command {
        Topics::List => list(admin),
        Topics::Describe { topics } => describe(admin, topics),
        Topics::Create {
            topic,
            partitions,
            replication_factor,
            configs,
            validate_only,
        } => {
            let new = New {
                topic,
                partitions: partitions.unwrap_or(-1),
                replication_factor: replication_factor.unwrap_or(-1),
                configs,
            };
            create(admin, &new, *validate_only)
        }
        Topics::Delete { topics } => delete(admin, topics),
        Topics::Extend { topic, total } => extend(admin, topic, *total),
    }
}

/// Names and numbers of partitions.
pub fn known(admin: &Admin) -> Result<Vec<(String, i32)>, String> {
    let mut metadata = std::ptr::null();
    // SAFETY: the instance lives, and the answer is this function's.
    unsafe {
        let err = rd_kafka_metadata(
            admin.rk,
            1,
            null_mut(),
            &raw mut metadata,
            admin.timeout_ms(),
        );
        if err.0 != 0 {
            return Err(err.text().into_owned());
        }
        let count = usize::try_from((*metadata).topic_cnt).unwrap_or(0);
        let topics = if count == 0 {
            &[]
        } else {
            std::slice::from_raw_parts((*metadata).topics, count)
        };
        let all = topics.iter().map(|t| (string(t.topic), t.partition_cnt));
        let all = all.collect();
        rd_kafka_metadata_destroy(metadata);
        Ok(all)
    }
}

fn list(admin: &Admin) -> Result<Table, String> {
    let mut topics = known(admin)?;
    topics.sort();
    let mut table = Table::new(&["topic", "partitions"]);
    for (topic, partitions) in topics {
        table.row([json!(topic), json!(partitions)]);
    }
    Ok(table)
}

fn describe(admin: &Admin, topics: &[String]) -> Result<Table, String> {
    let names = topics
        .iter()
        .map(|t| c_string(t))
        .collect::<Result<Vec<_>, _>>()?;
    let mut pointers: Vec<_> = names.iter().map(|n| n.as_ptr()).collect();
    let op = RD_KAFKA_ADMIN_OP_DESCRIBETOPICS.0;
    // SAFETY: the names live longer than the call.
    let event = admin.ask(op, |options, queue| unsafe {
        let all = rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        rd_kafka_DescribeTopics(admin.rk, all, options, queue);
        rd_kafka_TopicCollection_destroy(all);
    })?;
    let mut table = Table::new(&["topic", "partition", "leader", "replicas", "isr", "error"]);
    // SAFETY: the event owns all of these.
    unsafe {
        let result = rd_kafka_event_DescribeTopics_result(event.0);
        for topic in array(|n| rd_kafka_DescribeTopics_result_topics(result, n)) {
            let name = string(rd_kafka_TopicDescription_name(topic));
            if let Some(text) = error(rd_kafka_TopicDescription_error(topic)) {
                let error = table.outcome(Some(text));
                table.row([
                    json!(name),
                    Value::Null,
                    Value::Null,
                    Value::Null,
                    Value::Null,
                    error,
                ]);
                continue;
            }
            for partition in array(|n| rd_kafka_TopicDescription_partitions(topic, n)) {
                let leader = rd_kafka_TopicPartitionInfo_leader(partition);
                let leader = (!leader.is_null()).then(|| rd_kafka_Node_id(leader));
                table.row([
                    json!(name),
                    json!(rd_kafka_TopicPartitionInfo_partition(partition)),
                    json!(leader),
                    ids(array(|n| {
                        rd_kafka_TopicPartitionInfo_replicas(partition, n)
                    })),
                    ids(array(|n| rd_kafka_TopicPartitionInfo_isr(partition, n))),
                    Value::Null,
                ]);
            }
        }
    }
    Ok(table)
}

/// # Safety
/// Nodes of a living result.
unsafe fn ids(nodes: Vec<*const rd_kafka_Node_t>) -> Value {
    // SAFETY: the caller's promise.
    let id = |node: &*const rd_kafka_Node_t| unsafe { rd_kafka_Node_id(*node) };
    json!(nodes.iter().map(id).collect::<Vec<_>>())
}

struct New<'a> {
    topic: &'a str,
    partitions: i32,
    replication_factor: i32,
    configs: &'a [Pair],
}

fn create(admin: &Admin, new: &New<'_>, validate_only: bool) -> Result<Table, String> {
    let topic = c_string(new.topic)?;
    let configs = new
        .configs
        .iter()
        .map(|pair| Ok((c_string(&pair.name)?, c_string(&pair.value)?)));
    let configs: Vec<(CString, CString)> = configs.collect::<Result<_, String>>()?;
    let mut text = [0; 256];
    // SAFETY: the topic is this function's.
    unsafe {
        let (partitions, replicas) = (new.partitions, new.replication_factor);
        let mut made = rd_kafka_NewTopic_new(
            topic.as_ptr(),
            partitions,
            replicas,
            text.as_mut_ptr(),
            text.len(),
        );
        if made.is_null() {
            return Err(string(text.as_ptr()));
        }
        for (name, value) in &configs {
            rd_kafka_NewTopic_set_config(made, name.as_ptr(), value.as_ptr());
        }
        let event = admin.ask(RD_KAFKA_ADMIN_OP_CREATETOPICS.0, |options, queue| {
            rd_kafka_AdminOptions_set_validate_only(
                options,
                i32::from(validate_only),
                null_mut(),
                0,
            );
            rd_kafka_CreateTopics(admin.rk, &raw mut made, 1, options, queue);
        });
        rd_kafka_NewTopic_destroy(made);
        let event = event?;
        let result = rd_kafka_event_CreateTopics_result(event.0);
        Ok(outcomes(array(|n| {
            rd_kafka_CreateTopics_result_topics(result, n)
        })))
    }
}

fn delete(admin: &Admin, topics: &[String]) -> Result<Table, String> {
    let names = topics
        .iter()
        .map(|t| c_string(t))
        .collect::<Result<Vec<_>, _>>()?;
    // SAFETY: the objects are this function's.
    unsafe {
        let mut gone: Vec<_> = names
            .iter()
            .map(|n| rd_kafka_DeleteTopic_new(n.as_ptr()))
            .collect();
        let event = admin.ask(RD_KAFKA_ADMIN_OP_DELETETOPICS.0, |options, queue| {
            rd_kafka_DeleteTopics(admin.rk, gone.as_mut_ptr(), gone.len(), options, queue);
        });
        rd_kafka_DeleteTopic_destroy_array(gone.as_mut_ptr(), gone.len());
        let event = event?;
        let result = rd_kafka_event_DeleteTopics_result(event.0);
        Ok(outcomes(array(|n| {
            rd_kafka_DeleteTopics_result_topics(result, n)
        })))
    }
}

fn extend(admin: &Admin, topic: &str, total: usize) -> Result<Table, String> {
    let topic = c_string(topic)?;
    let mut text = [0; 256];
    // SAFETY: the object is this function's.
    unsafe {
        let mut more =
            rd_kafka_NewPartitions_new(topic.as_ptr(), total, text.as_mut_ptr(), text.len());
        if more.is_null() {
            return Err(string(text.as_ptr()));
        }
        let event = admin.ask(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS.0, |options, queue| {
            rd_kafka_CreatePartitions(admin.rk, &raw mut more, 1, options, queue);
        });
        rd_kafka_NewPartitions_destroy(more);
        let event = event?;
        let result = rd_kafka_event_CreatePartitions_result(event.0);
        Ok(outcomes(array(|n| {
            rd_kafka_CreatePartitions_result_topics(result, n)
        })))
    }
}

/// # Safety
/// Results of a living event.
unsafe fn outcomes(results: Vec<*const rd_kafka_topic_result_t>) -> Table {
    let mut table = Table::new(&["topic", "error"]);
    for result in results {
        // SAFETY: the caller's promise.
        let (name, text) = unsafe {
            (
                string(rd_kafka_topic_result_name(result)),
                optional(rd_kafka_topic_result_error_string(result)),
            )
        };
        let error = table.outcome(text);
        table.row([json!(name), error]);
    }
    table
}
