//! Lists of partitions, in libc's memory.

use libc::{c_char, c_int, c_void, size_t};

use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::types::{
    RD_KAFKA_OFFSET_INVALID, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t,
    rd_kafka_topic_partition_t,
};

unsafe extern "C" {
    /// libc's: unlike Rust's sorting it puts up with any comparison function.
    fn qsort_r(
        base: *mut c_void,
        count: size_t,
        size: size_t,
        compare: Compare,
        opaque: *mut c_void,
    );
}

type Compare =
    Option<unsafe extern "C" fn(a: *const c_void, b: *const c_void, opaque: *mut c_void) -> c_int>;

/// What `_private` of an element points to, once there is something to keep.
#[derive(Debug, Clone)]
struct Private {
    leader_epoch: i32,
}

/// A list with room for `size` elements, for C to destroy.
pub(crate) fn new_list(size: usize) -> *mut rd_kafka_topic_partition_list_t {
    let list = cstr::malloc(size_of::<rd_kafka_topic_partition_list_t>())
        .cast::<rd_kafka_topic_partition_list_t>();
    // SAFETY: just allocated, of that size and libc's alignment.
    unsafe {
        list.write(rd_kafka_topic_partition_list_t {
            cnt: 0,
            size: 0,
            elems: std::ptr::null_mut(),
        });
        if size > 0 {
            resize(&mut *list, size);
        }
    }
    list
}

/// Frees a list; null is no list.
///
/// # Safety
/// Nobody uses the list or its elements any more.
pub(crate) unsafe fn destroy_list(list: *mut rd_kafka_topic_partition_list_t) {
    // SAFETY: the caller's promise; list and elements are libc's memory.
    unsafe {
        if let Some(inner) = list.as_mut() {
            for element in elements_mut(inner) {
                release(element);
            }
            libc::free(inner.elems.cast());
            libc::free(list.cast());
        }
    }
}

/// A list that belongs to another object here.
#[derive(Debug)]
pub(crate) struct List(*mut rd_kafka_topic_partition_list_t);

// SAFETY: the list is this object's alone.
unsafe impl Send for List {}

impl List {
    pub(crate) fn copy_of(list: &rd_kafka_topic_partition_list_t) -> Self {
        List(copy_list(list))
    }

    /// Takes a list over.
    ///
    /// # Safety
    /// Made by `new_list`, and nobody else's from here on.
    pub(crate) unsafe fn own(list: *mut rd_kafka_topic_partition_list_t) -> Self {
        List(list)
    }

    pub(crate) fn with_room_for(size: usize) -> Self {
        List(new_list(size))
    }

    /// Adds an element without an offset.
    pub(crate) fn push(&mut self, topic: &[u8], partition: i32) -> &mut rd_kafka_topic_partition_t {
        // SAFETY: the list is this object's alone, as is its new element.
        unsafe { &mut *add(&mut *self.0, topic, partition) }
    }

    pub(crate) fn get(&self) -> &rd_kafka_topic_partition_list_t {
        // SAFETY: made by this module, and alive until this is dropped.
        unsafe { &*self.0 }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: nobody has the list after this.
        unsafe { destroy_list(self.0) };
    }
}

/// The elements of a list.
pub(crate) fn elements(list: &rd_kafka_topic_partition_list_t) -> &[rd_kafka_topic_partition_t] {
    match usize::try_from(list.cnt) {
        // SAFETY: a list has `cnt` elements.
        Ok(cnt) if !list.elems.is_null() => unsafe { std::slice::from_raw_parts(list.elems, cnt) },
        _ => &[],
    }
}

/// As [`elements`], to change them.
pub(crate) fn elements_mut(
    list: &mut rd_kafka_topic_partition_list_t,
) -> &mut [rd_kafka_topic_partition_t] {
    match usize::try_from(list.cnt) {
        // SAFETY: a list has `cnt` elements, and it is borrowed mutably.
        Ok(cnt) if !list.elems.is_null() => unsafe {
            std::slice::from_raw_parts_mut(list.elems, cnt)
        },
        _ => &mut [],
    }
}

/// The topic's name in an element.
pub(crate) fn topic(element: &rd_kafka_topic_partition_t) -> &[u8] {
    // SAFETY: null or a string.
    unsafe { cstr::bytes(element.topic) }.unwrap_or_default()
}

