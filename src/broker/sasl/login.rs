//! The login that the configuration asks for.

use std::sync::Arc;

use super::Login;
use super::credentials::Credentials;
use super::gssapi::GssapiLogin;
pub use super::gssapi::KerberosSettings;
use super::oauthbearer::OauthLogin;
use super::plain::PlainLogin;
use super::scram::ScramLogin;
use super::token::TokenHolder;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::log::Logger;
use crate::protocol::scram::ScramHash;

/// What the configuration says about SASL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaslSettings {
    /// `sasl.mechanisms`, of which there is one.
    pub mechanism: String,
    pub kerberos: KerberosSettings,
}

/// What a login uses of its client.
pub struct Sources {
    /// For PLAIN and SCRAM. Kept by the client to replace them.
    pub credentials: Arc<Credentials>,
    /// For OAUTHBEARER. Kept by whoever fetches tokens.
    pub tokens: Arc<TokenHolder>,
    pub logger: Arc<Logger>,
    /// Wakes the links, so that those ask again which wait for [`Login::is_ready`] or
    /// [`Login::prepare`]. Called on a thread of the login's own. It must not keep the
    /// login alive.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

/// Errors are `_INVALID_ARG`, as `rd_kafka_new` gives them.
pub fn login(settings: &SaslSettings, sources: Sources) -> Result<Arc<dyn Login>, KafkaError> {
    let mechanism = settings.mechanism.as_str();
    let credentials = || {
        let current = sources.credentials.current();
        current.map(|_| sources.credentials.clone()).ok_or_else(|| {
            invalid(format!(
                "{mechanism} (`sasl.mechanisms`) needs both `sasl.username` and `sasl.password`"
            ))
        })
    };
    if let Some(hash) = ScramHash::of_mechanism(mechanism) {
        return Ok(Arc::new(ScramLogin::new(hash, credentials()?)));
    }
    match mechanism {
        "PLAIN" => Ok(Arc::new(PlainLogin::new(credentials()?))),
        "OAUTHBEARER" => Ok(Arc::new(OauthLogin::new(sources.tokens))),
        "GSSAPI" => {
            let Sources { logger, wake, .. } = sources;
            let login = GssapiLogin::new(&settings.kerberos, logger, wake);
            Ok(Arc::new(login.map_err(invalid)?))
        }
        other => Err(invalid(format!(
            "`sasl.mechanisms` is `{other}`, which is none that can be used: GSSAPI, PLAIN, \
             SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER are, in this spelling"
        ))),
    }
}

fn invalid(text: String) -> KafkaError {
    KafkaError::new(ErrorCode::_INVALID_ARG, text)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn made(mechanism: &str, credentials: Credentials) -> Result<Arc<dyn Login>, KafkaError> {
        let settings = SaslSettings {
            mechanism: mechanism.into(),
            ..SaslSettings::default()
        };
        let sources = Sources {
            credentials: Arc::new(credentials),
            tokens: Arc::default(),
            logger: Arc::new(Logger::new(6, 0, false)),
            wake: Arc::new(|| {}),
        };
        login(&settings, sources)
    }

    #[test]
    fn settings_show_no_command() {
        let mut settings = SaslSettings::default();
        settings.kerberos.kinit_cmd = Some("echo hunter2 | kinit".into());
        assert!(!format!("{settings:?} {settings:#?}").contains("hunter2"));
    }

    #[test]
    fn the_mechanism_chooses() {
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let login = made(mechanism, Credentials::new("u", b"p")).unwrap();
            assert_eq!(login.mechanism(), mechanism);
            assert!(login.is_ready() && login.prepare("host"));
            let error = made(mechanism, Credentials::default()).err().unwrap();
            assert_eq!(error.code, ErrorCode::_INVALID_ARG);
            assert!(error.text.contains("`sasl.password`"), "{}", error.text);
        }
        let login = made("OAUTHBEARER", Credentials::default()).unwrap();
        assert_eq!(login.mechanism(), "OAUTHBEARER");
        assert!(!login.is_ready());
        for other in ["SCRAM-SHA-1", "plain", "", "DIGEST-MD5"] {
            let error = made(other, Credentials::new("u", b"p")).err().unwrap();
            assert_eq!(error.code, ErrorCode::_INVALID_ARG);
            assert!(error.text.contains(other) && error.text.contains("SCRAM-SHA-512"));
        }
    }
}
