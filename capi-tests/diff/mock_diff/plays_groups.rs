//! The offsets of a play: committed by nobody in particular, by a member of the group, or
//! by one that no longer is.

use super::Play;
use crate::Diff;
use crate::logs::topic_name;
use crate::side::text;
use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

/// The group's only member; its id is each side's own.
pub struct Member {
    generation: Option<i32>,
    /// It has an instance id.
    fixed: bool,
}

impl Member {
    pub fn new(fixed: bool) -> Member {
        Member {
            generation: None,
            fixed,
        }
    }

    fn instance(&self) -> Option<StrBytes> {
        self.fixed.then(|| text("player"))
    }
}

impl Play {
    fn member_key(&self) -> String {
        format!("{} member", self.key)
    }

    pub fn add_offsets(&mut self, diff: &mut Diff) {
        let n = self.claim(diff);
        let version = self.versions.add_offsets;
        let detail = self.detail(&format!("v{version} as {n}"));
        let this = &*self;
        diff.both("AddOffsetsToTxn in a play", &detail, |side| {
            let (pid, epoch) = this.identity(side, n);
            let request = AddOffsetsToTxnRequest::default()
                .with_transactional_id(this.txn.clone())
                .with_group_id(this.group.clone())
                .with_producer_id(ProducerId(pid))
                .with_producer_epoch(epoch);
            (format!("{:?}", side.settled(version, &request)), ())
        });
    }

    pub fn commit_offsets(&mut self, diff: &mut Diff) {
        let n = self.claim(diff);
        let version = self.versions.commit;
        let (partition, offset) = (diff.rng.i32(0..2), diff.rng.i64(0..100));
        let generation = match self.member.generation {
            Some(g) if diff.chance(70) => g,
            Some(g) => *diff.pick(&[g - 1, g + 1, -1]),
            None => *diff.pick(&[-1, -1, -1, 0]),
        };
        let known = diff.chance(90);
        let detail = self.detail(&format!(
            "v{version} as {n} {partition} generation {generation} known {known}"
        ));
        let this = &*self;
        diff.both("TxnOffsetCommit in a play", &detail, |side| {
            let (pid, epoch) = this.identity(side, n);
            let p = TxnOffsetCommitRequestPartition::default()
                .with_partition_index(partition)
                .with_committed_offset(offset)
                .with_committed_metadata(Some(text("of a play")));
            let t = TxnOffsetCommitRequestTopic::default().with_name(topic_name(&this.topic));
            let member = match generation >= 0 && known {
                true => side.text(&this.member_key()),
                false if generation >= 0 => "stranger",
                false => "",
            };
            let instance = this.member.instance().filter(|_| version >= 3);
            let request = TxnOffsetCommitRequest::default()
                .with_group_instance_id(instance)
                .with_transactional_id(this.txn.clone())
                .with_group_id(this.group.clone())
                .with_producer_id(ProducerId(pid))
                .with_producer_epoch(epoch)
                .with_generation_id(generation)
                .with_member_id(text(member))
                .with_topics(vec![t.with_partitions(vec![p])]);
            (format!("{:?}", side.settled(version, &request)), ())
        });
        self.committed(diff);
    }

    /// A member comes or goes, or the whole group is deleted.
    pub fn disturb_group(&mut self, diff: &mut Diff) {
        match self.member.generation {
            Some(_) if diff.chance(40) => self.leave(diff),
            _ if diff.chance(30) => self.delete_group(diff),
            _ => self.join(diff),
        }
        self.committed(diff);
    }

    fn join(&mut self, diff: &mut Diff) {
        let detail = self.detail("");
        let this = &*self;
        let generation = diff.both("JoinGroup in a play", &detail, |side| {
            let metadata = Bytes::from_static(b"\0\0\0\0\0\x01\0\x02t1\xff\xff\xff\xff");
            let request = JoinGroupRequest::default()
                .with_group_id(this.group.clone())
                .with_member_id(text(side.text(&this.member_key())))
                .with_group_instance_id(this.member.instance())
                .with_session_timeout_ms(60_000)
                .with_rebalance_timeout_ms(60_000)
                .with_protocol_type(text("consumer"))
                .with_protocols(vec![
                    JoinGroupRequestProtocol::default()
                        .with_name(text("range"))
                        .with_metadata(metadata),
                ]);
            let version = if this.member.fixed { 5 } else { 3 };
            let response = side.settled(version, &request).expect("answer");
            let id = response.member_id.to_string();
            if response.error_code == 0 && side.text(&this.member_key()) != id {
                let n = side.number("play members").max(0) + 1;
                side.numbers.insert("play members".to_owned(), n);
                side.call_it(id.clone(), &format!("PLAYER-{n}"));
                side.texts.insert(this.member_key(), id);
            }
            if response.error_code != 0 {
                side.texts.remove(&this.member_key());
            }
            let joined = (response.error_code == 0).then_some(response.generation_id);
            (format!("{response:?}"), joined)
        });
        self.member.generation = generation;
        let Some(generation) = generation else {
            return;
        };
        let this = &*self;
        diff.both("SyncGroup in a play", &detail, |side| {
            let request = SyncGroupRequest::default()
                .with_group_id(this.group.clone())
                .with_member_id(text(side.text(&this.member_key())))
                .with_generation_id(generation);
            (format!("{:?}", side.settled(3, &request)), ())
        });
    }

    fn leave(&mut self, diff: &mut Diff) {
        self.member.generation = None;
        let this = &*self;
        diff.both("LeaveGroup in a play", &this.detail(""), |side| {
            let member =
                MemberIdentity::default().with_member_id(text(side.text(&this.member_key())));
            let request = LeaveGroupRequest::default()
                .with_group_id(this.group.clone())
                .with_members(vec![member]);
            side.texts.remove(&this.member_key());
            (format!("{:?}", side.settled(3, &request)), ())
        });
    }

    fn delete_group(&mut self, diff: &mut Diff) {
        let this = &*self;
        diff.both("DeleteGroups in a play", &this.detail(""), |side| {
            let request =
                DeleteGroupsRequest::default().with_groups_names(vec![this.group.clone()]);
            (format!("{:?}", side.settled(2, &request)), ())
        });
    }

    /// What the group has committed, and what is about to be.
    pub fn committed(&self, diff: &mut Diff) {
        for stable in [false, true] {
            let wanted = OffsetFetchRequestTopics::default()
                .with_name(topic_name(&self.topic))
                .with_partition_indexes(vec![0, 1]);
            let group = OffsetFetchRequestGroup::default()
                .with_group_id(self.group.clone())
                .with_topics(Some(vec![wanted]));
            let request = OffsetFetchRequest::default()
                .with_require_stable(stable)
                .with_groups(vec![group]);
            let detail = self.detail(&format!("stable {stable}"));
            diff.both("OffsetFetch in a play", &detail, |side| {
                (format!("{:?}", side.settled(8, &request)), ())
            });
        }
    }
}
