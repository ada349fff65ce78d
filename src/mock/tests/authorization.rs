//! Who may do what, and what the others are told.

use super::{Batch, Sim, text, topic};
use crate::mock::security::{Authorizer, Security};
use crate::mock::state::acls::{Acl, CLUSTER, CLUSTER_NAME, LITERAL, PREFIXED, Pattern};
use crate::mock::state::authorizer::Operation;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::*;

const TOPIC: i8 = 2;
const GROUP: i8 = 3;
const TRANSACTIONAL_ID: i8 = 5;
const DENY: i8 = 2;
const ALLOW: i8 = 3;
const ALICE: &str = "User:alice";

fn secured(allow_if_no_acl: bool) -> Sim {
    let mut sim = Sim::new(1);
    sim.state.secure(&Security {
        authorizer: Some(Authorizer {
            super_users: vec!["User:admin".to_owned()],
            allow_if_no_acl,
        }),
        ..Security::default()
    });
    sim.principal = ALICE;
    sim.create("orders", 1);
    sim.create("secret", 1);
    sim
}

/// Allows alice something from everywhere.
fn allow(sim: &mut Sim, kind: i8, name: &str, operation: Operation) {
    add(sim, (kind, name, LITERAL), ALICE, "*", operation, ALLOW);
}

fn add(
    sim: &mut Sim,
    (resource_type, name, pattern_type): (i8, &str, i8),
    principal: &str,
    host: &str,
    operation: Operation,
    permission: i8,
) {
    sim.state.acls.add(Acl {
        pattern: Pattern {
            resource_type,
            name: name.to_owned(),
            pattern_type,
        },
        principal: principal.to_owned(),
        host: host.to_owned(),
        operation: operation as i8,
        permission,
    });
}

fn write(sim: &mut Sim, name: &str) -> i16 {
    sim.produce(name, Batch::default()).0
}

#[test]
fn without_an_authorizer_entries_deny_nothing() {
    let mut sim = Sim::new(1);
    sim.create("orders", 1);
    add(
        &mut sim,
        (TOPIC, "*", LITERAL),
        "User:*",
        "*",
        Operation::All,
        DENY,
    );
    assert_eq!(write(&mut sim, "orders"), 0);
}

#[test]
fn entries_allow_and_deny() {
    let denied = E::TopicAuthorizationFailed.code();
    let mut sim = secured(true);
    // Nothing is said about it.
    assert_eq!(write(&mut sim, "orders"), 0);
    // Something is, of others.
    add(
        &mut sim,
        (TOPIC, "ord", PREFIXED),
        "User:bob",
        "*",
        Operation::Write,
        ALLOW,
    );
    assert_eq!(write(&mut sim, "orders"), denied);
    assert_eq!(write(&mut sim, "secret"), 0);
    add(
        &mut sim,
        (TOPIC, "*", LITERAL),
        "User:*",
        "10.0.0.1",
        Operation::All,
        ALLOW,
    );
    assert_eq!(write(&mut sim, "orders"), denied);
    add(
        &mut sim,
        (TOPIC, "*", LITERAL),
        "User:*",
        "127.0.0.1",
        Operation::All,
        ALLOW,
    );
    assert_eq!(write(&mut sim, "orders"), 0);
    // What one denies, no other allows.
    allow(&mut sim, TOPIC, "orders", Operation::Write);
    add(
        &mut sim,
        (TOPIC, "orders", LITERAL),
        ALICE,
        "*",
        Operation::All,
        DENY,
    );
    assert_eq!(write(&mut sim, "orders"), denied);
    sim.principal = "User:bob";
    assert_eq!(write(&mut sim, "orders"), 0);

    let mut sim = secured(false);
    assert_eq!(write(&mut sim, "orders"), denied);
    sim.principal = "User:admin";
    add(
        &mut sim,
        (TOPIC, "*", LITERAL),
        "User:*",
        "*",
        Operation::All,
        DENY,
    );
    assert_eq!(write(&mut sim, "orders"), 0);
}

fn names(sim: &mut Sim, named: Option<&[&str]>) -> Vec<(String, i16, i32)> {
    let of = |name: &&str| MetadataRequestTopic::default().with_name(Some(topic(name)));
    let request = MetadataRequest::default()
        .with_topics(named.map(|n| n.iter().map(of).collect()))
        .with_allow_auto_topic_creation(true)
        .with_include_topic_authorized_operations(true);
    let response = sim.call::<MetadataRequest>(1, 12, &request);
    let told = response.topics.into_iter().map(|t| {
        let name = t.name.map(|n| n.to_string()).unwrap_or_default();
        assert_eq!(t.partitions.is_empty(), t.error_code != 0);
        (name, t.error_code, t.topic_authorized_operations)
    });
    told.collect()
}

