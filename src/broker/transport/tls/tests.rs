//! The transport against OpenSSL's own server side, on the loopback interface and in one
//! thread: the test decides which bytes arrive when.

mod authority;
mod handshake;
mod refresh;
mod server;
mod transfer;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use self::authority::{Authority, Issued};
use self::server::Server;
use super::{CertificateCheck, TlsSettings, connector};
use crate::base::log::Logger;
use crate::broker::error::ConnError;
use crate::broker::identity::Identity;
use crate::broker::transport::tcp::{Options, TcpConnector};
use crate::broker::transport::{Connector, Handshake, Plain, Readiness, Stream};

fn tcp(buffers: usize) -> TcpConnector {
    TcpConnector {
        hooks: Arc::new(Plain),
        options: Options {
            send_buffer: buffers,
            receive_buffer: buffers,
            ..Options::default()
        },
    }
}

fn quiet() -> Arc<Logger> {
    Arc::new(Logger::new(0, 0, false))
}

/// Trusts `authority`, and verifies all.
fn trusting(authority: &Authority) -> TlsSettings {
    TlsSettings {
        ca_pem: Some(authority.pem()),
        verifies: true,
        identifies: true,
        ..TlsSettings::default()
    }
}

fn made(settings: TlsSettings) -> Arc<dyn Connector> {
    made_with(settings, None, 0)
}

fn made_with(
    settings: TlsSettings,
    check: Option<Arc<dyn CertificateCheck>>,
    buffers: usize,
) -> Arc<dyn Connector> {
    connector(settings, tcp(buffers), check, &quiet()).unwrap()
}

/// The client's side, driven by edges as its owner drives it.
struct Client {
    stream: Stream,
    poll: Poll,
    readable: bool,
    writable: bool,
}

impl Client {
    fn wait(&mut self, most: Duration) {
        let mut events = Events::with_capacity(4);
        self.poll.poll(&mut events, Some(most)).unwrap();
        for event in &events {
            let event = Readiness::from(event);
            self.readable |= event.readable || event.closed || event.error;
            self.writable |= event.writable;
        }
    }
}

const HOST: &str = "localhost";

fn identity(address: SocketAddr) -> Identity {
    Identity {
        host: HOST.into(),
        port: address.port(),
        node_id: 7,
        label: None,
    }
}

/// A connection that is begun, and the server's side of it.
fn begin(connector: &dyn Connector, served: &Issued) -> (Client, Server) {
    begin_as(connector, Server::context(served))
}

fn begin_as(connector: &dyn Connector, context: openssl::ssl::SslContext) -> (Client, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut stream = connector.connect(address, &identity(address)).unwrap();
    let poll = Poll::new().unwrap();
    stream.register(poll.registry(), Token(0)).unwrap();
    let (socket, _) = listener.accept().unwrap();
    let client = Client {
        stream,
        poll,
        readable: false,
        writable: false,
    };
    (client, Server::new(context, socket))
}

/// Goes on until the handshake has ended; the server does what it can in between.
fn shake_hands(client: &mut Client, server: &mut Server) -> Result<(), ConnError> {
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        if client.stream.handshake()? == Handshake::Done {
            server.step();
            return Ok(());
        }
        server.step();
        client.wait(Duration::from_millis(1));
    }
    panic!("the handshake does not end");
}

fn handshake_error(settings: TlsSettings, served: &Issued) -> String {
    let (mut client, mut server) = begin(&*made(settings), served);
    let error = shake_hands(&mut client, &mut server).unwrap_err();
    assert!(matches!(error, ConnError::Tls(_)), "{error:?}");
    error.to_string()
}
