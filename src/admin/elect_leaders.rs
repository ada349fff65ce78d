//! ElectLeaders: the controller does it, and answers for each partition.

use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::{ApiKey, ElectLeadersRequest, RequestKind, ResponseKind};

use super::Request;
use super::by_leader::{Asked, by_topic};
use super::in_order::in_order;
use super::results::AdminResult;
use super::results::partitions::PartitionElection;
use super::single::{SingleRequest, class_of, target_of, unexpected};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::Response;
use crate::coordinator::Target;
use crate::coordinator::target::ErrorClass;

const API: ApiKey = ApiKey::ElectLeaders;

/// `election_type` is the protocol's and the C interface's number; `None` stands for all
/// partitions, of which the controller then tells those with something to do.
pub fn elect(
    election_type: i32,
    partitions: Option<Vec<Asked>>,
    request: &Request<'_>,
) -> SingleRequest {
    let asked = partitions.clone();
    let timeout_ms = request.operation_timeout_ms;
    let build = move |version| {
        let mut request = ElectLeadersRequest::default()
            .with_topic_partitions(partitions.as_deref().map(topics))
            .with_timeout_ms(timeout_ms);
        if version >= 1 {
            // The brokers refuse what they do not know.
            request.election_type = i8::try_from(election_type).unwrap_or(i8::MAX);
        }
        RequestKind::ElectLeaders(request)
    };
    let target = target_of(request.options, Target::Controller);
    SingleRequest::new(target, API, build, class, move |kind| {
        let answers = answers(&kind)?;
        match asked {
            Some(asked) => results(&asked, answers),
            None => Ok(AdminResult::Elections(answers)),
        }
    })
}

fn topics(partitions: &[Asked]) -> Vec<TopicPartitions> {
    let topics = by_topic(partitions).into_iter();
    topics
        .map(|(name, partitions)| {
            TopicPartitions::default()
                .with_topic(name)
                .with_partitions(partitions.iter().map(|p| p.partition).collect())
        })
        .collect()
}

fn class(response: &Response) -> ErrorClass {
    let Some(ResponseKind::ElectLeaders(response)) = &response.kind else {
        return ErrorClass::Final;
    };
    let results = response.replica_election_results.iter();
    let codes = results
        .flat_map(|topic| topic.partition_result.iter().map(|p| p.error_code))
        .chain([response.error_code]);
    class_of(codes)
}

fn answers(kind: &ResponseKind) -> Result<Vec<PartitionElection>, KafkaError> {
    let ResponseKind::ElectLeaders(response) = kind else {
        return Err(unexpected(API));
    };
    if let Err(code) = ErrorCode::from(response.error_code).ok() {
        return Err(KafkaError::new(
            code,
            format!("No leader was elected: {}", code.text()),
        ));
    }
    let mut all = Vec::new();
    for topic in &response.replica_election_results {
        for p in &topic.partition_result {
            let message = p.error_message.as_deref().unwrap_or_default();
            let code = ErrorCode::from(p.error_code);
            all.push(PartitionElection {
                topic: c_string(&topic.topic),
                partition: p.partition_id,
                error: match message {
                    "" => code.into(),
                    message => KafkaError::new(code, message),
                },
            });
        }
    }
    Ok(all)
}

fn results(asked: &[Asked], answers: Vec<PartitionElection>) -> Result<AdminResult, KafkaError> {
    let keys = asked.iter().map(|p| (c_string(&p.topic), p.partition));
    let answers = answers
        .into_iter()
        .map(|a| ((a.topic.clone(), a.partition), a));
    let answers = in_order(keys, answers).map_err(|(topic, partition)| {
        KafkaError::new(
            ErrorCode::_BAD_MSG,
            format!("{API:?} was answered for {topic:?} [{partition}], which it did not ask for"),
        )
    })?;
    let missing = |asked: &Asked| PartitionElection {
        topic: c_string(&asked.topic),
        partition: asked.partition,
        error: KafkaError::new(
            ErrorCode::_BAD_MSG,
            "The broker's answer leaves this partition out",
        ),
    };
    let results = asked.iter().zip(answers);
    Ok(AdminResult::Elections(
        results
            .map(|(asked, answer)| answer.unwrap_or_else(|| missing(asked)))
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use kafka_protocol::messages::ElectLeadersResponse;
    use kafka_protocol::messages::elect_leaders_response::{
        PartitionResult, ReplicaElectionResult,
    };

    use super::*;
    use crate::admin::options::{AdminOp, AdminOptions};
    use crate::coordinator::fan_out::{End, FanOut};
    use crate::protocol::strings::topic_name;

    fn response(error: i16, partitions: &[(i32, i16)]) -> Response {
        let result = |(partition, code): &(i32, i16)| {
            PartitionResult::default()
                .with_partition_id(*partition)
                .with_error_code(*code)
                .with_error_message(None)
        };
        let topic = ReplicaElectionResult::default()
            .with_topic(topic_name("t"))
            .with_partition_result(partitions.iter().map(result).collect());
        let kind = ElectLeadersResponse::default()
            .with_error_code(error)
            .with_replica_election_results(vec![topic]);
        Response {
            kind: Some(kind.into()),
            version: 2,
            rtt: Duration::ZERO,
            broker_id: 1,
            broker: Arc::from("b"),
        }
    }

    /// Partition and code of each result.
    fn outcome(asked: Option<&[i32]>, answer: Response) -> Result<Vec<(i32, i32)>, KafkaError> {
        let options = AdminOptions::new(AdminOp::ELECT_LEADERS);
        let one = |partition: &i32| Asked {
            topic: "t".into(),
            partition: *partition,
            value: 0,
            leader_epoch: -1,
        };
        let asked = asked.map(|all| all.iter().map(one).collect());
        let mut operation = Box::new(elect(1, asked, &Request::new(&options, 1000)));
        assert_eq!(operation.split().remove(0).target, Target::Controller);
        operation.on_response(0, Ok(answer));
        operation.merge(End::Answered).map(|result| match result {
            AdminResult::Elections(all) => {
                all.iter().map(|r| (r.partition, r.error.code.0)).collect()
            }
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn results_are_in_the_order_of_the_arguments() {
        let answer = response(0, &[(1, 84), (3, 0)]);
        let bad = ErrorCode::_BAD_MSG.0;
        let all = outcome(Some(&[3, 2, 1]), answer).unwrap();
        assert_eq!(all, [(3, 0), (2, bad), (1, 84)]);
        let all = outcome(None, response(0, &[(4, 83), (2, 0)])).unwrap();
        assert_eq!(all, [(4, 83), (2, 0)]);
        for wrong in [&[(1, 0), (1, 0)], &[(1, 0), (7, 0)]] {
            let error = outcome(Some(&[1, 2]), response(0, wrong)).unwrap_err();
            assert_eq!(error.code, ErrorCode::_BAD_MSG);
        }
    }

    #[test]
    fn an_error_of_the_request_is_the_operations() {
        let error = outcome(Some(&[1]), response(31, &[])).unwrap_err();
        assert_eq!(error.code, ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
        assert_eq!(class(&response(41, &[])), ErrorClass::Moved);
        assert_eq!(class(&response(0, &[(1, 41)])), ErrorClass::Moved);
        assert_eq!(class(&response(31, &[(1, 84)])), ErrorClass::Final);
    }
}
