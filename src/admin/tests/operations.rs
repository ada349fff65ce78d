//! Every operation with small arguments, and what its result has to look like. The fuzz
//! target of capi-tests/fuzz includes this file, too.

use std::ffi::CString;

use super::rdkafka::admin::args::{AclBinding, AlterOp, NewPartitions, NewTopic, ScramAlteration};
use super::rdkafka::admin::by_leader::Asked;
use super::rdkafka::admin::configs::{self, Change, Resource};
use super::rdkafka::admin::options::{AdminOp, AdminOptions};
use super::rdkafka::admin::results::AdminResult;
use super::rdkafka::admin::{
    Begun, Request, acls, describe, elect_leaders, group_offsets, groups, list_offsets, records,
    scram, topics,
};
use super::rdkafka::base::error::{ErrorCode, KafkaError};
use super::rdkafka::base::secret::Secret;
use super::rdkafka::base::topic_partition::TopicPartition;

pub const TOPICS: [&str; 3] = ["t", "u", "v"];
pub const GROUPS: [&str; 3] = ["g", "h", "i"];
pub const USERS: [&str; 2] = ["x", "y"];
/// By topic and number.
pub const PARTITIONS: [(&str, i32); 4] = [("t", 0), ("t", 1), ("u", 0), ("v", 5)];

/// What an operation is started with.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// All are asked from this one.
    pub broker: Option<i32>,
    /// Where an operation can do without names: it has none.
    pub all: bool,
    /// The brokers do not wait, and nothing is changed.
    pub quick: bool,
}

