//! The brokers that the client knows, each with its link.
//!
//! A bootstrap server becomes the broker it turns out to be: when metadata names
//! a broker at the same address, its link goes on under the broker's id.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::base::lock::{Mutex, RwLock};

use super::command::{MainCommand, MainSender};
use super::consumer::command::Command;
use super::link_user::{BrokerUser, Purge, UserCommand};
use super::settings;
use super::share::Sink;
use super::shared::ClientShared;
use super::types::{BrokerKey, ThreadKind};
use crate::base::conf::ClientKind;
use crate::base::thread::Counted;
use crate::broker::command::LinkCommand;
use crate::broker::config::LinkConfig;
use crate::broker::event_loop::{LoopWaker, ThreadHook};
use crate::broker::identity::Identity;
use crate::broker::{BrokerStats, Handle, LinkSettings, LoopPool, Request};
use crate::consumer::ConsumerShared;
use crate::consumer::fetcher::Fetcher;
use crate::consumer::room::Room;
use crate::consumer::share::fetcher::ShareFetcher;
use crate::metadata::BrokerInfo;
use crate::producer::partition::ready::{ReadyPartitions, WakeMode};
use crate::producer::sender;

/// What a broker's link is good for at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// No connection was tried yet, or none since the client ended the last one by its
    /// own decision.
    Untried,
    Up,
    Down,
}

pub struct Broker {
    pub key: BrokerKey,
    pub identity: Arc<RwLock<Identity>>,
    pub handle: Handle<BrokerUser>,
    /// The partitions led by this broker that have something to send.
    pub ready: Option<Arc<ReadyPartitions>>,
    pub stats: Arc<BrokerStats>,
    pub condition: Condition,
    /// Named in `bootstrap.servers`, or added by the application.
    pub configured: bool,
    /// Not to be asked about the cluster: see `bootstrap`.
    pub stale: bool,
}

impl Broker {
    pub fn node_id(&self) -> i32 {
        self.identity.read().node_id
    }

    pub fn name(&self) -> String {
        self.identity.read().name()
    }

    pub fn request(&self, request: Request) {
        self.handle.request(request);
    }

    pub fn connect(&self) {
        self.handle.send(LinkCommand::SkipBackoff);
        self.handle.send(LinkCommand::Connect);
    }
}

/// A broker for which no thread or descriptor could be had is started again then.
pub const START_AGAIN: Duration = Duration::from_secs(1);

/// Owned by the main thread.
pub struct Brokers {
    shared: Arc<ClientShared>,
    settings: Arc<LinkSettings>,
    main: MainSender,
    pool: LoopPool,
    list: Vec<Broker>,
    next_key: BrokerKey,
    /// Links that were told to stop and whose threads are to be waited for.
    stopping: Vec<Handle<BrokerUser>>,
    named: Vec<NamedLink>,
}

/// A link beside the brokers', which keeps its name wherever it leads.
pub struct NamedLink {
    pub key: BrokerKey,
    pub identity: Arc<RwLock<Identity>>,
    pub stats: Arc<BrokerStats>,
    handle: Handle<BrokerUser>,
}

impl Brokers {
    pub fn new(shared: Arc<ClientShared>, settings: Arc<LinkSettings>, main: MainSender) -> Self {
        Brokers {
            shared,
            settings,
            main,
            pool: LoopPool,
            list: Vec::new(),
            next_key: 1,
            stopping: Vec::new(),
            named: Vec::new(),
        }
    }

    pub fn named(&self) -> &[NamedLink] {
        &self.named
    }

