//! SCRAM (RFC 5802): the server shows its salt, the client its proof, the server its own.

use super::{ACTS_AS_ANOTHER, Failure, Progress, complete};
use crate::base::secret::Secret;
use crate::mock::state::scram::{Credentials, number};
use crate::protocol::scram::{
    ClientFinal, ClientFirst, ScramHash, ServerFinal, ServerFirst, exchange,
};

pub struct Server {
    hash: ScramHash,
    nonce: String,
    /// What the client's proof is to be of.
    asked: Option<Asked>,
}

struct Asked {
    user: String,
    salted_password: Secret,
    nonce: String,
    client_first: String,
    server_first: String,
}

impl Server {
    pub fn new(hash: ScramHash, nonce: String) -> Server {
        Server {
            hash,
            nonce,
            asked: None,
        }
    }

    pub fn step(&mut self, known: &Credentials, token: &[u8]) -> Result<Progress, Failure> {
        match self.asked.take() {
            None => self.ask(known, token),
            Some(asked) => self.check(&asked, token),
        }
    }

    fn ask(&mut self, known: &Credentials, token: &[u8]) -> Result<Progress, Failure> {
        let (first, bare) = ClientFirst::read(token).map_err(|_| Failure::Untold)?;
        let number = number(self.hash);
        let credential = known.get(&first.user, number).ok_or(Failure::Untold)?;
        if !first.acting_as.is_empty() && first.acting_as != first.user {
            return Err(Failure::Told(ACTS_AS_ANOTHER.to_owned()));
        }
        let answer = ServerFirst {
            nonce: format!("{}{}", first.nonce, self.nonce),
            salt: credential.salt.clone(),
            iterations: u32::try_from(credential.iterations).unwrap_or(0),
        };
        let message = answer.message();
        self.asked = Some(Asked {
            salted_password: credential.salted_password.clone(),
            client_first: bare.to_owned(),
            user: first.user,
            nonce: answer.nonce,
            server_first: message.clone(),
        });
        Ok(Progress::Challenge(message.into_bytes()))
    }

    fn check(&self, asked: &Asked, token: &[u8]) -> Result<Progress, Failure> {
        let last = ClientFinal::read(token).map_err(|_| Failure::Untold)?;
        if last.nonce != asked.nonce {
            return Err(Failure::Untold);
        }
        let said = exchange(
            &asked.client_first,
            &asked.server_first,
            &last.without_proof,
        );
        let stored_key = self
            .hash
            .stored_key(&self.hash.client_key(&asked.salted_password));
        if !self.hash.is_proof(&stored_key, &said, &last.proof) {
            return Err(Failure::Untold);
        }
        let server_key = self.hash.server_key(&asked.salted_password);
        let signature = self.hash.signature(&server_key, &said);
        let answer = ServerFinal::Signature(signature.bytes().to_vec());
        Ok(complete(answer.message().into_bytes(), &asked.user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::state::scram::Credential;

    fn known(hash: ScramHash) -> Credentials {
        let mut known = Credentials::default();
        let credential = Credential {
            iterations: 4096,
            salt: b"salt".to_vec(),
            salted_password: hash.salted_password(b"secret", b"salt", 4096),
        };
        known.set("al,ice", number(hash), credential);
        known
    }

    /// The server's last answer to a client with this password.
    fn log_in(hash: ScramHash, password: &[u8], spoil: bool) -> Result<Progress, Failure> {
        let known = known(hash);
        let mut server = Server::new(hash, "server".to_owned());
        let first = ClientFirst::new("al,ice", "client");
        let challenge = server.step(&known, first.message().as_bytes())?;
        let Progress::Challenge(challenge) = challenge else {
            panic!("{challenge:?}");
        };
        let asked = ServerFirst::read(&challenge).expect("a message");
        assert_eq!(
            (asked.nonce.as_str(), asked.iterations),
            ("clientserver", 4096)
        );
        let salted = hash.salted_password(password, &asked.salt, asked.iterations);
        let nonce = if spoil { "client" } else { &asked.nonce };
        let without_proof = ClientFinal::without_proof(nonce);
        let said = exchange(&first.bare(), &asked.message(), &without_proof);
        let proof = hash.proof(&hash.client_key(&salted), &said);
        let last = ClientFinal::message(&without_proof, &proof);
        let outcome = server.step(&known, last.as_bytes())?;
        let signature = hash.signature(&hash.server_key(&salted), &said);
        let signature = ServerFinal::Signature(signature.bytes().to_vec());
        let expected = complete(signature.message().into_bytes(), "al,ice");
        assert_eq!(outcome, expected);
        Ok(outcome)
    }

    #[test]
    fn who_knows_the_password_is_let_in_and_told_that_the_server_does() {
        for hash in [ScramHash::Sha256, ScramHash::Sha512] {
            assert!(log_in(hash, b"secret", false).is_ok());
            assert_eq!(log_in(hash, b"wrong", false), Err(Failure::Untold));
            assert_eq!(log_in(hash, b"secret", true), Err(Failure::Untold));
        }
    }

    #[test]
    fn what_is_no_message_or_no_user_is_refused_alike() {
        let known = known(ScramHash::Sha256);
        let mut server = Server::new(ScramHash::Sha256, "x".to_owned());
        for token in [&b""[..], b"n,,n=bob,r=a", b"\0alice\0secret", b"v=abc"] {
            assert_eq!(server.step(&known, token), Err(Failure::Untold));
        }
        let other = server.step(&known, b"n,a=bob,n=al=2Cice,r=a");
        assert_eq!(other, Err(Failure::Told(ACTS_AS_ANOTHER.to_owned())));
        // The other mechanism's credential is another.
        let mut server = Server::new(ScramHash::Sha512, "x".to_owned());
        let other = server.step(&known, b"n,,n=al=2Cice,r=a");
        assert_eq!(other, Err(Failure::Untold));
    }
}
