//! Logging in, request by request on one connection.

use super::{Answer, Sim, text};
use crate::base::secret::Secret;
use crate::mock::sasl::Mechanism;
use crate::mock::security::{Security, User};
use crate::mock::state::ConnId;
use crate::protocol::scram::{ClientFinal, ClientFirst, ScramHash, ServerFirst, exchange};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{
    ApiVersionsRequest, MetadataRequest, SaslAuthenticateRequest, SaslAuthenticateResponse,
    SaslHandshakeRequest, SaslHandshakeResponse,
};
use kafka_protocol::protocol::Request;

fn secured(reauth_ms: u32) -> Sim {
    let user = |name: &str, password: &[u8]| User {
        name: name.to_owned(),
        password: Secret::new(password),
    };
    let mut sim = Sim::new(1);
    sim.state.secure(&Security {
        mechanisms: Mechanism::ALL.to_vec(),
        users: vec![user("alice", b"secret"), user("bob", b"other")],
        reauth_ms,
        ..Security::default()
    });
    sim
}

/// The response, and whether the connection ended with it.
fn ask<R: Request>(sim: &mut Sim, conn: ConnId, v: i16, request: &R) -> (R::Response, bool) {
    let pending = sim.send_on(conn, 1, v, request);
    let (response, delay) = sim.take_delayed::<R>(pending);
    let ended = sim.ended.contains(&conn);
    assert_eq!(delay, if ended { 100 } else { 0 });
    (response, ended)
}

fn is_closed_by<R: Request>(sim: &mut Sim, conn: ConnId, v: i16, request: &R) -> bool {
    sim.send_on(conn, 1, v, request);
    match sim.raw(conn) {
        Some(Answer::Closed) => {
            sim.state.connection_closed(sim.now, conn);
            true
        }
        answer => {
            assert!(matches!(answer, Some(Answer::Frame(..))), "{answer:?}");
            false
        }
    }
}

fn versions() -> ApiVersionsRequest {
    ApiVersionsRequest::default()
        .with_client_software_name(text("test"))
        .with_client_software_version(text("1"))
}

fn handshake(sim: &mut Sim, conn: ConnId, mechanism: &str) -> (SaslHandshakeResponse, bool) {
    let request = SaslHandshakeRequest::default().with_mechanism(text(mechanism));
    ask(sim, conn, 1, &request)
}

fn token(sim: &mut Sim, conn: ConnId, token: &[u8]) -> (SaslAuthenticateResponse, bool) {
    let token = Bytes::copy_from_slice(token);
    let request = SaslAuthenticateRequest::default().with_auth_bytes(token);
    ask(sim, conn, 2, &request)
}

fn plain(
    sim: &mut Sim,
    conn: ConnId,
    user: &str,
    password: &str,
) -> (SaslAuthenticateResponse, bool) {
    let begun = handshake(sim, conn, "PLAIN");
    assert_eq!((begun.0.error_code, begun.1), (0, false));
    token(sim, conn, format!("\0{user}\0{password}").as_bytes())
}

fn is_served(sim: &mut Sim, conn: ConnId) -> bool {
    !is_closed_by(sim, conn, 12, &MetadataRequest::default())
}

#[test]
fn nothing_goes_before_the_login() {
    let mut sim = secured(0);
    let conn = sim.connect();
    assert!(!is_served(&mut sim, conn));
    let conn = sim.connect();
    assert!(is_closed_by(
        &mut sim,
        conn,
        2,
        &SaslAuthenticateRequest::default()
    ));
    // Once, unless it was not understood.
    let conn = sim.connect();
    assert_eq!(
        ask(&mut sim, conn, 3, &ApiVersionsRequest::default())
            .0
            .error_code,
        42
    );
    let (told, _) = ask(&mut sim, conn, 3, &versions());
    assert_eq!(told.error_code, 0);
    assert!(
        told.api_keys
            .iter()
            .any(|k| (k.api_key, k.max_version) == (36, 2))
    );
    assert!(is_closed_by(&mut sim, conn, 3, &versions()));
    // A login without them.
    let conn = sim.connect();
    let (response, ended) = plain(&mut sim, conn, "alice", "secret");
    assert_eq!(
        (response.error_code, response.error_message, ended),
        (0, None, false)
    );
    assert_eq!(response.session_lifetime_ms, 0);
    assert!(is_served(&mut sim, conn));
    assert_eq!(sim.state.logins.principal(conn), Some(text("User:alice")));
    // A login does not end, so there is none again.
    let (response, ended) = handshake(&mut sim, conn, "PLAIN");
    assert_eq!(
        (response.error_code, ended),
        (E::IllegalSaslState.code(), false)
    );
    let (response, ended) = token(&mut sim, conn, b"");
    assert_eq!(
        (response.error_code, ended),
        (E::IllegalSaslState.code(), false)
    );
    assert!(is_served(&mut sim, conn));
}

