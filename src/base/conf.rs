//! Configuration: one table of properties, and all that derives from it.
//!
//! [`table`] has a row for each property. [`GlobalProps`] and [`TopicProps`] hold
//! the values in typed fields, which the rest of the library reads directly:
//! `conf.global.message_max_bytes`, `conf.topic.partitioner`. [`Scoped`] adds
//! access by name and knows which properties have been set. [`Conf`] and
//! [`TopicConf`] are what applications hold; [`Conf::finalize`] checks the rules
//! between properties and fills in what follows from others.

use std::fmt;
use std::ops::{Deref, DerefMut};

mod assignors;
pub mod certificates;
mod consumer;
mod derived;
mod document;
mod finalize;
mod flags;
mod general;
mod kind;
mod number;
mod patterns;
mod producer;
mod rules;
mod scoped;
mod security;
pub mod table;
mod topic;
mod unbuilt;
mod value;
mod warnings;
mod words;

#[cfg(test)]
mod tests;

pub use certificates::MemoryCertificates;
pub use document::{configuration_md, listing};
pub use finalize::ClientKind;
pub use flags::debug;
pub use kind::BUILTIN_CALLBACK;
pub use patterns::PatternList;
pub use scoped::{ConfError, Scoped};
pub use table::{Area, GlobalProps, Scope, TopicProps};
pub use unbuilt::{Unbuilt, unbuilt};
pub use warnings::Warning;
pub use words::*;

const DEFAULT_TOPIC_CONF: &str = "default_topic_conf";

/// Properties of a topic.
#[derive(Debug, Default)]
pub struct TopicConf {
    pub topic: Scoped<TopicProps>,
}

impl TopicConf {
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a property; its name may begin with `topic.`.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), ConfError> {
        self.topic
            .set(name.strip_prefix("topic.").unwrap_or(name), value)
    }

    pub fn get(&self, name: &str) -> Option<String> {
        self.topic.get(name)
    }

    pub fn is_modified(&self, name: &str) -> bool {
        self.topic.is_modified(name)
    }

    pub fn dump(&self) -> Vec<(&'static str, String)> {
        self.topic.dump()
    }

    /// A copy of what was set. What [`TopicConf::finalize`] adjusted is back at
    /// its default in the copy.
    pub fn dup(&self) -> Self {
        TopicConf {
            topic: self.topic.dup(&[]),
        }
    }
}

impl Deref for TopicConf {
    type Target = TopicProps;

    fn deref(&self) -> &TopicProps {
        &self.topic
    }
}

/// A box around a topic's configuration. The C interface's has a mark that tells
/// its pointers from others.
pub trait TopicConfBox: DerefMut<Target = TopicConf> + Send + Sync {}

impl<T: DerefMut<Target = TopicConf> + Send + Sync> TopicConfBox for T {}

/// The box used where nothing else is asked for.
#[derive(Default)]
struct Plain(TopicConf);

impl Deref for Plain {
    type Target = TopicConf;

    fn deref(&self) -> &TopicConf {
        &self.0
    }
}

impl DerefMut for Plain {
    fn deref_mut(&mut self) -> &mut TopicConf {
        &mut self.0
    }
}

/// Properties of a client instance, and the default ones of its topics.
pub struct Conf {
    pub global: Scoped<GlobalProps>,
    /// Boxed, since applications hold pointers to it.
    topic: Option<Box<dyn TopicConfBox>>,
    /// Makes the box for topic properties that are set here.
    new_topic: fn() -> Box<dyn TopicConfBox>,
    /// Topic properties had been set here and were replaced as a whole.
    default_topic_conf_overwritten: bool,
    pub certificates: MemoryCertificates,
}

impl Default for Conf {
    fn default() -> Self {
        Conf::with_topic_conf_box(|| Box::<Plain>::default())
    }
}

impl fmt::Debug for Conf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conf")
            .field("global", &self.global)
            .field("topic", &self.default_topic_conf())
            .finish_non_exhaustive()
    }
}

impl Conf {
    pub fn new() -> Self {
        Self::default()
    }

