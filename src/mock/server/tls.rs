//! TLS on the cluster's listeners, by OpenSSL; one context for all of them.
//!
//! OpenSSL reads and writes the non-blocking socket itself. A read that ends with
//! `WouldBlock` has taken all that the socket had, so edge-triggered events suffice.

use super::channel::Raw;
use crate::mock::security::{ClientCertificates, Tls};
use openssl::asn1::Asn1Object;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    ErrorCode, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslStream,
    SslVerifyMode, SslVersion,
};
use openssl::x509::{X509, X509Name, X509NameEntryRef, X509NameRef};
use std::io::{self, ErrorKind};
use std::path::Path;

pub struct Acceptor(SslContext);

pub struct Session {
    stream: SslStream<Raw>,
    established: bool,
}

fn failed(what: &str, file: &Path, why: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("the {what} in {}: {why}", file.display()))
}

impl Acceptor {
    pub fn new(tls: &Tls) -> io::Result<Acceptor> {
        let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
        context.set_mode(
            SslMode::ENABLE_PARTIAL_WRITE
                | SslMode::ACCEPT_MOVING_WRITE_BUFFER
                | SslMode::RELEASE_BUFFERS,
        );
        context.set_options(SslOptions::NO_RENEGOTIATION | SslOptions::CIPHER_SERVER_PREFERENCE);
        context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        // Without it no session of a client with a certificate can be resumed.
        context.set_session_id_context(b"kafka-mock")?;
        let key = key(&tls.key)?;
        let mut chain = certificates(&tls.certificate)?.into_iter();
        if let Some(certificate) = chain.next() {
            let bad = |e| failed("certificate", &tls.certificate, e);
            context.set_certificate(&certificate).map_err(bad)?;
        }
        for issuer in chain {
            context.add_extra_chain_cert(issuer)?;
        }
        let bad = |e| failed("key", &tls.key, e);
        context.set_private_key(&key).map_err(bad)?;
        let (mode, ca) = match &tls.client {
            ClientCertificates::None => return Ok(Acceptor(context.build())),
            ClientCertificates::Requested(ca) => (SslVerifyMode::PEER, ca),
            ClientCertificates::Required(ca) => {
                let required = SslVerifyMode::FAIL_IF_NO_PEER_CERT;
                (SslVerifyMode::PEER | required, ca)
            }
        };
        let bad = |e| failed("CA certificates", ca, e);
        context.set_ca_file(ca).map_err(bad)?;
        context.set_client_ca_list(X509Name::load_client_ca_file(ca).map_err(bad)?);
        context.set_verify(mode);
        Ok(Acceptor(context.build()))
    }

    pub fn accept(&self, raw: Raw) -> io::Result<Session> {
        Ok(Session {
            stream: SslStream::new(Ssl::new(&self.0)?, raw)?,
            established: false,
        })
    }
}

fn certificates(file: &Path) -> io::Result<Vec<X509>> {
    let pem = std::fs::read(file).map_err(|e| failed("certificate", file, e))?;
    let found = X509::stack_from_pem(&pem).map_err(|e| failed("certificate", file, e))?;
    if found.is_empty() {
        return Err(failed("certificate", file, "there is none in PEM format"));
    }
    Ok(found)
}

fn key(file: &Path) -> io::Result<PKey<Private>> {
    let pem = std::fs::read(file).map_err(|e| failed("key", file, e))?;
    let pem = zeroize::Zeroizing::new(pem);
    // Without a callback OpenSSL would ask on the terminal.
    let mut asked = false;
    let key = PKey::private_key_from_pem_callback(&pem, |_| {
        asked = true;
        Ok(0)
    });
    key.map_err(|e| match asked {
        true => failed("key", file, "it has a password"),
        false => failed("key", file, e),
    })
}

impl Session {
    pub fn raw(&mut self) -> &mut Raw {
        self.stream.get_mut()
    }

    pub fn handshake(&mut self) -> io::Result<()> {
        let outcome = self.stream.accept().map_err(told);
        self.established |= outcome.is_ok();
        outcome
    }

    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stream.ssl_read(buffer) {
            Err(e) if e.code() == ErrorCode::ZERO_RETURN => Ok(0),
            outcome => outcome.map_err(told),
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.ssl_write(bytes).map_err(told)
    }

    pub fn close(&mut self) {
        if self.established {
            // The client's own close_notify is not waited for.
            let _ = self.stream.shutdown();
        }
    }

    pub fn subject(&self) -> Option<String> {
        let certificate = self.stream.ssl().peer_certificate()?;
        Some(distinguished_name(certificate.subject_name()))
    }
}

/// OpenSSL's wish to wait for the socket is the same for both directions here: both are
/// watched all the time.
fn told(e: openssl::ssl::Error) -> io::Error {
    match e.code() {
        ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => ErrorKind::WouldBlock.into(),
        _ => e.into_io_error().unwrap_or_else(io::Error::other),
    }
}

/// As RFC 2253 has it, the last part first, which is what Java calls a principal's name.
fn distinguished_name(name: &X509NameRef) -> String {
    let mut parts: Vec<String> = name.entries().map(part).collect();
    parts.reverse();
    parts.join(",")
}

fn part(entry: &X509NameEntryRef) -> String {
    let object = entry.object();
    let keyword = match object.nid() {
        Nid::COMMONNAME => "CN",
        Nid::COUNTRYNAME => "C",
        Nid::LOCALITYNAME => "L",
        Nid::STATEORPROVINCENAME => "ST",
        Nid::STREETADDRESS => "STREET",
        Nid::ORGANIZATIONNAME => "O",
        Nid::ORGANIZATIONALUNITNAME => "OU",
        Nid::DOMAINCOMPONENT => "DC",
        Nid::USERID => "UID",
        // Without a keyword of RFC 2253's: the object's number, and the value's encoding.
        other => {
            let value = hex(entry.data().as_slice(), other);
            // The owned kind alone shows its encoding.
            let object = Asn1Object::from_str(&object.to_string());
            let number = object.map(|o| dotted(o.as_slice())).unwrap_or_default();
            return format!("{number}=#{value}");
        }
    };
    let value = entry.data().to_string().unwrap_or_default();
    format!("{keyword}={}", escaped(&value))
}

/// An object's number from its encoding (X.690, section 8.19).
fn dotted(encoding: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0u64;
    for byte in encoding {
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let root = (number / 40).min(2);
                numbers.extend([root, number - root * 40]);
            } else {
                numbers.push(number);
            }
            number = 0;
        }
    }
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(".")
}

fn hex(value: &[u8], nid: Nid) -> String {
    const IA5: u8 = 0x16;
    const UTF8: u8 = 0x0c;
    let tag = if nid == Nid::PKCS9_EMAILADDRESS {
        IA5
    } else {
        UTF8
    };
    let length = value.len().min(127);
    let head = [tag, length as u8];
    let bytes = head.iter().chain(value.iter().take(length));
    bytes.map(|b| format!("{b:02x}")).collect()
}

fn escaped(value: &str) -> String {
    let mut out = String::new();
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        let at_end = (at == 0 && matches!(c, ' ' | '#')) || (at == last && c == ' ');
        if at_end || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
