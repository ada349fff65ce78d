//! CreateAcls, DescribeAcls and DeleteAcls: the controller does them. It answers for each
//! entry or filter by its place in the request, and names none.

use std::ffi::CStr;

use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::delete_acls_response::{
    DeleteAclsFilterResult, DeleteAclsMatchingAcl,
};
use kafka_protocol::messages::describe_acls_response::DescribeAclsResource;
use kafka_protocol::messages::{
    ApiKey, CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest, RequestKind, ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use super::Request;
use super::args::AclBinding;
use super::results::{AdminResult, DeletedAcls, MatchingAcl, broker_error};
use super::single::{SingleRequest, class_of, target_of, unexpected};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::Response;
use crate::coordinator::Target;
use crate::coordinator::target::ErrorClass;

pub fn create(entries: Vec<AclBinding>, request: &Request<'_>) -> SingleRequest {
    let api = ApiKey::CreateAcls;
    let count = entries.len();
    let build = move |_| {
        let creations = entries.iter().map(creation).collect();
        RequestKind::CreateAcls(CreateAclsRequest::default().with_creations(creations))
    };
    let target = target_of(request.options, Target::Controller);
    SingleRequest::new(target, api, build, class, move |kind| {
        let ResponseKind::CreateAcls(response) = kind else {
            return Err(unexpected(api));
        };
        check_count(api, "entries", response.results.len(), count)?;
        let result = |code: i16, message: &Option<StrBytes>| broker_error(code.into(), message);
        let results = response.results.iter();
        Ok(AdminResult::CreatedAcls(
            results
                .map(|r| result(r.error_code, &r.error_message))
                .collect(),
        ))
    })
}

/// librdkafka leaves the error of the whole response out, so that a caller who is not
/// allowed to see the entries is told that there are none. Here it is the event's.
pub fn describe(filter: AclBinding, request: &Request<'_>) -> SingleRequest {
    let api = ApiKey::DescribeAcls;
    let build = move |_| {
        RequestKind::DescribeAcls(
            DescribeAclsRequest::default()
                .with_resource_type_filter(wire(filter.resource_type))
                .with_resource_name_filter(wildcard(filter.name.as_deref()))
                .with_pattern_type_filter(wire(filter.pattern_type))
                .with_principal_filter(wildcard(filter.principal.as_deref()))
                .with_host_filter(wildcard(filter.host.as_deref()))
                .with_operation(wire(filter.operation))
                .with_permission_type(wire(filter.permission)),
        )
    };
    let target = target_of(request.options, Target::Controller);
    SingleRequest::new(target, api, build, class, move |kind| {
        let ResponseKind::DescribeAcls(response) = kind else {
            return Err(unexpected(api));
        };
        match broker_error(response.error_code.into(), &response.error_message) {
            Some(error) => Err(error),
            None => Ok(AdminResult::Acls(
                response.resources.iter().flat_map(entries_of).collect(),
            )),
        }
    })
}

pub fn delete(filters: Vec<AclBinding>, request: &Request<'_>) -> SingleRequest {
    let api = ApiKey::DeleteAcls;
    let count = filters.len();
    let build = move |_| {
        let filters = filters.iter().map(deletion).collect();
        RequestKind::DeleteAcls(DeleteAclsRequest::default().with_filters(filters))
    };
    let target = target_of(request.options, Target::Controller);
    SingleRequest::new(target, api, build, class, move |kind| {
        let ResponseKind::DeleteAcls(response) = kind else {
            return Err(unexpected(api));
        };
        check_count(api, "filters", response.filter_results.len(), count)?;
        let results = response.filter_results.iter();
        Ok(AdminResult::DeletedAcls(results.map(deleted).collect()))
    })
}

/// A number that the argument's constructor has checked.
fn wire(number: i32) -> i8 {
    i8::try_from(number).unwrap_or(0)
}

fn text(text: &CStr) -> StrBytes {
    StrBytes::from_string(text.to_string_lossy().into_owned())
}

/// `None` matches all.
fn wildcard(of: Option<&CStr>) -> Option<StrBytes> {
    of.map(text)
}

fn creation(entry: &AclBinding) -> AclCreation {
    let given = |s: &Option<_>| wildcard(s.as_deref()).unwrap_or_default();
    AclCreation::default()
        .with_resource_type(wire(entry.resource_type))
        .with_resource_name(given(&entry.name))
        .with_resource_pattern_type(wire(entry.pattern_type))
        .with_principal(given(&entry.principal))
        .with_host(given(&entry.host))
        .with_operation(wire(entry.operation))
        .with_permission_type(wire(entry.permission))
}

fn deletion(filter: &AclBinding) -> DeleteAclsFilter {
    DeleteAclsFilter::default()
        .with_resource_type_filter(wire(filter.resource_type))
        .with_resource_name_filter(wildcard(filter.name.as_deref()))
        .with_pattern_type_filter(wire(filter.pattern_type))
        .with_principal_filter(wildcard(filter.principal.as_deref()))
        .with_host_filter(wildcard(filter.host.as_deref()))
        .with_operation(wire(filter.operation))
        .with_permission_type(wire(filter.permission))
}

fn check_count(api: ApiKey, what: &str, got: usize, asked: usize) -> Result<(), KafkaError> {
    if got == asked {
        return Ok(());
    }
    Err(KafkaError::new(
        ErrorCode::_BAD_MSG,
        format!("{api:?} was answered for {got} {what}, and not for the {asked} of the request"),
    ))
}

fn entries_of(resource: &DescribeAclsResource) -> impl Iterator<Item = AclBinding> {
    resource.acls.iter().map(|acl| {
        AclBinding {
            resource_type: resource.resource_type.into(),
            name: Some(c_string(&resource.resource_name)),
            pattern_type: resource.pattern_type.into(),
            principal: Some(c_string(&acl.principal)),
            host: Some(c_string(&acl.host)),
            operation: acl.operation.into(),
            permission: acl.permission_type.into(),
        }
        .known_numbers()
    })
}

fn deleted(result: &DeleteAclsFilterResult) -> DeletedAcls {
    DeletedAcls {
        error: broker_error(result.error_code.into(), &result.error_message),
        matching: result.matching_acls.iter().map(matching).collect(),
    }
}

fn matching(acl: &DeleteAclsMatchingAcl) -> MatchingAcl {
    let entry = AclBinding {
        resource_type: acl.resource_type.into(),
        name: Some(c_string(&acl.resource_name)),
        pattern_type: acl.pattern_type.into(),
        principal: Some(c_string(&acl.principal)),
        host: Some(c_string(&acl.host)),
        operation: acl.operation.into(),
        permission: acl.permission_type.into(),
    };
    MatchingAcl {
        entry: entry.known_numbers(),
        error: broker_error(acl.error_code.into(), &acl.error_message),
    }
}

fn class(response: &Response) -> ErrorClass {
    let codes: Vec<i16> = match &response.kind {
        Some(ResponseKind::CreateAcls(r)) => r.results.iter().map(|r| r.error_code).collect(),
        Some(ResponseKind::DescribeAcls(r)) => vec![r.error_code],
        Some(ResponseKind::DeleteAcls(r)) => {
            r.filter_results.iter().map(|r| r.error_code).collect()
        }
        _ => Vec::new(),
    };
    class_of(codes)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::create_acls_response::AclCreationResult;
    use kafka_protocol::messages::describe_acls_response::AclDescription;
    use kafka_protocol::messages::{
        ApiVersionsResponse, CreateAclsResponse, DeleteAclsResponse, DescribeAclsResponse,
    };

    use super::*;
    use crate::admin::options::{AdminOp, AdminOptions};
    use crate::admin::single::testing::{answered, response};
    use crate::coordinator::fan_out::{End, FanOut};

    fn entry(name: &CStr) -> AclBinding {
        AclBinding {
            resource_type: 2,
            name: Some(name.into()),
            pattern_type: 3,
            principal: Some(c"User:u".into()),
            host: Some(c"*".into()),
            operation: 3,
            permission: 3,
        }
    }

    fn begin(start: impl Fn(&Request<'_>) -> SingleRequest) -> SingleRequest {
        start(&Request::new(&AdminOptions::new(AdminOp::ANY), 1000))
    }

    fn create_two() -> SingleRequest {
        begin(|request| create(vec![entry(c"a"), entry(c"b")], request))
    }

    #[test]
    fn entries_are_sent_whole_and_answered_by_place() {
        let mut operation = create_two();
        let part = operation.split().remove(0);
        assert_eq!(part.target, Target::Controller);
        let RequestKind::CreateAcls(request) = (part.build)(3) else {
            panic!("another request");
        };
        let first = &request.creations[0];
        assert_eq!(&*first.resource_name, "a");
        assert_eq!(&*first.principal, "User:u");
        assert_eq!((first.resource_type, first.resource_pattern_type), (2, 3));

        let result = |code: i16, text: Option<&'static str>| {
            AclCreationResult::default()
                .with_error_code(code)
                .with_error_message(text.map(StrBytes::from_static_str))
        };
        let results = vec![result(0, Some("fine")), result(42, None)];
        let answer = CreateAclsResponse::default().with_results(results);
        let Ok(AdminResult::CreatedAcls(results)) = answered(operation, answer) else {
            panic!("no result");
        };
        assert!(results[0].is_none());
        let refused = results[1].as_ref().unwrap();
        assert_eq!(refused.code, ErrorCode::INVALID_REQUEST);
        assert_eq!(refused.text, ErrorCode::INVALID_REQUEST.text());
    }

    #[test]
    fn answers_that_do_not_fit_are_bad() {
        let bad = |outcome: Result<AdminResult, KafkaError>| {
            assert_eq!(outcome.unwrap_err().code, ErrorCode::_BAD_MSG);
        };
        let one = vec![AclCreationResult::default()];
        bad(answered(
            create_two(),
            CreateAclsResponse::default().with_results(one),
        ));
        bad(answered(create_two(), ApiVersionsResponse::default()));
        let three = vec![DeleteAclsFilterResult::default(); 3];
        let operation = begin(|request| delete(vec![entry(c"a")], request));
        bad(answered(
            operation,
            DeleteAclsResponse::default().with_filter_results(three),
        ));
    }

    #[test]
    fn what_the_interface_has_no_number_for_is_unknown() {
        let acl = AclDescription::default()
            .with_operation(15)
            .with_permission_type(-1);
        let resource = DescribeAclsResource::default()
            .with_resource_type(7)
            .with_resource_name(StrBytes::from_static_str("cut\0here"))
            .with_pattern_type(4)
            .with_acls(vec![acl]);
        let answer = DescribeAclsResponse::default().with_resources(vec![resource]);
        let operation = begin(|request| describe(entry(c"a"), request));
        let Ok(AdminResult::Acls(found)) = answered(operation, answer) else {
            panic!("no result");
        };
        assert_eq!((found[0].resource_type, found[0].pattern_type), (0, 4));
        assert_eq!((found[0].operation, found[0].permission), (0, 0));
        assert_eq!(found[0].name.as_deref(), Some(c"cut"));
    }

    #[test]
    fn errors_of_a_filter_and_of_what_it_matches() {
        let acl = DeleteAclsMatchingAcl::default()
            .with_error_code(-1)
            .with_error_message(Some(StrBytes::from_static_str("stuck")));
        let results = vec![
            DeleteAclsFilterResult::default()
                .with_error_code(54)
                .with_error_message(None),
            DeleteAclsFilterResult::default().with_matching_acls(vec![acl]),
        ];
        let operation = begin(|request| delete(vec![entry(c"a"), entry(c"b")], request));
        let answer = DeleteAclsResponse::default().with_filter_results(results);
        let Ok(AdminResult::DeletedAcls(deleted)) = answered(operation, answer) else {
            panic!("no result");
        };
        let error = deleted[0].error.as_ref().unwrap();
        assert_eq!(error.code, ErrorCode::SECURITY_DISABLED);
        assert!(deleted[1].error.is_none());
        let error = deleted[1].matching[0].error.as_ref().unwrap();
        assert_eq!((error.code, &*error.text), (ErrorCode::UNKNOWN, "stuck"));
    }

    #[test]
    fn a_controller_that_moved_is_asked_anew() {
        let not_controller = ErrorCode::NOT_CONTROLLER.0 as i16;
        let moved = DescribeAclsResponse::default().with_error_code(not_controller);
        assert_eq!(class(&response(moved)), ErrorClass::Moved);
        let refused = DescribeAclsResponse::default().with_error_code(54);
        assert_eq!(class(&response(refused.clone())), ErrorClass::Final);
        let operation = begin(|request| describe(entry(c"a"), request));
        let error = answered(operation, refused).unwrap_err();
        assert_eq!(error.code, ErrorCode::SECURITY_DISABLED);

        let mut operation = begin(|request| describe(entry(c"a"), request));
        operation.split();
        let error = Box::new(operation).merge(End::TimedOut).unwrap_err();
        assert_eq!(error.code, ErrorCode::_TIMED_OUT);
    }
}
