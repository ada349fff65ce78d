//! What must hold for every exported function, read from the sources of `src/capi`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const EXPORT: &str = "#[unsafe(no_mangle)]";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// An exported function, and whether a comment stands above it and the boundary macro around its
/// whole body.
struct Export {
    file: PathBuf,
    name: String,
    has_comment: bool,
    has_boundary: bool,
}

fn exports() -> Vec<Export> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut exports = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("UTF-8");
        // The variadic ones come from a macro; their C prototypes stand in it.
        if file.ends_with("capi/variadic.rs") {
            let (_, rest) = text.split_once("\nvariadic! {\n").expect("variadic!");
            let (body, _) = rest.split_once("\n}\n").expect("its end");
            let mut comment = false;
            for line in body.lines().map(str::trim) {
                if let Some(rest) = line.strip_prefix("fn ") {
                    exports.push(Export {
                        file: file.clone(),
                        name: rest.split('(').next().unwrap_or_default().to_owned(),
                        has_comment: comment,
                        // They jump to C, and what that calls has the boundary.
                        has_boundary: true,
                    });
                }
                comment = line.starts_with("///");
            }
            continue;
        }
        let lines: Vec<&str> = text.lines().collect();
        for (at, _) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| **line == EXPORT)
        {
            let above = lines[..at]
                .iter()
                .rev()
                .find(|line| !line.starts_with("#["));
            let rest = lines[at..].join("\n");
            let (_, signature) = rest.split_once("extern \"C\" fn ").expect("a function");
            let name = signature.split('(').next().unwrap_or_default();
            let (_, body) = signature.split_once("{\n").expect("a body");
            let (body, _) = body.split_once("\n}").expect("its end");
            let body = body
                .lines()
                .map(str::trim)
                .skip_while(|line| line.starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            exports.push(Export {
                file: file.clone(),
                name: name.to_owned(),
                has_comment: above.is_some_and(|line| line.starts_with("///")),
                has_boundary: body.starts_with("ffi!({") && body.ends_with("})"),
            });
        }
    }
    exports
}

#[test]
fn the_exports_are_the_interface() {
    let data = fs::read_to_string(root().join("capi-tests/abi/data/functions.tsv")).expect("data");
    let wanted: BTreeSet<&str> = data
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').next())
        .collect();
    let exports = exports();
    let found: BTreeSet<&str> = exports.iter().map(|export| export.name.as_str()).collect();
    assert_eq!(found, wanted);
    assert_eq!(exports.len(), wanted.len());
}

#[test]
fn every_export_has_the_panic_boundary() {
    let without: Vec<_> = exports()
        .into_iter()
        .filter(|export| !export.has_boundary)
        .map(|export| (export.file, export.name))
        .collect();
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn every_export_has_a_comment() {
    let without: Vec<_> = exports()
        .into_iter()
        .filter(|export| !export.has_comment)
        .map(|export| (export.file, export.name))
        .collect();
    assert!(
        without.is_empty(),
        "{} functions: {without:#?}",
        without.len()
    );
}

#[test]
fn nothing_is_exported_outside_of_the_interface() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    for file in files {
        let inside = file.strip_prefix(root().join("src/capi")).is_ok();
        let text = fs::read_to_string(&file).expect("UTF-8");
        let marks = text.contains("no_mangle") || text.contains("export_name");
        assert!(inside || !marks, "{file:?} exports something");
    }
}
