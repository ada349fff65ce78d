//! The share consumer on the main thread: carries out what the membership wants, tells the
//! leaders' loops what to fetch, and sends each acknowledgement where its records came from.

mod commits;
mod group;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::ShareConsumer;
use super::command::Command;
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::base::time::ms;
use crate::broker::LinkEvent;
use crate::broker::command::LinkCommand;
use crate::client::context::MainContext;
use crate::client::event::Event;
use crate::client::link_user::UserCommand;
use crate::client::settings;
use crate::client::shared::ClientShared;
use crate::client::types::{BrokerKey, ConsumerError};
use crate::consumer::TopicHandle;
use crate::consumer::share::fetcher::Command as LoopCommand;
use crate::consumer::share::{Job, Key, News, Partition, PartitionAcks};
use crate::coordinator;
use crate::group::share::{Event as GroupEvent, ShareGroup, TopicPartitions};
use commits::Commits;

pub struct Machine {
    consumer: Arc<ShareConsumer>,
    group: ShareGroup,
    names: Vec<Arc<str>>,
    assigned: BTreeMap<Key, Place>,
    /// The application waits for records.
    wants_records: bool,
    commits: Commits,
    closing: Closing,
    last_close: u64,
    /// What the application was told of topics.
    errors: HashMap<Arc<str>, ErrorCode>,
}

/// Where an assigned partition is fetched.
#[derive(Default)]
struct Place {
    /// Once its topic is known.
    partition: Option<Arc<Partition>>,
    link: Option<BrokerKey>,
}

enum Closing {
    No,
    /// These sessions are being ended.
    Sessions {
        open: HashSet<u64>,
        until: Instant,
    },
    /// The group is being left.
    Group,
    Done,
}

impl Machine {
    pub fn new(shared: &Arc<ClientShared>, now: Instant) -> Option<Self> {
        let consumer = shared.share.clone()?;
        let member_id = consumer.core.settings.member_id.clone();
        let settings = settings::share_group(&shared.conf, member_id);
        Some(Machine {
            group: ShareGroup::new(now, settings),
            consumer,
            names: Vec::new(),
            assigned: BTreeMap::new(),
            wants_records: false,
            commits: Commits::default(),
            closing: Closing::No,
            last_close: 0,
            errors: HashMap::new(),
        })
    }

    pub fn group(&self) -> &ShareGroup {
        &self.group
    }

