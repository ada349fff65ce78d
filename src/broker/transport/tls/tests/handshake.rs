use std::sync::Arc;

use super::authority::{Authority, Wish, new_key};
use super::server::Server;
use super::*;
use crate::base::lock::Mutex;
use crate::broker::transport::ReadOutcome;
use crate::broker::transport::tls::{Presented, Verdict};

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

const UNVERIFIED: &str = "broker certificate could not be verified";

#[test]
fn a_trusted_broker_is_connected_to() {
    let authority = Authority::new("ours");
    let (mut client, mut server) = begin(&*made(trusting(&authority)), &authority.issue("b"));
    shake_hands(&mut client, &mut server).unwrap();
    assert_eq!(server.server_name().as_deref(), Some(HOST));
    assert!(server.peer().is_none());
}

#[test]
fn an_unknown_authority_is_refused_with_what_to_set() {
    let (authority, other) = (Authority::new("ours"), Authority::new("theirs"));
    let text = handshake_error(trusting(&other), &authority.issue("b"));
    contains(
        &text,
        &[UNVERIFIED, "CN=ours", "ssl.ca.location", "localhost:"],
    );
}

#[test]
fn dates_are_told() {
    let authority = Authority::new("ours");
    let old = Wish {
        until: 1_000_000_000,
        ..Wish::default()
    };
    let text = handshake_error(trusting(&authority), &authority.issue_as("b", &old));
    contains(
        &text,
        &[UNVERIFIED, "CN=b expired on Sep  9 01:46:40 2001 GMT"],
    );
    let early = Wish {
        from: 4_000_000_000,
        ..Wish::default()
    };
    let text = handshake_error(trusting(&authority), &authority.issue_as("b", &early));
    contains(
        &text,
        &[UNVERIFIED, "not valid before Oct  2 07:06:40 2096 GMT"],
    );
}

#[test]
fn a_certificate_for_another_name_is_refused_with_its_names() {
    let authority = Authority::new("ours");
    let elsewhere = Wish {
        names: &["kafka.example", "kafka-1.example"],
        addresses: &["10.0.0.1"],
        ..Wish::default()
    };
    let served = authority.issue_as("b", &elsewhere);
    let text = handshake_error(trusting(&authority), &served);
    let names = "kafka.example, kafka-1.example, 10.0.0.1";
    contains(&text, &[UNVERIFIED, "not for localhost", names]);

    let mut any = trusting(&authority);
    any.identifies = false;
    let (mut client, mut server) = begin(&*made(any), &served);
    shake_hands(&mut client, &mut server).unwrap();

    for name in ["kafka.example", "10.0.0.1"] {
        let mut told = trusting(&authority);
        told.server_name = Some(name.into());
        let (mut client, mut server) = begin(&*made(told), &served);
        shake_hands(&mut client, &mut server).unwrap();
        let sent = server.server_name();
        assert_eq!(sent.is_some(), name != "10.0.0.1", "{sent:?}");
    }
}

#[test]
fn nothing_is_checked_without_verification() {
    let mut blind = trusting(&Authority::new("ours"));
    blind.verifies = false;
    let (mut client, mut server) = begin(&*made(blind), &Authority::new("theirs").issue("b"));
    shake_hands(&mut client, &mut server).unwrap();
}

/// Accepts or refuses, and remembers what it was asked.
struct Asked {
    accepts: bool,
    clears: bool,
    seen: Mutex<Vec<(String, i32, i32, i32)>>,
}

impl CertificateCheck for Asked {
    fn check(&self, p: &Presented<'_>) -> Verdict {
        assert!(openssl::x509::X509::from_der(p.der).is_ok());
        let seen = (p.broker.to_string(), p.broker_id, p.error, p.depth);
        self.seen.lock().push(seen);
        match self.accepts {
            true => Verdict::Accepted {
                error: if self.clears { 0 } else { p.error },
            },
            false => Verdict::Refused {
                error: 26,
                text: "not today".into(),
            },
        }
    }
}

#[test]
fn the_application_has_the_last_word() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    for (trusted, accepts, clears, works) in [
        (&ours, true, false, true),
        (&ours, false, false, false),
        (&theirs, true, true, true),
        (&theirs, true, false, false),
    ] {
        let asked = Arc::new(Asked {
            accepts,
            clears,
            seen: Mutex::default(),
        });
        let connector = made_with(trusting(trusted), Some(asked.clone()), 0);
        let (mut client, mut server) = begin(&*connector, &ours.issue("b"));
        let done = shake_hands(&mut client, &mut server);
        assert_eq!(done.is_ok(), works, "{done:?}");
        let seen = asked.seen.lock();
        let (broker, id, error, depth) = seen.first().unwrap();
        assert!(broker.starts_with("localhost:"), "{broker}");
        assert_eq!((*id, *error == 0), (7, std::ptr::eq(trusted, &ours)));
        assert!((0..=1).contains(depth), "{depth}");
        if let Err(e) = done {
            contains(&e.to_string(), &[UNVERIFIED]);
            if !accepts {
                contains(&e.to_string(), &["not today", "ssl.certificate.verify_cb"]);
            }
        }
    }
}

