//! What is to be committed of a partition, by what it has stored and what was committed
//! before.

use crate::base::error::ErrorCode;
use crate::base::topic_partition::TopicPartition;
use crate::client::types::Stored;

/// What a stored offset of a partition that is kept is committed as. An application that
/// steps back reads something again, and is not to lose its place by that.
pub fn interim_commit(stored: &Stored) -> Option<TopicPartition> {
    let committed = stored.0.committed.get();
    stored.1.is_after(committed).then(|| listed(stored))
}

/// The same for a partition that is given up: where the application was last, be it
/// before what was committed.
pub fn final_commit(stored: &Stored) -> Option<TopicPartition> {
    let (at, committed) = (stored.1, stored.0.committed.get());
    let is_news = at.is_absolute() && (at.offset, at.epoch) != (committed.offset, committed.epoch);
    is_news.then(|| listed(stored))
}

fn listed((partition, stored, metadata): &Stored) -> TopicPartition {
    TopicPartition {
        topic: partition.topic.name.clone(),
        partition: partition.id,
        offset: stored.offset,
        leader_epoch: stored.epoch,
        metadata: metadata.as_deref().map(<[u8]>::to_vec),
        err: ErrorCode::NO_ERROR,
    }
}
