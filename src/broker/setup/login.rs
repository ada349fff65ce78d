//! The steps of a login: SaslHandshake names the mechanism, SaslAuthenticate carries its
//! turns (KIP-152).
//!
//! A broker before Kafka 1.0 has no SaslAuthenticate: there each turn is a frame with
//! nothing but the mechanism's bytes, and a refusal is a closed connection. One before 0.10
//! has no SaslHandshake either, and takes GSSAPI alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;

use super::{Action, Challenge, Session, Setup, Step};
use crate::base::error::ErrorCode;
use crate::base::text::tamed;
use crate::broker::ApiVersions;
use crate::broker::error::ConnError;
use crate::broker::sasl::{self, Mechanism};

/// A login has this many turns at most; SCRAM has two, GSSAPI three or four.
const MAX_TURNS: u32 = 16;

/// Kafka refuses a login within a second of the one before, so that sessions are not
/// renewed earlier, however short they are.
const SHORTEST_SESSION: Duration = Duration::from_millis(1_050);

/// How the turns travel.
#[derive(Clone, Copy)]
enum Framing {
    /// As SaslAuthenticate requests of this version.
    Request(i16),
    Raw,
}

pub struct Exchange {
    mechanism: Box<dyn Mechanism>,
    framing: Framing,
    turns: u32,
}

/// What follows from a turn.
pub enum Turn {
    Goes(Action),
    Ends,
}

impl Exchange {
    pub fn is_raw(&self) -> bool {
        matches!(self.framing, Framing::Raw)
    }

    fn turn(&mut self, challenge: Option<&[u8]>, deadline: Instant) -> Result<Turn, String> {
        self.turns += 1;
        if self.turns > MAX_TURNS {
            return Err(format!(
                "the broker keeps asking: no end after {MAX_TURNS} turns"
            ));
        }
        Ok(match self.mechanism.step(challenge)? {
            sasl::Step::Done => Turn::Ends,
            sasl::Step::Send(bytes) => Turn::Goes(match self.framing {
                Framing::Request(version) => Action::SaslAuthenticate {
                    version,
                    bytes,
                    deadline,
                },
                Framing::Raw => Action::SendToken(bytes),
            }),
        })
    }
}

impl Setup {
    /// The versions are known: a login comes next, where there is one to make.
    pub(super) fn log_in(
        &mut self,
        now: Instant,
        versions: Arc<ApiVersions>,
        actions: &mut Vec<Action>,
    ) {
        if self.login.is_none() {
            return self.ready(versions, None, actions);
        }
        self.deadline = self.whole;
        let session = Session {
            versions,
            renewed: false,
        };
        self.begin_login(now, session, actions);
    }

    /// The session ends soon.
    pub(super) fn renew(
        &mut self,
        now: Instant,
        versions: Arc<ApiVersions>,
        actions: &mut Vec<Action>,
    ) {
        actions.push(Action::Park);
        self.deadline = now + self.times.setup;
        let session = Session {
            versions,
            renewed: true,
        };
        self.begin_login(now, session, actions);
    }

    fn begin_login(&mut self, now: Instant, session: Session, actions: &mut Vec<Action>) {
        let Some(identity) = &self.login else {
            return;
        };
        let mechanism = identity.login.mechanism().to_string();
        let turns = session.versions.pick(ApiKey::SaslAuthenticate, None);
        // Version 1 announces that SaslAuthenticate follows.
        let newest = if turns.is_some() { 1 } else { 0 };
        match session.versions.pick(ApiKey::SaslHandshake, Some(newest)) {
            Some(version) => {
                self.step = Step::SaslHandshake { session };
                actions.push(Action::SaslHandshake {
                    mechanism,
                    version,
                    deadline: self.deadline,
                });
            }
            None if mechanism == "GSSAPI" => {
                self.step = Step::SaslHandshake { session };
                self.begin_exchange(now, actions);
            }
            None => self.refuse(
                format!("the broker is too old for {mechanism}: it does not know SaslHandshake"),
                actions,
            ),
        }
    }

