//! The server over sockets, with instances that are channels.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;

use super::*;

/// An address that was free just now.
fn free() -> String {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().to_string()
}

/// An instance that answers with this name, until it is dropped.
struct Instance {
    listed: Option<Listed>,
    main: Option<MainSender>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Instance {
    fn new(listen: Option<&str>, name: &'static str) -> Self {
        let (tx, rx) = unbounded();
        let main = MainSender(tx);
        let listed = join(listen, &main).map_err(|e| e.text).unwrap();
        let thread = thread::spawn(move || {
            for command in rx {
                match command {
                    MainCommand::Statistics(wanted) => {
                        let text =
                            format!("{{\"name\":\"{name}\",\"type\":\"producer\",\"age\":5}}");
                        wanted.answer(text);
                    }
                    _ => return,
                }
            }
        });
        Instance {
            listed: Some(listed),
            main: Some(main),
            thread: Some(thread),
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(self.listed.take());
        if let (Some(main), Some(thread)) = (self.main.take(), self.thread.take()) {
            main.send(MainCommand::Stop);
            thread.join().unwrap();
        }
    }
}

fn connect(address: &str) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(60));
    socket.set_read_timeout(patience).unwrap();
    socket.set_write_timeout(patience).unwrap();
    socket
}

fn ask(address: &str, head: &str) -> String {
    let mut socket = connect(address);
    socket.write_all(head.as_bytes()).unwrap();
    rest(socket)
}

fn rest(mut socket: TcpStream) -> String {
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    text
}

const GET: &str = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn all_instances_are_served_until_the_last_that_wants_it_ends() {
    let address = free();
    let first = Instance::new(Some(&address), "serving-1");
    let other = Instance::new(None, "serving-2");
    let second = Instance::new(Some(&address), "serving-3");
    let text = ask(&address, GET);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    for name in ["serving-1", "serving-2", "serving-3"] {
        assert!(
            text.contains(&format!("client=\"{name}\"")),
            "{name}: {text}"
        );
    }
    drop(first);
    let text = ask(&address, GET);
    assert!(
        !text.contains("serving-1") && text.contains("serving-3"),
        "{text}"
    );
    drop(second);
    assert!(TcpStream::connect(&address).is_err(), "still served");
    let again = Instance::new(Some(&address), "serving-4");
    assert!(ask(&address, GET).contains("serving-4"));
    drop((other, again));
}

#[test]
fn an_address_that_is_taken_or_none_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (tx, _rx) = unbounded();
    let main = MainSender(tx);
    let refusal = |listen: &str| join(Some(listen), &main).err().map(|e| (e.code, e.text));
    let (code, text) = refusal(&address).expect("taken");
    assert_eq!(code, ErrorCode::_CRIT_SYS_RESOURCE);
    assert!(text.contains(&address) && text.contains("in use"), "{text}");
    for bad in [
        "",
        "9464",
        "localhost",
        "127.0.0.1:x",
        "127.0.0.1:70000",
        "[::1:5",
    ] {
        let (code, text) = refusal(bad).expect(bad);
        assert_eq!(code, ErrorCode::_INVALID_ARG, "{text}");
        assert!(text.contains("statistics.prometheus.listen"), "{text}");
    }
}

#[test]
fn requests_in_pieces_and_in_haste() {
    let address = free();
    let _one = Instance::new(Some(&address), "pieces-1");
    let mut socket = connect(&address);
    for piece in [
        "GET /met",
        "rics HTTP/1.1\r\nAccept: application/openmetrics-text\r",
        "\n\r\n",
    ] {
        socket.write_all(piece.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    let text = rest(socket);
    assert!(
        text.contains("\r\nContent-Type: application/openmetrics-text;"),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"));
    // More than was asked for, and no more to come.
    let mut socket = connect(&address);
    socket.write_all([GET, GET].concat().as_bytes()).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    assert!(rest(socket).starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(ask(&address, "DELETE /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(ask(&address, "GET /else HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    assert!(ask(&address, "\0\0\r\n\r\n").starts_with("HTTP/1.1 400 "));
    let long = format!("GET /metrics HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(9000));
    assert!(ask(&address, &long).starts_with("HTTP/1.1 431 "));
}

/// Twice as many as there is room for, and one who speaks a byte now and then.
#[test]
fn who_is_slow_keeps_nobody_out() {
    let address = free();
    let _one = Instance::new(Some(&address), "slow-1");
    let mut silent: Vec<TcpStream> = (0..128).map(|_| connect(&address)).collect();
    if let Some(last) = silent.last_mut() {
        last.write_all(b"G").unwrap();
    }
    let start = Instant::now();
    for _ in 0..5 {
        assert!(ask(&address, GET).contains("slow-1"));
    }
    assert!(start.elapsed() < Duration::from_secs(30));
    // Those that are left end by themselves.
    let last = silent.pop().unwrap();
    assert_eq!(rest(last), "");
}

/// Neither one that does not answer, nor one that is gone without having left.
#[test]
fn an_instance_that_does_not_answer_is_left_out() {
    let address = free();
    let one = Instance::new(Some(&address), "answers-1");
    let (tx, silent) = unbounded();
    let listed = join(None, &MainSender(tx)).map_err(|e| e.text).unwrap();
    let text = ask(&address, GET);
    assert!(text.contains("answers-1"), "{text}");
    drop(silent);
    let start = Instant::now();
    assert!(ask(&address, GET).contains("answers-1"));
    assert!(start.elapsed() < Duration::from_secs(20));
    drop(listed);
    drop(one);
}
