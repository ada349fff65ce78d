//! Makes the C headers from the sources of `src/capi`.
//!
//! cbindgen does not expand macros, and C has forms that Rust lacks. So the
//! sources are put together and rewritten first (the macros that declare enums
//! and variadic functions give way to what cbindgen understands), and its output
//! is rewritten after (enums and the plugins' function types get their C form,
//! functions a heading by section).

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cbindgen::{Builder, Config};

/// The files with types, in the header's order.
const TYPES: &[&str] = &[
    "types/constants",
    "types/resp_err",
    "types/enums",
    "types/opaque",
    "types/structs",
    "types/callbacks",
];

/// The files with functions, in the header's order. A section that is a folder names its files behind
/// a colon, and has its title from `mod.rs`.
const FUNCTIONS: &[&str] = &[
    "version",
    "error",
    "variadic",
    "mem",
    "uuid",
    "topic_partition",
    "headers",
    "message",
    "conf: create events sockets certificates values",
    "topic_conf",
    "partitioner",
    "lifecycle",
    "topic",
    "queue",
    "event",
    "log",
    "producer",
    "transactions",
    "consumer: subscription offsets assignment",
    "commit",
    "pause",
    "simple_consumer",
    "group_metadata",
    "groups",
    "metadata",
    "share: messages security offsets instance consume",
    "security",
    "interceptor",
    "admin/options",
    "admin/results",
    "admin/topics",
    "admin/partitions",
    "admin/configs",
    "admin/records",
    "admin/describe_topics",
    "admin/cluster",
    "admin/groups",
    "admin/group_offsets",
    "admin/list_offsets",
    "admin/elect_leaders",
    "admin/scram",
    "admin/acls",
    "admin/events",
];

const MOCK_TYPES: &[&str] = &["types/mock"];

const MOCK_FUNCTIONS: &[&str] = &[
    "mock/cluster",
    "variadic",
    "mock/broker",
    "mock/partition",
    "mock/requests",
    "mock/group",
    "mock/consumer_group",
    "mock/sharegroup",
];

/// A source file, ready for cbindgen.
struct Source {
    /// The first paragraph of the file's documentation.
    title: String,
    text: String,
}

pub fn rdkafka_h() -> String {
    let config = config();
    generate(config, TYPES, FUNCTIONS, |name| !name.contains("_mock_"))
}

pub fn rdkafka_mock_h() -> String {
    let mut config = config();
    config.include_guard = Some("_RDKAFKA_MOCK_H_".into());
    config.sys_includes.clear();
    config.after_includes = Some(
        "\n#ifndef _RDKAFKA_H_\n\
         #error \"include rdkafka.h before rdkafka_mock.h\"\n#endif\n\n\
         /*\n * A mock cluster: brokers inside the process, on loopback ports, that speak enough\n\
         \x20* of Kafka's protocol to test programs with, and that fail as they are told.\n\
         \x20* Either the property `test.mock.num.brokers` makes one for a client instance,\n\
         \x20* or rd_kafka_mock_cluster_new() does. Functions that take a cluster may be called\n\
         \x20* from any thread while it exists.\n */\n"
            .into(),
    );
    generate(config, MOCK_TYPES, MOCK_FUNCTIONS, |name| {
        name.contains("_mock_")
    })
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn config() -> Config {
    Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml")
}

fn generate(
    mut config: Config,
    types: &[&str],
    functions: &[&str],
    wanted: fn(&str) -> bool,
) -> String {
    let types: Vec<Source> = types.iter().map(|file| read(file, wanted)).collect();
    let functions: Vec<Source> = functions.iter().map(|file| read(file, wanted)).collect();

    // Types that no function mentions belong to the header too.
    for line in types.iter().flat_map(|source| source.text.lines()) {
        let words: Vec<&str> = line.split([' ', ';', '{', '(', ':']).collect();
        let at = words.iter().position(|word| *word == "pub");
        if let Some(["type" | "struct" | "enum" | "union", name, ..]) =
            at.map(|at| &words[at + 1..])
        {
            config.export.include.push((*name).to_owned());
        }
    }

    let whole: String = types
        .iter()
        .chain(&functions)
        .map(|source| source.text.as_str())
        .collect();
    let file = scratch_file(&whole);
    let mut output = Vec::new();
    Builder::new()
        .with_config(config)
        .with_src(&file)
        .generate()
        .expect("cbindgen")
        .write(&mut output);
    fs::remove_file(&file).expect("remove the scratch file");
    let header = String::from_utf8(output).expect("UTF-8");
    headings(finish(&header), &functions)
}

fn scratch_file(text: &str) -> PathBuf {
    let name = format!("capi-{}-{}.rs", std::process::id(), text.len());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, text).expect("scratch file");
    file
}

