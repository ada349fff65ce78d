//! ConsumerGroupHeartbeat: joining, staying, leaving.

use super::{
    Around, Assignor, Consumer, LEAVE, LEAVE_STATIC, Member, Partitions, Refusal, Resolve, State,
    Targets, unknown,
};
use crate::mock::state::Now;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::consumer_group_heartbeat_response::{
    Assignment, TopicPartitions as Assigned,
};
use kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use kafka_protocol::protocol::StrBytes;

/// Who sends a heartbeat, apart from what it says.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub client_id: String,
    pub client_host: String,
}

/// The answer to a heartbeat that was refused.
pub fn refused(code: i16, message: Option<String>) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse::default()
        .with_error_code(code)
        .with_error_message(message.map(StrBytes::from_string))
}

fn invalid(text: &str) -> Result<(), Refusal> {
    Err((E::InvalidRequest, text.to_owned()))
}

/// What can be said of a request without knowing the group. Before version 1 a member
/// may come without an id.
pub fn check(request: &ConsumerGroupHeartbeatRequest, version: i16) -> Result<(), Refusal> {
    let r = request;
    let blank = |s: Option<&str>| s.is_some_and(|s| s.trim().is_empty());
    if blank(Some(&r.group_id)) {
        return invalid("the group id is empty");
    }
    if blank(r.instance_id.as_deref()) {
        return invalid("the instance id is empty");
    }
    if blank(r.rack_id.as_deref()) {
        return invalid("the rack is empty");
    }
    let may_be_named = version == 0 && r.member_epoch == 0;
    if r.member_epoch >= LEAVE_STATIC && !may_be_named && blank(Some(&r.member_id)) {
        return invalid("the member id is empty");
    }
    match r.member_epoch {
        0 => check_join(r)?,
        LEAVE_STATIC if r.instance_id.is_none() => {
            return invalid("only a member with an instance id can leave for a while");
        }
        ..LEAVE_STATIC => return invalid("no member has such an epoch"),
        _ => {}
    }
    if let Some(name) = &r.server_assignor
        && Assignor::named(name).is_none()
    {
        let text = format!(
            "no assignor is called '{}'; there are {}",
            name.as_str(),
            Assignor::NAMES.join(" and ")
        );
        return Err((E::UnsupportedAssignor, text));
    }
    Ok(())
}

fn check_regex(request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
    let regex = request.subscribed_topic_regex.as_deref().unwrap_or("");
    let compiled = super::subscription::compile(regex);
    compiled.map_err(|e| (E::InvalidRegularExpression, e))?;
    Ok(())
}

fn check_join(r: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
    if r.rebalance_timeout_ms == -1 {
        return invalid("a joining member has to give its rebalance timeout");
    }
    if r.topic_partitions.as_ref().is_none_or(|t| !t.is_empty()) {
        return invalid("a joining member has to own nothing");
    }
    if r.subscribed_topic_names.is_none() && r.subscribed_topic_regex.is_none() {
        return invalid("a joining member has to give its subscription");
    }
    Ok(())
}

/// What the member says it owns.
fn owned(topics: &[TopicPartitions]) -> Partitions {
    let mut all = Partitions::new();
    for t in topics {
        let partitions = all.entry(t.topic_id).or_default();
        partitions.extend(t.partitions.iter().copied());
    }
    all
}

fn assignment(partitions: &Partitions) -> Assignment {
    let topics = partitions.iter().map(|(id, p)| {
        Assigned::default()
            .with_topic_id(*id)
            .with_partitions(p.iter().copied().collect())
    });
    Assignment::default().with_topic_partitions(topics.collect())
}

impl Consumer {
    /// Takes a request that passed [`check`]. `new_id` is for a member that has none.
    pub fn heartbeat(
        &mut self,
        now: Now,
        around: &Around<'_>,
        caller: &Caller,
        request: &ConsumerGroupHeartbeatRequest,
        new_id: &str,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        match request.member_epoch {
            LEAVE | LEAVE_STATIC => self.leave(around, request),
            _ => self.stay(now, around, caller, request, new_id),
        }
    }

    fn stay(
        &mut self,
        now: Now,
        around: &Around<'_>,
        caller: &Caller,
        request: &ConsumerGroupHeartbeatRequest,
        new_id: &str,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        let id = match request.member_id.as_str() {
            "" => new_id,
            id => id,
        };
        let owned = request.topic_partitions.as_deref().map(owned);
        if self.members.len() >= around.settings.max_size && !self.members.contains_key(id) {
            return Err((E::GroupMaxSizeReached, "the group is full".to_owned()));
        }
        self.check_admission(id, request, owned.as_ref())?;
        check_regex(request)?;
        self.admit(id, request);
        let Some(m) = self.members.get_mut(id) else {
            return Err(unknown(id));
        };
        let before = m.assigned.clone();
        let resubscribed = update(m, caller, request);
        m.classic = None;
        m.session_deadline = now.after_ms(around.settings.session_timeout_ms.into());
        if let Some(instance) = m.instance_id.clone() {
            self.instances.insert(instance, id.to_owned());
        }
        self.step(now, around, id, resubscribed, owned.as_ref());
        let Some(m) = self.members.get(id) else {
            return Err(unknown(id));
        };
        let mut response = ConsumerGroupHeartbeatResponse::default()
            .with_member_id(Some(StrBytes::from_string(m.id.clone())))
            .with_member_epoch(m.epoch)
            .with_heartbeat_interval_ms(around.settings.heartbeat_interval_ms);
        if is_full(request) || m.assigned != before {
            response.assignment = Some(assignment(&m.assigned));
        }
        Ok(response)
    }

