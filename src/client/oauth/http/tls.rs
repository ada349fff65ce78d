//! TLS under HTTP, on OpenSSL.

use std::io;
use std::net::IpAddr;

use openssl::ssl::{
    HandshakeError, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode,
    SslVersion,
};
use openssl::x509::X509VerifyResult;
use openssl::x509::verify::X509CheckFlags;

use super::Authorities;
use super::wire::Wire;
use crate::broker::transport::tls::authorities::Trusted;

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
    let trusted = Trusted {
        location: authorities.location.as_deref(),
        pem: authorities.pem.as_deref(),
        names: ["https.ca.location", "https.ca.pem"],
    };
    trusted.set(context, &|_| {}).map_err(io::Error::other)
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
    use openssl::x509::{X509, X509Builder, X509NameBuilder};

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