    pub fn assigned(&self) -> usize {
        self.assigned.len()
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let sessions = match &self.closing {
            Closing::Sessions { until, .. } => Some(*until),
            _ => None,
        };
        [
            self.group.next_deadline(),
            self.commits.next_deadline(),
            sessions,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub fn on_time(&mut self, cx: &mut MainContext<'_>) {
        self.commits.on_time(cx.now);
        if self.group.next_deadline().is_some_and(|at| at <= cx.now) {
            self.tell_group(cx, GroupEvent::Tick);
        }
        if matches!(&self.closing, Closing::Sessions { until, .. } if *until <= cx.now) {
            self.leave(cx);
        }
    }

    pub fn on_command(&mut self, cx: &mut MainContext<'_>, command: Command) {
        match command {
            Command::Subscribe(names) => self.subscribe(cx, names),
            Command::Poll { acks, fetch } => {
                self.wants_records |= fetch;
                self.send_acks(cx, acks, None, fetch);
            }
            Command::Commit {
                acks,
                deadline,
                reply,
            } => {
                let id = self.commits.begin(&acks, deadline, reply);
                self.send_acks(cx, acks, Some(id), false);
                self.commits.sent(id);
            }
            Command::Polled => self.tell_group(cx, GroupEvent::Tick),
            Command::Close(acks) => self.close(cx, acks),
            Command::News(news) => self.on_news(cx, news),
            Command::Fetched(fetched) => {
                self.consumer.queue.push(Event::ShareFetched(fetched));
            }
            Command::Group { token, result } => {
                self.tell_group(cx, GroupEvent::Response { token, result });
            }
            Command::Coordinator(result) => {
                let event = coordinator::Event::Answer(result);
                self.tell_group(cx, GroupEvent::Coordinator(event));
            }
        }
    }

    fn subscribe(&mut self, cx: &mut MainContext<'_>, names: Vec<Arc<str>>) {
        self.errors.clear();
        for name in &names {
            cx.metadata.track(name, cx.now);
        }
        self.names.clone_from(&names);
        self.tell_group(cx, GroupEvent::Subscribe(names));
    }

    fn on_news(&mut self, cx: &mut MainContext<'_>, news: News) {
        match news {
            News::Acknowledged(outcome) => self.report(cx, outcome.results, outcome.commit),
            News::Fetched => self.wants_records = false,
            News::Error { code, text, topic } => self.error(code, text, Some(topic)),
            News::Closed(number) => {
                if let Closing::Sessions { open, .. } = &mut self.closing {
                    open.remove(&number);
                    if open.is_empty() {
                        self.leave(cx);
                    }
                }
            }
        }
    }

    /// For the application's poll.
    fn error(&self, code: ErrorCode, text: String, topic: Option<Arc<str>>) {
        let error = ConsumerError { code, text, topic };
        let event = Event::ConsumerError(Box::new(error));
        self.consumer.queue.push(event);
    }

    // --- the assignment, and its leaders

    fn assign(&mut self, cx: &mut MainContext<'_>, list: Vec<TopicPartitions>) {
        let new: HashSet<Key> = list
            .iter()
            .flat_map(|t| t.partitions.iter().map(|id| (t.topic, *id)))
            .collect();
        let text = format_args!("{} partition(s) are assigned", new.len());
        cx.shared.logger.debug(debug::CGRP, "ASSIGNMENT", text);
        let gone: Vec<Key> = self
            .assigned
            .keys()
            .filter(|key| !new.contains(key))
            .copied()
            .collect();
        for key in gone {
            if let Some(place) = self.assigned.remove(&key) {
                forget(cx, key, &place);
            }
        }
        for key in new {
            self.assigned.entry(key).or_default();
        }
        if !self.place_all(cx) {
            // The topic may have been made anew.
            cx.metadata.refresh_soon(cx.now);
        }
    }

    /// Sees to it that each partition is fetched where its leader is; false if there are some
    /// whose topic is not known.
    fn place_all(&mut self, cx: &mut MainContext<'_>) -> bool {
        if !matches!(self.closing, Closing::No) {
            return true;
        }
        let mut all_known = true;
        let mut changed = HashSet::new();
        let cache = cx.metadata.cache();
        let known: HashMap<_, _> = self
            .names
            .iter()
            .filter_map(|name| cache.topic(name))
            .map(|info| (info.id, info.clone()))
            .collect();
        for (key, place) in &mut self.assigned {
            let Some(info) = known.get(&key.0) else {
                all_known &= place.partition.is_some();
                continue;
            };
            let leader = info.partition(key.1).map_or(-1, |p| p.leader);
            let link = cx.router.brokers.by_node(leader).map(|b| b.key);
            let name = &info.name;
            let partition = place
                .partition
                .get_or_insert_with(|| partition_of(cx, name, *key))
                .clone();
            if link == place.link {
                continue;
            }
            forget(cx, *key, place);
            place.link = link;
            if let Some(link) = link {
                tell(cx, link, LoopCommand::Add(partition));
                changed.insert(link);
            }
        }
        let known = self.assigned.values().filter_map(|p| p.partition.clone());
        *self.consumer.assignment.lock() = known.collect();
        let links: HashSet<_> = self.assigned.values().filter_map(|p| p.link).collect();
        self.consumer.core.pace.set_leaders(links.len());
        // All of a broker's new partitions go into one request.
        for link in changed.into_iter().filter(|_| self.wants_records) {
            tell(cx, link, LoopCommand::Fetch(None));
        }
        all_known
    }

    /// Metadata has come in.
    pub fn on_snapshot(&mut self, cx: &mut MainContext<'_>, seen: &[(Arc<str>, ErrorCode)]) {
        for (name, code) in seen {
            if !self.names.contains(name) {
                continue;
            }
            let told = match code.is_ok() {
                true => self.errors.remove(name),
                false => self.errors.insert(name.clone(), *code),
            };
            let is_for_application = matches!(
                *code,
                ErrorCode::TOPIC_EXCEPTION | ErrorCode::TOPIC_AUTHORIZATION_FAILED
            );
            if is_for_application && told != Some(*code) {
                let text = format!("Subscribed topic not available: {name}: {code}");
                self.error(*code, text, Some(name.clone()));
            }
        }
        self.place_all(cx);
    }

    /// A broker's connection came up or went down.
    pub fn on_link(&mut self, cx: &mut MainContext<'_>, event: &LinkEvent) {
        if let LinkEvent::Up { .. } = event {
            let event = coordinator::Event::BrokerUp;
            self.tell_group(cx, GroupEvent::Coordinator(event));
        }
    }

    pub fn on_coordinator(&mut self, cx: &mut MainContext<'_>, event: coordinator::Event) {
        self.tell_group(cx, GroupEvent::Coordinator(event));
    }

    // --- closing

    fn close(&mut self, cx: &mut MainContext<'_>, acks: Vec<PartitionAcks>) {
        if !matches!(self.closing, Closing::No) {
            return;
        }
        let (mut jobs, lost) = self.by_link(cx, acks);
        let patience = ms(cx.shared.conf.global.socket_timeout_ms);
        let mut open = HashSet::new();
        for broker in cx.router.brokers.iter() {
            self.last_close += 1;
            open.insert(self.last_close);
            let acks = jobs.remove(&broker.key).unwrap_or_default();
            let job = Job { acks, commit: None };
            let command = LoopCommand::Close(job, self.last_close);
            broker
                .handle
                .send(LinkCommand::User(UserCommand::Share(command)));
        }
        self.report(cx, lost, None);
        let is_done = open.is_empty();
        let until = cx.now + patience;
        self.closing = Closing::Sessions { open, until };
        if is_done {
            self.leave(cx);
        }
    }

    fn leave(&mut self, cx: &mut MainContext<'_>) {
        self.closing = Closing::Group;
        self.tell_group(cx, GroupEvent::Close);
    }

    fn closed(&mut self, cx: &MainContext<'_>) {
        self.closing = Closing::Done;
        self.commits.end_all();
        self.consumer
            .closed
            .store(true, std::sync::atomic::Ordering::Release);
        self.consumer.drop_records();
        cx.shared.main_queue.yield_now();
    }
}

/// A partition with what its messages refer to.
fn partition_of(cx: &MainContext<'_>, name: &Arc<str>, key: Key) -> Arc<Partition> {
    let topic = cx.shared.topics.read().get(name).cloned();
    let handle = topic.and_then(|topic| {
        Some(TopicHandle {
            address: topic.handle_address(),
            keep: topic.handle_object()?,
        })
    });
    Arc::new(Partition {
        topic: name.clone(),
        topic_id: key.0,
        id: key.1,
        handle,
    })
}

/// It is not fetched where it was.
fn forget(cx: &MainContext<'_>, key: Key, place: &Place) {
    if let Some(link) = place.link {
        tell(cx, link, LoopCommand::Remove(key));
    }
}

/// False if there is no such broker any more.
fn tell(cx: &MainContext<'_>, link: BrokerKey, command: LoopCommand) -> bool {
    let broker = cx.router.brokers.get(link);
    if let Some(broker) = broker {
        let command = LinkCommand::User(UserCommand::Share(command));
        broker.handle.send(command);
    }
    broker.is_some()
}
