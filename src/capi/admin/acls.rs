//! CreateAcls, DescribeAcls and DeleteAcls.

use libc::{c_char, size_t};

use std::ffi::{CStr, CString};

use crate::admin::acls;
use crate::admin::args::AclBinding;
use crate::admin::options::AdminOp;
use crate::admin::results::{DeletedAcls, MatchingAcl};
use crate::base::error::KafkaError;
use crate::capi::admin::elements::Elements;
use crate::capi::admin::events::result_array;
use crate::capi::admin::request;
use crate::capi::boundary::{ffi, put};
use crate::capi::cstr;
use crate::capi::error::HeldError;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_AclBinding_s, rd_kafka_AclBinding_t, rd_kafka_AclBindingFilter_t,
    rd_kafka_AclOperation_t, rd_kafka_AclPermissionType_t, rd_kafka_AdminOptions_t,
    rd_kafka_CreateAcls_result_t, rd_kafka_DeleteAcls_result_response_s,
    rd_kafka_DeleteAcls_result_response_t, rd_kafka_DeleteAcls_result_t,
    rd_kafka_DescribeAcls_result_t, rd_kafka_ResourcePatternType_t, rd_kafka_ResourceType_t,
    rd_kafka_acl_result_s, rd_kafka_acl_result_t, rd_kafka_error_t, rd_kafka_queue_t, rd_kafka_t,
};

/// An entry or a filter: the application's argument, or a part of a result.
pub(crate) struct AclObject {
    binding: AclBinding,
    /// Only in a result.
    error: HeldError,
}

impl From<AclBinding> for AclObject {
    fn from(binding: AclBinding) -> Self {
        let error = HeldError::default();
        AclObject { binding, error }
    }
}

impl From<MatchingAcl> for AclObject {
    fn from(acl: MatchingAcl) -> Self {
        AclObject {
            binding: acl.entry,
            error: acl.error.into(),
        }
    }
}

impl Opaque for rd_kafka_AclBinding_s {
    type Target = AclObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b41_636c;
}

/// How it went for one entry of CreateAcls.
pub(crate) struct AclResult(HeldError);

impl From<Option<KafkaError>> for AclResult {
    fn from(error: Option<KafkaError>) -> Self {
        AclResult(error.into())
    }
}

impl Opaque for rd_kafka_acl_result_s {
    type Target = AclResult;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b41_5265;
}

/// How it went for one filter of DeleteAcls.
pub(crate) struct DeletedObject {
    error: HeldError,
    matching: Elements<rd_kafka_AclBinding_s>,
}

impl From<DeletedAcls> for DeletedObject {
    fn from(deleted: DeletedAcls) -> Self {
        DeletedObject {
            error: deleted.error.into(),
            matching: Elements::new(deleted.matching),
        }
    }
}

impl Opaque for rd_kafka_DeleteAcls_result_response_s {
    type Target = DeletedObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b41_4465;
}

/// The names of `rd_kafka_AclOperation_t`, by number.
const OPERATIONS: [&CStr; 13] = [
    c"UNKNOWN",
    c"ANY",
    c"ALL",
    c"READ",
    c"WRITE",
    c"CREATE",
    c"DELETE",
    c"ALTER",
    c"DESCRIBE",
    c"CLUSTER_ACTION",
    c"DESCRIBE_CONFIGS",
    c"ALTER_CONFIGS",
    c"IDEMPOTENT_WRITE",
];

/// The names of `rd_kafka_AclPermissionType_t`, by number.
const PERMISSIONS: [&CStr; 4] = [c"UNKNOWN", c"ANY", c"DENY", c"ALLOW"];

/// # Safety
/// The strings are null or strings.
unsafe fn binding(
    restype: rd_kafka_ResourceType_t,
    name: *const c_char,
    resource_pattern_type: rd_kafka_ResourcePatternType_t,
    principal: *const c_char,
    host: *const c_char,
    operation: rd_kafka_AclOperation_t,
    permission_type: rd_kafka_AclPermissionType_t,
) -> AclBinding {
    // SAFETY: the caller's promise.
    let copy = |text| unsafe { cstr::bytes(text) }.and_then(|text| CString::new(text).ok());
    AclBinding {
        resource_type: restype.0,
        name: copy(name),
        pattern_type: resource_pattern_type.0,
        principal: copy(principal),
        host: copy(host),
        operation: operation.0,
        permission: permission_type.0,
    }
}

fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_deref().map_or(std::ptr::null(), CStr::as_ptr)
}

/// The error for this entry, or null. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_acl_result_error(
    aclres: *const rd_kafka_acl_result_t,
) -> *const rd_kafka_error_t {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(aclres) }.map_or(std::ptr::null(), |result| result.0.lend()) })
}

/// The name of an operation. A constant; "UNSUPPORTED" for a number that none has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclOperation_name(
    acl_operation: rd_kafka_AclOperation_t,
) -> *const c_char {
    ffi!({ cstr::name_at(&OPERATIONS, acl_operation.0) })
}

/// The name of a permission. A constant; "UNSUPPORTED" for a number that none has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclPermissionType_name(
    acl_permission_type: rd_kafka_AclPermissionType_t,
) -> *const c_char {
    ffi!({ cstr::name_at(&PERMISSIONS, acl_permission_type.0) })
}

/// An access control entry; all strings are copied and must be there. Null with a text
/// in `errstr` if an argument will not do. Freed by `rd_kafka_AclBinding_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_new(
    restype: rd_kafka_ResourceType_t,
    name: *const c_char,
    resource_pattern_type: rd_kafka_ResourcePatternType_t,
    principal: *const c_char,
    host: *const c_char,
    operation: rd_kafka_AclOperation_t,
    permission_type: rd_kafka_AclPermissionType_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> *mut rd_kafka_AclBinding_t {
    ffi!({
        // SAFETY: null or strings of the application's.
        let binding = unsafe {
            binding(
                restype,
                name,
                resource_pattern_type,
                principal,
                host,
                operation,
                permission_type,
            )
        };
        match binding.checked_entry() {
            Ok(binding) => handle::give(binding.into()),
            Err(text) => {
                // SAFETY: the application's buffer.
                unsafe { cstr::write(errstr, errstr_size, text) };
                std::ptr::null_mut()
            }
        }
    })
}

/// A filter for entries; null strings and `ANY` match all. Null with a text in `errstr`
/// if an argument will not do. Freed by `rd_kafka_AclBinding_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBindingFilter_new(
    restype: rd_kafka_ResourceType_t,
    name: *const c_char,
    resource_pattern_type: rd_kafka_ResourcePatternType_t,
    principal: *const c_char,
    host: *const c_char,
    operation: rd_kafka_AclOperation_t,
    permission_type: rd_kafka_AclPermissionType_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> *mut rd_kafka_AclBindingFilter_t {
    ffi!({
        // SAFETY: null or strings of the application's.
        let binding = unsafe {
            binding(
                restype,
                name,
                resource_pattern_type,
                principal,
                host,
                operation,
                permission_type,
            )
        };
        match binding.checked_filter() {
            Ok(binding) => handle::give(binding.into()),
            Err(text) => {
                // SAFETY: the application's buffer.
                unsafe { cstr::write(errstr, errstr_size, text) };
                std::ptr::null_mut()
            }
        }
    })
}

/// The resource's type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_restype(
    acl: *const rd_kafka_AclBinding_t,
) -> rd_kafka_ResourceType_t {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(acl) }.map_or(rd_kafka_ResourceType_t(0), |acl| {
            rd_kafka_ResourceType_t(acl.binding.resource_type)
        })
    })
}

/// The resource's name, or null in a filter. Good as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_name(
    acl: *const rd_kafka_AclBinding_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(acl) }.map_or(std::ptr::null(), |acl| pointer(&acl.binding.name))
    })
}

/// The principal, or null in a filter. Good as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_principal(
    acl: *const rd_kafka_AclBinding_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(acl) }.map_or(std::ptr::null(), |acl| pointer(&acl.binding.principal))
    })
}

/// The host, or null in a filter. Good as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_host(
    acl: *const rd_kafka_AclBinding_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(acl) }.map_or(std::ptr::null(), |acl| pointer(&acl.binding.host))
    })
}

/// The operation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_operation(
    acl: *const rd_kafka_AclBinding_t,
) -> rd_kafka_AclOperation_t {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(acl) }.map_or(rd_kafka_AclOperation_t(0), |acl| {
            rd_kafka_AclOperation_t(acl.binding.operation)
        })
    })
}

