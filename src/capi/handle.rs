//! Ownership of the objects that C knows by pointer only.
//!
//! Each opaque C type says once, by implementing [`Opaque`], which Rust type
//! stands behind it and who owns it:
//!
//! - [`Boxed`]: one owner. [`give`] hands it to C, [`take`] has it back.
//! - [`Shared`]: counted. [`give_shared`] hands one reference to C, [`take_shared`] has it back.
//! - Either may be [`lend`]-ed: the pointer stays good as long as the object
//!   does, and C must not destroy it.
//!
//! Behind every pointer is a [`Tagged`] value whose tag names its type (a share consumer's
//! is behind a pointer more: `capi/share/instance.rs`). Reading
//! through a pointer checks the tag, so a handle of the wrong type, and mostly
//! one that was destroyed, is told apart: the function then has `None` and
//! returns `_INVALID_ARG` (or its failure value) instead of working on rubbish.
//!
//! A type may be [`Opaque::BOUND_TO_PROCESS`]: its objects stand on threads, connections
//! and locks. A forked child has none of them, so there its parent's handles are refused,
//! by `take` too: what they point to stays in the child's memory, untouched. The boundary
//! then makes the function's failure an `_STATE` (see [`in_child`]). [`peek`] is for the
//! names and pointers that never change.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::base::fork::{self, Generation};

/// A C type of unknown content, and what stands behind it.
pub(crate) trait Opaque: Sized {
    /// The Rust type behind the pointer.
    type Target;
    /// [`Boxed`] or [`Shared`].
    type Ownership: Ownership;
    /// A number no other opaque type has.
    const TAG: u32;
    /// A forked child must leave its parent's objects alone.
    const BOUND_TO_PROCESS: bool = false;
}

/// How C owns what it has a pointer to.
pub(crate) trait Ownership {}

/// C has the only reference.
#[derive(Debug)]
pub(crate) struct Boxed;

/// C has one counted reference of possibly several.
#[derive(Debug)]
pub(crate) struct Shared;

impl Ownership for Boxed {}
impl Ownership for Shared {}

/// The tag of what has been dropped.
const DROPPED: u32 = 0xdead_c0de;

/// What a handle points to: the tag of `H`, the process, then the value.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Tagged<H: Opaque> {
    tag: AtomicU32,
    made: Generation,
    value: H::Target,
    _handle: PhantomData<fn() -> H>,
}

impl<H: Opaque> Tagged<H> {
    pub(crate) fn new(value: H::Target) -> Self {
        Tagged {
            tag: AtomicU32::new(H::TAG),
            made: Generation::current(),
            value,
            _handle: PhantomData,
        }
    }
}

impl<H: Opaque> Deref for Tagged<H> {
    type Target = H::Target;

    fn deref(&self) -> &H::Target {
        &self.value
    }
}

impl<H: Opaque> DerefMut for Tagged<H> {
    fn deref_mut(&mut self) -> &mut H::Target {
        &mut self.value
    }
}

impl<H: Opaque> Drop for Tagged<H> {
    fn drop(&mut self) {
        self.tag.store(DROPPED, Ordering::Release);
    }
}

thread_local! {
    /// The call that this thread is in was given a handle of the parent process's.
    static FOREIGN: Cell<bool> = const { Cell::new(false) };
}

/// Runs an exported function's body in a forked child; also says whether it was given a
/// handle that belongs to another process.
pub(crate) fn in_child<R>(body: impl FnOnce() -> R) -> (R, bool) {
    let outer = FOREIGN.replace(false);
    let result = body();
    (result, FOREIGN.replace(outer))
}

/// Whether a pointer can be followed, leads to an `H`, and may be used in this process.
fn is_good<H: Opaque>(handle: *const H) -> bool {
    if !is_tagged(handle) {
        return false;
    }
    if H::BOUND_TO_PROCESS && fork::is_child() {
        // SAFETY: the tag says what is there.
        let made = unsafe { (*handle.cast::<Tagged<H>>()).made };
        if !made.is_current() {
            FOREIGN.set(true);
            return false;
        }
    }
    true
}

/// Whether a pointer can be followed, and leads to an `H`.
fn is_tagged<H: Opaque>(handle: *const H) -> bool {
    let tag = handle.cast::<AtomicU32>();
    if tag.is_null() || !tag.is_aligned() {
        return false;
    }
    // SAFETY: not null and aligned. The C contract says it comes from this
    // library, where every object begins with its tag; what is left is the
    // application's use of freed memory, which the check is there to notice.
    unsafe { (*tag).load(Ordering::Acquire) == H::TAG }
}

/// Hands `value` to C, which owns it from then on.
pub(crate) fn give<H: Opaque<Ownership = Boxed>>(value: H::Target) -> *mut H {
    Box::into_raw(Box::new(Tagged::<H>::new(value))).cast()
}

/// Takes back what [`give`] handed out; `None` for null and for what is not an `H`.
///
/// # Safety
/// C gives up the pointer.
pub(crate) unsafe fn take<H: Opaque<Ownership = Boxed>>(handle: *mut H) -> Option<Box<Tagged<H>>> {
    // SAFETY: the tag says it is from `give`, and C gives it up.
    is_good(handle).then(|| unsafe { Box::from_raw(handle.cast::<Tagged<H>>()) })
}

