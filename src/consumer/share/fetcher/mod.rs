//! What a broker's loop does for a share consumer: one request at a time, in one session.
//!
//! ```text
//!            ┌─ Fetch: records wanted ── ShareFetch, with acknowledgements ─┐
//!   Idle ────┼─ Acknowledge ──────────── ShareAcknowledge ──────────────────┼──► Idle
//!            └─ Close ────────────────── ShareAcknowledge, epoch -1 ────────┘
//! ```
//!
//! Records are fetched when the application polls, and until there are some: what it does not
//! ask for is not locked for it. Acknowledgements go with a fetch if there is one to send,
//! nobody waits for them, and the session has their partitions; otherwise by themselves.
//! A session's first request cannot carry them, since the locks were an older session's: then
//! they have failed. Nothing is sent again, since the lock that it was about may be gone.

mod response;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, RequestKind};

use super::fetched::Connection;
use super::session::Session;
use super::wire::{self, Acks};
use super::{Job, Key, News, Partition, ShareSink, Shared};
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::broker::Outbox;
use crate::protocol::compression::Decompressor;

/// A response may take this much longer than the broker was given.
const SLACK: Duration = Duration::from_secs(1);
const CLOSES: i32 = -1;

/// What the main thread tells a loop.
#[derive(Debug)]
pub enum Command {
    Add(Arc<Partition>),
    Remove(Key),
    /// Records are wanted, until some have come; with acknowledgements to send.
    Fetch(Option<Job>),
    Acknowledge(Job),
    /// Ends the session with these acknowledgements: the broker releases what is left. Nothing
    /// follows. With a number for the answer.
    Close(Job, u64),
}

#[derive(Debug)]
enum InFlight {
    Nothing,
    Fetch(Vec<Job>),
    Acknowledge(Vec<Job>),
    Close(Vec<Job>),
}

pub struct ShareFetcher {
    shared: Arc<Shared>,
    sink: Arc<dyn ShareSink>,
    session: Session,
    jobs: Vec<Job>,
    wants_records: bool,
    /// With the number that its end is to be told with.
    closing: Option<u64>,
    in_flight: InFlight,
    /// While there is one. Records refer to it, since its end is the end of their locks.
    connection: Option<Arc<Connection>>,
    broker_id: i32,
    /// No fetch before.
    paused_until: Option<Instant>,
    decompressor: Decompressor,
    /// What the application was told of partitions since they were fetched without an error.
    told: BTreeMap<Key, ErrorCode>,
}

impl ShareFetcher {
    pub fn new(shared: Arc<Shared>, sink: Arc<dyn ShareSink>, broker_id: i32) -> Self {
        ShareFetcher {
            shared,
            sink,
            session: Session::default(),
            jobs: Vec::new(),
            wants_records: false,
            closing: None,
            in_flight: InFlight::Nothing,
            connection: None,
            broker_id,
            paused_until: None,
            decompressor: Decompressor::new(),
            told: BTreeMap::new(),
        }
    }

    pub fn on_command(&mut self, command: Command) {
        match command {
            Command::Add(partition) => self.session.add(partition),
            Command::Remove(key) => {
                self.session.remove(key);
                self.told.remove(&key);
            }
            Command::Fetch(job) => {
                self.wants_records = self.closing.is_none();
                self.acknowledge(job);
            }
            Command::Acknowledge(job) => self.acknowledge(Some(job)),
            Command::Close(job, number) => {
                self.jobs.push(job);
                self.closing = Some(number);
                self.wants_records = false;
                self.fail_if_down();
            }
        }
    }

    fn acknowledge(&mut self, job: Option<Job>) {
        if let Some(job) = job {
            self.jobs.push(job);
            self.fail_if_down();
        }
    }

    pub fn on_up(&mut self) {
        self.connection = Some(Arc::new(Connection));
        self.session.reset();
        self.paused_until = None;
    }

    /// What was in flight has been through [`Self::on_response`].
    pub fn on_down(&mut self) {
        self.connection = None;
        self.session.reset();
        self.fail_if_down();
    }

    /// The locks belong to the session, which the connection's end ends.
    fn fail_if_down(&mut self) {
        if self.connection.is_some() || !matches!(self.in_flight, InFlight::Nothing) {
            return;
        }
        let jobs = std::mem::take(&mut self.jobs);
        self.end_all(jobs, ErrorCode::_TRANSPORT);
        self.tell_closed();
    }

    fn tell_closed(&mut self) {
        if let Some(number) = self.closing.take() {
            self.sink.news(News::Closed(number));
        }
    }

    pub fn wants_connection(&self) -> bool {
        self.session.has_members()
    }

    pub fn next_deadline(&self, up: bool) -> Option<Instant> {
        let idle = matches!(self.in_flight, InFlight::Nothing);
        self.paused_until
            .filter(|_| up && idle && self.wants_records && self.session.has_members())
    }

