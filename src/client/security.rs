//! How a client's links connect and log in, by `security.protocol`.

use std::sync::Arc;

use super::settings;
use crate::base::conf::Conf;
use crate::base::error::KafkaError;
use crate::broker::sasl::Login;
use crate::broker::transport::tcp::TcpConnector;
use crate::broker::transport::{Connector, SocketHooks};

/// What all links of a client share to reach their brokers.
pub struct Security {
    pub connector: Arc<dyn Connector>,
    /// What to log in with, where `security.protocol` asks for that.
    pub login: Option<Arc<dyn Login>>,
}

impl Security {
    /// An error names the property at fault.
    pub fn new(conf: &Conf, sockets: Arc<dyn SocketHooks>) -> Result<Self, KafkaError> {
        let tcp = TcpConnector {
            hooks: sockets,
            options: (&settings::link(conf)).into(),
        };
        conf.refuse_unbuilt()?;
        Ok(Security {
            connector: Arc::new(tcp),
            login: None,
        })
    }
}
