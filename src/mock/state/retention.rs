//! Retention and compaction: by size when records are appended, by age and
//! compaction on a timer that only topics with such a setting have.

use super::partition::Partition;
use super::topic::TopicConfig;
use super::{ClusterState, Now};
use crate::mock::log::compact;

/// Time between two looks at a topic.
const LOOK_EVERY_MS: i64 = 1000;
const WEEK_MS: i64 = 7 * 24 * 3600 * 1000;

/// When to look at a topic with this configuration; never if there is nothing to do.
pub(super) fn first_look(now: Now, config: &TopicConfig) -> Option<u64> {
    // A mock does not live for a week: the default needs no timer.
    let ages = config.delete && (0..WEEK_MS).contains(&config.retention_ms);
    if !ages && !config.compact {
        return None;
    }
    let every = if ages {
        config.retention_ms.clamp(1, LOOK_EVERY_MS)
    } else {
        LOOK_EVERY_MS
    };
    Some(now.after_ms(every))
}

impl Partition {
    /// After an append: drops what is over the topic's size.
    pub fn enforce_size(&mut self, config: &TopicConfig) {
        if !config.delete || config.retention_bytes < 0 {
            return;
        }
        let limit = config.retention_bytes.unsigned_abs();
        // What is dropped must leave at least the limit behind, as on Kafka; the
        // newest batch stays in any case.
        let last = self.log.end() - 1;
        let dropped = self.log.retain(|b, total| {
            b.last_offset < last && total.saturating_sub(b.bytes.len() as u64) >= limit
        });
        if dropped {
            self.producers.truncate_before(self.log.start());
        }
    }
}

fn enforce_age(p: &mut Partition, oldest_ms: i64) {
    if p.log.retain(|b, _| b.max_timestamp < oldest_ms) {
        p.producers.truncate_before(p.log.start());
    }
}

fn clean(p: &mut Partition, config: &TopicConfig, wall_ms: i64, always: bool) {
    let (dirty, total) = compact::dirty(&p.log);
    let due = total > 0 && dirty as f64 / total as f64 >= config.min_cleanable_dirty_ratio;
    if dirty == 0 || !(due || always) {
        return;
    }
    let aborted = p.producers.aborted(0, p.log.end());
    let limits = compact::Limits {
        until: p.last_stable_offset(),
        aborted: &aborted,
        drop_tombstones_before: wall_ms.saturating_sub(config.delete_retention_ms),
    };
    compact::compact(&mut p.log, &limits);
}

impl ClusterState {
    pub(super) fn retention_deadline(&mut self, now: Now, name: &str) {
        let Some(topic) = self.topics.get_mut(name) else {
            return;
        };
        // An earlier look was planned since, or the topic is a new one of that name.
        if topic.retention_at.is_none_or(|planned| planned > now.us) {
            return;
        }
        topic.retention_at = None;
        for p in &mut topic.partitions {
            if topic.config.delete && topic.config.retention_ms >= 0 {
                enforce_age(p, now.wall_ms - topic.config.retention_ms);
            }
            if topic.config.compact {
                clean(p, &topic.config, now.wall_ms, false);
            }
        }
        self.arm_retention(now, name);
    }

    /// Compacts all compacted topics at once, whatever their share of dirty records.
    pub(super) fn compact_now(&mut self, now: Now) {
        for topic in self.topics.values_mut().filter(|t| t.config.compact) {
            for p in &mut topic.partitions {
                clean(p, &topic.config, now.wall_ms, true);
            }
        }
    }
}
