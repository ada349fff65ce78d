//! Who is a member, under which id and epoch.

use super::{Around, Consumer, LEAVE_STATIC, Member, Partitions, Refusal, State, Targets, unknown};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::ConsumerGroupHeartbeatRequest;

impl Consumer {
    /// Whether the member may join, or is one and says the right epoch.
    pub(super) fn check_admission(
        &self,
        id: &str,
        request: &ConsumerGroupHeartbeatRequest,
        owned: Option<&Partitions>,
    ) -> Result<(), Refusal> {
        let joins = request.member_epoch == 0;
        match request.instance_id.as_deref() {
            Some(instance) if joins => return self.check_released(instance),
            Some(instance) => self.owner_of(instance, id)?,
            None => {}
        }
        match self.members.get(id) {
            Some(m) => check_epoch(m, request.member_epoch, owned),
            None if joins => Ok(()),
            None => Err(unknown(id)),
        }
    }

    /// A static member takes the place of the one that left for it, no other one's.
    fn check_released(&self, instance: &str) -> Result<(), Refusal> {
        let owner = self.instances.get(instance);
        match owner.and_then(|id| self.members.get(id)) {
            // One of the classic protocol goes on by this one.
            Some(m) if m.epoch != LEAVE_STATIC && m.classic.is_none() => Err((
                E::UnreleasedInstanceId,
                format!("'{instance}' is in use by member '{}'", m.id),
            )),
            _ => Ok(()),
        }
    }

    /// Lets the member in that may join. One that comes back for a static member gets
    /// what that one was to have.
    pub(super) fn admit(&mut self, id: &str, request: &ConsumerGroupHeartbeatRequest) {
        if request.member_epoch == 0 {
            self.add_member(id, request.instance_id.as_deref());
        }
    }

    pub(super) fn add_member(&mut self, id: &str, instance: Option<&str>) {
        let left = instance.and_then(|i| self.instances.get(i).cloned());
        if let Some(old) = left
            && let Some(mut m) = self.members.remove(&old)
        {
            m.id = id.to_owned();
            m.epoch = 0;
            m.previous_epoch = 0;
            m.state = State::Stable;
            self.forget_instance_of(&old);
            self.forget_instance_of(id);
            self.members.insert(id.to_owned(), m);
            if let Some(target) = self.targets.remove(&old) {
                self.targets.insert(id.to_owned(), target);
            }
        }
        self.members
            .entry(id.to_owned())
            .or_insert_with(|| Member::new(id));
    }

    /// Whether the instance id is this member's.
    pub(super) fn owner_of(&self, instance: &str, id: &str) -> Result<(), Refusal> {
        match self.instances.get(instance) {
            None => Err((
                E::UnknownMemberId,
                format!("no member of the group is '{instance}'"),
            )),
            Some(owner) if owner != id => Err((
                E::FencedInstanceId,
                format!("'{instance}' has come back as member '{owner}'"),
            )),
            Some(_) => Ok(()),
        }
    }

    /// The member is out, and the group has a new epoch.
    pub(super) fn fence(&mut self, id: &str, around: &Around<'_>) {
        self.forget_instance_of(id);
        if self.members.remove(id).is_none() {
            return;
        }
        self.targets.remove(id);
        if self.set_by == Targets::Computed {
            self.forget_regexes();
            self.refresh_topics(around);
            self.epoch += 1;
        }
    }

    fn forget_instance_of(&mut self, id: &str) {
        self.instances.retain(|_, owner| owner != id);
    }

    /// A member leaves by LeaveGroup, as an administrator removes members: by its id,
    /// by its instance id, or by both.
    pub fn remove(
        &mut self,
        id: &str,
        instance: Option<&str>,
        around: &Around<'_>,
    ) -> Result<(), E> {
        let owner = match instance {
            None => Some(id),
            Some(i) => self.instances.get(i).map(String::as_str),
        };
        match owner {
            Some(owner) if owner == id || (id.is_empty() && instance.is_some()) => {
                let owner = owner.to_owned();
                if !self.members.contains_key(&owner) {
                    return Err(E::UnknownMemberId);
                }
                self.fence(&owner, around);
                Ok(())
            }
            _ => Err(E::UnknownMemberId),
        }
    }
}

/// The answer that raised the epoch may have been lost: a member that says the one
/// before is believed, if it owns no more than it may.
fn check_epoch(m: &Member, said: i32, owned: Option<&Partitions>) -> Result<(), Refusal> {
    if said == 0 || said == m.epoch {
        return Ok(());
    }
    let owns_no_more = |owned: &Partitions| {
        owned.iter().all(|(topic, p)| {
            let assigned = m.assigned.get(topic);
            assigned.is_some_and(|a| p.is_subset(a))
        })
    };
    if said < m.epoch && said == m.previous_epoch && owned.is_some_and(owns_no_more) {
        return Ok(());
    }
    let text = format!(
        "the member says epoch {said} and has {}; it must give up its partitions and rejoin",
        m.epoch
    );
    Err((E::FencedMemberEpoch, text))
}
