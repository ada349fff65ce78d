//! The table of properties, and the structs that hold their values.
//!
//! A row is written once, in the file of its section (`general.rs` and so on):
//!
//! ```text
//! "name" [field: Type] kind(facts)
//!     Side Importance [Attributes] Area state
//!     "help";
//! ```
//!
//! - `[field: Type]` becomes a public field of [`GlobalProps`] or [`TopicProps`],
//!   which is where the value lives; `[]` for rows without a value of their own
//!   (aliases, and what only a function of its own can set).
//! - `kind(facts)` is a constructor of [`Kind`]: type, range and default.
//! - `Area` says which part of the library the property belongs to, and `state`
//!   is `done` once it does what its help says, or `todo` while it is only
//!   accepted; `make abi-status` lists those.
//!
//! Everything else (set, get, dump, copy, listing, CONFIGURATION.md) reads the
//! rows, so adding a property is adding a row, in the order of the listing.

use super::PatternList;
use super::consumer::consumer_rows;
use super::flags::{debug, features};
use super::general::general_rows;
use super::kind::*;
use super::producer::producer_rows;
use super::security::security_rows;
use super::topic::topic_rows;
use super::value::{Stored, Value};
use super::words::*;

/// Which configuration object a property belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Global,
    Topic,
}

/// Which clients a property is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Both,
    Consumer,
    Producer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    High,
    Medium,
    Low,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    Deprecated,
    Experimental,
    /// librdkafka has no such property. It is marked in the listing, and in dumps only once
    /// it is set.
    Extension,
    /// Works, and is not in the listing.
    Hidden,
    /// Not to be written to logs.
    Sensitive,
    /// Refused on other systems.
    WindowsOnly,
}

/// The part of the library that gives a property its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    Core,
    Producer,
    Transactions,
    Consumer,
    Group,
    Share,
    Security,
    Oauth,
    Plugins,
    Telemetry,
    Mock,
}

/// How a row reaches its field.
#[derive(Debug)]
pub struct Access<P> {
    pub get: fn(&P) -> Value,
    /// False if the value is of the wrong type or no word of the enum.
    pub set: fn(&mut P, Value) -> bool,
    /// Overwrites the value, before it is replaced or freed.
    pub wipe: fn(&mut P),
}

/// A row.
#[derive(Debug)]
pub struct Property<P: 'static> {
    pub name: &'static str,
    pub kind: Kind,
    pub side: Side,
    pub importance: Importance,
    pub attributes: &'static [Attribute],
    pub area: Area,
    pub built: bool,
    pub help: &'static str,
    pub access: Option<Access<P>>,
}

impl<P> Property<P> {
    pub fn is(&self, attribute: Attribute) -> bool {
        self.attributes.contains(&attribute)
    }

    /// Why the property cannot be set on this system.
    pub fn unsupported(&self) -> Option<&'static str> {
        self.is(Attribute::WindowsOnly)
            .then_some("only Windows has it")
    }
}

/// The values of one scope, and their table.
pub trait Props: Default + Clone + 'static {
    const SCOPE: Scope;
    fn table() -> &'static [Property<Self>];
}

/// `done` and `todo`, the last word of a row's second line.
mod state {
    #[allow(non_upper_case_globals, reason = "words of the table's own language")]
    pub const done: bool = true;
    #[allow(non_upper_case_globals, reason = "words of the table's own language")]
    pub const todo: bool = false;
}

macro_rules! access {
    () => {
        None
    };
    ($field:ident) => {
        Some(Access {
            get: |props| props.$field.to_value(),
            set: |props, value| match Stored::from_value(value) {
                Some(value) => {
                    props.$field = value;
                    true
                }
                None => false,
            },
            wipe: |props| props.$field.wipe(),
        })
    };
}

macro_rules! define_props {
    ($props:ident $scope:ident $table:ident;
     $($name:literal [$($field:ident: $type:ty)?] $kind:ident $facts:tt
       $side:ident $importance:ident [$($attribute:ident)*] $area:ident $state:ident
       $help:literal;)*) => {
        /// The values, typed. Names are those of the properties with dots turned
        /// into underscores; pointers of the application are `usize`, 0 for unset.
        #[derive(Clone)]
        pub struct $props {
            $($(#[doc = $help] pub $field: $type,)?)*
        }

        impl Default for $props {
            fn default() -> Self {
                $props {
                    $($($field: <$type as Stored>::from_value($kind $facts.default_value())
                        .unwrap_or_default(),)?)*
                }
            }
        }

        static $table: &[Property<$props>] = &[$(
            Property {
                name: $name,
                kind: $kind $facts,
                side: Side::$side,
                importance: Importance::$importance,
                attributes: &[$(Attribute::$attribute),*],
                area: Area::$area,
                built: state::$state,
                help: $help,
                access: access!($($field)?),
            },
        )*];

        impl Props for $props {
            const SCOPE: Scope = Scope::$scope;

            fn table() -> &'static [Property<Self>] {
                $table
            }
        }
    };
}

macro_rules! define_global {
    (; $($rows:tt)*) => { define_props! { GlobalProps Global GLOBAL; $($rows)* } };
}

macro_rules! define_topic {
    (; $($rows:tt)*) => { define_props! { TopicProps Topic TOPIC; $($rows)* } };
}

// Each section passes its rows on to the next, the last one to the definition.
general_rows! { security_rows consumer_rows producer_rows define_global; }
topic_rows! { define_topic; }
