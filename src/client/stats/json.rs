//! A JSON object, written as it is walked.

use std::fmt::{Display, Write};

pub struct Json {
    out: String,
    /// The object that is open has a field already.
    begun: bool,
}

impl Json {
    /// One object with the fields that `fill` writes.
    pub fn document(fill: impl FnOnce(&mut Json)) -> String {
        let mut json = Json {
            out: String::with_capacity(8192),
            begun: false,
        };
        json.braces(fill);
        json.out
    }

    fn braces(&mut self, fill: impl FnOnce(&mut Json)) {
        self.out.push('{');
        self.begun = false;
        fill(self);
        self.out.push('}');
        self.begun = true;
    }

    fn key(&mut self, key: &str) {
        if self.begun {
            self.out.push(',');
        }
        self.begun = true;
        self.quoted(key);
        self.out.push(':');
    }

    fn quoted(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                c if c < ' ' => self.put(format_args!("\\u{:04x}", u32::from(c))),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn put(&mut self, value: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.out, "{value}");
    }

    pub fn object(&mut self, key: &str, fill: impl FnOnce(&mut Json)) {
        self.key(key);
        self.braces(fill);
    }

    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.quoted(value);
    }

    pub fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.put(value);
    }

    /// Integers of any type.
    pub fn int(&mut self, key: &str, value: impl Display) {
        self.key(key);
        self.put(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_and_escaped() {
        let text = Json::document(|j| {
            j.object("empty", |_| {});
            j.object("o", |j| {
                j.int("n", -3);
                j.flag("b", true);
            });
            j.text("a \"key\"", "back\\slash\ttab\nline é");
        });
        assert_eq!(
            text,
            "{\"empty\":{},\"o\":{\"n\":-3,\"b\":true},\
             \"a \\\"key\\\"\":\"back\\\\slash\\u0009tab\\nline é\"}"
        );
    }
}
