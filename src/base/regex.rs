//! POSIX extended regular expressions, as the C library has them: the syntax that
//! programs written for librdkafka use for topic names.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::fmt;
use std::mem::MaybeUninit;

/// A compiled expression.
pub struct Regex {
    // Boxed: regex_t may hold pointers into itself.
    compiled: Box<libc::regex_t>,
    pattern: CString,
}

// SAFETY: regexec takes the compiled expression as const, and POSIX asks for it
// to be safe for use by several threads at once; nothing else touches it until
// the drop.
unsafe impl Send for Regex {}
// SAFETY: as above.
unsafe impl Sync for Regex {}

impl Regex {
    /// Compiles, or says in the C library's words what is wrong.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let Ok(pattern) = CString::new(pattern) else {
            return Err("Invalid regular expression".into());
        };
        let mut compiled = Box::new(MaybeUninit::<libc::regex_t>::zeroed());
        // SAFETY: both pointers are valid for the call; regcomp initialises the
        // expression when it returns 0.
        let code = unsafe {
            libc::regcomp(
                compiled.as_mut_ptr(),
                pattern.as_ptr(),
                libc::REG_EXTENDED | libc::REG_NOSUB,
            )
        };
        if code != 0 {
            let mut text = [0u8; 256];
            // SAFETY: the buffer is as long as is said, and regerror ends it with
            // a NUL; it reads the expression only for what regcomp left there.
            unsafe {
                libc::regerror(
                    code,
                    compiled.as_ptr(),
                    text.as_mut_ptr().cast(),
                    text.len(),
                );
            }
            let text = CStr::from_bytes_until_nul(&text).unwrap_or_default();
            return Err(text.to_string_lossy().into_owned());
        }
        // SAFETY: regcomp returned 0.
        let compiled = unsafe { compiled.assume_init() };
        Ok(Regex { compiled, pattern })
    }

    /// Whether some part of the text matches. Text with a NUL never does.
    /// As it was given.
    pub fn pattern(&self) -> &str {
        self.pattern.to_str().unwrap_or_default()
    }

    pub fn is_match(&self, text: &str) -> bool {
        let Ok(text) = CString::new(text) else {
            return false;
        };
        // SAFETY: the expression is compiled, the text ends with a NUL, and no
        // matches are asked for.
        let code =
            unsafe { libc::regexec(&*self.compiled, text.as_ptr(), 0, std::ptr::null_mut(), 0) };
        code == 0
    }
}

impl Drop for Regex {
    fn drop(&mut self) {
        // SAFETY: compiled once, freed once.
        unsafe { libc::regfree(&mut *self.compiled) }
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Regex")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_extended_syntax_anywhere_unless_anchored() {
        let re = Regex::new("^(top|tip)ic[0-9]+$").unwrap();
        assert!(re.is_match("topic1") && re.is_match("tipic22"));
        assert!(!re.is_match("topic") && !re.is_match("xtopic1"));
        assert!(Regex::new("op").unwrap().is_match("topic"));
        assert!(Regex::new("").unwrap().is_match("anything"));
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = Regex::new("[a-").unwrap_err();
        assert!(!wrong.is_empty(), "{wrong}");
        assert!(Regex::new("a\0b").is_err());
    }

    #[test]
    fn is_shared_by_threads() {
        let re = Regex::new("^a+$").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        assert!(re.is_match("aaaa") && !re.is_match("aab"));
                    }
                });
            }
        });
    }
}
