//! OAUTHBEARER (RFC 7628, KIP-255; extensions: KIP-342): the token, as it is, so that only
//! TLS keeps it from others.
//!
//! ```text
//! Begun ─ token ─► Sent ─┬─ nothing ─► Done
//!                        └─ what is wrong, as JSON; the client acknowledges ─► Refused ─► error
//! ```

use std::sync::Arc;

use serde_json::Value;
use zeroize::Zeroizing;

use super::token::{Token, TokenHolder};
use super::{Login, Mechanism, Step, out_of_turn, shown};
use crate::base::time;

/// Bytes of a broker's answer that are looked at. Kafka's has about thirty.
const MAX_ANSWER: usize = 16 * 1024;

pub struct OauthLogin {
    tokens: Arc<TokenHolder>,
}

impl OauthLogin {
    pub fn new(tokens: Arc<TokenHolder>) -> Self {
        OauthLogin { tokens }
    }

    /// The reason for having no newer token, as the end of a sentence.
    fn reason(&self) -> String {
        match self.tokens.failure() {
            Some(failure) => format!(": {failure}"),
            None => String::new(),
        }
    }

    fn begin_at(&self, now_ms: i64) -> Result<Oauth, String> {
        let Some(token) = self.tokens.current() else {
            return Err(format!(
                "there is no token to log in with yet{}",
                self.reason()
            ));
        };
        if token.has_expired(now_ms) {
            let ago = now_ms.saturating_sub(token.expires_at_ms());
            return Err(format!(
                "the token of principal {:?} expired {ago} ms ago by this machine's clock, and \
                 there is no newer one{}",
                token.principal(),
                self.reason()
            ));
        }
        Ok(Oauth::new(token))
    }
}

impl Login for OauthLogin {
    fn mechanism(&self) -> &str {
        "OAUTHBEARER"
    }

    /// Stays true once there was a token: that it has expired is for [`Login::begin`] to
    /// tell.
    fn is_ready(&self) -> bool {
        self.tokens.current().is_some()
    }

    fn begin(&self, _host: &str) -> Result<Box<dyn Mechanism>, String> {
        Ok(Box::new(self.begin_at(time::wall_ms())?))
    }
}

/// One exchange, by one token, even if a newer one comes meanwhile.
pub struct Oauth {
    token: Arc<Token>,
    state: State,
}

enum State {
    Begun,
    Sent,
    Refused(String),
    Over,
}

impl Oauth {
    pub fn new(token: Arc<Token>) -> Self {
        Oauth {
            token,
            state: State::Begun,
        }
    }

    /// No authorization identity, which the broker takes from the token.
    fn message(&self) -> Zeroizing<Vec<u8>> {
        let value = self.token.value().bytes();
        let extensions = self.token.extensions();
        let rest: usize = extensions.iter().map(|(n, v)| n.len() + v.len() + 2).sum();
        // A buffer that grows leaves parts of the token behind.
        let mut message = Vec::with_capacity(value.len() + rest + 32);
        message.extend_from_slice(b"n,,\x01auth=Bearer ");
        message.extend_from_slice(value);
        message.push(1);
        for (name, value) in extensions {
            for part in [name.as_str(), "=", value, "\x01"] {
                message.extend_from_slice(part.as_bytes());
            }
        }
        message.push(1);
        Zeroizing::new(message)
    }
}

impl Mechanism for Oauth {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, String> {
        match (std::mem::replace(&mut self.state, State::Over), challenge) {
            (State::Begun, None) => {
                self.state = State::Sent;
                Ok(Step::Send(self.message()))
            }
            (State::Sent, Some([] | [0, ..])) => Ok(Step::Done),
            (State::Sent, Some(answer)) => {
                let principal = self.token.principal();
                let what = refusal(answer);
                let text =
                    format!("the broker refused the token of principal {principal:?}: {what}");
                self.state = State::Refused(text);
                // RFC 7628, section 3.2.3: only then does the server end the exchange.
                Ok(Step::Send(Zeroizing::new(vec![1])))
            }
            (State::Refused(text), Some(_)) => Err(text),
            _ => Err(out_of_turn()),
        }
    }

    /// The broker's answer to the acknowledgement may be an error code.
    fn refusal(&self) -> Option<String> {
        match &self.state {
            State::Refused(text) => Some(text.clone()),
            _ => None,
        }
    }
}

