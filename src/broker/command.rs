//! What other threads tell a link.

use super::look_up::Answer;
use super::{LinkUser, Request};

pub enum LinkCommand<U: LinkUser> {
    Send(Request),
    User(U::Command),
    /// The broker's address changed, or its id became known.
    SetAddress {
        host: String,
        port: u16,
        node_id: i32,
    },
    /// Connect now, even without work to do.
    Connect,
    /// What a login needs may be there now (`Login::is_ready`, `Login::prepare`).
    CredentialsReady,
    /// Lets the next attempt to connect be made at once.
    SkipBackoff,
    Disconnect {
        why: String,
    },
    /// Fails everything and ends the link.
    Stop,
    /// The answer to a look-up, from its own thread.
    LookedUp(Answer),
}
