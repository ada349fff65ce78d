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

/// `ssl_ca` excludes the properties; those add up.
pub fn set(
    context: &mut SslContextBuilder,
    s: &TlsSettings,
    logger: &Logger,
) -> Result<(), String> {
    let location = s.ca_location.as_deref().filter(|place| *place != PROBE);
    if let Some(ders) = &s.authorities {
        let found = certificates::from_ders(ders).map_err(because("ssl_ca failed"))?;
        for cert in found {
            let added = context.cert_store_mut().add_cert(cert);
            added.map_err(because("ssl_ca failed"))?;
        }
    } else {
        if let Some(place) = location {
            load(context, Path::new(place))
                .map_err(|why| format!("ssl.ca.location failed for `{place}`: {why}"))?;
        }
        if let Some(pem) = &s.ca_pem {
            add_pem(context.cert_store_mut(), &Source::text("ssl.ca.pem", pem))?;
        }
        if location.is_none() && s.ca_pem.is_none() {
            let probes = s.ca_location.is_some() || cfg!(feature = "tls-vendored");
            let found = probes && probe(context, logger);
            // Nobody may be trusted at all: the handshake says so.
            if !found && let Err(stack) = context.set_default_verify_paths() {
                debug(logger, &because("The system's authorities")(stack));
            }
        }
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

fn debug(logger: &Logger, text: &str) {
    logger.debug(debug::SECURITY, "SSL", format_args!("{text}"));
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
fn probe(context: &mut SslContextBuilder, logger: &Logger) -> bool {
    for place in USUAL {
        let path = Path::new(place);
        let empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if empty || !path.exists() {
            continue;
        }
        match load(context, path) {
            Ok(()) => {
                debug(logger, &format!("Authorities are taken from {place}"));
                return true;
            }
            Err(why) => debug(logger, &format!("Authorities at {place} are no use: {why}")),
        }
    }
    debug(
        logger,
        "There are no authorities in any of the usual places",
    );
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
