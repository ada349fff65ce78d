//! Set, get, dump and copy for the values of one scope, by the table.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::flags::Flag;
use super::kind::Kind;
use super::number::{format_g, parse_float, parse_int, trim_start};
use super::patterns::PatternList;
use super::table::{Attribute, Property, Props};
use super::value::Value;

/// Why a property could not be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfError {
    /// There is no such property.
    Unknown(String),
    /// The property does not take the value, or cannot be set this way.
    Invalid(String),
}

impl ConfError {
    pub fn text(&self) -> &str {
        match self {
            ConfError::Unknown(text) | ConfError::Invalid(text) => text,
        }
    }
}

fn invalid<T>(text: String) -> Result<T, ConfError> {
    Err(ConfError::Invalid(text))
}

/// The values of one scope, and which of them have been set. Reading a field of
/// the values goes through `Deref`.
#[derive(Clone, Default)]
pub struct Scoped<P: Props> {
    props: P,
    /// By row of the table; shorter than the table while nothing beyond is set.
    modified: Vec<bool>,
}

/// The names of what has been set. Values may be secrets.
impl<P: Props> fmt::Debug for Scoped<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = P::table().iter().enumerate();
        let set = rows.filter(|(at, _)| self.is_modified_at(*at));
        f.debug_set().entries(set.map(|(_, row)| row.name)).finish()
    }
}

/// Secrets do not stay in memory that is used for other things.
impl<P: Props> Drop for Scoped<P> {
    fn drop(&mut self) {
        for row in P::table().iter().filter(|r| r.is(Attribute::Sensitive)) {
            if let Some(access) = &row.access {
                (access.wipe)(&mut self.props);
            }
        }
    }
}

impl<P: Props> Deref for Scoped<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.props
    }
}

/// Writing a field this way does not mark the property as set.
impl<P: Props> DerefMut for Scoped<P> {
    fn deref_mut(&mut self) -> &mut P {
        &mut self.props
    }
}

/// The row of that name, aliases resolved, with its place in the table.
pub fn find<P: Props>(name: &str) -> Option<(usize, &'static Property<P>)> {
    let (at, row) = P::table()
        .iter()
        .enumerate()
        .find(|(_, row)| row.name == name)?;
    match row.kind {
        Kind::Alias(of) => find::<P>(of),
        _ => Some((at, row)),
    }
}

impl<P: Props> Scoped<P> {
    /// Whether the property, or the one it is an alias of, has been set.
    pub fn is_modified(&self, name: &str) -> bool {
        find::<P>(name).is_some_and(|(at, _)| self.is_modified_at(at))
    }

    pub(super) fn is_modified_at(&self, at: usize) -> bool {
        self.modified.get(at).copied().unwrap_or(false)
    }

    /// Whether the property's value is that which it has when nothing is set.
    pub(super) fn is_at_default(&self, row: &Property<P>) -> bool {
        self.get_row(row) == Self::default().get_row(row)
    }

    pub fn is_any_modified(&self) -> bool {
        self.modified.contains(&true)
    }

    fn put(&mut self, at: usize, row: &Property<P>, value: Value) {
        if let Some(access) = &row.access {
            if row.is(Attribute::Sensitive) {
                (access.wipe)(&mut self.props);
            }
            let fits = (access.set)(&mut self.props, value);
            debug_assert!(fits, "{}: value of another type", row.name);
        }
        if self.modified.len() <= at {
            self.modified.resize(at + 1, false);
        }
        if let Some(flag) = self.modified.get_mut(at) {
            *flag = true;
        }
    }

    /// Sets a pointer property, as the functions dedicated to it do.
    pub fn set_pointer(&mut self, name: &str, pointer: usize) {
        let found = find::<P>(name);
        debug_assert!(found.is_some(), "no property {name}");
        if let Some((at, row)) = found {
            self.put(at, row, Value::Pointer(pointer));
        }
    }

