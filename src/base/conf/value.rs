//! A property's value on its way between the table's rows and a typed field.

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
    Option<String> => Text,
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
