//! Sockets and names by way of the application's callbacks.

use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::{io, ptr};

use libc::{addrinfo, c_char, c_int, c_void};

use crate::base::conf::GlobalProps;
use crate::base::cstring::c_string;
use crate::broker::transport::{Family, Plain, SocketHooks};
use crate::capi::callback::{self, Callback, CloseSocketCb, ConnectCb, ResolveCb, SocketCb};

/// The callbacks for sockets and names.
pub(super) struct CSockets {
    opaque: usize,
    resolve: Callback<ResolveCb>,
    socket: Callback<SocketCb>,
    connect: Callback<ConnectCb>,
    close: Callback<CloseSocketCb>,
}

impl CSockets {
    pub(super) fn new(c: &GlobalProps) -> Self {
        CSockets {
            opaque: c.opaque,
            resolve: callback::RESOLVE.get(c),
            socket: callback::SOCKET.get(c),
            connect: callback::CONNECT.get(c),
            close: callback::CLOSE_SOCKET.get(c),
        }
    }

    pub(super) fn opaque(&self) -> *mut c_void {
        self.opaque as *mut c_void
    }
}

/// The addresses of a list that `getaddrinfo`, or the application, made.
///
/// # Safety
/// `list` is null or such a list.
unsafe fn addresses(list: *const addrinfo) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    let mut at = list;
    while !at.is_null() {
        // SAFETY: the caller's promise, which holds for every link of the list.
        let ai = unsafe { &*at };
        if !ai.ai_addr.is_null() {
            // SAFETY: an address is as long as the list says; the storage has room
            // for the longest there is.
            let address = unsafe {
                socket2::SockAddr::try_init(|storage, len| {
                    let n = (ai.ai_addrlen as usize).min(size_of_val(&*storage));
                    ptr::copy_nonoverlapping(ai.ai_addr.cast::<u8>(), storage.cast::<u8>(), n);
                    *len = n as libc::socklen_t;
                    Ok(())
                })
            };
            if let Ok(((), address)) = address
                && let Some(address) = address.as_socket()
            {
                found.push(address);
            }
        }
        at = ai.ai_next;
    }
    found
}

impl SocketHooks for CSockets {
    fn resolves_itself(&self) -> bool {
        self.resolve.function().is_some()
    }

    fn resolve(&self, host: &str, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
        let Some(callback) = self.resolve.function() else {
            return Plain.resolve(host, port, family);
        };
        let (node, service) = (c_string(host), c_string(&port.to_string()));
        // SAFETY: all zero is an empty hint.
        let mut hints: addrinfo = unsafe { std::mem::zeroed() };
        hints.ai_family = match family {
            Family::Any => libc::AF_UNSPEC,
            Family::V4 => libc::AF_INET,
            Family::V6 => libc::AF_INET6,
        };
        hints.ai_socktype = libc::SOCK_STREAM;
        hints.ai_protocol = libc::IPPROTO_TCP;
        hints.ai_flags = libc::AI_ADDRCONFIG;
        let mut list = ptr::null_mut();
        // SAFETY: the arguments outlive the call. A second call with no names
        // frees what the first one gave.
        unsafe {
            let code = callback(
                node.as_ptr(),
                service.as_ptr(),
                &hints,
                &mut list,
                self.opaque(),
            );
            if code != 0 {
                let text = std::ffi::CStr::from_ptr(libc::gai_strerror(code));
                return Err(io::Error::other(text.to_string_lossy().into_owned()));
            }
            let found = addresses(list);
            callback(
                ptr::null(),
                ptr::null(),
                ptr::null(),
                &mut list,
                self.opaque(),
            );
            if found.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "no addresses returned",
                ));
            }
            Ok(found)
        }
    }

    fn canonical(&self, addr: &SocketAddr) -> String {
        let addr = socket2::SockAddr::from(*addr);
        let mut name = [0 as c_char; libc::NI_MAXHOST as usize];
        // SAFETY: both buffers have the length that goes with them; no service is wanted.
        let code = unsafe {
            libc::getnameinfo(
                addr.as_ptr().cast(),
                addr.len(),
                name.as_mut_ptr(),
                libc::NI_MAXHOST,
                ptr::null_mut(),
                0,
                0,
            )
        };
        if code != 0 {
            // The name server is out of reach.
            return addr
                .as_socket()
                .map_or_else(String::new, |a| a.ip().to_string());
        }
        // SAFETY: the name ends with a zero, within the buffer.
        let name = unsafe { std::ffi::CStr::from_ptr(name.as_ptr()) };
        name.to_string_lossy().into_owned()
    }

    fn open(&self, addr: &SocketAddr) -> io::Result<OwnedFd> {
        let Some(callback) = self.socket.function() else {
            return Plain.open(addr);
        };
        let domain = if addr.is_ipv4() {
            libc::AF_INET
        } else {
            libc::AF_INET6
        };
        // SAFETY: the descriptor that the application makes is ours from here on.
        unsafe {
            let fd = callback(domain, libc::SOCK_STREAM, libc::IPPROTO_TCP, self.opaque());
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(OwnedFd::from_raw_fd(fd))
        }
    }

    fn connect(&self, fd: &OwnedFd, addr: &SocketAddr, broker: &str) -> Option<io::Result<()>> {
        let callback = self.connect.function()?;
        let address = socket2::SockAddr::from(*addr);
        let name = c_string(broker);
        // SAFETY: address and name outlive the call.
        let code = unsafe {
            callback(
                fd.as_raw_fd(),
                address.as_ptr().cast(),
                address.len() as c_int,
                name.as_ptr(),
                self.opaque(),
            )
        };
        Some(if code == 0 {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(code))
        })
    }

    fn close(&self, fd: OwnedFd) {
        let fd = fd.into_raw_fd();
        // SAFETY: the descriptor is given up to the application, or closed here: not by
        // dropping an `OwnedFd`, which takes it for a fault of the program if an interceptor
        // has closed it.
        unsafe {
            match self.close.function() {
                Some(callback) => callback(fd, self.opaque()),
                None => libc::close(fd),
            };
        }
    }
}
