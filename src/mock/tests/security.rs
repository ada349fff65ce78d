//! Access control entries and SCRAM credentials.

use super::*;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::describe_user_scram_credentials_request::UserName;
use kafka_protocol::messages::{
    AlterUserScramCredentialsRequest, CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest,
    DescribeUserScramCredentialsRequest,
};

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
        creation("t", 9, "User:u"),
        cluster,
        creation("t", 3, "User:u"),
    ];
    assert_eq!(
        create(&mut sim, wanted),
        [refused, refused, refused, refused, 0]
    );
    assert_eq!(names(&mut sim, None, 1), ["t"]);
    // A pattern that only filters have is no entry at all.
    let wanted = vec![creation("t", 2, "User:u"), creation("u", 3, "User:u")];
    assert_eq!(create(&mut sim, wanted), [-1, -1]);
    // The unknown number ends the connection.
    let odd = CreateAclsRequest::default().with_creations(vec![creation("t", 0, "User:u")]);
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

/// User, mechanism and iterations, 0 to delete.
fn alter(sim: &mut Sim, alterations: &[(&str, i8, i32)]) -> Vec<(String, i16)> {
    let mut request = AlterUserScramCredentialsRequest::default();
    for &(user, mechanism, iterations) in alterations {
        if iterations == 0 {
            let deletion = ScramCredentialDeletion::default().with_name(text(user));
            request.deletions.push(deletion.with_mechanism(mechanism));
        } else {
            let upsertion = ScramCredentialUpsertion::default()
                .with_name(text(user))
                .with_mechanism(mechanism)
                .with_iterations(iterations);
            request.upsertions.push(upsertion);
        }
    }
    let response = sim.call::<AlterUserScramCredentialsRequest>(1, 0, &request);
    let results = response.results.iter();
    results
        .map(|r| (r.user.to_string(), r.error_code))
        .collect()
}

/// A user, its code, and its credentials' mechanisms and iterations.
type User = (String, i16, Vec<(i8, i32)>);

fn users(sim: &mut Sim, users: Option<&[&str]>) -> Vec<User> {
    let names = users.map(|users| {
        let names = users.iter().map(|u| UserName::default().with_name(text(u)));
        names.collect()
    });
    let request = DescribeUserScramCredentialsRequest::default().with_users(names);
    let response = sim.call::<DescribeUserScramCredentialsRequest>(1, 0, &request);
    assert_eq!(response.error_code, 0);
    let results = response.results.iter();
    results
        .map(|r| {
            let infos = r.credential_infos.iter();
            let infos = infos.map(|i| (i.mechanism, i.iterations)).collect();
            (r.user.to_string(), r.error_code, infos)
        })
        .collect()
}

#[test]
fn credentials_are_checked_and_kept() {
    let mut sim = Sim::new(1);
    let unacceptable = E::UnacceptableCredential.code();
    let made = alter(
        &mut sim,
        &[
            ("a", 1, 4096),
            ("b", 2, 16384),
            ("few", 1, 4095),
            ("many", 2, 16385),
            ("", 1, 4096),
            ("odd", 3, 4096),
            ("none", 1, 0),
        ],
    );
    let of = |user: &str, code: i16| (user.to_owned(), code);
    assert_eq!(
        made,
        [
            of("a", 0),
            of("b", 0),
            of("", unacceptable),
            of("few", unacceptable),
            of("many", unacceptable),
            of("none", E::ResourceNotFound.code()),
            of("odd", E::UnsupportedSaslMechanism.code()),
        ]
    );
    alter(&mut sim, &[("a", 2, 5000)]);
    let a = ("a".to_owned(), 0, vec![(1, 4096), (2, 5000)]);
    let b = ("b".to_owned(), 0, vec![(2, 16384)]);
    assert_eq!(users(&mut sim, None), [a.clone(), b.clone()]);
    assert_eq!(users(&mut sim, Some(&[])), [a.clone(), b]);
    let twice = ("b".to_owned(), E::DuplicateResource.code(), Vec::new());
    let none = ("c".to_owned(), E::ResourceNotFound.code(), Vec::new());
    assert_eq!(
        users(&mut sim, Some(&["c", "b", "a", "b"])),
        [a, twice, none]
    );
    assert_eq!(alter(&mut sim, &[("a", 1, 0)]), [of("a", 0)]);
    let left = ("a".to_owned(), 0, vec![(2, 5000)]);
    assert_eq!(users(&mut sim, Some(&["a"])), [left]);
}

#[test]
fn a_user_is_altered_once_in_a_request() {
    let mut sim = Sim::new(1);
    let twice = vec![("a".to_owned(), E::DuplicateResource.code())];
    assert_eq!(alter(&mut sim, &[("a", 1, 5000), ("a", 2, 5000)]), twice);
    alter(&mut sim, &[("a", 1, 5000)]);
    assert_eq!(alter(&mut sim, &[("a", 1, 0), ("a", 2, 5000)]), twice);
    let kept = ("a".to_owned(), 0, vec![(1, 5000)]);
    assert_eq!(users(&mut sim, None), [kept]);
}
