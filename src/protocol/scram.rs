//! SCRAM (RFC 5802, RFC 7677): what a client and a server compute, for both hashes that
//! Kafka has. The messages are in `messages.rs`.
//!
//! ```text
//! password ─ Hi(salt, iterations) ─► salted password ─┬─► client key ─ H ─► stored key
//!                                                     └─► server key
//! client's proof     = client key XOR HMAC(stored key, exchange)
//! server's signature = HMAC(server key, exchange)
//! ```
//!
//! A server keeps the stored key and the server key, by which nobody can log in. Passwords
//! are bytes as they come, without SASLprep: librdkafka and the Java client do not
//! normalize them either.

mod messages;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

pub use messages::{
    ClientFinal, ClientFirst, MAX_MESSAGE, ServerFinal, ServerFirst, escape, exchange, unescape,
};

use crate::base::secret::Secret;

/// The fewest iterations that a client goes along with: RFC 7677's, and the Java client's.
/// Fewer would help a broker that is none to find the password out.
pub const MIN_ITERATIONS: u32 = 4096;

/// The most, as in librdkafka. Kafka's controller allows 16384, but brokers with ZooKeeper
/// had no limit, and other servers have none. A million is about half a second of a
/// processor, which a broker costs once for each login that it is asked for; the delay
/// between attempts to reconnect bounds how often.
pub const MAX_ITERATIONS: u32 = 1_000_000;

/// The hash that a mechanism has in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScramHash {
    Sha256,
    Sha512,
}

/// Runs an expression with the hash as a type.
macro_rules! with {
    ($hash:expr, $name:ident => $body:expr) => {
        match $hash {
            ScramHash::Sha256 => {
                type $name = Sha256;
                $body
            }
            ScramHash::Sha512 => {
                type $name = Sha512;
                $body
            }
        }
    };
}

impl ScramHash {
    /// By the mechanism's name.
    pub fn of_mechanism(name: &str) -> Option<Self> {
        let all = [ScramHash::Sha256, ScramHash::Sha512];
        all.into_iter().find(|hash| hash.mechanism() == name)
    }