/// What the broker says is wrong (RFC 7628, section 3.2.2), in words.
pub fn refusal(answer: &[u8]) -> String {
    if answer.len() > MAX_ANSWER {
        return format!("its answer has {} bytes", answer.len());
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(answer) else {
        return shown(answer);
    };
    let text = |name: &str| {
        let text = fields.get(name).and_then(Value::as_str)?;
        (!text.is_empty()).then(|| shown(text.as_bytes()))
    };
    let Some(status) = text("status") else {
        return shown(answer);
    };
    let mut words = format!("status {status}");
    for (name, what) in [
        ("scope", "scope"),
        ("openid-configuration", "configuration"),
    ] {
        if let Some(text) = text(name) {
            words.push_str(&format!(", {what} {text}"));
        }
    }
    words
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn holder(expires_at_ms: i64) -> Arc<TokenHolder> {
        let extensions = vec![("logicalCluster".into(), "lkc-1".into())];
        let token = Token::new("hunter2", expires_at_ms, "me", extensions).unwrap();
        let holder = TokenHolder::default();
        holder.set(token);
        Arc::new(holder)
    }

    fn sent() -> Oauth {
        let mut oauth = OauthLogin::new(holder(10)).begin_at(9).unwrap();
        let Step::Send(message) = oauth.step(None).unwrap() else {
            panic!("nothing to send");
        };
        let expected = b"n,,\x01auth=Bearer hunter2\x01logicalCluster=lkc-1\x01\x01";
        assert_eq!(*message, expected);
        assert!(message.capacity() <= expected.len() + 32, "it did not grow");
        oauth
    }

    #[test]
    fn the_token_is_sent() {
        let mut oauth = sent();
        assert_eq!(oauth.step(Some(b"")), Ok(Step::Done));
        assert!(oauth.step(Some(b"")).is_err());
        assert_eq!(sent().step(Some(b"\0")), Ok(Step::Done));
    }

    #[test]
    fn a_refusal_is_acknowledged_and_told() {
        let cases: [(&str, &[u8]); 7] = [
            ("status invalid_token", br#"{"status":"invalid_token"}"#),
            (
                "status insufficient_scope, scope kafka, configuration https://x",
                br#"{"status":"insufficient_scope","scope":"kafka",
                    "openid-configuration":"https://x"}"#,
            ),
            ("{\"error\":1}", br#"{"error":1}"#),
            ("{\"status\":7}", br#"{"status":7}"#),
            ("go away now", b"go away\nnow"),
            ("[[[[", "[".repeat(10_000).leak().as_bytes()),
            ("\u{fffd}", b"\xff"),
        ];
        for (part, answer) in cases {
            let mut oauth = sent();
            let acknowledged = Step::Send(Zeroizing::new(vec![1]));
            assert_eq!(oauth.refusal(), None);
            assert_eq!(oauth.step(Some(answer)), Ok(acknowledged));
            assert!(oauth.refusal().unwrap().contains(part));
            let text = oauth.step(Some(b"again and again")).unwrap_err();
            assert!(text.contains(part), "{text}");
            assert!(text.contains("\"me\"") && !text.contains("hunter2"));
            assert!(oauth.step(Some(b"")).is_err());
        }
    }

    #[test]
    fn long_answers_are_not_looked_at() {
        let mut oauth = sent();
        let long = vec![b'['; 1 << 20];
        assert!(matches!(oauth.step(Some(&long)), Ok(Step::Send(_))));
        let text = oauth.step(Some(&long)).unwrap_err();
        assert!(text.ends_with("1048576 bytes"), "{text}");
    }

    #[test]
    fn without_a_token_that_is_good() {
        let tokens = Arc::new(TokenHolder::default());
        let login = OauthLogin::new(tokens.clone());
        assert!(!login.is_ready() && !login.prepare("host"));
        let text = login.begin_at(9).err().unwrap();
        assert!(text.ends_with("no token to log in with yet"), "{text}");
        tokens.set_failure("connection refused");
        let text = login.begin_at(9).err().unwrap();
        assert!(text.ends_with("yet: connection refused"), "{text}");

        let tokens = holder(10);
        let login = OauthLogin::new(tokens.clone());
        assert!(login.is_ready() && login.begin_at(9).is_ok());
        tokens.set_failure("connection refused");
        let text = login.begin_at(12).err().unwrap();
        assert!(text.contains("expired 2 ms ago"), "{text}");
        assert!(text.ends_with("connection refused") && !text.contains("hunter2"));
        assert!(login.begin("host").is_err(), "the clock is past 1970");
    }
}
