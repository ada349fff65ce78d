//! Which version of Produce is spoken, chosen here and nowhere else.

use kafka_protocol::messages::ApiKey;

use super::Settings;
use crate::broker::ApiVersions;
use crate::protocol::versions::{Range, pick, pick_before_transaction_v2};

/// Version 13 addresses topics by id.
const MAX: i16 = 12;

/// The highest version that both sides know. What belongs to a transaction is sent with
/// the meaning that it has under transactions of version 1: partitions are added to the
/// transaction before. A transaction of version 2 (KIP-890) may use all versions.
pub(super) fn produce(broker: &ApiVersions, settings: &Settings) -> Option<i16> {
    let (min, max) = broker.range(ApiKey::Produce)?;
    let range = Range {
        min,
        max: max.min(MAX),
    };
    if settings.transactional {
        pick_before_transaction_v2(ApiKey::Produce, range)
    } else {
        pick(ApiKey::Produce, range)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::producer::testing::{settings, versions};

    #[test]
    fn a_transaction_keeps_the_older_meaning() {
        let mut settings = settings();
        assert_eq!(produce(&versions(3, 13), &settings), Some(12));
        assert_eq!(produce(&versions(3, 9), &settings), Some(9));
        settings.transactional = true;
        assert_eq!(produce(&versions(3, 13), &settings), Some(11));
        assert_eq!(produce(&versions(12, 13), &settings), None);
    }
}
