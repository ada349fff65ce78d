//! Tokens of SASL/OAUTHBEARER: where they come from, and when (KIP-255, KIP-768).
//!
//! ```text
//! Schedule ──ask──► the application: an event in its queue, answered by rd_kafka_oauthbearer_set_token
//!    ▲         └──► a Source of the library's own, on a thread for as long as it takes
//!    └── TokenNews ◄── the answer, also one that nobody asked for
//! ```
//!
//! `main_loop/tokens.rs` drives this; what logins use is in `broker/sasl/token.rs`.

#[cfg(feature = "tls")]
mod assertion;
mod aws;
mod fetch;
pub mod http;
pub mod json;
mod oidc;
pub mod schedule;
#[cfg(test)]
mod testing;
pub mod unsecured;

use std::sync::Arc;

use zeroize::Zeroizing;

use aws::{Msk, WebIdentity};
pub use fetch::Fetch;
use oidc::Provider;

use crate::base::conf::{GlobalProps, OauthMetadata, OauthMethod};
use crate::broker::sasl::token::Token;

/// What the main thread is told of tokens.
#[derive(Debug)]
pub enum TokenNews {
    /// A token has been set. Milliseconds since 1970.
    Set { expires_ms: i64 },
    /// None could be had.
    Failed,
    /// What a source of the library's own brought, or why not.
    Fetched(Result<Token, String>),
}

/// `sasl.oauthbearer.config` for C: ends with a zero byte, and is wiped when it is freed.
pub type ConfigText = Arc<Zeroizing<Vec<u8>>>;

/// Why a token that ends then cannot be set. Milliseconds since 1970.
pub fn expired(expires_ms: i64, now_ms: i64) -> Option<String> {
    // librdkafka's users know it by "unexpired".
    (expires_ms <= now_ms).then(|| {
        format!(
            "Only an unexpired token can be set: its end, {expires_ms} ms, is not after {now_ms} ms"
        )
    })
}

/// `sasl.oauthbearer.config` as C gets it.
pub fn config_text(config: &str) -> ConfigText {
    let mut text = Zeroizing::new(Vec::with_capacity(config.len() + 1));
    text.extend(config.bytes().take_while(|b| *b != 0));
    text.push(0);
    Arc::new(text)
}

/// Where tokens come from.
pub enum Source {
    /// The application's callback, or its event.
    Application,
    /// Unsigned ones, made on the spot.
    Unsecured,
    /// Over the network.
    Fetched(Arc<dyn Fetch>),
}

impl Source {
    /// A callback of the application's goes before all that is built in.
    pub fn of(conf: &GlobalProps) -> Source {
        if conf.oauthbearer_token_refresh_cb != 0 {
            return Source::Application;
        }
        if conf.enable_sasl_oauthbearer_unsecure_jwt {
            return Source::Unsecured;
        }
        match conf.sasl_oauthbearer_method {
            OauthMethod::Default => Source::Application,
            OauthMethod::AwsMskIam => Source::Fetched(Arc::new(Msk::new(conf))),
            OauthMethod::Oidc => match conf.sasl_oauthbearer_metadata_authentication_type {
                OauthMetadata::AwsIam => Source::Fetched(Arc::new(WebIdentity::new(conf))),
                _ => Source::Fetched(Arc::new(Provider::new(conf))),
            },
        }
    }
}
