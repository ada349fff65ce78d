//! The servers to start from, and starting from them again (KIP-899, KIP-1102).
//!
//! ```text
//!            all brokers are down ──► after reconnect.backoff.max.ms ─┐
//!  the manager asks, nobody answers ──► after ...rebootstrap.trigger.ms ├──► rebootstrap
//!          REBOOTSTRAP_REQUIRED ──────────────────────────────────────┘
//! ```
//!
//! To start again is to make the configured servers brokers of the registry again,
//! and to ask them: what was learned otherwise is stale until some broker has told
//! metadata, or until all configured servers are found to be down.
//!
//! With `client.dns.lookup=resolve_canonical_bootstrap_servers_only` the servers are
//! the canonical names of the configured ones' addresses; a thread looks them up.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::MainLoop;
use crate::base::conf::{Conf, DnsLookup, MetadataRecovery};
use crate::base::log::{Level, debug};
use crate::base::thread;
use crate::base::time::ms;
use crate::client::brokers::START_AGAIN;
use crate::client::command::MainCommand;
use crate::client::settings;

#[derive(Default)]
pub struct Bootstrap {
    /// Lists that the application added.
    added: Vec<String>,
    /// When all brokers have been down for long enough.
    all_down: Option<Instant>,
    /// When the manager has waited for metadata for long enough.
    unanswered: Option<Instant>,
    /// When to start those again that the system had no thread or descriptor for.
    start_again: Option<Instant>,
    /// Threads that look up names with the application's function.
    resolvers: Vec<JoinHandle<()>>,
}

impl Bootstrap {
    pub fn added(&mut self, list: String) {
        if !self.added.contains(&list) {
            self.added.push(list);
        }
    }

    pub fn all_are_down(&mut self, now: Instant, conf: &Conf) {
        self.all_down = Some(now + ms(conf.global.reconnect_backoff_max_ms));
    }

    pub fn some_broker_is_up(&mut self) {
        self.all_down = None;
    }

    /// The manager's request goes out: the first one since somebody answered counts.
    pub fn asked(&mut self, now: Instant, conf: &Conf) {
        let c = &conf.global;
        let patience = ms(c.metadata_recovery_rebootstrap_trigger_ms);
        if is_wanted(conf) && self.unanswered.is_none() {
            self.unanswered = Some(now + patience.max(Duration::from_millis(1)));
        }
    }

    /// A broker could not be started.
    pub fn not_started(&mut self) {
        self.start_again
            .get_or_insert_with(|| Instant::now() + START_AGAIN);
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        [self.all_down, self.unanswered, self.start_again]
            .into_iter()
            .flatten()
            .min()
    }

    /// Waits for threads that run code of the application.
    pub fn stop(&mut self) {
        for thread in self.resolvers.drain(..) {
            // The function's panics, if it could have any, are not ours.
            let _ = thread.join();
        }
    }
}

fn is_wanted(conf: &Conf) -> bool {
    conf.global.metadata_recovery_strategy == MetadataRecovery::Rebootstrap
}

impl MainLoop {
    pub(super) fn add_configured(&mut self) {
        let c = &self.shared.conf.global;
        let canonical = c.client_dns_lookup == DnsLookup::ResolveCanonicalBootstrapServersOnly;
        let Some(list) = c.metadata_broker_list.clone() else {
            return;
        };
        if canonical {
            self.look_up_canonical(&list);
        } else {
            self.add_brokers(&list);
        }
    }

    /// Servers that the application adds.
    pub(super) fn add_for_application(&mut self, now: Instant, list: String, reply: &Sender<i32>) {
        let added = self.add_brokers(&list);
        self.bootstrap.added(list);
        self.metadata.refresh_soon(now);
        self.router.connect_for_waiting();
        // The caller may have stopped waiting.
        let _ = reply.send(added);
    }

    pub(super) fn add_brokers(&mut self, list: &str) -> i32 {
        let mut added = 0;
        for (host, port) in self.addresses(list) {
            added += i32::from(self.add_server(&host, port));
        }
        added
    }