    /// Sets a property by name. An empty value is no value, which puts a text
    /// back to its default and is refused by other types.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), ConfError> {
        let Some((at, row)) = find::<P>(name) else {
            return Err(ConfError::Unknown(format!(
                "No such configuration property: \"{name}\""
            )));
        };
        let name = row.name;
        let value = value.filter(|value| !value.is_empty());
        if let Some(why) = row.unsupported() {
            return invalid(format!(
                "Configuration property \"{name}\" not supported in this build: {why}"
            ));
        }
        let value = match row.kind {
            Kind::Text {
                default,
                check,
                trim,
            } => parse_text(name, value, default, check, trim)?,
            Kind::Int {
                min, max, words, ..
            } => parse_ranged_int(name, value, min, max, words)?,
            Kind::Float { min, max, .. } => parse_ranged_float(name, value, min, max)?,
            Kind::Bool { .. } => parse_bool(name, value)?,
            Kind::Word { words, .. } => match parse_word(name, value, words)? {
                Some(word) => word,
                // Nothing but white space changes nothing.
                None => return Ok(()),
            },
            Kind::Flags { flags, .. } => return self.set_flags(at, row, value, flags),
            Kind::Patterns => match value.map(PatternList::new).transpose() {
                Ok(list) => Value::Patterns(list),
                Err(wrong) => {
                    // As in librdkafka the old list is gone all the same, and
                    // the property is not counted as set.
                    if let Some(access) = &row.access {
                        (access.set)(&mut self.props, Value::Patterns(None));
                    }
                    return invalid(wrong);
                }
            },
            Kind::Pointer { .. } => {
                return invalid(format!(
                    "Property \"{name}\" is a pointer, which a function of its own sets"
                ));
            }
            Kind::Internal => {
                return invalid(format!("Property \"{name}\" is not set by name"));
            }
            Kind::Refused => return invalid(row.help.to_owned()),
            Kind::Alias(_) => return Ok(()),
        };
        self.put(at, row, value);
        Ok(())
    }

    /// Adds the words of a list, or takes away those that begin with `-`, one
    /// after the other up to the first that is wrong.
    fn set_flags(
        &mut self,
        at: usize,
        row: &Property<P>,
        value: Option<&str>,
        flags: &'static [Flag],
    ) -> Result<(), ConfError> {
        let name = row.name;
        let Some(value) = value else {
            return invalid(empty_value(name));
        };
        for item in value.split(',') {
            // Only leading white space is taken off.
            let item = trim_start(item);
            let (add, word) = match item.strip_prefix('-') {
                Some(word) => (false, word),
                None => (true, item.strip_prefix('+').unwrap_or(item)),
            };
            if word.is_empty() {
                continue;
            }
            let Some(flag) = flags.iter().find(|f| f.name.eq_ignore_ascii_case(word)) else {
                return not_among(name, word);
            };
            if let Some(why) = flag.unsupported {
                return invalid(format!(
                    "Configuration property \"{name}\" cannot have \"{word}\": {why}"
                ));
            }
            if let Some(Value::Flags(old)) = row.access.as_ref().map(|a| (a.get)(&self.props)) {
                let new = if add {
                    old | flag.bits
                } else {
                    old & !flag.bits
                };
                self.put(at, row, Value::Flags(new));
            }
        }
        Ok(())
    }

    /// The value as text; `None` if there is no such property or it has no value.
    pub fn get(&self, name: &str) -> Option<String> {
        find::<P>(name).and_then(|(_, row)| self.get_row(row))
    }

    fn get_row(&self, row: &Property<P>) -> Option<String> {
        let value = (row.access.as_ref()?.get)(&self.props);
        match value {
            Value::Text(text) => text,
            Value::Int(value) => Some(value.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Float(value) => Some(format_g(value)),
            Value::Word(word) => Some(word.to_owned()),
            Value::Flags(bits) => match row.kind {
                Kind::Flags { flags, .. } => Some(join_flags(flags, bits, ",", false)),
                _ => None,
            },
            Value::Patterns(list) => list.map(|list| list.source().to_owned()),
            Value::Pointer(0) => None,
            Value::Pointer(pointer) => Some(format!("{pointer:#x}")),
        }
    }

    /// Name and value of every property that has a value, in the table's order.
    pub fn dump(&self) -> Vec<(&'static str, String)> {
        P::table()
            .iter()
            .enumerate()
            .filter(|(at, row)| !row.is(Attribute::Extension) || self.is_modified_at(*at))
            .filter_map(|(_, row)| Some((row.name, self.get_row(row)?)))
            .collect()
    }

    /// The properties that were set, for the log: secrets are not shown.
    pub fn dump_modified(&self) -> Vec<(&'static str, String)> {
        P::table()
            .iter()
            .enumerate()
            .filter(|(at, _)| self.is_modified_at(*at))
            .filter_map(|(_, row)| {
                let value = if row.is(Attribute::Sensitive) {
                    "[redacted]".to_owned()
                } else {
                    self.get_row(row)?
                };
                Some((row.name, value))
            })
            .collect()
    }

    /// A copy of what was set, everything else at its default, without the
    /// properties whose names begin with one of the prefixes.
    pub fn dup(&self, without: &[&str]) -> Self {
        let mut copy = Self::default();
        copy.copy_from(self, |name| {
            without.iter().any(|start| name.starts_with(start))
        });
        copy
    }

    /// Takes over what was set in `other`, but for the properties to be skipped.
    pub fn copy_from(&mut self, other: &Self, skip: impl Fn(&str) -> bool) {
        for (at, row) in P::table().iter().enumerate() {
            if !other.is_modified_at(at) || skip(row.name) {
                continue;
            }
            let value = match &row.access {
                Some(access) => (access.get)(&other.props),
                None => Value::Text(None),
            };
            // A text set to nothing is back at its default.
            let value = match value {
                Value::Text(None) => row.kind.default_value(),
                value => value,
            };
            self.put(at, row, value);
        }
    }

    /// Name and value of what was set by name, in the table's order.
    pub fn set_by_name(&self) -> Vec<(&'static str, Option<String>)> {
        P::table()
            .iter()
            .enumerate()
            .filter(|(at, row)| {
                self.is_modified_at(*at)
                    && !matches!(row.kind, Kind::Pointer { .. } | Kind::Internal)
            })
            .map(|(_, row)| (row.name, self.get_row(row)))
            .collect()
    }
}

