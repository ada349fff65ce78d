//! The four messages of SCRAM (RFC 5802, section 7), read and written for both sides.
//!
//! ```text
//! client first   n,,n=user,r=nonce                  the part behind "n,," is the bare one
//! server first   r=nonce and more,s=salt,i=4096
//! client final   c=biws,r=nonce and more,p=proof
//! server final   v=signature, or e=error
//! ```
//!
//! Attributes that are not known are passed over, as the RFC demands, and those that are
//! may come in any order; `m`, which announces something that must be understood, is
//! refused. Texts of errors repeat nothing of a message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of the longest message that is read. Those of Kafka have about 100.
pub const MAX_MESSAGE: usize = 8192;

/// "n,,": no channel binding, and no other user to act for.
const GS2_HEADER: &str = "n,,";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFirst {
    /// Unescaped.
    pub user: String,
    pub nonce: String,
    /// Who the user wants to act as; empty if nobody else.
    pub acting_as: String,
    /// As Kafka has them, `tokenauth=true` for one: names and values.
    pub extensions: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFirst {
    /// The client's, with more behind it.
    pub nonce: String,
    pub salt: Vec<u8>,
    pub iterations: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFinal {
    pub nonce: String,
    pub proof: Vec<u8>,
    /// The message up to the proof, which is part of the exchange.
    pub without_proof: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerFinal {
    Signature(Vec<u8>),
    Error(String),
}

impl ClientFirst {
    pub fn new(user: &str, nonce: &str) -> Self {
        ClientFirst {
            user: user.to_owned(),
            nonce: nonce.to_owned(),
            acting_as: String::new(),
            extensions: Vec::new(),
        }
    }

    /// What the exchange has of it.
    pub fn bare(&self) -> String {
        let mut bare = format!("n={},r={}", escape(&self.user), self.nonce);
        for (name, value) in &self.extensions {
            bare.extend([",", name, "=", value]);
        }
        bare
    }

    /// The whole message.
    pub fn message(&self) -> String {
        match self.acting_as.as_str() {
            "" => format!("{GS2_HEADER}{}", self.bare()),
            other => format!("n,a={},{}", escape(other), self.bare()),
        }
    }

    /// The message, and the bare part of it as it came.
    pub fn read(message: &[u8]) -> Result<(Self, &str), String> {
        let rest = text(message)?
            .strip_prefix("n,")
            .ok_or("The message demands channel binding, or is none of SCRAM")?;
        let (acting_as, bare) = rest.split_once(',').ok_or("The message is cut short")?;
        let acting_as = match acting_as {
            "" => "",
            named => named.strip_prefix("a=").ok_or("The header is malformed")?,
        };
        let mut fields = bare.split(',');
        let mut field = |name: &str| fields.next().and_then(|field| field.strip_prefix(name));
        let user = field("n=").ok_or("The user's name is missing")?;
        let nonce = field("r=").ok_or("The nonce is missing")?;
        let extensions = fields
            .map(|field| {
                let (name, value) = field.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect::<Option<Vec<_>>>();
        let first = ClientFirst {
            user: unescape(user).ok_or("The user's name is not escaped as it must be")?,
            nonce: printable(nonce)?.to_owned(),
            acting_as: unescape(acting_as).ok_or("The header is malformed")?,
            extensions: extensions.ok_or("An extension is malformed")?,
        };
        Ok((first, bare))
    }
}

impl ServerFirst {
    pub fn message(&self) -> String {
        let salt = STANDARD.encode(&self.salt);
        format!("r={},s={salt},i={}", self.nonce, self.iterations)
    }

    /// The number of iterations is whatever the message has.
    pub fn read(message: &[u8]) -> Result<Self, String> {
        let fields = Attributes::of(message)?;
        let iterations = fields.get('i', "iteration count")?;
        let digits = !iterations.is_empty() && iterations.bytes().all(|b| b.is_ascii_digit());
        let iterations = digits.then(|| iterations.parse().ok()).flatten();
        let salt = STANDARD.decode(fields.get('s', "salt")?);
        Ok(ServerFirst {
            nonce: printable(fields.get('r', "nonce")?)?.to_owned(),
            salt: salt.map_err(|_| "The salt is not Base64")?,
            iterations: iterations.ok_or("The iteration count is no number, or too large")?,
        })
    }
}

impl ClientFinal {
    /// The message up to the proof, which is part of the exchange.
    pub fn without_proof(nonce: &str) -> String {
        format!("c={},r={nonce}", STANDARD.encode(GS2_HEADER))
    }

    /// The whole message.
    pub fn message(without_proof: &str, proof: &[u8]) -> String {
        format!("{without_proof},p={}", STANDARD.encode(proof))
    }

    /// What repeats the client's header (`c`) is not compared: nothing is bound by it here.
    pub fn read(message: &[u8]) -> Result<Self, String> {
        let fields = Attributes::of(message)?;
        // The proof is the last attribute.
        let (without_proof, _) = text(message)?
            .rsplit_once(",p=")
            .ok_or("The proof is missing")?;
        fields.get('c', "channel binding")?;
        let proof = STANDARD.decode(fields.get('p', "proof")?);
        Ok(ClientFinal {
            nonce: printable(fields.get('r', "nonce")?)?.to_owned(),
            proof: proof.map_err(|_| "The proof is not Base64")?,
            without_proof: without_proof.to_owned(),
        })
    }
}

impl ServerFinal {
    pub fn message(&self) -> String {
        match self {
            ServerFinal::Signature(signature) => format!("v={}", STANDARD.encode(signature)),
            ServerFinal::Error(error) => format!("e={error}"),
        }
    }

    /// With an error in it, the message is one.
    pub fn read(message: &[u8]) -> Result<Self, String> {
        let fields = Attributes::of(message)?;
        if let Ok(error) = fields.get('e', "error") {
            return Ok(ServerFinal::Error(error.to_owned()));
        }
        let signature = STANDARD.decode(fields.get('v', "signature")?);
        let signature = signature.map_err(|_| "The signature is not Base64")?;
        Ok(ServerFinal::Signature(signature))
    }
}

/// What proof and signature are made of (`AuthMessage`).
pub fn exchange(client_first_bare: &str, server_first: &str, without_proof: &str) -> Vec<u8> {
    format!("{client_first_bare},{server_first},{without_proof}").into_bytes()
}

/// A user's name as messages have it.
pub fn escape(name: &str) -> String {
    // The order matters: what replaces a comma has a `=`.
    name.replace('=', "=3D").replace(',', "=2C")
}

/// `None` if it is not escaped as it must be.
pub fn unescape(name: &str) -> Option<String> {
    let mut parts = name.split('=');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let (sign, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return None,
        };
        plain.push(sign);
        plain.push_str(rest);
    }
    (!plain.contains('\0')).then_some(plain)
}

fn text(message: &[u8]) -> Result<&str, String> {
    if message.len() > MAX_MESSAGE {
        let n = message.len();
        return Err(format!(
            "The message has {n} bytes, more than the {MAX_MESSAGE} that one may have"
        ));
    }
    std::str::from_utf8(message).map_err(|_| "The message is not UTF-8".into())
}

/// RFC 5802: a nonce has only signs that can be seen.
fn printable(nonce: &str) -> Result<&str, String> {
    if nonce.is_empty() || !nonce.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("The nonce has bytes that none may have".into());
    }
    Ok(nonce)
}

/// The attributes of a message: letters and their values.
struct Attributes<'a>(Vec<(char, &'a str)>);

impl<'a> Attributes<'a> {
    fn of(message: &'a [u8]) -> Result<Self, String> {
        let attributes = text(message)?.split(',').map(|field| {
            let (name, value) = field.split_once('=')?;
            let mut letters = name.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) if letter.is_ascii_alphabetic() => Some((letter, value)),
                _ => None,
            }
        });
        let attributes: Option<Vec<_>> = attributes.collect();
        let attributes = attributes.ok_or("The message does not consist of attributes")?;
        if attributes.iter().any(|(letter, _)| *letter == 'm') {
            return Err("The message demands an extension that is not known".into());
        }
        Ok(Attributes(attributes))
    }

    fn get(&self, letter: char, what: &str) -> Result<&'a str, String> {
        let mut values = self.0.iter().filter(|(l, _)| *l == letter);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Ok(value),
            (None, _) => Err(format!("The {what} ({letter}) is missing")),
            _ => Err(format!("The {what} ({letter}) is there more than once")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_client_begins() {
        let first = ClientFirst::new("a=b,c", "n0nce");
        assert_eq!(first.message(), "n,,n=a=3Db=2Cc,r=n0nce");
        let (read, bare) = ClientFirst::read(b"n,,n=a=3Db=2Cc,r=n0nce").unwrap();
        assert_eq!((read, bare), (first, "n=a=3Db=2Cc,r=n0nce"));

        let (read, _) = ClientFirst::read(b"n,a=admin,n=u,r=x,tokenauth=true").unwrap();
        assert_eq!(read.acting_as, "admin");
        assert_eq!(read.extensions, [("tokenauth".into(), "true".into())]);
        assert_eq!(read.message(), "n,a=admin,n=u,r=x,tokenauth=true");
        for bad in [
            &b""[..],
            b"n",
            b"n,,",
            b"y,,n=u,r=x",
            b"p=tls-unique,,n=u,r=x",
            b"n,x,n=u,r=x",
            b"n,,n=u",
            b"n,,n=u=,r=x",
            b"n,,n=u=2c,r=x",
            b"n,,m=1,n=u,r=x",
            b"n,,n=u,r=",
            b"n,,n=u,r=\xc3\xa9",
            b"n,,n=u\xff,r=x",
            b"n,,n=u,r=x,y",
        ] {
            assert!(ClientFirst::read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_server_answers() {
        let first = ServerFirst {
            nonce: "abc".into(),
            salt: b"salt".to_vec(),
            iterations: 4096,
        };
        assert_eq!(first.message(), "r=abc,s=c2FsdA==,i=4096");
        assert_eq!(ServerFirst::read(b"r=abc,s=c2FsdA==,i=4096"), Ok(first));
        let fault = |message: &str| ServerFirst::read(message.as_bytes()).unwrap_err();
        assert!(fault("s=c2FsdA==,i=1").contains("nonce (r) is missing"));
        assert!(fault("r=a,i=1").contains("salt (s) is missing"));
        assert!(fault("r=a,s=c2FsdA==").contains("count (i) is missing"));
        assert!(fault("r=a,s=c2FsdA==,i=1,i=2").contains("more than once"));
        assert!(fault("r=a,s=*,i=1").contains("salt is not Base64"));
        assert!(fault("m=x,r=a,s=c2FsdA==,i=1").contains("not known"));
        assert!(fault("").contains("attributes"));
        assert!(fault("r=a,,i=1").contains("attributes"));
        for count in ["", "+1", "-1", "x", "99999999999", " 1"] {
            let text = fault(&format!("r=a,s=c2FsdA==,i={count}"));
            assert!(text.contains("iteration count"), "{text}");
        }
        // What is not known is passed over.
        assert!(ServerFirst::read(b"r=a,s=c2FsdA==,i=1,x=y=z").is_ok());
    }

    #[test]
    fn the_last_messages() {
        let without_proof = ClientFinal::without_proof("abc");
        assert_eq!(without_proof, "c=biws,r=abc");
        let message = ClientFinal::message(&without_proof, b"proof");
        assert_eq!(message, "c=biws,r=abc,p=cHJvb2Y=");
        let read = ClientFinal::read(message.as_bytes()).unwrap();
        assert_eq!((read.nonce.as_str(), &*read.proof), ("abc", &b"proof"[..]));
        assert_eq!(read.without_proof, without_proof);
        assert!(ClientFinal::read(b"c=biws,r=abc").is_err());
        assert!(ClientFinal::read(b"r=abc,p=cHJvb2Y=").is_err());

        let signature = ServerFinal::Signature(b"s".to_vec());
        assert_eq!(signature.message(), "v=cw==");
        assert_eq!(ServerFinal::read(b"v=cw=="), Ok(signature));
        let error = ServerFinal::Error("invalid-proof".into());
        assert_eq!(error.message(), "e=invalid-proof");
        assert_eq!(ServerFinal::read(b"e=invalid-proof,v=cw=="), Ok(error));
        assert!(ServerFinal::read(b"v=%").is_err());
        assert!(ServerFinal::read(b"x=y").is_err());
    }

    #[test]
    fn long_messages_are_refused() {
        let message = format!("r={},s=c2FsdA==,i=4096", "x".repeat(1 << 20));
        assert!(
            ServerFirst::read(message.as_bytes())
                .unwrap_err()
                .contains("8192")
        );
    }

    proptest! {
        #[test]
        fn names_come_back(name in "[^\0]*") {
            let escaped = escape(&name);
            prop_assert!(!escaped.contains(','));
            prop_assert_eq!(unescape(&escaped), Some(name.clone()));
            let first = ClientFirst::new(&name, "x");
            let message = first.message();
            let (read, bare) = ClientFirst::read(message.as_bytes()).unwrap();
            prop_assert_eq!(bare, first.bare());
            prop_assert_eq!(read, first);
        }

        #[test]
        fn any_bytes_are_read_or_refused(message: Vec<u8>) {
            let _ = ClientFirst::read(&message);
            let _ = ServerFirst::read(&message);
            let _ = ClientFinal::read(&message);
            let _ = ServerFinal::read(&message);
        }

        #[test]
        fn answers_come_back(
            nonce in "[!-+\\--~]{1,40}",
            salt: Vec<u8>,
            iterations: u32,
        ) {
            let first = ServerFirst { nonce, salt, iterations };
            prop_assert_eq!(ServerFirst::read(first.message().as_bytes()), Ok(first));
        }
    }
}