#[test]
fn clear_text_is_named_as_such() {
    let authority = Authority::new("ours");
    let connector = made(trusting(&authority));
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n"[..], &[0, 0, 0, 10, 1, 2]] {
        let (mut client, mut server) = begin(&*connector, &authority.issue("b"));
        server.failed = Some("it does not speak TLS".into());
        server.send_raw(answer);
        if answer.len() < 8 {
            server.close();
        }
        let error = shake_hands(&mut client, &mut server).unwrap_err();
        assert!(matches!(error, ConnError::Tls(_)), "{error:?}");
        contains(&error.to_string(), &["in clear text", "security.protocol"]);
    }
}

#[test]
fn a_handshake_is_cut_at_every_byte() {
    let authority = Authority::new("ours");
    let connector = made(trusting(&authority));
    let served = authority.issue("b");
    let (mut client, mut server) = begin(&*connector, &served);
    shake_hands(&mut client, &mut server).unwrap();
    let whole = server.sent;
    assert!(whole > 500, "{whole}");
    let mut cut_off = 0;
    for cut_after in 0..whole {
        let (mut client, mut server) = begin(&*connector, &served);
        server.cut_after = cut_after;
        if cut_after == 0 {
            server.close();
        }
        match shake_hands(&mut client, &mut server) {
            // The end of what is sent comes after the handshake (tickets).
            Ok(()) => continue,
            Err(e) => {
                assert!(matches!(e, ConnError::SetUp(_)), "{cut_after}: {e:?}");
                contains(
                    &e.to_string(),
                    &["SSL handshake with localhost:", "Disconnected"],
                );
                cut_off += 1;
            }
        }
    }
    assert!(cut_off > 500, "{cut_off}");
}

#[test]
fn a_handshake_byte_by_byte_works() {
    let authority = Authority::new("ours");
    let (mut client, mut server) = begin(&*made(trusting(&authority)), &authority.issue("b"));
    server.chunk = 1;
    shake_hands(&mut client, &mut server).unwrap();
}

#[test]
fn a_flipped_byte_ends_the_handshake() {
    let authority = Authority::new("ours");
    let connector = made(trusting(&authority));
    let served = authority.issue("b");
    for garbage in [
        &[22, 3, 3, 0, 4, 9, 9, 9, 9][..],
        &[23, 3, 3, 0, 1, 0],
        &[22, 3, 3, 255, 255],
    ] {
        let (mut client, mut server) = begin(&*connector, &served);
        server.failed = Some("garbage instead".into());
        server.send_raw(garbage);
        server.close();
        let error = shake_hands(&mut client, &mut server).unwrap_err();
        contains(&error.to_string(), &["SSL handshake with localhost:"]);
    }
}

#[test]
fn the_brokers_alert_is_told_with_its_number() {
    let authority = Authority::new("ours");
    let served = authority.issue("b");
    let demanding = Server::demanding(&served, &authority);
    let (mut client, mut server) = begin_as(&*made(trusting(&authority)), demanding);
    // With TLS 1.3 it comes after the handshake.
    shake_hands(&mut client, &mut server).unwrap();
    let error = read_to_the_end(&mut client, &mut server).unwrap_err();
    assert!(matches!(error, ConnError::Tls(_)), "{error:?}");
    contains(
        &error.to_string(),
        &["alert number 116", "ssl.certificate.location"],
    );
}

fn read_to_the_end(client: &mut Client, server: &mut Server) -> Result<(), ConnError> {
    let mut buf = [0; 1000];
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        server.step();
        match client.stream.read(&mut buf)? {
            ReadOutcome::Closed => return Ok(()),
            ReadOutcome::Data { .. } => {}
            ReadOutcome::WouldBlock => client.wait(Duration::from_millis(1)),
        }
    }
    panic!("no end comes");
}

#[test]
fn a_client_shows_its_certificate_to_who_trusts_its_issuer() {
    let (authority, other) = (Authority::new("ours"), Authority::new("theirs"));
    let served = authority.issue("b");
    for issuer in [&authority, &other] {
        let own = issuer.issue("client");
        let mut settings = trusting(&authority);
        settings.certificate_pem = Some(own.cert_pem());
        settings.key_pem = Some(own.key_pem().into());
        let demanding = Server::demanding(&served, &authority);
        let (mut client, mut server) = begin_as(&*made(settings), demanding);
        shake_hands(&mut client, &mut server).unwrap();
        let shown = server.peer().is_some();
        assert_eq!(shown, std::ptr::eq(issuer, &authority));
        if !shown {
            // It is not even sent: the broker misses it, and does not mistrust it.
            let error = read_to_the_end(&mut client, &mut server).unwrap_err();
            contains(&error.to_string(), &["alert number 116"]);
        }
    }
}

