//! The kafka-mock program as a process: what it prints, what it refuses, how it stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-mock"));
    command
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = program(args).output().expect("starts");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("text");
    (status.code(), text(stdout), text(stderr))
}

/// Started, with the addresses that it printed.
fn started(args: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, Vec<String>) {
    let mut child = program(args).spawn().expect("starts");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    let list = line.trim().strip_prefix("bootstrap.servers=");
    let list = list.unwrap_or_else(|| panic!("not where it answers: {line:?}"));
    let addresses = list.split(',').map(str::to_owned).collect();
    (child, out, addresses)
}

#[test]
fn help_says_what_there_is() {
    for flag in ["--help", "-h"] {
        let (code, out, err) = run(&["--brokers", "3", flag]);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        for option in [
            "--brokers",
            "--port",
            "--host",
            "--listen",
            "--topic",
            "--rtt",
            "--tls",
            "--client-ca",
            "--sasl-user",
            "--sasl-users",
            "--sasl-mechanisms",
            "--reauth-ms",
            "--super-user",
            "--deny-without-acl",
            "SIGINT",
        ] {
            assert!(out.contains(option), "{option} is not explained: {out}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_a_reason() {
    for (args, reason) in [
        (&["--nope"][..], "unknown option --nope"),
        (&["extra"], "unknown option extra"),
        (&["--brokers"], "--brokers needs a value"),
        (&["--brokers", "0"], "a number from 1 to 1000, not '0'"),
        (&["--brokers=many"], "not 'many'"),
        (&["--port", "65536"], "a number from 0 to 65535"),
        (&["--host="], "--host must not be empty"),
        (&["--listen=here"], "an IPv4 address, not 'here'"),
        (&["--topic", "t:0"], "a number from 1 to 100000, not '0'"),
        (
            &["--topic", "t:1:retention.ms"],
            "'retention.ms' is not property=value",
        ),
        (&["--tls", "cert.pem"], "--tls needs a value"),
        (&["--client-ca=ca.pem"], "--client-ca needs --tls"),
        (&["--client-auth=requested"], "needs --client-ca"),
        (
            &["--client-auth=maybe"],
            "requested or required, not 'maybe'",
        ),
        (&["--sasl-mechanisms=PLAIN"], "PLAIN needs --sasl-user"),
        (
            &["--sasl-mechanisms=GSSAPI"],
            "SCRAM-SHA-512, OAUTHBEARER, not 'GSSAPI'",
        ),
        (&["--sasl-users=/none"], "--sasl-users /none: "),
        (&["--reauth-ms=1"], "--reauth-ms needs --sasl-user"),
    ] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}: {err}");
        assert!(
            err.contains(reason) && err.contains("--help"),
            "{args:?}: {err}"
        );
    }
    for (args, reason) in [
        (&["--topic", "a/b"][..], "topic 'a/b': not a name"),
        (
            &["--topic", "t", "--topic", "t"],
            "topic 't': exists already",
        ),
        (
            &["--topic", "t:1:nope=1"],
            "Unknown topic config name: nope",
        ),
        (&["--topic", "t:1:retention.ms=x"], "Invalid value x"),
    ] {
        let (code, out, err) = run(&[&["--port", "0"], args].concat());
        assert_eq!((code, out.as_str()), (Some(1), ""), "{args:?}: {err}");
        assert!(err.contains(reason), "{args:?}: {err}");
    }
}

#[test]
fn secrets_are_not_repeated() {
    for args in [
        &["--sasl-user", "hunter2"][..],
        &["--sasl-user", ":hunter2"],
        &["--sasl-user=alice:hunter2", "--nope"],
        &[
            "--sasl-user=alice:hunter2",
            "--port=0",
            "--tls",
            "/none",
            "/none",
        ],
    ] {
        let (code, out, err) = run(args);
        assert!(
            matches!(code, Some(1 | 2)) && out.is_empty(),
            "{args:?}: {err}"
        );
        assert!(!err.contains("hunter2"), "{args:?}: {err}");
    }
    let file = std::env::temp_dir().join(format!("mock-users-{}", std::process::id()));
    std::fs::write(&file, "# users\n\nalice:secret\nhunter2\n").expect("writes");
    let file = file.to_str().expect("text");
    let (code, _, err) = run(&["--sasl-users", file]);
    assert!(
        code == Some(2) && err.contains("line 4: takes NAME:SECRET"),
        "{err}"
    );
    assert!(!err.contains("hunter2"), "{err}");
    std::fs::write(file, "alice:secret\n").expect("writes");
    let (mut child, _out, addresses) = started(&["--port=0", "--sasl-users", file]);
    let mut stream = TcpStream::connect(&addresses[0]).expect("connects");
    // Metadata of version 12 for nobody, before a login.
    let request = b"\0\0\0\x0b\0\x03\0\x0c\0\0\0\x07\0\0\0";
    stream.write_all(request).expect("sends");
    let read = stream.read(&mut [0]);
    child.kill().expect("runs");
    child.wait().expect("ends");
    std::fs::remove_file(file).expect("removes");
    assert_eq!(read.expect("the end"), 0);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let (code, out, err) = run(&["--port", &port]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains(&format!("127.0.0.1:{port}")), "{err}");
}

/// Where it answers on Linux: each address of 127.0.0.0/8 is this machine's, and not the default one.
#[test]
fn who_is_told_of_a_host_reaches_it() {
    for (args, elsewhere) in [
        (&["--port=0"][..], false),
        (&["--port=0", "--host=localhost"], false),
        (&["--port=0", "--host=kafka.example"], true),
        (&["--port=0", "--listen=0.0.0.0"], true),
        (
            &["--port=0", "--host=kafka.example", "--listen=127.0.0.1"],
            false,
        ),
    ] {
        let (mut child, _out, addresses) = started(args);
        let (host, port) = addresses[0].rsplit_once(':').expect("a port");
        let told = args.iter().find_map(|a| a.strip_prefix("--host="));
        assert_eq!(host, told.unwrap_or("127.0.0.1"));
        let port: u16 = port.parse().expect("a number");
        let reached = |ip: [u8; 4]| TcpStream::connect((std::net::Ipv4Addr::from(ip), port));
        let outcome = (reached([127, 0, 0, 1]).is_ok(), reached([127, 0, 0, 2]));
        child.kill().expect("runs");
        child.wait().expect("ends");
        assert_eq!(
            (outcome.0, outcome.1.is_ok()),
            (true, elsewhere),
            "{args:?}"
        );
    }
}

#[test]
fn signals_stop_it_with_clients_connected() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let (mut child, mut out, addresses) = started(&[
            "--port=0",
            "--brokers=3",
            "--topic=t:2:cleanup.policy=compact,delete,retention.ms=1000",
        ]);
        assert_eq!(addresses.len(), 3);
        // One has asked nothing, one half a question.
        let mut clients: Vec<TcpStream> = addresses
            .iter()
            .map(|a| TcpStream::connect(a).expect("connects"))
            .collect();
        clients[1].write_all(&[0, 0, 1]).expect("sends");
        let begun = Instant::now();
        // SAFETY: a signal to a child that has not been waited for.
        assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("its last words");
        let status = child.wait().expect("ends");
        assert_eq!((status.code(), rest.trim()), (Some(0), "stopped"));
        assert!(begun.elapsed() < Duration::from_secs(20));
        let mut byte = [0];
        assert!(
            !matches!(clients[0].read(&mut byte), Ok(1)),
            "the connection is closed"
        );
        assert!(TcpStream::connect(&addresses[0]).is_err(), "nobody listens");
    }
}
