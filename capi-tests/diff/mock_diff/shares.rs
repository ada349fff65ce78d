//! Share groups: three members on one partition, each on a connection of its own, that acquire, accept, release, reject,
//! renew, claim what is not theirs, lose count of their sessions, and hang up.
//!
//! A play is written down before it begins, then each side plays it alone, and the two protocols are compared line by
//! line. It ends when a record was delivered three times: what has failed as often Kafka gives out alone.

use crate::Diff;
use crate::logs::create_named;
use crate::records::{Spec, batch};
use crate::side::{Side, text};
use bytes::{Buf, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::share_acknowledge_request::{
    AcknowledgePartition, AcknowledgeTopic, AcknowledgementBatch as AcknowledgeBatch,
};
use kafka_protocol::messages::share_fetch_request::{
    AcknowledgementBatch, FetchPartition, FetchTopic,
};
use kafka_protocol::messages::share_fetch_response::AcquiredRecords;
use kafka_protocol::messages::*;
use rdkafka::mock::log::batch::Header;
use rdkafka::protocol::request::{decode_response, encode_request};
use rdkafka::protocol::share::{ShareAcknowledgeV2, ShareAcknowledgedV2, ShareFetchV2};
use std::time::{Duration, Instant};

const MEMBERS: usize = 3;
const ENOUGH: i16 = 3;

/// Types of acknowledgement. Whether a fetch gets what is released with it is a matter of time on Kafka.
const ALL: [i8; 6] = [0, 1, 1, 1, 2, 3];
const AT_ONCE: [i8; 4] = [0, 1, 1, 3];
const RENEWED: [i8; 7] = [0, 1, 1, 3, 4, 4, 4];

type Verdicts = Vec<(i64, i64, Vec<i8>)>;

#[derive(Clone, Debug)]
enum Step {
    Produce(i32),
    Fetch {
        member: usize,
        version: i16,
        epoch: Epoch,
        records: i32,
        batch_size: i32,
        mode: i8,
        acks: Verdicts,
    },
    Acknowledge {
        member: usize,
        version: i16,
        epoch: Epoch,
        renew: bool,
        acks: Verdicts,
    },
    HangUp(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Epoch {
    Open,
    Next,
    Close,
    Wrong,
}

#[derive(Clone, Debug)]
struct Play {
    group: String,
    topic: String,
    clock: i64,
    steps: Vec<Step>,
}

pub fn step(diff: &mut Diff) {
    let name = format!("s{}-{:08x}", diff.run, diff.rng.u32(..));
    create_named(diff, &name, Vec::new());
    let count = diff.rng.usize(8..24);
    let mut end = 1;
    let mut steps = begin();
    steps.extend((0..count).map(|_| write(diff, &mut end)));
    let play = Play {
        group: name.clone(),
        topic: name,
        clock: diff.clock,
        steps,
    };
    let mock = Stage::new(&mut diff.mock, &play).perform();
    let kafka = Stage::new(&mut diff.kafka, &play).perform();
    let detail = format!("{play:?}");
    diff.both("Share group", &detail, |_| (String::new(), ()));
    for (n, (mock, kafka)) in mock.iter().zip(&kafka).enumerate() {
        if kafka.starts_with("-1 ") {
            // It failed within.
            break;
        }
        diff.compare("Share group", &format!("line {n} of {detail}"), mock, kafka);
        if mock != kafka {
            break;
        }
    }
}

/// The first record is accepted: before that Kafka may forget where the group began.
fn begin() -> Vec<Step> {
    let (member, version, epoch) = (0, 1, Epoch::Next);
    vec![
        Step::Produce(1),
        Step::Fetch {
            member,
            version,
            epoch,
            records: 1,
            batch_size: 1,
            mode: 0,
            acks: Vec::new(),
        },
        Step::Acknowledge {
            member,
            version,
            epoch,
            renew: false,
            acks: vec![(0, 0, vec![1])],
        },
    ]
}

fn write(diff: &mut Diff, end: &mut i64) -> Step {
    let member = diff.rng.usize(..MEMBERS);
    let version = diff.rng.i16(1..=2);
    let epoch = *diff.pick(&[
        Epoch::Next,
        Epoch::Next,
        Epoch::Next,
        Epoch::Next,
        Epoch::Open,
        Epoch::Close,
        Epoch::Wrong,
    ]);
    match diff.rng.u32(..100) {
        0..30 => {
            let records = diff.rng.i32(1..12);
            *end += i64::from(records);
            Step::Produce(records)
        }
        30..65 => Step::Fetch {
            member,
            version,
            epoch,
            records: diff.rng.i32(1..30),
            batch_size: *diff.pick(&[1, 5, 10, 500]),
            mode: if version == 2 { diff.rng.i8(0..=1) } else { 0 },
            acks: if diff.chance(40) && epoch != Epoch::Open {
                verdicts(diff, *end, &AT_ONCE)
            } else {
                Vec::new()
            },
        },
        65..97 => {
            let renew = version == 2 && diff.chance(20);
            Step::Acknowledge {
                member,
                version,
                epoch,
                renew,
                acks: verdicts(diff, *end, if renew { &RENEWED } else { &ALL }),
            }
        }
        _ => Step::HangUp(member),
    }
}

fn verdicts(diff: &mut Diff, end: i64, kinds: &[i8]) -> Verdicts {
    let mut all = Verdicts::new();
    let mut from = diff.rng.i64(0..=end.max(1));
    for _ in 0..diff.rng.u32(1..3) {
        let last = from + diff.rng.i64(0..6);
        let one = |diff: &mut Diff| match diff.rng.u32(..40) {
            0 => 9,
            1 => 4,
            _ => *diff.pick(kinds),
        };
        let count = match diff.rng.u32(..20) {
            0 => 0,
            1 => 2,
            2..8 => (last - from + 1) as usize,
            _ => 1,
        };
        let types = (0..count).map(|_| one(diff)).collect();
        all.push((from, last, types));
        from = last + diff.rng.i64(0..3);
    }
    all
}

struct Stage<'a> {
    side: &'a mut Side,
    play: &'a Play,
    id: uuid::Uuid,
    members: Vec<Member>,
    /// A record was delivered as often as a play goes on.
    over: bool,
    /// Kafka may have forgotten what was acquired together, and tells it by its counts.
    hung_up: bool,
    clock: i64,
}

struct Member {
    connection: Side,
    epoch: i32,
}

impl<'a> Stage<'a> {
    fn new(side: &'a mut Side, play: &'a Play) -> Stage<'a> {
        let id = side.topic_id(&play.topic);
        let members = (0..MEMBERS).map(|_| Member {
            connection: side.another(),
            epoch: 0,
        });
        Stage {
            members: members.collect(),
            side,
            play,
            id,
            over: false,
            hung_up: false,
            clock: play.clock,
        }
    }

    fn perform(mut self) -> Vec<String> {
        self.join();
        let mut lines = Vec::new();
        for step in &self.play.steps {
            if self.over {
                break;
            }
            lines.push(match step {
                Step::Produce(records) => self.produce(*records),
                Step::Fetch { .. } => self.fetch(step),
                Step::Acknowledge { .. } => self.acknowledge(step),
                Step::HangUp(member) => {
                    self.members[*member] = Member {
                        connection: self.side.another(),
                        epoch: 0,
                    };
                    self.hung_up = true;
                    // The cluster notices after the answers to others.
                    std::thread::sleep(Duration::from_millis(300));
                    "hangs up".to_owned()
                }
            });
        }
        lines
    }

    /// Until the coordinator has given the partition out, and its leader has it: on an empty
    /// topic, so that the group begins with its first record.
    fn join(&mut self) {
        let until = Instant::now() + Duration::from_secs(20);
        let mut epoch = 0;
        while Instant::now() < until {
            let names = vec![TopicName(text(&self.play.topic))];
            let beat = ShareGroupHeartbeatRequest::default()
                .with_group_id(GroupId(text(&self.play.group)))
                .with_member_id(text("member"))
                .with_member_epoch(epoch)
                .with_rack_id(None)
                .with_subscribed_topic_names((epoch == 0).then_some(names));
            let answer = self.side.ask(1, &beat).expect("an answer");
            if answer.error_code == 0 {
                epoch = answer.member_epoch;
                let assigned = answer
                    .assignment
                    .is_some_and(|a| !a.topic_partitions.is_empty());
                if assigned {
                    break;
                }
            } else {
                let find = FindCoordinatorRequest::default()
                    .with_coordinator_keys(vec![text(&self.play.group)]);
                self.side.ask(4, &find);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        while Instant::now() < until {
            self.members[0].epoch = 0;
            let request = self.fetch_request(0, 1, &Vec::new());
            let answer = self.share_fetch(0, 1, &request);
            let mut partitions = answer.responses.iter().flat_map(|t| &t.partitions);
            if answer.error_code == 0 && partitions.any(|p| p.error_code == 0) {
                break;
            }
        }
        self.members[0].epoch = 1;
    }

    fn produce(&mut self, records: i32) -> String {
        let spec = Spec::plain(records, self.clock);
        let data = PartitionProduceData::default()
            .with_index(0)
            .with_records(Some(batch(&spec)));
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(10_000)
            .with_topic_data(vec![
                TopicProduceData::default()
                    .with_name(TopicName(text(&self.play.topic)))
                    .with_partition_data(vec![data]),
            ]);
        let answer = self.side.settled(9, &request).expect("an answer");
        let partition = &answer.responses[0].partition_responses[0];
        format!("{} at {}", partition.error_code, partition.base_offset)
    }

    fn epoch(&mut self, member: usize, epoch: Epoch) -> i32 {
        let next = self.members[member].epoch;
        match epoch {
            Epoch::Open => 0,
            Epoch::Next => next,
            Epoch::Close => -1,
            Epoch::Wrong => next + 5,
        }
    }

    fn answered(&mut self, member: usize, sent: i32, code: i16) {
        if code == 0 {
            self.members[member].epoch = if sent < 0 { 0 } else { sent + 1 };
        }
        if sent < 0 {
            // Kafka answers before it gives back what the session had.
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn fetch_request(&self, epoch: i32, records: i32, acks: &Verdicts) -> ShareFetchRequest {
        let batches = acks.iter().map(|(first, last, types)| {
            AcknowledgementBatch::default()
                .with_first_offset(*first)
                .with_last_offset(*last)
                .with_acknowledge_types(types.clone())
        });
        let partition = FetchPartition::default().with_acknowledgement_batches(batches.collect());
        let topic = FetchTopic::default()
            .with_topic_id(self.id)
            .with_partitions(vec![partition]);
        let named = epoch == 0 || !acks.is_empty();
        ShareFetchRequest::default()
            .with_group_id(Some(GroupId(text(&self.play.group))))
            .with_share_session_epoch(epoch)
            .with_max_wait_ms(if self.hung_up { 1000 } else { 100 })
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
            .with_max_records(records)
            .with_batch_size(500)
            .with_topics(if named { vec![topic] } else { Vec::new() })
    }

    fn share_fetch(
        &mut self,
        member: usize,
        version: i16,
        request: &ShareFetchRequest,
    ) -> ShareFetchResponse {
        let request = request
            .clone()
            .with_member_id(Some(text(&format!("member-{member}"))));
        match self.ask(member, ApiKey::ShareFetch, version, &request.into()) {
            ResponseKind::ShareFetch(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    fn ask(
        &mut self,
        member: usize,
        api: ApiKey,
        version: i16,
        request: &RequestKind,
    ) -> ResponseKind {
        let mut frame = BytesMut::new();
        encode_request(api, version, 7, Some("diff"), request, &mut frame).expect("a request");
        frame.advance(4);
        let answer = self.members[member]
            .connection
            .raw(&frame)
            .expect("an answer");
        decode_response(api, version, answer).expect("a response").1
    }

    fn fetch(&mut self, step: &Step) -> String {
        let Step::Fetch {
            member,
            version,
            epoch,
            records,
            batch_size,
            mode,
            acks,
        } = step
        else {
            return String::new();
        };
        let sent = self.epoch(*member, *epoch);
        // Where batches are not known to be the same, all is asked for.
        let (records, mode) = match self.hung_up {
            true => (1000, 0),
            false => (*records, *mode),
        };
        let request = self
            .fetch_request(sent, records, acks)
            .with_batch_size(*batch_size)
            .with_acquire_mode(mode);
        let answer = self.share_fetch(*member, *version, &request);
        self.answered(*member, sent, answer.error_code);
        let mut out = format!(
            "{} lock {}",
            answer.error_code, answer.acquisition_lock_timeout_ms
        );
        for p in answer.responses.iter().flat_map(|t| &t.partitions) {
            out += &format!(
                "; {} code {} acknowledged {}",
                p.partition_index, p.error_code, p.acknowledge_error_code
            );
            let mut rest = p.records.clone().unwrap_or_default();
            while let Ok(header) = Header::parse(&rest) {
                out += &format!(" [{}..{}]", header.base_offset, header.last_offset());
                rest.advance(header.size());
            }
            out += &self.told(&p.acquired_records);
        }
        out
    }

    fn told(&mut self, acquired: &[AcquiredRecords]) -> String {
        let mut runs: Vec<(i64, i64, i16)> = Vec::new();
        for a in acquired {
            let (first, last, count) = (a.first_offset, a.last_offset, a.delivery_count);
            match runs.last_mut() {
                Some(run) if self.hung_up && run.1 + 1 == first && run.2 == count => run.1 = last,
                _ => runs.push((first, last, count)),
            }
            self.over |= count >= ENOUGH;
        }
        let told = runs.iter();
        told.map(|(first, last, count)| format!(" {first}..{last} x{count}"))
            .collect()
    }

    fn acknowledge(&mut self, step: &Step) -> String {
        let Step::Acknowledge {
            member,
            version,
            epoch,
            renew,
            acks,
        } = step
        else {
            return String::new();
        };
        let sent = self.epoch(*member, *epoch);
        let batches = acks.iter().map(|(first, last, types)| {
            AcknowledgeBatch::default()
                .with_first_offset(*first)
                .with_last_offset(*last)
                .with_acknowledge_types(types.clone())
        });
        let partition =
            AcknowledgePartition::default().with_acknowledgement_batches(batches.collect());
        let topic = AcknowledgeTopic::default()
            .with_topic_id(self.id)
            .with_partitions(vec![partition]);
        let request = ShareAcknowledgeRequest::default()
            .with_group_id(Some(GroupId(text(&self.play.group))))
            .with_member_id(Some(text(&format!("member-{member}"))))
            .with_share_session_epoch(sent)
            .with_is_renew_ack(*renew)
            .with_topics(vec![topic]);
        let answer = match self.ask(*member, ApiKey::ShareAcknowledge, *version, &request.into()) {
            ResponseKind::ShareAcknowledge(answer) => answer,
            other => panic!("{other:?}"),
        };
        self.answered(*member, sent, answer.error_code);
        let mut out = format!(
            "{} lock {}",
            answer.error_code,
            answer.acquisition_lock_timeout_ms()
        );
        for p in answer.responses.iter().flat_map(|t| &t.partitions) {
            out += &format!("; {} code {}", p.partition_index, p.error_code);
        }
        out
    }
}
