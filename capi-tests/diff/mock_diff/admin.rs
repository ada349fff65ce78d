//! Access control entries, SCRAM credentials and elections of leaders.

use crate::Diff;
use crate::logs::{World, topic_name};
use crate::side::{Side, text};
use bytes::Bytes;
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::describe_user_scram_credentials_request::UserName;
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

pub fn step(diff: &mut Diff, world: &World) {
    match diff.rng.u32(..100) {
        0..30 => create_acls(diff),
        30..50 => describe_acls(diff),
        50..65 => delete_acls(diff),
        65..80 => alter_credentials(diff),
        80..90 => describe_credentials(diff),
        _ => elect_leaders(diff, world),
    }
}

/// One of these names.
fn one(diff: &mut Diff, names: &[&str]) -> StrBytes {
    let name: &&str = diff.pick(names);
    text(name)
}

// --- access control entries

/// Nothing that the other requests use: what has entries is closed to those who have none.
const NAMES: [&str; 5] = ["res", "res-longer", "re", "other", ""];
const PRINCIPALS: [&str; 5] = ["User:a", "User:b", "User:*", "a", ""];
const HOSTS: [&str; 3] = ["*", "127.0.0.1", ""];

/// Mostly what Kafka takes.
fn creation(diff: &mut Diff) -> AclCreation {
    let sane = diff.chance(80);
    let (kinds, patterns, operations, permissions): (&[i8], &[i8], &[i8], &[i8]) = if sane {
        (&[2, 3, 5], &[3, 4], &[3, 4, 8, 10, 2], &[2, 3])
    } else {
        (
            &[0, 1, 2, 4, 6, 7, 9],
            &[0, 1, 2, 3, 5],
            &[0, 1, 3, 5, 12, 13, 20],
            &[0, 1, 2, 4],
        )
    };
    let (names, principals, hosts) = if sane {
        (&NAMES[..4], &PRINCIPALS[..3], &HOSTS[..2])
    } else {
        (&NAMES[..], &PRINCIPALS[..], &HOSTS[..])
    };
    AclCreation::default()
        .with_resource_type(*diff.pick(kinds))
        .with_resource_name(one(diff, names))
        .with_resource_pattern_type(*diff.pick(patterns))
        .with_principal(one(diff, principals))
        .with_host(one(diff, hosts))
        .with_operation(*diff.pick(operations))
        .with_permission_type(*diff.pick(permissions))
}

fn create_acls(diff: &mut Diff) {
    let version = diff.rng.i16(1..=3);
    let creations: Vec<_> = (0..diff.rng.u32(0..=3)).map(|_| creation(diff)).collect();
    let request = CreateAclsRequest::default().with_creations(creations);
    diff.both("CreateAcls", &format!("v{version} {request:?}"), |side| {
        (format!("{:?}", side.ask(version, &request)), ())
    });
}

/// A name, or `None` for all.
fn given(diff: &mut Diff, names: &[&str]) -> Option<StrBytes> {
    diff.rng.bool().then(|| one(diff, names))
}

fn filter(diff: &mut Diff) -> DescribeAclsRequest {
    let odd = diff.chance(10);
    let (kinds, patterns, operations, permissions): (&[i8], &[i8], &[i8], &[i8]) = if odd {
        (&[0, 6, 7, 9], &[0, 1, 5], &[0, 13, 20], &[0, 1, 4])
    } else {
        (
            &[1, 1, 2, 3, 5],
            &[1, 2, 3, 4],
            &[1, 1, 3, 4, 2],
            &[1, 1, 2, 3],
        )
    };
    DescribeAclsRequest::default()
        .with_resource_type_filter(*diff.pick(kinds))
        .with_resource_name_filter(given(diff, &NAMES[..4]))
        .with_pattern_type_filter(*diff.pick(patterns))
        .with_principal_filter(given(diff, &PRINCIPALS[..3]))
        .with_host_filter(given(diff, &HOSTS[..2]))
        .with_operation(*diff.pick(operations))
        .with_permission_type(*diff.pick(permissions))
}

fn describe_acls(diff: &mut Diff) {
    let version = diff.rng.i16(1..=3);
    let request = filter(diff);
    let detail = format!("v{version} {request:?}");
    diff.both_in_the_end("DescribeAcls", &detail, |side| {
        let Some(mut response) = side.ask(version, &request) else {
            return "closed".to_owned();
        };
        // In which order is no promise of either.
        for resource in &mut response.resources {
            resource.acls.sort_by_key(|acl| format!("{acl:?}"));
        }
        response.resources.sort_by_key(|r| format!("{r:?}"));
        format!("{response:?}")
    });
}

