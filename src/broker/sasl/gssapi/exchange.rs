//! The client's side of GSSAPI in SASL (RFC 4752): a security context is made, and then
//! both sides agree to protect nothing by it.
//!
//! ```text
//! Begun ─ first token ─► Negotiating ─ tokens, until the context is made ─► Layers
//!       ─ the broker's offer, the client's choice, both wrapped ─► Chosen ─► Done
//! ```

use zeroize::Zeroizing;

use super::ffi;
use crate::broker::sasl::{Mechanism, Step, out_of_turn};

/// Bytes of the longest token that is looked at. Tickets of users in many groups have some
/// ten thousand, and brokers' tokens have no tickets.
const MAX_TOKEN: usize = 64 * 1024;

/// Kerberos needs one turn, or two.
const MAX_TURNS: u32 = 8;

/// What protects messages after the login: nothing. The others are integrity (2) and
/// confidentiality (4), which Kafka does not have: TLS is there for that.
const NO_LAYER: u8 = 1;

/// What a login does with a context: the library's, or a test's. The errors are told.
pub trait SecurityContext: Send {
    /// The service's token, the next for it, and whether the context is made.
    fn step(&mut self, token: Option<&[u8]>) -> Result<(Vec<u8>, bool), String>;
    fn wrap(&mut self, message: &[u8]) -> Result<Vec<u8>, String>;
    fn unwrap(&mut self, wrapped: &[u8]) -> Result<Vec<u8>, String>;
}

impl SecurityContext for ffi::Context {
    fn step(&mut self, token: Option<&[u8]>) -> Result<(Vec<u8>, bool), String> {
        ffi::Context::step(self, token)
            .map_err(|failure| format!("the broker's Kerberos token is refused: {}", failure.text))
    }

    fn wrap(&mut self, message: &[u8]) -> Result<Vec<u8>, String> {
        ffi::Context::wrap(self, message)
            .map_err(|failure| format!("the last token cannot be wrapped: {}", failure.text))
    }

    fn unwrap(&mut self, wrapped: &[u8]) -> Result<Vec<u8>, String> {
        ffi::Context::unwrap(self, wrapped).map_err(|failure| {
            format!(
                "the broker's offer of security layers cannot be read: {}",
                failure.text
            )
        })
    }
}

/// One exchange.
pub struct Gssapi {
    context: Box<dyn SecurityContext>,
    state: State,
}

enum State {
    /// The first token is made already, since a ticket may have to be fetched for it.
    Begun {
        token: Vec<u8>,
        is_made: bool,
    },
    Negotiating {
        turns: u32,
    },
    Layers,
    Chosen,
    Over,
}

impl Gssapi {
    /// A context whose first step was made, and what that gave.
    pub fn new(context: Box<dyn SecurityContext>, token: Vec<u8>, is_made: bool) -> Self {
        Gssapi {
            context,
            state: State::Begun { token, is_made },
        }
    }

    fn negotiate(&mut self, turns: u32, token: &[u8]) -> Result<Step, String> {
        if turns >= MAX_TURNS {
            return Err(format!(
                "the broker makes no end of the Kerberos exchange: no context after {turns} turns"
            ));
        }
        let (answer, is_made) = self.context.step(Some(token))?;
        self.state = if is_made {
            State::Layers
        } else {
            State::Negotiating { turns: turns + 1 }
        };
        // Without anything in it, it asks for the broker's offer.
        Ok(Step::Send(Zeroizing::new(answer)))
    }

    /// The offer is a byte of layers and the size of the longest message in three.
    fn choose(&mut self, wrapped: &[u8]) -> Result<Step, String> {
        let offer = self.context.unwrap(wrapped)?;
        let [layers, _, _, _] = offer[..] else {
            let n = offer.len();
            return Err(format!(
                "the broker's offer of security layers has {n} bytes, and should have 4"
            ));
        };
        if layers & NO_LAYER == 0 {
            return Err(format!(
                "the broker demands a security layer of Kerberos ({layers:#04x}), which Kafka's \
                 clients do not have"
            ));
        }
        // No messages follow, so their size is 0. Nobody is named to act for: the broker
        // takes the principal.
        let choice = self.context.wrap(&[NO_LAYER, 0, 0, 0])?;
        self.state = State::Chosen;
        Ok(Step::Send(Zeroizing::new(choice)))
    }
}

