//! Whether the broker's certificate is what it must be.
//!
//! OpenSSL builds the chain and checks each certificate of it; the application may overrule
//! it for each (`ssl.certificate.verify_cb`). What the first refusal was is kept for the
//! error, since OpenSSL's own says no more than that there was one.

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl::{SslRef, SslVerifyMode};
use openssl::x509::{X509Ref, X509StoreContextRef, X509VerifyResult};

use super::{CertificateCheck, Presented, TlsSettings, Verdict, ffi};
use crate::base::lock::Mutex;
use crate::base::text::tamed;
use crate::broker::error::ConnError;
use crate::broker::identity::Identity;

/// Whom the client means to talk to.
pub struct Peer {
    /// To send as SNI (RFC 6066: no addresses).
    pub sni: Option<String>,
    pub name: PeerName,
    /// `host:port`.
    pub broker: String,
    pub broker_id: i32,
}

/// What the certificate must be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerName {
    Host(String),
    Address(IpAddr),
}

impl Peer {
    pub fn new(broker: &Identity, server_name: Option<&str>) -> Self {
        let host = server_name.unwrap_or(&broker.host);
        let name = peer_name(host);
        let sni = match &name {
            // A hostile broker's metadata may name a host with a NUL, which is no C string.
            PeerName::Host(host) if !looks_numeric(host) && !host.contains('\0') => {
                Some(host.clone())
            }
            _ => None,
        };
        Peer {
            sni,
            name,
            broker: format!("{}:{}", broker.host, broker.port),
            broker_id: broker.node_id,
        }
    }

    /// For the session: what to send, and what to check.
    pub fn prepare(&self, ssl: &mut SslRef, identifies: bool) -> Result<(), ErrorStack> {
        if let Some(name) = &self.sni {
            ssl.set_hostname(name)?;
        }
        if !identifies {
            return Ok(());
        }
        match &self.name {
            PeerName::Host(host) => ssl.param_mut().set_host(host),
            PeerName::Address(address) => ssl.param_mut().set_ip(*address),
        }
    }
}

/// Certificates have names without the dot that makes them absolute, and addresses without
/// brackets and zone.
fn peer_name(host: &str) -> PeerName {
    let bare = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .unwrap_or(host);
    let address = bare.split('%').next().unwrap_or(bare);
    if let Ok(address) = address.parse() {
        return PeerName::Address(address);
    }
    let name = match host.strip_suffix('.') {
        Some(name) if !name.is_empty() => name,
        _ => host,
    };
    PeerName::Host(name.to_string())
}

/// No host name consists of these alone, even where it is no address.
fn looks_numeric(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Which check a certificate has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong, and with which certificate.
    pub text: String,
}

/// What the verification of one connection's certificate has found.
#[derive(Clone)]
pub struct Findings {
    first: Arc<Mutex<Option<Failure>>>,
    verifies: bool,
}

impl Findings {
    pub fn failure(&self) -> Option<Failure> {
        self.first.lock().clone()
    }

    /// The handshake is done: nothing may be open that the callback only passed by.
    pub fn settle(&self, ssl: &SslRef, host: &str) -> Result<(), ConnError> {
        if !self.verifies {
            return Ok(());
        }
        let why = match (ssl.peer_certificate(), ssl.verify_result()) {
            (None, _) => "it sent none".to_string(),
            (Some(_), X509VerifyResult::OK) => return Ok(()),
            (Some(_), other) => self
                .failure()
                .map_or_else(|| other.error_string().to_string(), |f| f.text),
        };
        Err(ConnError::Tls(format!(
            "SSL handshake with {host} failed: broker certificate could not be verified: {why}"
        )))
    }
}

/// Has the session verify the certificate, with the application's check if there is one.
pub fn install(
    ssl: &mut SslRef,
    settings: &TlsSettings,
    peer: Peer,
    check: Option<Arc<dyn CertificateCheck>>,
) -> Findings {
    let findings = Findings {
        first: Arc::default(),
        verifies: settings.verifies,
    };
    let mode = match settings.verifies {
        true => SslVerifyMode::PEER,
        false => SslVerifyMode::NONE,
    };
    let first = findings.first.clone();
    ssl.set_verify_callback(mode, move |passed, chain| {
        let failure = match &check {
            Some(check) => ask(&**check, &peer, chain),
            None if passed => None,
            None => Some(failed_check(chain, &peer.name)),
        };
        let passed = failure.is_none();
        if let Some(failure) = failure {
            first.lock().get_or_insert(failure);
        }
        passed
    });
    findings
}

