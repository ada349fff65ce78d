//! What a scraper asks, and how it is answered. A connection is for one request.

use super::text::Format;

/// A head that is longer is refused.
pub const MAX_HEAD: usize = 8192;
const MAX_HEADERS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// The page, or with `body: false` what comes before it.
    Metrics {
        format: Format,
        body: bool,
    },
    Refused(Status),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    BadRequest,
    NotFound,
    MethodNotAllowed,
    TooLarge,
}

impl Status {
    fn line(self) -> &'static str {
        match self {
            Status::BadRequest => "400 Bad Request",
            Status::NotFound => "404 Not Found",
            Status::MethodNotAllowed => "405 Method Not Allowed",
            Status::TooLarge => "431 Request Header Fields Too Large",
        }
    }
}

/// None: the head has not come whole.
pub fn read(head: &[u8]) -> Option<Request> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => Some(understood(&request)),
        Ok(httparse::Status::Partial) if head.len() >= MAX_HEAD => {
            Some(Request::Refused(Status::TooLarge))
        }
        Ok(httparse::Status::Partial) => None,
        Err(httparse::Error::TooManyHeaders) => Some(Request::Refused(Status::TooLarge)),
        Err(_) => Some(Request::Refused(Status::BadRequest)),
    }
}

fn understood(request: &httparse::Request<'_, '_>) -> Request {
    let path = request.path.unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let body = match request.method {
        Some("GET") => true,
        Some("HEAD") => false,
        _ => return Request::Refused(Status::MethodNotAllowed),
    };
    if path != "/metrics" {
        return Request::Refused(Status::NotFound);
    }
    let accept: Vec<&str> = request
        .headers
        .iter()
        .filter(|h| h.name.eq_ignore_ascii_case("accept"))
        .filter_map(|h| std::str::from_utf8(h.value).ok())
        .collect();
    let format = wanted(&accept.join(","));
    Request::Metrics { format, body }
}

/// By an Accept header: OpenMetrics if it is named, and nothing else is liked better.
fn wanted(accept: &str) -> Format {
    let (mut open, mut plain) = (0.0_f64, 0.0_f64);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut quality, mut known) = (1.0, true);
        for part in parts {
            match part.split_once('=').map(|(k, v)| (k.trim(), v.trim())) {
                Some(("q", q)) => quality = q.parse().unwrap_or(0.0),
                Some(("version", v)) if kind.starts_with("application/openmetrics") => {
                    known = v.trim_matches('"') == "1.0.0";
                }
                _ => {}
            }
        }
        match kind.as_str() {
            "application/openmetrics-text" if known => open = open.max(quality),
            "text/plain" | "text/*" => plain = plain.max(quality),
            _ => {}
        }
    }
    if open > 0.0 && open >= plain {
        Format::OpenMetrics
    } else {
        Format::Prometheus
    }
}

/// The answer with the page.
pub fn answer(format: Format, body: bool, page: &str) -> Vec<u8> {
    let (kind, length) = (format.content_type(), page.len());
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Vary: Accept\r\nConnection: close\r\n\r\n"
    );
    let page = if body { page } else { "" };
    [head.as_bytes(), page.as_bytes()].concat()
}

pub fn refusal(status: Status) -> Vec<u8> {
    let line = status.line();
    let allow = match status {
        Status::MethodNotAllowed => "Allow: GET, HEAD\r\n",
        _ => "",
    };
    let body = match status {
        Status::NotFound => "The statistics are at /metrics\n",
        _ => "",
    };
    format!(
        "HTTP/1.1 {line}\r\n{allow}Content-Type: text/plain\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn get(accept: &str) -> Option<Request> {
        read(format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{accept}\r\n").as_bytes())
    }

    fn metrics(format: Format) -> Option<Request> {
        Some(Request::Metrics { format, body: true })
    }

    #[test]
    fn formats() {
        let open = metrics(Format::OpenMetrics);
        let plain = metrics(Format::Prometheus);
        for (accept, want) in [
            ("", plain),
            ("Accept: */*\r\n", plain),
            ("Accept: text/plain\r\n", plain),
            ("Accept: application/openmetrics-text\r\n", open),
            (
                "accept: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n",
                open,
            ),
            (
                "Accept: application/openmetrics-text;version=0.0.1\r\n",
                plain,
            ),
            (
                "Accept: application/openmetrics-text;q=0.1,text/plain;q=0.5\r\n",
                plain,
            ),
            ("Accept: application/openmetrics-text;q=0\r\n", plain),
            (
                "Accept: text/plain;q=0.3\r\nAccept: application/openmetrics-text\r\n",
                open,
            ),
            // Prometheus 2 and 3.
            (
                "Accept: application/openmetrics-text;version=1.0.0;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n",
                open,
            ),
            (
                "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;\
                 escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n",
                open,
            ),
        ] {
            assert_eq!(get(accept), want, "{accept}");
        }
    }

    #[test]
    fn other_requests() {
        let of = |line: &str| read(format!("{line}\r\n\r\n").as_bytes());
        let refused = |status| Some(Request::Refused(status));
        assert_eq!(of("GET / HTTP/1.1"), refused(Status::NotFound));
        assert_eq!(
            of("POST /metrics HTTP/1.1"),
            refused(Status::MethodNotAllowed)
        );
        assert_eq!(
            of("GET /metrics?name[]=x HTTP/1.0"),
            metrics(Format::Prometheus)
        );
        assert!(matches!(
            of("HEAD /metrics HTTP/1.1"),
            Some(Request::Metrics { body: false, .. })
        ));
        assert_eq!(of("nonsense"), refused(Status::BadRequest));
        assert_eq!(read(b"\x16\x03\x01\0"), refused(Status::BadRequest));
        assert_eq!(read(b"GET /metrics HTTP/1.1\r\nHost"), None);
        let long = format!("GET /metrics HTTP/1.1\r\nA: {}", "a".repeat(MAX_HEAD));
        assert_eq!(read(long.as_bytes()), refused(Status::TooLarge));
        let many = "A: a\r\n".repeat(MAX_HEADERS + 1);
        let many = format!("GET /metrics HTTP/1.1\r\n{many}\r\n");
        assert_eq!(read(many.as_bytes()), refused(Status::TooLarge));
    }

    #[test]
    fn answers_say_how_long_they_are() {
        let text = String::from_utf8(answer(Format::Prometheus, true, "a 1\n")).unwrap();
        assert!(text.contains("\r\nContent-Length: 4\r\n") && text.ends_with("\r\n\r\na 1\n"));
        let text = String::from_utf8(answer(Format::Prometheus, false, "a 1\n")).unwrap();
        assert!(text.contains("\r\nContent-Length: 4\r\n") && text.ends_with("\r\n\r\n"));
        let text = String::from_utf8(refusal(Status::MethodNotAllowed)).unwrap();
        assert!(text.starts_with("HTTP/1.1 405 ") && text.contains("\r\nAllow: GET, HEAD\r\n"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(head in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&head);
        }
    }
}
