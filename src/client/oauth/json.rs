//! JSON and the payload of JWTs as providers send them: bounded, and wiped when they go.
//!
//! No signature is looked at: that is the broker's to do.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a document. Nesting is bounded by serde_json.
const MAX: usize = 1024 * 1024;

/// With padding and without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A JSON object whose texts are wiped.
pub struct Object(serde_json::Map<String, Value>);

impl Object {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// An object inside.
    pub fn take(&mut self, name: &str) -> Option<Object> {
        match self.0.get_mut(name)?.take() {
            Value::Object(map) => Some(Object(map)),
            _ => None,
        }
    }

    pub fn into_map(mut self) -> serde_json::Map<String, Value> {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(all) => all.iter_mut().for_each(wipe),
        Value::Object(all) => all.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Reads an object. The text of an error has nothing of the document.
pub fn parse(bytes: &[u8]) -> Result<Object, String> {
    if bytes.len() > MAX {
        return Err(format!("JSON of {} bytes is too large", bytes.len()));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(Object(map)),
        Ok(mut other) => {
            wipe(&mut other);
            Err("it is JSON, but no object".to_owned())
        }
        Err(e) => {
            let what = if e.is_eof() {
                "ends early"
            } else {
                "is no JSON"
            };
            Err(format!(
                "it {what}, at line {} column {}",
                e.line(),
                e.column()
            ))
        }
    }
}

/// What the client needs to know of a token.
#[derive(Debug, PartialEq, Eq)]
pub struct Claims {
    /// Milliseconds since 1970.
    pub expires_ms: i64,
    pub principal: String,
}

/// Reads the payload of a JWT (RFC 7519).
pub fn claims(token: &str, principal_claim: &str) -> Result<Claims, String> {
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [_, payload, _] = parts[..] else {
        return Err("the token is no JWT: it has not three parts with dots between".to_owned());
    };
    if payload.len() > MAX {
        return Err("the token is too large".to_owned());
    }
    let payload = BASE64.decode(payload).map(Zeroizing::new);
    let payload = payload.map_err(|_| "the payload of the token is not base64url".to_owned())?;
    let payload = parse(&payload).map_err(|e| format!("the payload of the token: {e}"))?;
    let seconds = match payload.get("exp") {
        None => return Err("the token has no \"exp\" claim".to_owned()),
        Some(value) => value.as_f64().filter(|s| *s > 0.0),
    };
    let seconds = seconds.ok_or("the \"exp\" claim of the token is no time")?;
    let principal = match payload.get(principal_claim) {
        None => return Err(format!("the token has no \"{principal_claim}\" claim")),
        Some(value) => value.as_str().filter(|text| !text.is_empty()),
    };
    let principal = principal.ok_or_else(|| {
        format!("the \"{principal_claim}\" claim of the token is empty or no text")
    })?;
    Ok(Claims {
        // Saturates; librdkafka counts whole seconds.
        expires_ms: (seconds.trunc() * 1000.0) as i64,
        principal: principal.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn jwt(payload: &str) -> String {
        format!("h.{}.s", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn claims_that_count() {
        let got = claims(
            &jwt(r#"{"exp":1636532769.9,"sub":"me","azp":"you"}"#),
            "sub",
        );
        let want = Claims {
            expires_ms: 1_636_532_769_000,
            principal: "me".to_owned(),
        };
        assert_eq!(got, Ok(want));
        let token = jwt(r#"{"exp":1,"azp":"you?>"}"#) + "=";
        assert_eq!(claims(&token, "azp").unwrap().principal, "you?>");
        assert_eq!(
            claims(&jwt(r#"{"exp":1e300,"sub":"a"}"#), "sub")
                .unwrap()
                .expires_ms,
            i64::MAX
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        for (token, want) in [
            ("abc".to_owned(), "three parts"),
            ("a.b".to_owned(), "three parts"),
            ("a.b.c.d".to_owned(), "three parts"),
            ("a.?.c".to_owned(), "base64url"),
            (jwt("{"), "ends early"),
            (jwt("[]"), "no object"),
            (jwt("{}"), "\"exp\""),
            (jwt(r#"{"exp":"soon","sub":"a"}"#), "no time"),
            (jwt(r#"{"exp":0,"sub":"a"}"#), "no time"),
            (jwt(r#"{"exp":-5,"sub":"a"}"#), "no time"),
            (jwt(r#"{"exp":1}"#), "\"sub\""),
            (jwt(r#"{"exp":1,"sub":""}"#), "empty"),
            (jwt(r#"{"exp":1,"sub":5}"#), "no text"),
        ] {
            let got = claims(&token, "sub").unwrap_err();
            assert!(got.contains(want), "{token}: {got}");
        }
    }

    #[test]
    fn documents_are_bounded() {
        let deep = "[".repeat(100_000);
        assert!(parse(deep.as_bytes()).is_err());
        assert!(parse(&vec![b' '; MAX + 1]).is_err_and(|e| e.contains("too large")));
        let secret = parse(b"{\"secret\": hunter2}").err().unwrap();
        assert!(!secret.contains("hunter"), "{secret}");
    }
}