#[test]
fn topics_that_may_not_be_seen_are_not_mentioned() {
    let mut sim = secured(false);
    let denied = E::TopicAuthorizationFailed.code();
    assert_eq!(names(&mut sim, None), []);
    // Who may read may look; who is denied reading may still, if that is allowed.
    allow(&mut sim, TOPIC, "orders", Operation::Read);
    let seen = ("orders".to_owned(), 0, 1 << 3 | 1 << 8);
    let unseen = |name: &str| (name.to_owned(), denied, i32::MIN);
    assert_eq!(names(&mut sim, None), std::slice::from_ref(&seen));
    let asked = names(&mut sim, Some(&["orders", "secret", "none"]));
    assert_eq!(asked, [seen, unseen("secret"), unseen("none")]);
    allow(&mut sim, TOPIC, "secret", Operation::Describe);
    add(
        &mut sim,
        (TOPIC, "secret", LITERAL),
        ALICE,
        "*",
        Operation::Read,
        DENY,
    );
    assert_eq!(
        names(&mut sim, Some(&["secret"])),
        [("secret".to_owned(), 0, 1 << 8)]
    );
    // Creation by use needs more.
    allow(&mut sim, TOPIC, "new", Operation::Describe);
    assert_eq!(names(&mut sim, Some(&["new"])), [unseen("new")]);
    allow(&mut sim, CLUSTER, CLUSTER_NAME, Operation::Create);
    assert_eq!(
        names(&mut sim, Some(&["new"])),
        [("new".to_owned(), 0, 1 << 8)]
    );
}

fn fetch(sim: &mut Sim, name: &str) -> i16 {
    let partition = FetchPartition::default().with_partition_max_bytes(1000);
    let wanted = FetchTopic::default()
        .with_topic(topic(name))
        .with_partitions(vec![partition]);
    let request = FetchRequest::default()
        .with_max_bytes(1000)
        .with_topics(vec![wanted]);
    let response = sim.call::<FetchRequest>(1, 12, &request);
    response.responses[0].partitions[0].error_code
}

fn list_offsets(sim: &mut Sim, name: &str) -> i16 {
    let partition = ListOffsetsPartition::default().with_timestamp(-1);
    let wanted = ListOffsetsTopic::default()
        .with_name(topic(name))
        .with_partitions(vec![partition]);
    let request = ListOffsetsRequest::default().with_topics(vec![wanted]);
    let response = sim.call::<ListOffsetsRequest>(1, 7, &request);
    response.topics[0].partitions[0].error_code
}

#[test]
fn readers_need_to_be_allowed() {
    let mut sim = secured(false);
    let denied = E::TopicAuthorizationFailed.code();
    // Also of a topic that does not exist.
    for name in ["orders", "none"] {
        assert_eq!(
            (fetch(&mut sim, name), list_offsets(&mut sim, name)),
            (denied, denied)
        );
    }
    allow(&mut sim, TOPIC, "orders", Operation::Describe);
    assert_eq!(
        (fetch(&mut sim, "orders"), list_offsets(&mut sim, "orders")),
        (denied, 0)
    );
    allow(&mut sim, TOPIC, "orders", Operation::Read);
    assert_eq!(fetch(&mut sim, "orders"), 0);
}

fn commit(sim: &mut Sim, name: &str) -> i16 {
    let partition = OffsetCommitRequestPartition::default().with_committed_offset(1);
    let wanted = OffsetCommitRequestTopic::default()
        .with_name(topic(name))
        .with_partitions(vec![partition]);
    let request = OffsetCommitRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![wanted]);
    let response = sim.call::<OffsetCommitRequest>(1, 8, &request);
    response.topics[0].partitions[0].error_code
}

fn committed(sim: &mut Sim) -> (i16, usize) {
    let group = OffsetFetchRequestGroup::default()
        .with_group_id(GroupId(text("g")))
        .with_topics(None);
    let request = OffsetFetchRequest::default().with_groups(vec![group]);
    let response = sim.call::<OffsetFetchRequest>(1, 8, &request);
    (
        response.groups[0].error_code,
        response.groups[0].topics.len(),
    )
}