fn read(section: &str, wanted: fn(&str) -> bool) -> Source {
    let Some((folder, files)) = section.split_once(": ") else {
        return read_file(section, wanted);
    };
    let mut whole = read_file(&format!("{folder}/mod"), wanted);
    whole.text = files
        .split(' ')
        .map(|file| read_file(&format!("{folder}/{file}"), wanted).text)
        .collect();
    whole
}

fn read_file(file: &str, wanted: fn(&str) -> bool) -> Source {
    let path = root().join("src/capi").join(file).with_extension("rs");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let title = text
        .lines()
        .map_while(|line| line.strip_prefix("//! "))
        .collect::<Vec<_>>()
        .join(" ");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    // File-level attributes and documentation would stand in the middle of the whole.
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("//!") && !line.starts_with("#!["))
        .fold(String::new(), |text, line| text + line + "\n");
    let text = match file {
        "variadic" => variadics(&text, wanted),
        _ => enums(&text),
    };
    Source { title, text }
}

/// `c_enum! { … pub enum … { … } }` becomes a plain enum.
fn enums(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines() {
        match line {
            "c_enum! {" | "resp_err_enum! {" => inside = true,
            "}" if inside => inside = false,
            _ if inside && line.trim_start().starts_with("pub enum") => {
                out += "#[repr(C)]\n";
                out += line;
                out += "\n";
            }
            _ => {
                out += line;
                out += "\n";
            }
        }
    }
    out
}

/// `variadic! { … }` becomes a block of extern functions.
fn variadics(text: &str, wanted: fn(&str) -> bool) -> String {
    let (_, rest) = text.split_once("\nvariadic! {\n").expect("variadic!");
    let (body, _) = rest.split_once("\n}\n").expect("its end");
    let mut out = String::from("unsafe extern \"C\" {\n");
    for declaration in body.split(";\n") {
        let Some((declaration, _shim)) = declaration.rsplit_once(" = ") else {
            continue;
        };
        let (_, name) = declaration.split_once("fn ").expect("a function");
        let name = name.split('(').next().unwrap_or_default();
        if wanted(name) {
            let declaration = declaration.replacen("    fn ", "    pub fn ", 1);
            writeln!(out, "{declaration};").expect("a String takes all");
        }
    }
    out + "}\n"
}

/// From cbindgen's C to the header's.
fn finish(header: &str) -> String {
    let mut names = Vec::new();
    let mut out = String::new();
    let mut open_enum = None;
    for line in header.lines() {
        if let Some(name) = line
            .strip_prefix("enum ")
            .and_then(|rest| rest.strip_suffix(" {"))
        {
            names.push(name.to_owned());
            open_enum = Some(name);
            writeln!(out, "typedef enum {name} {{")
        } else if line == "};" && open_enum.is_some() {
            writeln!(out, "}} {};", open_enum.take().unwrap_or_default())
        } else if open_enum.is_some() && line.ends_with(',') && next_is_end(header, line) {
            // C89 has no comma behind the last one.
            writeln!(out, "{}", line.trim_end_matches(','))
        } else {
            writeln!(out, "{line}")
        }
        .expect("a String takes all");
    }
    for name in names {
        let from = format!("enum {name}");
        let typedef = format!("typedef enum {name} {{");
        out = out
            .split(&typedef)
            .map(|part| part.replace(&from, &name))
            .collect::<Vec<_>>()
            .join(&typedef);
    }
    out = function_types(&out);
    out = out
        .replace("\nextern rd_kafka_", "\nRD_EXPORT rd_kafka_")
        .replace("\nextern void ", "\nRD_EXPORT void ");
    out = short_comments(&out);
    out = format_attribute(&out);
    out = constants(&out);
    // One blank line is enough.
    while out.contains("\n\n\n") {
        out = out.replace("\n\n\n", "\n\n");
    }
    out.trim_start().to_owned()
}

