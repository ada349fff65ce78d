//! URLs of token endpoints: as much of RFC 3986 as a request needs.

use std::fmt;

/// An `http` or `https` URL, taken apart. `Display` leaves out user, password, query and
/// fragment, which may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    pub encrypted: bool,
    /// `user:password`, still percent-encoded.
    pub user: Option<String>,
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
    /// Begins with a slash; with the query.
    pub target: String,
}

impl Url {
    /// The text of an error has nothing of the URL but its scheme.
    pub fn parse(text: &str) -> Result<Url, String> {
        let (scheme, rest) = text.split_once("://").ok_or("the URL has no scheme")?;
        let encrypted = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            other => return Err(format!("{other:?} is not http or https")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let target = match path.as_bytes().first() {
            None => "/".to_owned(),
            Some(b'/') => path.to_owned(),
            Some(_) => format!("/{path}"),
        };
        if !target.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("the URL has a byte that is not percent-encoded".to_owned());
        }
        let default = if encrypted { 443 } else { 80 };
        let (user, host, port) = self::authority(authority, default)?;
        Ok(Url {
            encrypted,
            user,
            host,
            port,
            target,
        })
    }

    /// With `query`, which is percent-encoded, behind what query there is.
    pub fn with_query(mut self, query: &str) -> Url {
        if !query.is_empty() {
            let joint = if self.target.contains('?') { '&' } else { '?' };
            self.target.push(joint);
            self.target.push_str(query);
        }
        self
    }

    /// `host` or `host:port`, as a Host header has it.
    pub fn host_header(&self) -> String {
        let default = if self.encrypted { 443 } else { 80 };
        if self.port == default {
            self.bracketed()
        } else {
            self.host_and_port()
        }
    }

    pub fn host_and_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.encrypted { "https" } else { "http" };
        let path = self.target.split('?').next().unwrap_or_default();
        write!(f, "{scheme}://{}{path}", self.host_header())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

type Authority = (Option<String>, String, u16);

/// `[user[:password]@]host[:port]`
pub fn authority(text: &str, default_port: u16) -> Result<Authority, String> {
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (Some(user.to_owned()), place),
        None => (None, text),
    };
    let (host, port) = match place.strip_prefix('[') {
        Some(v6) => {
            let (host, rest) = v6.split_once(']').ok_or("a bracket is not closed")?;
            (
                host,
                rest.strip_prefix(':').or(rest.is_empty().then_some("")),
            )
        }
        None => match place.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, Some("")),
        },
    };
    let port = match port {
        Some("") => default_port,
        Some(port) => port
            .parse()
            .map_err(|_| "the port is no number".to_owned())?,
        None => return Err("there is something behind the host".to_owned()),
    };
    let is_of_host = |b: u8| b.is_ascii_alphanumeric() || b"-._~:%".contains(&b);
    if host.is_empty() || !host.bytes().all(is_of_host) {
        return Err("the host is missing or no host".to_owned());
    }
    Ok((user, host.to_owned(), port))
}

/// Percent-encoding of everything but what RFC 3986 calls unreserved.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The bytes behind percent-encoding; what is none stays.
pub fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let url = Url::parse("https://u:p%40@host.example:8443/a/b?c=d#e").unwrap();
        assert_eq!(url.user.as_deref(), Some("u:p%40"));
        assert_eq!((url.host.as_str(), url.port), ("host.example", 8443));
        assert_eq!(url.target, "/a/b?c=d");
        assert_eq!(url.host_header(), "host.example:8443");
        assert_eq!(url.to_string(), "https://host.example:8443/a/b");

        let url = Url::parse("HTTP://[::1]?x").unwrap();
        assert_eq!(
            (url.host.as_str(), url.port, url.encrypted),
            ("::1", 80, false)
        );
        assert_eq!(
            (url.target.as_str(), url.host_header()),
            ("/?x", "[::1]".to_owned())
        );
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "host/path",
            "ftp://host/",
            "http://",
            "http:///path",
            "http://host:x/",
            "http://host:70000/",
            "http://[::1/",
            "http://[::1]x/",
            "http://ho st/",
            "http://host/a b",
            "http://host/\r\nX: y",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn queries_are_appended() {
        let with = |url: &str, query: &str| Url::parse(url).unwrap().with_query(query).target;
        assert_eq!(with("http://h", "a=b"), "/?a=b");
        assert_eq!(with("http://h/p?x=y#f", "a=b"), "/p?x=y&a=b");
        assert_eq!(with("http://h/p", ""), "/p");
    }

    #[test]
    fn percent_encoding_there_and_back() {
        assert_eq!(encode("a b/ü~"), "a%20b%2F%C3%BC~");
        assert_eq!(decode("a%20b%2F%C3%BC%zz%"), "a b/ü%zz%".as_bytes());
    }
}
