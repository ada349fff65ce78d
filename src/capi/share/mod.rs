//! Share consumers (KIP-932).

mod consume;
mod instance;
mod messages;
pub(crate) mod offsets;
mod security;
