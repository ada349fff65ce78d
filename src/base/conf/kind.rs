//! The types of properties, and the constructors that the rows are written with.

use super::flags::Flag;
use super::value::Value;

/// Value of a callback property that stands for the library's own function.
/// No application's function has this address.
pub const BUILTIN_CALLBACK: usize = 1;

/// Renew the ticket, or else get a new one.
pub(super) const KINIT_CMD: &str = concat!(
    "kinit -R -t \"%{sasl.kerberos.keytab}\" -k %{sasl.kerberos.principal}",
    " || kinit -t \"%{sasl.kerberos.keytab}\" -k %{sasl.kerberos.principal}"
);

/// Type, range and default of a property.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Text {
        default: Option<&'static str>,
        /// A value it refuses is invalid; so is no value at all.
        check: Option<fn(&str) -> bool>,
        /// Leading white space is taken off.
        trim: bool,
    },
    Int {
        min: i32,
        max: i32,
        default: i32,
        /// Words that stand for numbers.
        words: &'static [(&'static str, i32)],
    },
    Float {
        min: f64,
        max: f64,
        default: f64,
    },
    Bool {
        default: bool,
    },
    Word {
        words: &'static [&'static str],
        default: &'static str,
    },
    Flags {
        flags: &'static [Flag],
        default: u32,
    },
    Patterns,
    /// A callback or other pointer, set by a function of its own.
    Pointer {
        default: usize,
    },
    /// Held outside of the table, set by a function of its own.
    Internal,
    /// Known from other clients and refused with a hint, which is the help.
    Refused,
    Alias(&'static str),
}

impl Kind {
    pub fn default_value(&self) -> Value {
        match *self {
            Kind::Text { default, .. } => Value::Text(default.map(str::to_owned)),
            Kind::Int { default, .. } => Value::Int(default),
            Kind::Float { default, .. } => Value::Float(default),
            Kind::Bool { default } => Value::Bool(default),
            Kind::Word { default, .. } => Value::Word(default),
            Kind::Flags { default, .. } => Value::Flags(default),
            Kind::Patterns => Value::Patterns(None),
            Kind::Pointer { default } => Value::Pointer(default),
            Kind::Internal | Kind::Refused | Kind::Alias(_) => Value::Text(None),
        }
    }
}

pub(super) const fn text(default: Option<&'static str>) -> Kind {
    Kind::Text {
        default,
        check: None,
        trim: true,
    }
}

pub(super) const fn untrimmed(default: Option<&'static str>) -> Kind {
    Kind::Text {
        default,
        check: None,
        trim: false,
    }
}

pub(super) const fn checked(default: &'static str, check: fn(&str) -> bool) -> Kind {
    Kind::Text {
        default: Some(default),
        check: Some(check),
        trim: true,
    }
}

pub(super) const fn int(min: i32, max: i32, default: i32) -> Kind {
    int_or_word(min, max, default, &[])
}

pub(super) const fn int_or_word(
    min: i32,
    max: i32,
    default: i32,
    words: &'static [(&'static str, i32)],
) -> Kind {
    Kind::Int {
        min,
        max,
        default,
        words,
    }
}

pub(super) const fn float(min: f64, max: f64, default: f64) -> Kind {
    Kind::Float { min, max, default }
}

pub(super) const fn boolean(default: bool) -> Kind {
    Kind::Bool { default }
}

pub(super) const fn word(words: &'static [&'static str], default: &'static str) -> Kind {
    Kind::Word { words, default }
}

pub(super) const fn flags(flags: &'static [Flag], default: u32) -> Kind {
    Kind::Flags { flags, default }
}

pub(super) const fn patterns() -> Kind {
    Kind::Patterns
}

pub(super) const fn pointer(default: usize) -> Kind {
    Kind::Pointer { default }
}

pub(super) const fn internal() -> Kind {
    Kind::Internal
}

pub(super) const fn refused() -> Kind {
    Kind::Refused
}

pub(super) const fn alias(of: &'static str) -> Kind {
    Kind::Alias(of)
}

/// Anything that is not known to be too old.
pub(super) fn is_broker_version(version: &str) -> bool {
    !version.starts_with("0.7.") && !version.starts_with("0.6.")
}

pub(super) fn is_single(item: &str) -> bool {
    !item.contains([',', ' '])
}

pub(super) fn is_partitioner(name: &str) -> bool {
    matches!(
        name,
        "random"
            | "consistent"
            | "consistent_random"
            | "murmur2"
            | "murmur2_random"
            | "fnv1a"
            | "fnv1a_random"
    )
}
