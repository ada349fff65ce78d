#![no_main]
//! A broker's answer to a token, and tokens themselves: the first byte says which.
//! Whatever comes, the login ends after two answers, the token is in no error, and what is
//! sent has the form of RFC 7628.

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use rdkafka::broker::sasl::oauthbearer::Oauth;
use rdkafka::broker::sasl::token::Token;
use rdkafka::broker::sasl::{Mechanism, Step};

fn answer(answer: &[u8]) {
    let token = Token::new("hunter2hunter2", 1, "me", Vec::new()).expect("a token");
    let mut oauth = Oauth::new(Arc::new(token));
    assert!(matches!(oauth.step(None), Ok(Step::Send(_))));
    match oauth.step(Some(answer)) {
        Ok(Step::Done) => assert!(matches!(answer, [] | [0, ..])),
        Ok(Step::Send(bytes)) => {
            assert_eq!(*bytes, [1]);
            let fault = oauth.step(Some(answer)).expect_err("a refusal");
            assert!(fault.len() < 4000, "{fault}");
            assert!(!fault.contains(char::is_control), "{fault:?}");
            if !answer.windows(7).any(|part| part == b"hunter2") {
                // The broker may know how to say it in JSON's escapes.
                assert!(
                    answer.contains(&b'\\') || !fault.contains("hunter2"),
                    "{fault}"
                );
            }
        }
        Err(fault) => panic!("{fault}"),
    }
    assert!(oauth.step(Some(b"")).is_err());
}

fn token(text: &str) {
    let mut parts = text.split('\n');
    let value = parts.next().unwrap_or_default();
    let pairs = parts.filter_map(|part| part.split_once('='));
    let extensions: Vec<_> = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let Ok(token) = Token::new(value, 1, "me", extensions.clone()) else {
        return;
    };
    let mut oauth = Oauth::new(Arc::new(token));
    let Ok(Step::Send(message)) = oauth.step(None) else {
        panic!("nothing to send");
    };
    let fields: Vec<&[u8]> = message.split(|&byte| byte == 1).collect();
    assert_eq!(fields.len(), extensions.len() + 4);
    assert_eq!(fields[0], b"n,,");
    assert_eq!(fields[1], format!("auth=Bearer {value}").as_bytes());
    for ((name, value), field) in extensions.iter().zip(&fields[2..]) {
        assert_eq!(*field, format!("{name}={value}").as_bytes());
    }
}

fuzz_target!(|data: &[u8]| {
    match data {
        [how, rest @ ..] if how & 1 == 0 => answer(rest),
        [_, rest @ ..] => {
            if let Ok(text) = std::str::from_utf8(rest) {
                token(text);
            }
        }
        [] => {}
    }
});
