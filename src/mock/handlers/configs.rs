//! DescribeConfigs, AlterConfigs and IncrementalAlterConfigs. Topics have
//! properties; brokers tell the few that matter to a client and take no changes.

use super::authorize;
use crate::mock::state::authorizer::Operation as O;
use crate::mock::state::topic::{Kind, PROPERTIES, TopicConfig, property};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::alter_configs_response::{
    AlterConfigsResourceResponse, AlterConfigsResponse,
};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult,
    DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_request::AlterableConfig;
use kafka_protocol::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse as IncrementalResult, IncrementalAlterConfigsResponse,
};
use kafka_protocol::messages::{
    AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
};
use kafka_protocol::protocol::StrBytes;
use std::collections::HashSet;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

const SOURCE_TOPIC: i8 = 1;
const SOURCE_STATIC_BROKER: i8 = 4;
const SOURCE_DEFAULT: i8 = 5;

/// A property as it is told.
pub struct Entry<'a> {
    pub name: &'a str,
    pub value: &'a str,
    pub source: i8,
    kind: Kind,
    default: &'a str,
}

pub fn entries(config: &TopicConfig) -> impl Iterator<Item = Entry<'_>> {
    PROPERTIES.iter().map(|&(name, kind, default)| Entry {
        name,
        value: config.get(name).unwrap_or(default),
        source: if config.is_set(name) {
            SOURCE_TOPIC
        } else {
            SOURCE_DEFAULT
        },
        kind,
        default,
    })
}

pub fn describe(state: &mut ClusterState, cx: &Cx, request: DescribeConfigsRequest) -> Reply {
    let mut response = DescribeConfigsResponse::default();
    for resource in &request.resources {
        let mut out = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        let found = match cx.error {
            0 => may(
                state,
                cx,
                O::DescribeConfigs,
                resource.resource_type,
                &resource.resource_name,
            )
            .and_then(|()| describe_one(state, cx, resource, request.include_synonyms)),
            code => Err((code, String::new())),
        };
        match found {
            Ok(configs) => {
                out.configs = configs;
                out.error_message = Some(super::text(""));
            }
            Err((code, message)) => {
                out.error_code = code;
                out.error_message = Some(message.into());
            }
        }
        response.results.push(out);
    }
    Reply::Now(response.into())
}

/// Brokers are the cluster's.
fn may(
    state: &ClusterState,
    cx: &Cx,
    operation: O,
    kind: i8,
    name: &str,
) -> Result<(), (i16, String)> {
    let (allowed, what) = match kind {
        TOPIC => (authorize::topic(state, cx, operation, name), "Topic"),
        BROKER => (authorize::cluster(state, cx, operation), "Cluster"),
        _ => return Ok(()),
    };
    allowed.map_err(|e| (e.code(), format!("{what} authorization failed.")))
}

fn describe_one(
    state: &ClusterState,
    cx: &Cx,
    resource: &DescribeConfigsResource,
    synonyms: bool,
) -> Result<Vec<DescribeConfigsResourceResult>, (i16, String)> {
    let wanted = |name: &str| {
        let keys = resource.configuration_keys.as_ref();
        keys.is_none_or(|keys| keys.iter().any(|k| k.as_str() == name))
    };
    let name = resource.resource_name.as_str();
    match resource.resource_type {
        TOPIC => {
            let topic = state.topics.get(name).ok_or((
                E::UnknownTopicOrPartition.code(),
                E::UnknownTopicOrPartition.to_string(),
            ))?;
            let all = entries(&topic.config).filter(|e| wanted(e.name));
            Ok(all.map(|e| told(cx, &e, synonyms)).collect())
        }
        BROKER => {
            let known = name.parse().is_ok_and(|id| state.broker(id).is_some());
            if !known {
                let message =
                    format!("Unexpected broker id, expected one of this cluster, not {name}");
                return Err((E::InvalidRequest.code(), message));
            }
            let all = broker_properties(state);
            let all = all.iter().filter(|(n, ..)| wanted(n));
            Ok(all
                .map(|(name, kind, value)| {
                    let mut out = DescribeConfigsResourceResult::default()
                        .with_name(super::text(name))
                        .with_value(Some(super::text(value)))
                        .with_read_only(true)
                        .with_config_source(SOURCE_STATIC_BROKER)
                        .with_documentation(None);
                    if cx.version >= 3 {
                        out.config_type = kind.code();
                    }
                    out
                })
                .collect())
        }
        other => Err((
            E::InvalidRequest.code(),
            format!("Unsupported resource type: {other}"),
        )),
    }
}

fn told(cx: &Cx, e: &Entry<'_>, synonyms: bool) -> DescribeConfigsResourceResult {
    let mut out = DescribeConfigsResourceResult::default()
        .with_name(super::text(e.name))
        .with_value(Some(super::text(e.value)))
        .with_config_source(e.source)
        .with_documentation(None);
    if cx.version >= 3 {
        out.config_type = e.kind.code();
    }
    if synonyms {
        let row = |value: &str, source| {
            DescribeConfigsSynonym::default()
                .with_name(super::text(e.name))
                .with_value(Some(super::text(value)))
                .with_source(source)
        };
        if e.source == SOURCE_TOPIC {
            out.synonyms.push(row(e.value, SOURCE_TOPIC));
        }
        out.synonyms.push(row(e.default, SOURCE_DEFAULT));
    }
    out
}