fn delete_acls(diff: &mut Diff) {
    let version = diff.rng.i16(1..=3);
    let filters = (0..diff.rng.u32(0..=2)).map(|_| {
        let filter = filter(diff);
        DeleteAclsFilter::default()
            .with_resource_type_filter(filter.resource_type_filter)
            .with_resource_name_filter(filter.resource_name_filter)
            .with_pattern_type_filter(filter.pattern_type_filter)
            .with_principal_filter(filter.principal_filter)
            .with_host_filter(filter.host_filter)
            .with_operation(filter.operation)
            .with_permission_type(filter.permission_type)
    });
    let request = DeleteAclsRequest::default().with_filters(filters.collect());
    diff.both("DeleteAcls", &format!("v{version} {request:?}"), |side| {
        let Some(mut response) = side.ask(version, &request) else {
            return ("closed".to_owned(), ());
        };
        for result in &mut response.filter_results {
            result.matching_acls.sort_by_key(|acl| format!("{acl:?}"));
        }
        (format!("{response:?}"), ())
    });
}

// --- SCRAM credentials

const USERS: [&str; 4] = ["x", "y", "z", ""];

fn alter_credentials(diff: &mut Diff) {
    let mechanism = |diff: &mut Diff| *diff.pick(&[1, 1, 2, 2, 0, 3]);
    let user = |diff: &mut Diff| {
        let most = if diff.chance(95) { 3 } else { 4 };
        one(diff, &USERS[..most])
    };
    let upsertions = (0..diff.rng.u32(0..=2)).map(|_| {
        ScramCredentialUpsertion::default()
            .with_name(user(diff))
            .with_mechanism(mechanism(diff))
            .with_iterations(*diff.pick(&[4096, 5000, 16_384, 4095, 16_385, 0, -1]))
            .with_salt(Bytes::from_static(b"salt"))
            .with_salted_password(Bytes::from_static(&[7; 32]))
    });
    let upsertions = upsertions.collect();
    let deletions = (0..diff.rng.u32(0..=2)).map(|_| {
        ScramCredentialDeletion::default()
            .with_name(user(diff))
            .with_mechanism(mechanism(diff))
    });
    let request = AlterUserScramCredentialsRequest::default()
        .with_deletions(deletions.collect())
        .with_upsertions(upsertions);
    diff.both(
        "AlterUserScramCredentials",
        &format!("{request:?}"),
        |side| {
            let mut response = side.ask(0, &request).expect("answer");
            response.results.sort_by(|a, b| a.user.cmp(&b.user));
            (format!("{response:?}"), ())
        },
    );
}

fn credentials(side: &mut Side, request: &DescribeUserScramCredentialsRequest) -> String {
    let mut response = side.ask(0, request).expect("answer");
    response.results.sort_by(|a, b| a.user.cmp(&b.user));
    for user in &mut response.results {
        user.credential_infos.sort_by_key(|info| info.mechanism);
    }
    format!("{response:?}")
}

fn describe_credentials(diff: &mut Diff) {
    let users = diff.chance(80).then(|| {
        let users = (0..diff.rng.u32(0..=3)).map(|_| *diff.pick(&USERS));
        let users: Vec<_> = users.collect();
        let name = |user: &&str| UserName::default().with_name(text(user));
        users.iter().map(name).collect()
    });
    let request = DescribeUserScramCredentialsRequest::default().with_users(users);
    let detail = format!("{request:?}");
    diff.both_in_the_end("DescribeUserScramCredentials", &detail, |side| {
        credentials(side, &request)
    });
}

// --- elections

fn elect_leaders(diff: &mut Diff, world: &World) {
    let version = diff.rng.i16(0..=2);
    let topics = diff.chance(80).then(|| {
        let topics = (0..diff.rng.u32(0..=2)).map(|_| {
            let topic = world.topic(diff);
            let partitions = (0..diff.rng.u32(0..=2)).map(|_| *diff.pick(&[0, 1, 2, 99, -1]));
            let mut partitions: Vec<i32> = partitions.collect();
            partitions.sort_unstable();
            partitions.dedup();
            TopicPartitions::default()
                .with_topic(topic_name(&topic))
                .with_partitions(partitions)
        });
        let mut topics: Vec<_> = topics.collect();
        topics.dedup_by(|a, b| a.topic == b.topic);
        topics
    });
    let mut request = ElectLeadersRequest::default()
        .with_topic_partitions(topics)
        .with_timeout_ms(10_000);
    if version >= 1 {
        request.election_type = *diff.pick(&[0, 0, 1, 1, 2]);
    }
    let run = diff.run.clone();
    diff.both("ElectLeaders", &format!("v{version} {request:?}"), |side| {
        let Some(mut response) = side.ask(version, &request) else {
            return ("closed".to_owned(), ());
        };
        // Without topics all are meant: internal ones and those of others are Kafka's only.
        let asked = request.topic_partitions.is_some();
        response
            .replica_election_results
            .retain(|topic| asked || topic.topic.contains(&run));
        for topic in &mut response.replica_election_results {
            topic.partition_result.sort_by_key(|p| p.partition_id);
        }
        response
            .replica_election_results
            .sort_by(|a, b| a.topic.cmp(&b.topic));
        (format!("{response:?}"), ())
    });
}
