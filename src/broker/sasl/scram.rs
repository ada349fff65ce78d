//! SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677), the client's side. Both sides
//! prove that they know the password, and neither says it.
//!
//! ```text
//! Begun ─ client first ─► Challenged ─ server first, client final ─► Proved ─ server final ─► Done
//! ```
//!
//! Deriving the keys is what takes long. A client derives them once for a salt and a count
//! of iterations, and its later logins use them again, as RFC 5802 (section 9) allows.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::credentials::{Credentials, UserPassword};
use super::{Login, Mechanism, Step, out_of_turn, shown};
use crate::base::secret::Secret;
use crate::base::sync::Mutex;
use crate::protocol::scram::{
    ClientFinal, ClientFirst, MAX_ITERATIONS, MIN_ITERATIONS, ScramHash, ServerFinal, ServerFirst,
    exchange,
};

pub struct ScramLogin {
    hash: ScramHash,
    credentials: Arc<Credentials>,
    keys: Arc<KeyCache>,
}

impl ScramLogin {
    pub fn new(hash: ScramHash, credentials: Arc<Credentials>) -> Self {
        ScramLogin {
            hash,
            credentials,
            keys: Arc::default(),
        }
    }
}

impl Login for ScramLogin {
    fn mechanism(&self) -> &str {
        self.hash.mechanism()
    }

    fn begin(&self, _host: &str) -> Result<Box<dyn Mechanism>, String> {
        Ok(Box::new(Scram::new(
            self.hash,
            self.credentials.get()?,
            self.keys.clone(),
            nonce()?,
        )))
    }
}

/// 24 random bytes as 32 signs, of which none is a comma.
fn nonce() -> Result<String, String> {
    let mut bytes = [0; 24];
    let mut filled = 0;
    while filled < bytes.len() {
        match rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(n) => filled += n,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(format!("no random numbers can be had: {error}")),
        }
    }
    Ok(STANDARD.encode(bytes))
}

/// What was derived last, and of what.
#[derive(Default)]
pub struct KeyCache(Mutex<Option<Arc<Keys>>>);

struct Keys {
    user: Arc<UserPassword>,
    salt: Vec<u8>,
    iterations: u32,
    client: Secret,
    server: Secret,
}

impl KeyCache {
    fn get(&self, hash: ScramHash, user: &Arc<UserPassword>, first: &ServerFirst) -> Arc<Keys> {
        let last = self.0.lock().clone();
        let same = last.filter(|keys| {
            Arc::ptr_eq(&keys.user, user)
                && keys.salt == first.salt
                && keys.iterations == first.iterations
        });
        if let Some(keys) = same {
            return keys;
        }
        let password = user.password.bytes();
        let salted = hash.salted_password(password, &first.salt, first.iterations);
        let keys = Arc::new(Keys {
            user: user.clone(),
            salt: first.salt.clone(),
            iterations: first.iterations,
            client: hash.client_key(&salted),
            server: hash.server_key(&salted),
        });
        let old = self.0.lock().replace(keys.clone());
        drop(old);
        keys
    }
}

/// One exchange.
pub struct Scram {
    hash: ScramHash,
    user: Arc<UserPassword>,
    keys: Arc<KeyCache>,
    state: State,
}

enum State {
    Begun { nonce: String },
    Challenged { nonce: String, bare: String },
    Proved { signature: Secret },
    Over,
}

impl Scram {
    /// The nonce has signs that can be seen, without commas, and is never used again.
    pub fn new(
        hash: ScramHash,
        user: Arc<UserPassword>,
        keys: Arc<KeyCache>,
        nonce: String,
    ) -> Self {
        Scram {
            hash,
            user,
            keys,
            state: State::Begun { nonce },
        }
    }

    fn first(&mut self, nonce: String) -> Step {
        let first = ClientFirst::new(&self.user.user, &nonce);
        self.state = State::Challenged {
            nonce,
            bare: first.bare(),
        };
        send(first.message())
    }

    fn prove(&mut self, nonce: &str, bare: &str, challenge: &[u8]) -> Result<Step, String> {
        // Some servers tell an error as early as here.
        if let Ok(ServerFinal::Error(error)) = ServerFinal::read(challenge) {
            return Err(refused(&error));
        }
        let first = ServerFirst::read(challenge).map_err(|fault| bad("first", &fault))?;
        let own = first.nonce.strip_prefix(nonce);
        if own.is_none_or(str::is_empty) {
            let fault = "The nonce is not the client's with more behind it";
            return Err(bad("first", fault));
        }
        let iterations = first.iterations;
        if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
            let fault = format!(
                "It demands {iterations} iterations, and {MIN_ITERATIONS} to {MAX_ITERATIONS} \
                 are gone along with"
            );
            return Err(bad("first", &fault));
        }
        let keys = self.keys.get(self.hash, &self.user, &first);
        let without_proof = ClientFinal::without_proof(&first.nonce);
        // It was read as UTF-8 already.
        let exchange = exchange(bare, &String::from_utf8_lossy(challenge), &without_proof);
        let proof = self.hash.proof(&keys.client, &exchange);
        self.state = State::Proved {
            signature: self.hash.signature(&keys.server, &exchange),
        };
        Ok(send(ClientFinal::message(&without_proof, &proof)))
    }
}

impl Mechanism for Scram {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, String> {
        match (std::mem::replace(&mut self.state, State::Over), challenge) {
            (State::Begun { nonce }, None) => Ok(self.first(nonce)),
            (State::Challenged { nonce, bare }, Some(challenge)) => {
                self.prove(&nonce, &bare, challenge)
            }
            (State::Proved { signature }, Some(challenge)) => verify(&signature, challenge),
            _ => Err(out_of_turn()),
        }
    }
}

fn verify(signature: &Secret, challenge: &[u8]) -> Result<Step, String> {
    match ServerFinal::read(challenge).map_err(|fault| bad("last", &fault))? {
        ServerFinal::Error(error) => Err(refused(&error)),
        ServerFinal::Signature(theirs) if signature.is_equal(&theirs) => Ok(Step::Done),
        ServerFinal::Signature(_) => Err(
            "the broker could not prove that it knows the user's credentials: its signature is \
             another. It may not be the broker that it should be"
                .into(),
        ),
    }
}

fn send(message: String) -> Step {
    Step::Send(Zeroizing::new(message.into_bytes()))
}

fn bad(which: &str, fault: &str) -> String {
    format!("the broker's {which} SCRAM message is not as it must be: {fault}")
}

fn refused(error: &str) -> String {
    let error = shown(error.as_bytes());
    format!("the broker refused the login: {error}. See `sasl.username` and `sasl.password`")
}

#[cfg(all(test, not(loom)))]
mod tests;
