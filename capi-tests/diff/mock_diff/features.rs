//! The transaction.version of the real cluster.

use crate::side::{Side, text};
use kafka_protocol::messages::update_features_request::FeatureUpdateKey;
use kafka_protocol::messages::{ApiVersionsRequest, UpdateFeaturesRequest};
use std::time::{Duration, Instant};

const NAME: &str = "transaction.version";
const NEWEST: i16 = 2;

/// Set until this is dropped.
pub struct Level(Side);

impl Level {
    pub fn set(kafka: &str, level: i16) -> Level {
        let mut side = Side::connect("kafka", kafka);
        set(&mut side, level);
        Level(side)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        set(&mut self.0, NEWEST);
    }
}

fn set(side: &mut Side, level: i16) {
    const UPGRADE: i8 = 1;
    const SAFE_DOWNGRADE: i8 = 2;
    let now = current(side);
    if now == level {
        return;
    }
    let kind = if level < now { SAFE_DOWNGRADE } else { UPGRADE };
    let update = FeatureUpdateKey::default()
        .with_feature(text(NAME))
        .with_max_version_level(level)
        .with_upgrade_type(kind);
    let request = UpdateFeaturesRequest::default()
        .with_timeout_ms(10_000)
        .with_feature_updates(vec![update]);
    let response = side.ask(1, &request).expect("answer");
    assert_eq!(response.error_code, 0, "{response:?}");
    let until = Instant::now() + Duration::from_secs(30);
    while current(side) != level {
        assert!(Instant::now() < until, "{NAME} did not become {level}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn current(side: &mut Side) -> i16 {
    let request = ApiVersionsRequest::default()
        .with_client_software_name(text("mock-diff"))
        .with_client_software_version(text("1"));
    let response = side.ask(3, &request).expect("answer");
    let mut features = response.finalized_features.iter();
    let found = features.find(|f| f.name.as_str() == NAME);
    found.map_or(0, |f| f.max_version_level)
}