/// The application's word on one certificate. None: it is accepted.
fn ask(
    check: &dyn CertificateCheck,
    peer: &Peer,
    chain: &mut X509StoreContextRef,
) -> Option<Failure> {
    let found = chain.error().as_raw();
    let der = match chain.current_cert().map(X509Ref::to_der) {
        Some(Ok(der)) => der,
        _ => {
            let text = "there is no certificate to ask the application about".to_string();
            return Some(Failure { text });
        }
    };
    let verdict = check.check(&Presented {
        broker: &peer.broker,
        broker_id: peer.broker_id,
        error: found,
        depth: i32::try_from(chain.error_depth()).unwrap_or(i32::MAX),
        der: &der,
    });
    match verdict {
        Verdict::Accepted { error } => {
            // An error that stays is passed by here, and `Findings::settle` comes back to it.
            if found != 0 && error == 0 {
                chain.set_error(X509VerifyResult::OK);
            }
            None
        }
        // It has nothing to add to what was found.
        Verdict::Refused { error, text } if text.is_empty() && error == found && found != 0 => {
            Some(failed_check(chain, &peer.name))
        }
        Verdict::Refused { error, text } => {
            chain.set_error(ffi::verify_result(error));
            let whose = chain.current_cert().map(described).unwrap_or_default();
            let text = format!("ssl.certificate.verify_cb refused {whose}: {text}");
            Some(Failure { text })
        }
    }
}

/// Verification errors (openssl/x509_vfy.h) that can be told with more than OpenSSL's words.
mod code {
    pub const CANNOT_GET_CRL: i32 = 3;
    pub const NOT_YET_VALID: i32 = 9;
    pub const EXPIRED: i32 = 10;
    pub const CRL_EXPIRED: i32 = 12;
    pub const SELF_SIGNED: i32 = 18;
    pub const SELF_SIGNED_IN_CHAIN: i32 = 19;
    pub const NO_ISSUER_HERE: i32 = 20;
    pub const NO_ISSUER: i32 = 21;
    pub const REVOKED: i32 = 23;
    pub const OTHER_HOST: i32 = 62;
    pub const OTHER_ADDRESS: i32 = 64;
    pub const KEY_TOO_SMALL: i32 = 66;
    pub const AUTHORITY_KEY_TOO_SMALL: i32 = 67;
    pub const DIGEST_TOO_WEAK: i32 = 68;
}

fn failed_check(chain: &X509StoreContextRef, peer: &PeerName) -> Failure {
    let result = chain.error();
    let Some(cert) = chain.current_cert() else {
        let text = result.error_string().to_string();
        return Failure { text };
    };
    let whose = described(cert);
    let words = result.error_string();
    let text = match result.as_raw() {
        code::EXPIRED => format!("{whose} expired on {}", cert.not_after()),
        code::NOT_YET_VALID => format!(
            "{whose} is not valid before {}: is the clock right?",
            cert.not_before()
        ),
        code::SELF_SIGNED => {
            format!("{whose} is self-signed and not trusted: {TRUST}")
        }
        code::SELF_SIGNED_IN_CHAIN => format!(
            "the authority is unknown ({words}): {whose} signs itself and is not trusted: {TRUST}"
        ),
        code::NO_ISSUER_HERE | code::NO_ISSUER => format!(
            "the authority is unknown ({words}): {whose} was issued by {}, which is not trusted: \
             {TRUST}",
            name_of(cert.issuer_name())
        ),
        code::OTHER_HOST | code::OTHER_ADDRESS => other_name(cert, peer, words),
        code::REVOKED => format!("{whose} is revoked by the list of ssl.crl.location"),
        code::CANNOT_GET_CRL => format!(
            "ssl.crl.location has no list of {}, which issued {whose} ({words})",
            name_of(cert.issuer_name())
        ),
        code::CRL_EXPIRED => {
            format!("the list of ssl.crl.location is out of date ({words})")
        }
        code::KEY_TOO_SMALL | code::AUTHORITY_KEY_TOO_SMALL | code::DIGEST_TOO_WEAK => format!(
            "{whose} is weaker than OpenSSL's security level allows ({words}); \
             ssl.cipher.suites=DEFAULT@SECLEVEL=0 would allow it"
        ),
        _ => format!("{whose}: {words}"),
    };
    Failure { text }
}

