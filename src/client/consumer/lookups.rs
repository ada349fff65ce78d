//! Looking up offsets for the application: the topics first, then their leaders.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::is_refused;
use crate::base::error::ErrorCode;
use crate::client::Client;
use crate::client::types::{LookupResult, OffsetLookup};
use crate::metadata::Refresh;

/// What stands for no limit of time.
pub const FOREVER: Duration = Duration::from_secs(86_400 * 365);

/// Asks the leaders, after the cluster was asked about topics that are not known yet, and
/// before it is asked about those whose leader has moved. Creates no topics.
pub fn look_up(
    client: &Client,
    wanted: Vec<OffsetLookup>,
    timeout: Option<Duration>,
) -> Result<Vec<LookupResult>, ErrorCode> {
    let until = Instant::now() + timeout.unwrap_or(FOREVER);
    let is_known = |topic: &Arc<str>| client.shared.metadata.load().topic(topic).is_some();
    let mut unknown: Vec<_> = wanted.iter().map(|w| w.topic.clone()).collect();
    unknown.retain(|topic| !is_known(topic));
    unknown.sort();
    unknown.dedup();
    if !unknown.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        let asked = client.metadata_of_existing(Refresh::Topics(unknown), left);
        asked.map_err(|e| match e.code {
            ErrorCode::_TRANSPORT => ErrorCode::_ALL_BROKERS_DOWN,
            other => other,
        })?;
    }
    let exists: Vec<bool> = wanted.iter().map(|w| is_known(&w.topic)).collect();
    let to_ask: Vec<_> = wanted
        .into_iter()
        .zip(&exists)
        .filter_map(|(w, exists)| exists.then_some(w))
        .collect();
    let topics: Vec<_> = to_ask.iter().map(|w| w.topic.clone()).collect();
    let left = timeout.map(|_| until.saturating_duration_since(Instant::now()));
    let found = if to_ask.is_empty() {
        Vec::new()
    } else {
        client.shared.consumer.offsets(to_ask, left)?
    };
    let mut refused: Vec<_> = found
        .iter()
        .zip(topics)
        .filter_map(|(found, topic)| found.is_err_and(is_refused).then_some(topic))
        .collect();
    if !refused.is_empty() {
        // So that the next call goes to the new leader.
        refused.sort();
        refused.dedup();
        let left = until.saturating_duration_since(Instant::now());
        let _ = client.metadata_of_existing(Refresh::Topics(refused), left);
    }
    let mut found = found.into_iter();
    let missing = ErrorCode::UNKNOWN_TOPIC_OR_PART;
    Ok(exists
        .into_iter()
        .map(|exists| match exists {
            true => found.next().unwrap_or(Err(missing)),
            false => Err(missing),
        })
        .collect())
}
