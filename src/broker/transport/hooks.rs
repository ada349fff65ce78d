//! What an application may do itself: look up names, make, connect and close
//! sockets (`resolve_cb`, `socket_cb`, `connect_cb`, `closesocket_cb`). The C
//! layer implements this over the callbacks; [`Plain`] is what happens without.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
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

/// What getaddrinfo(3) says. The standard library puts a sentence of its own before it,
/// and so do those here who report it.
fn why(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.strip_prefix("failed to lookup address information: ") {
        Some(reason) => io::Error::new(error.kind(), reason),
        None => error,
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl SocketHooks for Plain {}

impl Plain {
    fn look_up(self, host: &str, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
        // An address needs no look-up.
        let is_name = host.parse::<IpAddr>().is_err();
        let _taken = is_name.then(standard::take);
        let mut found: Vec<SocketAddr> = (host, port)
            .to_socket_addrs()
            .map_err(why)?
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reporter says in front of it what was looked up.
    #[test]
    fn errors_of_look_ups_are_the_resolvers_alone() {
        let error = Plain
            .look_up("no-such-host.invalid", 9092, Family::Any)
            .unwrap_err();
        let text = error.to_string();
        assert!(!text.contains("lookup") && !text.contains(':'), "{text}");
        let other = why(io::Error::from_raw_os_error(libc::EMFILE));
        assert_eq!(other.raw_os_error(), Some(libc::EMFILE));
    }
}
