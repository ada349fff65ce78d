//! Panics as values.
//!
//! The library never lets a panic leave a thread or cross into C, and nothing
//! of it goes to the application's stderr through the standard hook: whoever
//! catches one gets a [`PanicReport`] and logs it as the library logs.
//!
//! The standard library is private to the shared object, so the hook sees this
//! library's panics only. Where it is linked into a Rust program, panics outside
//! [`catch`] go to the hook that was there before.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What is known about a panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanicReport {
    pub message: String,
    /// `file:line:column`, if the hook saw it.
    pub location: Option<String>,
}

impl fmt::Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(at) => write!(f, "panicked at {at}: {}", self.message),
            None => write!(f, "panicked: {}", self.message),
        }
    }
}

/// Runs `f`; a panic in it is caught, kept quiet and returned.
///
/// The caller must treat what `f` worked on as broken, or be sure that it cannot be.
pub fn catch<R>(f: impl FnOnce() -> R) -> Result<R, PanicReport> {
    install_hook();
    let _inside = Inside::enter();
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| PanicReport {
        message: message_of(payload.as_ref()),
        location: LOCATION.with_borrow_mut(Option::take),
    })
}

/// Counts the [`catch`] calls that the thread is in.
struct Inside;

impl Inside {
    fn enter() -> Self {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // A thread that is being torn down has no thread-locals any more.
            if DEPTH.try_with(Cell::get).unwrap_or(0) > 0 {
                note_location(info);
            } else {
                previous(info);
            }
        }));
    });
}

fn note_location(info: &PanicHookInfo<'_>) {
    let at = info.location().map(|at| at.to_string());
    // Nothing is lost but the location if the slot is busy or gone.
    let _ = LOCATION.try_with(|slot| slot.try_borrow_mut().map(|mut slot| *slot = at));
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "(no text)".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_report_with_its_place() {
        let report = catch::<()>(|| panic!("broken {}", 7)).unwrap_err();
        assert_eq!(report.message, "broken 7");
        assert!(report.location.unwrap().contains("panic.rs:"));
        assert_eq!(catch(|| 3), Ok(3));
    }

    #[test]
    fn nesting_keeps_count() {
        let outer = catch::<()>(|| {
            let inner = catch::<()>(|| panic!("inner")).unwrap_err();
            assert_eq!(inner.message, "inner");
            panic!("outer");
        });
        assert_eq!(outer.unwrap_err().message, "outer");
        assert_eq!(DEPTH.with(Cell::get), 0);
    }
}