/// What to do about an unknown authority.
const TRUST: &str = "name a file with the authority's certificate in ssl.ca.location, or install \
                     it with those of the system";

fn other_name(cert: &X509Ref, peer: &PeerName, words: &str) -> String {
    let wanted = match peer {
        PeerName::Host(host) => host.clone(),
        PeerName::Address(address) => address.to_string(),
    };
    let names = names(cert);
    let names = match names.is_empty() {
        true => "no names".to_string(),
        false => names.join(", "),
    };
    format!(
        "it is not for {wanted} ({words}), but for {names}: see bootstrap.servers and the broker's \
         advertised.listeners, ssl.server.name, or ssl.endpoint.identification.algorithm"
    )
}

/// The names that a certificate is for, as many as an error has room for.
fn names(cert: &X509Ref) -> Vec<String> {
    const MOST: usize = 20;
    let mut names = all_names(cert);
    let more = names.len().saturating_sub(MOST);
    if more > 0 {
        names.truncate(MOST);
        names.push(format!("{more} more"));
    }
    names
}

fn all_names(cert: &X509Ref) -> Vec<String> {
    let mut names = Vec::new();
    for name in cert.subject_alt_names().iter().flatten() {
        if let Some(host) = name.dnsname() {
            names.push(shown(host));
        } else if let Some(address) = name.ipaddress() {
            let v4 = <[u8; 4]>::try_from(address).map(IpAddr::from);
            let v6 = <[u8; 16]>::try_from(address).map(IpAddr::from);
            names.extend(v4.or(v6).map(|address| address.to_string()));
        }
    }
    if names.is_empty() {
        let common = openssl::nid::Nid::COMMONNAME;
        for entry in cert.subject_name().entries_by_nid(common) {
            names.extend(entry.data().to_string().ok().map(|name| shown(&name)));
        }
    }
    names
}

/// A part of a certificate that nobody has verified.
fn shown(text: &str) -> String {
    tamed(text, 100)
}

/// "the certificate of CN=..".
fn described(cert: &X509Ref) -> String {
    format!("the certificate of {}", name_of(cert.subject_name()))
}

/// `CN=kafka,O=Example`.
fn name_of(name: &openssl::x509::X509NameRef) -> String {
    let mut text = String::new();
    for entry in name.entries() {
        let key = entry.object().nid().short_name().unwrap_or("?");
        let value = shown(&entry.data().to_string().unwrap_or_default());
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{key}={value}");
    }
    match text.is_empty() {
        true => "an unnamed owner".to_string(),
        false => text,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_told_apart() {
        let address = |text: &str| PeerName::Address(text.parse().unwrap());
        assert_eq!(peer_name("10.0.0.1"), address("10.0.0.1"));
        assert_eq!(peer_name("::1"), address("::1"));
        assert_eq!(peer_name("[fe80::1%eth0]"), address("fe80::1"));
        assert_eq!(peer_name("a.example."), PeerName::Host("a.example".into()));
        assert_eq!(peer_name("."), PeerName::Host(".".into()));
        assert_eq!(peer_name("a.example"), PeerName::Host("a.example".into()));
    }

    #[test]
    fn names_of_certificates_do_not_disturb_a_log() {
        let mut name = openssl::x509::X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", "a\nb\x1b[2J").unwrap();
        let name = name.build();
        assert_eq!(name_of(&name), "CN=a b [2J");
        let mut cert = openssl::x509::X509::builder().unwrap();
        cert.set_subject_name(&name).unwrap();
        assert_eq!(names(&cert.build()), ["a b [2J"]);
        assert_eq!(shown(&"x".repeat(1000)).len(), 100);
    }

    #[test]
    fn only_names_are_sent_to_the_server() {
        let broker = |host: &str| Identity {
            host: host.into(),
            port: 9093,
            node_id: 3,
            label: None,
        };
        let sni = |host, name| Peer::new(&broker(host), name).sni;
        assert_eq!(
            sni("kafka.example.", None).as_deref(),
            Some("kafka.example")
        );
        assert_eq!(sni("10.0.0.1", None), None);
        assert_eq!(sni("300.1.1.1", None), None);
        assert_eq!(sni("::1", None), None);
        assert_eq!(sni("a\0b", None), None);
        assert_eq!(sni("10.0.0.1", Some("proxy")).as_deref(), Some("proxy"));
        assert_eq!(Peer::new(&broker("a"), Some("b")).broker, "a:9093");
    }
}
