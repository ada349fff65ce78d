//! Configuration of a client instance.

pub(crate) mod answer;
pub mod certificates;
pub mod create;
pub mod events;
pub(crate) mod object;
pub mod sockets;
pub mod values;
