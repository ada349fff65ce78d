//! The topics of the subscription, as metadata has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Classic, Extent, Shape};
use crate::base::error::ErrorCode;
use crate::group::membership::TopicView;
use crate::group::{Action, Context};

impl Classic {
    pub(super) fn wants(&self, topic: &str) -> bool {
        self.interest.topics.iter().any(|name| **name == *topic)
            || self.interest.patterns.iter().any(|re| re.is_match(topic))
    }

    /// The topics subscribed to that exist now.
    pub(super) fn shape(&self) -> Shape {
        self.view
            .iter()
            .filter(|(name, topic)| {
                topic.code.is_ok() && !topic.partitions.is_empty() && self.wants(name)
            })
            .map(|(name, topic)| (name.clone(), self.extent(topic)))
            .collect()
    }

    pub(super) fn extent(&self, topic: &TopicView) -> Extent {
        let by_rack = self.config.rack.as_deref().is_some_and(|r| !r.is_empty());
        Extent {
            partitions: topic.partitions.len(),
            id: topic.id,
            racks: match by_rack {
                true => topic.partitions.clone(),
                false => Vec::new(),
            },
        }
    }

    /// Tells the application about topics that it names and that are not there, and about
    /// those that it has a pattern for and must not read.
    pub(super) fn report_missing(&mut self, cx: &mut Context<'_>) {
        let named = self.interest.topics.iter().filter_map(|name| {
            let code = self.view.get(name)?.code;
            code.is_err().then(|| (name.clone(), code))
        });
        // Where there are patterns all topics are known.
        let unmatched = self.interest.patterns.iter().filter_map(|re| {
            let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PART;
            let mut exist = self.view.iter().filter(|(_, t)| t.code != unknown);
            let none = !exist.any(|(name, _)| re.is_match(name));
            none.then(|| (re.pattern().into(), unknown))
        });
        let refused = self.view.iter().filter_map(|(name, topic)| {
            let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PART;
            let is_refused = topic.code.is_err() && topic.code != unknown;
            let matches = || self.interest.patterns.iter().any(|re| re.is_match(name));
            (is_refused && matches()).then(|| (name.clone(), topic.code))
        });
        let mut missing: BTreeMap<Arc<str>, _> = BTreeMap::new();
        for (name, code) in named.chain(unmatched).chain(refused) {
            if self.missing.get(&name) != Some(&code) {
                cx.actions.push(Action::TopicError {
                    topic: name.clone(),
                    code,
                    text: format!("Subscribed topic not available: {name}: {code}"),
                });
            }
            missing.insert(name, code);
        }
        self.missing = missing;
    }

    /// The topics are not what they were when joining: join again.
    pub(super) fn check_shape(&mut self, cx: &mut Context<'_>) {
        if self.session().is_none() {
            return;
        }
        let led_changed = self.led.iter().any(|(name, was)| {
            let topic = self.view.get(name).filter(|topic| topic.code.is_ok());
            topic.is_some_and(|now| self.extent(now) != *was)
        });
        if led_changed || self.shape() != self.joined_shape {
            self.rebalance(cx, "subscribed topics have changed");
        }
    }
}