    pub fn poll<T>(&mut self, now: Instant, out: &mut dyn Outbox<T>, tag: impl FnOnce() -> T) {
        if !matches!(self.in_flight, InFlight::Nothing) || out.room() == 0 {
            return;
        }
        self.broker_id = out.broker_id();
        if !self.session.is_open() {
            // There is no session that has locked what they are about.
            let code = match self.closing {
                Some(_) => ErrorCode::SHARE_SESSION_NOT_FOUND,
                None => ErrorCode::INVALID_SHARE_SESSION_EPOCH,
            };
            let jobs = std::mem::take(&mut self.jobs);
            self.end_all(jobs, code);
            self.tell_closed();
        }
        if self.closing.is_some() {
            return self.send_acks(now, out, tag, CLOSES);
        }
        let is_due = self.paused_until.is_none_or(|until| until <= now);
        let fetches = self.wants_records && is_due && self.session.has_members();
        let go_along = fetches && self.may_go_along();
        if !self.jobs.is_empty() && !go_along {
            let epoch = self.session.epoch();
            self.send_acks(now, out, tag, epoch);
        } else if fetches {
            self.send_fetch(now, out, tag);
        }
    }

    fn may_go_along(&self) -> bool {
        self.jobs.iter().all(|job| {
            let mut keys = job.acks.iter().map(|acks| acks.partition.key());
            job.commit.is_none() && keys.all(|key| self.session.may_carry(key))
        })
    }

    fn send_acks<T>(
        &mut self,
        now: Instant,
        out: &mut dyn Outbox<T>,
        tag: impl FnOnce() -> T,
        epoch: i32,
    ) {
        let api = ApiKey::ShareAcknowledge;
        let jobs = std::mem::take(&mut self.jobs);
        let Some(version) = out.versions().pick(api, None) else {
            self.end_all(jobs, ErrorCode::_UNSUPPORTED_FEATURE);
            self.tell_closed();
            return;
        };
        let acks = wire::merge(&jobs);
        self.count(&acks);
        let settings = &self.shared.settings;
        let request = RequestKind::ShareAcknowledge(wire::acknowledge(settings, epoch, &acks));
        self.in_flight = match epoch {
            CLOSES => InFlight::Close(jobs),
            _ => InFlight::Acknowledge(jobs),
        };
        let timeout = settings.socket_timeout;
        out.send(now, api, version, &request, timeout, tag());
    }

    fn send_fetch<T>(&mut self, now: Instant, out: &mut dyn Outbox<T>, tag: impl FnOnce() -> T) {
        let api = ApiKey::ShareFetch;
        let jobs = std::mem::take(&mut self.jobs);
        let Some(version) = out.versions().pick(api, None) else {
            // The group's coordinator has said so, too, and that is an error for the application.
            self.end_all(jobs, ErrorCode::_UNSUPPORTED_FEATURE);
            self.paused_until = Some(now + Duration::from_secs(30));
            return;
        };
        self.paused_until = None;
        let acks = wire::merge(&jobs);
        self.count(&acks);
        let settings = &self.shared.settings;
        let changes = self.session.fetch();
        self.shared.logger.debug(
            debug::FETCH,
            "SHAREFETCH",
            format_args!(
                "ShareFetch from broker {}: epoch {}, {} partition(s) more, {} less, acknowledgements of {}",
                self.broker_id,
                changes.epoch,
                changes.add.len(),
                changes.forget.len(),
                acks.len()
            ),
        );
        let request = wire::fetch(&self.shared, changes, &acks, version);
        let request = RequestKind::ShareFetch(request);
        self.in_flight = InFlight::Fetch(jobs);
        let timeout = settings.max_wait + settings.socket_timeout + SLACK;
        out.send(now, api, version, &request, timeout, tag());
    }

    fn count(&self, acks: &Acks) {
        let sent = wire::records_in(acks);
        let counters = &self.shared.counters;
        counters.acknowledged.fetch_add(sent, Ordering::Relaxed);
    }
}

/// The loop ends, because the cluster has no such broker any more, or with the client.
impl Drop for ShareFetcher {
    fn drop(&mut self) {
        let was = std::mem::replace(&mut self.in_flight, InFlight::Nothing);
        let mut jobs = was.into_jobs();
        jobs.append(&mut self.jobs);
        self.end_all(jobs, ErrorCode::SHARE_SESSION_NOT_FOUND);
        self.tell_closed();
    }
}

impl InFlight {
    fn into_jobs(self) -> Vec<Job> {
        match self {
            InFlight::Nothing => Vec::new(),
            InFlight::Fetch(jobs) | InFlight::Acknowledge(jobs) | InFlight::Close(jobs) => jobs,
        }
    }
}