/// Whether the enum ends on the line after this one, which is unique by its constant.
fn next_is_end(header: &str, line: &str) -> bool {
    header.contains(&format!("{line}\n}};"))
}

/// The types of plugins' functions are function types in C, not pointers.
fn function_types(header: &str) -> String {
    let mut out = String::new();
    for (at, part) in header.split("rd_kafka_").enumerate() {
        if at > 0 {
            let is_type = part.starts_with("interceptor_f_") || part.starts_with("plugin_f_");
            if is_type && out.ends_with("(*") {
                // typedef code (*name)(…) becomes typedef code name(…).
                out.truncate(out.len() - 2);
                out += "rd_kafka_";
                out += &part.replacen(')', "", 1);
                continue;
            }
            out += "rd_kafka_";
            if is_type {
                out += &part.replacen(' ', " *", 1);
                continue;
            }
        }
        out += part;
    }
    out
}

/// A comment of one line stands on one line.
fn short_comments(header: &str) -> String {
    let mut out = String::new();
    let mut lines = header.lines().peekable();
    while let Some(line) = lines.next() {
        let rest: Vec<&str> = lines.clone().take(2).collect();
        let indent = line.strip_suffix("/**");
        if let (Some(indent), [text, end]) = (indent, rest.as_slice())
            && end.trim() == "*/"
            && let Some(text) = text.trim_start().strip_prefix("* ")
            && indent.len() + text.len() <= 84
        {
            writeln!(out, "{indent}/** {text} */").expect("a String takes all");
            lines.next();
            lines.next();
        } else {
            writeln!(out, "{line}").expect("a String takes all");
        }
    }
    out
}

/// The one function whose arguments are `printf`'s.
fn format_attribute(header: &str) -> String {
    let Some((before, after)) = header.split_once("rd_kafka_error_new(") else {
        return header.to_owned();
    };
    let (arguments, after) = after.split_once(';').expect("the declaration's end");
    format!("{before}rd_kafka_error_new({arguments} RD_FORMAT(printf, 2, 3);{after}")
}

/// Negative numbers get parentheses, the version its usual form; constants that
/// have a short comment stand close together.
fn constants(header: &str) -> String {
    let mut out = String::new();
    for line in header.lines() {
        let constant = line
            .strip_prefix("#define ")
            .and_then(|rest| rest.split_once(' '));
        match constant {
            Some(("RD_KAFKA_VERSION", value)) => {
                let value: u32 = value.parse().expect("a number");
                writeln!(out, "#define RD_KAFKA_VERSION {value:#010x}")
            }
            Some((name, value)) if value.starts_with('-') => {
                writeln!(out, "#define {name} ({value})")
            }
            _ => match line.split_once(" // ") {
                // C89 has no such comments; cbindgen marks #endif with them.
                Some((code, comment)) if code.starts_with(['#', '}']) => {
                    writeln!(out, "{} /* {} */", code.trim_end(), comment.trim())
                }
                _ => writeln!(out, "{line}"),
            },
        }
        .expect("a String takes all");
    }
    out
}

/// Puts the title of each source file before its first function's comment.
fn headings(header: String, functions: &[Source]) -> String {
    let mut out = header;
    for source in functions {
        let first = source
            .text
            .lines()
            .filter_map(|line| line.split_once("fn rd_kafka_").map(|(_, rest)| rest))
            .filter_map(|rest| rest.split('(').next())
            .find_map(|name| out.find(&format!("rd_kafka_{name}(")));
        let Some(at) = first else { continue };
        let Some(start) = out[..at].rfind("\n\n") else {
            continue;
        };
        let title = source
            .title
            .split(". ")
            .next()
            .unwrap_or_default()
            .trim_end_matches('.');
        let bar = "-".repeat(84_usize.saturating_sub(title.len()));
        if source.text.starts_with("unsafe extern") {
            continue;
        }
        out.insert_str(start + 1, &format!("\n/* {title} {bar} */\n"));
    }
    out
}