    /// As a heartbeat of a member whose topics may have changed.
    pub(super) fn advance(
        &mut self,
        now: Now,
        around: &Around<'_>,
        id: &str,
        resubscribed: bool,
        owned: Option<&Partitions>,
    ) {
        let resubscribed = match resubscribed {
            true => Resubscribed::Names,
            false => Resubscribed::No,
        };
        self.step(now, around, id, resubscribed, owned);
    }

    fn step(
        &mut self,
        now: Now,
        around: &Around<'_>,
        id: &str,
        resubscribed: Resubscribed,
        owned: Option<&Partitions>,
    ) {
        self.follow_subscriptions(now, around, id, resubscribed);
        if self.epoch > self.assignment_epoch {
            self.compute_targets(around);
        }
        self.reconcile(now, around, id, owned);
    }

    /// Sees whether subscriptions, or the topics that are subscribed to, have changed:
    /// that begins a new epoch.
    fn follow_subscriptions(
        &mut self,
        now: Now,
        around: &Around<'_>,
        id: &str,
        resubscribed: Resubscribed,
    ) {
        let known = self.follow_regexes(now, around, id);
        let changed = match resubscribed {
            Resubscribed::No => false,
            Resubscribed::Names => true,
            // Before it is resolved nothing changes, but for a group that begins.
            Resubscribed::Regex => known || self.epoch == 0,
        };
        let topics_changed = self.refresh_topics(around);
        // A test that has set the targets decides when they change.
        let follows = self.set_by == Targets::Computed || self.epoch == 0;
        if follows && (changed || topics_changed || self.epoch == 0) {
            self.epoch += 1;
        }
    }

    fn leave(
        &mut self,
        around: &Around<'_>,
        request: &ConsumerGroupHeartbeatRequest,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        let id = request.member_id.as_str();
        match request.instance_id.as_deref() {
            None if self.members.contains_key(id) => {}
            None => return Err(unknown(id)),
            Some(instance) => self.owner_of(instance, id)?,
        }
        if request.member_epoch == LEAVE_STATIC {
            if let Some(m) = self.members.get_mut(id) {
                // What it owned stays with it until it is back or its session ends.
                m.epoch = LEAVE_STATIC;
                m.state = State::Stable;
            }
        } else {
            self.fence(id, around);
        }
        Ok(ConsumerGroupHeartbeatResponse::default()
            .with_member_id(Some(request.member_id.clone()))
            .with_member_epoch(request.member_epoch))
    }
}

/// What of a member's subscription has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resubscribed {
    No,
    Names,
    Regex,
}

fn update(
    m: &mut Member,
    caller: &Caller,
    request: &ConsumerGroupHeartbeatRequest,
) -> Resubscribed {
    let text = |s: &StrBytes| s.to_string();
    if let Some(instance) = &request.instance_id {
        m.instance_id = Some(text(instance));
    }
    if let Some(rack) = &request.rack_id {
        m.rack_id = Some(text(rack));
    }
    if request.rebalance_timeout_ms != -1 {
        m.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    if let Some(name) = &request.server_assignor {
        m.assignor = Assignor::named(name);
    }
    m.client_id.clone_from(&caller.client_id);
    m.client_host.clone_from(&caller.client_host);
    let mut changed = Resubscribed::No;
    if let Some(regex) = &request.subscribed_topic_regex
        && m.regex != regex.as_str()
    {
        m.regex = text(regex);
        changed = Resubscribed::Regex;
    }
    if let Some(names) = &request.subscribed_topic_names {
        let names = names.iter().map(|n| n.to_string()).collect();
        if m.names != names {
            m.names = names;
            changed = Resubscribed::Names;
        }
    }
    changed
}

/// A request that tells everything, as after an error, is answered with everything.
fn is_full(r: &ConsumerGroupHeartbeatRequest) -> bool {
    r.member_epoch == 0
        || (r.rebalance_timeout_ms != -1
            && (r.subscribed_topic_names.is_some() || r.subscribed_topic_regex.is_some())
            && r.topic_partitions.is_some())
}

impl Resolve {
    pub(super) fn is_at_once(self) -> bool {
        self == Resolve::AtOnce
    }
}