    /// By the mechanism's number on the wire and in C (KIP-554).
    pub fn of_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(ScramHash::Sha256),
            2 => Some(ScramHash::Sha512),
            _ => None,
        }
    }

    pub fn mechanism(self) -> &'static str {
        match self {
            ScramHash::Sha256 => "SCRAM-SHA-256",
            ScramHash::Sha512 => "SCRAM-SHA-512",
        }
    }

    /// Bytes of a hash, and of all that is computed here.
    pub fn size(self) -> usize {
        match self {
            ScramHash::Sha256 => 32,
            ScramHash::Sha512 => 64,
        }
    }

    /// RFC 5802's `Hi`, which is PBKDF2. Takes long in proportion to `iterations`; none
    /// count as one.
    pub fn salted_password(self, password: &[u8], salt: &[u8], iterations: u32) -> Secret {
        let mut salted = Zeroizing::new(vec![0; self.size()]);
        let iterations = iterations.max(1);
        with!(self, D => pbkdf2::pbkdf2_hmac::<D>(password, salt, iterations, &mut salted));
        salted.into()
    }

    pub fn client_key(self, salted_password: &Secret) -> Secret {
        self.hmac(salted_password, b"Client Key")
    }

    pub fn server_key(self, salted_password: &Secret) -> Secret {
        self.hmac(salted_password, b"Server Key")
    }

    pub fn stored_key(self, client_key: &Secret) -> Secret {
        self.hash(client_key.bytes())
    }

    /// The client's proof for an exchange.
    pub fn proof(self, client_key: &Secret, exchange: &[u8]) -> Vec<u8> {
        let signature = self.hmac(&self.stored_key(client_key), exchange);
        let pairs = client_key.bytes().iter().zip(signature.bytes());
        pairs.map(|(key, signature)| key ^ signature).collect()
    }

    /// What a server checks: whether the proof is that of the client who has the key that
    /// was stored.
    pub fn is_proof(self, stored_key: &Secret, exchange: &[u8], proof: &[u8]) -> bool {
        if proof.len() != self.size() {
            return false;
        }
        let signature = self.hmac(stored_key, exchange);
        let pairs = proof.iter().zip(signature.bytes());
        let client_key: Zeroizing<Vec<u8>> =
            Zeroizing::new(pairs.map(|(proof, signature)| proof ^ signature).collect());
        self.hash(&client_key).is_equal(stored_key.bytes())
    }

    /// The server's signature of an exchange.
    pub fn signature(self, server_key: &Secret, exchange: &[u8]) -> Secret {
        self.hmac(server_key, exchange)
    }

    fn hmac(self, key: &Secret, message: &[u8]) -> Secret {
        with!(self, D => {
            // A key may have any length: without that error there is only one way on.
            let Ok(mut mac) = Hmac::<D>::new_from_slice(key.bytes()) else {
                return Secret::default();
            };
            mac.update(message);
            Secret::new(&Zeroizing::new(mac.finalize().into_bytes().to_vec()))
        })
    }

    fn hash(self, bytes: &[u8]) -> Secret {
        with!(self, D => Secret::new(&Zeroizing::new(D::digest(bytes).to_vec())))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// An exchange of user "user" with password "pencil".
    struct Example {
        hash: ScramHash,
        salt: &'static str,
        exchange: &'static str,
        proof: &'static str,
        signature: &'static str,
    }

    const EXAMPLES: [Example; 2] = [
        // RFC 7677, section 3.
        Example {
            hash: ScramHash::Sha256,
            salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            exchange: "n=user,r=rOprNGfwEbeRWgbNEkqO,\
                       r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
                       c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        },
        // By Python's hashlib and hmac, since no RFC has an example of the longer hash.
        Example {
            hash: ScramHash::Sha512,
            salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            exchange: "n=user,r=abc,r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=abcdef",
            proof: "UY2ALsLl/+vMdZEZMpDLb2rUbiIqo0XW7lqmnZH3R1PKCEF8\
                    YQ9Cph7iuGBNzNmzqPnaovmROjuofK0EtzVMsg==",
            signature: "Cre+mRH7MUKHK9Nqtry3Q18JyB82tmhVOUzLUUHEHozEu9KH\
                        SxVxIZbU4QcLhPfZTXktHZho2cZ2ixiHZGeP9A==",
        },
    ];

    fn decode(text: &str) -> Vec<u8> {
        STANDARD.decode(text).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_7677() {
        for example in EXAMPLES {
            let Example { hash, .. } = example;
            let exchange = example.exchange.as_bytes();
            let salted = hash.salted_password(b"pencil", &decode(example.salt), 4096);
            let client_key = hash.client_key(&salted);
            assert_eq!(
                hash.proof(&client_key, exchange),
                decode(example.proof),
                "{hash:?}"
            );
            let signature = hash.signature(&hash.server_key(&salted), exchange);
            assert!(signature.is_equal(&decode(example.signature)), "{hash:?}");
            let stored = hash.stored_key(&client_key);
            assert!(hash.is_proof(&stored, exchange, &decode(example.proof)));
            assert!(!hash.is_proof(&stored, &exchange[1..], &decode(example.proof)));
            assert!(!hash.is_proof(&stored, exchange, &decode(example.signature)));
            assert!(!hash.is_proof(&stored, exchange, b""));
        }
    }

    #[test]
    fn names_and_numbers_of_mechanisms() {
        for (number, name) in [(1, "SCRAM-SHA-256"), (2, "SCRAM-SHA-512")] {
            let hash = ScramHash::of_number(number).unwrap();
            assert_eq!(ScramHash::of_mechanism(name), Some(hash));
            assert_eq!(hash.mechanism(), name);
        }
        assert_eq!(ScramHash::of_number(0), None);
        assert_eq!(ScramHash::of_mechanism("SCRAM-SHA-1"), None);
    }

    proptest! {
        #[test]
        fn who_has_the_password_proves_it(
            password: Vec<u8>,
            salt: Vec<u8>,
            exchange: Vec<u8>,
            long: bool,
            flipped in 0usize..32,
        ) {
            let hash = if long { ScramHash::Sha512 } else { ScramHash::Sha256 };
            let salted = hash.salted_password(&password, &salt, 2);
            let client_key = hash.client_key(&salted);
            let stored = hash.stored_key(&client_key);
            let mut proof = hash.proof(&client_key, &exchange);
            prop_assert_eq!(proof.len(), hash.size());
            prop_assert!(hash.is_proof(&stored, &exchange, &proof));
            proof[flipped] ^= 1;
            prop_assert!(!hash.is_proof(&stored, &exchange, &proof));
        }
    }
}
