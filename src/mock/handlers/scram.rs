//! DescribeUserScramCredentials and AlterUserScramCredentials. What is refused for a user
//! keeps the user's other alterations from being made.

use super::text;
use crate::base::secret::Secret;
use crate::mock::state::scram::{Credential, Credentials, Refusal, check, check_iterations};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::alter_user_scram_credentials_response::{
    AlterUserScramCredentialsResponse, AlterUserScramCredentialsResult,
};
use kafka_protocol::messages::describe_user_scram_credentials_response::{
    CredentialInfo, DescribeUserScramCredentialsResponse, DescribeUserScramCredentialsResult,
};
use kafka_protocol::messages::{
    AlterUserScramCredentialsRequest, DescribeUserScramCredentialsRequest,
};
use std::collections::{BTreeMap, BTreeSet};

pub fn describe(
    state: &mut ClusterState,
    cx: &Cx,
    request: DescribeUserScramCredentialsRequest,
) -> Reply {
    let mut response = DescribeUserScramCredentialsResponse::default()
        .with_error_code(cx.error)
        .with_error_message(None);
    if cx.error != 0 {
        return Reply::Now(response.into());
    }
    let asked = request.users.unwrap_or_default();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for user in &asked {
        *times.entry(user.name.to_string()).or_default() += 1;
    }
    if asked.is_empty() {
        times = state.scram.users().into_iter().map(|u| (u, 1)).collect();
    }
    for (user, times) in &times {
        let infos = state.scram.of(user).map(|(mechanism, credential)| {
            CredentialInfo::default()
                .with_mechanism(mechanism)
                .with_iterations(credential.iterations)
        });
        let infos: Vec<_> = infos.collect();
        let refused = match (times, infos.is_empty()) {
            (1, false) => None,
            (1, true) => Some((E::ResourceNotFound, "The user has no SCRAM credential")),
            _ => Some((E::DuplicateResource, "The user is named twice")),
        };
        let out = DescribeUserScramCredentialsResult::default().with_user(text(user));
        response.results.push(match refused {
            None => out.with_credential_infos(infos).with_error_message(None),
            Some((error, why)) => out
                .with_error_code(error.code())
                .with_error_message(Some(text(why))),
        });
    }
    Reply::Now(response.into())
}

pub fn alter(
    state: &mut ClusterState,
    cx: &Cx,
    request: AlterUserScramCredentialsRequest,
) -> Reply {
    let mut response = AlterUserScramCredentialsResponse::default();
    let result = |user: &str, code: i16, why: Option<&str>| {
        AlterUserScramCredentialsResult::default()
            .with_user(text(user))
            .with_error_code(code)
            .with_error_message(why.map(text))
    };
    if cx.error != 0 {
        let users = request.deletions.iter().map(|d| d.name.to_string());
        let users = users.chain(request.upsertions.iter().map(|u| u.name.to_string()));
        let users: BTreeSet<String> = users.collect();
        let refused = users.iter().map(|user| result(user, cx.error, None));
        return Reply::Now(response.with_results(refused.collect()).into());
    }
    let refused = refused(&state.scram, &request);
    let may = |user: &str| !refused.contains_key(user);
    for deletion in request.deletions.iter().filter(|d| may(&d.name)) {
        state.scram.remove(&deletion.name, deletion.mechanism);
        response.results.push(result(&deletion.name, 0, None));
    }
    for upsertion in request.upsertions.iter().filter(|u| may(&u.name)) {
        let credential = Credential {
            iterations: upsertion.iterations,
            salt: upsertion.salt.to_vec(),
            salted_password: Secret::new(&upsertion.salted_password),
        };
        state
            .scram
            .set(&upsertion.name, upsertion.mechanism, credential);
        response.results.push(result(&upsertion.name, 0, None));
    }
    let refused = refused.iter();
    response
        .results
        .extend(refused.map(|(user, (error, why))| result(user, error.code(), Some(why))));
    Reply::Now(response.into())
}

/// For each user the first of what is wrong. A second alteration is, though it be another
/// mechanism's.
fn refused(
    credentials: &Credentials,
    request: &AlterUserScramCredentialsRequest,
) -> BTreeMap<String, Refusal> {
    const NONE: Refusal = (E::ResourceNotFound, "The user has no such credential");
    const TWICE: Refusal = (
        E::DuplicateResource,
        "The user is altered twice in one request",
    );
    let deletions = request.deletions.iter().map(|d| {
        let checked = check(&d.name, d.mechanism).map(drop);
        let there = credentials.has(&d.name, d.mechanism);
        (&d.name, checked.and(there.then_some(()).ok_or(NONE)))
    });
    let upsertions = request.upsertions.iter().map(|u| {
        let fewest = check(&u.name, u.mechanism);
        let checked = fewest.and_then(|fewest| check_iterations(u.iterations, fewest));
        (&u.name, checked)
    });
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut refused: BTreeMap<String, Refusal> = BTreeMap::new();
    for (name, checked) in deletions.chain(upsertions) {
        let first = seen.insert(name.to_string());
        if let Err(refusal) = first.then_some(()).ok_or(TWICE).and(checked) {
            refused.entry(name.to_string()).or_insert(refusal);
        }
    }
    refused
}
