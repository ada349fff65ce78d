//! Groups of the consumer protocol: up to four members, rightly and wrongly, and what
//! other requests say of them.
//!
//! A play is written down before it begins, then each side plays it alone, and the two
//! protocols are compared line by line. Which member gets which partition is compared
//! for the assignor `range`; for `uniform`, whose order of members is Kafka's own, how
//! many each gets, and only when everybody has settled.

use crate::Diff;
use crate::logs::{create_sized, topic_name};
use crate::side::{Side, text};
use kafka_protocol::messages::consumer_group_describe_response as described;
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// By topic id, as the side has it.
type Partitions = BTreeMap<uuid::Uuid, BTreeSet<i32>>;

const MEMBERS: usize = 4;

const TOPICS: [&str; 3] = ["one", "two", "three"];
const PARTITIONS: [i32; 3] = [4, 3, 5];

#[derive(Clone, Copy, Debug)]
enum Owned {
    /// The member does not say what it owns.
    Unsaid,
    /// What it was told last.
    Told,
    /// What it was told before that.
    Before,
    Nothing,
    Strange,
}

#[derive(Clone, Debug)]
enum Step {
    Join {
        who: usize,
        topics: Vec<usize>,
        version: i16,
    },
    Beat {
        who: usize,
        owned: Owned,
        /// Added to the epoch that the member has.
        off: i32,
        full: bool,
    },
    Subscribe {
        who: usize,
        topics: Vec<usize>,
    },
    Leave {
        who: usize,
        epoch: i32,
    },
    /// A static member goes on under another id.
    Restart {
        who: usize,
    },
    Wrong(usize, u32),
    Commit {
        who: usize,
        off: i32,
        version: i16,
    },
    Fetch {
        who: usize,
        off: i32,
        nobody: bool,
    },
    Describe(i16),
    List(u32),
    DescribeClassic(i16),
    Remove {
        who: usize,
        by_instance: bool,
    },
    ClassicHeartbeat(usize),
    DeleteOffsets(usize),
    Delete,
}

fn name(diff: &Diff, topic: &str) -> String {
    format!("k{}-{topic}", diff.run)
}

pub fn create(diff: &mut Diff) {
    for (topic, partitions) in TOPICS.into_iter().zip(PARTITIONS) {
        let name = name(diff, topic);
        create_sized(diff, &name, partitions, Vec::new());
    }
}

pub fn step(diff: &mut Diff) {
    match diff.rng.u32(..10) {
        0..6 => play(diff, "range"),
        6..9 => settling(diff),
        _ => by_regex(diff),
    }
}

fn new_group(diff: &mut Diff) -> GroupId {
    let n = diff.rng.u32(..);
    GroupId(text(&format!("k{}-{n:08x}", diff.run)))
}

fn some_topics(diff: &mut Diff) -> Vec<usize> {
    (0..TOPICS.len()).filter(|_| diff.chance(60)).collect()
}

/// A member that joins subscribes to something.
fn topics_to_join(diff: &mut Diff) -> Vec<usize> {
    let topics = some_topics(diff);
    match topics.is_empty() {
        true => vec![1],
        false => topics,
    }
}

fn random_step(diff: &mut Diff) -> Step {
    let who = diff.rng.usize(..MEMBERS);
    let owned = [
        Owned::Unsaid,
        Owned::Told,
        Owned::Told,
        Owned::Told,
        Owned::Before,
        Owned::Nothing,
        Owned::Strange,
    ];
    let off = *diff.pick(&[0, 0, 0, 0, 0, 0, -1, 1]);
    match diff.rng.u32(..100) {
        0..14 => Step::Join {
            who,
            topics: topics_to_join(diff),
            version: diff.rng.i16(0..=1),
        },
        14..54 => Step::Beat {
            who,
            owned: *diff.pick(&owned),
            off,
            full: diff.chance(15),
        },
        54..60 => Step::Subscribe {
            who,
            topics: some_topics(diff),
        },
        60..64 => Step::Leave {
            who,
            epoch: *diff.pick(&[-1, -1, -2, -2, -3]),
        },
        64..67 => Step::Restart { who },
        67..73 => Step::Wrong(who, diff.rng.u32(..10)),
        73..78 => Step::Commit {
            who,
            off,
            version: diff.rng.i16(7..=9),
        },
        78..82 => Step::Fetch {
            who,
            off,
            nobody: diff.chance(30),
        },
        82..90 => Step::Describe(diff.rng.i16(0..=1)),
        90..92 => Step::List(diff.rng.u32(..4)),
        92..94 => Step::DescribeClassic(diff.rng.i16(0..=6)),
        94..96 => Step::Remove {
            who,
            by_instance: diff.rng.bool(),
        },
        96..97 => Step::ClassicHeartbeat(who),
        97..99 => Step::DeleteOffsets(diff.rng.usize(..TOPICS.len())),
        _ => Step::Delete,
    }
}