fn empty_value(name: &str) -> String {
    format!("Configuration property \"{name}\" cannot be set to empty value")
}

fn not_among<T>(name: &str, value: &str) -> Result<T, ConfError> {
    invalid(format!(
        "Invalid value \"{value}\" for configuration property \"{name}\""
    ))
}

fn parse_text(
    name: &str,
    value: Option<&str>,
    default: Option<&'static str>,
    check: Option<fn(&str) -> bool>,
    trim: bool,
) -> Result<Value, ConfError> {
    let value = if trim { value.map(trim_start) } else { value };
    if let Some(check) = check
        && !value.is_some_and(check)
    {
        return match value {
            Some(value) => invalid(format!(
                "Invalid value for configuration property \"{name}\": {value}"
            )),
            None => invalid(empty_value(name)),
        };
    }
    Ok(Value::Text(value.or(default).map(str::to_owned)))
}

fn parse_ranged_int(
    name: &str,
    value: Option<&str>,
    min: i32,
    max: i32,
    words: &[(&str, i32)],
) -> Result<Value, ConfError> {
    let Some(text) = value else {
        return invalid(empty_value(name));
    };
    let number = parse_int(text).or_else(|| {
        let (_, number) = words.iter().find(|(w, _)| w.eq_ignore_ascii_case(text))?;
        Some(*number)
    });
    match number {
        Some(number) if (min..=max).contains(&number) => Ok(Value::Int(number)),
        // The text ends with a newline in librdkafka.
        Some(number) => invalid(format!(
            "Configuration property \"{name}\" value {number} is outside allowed range {min}..{max}\n"
        )),
        None => invalid(format!(
            "Invalid value for configuration property \"{name}\""
        )),
    }
}

fn parse_ranged_float(
    name: &str,
    value: Option<&str>,
    min: f64,
    max: f64,
) -> Result<Value, ConfError> {
    let Some(text) = value else {
        return invalid(empty_value(name));
    };
    match parse_float(text) {
        Some(number) if (min..=max).contains(&number) => Ok(Value::Float(number)),
        Some(number) if !number.is_nan() => invalid(format!(
            "Configuration property \"{name}\" value {} is outside allowed range {}..{}\n",
            format_g(number),
            format_g(min),
            format_g(max)
        )),
        _ => invalid(format!(
            "Configuration property \"{name}\" is a number, not \"{text}\""
        )),
    }
}

fn parse_bool(name: &str, value: Option<&str>) -> Result<Value, ConfError> {
    let Some(text) = value else {
        return invalid(empty_value(name));
    };
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") || is("t") || text == "1" {
        Ok(Value::Bool(true))
    } else if is("false") || is("f") || text == "0" {
        Ok(Value::Bool(false))
    } else {
        invalid(format!("Expected bool value for \"{name}\": true or false"))
    }
}

fn parse_word(
    name: &str,
    value: Option<&str>,
    words: &'static [&'static str],
) -> Result<Option<Value>, ConfError> {
    let Some(text) = value else {
        return invalid(empty_value(name));
    };
    let text = trim_start(text);
    if text.is_empty() {
        return Ok(None);
    }
    match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        Some(word) => Ok(Some(Value::Word(word))),
        None => not_among(name, text),
    }
}

/// The words of the bits. A word for several bits is there if all of them are.
pub(super) fn join_flags(
    flags: &[Flag],
    bits: u32,
    separator: &str,
    unsupported_too: bool,
) -> String {
    let words: Vec<&str> = flags
        .iter()
        .filter(|flag| bits & flag.bits == flag.bits)
        .filter(|flag| unsupported_too || flag.unsupported.is_none())
        .map(|flag| flag.name)
        .collect();
    words.join(separator)
}
