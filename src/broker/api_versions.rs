//! Which version of each API a broker and this client both speak.

use std::collections::HashMap;

use kafka_protocol::messages::{ApiKey, ApiVersionsResponse};

use crate::protocol::versions;

/// What a broker said in its ApiVersions response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiVersions {
    ranges: HashMap<i16, (i16, i16)>,
}

impl ApiVersions {
    pub fn from_response(response: &ApiVersionsResponse) -> Self {
        ApiVersions {
            ranges: response
                .api_keys
                .iter()
                .map(|a| (a.api_key, (a.min_version, a.max_version)))
                .collect(),
        }
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
