//! Text that comes from others: brokers, servers, certificates.

/// At most so many characters of it, on one line: what would disturb a log or a terminal
/// is a space.
pub fn tamed(text: &str, most: usize) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(most)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_line_and_bounded() {
        assert_eq!(tamed("a\nb\x1b[0m\u{85}ü", 100), "a b [0m ü");
        assert_eq!(tamed("äöü", 2), "äö");
    }
}
