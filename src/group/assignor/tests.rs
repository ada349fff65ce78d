use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A group and what the Java client's assignor gives its members, from
/// `capi-tests/assignors/generate.sh`.
struct Case {
    assignor: Assignor,
    cluster: Cluster,
    members: Vec<Member>,
    expected: Vec<Vec<TopicPartition>>,
}

fn partitions(text: &str) -> Vec<TopicPartition> {
    if text == "-" {
        return Vec::new();
    }
    text.split(',')
        .map(|p| {
            let (topic, partition) = p.split_once(':').unwrap();
            TopicPartition::new(&topic.into(), partition.parse().unwrap())
        })
        .collect()
}

fn optional(text: &str) -> Option<Arc<str>> {
    (text != "-").then(|| text.into())
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("../../../capi-tests/assignors/cases.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["case", name] = words[..] {
            cases.push(Case {
                assignor: Assignor::from_name(name).unwrap(),
                cluster: Cluster::default(),
                members: Vec::new(),
                expected: Vec::new(),
            });
            continue;
        }
        let case = cases.last_mut().unwrap();
        match words[..] {
            ["topic", name, racks] => {
                let racks = racks.split(';').map(|partition| match partition {
                    "-" => Racks::new(),
                    names => names.split(',').map(Arc::from).collect(),
                });
                case.cluster.topics.insert(name.into(), racks.collect());
            }
            ["member", id, instance, rack, generation, topics, owned] => {
                let generation: i32 = generation.parse().unwrap();
                case.members.push(Member {
                    id: id.into(),
                    instance_id: optional(instance),
                    rack: optional(rack),
                    generation: (generation >= 0).then_some(generation),
                    topics: topics.split(',').map(Arc::from).collect(),
                    owned: partitions(owned),
                });
            }
            ["expect", id, got] => {
                assert_eq!(&*case.members[case.expected.len()].id, id);
                case.expected.push(partitions(got));
            }
            ["end"] => {}
            _ => panic!("{line}"),
        }
    }
    cases
}

fn compare(assignor: Assignor, at_least: usize) {
    let cases: Vec<Case> = cases()
        .into_iter()
        .filter(|case| case.assignor == assignor)
        .collect();
    assert!(cases.len() >= at_least, "{}", cases.len());
    let mut different = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let mut got = assignor.assign(&case.cluster, &case.members);
        let mut want = case.expected.clone();
        got.iter_mut().chain(&mut want).for_each(|list| list.sort());
        if got != want {
            different.push(format!(
                "case {number}: {:#?}\n got {got:?}\nwant {want:?}",
                case.members
            ));
        }
    }
    assert!(
        different.is_empty(),
        "{} of {} differ, first: {}",
        different.len(),
        cases.len(),
        different[0]
    );
}

#[test]
fn sticky_is_javas() {
    compare(Assignor::CooperativeSticky, 200);
}

#[test]
fn range_is_javas() {
    compare(Assignor::Range, 60);
}

#[test]
fn roundrobin_is_javas() {
    compare(Assignor::RoundRobin, 40);
}

fn topic(at: usize) -> Arc<str> {
    format!("t{at}").into()
}

/// How the members of a generated group differ.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// In racks, and all subscribe to the same.
    Equal,
    /// In what they subscribe to; nobody has a rack.
    Rackless,
    /// In both.
    Mixed,
}

fn groups(kind: Kind) -> impl Strategy<Value = (Cluster, Vec<Member>)> {
    let racks = || proptest::option::of(0usize..3);
    let topics = prop::collection::vec(prop::collection::vec(racks(), 0..6), 1..5);
    let members = prop::collection::vec((1usize..16, racks()), 1..8);
    (topics, members).prop_map(move |(topics, members)| {
        let rack = |at: usize| Arc::from(format!("r{at}"));
        let topics = topics.into_iter().enumerate().map(|(at, partitions)| {
            let partitions = partitions
                .into_iter()
                .map(|r| r.map(rack).into_iter().collect());
            (topic(at), partitions.collect())
        });
        let first = members.first().map_or(1, |&(mask, _)| mask);
        let members = members
            .into_iter()
            .enumerate()
            .map(|(at, (mask, r))| {
                let mask = if matches!(kind, Kind::Equal) {
                    first
                } else {
                    mask
                };
                Member {
                    id: format!("m{at}").into(),
                    topics: (0..4).filter(|b| mask >> b & 1 == 1).map(topic).collect(),
                    rack: r.map(rack).filter(|_| !matches!(kind, Kind::Rackless)),
                    ..Member::default()
                }
            })
            .collect();
        let topics = topics.collect();
        (Cluster { topics }, members)
    })
}

