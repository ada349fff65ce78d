//! Properties of a client on the command line, as kcat has them: `-X name=value`.

use std::str::FromStr;

/// NAME=VALUE.
#[derive(Debug, Clone)]
pub struct Pair {
    pub name: String,
    pub value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Pair {
                name: name.into(),
                value: value.into(),
            }),
            _ => Err("expected NAME=VALUE".into()),
        }
    }
}
