//! What runs over a broker's link: the produce sender, the fetcher, the share fetcher, side
//! by side. The only place that knows all of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, RequestKind};

use crate::broker::{ApiVersions, LinkUser, Outbox, Outgoing, RequestError, Response};
use crate::consumer::fetcher::{self, Fetcher};
use crate::consumer::share::fetcher::{self as share, ShareFetcher};
use crate::producer::batch::Purged;
use crate::producer::sender::Sender;

pub enum UserCommand {
    /// What it carries is dropped when it is done.
    PurgeInFlight(Arc<Purge>),
    Fetch(fetcher::Command),
    Share(share::Command),
}

/// What all loops do together; the fields are dropped in this order by the last one.
pub struct Purge {
    pub queued: Purged,
    /// A call may wait until this is dropped.
    pub done: crossbeam_channel::Sender<()>,
}

/// Whose request it is.
pub enum UserTag {
    Produce(u64),
    Fetch,
    Share,
}

pub struct BrokerUser {
    pub sender: Option<Sender>,
    pub fetcher: Option<Fetcher>,
    pub share: Option<ShareFetcher>,
}

/// An outbox for one of the users.
struct Tagged<'a> {
    out: &'a mut dyn Outbox<UserTag>,
    tag: fn(u64) -> UserTag,
}

impl Outbox<u64> for Tagged<'_> {
    fn versions(&self) -> &ApiVersions {
        self.out.versions()
    }

    fn broker_id(&self) -> i32 {
        self.out.broker_id()
    }

    fn room(&self) -> usize {
        self.out.room()
    }

    fn backlog(&mut self) -> usize {
        self.out.backlog()
    }

    fn client_id(&self) -> &str {
        self.out.client_id()
    }

    fn next_correlation_id(&mut self) -> i32 {
        self.out.next_correlation_id()
    }

    fn send_segments(&mut self, now: Instant, out: Outgoing<u64>) {
        self.out.send_segments(
            now,
            Outgoing {
                api: out.api,
                version: out.version,
                correlation_id: out.correlation_id,
                segments: out.segments,
                timeout: out.timeout,
                answered: out.answered,
                tag: (self.tag)(out.tag),
            },
        );
    }

    fn send(
        &mut self,
        now: Instant,
        api: ApiKey,
        version: i16,
        request: &RequestKind,
        timeout: Duration,
        tag: u64,
    ) {
        self.out
            .send(now, api, version, request, timeout, (self.tag)(tag));
    }
}

impl LinkUser for BrokerUser {
    type Command = UserCommand;
    type Tag = UserTag;

    fn on_command(&mut self, now: Instant, command: UserCommand) {
        match command {
            UserCommand::PurgeInFlight(_purge) => {
                if let Some(s) = &mut self.sender {
                    s.purge_in_flight(now);
                }
            }
            UserCommand::Fetch(command) => {
                if let Some(f) = &mut self.fetcher {
                    f.on_command(now, command);
                }
            }
            UserCommand::Share(command) => {
                if let Some(f) = &mut self.share {
                    f.on_command(command);
                }
            }
        }
    }

    fn on_up(&mut self, now: Instant) {
        if let Some(s) = &mut self.sender {
            s.look_at_all(now);
        }
        if let Some(f) = &mut self.fetcher {
            f.on_up(now);
        }
        if let Some(f) = &mut self.share {
            f.on_up();
        }
    }

    fn on_down(&mut self, now: Instant) {
        if let Some(s) = &mut self.sender {
            s.on_down(now);
        }
        if let Some(f) = &mut self.fetcher {
            f.on_down(now);
        }
        if let Some(f) = &mut self.share {
            f.on_down();
        }
    }

    fn collect(&mut self, now: Instant) {
        if let Some(s) = &mut self.sender {
            s.collect(now);
        }
        if let Some(f) = &mut self.fetcher {
            f.collect(now);
        }
    }

    fn poll(&mut self, now: Instant, out: &mut dyn Outbox<UserTag>) {
        if let Some(f) = &mut self.fetcher {
            f.poll(now, out, || UserTag::Fetch);
        }
        if let Some(f) = &mut self.share {
            f.poll(now, out, || UserTag::Share);
        }
        if let Some(s) = &mut self.sender {
            s.poll(
                now,
                &mut Tagged {
                    out,
                    tag: UserTag::Produce,
                },
            );
        }
    }

    fn poll_down(&mut self, now: Instant) {
        if let Some(s) = &mut self.sender {
            s.poll_down(now);
        }
    }

    fn on_response(&mut self, now: Instant, tag: UserTag, result: Result<Response, RequestError>) {
        match tag {
            UserTag::Produce(tag) => {
                if let Some(s) = &mut self.sender {
                    s.on_response(now, tag, result);
                }
            }
            UserTag::Fetch => {
                if let Some(f) = &mut self.fetcher {
                    f.on_response(now, result);
                }
            }
            UserTag::Share => {
                if let Some(f) = &mut self.share {
                    f.on_response(now, result);
                }
            }
        }
    }

    fn next_deadline(&self, up: bool) -> Option<Instant> {
        let sender = self.sender.as_ref().and_then(|s| s.next_deadline(up));
        let fetcher = self.fetcher.as_ref().and_then(|f| f.next_deadline(up));
        let share = self.share.as_ref().and_then(|f| f.next_deadline(up));
        [sender, fetcher, share].into_iter().flatten().min()
    }

    fn wants_connection(&self) -> bool {
        self.sender.as_ref().is_some_and(Sender::has_work)
            || self.fetcher.as_ref().is_some_and(Fetcher::wants_connection)
            || self
                .share
                .as_ref()
                .is_some_and(ShareFetcher::wants_connection)
    }
}