#[test]
fn groups_are_for_their_readers() {
    let mut sim = secured(false);
    let denied = E::GroupAuthorizationFailed.code();
    let find = FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g")]);
    let join = JoinGroupRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_session_timeout_ms(10_000);
    let found = sim.call::<FindCoordinatorRequest>(1, 4, &find);
    assert_eq!(found.coordinators[0].error_code, denied);
    assert_eq!(sim.call::<JoinGroupRequest>(1, 7, &join).error_code, denied);
    assert_eq!(commit(&mut sim, "orders"), denied);
    assert_eq!(committed(&mut sim), (denied, 0));
    allow(&mut sim, GROUP, "g", Operation::Read);
    let found = sim.call::<FindCoordinatorRequest>(1, 4, &find);
    assert_eq!(found.coordinators[0].error_code, 0);
    assert_eq!(
        commit(&mut sim, "orders"),
        E::TopicAuthorizationFailed.code()
    );
    allow(&mut sim, TOPIC, "orders", Operation::Read);
    assert_eq!(commit(&mut sim, "orders"), 0);
    assert_eq!(committed(&mut sim), (0, 1));
    add(
        &mut sim,
        (TOPIC, "orders", LITERAL),
        ALICE,
        "*",
        Operation::Describe,
        DENY,
    );
    assert_eq!(committed(&mut sim), (0, 0));
    let listed = sim.call::<ListGroupsRequest>(1, 4, &ListGroupsRequest::default());
    assert_eq!(listed.groups.len(), 1);
    sim.principal = "User:bob";
    let listed = sim.call::<ListGroupsRequest>(1, 4, &ListGroupsRequest::default());
    assert_eq!(listed.groups.len(), 0);
}

fn init(sim: &mut Sim, id: Option<&str>) -> i16 {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(id.map(|id| TransactionalId(text(id))))
        .with_transaction_timeout_ms(1000);
    sim.call::<InitProducerIdRequest>(1, 4, &request).error_code
}

#[test]
fn producer_ids_are_for_who_may_write_somewhere() {
    let mut sim = secured(false);
    let cluster = E::ClusterAuthorizationFailed.code();
    let transaction = E::TransactionalIdAuthorizationFailed.code();
    assert_eq!(
        (init(&mut sim, None), init(&mut sim, Some("t"))),
        (cluster, transaction)
    );
    add(
        &mut sim,
        (TOPIC, "x", PREFIXED),
        ALICE,
        "*",
        Operation::Write,
        ALLOW,
    );
    assert_eq!(init(&mut sim, None), 0);
    add(
        &mut sim,
        (TOPIC, "*", LITERAL),
        "User:*",
        "*",
        Operation::Write,
        DENY,
    );
    assert_eq!(init(&mut sim, None), cluster);
    allow(&mut sim, CLUSTER, CLUSTER_NAME, Operation::IdempotentWrite);
    assert_eq!(init(&mut sim, None), 0);
    allow(&mut sim, TRANSACTIONAL_ID, "t", Operation::Write);
    assert_eq!(init(&mut sim, Some("t")), 0);
}

#[test]
fn the_cluster_is_its_administrators() {
    let mut sim = secured(false);
    let denied = E::ClusterAuthorizationFailed.code();
    let creation = CreatableTopic::default()
        .with_name(topic("new"))
        .with_num_partitions(1)
        .with_replication_factor(1);
    let create = CreateTopicsRequest::default().with_topics(vec![creation]);
    let refused = &sim.call::<CreateTopicsRequest>(1, 7, &create).topics[0];
    let why = refused.error_message.as_ref().map(|m| m.as_str());
    assert_eq!(refused.error_code, E::TopicAuthorizationFailed.code());
    assert_eq!(why, Some("Authorization failed."));
    allow(&mut sim, TOPIC, "new", Operation::Create);
    let created = &sim.call::<CreateTopicsRequest>(1, 7, &create).topics[0];
    assert_eq!((created.error_code, created.num_partitions), (0, -1));
    assert_eq!(
        created.topic_config_error_code,
        E::TopicAuthorizationFailed.code()
    );
    let acls = DescribeAclsRequest::default()
        .with_resource_type_filter(1)
        .with_pattern_type_filter(1)
        .with_operation(1)
        .with_permission_type(1);
    assert_eq!(
        sim.call::<DescribeAclsRequest>(1, 2, &acls).error_code,
        denied
    );
    let broker = DescribeConfigsResource::default()
        .with_resource_type(4)
        .with_resource_name(text("1"));
    let describe = DescribeConfigsRequest::default().with_resources(vec![broker]);
    let refused = &sim.call::<DescribeConfigsRequest>(1, 4, &describe).results[0];
    assert_eq!(refused.error_code, denied);
    let delete = DeleteTopicsRequest::default().with_topic_names(vec![topic("new")]);
    let refused = &sim.call::<DeleteTopicsRequest>(1, 5, &delete).responses[0];
    assert_eq!(refused.error_code, E::TopicAuthorizationFailed.code());
    sim.principal = "User:admin";
    assert_eq!(sim.call::<DescribeAclsRequest>(1, 2, &acls).error_code, 0);
    let deleted = &sim.call::<DeleteTopicsRequest>(1, 5, &delete).responses[0];
    assert_eq!(deleted.error_code, 0);
    let described =
        DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
    let all = sim.call::<DescribeClusterRequest>(1, 1, &described);
    assert_eq!(all.cluster_authorized_operations, 0x1fa0);
    sim.principal = ALICE;
    let none = sim.call::<DescribeClusterRequest>(1, 1, &described);
    assert_eq!(none.cluster_authorized_operations, 0);
}
