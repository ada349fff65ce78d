//! From a classic group to one of the consumer protocol and back, with members in it.

use super::{Answers, Classic, Member, State, Waiting};
use crate::mock::state::Now;
use crate::mock::state::group::consumer::{self, Around, Consumer, Embedded, PROTOCOL_TYPE};
use kafka_protocol::ResponseError as E;

impl Classic {
    /// The group as one of the consumer protocol. `None` if its members are no consumers.
    pub fn upgraded(&self, around: &Around<'_>) -> Option<Consumer> {
        let mut group = Consumer::default();
        if self.members.is_empty() {
            return Some(group);
        }
        if self.protocol_type.as_deref() != Some(PROTOCOL_TYPE) {
            return None;
        }
        for m in self.members.values() {
            let first = m.protocols.first().map_or("", |p| p.0.as_str());
            let protocol = self.protocol.as_deref().unwrap_or(first);
            let said = consumer::subscription(&m.metadata(protocol))?;
            let caller = consumer::Caller {
                client_id: m.client_id.clone(),
                client_host: m.client_host.clone(),
            };
            let embedded = Embedded::new(m.session_timeout_ms, m.protocols.clone());
            let times = (m.rebalance_timeout_ms, m.session_deadline);
            let instance = m.instance_id.clone();
            let member =
                consumer::Member::of_classic(&m.id, instance, &caller, embedded, &said, times);
            let assigned = consumer::assigned(&m.assignment, around)?;
            group.adopt(member, self.generation, assigned);
        }
        Some(group)
    }

    /// Those who wait are told to join again, as the group is another one now.
    pub fn abandon(&mut self, now: Now, answers: &mut Answers) {
        self.answer_syncs(now, Some(E::RebalanceInProgress), answers);
        for m in self.members.values_mut() {
            if let Waiting::Join(cx) = std::mem::replace(&mut m.waiting, Waiting::No) {
                let code = E::RebalanceInProgress.code();
                let response = super::refused(&cx, code, &m.id);
                answers.push((cx, response.into()));
            }
        }
    }

    /// What is left of a group of the consumer protocol whose last such member has gone;
    /// it rebalances.
    pub fn downgraded(
        group: &Consumer,
        now: Now,
        around: &Around<'_>,
        answers: &mut Answers,
    ) -> Classic {
        let mut classic = Classic {
            // Kafka does not count the leaving that leads here.
            generation: group.epoch() - 1,
            protocol_type: Some(PROTOCOL_TYPE.to_owned()),
            ..Classic::default()
        };
        for m in group.members() {
            let Some(embedded) = &m.classic else {
                continue;
            };
            classic
                .protocol
                .get_or_insert(embedded.protocol().to_owned());
            classic.leader.get_or_insert(m.id.clone());
            if let Some(instance) = &m.instance_id {
                classic.instances.insert(instance.clone(), m.id.clone());
            }
            let member = Member {
                id: m.id.clone(),
                instance_id: m.instance_id.clone(),
                client_id: m.client_id.clone(),
                client_host: m.client_host.clone(),
                session_timeout_ms: embedded.session_timeout_ms,
                rebalance_timeout_ms: m.rebalance_timeout_ms(),
                protocols: embedded.protocols.clone(),
                assignment: m.encoded_assignment(around),
                waiting: Waiting::No,
                session_deadline: m.session_deadline(),
            };
            classic.members.insert(m.id.clone(), member);
        }
        classic.state = State::Stable;
        classic.prepare(now, 0, answers);
        classic
    }
}
