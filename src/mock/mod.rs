//! The mock cluster: a Kafka cluster of N brokers inside the process.
//!
//! # Parts
//!
//! ```text
//!   Cluster (handle) ──Command──► owner thread: server::Server
//!                                   │  sockets: one listener a broker, one Conn a client
//!                                   ▼  frames                       ▲ Output
//!                                 state::ClusterState  (no socket, no clock, no thread)
//!                                   ├─ dispatch: decode, injected errors, handler, encode
//!                                   ├─ handlers/…: one file per API
//!                                   ├─ brokers, topics → partitions → log::Log
//!                                   ├─ groups, transactions, fetch sessions, timers
//!                                   └─ share groups: state::share
//! ```
//!
//! All of the cluster's state has one owner, the thread that [`cluster::Cluster`]
//! starts; everybody else sends it a typed [`command::Command`] and waits for the
//! answer. The brokers of the cluster share that state: being a broker is no more
//! than having a listener, being named as a leader or coordinator, and refusing
//! requests that are for another one.
//!
//! # A request's life
//!
//! A connection hands a whole frame to [`state::ClusterState::request`] and reads no
//! further frame before that one is answered, as Kafka does, so answers are in
//! order by construction. A handler is a function of the state, the request's
//! [`state::Cx`] (who asked what, when, on which broker) and the decoded request.
//! It returns the response, or [`state::Reply::Parked`] after having put its
//! `Cx` where the event that it waits for will find it: a fetch in
//! [`state::fetch_wait`], with its id in each partition it waits on; a join or a
//! sync in the group member it speaks for. Whoever completes it calls
//! [`state::ClusterState::respond`] with that `Cx`. Time limits are entries in one
//! ordered set of timers; an entry may be early (a heartbeat has moved the real
//! deadline) and is then put back, never late.
//!
//! # Security
//!
//! [`security::Security`] says what a cluster asks of its clients. TLS is the server's
//! (`server::tls`, beneath the frames); logins are the state's: `state::logins` knows how
//! far each connection is, [`sasl`] has a machine for each mechanism. A request carries
//! its principal in `Cx`, and `handlers::authorize` asks `state::authorizer` whether it
//! may. A client made with `test.mock.num.brokers` speaks plain text to its cluster,
//! whatever its `security.protocol`, as with librdkafka.
//!
//! Nothing here reads a clock: each entry point takes [`state::Now`]. So every
//! handler runs in a unit test with a virtual clock and no socket.
//!
//! # Data layout
//!
//! A partition's log is a queue of record batches kept as the producer sent them,
//! only base offset and leader epoch being filled in; see [`log`].

pub mod cluster;
pub mod command;
pub mod dispatch;
mod handlers;
pub mod log;
pub mod sasl;
pub mod security;
mod server;
pub mod state;
mod trace;
pub mod versions;

pub use cluster::{Cluster, Options, TopicSpec};
pub use command::{CommandError, ShareChange, TrackedRequest};

#[cfg(test)]
mod tests;
