//! Who is logged in on which connection, and how far those are who are about to be.
//!
//! ```text
//! Fresh ── ApiVersions ──► Introduced        (only where clients have to log in)
//!   └───────┬────────────────┘
//!      SaslHandshake
//!           ▼
//!        Exchange ── last token ──► Done ── SaslHandshake, in time (KIP-368) ──► Exchange
//! ```
//!
//! As with Kafka's SaslServerAuthenticator, a connection on which something else comes is
//! closed. Who logs in again stays who it was, and keeps to the mechanism.

use super::scram::Credentials;
use super::{ConnId, Now};
use crate::base::secret::Secret;
use crate::mock::sasl::{Failure, Known, Mechanism, Progress, Server};
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::StrBytes;
use std::collections::HashMap;

/// sasl.server.max.receive.size
const MAX_TOKEN_REQUEST: usize = 512 * 1024;
/// No connection logs in again more often.
const BETWEEN_LOGINS_US: u64 = 1_000_000;

#[derive(Default)]
pub struct Logins {
    /// Without any, nobody has to log in.
    pub mechanisms: Vec<Mechanism>,
    /// connections.max.reauth.ms
    pub reauth_ms: u32,
    pub passwords: HashMap<String, Secret>,
    by_conn: HashMap<ConnId, Login>,
}

#[derive(Default)]
struct Login {
    stage: Stage,
    /// That of the last login, also while the next one is under way.
    session: Option<Session>,
    /// When the last re-authentication began.
    again_us: Option<u64>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Fresh,
    Introduced,
    Exchange {
        server: Server,
        mechanism: Mechanism,
        /// Tokens come without a request around them (SaslHandshake of version 0).
        raw: bool,
    },
    /// A re-authentication began with another mechanism. That is told by the end.
    OtherMechanism,
    Done,
}

#[derive(Clone)]
struct Session {
    principal: StrBytes,
    mechanism: Mechanism,
    expires_us: Option<u64>,
}

impl Session {
    fn has_expired(&self, now: Now) -> bool {
        self.expires_us.is_some_and(|at| now.us > at)
    }
}

/// What becomes of a request for how far its connection is.
#[derive(Debug, PartialEq, Eq)]
pub enum Gate {
    Open,
    /// It is answered with ILLEGAL_SASL_STATE, and the connection closed.
    Illegal,
    Closed,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Begun {
    Exchange,
    /// There is nobody to log in, or somebody has.
    Illegal,
    Unsupported,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub token: Vec<u8>,
    /// How long the login lasts; 0 before its end, or if that is not limited.
    pub lifetime_ms: i64,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// No exchange is under way.
    Illegal,
    Failed(String),
}

impl Logins {
    pub fn are_required(&self) -> bool {
        !self.mechanisms.is_empty()
    }

    pub fn gate(&self, now: Now, conn: ConnId, api: ApiKey) -> Gate {
        if !self.are_required() {
            return Gate::Open;
        }
        let fresh = Login::default();
        let login = self.by_conn.get(&conn).unwrap_or(&fresh);
        let allowed = |yes: bool| if yes { Gate::Open } else { Gate::Closed };
        match (&login.stage, api) {
            (Stage::Fresh, ApiKey::ApiVersions | ApiKey::SaslHandshake) => Gate::Open,
            (Stage::Introduced, ApiKey::SaslHandshake) => Gate::Open,
            (Stage::Fresh | Stage::Introduced | Stage::OtherMechanism, _) => Gate::Closed,
            (Stage::Exchange { .. }, ApiKey::SaslAuthenticate) => Gate::Open,
            (Stage::Exchange { .. }, _) => Gate::Illegal,
            (Stage::Done, ApiKey::SaslHandshake) if login.may_begin_again(now) => Gate::Open,
            (Stage::Done, _) => {
                let session = login.session.as_ref();
                allowed(session.is_some_and(|s| !s.has_expired(now)))
            }
        }
    }

    /// The client knows now what the broker speaks.
    pub fn introduced(&mut self, conn: ConnId) {
        if self.are_required() {
            let login = self.by_conn.entry(conn).or_default();
            if matches!(login.stage, Stage::Fresh) {
                login.stage = Stage::Introduced;
            }
        }
    }

