//! What operations give to the application.

use std::ffi::CString;

use crate::base::error::ErrorCode;

/// One variant for each kind of result; several operations share some.
#[derive(Debug, Default)]
pub enum AdminResult {
    /// The operation has failed as a whole.
    #[default]
    None,
    /// CreateTopics, DeleteTopics, CreatePartitions.
    Topics(Vec<TopicResult>),
}

/// How it went for one topic.
#[derive(Debug)]
pub struct TopicResult {
    pub topic: CString,
    pub code: ErrorCode,
    /// `None` without an error.
    pub text: Option<CString>,
}

/// A string for C; what stands behind a null character is lost.
pub fn c_string(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

/// The text of an error: the broker's, or that of the code; `None` without an error.
pub fn error_text(code: ErrorCode, message: Option<&str>) -> Option<CString> {
    code.ok().err()?;
    let message = message.filter(|text| !text.is_empty());
    Some(message.map_or_else(|| c_string(&code.text()), c_string))
}
