//! TLS on OpenSSL (`security.protocol=ssl` and `sasl_ssl`).
//!
//! [`connector`] makes the OpenSSL context of a client from [`TlsSettings`] and starts its
//! connections. `session.rs` is one connection, `wire.rs` its buffers, `verify.rs` what is
//! checked of the broker's certificate; `context.rs` with `certificates.rs`,
//! `authorities.rs`, `providers.rs` and `engine.rs` is what a context is made from, and
//! `refresh.rs` when it is made again, `ending.rs` what happens when OpenSSL ends with the
//! process. All `unsafe` is in `ffi.rs` and `engine.rs`.
//!
//! Without the feature `tls` there are the settings, and an error.

mod settings;

#[cfg(feature = "tls")]
pub mod authorities;
#[cfg(feature = "tls")]
mod certificates;
#[cfg(feature = "tls")]
mod context;
#[cfg(feature = "tls")]
mod ending;
#[cfg(feature = "tls")]
mod engine;
#[cfg(feature = "tls")]
mod errors;
#[cfg(feature = "tls")]
mod ffi;
#[cfg(feature = "tls")]
mod identity;
#[cfg(feature = "tls")]
mod import;
#[cfg(feature = "tls")]
mod providers;
#[cfg(feature = "tls")]
mod refresh;
#[cfg(feature = "tls")]
mod session;
#[cfg(feature = "tls")]
mod verify;
#[cfg(feature = "tls")]
mod wire;

use std::sync::Arc;

use super::Connector;
use super::tcp::TcpConnector;
use crate::base::error::KafkaError;
use crate::base::log::Logger;
pub use settings::TlsSettings;

#[cfg(feature = "tls")]
pub use import::import;
#[cfg(feature = "tls")]
pub use session::TlsTransport;

/// What a certificate or key from memory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The client's own, followed by those that lead to its authority.
    Certificate,
    /// The client's private key.
    Key,
    /// Those that brokers' certificates may be signed by.
    Authorities,
}

impl Purpose {
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Certificate => "public-key",
            Purpose::Key => "private-key",
            Purpose::Authorities => "CA",
        }
    }
}

/// How it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Pkcs12,
    Der,
    Pem,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Pkcs12 => "PKCS#12",
            Encoding::Der => "DER",
            Encoding::Pem => "PEM",
        }
    }
}

/// There is no TLS in this build.
#[cfg(not(feature = "tls"))]
pub fn import(
    _: &mut crate::base::conf::MemoryCertificates,
    _: Purpose,
    _: Encoding,
    _: &[u8],
    _: Option<&str>,
) -> Result<(), String> {
    Err("This librskafka was built without TLS".into())
}

/// A certificate of a broker's chain, as the application is asked about it.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// `host:port`.
    pub broker: &'a str,
    /// -1 before it is known.
    pub broker_id: i32,
    /// What OpenSSL has found, 0 for nothing (openssl/x509_vfy.h).
    pub error: i32,
    /// 0 for the broker's own certificate, then those that signed it.
    pub depth: i32,
    pub der: &'a [u8],
}

/// What the application says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// 0 takes back what OpenSSL has found.
    Accepted {
        error: i32,
    },
    Refused {
        error: i32,
        text: String,
    },
}

/// `ssl.certificate.verify_cb`. Called on the thread that has the broker's loop, with no
/// lock of the transport's held.
pub trait CertificateCheck: Send + Sync {
    fn check(&self, presented: &Presented<'_>) -> Verdict;
}

/// What connects to brokers by TLS over `tcp`. An error makes the client's creation fail.
/// Reads the files that `settings` names; they are read again if it says so.
#[cfg(feature = "tls")]
pub fn connector(
    settings: TlsSettings,
    tcp: TcpConnector,
    check: Option<Arc<dyn CertificateCheck>>,
    logger: &Arc<Logger>,
) -> Result<Arc<dyn Connector>, KafkaError> {
    let connector = refresh::TlsConnector::new(settings, tcp, check, logger.clone());
    let connector = connector
        .map_err(|text| KafkaError::new(crate::base::error::ErrorCode::_INVALID_ARG, text))?;
    Ok(Arc::new(connector))
}

/// There is no TLS in this build.
#[cfg(not(feature = "tls"))]
pub fn connector(
    _: TlsSettings,
    _: TcpConnector,
    _: Option<Arc<dyn CertificateCheck>>,
    _: &Arc<Logger>,
) -> Result<Arc<dyn Connector>, KafkaError> {
    Err(KafkaError::new(
        crate::base::error::ErrorCode::_INVALID_ARG,
        "Configuration property `security.protocol`: this librskafka was built without TLS, so \
         `ssl` and `sasl_ssl` cannot be used",
    ))
}

#[cfg(all(test, feature = "tls", not(loom)))]
mod tests;
