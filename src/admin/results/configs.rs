//! Resources with their properties.

use std::ffi::CString;

use crate::base::error::ErrorCode;

/// How it went for one resource.
#[derive(Debug)]
pub struct ResourceResult {
    /// `rd_kafka_ResourceType_t`.
    pub kind: i32,
    pub name: CString,
    pub code: ErrorCode,
    /// `None` without an error.
    pub text: Option<CString>,
    /// None of a resource that was changed.
    pub entries: Vec<Entry>,
}

/// A property as a broker tells it.
#[derive(Debug)]
pub struct Entry {
    pub name: CString,
    /// `None` for secrets, and for what is not set.
    pub value: Option<CString>,
    /// `rd_kafka_ConfigSource_t`.
    pub source: i32,
    pub is_read_only: bool,
    pub is_default: bool,
    pub is_sensitive: bool,
    /// It belongs to another entry, as the value of another source.
    pub is_synonym: bool,
    /// By precedence.
    pub synonyms: Vec<Entry>,
}
