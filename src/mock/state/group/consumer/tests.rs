//! Groups of the consumer protocol, driven as a member drives them.

use super::*;
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest as Request, ConsumerGroupHeartbeatResponse as Response, TopicName,
};
use kafka_protocol::protocol::StrBytes;

type Cluster = BTreeMap<String, (Uuid, i32)>;

impl Topics for Cluster {
    fn topic(&self, name: &str) -> Option<(Uuid, i32)> {
        self.get(name).copied()
    }

    fn names(&self) -> Vec<&str> {
        self.keys().map(String::as_str).collect()
    }
}

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

fn id(topic: &str) -> Uuid {
    Uuid::from_u128(u128::from(topic.as_bytes()[0]))
}

/// A group, the cluster around it, and the time.
struct Play {
    group: Consumer,
    topics: Cluster,
    settings: Settings,
    now: Now,
}

/// As a test writes partitions: `a:0,1 b:2`.
fn partitions(s: &str) -> Partitions {
    let topics = s.split_whitespace().map(|t| {
        let (topic, list) = t.split_once(':').expect("a colon");
        (
            id(topic),
            list.split(',')
                .map(|p| p.parse().expect("a number"))
                .collect(),
        )
    });
    topics.collect()
}

fn listed(p: &Partitions) -> Vec<TopicPartitions> {
    let topics = p.iter().map(|(topic, p)| {
        TopicPartitions::default()
            .with_topic_id(*topic)
            .with_partitions(p.iter().copied().collect())
    });
    topics.collect()
}

fn ping(member: &str, epoch: i32) -> Request {
    Request::default()
        .with_group_id(kafka_protocol::messages::GroupId(text("g")))
        .with_member_id(text(member))
        .with_member_epoch(epoch)
        .with_rebalance_timeout_ms(-1)
        .with_topic_partitions(None)
        .with_subscribed_topic_names(None)
}

fn names(topics: &[&str]) -> Option<Vec<TopicName>> {
    Some(topics.iter().map(|t| TopicName(text(t))).collect())
}

fn join(member: &str, topics: &[&str]) -> Request {
    ping(member, 0)
        .with_rebalance_timeout_ms(60_000)
        .with_subscribed_topic_names(names(topics))
        .with_topic_partitions(Some(Vec::new()))
}

fn owning(member: &str, epoch: i32, owned: &str) -> Request {
    ping(member, epoch).with_topic_partitions(Some(listed(&partitions(owned))))
}

/// What a member is told: its epoch, and its partitions if any are told.
fn told(r: &Response) -> (i32, Option<Partitions>) {
    let assignment = r.assignment.as_ref().map(|a| {
        let topics = a.topic_partitions.iter();
        topics
            .map(|t| (t.topic_id, t.partitions.iter().copied().collect()))
            .collect()
    });
    (r.member_epoch, assignment)
}

impl Play {
    fn new() -> Play {
        let topics = [("a", 4), ("b", 3)];
        let topics = topics.into_iter().map(|(t, n)| (t.to_owned(), (id(t), n)));
        Play {
            group: Consumer::default(),
            topics: topics.collect(),
            settings: Settings {
                resolve: Resolve::AtOnce,
                ..Settings::default()
            },
            now: Now::default(),
        }
    }

    fn send(&mut self, request: &Request) -> Result<Response, E> {
        check(request, 1).map_err(|(e, _)| e)?;
        let around = Around {
            topics: &self.topics,
            settings: &self.settings,
        };
        let caller = Caller::default();
        let answer = self
            .group
            .heartbeat(self.now, &around, &caller, request, "new");
        self.group.check_invariants();
        answer.map_err(|(e, _)| e)
    }

    fn ok(&mut self, request: &Request) -> (i32, Option<Partitions>) {
        told(&self.send(request).expect("an answer without error"))
    }

    fn err(&mut self, request: &Request) -> E {
        self.send(request).expect_err("an error")
    }

    fn pass(&mut self, ms: i64) {
        let end = self.now.after_ms(ms);
        while let Some(at) = self.group.next_deadline().filter(|&at| at <= end) {
            self.now.us = at.max(self.now.us);
            let around = Around {
                topics: &self.topics,
                settings: &self.settings,
            };
            self.group.tick(self.now, &around);
            self.group.check_invariants();
        }
        self.now.us = end;
    }

