//! What other threads tell the main thread.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::consumer::command::Command;
use super::oauth::TokenNews;
use super::share::command::Command as ShareCommand;
use super::topic::Topic;
use super::types::BrokerKey;
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::{LinkEvent, Request, RequestError, Response};
use crate::coordinator::fan_out::Question;
use crate::coordinator::target::RetriedRequest;
use crate::metadata::{Refresh, Snapshot};
use crate::producer::idempotence::Pid;
use crate::producer::transaction;
use crate::protocol::leader::NewLeader;
use crate::telemetry;

pub enum MainCommand {
    Link {
        key: BrokerKey,
        event: LinkEvent,
    },
    /// An application's own question, and where the answer goes.
    Metadata {
        what: Refresh,
        deadline: Instant,
        create: bool,
        reply: MetadataReply,
    },
    MetadataAnswer {
        what: Refresh,
        asked: MetadataFor,
        result: Result<Response, RequestError>,
    },
    /// What is known of a topic, or of one of them all if it has no name, is out of date;
    /// with what a broker said of the leader.
    StaleMetadata {
        topic: Arc<str>,
        why: ErrorCode,
        leader: Option<NewLeader>,
    },
    /// [`crate::producer::Topic::refuse`] was called for it.
    TopicRefused {
        topic: Arc<str>,
        why: ErrorCode,
    },
    TopicAdded(Arc<Topic>),
    AddBrokers {
        list: String,
        reply: Sender<i32>,
    },
    /// A name that an address of a configured server goes by.
    Canonical {
        host: String,
        port: u16,
    },
    /// An attempt of a request that may be sent again has ended.
    Attempted {
        request: Box<RetriedRequest>,
        result: Result<Response, RequestError>,
    },
    /// The answer to the question for a coordinator, and the request that waits for it.
    CoordinatorFound {
        request: Request,
        result: Result<Response, RequestError>,
    },
    /// A question that several brokers answer in parts.
    FanOut {
        question: Box<dyn Question>,
        deadline: Instant,
    },
    FanOutResponse {
        fan_out: u64,
        part: usize,
        result: Result<Response, RequestError>,
    },
    Consumer(Command),
    Share(ShareCommand),
    ProducerId {
        result: Result<Response, RequestError>,
    },
    /// Some partition cannot go on under it.
    ProducerIdSpent(Pid),
    /// For the machine of a transactional producer.
    Transaction(transaction::Event),
    /// The result of a TxnOffsetCommit, which also says who coordinates the group.
    TransactionOffsets(Arc<str>, transaction::Token, Result<Response, RequestError>),
    /// What a login waits for may be there now.
    CredentialsReady,
    /// Logins to come are made with others: what was refused may succeed.
    CredentialsReplaced,
    Token(TokenNews),
    /// What the statistics tell, but not to the application.
    Statistics(StatisticsReply),
    Telemetry(TelemetryCommand),
    /// Partitions without a leader, or messages without a partition, have news.
    Leaderless,
    /// `done` is dropped when all is purged; nothing is sent.
    Purge {
        queued: bool,
        in_flight: bool,
        done: Sender<()>,
    },
    Stop,
}

/// For a client that tells its metrics.
pub enum TelemetryCommand {
    Event(telemetry::Event),
    /// The client ends; dropped when its last push is answered, or none is to come.
    End(Sender<()>),
}

/// Where the statistics go; dropped without them, the client is gone.
pub struct StatisticsReply(Option<StatisticsTo>);

type StatisticsTo = Box<dyn FnOnce(Option<String>) + Send>;

impl StatisticsReply {
    pub fn new(to: impl FnOnce(Option<String>) + Send + 'static) -> Self {
        StatisticsReply(Some(Box::new(to)))
    }

    pub fn answer(mut self, statistics: String) {
        if let Some(to) = self.0.take() {
            to(Some(statistics));
        }
    }
}

impl Drop for StatisticsReply {
    fn drop(&mut self) {
        if let Some(to) = self.0.take() {
            to(None);
        }
    }
}

pub type MetadataReply = Sender<Result<Arc<Snapshot>, KafkaError>>;

/// What metadata is asked for.
pub enum MetadataFor {
    Manager,
    Application {
        reply: MetadataReply,
        /// Topics that are not there may be created by that, if the configuration says so.
        create: bool,
    },
}

#[derive(Clone)]
pub struct MainSender(pub Sender<MainCommand>);

impl MainSender {
    /// After the main thread has ended this does nothing.
    pub fn send(&self, command: MainCommand) {
        let _ = self.0.send(command);
    }
}
