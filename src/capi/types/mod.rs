//! The C types of the header, named as in C.

pub mod callbacks;
pub mod constants;
pub mod enums;
pub mod mock;
pub mod opaque;
pub mod resp_err;
pub mod structs;

pub use callbacks::*;
pub use constants::*;
pub use enums::*;
pub use mock::*;
pub use opaque::*;
pub use resp_err::*;
pub use structs::*;
