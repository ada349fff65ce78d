//! `kafka-admin offsets`.

use rdkafka::capi::admin::events::*;
use rdkafka::capi::admin::group_offsets::*;
use rdkafka::capi::admin::results::*;
use rdkafka::capi::types::*;
use serde_json::{Value, json};

use crate::arguments::{Offset, Offsets, Partition};
use crate::client::{Admin, List, array, c_string, elements, error, string};
use crate::output::Table;
use crate::records::{self, LATEST};

pub fn run(admin: &Admin, command: &Offsets) -> Result<Table, String> {
    match command {
        Offsets::List { group } => list(admin, group),
        Offsets::Set { group, offsets } => {
            let all: Vec<_> = offsets
                .iter()
                .map(|Offset { at, offset }| (at.topic.clone(), at.partition, *offset))
                .collect();
            set(admin, group, &all)
        }
        Offsets::Reset {
            group,
            topics,
            to,
            dry_run,
        } => reset(admin, group, topics, to.0, *dry_run),
        Offsets::Delete { group, partitions } => delete(admin, group, partitions),
    }
}

/// Partition, offset and error in a group's result.
type Row = (String, i32, i64, Option<String>);

/// # Safety
/// A result of a living event.
unsafe fn rows(group: *const rd_kafka_group_result_t) -> Result<Vec<Row>, String> {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(text) = error(rd_kafka_group_result_error(group)) {
            return Err(text);
        }
        let row = |e: &rd_kafka_topic_partition_t| {
            let error = (e.err.0 != 0).then(|| e.err.text().into_owned());
            (string(e.topic), e.partition, e.offset, error)
        };
        let list = rd_kafka_group_result_partitions(group);
        Ok(elements(list).iter().map(row).collect())
    }
}

fn list(admin: &Admin, group: &str) -> Result<Table, String> {
    let group = c_string(group)?;
    // SAFETY: the object is this function's, and the event owns the result.
    let mut committed = unsafe {
        let mut asked = rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), std::ptr::null());
        let event = admin.ask(
            RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS.0,
            |options, queue| {
                rd_kafka_ListConsumerGroupOffsets(admin.rk, &raw mut asked, 1, options, queue);
            },
        );
        rd_kafka_ListConsumerGroupOffsets_destroy(asked);
        let event = event?;
        let result = rd_kafka_event_ListConsumerGroupOffsets_result(event.0);
        let mut all = Vec::new();
        for group in array(|n| rd_kafka_ListConsumerGroupOffsets_result_groups(result, n)) {
            all.extend(rows(group)?);
        }
        all
    };
    committed.sort();
    let partitions: Vec<_> = committed
        .iter()
        .map(|(topic, p, ..)| (topic.clone(), *p))
        .collect();
    let ends = if partitions.is_empty() {
        Default::default()
    } else {
        records::offsets_at(admin, &partitions, LATEST)?
    };
    let mut table = Table::new(&["topic", "partition", "committed", "end", "lag", "error"]);
    for (topic, partition, offset, failure) in committed {
        let end = ends
            .get(&(topic.clone(), partition))
            .and_then(|e| e.as_ref().ok());
        let lag = end.map(|end| (end - offset).max(0));
        let error = table.outcome(failure);
        table.row([
            json!(topic),
            json!(partition),
            json!(offset),
            json!(end),
            json!(lag),
            error,
        ]);
    }
    Ok(table)
}

fn set(admin: &Admin, group: &str, offsets: &[(String, i32, i64)]) -> Result<Table, String> {
    let group = c_string(group)?;
    let mut list = List::new();
    for (topic, partition, offset) in offsets {
        list.add(topic, *partition, *offset)?;
    }
    // SAFETY: the objects are this function's, and the event owns the result.
    unsafe {
        let mut asked = rd_kafka_AlterConsumerGroupOffsets_new(group.as_ptr(), list.0);
        let event = admin.ask(
            RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS.0,
            |options, queue| {
                rd_kafka_AlterConsumerGroupOffsets(admin.rk, &raw mut asked, 1, options, queue);
            },
        );
        rd_kafka_AlterConsumerGroupOffsets_destroy(asked);
        let event = event?;
        let result = rd_kafka_event_AlterConsumerGroupOffsets_result(event.0);
        outcomes(
            array(|n| rd_kafka_AlterConsumerGroupOffsets_result_groups(result, n)),
            true,
        )
    }
}

fn reset(
    admin: &Admin,
    group: &str,
    topics: &[String],
    to: i64,
    dry_run: bool,
) -> Result<Table, String> {
    let partitions = records::partitions(admin, topics)?;
    let found = records::offsets_at(admin, &partitions, to)?;
    // After a time that is later than all records stands the end.
    let ends = records::offsets_at(admin, &partitions, LATEST)?;
    let mut offsets = Vec::new();
    for (partition, offset) in found {
        let offset = match offset? {
            -1 => ends.get(&partition).cloned().unwrap_or(Ok(-1))?,
            offset => offset,
        };
        offsets.push((partition.0, partition.1, offset));
    }
    if !dry_run {
        return set(admin, group, &offsets);
    }
    let mut table = Table::new(&["topic", "partition", "committed", "error"]);
    for (topic, partition, offset) in offsets {
        table.row([json!(topic), json!(partition), json!(offset), Value::Null]);
    }
    Ok(table)
}

fn delete(admin: &Admin, group: &str, partitions: &[Partition]) -> Result<Table, String> {
    let group = c_string(group)?;
    let mut list = List::new();
    for Partition { topic, partition } in partitions {
        list.add(topic, *partition, 0)?;
    }
    // SAFETY: the objects are this function's, and the event owns the result.
    unsafe {
        let mut asked = rd_kafka_DeleteConsumerGroupOffsets_new(group.as_ptr(), list.0);
        let event = admin.ask(
            RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS.0,
            |options, queue| {
                rd_kafka_DeleteConsumerGroupOffsets(admin.rk, &raw mut asked, 1, options, queue);
            },
        );
        rd_kafka_DeleteConsumerGroupOffsets_destroy(asked);
        let event = event?;
        let result = rd_kafka_event_DeleteConsumerGroupOffsets_result(event.0);
        outcomes(
            array(|n| rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, n)),
            false,
        )
    }
}

/// # Safety
/// Results of a living event.
unsafe fn outcomes(
    groups: Vec<*const rd_kafka_group_result_t>,
    with_offsets: bool,
) -> Result<Table, String> {
    let mut table = Table::new(&["topic", "partition", "committed", "error"]);
    for group in groups {
        // SAFETY: the caller's promise.
        for (topic, partition, offset, failure) in unsafe { rows(group) }? {
            let offset = if with_offsets {
                json!(offset)
            } else {
                Value::Null
            };
            let error = table.outcome(failure);
            table.row([json!(topic), json!(partition), offset, error]);
        }
    }
    Ok(table)
}
