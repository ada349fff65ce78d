//! CreateTopics, DeleteTopics and CreatePartitions: the controller does them, and answers
//! for each topic.

use std::collections::HashSet;

use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    RequestKind, ResponseKind, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::Request;
use super::args::{NewPartitions, NewTopic};
use super::in_order::in_order;
use super::results::{AdminResult, TopicResult, error_text};
use super::single::{SingleRequest, class_of, target_of, unexpected};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::Response;
use crate::coordinator::Target;
use crate::coordinator::target::ErrorClass;
use crate::protocol::strings::topic_name;

pub fn create(topics: Vec<NewTopic>, request: &Request<'_>) -> SingleRequest {
    let names = topics.iter().map(|t| t.topic.clone()).collect();
    let validate_only = request.options.validate_only;
    let timeout_ms = request.operation_timeout_ms;
    let build = move |_| {
        RequestKind::CreateTopics(
            CreateTopicsRequest::default()
                .with_topics(topics.iter().map(creatable).collect())
                .with_timeout_ms(timeout_ms)
                .with_validate_only(validate_only),
        )
    };
    by_topic(ApiKey::CreateTopics, names, request, build)
}

pub fn delete(topics: Vec<String>, request: &Request<'_>) -> SingleRequest {
    let names = topics.clone();
    let timeout_ms = request.operation_timeout_ms;
    let build = move |version| {
        let names = topics.iter().map(|t| topic_name(t));
        let request = DeleteTopicsRequest::default().with_timeout_ms(timeout_ms);
        RequestKind::DeleteTopics(if version >= 6 {
            let named = |name| DeleteTopicState::default().with_name(Some(name));
            request.with_topics(names.map(named).collect())
        } else {
            request.with_topic_names(names.collect())
        })
    };
    by_topic(ApiKey::DeleteTopics, names, request, build)
}

pub fn create_partitions(topics: Vec<NewPartitions>, request: &Request<'_>) -> SingleRequest {
    let names = topics.iter().map(|t| t.topic.clone()).collect();
    let validate_only = request.options.validate_only;
    let timeout_ms = request.operation_timeout_ms;
    let build = move |_| {
        RequestKind::CreatePartitions(
            CreatePartitionsRequest::default()
                .with_topics(topics.iter().map(extended).collect())
                .with_timeout_ms(timeout_ms)
                .with_validate_only(validate_only),
        )
    };
    by_topic(ApiKey::CreatePartitions, names, request, build)
}

fn by_topic(
    api: ApiKey,
    names: Vec<String>,
    request: &Request<'_>,
    build: impl Fn(i16) -> RequestKind + Send + Sync + 'static,
) -> SingleRequest {
    let target = target_of(request.options, Target::Controller);
    let waits = request.operation_timeout_ms > 0;
    SingleRequest::new(target, api, build, class, move |kind| {
        let answers = answers(&kind).ok_or_else(|| unexpected(api))?;
        results(api, &names, answers, waits)
    })
}

fn broker_ids(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().copied().map(BrokerId).collect()
}

fn creatable(topic: &NewTopic) -> CreatableTopic {
    let assignments = topic.assignments.partitions();
    let assigned = !assignments.is_empty();
    // Assignments say both numbers.
    let number = |number| if assigned { -1 } else { number };
    let assignments = (0..).zip(assignments).map(|(partition, brokers)| {
        CreatableReplicaAssignment::default()
            .with_partition_index(partition)
            .with_broker_ids(broker_ids(brokers))
    });
    let configs = topic.configs.iter().map(|(name, value)| {
        let text = |s: &String| StrBytes::from_string(s.clone());
        CreatableTopicConfig::default()
            .with_name(text(name))
            .with_value(value.as_ref().map(text))
    });
    CreatableTopic::default()
        .with_name(topic_name(&topic.topic))
        .with_num_partitions(number(topic.partitions))
        // Within its range, which `NewTopic::new` has checked.
        .with_replication_factor(i16::try_from(number(topic.replication_factor)).unwrap_or(-1))
        .with_assignments(assignments.collect())
        .with_configs(configs.collect())
}

