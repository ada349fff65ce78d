//! What a link's state is called, and telling it to the statistics, the debug log and
//! whoever observes the link.
//!
//! The names are librdkafka's. Without a connection a link is INIT while nobody needs
//! one, and TRY_CONNECT from when somebody does until the attempt begins. DOWN is what
//! it passes through when a connection, or an attempt, has ended.

use std::sync::atomic::Ordering;

use super::config::LinkConfig;
use super::stats::StateName;
use crate::base::log::debug;
use crate::base::time::wall_us;

#[derive(Debug)]
pub struct Shown {
    name: StateName,
}

impl Shown {
    pub fn new(config: &LinkConfig) -> Self {
        let stats = &config.stats;
        stats.state_since_us.store(wall_us(), Ordering::Relaxed);
        if let Some(watch) = config.watch() {
            watch.state_changed(StateName::Init);
        }
        Shown {
            name: StateName::Init,
        }
    }

    pub fn name(&self) -> StateName {
        self.name
    }

    /// There is a connection, or an attempt to make one.
    fn is_connection(&self) -> bool {
        match self.name {
            StateName::Init | StateName::Down | StateName::TryConnect => false,
            StateName::Connect
            | StateName::SslHandshake
            | StateName::ApiVersionQuery
            | StateName::AuthHandshake
            | StateName::AuthReq
            | StateName::AuthLegacy
            | StateName::Up
            | StateName::Reauth => true,
        }
    }

    /// There is no connection now; `needed`, but there should be one. False if nothing
    /// has changed.
    pub fn unconnected(&mut self, config: &LinkConfig, needed: bool) -> bool {
        let ended = self.is_connection();
        if ended {
            self.change(config, StateName::Down);
            self.change(config, StateName::Init);
        }
        ended | (needed && self.change(config, StateName::TryConnect))
    }

    pub fn change(&mut self, config: &LinkConfig, name: StateName) -> bool {
        if self.name == name {
            return false;
        }
        let before = std::mem::replace(&mut self.name, name);
        let stats = &config.stats;
        stats.state.store(name as i32, Ordering::Relaxed);
        stats.state_since_us.store(wall_us(), Ordering::Relaxed);
        config.logger.debug(
            debug::BROKER,
            "STATE",
            format_args!(
                "{}: Broker changed state {} -> {}",
                config.identity.read().name(),
                before.text(),
                name.text()
            ),
        );
        if let Some(watch) = config.watch() {
            watch.state_changed(name);
        }
        true
    }
}
