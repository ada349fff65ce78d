//! Two members of one group, each on a connection of its own: joins and syncs that wait
//! for the other one, static members that come back, ways to leave.
//!
//! A play is written down before it begins, then each side plays it alone, and the
//! two protocols are compared line by line.

use crate::Diff;
use crate::logs::{World, topic_name};
use crate::side::{Side, text};
use bytes::Bytes;
use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::*;
use std::fmt::Debug;

#[derive(Clone, Copy, Debug)]
enum Ending {
    /// The second member goes, the first one rejoins alone.
    OneLeaves,
    /// The second one comes back as if it had been started again.
    Restart,
    /// The member that does not lead, or the one that does, joins once more.
    FollowerRejoins,
    LeaderRejoins,
    /// The second one comes with a protocol that the first one does not have.
    OtherProtocol,
}

const ENDINGS: [Ending; 5] = [
    Ending::OneLeaves,
    Ending::Restart,
    Ending::FollowerRejoins,
    Ending::LeaderRejoins,
    Ending::OtherProtocol,
];

#[derive(Clone, Debug)]
struct Play {
    group: GroupId,
    topic: String,
    fixed: bool,
    join: i16,
    sync: i16,
    heartbeat: i16,
    leave: i16,
    commit: i16,
    describe: i16,
    ending: Ending,
}

pub fn step(diff: &mut Diff, world: &World) {
    let fixed = diff.rng.bool();
    let play = Play {
        group: GroupId(text(&format!("p{}-{:08x}", diff.run, diff.rng.u32(..)))),
        topic: world.topics[0].clone(),
        fixed,
        join: diff.rng.i16(if fixed { 5 } else { 0 }..=9),
        sync: diff.rng.i16(if fixed { 3 } else { 0 }..=5),
        heartbeat: diff.rng.i16(if fixed { 3 } else { 0 }..=4),
        leave: diff.rng.i16(3..=5),
        commit: diff.rng.i16(if fixed { 7 } else { 2 }..=9),
        describe: diff.rng.i16(if fixed { 4 } else { 0 }..=6),
        ending: *diff.pick(&ENDINGS),
    };
    let mock = Stage::new(&mut diff.mock, &play).perform();
    let kafka = Stage::new(&mut diff.kafka, &play).perform();
    let detail = format!("{play:?}");
    diff.both("Group of two", &detail, |_| (String::new(), ()));
    for (mock, kafka) in mock.iter().zip(&kafka) {
        diff.compare("Group of two", &detail, mock, kafka);
    }
}

struct Stage<'a> {
    side: &'a mut Side,
    members: [Side; 2],
    ids: [String; 2],
    generation: i32,
    play: &'a Play,
    protocol: Vec<String>,
}