/// Makes room for `more` elements, or for a good deal more of them.
fn grow(list: &mut rd_kafka_topic_partition_list_t, more: usize) {
    let size = usize::try_from(list.size).unwrap_or(0);
    let wanted = if more < size {
        size * 2
    } else {
        size + more.max(8)
    };
    resize(list, wanted);
}

fn resize(list: &mut rd_kafka_topic_partition_list_t, wanted: usize) {
    let bytes = wanted.checked_mul(size_of::<rd_kafka_topic_partition_t>());
    // SAFETY: null or libc's memory, which is not used under its old address any more.
    let elems = unsafe { libc::realloc(list.elems.cast(), bytes.unwrap_or(usize::MAX)) };
    assert!(!elems.is_null(), "no memory for {wanted} partitions");
    list.elems = elems.cast();
    list.size = c_int::try_from(wanted).unwrap_or(c_int::MAX);
}

/// Adds an element without an offset; good until the list changes.
pub(crate) fn add(
    list: &mut rd_kafka_topic_partition_list_t,
    topic: &[u8],
    partition: i32,
) -> *mut rd_kafka_topic_partition_t {
    if list.cnt >= list.size {
        grow(list, 1);
    }
    let at = usize::try_from(list.cnt).unwrap_or(0);
    // SAFETY: there is room for one more.
    let element = unsafe { list.elems.add(at) };
    let new = rd_kafka_topic_partition_t {
        topic: cstr::malloc_string(topic),
        partition,
        offset: RD_KAFKA_OFFSET_INVALID,
        metadata: std::ptr::null_mut(),
        metadata_size: 0,
        opaque: std::ptr::null_mut(),
        err: ErrorCode::NO_ERROR,
        _private: std::ptr::null_mut(),
    };
    // SAFETY: as above; what was there is not initialised.
    unsafe { element.write(new) };
    list.cnt += 1;
    element
}

/// Adds a copy of an element, with all that belongs to it.
pub(crate) fn add_copy(
    list: &mut rd_kafka_topic_partition_list_t,
    from: &rd_kafka_topic_partition_t,
) -> *mut rd_kafka_topic_partition_t {
    let copy = add(list, topic(from), from.partition);
    // SAFETY: just added, and the only reference to it.
    let to = unsafe { &mut *copy };
    to.offset = from.offset;
    to.opaque = from.opaque;
    to.err = from.err;
    set_metadata(to, metadata(from));
    if let Some(private) = private(from) {
        to._private = Box::into_raw(Box::new(private.clone())).cast();
    }
    copy
}