    fn set(&mut self, targets: Option<Vec<(&str, &str)>>) {
        let around = Around {
            topics: &self.topics,
            settings: &self.settings,
        };
        let targets = targets.map(|t| {
            let each = t.into_iter();
            each.map(|(m, p)| (m.to_owned(), partitions(p))).collect()
        });
        self.group.set_targets(targets, &around);
    }

    fn epochs(&self) -> (i32, i32, &'static str) {
        let g = &self.group;
        (g.epoch(), g.assignment_epoch(), g.state_name())
    }
}

fn some(s: &str) -> Option<Partitions> {
    Some(partitions(s))
}

#[test]
fn a_second_member_gets_what_the_first_gives_up() {
    let mut p = Play::new();
    assert_eq!(p.ok(&join("m1", &["a"])), (1, some("a:0,1,2,3")));
    assert_eq!(p.ok(&ping("m1", 1)), (1, None));
    assert_eq!(p.ok(&join("m2", &["a"])), (2, some("")));
    assert_eq!(p.ok(&ping("m1", 1)), (1, some("a:0,1")));
    assert_eq!(p.epochs(), (2, 2, "Reconciling"));
    // It has not said that it gave them up.
    assert_eq!(p.ok(&ping("m1", 1)), (1, None));
    assert_eq!(p.ok(&owning("m1", 1, "a:0,1,2")), (1, None));
    assert_eq!(p.ok(&ping("m2", 2)), (2, None));
    assert_eq!(p.ok(&owning("m1", 1, "a:0,1")), (2, None));
    assert_eq!(p.ok(&ping("m2", 2)), (2, some("a:2,3")));
    assert_eq!(p.epochs(), (2, 2, "Stable"));
}

#[test]
fn new_partitions_come_together_where_that_is_set() {
    for together in [false, true] {
        let mut p = Play::new();
        p.settings.new_partitions_together = together;
        p.ok(&join("m1", &["a"]));
        p.ok(&join("m2", &["b"]));
        p.set(Some(vec![("m1", "a:0,1,2,3"), ("m2", "b:0")]));
        p.ok(&ping("m1", 1));
        p.ok(&ping("m2", 2));
        let (epoch, _) = p.ok(&owning("m2", 2, "b:0"));
        assert_eq!(p.epochs(), (epoch, epoch, "Stable"));
        p.set(Some(vec![("m1", "a:0,1"), ("m2", "a:2,3 b:0,1")]));
        let next = epoch + 1;
        let free = if together { None } else { some("b:0,1") };
        assert_eq!(p.ok(&ping("m2", epoch)), (next, free));
        assert_eq!(p.ok(&ping("m1", epoch)), (epoch, some("a:0,1")));
        assert_eq!(p.ok(&owning("m1", epoch, "a:0,1")), (next, None));
        assert_eq!(p.ok(&ping("m2", next)), (next, some("a:2,3 b:0,1")));
        assert_eq!(p.epochs(), (next, next, "Stable"));
    }
}

#[test]
fn partitions_that_were_to_be_given_up_can_come_back_at_once() {
    let mut p = Play::new();
    p.ok(&join("m1", &["a"]));
    p.ok(&join("m2", &["a"]));
    assert_eq!(p.ok(&ping("m1", 1)), (1, some("a:0,1")));
    assert_eq!(p.ok(&ping("m2", -1)), (-1, None));
    // Whoever owns them all has not yet done what it was told.
    assert_eq!(p.ok(&owning("m1", 1, "a:0,1,2,3")), (1, None));
    assert_eq!(p.ok(&owning("m1", 1, "a:0,1")), (3, some("a:0,1,2,3")));
    assert_eq!(p.epochs(), (3, 3, "Stable"));
}

