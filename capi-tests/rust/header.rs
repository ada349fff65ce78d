//! The committed headers are what the sources of `src/capi` give.
//!
//! `UPDATE_HEADERS=1 cargo test --test header` writes them anew.

#[path = "header/generate.rs"]
mod generate;

use std::fs;

#[track_caller]
fn check(name: &str, fresh: &str) {
    let path = generate::root().join("include").join(name);
    if std::env::var_os("UPDATE_HEADERS").is_some() {
        fs::write(&path, fresh).expect("write the header");
        return;
    }
    let committed = fs::read_to_string(&path).expect("read the header");
    let first = committed
        .lines()
        .zip(fresh.lines())
        .enumerate()
        .find(|(_, (old, new))| old != new);
    assert!(
        committed == fresh,
        "{name} is not up to date (UPDATE_HEADERS=1 cargo test --test header); first difference: {first:?}"
    );
}

#[test]
fn rdkafka_h_is_up_to_date() {
    check("rdkafka.h", &generate::rdkafka_h());
}

#[test]
fn rdkafka_mock_h_is_up_to_date() {
    check("rdkafka_mock.h", &generate::rdkafka_mock_h());
}
