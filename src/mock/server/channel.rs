//! What carries a connection's bytes: its socket, or TLS over it.

use super::tls::{Acceptor, Session};
use crate::base::fork::Inherited;
use mio::net::TcpStream;
use std::io::{self, ErrorKind, Read, Write};

/// What is read and thrown away of a connection that is closed for what came on it.
const DRAINED: usize = 64 * 1024;

/// The socket, for those who want to read from it and write to it.
pub struct Raw(pub Inherited<TcpStream>);

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.get_mut()?.read(buffer)
    }
}

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub enum Channel {
    Plain(Raw),
    Tls(Session),
}

impl Channel {
    pub fn new(stream: TcpStream, tls: Option<&Acceptor>) -> io::Result<Channel> {
        let raw = Raw(Inherited::new(stream));
        Ok(match tls {
            None => Channel::Plain(raw),
            Some(acceptor) => Channel::Tls(acceptor.accept(raw)?),
        })
    }

    pub fn stream(&mut self) -> io::Result<&mut TcpStream> {
        match self {
            Channel::Plain(raw) => raw.0.get_mut(),
            Channel::Tls(session) => session.raw().0.get_mut(),
        }
    }

    /// Goes on with the handshake. `WouldBlock` says that the socket has to be waited for,
    /// any other error that there will be no connection.
    pub fn handshake(&mut self) -> io::Result<()> {
        match self {
            Channel::Plain(_) => Ok(()),
            Channel::Tls(session) => {
                let outcome = session.handshake();
                if outcome.as_ref().is_err_and(is_final) {
                    // An alert is on its way. A socket that is closed with something unread
                    // is reset, and the client would see no more than that.
                    drain(session.raw());
                }
                outcome
            }
        }
    }

    /// The distinguished name of the client's certificate, as Kafka writes it.
    pub fn subject(&self) -> Option<String> {
        match self {
            Channel::Plain(_) => None,
            Channel::Tls(session) => session.subject(),
        }
    }

    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(raw) => raw.read(buffer),
            Channel::Tls(session) => session.read(buffer),
        }
    }

    /// After `WouldBlock` the same bytes are to be offered again, though more of them may be.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(raw) => raw.write(bytes),
            Channel::Tls(session) => session.write(bytes),
        }
    }

    /// Tells the peer that nothing more follows, as far as the socket takes it now.
    pub fn close(&mut self) {
        if let Channel::Tls(session) = self {
            session.close();
        }
    }
}

fn is_final(e: &io::Error) -> bool {
    e.kind() != ErrorKind::WouldBlock
}

fn drain(raw: &mut Raw) {
    let mut buffer = [0; 4096];
    for _ in 0..DRAINED / buffer.len() {
        if !matches!(raw.read(&mut buffer), Ok(1..)) {
            return;
        }
    }
}
