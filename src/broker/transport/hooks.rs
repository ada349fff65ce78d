//! What an application may do itself: look up names, make, connect and close
//! sockets (`resolve_cb`, `socket_cb`, `connect_cb`, `closesocket_cb`). The C
//! layer implements this over the callbacks; [`Plain`] is what happens without.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;

use socket2::{Domain, Protocol, Socket, Type};

use super::Family;
use crate::base::standard;

/// Called on the thread of the broker's loop, `resolve` on a thread of its own.
pub trait SocketHooks: Send + Sync {
    fn resolve(&self, host: &str, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
        Plain.look_up(host, port, family)
    }

    /// The name that an address goes by, or the address where it has none. May take as
    /// long as `resolve`.
    fn canonical(&self, addr: &SocketAddr) -> String {
        addr.ip().to_string()
    }

    /// Whether `resolve` runs code of the application, which must not be called any
    /// more once the client has ended.
    fn resolves_itself(&self) -> bool {
        false
    }

    fn open(&self, addr: &SocketAddr) -> io::Result<OwnedFd> {
        Plain.socket(addr)
    }

    /// Starts connecting; `None` where the application leaves that to us.
    fn connect(&self, _fd: &OwnedFd, _addr: &SocketAddr, _broker: &str) -> Option<io::Result<()>> {
        None
    }

    fn close(&self, fd: OwnedFd) {
        drop(fd);
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl SocketHooks for Plain {}

impl Plain {
    fn look_up(self, host: &str, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
        let mut found: Vec<SocketAddr> = (host, port)
            .to_socket_addrs()?
            .filter(|a| match family {
                Family::Any => true,
                Family::V4 => a.is_ipv4(),
                Family::V6 => a.is_ipv6(),
            })
            .collect();
        found.dedup();
        if found.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "no address of the wanted family",
            ));
        }
        Ok(found)
    }

    fn socket(self, addr: &SocketAddr) -> io::Result<OwnedFd> {
        let domain = Domain::for_address(*addr);
        let s = standard::above(|| Socket::new(domain, Type::STREAM, Some(Protocol::TCP)))?;
        Ok(s.into())
    }
}
