//! The main thread: the control plane of a client.
//!
//! It owns the brokers' registry, the metadata and, for each feature, its state
//! machine. It has no sockets: it sleeps on its channel until the next deadline.
//! Bulk data never comes through here.

mod bootstrap;
mod connections;
mod metadata;
mod producer_id;
mod telemetry;
mod tokens;
mod topics;
mod transaction;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use self::bootstrap::Bootstrap;
use self::tokens::Refresher;
use super::brokers::Brokers;
use super::command::{MainCommand, MetadataFor};
use super::consumer::machine::Machine;
use super::context::MainContext;
use super::event::Event;
use super::fan_out::{FanOuts, PartSender};
use super::router::Router;
use super::settings;
use super::share::machine::Machine as ShareMachine;
use super::shared::ClientShared;
use super::stats;
use super::telemetry::Pusher;
use super::topic::Topic;
use super::types::{ThreadKind, events};
use crate::base::fork::Generation;
use crate::base::log::Level;
use crate::base::panic;
use crate::base::time::ms;
use crate::metadata::Manager;
use crate::producer::idempotence::acquire::Acquirer;
use crate::producer::sender;
use crate::producer::transaction::Transaction;

pub struct MainLoop {
    shared: Arc<ClientShared>,
    rx: Receiver<MainCommand>,
    router: Router,
    fan_outs: FanOuts,
    metadata: Manager,
    topics: Vec<Arc<Topic>>,
    /// Keeps the time of partitions without a leader; never sends.
    leaderless: Option<sender::Sender>,
    next_unassigned: Option<Instant>,
    all_down_told: bool,
    next_stats: Option<Instant>,
    bootstrap: Bootstrap,
    /// Of an idempotent producer without transactions.
    acquirer: Option<Acquirer>,
    /// Of a transactional producer.
    transaction: Option<Transaction>,
    /// The group whose offsets were last committed in a transaction, and the broker that
    /// took them.
    group_coordinator: Option<(Arc<str>, i32)>,
    /// Of a client with SASL/OAUTHBEARER.
    refresher: Option<Refresher>,
    /// Of a client that tells its metrics.
    telemetry: Option<Pusher>,
    consumer: Machine,
    /// Of a share consumer.
    share: Option<ShareMachine>,
    made: Generation,
}

impl MainLoop {
    pub fn new(shared: Arc<ClientShared>, rx: Receiver<MainCommand>) -> Self {
        let now = Instant::now();
        let link = Arc::new(settings::link(&shared.conf));
        let brokers = Brokers::new(shared.clone(), link, shared.main.clone());
        let leaderless = shared
            .producer
            .as_ref()
            .map(|p| sender::Sender::new(p.clone(), p.leaderless.clone(), Arc::default()));
        let stats = ms(shared.conf.global.statistics_interval_ms);
        MainLoop {
            router: Router::new(brokers, shared.main.clone()),
            fan_outs: FanOuts::default(),
            metadata: Manager::new(settings::metadata(&shared.conf), now),
            topics: Vec::new(),
            leaderless,
            next_unassigned: None,
            all_down_told: false,
            next_stats: (!stats.is_zero()).then(|| now + stats),
            bootstrap: Bootstrap::default(),
            acquirer: shared
                .producer
                .as_ref()
                .filter(|p| p.settings.idempotence && p.transaction.is_none())
                .map(|_| Acquirer::new(now)),
            transaction: shared
                .producer
                .as_ref()
                .and_then(|p| Transaction::new(p, settings::transaction(&shared.conf)?, now)),
            group_coordinator: None,
            refresher: Refresher::new(&shared, now),
            telemetry: Pusher::new(&shared),
            consumer: Machine::new(&shared, now),
            share: ShareMachine::new(&shared, now),
            made: Generation::current(),
            shared,
            rx,
        }
    }

    pub fn run(mut self) {
        self.shared.hooks.thread(true, ThreadKind::Main, "main");
        self.add_configured();
        let logger = self.shared.logger.clone();
        // A panic is an error of this library, and costs what was being done.
        while panic::catch(|| self.turn()).unwrap_or_else(|report| {
            let text = format_args!("An error inside librskafka: {report}; please report this");
            logger.log(Level::Crit, "PANIC", text);
            // One that comes again and again is not to take a whole core.
            std::thread::sleep(Duration::from_millis(100));
            true
        }) {
            if !self.made.is_current() {
                // A callback forked, and this is the child: all of this is the parent's.
                std::mem::forget(self);
                return;
            }
        }
        self.stop();
        self.shared.hooks.thread(false, ThreadKind::Main, "main");
    }

