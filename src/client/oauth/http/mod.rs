//! HTTP for token endpoints: one request on a connection of its own, bounded in time and size,
//! and ended with the client.
//!
//! What is sent and received has secrets: every buffer is wiped, and errors tell only a
//! status and what the server says of the fault. Redirects are not followed, as a secret is
//! for the one that the configuration names.

pub mod cancel;
pub mod exchange;
mod proxy;
#[cfg(feature = "tls")]
mod tls;
pub mod url;
mod wire;

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use self::cancel::Cancel;
pub use self::exchange::{Request, Response};
use self::url::Url;
use self::wire::Wire;
use crate::base::text::tamed;

/// Whom to trust at HTTPS endpoints.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    /// `https.ca.location`
    pub location: Option<String>,
    /// `https.ca.pem`
    pub pem: Option<String>,
}

/// How long is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For each attempt.
    pub timeout: Duration,
    /// Attempts after the first, where the server says that it may be better later.
    pub retries: u32,
    /// Before the first of these; before the second it is twice this, and so on.
    pub backoff: Duration,
}

/// As librdkafka asks providers of tokens.
pub const PROVIDER: Patience = Patience {
    timeout: Duration::from_secs(20),
    retries: 4,
    backoff: Duration::from_secs(5),
};

/// Why there is no response to go on with.
#[derive(Debug)]
pub struct HttpError {
    /// None: the connection failed.
    pub status: Option<u16>,
    pub text: String,
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A client for one fetch.
pub struct Http {
    pub authorities: Authorities,
    pub cancel: Arc<Cancel>,
    /// False: what is asked is next to this machine, whatever the environment says.
    pub proxies: bool,
}

impl Http {
    /// The response, if its status is below 400. Those that say "later" are tried again.
    pub fn send(
        &self,
        url: &Url,
        request: &Request,
        patience: Patience,
    ) -> Result<Response, HttpError> {
        let mut attempt = 0;
        loop {
            let error = match self.attempt(url, request, patience.timeout) {
                Ok(response) if response.status < 400 => return Ok(response),
                Ok(response) => refused(url, &response),
                Err(e) => {
                    return Err(HttpError {
                        status: None,
                        text: format!("{url}: {}", words(&e)),
                    });
                }
            };
            if attempt >= patience.retries || !is_temporary(error.status) {
                return Err(error);
            }
            attempt += 1;
            if self.cancel.sleep(patience.backoff * attempt).is_err() {
                return Err(error);
            }
        }
    }

    fn attempt(&self, url: &Url, request: &Request, timeout: Duration) -> io::Result<Response> {
        let deadline = Instant::now() + timeout;
        let var = |name: &str| std::env::var(name).ok().filter(|_| self.proxies);
        let proxy = proxy::for_url(url, var).map_err(io::Error::other)?;
        let host = url.host_header();
        let Some(proxy) = proxy else {
            let wire = Wire::connect(&url.host, url.port, &self.cancel, deadline)?;
            let bytes = exchange::to_bytes(request, &url.target, &host)?;
            return self.over(url, wire, &bytes);
        };
        let mut wire = Wire::connect(&proxy.host, proxy.port, &self.cancel, deadline)?;
        let credentials = proxy.user.as_ref().map(|user| basic(&url::decode(user)));
        if url.encrypted {
            tunnel(&mut wire, url, credentials)?;
            let bytes = exchange::to_bytes(request, &url.target, &host)?;
            return self.over(url, wire, &bytes);
        }
        // A proxy is asked for the whole URL.
        let mut headers = request.headers.clone();
        headers.extend(credentials.map(|c| ("Proxy-Authorization".to_owned(), c)));
        let request = Request {
            method: request.method,
            headers,
            body: request.body.clone(),
        };
        let whole = Zeroizing::new(format!("http://{host}{}", url.target));
        let bytes = exchange::to_bytes(&request, &whole, &host)?;
        exchange::exchange(&mut wire, &bytes)
    }

    #[cfg(feature = "tls")]
    fn over(&self, url: &Url, mut wire: Wire, bytes: &[u8]) -> io::Result<Response> {
        if !url.encrypted {
            return exchange::exchange(&mut wire, bytes);
        }
        let mut stream = tls::connect(&self.authorities, &url.host, wire)?;
        exchange::exchange(&mut stream, bytes)
    }

    #[cfg(not(feature = "tls"))]
    fn over(&self, url: &Url, mut wire: Wire, bytes: &[u8]) -> io::Result<Response> {
        if url.encrypted {
            return Err(io::Error::other("the library was built without TLS"));
        }
        exchange::exchange(&mut wire, bytes)
    }
}

/// Asks a proxy for a connection to the URL's host.
fn tunnel(
    wire: &mut (impl Read + Write),
    url: &Url,
    credentials: Option<Zeroizing<String>>,
) -> io::Result<()> {
    let place = url.host_and_port();
    let headers = credentials.map(|c| ("Proxy-Authorization".to_owned(), c));
    let request = Request {
        method: "CONNECT",
        headers: headers.into_iter().collect(),
        body: Zeroizing::default(),
    };
    let bytes = exchange::to_bytes(&request, &place, &place)?;
    match exchange::connect(wire, &bytes)? {
        200..=299 => Ok(()),
        status => Err(io::Error::other(format!(
            "the proxy refuses with status {status}"
        ))),
    }
}

/// The value of an Authorization header (RFC 7617).
pub fn basic(user_and_password: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(user_and_password));
    Zeroizing::new(format!("Basic {}", encoded.as_str()))
}

fn is_temporary(status: Option<u16>) -> bool {
    matches!(status, Some(408 | 425 | 429 | 500 | 502 | 503 | 504))
}

/// What a server says of its refusal: the fields of RFC 6749, else the beginning of its text.
fn refused(url: &Url, response: &Response) -> HttpError {
    let status = response.status;
    let said = super::json::parse(&response.body).ok().and_then(|json| {
        let field = |name: &str| json.text(name).map(str::to_owned);
        match (field("error"), field("error_description")) {
            (Some(error), Some(description)) => Some(format!("{error}: {description}")),
            (error, description) => error.or(description).or_else(|| field("message")),
        }
    });
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(&response.body).into_owned());
    let shown = tamed(&said, 300);
    let text = match shown.trim() {
        "" => format!("{url}: HTTP status {status}, without a reason"),
        shown => format!("{url}: HTTP status {status}: {shown}"),
    };
    HttpError {
        status: Some(status),
        text,
    }
}

/// The text without a secret that a server may have repeated. It may have been cut short
/// within the secret.
pub fn without(text: &str, secret: &str) -> String {
    /// So few signs at the end may be the secret's by chance.
    const CHANCE: usize = 8;
    if secret.is_empty() {
        return text.to_owned();
    }
    let mut text = text.replace(secret, "…");
    let beginnings = secret.char_indices().map(|(at, _)| at).rev();
    let cut = beginnings
        .take_while(|at| *at >= CHANCE)
        .find(|at| secret.get(..*at).is_some_and(|part| text.ends_with(part)));
    if let Some(cut) = cut {
        text.truncate(text.len() - cut);
        text.push('…');
    }
    text
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_repeated_is_left_out_even_in_part() {
        let secret = "hunter2hunter2hunter2";
        assert_eq!(without("is hunter2hunter2hunter2 bad", secret), "is … bad");
        assert_eq!(without("is hunter2hunter", secret), "is …");
        assert_eq!(without("is hunt", secret), "is hunt");
        assert_eq!(without("is bad", secret), "is bad");
        assert_eq!(without("is bad", ""), "is bad");
    }
}