    fn addresses(&self, list: &str) -> Vec<(String, u16)> {
        let mut good = Vec::new();
        for address in settings::bootstrap(list) {
            match address {
                Ok(address) => good.push(address),
                Err(text) => self.shared.logger.log(
                    Level::Err,
                    "BROKER",
                    format_args!("\"{text}\" in bootstrap.servers is not host:port"),
                ),
            }
        }
        good
    }

    pub(super) fn add_server(&mut self, host: &str, port: u16) -> bool {
        match self.router.brokers.add_bootstrap(host, port) {
            Ok(_) => true,
            Err(e) => {
                self.shared.logger.log(
                    Level::Err,
                    "BROKER",
                    format_args!("{host}:{port}: no thread for this broker: {e}"),
                );
                self.bootstrap.not_started();
                false
            }
        }
    }

    /// Names take long to look up, and nothing can interrupt that.
    fn look_up_canonical(&mut self, list: &str) {
        let hooks = self.shared.hooks.sockets();
        let servers = self.addresses(list);
        let family = settings::family(&self.shared.conf);
        let foreign = hooks.resolves_itself();
        let (main, logger) = (self.shared.main.clone(), self.shared.logger.clone());
        let look_up = move || {
            for (name, port) in servers {
                match hooks.resolve(&name, port, family) {
                    Ok(addresses) => {
                        for host in addresses.iter().map(|a| hooks.canonical(a)) {
                            logger.debug(
                                debug::BROKER,
                                "INIT",
                                format_args!("{name} stands for {host}"),
                            );
                            main.send(MainCommand::Canonical { host, port });
                        }
                    }
                    Err(e) => {
                        let text = format_args!("Failed to resolve '{name}': {e}");
                        logger.log(Level::Warning, "BROKER", text);
                    }
                }
            }
        };
        match thread::spawn("rdk:resolver", look_up) {
            Ok(thread) if foreign => {
                self.bootstrap.resolvers.retain(|t| !t.is_finished());
                self.bootstrap.resolvers.push(thread);
            }
            Ok(_) => {}
            Err(e) => {
                let text = format_args!("No thread to look up {list}: {e}");
                self.shared.logger.log(Level::Err, "BROKER", text);
                self.bootstrap.not_started();
            }
        }
    }

    pub(super) fn bootstrap_on_time(&mut self, now: Instant) {
        let b = &mut self.bootstrap;
        if b.all_down.is_some_and(|at| at <= now) {
            b.all_down = None;
            self.rebootstrap(now);
        }
        let b = &mut self.bootstrap;
        if b.unanswered.is_some_and(|at| at <= now) {
            b.unanswered = None;
            self.rebootstrap(now);
            self.metadata.ask_again(now);
        }
        let b = &mut self.bootstrap;
        if b.start_again.is_some_and(|at| at <= now) {
            b.start_again = None;
            self.add_all_configured();
            self.router.connect_for_waiting();
            // The answer names the others.
            self.metadata.refresh_soon(now);
        }
    }

    fn add_all_configured(&mut self) {
        self.add_configured();
        for list in self.bootstrap.added.clone() {
            self.add_brokers(&list);
        }
    }

    pub(super) fn rebootstrap(&mut self, now: Instant) {
        if !is_wanted(&self.shared.conf) {
            return;
        }
        self.shared.logger.debug(
            debug::METADATA,
            "REBOOTSTRAP",
            format_args!("Starting again from the configured servers"),
        );
        for broker in self.router.brokers.iter_mut() {
            broker.stale = !broker.configured;
        }
        self.add_all_configured();
        self.router.use_stale_if_needed();
        self.router.connect_for_waiting();
        self.metadata.refresh_soon(now);
    }

    /// Some broker has told metadata.
    pub(super) fn metadata_came(&mut self) {
        self.bootstrap.unanswered = None;
        self.router.clear_stale();
    }
}