#[test]
fn nobody_logs_in_where_nobody_needs_to() {
    let mut sim = Sim::new(1);
    let conn = sim.connect();
    let (response, ended) = handshake(&mut sim, conn, "PLAIN");
    assert_eq!(
        (response.error_code, ended),
        (E::IllegalSaslState.code(), false)
    );
    let (response, _) = token(&mut sim, conn, b"\0alice\0secret");
    assert_eq!(response.error_code, E::IllegalSaslState.code());
    assert!(is_served(&mut sim, conn));
}

#[test]
fn who_fails_is_told_and_cut_off() {
    let mut sim = secured(0);
    let conn = sim.connect();
    let (response, ended) = handshake(&mut sim, conn, "GSSAPI");
    assert_eq!(
        (response.error_code, ended),
        (E::UnsupportedSaslMechanism.code(), true)
    );
    let names: Vec<&str> = response.mechanisms.iter().map(|m| m.as_str()).collect();
    assert_eq!(
        names,
        ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
    );
    let failed = E::SaslAuthenticationFailed.code();
    let conn = sim.connect();
    let (response, ended) = plain(&mut sim, conn, "alice", "wrong");
    assert_eq!((response.error_code, ended), (failed, true));
    let why = response.error_message.expect("a reason");
    assert_eq!(
        why.as_str(),
        "Authentication failed: Invalid username or password"
    );
    let conn = sim.connect();
    handshake(&mut sim, conn, "SCRAM-SHA-256");
    let (response, ended) = token(&mut sim, conn, b"n,,n=nobody,r=x");
    assert_eq!((response.error_code, ended), (failed, true));
    let why = response.error_message.expect("a reason");
    assert!(why.ends_with("due to invalid credentials with SASL mechanism SCRAM-SHA-256"));
    // Another request in the middle of it.
    let conn = sim.connect();
    handshake(&mut sim, conn, "PLAIN");
    let (response, ended) = ask(&mut sim, conn, 13, &MetadataRequest::default());
    assert_eq!(
        (response.error_code, ended),
        (E::IllegalSaslState.code(), true)
    );
}

#[test]
fn a_salted_challenge_response_lets_in() {
    for hash in [ScramHash::Sha256, ScramHash::Sha512] {
        let mut sim = secured(0);
        let conn = sim.connect();
        handshake(&mut sim, conn, hash.mechanism());
        let first = ClientFirst::new("bob", "nonce");
        let (challenge, _) = token(&mut sim, conn, first.message().as_bytes());
        let asked = ServerFirst::read(&challenge.auth_bytes).expect("a challenge");
        let salted = hash.salted_password(b"other", &asked.salt, asked.iterations);
        let without_proof = ClientFinal::without_proof(&asked.nonce);
        let said = exchange(&first.bare(), &asked.message(), &without_proof);
        let proof = hash.proof(&hash.client_key(&salted), &said);
        assert_eq!(sim.state.logins.principal(conn), None);
        let last = ClientFinal::message(&without_proof, &proof);
        let (response, ended) = token(&mut sim, conn, last.as_bytes());
        assert_eq!((response.error_code, ended), (0, false));
        assert!(response.auth_bytes.starts_with(b"v="));
        assert_eq!(sim.state.logins.principal(conn), Some(text("User:bob")));
        assert!(is_served(&mut sim, conn));
    }
}

fn bearer(sim: &Sim, user: &str, seconds: i64) -> String {
    let expires = sim.now.wall_ms / 1000 + seconds;
    let claims = format!(r#"{{"sub":"{user}","exp":{expires}}}"#);
    let encode = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let token = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&claims));
    format!("n,,\x01auth=Bearer {token}\x01\x01")
}

