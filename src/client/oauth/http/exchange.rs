//! One request and its response in HTTP/1.1 (RFC 9112) over a connection of its own.
//!
//! The heads and the sizes of chunks are httparse's to understand. What a server sends is
//! bounded; what was sent and received is wiped.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

/// Bytes of a head, and of a body.
const MAX_HEAD: usize = 64 * 1024;
pub const MAX_BODY: usize = 1024 * 1024;

const MAX_HEADERS: usize = 100;
/// What a chunk costs beside its bytes, which bounds how many there are.
const CHUNK: usize = 256;

/// A request but for where it goes to. Names and values have no line breaks.
pub struct Request {
    pub method: &'static str,
    pub headers: Vec<(String, Zeroizing<String>)>,
    pub body: Zeroizing<Vec<u8>>,
}

pub struct Response {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Zeroizing<Vec<u8>>,
}

/// The bytes of a request. `target` is what the first line asks for.
pub fn to_bytes(request: &Request, target: &str, host: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    let sizes = request.headers.iter().map(|(n, v)| n.len() + v.len() + 4);
    let room = sizes.sum::<usize>() + request.body.len() + target.len() + host.len() + 256;
    // Never grown: what growing leaves behind is not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    write!(
        bytes,
        "{} {target} HTTP/1.1\r\nHost: {host}\r\n",
        request.method
    )?;
    for (name, value) in &request.headers {
        if value.contains(['\r', '\n', '\0']) {
            let text = format!("the value of the header {name} has a line break");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        write!(bytes, "{name}: {}\r\n", value.as_str())?;
    }
    if !matches!(request.method, "GET" | "CONNECT") {
        write!(bytes, "Content-Length: {}\r\n", request.body.len())?;
    }
    bytes.write_all(b"Connection: close\r\n\r\n")?;
    bytes.write_all(&request.body)?;
    Ok(bytes)
}

/// Sends a request and reads what comes.
pub fn exchange(wire: &mut (impl Read + Write), request: &[u8]) -> io::Result<Response> {
    // A server may refuse before it has read all: its answer says why.
    let sent = wire.write_all(request).and_then(|()| wire.flush());
    match (read_response(wire), sent) {
        (Ok(response), _) => Ok(response),
        (Err(_), Err(e)) | (Err(e), Ok(())) => Err(e),
    }
}

/// Sends a CONNECT, and reads no more than the answer's head. The status.
pub fn connect(wire: &mut (impl Read + Write), request: &[u8]) -> io::Result<u16> {
    wire.write_all(request)?;
    wire.flush()?;
    let mut head = Vec::new();
    // What follows the head belongs to the tunnel.
    let mut byte = [0];
    while head.len() < MAX_HEAD {
        wire.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
        if head.ends_with(b"\r\n\r\n")
            && let Some((_, head)) = parse_head(&head)?
        {
            return Ok(head.status);
        }
    }
    Err(bad("the response is too large"))
}

fn bad(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// What has been read and not been used.
struct Input<'a, W> {
    wire: &'a mut W,
    bytes: Zeroizing<Vec<u8>>,
    limit: usize,
}

impl<W: Read> Input<'_, W> {
    /// False: that was the end.
    fn more(&mut self) -> io::Result<bool> {
        if self.bytes.len() >= self.limit {
            return Err(bad("the response is too large"));
        }
        let mut block = Zeroizing::new([0_u8; 16 * 1024]);
        let n = match self.wire.read(&mut *block) {
            // Servers without manners end TLS without saying so.
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => 0,
            other => other?,
        };
        let read = block.get(..n).unwrap_or_default();
        if self.bytes.capacity() - self.bytes.len() < n {
            let mut larger = Zeroizing::new(Vec::with_capacity((self.bytes.len() + n) * 2));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(read);
        Ok(n > 0)
    }

    fn consume(&mut self, n: usize) -> Zeroizing<Vec<u8>> {
        let rest = Zeroizing::new(self.bytes.get(n..).unwrap_or_default().to_vec());
        let mut used = std::mem::replace(&mut self.bytes, rest);
        used.truncate(n);
        used
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Nothing,
    Length(usize),
    Chunked,
    UntilEnd,
}

struct Head {
    status: u16,
    content_type: Option<String>,
    framing: Framing,
}

fn read_response<W: Read>(wire: &mut W) -> io::Result<Response> {
    let mut input = Input {
        wire,
        bytes: Zeroizing::default(),
        limit: MAX_HEAD,
    };
    let head = loop {
        match parse_head(&input.bytes)? {
            // 100 Continue and its like come before the response.
            Some((size, head)) if head.status < 200 => drop((input.consume(size), head)),
            Some((size, head)) => {
                input.consume(size);
                break head;
            }
            None if input.more()? => {}
            None => return Err(bad("the connection ended before the response")),
        }
    };
    let body = read_body(&mut input, &head.framing)?;
    Ok(Response {
        status: head.status,
        content_type: head.content_type,
        body,
    })
}

fn parse_head(bytes: &[u8]) -> io::Result<Option<(usize, Head)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let size = match response.parse(bytes) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(e) => return Err(bad(&format!("the response is not HTTP: {e}"))),
    };
    let status = response.code.unwrap_or_default();
    let value = |name: &str| {
        let found = response
            .headers
            .iter()
            .find(|h| h.name.eq_ignore_ascii_case(name));
        found.map(|h| String::from_utf8_lossy(h.value).trim().to_owned())
    };
    let framing = match (value("transfer-encoding"), value("content-length")) {
        _ if matches!(status, 100..=199 | 204 | 304) => Framing::Nothing,
        (Some(coding), _) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
        (Some(_), _) => return Err(bad("the response has a transfer coding that is not known")),
        (None, Some(length)) => match length.parse() {
            Ok(length) if length <= MAX_BODY => Framing::Length(length),
            Ok(_) => return Err(bad("the response is too large")),
            Err(_) => return Err(bad("the response has a length that is no number")),
        },
        (None, None) => Framing::UntilEnd,
    };
    let content_type = value("content-type");
    let head = Head {
        status,
        content_type,
        framing,
    };
    Ok(Some((size, head)))
}

