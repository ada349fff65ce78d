//! `kafka-admin acls`.

use std::ffi::{CStr, CString, c_char};

use rdkafka::capi::admin::acls::*;
use rdkafka::capi::admin::configs::{
    rd_kafka_ResourcePatternType_name, rd_kafka_ResourceType_name,
};
use rdkafka::capi::admin::events::*;
use rdkafka::capi::types::*;
use serde_json::{Value, json};

use crate::arguments::{Acl, Acls};
use crate::client::{Admin, array, c_string, error, pointer, string};
use crate::output::Table;

const COLUMNS: &[&str] = &[
    "resource",
    "name",
    "pattern",
    "principal",
    "host",
    "operation",
    "permission",
    "error",
];

pub fn run(admin: &Admin, command: &Acls) -> Result<Table, String> {
    match command {
        Acls::List(filter) => list(admin, &Parts::filter(filter)?),
        Acls::Create(entry) => create(admin, &Parts::entry(entry)?),
        Acls::Delete(filter) => delete(admin, &Parts::filter(filter)?),
    }
}

struct Parts {
    resource: i32,
    name: Option<CString>,
    pattern: i32,
    principal: Option<CString>,
    host: Option<CString>,
    operation: i32,
    permission: i32,
}

const ANY: i32 = 1;

impl Parts {
    fn filter(acl: &Acl) -> Result<Self, String> {
        Parts::of(acl, ANY)
    }

    fn entry(acl: &Acl) -> Result<Self, String> {
        let needed = [
            ("--resource", &acl.resource),
            ("--name", &acl.name),
            ("--principal", &acl.principal),
            ("--operation", &acl.operation),
        ];
        if let Some((option, _)) = needed.iter().find(|(_, value)| value.is_none()) {
            return Err(format!("an entry needs {option}"));
        }
        let mut parts = Parts::of(acl, RD_KAFKA_RESOURCE_PATTERN_LITERAL.0)?;
        if acl.permission.is_none() {
            parts.permission = RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW.0;
        }
        parts.host.get_or_insert_with(|| c"*".to_owned());
        Ok(parts)
    }

    fn of(acl: &Acl, pattern: i32) -> Result<Self, String> {
        let text = |s: &Option<String>| s.as_deref().map(c_string).transpose();
        let number =
            |given: &Option<String>, usual, limit, name: fn(i32) -> *const c_char| match given {
                Some(given) => numbered(given, limit, name),
                None => Ok(usual),
            };
        Ok(Parts {
            resource: number(&acl.resource, ANY, 6, resource_name)?,
            name: text(&acl.name)?,
            pattern: number(&acl.pattern, pattern, 5, pattern_name)?,
            principal: text(&acl.principal)?,
            host: text(&acl.host)?,
            operation: number(&acl.operation, ANY, 13, operation_name)?,
            permission: number(&acl.permission, ANY, 4, permission_name)?,
        })
    }

    fn make(&self, filter: bool) -> Result<*mut rd_kafka_AclBinding_t, String> {
        let mut text = [0; 256];
        let make = if filter {
            rd_kafka_AclBindingFilter_new
        } else {
            rd_kafka_AclBinding_new
        };
        // SAFETY: strings of this object's.
        unsafe {
            let made = make(
                rd_kafka_ResourceType_t(self.resource),
                pointer(self.name.as_ref()),
                rd_kafka_ResourcePatternType_t(self.pattern),
                pointer(self.principal.as_ref()),
                pointer(self.host.as_ref()),
                rd_kafka_AclOperation_t(self.operation),
                rd_kafka_AclPermissionType_t(self.permission),
                text.as_mut_ptr(),
                text.len(),
            );
            if made.is_null() {
                Err(string(text.as_ptr()))
            } else {
                Ok(made)
            }
        }
    }
}

fn resource_name(number: i32) -> *const c_char {
    // SAFETY: a number.
    unsafe { rd_kafka_ResourceType_name(rd_kafka_ResourceType_t(number)) }
}

fn pattern_name(number: i32) -> *const c_char {
    // SAFETY: a number.
    unsafe { rd_kafka_ResourcePatternType_name(rd_kafka_ResourcePatternType_t(number)) }
}

fn operation_name(number: i32) -> *const c_char {
    // SAFETY: a number.
    unsafe { rd_kafka_AclOperation_name(rd_kafka_AclOperation_t(number)) }
}