#[test]
fn a_token_lets_in_as_long_as_it_lives() {
    let mut sim = secured(0);
    let conn = sim.connect();
    handshake(&mut sim, conn, "OAUTHBEARER");
    let old = bearer(&sim, "carol", -1);
    let (response, ended) = token(&mut sim, conn, old.as_bytes());
    assert_eq!((response.error_code, ended), (0, false));
    assert_eq!(&response.auth_bytes[..], br#"{"status":"invalid_token"}"#);
    let (response, ended) = token(&mut sim, conn, b"\x01");
    assert_eq!(
        (response.error_code, ended),
        (E::SaslAuthenticationFailed.code(), true)
    );
    let why = response.error_message.expect("a reason");
    assert_eq!(why.as_str(), r#"{"status":"invalid_token"}"#);

    let conn = sim.connect();
    handshake(&mut sim, conn, "OAUTHBEARER");
    let good = bearer(&sim, "carol", 60);
    let (response, _) = token(&mut sim, conn, good.as_bytes());
    assert_eq!(
        (response.error_code, response.session_lifetime_ms),
        (0, 60_000)
    );
    sim.pass(60_000);
    assert!(is_served(&mut sim, conn));
    sim.pass(1);
    assert!(!is_served(&mut sim, conn));
}

#[test]
fn a_login_is_renewed_by_the_same_user_in_the_same_way() {
    let mut sim = secured(10_000);
    let conn = sim.connect();
    let (response, _) = plain(&mut sim, conn, "alice", "secret");
    assert_eq!(response.session_lifetime_ms, 10_000);
    sim.pass(9000);
    let (response, _) = plain(&mut sim, conn, "alice", "secret");
    assert_eq!(
        (response.error_code, response.session_lifetime_ms),
        (0, 10_000)
    );
    // Not more than once a second.
    let (response, ended) = handshake(&mut sim, conn, "PLAIN");
    assert_eq!(
        (response.error_code, ended),
        (E::IllegalSaslState.code(), false)
    );
    sim.pass(9000);
    assert!(is_served(&mut sim, conn));
    // Even too late, as long as nothing else was asked.
    sim.pass(9000);
    let (response, _) = plain(&mut sim, conn, "alice", "secret");
    assert_eq!(response.error_code, 0);
    assert!(is_served(&mut sim, conn));
    sim.pass(1000);
    let (response, ended) = plain(&mut sim, conn, "bob", "other");
    assert_eq!(
        (response.error_code, ended),
        (E::SaslAuthenticationFailed.code(), true)
    );
    let why = response.error_message.expect("a reason");
    assert!(
        why.ends_with("re-authentication from User.alice: User.bob"),
        "{why:?}"
    );

    let conn = sim.connect();
    plain(&mut sim, conn, "alice", "secret");
    let (response, ended) = handshake(&mut sim, conn, "SCRAM-SHA-256");
    assert_eq!((response.error_code, ended), (0, false));
    assert!(is_closed_by(
        &mut sim,
        conn,
        2,
        &SaslAuthenticateRequest::default()
    ));
}

#[test]
fn tokens_come_bare_after_the_first_version() {
    let mut sim = secured(0);
    let conn = sim.connect();
    let request = SaslHandshakeRequest::default().with_mechanism(text("PLAIN"));
    assert_eq!(ask(&mut sim, conn, 0, &request).0.error_code, 0);
    sim.send_frame_on(conn, 1, Bytes::from_static(b"\0alice\0secret"));
    let Some(Answer::Frame(frame, 0)) = sim.raw(conn) else {
        panic!("no answer");
    };
    assert_eq!(&frame[..], [0; 4]);
    assert!(is_served(&mut sim, conn));

    let conn = sim.connect();
    assert_eq!(ask(&mut sim, conn, 0, &request).0.error_code, 0);
    sim.send_frame_on(conn, 1, Bytes::from_static(b"\0alice\0wrong"));
    assert!(matches!(sim.raw(conn), Some(Answer::Closed)));
}

#[test]
fn a_stranger_may_send_less() {
    let mut sim = secured(0);
    let conn = sim.connect();
    let max = 100 << 20;
    assert_eq!(sim.state.max_request(conn, max), 512 * 1024);
    assert_eq!(sim.state.max_request(conn, 1000), 1000);
    plain(&mut sim, conn, "alice", "secret");
    assert_eq!(sim.state.max_request(conn, max), max);
    assert_eq!(Sim::new(1).state.max_request(conn, max), max);
}

#[test]
fn any_token_is_refused_or_answered() {
    let sim = std::cell::RefCell::new(secured(0));
    proptest::proptest!(|(tokens: Vec<Vec<u8>>)| {
        let sim = &mut *sim.borrow_mut();
        for mechanism in Mechanism::ALL {
            let conn = sim.connect();
            handshake(sim, conn, mechanism.name());
            for bytes in &tokens {
                if token(sim, conn, bytes).1 {
                    break;
                }
            }
            assert_eq!(sim.state.logins.principal(conn), None);
        }
    });
}