fn extended(topic: &NewPartitions) -> CreatePartitionsTopic {
    let assignments =
        topic.assignments.partitions().iter().map(|brokers| {
            CreatePartitionsAssignment::default().with_broker_ids(broker_ids(brokers))
        });
    let assignments: Vec<_> = assignments.collect();
    CreatePartitionsTopic::default()
        .with_name(topic_name(&topic.topic))
        .with_count(topic.total)
        .with_assignments((!assignments.is_empty()).then_some(assignments))
}

/// A topic's name, and its code and message in a response.
type Answer = (String, (ErrorCode, Option<String>));

/// `None` for a response of another kind.
fn answers(kind: &ResponseKind) -> Option<Vec<Answer>> {
    let text = |s: &Option<StrBytes>| s.as_ref().map(|s| s.to_string());
    let of = |name: &TopicName, code: i16, message| (name.to_string(), (code.into(), message));
    Some(match kind {
        ResponseKind::CreateTopics(r) => {
            let answers = r.topics.iter();
            answers
                .map(|t| of(&t.name, t.error_code, text(&t.error_message)))
                .collect()
        }
        ResponseKind::DeleteTopics(r) => {
            let answers = r.responses.iter();
            // The code's own text, as librdkafka has it, which speaks a version without messages.
            answers
                .map(|t| of(&t.name.clone().unwrap_or_default(), t.error_code, None))
                .collect()
        }
        ResponseKind::CreatePartitions(r) => {
            let answers = r.results.iter();
            answers
                .map(|t| of(&t.name, t.error_code, text(&t.error_message)))
                .collect()
        }
        _ => return None,
    })
}

fn class(response: &Response) -> ErrorClass {
    let answers = response.kind.as_ref().and_then(answers).unwrap_or_default();
    class_of(answers.into_iter().map(|(_, (code, _))| code))
}

