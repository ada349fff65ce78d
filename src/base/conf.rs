//! Configuration: one table of properties, and all that derives from it.
//!
//! [`table`] has a row for each property. [`GlobalProps`] and [`TopicProps`] hold
//! the values in typed fields, which the rest of the library reads directly:
//! `conf.global.message_max_bytes`, `conf.topic.partitioner`. [`Scoped`] adds
//! access by name and knows which properties have been set. [`Conf`] and
//! [`TopicConf`] are what applications hold; [`Conf::finalize`] checks the rules
//! between properties and fills in what follows from others.

use std::ops::Deref;

mod consumer;
mod document;
mod finalize;
mod flags;
mod general;
mod kind;
mod number;
mod patterns;
mod producer;
mod scoped;
mod security;
pub mod table;
mod topic;
mod value;
mod warnings;
mod words;

#[cfg(test)]
mod tests;

pub use document::{configuration_md, listing};
pub use finalize::ClientKind;
pub use flags::debug;
pub use kind::BUILTIN_CALLBACK;
pub use patterns::PatternList;
pub use scoped::{ConfError, Scoped};
pub use table::{Area, GlobalProps, Scope, TopicProps, Unbuilt, unbuilt};
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

/// Properties of a client instance, and the default ones of its topics.
#[derive(Debug, Default)]
pub struct Conf {
    pub global: Scoped<GlobalProps>,
    /// Boxed, since applications hold pointers to it.
    topic: Option<Box<TopicConf>>,
    /// Topic properties had been set here and were replaced as a whole.
    default_topic_conf_overwritten: bool,
}

impl Conf {
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a property; one that is not global is set on the default topic
    /// configuration, which is made for it if need be.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), ConfError> {
        match self.global.set(name, value) {
            Err(ConfError::Unknown(_)) => {}
            done => return done,
        }
        self.default_topic_conf_or_new().set(name, value)
    }

    /// The value as text; `None` if the property is unknown or has no value.
    pub fn get(&self, name: &str) -> Option<String> {
        self.global
            .get(name)
            .or_else(|| self.topic.as_ref()?.get(name))
    }

    pub fn is_modified(&self, name: &str) -> bool {
        self.global.is_modified(name)
    }

    /// Name and value of the global properties that have a value.
    pub fn dump(&self) -> Vec<(&'static str, String)> {
        self.global.dump()
    }

    pub fn default_topic_conf(&self) -> Option<&TopicConf> {
        self.topic.as_deref()
    }

    pub fn default_topic_conf_mut(&mut self) -> Option<&mut TopicConf> {
        self.topic.as_deref_mut()
    }

    fn default_topic_conf_or_new(&mut self) -> &mut TopicConf {
        if self.topic.is_none() {
            self.set_default_topic_conf(Some(Box::default()));
        }
        self.topic.get_or_insert_default()
    }

    /// Replaces the default topic configuration.
    pub fn set_default_topic_conf(&mut self, topic: Option<Box<TopicConf>>) {
        if self
            .topic
            .as_ref()
            .is_some_and(|old| old.topic.is_any_modified())
        {
            self.default_topic_conf_overwritten = true;
        }
        self.put_default_topic_conf(topic);
    }

    /// Keeps the property, which shows the pointer, in step.
    fn put_default_topic_conf(&mut self, topic: Option<Box<TopicConf>>) {
        let pointer = topic
            .as_deref()
            .map_or(0, |topic| std::ptr::from_ref(topic) as usize);
        self.topic = topic;
        self.global.set_pointer(DEFAULT_TOPIC_CONF, pointer);
    }

    /// The configuration of a topic that was given none: a copy of the default.
    pub fn topic_conf(&self) -> TopicConf {
        self.topic.as_ref().map(|t| t.dup()).unwrap_or_default()
    }

    /// A copy of what was set.
    pub fn dup(&self) -> Self {
        self.dup_without(&[])
    }

    /// A copy without the properties whose names begin with one of the prefixes.
    /// The default topic configuration is one property here.
    pub fn dup_without(&self, prefixes: &[&str]) -> Self {
        let mut copy = Conf {
            global: self.global.dup(prefixes),
            ..Conf::default()
        };
        if copy.is_modified(DEFAULT_TOPIC_CONF) {
            copy.put_default_topic_conf(self.topic.as_ref().map(|t| Box::new(t.dup())));
        }
        copy
    }
}
