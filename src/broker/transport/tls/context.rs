//! The OpenSSL context that a client's connections are made from.
//!
//! An error says which property it is about, which file, and OpenSSL's reason.

use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslVerifyMode};

use super::engine::{self, Engine};
use super::errors::because;
use super::ffi::Kept;
use super::{TlsSettings, authorities, ffi, identity};
use crate::base::log::Logger;

/// A context, and what must outlive it.
pub struct Context {
    pub ssl: Kept<SslContext>,
    _engine: Option<Arc<Engine>>,
}

/// Loads an engine once for a client; reloaded certificates do not load it again.
pub fn engine(s: &TlsSettings) -> Result<Option<Arc<Engine>>, String> {
    let Some(location) = &s.engine_location else {
        return Ok(None);
    };
    let id = s.engine_id.as_deref().unwrap_or("dynamic");
    engine::load(id, location).map(|engine| Some(Arc::new(engine)))
}

pub fn build(
    s: &TlsSettings,
    engine: Option<Arc<Engine>>,
    logger: &Arc<Logger>,
) -> Result<Context, String> {
    openssl::init();
    ffi::watch_end();
    drop(ErrorStack::get());
    let mut context = new_context(s)?;
    if let Some(ciphers) = &s.cipher_suites {
        let done = context.set_cipher_list(&text(ciphers));
        done.map_err(because(&format!(
            "ssl.cipher.suites failed for `{ciphers}`"
        )))?;
    }
    if let Some(curves) = &s.curves {
        let done = context.set_groups_list(&text(curves));
        done.map_err(because(&format!("ssl.curves.list failed for `{curves}`")))?;
    }
    if let Some(sigalgs) = &s.sigalgs {
        let done = context.set_sigalgs_list(&text(sigalgs));
        done.map_err(because(&format!("ssl.sigalgs.list failed for `{sigalgs}`")))?;
    }
    context.set_verify(match s.verifies {
        true => SslVerifyMode::PEER,
        false => SslVerifyMode::NONE,
    });
    authorities::set(&mut context, s, logger)?;
    identity::set(&mut context, s, engine.as_deref(), logger)?;
    Ok(Context {
        ssl: Kept::new(context.build()),
        _engine: engine,
    })
}

/// OpenSSL's settings are C strings: none has a zero inside.
fn text(value: &str) -> String {
    value.split('\0').next().unwrap_or_default().to_string()
}

/// With OpenSSL's own choice of versions, which the system's configuration may narrow.
fn new_context(s: &TlsSettings) -> Result<SslContextBuilder, String> {
    let hint = match &s.providers {
        Some(names) => format!(
            "OpenSSL has no TLS with the providers of ssl.providers (`{names}`): is `default` \
             missing there?"
        ),
        None => "OpenSSL has no TLS".to_string(),
    };
    let mut context = SslContextBuilder::new(SslMethod::tls_client()).map_err(because(&hint))?;
    // Brokers close without close_notify. A session that is renegotiated in the middle of a
    // write cannot go on without reading, and no broker does that.
    context.set_options(
        SslOptions::NO_SSLV3 | SslOptions::NO_RENEGOTIATION | SslOptions::IGNORE_UNEXPECTED_EOF,
    );
    // A session at rest keeps no room for records: most brokers' connections rest.
    context.set_mode(SslMode::RELEASE_BUFFERS);
    Ok(context)
}