    pub(super) fn on_mechanisms(
        &mut self,
        now: Instant,
        answer: Result<(ErrorCode, Vec<String>), String>,
        actions: &mut Vec<Action>,
    ) {
        let Some(identity) = &self.login else {
            return;
        };
        let ours = identity.login.mechanism().to_string();
        match answer {
            Ok((code, _)) if !code.is_err() => self.begin_exchange(now, actions),
            Ok((ErrorCode::UNSUPPORTED_SASL_MECHANISM, enabled)) => {
                let enabled = match enabled.is_empty() {
                    true => "no mechanism".to_string(),
                    false => shown(&enabled),
                };
                self.refuse(
                    format!(
                        "the broker does not accept {ours} on this listener, but {enabled}: \
                         see `sasl.mechanisms`"
                    ),
                    actions,
                );
            }
            Ok((code, _)) => {
                self.refuse(format!("SaslHandshake was refused: {code}"), actions);
            }
            Err(why) => self.refuse(format!("SaslHandshake failed: {why}"), actions),
        }
    }

    fn begin_exchange(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Some(identity) = &self.login else {
            return;
        };
        let Step::SaslHandshake { session } = std::mem::replace(&mut self.step, Step::Failed)
        else {
            return;
        };
        let framing = match session.versions.pick(ApiKey::SaslAuthenticate, None) {
            Some(version) => Framing::Request(version),
            None => Framing::Raw,
        };
        match identity.login.begin(&identity.host) {
            Ok(mechanism) => {
                let exchange = Exchange {
                    mechanism,
                    framing,
                    turns: 0,
                };
                self.turn(now, session, exchange, None, actions);
            }
            Err(why) => self.refuse(why, actions),
        }
    }

    pub(super) fn on_challenge(
        &mut self,
        now: Instant,
        answer: Result<Challenge, String>,
        actions: &mut Vec<Action>,
    ) {
        let Step::SaslAuthenticate { session, exchange } =
            std::mem::replace(&mut self.step, Step::Failed)
        else {
            return;
        };
        match answer {
            Ok(challenge) if challenge.code.is_err() => {
                let mut text = match challenge.message {
                    Some(message) if !message.is_empty() => one_line(&message),
                    _ => challenge.code.to_string(),
                };
                if let Some(why) = exchange.mechanism.refusal() {
                    text = format!("{text} ({})", one_line(&why));
                }
                self.refuse(text, actions);
            }
            Ok(challenge) => self.turn(now, session, exchange, Some(challenge), actions),
            Err(why) => self.refuse(why, actions),
        }
    }

    fn turn(
        &mut self,
        now: Instant,
        session: Session,
        mut exchange: Exchange,
        challenge: Option<Challenge>,
        actions: &mut Vec<Action>,
    ) {
        let bytes = challenge.as_ref().map(|c| c.bytes.as_slice());
        match exchange.turn(bytes, self.deadline) {
            Ok(Turn::Goes(action)) => {
                self.step = Step::SaslAuthenticate { session, exchange };
                actions.push(action);
            }
            Ok(Turn::Ends) => {
                let lifetime = challenge.map_or(Duration::ZERO, |c| c.lifetime);
                self.logged_in(now, session, lifetime, actions);
            }
            Err(why) => self.refuse(why, actions),
        }
    }

    fn logged_in(
        &mut self,
        now: Instant,
        session: Session,
        lifetime: Duration,
        actions: &mut Vec<Action>,
    ) {
        let renew_at = (!lifetime.is_zero())
            .then(|| now.checked_add((lifetime / 10 * 9).max(SHORTEST_SESSION)))
            .flatten();
        if session.renewed {
            let versions = session.versions;
            self.step = Step::Ready { versions, renew_at };
            actions.push(Action::Resume);
        } else {
            self.ready(session.versions, renew_at, actions);
        }
    }

    fn refuse(&mut self, why: String, actions: &mut Vec<Action>) {
        self.fail(ConnError::Auth(why), actions);
    }
}

/// What a broker says, short enough for a log.
fn shown(mechanisms: &[String]) -> String {
    const MOST: usize = 10;
    let names: Vec<String> = mechanisms.iter().take(MOST).map(|m| one_line(m)).collect();
    names.join(", ")
}

/// A broker's text, for an error.
fn one_line(text: &str) -> String {
    tamed(text, 300)
}