/// Every partition that somebody subscribes to is at exactly one such member.
fn check(cluster: &Cluster, members: &[Member], assignment: &[Vec<TopicPartition>], all: bool) {
    let mut owners: BTreeMap<TopicPartition, &Member> = BTreeMap::new();
    for (member, list) in members.iter().zip(assignment) {
        for partition in list {
            assert!(member.topics.contains(&partition.topic));
            let known = cluster.topics[&partition.topic].len();
            assert!((partition.partition as usize) < known);
            assert!(owners.insert(partition.clone(), member).is_none());
        }
    }
    let wanted: usize = cluster
        .topics
        .iter()
        .filter(|(name, _)| members.iter().any(|m| m.topics.contains(name)))
        .map(|(_, partitions)| partitions.len())
        .sum();
    assert!(!all || owners.len() == wanted, "{owners:?}");
}

/// Nobody gets what another still has: that takes two rebalances.
fn check_transfers(members: &[Member], assignment: &[Vec<TopicPartition>]) {
    for (at, list) in assignment.iter().enumerate() {
        for partition in list {
            let owner = members.iter().position(|m| m.owned.contains(partition));
            assert!(owner.is_none_or(|owner| owner == at), "{partition:?}");
        }
    }
}

const ROUNDS: i32 = 8;

/// A group that is assigned once, has one member replaced, and rebalances until it is
/// at rest: everybody owns what is assigned anew. Tells the round; `None` if there was none.
fn rounds_to_rest(cluster: &Cluster, mut members: Vec<Member>, leaver: usize) -> Option<i32> {
    let own = |members: &mut [Member], assignment: Vec<Vec<TopicPartition>>, generation| {
        for (member, list) in members.iter_mut().zip(assignment) {
            member.owned = list;
            member.owned.sort();
            member.generation = Some(generation);
        }
    };
    let sticky = Assignor::CooperativeSticky;
    let first = sticky.assign(cluster, &members);
    own(&mut members, first, 1);
    if members.len() > 1 {
        let gone = members.remove(leaver % members.len());
        members.push(Member {
            id: "new".into(),
            owned: Vec::new(),
            generation: None,
            ..gone
        });
    }
    for round in 1..=ROUNDS {
        let next = sticky.assign(cluster, &members);
        check(cluster, &members, &next, false);
        check_transfers(&members, &next);
        let before = members.clone();
        own(&mut members, next, round + 1);
        if members.iter().zip(&before).all(|(a, b)| a.owned == b.owned) {
            let last: Vec<_> = members.iter().map(|m| m.owned.clone()).collect();
            check(cluster, &members, &last, true);
            return Some(round);
        }
    }
    None
}

proptest! {
    #[test]
    fn everything_is_owned_once((cluster, members) in groups(Kind::Mixed)) {
        for assignor in [Assignor::Range, Assignor::RoundRobin, Assignor::CooperativeSticky] {
            let assignment = assignor.assign(&cluster, &members);
            prop_assert_eq!(assignment.len(), members.len());
            check(&cluster, &members, &assignment, true);
        }
    }

    #[test]
    fn sticky_comes_to_rest_with_equal_subscriptions(
        (cluster, members) in groups(Kind::Equal), leaver in 0usize..8
    ) {
        prop_assert!(rounds_to_rest(&cluster, members, leaver).is_some());
    }

    #[test]
    fn sticky_comes_to_rest_without_racks(
        (cluster, members) in groups(Kind::Rackless), leaver in 0usize..8
    ) {
        prop_assert!(rounds_to_rest(&cluster, members, leaver).is_some());
    }

    /// With both, Java's assignor may move partitions to and fro for ever (the group
    /// `restless` of `Cases.java`); what each round gives is sound all the same.
    #[test]
    fn sticky_rounds_are_sound((cluster, members) in groups(Kind::Mixed), leaver in 0usize..8) {
        rounds_to_rest(&cluster, members, leaver);
    }
}

#[test]
fn nobody_and_nothing() {
    for assignor in [
        Assignor::Range,
        Assignor::RoundRobin,
        Assignor::CooperativeSticky,
    ] {
        assert!(assignor.assign(&Cluster::default(), &[]).is_empty());
        let member = Member {
            topics: vec!["t".into()],
            ..Member::default()
        };
        assert_eq!(
            assignor.assign(&Cluster::default(), &[member]),
            [Vec::new()]
        );
        assert_eq!(Assignor::from_name(assignor.name()), Some(assignor));
    }
}
