//! The order in which Java's `HashMap` gives its keys: by bucket, and by age within
//! one. Buckets double when the map is three quarters full and never shrink, and a
//! key's age within its bucket survives that.

use super::{Member, TopicPartition};

/// Java's `String.hashCode`.
pub(super) fn string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

/// The hash of Java's `TopicPartition`.
pub(super) fn partition_hash(partition: &TopicPartition) -> i32 {
    (31i32.wrapping_add(partition.partition))
        .wrapping_mul(31)
        .wrapping_add(string_hash(&partition.topic))
}

/// A set that remembers what a `HashSet` would.
#[derive(Debug, Clone)]
pub(super) struct HashOrder<T> {
    buckets: u32,
    items: Vec<(i32, T)>,
}

impl<T: PartialEq> HashOrder<T> {
    pub(super) fn new() -> Self {
        HashOrder {
            buckets: 16,
            items: Vec::new(),
        }
    }

    /// Adds an item that is not there yet.
    pub(super) fn insert(&mut self, hash: i32, item: T) {
        self.items.push((hash, item));
        while self.items.len() > self.buckets as usize / 4 * 3 {
            self.buckets *= 2;
        }
    }

    pub(super) fn remove(&mut self, item: &T) {
        self.items.retain(|(_, other)| other != item);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn bucket(&self, hash: i32) -> u32 {
        let hash = hash.cast_unsigned();
        (hash ^ (hash >> 16)) & (self.buckets - 1)
    }

    pub(super) fn first(&self) -> Option<&T> {
        self.items
            .iter()
            .min_by_key(|(hash, _)| self.bucket(*hash))
            .map(|(_, item)| item)
    }

    pub(super) fn into_sorted(mut self) -> Vec<T> {
        let mut items = std::mem::take(&mut self.items);
        items.sort_by_key(|(hash, _)| self.bucket(*hash));
        items.into_iter().map(|(_, item)| item).collect()
    }
}

/// The indexes of `keys` in the order of a `HashMap` that they were put into one
/// after another.
pub(super) fn hash_map_order<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut order = HashOrder::new();
    for (at, key) in keys.enumerate() {
        order.insert(string_hash(key), at);
    }
    order.into_sorted()
}

/// Members in the order in which the Java leader goes through them.
pub(super) fn java_order(members: &[Member]) -> Vec<usize> {
    hash_map_order(members.iter().map(|member| &*member.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_javas() {
        assert_eq!(string_hash("hello"), 99_162_322);
        assert_eq!(string_hash("cooperative-sticky"), 1_843_682_987);
    }

    #[test]
    fn keys_come_by_bucket_then_by_age() {
        // "Aa" and "BB" have the same hash.
        let keys = ["b", "BB", "a", "Aa"];
        let order = hash_map_order(keys.into_iter());
        let sorted: Vec<_> = order.iter().map(|&at| keys[at]).collect();
        assert_eq!(sorted, ["BB", "Aa", "a", "b"]);
    }
}
