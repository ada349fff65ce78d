//! Logging in to a broker (SASL, KIP-43 and KIP-152).
//!
//! A [`Login`] is what a client logs in with: one for all of its links. It begins a
//! [`Mechanism`] for each login, which is the client's side of one exchange and sans-IO:
//!
//! ```text
//! step(None) ──► Send(bytes) ──► the broker's bytes ──► step(Some(bytes)) ──► Send | Done
//! ```
//!
//! `broker/setup.rs` leads the exchange. What a mechanism needs from elsewhere (a token, a
//! ticket) is fetched before a login begins: until [`Login::is_ready`] no link connects,
//! and until [`Login::prepare`] none to that host. [`login::login`] makes the login that
//! the configuration asks for.
//!
//! Nothing of a password, token or key is in an error, a log line or debug output, and
//! every exchange ends after a few steps, whatever the broker sends.

pub mod credentials;
pub mod gssapi;
pub mod login;
pub mod oauthbearer;
pub mod plain;
pub mod scram;
pub mod token;

use std::fmt;

use zeroize::Zeroizing;

use crate::base::text::tamed;

/// What is to be done after a step of a login.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes, also if there are none. The broker answers, and its bytes are
    /// handed to the next step.
    Send(Zeroizing<Vec<u8>>),
    /// The client is satisfied, and has nothing more to send.
    Done,
}

/// The bytes may be a password.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Step::Done => f.write_str("Done"),
        }
    }
}

/// The client's side of one login.
pub trait Mechanism: Send {
    /// The first step has no challenge. An error ends the login; its text has no secrets.
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, String>;

    /// What the broker said of its refusal in an earlier turn, as OAUTHBEARER has it.
    fn refusal(&self) -> Option<String> {
        None
    }
}

/// What a client logs in with. Called on the loops of all its links.
pub trait Login: Send + Sync {
    /// As SaslHandshake names it.
    fn mechanism(&self) -> &str;

    /// False while what a login needs is still being fetched.
    fn is_ready(&self) -> bool {
        true
    }

    /// Begins to fetch what a login to the broker at `host` needs beyond that, such as the
    /// ticket for its service; whether that is there already. Once it is, or cannot be
    /// had, the links are woken and ask again; [`Login::begin`] then tells what is wrong.
    /// Without this call, `begin` itself may have to wait for it.
    fn prepare(&self, _host: &str) -> bool {
        self.is_ready()
    }

    /// Begins a login to the broker at `host`. The text of an error has no secrets.
    fn begin(&self, host: &str) -> Result<Box<dyn Mechanism>, String>;
}

/// What a broker sent, in an error: no more than 200 signs, and none that would disturb a
/// log.
fn shown(bytes: &[u8]) -> String {
    const SIGNS: usize = 200;
    let start = &bytes[..bytes.len().min(4 * SIGNS)];
    let text = String::from_utf8_lossy(start);
    let mut shown = tamed(&text, SIGNS);
    if text.chars().count() > SIGNS || start.len() < bytes.len() {
        shown.push('…');
    }
    shown
}

/// A step that a mechanism cannot make: it is over, or a challenge is there or missing
/// where it must not be.
fn out_of_turn() -> String {
    "the broker goes on with an exchange that is over".into()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_not_shown() {
        let step = Step::Send(Zeroizing::new(b"hunter2".to_vec()));
        assert_eq!(format!("{step:?}"), "Send(7 bytes)");
    }

    #[test]
    fn what_a_broker_says_is_tamed() {
        assert_eq!(shown(b"a\nb\x1b[0m\xff"), "a b [0m\u{fffd}");
        let long = shown(&vec![b'x'; 1 << 20]);
        assert_eq!(long.chars().count(), 201);
        assert!(long.ends_with('…'));
        assert_eq!(shown("é".repeat(201).as_bytes()).chars().count(), 201);
        assert_eq!(shown("é".repeat(200).as_bytes()), "é".repeat(200));
    }
}