    /// What is due, then one command or what comes first. False: that was `Stop`.
    fn turn(&mut self) -> bool {
        self.on_time(Instant::now());
        if !self.made.is_current() {
            return true;
        }
        let command = match self.next_deadline() {
            Some(at) => {
                let wait = at.saturating_duration_since(Instant::now());
                match self.rx.recv_timeout(wait) {
                    Ok(c) => Some(c),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => Some(MainCommand::Stop),
                }
            }
            None => Some(self.rx.recv().unwrap_or(MainCommand::Stop)),
        };
        match command {
            Some(MainCommand::Stop) => return false,
            Some(c) => self.on_command(Instant::now(), c),
            None => {}
        }
        true
    }

    fn stop(&mut self) {
        self.with_consumer(Instant::now(), |machine, cx| machine.stop(cx));
        if let Some(refresher) = &mut self.refresher {
            refresher.stop();
        }
        self.router.stop();
        self.bootstrap.stop();
        self.fail_all(Instant::now());
    }

    fn next_deadline(&self) -> Option<Instant> {
        let leaderless = self
            .leaderless
            .as_ref()
            .and_then(|o| o.next_deadline(false));
        [
            self.metadata
                .next_deadline()
                .filter(|_| !self.router.brokers.is_empty() && !self.router.metadata_waits()),
            self.router.next_deadline(),
            self.fan_outs.next_deadline(),
            leaderless,
            self.next_unassigned,
            self.next_stats,
            self.bootstrap.next_deadline(),
            self.acquirer.as_ref().and_then(Acquirer::next_deadline),
            self.transaction
                .as_ref()
                .and_then(Transaction::next_deadline),
            self.refresher.as_ref().and_then(Refresher::next_deadline),
            self.telemetry.as_ref().and_then(Pusher::next_deadline),
            self.consumer.next_deadline(),
            self.share.as_ref().and_then(ShareMachine::next_deadline),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn on_time(&mut self, now: Instant) {
        self.router.on_time(now, self.metadata.cache());
        self.metadata_on_time(now);
        let Router {
            brokers,
            coordinators,
            ..
        } = &mut self.router;
        coordinators.on_time(now, brokers, &self.shared.logger);
        self.fan_outs.on_time(now);
        self.with_consumer(now, Machine::on_time);
        self.with_share(now, ShareMachine::on_time);
        if let Some(leaderless) = &mut self.leaderless {
            leaderless.collect(now);
            leaderless.poll_down(now);
        }
        if self.next_unassigned.is_some_and(|at| at <= now) {
            self.expire_unassigned(now);
        }
        if self.next_stats.is_some_and(|at| at <= now) {
            let interval = ms(self.shared.conf.global.statistics_interval_ms);
            self.next_stats = Some(now + interval);
            self.emit_stats(now);
        }
        self.bootstrap_on_time(now);
        self.acquire_on_time(now);
        self.transaction_on_time(now);
        self.tokens_on_time(now);
        self.telemetry_on_time(now);
    }

    /// For what does not belong to a machine of its own.
    fn context(&mut self, now: Instant) -> MainContext<'_> {
        MainContext {
            now,
            shared: &self.shared,
            router: &mut self.router,
            metadata: &mut self.metadata,
        }
    }

    /// Lets the consumer's machine work with what is the main loop's.
    fn with_consumer<R>(
        &mut self,
        now: Instant,
        work: impl FnOnce(&mut Machine, &mut MainContext<'_>) -> R,
    ) -> R {
        let mut cx = MainContext {
            now,
            shared: &self.shared,
            router: &mut self.router,
            metadata: &mut self.metadata,
        };
        work(&mut self.consumer, &mut cx)
    }

    /// The same for the share consumer's machine, if there is one.
    fn with_share(
        &mut self,
        now: Instant,
        work: impl FnOnce(&mut ShareMachine, &mut MainContext<'_>),
    ) {
        if let Some(machine) = &mut self.share {
            let mut cx = MainContext {
                now,
                shared: &self.shared,
                router: &mut self.router,
                metadata: &mut self.metadata,
            };
            work(machine, &mut cx);
        }
    }

    /// Lets the fan-outs send what they want to.
    fn with_fan_outs(
        &mut self,
        now: Instant,
        work: impl FnOnce(&mut FanOuts, &mut PartSender<'_>),
    ) {
        let mut sender = PartSender {
            now,
            main: &self.shared.main,
            router: &mut self.router,
            cluster: self.metadata.cache(),
        };
        work(&mut self.fan_outs, &mut sender);
    }

    fn on_command(&mut self, now: Instant, command: MainCommand) {
        match command {
            MainCommand::Link { key, event } => self.on_link(now, key, event),
            MainCommand::Metadata {
                what,
                deadline,
                create,
                reply,
            } => {
                let asked = MetadataFor::Application { reply, create };
                self.ask_metadata(now, what, deadline, asked);
            }
            MainCommand::MetadataAnswer {
                what,
                asked,
                result,
            } => self.on_metadata(now, &what, asked, result),
            MainCommand::StaleMetadata { topic, why, leader } => {
                self.on_stale(now, &topic, why, leader.as_ref());
            }
            MainCommand::TopicRefused { topic, why } => self.on_refused(now, &topic, why),
            MainCommand::TopicAdded(topic) => self.add_topic(now, topic),
            MainCommand::AddBrokers { list, reply } => self.add_for_application(now, list, &reply),
            MainCommand::Canonical { host, port } => {
                self.add_server(&host, port);
                self.router.connect_for_waiting();
            }
            MainCommand::Attempted { request, result } => {
                let metadata = &mut self.metadata;
                self.router.on_attempted(now, metadata, request, result);
            }
            MainCommand::CoordinatorFound { request, result } => {
                self.router.on_coordinator_found(request, result);
            }
            MainCommand::FanOut { question, deadline } => {
                self.with_fan_outs(now, |all, out| all.start(out, question, deadline));
            }
            MainCommand::FanOutResponse {
                fan_out,
                part,
                result,
            } => {
                self.learn_from(now, &result);
                self.with_fan_outs(now, |all, out| all.on_response(out, fan_out, part, result));
            }
            MainCommand::Consumer(c) => self.with_consumer(now, |m, cx| m.on_command(cx, c)),
            MainCommand::Share(c) => self.with_share(now, |m, cx| m.on_command(cx, c)),
            MainCommand::ProducerId { result } => self.on_producer_id(now, result),
            MainCommand::ProducerIdSpent(spent) => self.on_spent(now, spent),
            MainCommand::Transaction(event) => self.tell_transaction(now, event),
            MainCommand::TransactionOffsets(group, token, result) => {
                self.on_transaction_offsets(now, group, token, result);
            }
            MainCommand::CredentialsReady => self.router.brokers.credentials_ready(),
            MainCommand::CredentialsReplaced => self.router.brokers.credentials_replaced(),
            MainCommand::Token(news) => self.on_token_news(now, news),
            MainCommand::Statistics(reply) => {
                reply.answer(self.statistics(now, stats::Windows::Ever));
            }
            MainCommand::Telemetry(command) => self.on_telemetry(now, command),
            MainCommand::Leaderless => self.expire_unassigned(now),
            MainCommand::Purge {
                queued,
                in_flight,
                done,
            } => self.purge(queued, in_flight, done),
            MainCommand::Stop => {}
        }
    }

    fn emit_stats(&mut self, now: Instant) {
        let shared = &self.shared;
        if shared.conf.global.stats_cb == 0 && !shared.wants_event(events::STATS) {
            return;
        }
        let json = self.statistics(now, stats::Windows::SinceTheLast);
        shared.main_queue.push(Event::Stats(json));
    }

    fn statistics(&self, now: Instant, windows: stats::Windows) -> String {
        let sources = stats::Sources {
            shared: &self.shared,
            brokers: &self.router.brokers,
            topics: &self.topics,
            metadata: self.metadata.cache(),
            consumer: &self.consumer,
            acquirer: self.acquirer.as_ref(),
            transaction: self.transaction.as_ref(),
            windows,
        };
        sources.json(now)
    }
}
