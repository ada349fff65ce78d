//! Which versions of which API the cluster advertises and takes.
//!
//! The defaults are those of Kafka 4.2 as far as the mock speaks them; a test may
//! narrow or switch off each.

use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::VersionRange;
use std::collections::BTreeMap;

/// API, first and last version.
const DEFAULTS: &[(ApiKey, i16, i16)] = &[
    // Versions 0-2 are advertised, though not spoken, because older librdkafkas
    // take gzip, snappy and lz4 for unsupported without them; Kafka 4 does the same.
    (ApiKey::Produce, 0, 13),
    (ApiKey::Fetch, 4, 18),
    (ApiKey::ListOffsets, 1, 10),
    (ApiKey::Metadata, 0, 13),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
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
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::AddPartitionsToTxn, 0, 5),
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
    (ApiKey::DescribeProducers, 0, 0),
    (ApiKey::DescribeTransactions, 0, 0),
    (ApiKey::ListTransactions, 0, 2),
    (ApiKey::ConsumerGroupHeartbeat, 0, 1),
    (ApiKey::ConsumerGroupDescribe, 0, 1),
    // Kafka has these two where one of its metrics reporters takes clients' metrics.
    (ApiKey::GetTelemetrySubscriptions, 0, 0),
    (ApiKey::PushTelemetry, 0, 0),
    (ApiKey::DescribeTopicPartitions, 0, 0),
    (ApiKey::ShareGroupHeartbeat, 1, 1),
    (ApiKey::ShareGroupDescribe, 1, 1),
    (ApiKey::ShareFetch, 1, 2),
    (ApiKey::ShareAcknowledge, 1, 2),
];

#[derive(Clone, Debug)]
pub struct Versions {
    ranges: BTreeMap<i16, VersionRange>,
}

impl Default for Versions {
    fn default() -> Versions {
        let range = |&(api, min, max): &(ApiKey, i16, i16)| (api as i16, VersionRange { min, max });
        Versions {
            ranges: DEFAULTS.iter().map(range).collect(),
        }
    }
}

impl Versions {
    /// What is advertised, in the order of the API keys.
    pub fn iter(&self) -> impl Iterator<Item = (i16, VersionRange)> + '_ {
        self.ranges
            .iter()
            .filter(|(_, r)| r.max >= 0)
            .map(|(&api, &range)| (api, range))
    }

    pub fn accepts(&self, api: i16, version: i16) -> bool {
        self.ranges
            .get(&api)
            .is_some_and(|r| r.min <= version && version <= r.max)
    }

    /// Narrows an API, or with -1, -1 switches it off. False if the mock has no such API.
    pub fn set(&mut self, api: i16, min: i16, max: i16) -> bool {
        match self.ranges.get_mut(&api) {
            Some(range) => {
                *range = VersionRange { min, max };
                true
            }
            None => false,
        }
    }
}
