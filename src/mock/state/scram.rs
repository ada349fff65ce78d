//! SCRAM credentials, as Kafka's controller checks and keeps them.

use crate::base::secret::Secret;
use crate::protocol::scram::ScramHash;
use kafka_protocol::ResponseError as E;
use std::collections::BTreeMap;

/// The mechanisms by their numbers, SHA-256 and SHA-512, and the fewest iterations of each.
const MECHANISMS: [(i8, i32); 2] = [(1, 4096), (2, 4096)];
const MAX_ITERATIONS: i32 = 16384;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub iterations: i32,
    pub salt: Vec<u8>,
    pub salted_password: Secret,
}

/// The mechanism's number.
pub fn number(hash: ScramHash) -> i8 {
    match hash {
        ScramHash::Sha256 => 1,
        ScramHash::Sha512 => 2,
    }
}

pub type Refusal = (E, &'static str);

/// By user and mechanism.
#[derive(Debug, Default)]
pub struct Credentials {
    all: BTreeMap<(String, i8), Credential>,
}

impl Credentials {
    pub fn set(&mut self, user: &str, mechanism: i8, credential: Credential) {
        self.all.insert((user.to_owned(), mechanism), credential);
    }

    pub fn remove(&mut self, user: &str, mechanism: i8) {
        self.all.remove(&(user.to_owned(), mechanism));
    }

    pub fn has(&self, user: &str, mechanism: i8) -> bool {
        self.all.contains_key(&(user.to_owned(), mechanism))
    }

    pub fn get(&self, user: &str, mechanism: i8) -> Option<&Credential> {
        self.all.get(&(user.to_owned(), mechanism))
    }

    pub fn users(&self) -> Vec<String> {
        let mut users: Vec<String> = self.all.keys().map(|(user, _)| user.clone()).collect();
        users.dedup();
        users
    }

    pub fn of<'a>(&'a self, user: &'a str) -> impl Iterator<Item = (i8, &'a Credential)> {
        let of_user = self.all.iter().filter(move |((name, _), _)| name == user);
        of_user.map(|((_, mechanism), credential)| (*mechanism, credential))
    }
}

/// Whether a user can have such a credential; the fewest iterations of its mechanism.
pub fn check(user: &str, mechanism: i8) -> Result<i32, Refusal> {
    if user.is_empty() {
        return Err((E::UnacceptableCredential, "The user has no name"));
    }
    let known = MECHANISMS.iter().find(|(number, _)| *number == mechanism);
    known
        .map(|(_, fewest)| *fewest)
        .ok_or((E::UnsupportedSaslMechanism, "There is no such mechanism"))
}

pub fn check_iterations(iterations: i32, fewest: i32) -> Result<(), Refusal> {
    if iterations > MAX_ITERATIONS {
        Err((E::UnacceptableCredential, "Too many iterations"))
    } else if iterations < fewest {
        Err((E::UnacceptableCredential, "Too few iterations"))
    } else {
        Ok(())
    }
}
