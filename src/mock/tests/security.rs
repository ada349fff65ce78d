//! Access control entries and SCRAM credentials.

use super::*;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::{CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest};

fn creation(name: &str, pattern_type: i8, principal: &str) -> AclCreation {
    AclCreation::default()
        .with_resource_type(2)
        .with_resource_name(text(name))
        .with_resource_pattern_type(pattern_type)
        .with_principal(text(principal))
        .with_host(text("*"))
        .with_operation(3)
        .with_permission_type(3)
}

fn create(sim: &mut Sim, creations: Vec<AclCreation>) -> Vec<i16> {
    let request = CreateAclsRequest::default().with_creations(creations);
    let response = sim.call::<CreateAclsRequest>(1, 3, &request);
    response.results.iter().map(|r| r.error_code).collect()
}

/// The names of the patterns that a filter of names finds.
fn names(sim: &mut Sim, name: Option<&str>, pattern_type: i8) -> Vec<String> {
    let request = DescribeAclsRequest::default()
        .with_resource_type_filter(2)
        .with_resource_name_filter(name.map(text))
        .with_pattern_type_filter(pattern_type)
        .with_principal_filter(None)
        .with_host_filter(None)
        .with_operation(1)
        .with_permission_type(1);
    let response = sim.call::<DescribeAclsRequest>(1, 3, &request);
    assert_eq!(response.error_code, 0);
    let resources = response.resources.iter();
    resources.map(|r| r.resource_name.to_string()).collect()
}

#[test]
fn entries_match_by_pattern() {
    let mut sim = Sim::new(1);
    let all = vec![
        creation("*", 3, "User:u"),
        creation("ab", 4, "User:u"),
        creation("abc", 3, "User:u"),
        creation("abc", 3, "User:v"),
    ];
    assert_eq!(create(&mut sim, all.clone()), [0; 4]);
    assert_eq!(create(&mut sim, all), [0; 4]);
    assert_eq!(names(&mut sim, Some("abc"), 2), ["*", "ab", "abc"]);
    assert_eq!(names(&mut sim, Some("abc"), 1), ["abc"]);
    assert_eq!(names(&mut sim, Some("abc"), 3), ["abc"]);
    assert_eq!(names(&mut sim, Some("abc"), 4), [""; 0]);
    assert_eq!(names(&mut sim, Some("*"), 3), ["*"]);
    assert_eq!(names(&mut sim, None, 4), ["ab"]);
    assert_eq!(names(&mut sim, None, 2), ["*", "ab", "abc"]);
}

#[test]
fn entries_are_checked_one_by_one() {
    let mut sim = Sim::new(1);
    let refused = E::InvalidRequest.code();
    let mut cluster = creation("mine", 3, "User:u");
    cluster.resource_type = 4;
    let wanted = vec![
        creation("", 3, "User:u"),
        creation("t", 3, "u"),
        creation("t", 2, "User:u"),
        cluster,
        creation("t", 3, "User:u"),
    ];
    assert_eq!(
        create(&mut sim, wanted),
        [refused, refused, refused, refused, 0]
    );
    assert_eq!(names(&mut sim, None, 1), ["t"]);
    // A number that Kafka does not know ends the connection.
    let odd = CreateAclsRequest::default().with_creations(vec![creation("t", 9, "User:u")]);
    let pending = sim.send(1, 3, &odd);
    assert!(matches!(
        sim.answers.get(&pending.conn),
        Some(Answer::Closed)
    ));
}

#[test]
fn filters_of_one_request_see_the_same_entries() {
    let mut sim = Sim::new(1);
    create(&mut sim, vec![creation("t", 3, "User:u")]);
    let filter = DeleteAclsFilter::default()
        .with_resource_type_filter(1)
        .with_resource_name_filter(None)
        .with_pattern_type_filter(1)
        .with_principal_filter(Some(text("User:u")))
        .with_host_filter(None)
        .with_operation(1)
        .with_permission_type(3);
    let other = filter.clone().with_principal_filter(Some(text("User:v")));
    let request =
        DeleteAclsRequest::default().with_filters(vec![filter.clone(), other, filter.clone()]);
    let response = sim.call::<DeleteAclsRequest>(1, 3, &request);
    let found = response.filter_results.iter();
    let found: Vec<usize> = found.map(|r| r.matching_acls.len()).collect();
    assert_eq!(found, [1, 0, 1]);
    assert_eq!(names(&mut sim, None, 1), [""; 0]);
}