fn read_body<W: Read>(
    input: &mut Input<'_, W>,
    framing: &Framing,
) -> io::Result<Zeroizing<Vec<u8>>> {
    input.limit = MAX_BODY;
    match *framing {
        Framing::Nothing => Ok(Zeroizing::default()),
        Framing::Length(length) => {
            while input.bytes.len() < length {
                if !input.more()? {
                    return Err(bad("the connection ended within the response"));
                }
            }
            Ok(input.consume(length))
        }
        Framing::UntilEnd => {
            while input.more()? {}
            let all = input.bytes.len();
            Ok(input.consume(all))
        }
        Framing::Chunked => read_chunks(input),
    }
}

fn read_chunks<W: Read>(input: &mut Input<'_, W>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut body = Zeroizing::new(Vec::with_capacity(16 * 1024));
    // Lines and chunks are bounded together, and what it takes to put chunks of a byte
    // each together.
    let mut left = 2 * MAX_BODY;
    loop {
        let (start, size) = loop {
            match httparse::parse_chunk_size(&input.bytes) {
                Ok(httparse::Status::Complete(parsed)) => break parsed,
                Ok(httparse::Status::Partial) if input.bytes.len() < 1024 => {
                    if !input.more()? {
                        return Err(bad("the connection ended within the response"));
                    }
                }
                _ => return Err(bad("the response has chunks that are none")),
            }
        };
        if size == 0 {
            return Ok(body);
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let all = start.saturating_add(size).saturating_add(2);
        left = left
            .checked_sub(all.saturating_add(CHUNK))
            .ok_or_else(|| bad("the response is too large"))?;
        if body.len() + size > MAX_BODY {
            return Err(bad("the response is too large"));
        }
        input.limit = all.max(MAX_HEAD);
        while input.bytes.len() < all {
            if !input.more()? {
                return Err(bad("the connection ended within the response"));
            }
        }
        let used = input.consume(all);
        if body.capacity() - body.len() < size {
            let mut larger = Zeroizing::new(Vec::with_capacity((body.len() + size) * 2));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(used.get(start..start + size).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of `step`.
    struct Script<'a> {
        bytes: &'a [u8],
        step: usize,
        written: Vec<u8>,
    }

    impl Read for Script<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.step.min(self.bytes.len()).min(buffer.len());
            let (now, rest) = self.bytes.split_at(n);
            buffer[..n].copy_from_slice(now);
            self.bytes = rest;
            Ok(n)
        }
    }

    impl Write for Script<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn response(text: &[u8]) -> io::Result<(u16, Option<String>, Vec<u8>)> {
        let mut all = Vec::new();
        for step in [1, 7, 100_000] {
            let mut script = Script {
                bytes: text,
                step,
                written: Vec::new(),
            };
            let r = exchange(&mut script, b"request");
            assert_eq!(script.written, b"request");
            all.push(r.map(|r| (r.status, r.content_type, r.body.to_vec())));
        }
        let shown = |r: &io::Result<_>| format!("{r:?}");
        assert!(
            all.windows(2).all(|w| shown(&w[0]) == shown(&w[1])),
            "{all:?}"
        );
        all.remove(0)
    }

    #[test]
    fn responses_of_each_framing() {
        let json = Some("application/json".to_owned());
        let got = response(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
              Content-Length: 2\r\n\r\n{}rest",
        );
        assert_eq!(got.unwrap(), (200, json, b"{}".to_vec()));
        let got = response(
            b"HTTP/1.1 401 No\r\ntransfer-encoding: Chunked\r\n\r\n2\r\n{}\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        );
        assert_eq!(got.unwrap(), (401, None, b"{}abc".to_vec()));
        let got = response(b"HTTP/1.0 200 OK\r\n\r\nto the end");
        assert_eq!(got.unwrap(), (200, None, b"to the end".to_vec()));
        assert_eq!(response(b"HTTP/1.1 204 No\r\n\r\n").unwrap().0, 204);
    }

    #[test]
    fn hostile_responses_are_errors() {
        let endless = [b"HTTP/1.1 200 OK\r\nA: ".as_slice(), &[b'a'; MAX_HEAD]].concat();
        let large = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'a'; MAX_BODY + 1]].concat();
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice();
        let crumbs = [chunked, &b"1\r\na\r\n".repeat(10_000)].concat();
        for text in [
            b"".as_slice(),
            b"SSH-2.0-OpenSSH\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            &endless,
            &large,
            &crumbs,
        ] {
            assert!(response(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn requests_have_what_they_need() {
        let header = |value: &str| ("Authorization".to_owned(), Zeroizing::new(value.to_owned()));
        let mut request = Request {
            method: "POST",
            headers: vec![header("Basic x")],
            body: Zeroizing::new(b"a=b".to_vec()),
        };
        assert_eq!(
            to_bytes(&request, "/p", "h:1").unwrap().as_slice(),
            b"POST /p HTTP/1.1\r\nHost: h:1\r\nAuthorization: Basic x\r\nContent-Length: 3\r\n\
              Connection: close\r\n\r\na=b"
        );
        request.headers.push(header("x\r\nX: y"));
        assert!(to_bytes(&request, "/p", "h").is_err());
    }
}
