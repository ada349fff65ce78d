//! Injected request errors: for each API a queue, one entry for one request.

use std::collections::{HashMap, VecDeque};

/// librdkafka's local code that, injected, closes the connection instead.
pub const TRANSPORT: i32 = -195;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Injected {
    pub code: i32,
    pub rtt_ms: u32,
}

#[derive(Debug, Default)]
pub struct ErrorStacks {
    by_api: HashMap<i16, VecDeque<Injected>>,
}

impl ErrorStacks {
    pub fn push(&mut self, api: i16, errors: impl IntoIterator<Item = Injected>) {
        self.by_api.entry(api).or_default().extend(errors);
    }

    pub fn next(&mut self, api: i16) -> Option<Injected> {
        self.by_api.get_mut(&api)?.pop_front()
    }

    pub fn clear(&mut self, api: i16) {
        self.by_api.remove(&api);
    }

    pub fn count(&self, api: i16) -> usize {
        self.by_api.get(&api).map_or(0, VecDeque::len)
    }
}