#[test]
fn no_common_version_is_an_alert() {
    let authority = Authority::new("ours");
    let mut context = Server::builder(&authority.issue("b"));
    let newest = Some(openssl::ssl::SslVersion::TLS1_2);
    context.set_max_proto_version(newest).unwrap();
    context
        .set_cipher_list("ECDHE-ECDSA-AES256-GCM-SHA384")
        .unwrap();
    let mut settings = trusting(&authority);
    settings.cipher_suites = Some("ECDHE-ECDSA-AES128-GCM-SHA256".into());
    let (mut client, mut server) = begin_as(&*made(settings), context.build());
    let error = shake_hands(&mut client, &mut server).unwrap_err();
    contains(
        &error.to_string(),
        &["alert number 40", "ssl.cipher.suites"],
    );
}

fn refused(change: impl FnOnce(&mut TlsSettings)) -> String {
    let mut settings = trusting(&Authority::new("ours"));
    change(&mut settings);
    let Err(error) = connector(settings, tcp(0), None, &quiet()) else {
        panic!("it was made");
    };
    assert_eq!(error.code, crate::base::error::ErrorCode::_INVALID_ARG);
    error.text
}

#[test]
fn what_a_context_is_not_made_from() {
    let missing = || Some("/nonexistent/file.pem".to_string());
    let text = refused(|s| s.ca_location = missing());
    contains(
        &text,
        &["ssl.ca.location", "/nonexistent/file.pem", "No such file"],
    );
    let text = refused(|s| s.crl_location = missing());
    contains(&text, &["ssl.crl.location", "/nonexistent/file.pem"]);
    let text = refused(|s| s.certificate_location = missing());
    contains(&text, &["ssl.certificate.location", "No such file"]);
    let text = refused(|s| s.key_location = missing());
    contains(&text, &["ssl.key.location", "No such file"]);
    let text = refused(|s| s.keystore_location = missing());
    contains(&text, &["ssl.keystore.location", "No such file"]);
    let text = refused(|s| s.ca_pem = Some("nonsense".into()));
    contains(&text, &["ssl.ca.pem", "PEM"]);
    let text = refused(|s| s.cipher_suites = Some("NONE-SUCH".into()));
    contains(
        &text,
        &["ssl.cipher.suites", "NONE-SUCH", "no cipher match"],
    );
    let text = refused(|s| s.curves = Some("round".into()));
    contains(&text, &["ssl.curves.list", "round"]);
    let text = refused(|s| s.sigalgs = Some("scribble".into()));
    contains(&text, &["ssl.sigalgs.list", "scribble"]);
    let text = refused(|s| s.providers = Some("nosuchprovider".into()));
    contains(&text, &["ssl.providers", "nosuchprovider"]);
    let text = refused(|s| s.engine_location = Some("invalid_path".into()));
    contains(&text, &["engine initialization failed in"]);
}

#[test]
fn keys_need_their_password_and_certificate() {
    let authority = Authority::new("ours");
    let own = authority.issue("client");
    let cipher = openssl::symm::Cipher::aes_128_cbc();
    let pkcs8 = own
        .key
        .private_key_to_pem_pkcs8_passphrase(cipher, b"secret");
    let ec = own.key.ec_key().unwrap();
    let traditional = ec.private_key_to_pem_passphrase(cipher, b"secret");
    for pem in [pkcs8.unwrap(), traditional.unwrap()] {
        let pem = String::from_utf8(pem).unwrap();
        let text = refused(|s| s.key_pem = Some(pem.clone().into()));
        contains(&text, &["ssl.key.pem", "encrypted", "ssl.key.password"]);
        let text = refused(|s| {
            s.key_pem = Some(pem.clone().into());
            s.key_password = Some("abracadabra".to_string().into());
        });
        contains(&text, &["ssl.key.pem", "is the password right?"]);
        assert!(!text.contains("abracadabra"), "{text}");
        let mut right = trusting(&authority);
        right.certificate_pem = Some(own.cert_pem());
        right.key_pem = Some(pem.into());
        right.key_password = Some("secret".to_string().into());
        made(right);
    }
    let text = refused(|s| {
        s.certificate_pem = Some(own.cert_pem());
        let other = new_key().private_key_to_pem_pkcs8().unwrap();
        s.key_pem = Some(String::from_utf8(other).unwrap().into());
    });
    contains(&text, &["key values mismatch"]);
    let text = refused(|s| s.key_pem = Some(own.key_pem().into()));
    contains(
        &text,
        &["Private key check failed", "no certificate assigned"],
    );
}