/// All operations.
pub fn all() -> impl Iterator<Item = AdminOp> {
    (1..).map_while(AdminOp::from_number)
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn asked() -> Vec<Asked> {
    let asked = |&(topic, partition): &(&str, i32)| Asked {
        topic: topic.to_owned(),
        partition,
        value: 7,
        leader_epoch: -1,
    };
    PARTITIONS.iter().map(asked).collect()
}

fn partitions() -> Vec<TopicPartition> {
    let partitions = PARTITIONS.iter();
    partitions.map(|p| TopicPartition::new(p.0, p.1)).collect()
}

fn entry(name: Option<CString>) -> AclBinding {
    AclBinding {
        resource_type: 2,
        name,
        pattern_type: 3,
        principal: Some(c"User:u".into()),
        host: Some(c"*".into()),
        operation: 3,
        permission: 3,
    }
}

fn resources() -> Vec<Resource> {
    let change = Change {
        op: AlterOp::Append,
        name: "p".to_owned(),
        value: Some("1".to_owned()),
    };
    // A topic, a group and a broker.
    let resource = |(kind, name): (i32, &str)| Resource {
        kind,
        name: name.to_owned(),
        changes: vec![change.clone()],
    };
    [(2, "t"), (3, "g"), (4, "1")].map(resource).into()
}

fn new_topics() -> Vec<NewTopic> {
    let topic = |name: String| NewTopic::new(name, 3, 1).ok();
    strings(&TOPICS).into_iter().filter_map(topic).collect()
}

fn more_partitions() -> Vec<NewPartitions> {
    let topic = |name: String| NewPartitions::new(name, 9).ok();
    strings(&TOPICS).into_iter().filter_map(topic).collect()
}

fn alter_credentials(request: &Request<'_>) -> Result<Begun, KafkaError> {
    let [upserted, deleted] = USERS.map(str::to_owned);
    let upsertion = ScramAlteration::Upsert {
        user: upserted,
        mechanism: 1,
        iterations: 1,
        password: Secret::new(b"p"),
        salt: b"s".to_vec(),
    };
    let deletion = ScramAlteration::Delete {
        user: deleted,
        mechanism: 2,
    };
    Ok(scram::alter(&[&upsertion, &deletion], request)?.into())
}

/// An operation as the C interface begins it.
pub fn begin(op: AdminOp, variant: Variant) -> Result<Begun, KafkaError> {
    let mut options = AdminOptions::new(op);
    options.broker = variant.broker;
    options.include_authorized_operations = variant.quick;
    options.require_stable_offsets = variant.quick;
    options.validate_only = variant.quick;
    options.operation_timeout_ms = variant.quick.then_some(0);
    let request = &Request::new(&options, 60_000);
    let some = !variant.all;
    Ok(match op {
        AdminOp::CREATE_TOPICS => topics::create(new_topics(), request).into(),
        AdminOp::DELETE_TOPICS => topics::delete(strings(&TOPICS), request).into(),
        AdminOp::CREATE_PARTITIONS => topics::create_partitions(more_partitions(), request).into(),
        AdminOp::ALTER_CONFIGS => configs::alter(resources(), Some(1), request).into(),
        AdminOp::DESCRIBE_CONFIGS => configs::describe(resources(), None, request).into(),
        AdminOp::INCREMENTAL_ALTER_CONFIGS => {
            configs::alter_incrementally(resources(), Some(1), request).into()
        }
        AdminOp::DELETE_RECORDS => records::delete(asked(), request).into(),
        AdminOp::LIST_OFFSETS => list_offsets::list(asked(), request),
        AdminOp::ELECT_LEADERS => elect_leaders::elect(1, some.then(asked), request).into(),
        AdminOp::DELETE_GROUPS => groups::delete(strings(&GROUPS), request).into(),
        AdminOp::DESCRIBE_CONSUMER_GROUPS => groups::describe(strings(&GROUPS), request).into(),
        AdminOp::LIST_CONSUMER_GROUPS => groups::list(request).into(),
        AdminOp::LIST_CONSUMER_GROUP_OFFSETS => {
            group_offsets::list("g".to_owned(), some.then(partitions), request).into()
        }
        AdminOp::ALTER_CONSUMER_GROUP_OFFSETS => {
            group_offsets::alter("g".to_owned(), partitions(), request).into()
        }
        AdminOp::DELETE_CONSUMER_GROUP_OFFSETS => {
            group_offsets::delete("g".to_owned(), partitions(), request).into()
        }
        AdminOp::CREATE_ACLS => acls::create(vec![entry(Some(c"t".into())); 3], request).into(),
        AdminOp::DESCRIBE_ACLS => acls::describe(entry(None), request).into(),
        AdminOp::DELETE_ACLS => acls::delete(vec![entry(None); 3], request).into(),
        AdminOp::DESCRIBE_USER_SCRAM_CREDENTIALS => {
            let users = strings(if some { &USERS } else { &[] });
            scram::describe(users, request).into()
        }
        AdminOp::ALTER_USER_SCRAM_CREDENTIALS => alter_credentials(request)?,
        AdminOp::DESCRIBE_TOPICS => describe::topics(strings(&TOPICS), request),
        AdminOp::DESCRIBE_CLUSTER => describe::cluster(request),
        _ => return Err(ErrorCode::_NOT_IMPLEMENTED.into()),
    })
}

/// Panics where the result does not answer the arguments: each once, and in their order
/// where the operation promises it.
pub fn check(op: AdminOp, variant: Variant, result: &AdminResult) {
    let text = |c: &CString| c.to_string_lossy().into_owned();
    let partition = |topic: &CString, number: i32| (text(topic), number);
    let asked: Vec<_> = PARTITIONS
        .map(|(topic, number)| (topic.to_owned(), number))
        .into();
    match result {
        AdminResult::None => panic!("{op:?} has no result"),
        AdminResult::Topics(all) => {
            assert_eq!(
                all.iter().map(|t| text(&t.topic)).collect::<Vec<_>>(),
                TOPICS
            );
            assert!(all.iter().all(|t| t.code.ok().is_ok() == t.text.is_none()));
        }
        AdminResult::Resources(all) => {
            let kinds: Vec<_> = all.iter().map(|r| r.kind).collect();
            assert_eq!(kinds, [2, 3, 4]);
            assert!(all.iter().all(|r| r.code.ok().is_ok() == r.text.is_none()));
        }
        AdminResult::CreatedAcls(all) => assert_eq!(all.len(), 3),
        AdminResult::DeletedAcls(all) => assert_eq!(all.len(), 3),
        AdminResult::GroupDescriptions(all) => {
            assert_eq!(
                all.iter().map(|g| text(&g.group)).collect::<Vec<_>>(),
                GROUPS
            );
            for group in all.iter().filter(|g| g.error.is_some()) {
                assert!(group.members.is_empty() && group.coordinator.is_none());
            }
        }
        AdminResult::Groups(all) => match op {
            AdminOp::DELETE_GROUPS => {
                assert_eq!(
                    all.iter().map(|g| text(&g.group)).collect::<Vec<_>>(),
                    GROUPS
                );
            }
            _ => {
                assert_eq!(
                    all.iter().map(|g| text(&g.group)).collect::<Vec<_>>(),
                    ["g"]
                );
                let found = all[0].partitions.iter().flatten();
                let found: Vec<_> = found.map(|p| (p.topic.to_string(), p.partition)).collect();
                assert!(
                    found == asked || variant.all && op == AdminOp::LIST_CONSUMER_GROUP_OFFSETS
                );
            }
        },
        AdminResult::DeletedRecords(all) | AdminResult::Offsets(all) => {
            let found: Vec<_> = all
                .iter()
                .map(|p| partition(&p.topic, p.partition))
                .collect();
            assert_eq!(found, asked);
        }
        AdminResult::Elections(all) => {
            let found: Vec<_> = all
                .iter()
                .map(|p| partition(&p.topic, p.partition))
                .collect();
            assert!(found == asked || variant.all);
        }
        AdminResult::TopicDescriptions(all) => {
            assert_eq!(
                all.iter().map(|t| text(&t.name)).collect::<Vec<_>>(),
                TOPICS
            );
        }
        AdminResult::ScramUsers(all) => {
            let told = |user: &str| all.iter().filter(|u| text(&u.user) == user).count();
            assert!(variant.all || USERS.map(told) == [1, 1] && all.len() == 2);
        }
        AdminResult::ScramAltered(all) => {
            let told = |user: &str| all.iter().filter(|u| text(&u.user) == user).count();
            assert!(all.len() == 2 && USERS.map(told) == [1, 1], "{all:?}");
        }
        // What these tell is up to the brokers.
        AdminResult::Acls(_) | AdminResult::GroupListings(_) | AdminResult::Cluster(_) => {}
    }
}
