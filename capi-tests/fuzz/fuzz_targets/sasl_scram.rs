#![no_main]
//! The broker's side of a SCRAM login, and the messages of both sides. The first byte says
//! how: two messages as they are, or with the nonce that the client demands in front.
//! Whatever comes, the login ends after two answers, and well only if the broker's
//! signature is that of someone who knows the keys.

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use rdkafka::broker::sasl::credentials::Credentials;
use rdkafka::broker::sasl::scram::{KeyCache, Scram};
use rdkafka::broker::sasl::{Mechanism, Step};
use rdkafka::protocol::scram::{
    ClientFinal, ClientFirst, ScramHash, ServerFinal, ServerFirst, exchange, unescape,
};

const NONCE: &str = "n0nce";
const PASSWORD: &[u8] = b"hunter2hunter2";

/// Keys are derived once for a salt.
static KEYS: LazyLock<Arc<KeyCache>> = LazyLock::new(Arc::default);
static CREDENTIALS: LazyLock<Credentials> = LazyLock::new(|| Credentials::new("user", PASSWORD));

fn read_all(message: &[u8]) {
    if let Ok((first, bare)) = ClientFirst::read(message) {
        assert_eq!(
            unescape(&rdkafka::protocol::scram::escape(&first.user)),
            Some(first.user)
        );
        assert!(message.ends_with(bare.as_bytes()));
    }
    if let Ok(first) = ServerFirst::read(message) {
        assert_eq!(ServerFirst::read(first.message().as_bytes()), Ok(first));
    }
    if let Ok(last) = ServerFinal::read(message) {
        assert_eq!(ServerFinal::read(last.message().as_bytes()), Ok(last));
    }
    if let Ok(last) = ClientFinal::read(message) {
        assert!(message.starts_with(last.without_proof.as_bytes()));
    }
}

/// Errors are short, in one line, and have no password.
fn check(fault: &str) {
    assert!(fault.len() < 1500 && !fault.contains("hunter2"), "{fault}");
    assert!(!fault.contains(char::is_control), "{fault:?}");
}

fn is_signature(first: &[u8], answer: &[u8], theirs: &[u8]) -> bool {
    let (Ok(server), Ok(client)) = (ServerFirst::read(first), ClientFinal::read(answer)) else {
        return false;
    };
    let hash = ScramHash::Sha256;
    let salted = hash.salted_password(PASSWORD, &server.salt, server.iterations);
    let bare = ClientFirst::new("user", NONCE).bare();
    let first = String::from_utf8_lossy(first);
    let exchange = exchange(&bare, &first, &client.without_proof);
    hash.signature(&hash.server_key(&salted), &exchange)
        .is_equal(theirs)
}

fuzz_target!(|data: &[u8]| {
    let Some((how, rest)) = data.split_first() else {
        return;
    };
    read_all(rest);
    let cut = rest
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(rest.len());
    let (first, last) = (&rest[..cut], rest.get(cut + 1..).unwrap_or_default());
    let prefix = format!("r={NONCE}");
    let first = match how & 1 {
        0 => first.to_vec(),
        _ => [prefix.as_bytes(), first].concat(),
    };
    // What takes long is known to: the bound has a test of its own.
    if ServerFirst::read(&first).is_ok_and(|first| first.iterations > 4096 + 64) {
        return;
    }
    let Some(user) = CREDENTIALS.current() else {
        return;
    };
    let mut scram = Scram::new(ScramHash::Sha256, user, KEYS.clone(), NONCE.into());
    assert!(matches!(scram.step(None), Ok(Step::Send(_))));
    let answer = match scram.step(Some(&first)) {
        Ok(Step::Send(answer)) => answer,
        Ok(Step::Done) => panic!("done without a signature"),
        Err(fault) => return check(&fault),
    };
    match scram.step(Some(last)) {
        Ok(Step::Send(_)) => panic!("more to send"),
        Ok(Step::Done) => {
            let Ok(ServerFinal::Signature(theirs)) = ServerFinal::read(last) else {
                panic!("done without a signature");
            };
            assert!(is_signature(&first, &answer, &theirs));
        }
        Err(fault) => check(&fault),
    }
    assert!(scram.step(Some(last)).is_err());
});
