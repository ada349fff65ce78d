//! A secured cluster over its sockets: what the state does not see.

use crate::base::secret::Secret;
use crate::mock::sasl::Mechanism;
use crate::mock::security::{Security, User};
use crate::mock::{Cluster, Options};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn cluster(security: Security) -> Cluster {
    let options = Options {
        security,
        ..Options::default()
    };
    Cluster::new(1, options).expect("starts")
}

fn connect(cluster: &Cluster) -> TcpStream {
    let socket = TcpStream::connect(cluster.bootstraps()).expect("connects");
    let patience = Some(Duration::from_secs(20));
    socket.set_read_timeout(patience).expect("a timeout");
    socket
}

/// SaslHandshake of version 1 for PLAIN, and what answers it.
const HANDSHAKE: &[u8] = b"\0\0\0\x13\0\x11\0\x01\0\0\0\x07\0\x02me\0\x05PLAIN";

fn by_password() -> Security {
    Security {
        mechanisms: vec![Mechanism::Plain],
        users: vec![User {
            name: "alice".to_owned(),
            password: Secret::new(b"secret"),
        }],
        ..Security::default()
    }
}

fn answer(socket: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    socket.read_exact(&mut frame)?;
    Ok(frame)
}

/// SaslAuthenticate of version 0 with a token of PLAIN's.
fn authenticate(password: &str) -> Vec<u8> {
    let token = format!("\0alice\0{password}");
    let mut request = b"\0\x24\0\0\0\0\0\x08\0\x02me".to_vec();
    request.extend((token.len() as u32).to_be_bytes());
    request.extend(token.as_bytes());
    [&(request.len() as u32).to_be_bytes()[..], &request].concat()
}

#[test]
fn a_refused_login_is_answered_before_the_end() {
    let cluster = cluster(by_password());
    let mut socket = connect(&cluster);
    socket.write_all(HANDSHAKE).expect("sends");
    assert_eq!(&answer(&mut socket).expect("an answer")[4..6], [0, 0]);
    socket.write_all(&authenticate("wrong")).expect("sends");
    assert_eq!(&answer(&mut socket).expect("an answer")[4..6], [0, 58]);
    assert_eq!(socket.read(&mut [0]).expect("the end"), 0);

    let mut socket = connect(&cluster);
    socket.write_all(HANDSHAKE).expect("sends");
    answer(&mut socket).expect("an answer");
    socket.write_all(&authenticate("secret")).expect("sends");
    assert_eq!(&answer(&mut socket).expect("an answer")[4..6], [0, 0]);
}