    pub fn begin(
        &mut self,
        now: Now,
        conn: ConnId,
        mechanism: &str,
        raw: bool,
        nonce: String,
    ) -> Begun {
        if !self.are_required() {
            return Begun::Illegal;
        }
        let login = self.by_conn.entry(conn).or_default();
        if matches!(login.stage, Stage::Done) {
            if !login.may_begin_again(now) {
                return Begun::Illegal;
            }
            login.again_us = Some(now.us);
        }
        let wanted = Mechanism::by_name(mechanism);
        let Some(mechanism) = wanted.filter(|m| self.mechanisms.contains(m)) else {
            return Begun::Unsupported;
        };
        let kept = login.session.as_ref().map(|s| s.mechanism);
        login.stage = match kept.is_none_or(|kept| kept == mechanism) {
            true => Stage::Exchange {
                server: Server::new(mechanism, nonce),
                mechanism,
                raw,
            },
            false => Stage::OtherMechanism,
        };
        Begun::Exchange
    }

    pub fn token(
        &mut self,
        now: Now,
        conn: ConnId,
        scram: &Credentials,
        token: &[u8],
    ) -> Result<Answer, Refused> {
        let login = self.by_conn.get_mut(&conn).ok_or(Refused::Illegal)?;
        let Stage::Exchange {
            server, mechanism, ..
        } = &mut login.stage
        else {
            return Err(Refused::Illegal);
        };
        let mechanism = *mechanism;
        let known = Known {
            passwords: &self.passwords,
            scram,
        };
        let (answer, user, expires_ms) = match server.step(now, known, token) {
            Ok(Progress::Challenge(token)) => {
                return Ok(Answer {
                    token,
                    lifetime_ms: 0,
                });
            }
            Ok(Progress::Complete {
                answer,
                user,
                expires_ms,
            }) => (answer, user, expires_ms),
            Err(Failure::Told(why)) => return Err(Refused::Failed(why)),
            Err(Failure::Untold) => return Err(Refused::Failed(login.untold(mechanism))),
        };
        login.stays(&user)?;
        let lifetime_ms = lifetime(now, self.reauth_ms, expires_ms);
        login.session = Some(Session {
            principal: format!("User:{user}").into(),
            mechanism,
            expires_us: lifetime_ms.map(|ms| now.after_ms(ms)),
        });
        login.stage = Stage::Done;
        Ok(Answer {
            token: answer,
            lifetime_ms: lifetime_ms.unwrap_or(0),
        })
    }

    /// Whether what comes next on the connection is a token without a request around it.
    pub fn is_raw(&self, conn: ConnId) -> bool {
        let stage = self.by_conn.get(&conn).map(|login| &login.stage);
        matches!(stage, Some(Stage::Exchange { raw: true, .. }))
    }

    /// Who has logged in, as ACLs name it.
    pub fn principal(&self, conn: ConnId) -> Option<StrBytes> {
        let session = self.by_conn.get(&conn)?.session.as_ref()?;
        Some(session.principal.clone())
    }

    /// How large a request may be from whom nobody knows yet.
    pub fn max_request(&self, conn: ConnId, max: usize) -> usize {
        let stage = self.by_conn.get(&conn).map(|login| &login.stage);
        match stage {
            Some(Stage::Done) => max,
            _ if !self.are_required() => max,
            _ => max.min(MAX_TOKEN_REQUEST),
        }
    }

    pub fn closed(&mut self, conn: ConnId) {
        self.by_conn.remove(&conn);
    }
}

impl Login {
    /// Only where logins end, and not all the time.
    fn may_begin_again(&self, now: Now) -> bool {
        let ends = self.session.as_ref().and_then(|s| s.expires_us).is_some();
        let rested = |at: u64| now.us.saturating_sub(at) >= BETWEEN_LOGINS_US;
        ends && self.again_us.is_none_or(rested)
    }

    fn stays(&self, user: &str) -> Result<(), Refused> {
        let was = self.session.as_ref().map(|s| s.principal.as_str());
        let was = was.and_then(|was| was.strip_prefix("User:"));
        if was.is_none_or(|was| was == user) {
            return Ok(());
        }
        Err(Refused::Failed(format!(
            "Cannot change principals during re-authentication from User.{}: User.{user}",
            was.unwrap_or_default()
        )))
    }

    fn untold(&self, mechanism: Mechanism) -> String {
        let what = match self.session {
            None => "authentication",
            Some(_) => "re-authentication",
        };
        format!(
            "Authentication failed during {what} due to invalid credentials with SASL mechanism {}",
            mechanism.name()
        )
    }
}

/// The broker's limit or the credential's, whichever ends first.
fn lifetime(now: Now, reauth_ms: u32, expires_ms: Option<i64>) -> Option<i64> {
    let left = expires_ms.map(|at| at.saturating_sub(now.wall_ms).max(0));
    let limit = (reauth_ms > 0).then_some(i64::from(reauth_ms));
    left.into_iter().chain(limit).min()
}
