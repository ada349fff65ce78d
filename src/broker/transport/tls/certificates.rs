//! Certificates and keys out of files, PEM texts and memory.

use std::fs::File;
use std::io::Read;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::errors::words;
use super::ffi::{self, KeyStore, Password};
use crate::base::standard;
use crate::broker::error::system_words;

/// No certificate is as large as that, but an endless file is.
const MOST: u64 = 64 << 20;

/// The value of a property that certificates or keys come from.
pub struct Source<'a> {
    property: &'static str,
    path: Option<&'a str>,
    pem: &'a str,
}

impl<'a> Source<'a> {
    pub fn file(property: &'static str, path: &'a str) -> Self {
        Source {
            property,
            path: Some(path),
            pem: "",
        }
    }

    pub fn text(property: &'static str, pem: &'a str) -> Self {
        Source {
            property,
            path: None,
            pem,
        }
    }

    /// For errors: the property, and the file if it names one.
    pub fn name(&self) -> String {
        match self.path {
            Some(path) => format!("{} (`{path}`)", self.property),
            None => self.property.to_string(),
        }
    }

    fn failed(&self, why: &str) -> String {
        format!("{} failed: {why}", self.name())
    }

    /// Wiped when it is dropped.
    fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, String> {
        match self.path {
            Some(path) => read(path).map_err(|e| self.failed(&system_words(&e))),
            None => Ok(Zeroizing::new(self.pem.as_bytes().to_vec())),
        }
    }

    pub fn certificates(&self, password: Option<&str>) -> Result<Vec<X509>, String> {
        let password = Password::new(password);
        let found = ffi::certificates(&self.bytes()?, &password);
        found.map_err(|stack| self.failed(&reason(&stack, &password, "ssl.key.password")))
    }

    pub fn private_key(&self, password: Option<&str>) -> Result<PKey<Private>, String> {
        let password = Password::new(password);
        let key = ffi::private_key(&self.bytes()?, &password);
        key.map_err(|stack| self.failed(&reason(&stack, &password, "ssl.key.password")))
    }

    pub fn key_store(&self, password: &str) -> Result<KeyStore, String> {
        let store = ffi::key_store(&self.bytes()?, password);
        store.map_err(|stack| self.failed(&key_store_reason(&stack)))
    }
}

fn read(path: &str) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let file = standard::above(|| File::open(path))?;
    let size = file.metadata().map_or(0, |m| m.len()).min(MOST);
    // Large enough at once, or growing would leave copies of a key behind.
    let room = usize::try_from(size).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a PEM text could not be read.
fn reason(stack: &ErrorStack, password: &Password<'_>, property: &str) -> String {
    if password.is_missing() {
        return format!("it is encrypted, and {property} is not set");
    }
    let hint = match has_reason(stack, "no start line") {
        true => ": not in PEM format?",
        false if password.was_asked() => ": is the password right?",
        false => "",
    };
    format!("{}{hint}", words(stack))
}

/// Why a PKCS#12 file could not be read. Old ones are encrypted with what OpenSSL 3 keeps
/// in a provider of its own.
pub fn key_store_reason(stack: &ErrorStack) -> String {
    let old = stack.errors().iter().any(|e| {
        e.reason().is_some_and(|r| r.contains("unsupported"))
            || e.data().is_some_and(|d| d.contains("Algorithm"))
    });
    let hint = match old {
        true => {
            ": ciphers of old files need OpenSSL's `legacy` provider \
                 (ssl.providers=default,legacy)"
        }
        false if has_reason(stack, "mac verify failure") => ": is the password right?",
        false => "",
    };
    format!("{}{hint}", words(stack))
}

fn has_reason(stack: &ErrorStack, reason: &str) -> bool {
    let reasons = stack.errors().iter().filter_map(|e| e.reason());
    reasons.into_iter().any(|r| r == reason)
}

pub fn from_ders(ders: &[Vec<u8>]) -> Result<Vec<X509>, ErrorStack> {
    ders.iter().map(|der| X509::from_der(der)).collect()
}