#[test]
fn a_stranger_s_large_request_ends_the_connection() {
    let cluster = cluster(by_password());
    let mut socket = connect(&cluster);
    socket
        .write_all(&(600_000u32).to_be_bytes())
        .expect("sends");
    assert_eq!(socket.read(&mut [0]).expect("the end"), 0);
    // What was announced need not come; others are served.
    let mut cut = connect(&cluster);
    cut.write_all(&HANDSHAKE[..9]).expect("sends");
    drop(cut);
    let mut socket = connect(&cluster);
    socket.write_all(HANDSHAKE).expect("sends");
    assert!(answer(&mut socket).is_ok());
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;
    use crate::mock::security::{ClientCertificates, Tls};
    use openssl::asn1::Asn1Time;
    use openssl::hash::MessageDigest;
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::Rsa;
    use openssl::ssl::{SslConnector, SslMethod, SslStream, SslVerifyMode};
    use openssl::x509::{X509, X509Name};
    use std::path::PathBuf;

    /// A folder of the test's, gone with it.
    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    impl Folder {
        fn new(name: &str) -> Folder {
            let name = format!("kafka-mock-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&folder).expect("a folder");
            Folder(folder)
        }

        fn write(&self, name: &str, pem: &[u8]) -> PathBuf {
            let file = self.0.join(name);
            std::fs::write(&file, pem).expect("writes");
            file
        }
    }

    /// A certificate that its own key has signed.
    fn certificate(entries: &[(&str, &str)]) -> (X509, PKey<Private>) {
        let key = PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key");
        let mut name = X509Name::builder().expect("a name");
        for (field, value) in entries {
            name.append_entry_by_text(field, value).expect("an entry");
        }
        let name = name.build();
        let mut made = X509::builder().expect("a certificate");
        made.set_version(2).expect("a version");
        made.set_subject_name(&name).expect("a subject");
        made.set_issuer_name(&name).expect("an issuer");
        made.set_pubkey(&key).expect("a key");
        let day = |n| Asn1Time::days_from_now(n).expect("a time");
        made.set_not_before(&day(0)).expect("a beginning");
        made.set_not_after(&day(1)).expect("an end");
        made.sign(&key, MessageDigest::sha256()).expect("signs");
        (made.build(), key)
    }

    fn files(folder: &Folder, client: ClientCertificates) -> Tls {
        let (certificate, key) = certificate(&[("CN", "localhost")]);
        Tls {
            certificate: folder.write("cert.pem", &certificate.to_pem().expect("PEM")),
            key: folder.write("key.pem", &key.private_key_to_pem_pkcs8().expect("PEM")),
            client,
        }
    }

    fn shake(cluster: &Cluster, with: Option<&(X509, PKey<Private>)>) -> SslStream<TcpStream> {
        let mut connector = SslConnector::builder(SslMethod::tls()).expect("a context");
        connector.set_verify(SslVerifyMode::NONE);
        if let Some((certificate, key)) = with {
            connector
                .set_certificate(certificate)
                .expect("a certificate");
            connector.set_private_key(key).expect("a key");
        }
        let connector = connector.build().configure().expect("a session");
        let connector = connector.verify_hostname(false);
        connector
            .connect("localhost", connect(cluster))
            .expect("shakes hands")
    }

    /// ApiVersions of version 0.
    const VERSIONS: &[u8] = b"\0\0\0\x0a\0\x12\0\0\0\0\0\x07\0\0";

    #[test]
    fn requests_come_in_any_pieces() {
        let folder = Folder::new("pieces");
        let cluster = cluster(Security {
            tls: Some(files(&folder, ClientCertificates::None)),
            ..Security::default()
        });
        let mut stream = shake(&cluster, None);
        for byte in VERSIONS {
            stream.write_all(&[*byte]).expect("sends");
        }
        assert_eq!(
            &answer(&mut stream).expect("an answer")[..6],
            [0, 0, 0, 7, 0, 0]
        );
        // Many requests before their answers are taken.
        let many = VERSIONS.repeat(20_000);
        let mut sent = 0;
        let mut answers = 0;
        while answers < 20_000 {
            let end = (sent + 14 * 500).min(many.len());
            stream.write_all(&many[sent..end]).expect("sends");
            let now = (end - sent) / 14;
            sent = end;
            for _ in 0..now {
                answer(&mut stream).expect("an answer");
                answers += 1;
            }
        }
        drop(cluster);
        // It took its leave: the end is no cut.
        assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
    }

    #[test]
    fn what_is_no_handshake_gets_an_alert_and_harms_nobody() {
        let folder = Folder::new("alert");
        let cluster = cluster(Security {
            tls: Some(files(&folder, ClientCertificates::None)),
            ..Security::default()
        });
        let mut plain = connect(&cluster);
        plain.write_all(VERSIONS).expect("sends");
        let mut told = Vec::new();
        plain.read_to_end(&mut told).expect("the end");
        assert!(told.is_empty() || told[0] == 21, "{told:?}");
        // One that stops in the middle, and one that stays.
        let mut cut = connect(&cluster);
        cut.write_all(b"\x16\x03\x01\x02\0\x01\0").expect("sends");
        let stays = connect(&cluster);
        drop(cut);
        let mut stream = shake(&cluster, None);
        stream.write_all(VERSIONS).expect("sends");
        assert!(answer(&mut stream).is_ok());
        drop(stays);
    }

    #[test]
    fn clients_show_their_certificates() {
        let folder = Folder::new("client");
        let alice = certificate(&[("C", "DE"), ("emailAddress", "a@b"), ("CN", "al,ice")]);
        let ca = folder.write("ca.pem", &alice.0.to_pem().expect("PEM"));
        let mut security = Security {
            tls: Some(files(&folder, ClientCertificates::Requested(ca))),
            authorizer: Some(crate::mock::security::Authorizer {
                super_users: vec![
                    "User:CN=al\\,ice,1.2.840.113549.1.9.1=#1603614062,C=DE".to_owned(),
                ],
                allow_if_no_acl: false,
            }),
            ..Security::default()
        };
        // DescribeAcls of version 2: of any type, name, pattern and so on.
        const ACLS: &[u8] = b"\0\0\0\x13\0\x1d\0\x02\0\0\0\x07\0\0\0\x01\0\x01\0\0\x01\x01\0";
        let requested = cluster(security.clone());
        for (with, code) in [(Some(&alice), 0), (None, 31)] {
            let mut stream = shake(&requested, with);
            stream.write_all(ACLS).expect("sends");
            let told = answer(&mut stream).expect("an answer");
            // Correlation, a tag buffer, the throttle's time.
            assert_eq!(told[9..11], [0, code], "{told:?}");
        }
        if let Some(tls) = &mut security.tls
            && let ClientCertificates::Requested(ca) = &tls.client
        {
            tls.client = ClientCertificates::Required(ca.clone());
        }
        let required = cluster(security);
        // With TLS 1.3 the client learns it from what it reads.
        let mut stream = shake(&required, None);
        let _ = stream.write_all(VERSIONS);
        assert!(answer(&mut stream).is_err());
        let mut stream = shake(&required, Some(&alice));
        stream.write_all(VERSIONS).expect("sends");
        assert!(answer(&mut stream).is_ok());
    }

    #[test]
    fn files_that_are_none_are_named() {
        let folder = Folder::new("files");
        let good = files(&folder, ClientCertificates::None);
        let odd = folder.write("odd.pem", b"nothing");
        let locked = certificate(&[("CN", "x")]).1;
        let cipher = openssl::symm::Cipher::aes_128_cbc();
        let locked = locked.private_key_to_pem_pkcs8_passphrase(cipher, b"password");
        let locked = folder.write("locked.pem", &locked.expect("PEM"));
        let with = |change: &dyn Fn(&mut Tls)| {
            let mut tls = good.clone();
            change(&mut tls);
            let security = Security {
                tls: Some(tls),
                ..Security::default()
            };
            let options = Options {
                security,
                ..Options::default()
            };
            Cluster::new(1, options)
                .err()
                .expect("does not start")
                .to_string()
        };
        let missing = with(&|tls| tls.key = "/none".into());
        assert!(missing.contains("key in /none"), "{missing}");
        assert!(with(&|tls| tls.certificate = odd.clone()).contains("odd.pem: there is none"));
        assert!(with(&|tls| tls.key = odd.clone()).contains("odd.pem"));
        assert!(with(&|tls| tls.key = locked.clone()).contains("has a password"));
        let ca = ClientCertificates::Required(odd.clone());
        assert!(with(&|tls| tls.client = ca.clone()).contains("CA certificates in"));
    }
}
