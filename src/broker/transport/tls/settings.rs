//! What a TLS connection is made with, as the configuration says it.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::base::conf::certificates::Chain;
use crate::base::conf::{Conf, EndpointIdentification};
use crate::base::time::ms;

/// The values of the properties `ssl.*`, each named after its property. There is no
/// `Debug`: some are secrets, which are wiped when they are dropped.
#[derive(Clone, Default)]
pub struct TlsSettings {
    pub cipher_suites: Option<String>,
    pub curves: Option<String>,
    pub sigalgs: Option<String>,
    pub key_location: Option<String>,
    pub key_password: Option<Zeroizing<String>>,
    pub key_pem: Option<Zeroizing<String>>,
    /// `ssl_key`, as DER.
    pub key: Option<Arc<Zeroizing<Vec<u8>>>>,
    pub certificate_location: Option<String>,
    pub certificate_pem: Option<String>,
    /// `ssl_certificate`, as DER: the client's first.
    pub certificate: Option<Chain>,
    pub ca_location: Option<String>,
    pub ca_pem: Option<String>,
    /// `ssl_ca`, as DER.
    pub authorities: Option<Chain>,
    pub crl_location: Option<String>,
    pub keystore_location: Option<String>,
    pub keystore_password: Option<Zeroizing<String>>,
    pub providers: Option<String>,
    pub engine_location: Option<String>,
    pub engine_id: Option<String>,
    /// `ssl_engine_callback_data`: a pointer of the application's, which is handed on.
    pub engine_data: usize,
    /// The broker's certificate is verified.
    pub verifies: bool,
    /// It must name the host.
    pub identifies: bool,
    /// The name to verify and to send as SNI, in the place of the broker's host.
    pub server_name: Option<String>,
    /// How often the files are looked at again. None: they are read once.
    pub refresh: Option<Duration>,
}

impl From<&Conf> for TlsSettings {
    fn from(conf: &Conf) -> Self {
        let c = &conf.global;
        let secret = |text: &Option<String>| text.clone().map(Zeroizing::new);
        TlsSettings {
            cipher_suites: c.ssl_cipher_suites.clone(),
            curves: c.ssl_curves_list.clone(),
            sigalgs: c.ssl_sigalgs_list.clone(),
            key_location: c.ssl_key_location.clone(),
            key_password: secret(&c.ssl_key_password),
            key_pem: secret(&c.ssl_key_pem),
            key: conf.certificates.key.clone(),
            certificate_location: c.ssl_certificate_location.clone(),
            certificate_pem: c.ssl_certificate_pem.clone(),
            certificate: conf.certificates.certificate.clone(),
            ca_location: c.ssl_ca_location.clone(),
            ca_pem: c.ssl_ca_pem.clone(),
            authorities: conf.certificates.authorities.clone(),
            crl_location: c.ssl_crl_location.clone(),
            keystore_location: c.ssl_keystore_location.clone(),
            keystore_password: secret(&c.ssl_keystore_password),
            providers: c.ssl_providers.clone(),
            engine_location: c.ssl_engine_location.clone(),
            engine_id: c.ssl_engine_id.clone(),
            engine_data: c.ssl_engine_callback_data,
            verifies: c.enable_ssl_certificate_verification,
            identifies: c.ssl_endpoint_identification_algorithm == EndpointIdentification::Https,
            server_name: c.ssl_server_name.clone(),
            refresh: (c.ssl_certificate_refresh_interval_ms > 0)
                .then(|| ms(c.ssl_certificate_refresh_interval_ms)),
        }
    }
}

impl TlsSettings {
    /// The files that certificates and keys are read from, with the properties that name
    /// them.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let probes = self.ca_location.as_deref() == Some("probe");
        [
            ("ssl.key.location", &self.key_location),
            ("ssl.certificate.location", &self.certificate_location),
            ("ssl.ca.location", &self.ca_location),
            ("ssl.crl.location", &self.crl_location),
            ("ssl.keystore.location", &self.keystore_location),
        ]
        .into_iter()
        .filter(move |(name, _)| !(probes && *name == "ssl.ca.location"))
        .filter_map(|(name, path)| Some((name, path.as_deref()?)))
    }
}
