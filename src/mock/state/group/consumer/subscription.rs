//! What members subscribe to: names, and the topics that regular expressions match.

use super::{Around, Consumer, Member, Resolve, Topics};
use crate::base::regex::Regex;
use crate::mock::state::Now;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// When regular expressions were, and are to be, resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Resolution {
    last: Option<u64>,
    due: Option<u64>,
}

impl Resolution {
    pub(super) fn deadline(self) -> Option<u64> {
        self.due
    }
}

/// Compiled so that it matches whole names, as Kafka has it. `None` for an empty one.
pub(super) fn compile(regex: &str) -> Result<Option<Regex>, String> {
    match regex {
        "" => Ok(None),
        r => Regex::new(&format!("^({r})$")).map(Some),
    }
}

fn matching(regex: &str, topics: &dyn Topics) -> BTreeSet<String> {
    // What does not compile was refused when it came.
    let Ok(Some(regex)) = compile(regex) else {
        return BTreeSet::new();
    };
    let names = topics.names().into_iter();
    let matching = names.filter(|n| regex.is_match(n));
    matching.map(str::to_owned).collect()
}

impl Consumer {
    /// The names of the topics that a member subscribes to, whether they exist or not.
    pub(super) fn subscribed_names(&self, m: &Member) -> BTreeSet<String> {
        let mut names = m.names.clone();
        if let Some(matched) = self.resolved.get(&m.regex) {
            names.extend(matched.iter().cloned());
        }
        names
    }

    pub(super) fn subscribed_ids(&self, m: &Member, around: &Around<'_>) -> BTreeSet<Uuid> {
        let names = self.subscribed_names(m).into_iter();
        names
            .filter_map(|n| around.topics.topic(&n).map(|(id, _)| id))
            .collect()
    }

    pub fn subscribes_to(&self, topic: &str) -> bool {
        let mut members = self.members.values();
        members.any(|m| self.subscribed_names(m).contains(topic))
    }

    /// Looks at the topics that are subscribed to. True if they have changed.
    pub(super) fn refresh_topics(&mut self, around: &Around<'_>) -> bool {
        let mut seen = BTreeMap::new();
        for name in self.members.values().flat_map(|m| self.subscribed_names(m)) {
            if let Some(topic) = around.topics.topic(&name) {
                seen.insert(name, topic);
            }
        }
        let changed = seen != self.subscribed;
        self.subscribed = seen;
        changed
    }

    /// Expressions that nobody has any more are forgotten.
    pub(super) fn forget_regexes(&mut self) {
        let used: BTreeSet<&String> = self.members.values().map(|m| &m.regex).collect();
        self.resolved.retain(|regex, _| used.contains(regex));
    }

    /// Resolves regular expressions, or plans it. Whether the member's is resolved.
    pub(super) fn follow_regexes(&mut self, now: Now, around: &Around<'_>, id: &str) -> bool {
        self.forget_regexes();
        if around.settings.resolve.is_at_once() {
            self.resolve(around);
        }
        let regex = self.members.get(id).map_or("", |m| m.regex.as_str());
        let known = regex.is_empty() || self.resolved.contains_key(regex);
        let any = self.members.values().any(|m| !m.regex.is_empty());
        let Resolve::Later {
            after_ms,
            interval_ms,
        } = around.settings.resolve
        else {
            return known;
        };
        if any && self.resolution.due.is_none() && (!known || self.has_stale_regexes(around)) {
            let earliest = now.after_ms(after_ms.into());
            let since = self.resolution.last;
            let interval = u64::from(interval_ms) * 1000;
            let due = since.map_or(earliest, |last| earliest.max(last.saturating_add(interval)));
            self.resolution.due = Some(due);
        }
        known
    }

    /// Whether topics have come or gone that an expression matches.
    fn has_stale_regexes(&self, around: &Around<'_>) -> bool {
        let mut all = self.resolved.iter();
        all.any(|(regex, topics)| matching(regex, around.topics) != *topics)
    }

    /// True if any expression matches other topics than before.
    fn resolve(&mut self, around: &Around<'_>) -> bool {
        let used: BTreeSet<String> = self
            .members
            .values()
            .map(|m| m.regex.clone())
            .filter(|r| !r.is_empty())
            .collect();
        let mut changed = false;
        for regex in used {
            let topics = matching(&regex, around.topics);
            changed |= !topics.is_empty() && self.resolved.get(&regex) != Some(&topics)
                || topics.is_empty() && self.resolved.get(&regex).is_some_and(|t| !t.is_empty());
            self.resolved.insert(regex, topics);
        }
        changed
    }

    pub(super) fn resolve_due(&mut self, now: Now, around: &Around<'_>) {
        if self.resolution.due.is_none_or(|due| due > now.us) {
            return;
        }
        self.resolution = Resolution {
            last: Some(now.us),
            due: None,
        };
        if self.resolve(around) {
            self.refresh_topics(around);
            self.epoch += 1;
        }
    }
}
