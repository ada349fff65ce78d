//! The client's own certificate and key, and when they are shown.

use std::sync::{Arc, OnceLock};

use openssl::ex_data::Index;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContext, SslContextBuilder};
use openssl::stack::StackRef;
use openssl::x509::{X509, X509Name, X509Ref};

use super::certificates::{self, Source};
use super::engine::Engine;
use super::errors::because;
use super::{TlsSettings, ffi};
use crate::base::log::{Level, Logger};

/// What was found, each with the property that it is from.
#[derive(Default)]
struct Found {
    /// The client's certificate, then those that lead to its authority.
    chain: Option<(Vec<X509>, String)>,
    key: Option<(PKey<Private>, String)>,
}

pub fn set(
    context: &mut SslContextBuilder,
    s: &TlsSettings,
    engine: Option<&Engine>,
    logger: &Arc<Logger>,
) -> Result<(), String> {
    let mut found = Found::default();
    certificate(&mut found, s)?;
    key(&mut found, s)?;
    key_store(&mut found, s)?;
    if let Some(engine) = engine {
        let (cert, key) = engine.certificate(s.engine_data)?;
        let name = || "ssl.engine.location".to_string();
        found.chain = Some((vec![cert], name()));
        found.key = Some((key, name()));
    }
    if let Some((chain, name)) = &found.chain {
        let failed = format!("{name} failed");
        let mut certs = chain.iter();
        let Some(own) = certs.next() else {
            return Err(format!(
                "{failed}: there is no certificate in it (PEM is expected)"
            ));
        };
        context.set_certificate(own).map_err(because(&failed))?;
        for other in certs {
            let added = context.add_extra_chain_cert(other.clone());
            added.map_err(because(&failed))?;
        }
    }
    if let Some((key, name)) = &found.key {
        let failed = format!("{name} failed");
        context.set_private_key(key).map_err(because(&failed))?;
        let what = "Private key check failed: it does not belong to the certificate (ssl.key.* \
                    and ssl.certificate.*)";
        context.check_private_key().map_err(because(what))?;
    }
    if let Some((chain, _)) = found.chain {
        choose_by_authority(context, chain, logger);
    }
    Ok(())
}

/// As in librdkafka, the last of those that are set counts.
fn certificate(found: &mut Found, s: &TlsSettings) -> Result<(), String> {
    let password = s.key_password.as_ref().map(|p| p.as_str());
    if let Some(ders) = &s.certificate {
        let chain = certificates::from_ders(ders).map_err(because("ssl_certificate failed"))?;
        found.chain = Some((chain, "ssl_certificate".into()));
    }
    let location = s.certificate_location.as_deref();
    let location = location.map(|path| Source::file("ssl.certificate.location", path));
    let pem = s.certificate_pem.as_deref();
    let pem = pem.map(|pem| Source::text("ssl.certificate.pem", pem));
    for source in [location, pem].into_iter().flatten() {
        found.chain = Some((source.certificates(password)?, source.name()));
    }
    Ok(())
}

fn key(found: &mut Found, s: &TlsSettings) -> Result<(), String> {
    let password = s.key_password.as_ref().map(|p| p.as_str());
    if let Some(der) = &s.key {
        let key = PKey::private_key_from_der(der).map_err(because("ssl_key failed"))?;
        found.key = Some((key, "ssl_key".into()));
    }
    let location = s.key_location.as_deref();
    let location = location.map(|path| Source::file("ssl.key.location", path));
    let pem = s.key_pem.as_ref();
    let pem = pem.map(|pem| Source::text("ssl.key.pem", pem.as_str()));
    for source in [location, pem].into_iter().flatten() {
        found.key = Some((source.private_key(password)?, source.name()));
    }
    Ok(())
}

fn key_store(found: &mut Found, s: &TlsSettings) -> Result<(), String> {
    let Some(path) = &s.keystore_location else {
        return Ok(());
    };
    let source = Source::file("ssl.keystore.location", path);
    let password = s.keystore_password.as_ref().map(|p| p.as_str());
    let store = source.key_store(password.unwrap_or_default())?;
    let (Some(cert), Some(key)) = (store.certificate, store.key) else {
        let name = source.name();
        return Err(format!("{name} failed: it has no key with its certificate"));
    };
    let mut chain = vec![cert];
    chain.extend(store.others);
    found.chain = Some((chain, source.name()));
    found.key = Some((key, source.name()));
    Ok(())
}

/// What a context keeps for [`choose_by_authority`].
struct Own {
    /// The client's certificate and those that lead to its authority.
    chain: Vec<X509>,
    logger: Arc<Logger>,
}

/// A certificate that the broker does not know the issuer of is not shown: most likely it
/// would be refused, and the connection with it, where a login would do (`sasl_ssl` with
/// `ssl.client.auth=requested`).
fn choose_by_authority(context: &mut SslContextBuilder, chain: Vec<X509>, logger: &Arc<Logger>) {
    let Some(index) = own_index() else {
        return;
    };
    let logger = logger.clone();
    context.set_ex_data(index, Own { chain, logger });
    ffi::set_choice(context, |session, names| {
        let context = session.ssl_context();
        let Some(own) = own_index().and_then(|index| context.ex_data(index)) else {
            return true;
        };
        let known = own.chain.iter().any(|cert| is_issued_by(cert, names));
        if !known {
            own.logger.log(
                Level::Warning,
                "SSL",
                format_args!(
                    "The client's certificate is not shown: none of the authorities that the \
                     broker trusts has issued it"
                ),
            );
        }
        known
    });
}

fn own_index() -> Option<Index<SslContext, Own>> {
    static INDEX: OnceLock<Option<Index<SslContext, Own>>> = OnceLock::new();
    *INDEX.get_or_init(|| SslContext::new_ex_index().ok())
}

fn is_issued_by(cert: &X509Ref, names: &StackRef<X509Name>) -> bool {
    let issuer = cert.issuer_name();
    names
        .iter()
        .any(|name| issuer.try_cmp(name).is_ok_and(std::cmp::Ordering::is_eq))
}
