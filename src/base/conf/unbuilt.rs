//! Properties that are accepted and do nothing yet.
//!
//! A line in the log says so ([`Conf::set_without_effect`]).

use super::Conf;
use super::kind::Kind;
use super::scoped::Scoped;
use super::table::{Area, Attribute, GlobalProps, Props, Scope, TopicProps};

/// A property that is accepted and does nothing yet.
#[derive(Debug, Clone, Copy)]
pub struct Unbuilt {
    pub scope: Scope,
    pub name: &'static str,
    pub area: Area,
}

/// The rows whose state is `todo`, aliases and hidden ones left out.
pub fn unbuilt() -> Vec<Unbuilt> {
    fn of<P: Props>() -> impl Iterator<Item = Unbuilt> {
        P::table()
            .iter()
            .filter(|row| !row.built && !matches!(row.kind, Kind::Alias(_)))
            .filter(|row| !row.is(Attribute::Hidden))
            .map(|row| Unbuilt {
                scope: P::SCOPE,
                name: row.name,
                area: row.area,
            })
    }
    of::<GlobalProps>().chain(of::<TopicProps>()).collect()
}

impl Conf {
    /// The names of properties that were given another value than their default and
    /// that have no effect.
    pub fn set_without_effect(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        in_vain(&self.global, &mut names);
        if let Some(topic) = self.default_topic_conf() {
            in_vain(&topic.topic, &mut names);
        }
        names
    }
}

fn in_vain<P: Props>(scoped: &Scoped<P>, names: &mut Vec<&'static str>) {
    for (at, row) in P::table().iter().enumerate() {
        let open = !row.built && !row.is(Attribute::Hidden) && !row.is(Attribute::Deprecated);
        if open && scoped.is_modified_at(at) && !scoped.is_at_default(row) {
            names.push(row.name);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_effect_is_named_once_it_is_asked_for() {
        let mut conf = Conf::new();
        assert!(conf.set_without_effect().is_empty());
        conf.set("group.protocol.type", Some("consumer")).unwrap();
        assert!(conf.set_without_effect().is_empty(), "that is what happens");
        conf.set("group.protocol.type", Some("other")).unwrap();
        assert_eq!(conf.set_without_effect(), ["group.protocol.type"]);
    }
}
