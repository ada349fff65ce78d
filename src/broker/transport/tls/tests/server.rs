//! The broker's side: a session of OpenSSL's whose bytes go through the test.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use openssl::ssl::{
    ErrorCode, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode,
};

use super::authority::{Authority, Issued};

#[derive(Default)]
struct Pipe {
    arrived: VecDeque<u8>,
    leaving: VecDeque<u8>,
}

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.arrived.read(buf)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            n => Ok(n),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.leaving.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub struct Server {
    session: SslStream<Pipe>,
    socket: Option<TcpStream>,
    accepted: bool,
    /// How many bytes go to the client at a time.
    pub chunk: usize,
    /// After so many bytes the connection is closed.
    pub cut_after: usize,
    pub sent: usize,
    /// Plain text from the client.
    pub received: Vec<u8>,
    /// Plain text that the session has not taken yet.
    pub to_send: VecDeque<u8>,
    /// The client has said that nothing more comes.
    pub ended: bool,
    pub failed: Option<String>,
}

impl Server {
    pub fn builder(served: &Issued) -> SslContextBuilder {
        let mut context = SslContextBuilder::new(SslMethod::tls_server()).unwrap();
        context.set_certificate(&served.cert).unwrap();
        context.set_private_key(&served.key).unwrap();
        context
    }

    pub fn context(served: &Issued) -> SslContext {
        Self::builder(served).build()
    }

    /// Wants certificates of clients that `authority` has issued.
    pub fn demanding(served: &Issued, authority: &Authority) -> SslContext {
        let mut context = Self::builder(served);
        let store = context.cert_store_mut();
        store.add_cert(authority.cert.clone()).unwrap();
        context.add_client_ca(&authority.cert).unwrap();
        context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        context.build()
    }

    pub fn new(context: SslContext, socket: TcpStream) -> Self {
        socket.set_nonblocking(true).unwrap();
        let session = SslStream::new(Ssl::new(&context).unwrap(), Pipe::default()).unwrap();
        Server {
            session,
            socket: Some(socket),
            accepted: false,
            chunk: usize::MAX,
            cut_after: usize::MAX,
            sent: 0,
            received: Vec::new(),
            to_send: VecDeque::new(),
            ended: false,
            failed: None,
        }
    }

    /// Does what can be done now.
    pub fn step(&mut self) {
        self.take_arrived();
        self.run();
        self.send();
    }

    fn take_arrived(&mut self) {
        let mut buf = [0; 4096];
        while let Some(socket) = &mut self.socket
            && let Ok(n) = socket.read(&mut buf)
            && n > 0
        {
            self.session.get_mut().arrived.extend(&buf[..n]);
        }
    }

    fn run(&mut self) {
        if self.failed.is_some() {
            return;
        }
        if !self.accepted {
            match self.session.accept() {
                Ok(()) => self.accepted = true,
                Err(e) => return self.note(&e),
            }
        }
        let mut buf = [0; 4096];
        loop {
            match self.session.ssl_read(&mut buf) {
                Ok(n) => self.received.extend(&buf[..n]),
                Err(e) if e.code() == ErrorCode::ZERO_RETURN => {
                    self.ended = true;
                    break;
                }
                Err(e) => {
                    self.note(&e);
                    break;
                }
            }
        }
        while !self.to_send.is_empty() && self.session.get_ref().leaving.len() < 1 << 20 {
            let most = self.to_send.len().min(fastrand::usize(1..20_000));
            let part: Vec<u8> = self.to_send.drain(..most).collect();
            self.session.ssl_write(&part).unwrap();
        }
    }

    fn note(&mut self, e: &openssl::ssl::Error) {
        if e.code() != ErrorCode::WANT_READ {
            self.failed = Some(e.to_string());
        }
    }

    fn send(&mut self) {
        let leaving = &mut self.session.get_mut().leaving;
        let most = leaving
            .len()
            .min(self.chunk)
            .min(self.cut_after - self.sent);
        if let Some(socket) = &mut self.socket
            && most > 0
            && let Ok(n) = socket.write(&leaving.make_contiguous()[..most])
        {
            leaving.drain(..n);
            self.sent += n;
        }
        if self.sent == self.cut_after {
            self.socket = None;
        }
    }

    /// Everything is with the socket.
    pub fn is_done(&self) -> bool {
        self.to_send.is_empty() && self.session.get_ref().leaving.is_empty()
    }

    pub fn close_notify(&mut self) {
        let _ = self.session.shutdown();
        self.send();
    }

    pub fn close(&mut self) {
        self.socket = None;
    }

    /// Bytes that are no TLS.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.session.get_mut().leaving.clear();
        self.socket.as_mut().unwrap().write_all(bytes).unwrap();
    }

    pub fn server_name(&self) -> Option<String> {
        let ssl = self.session.ssl();
        let name = ssl.servername(openssl::ssl::NameType::HOST_NAME)?;
        Some(name.to_string())
    }

    pub fn peer(&self) -> Option<openssl::x509::X509> {
        self.session.ssl().peer_certificate()
    }
}
