//! `kafka-admin records`, and the offsets of partitions for other commands.

use std::collections::BTreeMap;

use rdkafka::capi::admin::events::*;
use rdkafka::capi::admin::list_offsets::*;
use rdkafka::capi::admin::records::*;
use rdkafka::capi::types::*;
use serde_json::{Value, json};

use crate::arguments::{Offset, Records};
use crate::client::{Admin, List, array, elements, string};
use crate::output::Table;
use crate::topics;

/// `rd_kafka_OffsetSpec_t`.
pub const EARLIEST: i64 = -2;
pub const LATEST: i64 = -1;

pub fn run(admin: &Admin, command: &Records) -> Result<Table, String> {
    match command {
        Records::Offsets { topics } => offsets(admin, topics),
        Records::Delete { before } => delete(admin, before),
    }
}

pub type Partition = (String, i32);

/// The partitions of topics that exist.
pub fn partitions(admin: &Admin, topics: &[String]) -> Result<Vec<Partition>, String> {
    let known: BTreeMap<String, i32> = topics::known(admin)?.into_iter().collect();
    let mut all = Vec::new();
    for topic in topics {
        let count = known
            .get(topic)
            .ok_or_else(|| format!("there is no topic {topic:?}"))?;
        all.extend((0..*count).map(|p| (topic.clone(), p)));
    }
    Ok(all)
}

/// Offsets by partition, of a specification or a timestamp.
pub fn offsets_at(
    admin: &Admin,
    partitions: &[Partition],
    place: i64,
) -> Result<BTreeMap<Partition, Result<i64, String>>, String> {
    let mut list = List::new();
    for (topic, partition) in partitions {
        list.add(topic, *partition, place)?;
    }
    // SAFETY: the list lives longer than the call, and the event owns the results.
    unsafe {
        let event = admin.ask(RD_KAFKA_ADMIN_OP_LISTOFFSETS.0, |options, queue| {
            rd_kafka_ListOffsets(admin.rk, list.0, options, queue);
        })?;
        let result = rd_kafka_event_ListOffsets_result(event.0);
        let mut all = BTreeMap::new();
        for info in array(|n| rd_kafka_ListOffsets_result_infos(result, n)) {
            let Some(element) = rd_kafka_ListOffsetsResultInfo_topic_partition(info).as_ref()
            else {
                continue;
            };
            let offset = match element.err.0 {
                0 => Ok(element.offset),
                _ => Err(element.err.text().into_owned()),
            };
            all.insert((string(element.topic), element.partition), offset);
        }
        Ok(all)
    }
}

fn offsets(admin: &Admin, topics: &[String]) -> Result<Table, String> {
    let partitions = partitions(admin, topics)?;
    let first = offsets_at(admin, &partitions, EARLIEST)?;
    let next = offsets_at(admin, &partitions, LATEST)?;
    let mut table = Table::new(&["topic", "partition", "first", "next", "error"]);
    for partition in partitions {
        let (first, next) = (first.get(&partition), next.get(&partition));
        let number = |o: Option<&Result<i64, String>>| json!(o.and_then(|o| o.as_ref().ok()));
        let failure = |o: Option<&Result<i64, String>>| o.and_then(|o| o.clone().err());
        let error = table.outcome(failure(first).or_else(|| failure(next)));
        let (topic, p) = &partition;
        table.row([json!(topic), json!(p), number(first), number(next), error]);
    }
    Ok(table)
}

fn delete(admin: &Admin, before: &[Offset]) -> Result<Table, String> {
    let mut list = List::new();
    for Offset { at, offset } in before {
        list.add(&at.topic, at.partition, *offset)?;
    }
    let mut table = Table::new(&["topic", "partition", "first", "error"]);
    // SAFETY: the objects are this function's, and the event owns the result.
    unsafe {
        let mut records = rd_kafka_DeleteRecords_new(list.0);
        let event = admin.ask(RD_KAFKA_ADMIN_OP_DELETERECORDS.0, |options, queue| {
            rd_kafka_DeleteRecords(admin.rk, &raw mut records, 1, options, queue);
        });
        rd_kafka_DeleteRecords_destroy(records);
        let event = event?;
        let result = rd_kafka_event_DeleteRecords_result(event.0);
        for element in elements(rd_kafka_DeleteRecords_result_offsets(result)) {
            let failed = element.err.0 != 0;
            let error = table.outcome(failed.then(|| element.err.text().into_owned()));
            let first = if failed {
                Value::Null
            } else {
                json!(element.offset)
            };
            table.row([
                json!(string(element.topic)),
                json!(element.partition),
                first,
                error,
            ]);
        }
    }
    Ok(table)
}
