//! The kafka-admin program as a process, on a mock cluster: what it prints and how it ends.

use std::process::{Command, Output, Stdio};

use rdkafka::mock::{Cluster, Options, TopicSpec};
use serde_json::{Value, json};

struct Program {
    cluster: Cluster,
}

impl Program {
    fn new() -> Self {
        let orders = TopicSpec {
            name: "orders".into(),
            partitions: 3,
            config: Vec::new(),
        };
        let options = Options {
            topics: vec![orders],
            ..Options::default()
        };
        Program {
            cluster: Cluster::new(3, options).unwrap(),
        }
    }

    fn output(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kafka-admin"))
            .args(["-b", self.cluster.bootstraps(), "--timeout", "60"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that reads nothing may have ended.
        let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    /// The rows, and whether all was done.
    fn rows(&self, arguments: &[&str]) -> (Vec<Value>, bool) {
        self.rows_of(arguments, "")
    }

    fn rows_of(&self, arguments: &[&str], input: &str) -> (Vec<Value>, bool) {
        let mut with_json = vec!["--json"];
        with_json.extend(arguments);
        let output = self.output(&with_json, input);
        let text = String::from_utf8(output.stdout).unwrap();
        let parsed: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|e| {
            let error = String::from_utf8_lossy(&output.stderr);
            panic!("{arguments:?}: {e}: {text}{error}")
        });
        (parsed, output.status.success())
    }

    /// All was done, and these are the values of one column.
    fn column(&self, arguments: &[&str], name: &str) -> Vec<Value> {
        let (rows, done) = self.rows(arguments);
        assert!(done, "{arguments:?}: {rows:?}");
        rows.iter().map(|row| row[name].clone()).collect()
    }

    fn error(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.output(arguments, "");
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }
}

#[test]
fn topics_live_and_die() {
    let program = Program::new();
    let create = [
        "topics",
        "create",
        "new",
        "-p",
        "2",
        "-c",
        "retention.ms=5000",
    ];
    assert_eq!(program.column(&create, "error"), [Value::Null]);
    let (rows, done) = program.rows(&create);
    assert!(!done);
    assert!(rows[0]["error"].is_string(), "{rows:?}");
    assert_eq!(
        program.column(&["topics", "list"], "partitions"),
        [json!(2), json!(3)]
    );
    let extend = ["topics", "extend", "new", "4"];
    assert_eq!(program.column(&extend, "error"), [Value::Null]);
    let (rows, done) = program.rows(&["topics", "describe", "new", "gone"]);
    assert!(!done);
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[3]["partition"], json!(3));
    assert!(rows[3]["leader"].is_number() && rows[4]["error"].is_string());
    let changed = ["configs", "describe", "topic", "new"];
    let (rows, _) = program.rows(&changed);
    let retention = rows.iter().find(|row| row["property"] == "retention.ms");
    assert_eq!(retention.unwrap()["value"], json!("5000"));
    let alter = [
        "configs",
        "alter",
        "topic",
        "new",
        "--delete",
        "retention.ms",
    ];
    assert_eq!(program.column(&alter, "error"), [Value::Null]);
    let (rows, _) = program.rows(&changed);
    assert!(!rows.iter().any(|row| row["property"] == "retention.ms"));
    let (rows, done) = program.rows(&["topics", "delete", "new", "gone"]);
    assert!(!done);
    assert_eq!(rows[0]["error"], Value::Null);
    assert!(rows[1]["error"].is_string());
}

#[test]
fn offsets_are_set_reset_and_forgotten() {
    let program = Program::new();
    let set = ["offsets", "set", "readers", "orders:0=0", "orders:1=0"];
    assert_eq!(program.column(&set, "error"), [Value::Null, Value::Null]);
    assert_eq!(
        program.column(&["offsets", "list", "readers"], "lag"),
        [json!(0), json!(0)]
    );
    let reset = ["offsets", "reset", "readers", "orders", "--to", "latest"];
    assert_eq!(
        program.column(&reset, "committed"),
        [json!(0), json!(0), json!(0)]
    );
    assert_eq!(
        program.column(&["groups", "list"], "group"),
        [json!("readers")]
    );
    assert_eq!(
        program.column(&["groups", "describe", "readers"], "state"),
        [json!("Empty")]
    );
    program.column(&["offsets", "delete", "readers", "orders:1"], "error");
    assert_eq!(
        program.column(&["offsets", "list", "readers"], "partition"),
        [json!(0), json!(2)]
    );
    program.column(&["groups", "delete", "readers"], "error");
    let none: [Value; 0] = [];
    assert_eq!(program.column(&["groups", "list"], "group"), none);
}

#[test]
fn records_acls_users_and_the_cluster() {
    let program = Program::new();
    assert_eq!(
        program.column(&["records", "offsets", "orders"], "next"),
        [json!(0), json!(0), json!(0)]
    );
    assert_eq!(
        program.column(&["records", "delete", "orders:0=-1"], "first"),
        [json!(0)]
    );
    assert_eq!(
        program.column(&["cluster", "describe"], "broker"),
        [json!(1), json!(2), json!(3)]
    );
    let entry = [
        "acls",
        "create",
        "--resource",
        "topic",
        "--name",
        "orders",
        "--principal",
        "User:a",
        "--operation",
        "read",
    ];
    assert_eq!(program.column(&entry, "permission"), [json!("allow")]);
    let list = ["acls", "list", "--principal", "User:a"];
    assert_eq!(program.column(&list, "operation"), [json!("read")]);
    let delete = [
        "acls",
        "delete",
        "--resource",
        "topic",
        "--pattern",
        "match",
    ];
    assert_eq!(program.column(&delete, "name"), [json!("orders")]);
    let (rows, done) = program.rows_of(&["users", "set", "alice"], "secret\n");
    assert!(done, "{rows:?}");
    assert_eq!(
        program.column(&["users", "list"], "mechanism"),
        [json!("SCRAM-SHA-256")]
    );
    program.column(&["users", "delete", "alice"], "error");
    let (rows, _) = program.rows(&["cluster", "elect", "orders:0"]);
    assert_eq!(rows[0]["topic"], json!("orders"));
}

#[test]
fn what_will_not_do_is_named() {
    let program = Program::new();
    for (arguments, code, text) in [
        (&["topics", "create"][..], 2, "TOPIC"),
        (
            &["offsets", "set", "g", "orders"],
            2,
            "TOPIC:PARTITION=OFFSET",
        ),
        (&["topics", "list", "-X", "no.such=1"], 1, "no.such"),
        (&["records", "offsets", "gone"], 1, "gone"),
        (&["acls", "create", "--name", "x"], 1, "--resource"),
        (&["acls", "list", "--operation", "fly"], 1, "fly"),
        (&["configs", "alter", "topic", "orders"], 1, "--set"),
        (&["users", "set", "alice"], 1, "password"),
    ] {
        let (status, error) = program.error(arguments);
        assert_eq!(status, Some(code), "{arguments:?}: {error}");
        assert!(error.contains(text), "{arguments:?}: {error}");
    }
}

#[test]
fn tables_are_for_people() {
    let program = Program::new();
    let output = program.output(&["topics", "list"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "TOPIC   PARTITIONS\norders  3\n");
}
