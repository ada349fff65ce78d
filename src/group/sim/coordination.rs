//! The coordinator of either protocol.

use std::collections::BTreeMap;
use std::time::Instant;

use kafka_protocol::messages::{RequestKind, ResponseKind};
use uuid::Uuid;

use super::coordinator::{Caller, Common, Coordinator};
use super::reconciler::Reconciler;
use crate::group::Member;

#[derive(Debug)]
pub(super) enum Coordination {
    Classic(Coordinator),
    Consumer(Reconciler),
}

impl Coordination {
    pub fn is_consumer(&self) -> bool {
        matches!(self, Coordination::Consumer(_))
    }

    fn common(&self) -> &Common {
        match self {
            Coordination::Classic(c) => &c.common,
            Coordination::Consumer(c) => &c.common,
        }
    }

    pub fn committed(&self) -> &BTreeMap<(String, i32), i64> {
        &self.common().committed
    }

    pub fn answers(&mut self) -> &mut Vec<(Caller, ResponseKind)> {
        match self {
            Coordination::Classic(c) => &mut c.common.answers,
            Coordination::Consumer(c) => &mut c.common.answers,
        }
    }

    pub fn members(&self) -> usize {
        match self {
            Coordination::Classic(c) => c.members(),
            Coordination::Consumer(c) => c.members(),
        }
    }

    pub fn on_request(&mut self, now: Instant, caller: Caller, request: RequestKind) {
        match self {
            Coordination::Classic(c) => c.on_request(now, caller, request),
            Coordination::Consumer(c) => c.on_request(now, caller, request),
        }
    }

    pub fn moved(&mut self, now: Instant) {
        match self {
            Coordination::Classic(c) => c.moved(now),
            Coordination::Consumer(c) => c.moved(now),
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        match self {
            Coordination::Classic(c) => c.next_deadline(),
            Coordination::Consumer(c) => c.next_deadline(),
        }
    }

    pub fn on_time(&mut self, now: Instant) {
        match self {
            Coordination::Classic(c) => c.on_time(now),
            Coordination::Consumer(c) => c.on_time(now),
        }
    }

    /// In the classic protocol its leader looks at the topics.
    pub fn set_topic(&mut self, name: &str, id: Uuid, partitions: usize) {
        if let Coordination::Consumer(c) = self {
            c.set_topic(name, id, partitions);
        }
    }

    /// The coordinator does not have the member: what it has is somebody else's by
    /// rights, and it will hear of it. `doubled`: there may be two by its instance.
    pub fn disowns(&self, member: &Member, doubled: bool) -> bool {
        match self {
            Coordination::Classic(c) => {
                let instance = member.instance_id.as_deref().filter(|_| doubled);
                instance.is_some_and(|i| c.id_of(i) != Some(&*member.member_id))
            }
            Coordination::Consumer(c) => !c.is_current(&member.member_id, member.generation),
        }
    }
}
