//! Passwords, tokens and keys: wiped when they go, and shown nowhere.

use std::fmt;

use zeroize::Zeroizing;

/// Bytes that are wiped when they go, and that no debug output shows. There is no
/// `Display`. Equality takes a time that depends on the bytes: what a peer sends is
/// compared by [`Secret::is_equal`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub fn new(bytes: &[u8]) -> Self {
        Secret(Zeroizing::new(bytes.to_vec()))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the bytes are these, in a time that depends on their number only.
    pub fn is_equal(&self, other: &[u8]) -> bool {
        is_equal(&self.0, other)
    }
}

impl From<Zeroizing<Vec<u8>>> for Secret {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Secret(bytes)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret(Zeroizing::new(text.into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Whether both are the same, in a time that depends on their lengths only.
pub fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let differing = a.iter().zip(b).fold(0, |all, (a, b)| {
        // The optimizer must not end the loop early.
        std::hint::black_box(all | (a ^ b))
    });
    a.len() == b.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_shown() {
        let secret = Secret::from("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {secret:#?}"), "… …");
        assert_eq!(secret.bytes(), b"hunter2");
    }

    #[test]
    fn equality_of_the_same_only() {
        let secret = Secret::new(b"abc");
        assert!(secret.is_equal(b"abc"));
        for other in [&b"abd"[..], b"ab", b"abcd", b""] {
            assert!(!secret.is_equal(other));
        }
        assert!(Secret::default().is_equal(b"") && Secret::default().is_empty());
    }
}