impl Mechanism for Gssapi {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, String> {
        if let Some(token) = challenge
            && token.len() > MAX_TOKEN
        {
            self.state = State::Over;
            let n = token.len();
            return Err(format!(
                "the broker's token has {n} bytes, more than the {MAX_TOKEN} that one may have"
            ));
        }
        match (std::mem::replace(&mut self.state, State::Over), challenge) {
            (State::Begun { token, is_made }, None) => {
                self.state = if is_made {
                    State::Layers
                } else {
                    State::Negotiating { turns: 0 }
                };
                Ok(Step::Send(Zeroizing::new(token)))
            }
            (State::Negotiating { turns }, Some(token)) => self.negotiate(turns, token),
            (State::Layers, Some(wrapped)) => self.choose(wrapped),
            // A broker that refuses says so with an error code.
            (State::Chosen, Some(_)) => Ok(Step::Done),
            _ => Err(out_of_turn()),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Is made after so many tokens; wraps by a letter in front.
    struct Fake(u32);

    impl SecurityContext for Fake {
        fn step(&mut self, token: Option<&[u8]>) -> Result<(Vec<u8>, bool), String> {
            assert!(token.is_some());
            self.0 = self.0.saturating_sub(1);
            Ok((Vec::new(), self.0 == 0))
        }

        fn wrap(&mut self, message: &[u8]) -> Result<Vec<u8>, String> {
            Ok([b"w", message].concat())
        }

        fn unwrap(&mut self, wrapped: &[u8]) -> Result<Vec<u8>, String> {
            let message = wrapped.strip_prefix(b"w").ok_or("not wrapped")?;
            Ok(message.to_vec())
        }
    }

    fn begun(tokens: u32) -> Gssapi {
        let mut gssapi = Gssapi::new(Box::new(Fake(tokens)), b"first".to_vec(), false);
        assert_eq!(sent(gssapi.step(None)), b"first");
        gssapi
    }

    fn sent(step: Result<Step, String>) -> Vec<u8> {
        let Ok(Step::Send(bytes)) = step else {
            panic!("nothing to send: {step:?}");
        };
        bytes.to_vec()
    }

    #[test]
    fn no_layer_is_chosen() {
        for layers in [1, 7] {
            let mut gssapi = begun(2);
            assert_eq!(sent(gssapi.step(Some(b"one"))), b"");
            assert_eq!(sent(gssapi.step(Some(b"two"))), b"");
            let offer = [b'w', layers, 0, 1, 0];
            assert_eq!(sent(gssapi.step(Some(&offer))), b"w\x01\0\0\0");
            assert_eq!(gssapi.step(Some(b"")), Ok(Step::Done));
            assert!(gssapi.step(Some(b"")).is_err());
        }
    }

    #[test]
    fn a_context_that_is_made_at_once() {
        let mut gssapi = Gssapi::new(Box::new(Fake(0)), b"first".to_vec(), true);
        assert_eq!(sent(gssapi.step(None)), b"first");
        assert_eq!(sent(gssapi.step(Some(b"w\x01\0\0\0"))), b"w\x01\0\0\0");
    }

    #[test]
    fn hostile_brokers() {
        let offer = |offer: &[u8]| {
            let mut gssapi = begun(1);
            gssapi.step(Some(b"")).unwrap();
            let fault = gssapi.step(Some(offer)).unwrap_err();
            assert!(gssapi.step(Some(b"w\x01\0\0\0")).is_err(), "it is over");
            fault
        };
        assert!(offer(b"").contains("not wrapped"));
        assert!(offer(b"w").contains("has 0 bytes"));
        assert!(offer(b"w\x01\0\0\0\0").contains("has 5 bytes"));
        assert!(offer(b"w\x06\0\0\0").contains("0x06"));
        assert!(offer(&vec![b'w'; 1 << 20]).contains("1048576 bytes"));

        let mut endless = begun(u32::MAX);
        let turns = (1..).find(|_| endless.step(Some(b"more")).is_err());
        assert_eq!(turns, Some(MAX_TURNS + 1));
        assert!(begun(1).step(None).is_err());
    }
}
