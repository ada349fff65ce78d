//! The brokers: who is listed, where they say they listen, what is injected for them.

use super::errors::ErrorStacks;

#[derive(Debug)]
pub struct Broker {
    pub id: i32,
    /// What Metadata and FindCoordinator tell; may differ from where it listens.
    pub host: String,
    pub port: i32,
    pub rack: Option<String>,
    pub up: bool,
    pub in_metadata: bool,
    pub rtt_ms: u32,
    pub errors: ErrorStacks,
}

impl Broker {
    pub fn new(id: i32, host: String, port: i32) -> Broker {
        Broker {
            id,
            host,
            port,
            rack: None,
            up: true,
            in_metadata: true,
            rtt_ms: 0,
            errors: ErrorStacks::default(),
        }
    }

    /// Whether Metadata lists it.
    pub fn is_listed(&self) -> bool {
        self.up && self.in_metadata
    }
}