    pub fn iter(&self) -> impl Iterator<Item = &Broker> {
        self.list.iter()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Broker> {
        self.list.iter_mut()
    }

    pub fn get(&self, key: BrokerKey) -> Option<&Broker> {
        self.list.iter().find(|b| b.key == key)
    }

    pub fn get_mut(&mut self, key: BrokerKey) -> Option<&mut Broker> {
        self.list.iter_mut().find(|b| b.key == key)
    }

    pub fn by_node(&self, node_id: i32) -> Option<&Broker> {
        self.list
            .iter()
            .find(|b| node_id >= 0 && b.node_id() == node_id)
    }

    /// A server to start from. Returns false if it is known already.
    pub fn add_bootstrap(&mut self, host: &str, port: u16) -> io::Result<bool> {
        let known = self.list.iter_mut().find(|b| {
            let id = b.identity.read();
            id.host == host && id.port == port
        });
        if let Some(broker) = known {
            broker.configured = true;
            broker.stale = false;
            return Ok(false);
        }
        self.add(host.to_string(), port, -1, true)?;
        Ok(true)
    }

    /// Takes over what metadata says. Brokers that are no longer there are stopped. False
    /// if one could not be added: to be told again after [`START_AGAIN`].
    pub fn update<'a>(&mut self, infos: impl Iterator<Item = &'a BrokerInfo> + Clone) -> bool {
        let mut complete = true;
        for info in infos.clone() {
            let Ok(port) = u16::try_from(info.port) else {
                continue;
            };
            let at_address = |b: &Broker, unnamed: bool| {
                let id = b.identity.read();
                id.host == info.host && id.port == port && (!unnamed || id.node_id < 0)
            };
            let found = self
                .list
                .iter()
                .position(|b| b.node_id() == info.id)
                .or_else(|| self.list.iter().position(|b| at_address(b, true)));
            match found.and_then(|at| self.list.get(at)) {
                Some(b) if b.node_id() == info.id && at_address(b, false) => {}
                Some(b) => {
                    // The identity changes at once, so that names are right in
                    // what follows; the link follows when it gets the command.
                    b.identity.write().node_id = info.id;
                    b.handle.send(LinkCommand::SetAddress {
                        host: info.host.clone(),
                        port,
                        node_id: info.id,
                    });
                }
                None => {
                    if let Err(e) = self.add(info.host.clone(), port, info.id, false) {
                        complete = false;
                        self.shared.logger.log(
                            crate::base::log::Level::Err,
                            "BROKER",
                            format_args!(
                                "{}:{port}/{}: no thread for this broker: {e}",
                                info.host, info.id
                            ),
                        );
                    }
                }
            }
        }
        let gone: Vec<BrokerKey> = self
            .list
            .iter()
            .filter(|b| {
                let id = b.node_id();
                id >= 0 && !infos.clone().any(|i| i.id == id)
            })
            .map(|b| b.key)
            .collect();
        for key in gone {
            self.remove(key);
        }
        complete
    }

    fn add(&mut self, host: String, port: u16, node_id: i32, configured: bool) -> io::Result<()> {
        let key = self.next_key;
        self.next_key += 1;
        let identity = Arc::new(RwLock::new(Identity {
            host,
            port,
            node_id,
            label: None,
        }));
        let stats = self.new_stats();
        let mut ready = None;
        let name = identity.read().name();
        let handle = {
            let producer = self.shared.producer.clone();
            let consumer = self.fetched();
            let share = self.share_fetcher(node_id);
            let main = self.main.clone();
            let (stats, counters) = (stats.clone(), stats.clone());
            let socket_loans = self.shared.socket_loans.clone();
            let ready = &mut ready;
            self.start(key, &name, identity.clone(), stats.clone(), move |waker| {
                let fetcher = consumer.map(|shared| {
                    let waker = waker.clone();
                    let room = Room::new(Arc::new(move || waker.wake()));
                    let on_ended = Arc::new(move |ended| {
                        main.send(MainCommand::Consumer(Command::FetchEnded(ended)));
                    });
                    Fetcher::new(shared, room, on_ended, node_id, counters)
                });
                let sender = producer.map(|shared| {
                    let list =
                        Arc::new(ReadyPartitions::new(Arc::new(
                            move |wake_mode| match wake_mode {
                                WakeMode::Loop => waker.wake(),
                                WakeMode::Inline => {
                                    if waker.run_inline()
                                        && let Some(loan) = waker.socket_loan()
                                    {
                                        socket_loans.prefer(loan);
                                    }
                                }
                            },
                        )));
                    *ready = Some(list.clone());
                    sender::Sender::new(shared, list, stats)
                });
                BrokerUser {
                    sender,
                    fetcher,
                    share,
                }
            })?
        };
        self.list.push(Broker {
            key,
            identity,
            handle,
            ready,
            stats,
            condition: Condition::Untried,
            configured,
            stale: false,
        });
        self.shared.broker_list.write().push((key, name));
        Ok(())
    }

