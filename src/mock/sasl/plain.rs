//! PLAIN (RFC 4616): `[who to act as] NUL user NUL password`, all in one message.

use super::{ACTS_AS_ANOTHER, Failure, Progress, complete};
use crate::base::secret::Secret;
use std::collections::HashMap;

pub fn step(passwords: &HashMap<String, Secret>, token: &[u8]) -> Result<Progress, Failure> {
    let text = String::from_utf8_lossy(token);
    let mut parts = text.split('\0');
    let (Some(acting_as), Some(user), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Failure::Untold);
    };
    let refused = |why: &str| Err(Failure::Told(format!("Authentication failed: {why}")));
    if user.is_empty() {
        return refused("username not specified");
    }
    if password.is_empty() {
        return refused("password not specified");
    }
    let known = passwords.get(user);
    if !known.is_some_and(|known| known.is_equal(password.as_bytes())) {
        return refused("Invalid username or password");
    }
    if !acting_as.is_empty() && acting_as != user {
        return Err(Failure::Told(ACTS_AS_ANOTHER.to_owned()));
    }
    Ok(complete(Vec::new(), user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_knows_the_password_is_let_in() {
        let passwords = HashMap::from([("alice".to_owned(), Secret::new(b"secret"))]);
        let step = |token: &str| step(&passwords, token.as_bytes());
        assert_eq!(step("\0alice\0secret"), Ok(complete(Vec::new(), "alice")));
        assert_eq!(
            step("alice\0alice\0secret"),
            Ok(complete(Vec::new(), "alice"))
        );
        for (token, why) in [
            ("\0alice\0wrong", "Invalid username or password"),
            ("\0bob\0secret", "Invalid username or password"),
            ("\0\0secret", "username not specified"),
            ("\0alice\0", "password not specified"),
            ("bob\0alice\0secret", "different from username"),
        ] {
            match step(token) {
                Err(Failure::Told(text)) => assert!(text.ends_with(why), "{text}"),
                other => panic!("{token:?}: {other:?}"),
            }
        }
        for token in ["", "alice\0secret", "\0alice\0secret\0"] {
            assert_eq!(step(token), Err(Failure::Untold), "{token:?}");
        }
    }
}