/// A copy of a list, for C to destroy.
pub(crate) fn copy_list(
    list: &rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_topic_partition_list_t {
    let copy = new_list(elements(list).len());
    for element in elements(list) {
        // SAFETY: the list was just made.
        add_copy(unsafe { &mut *copy }, element);
    }
    copy
}

/// An element on its own, for C to destroy.
pub(crate) fn single(topic: &[u8], partition: i32, offset: i64) -> *mut rd_kafka_topic_partition_t {
    let element =
        cstr::malloc(size_of::<rd_kafka_topic_partition_t>()).cast::<rd_kafka_topic_partition_t>();
    // SAFETY: just allocated, of that size.
    unsafe {
        element.write(rd_kafka_topic_partition_t {
            topic: cstr::malloc_string(topic),
            partition,
            offset,
            metadata: std::ptr::null_mut(),
            metadata_size: 0,
            opaque: std::ptr::null_mut(),
            err: ErrorCode::NO_ERROR,
            _private: std::ptr::null_mut(),
        });
    }
    element
}

/// The metadata of an element; `None` if there is none.
pub(crate) fn metadata(element: &rd_kafka_topic_partition_t) -> Option<&[u8]> {
    // SAFETY: null, or that many bytes.
    (!element.metadata.is_null())
        .then(|| unsafe { cstr::slice(element.metadata, element.metadata_size) })
}

/// Replaces the metadata of an element by a copy.
pub(crate) fn set_metadata(element: &mut rd_kafka_topic_partition_t, metadata: Option<&[u8]>) {
    // SAFETY: null or libc's memory, which is replaced here.
    unsafe { libc::free(element.metadata) };
    element.metadata_size = metadata.map_or(0, <[u8]>::len);
    element.metadata = metadata.map_or(std::ptr::null_mut(), cstr::malloc_copy);
}

/// The leader epoch of an element's offset; -1 if it is not known.
pub(crate) fn leader_epoch(element: &rd_kafka_topic_partition_t) -> i32 {
    private(element).map_or(-1, |private| private.leader_epoch)
}

pub(crate) fn set_leader_epoch(element: &mut rd_kafka_topic_partition_t, leader_epoch: i32) {
    let private = element._private.cast::<Private>();
    if !private.is_null() {
        // SAFETY: not null, so it is from here.
        unsafe { (*private).leader_epoch = leader_epoch };
    } else if leader_epoch != -1 {
        element._private = Box::into_raw(Box::new(Private { leader_epoch })).cast();
    }
}

fn private(element: &rd_kafka_topic_partition_t) -> Option<&Private> {
    // SAFETY: null or from here.
    unsafe { element._private.cast::<Private>().as_ref() }
}

/// Frees what an element has, and not the element.
///
/// # Safety
/// The element is not used any more.
unsafe fn release(element: *mut rd_kafka_topic_partition_t) {
    // SAFETY: the caller's promise; strings and metadata are libc's memory.
    unsafe {
        libc::free((*element).topic.cast());
        libc::free((*element).metadata);
        let private = (*element)._private.cast::<Private>();
        if !private.is_null() {
            drop(Box::from_raw(private));
        }
    }
}

fn find(list: &rd_kafka_topic_partition_list_t, name: &[u8], partition: i32) -> Option<usize> {
    elements(list)
        .iter()
        .position(|element| element.partition == partition && topic(element) == name)
}

/// Removes an element; whether it was there.
fn remove(list: &mut rd_kafka_topic_partition_list_t, at: usize) -> bool {
    let elements = elements_mut(list);
    if at >= elements.len() {
        return false;
    }
    elements[at..].rotate_left(1);
    if let Some(last) = elements.last_mut() {
        // SAFETY: the list ends before it from here on.
        unsafe { release(last) };
    }
    list.cnt -= 1;
    true
}

/// The order of a sorted list, unless the application has its own.
unsafe extern "C" fn by_topic_and_partition(
    a: *const c_void,
    b: *const c_void,
    _opaque: *mut c_void,
) -> c_int {
    // SAFETY: `qsort_r` passes elements.
    let (a, b) = unsafe {
        (
            &*a.cast::<rd_kafka_topic_partition_t>(),
            &*b.cast::<rd_kafka_topic_partition_t>(),
        )
    };
    (topic(a), a.partition).cmp(&(topic(b), b.partition)) as c_int
}

/// Frees a single partition object that the application owns. Not for elements of
/// lists, which the list frees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_destroy(rktpar: *mut rd_kafka_topic_partition_t) {
    ffi!({
        if !rktpar.is_null() {
            // SAFETY: the application gives up an element of its own, which is libc's memory.
            unsafe {
                release(rktpar);
                libc::free(rktpar.cast());
            }
        }
    })
}

/// Sets the leader epoch (KIP-320) that goes with the element's offset: of the last
/// record before it. -1 says that it is not known. Offsets with an epoch let a consumer
/// notice that the log was truncated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_set_leader_epoch(
    rktpar: *mut rd_kafka_topic_partition_t,
    leader_epoch: i32,
) {
    ffi!({
        // SAFETY: an element of the application's.
        if let Some(element) = unsafe { rktpar.as_mut() } {
            set_leader_epoch(element, leader_epoch);
        }
    })
}

/// The leader epoch that goes with the element's offset; -1 if it is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_get_leader_epoch(
    rktpar: *const rd_kafka_topic_partition_t,
) -> i32 {
    ffi!({
        // SAFETY: an element of the application's.
        unsafe { rktpar.as_ref() }.map_or(-1, leader_epoch)
    })
}

/// An empty list with room for `size` elements; it grows if there are more. Freed by
/// `rd_kafka_topic_partition_list_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_new(
    size: c_int,
) -> *mut rd_kafka_topic_partition_list_t {
    ffi!({ new_list(usize::try_from(size).unwrap_or(0)) })
}