impl<'a> Stage<'a> {
    fn new(side: &'a mut Side, play: &'a Play) -> Stage<'a> {
        let members = [side.another(), side.another()];
        Stage {
            side,
            members,
            ids: Default::default(),
            generation: -1,
            play,
            protocol: Vec::new(),
        }
    }

    fn note(&mut self, what: &str, answer: &impl Debug) {
        self.protocol.push(format!("{what}: {answer:?}"));
    }

    fn instance(&self, who: usize) -> Option<kafka_protocol::protocol::StrBytes> {
        self.play.fixed.then(|| text(["first", "second"][who]))
    }

    fn join_request(&self, who: usize, protocol: &str) -> JoinGroupRequest {
        let metadata = Bytes::from_static(b"\0\0\0\0\0\x01\0\x02t1\xff\xff\xff\xff");
        let mut request = JoinGroupRequest::default()
            .with_group_id(self.play.group.clone())
            .with_member_id(text(&self.ids[who]))
            .with_group_instance_id(self.instance(who))
            .with_session_timeout_ms(60_000)
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![
                JoinGroupRequestProtocol::default()
                    .with_name(text(protocol))
                    .with_metadata(metadata),
            ]);
        if self.play.join >= 1 {
            request.rebalance_timeout_ms = 60_000;
        }
        request
    }

    /// Sends a join; the answer is waited for elsewhere. A newcomer may have to take an id first.
    fn send_join(&mut self, who: usize, protocol: &str) {
        let version = self.play.join;
        let mut request = self.join_request(who, protocol);
        if version >= 4 && self.ids[who].is_empty() && !self.play.fixed {
            let response = self.members[who].ask(version, &request).expect("answer");
            self.call(who, response.member_id.as_str());
            self.note("id", &response);
            request.member_id = response.member_id;
        }
        self.members[who].send(version, &request);
    }

    fn call(&mut self, who: usize, id: &str) {
        self.ids[who] = id.to_owned();
        let n = self.side.number("pairs").max(0) + 1;
        self.side.numbers.insert("pairs".to_owned(), n);
        self.side.call_it(id.to_owned(), &format!("MEMBER-{n}"));
    }

    fn joined(&mut self, who: usize) -> JoinGroupResponse {
        let answer = self.members[who].receive::<JoinGroupRequest>(self.play.join);
        let mut response = answer.expect("answer");
        if response.error_code == 0 {
            if self.ids[who] != response.member_id.as_str() {
                self.call(who, response.member_id.as_str());
            }
            self.generation = response.generation_id;
        }
        // In which order is no promise of either; by the names it is the same.
        let ids = self.ids.clone();
        response
            .members
            .sort_by_key(|m| ids.iter().position(|id| *id == m.member_id.as_str()));
        response
    }

    fn leader(&self, response: &JoinGroupResponse) -> usize {
        usize::from(self.ids[1] == response.leader.as_str())
    }

    fn send_sync(&mut self, who: usize, leads: bool) {
        let all = self.ids.iter().enumerate().map(|(n, id)| {
            SyncGroupRequestAssignment::default()
                .with_member_id(text(id))
                .with_assignment(Bytes::from(format!("for {n}")))
        });
        let mut request = SyncGroupRequest::default()
            .with_group_id(self.play.group.clone())
            .with_member_id(text(&self.ids[who]))
            .with_group_instance_id(self.instance(who))
            .with_generation_id(self.generation);
        if leads {
            request.assignments = all.filter(|a| !a.member_id.is_empty()).collect();
        }
        if self.play.sync >= 5 {
            request.protocol_type = Some(text("consumer"));
            request.protocol_name = Some(text("range"));
        }
        self.members[who].send(self.play.sync, &request);
    }

    fn synced(&mut self, who: usize) {
        let response = self.members[who].receive::<SyncGroupRequest>(self.play.sync);
        self.note("sync", &response);
    }

    /// The second one's sync first, so that it may have to wait.
    fn sync_both(&mut self, leader: usize) {
        let other = 1 - leader;
        self.send_sync(other, false);
        self.heartbeat(leader);
        self.commit(leader);
        self.send_sync(leader, true);
        self.synced(leader);
        self.synced(other);
    }

    fn heartbeat(&mut self, who: usize) {
        self.heartbeat_as(who, &self.ids[who].clone());
    }

    fn heartbeat_as(&mut self, who: usize, id: &str) {
        let request = HeartbeatRequest::default()
            .with_group_id(self.play.group.clone())
            .with_member_id(text(id))
            .with_group_instance_id(self.instance(who))
            .with_generation_id(self.generation);
        let response = self.members[who].ask(self.play.heartbeat, &request);
        self.note("heartbeat", &response);
    }

    fn commit(&mut self, who: usize) {
        let p = OffsetCommitRequestPartition::default()
            .with_committed_offset(7)
            .with_committed_metadata(Some(text("pair")));
        let t = OffsetCommitRequestTopic::default().with_name(topic_name(&self.play.topic));
        let request = OffsetCommitRequest::default()
            .with_group_id(self.play.group.clone())
            .with_member_id(text(&self.ids[who]))
            .with_group_instance_id(self.instance(who))
            .with_generation_id_or_member_epoch(self.generation)
            .with_topics(vec![t.with_partitions(vec![p])]);
        let response = self.members[who].ask(self.play.commit, &request);
        self.note("commit", &response);
    }

    fn describe(&mut self) -> DescribedGroup {
        let request = DescribeGroupsRequest::default().with_groups(vec![self.play.group.clone()]);
        let response = self.side.ask(self.play.describe, &request);
        let mut group = response.expect("answer").groups.swap_remove(0);
        let ids = self.ids.clone();
        group
            .members
            .sort_by_key(|m| ids.iter().position(|id| *id == m.member_id.as_str()));
        group
    }

    /// Until the other connection's request has reached the group.
    fn wait_for(&mut self, state: &str) {
        for _ in 0..2000 {
            if self.describe().group_state.as_str() == state {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("{}: the group is not {state}", self.side.name);
    }

    /// Both are in the next generation, after the second one's join was sent.
    fn rebalance(&mut self) -> usize {
        self.wait_for("PreparingRebalance");
        self.heartbeat(0);
        self.commit(0);
        self.send_join(0, "range");
        let first = self.joined(0);
        let second = self.joined(1);
        self.note("first", &first);
        self.note("second", &second);
        self.leader(&first)
    }

    fn leave(&mut self, members: &[(String, Option<usize>)]) {
        let members = members.iter().map(|(id, instance)| {
            MemberIdentity::default()
                .with_member_id(text(id))
                .with_group_instance_id(instance.and_then(|who| self.instance(who)))
        });
        let request = LeaveGroupRequest::default()
            .with_group_id(self.play.group.clone())
            .with_members(members.collect());
        let response = self.side.ask(self.play.leave, &request);
        self.note("leave", &response);
    }

    fn perform(mut self) -> Vec<String> {
        self.send_join(0, "range");
        let alone = self.joined(0);
        self.note("alone", &alone);
        self.send_sync(0, true);
        self.synced(0);
        self.send_join(1, "range");
        let leader = self.rebalance();
        self.sync_both(leader);
        let both = self.describe();
        self.note("described", &both);
        self.ending(leader);
        let described = self.describe();
        self.note("described", &described);
        let [first, second] = self.ids.clone();
        self.leave(&[
            (first, Some(0)),
            ("stranger".to_owned(), None),
            (second, Some(1)),
        ]);
        let described = self.describe();
        self.note("left", &described);
        self.protocol
    }

    fn ending(&mut self, leader: usize) {
        match self.play.ending {
            Ending::OneLeaves => {
                let second = std::mem::take(&mut self.ids[1]);
                self.leave(&[(second.clone(), Some(1))]);
                self.heartbeat_as(1, &second);
                self.heartbeat(0);
                self.send_join(0, "range");
                let alone = self.joined(0);
                self.note("alone", &alone);
                self.send_sync(0, true);
                self.synced(0);
            }
            Ending::Restart => {
                let old = std::mem::take(&mut self.ids[1]);
                self.send_join(1, "range");
                if self.play.fixed {
                    let again = self.joined(1);
                    self.note("again", &again);
                    self.heartbeat_as(1, &old);
                    self.heartbeat(1);
                    self.send_sync(1, leader == 1);
                    self.synced(1);
                } else {
                    // A third member, whose forerunner has to be taken out.
                    self.wait_for("PreparingRebalance");
                    self.leave(&[(old, None)]);
                    let leader = self.rebalance();
                    self.sync_both(leader);
                }
            }
            Ending::FollowerRejoins => {
                let other = 1 - leader;
                self.send_join(other, "range");
                let again = self.joined(other);
                self.note("again", &again);
                self.heartbeat(leader);
                self.send_sync(other, false);
                self.synced(other);
            }
            Ending::LeaderRejoins => {
                let other = 1 - leader;
                self.send_join(leader, "range");
                self.wait_for("PreparingRebalance");
                self.heartbeat(other);
                self.send_join(other, "range");
                for who in [0, 1] {
                    let again = self.joined(who);
                    self.note("again", &again);
                }
                self.sync_both(leader);
            }
            Ending::OtherProtocol => {
                self.send_join(1, "sticky");
                let refused = self.joined(1);
                self.note("refused", &refused);
            }
        }
    }
}
