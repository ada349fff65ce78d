//! User name and password, which the application may replace while the client runs
//! (`rd_kafka_sasl_set_credentials`). Logins that have begun keep those they began with.

use std::sync::Arc;

use crate::base::secret::Secret;
use crate::base::sync::Mutex;

pub struct UserPassword {
    pub user: String,
    pub password: Secret,
}

/// Shared by a client's links and whoever replaces what is in it.
#[derive(Default)]
pub struct Credentials {
    /// None until both are set.
    current: Mutex<Option<Arc<UserPassword>>>,
}

impl Credentials {
    pub fn new(user: &str, password: &[u8]) -> Self {
        let credentials = Credentials::default();
        credentials.set(user, password);
        credentials
    }

    /// For logins to come.
    pub fn set(&self, user: &str, password: &[u8]) {
        let new = Arc::new(UserPassword {
            user: user.to_owned(),
            password: Secret::new(password),
        });
        // The old ones are freed, and thereby wiped, without the lock.
        let old = self.current.lock().replace(new);
        drop(old);
    }

    pub fn current(&self) -> Option<Arc<UserPassword>> {
        self.current.lock().clone()
    }

    pub(super) fn get(&self) -> Result<Arc<UserPassword>, String> {
        let missing = "neither `sasl.username` nor `sasl.password` is set";
        self.current().ok_or_else(|| missing.to_owned())
    }
}