fn play(diff: &mut Diff, assignor: &'static str) {
    let mut steps = vec![Step::Join {
        who: 0,
        topics: vec![0, 1],
        version: 1,
    }];
    let more = diff.rng.usize(10..40);
    steps.extend((0..more).map(|_| random_step(diff)));
    steps.push(Step::Describe(1));
    // Half of them have instance ids.
    let fixed = diff.rng.usize(..=MEMBERS);
    let group = new_group(diff);
    compare(diff, &group, |stage| {
        stage.assignor = assignor;
        stage.fixed = fixed;
        for step in &steps {
            stage.perform(step);
        }
    });
}

/// Members come and go, and each time everybody beats until nothing changes any more.
fn settling(diff: &mut Diff) {
    let changes: Vec<(usize, bool)> = (0..diff.rng.usize(3..8))
        .map(|_| (diff.rng.usize(..MEMBERS), diff.chance(70)))
        .collect();
    let topics = topics_to_join(diff);
    let group = new_group(diff);
    compare(diff, &group, |stage| {
        stage.assignor = "uniform";
        for (who, joins) in &changes {
            match joins {
                true => stage.join(*who, &topics, 1),
                false => stage.leave(*who, -1),
            };
            // Who gets what, and when, is Kafka's own.
            stage.protocol.retain(|line| !line.starts_with("told"));
            stage.settle();
            stage.note_sizes();
        }
    });
}

