//! What a cluster's security means for its state.

use super::ClusterState;
use super::scram::{Credential, number};
use crate::mock::sasl::Mechanism;
use crate::mock::security::Security;

/// Of credentials that are made from the configuration; Kafka's tools use it, too.
const ITERATIONS: u32 = 4096;

impl ClusterState {
    pub fn secure(&mut self, security: &Security) {
        self.authorizer = security.authorizer.as_ref().map(Into::into);
        self.logins.mechanisms.clone_from(&security.mechanisms);
        self.logins.reauth_ms = security.reauth_ms;
        for user in &security.users {
            for mechanism in &security.mechanisms {
                match *mechanism {
                    Mechanism::Plain => {
                        let password = user.password.clone();
                        self.logins.passwords.insert(user.name.clone(), password);
                    }
                    Mechanism::Scram(hash) => {
                        let salt = self.rng.u128(..).to_be_bytes().to_vec();
                        let password = user.password.bytes();
                        let credential = Credential {
                            iterations: ITERATIONS as i32,
                            salted_password: hash.salted_password(password, &salt, ITERATIONS),
                            salt,
                        };
                        self.scram.set(&user.name, number(hash), credential);
                    }
                    Mechanism::OAuthBearer => {}
                }
            }
        }
    }

    /// How large a request may be on a connection.
    pub fn max_request(&self, conn: super::ConnId, max: usize) -> usize {
        self.logins.max_request(conn, max)
    }
}
