//! The way of a client to one server, step by step, each with the time it took.

use std::fmt;
use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use crate::certificates;
use crate::client::{Client, Seen};
use crate::properties::Pair;

/// Where a broker listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub host: String,
    pub port: u16,
    /// Of the broker, where metadata told it.
    pub id: Option<i32>,
}

impl Address {
    pub fn is_at(&self, other: &Address) -> bool {
        self.host == other.host && self.port == other.port
    }

    /// As `bootstrap.servers` has it.
    pub fn server(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.server())?;
        match self.id {
            Some(id) => write!(f, ", broker {id}"),
            None => Ok(()),
        }
    }
}

/// How far a client got, and what ended it.
#[derive(Debug)]
pub struct Failure {
    pub step: Step,
    /// The library's name of the error, such as `_SSL`.
    pub code: String,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Resolve,
    Connect,
    Tls,
    Versions,
    Login,
    Metadata,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Resolve => "name",
            Step::Connect => "connection",
            Step::Tls => "TLS",
            Step::Versions => "versions",
            Step::Login => "login",
            Step::Metadata => "metadata",
        }
    }

    /// The step that a state of a broker's connection belongs to.
    fn of_state(state: &str) -> Option<Step> {
        Some(match state {
            "CONNECT" => Step::Connect,
            "SSL_HANDSHAKE" => Step::Tls,
            "APIVERSION_QUERY" => Step::Versions,
            "AUTH_HANDSHAKE" | "AUTH_REQ" | "AUTH_LEGACY" => Step::Login,
            _ => return None,
        })
    }
}

pub enum Outcome {
    /// With the addresses that its metadata names.
    Reached {
        brokers: Vec<Address>,
    },
    Failed(Failure),
}

fn done(step: Step, time: Duration, what: &str) {
    println!(
        "  ok      {:<11} {:>6} ms  {what}",
        step.name(),
        time.as_millis()
    );
}

fn failed(step: Step, time: Duration, code: &str, text: String) -> Outcome {
    println!(
        "  FAILED  {:<11} {:>6} ms  {text}",
        step.name(),
        time.as_millis()
    );
    let code = code.to_string();
    Outcome::Failed(Failure { step, code, text })
}

/// An error is one of the properties.
pub fn probe(properties: &[Pair], server: &Address, timeout: Duration) -> Result<Outcome, String> {
    let begun = Instant::now();
    let found = (server.host.as_str(), server.port).to_socket_addrs();
    match found {
        Ok(addresses) => {
            let list: Vec<String> = addresses.map(|a| a.ip().to_string()).collect();
            done(Step::Resolve, begun.elapsed(), &list.join(", "));
        }
        Err(e) => {
            let why = e.to_string();
            return Ok(failed(Step::Resolve, begun.elapsed(), "_RESOLVE", why));
        }
    }
    let begun = Instant::now();
    let client = Client::new(properties, server)?;
    let seen = client.wait(timeout);
    if let Some(outcome) = connected(&seen, begun, timeout) {
        return Ok(outcome);
    }
    let begun = Instant::now();
    Ok(
        match client.metadata(timeout.saturating_sub(begun - seen.begun)) {
            Ok(brokers) => {
                let list: Vec<String> = brokers.iter().map(ToString::to_string).collect();
                done(Step::Metadata, begun.elapsed(), &list.join("; "));
                Outcome::Reached { brokers }
            }
            Err(code) => {
                // What the connection ended with says more than that nothing came.
                let (code, text) = client
                    .seen()
                    .error
                    .unwrap_or((code, "the broker did not answer".into()));
                failed(Step::Metadata, begun.elapsed(), &code, text)
            }
        },
    )
}

/// Prints the steps to a connection that is up; an outcome, if it is not.
fn connected(seen: &Seen, begun: Instant, timeout: Duration) -> Option<Outcome> {
    let mut step = Step::Connect;
    let mut since = begun;
    for (state, at) in &seen.states {
        let next = Step::of_state(state);
        if next == Some(step) || (next.is_none() && state != "UP") {
            continue;
        }
        done(step, *at - since, &detail(step, seen));
        since = *at;
        match next {
            Some(next) => step = next,
            None => return None,
        }
    }
    if step == Step::Tls {
        certificates::print(&seen.certificates);
    }
    let (code, text) = match &seen.error {
        Some(error) => error.clone(),
        None => {
            let text = format!("nothing came of it within {} s", timeout.as_secs());
            ("_TIMED_OUT".into(), text)
        }
    };
    // Without a token or a ticket no connection is tried.
    if code == "_AUTHENTICATION" {
        step = Step::Login;
    }
    let ended = seen.error_at.unwrap_or_else(Instant::now);
    Some(failed(
        step,
        ended.saturating_duration_since(since),
        &code,
        text,
    ))
}

fn detail(step: Step, seen: &Seen) -> String {
    match step {
        Step::Tls => {
            let chain = certificates::lines(&seen.certificates);
            chain.join("\n                                 ")
        }
        _ => String::new(),
    }
}