#[test]
fn epochs_are_checked() {
    let mut p = Play::new();
    p.ok(&join("m1", &["a"]));
    p.ok(&join("m2", &["a"]));
    p.ok(&ping("m1", 1));
    p.ok(&owning("m1", 1, "a:0,1"));
    // The answer with epoch 2 may have been lost.
    assert_eq!(p.ok(&owning("m1", 1, "a:0")), (2, None));
    assert_eq!(p.err(&ping("m1", 1)), E::FencedMemberEpoch);
    assert_eq!(p.err(&owning("m1", 1, "a:0,2")), E::FencedMemberEpoch);
    assert_eq!(p.err(&ping("m1", 9)), E::FencedMemberEpoch);
    assert_eq!(p.err(&ping("m3", 1)), E::UnknownMemberId);
    assert_eq!(p.err(&ping("m3", -1)), E::UnknownMemberId);
    // Who starts anew is told everything.
    assert_eq!(p.ok(&join("m1", &["a"])), (2, some("a:0,1")));
}

#[test]
fn requests_are_checked() {
    let mut p = Play::new();
    let good = join("m", &["a"]);
    let bad = [
        good.clone().with_group_id(Default::default()),
        good.clone().with_member_id(text(" ")),
        good.clone().with_instance_id(Some(text(""))),
        good.clone().with_rack_id(Some(text(""))),
        good.clone().with_rebalance_timeout_ms(-1),
        good.clone().with_topic_partitions(None),
        good.clone()
            .with_topic_partitions(Some(listed(&partitions("a:0")))),
        good.clone().with_subscribed_topic_names(None),
        ping("m", -3),
        ping("m", -2),
        ping("", -1),
        ping("", 1),
    ];
    for request in bad {
        assert_eq!(p.err(&request), E::InvalidRequest, "{request:?}");
    }
    let assignor = good.clone().with_server_assignor(Some(text("sticky")));
    assert_eq!(p.err(&assignor), E::UnsupportedAssignor);
    let regex = good.clone().with_subscribed_topic_regex(Some(text("((")));
    assert_eq!(p.err(&regex), E::InvalidRegularExpression);
    assert_eq!(p.epochs(), (0, 0, "Empty"));
    let nameless = good.clone().with_member_id(text(""));
    assert!(check(&nameless, 0).is_ok());
    assert_eq!(p.ok(&join("m", &[])), (1, some("")));
}

#[test]
fn a_full_group_takes_no_more() {
    let mut p = Play::new();
    p.settings.max_size = 1;
    p.ok(&join("m1", &["a"]));
    assert_eq!(p.err(&join("m2", &["a"])), E::GroupMaxSizeReached);
    p.ok(&ping("m1", 1));
}

#[test]
fn a_static_member_comes_back_under_another_id() {
    let mut p = Play::new();
    let instance = |r: Request| r.with_instance_id(Some(text("i")));
    p.ok(&instance(join("m1", &["a"])));
    assert_eq!(
        p.err(&instance(join("m2", &["a"]))),
        E::UnreleasedInstanceId
    );
    assert_eq!(
        p.err(&instance(join("m1", &["a"]))),
        E::UnreleasedInstanceId
    );
    assert_eq!(p.ok(&instance(ping("m1", -2))), (-2, None));
    assert_eq!(p.epochs(), (1, 1, "Reconciling"));
    assert_eq!(p.err(&instance(ping("m1", 1))), E::FencedMemberEpoch);
    // Others do not get what it left.
    assert_eq!(p.ok(&join("m3", &["a"])), (2, some("")));
    assert_eq!(p.ok(&ping("m3", 2)), (2, None));
    assert_eq!(p.ok(&instance(join("m2", &["a"]))), (2, some("a:0,1")));
    assert_eq!(p.err(&instance(ping("m1", 1))), E::FencedInstanceId);
    assert_eq!(p.err(&instance(ping("m1", -1))), E::FencedInstanceId);
    assert_eq!(p.err(&ping("m1", 1)), E::UnknownMemberId);
    assert_eq!(p.ok(&ping("m3", 2)), (2, some("a:2,3")));
    // Gone for longer than its session: it is out.
    p.ok(&instance(ping("m2", -2)));
    p.pass(30_000);
    p.ok(&ping("m3", 2));
    p.pass(20_000);
    assert_eq!(p.ok(&ping("m3", 2)), (3, some("a:0,1,2,3")));
}

