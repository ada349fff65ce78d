//! Tokens for OAUTHBEARER, and what holds the current one: filled by whoever fetches
//! tokens, read when a login begins.

use std::fmt;
use std::sync::Arc;

use crate::base::secret::Secret;
use crate::base::sync::Mutex;

/// A token and what goes with it. Always in a form that can be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    value: Secret,
    expires_at_ms: i64,
    principal: String,
    extensions: Vec<(String, String)>,
}

impl Token {
    /// `expires_at_ms` is in milliseconds since 1970; `extensions` are names and values
    /// (KIP-342). The text of an error has nothing of the token. That it has expired is
    /// none: see [`Token::has_expired`].
    pub fn new(
        value: &str,
        expires_at_ms: i64,
        principal: &str,
        extensions: Vec<(String, String)>,
    ) -> Result<Self, String> {
        if let Some(byte) = value.bytes().find(|b| !may_be_in_value(*b)) {
            return Err(format!(
                "The token has a byte (0x{byte:02x}) that SASL/OAUTHBEARER cannot carry"
            ));
        }
        for (name, value) in &extensions {
            check_extension(name, value)?;
        }
        Ok(Token {
            value: Secret::new(value.as_bytes()),
            expires_at_ms,
            principal: principal.to_owned(),
            extensions,
        })
    }

    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// Milliseconds since 1970.
    pub fn expires_at_ms(&self) -> i64 {
        self.expires_at_ms
    }

    pub fn has_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms <= now_ms
    }

    pub fn principal(&self) -> &str {
        &self.principal
    }

    pub fn extensions(&self) -> &[(String, String)] {
        &self.extensions
    }
}

/// Without the token itself; values of extensions may be confidential, too.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.extensions.iter().map(|(n, _)| n.as_str()).collect();
        f.debug_struct("Token")
            .field("expires_at_ms", &self.expires_at_ms)
            .field("principal", &self.principal)
            .field("extensions", &names)
            .finish_non_exhaustive()
    }
}

/// RFC 7628, section 3.1: VCHAR, SP, HTAB, CR, LF.
fn may_be_in_value(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~')
}

/// RFC 7628, section 3.1: letters only, and `auth` is the token's own.
fn check_extension(name: &str, value: &str) -> Result<(), String> {
    if name == "auth" {
        return Err("`auth` is the token's own name, and not free for a SASL extension".into());
    }
    if name.is_empty() {
        return Err("A SASL extension has no name".into());
    }
    if !name.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Err(format!(
            "Names of SASL extensions consist of letters from A to Z, upper or lower case: \
             {name:?} does not"
        ));
    }
    match value.bytes().find(|b| !may_be_in_value(*b)) {
        Some(byte) => Err(format!(
            "The value of the SASL extension {name:?} has a byte (0x{byte:02x}) that none may have"
        )),
        None => Ok(()),
    }
}

/// The current token of a client.
#[derive(Default)]
pub struct TokenHolder {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// Why there is no newer one.
    failure: Option<String>,
}

impl TokenHolder {
    /// For logins to come. Whoever sets it wakes the links.
    pub fn set(&self, token: Token) {
        let new = State {
            token: Some(Arc::new(token)),
            failure: None,
        };
        // The old token is freed, and thereby wiped, without the lock.
        let old = std::mem::replace(&mut *self.state.lock(), new);
        drop(old);
    }

    /// No token could be had. One that is there stays: it may still be good for a while.
    /// True if the text is another than that of the failure before.
    pub fn set_failure(&self, text: &str) -> bool {
        let mut state = self.state.lock();
        let is_new = state.failure.as_deref() != Some(text);
        state.failure = Some(text.to_owned());
        is_new
    }

    pub fn current(&self) -> Option<Arc<Token>> {
        self.state.lock().token.clone()
    }

    /// Why no newer token is there.
    pub fn failure(&self) -> Option<String> {
        self.state.lock().failure.clone()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn only_what_can_be_sent_is_a_token() {
        assert!(Token::new("abc.DEF-_~+/=", 1, "me", pair("logicalCluster", "lkc 1")).is_ok());
        let bad = Token::new("hunter\x012", 1, "me", vec![]).unwrap_err();
        assert!(bad.contains("0x01") && !bad.contains("hunter"), "{bad}");
        assert!(Token::new("tökén", 1, "me", vec![]).is_err());
        for (name, value) in [("auth", "x"), ("", "x"), ("a1", "x"), ("a b", "x")] {
            assert!(Token::new("t", 1, "me", pair(name, value)).is_err());
        }
        let bad = Token::new("t", 1, "me", pair("a", "s3cret\x01")).unwrap_err();
        assert!(!bad.contains("s3cret"), "{bad}");
    }

    #[test]
    fn nothing_of_a_token_is_shown() {
        let token = Token::new("hunter2", 5, "me", pair("pool", "s3cret")).unwrap();
        let shown = format!("{token:?} {token:#?}");
        assert!(shown.contains("me") && shown.contains("pool"));
        assert!(!shown.contains("hunter2") && !shown.contains("s3cret"));
        assert!(token.has_expired(5) && !token.has_expired(4));
    }

    #[test]
    fn a_failure_keeps_the_token() {
        let holder = TokenHolder::default();
        assert!(holder.current().is_none());
        assert!(holder.set_failure("no answer"));
        assert!(!holder.set_failure("no answer"));
        holder.set(Token::new("a", 1, "me", vec![]).unwrap());
        assert_eq!(holder.failure(), None);
        assert!(holder.set_failure("no answer"));
        assert_eq!(holder.current().unwrap().value().bytes(), b"a");
    }
}
