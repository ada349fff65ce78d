//! The brokers' side of SASL: one small machine for each mechanism, without a socket or a
//! clock. What they say and when they fail is as Kafka's servers do.

mod oauthbearer;
mod plain;
mod scram;

use super::state::Now;
use super::state::scram::Credentials;
use crate::base::secret::Secret;
use crate::protocol::scram::ScramHash;
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mechanism {
    Plain,
    Scram(ScramHash),
    OAuthBearer,
}

impl Mechanism {
    pub const ALL: [Mechanism; 4] = [
        Mechanism::Plain,
        Mechanism::Scram(ScramHash::Sha256),
        Mechanism::Scram(ScramHash::Sha512),
        Mechanism::OAuthBearer,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Scram(hash) => hash.mechanism(),
            Mechanism::OAuthBearer => "OAUTHBEARER",
        }
    }

    pub fn by_name(name: &str) -> Option<Mechanism> {
        Mechanism::ALL.into_iter().find(|m| m.name() == name)
    }
}

/// Who is known, and by what.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub passwords: &'a HashMap<String, Secret>,
    pub scram: &'a Credentials,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// An answer, after which the client goes on.
    Challenge(Vec<u8>),
    Complete {
        answer: Vec<u8>,
        user: String,
        /// When what the client has shown expires, on the wall clock.
        expires_ms: Option<i64>,
    },
}

#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// With the words that the client is told.
    Told(String),
    /// What was wrong stays unsaid: it could tell which users there are.
    Untold,
}

/// An exchange that has begun.
pub enum Server {
    Plain,
    Scram(scram::Server),
    OAuthBearer(oauthbearer::Server),
}

impl Server {
    /// `nonce` is the server's part of SCRAM's.
    pub fn new(mechanism: Mechanism, nonce: String) -> Server {
        match mechanism {
            Mechanism::Plain => Server::Plain,
            Mechanism::Scram(hash) => Server::Scram(scram::Server::new(hash, nonce)),
            Mechanism::OAuthBearer => Server::OAuthBearer(oauthbearer::Server::default()),
        }
    }

    pub fn step(&mut self, now: Now, known: Known<'_>, token: &[u8]) -> Result<Progress, Failure> {
        match self {
            Server::Plain => plain::step(known.passwords, token),
            Server::Scram(server) => server.step(known.scram, token),
            Server::OAuthBearer(server) => server.step(now.wall_ms, token),
        }
    }
}

fn complete(answer: Vec<u8>, user: &str) -> Progress {
    Progress::Complete {
        answer,
        user: user.to_owned(),
        expires_ms: None,
    }
}

/// Kafka lets nobody act as another.
const ACTS_AS_ANOTHER: &str =
    "Authentication failed: Client requested an authorization id that is different from username";
