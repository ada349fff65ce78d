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
//! ticket) is fetched before a login begins: until [`Login::is_ready`] no link connects.

use zeroize::Zeroizing;

/// What is to be done after a step of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes, also if there are none. The broker answers, and its bytes are
    /// handed to the next step.
    Send(Zeroizing<Vec<u8>>),
    /// The client is satisfied, and has nothing more to send.
    Done,
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

    /// Begins a login to the broker at `host`. The text of an error has no secrets.
    fn begin(&self, host: &str) -> Result<Box<dyn Mechanism>, String>;
}
