#![no_main]
//! What providers of tokens send. Nothing of it is believed: it is read, or an error.

use std::io::{self, Read, Write};

use libfuzzer_sys::fuzz_target;
use rdkafka::client::oauth::http::exchange::{MAX_BODY, exchange};
use rdkafka::client::oauth::{json, unsecured};

/// A connection on which the input comes, in pieces of `step` bytes.
struct Peer<'a> {
    bytes: &'a [u8],
    step: usize,
}

impl Read for Peer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.step.min(self.bytes.len()).min(buffer.len());
        let (now, rest) = self.bytes.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.bytes = rest;
        Ok(n)
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn principal_is_there(claims: json::Claims) {
    assert!(!claims.principal.is_empty() && claims.expires_ms >= 0);
}

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else {
        return;
    };
    match first % 4 {
        0 => {
            let step = usize::from(first / 4) + 1;
            if let Ok(response) = exchange(&mut Peer { bytes, step }, b"") {
                assert!(response.body.len() <= MAX_BODY && response.status >= 200);
                let _ = json::parse(&response.body);
            }
        }
        1 => {
            let _ = json::parse(bytes);
        }
        2 => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                let _ = json::claims(text, "sub").map(principal_is_there);
            }
            // As a payload, too.
            let encoded = base64(bytes);
            if let Ok(claims) = json::claims(&format!("h.{encoded}.s"), "sub") {
                principal_is_there(claims);
            }
        }
        _ => {
            if let Ok(text) = std::str::from_utf8(bytes)
                && let Ok(token) = unsecured::token(Some(text), 1000)
            {
                // What is made can be read, unless it names the claims otherwise.
                let made = std::str::from_utf8(token.value().bytes()).expect("ASCII");
                if !text.contains("ClaimName") {
                    let claims = json::claims(made, "sub").expect("made of claims");
                    assert_eq!(claims.principal, token.principal());
                }
            }
        }
    }
});

/// base64url without padding, in a few lines of its own.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let all =
            chunk.iter().fold(0_u32, |all, b| all << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(DIGITS[(all >> (18 - 6 * at)) as usize & 63]));
        }
    }
    text
}
