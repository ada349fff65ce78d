use kafka_protocol::messages::alter_configs_response::{
    AlterConfigsResourceResponse, AlterConfigsResponse,
};
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResponse, DescribeConfigsResult,
};

use super::*;
use crate::admin::options::{AdminOp, AdminOptions};
use crate::admin::single::testing::response;
use crate::broker::RequestError;
use crate::coordinator::fan_out::{End, FanOut};

fn resource(kind: i32, name: &str, changes: &[(&str, Option<&str>)]) -> Resource {
    let change = |(name, value): &(&str, Option<&str>)| Change {
        op: AlterOp::Append,
        name: (*name).into(),
        value: value.map(Into::into),
    };
    Resource {
        kind,
        name: name.into(),
        changes: changes.iter().map(change).collect(),
    }
}

fn altered_answer(kind: i8, name: &str, code: i16) -> AlterConfigsResourceResponse {
    AlterConfigsResourceResponse::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_error_code(code)
}

fn alter_response(answers: Vec<AlterConfigsResourceResponse>) -> Response {
    response(AlterConfigsResponse::default().with_responses(answers))
}

/// The outcome of an AlterConfigs of topic "t" and broker 7.
fn outcome(answer: Result<Response, RequestError>) -> Result<Vec<ResourceResult>, KafkaError> {
    let options = AdminOptions::new(AdminOp::ALTER_CONFIGS);
    let resources = vec![resource(TOPIC, "t", &[]), resource(BROKER, "7", &[])];
    let mut operation = Box::new(alter(resources, Some(7), &Request::new(&options, 1000)));
    operation.split();
    operation.on_response(0, answer);
    operation.merge(End::Answered).map(|result| match result {
        AdminResult::Resources(all) => all,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_brokers_own_properties_are_its_own_business() {
    let mut options = AdminOptions::new(AdminOp::ANY);
    type Make = fn(Vec<Resource>, Option<i32>, &Request<'_>) -> SingleRequest;
    let target = |make: Make, options: &AdminOptions, broker| {
        let mut operation = make(Vec::new(), broker, &Request::new(options, 1000));
        operation.split().remove(0).target
    };
    for make in [describe, alter, alter_incrementally] {
        assert_eq!(target(make, &options, None), Target::Controller);
        assert_eq!(target(make, &options, Some(3)), Target::Broker(3));
    }
    options.broker = Some(5);
    for make in [describe, alter, alter_incrementally] {
        assert_eq!(target(make, &options, None), Target::Broker(5));
    }
    assert_eq!(target(describe, &options, Some(3)), Target::Broker(5));
    assert_eq!(target(alter, &options, Some(3)), Target::Broker(5));
    assert_eq!(
        target(alter_incrementally, &options, Some(3)),
        Target::Broker(3)
    );
}

#[test]
fn requests_have_the_protocols_numbers() {
    let options = AdminOptions::new(AdminOp::ANY);
    let resources = vec![
        resource(GROUP, "g", &[("a", Some("1")), ("b", None)]),
        resource(TOPIC, "t", &[]),
    ];
    let request = Request::new(&options, 1000);
    let built = |mut operation: SingleRequest| (operation.split().remove(0).build)(1);
    let RequestKind::DescribeConfigs(r) = built(describe(resources.clone(), None, &request)) else {
        panic!("another request");
    };
    assert_eq!(r.resources[0].resource_type, 32);
    assert_eq!(
        r.resources[0].configuration_keys,
        Some(vec![text("a"), text("b")])
    );
    assert_eq!(r.resources[1].configuration_keys, None);
    let incremental = alter_incrementally(resources, None, &request);
    let RequestKind::IncrementalAlterConfigs(r) = built(incremental) else {
        panic!("another request");
    };
    assert_eq!(r.resources[0].configs[0].config_operation, 2);
    assert_eq!(r.resources[0].configs[0].value, Some(text("1")));
    assert_eq!(r.resources[0].configs[1].value, None);
}

#[test]
fn results_are_in_the_order_of_the_arguments() {
    let swapped = vec![altered_answer(4, "7", 40), altered_answer(2, "t", 0)];
    let all = outcome(Ok(alter_response(swapped))).unwrap();
    assert_eq!((all[0].kind, all[0].name.as_c_str()), (TOPIC, c"t"));
    assert_eq!((all[0].code, &all[0].text), (ErrorCode::NO_ERROR, &None));
    assert_eq!((all[1].kind, all[1].name.as_c_str()), (BROKER, c"7"));
    assert_eq!(all[1].code, ErrorCode::INVALID_CONFIG);
    assert!(all[1].text.is_some());
}

#[test]
fn answers_that_do_not_fit_are_errors() {
    let left_out = outcome(Ok(alter_response(vec![altered_answer(2, "t", 0)]))).unwrap();
    assert_eq!(left_out[0].code, ErrorCode::NO_ERROR);
    assert_eq!(left_out[1].code, ErrorCode::_BAD_MSG);
    let twice = vec![altered_answer(2, "t", 0), altered_answer(2, "t", 0)];
    let error = outcome(Ok(alter_response(twice))).unwrap_err();
    assert_eq!(error.code, ErrorCode::_BAD_MSG);
    let other_kind = vec![altered_answer(32, "t", 0)];
    let error = outcome(Ok(alter_response(other_kind))).unwrap_err();
    assert_eq!(error.code, ErrorCode::_BAD_MSG);
    let error = outcome(Err(RequestError::TimedOut)).unwrap_err();
    assert_eq!(error.code, ErrorCode::_TIMED_OUT);
    let unsupported = RequestError::Unsupported(ApiKey::AlterConfigs);
    let error = outcome(Err(unsupported)).unwrap_err();
    assert_eq!(error.code, ErrorCode::_UNSUPPORTED_FEATURE);
}

#[test]
fn a_controller_that_has_moved_is_looked_for() {
    let moved = alter_response(vec![altered_answer(2, "t", 41)]);
    assert_eq!(class(&moved), ErrorClass::Moved);
    let refused = alter_response(vec![altered_answer(2, "t", 40)]);
    assert_eq!(class(&refused), ErrorClass::Final);
}

#[test]
fn entries_have_their_synonyms() {
    let synonym = DescribeConfigsSynonym::default()
        .with_name(text("log.retention.ms"))
        .with_value(None)
        .with_source(4);
    let told = DescribeConfigsResourceResult::default()
        .with_name(text("retention.ms"))
        .with_value(Some(text("5\0 6")))
        .with_config_source(SOURCE_DEFAULT)
        .with_read_only(true)
        .with_synonyms(vec![synonym]);
    let result = DescribeConfigsResult::default().with_configs(vec![told]);
    let kind = DescribeConfigsResponse::default().with_results(vec![result]);
    let all = answers(kind.into()).unwrap();
    let entry = &all[0].entries[0];
    assert_eq!(entry.value.as_deref(), Some(c"5"));
    assert!(entry.is_default && entry.is_read_only && !entry.is_sensitive && !entry.is_synonym);
    assert!(entry.synonyms[0].is_synonym && entry.synonyms[0].value.is_none());
    assert_eq!(entry.synonyms[0].source, 4);
}
