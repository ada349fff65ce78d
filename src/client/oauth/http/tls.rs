//! TLS under HTTP, on OpenSSL.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use openssl::error::ErrorStack;
use openssl::ssl::{
    HandshakeError, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode,
    SslVersion,
};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509, X509VerifyResult};

use super::Authorities;
use super::wire::Wire;

/// Where systems keep the certificates of authorities.
const USUAL: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
];

/// Shakes hands with the server, which must have a certificate for `host`.
pub fn connect(authorities: &Authorities, host: &str, wire: Wire) -> io::Result<SslStream<Wire>> {
    let ssl = session(authorities, host).map_err(|e| failed(&e.to_string()))?;
    ssl.connect(wire).map_err(|e| match e {
        HandshakeError::SetupFailure(stack) => failed(&stack.to_string()),
        HandshakeError::Failure(stream) | HandshakeError::WouldBlock(stream) => {
            let verified = stream.ssl().verify_result();
            if verified != X509VerifyResult::OK {
                let why = verified.error_string();
                return failed(&format!(
                    "the certificate of the server was not verified: {why} (see \
                     `https.ca.location`)"
                ));
            }
            let error = stream.into_error();
            match error.into_io_error() {
                Ok(e) => e,
                Err(error) => failed(&error.to_string()),
            }
        }
    })
}

fn failed(why: &str) -> io::Error {
    io::Error::other(format!("TLS: {why}"))
}

fn session(authorities: &Authorities, host: &str) -> io::Result<Ssl> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_verify(SslVerifyMode::PEER);
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    trust(&mut context, authorities)?;
    let mut ssl = Ssl::new(&context.build())?;
    let expected = ssl.param_mut();
    expected.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
    match host.parse::<IpAddr>() {
        Ok(address) => expected.set_ip(address)?,
        Err(_) => {
            expected.set_host(host)?;
            ssl.set_hostname(host)?;
        }
    }
    Ok(ssl)
}

fn trust(context: &mut SslContextBuilder, authorities: &Authorities) -> io::Result<()> {
    match (authorities.location.as_deref(), &authorities.pem) {
        (Some("probe"), _) => probe(context),
        (Some(place), _) => load(context, place)
            .map_err(|e| io::Error::other(format!("https.ca.location {place}: {e}"))),
        (None, Some(pem)) => {
            for certificate in X509::stack_from_pem(pem.as_bytes())
                .map_err(|e| io::Error::other(format!("https.ca.pem: {e}")))?
            {
                context.cert_store_mut().add_cert(certificate)?;
            }
            Ok(())
        }
        // An OpenSSL of the library's own does not know where the system's are.
        (None, None) if cfg!(feature = "tls-vendored") => probe(context),
        (None, None) => Ok(context.set_default_verify_paths()?),
    }
}

fn load(context: &mut SslContextBuilder, place: &str) -> Result<(), ErrorStack> {
    let path = Path::new(place);
    match path.is_dir() {
        true => context.load_verify_locations(None, Some(path)),
        false => context.load_verify_locations(Some(path), None),
    }
}

fn probe(context: &mut SslContextBuilder) -> io::Result<()> {
    let found = USUAL.iter().filter(|place| Path::new(place).exists());
    for place in found {
        if load(context, place).is_ok() {
            return Ok(());
        }
    }
    Err(io::Error::other("no certificates in the usual places"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use openssl::asn1::Asn1Time;
    use openssl::hash::MessageDigest;
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::Rsa;
    use openssl::ssl::SslAcceptor;
    use openssl::x509::extension::SubjectAlternativeName;
    use openssl::x509::{X509Builder, X509NameBuilder};

    use super::*;
    use crate::client::oauth::http::cancel::Cancel;

    fn certificate(key: &PKey<Private>) -> X509 {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", "test").unwrap();
        let name = name.build();
        let mut cert = X509Builder::new().unwrap();
        cert.set_version(2).unwrap();
        cert.set_subject_name(&name).unwrap();
        cert.set_issuer_name(&name).unwrap();
        cert.set_pubkey(key).unwrap();
        cert.set_not_before(&Asn1Time::days_from_now(0).unwrap())
            .unwrap();
        cert.set_not_after(&Asn1Time::days_from_now(2).unwrap())
            .unwrap();
        let names = SubjectAlternativeName::new()
            .ip("127.0.0.1")
            .build(&cert.x509v3_context(None, None));
        cert.append_extension(names.unwrap()).unwrap();
        cert.sign(key, MessageDigest::sha256()).unwrap();
        cert.build()
    }

    #[test]
    fn only_who_is_trusted_is_talked_to() {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let cert = certificate(&key);
        let pem = String::from_utf8(cert.to_pem().unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut acceptor =
                SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
            acceptor.set_private_key(&key).unwrap();
            acceptor.set_certificate(&cert).unwrap();
            let acceptor = acceptor.build();
            for stream in listener.incoming() {
                if let Ok(mut tls) = acceptor.accept(stream.unwrap()) {
                    let mut byte = [0];
                    let _ = tls.read(&mut byte).and_then(|_| tls.write(&byte));
                }
            }
        });
        let cancel = Arc::new(Cancel::new().unwrap());
        let to = |host: &str, authorities: &Authorities| {
            let deadline = Instant::now() + Duration::from_secs(60);
            let wire = Wire::connect("127.0.0.1", port, &cancel, deadline).unwrap();
            connect(authorities, host, wire).map_err(|e| e.to_string())
        };
        let trusting = Authorities {
            location: None,
            pem: Some(pem),
        };
        let mut stream = to("127.0.0.1", &trusting).unwrap();
        stream.write_all(b"x").unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");

        let other_name = to("other.example", &trusting).err().unwrap();
        assert!(other_name.contains("ostname mismatch"), "{other_name}");
        let stranger = to("127.0.0.1", &Authorities::default()).err().unwrap();
        assert!(stranger.contains("not verified"), "{stranger}");
        let nowhere = Authorities {
            location: Some("/nonexistent".to_owned()),
            pem: None,
        };
        assert!(
            to("127.0.0.1", &nowhere)
                .err()
                .unwrap()
                .contains("https.ca.location")
        );
    }
}
