//! Certificates and keys that an application gave from memory
//! (`rd_kafka_conf_set_ssl_cert`), beside the properties that name files or hold PEM.
//!
//! They are kept as DER, whatever they were given as, so that copies of a configuration
//! share them and nobody needs their passwords again.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// Certificates as DER.
pub type Chain = Arc<Vec<Vec<u8>>>;

#[derive(Clone, Default)]
pub struct MemoryCertificates {
    /// The client's certificate, then those that lead to its authority. Not empty.
    pub certificate: Option<Chain>,
    /// The client's private key; wiped when the last copy goes.
    pub key: Option<Arc<Zeroizing<Vec<u8>>>>,
    /// The authorities that brokers' certificates are signed by. Not empty.
    pub authorities: Option<Chain>,
}

/// The names that the table lists them by.
pub const CERTIFICATE: &str = "ssl_certificate";
pub const KEY: &str = "ssl_key";
pub const AUTHORITIES: &str = "ssl_ca";

impl MemoryCertificates {
    /// Takes over what was set in `other`, but for the properties to be skipped.
    pub(super) fn copy_from(&mut self, other: &Self, skip: impl Fn(&str) -> bool) {
        if !skip(CERTIFICATE) {
            self.certificate.clone_from(&other.certificate);
        }
        if !skip(KEY) {
            self.key.clone_from(&other.key);
        }
        if !skip(AUTHORITIES) {
            self.authorities.clone_from(&other.authorities);
        }
    }
}

/// Without the key.
impl fmt::Debug for MemoryCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCertificates")
            .field("certificate", &self.certificate.is_some())
            .field("key", &self.key.is_some())
            .field("authorities", &self.authorities.is_some())
            .finish()
    }
}
