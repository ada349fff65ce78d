//! `kafka-admin configs`.

use std::ptr::null_mut;

use rdkafka::capi::admin::configs::*;
use rdkafka::capi::admin::events::*;
use rdkafka::capi::admin::options::rd_kafka_AdminOptions_set_validate_only;
use rdkafka::capi::types::*;
use serde_json::{Value, json};

use crate::arguments::{Configs, ResourceKind};
use crate::client::{Admin, array, c_string, check, optional, pointer, string};
use crate::output::Table;
use crate::properties::Pair;

pub fn run(admin: &Admin, command: &Configs) -> Result<Table, String> {
    match command {
        Configs::Describe { kind, name, all } => describe(admin, *kind, name, *all),
        Configs::Alter {
            kind,
            name,
            set,
            delete,
            append,
            subtract,
            validate_only,
        } => {
            let pairs = |op, pairs: &[Pair]| {
                let change = |p: &Pair| (op, p.name.clone(), Some(p.value.clone()));
                pairs.iter().map(change).collect::<Vec<_>>()
            };
            let mut changes = pairs(RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, set);
            changes.extend(pairs(RD_KAFKA_ALTER_CONFIG_OP_TYPE_APPEND, append));
            changes.extend(pairs(RD_KAFKA_ALTER_CONFIG_OP_TYPE_SUBTRACT, subtract));
            let deleted = delete.iter();
            changes.extend(
                deleted.map(|name| (RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, name.clone(), None)),
            );
            if changes.is_empty() {
                return Err(
                    "nothing to change: give --set, --delete, --append or --subtract".into(),
                );
            }
            alter(admin, *kind, name, &changes, *validate_only)
        }
    }
}

fn number(kind: ResourceKind) -> rd_kafka_ResourceType_t {
    match kind {
        ResourceKind::Topic => RD_KAFKA_RESOURCE_TOPIC,
        ResourceKind::Broker => RD_KAFKA_RESOURCE_BROKER,
        ResourceKind::Group => RD_KAFKA_RESOURCE_GROUP,
    }
}

fn describe(admin: &Admin, kind: ResourceKind, name: &str, all: bool) -> Result<Table, String> {
    let name = c_string(name)?;
    let mut table = Table::new(&["property", "value", "source", "read-only"]);
    // SAFETY: the object is this function's, and the event owns the result.
    unsafe {
        let mut resource = rd_kafka_ConfigResource_new(number(kind), name.as_ptr());
        if resource.is_null() {
            return Err("the name is empty".into());
        }
        let event = admin.ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS.0, |options, queue| {
            rd_kafka_DescribeConfigs(admin.rk, &raw mut resource, 1, options, queue);
        });
        rd_kafka_ConfigResource_destroy(resource);
        let event = event?;
        let result = rd_kafka_event_DescribeConfigs_result(event.0);
        for resource in array(|n| rd_kafka_DescribeConfigs_result_resources(result, n)) {
            refused(resource)?;
            for entry in array(|n| rd_kafka_ConfigResource_configs(resource, n)) {
                if !all && rd_kafka_ConfigEntry_is_default(entry) == 1 {
                    continue;
                }
                let source = rd_kafka_ConfigSource_name(rd_kafka_ConfigEntry_source(entry));
                table.row([
                    json!(string(rd_kafka_ConfigEntry_name(entry))),
                    json!(optional(rd_kafka_ConfigEntry_value(entry))),
                    json!(string(source)),
                    json!(rd_kafka_ConfigEntry_is_read_only(entry) == 1),
                ]);
            }
        }
    }
    Ok(table)
}

/// # Safety
/// A resource of a living result.
unsafe fn refused(resource: *const rd_kafka_ConfigResource_t) -> Result<(), String> {
    // SAFETY: the caller's promise.
    unsafe {
        let code = rd_kafka_ConfigResource_error(resource);
        if code.0 == 0 {
            return Ok(());
        }
        let text = optional(rd_kafka_ConfigResource_error_string(resource));
        Err(text.unwrap_or_else(|| code.text().into_owned()))
    }
}

type Change = (rd_kafka_AlterConfigOpType_t, String, Option<String>);

fn alter(
    admin: &Admin,
    kind: ResourceKind,
    name: &str,
    changes: &[Change],
    validate_only: bool,
) -> Result<Table, String> {
    let resource_name = c_string(name)?;
    let mut table = Table::new(&["name", "error"]);
    // SAFETY: the object is this function's, and the event owns the result.
    unsafe {
        let mut resource = rd_kafka_ConfigResource_new(number(kind), resource_name.as_ptr());
        if resource.is_null() {
            return Err("the name is empty".into());
        }
        for change in changes {
            if let Err(text) = add(resource, change) {
                rd_kafka_ConfigResource_destroy(resource);
                return Err(text);
            }
        }
        let event = admin.ask(
            RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS.0,
            |options, queue| {
                rd_kafka_AdminOptions_set_validate_only(
                    options,
                    i32::from(validate_only),
                    null_mut(),
                    0,
                );
                rd_kafka_IncrementalAlterConfigs(admin.rk, &raw mut resource, 1, options, queue);
            },
        );
        rd_kafka_ConfigResource_destroy(resource);
        let event = event?;
        let result = rd_kafka_event_IncrementalAlterConfigs_result(event.0);
        for resource in array(|n| rd_kafka_IncrementalAlterConfigs_result_resources(result, n)) {
            let error: Value = table.outcome(refused(resource).err());
            table.row([json!(name), error]);
        }
    }
    Ok(table)
}

/// # Safety
/// A living resource.
unsafe fn add(resource: *mut rd_kafka_ConfigResource_t, change: &Change) -> Result<(), String> {
    let (op, name, value) = change;
    let name = c_string(name)?;
    let value = value.as_deref().map(c_string).transpose()?;
    // SAFETY: the caller's promise, and strings of this function's.
    unsafe {
        check(rd_kafka_ConfigResource_add_incremental_config(
            resource,
            name.as_ptr(),
            *op,
            pointer(value.as_ref()),
        ))
    }
}
