//! OAUTHBEARER (RFC 7628) with unsecured tokens (JWTs without a signature), checked as
//! Kafka's OAuthBearerUnsecuredValidatorCallbackHandler does by default.
//!
//! A token that is refused is not refused at once: the client is shown a small JSON, sends
//! one byte to say that it has seen it, and is refused then.

use super::{Failure, Progress};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

const SEPARATOR: char = '\u{1}';
const SEEN: &[u8] = b"\x01";
const REFUSED: &str = r#"{"status":"invalid_token"}"#;

#[derive(Default)]
pub struct Server {
    refused: bool,
}

impl Server {
    pub fn step(&mut self, now_ms: i64, message: &[u8]) -> Result<Progress, Failure> {
        if std::mem::take(&mut self.refused) && message == SEEN {
            return Err(Failure::Told(REFUSED.to_owned()));
        }
        let first = read(message).ok_or(Failure::Untold)?;
        let Some(token) = check(first.token, now_ms) else {
            self.refused = true;
            return Ok(Progress::Challenge(REFUSED.into()));
        };
        if !first.acting_as.is_empty() && first.acting_as != token.principal {
            return Err(Failure::Told(format!(
                "Authentication failed: Client requested an authorization id ({}) that is \
                 different from the token's principal name ({})",
                first.acting_as, token.principal
            )));
        }
        Ok(Progress::Complete {
            answer: Vec::new(),
            user: token.principal,
            expires_ms: Some(token.expires_ms),
        })
    }
}

struct First<'a> {
    acting_as: String,
    token: &'a str,
}

/// `n,[a=who to act as],^Aauth=Bearer TOKEN^A[key=value^A]…^A`
fn read(message: &[u8]) -> Option<First<'_>> {
    let message = std::str::from_utf8(message).ok()?;
    let (acting_as, rest) = message.strip_prefix("n,")?.split_once(',')?;
    let acting_as = match acting_as {
        "" => String::new(),
        named => crate::protocol::scram::unescape(named.strip_prefix("a=")?)?,
    };
    let pairs = rest.strip_prefix(SEPARATOR)?.strip_suffix(SEPARATOR)?;
    let pairs = pairs.strip_suffix(SEPARATOR)?.split(SEPARATOR);
    let mut auth = None;
    for pair in pairs {
        let (key, value) = pair.split_once('=')?;
        let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphabetic());
        if !is_key || value.is_empty() {
            return None;
        }
        if key == "auth" {
            auth = Some(value);
        }
    }
    let (scheme, token) = auth?.split_once(' ')?;
    let scheme = scheme.eq_ignore_ascii_case("bearer");
    let token = token.trim_start_matches(' ');
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    (scheme && !token.is_empty() && token.chars().all(is_token))
        .then_some(First { acting_as, token })
}

struct Token {
    principal: String,
    expires_ms: i64,
}

/// A token that is well-formed, unsigned, somebody's and not over.
fn check(token: &str, now_ms: i64) -> Option<Token> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(""), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let header = object(header)?;
    if header.get("alg")?.as_str() != Some("none") {
        return None;
    }
    let claims = object(claims)?;
    let principal = claims.get("sub")?.as_str()?;
    let expires_ms = milliseconds(claims.get("exp")?)?;
    let issued_ms = match claims.get("iat") {
        None | Some(Value::Null) => None,
        Some(at) => Some(milliseconds(at)?),
    };
    let issued = issued_ms.is_none_or(|at| at <= now_ms && at < expires_ms);
    (!principal.is_empty() && issued && now_ms < expires_ms).then(|| Token {
        principal: principal.to_owned(),
        expires_ms,
    })
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let json = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Seconds, perhaps with a fraction. A number beyond all times is the last of them.
fn milliseconds(claim: &Value) -> Option<i64> {
    Some((claim.as_f64()? * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn token(header: &str, claims: &str) -> String {
        let encode = |json: &str| URL_SAFE_NO_PAD.encode(json);
        format!("{}.{}.", encode(header), encode(claims))
    }

    fn message(token: &str) -> Vec<u8> {
        format!("n,,\x01auth=Bearer {token}\x01\x01").into_bytes()
    }

    const NONE: &str = r#"{"alg":"none"}"#;

    #[test]
    fn a_token_lets_in_until_it_expires() {
        let mut server = Server::default();
        let claims = r#"{"sub":"alice","exp":1700000060.5,"iat":1700000000}"#;
        let good = message(&token(NONE, claims));
        assert_eq!(
            server.step(NOW, &good),
            Ok(Progress::Complete {
                answer: Vec::new(),
                user: "alice".to_owned(),
                expires_ms: Some(NOW + 60_500)
            })
        );
        let refused = Ok(Progress::Challenge(REFUSED.into()));
        assert_eq!(server.step(NOW + 60_500, &good), refused);
        let told = Err(Failure::Told(REFUSED.to_owned()));
        assert_eq!(server.step(NOW, SEEN), told);
        assert_eq!(server.step(NOW, SEEN), Err(Failure::Untold));
        let extended = token(NONE, claims);
        let extended = format!("n,a=alice,\x01auth=bEArer  {extended}\x01logicalCluster=x\x01\x01");
        assert!(server.step(NOW, extended.as_bytes()).is_ok());
        let other = extended.replace("a=alice", "a=bob");
        let outcome = server.step(NOW, other.as_bytes());
        assert!(matches!(outcome, Err(Failure::Told(why)) if why.contains("(bob)")));
    }

    #[test]
    fn other_tokens_are_refused_when_that_was_seen() {
        for (header, claims) in [
            (r#"{"alg":"RS256"}"#, r#"{"sub":"alice","exp":1700000060}"#),
            ("{}", r#"{"sub":"alice","exp":1700000060}"#),
            (NONE, r#"{"sub":"","exp":1700000060}"#),
            (NONE, r#"{"sub":1,"exp":1700000060}"#),
            (NONE, r#"{"exp":1700000060}"#),
            (NONE, r#"{"sub":"alice"}"#),
            (NONE, r#"{"sub":"alice","exp":"soon"}"#),
            (NONE, r#"{"sub":"alice","exp":1700000060,"iat":1700000001}"#),
            (NONE, r#"{"sub":"alice","exp":1700000060,"iat":"now"}"#),
            (NONE, r#"["sub"]"#),
            (NONE, "{"),
        ] {
            let mut server = Server::default();
            let refused = Ok(Progress::Challenge(REFUSED.into()));
            let outcome = server.step(NOW, &message(&token(header, claims)));
            assert_eq!(outcome, refused, "{header} {claims}");
        }
        for odd in ["a", "a.b", "a.b.c", "a.b.c.d", "..", "%%.%%."] {
            let outcome = Server::default().step(NOW, &message(odd));
            assert!(
                outcome != Err(Failure::Untold) || odd.contains('%'),
                "{odd}"
            );
        }
    }

    #[test]
    fn what_is_no_message_is_refused_at_once() {
        for message in [
            "",
            "n,,",
            "n,,\x01\x01",
            "n,,\x01auth=Bearer x\x01",
            "n,,\x01auth=Basic x\x01\x01",
            "n,,\x01auth=Bearer \x01\x01",
            "n,,\x01b=x\x01\x01",
            "n,,\x01=x\x01auth=Bearer x\x01\x01",
            "n,b=x,\x01auth=Bearer x\x01\x01",
            "y,,\x01auth=Bearer x\x01\x01",
        ] {
            let outcome = Server::default().step(NOW, message.as_bytes());
            assert_eq!(outcome, Err(Failure::Untold), "{message:?}");
        }
    }
}
