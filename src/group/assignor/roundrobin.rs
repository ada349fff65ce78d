//! All partitions in order, dealt out to the members in order.

use super::{Member, TopicPartition, Topics, number, range};

pub(super) fn assign(topics: &Topics, members: &[Member]) -> Vec<Vec<TopicPartition>> {
    let mut result = vec![Vec::new(); members.len()];
    let order = range::sorted_members(members, |_| true);
    let mut turns = order.iter().cycle();
    for (topic, partitions) in topics {
        if !members.iter().any(|member| member.topics.contains(topic)) {
            continue;
        }
        for partition in 0..partitions.len() {
            let next = turns.find(|&&at| subscribes(members, at, topic));
            if let Some(list) = next.and_then(|&at| result.get_mut(at)) {
                list.push(TopicPartition::new(topic, number(partition)));
            }
        }
    }
    result
}

fn subscribes(members: &[Member], at: usize, topic: &std::sync::Arc<str>) -> bool {
    members.get(at).is_some_and(|m| m.topics.contains(topic))
}
