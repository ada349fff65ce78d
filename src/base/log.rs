//! Log lines: what happened and what to do about it, to wherever the
//! application wants them.
//!
//! A line goes out if its level is enabled, or if it is a debug line of an
//! enabled context. The sink belongs to the client: it calls the application's
//! log callback, queues an event or writes to the standard logger.

use std::fmt::Arguments;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};

use crate::base::lock::RwLock;

use super::fork::Generation;

/// Syslog levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    Emerg = 0,
    Alert = 1,
    Crit = 2,
    Err = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
    Debug = 7,
}

pub use super::conf::debug;

/// The names of the contexts whose bits are set, with commas between them.
pub fn context_names(bits: u32) -> String {
    let names: Vec<&str> = debug::FLAGS
        .iter()
        .filter(|f| f.bits.is_power_of_two() && bits & f.bits != 0)
        .map(|f| f.name)
        .collect();
    names.join(",")
}

/// One line on its way out.
#[derive(Debug, Clone)]
pub struct Line {
    pub level: Level,
    /// The debug context bit, 0 for ordinary lines.
    pub context: u32,
    /// A short upper-case name of the kind of event, `CONFWARN` say.
    pub facility: &'static str,
    pub text: String,
}

pub trait LogSink: Send + Sync {
    fn write(&self, line: Line);
}

/// Shared by all threads of a client.
pub struct Logger {
    level: AtomicI32,
    contexts: AtomicU32,
    thread_names: AtomicBool,
    sink: RwLock<Option<Arc<dyn LogSink>>>,
    /// A forked child says nothing in its parent's name.
    made: Generation,
}

impl Logger {
    pub fn new(level: i32, contexts: u32, thread_names: bool) -> Self {
        Logger {
            level: AtomicI32::new(level),
            contexts: AtomicU32::new(contexts),
            thread_names: AtomicBool::new(thread_names),
            sink: RwLock::new(None),
            made: Generation::current(),
        }
    }

    pub fn set_sink(&self, sink: Option<Arc<dyn LogSink>>) {
        *self.sink.write() = sink;
    }

    pub fn set_level(&self, level: i32) {
        self.level.store(level, Ordering::Relaxed);
    }

    pub fn level(&self) -> i32 {
        self.level.load(Ordering::Relaxed)
    }

    pub fn contexts(&self) -> u32 {
        self.contexts.load(Ordering::Relaxed)
    }

    /// Whether a line of this level, or a debug line of this context, goes out.
    pub fn enabled(&self, level: Level, context: u32) -> bool {
        (context == 0 || self.contexts() & context != 0) && (level as i32) <= self.level()
    }

    pub fn log(&self, level: Level, facility: &'static str, text: Arguments<'_>) {
        if self.enabled(level, 0) {
            self.write(level, 0, facility, text);
        }
    }

    /// A line for those who debug `context`.
    pub fn debug(&self, context: u32, facility: &'static str, text: Arguments<'_>) {
        if self.enabled(Level::Debug, context) {
            self.write(Level::Debug, context, facility, text);
        }
    }

    fn write(&self, level: Level, context: u32, facility: &'static str, text: Arguments<'_>) {
        if !self.made.is_current() {
            return;
        }
        // The sink runs application code, so the lock is not held for it.
        let Some(sink) = self.sink.read().clone() else {
            return;
        };
        let text = if self.thread_names.load(Ordering::Relaxed) {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or("app");
            format!(
                "[thrd:{}]: {text}",
                name.strip_prefix("rdk:").unwrap_or("app")
            )
        } else {
            text.to_string()
        };
        sink.write(Line {
            level,
            context,
            facility,
            text,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::lock::Mutex;

    struct Kept(Mutex<Vec<Line>>);
    impl LogSink for Kept {
        fn write(&self, line: Line) {
            self.0.lock().push(line);
        }
    }

    #[test]
    fn level_and_context_decide() {
        let kept = Arc::new(Kept(Mutex::new(vec![])));
        let l = Logger::new(6, debug::BROKER, false);
        l.set_sink(Some(kept.clone()));
        l.log(Level::Info, "A", format_args!("shown"));
        l.debug(
            debug::BROKER,
            "B",
            format_args!("level 6 hides debug lines"),
        );
        l.set_level(7);
        l.debug(debug::TOPIC, "C", format_args!("another context"));
        l.debug(debug::BROKER, "D", format_args!("shown"));
        let names: Vec<_> = kept.0.lock().iter().map(|l| l.facility).collect();
        assert_eq!(names, ["A", "D"]);
    }
}
