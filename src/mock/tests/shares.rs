//! ShareFetch and ShareAcknowledge: sessions, waiting, locks, leaders.

use super::{Answer, Batch, Sim, text};
use crate::mock::command::{At, Change, PartitionChange, ShareChange};
use crate::mock::state::ConnId;
use crate::protocol::request::{decode_response, encode_request};
use crate::protocol::share::{RECORD_LIMIT, ShareAcknowledgeV2, ShareFetchV2};
use bytes::{Buf, BytesMut};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::share_acknowledge_request::{
    AcknowledgePartition, AcknowledgeTopic, AcknowledgementBatch as AcknowledgeBatch,
};
use kafka_protocol::messages::share_fetch_request::{
    AcknowledgementBatch, FetchPartition, FetchTopic, ForgottenTopic,
};
use kafka_protocol::messages::share_fetch_response::PartitionData;
use kafka_protocol::messages::{
    ApiKey, GroupId, RequestKind, ResponseKind, ShareAcknowledgeRequest, ShareAcknowledgeResponse,
    ShareFetchRequest, ShareFetchResponse,
};
use uuid::Uuid;

const TEN: [(Option<&str>, Option<&str>); 10] = [(None, Some("v")); 10];

type Acknowledged<'a> = (i64, i64, &'a [i8]);

struct Share {
    sim: Sim,
    id: Uuid,
    conn: ConnId,
}

impl Share {
    /// A topic with one partition and these many batches of ten records.
    fn new(brokers: i32, batches: usize) -> Share {
        let mut sim = Sim::new(brokers);
        sim.create("t", 1);
        let id = sim.state.topics["t"].id;
        let conn = sim.connect();
        let mut share = Share { sim, id, conn };
        share.change(ShareChange::Earliest(true));
        share.lead(1);
        share.produce(batches);
        share
    }

    fn change(&mut self, change: ShareChange) {
        let now = self.sim.now;
        self.sim.state.apply(now, Change::Share(change)).unwrap();
    }

    fn lead(&mut self, broker: i32) {
        let at = At {
            topic: "t".to_owned(),
            partition: 0,
        };
        let change = PartitionChange::Leader(broker);
        let now = self.sim.now;
        let change = Change::Partition { at, change };
        self.sim.state.apply(now, change).unwrap();
        self.sim.settle();
    }

    fn produce(&mut self, batches: usize) {
        for _ in 0..batches {
            let batch = Batch {
                records: &TEN,
                ..Batch::default()
            };
            assert_eq!(self.sim.produce("t", batch).0, 0);
        }
    }

    fn send(&mut self, broker: i32, api: ApiKey, request: RequestKind) {
        let mut frame = BytesMut::new();
        encode_request(api, 2, 7, Some("c"), &request, &mut frame).unwrap();
        frame.advance(4);
        self.sim.send_frame_on(self.conn, broker, frame.freeze());
    }

    fn answer(&mut self, api: ApiKey) -> ResponseKind {
        let answer = self.sim.raw(self.conn);
        let Some(Answer::Frame(mut frame, _)) = answer else {
            panic!("no answer but {answer:?}");
        };
        frame.advance(4);
        decode_response(api, 2, frame).unwrap().1
    }

    fn fetched(&mut self) -> ShareFetchResponse {
        match self.answer(ApiKey::ShareFetch) {
            ResponseKind::ShareFetch(r) => r,
            other => panic!("{other:?}"),
        }
    }

    fn fetch(&mut self, request: ShareFetchRequest) -> ShareFetchResponse {
        self.send(1, ApiKey::ShareFetch, request.into());
        self.fetched()
    }

    fn request(&self, member: &str, epoch: i32, acks: &[Acknowledged<'_>]) -> ShareFetchRequest {
        let batch = |&(first, last, types): &Acknowledged<'_>| {
            AcknowledgementBatch::default()
                .with_first_offset(first)
                .with_last_offset(last)
                .with_acknowledge_types(types.to_vec())
        };
        let partition = FetchPartition::default()
            .with_acknowledgement_batches(acks.iter().map(batch).collect());
        let topic = FetchTopic::default()
            .with_topic_id(self.id)
            .with_partitions(vec![partition]);
        let named = epoch == 0 || !acks.is_empty();
        ShareFetchRequest::default()
            .with_group_id(Some(GroupId(text("g"))))
            .with_member_id(Some(text(member)))
            .with_share_session_epoch(epoch)
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
            .with_max_records(500)
            .with_batch_size(500)
            .with_topics(if named { vec![topic] } else { Vec::new() })
    }

