//! A property's value on its way between the table's rows and a typed field.

use zeroize::Zeroize;

use super::PatternList;
use super::words::{Compression, Word};

#[derive(Debug, Clone)]
pub enum Value {
    Text(Option<String>),
    Int(i32),
    Bool(bool),
    Float(f64),
    /// A word of an enum, as the table spells it.
    Word(&'static str),
    Flags(u32),
    Patterns(Option<PatternList>),
    Pointer(usize),
}

/// A type that a field may have.
pub trait Stored: Default + Sized {
    fn to_value(&self) -> Value;
    fn from_value(value: Value) -> Option<Self>;

    /// Leaves nothing of a secret in memory that is about to be freed.
    fn wipe(&mut self) {}
}

impl Stored for Option<String> {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn wipe(&mut self) {
        self.zeroize();
    }
}

macro_rules! stored {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl Stored for $type {
            fn to_value(&self) -> Value {
                Value::$variant(self.clone())
            }

            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(value) => Some(value),
                    _ => None,
                }
            }
        }
    )*};
}

stored! {
    i32 => Int,
    bool => Bool,
    f64 => Float,
    u32 => Flags,
    Option<PatternList> => Patterns,
    usize => Pointer,
}

/// `None` is `inherit`.
impl Stored for Option<Compression> {
    fn to_value(&self) -> Value {
        Value::Word(Word::word(*self))
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word(word) => Word::from_word(word),
            _ => None,
        }
    }
}