/// Kafka resolves a regular expression in the background.
fn by_regex(diff: &mut Diff) {
    let patterns = ["k{}-.*", "k{}-(one|two)", "k{}-o", "k{}.*e"];
    let regex = diff.pick(&patterns).replace("{}", &diff.run);
    let group = new_group(diff);
    let matches = !regex.ends_with("-o");
    compare(diff, &group, |stage| {
        let mut request = stage.request(0, 0);
        request.rebalance_timeout_ms = 60_000;
        request.topic_partitions = Some(Vec::new());
        request.subscribed_topic_regex = Some(text(&regex));
        request.subscribed_topic_names = stage.names(&[]);
        let response = stage.send(0, 1, &request);
        stage.note("joined by regex", &response);
        for _ in 0..200 {
            if !stage.members[0].told.is_empty() || !matches {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
            let request = stage.request(0, 0);
            stage.send(0, 1, &request);
        }
        let told = format!("{:?}", stage.named(0));
        stage.note("by regex", &told);
        stage.describe(1);
    });
}

fn compare(diff: &mut Diff, group: &GroupId, play: impl Fn(&mut Stage<'_>)) {
    let topics: Vec<String> = TOPICS.iter().map(|t| name(diff, t)).collect();
    let perform = |side: &mut Side| {
        let mut stage = Stage {
            side,
            group: group.clone(),
            topics: topics.clone(),
            assignor: "range",
            fixed: 0,
            members: Default::default(),
            protocol: Vec::new(),
        };
        play(&mut stage);
        stage.protocol
    };
    let mock = perform(&mut diff.mock);
    let kafka = perform(&mut diff.kafka);
    diff.both("Group of consumers", "", |_| (String::new(), ()));
    let before = diff.differences();
    for (n, (mock, kafka)) in mock.iter().zip(&kafka).enumerate() {
        let detail = format!("{} line {n}", group.as_str());
        diff.compare("Group of consumers", &detail, mock, kafka);
        if diff.differences() > before {
            // What follows from the first difference tells nothing.
            break;
        }
    }
}

#[derive(Default)]
struct Member {
    /// How often it has been started anew.
    life: u32,
    epoch: i32,
    told: Partitions,
    before: Partitions,
}

struct Stage<'a> {
    side: &'a mut Side,
    group: GroupId,
    topics: Vec<String>,
    assignor: &'static str,
    /// How many of the members have instance ids.
    fixed: usize,
    members: [Member; MEMBERS],
    protocol: Vec<String>,
}

fn listed(partitions: &Partitions) -> Vec<TopicPartitions> {
    let topics = partitions.iter().map(|(id, p)| {
        TopicPartitions::default()
            .with_topic_id(*id)
            .with_partitions(p.iter().copied().collect())
    });
    topics.collect()
}

impl Stage<'_> {
    fn note(&mut self, what: &str, answer: &impl Debug) {
        self.protocol.push(format!("{what}: {answer:?}"));
    }

    fn id(&self, who: usize) -> String {
        format!("member-{who}-{}", self.members[who].life)
    }

    fn instance(&self, who: usize) -> Option<kafka_protocol::protocol::StrBytes> {
        (who < self.fixed).then(|| text(&format!("instance-{who}")))
    }

    fn names(&self, topics: &[usize]) -> Option<Vec<TopicName>> {
        let names = topics.iter().map(|&t| topic_name(&self.topics[t]));
        Some(names.collect())
    }

    /// A heartbeat with nothing but who it is from.
    fn request(&self, who: usize, off: i32) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest::default()
            .with_group_id(self.group.clone())
            .with_member_id(text(&self.id(who)))
            .with_member_epoch(self.members[who].epoch + off)
            .with_instance_id(self.instance(who))
            .with_rebalance_timeout_ms(-1)
            .with_subscribed_topic_names(None)
            .with_topic_partitions(None)
    }

    /// Sends a heartbeat; the answer's assignment is sorted.
    fn send(
        &mut self,
        who: usize,
        version: i16,
        request: &ConsumerGroupHeartbeatRequest,
    ) -> ConsumerGroupHeartbeatResponse {
        let mut response = self.side.settled(version, request).expect("answer");
        if response.error_code == 0 {
            let m = &mut self.members[who];
            m.epoch = response.member_epoch;
            if let Some(a) = &mut response.assignment {
                let partitions = a.topic_partitions.iter();
                let partitions = partitions
                    .map(|t| (t.topic_id, t.partitions.iter().copied().collect()))
                    .collect();
                m.before = std::mem::replace(&mut m.told, partitions);
                a.topic_partitions.clear();
            }
        }
        // The partitions are compared by the names of their topics.
        let told = response.assignment.is_some().then(|| self.named(who));
        if let Some(told) = told {
            self.protocol.push(format!("told {who}: {told:?}"));
        }
        response
    }

    fn named(&self, who: usize) -> BTreeMap<&str, &BTreeSet<i32>> {
        let told = self.members[who].told.iter();
        let named = told.map(|(id, p)| {
            let mut topics = self.topics.iter();
            let name = topics.find(|t| self.side.topic_id(t) == *id);
            (name.map_or("?", String::as_str), p)
        });
        named.collect()
    }

    fn join(&mut self, who: usize, topics: &[usize], version: i16) {
        let mut request = self.request(who, 0);
        request.member_epoch = 0;
        request.rebalance_timeout_ms = 60_000;
        request.subscribed_topic_names = self.names(topics);
        request.topic_partitions = Some(Vec::new());
        request.server_assignor = Some(text(self.assignor));
        let response = self.send(who, version, &request);
        self.note(&format!("join {who} {topics:?}"), &response);
    }

    fn leave(&mut self, who: usize, epoch: i32) {
        let mut request = self.request(who, 0);
        request.member_epoch = epoch;
        let response = self.send(who, 1, &request);
        self.note(&format!("leave {who}"), &response);
    }

    fn perform(&mut self, step: &Step) {
        match step {
            Step::Join {
                who,
                topics,
                version,
            } => self.join(*who, topics, *version),
            Step::Beat {
                who,
                owned,
                off,
                full,
            } => self.beat(*who, *owned, *off, *full),
            Step::Subscribe { who, topics } => {
                let mut request = self.request(*who, 0);
                request.subscribed_topic_names = self.names(topics);
                let response = self.send(*who, 1, &request);
                self.note(&format!("subscribe {who} {topics:?}"), &response);
            }
            Step::Leave { who, epoch } => self.leave(*who, *epoch),
            Step::Restart { who } => {
                self.leave(*who, if *who < self.fixed { -2 } else { -1 });
                self.members[*who].life += 1;
                self.join(*who, &[0, 2], 1);
            }
            Step::Wrong(who, how) => self.wrong(*who, *how),
            Step::Commit { who, off, version } => self.commit(*who, *off, *version),
            Step::Fetch { who, off, nobody } => self.fetch(*who, *off, *nobody),
            Step::Describe(version) => self.describe(*version),
            Step::List(filter) => self.list(*filter),
            Step::DescribeClassic(version) => {
                let request =
                    DescribeGroupsRequest::default().with_groups(vec![self.group.clone()]);
                let response = self.side.settled(*version, &request);
                self.note("described as classic", &response);
            }
            Step::Remove { who, by_instance } => self.remove(*who, *by_instance),
            Step::ClassicHeartbeat(who) => {
                let request = HeartbeatRequest::default()
                    .with_group_id(self.group.clone())
                    .with_member_id(text(&self.id(*who)))
                    .with_generation_id(self.members[*who].epoch);
                let response = self.side.settled(4, &request);
                self.note("classic heartbeat", &response);
            }
            Step::DeleteOffsets(topic) => self.delete_offsets(*topic),
            Step::Delete => {
                let request =
                    DeleteGroupsRequest::default().with_groups_names(vec![self.group.clone()]);
                let response = self.side.settled(2, &request);
                self.note("delete", &response);
            }
        }
    }

    fn beat(&mut self, who: usize, owned: Owned, off: i32, full: bool) {
        let mut request = self.request(who, off);
        let m = &self.members[who];
        request.topic_partitions = match owned {
            Owned::Unsaid => None,
            Owned::Told => Some(listed(&m.told)),
            Owned::Before => Some(listed(&m.before)),
            Owned::Nothing => Some(Vec::new()),
            Owned::Strange => {
                let strange = TopicPartitions::default().with_topic_id(uuid::Uuid::from_u128(7));
                Some(vec![strange.with_partitions(vec![0])])
            }
        };
        if full {
            request.rebalance_timeout_ms = 60_000;
            request.subscribed_topic_names = self.names(&[0, 1]);
            request.server_assignor = Some(text(self.assignor));
        }
        let response = self.send(who, 1, &request);
        self.note(&format!("beat {who} {owned:?} {off} {full}"), &response);
    }

    /// What no member should ask for.
    fn wrong(&mut self, who: usize, how: u32) {
        let mut r = self.request(who, 0);
        let good = |mut r: ConsumerGroupHeartbeatRequest, names| {
            r.member_epoch = 0;
            r.rebalance_timeout_ms = 1000;
            r.subscribed_topic_names = names;
            r.topic_partitions = Some(Vec::new());
            r
        };
        let names = self.names(&[0]);
        match how {
            0 => r.group_id = GroupId::default(),
            1 => r.instance_id = Some(text("")),
            2 => r.rack_id = Some(text("")),
            3 => r.server_assignor = Some(text("sticky")),
            4 => r.subscribed_topic_regex = Some(text("((")),
            5 => r = good(r, None),
            6 => {
                r = good(r, names);
                r.rebalance_timeout_ms = -1;
            }
            7 => {
                r = good(r, names);
                r.topic_partitions = None;
            }
            8 => r.member_id = text(""),
            _ => r.member_id = text("stranger"),
        }
        // The member has not asked for anything that it could be told.
        let response = self.side.settled(1, &r);
        self.note(&format!("wrong {who} {how}"), &response);
    }

    fn commit(&mut self, who: usize, off: i32, version: i16) {
        let p = OffsetCommitRequestPartition::default().with_committed_offset(7);
        let t = OffsetCommitRequestTopic::default().with_name(topic_name(&self.topics[0]));
        let request = OffsetCommitRequest::default()
            .with_group_id(self.group.clone())
            .with_member_id(text(&self.id(who)))
            .with_generation_id_or_member_epoch(self.members[who].epoch + off)
            .with_topics(vec![t.with_partitions(vec![p])]);
        let response = self.side.settled(version, &request);
        self.note(&format!("commit {who} v{version} {off}"), &response);
    }

    fn fetch(&mut self, who: usize, off: i32, nobody: bool) {
        let t = OffsetFetchRequestTopics::default()
            .with_name(topic_name(&self.topics[0]))
            .with_partition_indexes(vec![0, 1]);
        let mut g = OffsetFetchRequestGroup::default()
            .with_group_id(self.group.clone())
            .with_topics(Some(vec![t]));
        if !nobody {
            g.member_id = Some(text(&self.id(who)));
            g.member_epoch = self.members[who].epoch + off;
        }
        let request = OffsetFetchRequest::default().with_groups(vec![g]);
        let response = self.side.settled(9, &request);
        self.note(&format!("fetch {who} {off} {nobody}"), &response);
    }

    fn describe(&mut self, version: i16) {
        let request =
            ConsumerGroupDescribeRequest::default().with_group_ids(vec![self.group.clone()]);
        let mut response = self.side.settled(version, &request).expect("answer");
        for g in &mut response.groups {
            g.members.sort_by(|a, b| a.member_id.cmp(&b.member_id));
            for m in &mut g.members {
                m.subscribed_topic_names.sort();
                sort(&mut m.assignment);
                sort(&mut m.target_assignment);
            }
        }
        self.note("described", &response);
    }

    fn list(&mut self, filter: u32) {
        let mut request = ListGroupsRequest::default();
        match filter {
            0 => {}
            1 => request.types_filter = vec![text("CONSUMER")],
            2 => request.types_filter = vec![text("classic")],
            _ => request.states_filter = vec![text("stable"), text("Empty")],
        }
        let mut response = self.side.settled(5, &request).expect("answer");
        response.groups.retain(|g| g.group_id == self.group);
        self.note("listed", &response);
    }

    fn remove(&mut self, who: usize, by_instance: bool) {
        let mut member = MemberIdentity::default().with_group_instance_id(self.instance(who));
        if !by_instance || member.group_instance_id.is_none() {
            member.member_id = text(&self.id(who));
        }
        let request = LeaveGroupRequest::default()
            .with_group_id(self.group.clone())
            .with_members(vec![member]);
        let response = self.side.settled(5, &request);
        self.note(&format!("removed {who} {by_instance}"), &response);
    }

    fn delete_offsets(&mut self, topic: usize) {
        let p = OffsetDeleteRequestPartition::default();
        let t = OffsetDeleteRequestTopic::default().with_name(topic_name(&self.topics[topic]));
        let request = OffsetDeleteRequest::default()
            .with_group_id(self.group.clone())
            .with_topics(vec![t.with_partitions(vec![p])]);
        let response = self.side.settled(0, &request);
        self.note("offsets deleted", &response);
    }

    /// Members that are in it beat, owning what they are told, until nothing changes.
    fn settle(&mut self) {
        let from = self.protocol.len();
        for _ in 0..8 {
            for who in 0..MEMBERS {
                if self.members[who].epoch > 0 {
                    let mut request = self.request(who, 0);
                    request.topic_partitions = Some(listed(&self.members[who].told));
                    self.send(who, 1, &request);
                }
            }
        }
        self.protocol.truncate(from);
    }

    fn note_sizes(&mut self) {
        let members = self.members.iter().filter(|m| m.epoch > 0);
        let size = |m: &Member| m.told.values().map(BTreeSet::len).sum();
        let mut sizes: Vec<usize> = members.map(size).collect();
        sizes.sort_unstable();
        let epochs: Vec<i32> = self.members.iter().map(|m| m.epoch).collect();
        self.note("sizes", &sizes);
        self.note("epochs", &epochs);
    }
}

fn sort(assignment: &mut described::Assignment) {
    for t in &mut assignment.topic_partitions {
        t.partitions.sort_unstable();
    }
    let topics = &mut assignment.topic_partitions;
    topics.sort_by(|a, b| a.topic_name.cmp(&b.topic_name));
}