    fn share_fetcher(&self, node_id: i32) -> Option<ShareFetcher> {
        let core = self.shared.share.as_ref()?.core.clone();
        let sink = Arc::new(Sink(self.main.clone()));
        Some(ShareFetcher::new(core, sink, node_id))
    }

    /// What is fetched without a share group.
    fn fetched(&self) -> Option<Arc<ConsumerShared>> {
        let fetches = self.shared.kind == ClientKind::Consumer;
        fetches.then(|| self.shared.consumer.core.clone())
    }

    fn new_stats(&self) -> Arc<BrokerStats> {
        let windows = settings::windows(&self.shared.conf);
        Arc::new(BrokerStats::new(windows, &self.shared.gate))
    }

    pub fn add_named(
        &mut self,
        name: &str,
        host: &str,
        port: u16,
        node_id: i32,
    ) -> io::Result<(BrokerKey, Handle<BrokerUser>)> {
        let key = self.next_key;
        self.next_key += 1;
        let identity = Arc::new(RwLock::new(Identity {
            host: host.to_string(),
            port,
            node_id,
            label: Some(name.into()),
        }));
        let stats = self.new_stats();
        let handle = self.start(key, name, identity.clone(), stats.clone(), |_| BrokerUser {
            sender: None,
            fetcher: None,
            share: None,
        })?;
        self.named.push(NamedLink {
            key,
            identity,
            stats,
            handle: handle.clone(),
        });
        Ok((key, handle))
    }

    fn start(
        &self,
        key: BrokerKey,
        name: &str,
        identity: Arc<RwLock<Identity>>,
        stats: Arc<BrokerStats>,
        user: impl FnOnce(LoopWaker) -> BrokerUser,
    ) -> io::Result<Handle<BrokerUser>> {
        let main = self.main.clone();
        let hooks = self.shared.hooks.clone();
        let sockets = hooks.sockets();
        let hook: ThreadHook = {
            let name = name.to_string();
            let counted = Mutex::new(Some(Counted::new()));
            Arc::new(move |start| {
                hooks.thread(start, ThreadKind::Broker, &name);
                if !start {
                    *counted.lock() = None;
                }
            })
        };
        self.pool.add(
            name.to_string(),
            hook,
            LinkConfig {
                settings: self.settings.clone(),
                identity,
                logger: self.shared.logger.clone(),
                connector: self.shared.security.connector.clone(),
                login: self.shared.security.sasl.as_ref().map(|s| s.login.clone()),
                hooks: sockets,
                observer: self.shared.hooks.link_observer(),
                stats,
                events: Box::new(move |event| main.send(MainCommand::Link { key, event })),
            },
            user,
        )
    }

    fn remove(&mut self, key: BrokerKey) {
        if let Some(at) = self.list.iter().position(|b| b.key == key) {
            let broker = self.list.remove(at);
            broker.handle.send(LinkCommand::Stop);
            self.stopping.push(broker.handle);
            self.shared.broker_list.write().retain(|(k, _)| *k != key);
        }
    }

    fn handles(&self) -> impl Iterator<Item = &Handle<BrokerUser>> {
        let brokers = self.list.iter().map(|b| &b.handle);
        brokers.chain(self.named.iter().map(|n| &n.handle))
    }

    /// What a login waits for may be there now.
    pub fn credentials_ready(&self) {
        for handle in self.handles() {
            handle.send(LinkCommand::CredentialsReady);
        }
    }

    /// A link whose login was refused tries the new ones at once.
    pub fn credentials_replaced(&self) {
        for handle in self.handles() {
            handle.send(LinkCommand::SkipBackoff);
        }
    }

    /// Each link drops its reference once it has purged.
    pub fn purge_in_flight(&self, purge: &Arc<Purge>) {
        for b in &self.list {
            b.handle
                .send(LinkCommand::User(UserCommand::PurgeInFlight(purge.clone())));
        }
    }

    /// Ends all links, and waits for their threads.
    pub fn stop_all(&mut self) {
        for b in self.list.drain(..) {
            b.handle.send(LinkCommand::Stop);
            self.stopping.push(b.handle);
        }
        for link in self.named.drain(..) {
            link.handle.send(LinkCommand::Stop);
            self.stopping.push(link.handle);
        }
        for handle in self.stopping.drain(..) {
            handle.join();
        }
    }
}
