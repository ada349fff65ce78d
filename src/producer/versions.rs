//! Which version of Produce is spoken, chosen here and nowhere else.

use kafka_protocol::messages::ApiKey;

use super::ProducerShared;
use crate::broker::ApiVersions;
use crate::protocol::versions::{Range, pick, pick_before_transaction_v2};

/// Version 13 addresses topics by id.
const MAX: i16 = 12;

/// The first that adds partitions to a transaction (KIP-890).
const JOINS_TRANSACTION: i16 = 12;

/// The highest version that both sides know. In transactions of version 1 partitions are
/// added to the transaction before, and the version is one that does not add them; in
/// those of version 2 it is one that does.
pub(super) fn produce(broker: &ApiVersions, shared: &ProducerShared) -> Option<i16> {
    let (min, max) = broker.range(ApiKey::Produce)?;
    let range = Range {
        min,
        max: max.min(MAX),
    };
    match &shared.transaction {
        Some(transaction) if transaction.is_version_2() => {
            pick(ApiKey::Produce, range).filter(|version| *version >= JOINS_TRANSACTION)
        }
        Some(_) => pick_before_transaction_v2(ApiKey::Produce, range),
        None => pick(ApiKey::Produce, range),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::producer::testing::{settings, shared, versions};

    #[test]
    fn a_transaction_keeps_its_meaning() {
        let plain = shared(settings());
        assert_eq!(produce(&versions(3, 13), &plain), Some(12));
        assert_eq!(produce(&versions(3, 9), &plain), Some(9));
        let mut settings = settings();
        settings.transactional_id = Some("t".into());
        let transactional = shared(settings);
        assert_eq!(produce(&versions(3, 13), &transactional), Some(11));
        assert_eq!(produce(&versions(12, 13), &transactional), None);
        let transaction = transactional.transaction.as_ref().unwrap();
        transaction.set_version_2(true);
        assert_eq!(produce(&versions(3, 13), &transactional), Some(12));
        assert_eq!(produce(&versions(3, 11), &transactional), None);
    }
}
