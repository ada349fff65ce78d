//! Which version of each API a broker and this client both speak.

use std::collections::HashMap;

use kafka_protocol::messages::{ApiKey, ApiVersionsResponse};

use crate::protocol::versions;

/// What a broker said in its ApiVersions response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiVersions {
    ranges: HashMap<i16, (i16, i16)>,
    /// The finalized level of the cluster's feature `transaction.version`; 0 without it.
    transaction_version: i16,
}

impl ApiVersions {
    pub fn from_response(response: &ApiVersionsResponse) -> Self {
        ApiVersions {
            ranges: response
                .api_keys
                .iter()
                .map(|a| (a.api_key, (a.min_version, a.max_version)))
                .collect(),
            transaction_version: response
                .finalized_features
                .iter()
                .find(|f| f.name.as_str() == "transaction.version")
                .map_or(0, |f| f.max_version_level),
        }
    }

    /// The version of transactions that the cluster has agreed on (KIP-890).
    pub fn transaction_version(&self) -> i16 {
        self.transaction_version
    }

    /// What brokers speak that are too old to be asked, by the beginning of their version; `None` for newer ones.
    /// This client has only part of it in common with them: metadata and groups.
    pub fn assumed(broker_version: &str) -> Option<Self> {
        const DATA: [ApiKey; 4] = [
            ApiKey::Produce,
            ApiKey::Fetch,
            ApiKey::ListOffsets,
            ApiKey::Metadata,
        ];
        const GROUPS: [ApiKey; 6] = [
            ApiKey::JoinGroup,
            ApiKey::Heartbeat,
            ApiKey::LeaveGroup,
            ApiKey::SyncGroup,
            ApiKey::DescribeGroups,
            ApiKey::ListGroups,
        ];
        const COORDINATOR: [ApiKey; 1] = [ApiKey::FindCoordinator];
        let offsets =
            |commit, fetch| vec![(ApiKey::OffsetCommit, commit), (ApiKey::OffsetFetch, fetch)];
        let first = |apis: &[ApiKey]| apis.iter().map(|api| (*api, 0)).collect::<Vec<_>>();
        let begins = |with: &str| broker_version.starts_with(with);
        let apis = if begins("0.9.0") {
            let second = vec![(ApiKey::Produce, 1), (ApiKey::Fetch, 1)];
            [
                first(&DATA),
                second,
                offsets(2, 1),
                first(&COORDINATOR),
                first(&GROUPS),
            ]
            .concat()
        } else if begins("0.8.2") {
            [first(&DATA), offsets(1, 1), first(&COORDINATOR)].concat()
        } else if begins("0.8.1") {
            [first(&DATA), offsets(1, 0)].concat()
        } else if begins("0.8.0") {
            first(&DATA)
        } else {
            return None;
        };
        let ranges = apis.into_iter().map(|(api, max)| (api as i16, (0, max)));
        Some(ApiVersions {
            ranges: ranges.collect(),
            transaction_version: 0,
        })
    }

    /// The broker's range for an API.
    pub fn range(&self, api: ApiKey) -> Option<(i16, i16)> {
        self.ranges.get(&(api as i16)).copied()
    }

    /// The highest version that both sides speak, no higher than `cap`.
    pub fn pick(&self, api: ApiKey, cap: Option<i16>) -> Option<i16> {
        let (min, max) = self.range(api)?;
        let max = max.min(cap.unwrap_or(i16::MAX));
        versions::pick(api, versions::Range { min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_brokers_are_known_by_their_version() {
        let v = ApiVersions::assumed("0.9.0.1").unwrap();
        assert_eq!(v.pick(ApiKey::Metadata, None), Some(0));
        assert_eq!(v.pick(ApiKey::OffsetCommit, None), Some(2));
        assert_eq!(v.range(ApiKey::Fetch), Some((0, 1)));
        assert_eq!(v.pick(ApiKey::Fetch, None), None);
        let v = ApiVersions::assumed("0.8.1").unwrap();
        assert_eq!(v.range(ApiKey::FindCoordinator), None);
        assert!(ApiVersions::assumed("0.10.0").is_none());
        assert!(ApiVersions::assumed("4.2").is_none());
    }
}