fn broker_properties(state: &ClusterState) -> Vec<(&'static str, Kind, String)> {
    let d = &state.defaults;
    vec![
        (
            "auto.create.topics.enable",
            Kind::Boolean,
            d.auto_create_topics.to_string(),
        ),
        (
            "default.replication.factor",
            Kind::Int,
            d.replication_factor.to_string(),
        ),
        (
            "group.initial.rebalance.delay.ms",
            Kind::Int,
            d.initial_rebalance_delay_ms.to_string(),
        ),
        ("num.partitions", Kind::Int, d.partitions.to_string()),
    ]
}

/// Why a change cannot be: an error of the configuration's, or of the request's itself.
type Bad = (E, String);

fn set(config: &mut TopicConfig, name: &str, value: Option<&str>) -> Result<(), Bad> {
    let outcome = config.set(name, value);
    outcome.map_err(|why| (E::InvalidConfig, why))
}

fn not_null<'a>(name: &str, value: Option<&'a str>) -> Result<&'a str, Bad> {
    let why = || format!("Null value not supported for {name}");
    value.ok_or_else(|| (E::InvalidRequest, why()))
}

/// Each property may be named once.
fn no_duplicates<'a>(names: impl Iterator<Item = &'a StrBytes>) -> Result<(), Bad> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.as_str()) {
            let why = format!("Error due to duplicate config keys: {}", name.as_str());
            return Err((E::InvalidRequest, why));
        }
    }
    Ok(())
}

/// The topic's configuration after a change, or why it cannot be.
fn changed(
    state: &ClusterState,
    cx: &Cx,
    kind: i8,
    name: &str,
    change: impl FnOnce(&mut TopicConfig) -> Result<(), Bad>,
) -> Result<TopicConfig, (i16, String)> {
    if cx.error != 0 {
        return Err((cx.error, String::new()));
    }
    may(state, cx, O::AlterConfigs, kind, name)?;
    if kind != TOPIC {
        let message = "The mock's brokers cannot be configured".to_owned();
        return Err((E::InvalidRequest.code(), message));
    }
    let topic = state.topics.get(name);
    let mut config = topic.map(|t| t.config.clone()).unwrap_or_default();
    change(&mut config).map_err(|(e, why)| (e.code(), why))?;
    if topic.is_none() {
        let message = format!("The topic '{name}' does not exist.");
        return Err((E::UnknownTopicOrPartition.code(), message));
    }
    Ok(config)
}

/// Replaces all that was set.
pub fn alter(state: &mut ClusterState, cx: &Cx, request: AlterConfigsRequest) -> Reply {
    let mut response = AlterConfigsResponse::default();
    for r in request.resources {
        let outcome = changed(state, cx, r.resource_type, &r.resource_name, |config| {
            no_duplicates(r.configs.iter().map(|c| &c.name))?;
            config.clear();
            r.configs.iter().try_for_each(|c| {
                let value = not_null(&c.name, c.value.as_deref())?;
                set(config, &c.name, Some(value))
            })
        });
        let (code, message) = settle(state, cx, &r.resource_name, outcome, request.validate_only);
        response.responses.push(
            AlterConfigsResourceResponse::default()
                .with_error_code(code)
                .with_error_message(message)
                .with_resource_type(r.resource_type)
                .with_resource_name(r.resource_name),
        );
    }
    Reply::Now(response.into())
}

/// Changes one property at a time.
pub fn alter_incrementally(
    state: &mut ClusterState,
    cx: &Cx,
    request: IncrementalAlterConfigsRequest,
) -> Reply {
    let mut response = IncrementalAlterConfigsResponse::default();
    for r in request.resources {
        let outcome = changed(state, cx, r.resource_type, &r.resource_name, |config| {
            no_duplicates(r.configs.iter().map(|c| &c.name))?;
            r.configs.iter().try_for_each(|c| alter_one(config, c))
        });
        let (code, message) = settle(state, cx, &r.resource_name, outcome, request.validate_only);
        response.responses.push(
            IncrementalResult::default()
                .with_error_code(code)
                .with_error_message(message)
                .with_resource_type(r.resource_type)
                .with_resource_name(r.resource_name),
        );
    }
    Reply::Now(response.into())
}

fn alter_one(config: &mut TopicConfig, change: &AlterableConfig) -> Result<(), Bad> {
    const SET: i8 = 0;
    const DELETE: i8 = 1;
    const APPEND: i8 = 2;
    const SUBTRACT: i8 = 3;
    let name = change.name.as_str();
    let value = change.value.as_deref();
    match change.config_operation {
        SET => set(config, name, Some(not_null(name, value)?)),
        DELETE => set(config, name, None),
        op @ (APPEND | SUBTRACT) => {
            let value = not_null(name, value)?;
            if property(name).is_some_and(|p| p.1 != Kind::List) {
                let why =
                    format!("Can't append to or subtract from {name}: its type is not a list");
                return Err((E::InvalidConfig, why));
            }
            let now = config.get(name).unwrap_or_default().to_owned();
            let mut list: Vec<&str> = now.split(',').filter(|v| !v.is_empty()).collect();
            for v in value.split(',') {
                list.retain(|have| *have != v);
                if op == APPEND {
                    list.push(v);
                }
            }
            set(config, name, Some(&list.join(",")))
        }
        other => Err((E::UnknownServerError, format!("Unknown operation {other}"))),
    }
}

fn settle(
    state: &mut ClusterState,
    cx: &Cx,
    name: &str,
    outcome: Result<TopicConfig, (i16, String)>,
    validate_only: bool,
) -> (i16, Option<StrBytes>) {
    match outcome {
        Ok(config) => {
            if !validate_only {
                state.configure(cx.now, name, config);
            }
            (0, None)
        }
        Err((code, message)) => (code, Some(message.into())),
    }
}
