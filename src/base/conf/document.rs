//! The listing of all properties, and CONFIGURATION.md, which is the listing with
//! a head. Its columns are those of librdkafka, which programs print.

use std::fmt::Write as _;

use super::kind::Kind;
use super::number::format_g;
use super::scoped::{find, join_flags};
use super::table::{Attribute, GlobalProps, Importance, Property, Props, Side, TopicProps};

const HEAD: &str = "# Configuration properties

<!-- Generated from the table in src/base/conf. Do not edit; after a change there run:
     cargo run -q --example configuration > CONFIGURATION.md -->

";

/// The text of CONFIGURATION.md.
pub fn configuration_md() -> String {
    format!("{HEAD}{}", listing())
}

/// All properties as a table in Markdown.
pub fn listing() -> String {
    let mut out = String::new();
    section::<GlobalProps>(&mut out, "Global");
    out.push_str("\n\n");
    section::<TopicProps>(&mut out, "Topic");
    out.push_str("\n### C/P: property of consumers (C), producers (P) or both (*)\n");
    out
}

// Writing to a String does not fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {
        let _ = write!($out, $($arg)*);
    };
}

fn section<P: Props>(out: &mut String, title: &str) {
    put!(out, "## {title} configuration properties\n\n");
    put!(
        out,
        "{:<40} | {:>3} | {:<15} | {:>13} | {:<10} | {:<25}\n",
        "Property",
        "C/P",
        "Range",
        "Default",
        "Importance",
        "Description"
    );
    put!(
        out,
        "{0:-<40}-|-{0:-<3}-|-{0:-<15}-|-{0:-<13}:|-{0:-<10}-| -{0:-<25}\n",
        ""
    );
    for row in P::table() {
        if !row.is(Attribute::Hidden) && !matches!(row.kind, Kind::Refused) {
            line(out, row);
        }
    }
}

fn line<P: Props>(out: &mut String, shown: &Property<P>) {
    // An alias is described by what it stands for.
    let row = match find::<P>(shown.name) {
        Some((_, row)) => row,
        None => shown,
    };
    let side = match row.side {
        Side::Both => " * ",
        Side::Consumer => " C ",
        Side::Producer => " P ",
    };
    let importance = match row.importance {
        Importance::High => "high",
        Importance::Medium => "medium",
        Importance::Low => "low",
    };
    let (type_name, range, default) = facts(row);
    put!(
        out,
        "{:<40} | {side} | {range:<15} | {default:>13} | {importance:<10} | ",
        shown.name
    );
    if row.is(Attribute::Experimental) {
        out.push_str("**EXPERIMENTAL** ");
    }
    if row.is(Attribute::Extension) {
        out.push_str("**EXTENSION** ");
    }
    if row.is(Attribute::Deprecated) {
        out.push_str("**DEPRECATED** ");
    }
    if shown.name != row.name {
        put!(out, "Alias for `{}`: ", row.name);
    }
    put!(out, "{} <br>*Type: {type_name}*\n", row.help);
}

/// Type, range and default, as text.
fn facts<P>(row: &Property<P>) -> (&'static str, String, String) {
    let none = String::new;
    match row.kind {
        Kind::Text { default, .. } => {
            // A bar ends a cell.
            let default = default.unwrap_or_default().replace('|', "\\|");
            ("string", none(), default)
        }
        Kind::Int {
            min, max, default, ..
        } => ("integer", format!("{min} .. {max}"), default.to_string()),
        Kind::Float { min, max, default } => (
            "float",
            format!("{} .. {}", format_g(min), format_g(max)),
            format_g(default),
        ),
        Kind::Bool { default } => ("boolean", "true, false".to_owned(), default.to_string()),
        Kind::Word { words, default } => ("enum value", words.join(", "), default.to_owned()),
        Kind::Flags { flags, default } => {
            let list = |bits| join_flags(flags, bits, ", ", true);
            // What a build has is not a choice.
            let range = match row.name {
                "builtin.features" => none(),
                _ => list(u32::MAX),
            };
            ("CSV flags", range, list(default))
        }
        Kind::Patterns => ("pattern list", none(), none()),
        Kind::Pointer { .. } | Kind::Internal | Kind::Refused | Kind::Alias(_) => {
            ("see dedicated API", none(), none())
        }
    }
}
