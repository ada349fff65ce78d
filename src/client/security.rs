//! How a client's links connect and log in, by `security.protocol`.

use std::sync::Arc;

use super::command::{MainCommand, MainSender};
use super::hooks::Hooks;
use super::settings;
use crate::base::conf::Conf;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::log::Logger;
use crate::base::time::ms;
use crate::broker::sasl::Login;
use crate::broker::sasl::credentials::Credentials;
use crate::broker::sasl::gssapi::kinit;
use crate::broker::sasl::login::{self, KerberosSettings, SaslSettings, Sources};
use crate::broker::sasl::token::TokenHolder;
use crate::broker::transport::tcp::TcpConnector;
use crate::broker::transport::{Connector, tls};

/// What all links of a client share to reach their brokers.
pub struct Security {
    pub connector: Arc<dyn Connector>,
    pub sasl: Option<Sasl>,
}

/// What a client logs in with, where `security.protocol` asks for that.
pub struct Sasl {
    pub login: Arc<dyn Login>,
    /// Of PLAIN and SCRAM, empty for others. Replaced by `rd_kafka_sasl_set_credentials`.
    pub credentials: Arc<Credentials>,
    /// Of OAUTHBEARER.
    pub tokens: Option<Arc<TokenHolder>>,
}

impl Security {
    /// Of a client with OAUTHBEARER.
    pub fn tokens(&self) -> Option<&Arc<TokenHolder>> {
        self.sasl.as_ref().and_then(|sasl| sasl.tokens.as_ref())
    }

    /// An error names the property at fault.
    pub fn new(
        conf: &Conf,
        hooks: &dyn Hooks,
        logger: &Arc<Logger>,
        main: &MainSender,
    ) -> Result<Self, KafkaError> {
        let tcp = TcpConnector {
            hooks: hooks.sockets(),
            options: (&settings::link(conf)).into(),
        };
        let protocol = conf.global.security_protocol;
        let connector = match protocol.is_encrypted() {
            true => tls::connector(conf.into(), tcp, hooks.certificate_check(), logger)?,
            false => Arc::new(tcp),
        };
        Ok(Security {
            connector,
            sasl: match protocol.logs_in() {
                true => Some(sasl(conf, logger, main)?),
                false => None,
            },
        })
    }
}

fn sasl(conf: &Conf, logger: &Arc<Logger>, main: &MainSender) -> Result<Sasl, KafkaError> {
    let c = &conf.global;
    let settings = SaslSettings {
        mechanism: c.sasl_mechanisms.clone().unwrap_or_default(),
        kerberos: kerberos(conf)?,
    };
    let credentials = Arc::<Credentials>::default();
    if let (Some(user), Some(password)) = (&c.sasl_username, &c.sasl_password) {
        credentials.set(user, password.as_bytes());
    }
    let tokens = Arc::<TokenHolder>::default();
    let main = main.clone();
    let sources = Sources {
        credentials: credentials.clone(),
        tokens: tokens.clone(),
        logger: logger.clone(),
        wake: Arc::new(move || main.send(MainCommand::CredentialsReady)),
    };
    Ok(Sasl {
        login: login::login(&settings, sources)?,
        credentials,
        tokens: (settings.mechanism == "OAUTHBEARER").then_some(tokens),
    })
}

fn kerberos(conf: &Conf) -> Result<KerberosSettings, KafkaError> {
    let c = &conf.global;
    let command = c
        .sasl_kerberos_kinit_cmd
        .as_deref()
        .filter(|_| conf.is_modified("sasl.kerberos.kinit.cmd"));
    Ok(KerberosSettings {
        service_name: c.sasl_kerberos_service_name.clone().unwrap_or_default(),
        principal: c.sasl_kerberos_principal.clone().unwrap_or_default(),
        keytab: c.sasl_kerberos_keytab.clone(),
        kinit_cmd: command.map(|c| filled_in(conf, c)).transpose()?,
        relogin: ms(c.sasl_kerberos_min_time_before_relogin),
    })
}

/// A command with each `%{name}` replaced by that property.
fn filled_in(conf: &Conf, command: &str) -> Result<String, KafkaError> {
    kinit::render(command, |name| conf.get(name))
        .map_err(|text| KafkaError::new(ErrorCode::_INVALID_ARG, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_filled_in_to_a_command() {
        let mut conf = Conf::default();
        conf.set("sasl.kerberos.keytab", Some("/etc/k")).unwrap();
        let filled = |command: &str| filled_in(&conf, command).map_err(|e| e.text);
        assert_eq!(
            filled("kinit -t %{sasl.kerberos.keytab} %{sasl.kerberos.principal} x"),
            Ok("kinit -t /etc/k kafkaclient x".into())
        );
        assert_eq!(filled("kinit"), Ok("kinit".into()));
        assert!(
            filled("kinit %{sasl.username}")
                .unwrap_err()
                .contains("sasl.username")
        );
        assert!(filled("kinit %{open").is_err());
    }
}