/// Frees a list with its elements, their topics and their metadata. The elements'
/// `opaque` is the application's. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_destroy(
    rkparlist: *mut rd_kafka_topic_partition_list_t,
) {
    ffi!({
        // SAFETY: the application gives the list up.
        unsafe { destroy_list(rkparlist) };
    })
}

/// Adds a partition at the end, with offset `RD_KAFKA_OFFSET_INVALID`; `topic` is
/// copied. Duplicates are not looked for. Returns the new element, which is good until
/// the list is changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_add(
    rktparlist: *mut rd_kafka_topic_partition_list_t,
    topic: *const c_char,
    partition: i32,
) -> *mut rd_kafka_topic_partition_t {
    ffi!({
        // SAFETY: a list and a string of the application's.
        let (list, topic) = unsafe { (rktparlist.as_mut(), cstr::bytes(topic)) };
        match list.zip(topic) {
            Some((list, topic)) => add(list, topic, partition),
            None => std::ptr::null_mut(),
        }
    })
}

/// Adds the partitions from `start` to `stop`, both included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_add_range(
    rktparlist: *mut rd_kafka_topic_partition_list_t,
    topic: *const c_char,
    start: i32,
    stop: i32,
) {
    ffi!({
        // SAFETY: a list and a string of the application's.
        let (list, topic) = unsafe { (rktparlist.as_mut(), cstr::bytes(topic)) };
        if let Some((list, topic)) = list.zip(topic) {
            for partition in start..=stop {
                add(list, topic, partition);
            }
        }
    })
}

/// Removes the first element of that topic and partition. Returns 1, or 0 if there is
/// none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_del(
    rktparlist: *mut rd_kafka_topic_partition_list_t,
    topic: *const c_char,
    partition: i32,
) -> c_int {
    ffi!({
        // SAFETY: a list and a string of the application's.
        let (list, topic) = unsafe { (rktparlist.as_mut(), cstr::bytes(topic)) };
        let Some((list, topic)) = list.zip(topic) else {
            return 0;
        };
        match find(list, topic, partition) {
            Some(at) => remove(list, at).into(),
            None => 0,
        }
    })
}

/// Removes the element of that index, and moves those behind it. Returns 1, or 0 if the
/// list is shorter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_del_by_idx(
    rktparlist: *mut rd_kafka_topic_partition_list_t,
    idx: c_int,
) -> c_int {
    ffi!({
        // SAFETY: a list of the application's.
        let list = unsafe { rktparlist.as_mut() };
        let at = usize::try_from(idx).ok();
        list.zip(at)
            .is_some_and(|(list, at)| remove(list, at))
            .into()
    })
}

/// A copy of the list, elements and their metadata included. Freed by
/// `rd_kafka_topic_partition_list_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_copy(
    src: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_topic_partition_list_t {
    ffi!({
        // SAFETY: a list of the application's.
        match unsafe { src.as_ref() } {
            Some(list) => copy_list(list),
            None => std::ptr::null_mut(),
        }
    })
}

/// Sets the offset of the first element of that topic and partition. Returns
/// `NO_ERROR`, or `_UNKNOWN_PARTITION` if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_set_offset(
    rktparlist: *mut rd_kafka_topic_partition_list_t,
    topic: *const c_char,
    partition: i32,
    offset: i64,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: a list and a string of the application's.
        let (list, topic) = unsafe { (rktparlist.as_mut(), cstr::bytes(topic)) };
        let Some((list, topic)) = list.zip(topic) else {
            return ErrorCode::_INVALID_ARG;
        };
        let at = find(list, topic, partition);
        match at.and_then(|at| elements_mut(list).get_mut(at)) {
            Some(element) => {
                element.offset = offset;
                ErrorCode::NO_ERROR
            }
            None => ErrorCode::_UNKNOWN_PARTITION,
        }
    })
}

