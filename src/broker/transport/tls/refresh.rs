//! The connector: a context for all connections, made again when its files have changed
//! (`ssl.certificate.refresh.interval.ms`).
//!
//! The files are looked at when a connection is begun and the interval has passed: there is
//! no timer. Connections that are up keep what they were made with.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::Instant;

use openssl::error::ErrorStack;
use openssl::ssl::Ssl;

use super::context::{self, Context};
use super::engine::Engine;
use super::errors::words;
use super::session::TlsTransport;
use super::verify::{self, Peer};
use super::{CertificateCheck, TlsSettings, ending, providers};
use crate::base::lock::Mutex;
use crate::base::log::{Level, Logger};
use crate::broker::error::ConnError;
use crate::broker::identity::Identity;
use crate::broker::transport::tcp::TcpConnector;
use crate::broker::transport::{Connector, Stream};

/// By what a file is known to be another one: inode, size, and time of change in
/// nanoseconds; None if it is not there.
type Stamp = Option<(u64, u64, i128)>;

fn stamps(settings: &TlsSettings) -> Vec<Stamp> {
    let stamp = |path: &str| {
        let m = fs::metadata(path).ok()?;
        let changed = i128::from(m.mtime()) * 1_000_000_000 + i128::from(m.mtime_nsec());
        Some((m.ino(), m.len(), changed))
    };
    settings.files().map(|(_, path)| stamp(path)).collect()
}

struct Current {
    context: Arc<Context>,
    /// Of the files as they were before they were read last, whether or not they were
    /// any good.
    stamps: Vec<Stamp>,
    looked: Instant,
}

pub struct TlsConnector {
    settings: TlsSettings,
    tcp: TcpConnector,
    check: Option<Arc<dyn CertificateCheck>>,
    logger: Arc<Logger>,
    engine: Option<Arc<Engine>>,
    current: Mutex<Current>,
}

impl TlsConnector {
    pub fn new(
        settings: TlsSettings,
        tcp: TcpConnector,
        check: Option<Arc<dyn CertificateCheck>>,
        logger: Arc<Logger>,
    ) -> Result<Self, String> {
        if let Some(names) = &settings.providers {
            providers::load(names)?;
        }
        let engine = context::engine(&settings)?;
        // Before the files are read: one that changes meanwhile is read again.
        let stamps = stamps(&settings);
        let context = Arc::new(context::build(&settings, engine.clone(), &logger)?);
        let current = Mutex::new(Current {
            context,
            stamps,
            looked: Instant::now(),
        });
        Ok(TlsConnector {
            settings,
            tcp,
            check,
            logger,
            engine,
            current,
        })
    }

    /// The context for a new connection.
    fn context(&self) -> Arc<Context> {
        let Some(interval) = self.settings.refresh else {
            return self.current.lock().context.clone();
        };
        let now = Instant::now();
        let known = {
            let mut current = self.current.lock();
            if now.saturating_duration_since(current.looked) < interval {
                return current.context.clone();
            }
            current.looked = now;
            current.stamps.clone()
        };
        // No lock is held while files are read. Another connection has the old ones
        // meanwhile, and does not look.
        let found = stamps(&self.settings);
        if found != known {
            self.load(found);
        }
        self.current.lock().context.clone()
    }

    fn load(&self, stamps: Vec<Stamp>) {
        let made = context::build(&self.settings, self.engine.clone(), &self.logger);
        let text = {
            let mut current = self.current.lock();
            current.stamps = stamps;
            match made {
                Ok(context) => {
                    current.context = Arc::new(context);
                    None
                }
                Err(why) => Some(why),
            }
        };
        match text {
            None => self.logger.log(
                Level::Info,
                "SSL",
                format_args!("Certificates or keys have changed on disk: new connections use them"),
            ),
            Some(why) => self.logger.log(
                Level::Warning,
                "SSL",
                format_args!(
                    "Certificates or keys have changed on disk and are not used, the old ones \
                     stay: {why}"
                ),
            ),
        }
    }

    fn session(
        &self,
        context: &Context,
        broker: &Identity,
    ) -> Result<(Ssl, verify::Findings), ErrorStack> {
        let settings = &self.settings;
        let mut ssl = Ssl::new(&context.ssl)?;
        let peer = Peer::new(broker, settings.server_name.as_deref());
        peer.prepare(&mut ssl, settings.identifies)?;
        let findings = verify::install(&mut ssl, settings, peer, self.check.clone());
        Ok((ssl, findings))
    }
}

impl Connector for TlsConnector {
    fn connect(&self, address: SocketAddr, broker: &Identity) -> Result<Stream, ConnError> {
        let failed = |stack: ErrorStack| {
            let host = &broker.host;
            ConnError::Tls(format!(
                "SSL cannot be set up for {host}: {}",
                words(&stack)
            ))
        };
        let _used = ending::enter().ok_or_else(|| {
            ConnError::Tls("SSL: the process has ended its use of OpenSSL".into())
        })?;
        drop(ErrorStack::get());
        let context = self.context();
        let (ssl, findings) = self.session(&context, broker).map_err(failed)?;
        let tcp = self.tcp.start(address, broker)?;
        let host = format!("{}:{}", broker.host, broker.port);
        let transport = TlsTransport::new(ssl, tcp, host, findings).map_err(failed)?;
        Ok(Stream::Tls(Box::new(transport)))
    }
}
