//! AlterConfigs, IncrementalAlterConfigs and DescribeConfigs.

use libc::{c_char, c_int, size_t};

use std::ffi::{CStr, CString};

use crate::admin::Request;
use crate::admin::args::AlterOp;
use crate::admin::configs as admin;
use crate::admin::options::AdminOp;
use crate::admin::results::configs::{Entry, ResourceResult};
use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::admin::elements::{self, Elements};
use crate::capi::admin::events::result_array;
use crate::capi::admin::request;
use crate::capi::boundary::ffi;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_AlterConfigOpType_t, rd_kafka_AlterConfigs_result_t,
    rd_kafka_ConfigEntry_s, rd_kafka_ConfigEntry_t, rd_kafka_ConfigResource_s,
    rd_kafka_ConfigResource_t, rd_kafka_ConfigSource_t, rd_kafka_DescribeConfigs_result_t,
    rd_kafka_IncrementalAlterConfigs_result_t, rd_kafka_ResourcePatternType_t,
    rd_kafka_ResourceType_t, rd_kafka_error_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t,
};
use crate::capi::{cstr, error};

/// The names of `rd_kafka_ConfigSource_t`, by number.
const SOURCES: [&CStr; 9] = [
    c"UNKNOWN_CONFIG",
    c"DYNAMIC_TOPIC_CONFIG",
    c"DYNAMIC_BROKER_CONFIG",
    c"DYNAMIC_DEFAULT_BROKER_CONFIG",
    c"STATIC_BROKER_CONFIG",
    c"DEFAULT_CONFIG",
    c"DYNAMIC_BROKER_LOGGER_CONFIG",
    c"CLIENT_METRICS_CONFIG",
    c"GROUP_CONFIG",
];

/// The names of `rd_kafka_ResourcePatternType_t`, by number.
const PATTERN_TYPES: [&CStr; 5] = [c"UNKNOWN", c"ANY", c"MATCH", c"LITERAL", c"PREFIXED"];

/// The names of `rd_kafka_ResourceType_t`, by number.
const RESOURCE_TYPES: [&CStr; 6] = [
    c"UNKNOWN",
    c"ANY",
    c"TOPIC",
    c"GROUP",
    c"BROKER",
    c"TRANSACTIONAL_ID",
];

/// `RD_KAFKA_RESOURCE_BROKER`.
const BROKER: i32 = 4;

/// A resource of a request with what is to be changed about it, or one of a result.
pub(crate) struct ConfigResource {
    resource_type: rd_kafka_ResourceType_t,
    name: CString,
    /// In the order of the calls.
    entries: Elements<rd_kafka_ConfigEntry_s>,
    /// Of a result.
    code: ErrorCode,
    text: Option<CString>,
}

/// A property with what is to be done with it, or as a broker tells it.
pub(crate) struct ConfigEntry {
    op: AlterOp,
    /// Its own synonyms are taken out of it.
    told: Entry,
    synonyms: Elements<rd_kafka_ConfigEntry_s>,
}

impl ConfigResource {
    fn add(&mut self, op: AlterOp, name: &CStr, value: Option<&CStr>) {
        self.entries.push(ConfigEntry {
            op,
            // Nobody has told anything of the application's own.
            told: Entry {
                name: name.to_owned(),
                value: value.map(CStr::to_owned),
                source: 0,
                is_read_only: false,
                is_default: false,
                is_sensitive: false,
                is_synonym: false,
                synonyms: Vec::new(),
            },
            synonyms: Elements::default(),
        });
    }

    fn to_request(&self) -> admin::Resource {
        let changes = self.entries.iter().map(|entry| admin::Change {
            op: entry.op,
            name: entry.told.name.to_string_lossy().into_owned(),
            value: entry
                .told
                .value
                .as_ref()
                .map(|value| value.to_string_lossy().into_owned()),
        });
        admin::Resource {
            kind: self.resource_type.0,
            name: self.name.to_string_lossy().into_owned(),
            changes: changes.collect(),
        }
    }
}