#[test]
fn silence_and_slow_revocation_put_a_member_out() {
    let mut p = Play::new();
    p.ok(&join("m1", &["a"]).with_rebalance_timeout_ms(1000));
    p.ok(&join("m2", &["a"]));
    p.ok(&ping("m1", 1));
    p.pass(900);
    p.ok(&ping("m1", 1));
    p.pass(200);
    assert_eq!(p.err(&ping("m1", 1)), E::UnknownMemberId);
    assert_eq!(p.epochs(), (3, 2, "Assigning"));
    assert_eq!(p.ok(&ping("m2", 2)), (3, some("a:0,1,2,3")));
    p.pass(44_000);
    p.ok(&ping("m2", 3));
    p.pass(44_000);
    assert_eq!(p.epochs(), (3, 3, "Stable"));
    p.pass(1_000);
    assert_eq!(p.epochs(), (4, 3, "Empty"));
    assert_eq!(p.group.next_deadline(), None);
}

#[test]
fn subscriptions_and_topics_change_what_members_have() {
    let mut p = Play::new();
    assert_eq!(p.ok(&join("m", &["a", "z"])), (1, some("a:0,1,2,3")));
    p.topics.insert("z".to_owned(), (id("z"), 1));
    assert_eq!(p.ok(&ping("m", 1)), (2, some("a:0,1,2,3 z:0")));
    let only_b = ping("m", 2).with_subscribed_topic_names(names(&["b"]));
    assert_eq!(p.ok(&only_b), (2, some("")));
    assert_eq!(p.ok(&owning("m", 2, "")), (3, some("b:0,1,2")));
    p.topics.insert("b".to_owned(), (id("b"), 5));
    assert_eq!(p.ok(&ping("m", 3)), (4, some("b:0,1,2,3,4")));
    p.topics.remove("b");
    assert_eq!(p.ok(&ping("m", 4)), (4, some("")));
    assert_eq!(p.ok(&owning("m", 4, "")), (5, None));
    assert!(p.group.subscribes_to("b") && !p.group.subscribes_to("a"));
}

fn by_regex(r: Request, regex: &str) -> Request {
    r.with_subscribed_topic_regex(Some(text(regex)))
}

#[test]
fn regexes_match_whole_names() {
    let mut p = Play::new();
    p.topics.insert("ab".to_owned(), (id("x"), 1));
    let join = by_regex(join("m", &[]), "[ac]");
    assert_eq!(p.ok(&join), (1, some("a:0,1,2,3")));
    p.topics.insert("c".to_owned(), (id("c"), 1));
    assert_eq!(p.ok(&ping("m", 1)), (2, some("a:0,1,2,3 c:0")));
    let all = by_regex(ping("m", 2), "[ac]b?").with_subscribed_topic_names(names(&["b"]));
    assert_eq!(p.ok(&all), (3, some("a:0,1,2,3 b:0,1,2 c:0 x:0")));
    assert_eq!(p.ok(&by_regex(ping("m", 3), "")), (3, some("b:0,1,2")));
}

/// As Kafka does it: the first answer is without the matching topics.
#[test]
fn regexes_can_take_their_time() {
    let mut p = Play::new();
    p.settings.resolve = Resolve::Later {
        after_ms: 10,
        interval_ms: 10_000,
    };
    let join = |m| by_regex(join(m, &[]), "a");
    assert_eq!(p.ok(&join("m1")), (1, some("")));
    assert_eq!(p.ok(&ping("m1", 1)), (1, None));
    p.pass(10);
    assert_eq!(p.epochs(), (2, 1, "Assigning"));
    assert_eq!(p.ok(&ping("m1", 1)), (2, some("a:0,1,2,3")));
    // Known already.
    assert_eq!(p.ok(&join("m2")), (3, some("")));
    // Not known: the topics are given up, and looked up when the interval is over.
    assert_eq!(p.ok(&by_regex(ping("m1", 2), "b")), (2, some("")));
    assert_eq!(p.ok(&owning("m1", 2, "")), (3, None));
    p.pass(9_980);
    assert_eq!(p.ok(&ping("m1", 3)), (3, None));
    p.pass(20);
    assert_eq!(p.ok(&ping("m1", 3)), (4, some("b:0,1,2")));
}