fn permission_name(number: i32) -> *const c_char {
    // SAFETY: a number.
    unsafe { rd_kafka_AclPermissionType_name(rd_kafka_AclPermissionType_t(number)) }
}

/// The number that the interface has for a name, from "any" on.
fn numbered(given: &str, limit: i32, name: fn(i32) -> *const c_char) -> Result<i32, String> {
    // SAFETY: the names are constants.
    let known = |number: &i32| unsafe { CStr::from_ptr(name(*number)) }.to_string_lossy();
    let wanted = given.replace('-', "_");
    let found = (ANY..limit).find(|n| known(n).eq_ignore_ascii_case(&wanted));
    found.ok_or_else(|| {
        let all: Vec<_> = (ANY..limit).map(|n| known(&n).to_lowercase()).collect();
        format!("{given:?} is none of {}", all.join(", "))
    })
}

/// # Safety
/// An entry of a living result.
unsafe fn row(table: &mut Table, acl: *const rd_kafka_AclBinding_t, error: Value) {
    // SAFETY: the caller's promise.
    unsafe {
        let lower = |text| json!(string(text).to_lowercase());
        table.row([
            lower(resource_name(rd_kafka_AclBinding_restype(acl).0)),
            json!(string(rd_kafka_AclBinding_name(acl))),
            lower(pattern_name(
                rd_kafka_AclBinding_resource_pattern_type(acl).0,
            )),
            json!(string(rd_kafka_AclBinding_principal(acl))),
            json!(string(rd_kafka_AclBinding_host(acl))),
            lower(operation_name(rd_kafka_AclBinding_operation(acl).0)),
            lower(permission_name(rd_kafka_AclBinding_permission_type(acl).0)),
            error,
        ]);
    }
}

fn list(admin: &Admin, filter: &Parts) -> Result<Table, String> {
    let mut table = Table::new(COLUMNS);
    let filter = filter.make(true)?;
    // SAFETY: the filter is this function's, and the event owns the result.
    unsafe {
        let event = admin.ask(RD_KAFKA_ADMIN_OP_DESCRIBEACLS.0, |options, queue| {
            rd_kafka_DescribeAcls(admin.rk, filter, options, queue);
        });
        rd_kafka_AclBinding_destroy(filter);
        let event = event?;
        let result = rd_kafka_event_DescribeAcls_result(event.0);
        for acl in array(|n| rd_kafka_DescribeAcls_result_acls(result, n)) {
            row(&mut table, acl, Value::Null);
        }
    }
    Ok(table)
}

fn create(admin: &Admin, entry: &Parts) -> Result<Table, String> {
    let mut table = Table::new(COLUMNS);
    let mut entry = entry.make(false)?;
    // SAFETY: the entry is this function's, and the event owns the result.
    unsafe {
        let event = admin.ask(RD_KAFKA_ADMIN_OP_CREATEACLS.0, |options, queue| {
            rd_kafka_CreateAcls(admin.rk, &raw mut entry, 1, options, queue);
        });
        if let Ok(event) = &event {
            let result = rd_kafka_event_CreateAcls_result(event.0);
            for created in array(|n| rd_kafka_CreateAcls_result_acls(result, n)) {
                let error = table.outcome(error(rd_kafka_acl_result_error(created)));
                row(&mut table, entry, error);
            }
        }
        rd_kafka_AclBinding_destroy(entry);
        event.map(|_| table)
    }
}

fn delete(admin: &Admin, filter: &Parts) -> Result<Table, String> {
    let mut table = Table::new(COLUMNS);
    let mut filter = filter.make(true)?;
    // SAFETY: the filter is this function's, and the event owns the result.
    unsafe {
        let event = admin.ask(RD_KAFKA_ADMIN_OP_DELETEACLS.0, |options, queue| {
            rd_kafka_DeleteAcls(admin.rk, &raw mut filter, 1, options, queue);
        });
        rd_kafka_AclBinding_destroy(filter);
        let event = event?;
        let result = rd_kafka_event_DeleteAcls_result(event.0);
        for response in array(|n| rd_kafka_DeleteAcls_result_responses(result, n)) {
            if let Some(text) = error(rd_kafka_DeleteAcls_result_response_error(response)) {
                return Err(text);
            }
            for acl in array(|n| rd_kafka_DeleteAcls_result_response_matching_acls(response, n)) {
                let error = table.outcome(error(rd_kafka_AclBinding_error(acl)));
                row(&mut table, acl, error);
            }
        }
    }
    Ok(table)
}
