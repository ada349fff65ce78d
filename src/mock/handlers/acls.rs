//! CreateAcls, DescribeAcls and DeleteAcls.

use super::text;
use crate::mock::state::acls::{
    ANY, Acl, AclFilter, CLUSTER, CLUSTER_NAME, LITERAL, MATCH, PREFIXED, Pattern,
};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::create_acls_response::{AclCreationResult, CreateAclsResponse};
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::delete_acls_response::{
    DeleteAclsFilterResult, DeleteAclsMatchingAcl, DeleteAclsResponse,
};
use kafka_protocol::messages::describe_acls_response::{
    AclDescription, DescribeAclsResource, DescribeAclsResponse,
};
use kafka_protocol::messages::{CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest};
use kafka_protocol::protocol::StrBytes;

/// The highest numbers of resource types, operations and permissions.
const RESOURCE_TYPES: i8 = 7;
const OPERATIONS: i8 = 15;
const PERMISSIONS: i8 = 3;

pub fn create(state: &mut ClusterState, cx: &Cx, request: CreateAclsRequest) -> Reply {
    let known = |c: &AclCreation| {
        are_known(
            c.resource_type,
            c.resource_pattern_type,
            c.operation,
            c.permission_type,
        )
    };
    // Kafka does not get to the entries.
    if !request.creations.iter().all(known) {
        return Reply::Close;
    }
    // One that is no entry at all fails the others, too.
    let error = match cx.error {
        0 if !request.creations.iter().all(is_entry) => E::UnknownServerError.code(),
        error => error,
    };
    let results = request.creations.iter().map(|creation| {
        let made = match error {
            0 => checked(creation).map_err(|why| (E::InvalidRequest.code(), Some(text(&why)))),
            code => Err((code, None)),
        };
        match made {
            Ok(acl) => {
                state.acls.add(acl);
                AclCreationResult::default().with_error_message(None)
            }
            Err((code, message)) => AclCreationResult::default()
                .with_error_code(code)
                .with_error_message(message),
        }
    });
    Reply::Now(
        CreateAclsResponse::default()
            .with_results(results.collect())
            .into(),
    )
}

pub fn describe(state: &mut ClusterState, cx: &Cx, request: DescribeAclsRequest) -> Reply {
    let filter = AclFilter {
        resource_type: request.resource_type_filter,
        name: owned(&request.resource_name_filter),
        pattern_type: request.pattern_type_filter,
        principal: owned(&request.principal_filter),
        host: owned(&request.host_filter),
        operation: request.operation,
        permission: request.permission_type,
    };
    if !is_known(&filter) {
        return Reply::Close;
    }
    let mut response = DescribeAclsResponse::default().with_error_code(cx.error);
    if cx.error == 0 {
        for acl in state.acls.matching(&filter) {
            add(&mut response.resources, acl);
        }
    }
    Reply::Now(response.into())
}

pub fn delete(state: &mut ClusterState, cx: &Cx, request: DeleteAclsRequest) -> Reply {
    let filters: Vec<AclFilter> = request.filters.iter().map(filter_of).collect();
    if !filters.iter().all(is_known) {
        return Reply::Close;
    }
    let mut response = DeleteAclsResponse::default();
    let mut gone: Vec<Acl> = Vec::new();
    // What two filters match is told for both.
    for filter in &filters {
        let mut out = DeleteAclsFilterResult::default()
            .with_error_code(cx.error)
            .with_error_message(None);
        if cx.error == 0 {
            let matching: Vec<Acl> = state.acls.matching(filter).cloned().collect();
            out.matching_acls = matching.iter().map(told).collect();
            gone.extend(matching);
        }
        response.filter_results.push(out);
    }
    state.acls.remove(&gone);
    Reply::Now(response.into())
}

/// Kafka closes the connection over the number 0, and knows higher ones than its own as
/// something that matches nothing.
fn are_known(resource_type: i8, pattern_type: i8, operation: i8, permission: i8) -> bool {
    ![resource_type, pattern_type, operation, permission].contains(&0)
}

/// It is about one type, pattern, operation and permission.
fn is_entry(creation: &AclCreation) -> bool {
    creation.resource_type != ANY
        && ![ANY, MATCH].contains(&creation.resource_pattern_type)
        && creation.operation != ANY
        && creation.permission_type != ANY
}

fn is_known(filter: &AclFilter) -> bool {
    are_known(
        filter.resource_type,
        filter.pattern_type,
        filter.operation,
        filter.permission,
    )
}

fn owned(text: &Option<StrBytes>) -> Option<String> {
    text.as_ref().map(StrBytes::to_string)
}

fn filter_of(filter: &DeleteAclsFilter) -> AclFilter {
    AclFilter {
        resource_type: filter.resource_type_filter,
        name: owned(&filter.resource_name_filter),
        pattern_type: filter.pattern_type_filter,
        principal: owned(&filter.principal_filter),
        host: owned(&filter.host_filter),
        operation: filter.operation,
        permission: filter.permission_type,
    }
}

fn checked(creation: &AclCreation) -> Result<Acl, String> {
    let name = creation.resource_name.as_str();
    let pattern_type = creation.resource_pattern_type;
    if creation.resource_type == CLUSTER && name != CLUSTER_NAME {
        return Err(format!("The cluster's only name is {CLUSTER_NAME}"));
    }
    if name.is_empty() {
        return Err("The resource has no name".into());
    }
    if !(ANY..=RESOURCE_TYPES).contains(&creation.resource_type)
        || ![LITERAL, PREFIXED].contains(&pattern_type)
        || !(ANY..=OPERATIONS).contains(&creation.operation)
        || !(ANY..=PERMISSIONS).contains(&creation.permission_type)
    {
        return Err("Kafka has no such type, pattern, operation or permission".into());
    }
    if !creation.principal.contains(':') {
        return Err("The principal has no type before a colon".into());
    }
    Ok(Acl {
        pattern: Pattern {
            resource_type: creation.resource_type,
            name: name.to_owned(),
            pattern_type,
        },
        principal: creation.principal.to_string(),
        host: creation.host.to_string(),
        operation: creation.operation,
        permission: creation.permission_type,
    })
}

/// Entries of one pattern stand together; they come in that order.
fn add(resources: &mut Vec<DescribeAclsResource>, acl: &Acl) {
    let is_of = |r: &DescribeAclsResource| {
        r.resource_type == acl.pattern.resource_type
            && r.pattern_type == acl.pattern.pattern_type
            && *r.resource_name == *acl.pattern.name
    };
    let entry = AclDescription::default()
        .with_principal(text(&acl.principal))
        .with_host(text(&acl.host))
        .with_operation(acl.operation)
        .with_permission_type(acl.permission);
    match resources.last_mut() {
        Some(last) if is_of(last) => last.acls.push(entry),
        _ => resources.push(
            DescribeAclsResource::default()
                .with_resource_type(acl.pattern.resource_type)
                .with_resource_name(text(&acl.pattern.name))
                .with_pattern_type(acl.pattern.pattern_type)
                .with_acls(vec![entry]),
        ),
    }
}

fn told(acl: &Acl) -> DeleteAclsMatchingAcl {
    DeleteAclsMatchingAcl::default()
        .with_error_message(None)
        .with_resource_type(acl.pattern.resource_type)
        .with_resource_name(text(&acl.pattern.name))
        .with_pattern_type(acl.pattern.pattern_type)
        .with_principal(text(&acl.principal))
        .with_host(text(&acl.host))
        .with_operation(acl.operation)
        .with_permission_type(acl.permission)
}