#[test]
fn tests_can_set_the_targets() {
    let mut p = Play::new();
    p.ok(&join("m1", &["a"]));
    p.set(Some(vec![("m1", "a:3"), ("nobody", "a:0")]));
    assert_eq!(p.ok(&ping("m1", 1)), (1, some("a:3")));
    assert_eq!(p.ok(&owning("m1", 1, "a:3")), (2, None));
    // Who joins has nothing until it is said.
    assert_eq!(p.ok(&join("m2", &["a"])), (2, some("")));
    p.set(Some(vec![("m2", "a:0,3")]));
    assert_eq!(p.ok(&ping("m2", 2)), (3, some("a:0")));
    assert_eq!(p.ok(&ping("m1", 2)), (3, None));
    p.set(Some(vec![("m1", "")]));
    assert_eq!(p.ok(&ping("m1", 3)), (3, some("")));
    assert_eq!(p.ok(&owning("m1", 3, "")), (4, None));
    assert_eq!(p.ok(&ping("m2", 3)), (4, some("a:0,3")));
    p.set(None);
    assert_eq!(p.ok(&ping("m1", 4)), (5, some("a:1,2")));
    assert_eq!(p.ok(&ping("m2", 4)), (5, None));
}

fn sizes(p: &Play) -> Vec<usize> {
    let targets = p.group.targets.values();
    let size = |t: &Partitions| t.values().map(BTreeSet::len).sum();
    let mut sizes: Vec<usize> = targets.map(size).collect();
    sizes.sort_unstable();
    sizes
}

#[test]
fn assignors_are_voted_for() {
    let mut p = Play::new();
    let with = |r: Request, a: &str| r.with_server_assignor(Some(text(a)));
    p.ok(&with(join("m1", &["a", "b"]), "range"));
    p.ok(&join("m2", &["a", "b"]));
    assert_eq!(p.group.assignor(), Assignor::Range);
    assert_eq!(p.group.target("m1"), some("a:0,1 b:0,1").as_ref());
    assert_eq!(p.group.target("m2"), some("a:2,3 b:2").as_ref());
    p.ok(&with(join("m3", &["a"]), "uniform"));
    assert_eq!(p.group.assignor(), Assignor::Uniform);
    assert_eq!(sizes(&p), [2, 2, 3]);
    // What can stay stays.
    assert_eq!(p.group.target("m2"), some("a:2,3 b:2").as_ref());
}

#[test]
fn commits_and_fetches_are_by_member_and_epoch() {
    let mut p = Play::new();
    let who = |member_id, generation, transactional, version| Committer {
        member_id,
        instance_id: None,
        generation,
        transactional,
        version,
    };
    assert_eq!(p.group.check_commit(who("", -1, false, 9)), Ok(()));
    p.ok(&join("m", &["a"]));
    let commit = |id, epoch, txn, v| p.group.check_commit(who(id, epoch, txn, v));
    assert_eq!(commit("m", 1, false, 9), Ok(()));
    assert_eq!(commit("m", 1, false, 8), Err(E::UnsupportedVersion));
    assert_eq!(commit("m", 1, true, 3), Ok(()));
    assert_eq!(commit("m", 0, false, 9), Err(E::StaleMemberEpoch));
    assert_eq!(commit("m", 0, true, 3), Err(E::IllegalGeneration));
    assert_eq!(commit("x", 1, false, 9), Err(E::UnknownMemberId));
    assert_eq!(commit("", -1, false, 9), Err(E::UnknownMemberId));
    let fetch = |id, epoch| p.group.check_fetch(id, epoch);
    assert_eq!(fetch(None, -1), Ok(()));
    assert_eq!(fetch(Some("m"), 1), Ok(()));
    assert_eq!(fetch(Some("m"), 2), Err(E::StaleMemberEpoch));
    assert_eq!(fetch(Some(""), -1), Err(E::UnknownMemberId));
}

