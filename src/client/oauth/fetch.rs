//! What the sources that fetch tokens have in common.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::http::cancel::Cancel;
use crate::broker::sasl::token::Token;

/// Bytes of a file with an assertion, a key, a template or credentials.
const MAX_FILE: u64 = 1024 * 1024;

/// A source of tokens that takes its time, on a thread of its own.
pub trait Fetch: Send + Sync {
    /// Ends soon after `cancel` says so. The text of an error has no secrets.
    fn fetch(&self, cancel: &Arc<Cancel>) -> Result<Token, String>;
}

/// `name=value` with commas between; a backslash before a comma makes it part of a value.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = c == '\\' && matches!(chars.peek(), Some(',' | '\\'));
        match (parts.last_mut(), c) {
            (_, ',') => parts.push(String::new()),
            (Some(part), _) if escaped => part.extend(chars.next()),
            (Some(part), c) => part.push(c),
            (None, _) => {}
        }
    }
    let parts = parts
        .iter()
        .map(|part| part.trim())
        .filter(|p| !p.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The value of a name among [`pairs`].
pub fn value_of(text: &str, name: &str) -> Option<String> {
    let mut all = pairs(text).into_iter();
    all.find(|(n, _)| n == name).map(|(_, value)| value)
}

/// A small file, wiped when it goes.
pub fn read_file(path: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let size = file.metadata().map_or(0, |m| m.len());
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.min(MAX_FILE) as usize + 1));
    let mut bounded = file.take(MAX_FILE + 1);
    bounded.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    match bytes.len() as u64 > MAX_FILE {
        true => Err("the file is too large".to_owned()),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_with_commas_between() {
        let got = pairs(r" a=b=c ,, d , e=f\,g\\h\i");
        let want = [("a", "b=c"), ("d", ""), ("e", r"f,g\h\i")];
        let own = want.map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(got, own);
        assert_eq!(value_of("a=1,b=2", "b").as_deref(), Some("2"));
        assert_eq!(value_of("a=1", "b"), None);
    }
}
