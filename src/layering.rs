//! The rules of the source tree, checked by reading it: imports go down only, no
//! file grows beyond measure, `unsafe` stays where it is audited.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use imports::{File, circles, graph};

/// Files outside `capi` that may use `unsafe`, and what for.
const AUDITED: [&str; 16] = [
    // The global allocator.
    "base/alloc.rs",
    // pthread_setcancelstate.
    "base/cancel.rs",
    // pthread_atfork, and closing what a child must not keep.
    "base/fork.rs",
    // Raw locks for lock_api.
    "base/lock.rs",
    // Blocks of messages with a reference count.
    "base/message.rs",
    // libc's regular expressions.
    "base/regex.rs",
    // The default size of stacks, from pthread attributes.
    "base/stack.rs",
    // The descriptor of stderr.
    "base/stderr.rs",
    // The mask of signals.
    "base/thread.rs",
    // MIT Kerberos, opened at run time.
    "broker/sasl/gssapi/ffi.rs",
    // OpenSSL's engines, and what the crate openssl lacks.
    "broker/transport/tls/engine.rs",
    "broker/transport/tls/ffi.rs",
    // Messages of a batch that are released or go back.
    "client/consumer/gathered.rs",
    // Tests that take messages and give them back.
    "consumer/testing.rs",
    // libdeflate and the LZ4 frame functions, called directly.
    "protocol/compression/gzip.rs",
    "protocol/compression/lz4.rs",
];

/// A program that takes signals; it is no part of the library.
const PROGRAMS: &str = "bin/";

const MAX_LINES: usize = 700;

/// Files that are still longer, to be split.
const LONG: &[&str] = &[];

/// Floors inside a folder, the lowest first. A file uses those of lower floors and of its
/// own entry only; the longest entry that a path begins with is its own. Any file may use
/// the modules that it is part of.
const FLOORS: &[(&str, &[&[&str]])] = &[
    (
        "broker",
        &[
            &[
                "api_versions.rs",
                "error.rs",
                "identity.rs",
                "inflight.rs",
                "loop_work.rs",
                "short_poll.rs",
                "stats.rs",
            ],
            &["observer.rs", "sasl/", "transport/"],
            &[
                "config.rs",
                "look_up.rs",
                "reconnect",
                "socket_loan.rs",
                "testing.rs",
            ],
            &["command.rs", "conn", "setup", "shown.rs"],
            &["link"],
            &["event_loop"],
            &["mod.rs"],
        ],
    ),
    (
        "client",
        &[
            &[
                "types.rs",
                "settings.rs",
                "link_user.rs",
                "poll_clock.rs",
                "oauth/",
            ],
            &["event.rs", "topic.rs"],
            &["hooks.rs", "consumer/command.rs", "share/command.rs"],
            &["command.rs"],
            &["security.rs", "consumer/", "prometheus/", "share/"],
            &["shared.rs"],
            &["tokens.rs", "brokers.rs"],
            &["coordinator.rs"],
            &["router.rs"],
            &["context.rs", "fan_out.rs"],
            &["consumer/machine/", "share/machine/"],
            &["stats", "telemetry.rs"],
            &["main_loop/"],
            &["start.rs", "transactions.rs"],
            &["mod.rs", "list_groups.rs", "admin.rs"],
        ],
    ),
    (
        "capi",
        &[
            &["handle.rs", "last_error.rs", "cstr.rs", "ending.rs"],
            &["boundary.rs"],
            &["types/"],
            &[
                "callback.rs",
                "error.rs",
                "topic_partition.rs",
                "instance/topics.rs",
            ],
            &[
                "log.rs",
                "message.rs",
                "partition_list.rs",
                "intercept/",
                "admin/elements.rs",
                "share/offsets.rs",
            ],
            &["conf/", "instance/"],
            &["consumer/find.rs"],
            &["items.rs"],
            &["serve.rs"],
            &["event.rs"],
            &["consume.rs", "background.rs"],
            // The sections of the header.
            &[""],
        ],
    ),
];

/// Folders whose files still import each other in circles.
const CIRCLES: &[&str] = &["base", "mock", "protocol"];

/// Higher layers may use lower ones; those of the same layer use nothing of each
/// other, but for a module itself.
fn layer(module: &str) -> Option<u32> {
    Some(match module {
        "base" => 1,
        "protocol" => 2,
        "broker" => 3,
        "coordinator" => 4,
        "producer" | "consumer" | "group" | "admin" | "metadata" | "telemetry" => 5,
        "client" => 6,
        "capi" => 7,
        _ => return None,
    })
}

fn may_use(from: &str, to: &str) -> bool {
    match (from, to) {
        _ if from == to => true,
        // Beside the layers.
        ("mock", _) => matches!(to, "base" | "protocol"),
        (_, "mock") => matches!(from, "client" | "capi"),
        _ => matches!((layer(from), layer(to)), (Some(f), Some(t)) if f > t),
    }
}

struct Source {
    /// Below `src`.
    path: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(n, line)| (n + 1, line.split("//").next().unwrap_or_default()))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("an entry of src").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    assert!(
        found.len() > 50,
        "the source tree is not where it should be"
    );
    found
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).expect("a source file"),
            path: path
                .strip_prefix(&root)
                .expect("below src")
                .to_string_lossy()
                .into_owned(),
        })
        .collect()
}

