//! Certificates and keys that an application gives from memory, to be kept as DER.

use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::certificates::key_store_reason;
use super::errors::words;
use super::ffi::{self, Password};
use super::{Encoding, Purpose};
use crate::base::conf::MemoryCertificates;

/// Reads `bytes` and keeps what is found in the place of what was there for `purpose`.
/// `password` decrypts keys and PKCS#12. An error leaves all as it was.
pub fn import(
    into: &mut MemoryCertificates,
    purpose: Purpose,
    encoding: Encoding,
    bytes: &[u8],
    password: Option<&str>,
) -> Result<(), String> {
    openssl::init();
    let outcome = match purpose {
        Purpose::Certificate => certificates(encoding, bytes, password, false).map(|ders| {
            into.certificate = Some(Arc::new(ders));
        }),
        Purpose::Authorities => certificates(encoding, bytes, password, true).map(|ders| {
            into.authorities = Some(Arc::new(ders));
        }),
        Purpose::Key => key(encoding, bytes, password).map(|der| {
            into.key = Some(Arc::new(der));
        }),
    };
    let (what, how) = (purpose.name(), encoding.name());
    outcome.map_err(|why| format!("No {what} can be read from memory ({how}): {why}"))
}

fn in_words(stack: ErrorStack) -> String {
    words(&stack)
}

/// Of a PKCS#12, the authorities are the certificates that come with the client's.
fn certificates(
    encoding: Encoding,
    bytes: &[u8],
    password: Option<&str>,
    authorities: bool,
) -> Result<Vec<Vec<u8>>, String> {
    let found: Vec<X509> = match encoding {
        Encoding::Pkcs12 => {
            let store = ffi::key_store(bytes, password.unwrap_or_default())
                .map_err(|stack| key_store_reason(&stack))?;
            match (store.certificate, authorities) {
                (_, true) => store.others,
                (Some(own), false) => std::iter::once(own).chain(store.others).collect(),
                (None, false) => Vec::new(),
            }
        }
        Encoding::Der => vec![X509::from_der(bytes).map_err(in_words)?],
        Encoding::Pem => {
            let password = Password::new(password);
            ffi::certificates(bytes, &password)
                .map_err(|e| missing(&password).unwrap_or(words(&e)))?
        }
    };
    if found.is_empty() {
        return Err("there is none".into());
    }
    found
        .iter()
        .map(|cert| cert.to_der().map_err(in_words))
        .collect()
}

fn key(
    encoding: Encoding,
    bytes: &[u8],
    password: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let key = match encoding {
        Encoding::Pkcs12 => ffi::key_store(bytes, password.unwrap_or_default())
            .map_err(|stack| key_store_reason(&stack))?
            .key
            .ok_or("there is none")?,
        Encoding::Der => PKey::private_key_from_der(bytes).map_err(in_words)?,
        Encoding::Pem => {
            let password = Password::new(password);
            ffi::private_key(bytes, &password)
                .map_err(|e| missing(&password).unwrap_or(words(&e)))?
        }
    };
    let der = key.private_key_to_pkcs8().map_err(in_words)?;
    Ok(Zeroizing::new(der))
}

fn missing(password: &Password<'_>) -> Option<String> {
    let why = "it is encrypted, and ssl.key.password is not set";
    password.is_missing().then(|| why.to_string())
}
