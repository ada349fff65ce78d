//! Tokens that nobody signs (RFC 7515, appendix A.5), for tests and development.
//!
//! `sasl.oauthbearer.config` says what is in them: `name=value` pairs with spaces between,
//! which therefore have no spaces inside.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::broker::sasl::token::Token;

/// Seconds that a token lives unless the configuration says otherwise.
const LIFE: i32 = 3600;

/// `{"alg":"none"}`
const HEADER: &str = "eyJhbGciOiJub25lIn0";

/// Why the configuration makes no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    Empty,
    Unknown(String),
    Twice(&'static str),
    NoValue(&'static str),
    NoInteger(String),
    Range(String),
    Quote(&'static str),
    NoPrincipal,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalid sasl.oauthbearer.config: ")?;
        match self {
            ConfigError::Empty => {
                f.write_str("it has nothing, and an unsecured token needs `principal=`")
            }
            ConfigError::Unknown(rest) => write!(f, "unrecognized from here on: {rest}"),
            ConfigError::Twice(name) => write!(f, "`{name}` is there twice"),
            ConfigError::NoValue(name) => write!(f, "`{name}` has nothing behind it"),
            ConfigError::NoInteger(text) => write!(f, "`lifeSeconds` is no integer: {text}"),
            ConfigError::Range(text) => {
                write!(f, "`lifeSeconds` is not from 1 to {}: {text}", i32::MAX)
            }
            ConfigError::Quote(name) => write!(f, "a quote character in `{name}`"),
            ConfigError::NoPrincipal => f.write_str("there is no `principal=`"),
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Config<'a> {
    principal_claim: Option<&'a str>,
    principal: Option<&'a str>,
    scope_claim: Option<&'a str>,
    scope: Option<&'a str>,
    life_seconds: Option<i32>,
    extensions: Vec<(String, String)>,
}

/// The longer names come before those that they begin with.
const EXTENSION: &str = "extension_";

fn parse(text: &str) -> Result<Config<'_>, ConfigError> {
    let mut config = Config::default();
    let mut rest = text.trim_start_matches(' ');
    while !rest.is_empty() {
        let end = rest.find(' ').unwrap_or(rest.len());
        let (pair, after) = rest.split_at(end);
        config.add(pair, rest)?;
        rest = after.trim_start_matches(' ');
    }
    Ok(config)
}

impl<'a> Config<'a> {
    /// `rest` is the text from the pair on.
    fn add(&mut self, pair: &'a str, rest: &str) -> Result<(), ConfigError> {
        let unknown = || ConfigError::Unknown(rest.to_owned());
        if let Some(extension) = pair.strip_prefix(EXTENSION) {
            let (key, value) = extension.split_once('=').ok_or_else(unknown)?;
            if key.is_empty() {
                return Err(ConfigError::NoValue(EXTENSION));
            }
            self.extensions.push((key.to_owned(), value.to_owned()));
            return Ok(());
        }
        let (name, value) = pair.split_once('=').ok_or_else(unknown)?;
        let (name, place) = match name {
            "principalClaimName" => ("principalClaimName", &mut self.principal_claim),
            "principal" => ("principal", &mut self.principal),
            "scopeClaimName" => ("scopeClaimName", &mut self.scope_claim),
            "scope" => ("scope", &mut self.scope),
            "lifeSeconds" => {
                self.life_seconds = Some(life(value)?);
                return Ok(());
            }
            _ => return Err(unknown()),
        };
        if place.is_some() {
            return Err(ConfigError::Twice(name));
        }
        if value.is_empty() {
            return Err(ConfigError::NoValue(name));
        }
        *place = Some(value);
        Ok(())
    }

    fn quoted(&self) -> Option<&'static str> {
        let texts = [
            ("principal", self.principal),
            ("principalClaimName", self.principal_claim),
            ("scopeClaimName", self.scope_claim),
            ("scope", self.scope),
        ];
        let quoted = |text: &Option<&str>| text.is_some_and(|text| text.contains('"'));
        texts.iter().find(|(_, t)| quoted(t)).map(|(name, _)| *name)
    }

    /// The parts of `scope`, each once.
    fn scopes(&self) -> Vec<&'a str> {
        let mut scopes = Vec::new();
        for scope in self.scope.unwrap_or_default().split(',') {
            if !scope.is_empty() && !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }
}

fn life(text: &str) -> Result<i32, ConfigError> {
    if text.is_empty() {
        return Err(ConfigError::NoValue("lifeSeconds"));
    }
    let seconds: i64 = match text.parse() {
        Ok(seconds) => seconds,
        Err(_) if is_integer(text) => return Err(ConfigError::Range(text.to_owned())),
        Err(_) => return Err(ConfigError::NoInteger(text.to_owned())),
    };
    match i32::try_from(seconds) {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => Err(ConfigError::Range(text.to_owned())),
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Makes a token. `now_ms` is when it is issued, in milliseconds since 1970.
pub fn token(config: Option<&str>, now_ms: i64) -> Result<Token, String> {
    let made = make(config, now_ms).map_err(|e| e.to_string())?;
    Token::new(
        &made.value,
        made.expires_ms,
        &made.principal,
        made.extensions,
    )
}

struct Made {
    value: Zeroizing<String>,
    expires_ms: i64,
    principal: String,
    extensions: Vec<(String, String)>,
}

fn make(config: Option<&str>, now_ms: i64) -> Result<Made, ConfigError> {
    let text = config.filter(|text| !text.is_empty());
    let config = parse(text.ok_or(ConfigError::Empty)?)?;
    let principal = config.principal.ok_or(ConfigError::NoPrincipal)?;
    if let Some(name) = config.quoted() {
        return Err(ConfigError::Quote(name));
    }
    let life_ms = i64::from(config.life_seconds.unwrap_or(LIFE)) * 1000;
    let expires_ms = now_ms.saturating_add(life_ms);
    let claims = claims(&config, principal, now_ms, expires_ms);
    let payload = URL_SAFE_NO_PAD.encode(claims.as_bytes());
    Ok(Made {
        value: Zeroizing::new(format!("{HEADER}.{payload}.")),
        expires_ms,
        principal: principal.to_owned(),
        extensions: config.extensions,
    })
}

fn claims(config: &Config<'_>, principal: &str, now_ms: i64, expires_ms: i64) -> String {
    let string = |text: &str| serde_json::Value::from(text).to_string();
    let seconds = |ms: i64| format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
    let mut json = format!(
        "{{{}:{},\"iat\":{},\"exp\":{}",
        string(config.principal_claim.unwrap_or("sub")),
        string(principal),
        seconds(now_ms),
        seconds(expires_ms)
    );
    let scopes = config.scopes();
    if !scopes.is_empty() {
        let scopes: Vec<String> = scopes.into_iter().map(string).collect();
        let name = string(config.scope_claim.unwrap_or("scope"));
        json += &format!(",{name}:[{}]", scopes.join(","));
    }
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims_of(config: &str) -> String {
        let made = make(Some(config), 1000).unwrap();
        let mut parts = made.value.split('.');
        assert_eq!(parts.next(), Some(HEADER));
        let payload = URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap();
        assert_eq!((parts.next(), parts.next()), (Some(""), None));
        String::from_utf8(payload).unwrap()
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        assert_eq!(
            claims_of("principal=me scopeClaimName=roles"),
            r#"{"sub":"me","iat":1.000,"exp":3601.000}"#
        );
        let made = make(Some("principal=me"), 1000).unwrap();
        assert_eq!((made.expires_ms, &*made.principal), (3_601_000, "me"));
    }

    #[test]
    fn all_that_can_be_said() {
        let config = "  principalClaimName=azp principal=me  scopeClaimName=roles \
                      scope=,a,,b,a, lifeSeconds=60 extension_traceId=12=3 extension_empty= ";
        assert_eq!(
            claims_of(config),
            r#"{"azp":"me","iat":1.000,"exp":61.000,"roles":["a","b"]}"#
        );
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            make(Some(config), 0).unwrap().extensions,
            [pair("traceId", "12=3"), pair("empty", "")]
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |config: &str| make(Some(config), 0).err().unwrap();
        let own = str::to_owned;
        for (config, want) in [
            ("", ConfigError::Empty),
            ("scope=a", ConfigError::NoPrincipal),
            ("principal=", ConfigError::NoValue("principal")),
            ("principal=a principal=b", ConfigError::Twice("principal")),
            ("principal=a scope=", ConfigError::NoValue("scope")),
            ("principal=a\"b", ConfigError::Quote("principal")),
            ("principal=a scope=a\"b", ConfigError::Quote("scope")),
            (
                "principal=a scopeClaimName=a\"b",
                ConfigError::Quote("scopeClaimName"),
            ),
            (
                "principal=a extension_=b",
                ConfigError::NoValue("extension_"),
            ),
            (
                "principal=a lifeSeconds=",
                ConfigError::NoValue("lifeSeconds"),
            ),
            (
                "principal=a lifeSeconds=1x",
                ConfigError::NoInteger(own("1x")),
            ),
            ("principal=a lifeSeconds=0", ConfigError::Range(own("0"))),
            (
                "principal=a lifeSeconds=2147483648",
                ConfigError::Range(own("2147483648")),
            ),
            (
                "principal=a lifeSeconds=99999999999999999999",
                ConfigError::Range(own("99999999999999999999")),
            ),
            (
                "principal=a nonsense b",
                ConfigError::Unknown(own("nonsense b")),
            ),
            (
                "principal=a Scope=b c",
                ConfigError::Unknown(own("Scope=b c")),
            ),
        ] {
            assert_eq!(error(config), want, "{config}");
            assert!(
                error(config)
                    .to_string()
                    .contains("sasl.oauthbearer.config")
            );
        }
        assert_eq!(make(None, 0).err(), Some(ConfigError::Empty));
    }

    #[test]
    fn extensions_are_checked_as_those_of_an_application() {
        assert!(token(Some("principal=me extension_a1=b"), 0).is_err());
        let made = token(Some("principal=me extension_a=b"), 1000).unwrap();
        assert_eq!((made.principal(), made.expires_at_ms()), ("me", 3_601_000));
    }
}