    /// As `new`, with another kind of box for the default topic configuration.
    pub fn with_topic_conf_box(new_topic: fn() -> Box<dyn TopicConfBox>) -> Self {
        Conf {
            global: Scoped::default(),
            topic: None,
            new_topic,
            default_topic_conf_overwritten: false,
            certificates: MemoryCertificates::default(),
        }
    }

    /// Sets a property; one that is not global is set on the default topic
    /// configuration, which is made for it if need be.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), ConfError> {
        match self.global.set(name, value) {
            Err(ConfError::Unknown(_)) => {}
            done => return done,
        }
        if self.topic.is_none() {
            self.set_default_topic_conf(Some((self.new_topic)()));
        }
        match self.topic.as_deref_mut() {
            Some(topic) => topic.set(name, value),
            None => Ok(()),
        }
    }

    /// The value as text; `None` if the property is unknown or has no value.
    pub fn get(&self, name: &str) -> Option<String> {
        self.global
            .get(name)
            .or_else(|| self.default_topic_conf()?.get(name))
    }

    pub fn is_modified(&self, name: &str) -> bool {
        self.global.is_modified(name)
    }

    /// Name and value of the global properties that have a value.
    pub fn dump(&self) -> Vec<(&'static str, String)> {
        self.global.dump()
    }

    pub fn default_topic_conf(&self) -> Option<&TopicConf> {
        self.topic.as_ref().map(|topic| &***topic)
    }

    pub fn default_topic_conf_mut(&mut self) -> Option<&mut TopicConf> {
        self.topic.as_mut().map(|topic| &mut ***topic)
    }

    /// The address of the default topic configuration's box; null if there is none.
    pub fn default_topic_conf_box(&mut self) -> *mut () {
        match &mut self.topic {
            Some(topic) => std::ptr::from_mut(&mut **topic).cast(),
            None => std::ptr::null_mut(),
        }
    }

    /// Replaces the default topic configuration.
    pub fn set_default_topic_conf(&mut self, topic: Option<Box<dyn TopicConfBox>>) {
        if self
            .default_topic_conf()
            .is_some_and(|old| old.topic.is_any_modified())
        {
            self.default_topic_conf_overwritten = true;
        }
        self.put_default_topic_conf(topic);
    }

    /// Keeps the property, which shows the pointer, in step.
    fn put_default_topic_conf(&mut self, topic: Option<Box<dyn TopicConfBox>>) {
        self.topic = topic;
        let pointer = self.default_topic_conf_box() as usize;
        self.global.set_pointer(DEFAULT_TOPIC_CONF, pointer);
    }

    /// The configuration of a topic that was given none: a copy of the default.
    pub fn topic_conf(&self) -> TopicConf {
        self.default_topic_conf()
            .map(TopicConf::dup)
            .unwrap_or_default()
    }

    /// A copy of what was set.
    pub fn dup(&self) -> Self {
        self.dup_without(&[])
    }

    /// A copy without the properties whose names begin with one of the prefixes.
    /// The default topic configuration is one property here.
    pub fn dup_without(&self, prefixes: &[&str]) -> Self {
        let mut copy = Conf::with_topic_conf_box(self.new_topic);
        copy.copy_from(self, |name| {
            prefixes.iter().any(|start| name.starts_with(start))
        });
        copy
    }

    /// Takes over what was set in `other`, but for the properties to be skipped.
    pub fn copy_from(&mut self, other: &Conf, skip: impl Fn(&str) -> bool) {
        self.global.copy_from(&other.global, &skip);
        self.certificates.copy_from(&other.certificates, &skip);
        if other.is_modified(DEFAULT_TOPIC_CONF) && !skip(DEFAULT_TOPIC_CONF) {
            let topic = other.default_topic_conf().map(|topic| {
                let mut boxed = (self.new_topic)();
                **boxed = topic.dup();
                boxed
            });
            self.put_default_topic_conf(topic);
        }
    }

    /// The name of the global property that this one is, or is an alias of.
    pub fn global_name(name: &str) -> Option<&'static str> {
        scoped::find::<GlobalProps>(name).map(|(_, row)| row.name)
    }
}
