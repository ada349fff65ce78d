//! Which file of the source tree imports which, found by reading them: `use` trees, paths
//! in the code, and names that a module passes on.

use std::collections::{BTreeMap, BTreeSet};

/// A module's place: `["client", "event"]` for `client/event.rs`.
type Path = Vec<String>;

/// The code of a file without comments, strings and the tests at its end.
pub struct File {
    pub path: String,
    pub code: String,
}

/// Each file with those that it imports, itself and the modules that it is part of left out.
pub fn graph(files: &[File]) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeMap<Path, &File> = files.iter().map(|f| (module(&f.path), f)).collect();
    let named: BTreeMap<Path, BTreeMap<String, Path>> = modules
        .iter()
        .map(|(at, file)| {
            let names = uses(&file.code)
                .into_iter()
                .filter_map(|path| Some((path.last()?.clone(), absolute(at, &path, &modules)?)))
                .collect();
            (at.clone(), names)
        })
        .collect();
    let mut graph = BTreeMap::new();
    for (at, file) in &modules {
        let mut used = BTreeSet::new();
        for path in paths(&file.code) {
            let Some(path) = absolute(at, &path, &modules) else {
                continue;
            };
            let found = resolve(path, &modules, &named);
            if !at.starts_with(&found)
                && let Some(other) = modules.get(&found)
            {
                used.insert(other.path.clone());
            }
        }
        graph.insert(file.path.clone(), used);
    }
    graph
}

/// Groups of files that import each other, directly or by way of others.
pub fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = graph
        .keys()
        .map(|from| {
            let mut seen = BTreeSet::new();
            let mut open = vec![from];
            while let Some(at) = open.pop() {
                for next in graph.get(at).into_iter().flatten() {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            (from, seen)
        })
        .collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (from, to) in &reach {
        if to.contains(*from) {
            let circle = to.iter().filter(|other| reach[**other].contains(*from));
            found.insert(circle.map(|s| (*s).clone()).collect());
        }
    }
    found.into_iter().collect()
}

fn module(path: &str) -> Path {
    let path = path.trim_end_matches(".rs");
    let mut parts: Path = path.split('/').map(String::from).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

/// The path from the crate's root; `None` if it leads elsewhere.
fn absolute(at: &Path, path: &Path, modules: &BTreeMap<Path, &File>) -> Option<Path> {
    let mut place = at.clone();
    let mut rest = path.as_slice();
    match rest.first()?.as_str() {
        "crate" => {
            place.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|s| s == "super") {
                place.pop();
                rest = &rest[1..];
            }
        }
        child => {
            let mut below = at.clone();
            below.push(child.to_string());
            if !modules.contains_key(&below) {
                return None;
            }
        }
    }
    place.extend(rest.iter().cloned());
    Some(place)
}

/// The module that a path leads to, where the module on the way may only pass a name on.
fn resolve(
    mut path: Path,
    modules: &BTreeMap<Path, &File>,
    named: &BTreeMap<Path, BTreeMap<String, Path>>,
) -> Path {
    for _ in 0..8 {
        let mut depth = path.len();
        while depth > 0 && !modules.contains_key(&path[..depth]) {
            depth -= 1;
        }
        let (found, rest) = path.split_at(depth);
        let passed = rest
            .first()
            .and_then(|name| named.get(found)?.get(name).cloned());
        match passed {
            Some(mut next) if next != path => {
                next.extend(rest[1..].iter().cloned());
                path = next;
            }
            _ => return found.to_vec(),
        }
    }
    path
}

#[derive(Debug, PartialEq, Eq, Clone)]
enum Token {
    Word(String),
    Colons,
    Other(char),
}

fn tokens(code: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            let mut word = String::from(c);
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                word.push(c);
            }
            found.push(Token::Word(word));
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            found.push(Token::Colons);
        } else if !c.is_whitespace() {
            found.push(Token::Other(c));
        }
    }
    found
}

/// The paths of all `use` items.
fn uses(code: &str) -> Vec<Path> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        if *token == Token::Word("use".into()) {
            tree(&tokens, i + 1, &Vec::new(), &mut found);
        }
    }
    found
}

/// All paths of the code that have more than one part.
fn paths(code: &str) -> Vec<Path> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let starts =
            matches!(tokens[i], Token::Word(_)) && tokens.get(i + 1) == Some(&Token::Colons);
        i = match starts {
            true => tree(&tokens, i, &Vec::new(), &mut found).max(i + 1),
            false => i + 1,
        };
    }
    found
}

/// Reads a path with its branches, and returns where it ends.
fn tree(tokens: &[Token], mut i: usize, before: &Path, found: &mut Vec<Path>) -> usize {
    let mut path = before.clone();
    loop {
        match tokens.get(i) {
            Some(Token::Word(word)) => {
                // `a::{self, b}` names `a`.
                if word != "self" || path.is_empty() {
                    path.push(word.clone());
                }
                i += 1;
            }
            Some(Token::Other('{')) if !path.is_empty() => {
                i += 1;
                while i < tokens.len() && tokens[i] != Token::Other('}') {
                    let end = tree(tokens, i, &path, found);
                    i = end.max(i + 1);
                    if tokens.get(i) == Some(&Token::Other(',')) {
                        i += 1;
                    }
                }
                return i + 1;
            }
            _ => break,
        }
        if tokens.get(i) != Some(&Token::Colons) {
            break;
        }
        i += 1;
    }
    // A name given by `as` is not followed.
    if tokens.get(i) == Some(&Token::Word("as".into())) {
        i += 2;
    }
    if !path.is_empty() {
        found.push(path);
    }
    i
}

#[test]
fn paths_are_found() {
    let code = "use crate::a::{self, b::C, d::{E, F as G}}; super::x::f(); let y: Option<self::Z>;";
    let found: Vec<String> = paths(code).iter().map(|p| p.join("::")).collect();
    assert_eq!(
        found,
        [
            "crate::a",
            "crate::a::b::C",
            "crate::a::d::E",
            "crate::a::d::F",
            "super::x::f",
            "self::Z"
        ]
    );
}

#[test]
fn circles_are_found_also_by_way_of_names_that_are_passed_on() {
    let file = |path: &str, code: &str| File {
        path: path.into(),
        code: code.into(),
    };
    let graph = graph(&[
        file(
            "m/mod.rs",
            "mod a; mod b; mod c; pub use b::B; pub struct M;",
        ),
        file("m/a.rs", "use super::{B, M}; pub struct A;"),
        file("m/b.rs", "use crate::m::a::A; pub struct B;"),
        file("m/c.rs", "use super::a::A;"),
    ]);
    assert_eq!(circles(&graph), [["m/a.rs", "m/b.rs"]]);
}