    fn acknowledge(
        &mut self,
        member: &str,
        epoch: i32,
        acks: &[Acknowledged<'_>],
    ) -> ShareAcknowledgeResponse {
        let batch = |&(first, last, types): &Acknowledged<'_>| {
            AcknowledgeBatch::default()
                .with_first_offset(first)
                .with_last_offset(last)
                .with_acknowledge_types(types.to_vec())
        };
        let partition = AcknowledgePartition::default()
            .with_acknowledgement_batches(acks.iter().map(batch).collect());
        let topic = AcknowledgeTopic::default()
            .with_topic_id(self.id)
            .with_partitions(vec![partition]);
        let named = !acks.is_empty();
        let request = ShareAcknowledgeRequest::default()
            .with_group_id(Some(GroupId(text("g"))))
            .with_member_id(Some(text(member)))
            .with_share_session_epoch(epoch)
            .with_topics(if named { vec![topic] } else { Vec::new() })
            .with_is_renew_ack(true);
        self.send(1, ApiKey::ShareAcknowledge, request.into());
        match self.answer(ApiKey::ShareAcknowledge) {
            ResponseKind::ShareAcknowledge(r) => r,
            other => panic!("{other:?}"),
        }
    }

    /// The codes of an acknowledgement: of the whole, of the partition.
    fn codes(&mut self, member: &str, epoch: i32, acks: &[Acknowledged<'_>]) -> (i16, i16) {
        let r = self.acknowledge(member, epoch, acks);
        let topic = r.responses.first();
        let code = topic.map_or(0, |t| t.partitions[0].error_code);
        (r.error_code, code)
    }
}

fn only(response: &ShareFetchResponse) -> &PartitionData {
    assert_eq!(response.error_code, 0);
    assert_eq!(response.responses.len(), 1, "{response:?}");
    &response.responses[0].partitions[0]
}

fn acquired(response: &ShareFetchResponse) -> Vec<(i64, i64, i16)> {
    let all = only(response).acquired_records.iter();
    all.map(|a| (a.first_offset, a.last_offset, a.delivery_count))
        .collect()
}

#[test]
fn records_come_with_their_batches_and_are_done_when_accepted() {
    let mut s = Share::new(1, 3);
    let first = s.fetch(s.request("a", 0, &[]).with_max_records(15));
    assert_eq!(first.acquisition_lock_timeout_ms, 30_000);
    assert_eq!(acquired(&first), [(0, 19, 1)]);
    let stored: usize = s
        .sim
        .state
        .partition("t", 0)
        .unwrap()
        .log
        .batches()
        .take(2)
        .map(|b| b.bytes.len())
        .sum();
    assert_eq!(only(&first).records.as_ref().unwrap().len(), stored);
    let second = s.fetch(s.request("a", 1, &[(0, 9, &[1]), (10, 19, &[2])]));
    assert_eq!(only(&second).acknowledge_error_code, 0);
    assert_eq!(acquired(&second), [(10, 19, 2), (20, 29, 1)]);
    // Nothing new, and nothing to be told.
    assert!(s.fetch(s.request("a", 2, &[])).responses.is_empty());
    assert_eq!(s.codes("a", 3, &[(10, 29, &[1])]), (0, 0));
    let reopened = s.fetch(s.request("a", 0, &[]));
    assert_eq!(acquired(&reopened), []);
}

#[test]
fn a_record_limit_is_kept() {
    let mut s = Share::new(1, 1);
    let request = s.request("a", 0, &[]).with_max_records(3);
    let got = s.fetch(request.with_acquire_mode(RECORD_LIMIT));
    assert_eq!(acquired(&got), [(0, 2, 1)]);
    let unknown = s.fetch(s.request("a", 1, &[]).with_acquire_mode(2));
    assert_eq!(unknown.error_code, E::UnknownServerError.code());
}

#[test]
fn a_session_goes_step_by_step() {
    let mut s = Share::new(1, 2);
    let (lost, wrong) = (
        E::ShareSessionNotFound.code(),
        E::InvalidShareSessionEpoch.code(),
    );
    assert_eq!(s.fetch(s.request("a", 1, &[])).error_code, lost);
    assert_eq!(s.fetch(s.request("a", -1, &[])).error_code, lost);
    assert_eq!(s.codes("a", 1, &[]).0, lost);
    assert_eq!(s.codes("a", 0, &[]).0, wrong);
    let early = s.fetch(s.request("a", 0, &[(0, 1, &[1])]));
    assert_eq!(early.error_code, E::InvalidRequest.code());
    s.fetch(s.request("a", 0, &[]));
    assert_eq!(s.fetch(s.request("a", 7, &[])).error_code, wrong);
    assert_eq!(s.codes("a", 2, &[]).0, wrong);
    assert_eq!(s.codes("a", 1, &[(0, 4, &[1])]), (0, 0));
    let forgotten = ForgottenTopic::default()
        .with_topic_id(s.id)
        .with_partitions(vec![0]);
    s.produce(1);
    let forget = s.request("a", 2, &[]);
    let none = s.fetch(forget.with_forgotten_topics_data(vec![forgotten]));
    assert!(none.responses.is_empty());
    // The last request closes it; what is forgotten is kept until its time is over.
    let last = s.fetch(s.request("a", -1, &[(5, 9, &[1])]));
    assert_eq!(only(&last).acknowledge_error_code, 0);
    assert_eq!(s.codes("a", 3, &[]).0, lost);
    let next = s.fetch(s.request("b", 0, &[]));
    assert_eq!(acquired(&next), [(20, 29, 1)]);
}

#[test]
fn a_closed_session_gives_back_what_it_had() {
    let mut s = Share::new(1, 2);
    s.fetch(s.request("a", 0, &[]));
    assert_eq!(s.codes("a", -1, &[(0, 3, &[1])]), (0, 0));
    let next = s.fetch(s.request("b", 0, &[]));
    assert_eq!(acquired(&next), [(4, 19, 2)]);
    // So does one whose connection is closed.
    let (now, conn) = (s.sim.now, s.conn);
    s.sim.state.connection_closed(now, conn);
    s.conn = s.sim.connect();
    let next = s.fetch(s.request("c", 0, &[]));
    assert_eq!(acquired(&next), [(4, 19, 3)]);
}

#[test]
fn an_idle_session_ends_where_it_is_to() {
    let mut s = Share::new(1, 1);
    s.sim.state.share.settings.sessions_expire = true;
    s.change(ShareChange::SessionTimeout { ms: 1_000 });
    s.fetch(s.request("a", 0, &[]));
    s.sim.pass(900);
    s.fetch(s.request("a", 1, &[]));
    s.sim.pass(900);
    assert_eq!(s.codes("a", 2, &[(0, 3, &[1])]), (0, 0));
    s.sim.pass(1_000);
    let lost = E::ShareSessionNotFound.code();
    assert_eq!(s.codes("a", 3, &[]).0, lost);
    let next = s.fetch(s.request("b", 0, &[]));
    assert_eq!(acquired(&next), [(4, 9, 2)]);
}

#[test]
fn a_broker_keeps_so_many_sessions() {
    let mut s = Share::new(1, 0);
    s.change(ShareChange::MaxSessions(1));
    s.fetch(s.request("a", 0, &[]));
    let full = s.fetch(s.request("b", 0, &[])).error_code;
    assert_eq!(full, E::ShareSessionLimitReached.code());
    assert_eq!(s.fetch(s.request("a", 0, &[])).error_code, 0);
}

#[test]
fn a_fetch_waits_for_records_and_for_locks() {
    let mut s = Share::new(1, 0);
    let waiting = s.request("a", 0, &[]).with_max_wait_ms(60_000);
    s.send(1, ApiKey::ShareFetch, waiting.into());
    assert!(s.sim.raw(s.conn).is_none());
    s.produce(1);
    let got = s.fetched();
    assert_eq!(acquired(&got), [(0, 9, 1)]);
    // Another waits until the first has had it for too long.
    let first = std::mem::replace(&mut s.conn, s.sim.connect());
    let waiting = s.request("b", 0, &[]).with_max_wait_ms(60_000);
    s.send(1, ApiKey::ShareFetch, waiting.into());
    s.sim.pass(29_000);
    assert!(s.sim.raw(s.conn).is_none());
    s.sim.pass(1_000);
    let got = s.fetched();
    assert_eq!(acquired(&got), [(0, 9, 2)]);
    s.conn = first;
    let late = s.codes("a", 1, &[(0, 9, &[1])]);
    assert_eq!(late, (0, E::InvalidRecordState.code()));
    // With nothing to come the wait ends with its time.
    let waiting = s.request("a", 2, &[]).with_max_wait_ms(500);
    s.send(1, ApiKey::ShareFetch, waiting.into());
    s.sim.pass(499);
    assert!(s.sim.raw(s.conn).is_none());
    s.sim.pass(1);
    assert!(s.fetched().responses.is_empty());
}

#[test]
fn a_lock_is_renewed() {
    let mut s = Share::new(1, 1);
    s.fetch(s.request("a", 0, &[]));
    s.sim.pass(20_000);
    assert_eq!(s.codes("a", 1, &[(0, 4, &[4])]), (0, 0));
    s.sim.pass(20_000);
    let next = s.fetch(s.request("b", 0, &[]));
    assert_eq!(acquired(&next), [(5, 9, 2)]);
    // In a fetch renewals come alone.
    let renew = s.request("a", 2, &[(0, 4, &[4])]).with_is_renew_ack(true);
    let refused = s.fetch(renew.clone());
    assert_eq!(refused.error_code, E::InvalidRequest.code());
    let renew = renew
        .with_min_bytes(0)
        .with_max_bytes(0)
        .with_max_records(0);
    let renewed = s.fetch(renew);
    assert_eq!(only(&renewed).acknowledge_error_code, 0);
    assert_eq!(acquired(&renewed), []);
}

#[test]
fn another_leader_is_named() {
    let mut s = Share::new(2, 1);
    s.fetch(s.request("a", 0, &[]));
    s.lead(2);
    let moved = E::NotLeaderOrFollower.code();
    let got = s.fetch(s.request("a", 1, &[(0, 9, &[1])]));
    let data = only(&got);
    assert_eq!(
        (data.error_code, data.acknowledge_error_code),
        (moved, moved)
    );
    let epoch = s.sim.state.partition("t", 0).unwrap().leader_epoch;
    let leader = &data.current_leader;
    assert_eq!((leader.leader_id, leader.leader_epoch), (2, epoch));
    assert_eq!(got.node_endpoints[0].node_id.0, 2);
    let r = s.acknowledge("a", 2, &[(0, 9, &[1])]);
    assert_eq!(r.responses[0].partitions[0].error_code, moved);
    assert_eq!(r.responses[0].partitions[0].current_leader.leader_id, 2);
    assert_eq!(r.node_endpoints[0].node_id.0, 2);
    // There it was never delivered.
    let request = s.request("a", 0, &[]);
    s.send(2, ApiKey::ShareFetch, request.into());
    assert_eq!(acquired(&s.fetched()), [(0, 9, 1)]);
}

#[test]
fn what_is_unknown_is_said_for_each_partition() {
    let mut s = Share::new(1, 1);
    let mut request = s.request("a", 0, &[]);
    request.topics[0].partitions[0].partition_index = 9;
    let unknown = FetchTopic::default()
        .with_topic_id(Uuid::from_u128(1))
        .with_partitions(vec![FetchPartition::default()]);
    request.topics.push(unknown);
    let got = s.fetch(request);
    let mut codes: Vec<i16> = got
        .responses
        .iter()
        .map(|t| t.partitions[0].error_code)
        .collect();
    codes.sort_unstable();
    let mut want = [E::UnknownTopicOrPartition.code(), E::UnknownTopicId.code()];
    want.sort_unstable();
    assert_eq!(codes, want);
    // The group never had the partition.
    let early = s.codes("a", 1, &[(0, 0, &[1])]);
    assert_eq!(early, (0, E::UnknownTopicOrPartition.code()));
}

#[test]
fn a_new_group_begins_at_the_end_if_not_told_otherwise() {
    let mut s = Share::new(1, 2);
    s.change(ShareChange::Earliest(false));
    assert_eq!(acquired(&s.fetch(s.request("a", 0, &[]))), []);
    s.produce(1);
    let got = s.fetch(s.request("a", 1, &[]));
    assert_eq!(acquired(&got), [(20, 29, 1)]);
}

#[test]
fn injected_errors_are_told() {
    let mut s = Share::new(1, 1);
    let at = At {
        topic: "t".to_owned(),
        partition: 0,
    };
    for api in [ApiKey::ShareFetch as i16, ApiKey::ShareAcknowledge as i16] {
        let change = PartitionChange::PushErrors {
            api,
            codes: vec![56],
        };
        let at = at.clone();
        let now = s.sim.now;
        s.sim
            .state
            .apply(now, Change::Partition { at, change })
            .unwrap();
        s.sim
            .state
            .apply(
                now,
                Change::PushErrors {
                    api,
                    codes: vec![9],
                },
            )
            .unwrap();
    }
    assert_eq!(s.fetch(s.request("a", 0, &[])).error_code, 9);
    let got = s.fetch(s.request("a", 0, &[]));
    assert_eq!((only(&got).error_code, acquired(&got)), (56, vec![]));
    assert_eq!(acquired(&s.fetch(s.request("a", 1, &[]))), [(0, 9, 1)]);
    assert_eq!(s.codes("a", 2, &[(0, 9, &[1])]), (9, 0));
    assert_eq!(s.codes("a", 2, &[(0, 9, &[1])]), (0, 56));
    assert_eq!(s.codes("a", 3, &[(0, 9, &[1])]), (0, 0));
}
