//! DescribeConfigs, AlterConfigs and IncrementalAlterConfigs: a broker answers for its own
//! properties, the controller for all others.

use kafka_protocol::messages::alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_request as incremental;
use kafka_protocol::messages::{
    AlterConfigsRequest, ApiKey, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
    RequestKind, ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use super::Request;
use super::args::AlterOp;
use super::in_order::in_order;
use super::results::configs::{Entry, ResourceResult};
use super::results::{AdminResult, error_text};
use super::single::{SingleRequest, class_of, target_of, unexpected};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::Response;
use crate::coordinator::Target;
use crate::coordinator::target::ErrorClass;
use crate::protocol::strings::text;

/// What has properties, by the numbers of the C interface.
const TOPIC: i32 = 2;
const GROUP: i32 = 3;
const BROKER: i32 = 4;

/// `RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG`, and the protocol's number.
const SOURCE_DEFAULT: i8 = 5;

const LEFT_OUT: &str = "The broker's answer leaves this resource out";

/// A resource that is asked for or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `rd_kafka_ResourceType_t`.
    pub kind: i32,
    pub name: String,
    /// To describe: the properties that are wanted, all if it is empty.
    pub changes: Vec<Change>,
}

/// A property and what is to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub op: AlterOp,
    pub name: String,
    pub value: Option<String>,
}

/// `broker` is that of the resource which is one; the options' comes before it.
pub fn describe(
    resources: Vec<Resource>,
    broker: Option<i32>,
    request: &Request<'_>,
) -> SingleRequest {
    let asked = resources.clone();
    let build = move |_| {
        RequestKind::DescribeConfigs(
            DescribeConfigsRequest::default()
                .with_resources(resources.iter().map(described).collect())
                .with_include_synonyms(true),
        )
    };
    let target = target_of(request.options, own(broker));
    by_resource(ApiKey::DescribeConfigs, target, asked, build)
}

/// As [`describe`].
pub fn alter(
    resources: Vec<Resource>,
    broker: Option<i32>,
    request: &Request<'_>,
) -> SingleRequest {
    let asked = resources.clone();
    let validate_only = request.options.validate_only;
    let build = move |_| {
        RequestKind::AlterConfigs(
            AlterConfigsRequest::default()
                .with_resources(resources.iter().map(altered).collect())
                .with_validate_only(validate_only),
        )
    };
    let target = target_of(request.options, own(broker));
    by_resource(ApiKey::AlterConfigs, target, asked, build)
}

/// As [`describe`], but that the options' broker comes last.
pub fn alter_incrementally(
    resources: Vec<Resource>,
    broker: Option<i32>,
    request: &Request<'_>,
) -> SingleRequest {
    let asked = resources.clone();
    let validate_only = request.options.validate_only;
    let build = move |_| {
        RequestKind::IncrementalAlterConfigs(
            IncrementalAlterConfigsRequest::default()
                .with_resources(resources.iter().map(changed).collect())
                .with_validate_only(validate_only),
        )
    };
    let target = match broker {
        Some(id) => Target::Broker(id),
        None => target_of(request.options, Target::Controller),
    };
    by_resource(ApiKey::IncrementalAlterConfigs, target, asked, build)
}

fn own(broker: Option<i32>) -> Target {
    broker.map_or(Target::Controller, Target::Broker)
}

fn by_resource(
    api: ApiKey,
    target: Target,
    asked: Vec<Resource>,
    build: impl Fn(i16) -> RequestKind + Send + Sync + 'static,
) -> SingleRequest {
    SingleRequest::new(target, api, build, class, move |kind| {
        let answers = answers(kind).ok_or_else(|| unexpected(api))?;
        results(api, &asked, answers)
    })
}

// --- requests

/// The protocol's number, 0 for what has no properties.
fn wire_kind(kind: i32) -> i8 {
    match kind {
        TOPIC => 2,
        GROUP => 32,
        BROKER => 4,
        _ => 0,
    }
}

fn described(resource: &Resource) -> DescribeConfigsResource {
    let names: Vec<_> = resource.changes.iter().map(|c| text(&c.name)).collect();
    DescribeConfigsResource::default()
        .with_resource_type(wire_kind(resource.kind))
        .with_resource_name(text(&resource.name))
        .with_configuration_keys((!names.is_empty()).then_some(names))
}

fn altered(resource: &Resource) -> AlterConfigsResource {
    let configs = resource.changes.iter().map(|change| {
        AlterableConfig::default()
            .with_name(text(&change.name))
            .with_value(change.value.as_deref().map(text))
    });
    AlterConfigsResource::default()
        .with_resource_type(wire_kind(resource.kind))
        .with_resource_name(text(&resource.name))
        .with_configs(configs.collect())
}