impl From<ResourceResult> for ConfigResource {
    fn from(result: ResourceResult) -> Self {
        ConfigResource {
            resource_type: rd_kafka_ResourceType_t(result.kind),
            name: result.name,
            entries: Elements::new(result.entries),
            code: result.code,
            text: result.text,
        }
    }
}

impl From<Entry> for ConfigEntry {
    fn from(mut told: Entry) -> Self {
        let synonyms = std::mem::take(&mut told.synonyms);
        ConfigEntry {
            op: AlterOp::Set,
            told,
            synonyms: Elements::new(synonyms),
        }
    }
}

impl Opaque for rd_kafka_ConfigEntry_s {
    type Target = ConfigEntry;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b43_456e;
}

impl Opaque for rd_kafka_ConfigResource_s {
    type Target = ConfigResource;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b43_5265;
}

/// Resources for a request, and the broker that gets it because one of them is a broker.
type Given = (Vec<admin::Resource>, Option<i32>);

/// At most one is a broker, and changes one by one (`incremental`) name everything once.
///
/// # Safety
/// Null, or as many objects of the application's.
unsafe fn given(
    request: &Request<'_>,
    configs: *mut *mut rd_kafka_ConfigResource_t,
    count: size_t,
    incremental: bool,
) -> Result<Given, KafkaError> {
    // SAFETY: the caller's promise.
    let resources = unsafe { request::objects_in_time(request, configs, count, "resource") }?;
    if incremental {
        let names = resources.iter().map(|r| (r.resource_type.0, &r.name));
        request::distinct(names, "resource")?;
        for resource in &resources {
            let names = resource.entries.iter().map(|entry| &entry.told.name);
            request::distinct(names, "property")?;
        }
    }
    let mut brokers = resources.iter().filter(|r| r.resource_type.0 == BROKER);
    let broker = brokers.next();
    if brokers.next().is_some() {
        return Err(KafkaError::new(
            ErrorCode::_CONFLICT,
            "The request is for one broker, not for several",
        ));
    }
    let id = |broker: &&ConfigResource| {
        let id = broker.name.to_str().ok().and_then(broker_id);
        id.ok_or_else(|| request::invalid(format!("{:?} is no broker's id", broker.name)))
    };
    let broker = broker.map(id).transpose()?;
    Ok((resources.iter().map(|r| r.to_request()).collect(), broker))
}

/// As C reads a number: what stands behind it does not count.
fn broker_id(text: &str) -> Option<i32> {
    let text = text.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits)?.parse().ok()
}

/// What is told of a property; -1 for no entry.
///
/// # Safety
/// Null, or an object of a resource.
unsafe fn told(entry: *const rd_kafka_ConfigEntry_t, what: impl FnOnce(&Entry) -> c_int) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { handle::get(entry) }.map_or(-1, |entry| what(&entry.told))
}

/// The name of a source. A constant; "UNSUPPORTED" for a number that none has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigSource_name(
    confsource: rd_kafka_ConfigSource_t,
) -> *const c_char {
    ffi!({ cstr::name_at(&SOURCES, confsource.0) })
}

/// The property's name. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_name(
    entry: *const rd_kafka_ConfigEntry_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of a resource.
        unsafe { handle::get(entry) }.map_or(std::ptr::null(), |entry| entry.told.name.as_ptr())
    })
}

/// The property's value, or null, as for sensitive ones. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_value(
    entry: *const rd_kafka_ConfigEntry_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of a resource.
        let entry = unsafe { handle::get(entry) };
        entry
            .and_then(|entry| entry.told.value.as_deref())
            .map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// Where the value comes from.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_source(
    entry: *const rd_kafka_ConfigEntry_t,
) -> rd_kafka_ConfigSource_t {
    // SAFETY: an object of a resource.
    ffi!({ rd_kafka_ConfigSource_t(unsafe { told(entry, |told| told.source) }) })
}

/// 1 if the property cannot be changed, 0 if it can, -1 if that is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_is_read_only(
    entry: *const rd_kafka_ConfigEntry_t,
) -> c_int {
    // SAFETY: an object of a resource.
    ffi!({ unsafe { told(entry, |told| told.is_read_only.into()) } })
}