/// A member as a client is one: it owns what it was told last, once it has had the time.
#[derive(Default)]
struct Client {
    epoch: i32,
    owned: Partitions,
    told: Partitions,
    topics: Vec<&'static str>,
    /// The answer to its last heartbeat was lost.
    unheard: bool,
}

/// Members that come, go, are slow and lose answers never own a partition twice, and in
/// the end everything is owned.
#[test]
fn random_members_never_share_a_partition() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut p = Play::new();
        let mut clients: BTreeMap<String, Client> = BTreeMap::new();
        for step in 0..200 {
            random_step(&mut p, &mut clients, &mut rng, step);
            no_partition_twice(&clients, seed);
        }
        if clients.is_empty() {
            clients.insert("last".to_owned(), Client::default());
        }
        for c in clients.values_mut() {
            c.topics = vec!["a", "b"];
        }
        for _ in 0..12 {
            for id in clients.keys().cloned().collect::<Vec<_>>() {
                beat(&mut p, &mut clients, &id, false);
            }
        }
        let owned: usize = clients
            .values()
            .flat_map(|c| c.owned.values())
            .map(BTreeSet::len)
            .sum();
        assert_eq!(owned, 7, "seed {seed}: {:?}", p.group);
        assert_eq!(p.group.state_name(), "Stable", "seed {seed}");
    }
}

fn no_partition_twice(clients: &BTreeMap<String, Client>, seed: u64) {
    let mut owners = BTreeSet::new();
    for c in clients.values() {
        for (topic, partitions) in &c.owned {
            for p in partitions {
                assert!(
                    owners.insert((*topic, *p)),
                    "seed {seed}: {topic} {p} twice"
                );
            }
        }
    }
}

fn random_step(
    p: &mut Play,
    clients: &mut BTreeMap<String, Client>,
    rng: &mut fastrand::Rng,
    step: u32,
) {
    let ids: Vec<String> = clients.keys().cloned().collect();
    match rng.u32(..20) {
        0 if clients.len() < 6 => {
            clients.insert(format!("m{step}"), Client::default());
        }
        1 => {
            if let Some(id) = rng.choice(&ids) {
                let _ = p.send(&ping(id, -1));
                clients.remove(id);
            }
        }
        // It is gone, and its session with it.
        2 => {
            if let Some(id) = rng.choice(&ids) {
                clients.remove(id);
                for _ in 0..5 {
                    p.pass(10_000);
                    for id in clients.keys().cloned().collect::<Vec<_>>() {
                        beat(p, clients, &id, false);
                    }
                }
            }
        }
        3 => {
            if let Some(c) = rng.choice(&ids).and_then(|id| clients.get_mut(id)) {
                c.topics = vec![["a", "b"][rng.usize(..2)]];
            }
        }
        _ => {
            if let Some(id) = rng.choice(&ids) {
                let lost = rng.u32(..8) == 0;
                beat(p, clients, id, lost);
            }
        }
    }
}

/// The client does what it was told before, and sends a heartbeat.
fn beat(p: &mut Play, clients: &mut BTreeMap<String, Client>, id: &str, lost: bool) {
    let Some(c) = clients.get_mut(id) else {
        return;
    };
    c.owned = c.told.clone();
    if c.topics.is_empty() {
        c.topics = vec!["a", "b"];
    }
    let request = match c.epoch {
        0 => {
            c.owned.clear();
            join(id, &c.topics)
        }
        epoch => {
            let mut request = ping(id, epoch)
                .with_topic_partitions(Some(listed(&c.owned)))
                .with_subscribed_topic_names(names(&c.topics));
            if c.unheard {
                request.rebalance_timeout_ms = 60_000;
            }
            request
        }
    };
    match p.send(&request) {
        Ok(_) if lost => c.unheard = true,
        Ok(response) => {
            c.unheard = false;
            let (epoch, assignment) = told(&response);
            c.epoch = epoch;
            if let Some(assignment) = assignment {
                c.told = assignment;
            }
        }
        Err(E::FencedMemberEpoch | E::UnknownMemberId) => {
            let topics = std::mem::take(&mut c.topics);
            *c = Client {
                topics,
                ..Client::default()
            };
        }
        Err(e) => panic!("{e:?} to {request:?}"),
    }
}
