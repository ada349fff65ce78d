//! AlterConfigs, IncrementalAlterConfigs and DescribeConfigs.

use libc::{c_char, c_int, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_AlterConfigOpType_t, rd_kafka_AlterConfigs_result_t,
    rd_kafka_ConfigEntry_t, rd_kafka_ConfigResource_t, rd_kafka_ConfigSource_t,
    rd_kafka_DescribeConfigs_result_t, rd_kafka_IncrementalAlterConfigs_result_t,
    rd_kafka_ResourcePatternType_t, rd_kafka_ResourceType_t, rd_kafka_error_t, rd_kafka_queue_t,
    rd_kafka_resp_err_t, rd_kafka_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigSource_name(
    confsource: rd_kafka_ConfigSource_t,
) -> *const c_char {
    ffi!({ not_built!(confsource) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_name(
    entry: *const rd_kafka_ConfigEntry_t,
) -> *const c_char {
    ffi!({ not_built!(entry) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_value(
    entry: *const rd_kafka_ConfigEntry_t,
) -> *const c_char {
    ffi!({ not_built!(entry) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_source(
    entry: *const rd_kafka_ConfigEntry_t,
) -> rd_kafka_ConfigSource_t {
    ffi!({ not_built!(entry) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_is_read_only(
    entry: *const rd_kafka_ConfigEntry_t,
) -> c_int {
    ffi!({ not_built!(entry) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_is_default(
    entry: *const rd_kafka_ConfigEntry_t,
) -> c_int {
    ffi!({ not_built!(entry) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_is_sensitive(
    entry: *const rd_kafka_ConfigEntry_t,
) -> c_int {
    ffi!({ not_built!(entry) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_is_synonym(
    entry: *const rd_kafka_ConfigEntry_t,
) -> c_int {
    ffi!({ not_built!(entry) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigEntry_synonyms(
    entry: *const rd_kafka_ConfigEntry_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigEntry_t {
    ffi!({ not_built!(entry, cntp) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ResourcePatternType_name(
    resource_pattern_type: rd_kafka_ResourcePatternType_t,
) -> *const c_char {
    ffi!({ not_built!(resource_pattern_type) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ResourceType_name(
    restype: rd_kafka_ResourceType_t,
) -> *const c_char {
    ffi!({ not_built!(restype) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_new(
    restype: rd_kafka_ResourceType_t,
    resname: *const c_char,
) -> *mut rd_kafka_ConfigResource_t {
    ffi!({ not_built!(restype, resname) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_destroy(config: *mut rd_kafka_ConfigResource_t) {
    ffi!({ not_built!(config) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_destroy_array(
    config: *mut *mut rd_kafka_ConfigResource_t,
    config_cnt: size_t,
) {
    ffi!({ not_built!(config, config_cnt) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_set_config(
    config: *mut rd_kafka_ConfigResource_t,
    name: *const c_char,
    value: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(config, name, value) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_add_incremental_config(
    config: *mut rd_kafka_ConfigResource_t,
    name: *const c_char,
    op_type: rd_kafka_AlterConfigOpType_t,
    value: *const c_char,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(config, name, op_type, value) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_configs(
    config: *const rd_kafka_ConfigResource_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigEntry_t {
    ffi!({ not_built!(config, cntp) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_type(
    config: *const rd_kafka_ConfigResource_t,
) -> rd_kafka_ResourceType_t {
    ffi!({ not_built!(config) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_name(
    config: *const rd_kafka_ConfigResource_t,
) -> *const c_char {
    ffi!({ not_built!(config) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_error(
    config: *const rd_kafka_ConfigResource_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(config) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConfigResource_error_string(
    config: *const rd_kafka_ConfigResource_t,
) -> *const c_char {
    ffi!({ not_built!(config) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConfigs(
    rk: *mut rd_kafka_t,
    configs: *mut *mut rd_kafka_ConfigResource_t,
    config_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({ not_built!(rk, configs, config_cnt, options, rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConfigs_result_resources(
    result: *const rd_kafka_AlterConfigs_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigResource_t {
    ffi!({ not_built!(result, cntp) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_IncrementalAlterConfigs(
    rk: *mut rd_kafka_t,
    configs: *mut *mut rd_kafka_ConfigResource_t,
    config_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({ not_built!(rk, configs, config_cnt, options, rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_IncrementalAlterConfigs_result_resources(
    result: *const rd_kafka_IncrementalAlterConfigs_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigResource_t {
    ffi!({ not_built!(result, cntp) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeConfigs(
    rk: *mut rd_kafka_t,
    configs: *mut *mut rd_kafka_ConfigResource_t,
    config_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({ not_built!(rk, configs, config_cnt, options, rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeConfigs_result_resources(
    result: *const rd_kafka_DescribeConfigs_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConfigResource_t {
    ffi!({ not_built!(result, cntp) })
}
