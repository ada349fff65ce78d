//! The admin client's requests. So far: what they are made of, checked as it is put in.

pub mod args;
pub mod options;
