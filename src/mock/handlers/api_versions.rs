//! ApiVersions: what the cluster speaks, and the features that clients ask about.

use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest};

/// 0 is for a feature that is not finalized.
const TRANSACTION_VERSION: &str = "transaction.version";

pub fn handle(state: &mut ClusterState, cx: &Cx, request: ApiVersionsRequest) -> Reply {
    let mut response = ApiVersionsResponse::default().with_error_code(cx.error);
    if cx.error == 0 && cx.version >= 3 && !is_valid(&request) {
        response.error_code = E::InvalidRequest.code();
    }
    let unsupported = response.error_code == E::UnsupportedVersion.code();
    for (api_key, range) in state.versions.iter() {
        // To a client of the future only ApiVersions itself is of interest.
        if !unsupported || api_key == ApiKey::ApiVersions as i16 {
            response.api_keys.push(
                ApiVersion::default()
                    .with_api_key(api_key)
                    .with_min_version(range.min)
                    .with_max_version(range.max),
            );
        }
    }
    if cx.version >= 3 {
        let name = super::text(TRANSACTION_VERSION);
        // Before version 4 a feature cannot be told to begin at 0.
        let min = i16::from(cx.version < 4);
        response.supported_features.push(
            SupportedFeatureKey::default()
                .with_name(name.clone())
                .with_min_version(min)
                .with_max_version(state.newest_transaction_version()),
        );
        let level = state.transaction_version();
        if level > 0 {
            response.finalized_features.push(
                FinalizedFeatureKey::default()
                    .with_name(name)
                    .with_max_version_level(level)
                    .with_min_version_level(level),
            );
        }
        response.finalized_features_epoch = state.txns.features_epoch;
    }
    if response.error_code == 0 {
        state.logins.introduced(cx.conn);
    }
    Reply::Now(response.into())
}

/// Names and versions of client software are restricted so that they can be labels.
fn is_valid(request: &ApiVersionsRequest) -> bool {
    let word = |s: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        s.chars().all(inside)
            && s.starts_with(|c: char| c.is_ascii_alphanumeric())
            && s.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    word(&request.client_software_name) && word(&request.client_software_version)
}
