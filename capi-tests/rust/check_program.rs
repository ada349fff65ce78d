//! The kafka-check program as a process: what it prints and how it ends.

use std::net::TcpListener;
use std::process::Command;

use rdkafka::mock::{Cluster, Options};

/// What it printed, and its exit code.
fn check(arguments: &[&str]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_kafka-check"))
        .args(arguments)
        .output()
        .unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text += &String::from_utf8(output.stderr).unwrap();
    (text, output.status.code().unwrap())
}

#[test]
fn each_broker_of_a_cluster_is_reached() {
    let cluster = Cluster::new(3, Options::default()).unwrap();
    let first = cluster.bootstraps().split(',').next().unwrap().to_string();
    let (text, code) = check(&["-b", &first, "--timeout", "60"]);
    assert_eq!(code, 0, "{text}");
    for server in cluster.bootstraps().split(',') {
        assert!(text.contains(server), "{server} in {text}");
    }
    for step in ["name", "connection", "versions", "metadata"] {
        let count = text.matches(&format!("ok      {step}")).count();
        assert_eq!(count, 3, "{step} in {text}");
    }
    assert!(text.ends_with("All brokers were reached.\n"), "{text}");
}

#[test]
fn what_failed_is_told_with_what_to_change() {
    // Nothing listens on a port that was free just now.
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let (text, code) = check(&["-b", &format!("127.0.0.1:{port}"), "--timeout", "60"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("FAILED  connection"), "{text}");
    assert!(text.contains("Nothing listens there"), "{text}");
    let (text, code) = check(&["-b", "no-such-host.invalid:1", "--timeout", "60"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("FAILED  name"), "{text}");
    assert!(text.contains("unknown to this machine"), "{text}");
}

#[test]
fn a_property_that_will_not_do_is_named() {
    let (text, code) = check(&["-X", "no.such.property=1"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("no.such.property"), "{text}");
    let (text, code) = check(&["-F", "/no/such/file"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("/no/such/file"), "{text}");
}