/// 1 if the value is the default, 0 if not, -1 if that is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_is_default(
    entry: *const rd_kafka_ConfigEntry_t,
) -> c_int {
    // SAFETY: an object of a resource.
    ffi!({ unsafe { told(entry, |told| told.is_default.into()) } })
}

/// 1 if the value is kept secret, 0 if not, -1 if that is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_is_sensitive(
    entry: *const rd_kafka_ConfigEntry_t,
) -> c_int {
    // SAFETY: an object of a resource.
    ffi!({ unsafe { told(entry, |told| told.is_sensitive.into()) } })
}

/// 1 if the entry is a synonym of another, 0 if not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_is_synonym(
    entry: *const rd_kafka_ConfigEntry_t,
) -> c_int {
    // SAFETY: an object of a resource.
    ffi!({ unsafe { told(entry, |told| told.is_synonym.into()) } })
}

/// Where else the value is looked for, in order of precedence; `*cntp` of them. They
/// belong to the entry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_synonyms(
    entry: *const rd_kafka_ConfigEntry_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigEntry_t {
    ffi!({
        // SAFETY: an object of a resource, and a variable of the application's.
        unsafe { elements::give(handle::get(entry).map(|entry| &entry.synonyms), cntp) }
    })
}

/// The name of a pattern type. A constant; "UNSUPPORTED" for a number that none has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ResourcePatternType_name(
    resource_pattern_type: rd_kafka_ResourcePatternType_t,
) -> *const c_char {
    ffi!({ cstr::name_at(&PATTERN_TYPES, resource_pattern_type.0) })
}

/// The name of a resource type. A constant; "UNSUPPORTED" for a number that none has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ResourceType_name(
    restype: rd_kafka_ResourceType_t,
) -> *const c_char {
    ffi!({ cstr::name_at(&RESOURCE_TYPES, restype.0) })
}

/// A topic, group or broker (by its id as text) whose properties are asked for or
/// changed; null if the name is empty. Freed by `rd_kafka_ConfigResource_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_new(
    restype: rd_kafka_ResourceType_t,
    resname: *const c_char,
) -> *mut rd_kafka_ConfigResource_t {
    ffi!({
        // SAFETY: a string of the application's.
        let name = unsafe { cstr::bytes(resname) }.unwrap_or_default();
        match CString::new(name) {
            Ok(name) if !name.is_empty() && restype.0 >= 0 => handle::give(ConfigResource {
                resource_type: restype,
                name,
                entries: Elements::default(),
                code: ErrorCode::NO_ERROR,
                text: None,
            }),
            _ => std::ptr::null_mut(),
        }
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_destroy(config: *mut rd_kafka_ConfigResource_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(config) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_destroy_array(
    config: *mut *mut rd_kafka_ConfigResource_t,
    config_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(config, config_cnt) };
    })
}

/// Sets a property, for AlterConfigs, which restores the defaults of all others.
/// `_INVALID_ARG` without a name or a value, and for an empty name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_set_config(
    config: *mut rd_kafka_ConfigResource_t,
    name: *const c_char,
    value: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object and strings of the application's.
        let (config, name, value) = unsafe {
            (
                handle::get_mut(config),
                cstr::c_str(name),
                cstr::c_str(value),
            )
        };
        match (config, name, value) {
            (Some(config), Some(name), Some(value)) if !name.is_empty() => {
                config.add(AlterOp::Set, name, Some(value));
                ErrorCode::NO_ERROR
            }
            _ => ErrorCode::_INVALID_ARG,
        }
    })
}

/// Sets, deletes, appends to or subtracts from a property, for IncrementalAlterConfigs.
/// Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_add_incremental_config(
    config: *mut rd_kafka_ConfigResource_t,
    name: *const c_char,
    op_type: rd_kafka_AlterConfigOpType_t,
    value: *const c_char,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: an object and strings of the application's.
        let (config, name, value) = unsafe {
            (
                handle::get_mut(config),
                cstr::c_str(name),
                cstr::c_str(value),
            )
        };
        let Some(config) = config else {
            return error::give(ErrorCode::_INVALID_ARG.into());
        };
        let refuse = |text| error::give(KafkaError::new(ErrorCode::_INVALID_ARG, text));
        let Some(op) = AlterOp::from_number(op_type.0) else {
            return refuse("Configurations have no such operation type");
        };
        match name {
            None => refuse("The entry has no name"),
            Some(name) if name.is_empty() => refuse("The entry's name is empty"),
            Some(_) if op != AlterOp::Delete && value.is_none() => refuse("The entry has no value"),
            Some(name) => {
                config.add(op, name, value);
                std::ptr::null_mut()
            }
        }
    })
}