/// The permission.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_permission_type(
    acl: *const rd_kafka_AclBinding_t,
) -> rd_kafka_AclPermissionType_t {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(acl) }.map_or(rd_kafka_AclPermissionType_t(0), |acl| {
            rd_kafka_AclPermissionType_t(acl.binding.permission)
        })
    })
}

/// How the resource's name matches.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_resource_pattern_type(
    acl: *const rd_kafka_AclBinding_t,
) -> rd_kafka_ResourcePatternType_t {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(acl) }.map_or(rd_kafka_ResourcePatternType_t(0), |acl| {
            rd_kafka_ResourcePatternType_t(acl.binding.pattern_type)
        })
    })
}

/// The error for this entry in a result, or null. It belongs to the entry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_error(
    acl: *const rd_kafka_AclBinding_t,
) -> *const rd_kafka_error_t {
    // SAFETY: an object of the application's.
    ffi!({ unsafe { handle::get(acl) }.map_or(std::ptr::null(), |acl| acl.error.lend()) })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_destroy(acl_binding: *mut rd_kafka_AclBinding_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(acl_binding) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AclBinding_destroy_array(
    acl_bindings: *mut *mut rd_kafka_AclBinding_t,
    acl_bindings_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(acl_bindings, acl_bindings_cnt) };
    })
}

/// The results, `*cntp` of them, in the order of the request. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_CreateAcls_result_acls(
    result: *const rd_kafka_CreateAcls_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_acl_result_t {
    ffi!({ result_array!(CreatedAcls, result, cntp) })
}

/// Creates access control entries. The result is a CREATEACLS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_CreateAcls(
    rk: *mut rd_kafka_t,
    new_acls: *mut *mut rd_kafka_AclBinding_t,
    new_acls_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(AdminOp::CREATE_ACLS, rk, options, rkqu, |request| {
                let given = request::objects_in_time(request, new_acls, new_acls_cnt, "entry")?;
                let given = given.into_iter().map(|acl| acl.binding.clone());
                Ok(acls::create(given.collect(), request).into())
            });
        }
    })
}

/// The entries, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeAcls_result_acls(
    result: *const rd_kafka_DescribeAcls_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_AclBinding_t {
    ffi!({ result_array!(Acls, result, cntp) })
}

/// Asks for the entries that match a filter. The result is a DESCRIBEACLS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeAcls(
    rk: *mut rd_kafka_t,
    acl_filter: *mut rd_kafka_AclBindingFilter_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles of the application's.
        unsafe {
            request::start(AdminOp::DESCRIBE_ACLS, rk, options, rkqu, |request| {
                let filter = request::object(acl_filter, "filter")?;
                Ok(acls::describe(filter.binding.clone(), request).into())
            });
        }
    })
}

/// The results by filter, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteAcls_result_responses(
    result: *const rd_kafka_DeleteAcls_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_DeleteAcls_result_response_t {
    ffi!({ result_array!(DeletedAcls, result, cntp) })
}

/// The error for this filter, or null. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteAcls_result_response_error(
    result_response: *const rd_kafka_DeleteAcls_result_response_t,
) -> *const rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        unsafe { handle::get(result_response) }
            .map_or(std::ptr::null(), |response| response.error.lend())
    })
}

/// The entries that were deleted, `*matching_acls_cntp` of them. They belong to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteAcls_result_response_matching_acls(
    result_response: *const rd_kafka_DeleteAcls_result_response_t,
    matching_acls_cntp: *mut size_t,
) -> *mut *const rd_kafka_AclBinding_t {
    ffi!({
        // SAFETY: null or a part of the caller's event, and a variable of the application's.
        unsafe {
            match handle::get(result_response) {
                Some(response) => response.matching.give(matching_acls_cntp),
                None => {
                    put(matching_acls_cntp, 0);
                    std::ptr::null_mut()
                }
            }
        }
    })
}

/// Deletes the entries that match filters. The result is a DELETEACLS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteAcls(
    rk: *mut rd_kafka_t,
    del_acls: *mut *mut rd_kafka_AclBindingFilter_t,
    del_acls_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(AdminOp::DELETE_ACLS, rk, options, rkqu, |request| {
                let given = request::objects_in_time(request, del_acls, del_acls_cnt, "filter")?;
                let given = given.into_iter().map(|acl| acl.binding.clone());
                Ok(acls::delete(given.collect(), request).into())
            });
        }
    })
}
