//! PLAIN (RFC 4616): user name and password as they are, so that only TLS keeps them from
//! others. They are sent as the application gave them, without SASLprep, as in librdkafka.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::credentials::Credentials;
use super::{Login, Mechanism, Step, out_of_turn};

pub struct PlainLogin {
    credentials: Arc<Credentials>,
}

impl PlainLogin {
    pub fn new(credentials: Arc<Credentials>) -> Self {
        PlainLogin { credentials }
    }
}

impl Login for PlainLogin {
    fn mechanism(&self) -> &str {
        "PLAIN"
    }

    fn begin(&self, _host: &str) -> Result<Box<dyn Mechanism>, String> {
        let current = self.credentials.get()?;
        Ok(Box::new(Plain::new(
            &current.user,
            current.password.bytes(),
        )?))
    }
}

/// One exchange: a message, and whatever the broker says to it.
pub struct Plain(State);

enum State {
    Begun(Zeroizing<Vec<u8>>),
    Sent,
    Over,
}

impl Plain {
    fn new(user: &str, password: &[u8]) -> Result<Self, String> {
        if user.contains('\0') || password.contains(&0) {
            return Err("PLAIN knows no user names and passwords with a NUL in them".into());
        }
        // The user acts as nobody else: the part before the first NUL is empty.
        let message = [b"\0", user.as_bytes(), b"\0", password].concat();
        Ok(Plain(State::Begun(Zeroizing::new(message))))
    }
}

impl Mechanism for Plain {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, String> {
        match (std::mem::replace(&mut self.0, State::Over), challenge) {
            (State::Begun(message), None) => {
                self.0 = State::Sent;
                Ok(Step::Send(message))
            }
            // A broker that refuses the login says so with an error code. librdkafka, too,
            // passes over what an answer without one has in it.
            (State::Sent, Some(_)) => Ok(Step::Done),
            _ => Err(out_of_turn()),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_message() {
        let credentials = Arc::new(Credentials::new("älice", b"s,ecr=t"));
        let login = PlainLogin::new(credentials.clone());
        let mut plain = login.begin("host").unwrap();
        credentials.set("bob", b"other");
        let Step::Send(message) = plain.step(None).unwrap() else {
            panic!("nothing to send");
        };
        assert_eq!(*message, "\0älice\0s,ecr=t".as_bytes());
        assert_eq!(plain.step(Some(b"")), Ok(Step::Done));
        assert!(plain.step(Some(b"")).is_err());

        let mut plain = login.begin("host").unwrap();
        let Step::Send(message) = plain.step(None).unwrap() else {
            panic!("nothing to send");
        };
        assert_eq!(*message, b"\0bob\0other");
        assert_eq!(plain.step(Some(&vec![7; 1 << 20])), Ok(Step::Done));
    }

    #[test]
    fn what_cannot_be_sent() {
        let begin = |user: &str, password: &[u8]| {
            let credentials = Arc::new(Credentials::new(user, password));
            PlainLogin::new(credentials).begin("h").err()
        };
        assert!(begin("a\0b", b"p").is_some());
        let text = begin("a", b"hunter\x002").unwrap();
        assert!(!text.contains("hunter"));
        let none = PlainLogin::new(Arc::default()).begin("h").err().unwrap();
        assert!(none.contains("sasl.username"));
        let mut early = Plain::new("a", b"b").unwrap();
        assert!(early.step(Some(b"")).is_err());
    }
}