/// The properties, `*cntp` of them. They belong to the resource.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_configs(
    config: *const rd_kafka_ConfigResource_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigEntry_t {
    ffi!({
        // SAFETY: an object of the application's or of a result, and a variable.
        unsafe { elements::give(handle::get(config).map(|config| &config.entries), cntp) }
    })
}

/// What kind of resource it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_type(
    config: *const rd_kafka_ConfigResource_t,
) -> rd_kafka_ResourceType_t {
    ffi!({
        // SAFETY: an object of the application's or of a result.
        unsafe { handle::get(config) }
            .map_or(rd_kafka_ResourceType_t(0), |config| config.resource_type)
    })
}

/// The resource's name. Good as long as the resource.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_name(
    config: *const rd_kafka_ConfigResource_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of the application's or of a result.
        unsafe { handle::get(config) }.map_or(std::ptr::null(), |config| config.name.as_ptr())
    })
}

/// The code for this resource, in a result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_error(
    config: *const rd_kafka_ConfigResource_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object of the application's or of a result.
        unsafe { handle::get(config) }.map_or(ErrorCode::_INVALID_ARG, |config| config.code)
    })
}

/// The text for this resource, in a result, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_error_string(
    config: *const rd_kafka_ConfigResource_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of the application's or of a result.
        let text = unsafe { handle::get(config) }.and_then(|config| config.text.as_ref());
        text.map_or(std::ptr::null(), |text| text.as_ptr())
    })
}

/// Sets all properties of the resources: those that are not given go back to their
/// defaults. IncrementalAlterConfigs is the better one. The result is an
/// ALTERCONFIGS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConfigs(
    rk: *mut rd_kafka_t,
    configs: *mut *mut rd_kafka_ConfigResource_t,
    config_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(AdminOp::ALTER_CONFIGS, rk, options, rkqu, |request| {
                let (resources, broker) = given(request, configs, config_cnt, false)?;
                Ok(admin::alter(resources, broker, request).into())
            });
        }
    })
}

/// The resources with their errors, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConfigs_result_resources(
    result: *const rd_kafka_AlterConfigs_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigResource_t {
    ffi!({ result_array!(Resources, result, cntp) })
}

/// Changes some properties of the resources (KIP-339). The result is an
/// INCREMENTALALTERCONFIGS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_IncrementalAlterConfigs(
    rk: *mut rd_kafka_t,
    configs: *mut *mut rd_kafka_ConfigResource_t,
    config_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(
                AdminOp::INCREMENTAL_ALTER_CONFIGS,
                rk,
                options,
                rkqu,
                |request| {
                    let (resources, broker) = given(request, configs, config_cnt, true)?;
                    Ok(admin::alter_incrementally(resources, broker, request).into())
                },
            );
        }
    })
}

/// The resources with their errors, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_IncrementalAlterConfigs_result_resources(
    result: *const rd_kafka_IncrementalAlterConfigs_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigResource_t {
    ffi!({ result_array!(Resources, result, cntp) })
}

/// Asks for the properties of the resources: all, or those that were set. The result is
/// a DESCRIBECONFIGS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeConfigs(
    rk: *mut rd_kafka_t,
    configs: *mut *mut rd_kafka_ConfigResource_t,
    config_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(AdminOp::DESCRIBE_CONFIGS, rk, options, rkqu, |request| {
                let (resources, broker) = given(request, configs, config_cnt, false)?;
                Ok(admin::describe(resources, broker, request).into())
            });
        }
    })
}

/// The resources with their properties or errors, `*cntp` of them. They belong to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeConfigs_result_resources(
    result: *const rd_kafka_DescribeConfigs_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigResource_t {
    ffi!({ result_array!(Resources, result, cntp) })
}
