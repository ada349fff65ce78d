//! A comma-separated list of regular expressions.

use std::fmt;
use std::sync::Arc;

use crate::base::regex::Regex;

/// Compiled once; copies share the expressions.
#[derive(Clone)]
pub struct PatternList {
    source: Arc<str>,
    patterns: Arc<[Regex]>,
}

impl PatternList {
    /// Compiles each part, or returns the text of the error. An empty part
    /// between two commas matches everything; one at the end is left out.
    pub fn new(source: &str) -> Result<Self, String> {
        let patterns = source
            .strip_suffix(',')
            .unwrap_or(source)
            .split(',')
            .map(|part| {
                Regex::new(part)
                    .map_err(|wrong| format!("Not a regular expression: \"{part}\": {wrong}"))
            })
            .collect::<Result<_, _>>()?;
        Ok(PatternList {
            source: source.into(),
            patterns,
        })
    }

    /// The list as it was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether any of the expressions matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_match(text))
    }
}

impl fmt::Debug for PatternList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PatternList").field(&self.source).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_matches() {
        let list = PatternList::new("^a,b$,").unwrap();
        assert!(list.is_match("ax") && list.is_match("xb"));
        assert!(!list.is_match("xa"));
        assert_eq!(list.source(), "^a,b$,");
        assert!(PatternList::new("a,,b").unwrap().is_match("zzz"));
    }

    #[test]
    fn names_the_part_that_is_wrong() {
        let wrong = PatternList::new("ok,[").unwrap_err();
        assert!(
            wrong.starts_with("Not a regular expression: \"[\": "),
            "{wrong}"
        );
    }
}
