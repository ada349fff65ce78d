//! In place of `tls.rs` in a build without TLS: there is no such session.

use super::channel::Raw;
use crate::mock::security::Tls;
use std::convert::Infallible;
use std::io;

pub struct Acceptor(Infallible);

pub struct Session(Infallible);

impl Acceptor {
    pub fn new(_: &Tls) -> io::Result<Acceptor> {
        Err(io::Error::other("this build has no TLS"))
    }

    pub fn accept(&self, _: Raw) -> io::Result<Session> {
        match self.0 {}
    }
}

impl Session {
    pub fn raw(&mut self) -> &mut Raw {
        match self.0 {}
    }

    pub fn handshake(&mut self) -> io::Result<()> {
        match self.0 {}
    }

    pub fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn close(&mut self) {
        match self.0 {}
    }

    pub fn subject(&self) -> Option<String> {
        match self.0 {}
    }
}
