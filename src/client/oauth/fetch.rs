//! What the sources that fetch tokens have in common.

use std::sync::Arc;

use super::http::cancel::Cancel;
use crate::broker::sasl::token::Token;

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
