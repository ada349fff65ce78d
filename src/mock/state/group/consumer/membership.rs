//! Who is a member, under which id and epoch.

use super::{Around, Consumer, LEAVE_STATIC, Member, Partitions, Refusal, State, Targets, unknown};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::ConsumerGroupHeartbeatRequest;

impl Consumer {
    /// Lets the member in, or sees that it is one, with the epoch that it says.
    pub(super) fn admit(
        &mut self,
        id: &str,
        request: &ConsumerGroupHeartbeatRequest,
        owned: Option<&Partitions>,
    ) -> Result<(), Refusal> {
        let joins = request.member_epoch == 0;
        let instance = request.instance_id.as_deref();
        if joins && let Some(instance) = instance {
            return self.admit_static(instance, id);
        }
        if let Some(instance) = instance {
            self.owner_of(instance, id)?;
        }
        match self.members.get(id) {
            Some(m) => check_epoch(m, request.member_epoch, owned),
            None if joins => {
                self.members.insert(id.to_owned(), Member::new(id));
                Ok(())
            }
            None => Err(unknown(id)),
        }
    }

    /// A static member takes the place of the one that left for it, and what that one
    /// was to have.
    fn admit_static(&mut self, instance: &str, id: &str) -> Result<(), Refusal> {
        let Some(old) = self.instances.get(instance).cloned() else {
            self.members
                .entry(id.to_owned())
                .or_insert_with(|| Member::new(id));
            return Ok(());
        };
        let left = |m: &Member| m.epoch == LEAVE_STATIC;
        if !self.members.get(&old).is_some_and(left) {
            let text = format!("'{instance}' is in use by member '{old}'");
            return Err((E::UnreleasedInstanceId, text));
        }
        if let Some(mut m) = self.members.remove(&old) {
            m.id = id.to_owned();
            m.epoch = 0;
            m.previous_epoch = 0;
            m.state = State::Stable;
            self.forget_instance_of(id);
            self.members.insert(id.to_owned(), m);
        }
        if let Some(target) = self.targets.remove(&old) {
            self.targets.insert(id.to_owned(), target);
        }
        self.instances.insert(instance.to_owned(), id.to_owned());
        Ok(())
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