/// The modules named after `crate::` in some code; for `crate::{a::b, c}` all of
/// the group's.
fn modules_in(code: &str) -> Vec<String> {
    let name = |s: &str| -> String {
        let s = s.trim_start();
        let end = s.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        s[..end.unwrap_or(s.len())].to_string()
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.push(name(rest));
            continue;
        };
        let mut depth = 0;
        let mut start = 0;
        for (i, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    found.push(name(&group[start..i]));
                    break;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.push(name(&group[start..i]));
                    start = i + 1;
                }
                _ => {}
            }
        }
    }
    found.retain(|m| !m.is_empty());
    found
}

#[test]
fn imports_are_found() {
    let code =
        "use crate::base::{a, b}; use crate::{client::x, capi, mock::{y, z}}; crate::broker::f()";
    assert_eq!(
        modules_in(code),
        ["base", "client", "capi", "mock", "broker"]
    );
}

#[test]
fn imports_go_down_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        if !source.path.contains('/') || source.path.starts_with(PROGRAMS) {
            continue;
        }
        let code: String = source.code().map(|(_, line)| format!("{line}\n")).collect();
        for used in modules_in(&code) {
            // Macros and such at the crate's root are nobody's.
            let known = layer(&used).is_some() || used == "mock";
            if known && !may_use(module, &used) {
                wrong.push(format!("{} uses {used}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn siblings_and_upper_layers_are_refused() {
    assert!(may_use("client", "mock") && may_use("capi", "base"));
    assert!(!may_use("producer", "metadata"));
    assert!(!may_use("base", "protocol"));
    assert!(!may_use("mock", "broker"));
    assert!(!may_use("broker", "mock"));
}

#[test]
fn every_module_has_a_layer() {
    let unknown: BTreeSet<String> = sources()
        .iter()
        .filter(|s| s.path.contains('/'))
        .map(|s| s.module().to_string())
        .filter(|m| layer(m).is_none() && !["mock", "bin", "layering"].contains(&m.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn files_stay_small() {
    let large: Vec<_> = sources()
        .iter()
        .map(|s| (s.path.clone(), s.text.lines().count()))
        .filter(|(path, lines)| *lines > MAX_LINES && !LONG.contains(&path.as_str()))
        .collect();
    assert!(large.is_empty(), "{large:?}");
}

/// Files of tests; in others the tests come last.
fn is_test(path: &str) -> bool {
    let tests = ["tests", "model", "sim", "testing", "layering"];
    path.split(['/', '.']).any(|part| tests.contains(&part))
}

/// Without comments, texts and the tests at the end.
fn plain(source: &Source) -> String {
    let mut out = String::new();
    let mut quoted = false;
    for (_, line) in source.code() {
        if line.starts_with("mod tests") {
            break;
        }
        let mut escaped = false;
        for c in line.chars() {
            match c {
                '"' if !escaped => quoted = !quoted,
                _ if !quoted => out.push(c),
                _ => {}
            }
            escaped = c == '\\' && !escaped;
        }
        out.push('\n');
    }
    out
}

/// The imports of each folder's files among each other.
fn inside(folder: &str, sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let below = format!("{folder}/");
    let files: Vec<File> = sources
        .iter()
        .filter(|s| s.path.starts_with(&below) && !is_test(&s.path))
        .map(|s| File {
            path: s.path.clone(),
            code: plain(s),
        })
        .collect();
    graph(&files)
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let sources = sources();
    let folders: BTreeSet<String> = sources
        .iter()
        .filter(|s| s.path.contains('/') && !is_test(&s.path))
        .map(|s| s.module().to_string())
        .collect();
    let mut wrong = Vec::new();
    for folder in folders {
        let found = circles(&inside(&folder, &sources));
        if !CIRCLES.contains(&folder.as_str()) {
            wrong.extend(found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn floors_inside_a_folder_are_kept() {
    let sources = sources();
    let mut wrong = Vec::new();
    for (folder, floors) in FLOORS {
        let entry = |path: &str| {
            let below = path.strip_prefix(&format!("{folder}/"))?;
            floors
                .iter()
                .enumerate()
                .flat_map(|(floor, entries)| entries.iter().map(move |e| (floor, *e)))
                .filter(|(_, e)| below.starts_with(e))
                .max_by_key(|(_, e)| e.len())
        };
        for (file, used) in inside(folder, &sources) {
            let Some((floor, own)) = entry(&file) else {
                wrong.push(format!("{file} has no floor"));
                continue;
            };
            for other in used {
                let allowed = entry(&other).is_some_and(|(f, e)| f < floor || e == own);
                if !allowed {
                    wrong.push(format!("{file} uses {other}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Threads that are started elsewhere would take the application's signals.
#[test]
fn threads_are_started_in_one_place() {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = source.path.as_str();
        if path == "base/thread.rs" || path.starts_with(PROGRAMS) {
            continue;
        }
        if is_test(path) {
            continue;
        }
        for (line, code) in source.code() {
            if code.contains("mod tests") {
                break;
            }
            if code.contains("Builder::new().name")
                || code.contains("std::thread::spawn")
                || code.contains("thread::Builder")
            {
                wrong.push(format!("{path}:{line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn unsafe_stays_where_it_is_audited() {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = source.path.as_str();
        if path.starts_with("capi/") || path.starts_with(PROGRAMS) || AUDITED.contains(&path) {
            continue;
        }
        for (line, code) in source.code() {
            // This test's own words stand in quotes or are part of a name.
            let word = code
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .any(|w| w == "unsafe" || w == "unsafe_code");
            if word && !code.contains("deny(") && path != "layering.rs" {
                wrong.push(format!("{path}:{line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for audited in AUDITED {
        let source = sources().into_iter().find(|s| s.path == audited);
        let needs = source.is_some_and(|s| s.text.contains("allow(unsafe_code)"));
        assert!(needs, "{audited} needs no exception any more");
    }
}
