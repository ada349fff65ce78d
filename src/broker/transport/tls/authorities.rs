//! Whose signatures on brokers' certificates are trusted, and what they have revoked.

use std::fs;
use std::path::Path;

use openssl::error::ErrorStack;
use openssl::ssl::SslContextBuilder;
use openssl::x509::store::X509StoreBuilderRef;
use openssl::x509::verify::X509VerifyFlags;

use super::TlsSettings;
use super::certificates::{self, Source};
use super::errors::because;
use crate::base::log::{Logger, debug};

/// Where systems keep the certificates of authorities. The first that is there and is no
/// empty directory is taken.
const USUAL: [&str; 17] = [
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/pki/tls/certs/ca-bundle.trust.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/cacert.pem",
    "/etc/certs/ca-certificates.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs",
    "/usr/local/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cacert.pem",
    "/usr/local/etc/ssl/certs/cert.pem",
    "/usr/local/etc/ssl/certs/cacert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/etc/openssl/certs/ca-certificates.crt",
];

const PROBE: &str = "probe";

/// Whom to trust, by two properties that add up. Without both it is whom the system trusts.
pub struct Trusted<'a> {
    /// A file, a directory, or `probe`.
    pub location: Option<&'a str>,
    pub pem: Option<&'a str>,
    /// The names of the properties.
    pub names: [&'static str; 2],
}

impl Trusted<'_> {
    /// Has the context trust them. An error names the property.
    pub fn set(&self, context: &mut SslContextBuilder, log: &dyn Fn(&str)) -> Result<(), String> {
        let [location, pem] = self.names;
        let place = self.location.filter(|place| *place != PROBE);
        if let Some(place) = place {
            load(context, Path::new(place))
                .map_err(|why| format!("{location} failed for `{place}`: {why}"))?;
        }
        if let Some(text) = self.pem {
            add_pem(context.cert_store_mut(), &Source::text(pem, text))?;
        }
        if place.is_none() && self.pem.is_none() {
            let probes = self.location.is_some() || cfg!(feature = "tls-vendored");
            let found = probes && probe(context, log);
            // Nobody may be trusted at all: the handshake says so.
            if !found && let Err(stack) = context.set_default_verify_paths() {
                log(&because("The system's authorities")(stack));
            }
        }
        Ok(())
    }
}

/// `ssl_ca` excludes the properties.
pub fn set(
    context: &mut SslContextBuilder,
    s: &TlsSettings,
    logger: &Logger,
) -> Result<(), String> {
    if let Some(ders) = &s.authorities {
        let found = certificates::from_ders(ders).map_err(because("ssl_ca failed"))?;
        for cert in found {
            let added = context.cert_store_mut().add_cert(cert);
            added.map_err(because("ssl_ca failed"))?;
        }
    } else {
        let trusted = Trusted {
            location: s.ca_location.as_deref(),
            pem: s.ca_pem.as_deref(),
            names: ["ssl.ca.location", "ssl.ca.pem"],
        };
        let log = |text: &str| logger.debug(debug::SECURITY, "SSL", format_args!("{text}"));
        trusted.set(context, &log)?;
    }
    if let Some(path) = &s.crl_location {
        let failed = |why| format!("ssl.crl.location failed for `{path}`: {why}");
        load(context, Path::new(path)).map_err(failed)?;
        let store = context.cert_store_mut();
        let done = store.set_flags(X509VerifyFlags::CRL_CHECK);
        done.map_err(because("ssl.crl.location failed"))?;
    }
    Ok(())
}

/// A file of certificates and revocation lists, or a directory of them with hashes for names.
fn load(context: &mut SslContextBuilder, place: &Path) -> Result<(), String> {
    let kind = fs::metadata(place).map_err(|e| crate::broker::error::system_words(&e))?;
    let done = match kind.is_dir() {
        true => context.load_verify_locations(None, Some(place)),
        false => context.load_verify_locations(Some(place), None),
    };
    done.map_err(|stack| super::errors::words(&stack))
}

/// The first of the usual places that can be loaded.
fn probe(context: &mut SslContextBuilder, log: &dyn Fn(&str)) -> bool {
    for place in USUAL {
        let path = Path::new(place);
        let empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if empty || !path.exists() {
            continue;
        }
        match load(context, path) {
            Ok(()) => {
                log(&format!("Authorities are taken from {place}"));
                return true;
            }
            Err(why) => log(&format!("Authorities at {place} are no use: {why}")),
        }
    }
    log("There are no authorities in any of the usual places");
    false
}

fn add_pem(store: &mut X509StoreBuilderRef, source: &Source<'_>) -> Result<(), String> {
    let found = source.certificates(None)?;
    if found.is_empty() {
        let name = source.name();
        return Err(format!(
            "{name} failed: there is no certificate in it (PEM is expected)"
        ));
    }
    let added: Result<(), ErrorStack> = found.into_iter().try_for_each(|c| store.add_cert(c));
    added.map_err(because(&format!("{} failed", source.name())))
}