/// The first element of that topic and partition, or null. Good until the list is
/// changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_find(
    rktparlist: *const rd_kafka_topic_partition_list_t,
    topic: *const c_char,
    partition: i32,
) -> *mut rd_kafka_topic_partition_t {
    ffi!({
        // SAFETY: a list and a string of the application's.
        let (list, topic) = unsafe { (rktparlist.as_ref(), cstr::bytes(topic)) };
        let Some((list, topic)) = list.zip(topic) else {
            return std::ptr::null_mut();
        };
        match find(list, topic, partition) {
            // SAFETY: found, so it is inside; the list is the application's to change.
            Some(at) => unsafe { list.elems.add(at) },
            None => std::ptr::null_mut(),
        }
    })
}

/// Sorts the list by `cmp`, which is called as by `qsort_r()` with two elements and
/// `cmp_opaque`; without `cmp`, by topic and then by partition.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_list_sort(
    rktparlist: *mut rd_kafka_topic_partition_list_t,
    cmp: Option<
        unsafe extern "C" fn(a: *const c_void, b: *const c_void, cmp_opaque: *mut c_void) -> c_int,
    >,
    cmp_opaque: *mut c_void,
) {
    ffi!({
        // SAFETY: a list of the application's.
        let Some(list) = (unsafe { rktparlist.as_mut() }) else {
            return;
        };
        let cnt = elements(list).len();
        if cnt > 1 {
            // SAFETY: that many elements of that size; the function is the application's or ours.
            unsafe {
                qsort_r(
                    list.elems.cast(),
                    cnt,
                    size_of::<rd_kafka_topic_partition_t>(),
                    cmp.or(Some(by_topic_and_partition)),
                    cmp_opaque,
                );
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &rd_kafka_topic_partition_list_t) -> Vec<(String, i32)> {
        let text = |element| String::from_utf8_lossy(topic(element)).into_owned();
        elements(list)
            .iter()
            .map(|element| (text(element), element.partition))
            .collect()
    }

    #[test]
    fn lists_grow_sort_find_copy_and_shrink() {
        // SAFETY: the list lives until it is destroyed at the end.
        unsafe {
            let list = rd_kafka_topic_partition_list_new(0);
            rd_kafka_topic_partition_list_add_range(list, c"b".as_ptr(), 0, 99);
            let element = rd_kafka_topic_partition_list_add(list, c"a".as_ptr(), 7);
            assert_eq!((*element).offset, RD_KAFKA_OFFSET_INVALID);
            rd_kafka_topic_partition_set_leader_epoch(element, 5);
            set_metadata(&mut *element, Some(b"meta"));
            assert_eq!((*list).cnt, 101);

            rd_kafka_topic_partition_list_sort(list, None, std::ptr::null_mut());
            assert_eq!(names(&*list)[..2], [("a".into(), 7), ("b".into(), 0)]);

            let code = rd_kafka_topic_partition_list_set_offset(list, c"b".as_ptr(), 42, 1234);
            assert_eq!(code, ErrorCode::NO_ERROR);
            let missing = rd_kafka_topic_partition_list_set_offset(list, c"c".as_ptr(), 42, 1);
            assert_eq!(missing, ErrorCode::_UNKNOWN_PARTITION);

            let copy = rd_kafka_topic_partition_list_copy(list);
            rd_kafka_topic_partition_list_destroy(list);
            let first = &elements(&*copy)[0];
            assert_eq!(
                (leader_epoch(first), metadata(first)),
                (5, Some(&b"meta"[..]))
            );
            let found = rd_kafka_topic_partition_list_find(copy, c"b".as_ptr(), 42);
            assert_eq!((*found).offset, 1234);

            assert_eq!(
                rd_kafka_topic_partition_list_del(copy, c"b".as_ptr(), 42),
                1
            );
            assert_eq!(
                rd_kafka_topic_partition_list_del(copy, c"b".as_ptr(), 42),
                0
            );
            assert_eq!(rd_kafka_topic_partition_list_del_by_idx(copy, 0), 1);
            assert_eq!(rd_kafka_topic_partition_list_del_by_idx(copy, 99), 0);
            assert_eq!(rd_kafka_topic_partition_list_del_by_idx(copy, -1), 0);
            let left: Vec<_> = names(&*copy)
                .into_iter()
                .map(|(_, partition)| partition)
                .collect();
            assert_eq!(left, (0..100).filter(|at| *at != 42).collect::<Vec<_>>());
            rd_kafka_topic_partition_list_destroy(copy);
        }
    }
}
