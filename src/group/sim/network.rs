//! Connections, and what is on its way over them.

use std::time::Duration;

use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, ConsumerGroupHeartbeatResponse, HeartbeatResponse, JoinGroupResponse,
    LeaveGroupResponse, OffsetCommitResponse, RequestKind, ResponseKind, SyncGroupResponse,
};

use super::Simulation;
use super::schedule::What;
use crate::base::error::ErrorCode;
use crate::broker::RequestError;
use crate::group::testing::found;
use crate::group::{Event, Outgoing, Token};

impl Simulation {
    pub(super) fn network(&mut self) -> Duration {
        let most = if self.trouble && self.rng.u8(..10) == 0 {
            800
        } else {
            30
        };
        Duration::from_millis(self.rng.u64(1..most))
    }

    /// A question to any broker: who is the coordinator?
    pub(super) fn find_coordinator(&mut self, member: usize) {
        let down = self.trouble && self.rng.u8(..8) == 0;
        let result = match down {
            true => Err(RequestError::TimedOutInQueue),
            false => Ok(found(self.node)),
        };
        let delay = self.network() * 2;
        let result = Box::new(result);
        self.later(delay, What::Found { member, result });
    }

    /// An answer that no connection's end takes away.
    fn answer(
        &mut self,
        member: usize,
        delay: Duration,
        token: Token,
        result: Result<ResponseKind, RequestError>,
    ) {
        self.later(
            delay,
            What::Answer {
                member,
                epoch: None,
                token,
                result: Box::new(result),
            },
        );
    }

    pub(super) fn ask_coordinator(&mut self, at: usize, node: i32, out: Outgoing) {
        let m = &mut self.members[at];
        let request = Box::new((out.build)(version_of(out.api)));
        let delay = self.rng.u64(1..20);
        let epoch = m.epoch;
        if m.up != Some(node) {
            let result = Err(RequestError::Disconnected("no connection".into()));
            self.answer(at, Duration::ZERO, out.token, result);
            return;
        }
        m.in_flight.insert(out.token);
        // In order on one connection: the delay is the same for all.
        let delay =
            Duration::from_millis(if self.trouble { 10 } else { 5 }) + Duration::from_micros(delay);
        self.later(
            delay,
            What::Arrives {
                member: at,
                epoch,
                node: Some(node),
                token: out.token,
                request,
            },
        );
    }

    /// A request reaches a node.
    pub(super) fn arrive(
        &mut self,
        member: usize,
        epoch: u64,
        node: Option<i32>,
        token: Token,
        request: RequestKind,
    ) {
        // What was under way when the connection broke may have arrived.
        if self.members[member].epoch != epoch && self.rng.bool() {
            return;
        }
        self.callers_made += 1;
        let caller = self.callers_made;
        self.callers.insert(caller, (member, epoch, token));
        if node != Some(self.node) {
            let answer = refuse(&request);
            self.coordinator.answers().push((caller, answer));
        } else {
            let now = self.start + self.now;
            self.coordinator.on_request(now, caller, request);
        }
        self.deliver_answers();
    }

    pub(super) fn break_connection(&mut self, at: usize) {
        let m = &mut self.members[at];
        m.epoch += 1;
        let was = m.up.take();
        let tokens = std::mem::take(&mut m.in_flight);
        for token in tokens {
            self.later(
                Duration::ZERO,
                What::Answer {
                    member: at,
                    epoch: None,
                    token,
                    result: Box::new(Err(RequestError::Disconnected("broken".into()))),
                },
            );
        }
        if let Some(node) = was {
            self.members[at].connecting = Some(node);
            self.tell(
                at,
                Event::Coordinator(crate::coordinator::Event::Down(node)),
            );
        }
    }

    pub(super) fn connect_later(&mut self, at: usize) {
        let delay = self.network() * 3;
        let epoch = self.members[at].epoch;
        self.later(delay, What::ConnectionUp { member: at, epoch });
    }

    pub(super) fn reconnect(&mut self, at: usize) {
        if self.members[at].connecting.is_some() {
            self.connect_later(at);
        }
    }

    pub(super) fn deliver_answers(&mut self) {
        for (caller, kind) in std::mem::take(self.coordinator.answers()) {
            let Some((member, epoch, token)) = self.callers.remove(&caller) else {
                continue;
            };
            self.later(
                Duration::from_millis(8),
                What::Answer {
                    member,
                    epoch: Some(epoch),
                    token,
                    result: Box::new(Ok(kind)),
                },
            );
        }
    }
}

fn version_of(api: ApiKey) -> i16 {
    match api {
        ApiKey::JoinGroup | ApiKey::OffsetCommit => 9,
        ApiKey::SyncGroup | ApiKey::LeaveGroup => 5,
        ApiKey::ConsumerGroupHeartbeat => 1,
        _ => 4,
    }
}

/// The answer of a broker that is not the coordinator.
fn refuse(request: &RequestKind) -> ResponseKind {
    let code = ErrorCode::NOT_COORDINATOR.0 as i16;
    match request {
        RequestKind::JoinGroup(_) => {
            ResponseKind::JoinGroup(JoinGroupResponse::default().with_error_code(code))
        }
        RequestKind::SyncGroup(_) => {
            ResponseKind::SyncGroup(SyncGroupResponse::default().with_error_code(code))
        }
        RequestKind::Heartbeat(_) => {
            ResponseKind::Heartbeat(HeartbeatResponse::default().with_error_code(code))
        }
        RequestKind::LeaveGroup(_) => {
            ResponseKind::LeaveGroup(LeaveGroupResponse::default().with_error_code(code))
        }
        RequestKind::ConsumerGroupHeartbeat(_) => {
            let answer = ConsumerGroupHeartbeatResponse::default().with_error_code(code);
            ResponseKind::ConsumerGroupHeartbeat(answer)
        }
        RequestKind::OffsetCommit(r) => {
            let topics = r.topics.iter().map(|t| {
                let partitions = t.partitions.iter().map(|p| {
                    OffsetCommitResponsePartition::default()
                        .with_partition_index(p.partition_index)
                        .with_error_code(code)
                });
                OffsetCommitResponseTopic::default()
                    .with_name(t.name.clone())
                    .with_partitions(partitions.collect())
            });
            ResponseKind::OffsetCommit(
                OffsetCommitResponse::default().with_topics(topics.collect()),
            )
        }
        other => panic!("{other:?}"),
    }
}