fn results(
    api: ApiKey,
    names: &[String],
    answers: Vec<Answer>,
    waits: bool,
) -> Result<AdminResult, KafkaError> {
    let answers = in_order(names.iter().cloned(), answers).map_err(|name| {
        KafkaError::new(
            ErrorCode::_BAD_MSG,
            format!("{api:?} was answered for topic {name:?}, which it did not name"),
        )
    })?;
    let told = |name: &String, (code, message): (ErrorCode, Option<String>)| {
        // It goes on, and the application did not want to wait.
        let begun = code == ErrorCode::REQUEST_TIMED_OUT && !waits;
        let code = if begun { ErrorCode::NO_ERROR } else { code };
        TopicResult {
            topic: c_string(name),
            code,
            text: error_text(code, message.as_deref()),
        }
    };
    let missing = |name: &String| TopicResult {
        topic: c_string(name),
        code: ErrorCode::_BAD_MSG,
        text: Some(c_string("The broker's answer leaves this topic out")),
    };
    let mut seen = HashSet::new();
    let results = names.iter().zip(answers).filter_map(|(name, answer)| {
        // A topic that was given twice may have one answer.
        let first = seen.insert(name);
        let told = answer.map(|answer| told(name, answer));
        told.or_else(|| first.then(|| missing(name)))
    });
    Ok(AdminResult::Topics(results.collect()))
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use kafka_protocol::messages::CreateTopicsResponse;
    use kafka_protocol::messages::create_topics_response::CreatableTopicResult;

    use super::*;
    use crate::admin::options::{AdminOp, AdminOptions};
    use crate::admin::single::testing::{answered, error_of, response as answer, sent};
    use crate::coordinator::fan_out::{End, FanOut};

    fn names(names: &[&str]) -> Vec<NewTopic> {
        let topic = |name: &&str| NewTopic::new((*name).to_owned(), 1, 1).unwrap();
        names.iter().map(topic).collect()
    }

    fn operation(topics: &[&str], operation_timeout_ms: i32) -> SingleRequest {
        let mut options = AdminOptions::new(AdminOp::CREATE_TOPICS);
        options.operation_timeout_ms = Some(operation_timeout_ms);
        create(names(topics), &Request::new(&options, 60_000))
    }

    fn response(answers: &[(&str, i16, Option<&'static str>)]) -> ResponseKind {
        let topic = |(name, code, message): &(&str, i16, Option<&'static str>)| {
            CreatableTopicResult::default()
                .with_name(topic_name(name))
                .with_error_code(*code)
                .with_error_message(message.map(StrBytes::from_static_str))
        };
        let topics = answers.iter().map(topic).collect();
        ResponseKind::CreateTopics(CreateTopicsResponse::default().with_topics(topics))
    }

    /// Names, codes and texts.
    fn results(operation: SingleRequest, answer: ResponseKind) -> Vec<(String, i32, String)> {
        let AdminResult::Topics(all) = answered(operation, answer).unwrap() else {
            panic!("of another kind");
        };
        let text = |text: CString| text.into_string().unwrap();
        all.into_iter()
            .map(|t| {
                (
                    text(t.topic),
                    t.code.0,
                    t.text.map(text).unwrap_or_default(),
                )
            })
            .collect()
    }

    fn row(name: &str, code: i32, text: &str) -> (String, i32, String) {
        (name.into(), code, text.into())
    }

    #[test]
    fn results_stand_in_the_order_of_the_arguments() {
        let answer = response(&[("b", 0, None), ("a", 36, Some("there")), ("c", 41, None)]);
        let all = results(operation(&["a", "b", "c"], 1000), answer);
        let text = ErrorCode::NOT_CONTROLLER.text();
        let want = [row("a", 36, "there"), row("b", 0, ""), row("c", 41, &text)];
        assert_eq!(all, want);
    }

    #[test]
    fn what_goes_on_is_no_error_to_those_who_do_not_wait() {
        let late = || response(&[("a", 7, None)]);
        assert_eq!(results(operation(&["a"], 0), late())[0].1, 0);
        assert_eq!(results(operation(&["a"], -1), late())[0].1, 0);
        assert_eq!(results(operation(&["a"], 1), late())[0].1, 7);
    }

    #[test]
    fn answers_that_do_not_fit_are_noticed() {
        let all = results(operation(&["a", "b"], 1), response(&[("a", 0, None)]));
        assert_eq!(all[1].1, ErrorCode::_BAD_MSG.0);
        let one = results(operation(&["a", "a"], 1), response(&[("a", 42, None)]));
        assert_eq!(one.len(), 1);
        for wrong in [&[("x", 0, None)][..], &[("a", 0, None), ("a", 0, None)]] {
            let error = answered(operation(&["a"], 1), response(wrong)).unwrap_err();
            assert_eq!(error.code, ErrorCode::_BAD_MSG);
        }
        let other = ResponseKind::Metadata(Default::default());
        assert_eq!(error_of(operation(&["a"], 1), other), ErrorCode::_BAD_MSG);
    }

    #[test]
    fn the_controller_is_asked_until_it_is_one() {
        let part = sent(&mut operation(&["a"], 1));
        assert_eq!(part.target, Target::Controller);
        let class = part.class.unwrap();
        let moved = response(&[("a", 41, None)]);
        assert_eq!(class(&answer(moved)), ErrorClass::Moved);
        let done = response(&[("a", 0, None)]);
        assert_eq!(class(&answer(done)), ErrorClass::Final);
        let late = Box::new(operation(&["a"], 1)).merge(End::TimedOut);
        assert_eq!(late.unwrap_err().code, ErrorCode::_TIMED_OUT);
    }

    #[test]
    fn assignments_stand_for_both_numbers() {
        let mut topic = NewTopic::new("a".into(), 1, -1).unwrap();
        topic.assign(0, &[3, 1]).unwrap();
        topic.configs.push(("x".into(), None));
        let creatable = creatable(&topic);
        assert_eq!(
            (creatable.num_partitions, creatable.replication_factor),
            (-1, -1)
        );
        assert_eq!(
            creatable.assignments[0].broker_ids,
            [BrokerId(3), BrokerId(1)]
        );
        assert_eq!(creatable.configs[0].value, None);
    }
}
