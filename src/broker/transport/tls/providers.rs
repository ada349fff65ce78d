//! OpenSSL 3's providers (`ssl.providers`).
//!
//! They are loaded for the process, and stay: OpenSSL stops falling back on its default
//! provider once one has been loaded by name, so that taking them out again would leave the
//! rest of the program without any cipher. The original takes them out with the client.

use openssl::provider::Provider;

use super::errors::because;
use crate::base::lock::Mutex;

static LOADED: Mutex<Vec<(String, Provider)>> = Mutex::new(Vec::new());

/// Loads those that are not loaded yet.
pub fn load(names: &str) -> Result<(), String> {
    openssl::init();
    let mut listed = names.split(',').map(str::trim).filter(|n| !n.is_empty());
    let mut any = false;
    for name in listed.by_ref() {
        any = true;
        let mut loaded = LOADED.lock();
        if loaded.iter().any(|(known, _)| known == name) || name.contains('\0') {
            continue;
        }
        let failed = format!("ssl.providers failed: OpenSSL cannot load provider \"{name}\"");
        let provider = Provider::load(None, name).map_err(because(&failed))?;
        loaded.push((name.to_string(), provider));
    }
    match any {
        true => Ok(()),
        false => Err(
            "ssl.providers failed: it names no provider; several are separated by commas".into(),
        ),
    }
}
