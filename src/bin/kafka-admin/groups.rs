//! `kafka-admin groups`.

use rdkafka::capi::admin::cluster::rd_kafka_Node_id;
use rdkafka::capi::admin::events::*;
use rdkafka::capi::admin::groups::*;
use rdkafka::capi::admin::options::{
    rd_kafka_AdminOptions_set_match_consumer_group_states,
    rd_kafka_AdminOptions_set_match_consumer_group_types,
};
use rdkafka::capi::admin::results::*;
use rdkafka::capi::groups::{
    rd_kafka_consumer_group_state_code, rd_kafka_consumer_group_state_name,
    rd_kafka_consumer_group_type_code, rd_kafka_consumer_group_type_name,
};
use rdkafka::capi::types::*;
use serde_json::{Value, json};

use crate::arguments::Groups;
use crate::client::{Admin, array, c_string, check, elements, error, optional, string};
use crate::output::Table;

pub fn run(admin: &Admin, command: &Groups) -> Result<Table, String> {
    match command {
        Groups::List { state, kind } => list(admin, state, kind),
        Groups::Describe { groups } => describe(admin, groups),
        Groups::Delete { groups } => delete(admin, groups),
    }
}

fn list(admin: &Admin, states: &[String], kinds: &[String]) -> Result<Table, String> {
    let mut state_codes = Vec::new();
    for state in states {
        // SAFETY: a string.
        let code = unsafe { rd_kafka_consumer_group_state_code(c_string(state)?.as_ptr()) };
        if code.0 == 0 {
            return Err(format!("groups have no state {state:?}"));
        }
        state_codes.push(code);
    }
    let mut type_codes = Vec::new();
    for kind in kinds {
        // SAFETY: a string.
        let code = unsafe { rd_kafka_consumer_group_type_code(c_string(kind)?.as_ptr()) };
        if code.0 == 0 {
            return Err(format!("groups have no type {kind:?}"));
        }
        type_codes.push(code);
    }
    let mut refused = Ok(());
    // SAFETY: the codes live longer than the call.
    let event = admin.ask(
        RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS.0,
        |options, queue| unsafe {
            let (s, t) = (&state_codes, &type_codes);
            refused = check(rd_kafka_AdminOptions_set_match_consumer_group_states(
                options,
                s.as_ptr(),
                s.len(),
            ))
            .and(check(rd_kafka_AdminOptions_set_match_consumer_group_types(
                options,
                t.as_ptr(),
                t.len(),
            )));
            rd_kafka_ListConsumerGroups(admin.rk, options, queue);
        },
    )?;
    refused?;
    let mut table = Table::new(&["group", "state", "type", "error"]);
    // SAFETY: the event owns all of these.
    unsafe {
        let result = rd_kafka_event_ListConsumerGroups_result(event.0);
        let mut rows = Vec::new();
        for group in array(|n| rd_kafka_ListConsumerGroups_result_valid(result, n)) {
            rows.push((
                string(rd_kafka_ConsumerGroupListing_group_id(group)),
                string(rd_kafka_consumer_group_state_name(
                    rd_kafka_ConsumerGroupListing_state(group),
                )),
                string(rd_kafka_consumer_group_type_name(
                    rd_kafka_ConsumerGroupListing_type(group),
                )),
            ));
        }
        rows.sort();
        for (group, state, kind) in rows {
            table.row([json!(group), json!(state), json!(kind), Value::Null]);
        }
        for broker in array(|n| rd_kafka_ListConsumerGroups_result_errors(result, n)) {
            let error = table.outcome(error(broker));
            table.row([Value::Null, Value::Null, Value::Null, error]);
        }
    }
    Ok(table)
}

fn describe(admin: &Admin, groups: &[String]) -> Result<Table, String> {
    let names = groups
        .iter()
        .map(|g| c_string(g))
        .collect::<Result<Vec<_>, _>>()?;
    let mut pointers: Vec<_> = names.iter().map(|n| n.as_ptr()).collect();
    // SAFETY: the names live longer than the call.
    let event = admin.ask(
        RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS.0,
        |options, queue| unsafe {
            rd_kafka_DescribeConsumerGroups(
                admin.rk,
                pointers.as_mut_ptr(),
                pointers.len(),
                options,
                queue,
            );
        },
    )?;
    let mut table = Table::new(&[
        "group",
        "state",
        "coordinator",
        "member",
        "client",
        "host",
        "partitions",
        "error",
    ]);
    // SAFETY: the event owns all of these.
    unsafe {
        let result = rd_kafka_event_DescribeConsumerGroups_result(event.0);
        for group in array(|n| rd_kafka_DescribeConsumerGroups_result_groups(result, n)) {
            describe_one(&mut table, group);
        }
    }
    Ok(table)
}

/// # Safety
/// A description of a living result.
unsafe fn describe_one(table: &mut Table, group: *const rd_kafka_ConsumerGroupDescription_t) {
    // SAFETY: the caller's promise.
    unsafe {
        let name = string(rd_kafka_ConsumerGroupDescription_group_id(group));
        let state =
            rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(group));
        let coordinator = rd_kafka_ConsumerGroupDescription_coordinator(group);
        let coordinator = (!coordinator.is_null()).then(|| rd_kafka_Node_id(coordinator));
        let error = table.outcome(error(rd_kafka_ConsumerGroupDescription_error(group)));
        let begin = [json!(name), json!(string(state)), json!(coordinator)];
        let members = rd_kafka_ConsumerGroupDescription_member_count(group);
        for at in 0..members {
            let member = rd_kafka_ConsumerGroupDescription_member(group, at);
            let assignment = rd_kafka_MemberDescription_assignment(member);
            let partitions = elements(rd_kafka_MemberAssignment_partitions(assignment));
            let partitions = partitions
                .iter()
                .map(|p| format!("{}:{}", string(p.topic), p.partition));
            let mut row = begin.to_vec();
            row.extend([
                json!(optional(rd_kafka_MemberDescription_consumer_id(member))),
                json!(optional(rd_kafka_MemberDescription_client_id(member))),
                json!(optional(rd_kafka_MemberDescription_host(member))),
                json!(partitions.collect::<Vec<_>>()),
                error.clone(),
            ]);
            table.row(row);
        }
        if members == 0 {
            let mut row = begin.to_vec();
            row.extend([Value::Null, Value::Null, Value::Null, Value::Null, error]);
            table.row(row);
        }
    }
}

fn delete(admin: &Admin, groups: &[String]) -> Result<Table, String> {
    let names = groups
        .iter()
        .map(|g| c_string(g))
        .collect::<Result<Vec<_>, _>>()?;
    let mut table = Table::new(&["group", "error"]);
    // SAFETY: the objects are this function's, and the event owns the results.
    unsafe {
        let mut gone: Vec<_> = names
            .iter()
            .map(|n| rd_kafka_DeleteGroup_new(n.as_ptr()))
            .collect();
        let event = admin.ask(RD_KAFKA_ADMIN_OP_DELETEGROUPS.0, |options, queue| {
            rd_kafka_DeleteGroups(admin.rk, gone.as_mut_ptr(), gone.len(), options, queue);
        });
        rd_kafka_DeleteGroup_destroy_array(gone.as_mut_ptr(), gone.len());
        let event = event?;
        let result = rd_kafka_event_DeleteGroups_result(event.0);
        for group in array(|n| rd_kafka_DeleteGroups_result_groups(result, n)) {
            let error = table.outcome(error(rd_kafka_group_result_error(group)));
            table.row([json!(string(rd_kafka_group_result_name(group))), error]);
        }
    }
    Ok(table)
}
