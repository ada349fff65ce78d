//! What both share requests do: acknowledgements for a partition, which are taken together or not at all.

use super::authorize;
use crate::mock::state::authorizer::Operation::Read;
use crate::mock::state::partition::Partition;
use crate::mock::state::share::partition::{Acknowledgement, well_formed};
use crate::mock::state::share::session::{Key, Tp};
use crate::mock::state::{ClusterState, Cx};
use kafka_protocol::ResponseError as E;

/// Applies the acknowledgements of a request and remembers what became of them.
pub(super) struct AckResults {
    group: String,
    member: String,
    renewing: bool,
    pub told: Vec<(Tp, i16)>,
}

impl AckResults {
    pub fn new((_, group, member): &Key, renewing: bool) -> AckResults {
        AckResults {
            group: group.clone(),
            member: member.clone(),
            renewing,
            told: Vec::new(),
        }
    }

    /// Those for one partition; nothing is told of one without any.
    pub fn take<'a>(
        &mut self,
        state: &mut ClusterState,
        cx: &Cx,
        tp: Tp,
        batches: impl Iterator<Item = (i64, i64, &'a [i8])>,
    ) {
        let batches: Vec<_> = batches
            .map(|(first, last, types)| Acknowledgement { first, last, types })
            .collect();
        if batches.is_empty() {
            return;
        }
        let result = self.apply(state, cx, tp, &batches);
        if result.is_ok() {
            // What was released is for those who wait.
            state.wake_shared(cx.now, vec![tp]);
        }
        self.told.push((tp, result.err().map_or(0, |e| e.code())));
    }

    fn apply(
        &self,
        state: &mut ClusterState,
        cx: &Cx,
        tp: Tp,
        batches: &[Acknowledgement<'_>],
    ) -> Result<(), E> {
        well_formed(batches, self.renewing)?;
        led_by(state, cx.broker, tp)?;
        let name = state.topic_by_id(tp.0).map(|t| t.name.clone());
        authorize::topic(state, cx, Read, &name.unwrap_or_default())?;
        if state.share.partition_mut(&self.group, tp).is_none() {
            return Err(E::UnknownTopicOrPartition);
        }
        let found = state.share_partition(&self.group, tp);
        let (settings, partition) = found.ok_or(E::UnknownTopicOrPartition)?;
        let (now, member) = (cx.now.us, &self.member);
        partition.acknowledge(settings, now, member, batches)
    }
}

/// What a test has prepared for the next such request for this partition; 0 for nothing.
pub(super) fn injected(state: &mut ClusterState, cx: &Cx, tp: Tp) -> i16 {
    let Some(name) = state.topic_by_id(tp.0).map(|t| t.name.clone()) else {
        return 0;
    };
    let led = state.partition_mut(&name, tp.1);
    let error = led
        .filter(|p| p.leader == cx.broker)
        .and_then(|p| p.errors.next(cx.api as i16));
    error.map_or(0, |e| e.code as i16)
}

/// The partition, if this broker may be asked for it.
pub(super) fn led_by(state: &ClusterState, broker: i32, tp: Tp) -> Result<&Partition, E> {
    let topic = state.topic_by_id(tp.0).ok_or(E::UnknownTopicId)?;
    let p = topic.partition(tp.1).ok_or(E::UnknownTopicOrPartition)?;
    if p.leader == broker {
        Ok(p)
    } else {
        Err(E::NotLeaderOrFollower)
    }
}

pub(super) fn leader_to_tell(state: &mut ClusterState, tp: Tp) -> Option<(i32, i32)> {
    let name = state.topic_by_id(tp.0)?.name.clone();
    Some(state.partition_mut(&name, tp.1)?.leader_to_tell())
}
