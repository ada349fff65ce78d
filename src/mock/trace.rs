//! What the cluster tells of itself with `debug=mock`, in the log of the client that it
//! was made with.

use crate::base::log::{Logger, debug};
use std::fmt::Arguments;
use std::sync::Arc;

/// Without a log by default.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Logger>>);

impl Trace {
    pub fn to(log: Option<Arc<Logger>>) -> Trace {
        Trace(log)
    }

    pub fn line(&self, text: Arguments<'_>) {
        if let Some(log) = &self.0 {
            log.debug(debug::MOCK, "MOCK", text);
        }
    }
}
