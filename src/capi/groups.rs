//! Consumer groups: listing (old interface), names of states and types.

use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

use libc::{c_char, c_int, c_void};

use super::handle::get;
use crate::admin::results::groups::{STATES, TYPES, code_of};
use crate::base::cstring::c_string;
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::types::{
    rd_kafka_consumer_group_state_t, rd_kafka_consumer_group_type_t, rd_kafka_group_info,
    rd_kafka_group_list, rd_kafka_group_member_info, rd_kafka_metadata_broker, rd_kafka_resp_err_t,
    rd_kafka_t,
};
use crate::client::list_groups::{GroupInfo, GroupMember};

/// What stands for no limit of time.
const FOREVER: Duration = Duration::from_secs(86_400 * 365);

/// The C structures, first, and what they point to.
#[repr(C)]
struct Listed {
    public: rd_kafka_group_list,
    groups: Vec<rd_kafka_group_info>,
    members: Vec<Vec<rd_kafka_group_member_info>>,
    strings: Vec<CString>,
    bytes: Vec<Vec<u8>>,
}

impl Listed {
    fn give(groups: &[GroupInfo]) -> *const rd_kafka_group_list {
        let mut list = Box::new(Listed {
            public: rd_kafka_group_list {
                groups: ptr::null_mut(),
                group_cnt: 0,
            },
            groups: Vec::with_capacity(groups.len()),
            members: Vec::new(),
            strings: Vec::new(),
            bytes: Vec::new(),
        });
        for group in groups {
            let info = list.group(group);
            list.groups.push(info);
        }
        list.public.group_cnt = count(list.groups.len());
        list.public.groups = list.groups.as_mut_ptr();
        Box::into_raw(list).cast_const().cast()
    }

    fn group(&mut self, group: &GroupInfo) -> rd_kafka_group_info {
        let mut members: Vec<_> = group.members.iter().map(|m| self.member(m)).collect();
        let info = rd_kafka_group_info {
            broker: rd_kafka_metadata_broker {
                id: group.broker.id,
                host: self.string(&group.broker.host),
                port: group.broker.port,
            },
            group: self.string(&group.group),
            err: group.err,
            state: self.string(&group.state),
            protocol_type: self.string(&group.protocol_type),
            protocol: self.string(&group.protocol),
            member_cnt: count(members.len()),
            members: match members.is_empty() {
                true => ptr::null_mut(),
                false => members.as_mut_ptr(),
            },
        };
        // Moving the vector leaves its elements where they are.
        self.members.push(members);
        info
    }

    fn member(&mut self, member: &GroupMember) -> rd_kafka_group_member_info {
        let (member_metadata, member_metadata_size) = self.blob(&member.metadata);
        let (member_assignment, member_assignment_size) = self.blob(&member.assignment);
        rd_kafka_group_member_info {
            member_id: self.string(&member.member_id),
            client_id: self.string(&member.client_id),
            client_host: self.string(&member.client_host),
            member_metadata,
            member_metadata_size,
            member_assignment,
            member_assignment_size,
        }
    }

    fn string(&mut self, text: &str) -> *mut c_char {
        let s = c_string(text);
        let p = s.as_ptr().cast_mut();
        self.strings.push(s);
        p
    }

    fn blob(&mut self, bytes: &[u8]) -> (*mut c_void, c_int) {
        if bytes.is_empty() {
            return (ptr::null_mut(), 0);
        }
        let mut copy = bytes.to_vec();
        let p = copy.as_mut_ptr().cast();
        self.bytes.push(copy);
        (p, count(bytes.len()))
    }
}

fn count(n: usize) -> c_int {
    c_int::try_from(n).unwrap_or(c_int::MAX)
}

/// The name of a number; null if there is none.
fn name_at(names: &[&'static CStr], code: c_int) -> *const c_char {
    usize::try_from(code)
        .ok()
        .and_then(|at| names.get(at))
        .map_or(std::ptr::null(), |name| name.as_ptr())
}

/// Asks all brokers for their consumer groups, or for `group` only, with their members,
/// up to `timeout_ms`. Sets `*grplistp`, which is freed by
/// `rd_kafka_group_list_destroy`. `_PARTIAL` if some brokers did not answer, with what
/// the others said. The admin functions say more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_list_groups(
    rk: *mut rd_kafka_t,
    group: *const c_char,
    grplistp: *mut *const rd_kafka_group_list,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and string are alive, and the place is writable.
        unsafe {
            let (Some(instance), Some(place)) = (get(rk.cast_const()), grplistp.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let only = cstr::text(group);
            let timeout = u64::try_from(timeout_ms).map_or(FOREVER, Duration::from_millis);
            match instance.client.list_groups(only.as_deref(), timeout) {
                Ok(found) => {
                    *place = Listed::give(&found.groups);
                    if found.partial {
                        ErrorCode::_PARTIAL
                    } else {
                        ErrorCode::NO_ERROR
                    }
                }
                Err(e) => e.code,
            }
        }
    })
}

/// The name of a group's state; null for a number that none has. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_state_name(
    state: rd_kafka_consumer_group_state_t,
) -> *const c_char {
    ffi!({ name_at(&STATES, state.0) })
}

/// The state of a name, in any case of letters; `UNKNOWN` if none has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_state_code(
    name: *const c_char,
) -> rd_kafka_consumer_group_state_t {
    ffi!({
        // SAFETY: null or a string of the application's.
        rd_kafka_consumer_group_state_t(code_of(
            &STATES,
            unsafe { cstr::bytes(name) }.unwrap_or_default(),
        ))
    })
}

/// The name of a group's type; null for a number that none has. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_type_name(
    kind: rd_kafka_consumer_group_type_t,
) -> *const c_char {
    ffi!({ name_at(&TYPES, kind.0) })
}

/// The type of a name, in any case of letters; `UNKNOWN` if none has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_type_code(
    name: *const c_char,
) -> rd_kafka_consumer_group_type_t {
    ffi!({
        // SAFETY: null or a string of the application's.
        rd_kafka_consumer_group_type_t(code_of(
            &TYPES,
            unsafe { cstr::bytes(name) }.unwrap_or_default(),
        ))
    })
}

/// Frees what `rd_kafka_list_groups` has set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_list_destroy(grplist: *const rd_kafka_group_list) {
    ffi!({
        if !grplist.is_null() {
            // SAFETY: the list came from `Listed::give`, as the first field of its
            // box.
            drop(unsafe { Box::from_raw(grplist.cast_mut().cast::<Listed>()) });
        }
    })
}
