//! Why a TLS connection was not made or did not last, in words that say what to look at.
//!
//! Some of them are what known programs look for: "broker certificate could not be
//! verified", and "alert number 42" with the number that the broker sent.

use openssl::error::{Error, ErrorStack};
use openssl::ssl;

use super::verify::Failure;
use super::wire::Ended;
use crate::broker::error::ConnError;

/// What is known of a connection that failed.
pub struct Facts<'a> {
    pub host: &'a str,
    /// The first bytes that the broker sent.
    pub first: &'a [u8],
    pub ended: Option<&'a Ended>,
    pub failure: Option<Failure>,
}

impl Facts<'_> {
    /// What came is no TLS record: its type is 20 to 24, its version 3.x (RFC 8446, 5.1).
    fn is_clear_text(&self) -> bool {
        match self.first {
            [kind, major, ..] => !matches!(kind, 20..=24) || *major != 3,
            _ => false,
        }
    }
}

/// OpenSSL reports an alert of the peer as this much above its number.
const ALERT_OFFSET: i32 = 1000;

/// The handshake failed.
pub fn handshake(facts: &Facts<'_>, error: &ssl::Error) -> ConnError {
    let host = facts.host;
    let text = |why: &str| format!("SSL handshake with {host} failed: {why}");
    if let Some(failure) = &facts.failure {
        let why = &failure.text;
        return ConnError::Tls(text(&format!(
            "broker certificate could not be verified: {why}"
        )));
    }
    if facts.is_clear_text() {
        return ConnError::Tls(text(
            "the broker answered in clear text, not in TLS: this port or security.protocol is wrong",
        ));
    }
    if let Some(stack) = error.ssl_error()
        && let Some(alert) = alert_of(stack)
    {
        return ConnError::Tls(text(&alert_text(alert)));
    }
    // Not TLS's fault, most likely: no broker answers plain text that it cannot read.
    let hint = match facts.first.is_empty() {
        true => ". Does this port speak plain text (security.protocol)?",
        false => "",
    };
    match facts.ended {
        Some(Ended::Closed) => {
            let why = format!("Disconnected: the broker closed the connection{hint}");
            ConnError::SetUp(text(&why))
        }
        Some(Ended::Failed(ConnError::Io(words))) => {
            ConnError::SetUp(text(&format!("Disconnected: {words}{hint}")))
        }
        Some(Ended::Failed(other)) => other.clone(),
        None => ConnError::Tls(text(&local_text(error))),
    }
}

/// The session failed after the handshake. With TLS 1.3 the broker looks at the client's
/// certificate only then.
pub fn later(facts: &Facts<'_>, error: &ssl::Error) -> ConnError {
    let host = facts.host;
    let why = match error.ssl_error().and_then(alert_of) {
        Some(alert) => alert_text(alert),
        None => local_text(error),
    };
    ConnError::Tls(format!("SSL session with {host} ended: {why}"))
}

fn alert_of(stack: &ErrorStack) -> Option<i32> {
    stack
        .errors()
        .iter()
        .filter(|e| is_of_ssl(e))
        .map(|e| e.reason_code() - ALERT_OFFSET)
        .find(|alert| (0..256).contains(alert))
}

fn is_of_ssl(e: &Error) -> bool {
    e.library_code() == SSL_LIBRARY
}

/// ERR_LIB_SSL.
const SSL_LIBRARY: i32 = 20;

/// The alert that the broker sent, by RFC 8446, 6.
fn alert_text(alert: i32) -> String {
    let (name, hint) = match alert {
        10 => ("unexpected message", CLIENT_CERTIFICATE),
        20 => ("bad record mac", ""),
        40 => (
            "handshake failure",
            ": no version, cipher suite (ssl.cipher.suites), curve or signature algorithm is \
             common, or the client's certificate was refused (ssl.certificate.location)",
        ),
        42 => ("bad certificate", CLIENT_CERTIFICATE),
        43 => ("unsupported certificate", CLIENT_CERTIFICATE),
        44 => ("certificate revoked", CLIENT_CERTIFICATE),
        45 => ("certificate expired", CLIENT_CERTIFICATE),
        46 => ("certificate unknown", CLIENT_CERTIFICATE),
        47 => ("illegal parameter", ""),
        48 => (
            "unknown CA",
            ": the broker does not know who signed the client's certificate \
             (ssl.certificate.location)",
        ),
        49 => ("access denied", ""),
        50 => ("decode error", ""),
        51 => ("decrypt error", CLIENT_CERTIFICATE),
        70 => (
            "protocol version",
            ": the broker speaks no TLS version that this client does",
        ),
        71 => ("insufficient security", ": see ssl.cipher.suites"),
        80 => ("internal error", ": see the broker's log"),
        86 => ("inappropriate fallback", ""),
        109 => ("missing extension", ""),
        112 => (
            "unrecognized name",
            ": the broker does not know the host name that the client connects to",
        ),
        116 => (
            "certificate required",
            ": the broker wants a certificate of the client (ssl.certificate.location and \
             ssl.key.location)",
        ),
        _ => ("of another kind", ""),
    };
    format!("the broker sent SSL alert number {alert} ({name}){hint}")
}

const CLIENT_CERTIFICATE: &str = ": the broker may want another certificate of the client, or one \
                                  at all (ssl.certificate.location and ssl.key.location); its log \
                                  says more";

/// What OpenSSL has to say itself.
fn local_text(error: &ssl::Error) -> String {
    match error.ssl_error() {
        Some(stack) if !stack.errors().is_empty() => words(stack),
        _ => "OpenSSL gives no reason".to_string(),
    }
}

/// `what` failed, and OpenSSL knows why.
pub fn because(what: &str) -> impl Fn(ErrorStack) -> String + '_ {
    move |stack| format!("{what}: {}", words(&stack))
}

/// The reasons on OpenSSL's list of errors, the first one first.
pub fn words(stack: &ErrorStack) -> String {
    let each: Vec<String> = stack.errors().iter().map(one).collect();
    match each.is_empty() {
        true => "OpenSSL gives no reason".to_string(),
        false => each.join(", "),
    }
}

fn one(e: &Error) -> String {
    let reason = e.reason().unwrap_or("unknown reason");
    let data = e.data().filter(|data| !data.is_empty());
    match data {
        Some(data) => format!("error:{:08X}: {reason}: {data}", e.code()),
        None => format!("error:{:08X}: {reason}", e.code()),
    }
}
