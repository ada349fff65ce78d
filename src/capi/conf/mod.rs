//! Configuration of a client instance.

pub(crate) mod answer;
pub mod create;
mod events;
pub(crate) mod object;
mod sockets;
mod values;
