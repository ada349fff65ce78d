//! An HTTP server of a few lines, for tests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::http::cancel::Cancel;

/// Answers one connection after the other with these bytes, then takes no more. An answer
/// of nothing leaves the client waiting.
pub struct Server {
    pub url: String,
    requests: Receiver<String>,
    _alive: Sender<()>,
}

impl Server {
    pub fn new(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tx, requests) = channel();
        let (alive, ended) = channel::<()>();
        thread::spawn(move || {
            let mut silent = Vec::new();
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let _ = tx.send(read_request(&mut stream));
                if answer.is_empty() {
                    silent.push(stream);
                } else {
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
            drop(listener);
            // Until the test is over.
            let _ = ended.recv();
            drop(silent);
        });
        Server {
            url,
            requests,
            _alive: alive,
        }
    }

    /// The next request, as it came.
    pub fn request(&self) -> String {
        self.requests.recv().unwrap()
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut got = Vec::new();
    let mut block = [0; 4096];
    loop {
        let n = stream.read(&mut block).unwrap_or(0);
        got.extend_from_slice(&block[..n]);
        let text = String::from_utf8_lossy(&got).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("Content-Length: "));
            if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
                return text;
            }
        }
        if n == 0 {
            return text;
        }
    }
}

/// A response.
pub fn answer(status: u16, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

pub fn json(status: u16, body: &str) -> String {
    answer(status, "application/json; charset=utf-8", body)
}

pub fn cancel() -> Arc<Cancel> {
    Arc::new(Cancel::new().unwrap())
}
