//! Strings that C reads.

use std::ffi::CString;

/// A C string of what may contain null characters: the first of them ends it.
pub fn c_string(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_character_ends_the_text() {
        assert_eq!(c_string("a\0b").as_c_str(), c"a");
        assert_eq!(c_string("\0").as_c_str(), c"");
        assert_eq!(c_string("ab").as_c_str(), c"ab");
    }
}
