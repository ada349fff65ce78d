//! How a cluster is secured: what a program or a test asks for. Nothing by default.
//!
//! All brokers of a cluster have one listener each, and all listeners are secured alike:
//! with TLS, with SASL, with both (Kafka's SASL_SSL) or with neither.

use super::sasl::Mechanism;
use crate::base::secret::Secret;
use std::path::PathBuf;

#[derive(Clone, Debug, Default)]
pub struct Security {
    /// TLS on every listener.
    pub tls: Option<Tls>,
    /// What clients may log in with; without any they need not, and cannot.
    pub mechanisms: Vec<Mechanism>,
    /// Those who may log in with PLAIN and SCRAM.
    pub users: Vec<User>,
    /// connections.max.reauth.ms: how long a login lasts; 0 for as long as the connection.
    pub reauth_ms: u32,
    /// Whether ACLs are enforced, and how.
    pub authorizer: Option<Authorizer>,
}

/// PEM files, read once when the cluster starts.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The brokers' certificate, then those that it was issued by.
    pub certificate: PathBuf,
    /// Its key, without a password.
    pub key: PathBuf,
    pub client: ClientCertificates,
}

/// ssl.client.auth
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    None,
    /// Who shows one is who it says, if one of these CAs issued it; the others are
    /// `User:ANONYMOUS`.
    Requested(PathBuf),
    Required(PathBuf),
}

#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub password: Secret,
}

/// The rules of Kafka's StandardAuthorizer.
#[derive(Clone, Debug)]
pub struct Authorizer {
    /// super.users, as `User:alice`.
    pub super_users: Vec<String>,
    /// allow.everyone.if.no.acl.found
    pub allow_if_no_acl: bool,
}

impl Default for Authorizer {
    fn default() -> Authorizer {
        Authorizer {
            super_users: Vec::new(),
            allow_if_no_acl: true,
        }
    }
}