/// Takes back and drops the objects of an array, which stays the application's.
///
/// # Safety
/// Null, or `count` pointers that C gives up; each may be null.
pub(crate) unsafe fn take_array<H: Opaque<Ownership = Boxed>>(array: *mut *mut H, count: usize) {
    if array.is_null() || count == 0 {
        return;
    }
    // SAFETY: the caller's promise.
    for handle in unsafe { std::slice::from_raw_parts(array, count) } {
        // SAFETY: as above.
        drop(unsafe { take(*handle) });
    }
}

/// Hands one reference to C.
pub(crate) fn give_shared<H: Opaque<Ownership = Shared>>(value: Arc<Tagged<H>>) -> *mut H {
    Arc::into_raw(value).cast_mut().cast()
}

/// Takes back one reference that [`give_shared`] handed out.
///
/// # Safety
/// C gives up one reference of the pointer.
pub(crate) unsafe fn take_shared<H: Opaque<Ownership = Shared>>(
    handle: *const H,
) -> Option<Arc<Tagged<H>>> {
    // SAFETY: the tag says it is from `give_shared`, and C gives up a reference.
    is_good(handle).then(|| unsafe { Arc::from_raw(handle.cast::<Tagged<H>>()) })
}

/// A pointer for C to something that stays owned here.
pub(crate) fn lend<H: Opaque>(value: &Tagged<H>) -> *const H {
    std::ptr::from_ref(value).cast()
}

/// What the handle points to; `None` for null and for what is not an `H`.
///
/// # Safety
/// C keeps the object alive for `'a` and changes it from no other thread meanwhile.
pub(crate) unsafe fn get<'a, H: Opaque>(handle: *const H) -> Option<&'a H::Target> {
    // SAFETY: the tag says what is there; the rest is the caller's.
    is_good(handle).then(|| unsafe { &(*handle.cast::<Tagged<H>>()).value })
}

/// As [`get`], in a forked child, too: for what is set when the object is made and never
/// changes.
///
/// # Safety
/// As for [`get`].
pub(crate) unsafe fn peek<'a, H: Opaque>(handle: *const H) -> Option<&'a H::Target> {
    // SAFETY: the tag says what is there; the rest is the caller's.
    is_tagged(handle).then(|| unsafe { &(*handle.cast::<Tagged<H>>()).value })
}

/// As [`get`], to change it.
///
/// # Safety
/// As for [`get`], and nobody else refers to the object.
pub(crate) unsafe fn get_mut<'a, H: Opaque<Ownership = Boxed>>(
    handle: *mut H,
) -> Option<&'a mut H::Target> {
    // SAFETY: the tag says what is there; the rest is the caller's.
    is_good(handle).then(|| unsafe { &mut (*handle.cast::<Tagged<H>>()).value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    struct Thing {
        _private: [u8; 0],
    }
    impl Opaque for Thing {
        type Target = String;
        type Ownership = Boxed;
        const TAG: u32 = 1;
    }

    #[repr(C)]
    struct Common {
        _private: [u8; 0],
    }
    impl Opaque for Common {
        type Target = Vec<i32>;
        type Ownership = Shared;
        const TAG: u32 = 2;
    }

    #[test]
    fn boxed_handles_go_out_and_come_back() {
        let handle = give::<Thing>("one".into());
        // SAFETY: the handle is alive until it is taken.
        unsafe {
            get_mut(handle).unwrap().push_str(" two");
            assert_eq!(get(handle).unwrap(), "one two");
            assert_eq!(**take(handle).unwrap(), "one two");
        }
    }

    #[test]
    fn shared_handles_count() {
        let ours = Arc::new(Tagged::<Common>::new(vec![1, 2]));
        let handle = give_shared(Arc::clone(&ours));
        // SAFETY: the handle holds a reference until it is taken.
        unsafe {
            assert_eq!(Arc::strong_count(&ours), 2);
            assert_eq!(get(handle).unwrap(), &[1, 2]);
            drop(take_shared(handle));
        }
        assert_eq!(Arc::strong_count(&ours), 1);
    }

    #[test]
    fn null_wrong_and_dropped_handles_are_noticed() {
        let thing = give::<Thing>("x".into());
        // SAFETY: reading through a live pointer of another type finds another tag.
        unsafe {
            assert!(get::<Thing>(std::ptr::null()).is_none());
            assert!(get::<Common>(thing.cast()).is_none());
            assert!(take::<Thing>(std::ptr::null_mut()).is_none());
        }
        let slot = std::mem::ManuallyDrop::new(Tagged::<Thing>::new(String::new()));
        let mut slot = slot;
        let lent = lend(&slot);
        // SAFETY: dropped once, and the memory itself stays until the end.
        unsafe {
            assert!(get(lent).is_some());
            std::mem::ManuallyDrop::drop(&mut slot);
            assert!(get(lent).is_none());
            drop(take(thing));
        }
    }
}