fn changed(resource: &Resource) -> incremental::AlterConfigsResource {
    let configs = resource.changes.iter().map(|change| {
        let op = match change.op {
            AlterOp::Set => 0,
            AlterOp::Delete => 1,
            AlterOp::Append => 2,
            AlterOp::Subtract => 3,
        };
        incremental::AlterableConfig::default()
            .with_name(text(&change.name))
            .with_config_operation(op)
            .with_value(change.value.as_deref().map(text))
    });
    incremental::AlterConfigsResource::default()
        .with_resource_type(wire_kind(resource.kind))
        .with_resource_name(text(&resource.name))
        .with_configs(configs.collect())
}

// --- responses

/// What a response says of one resource.
struct Answer {
    wire_kind: i8,
    name: StrBytes,
    code: ErrorCode,
    message: Option<StrBytes>,
    entries: Vec<Entry>,
}

/// `None` for a response of another kind.
fn answers(kind: ResponseKind) -> Option<Vec<Answer>> {
    let of = |wire_kind, name, code: i16, message| Answer {
        wire_kind,
        name,
        code: code.into(),
        message,
        entries: Vec::new(),
    };
    Some(match kind {
        ResponseKind::DescribeConfigs(r) => {
            let results = r.results.into_iter();
            results
                .map(|r| Answer {
                    entries: r.configs.iter().map(entry).collect(),
                    ..of(
                        r.resource_type,
                        r.resource_name,
                        r.error_code,
                        r.error_message,
                    )
                })
                .collect()
        }
        ResponseKind::AlterConfigs(r) => {
            let all = r.responses.into_iter();
            all.map(|r| {
                of(
                    r.resource_type,
                    r.resource_name,
                    r.error_code,
                    r.error_message,
                )
            })
            .collect()
        }
        ResponseKind::IncrementalAlterConfigs(r) => {
            let all = r.responses.into_iter();
            all.map(|r| {
                of(
                    r.resource_type,
                    r.resource_name,
                    r.error_code,
                    r.error_message,
                )
            })
            .collect()
        }
        _ => return None,
    })
}

fn entry(told: &DescribeConfigsResourceResult) -> Entry {
    Entry {
        name: c_string(&told.name),
        value: told.value.as_deref().map(c_string),
        source: i32::from(told.config_source),
        is_read_only: told.read_only,
        is_default: told.config_source == SOURCE_DEFAULT,
        is_sensitive: told.is_sensitive,
        is_synonym: false,
        synonyms: told.synonyms.iter().map(synonym).collect(),
    }
}

fn synonym(told: &DescribeConfigsSynonym) -> Entry {
    Entry {
        name: c_string(&told.name),
        value: told.value.as_deref().map(c_string),
        source: i32::from(told.source),
        is_read_only: false,
        is_default: false,
        is_sensitive: false,
        is_synonym: true,
        synonyms: Vec::new(),
    }
}

fn class(response: &Response) -> ErrorClass {
    let codes: Vec<i16> = match &response.kind {
        Some(ResponseKind::DescribeConfigs(r)) => r.results.iter().map(|r| r.error_code).collect(),
        Some(ResponseKind::AlterConfigs(r)) => r.responses.iter().map(|r| r.error_code).collect(),
        Some(ResponseKind::IncrementalAlterConfigs(r)) => {
            r.responses.iter().map(|r| r.error_code).collect()
        }
        _ => Vec::new(),
    };
    class_of(codes)
}

fn results(
    api: ApiKey,
    asked: &[Resource],
    answers: Vec<Answer>,
) -> Result<AdminResult, KafkaError> {
    let keys = asked.iter().map(|r| (wire_kind(r.kind), text(&r.name)));
    let answers = answers
        .into_iter()
        .map(|a| ((a.wire_kind, a.name.clone()), a));
    let answers = in_order(keys, answers).map_err(|(kind, name)| {
        KafkaError::new(
            ErrorCode::_BAD_MSG,
            format!(
                "{api:?} was answered for resource {:?} of type {kind}, which it did not name",
                name.as_str()
            ),
        )
    })?;
    let result = |(resource, answer): (&Resource, Option<Answer>)| {
        let (code, message, entries) = match answer {
            Some(Answer {
                code,
                message,
                entries,
                ..
            }) => (code, message, entries),
            None => (ErrorCode::_BAD_MSG, Some(text(LEFT_OUT)), Vec::new()),
        };
        ResourceResult {
            kind: resource.kind,
            name: c_string(&resource.name),
            code,
            text: error_text(code, message.as_deref()),
            entries,
        }
    };
    let results = asked.iter().zip(answers).map(result);
    Ok(AdminResult::Resources(results.collect()))
}

#[cfg(test)]
mod tests;
