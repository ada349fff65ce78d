//! The APIs this client uses and their versions: what kafka-protocol, and
//! [`share`](super::share) beside it, can write and read, cut to what the client
//! means by it. Brokers from Kafka 2.1 to 4.2 have a version in common with every
//! API that they know.

use kafka_protocol::messages::ApiKey;

/// An inclusive range of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub min: i16,
    pub max: i16,
}

/// API, lowest and highest version. Left out where kafka-protocol has more:
/// Fetch v18 and AddPartitionsToTxn from v4 on are for brokers only.
const SUPPORTED: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 13),
    (ApiKey::Fetch, 4, 17),
    (ApiKey::ListOffsets, 1, 10),
    (ApiKey::Metadata, 0, 13),
    (ApiKey::OffsetCommit, 2, 10),
    (ApiKey::OffsetFetch, 1, 10),
    (ApiKey::FindCoordinator, 0, 6),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 6),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::SaslHandshake, 0, 1),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 6),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::AddPartitionsToTxn, 0, 3),
    (ApiKey::AddOffsetsToTxn, 0, 4),
    (ApiKey::EndTxn, 0, 5),
    (ApiKey::TxnOffsetCommit, 0, 5),
    (ApiKey::DescribeAcls, 1, 3),
    (ApiKey::CreateAcls, 1, 3),
    (ApiKey::DeleteAcls, 1, 3),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::SaslAuthenticate, 0, 2),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::ElectLeaders, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::DescribeUserScramCredentials, 0, 0),
    (ApiKey::AlterUserScramCredentials, 0, 0),
    (ApiKey::DescribeCluster, 0, 2),
    (ApiKey::DescribeTransactions, 0, 0),
    (ApiKey::ConsumerGroupHeartbeat, 0, 1),
    (ApiKey::ConsumerGroupDescribe, 0, 1),
    (ApiKey::GetTelemetrySubscriptions, 0, 0),
    (ApiKey::PushTelemetry, 0, 0),
    (ApiKey::ShareGroupHeartbeat, 1, 1),
    (ApiKey::ShareGroupDescribe, 1, 1),
    (ApiKey::ShareFetch, 1, 2),
    (ApiKey::ShareAcknowledge, 1, 2),
    (ApiKey::DescribeShareGroupOffsets, 0, 0),
    (ApiKey::AlterShareGroupOffsets, 0, 0),
    (ApiKey::DeleteShareGroupOffsets, 0, 0),
];

/// The versions of `api` this client can speak.
pub fn supported(api: ApiKey) -> Option<Range> {
    SUPPORTED
        .iter()
        .find(|(key, ..)| *key == api)
        .map(|&(_, min, max)| Range { min, max })
}

/// All APIs this client can use.
pub fn all() -> impl Iterator<Item = (ApiKey, Range)> {
    SUPPORTED
        .iter()
        .map(|&(api, min, max)| (api, Range { min, max }))
}

/// The highest version that both sides know; `None` without one.
pub fn pick(api: ApiKey, broker: Range) -> Option<i16> {
    let own = supported(api)?;
    let version = own.max.min(broker.max);
    (version >= own.min && version >= broker.min).then_some(version)
}

/// The highest version with the meaning it had before transactions of version
/// 2 (KIP-890): from the next one on a Produce or TxnOffsetCommit adds its
/// partitions to the transaction and EndTxn raises the epoch. To be used
/// instead of [`pick`] where the cluster's feature `transaction.version` is
/// below 2.
pub fn pick_before_transaction_v2(api: ApiKey, broker: Range) -> Option<i16> {
    let cap = match api {
        ApiKey::Produce => 11,
        ApiKey::EndTxn | ApiKey::TxnOffsetCommit => 4,
        _ => i16::MAX,
    };
    let max = broker.max.min(cap);
    pick(api, Range { max, ..broker })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::share;

    #[test]
    fn within_what_the_messages_know() {
        for (api, range) in all() {
            let valid = share::valid_versions(api);
            assert!(
                valid.min <= range.min && range.min <= range.max && range.max <= valid.max,
                "{api:?}"
            );
            assert_eq!(all().filter(|(a, _)| *a == api).count(), 1, "{api:?} twice");
        }
    }

    #[test]
    fn picks_the_highest_in_common() {
        let pick = |min, max| pick(ApiKey::Produce, Range { min, max });
        assert_eq!(pick(0, 7), Some(7));
        assert_eq!(pick(0, 99), Some(13));
        assert_eq!(pick(0, 2), None);
        assert_eq!(pick(14, 15), None);
        let old = |api| pick_before_transaction_v2(api, Range { min: 0, max: 99 });
        assert_eq!(old(ApiKey::Produce), Some(11));
        assert_eq!(old(ApiKey::EndTxn), Some(4));
        assert_eq!(
            old(ApiKey::Fetch),
            super::pick(ApiKey::Fetch, Range { min: 0, max: 99 })
        );
        assert_eq!(super::pick(ApiKey::Vote, Range { min: 0, max: 9 }), None);
    }
}
