//! The simple assignor: members share partitions when there are more of them than of partitions.
//!
//! Each topic is dealt out among those who subscribe to it, so that its partitions have the same number of members, and
//! the members numbers of partitions that differ by one at most.

use super::session::Tp;
use uuid::Uuid;

/// A topic with the places of its subscribers.
#[derive(Debug)]
pub struct Subscribed {
    pub id: Uuid,
    pub partitions: i32,
    pub subscribers: Vec<usize>,
}

/// The partitions of each of `members` members.
pub fn assign(members: usize, topics: &[Subscribed]) -> Vec<Vec<Tp>> {
    let mut assigned = vec![Vec::new(); members];
    for topic in topics {
        let partitions = usize::try_from(topic.partitions).unwrap_or(0);
        let subscribers = topic.subscribers.len();
        if partitions == 0 || subscribers == 0 {
            continue;
        }
        // So many places are there at each partition, dealt out from the first member to the last.
        let sharing = subscribers.div_ceil(partitions);
        let places = sharing * partitions;
        let until = |i: usize| (places * i).div_ceil(subscribers);
        for (i, &member) in topic.subscribers.iter().enumerate() {
            let mut own: Vec<Tp> = (until(i)..until(i + 1))
                .map(|place| (topic.id, (place % partitions) as i32))
                .collect();
            own.sort_unstable();
            own.dedup();
            if let Some(all) = assigned.get_mut(member) {
                all.extend(own);
            }
        }
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(partitions: i32, members: usize) -> Vec<Vec<Tp>> {
        let topic = Subscribed {
            id: Uuid::nil(),
            partitions,
            subscribers: (0..members).collect(),
        };
        assign(members, &[topic])
    }

    #[test]
    fn every_member_has_something_and_every_partition_somebody() {
        for partitions in 1..20 {
            for members in 1..20 {
                let all = shares(partitions, members);
                let sizes = all.iter().map(Vec::len);
                assert!(sizes.clone().min() >= Some(1), "{all:?}");
                let spread = sizes.clone().max().unwrap() - sizes.min().unwrap();
                assert!(spread <= 1, "{all:?}");
                for p in 0..partitions {
                    let having = all.iter().flatten().filter(|tp| tp.1 == p).count();
                    assert_eq!(having, members.div_ceil(partitions as usize), "{all:?}");
                }
            }
        }
    }

    #[test]
    fn those_who_do_not_subscribe_get_nothing() {
        let topic = Subscribed {
            id: Uuid::nil(),
            partitions: 2,
            subscribers: vec![1],
        };
        let id = Uuid::nil();
        assert_eq!(assign(2, &[topic]), [vec![], vec![(id, 0), (id, 1)]]);
    }
}
