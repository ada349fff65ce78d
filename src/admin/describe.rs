//! DescribeTopics and DescribeCluster, both of which are Metadata requests.

use std::collections::HashMap;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, BrokerId, MetadataRequest, MetadataResponse, RequestKind, ResponseKind,
};

use super::in_order::in_order;
use super::results::topics::{ClusterDescription, PartitionDescription, TopicDescription};
use super::results::{AdminResult, Node, authorized_operations};
use super::single::{SingleRequest, target_of, unexpected};
use super::{Begun, Request};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::coordinator::Target;
use crate::coordinator::target::ErrorClass;
use crate::protocol::strings::topic_name;

const API: ApiKey = ApiKey::Metadata;

/// The last version of Metadata that tells what the client may do with the cluster
/// (KIP-700).
const LAST_WITH_CLUSTER_OPERATIONS: i16 = 10;

pub fn topics(names: Vec<String>, request: &Request<'_>) -> Begun {
    if names.is_empty() {
        return Begun::Done(AdminResult::TopicDescriptions(Vec::new()));
    }
    let asked = names.clone();
    let with_operations = request.options.include_authorized_operations;
    let build = move |version| {
        let topic =
            |name: &String| MetadataRequestTopic::default().with_name(Some(topic_name(name)));
        let mut request = metadata_request(names.iter().map(topic).collect(), version);
        request.include_topic_authorized_operations = with_operations && version >= 8;
        RequestKind::Metadata(request)
    };
    let target = target_of(request.options, Target::Controller);
    SingleRequest::new(
        target,
        API,
        build,
        |_| ErrorClass::Final,
        move |kind| described_topics(&asked, &metadata(kind)?),
    )
    .into()
}

pub fn cluster(request: &Request<'_>) -> Begun {
    let with_operations = request.options.include_authorized_operations;
    let build = move |version| {
        let mut request = metadata_request(Vec::new(), version);
        request.include_cluster_authorized_operations =
            with_operations && (8..=LAST_WITH_CLUSTER_OPERATIONS).contains(&version);
        RequestKind::Metadata(request)
    };
    let target = target_of(request.options, Target::Controller);
    let asks = SingleRequest::new(
        target,
        API,
        build,
        |_| ErrorClass::Final,
        |kind| Ok(AdminResult::Cluster(described_cluster(&metadata(kind)?))),
    );
    if with_operations {
        asks.max_version(LAST_WITH_CLUSTER_OPERATIONS).into()
    } else {
        asks.into()
    }
}

/// It creates no topics, where it can say so.
fn metadata_request(topics: Vec<MetadataRequestTopic>, version: i16) -> MetadataRequest {
    MetadataRequest::default()
        .with_topics(Some(topics))
        .with_allow_auto_topic_creation(version < 4)
}

fn metadata(kind: ResponseKind) -> Result<MetadataResponse, KafkaError> {
    let ResponseKind::Metadata(response) = kind else {
        return Err(unexpected(API));
    };
    match ErrorCode::from(response.error_code).ok() {
        Ok(()) => Ok(response),
        Err(code) => Err(code.into()),
    }
}

/// The brokers of a response by their ids.
struct Nodes(HashMap<i32, Node>);

impl Nodes {
    fn new(response: &MetadataResponse) -> Self {
        Nodes(nodes(response).map(|node| (node.id, node)).collect())
    }

    /// A broker that is down is known by its id only.
    fn get(&self, id: BrokerId) -> Node {
        let node = self.0.get(&id.0).cloned();
        node.unwrap_or_else(|| Node::of_id(id.0))
    }

    /// `None` for ids below 0.
    fn some(&self, id: BrokerId) -> Option<Node> {
        (id.0 >= 0).then(|| self.get(id))
    }

    fn all(&self, ids: &[BrokerId]) -> Vec<Node> {
        ids.iter().map(|id| self.get(*id)).collect()
    }
}

fn nodes(response: &MetadataResponse) -> impl Iterator<Item = Node> {
    let brokers = response.brokers.iter();
    brokers.map(|b| Node::new(b.node_id.0, &b.host, b.port, b.rack.as_deref()))
}

// --- results

fn described_cluster(response: &MetadataResponse) -> ClusterDescription {
    ClusterDescription {
        id: response.cluster_id.as_deref().map(c_string),
        controller: Nodes::new(response).some(response.controller_id),
        nodes: nodes(response).collect(),
        operations: authorized_operations(response.cluster_authorized_operations),
    }
}

fn described_topics(
    names: &[String],
    response: &MetadataResponse,
) -> Result<AdminResult, KafkaError> {
    let missing = |name: &String| TopicDescription {
        name: c_string(name),
        id: (0, 0),
        is_internal: false,
        partitions: Vec::new(),
        operations: None,
        error: Some(KafkaError::new(
            ErrorCode::_BAD_MSG,
            "The broker's answer leaves this topic out",
        )),
    };
    let name_of = |topic: &MetadataResponseTopic| topic.name.clone().unwrap_or_default();
    let answers = in_order(
        names.iter().map(|name| topic_name(name)),
        response.topics.iter().map(|topic| (name_of(topic), topic)),
    )
    .map_err(|name| {
        KafkaError::new(
            ErrorCode::_BAD_MSG,
            format!(
                "{API:?} was answered for topic {:?}, which it did not ask for",
                name.as_str()
            ),
        )
    })?;
    let nodes = Nodes::new(response);
    let result = |(name, answer): (&String, Option<&MetadataResponseTopic>)| match answer {
        Some(topic) => described_topic(name, topic, &nodes),
        None => missing(name),
    };
    let results = names.iter().zip(answers).map(result);
    Ok(AdminResult::TopicDescriptions(results.collect()))
}

fn described_topic(name: &str, topic: &MetadataResponseTopic, nodes: &Nodes) -> TopicDescription {
    let (most, least) = topic.topic_id.as_u64_pair();
    let mut described = TopicDescription {
        name: c_string(name),
        id: (most.cast_signed(), least.cast_signed()),
        is_internal: false,
        partitions: Vec::new(),
        operations: None,
        error: None,
    };
    if let Err(code) = ErrorCode::from(topic.error_code).ok() {
        described.error = Some(code.into());
        return described;
    }
    described.is_internal = topic.is_internal;
    described.operations = authorized_operations(topic.topic_authorized_operations);
    let partitions = topic.partitions.iter();
    described.partitions = partitions.map(|p| described_partition(p, nodes)).collect();
    described.partitions.sort_by_key(|p| p.partition);
    described
}

fn described_partition(
    partition: &MetadataResponsePartition,
    nodes: &Nodes,
) -> PartitionDescription {
    PartitionDescription {
        partition: partition.partition_index,
        leader: nodes.some(partition.leader_id),
        isr: nodes.all(&partition.isr_nodes),
        replicas: nodes.all(&partition.replica_nodes),
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::metadata_response::MetadataResponseBroker;
    use kafka_protocol::protocol::StrBytes;

    use super::*;
    use crate::admin::options::{AdminOp, AdminOptions};

    fn topic(name: &str, code: i16, partitions: &[i32]) -> MetadataResponseTopic {
        let partition = |index: &i32| {
            MetadataResponsePartition::default()
                .with_partition_index(*index)
                .with_leader_id(BrokerId(*index - 1))
                .with_replica_nodes(vec![BrokerId(1), BrokerId(2)])
        };
        MetadataResponseTopic::default()
            .with_name(Some(topic_name(name)))
            .with_error_code(code)
            .with_is_internal(true)
            .with_partitions(partitions.iter().map(partition).collect())
    }

    fn response(topics: Vec<MetadataResponseTopic>) -> MetadataResponse {
        let broker = MetadataResponseBroker::default()
            .with_node_id(BrokerId(1))
            .with_host(StrBytes::from_static_str("h"))
            .with_port(9092);
        MetadataResponse::default()
            .with_brokers(vec![broker])
            .with_controller_id(BrokerId(-1))
            .with_topics(topics)
    }

    fn described(topics: Vec<MetadataResponseTopic>) -> Result<Vec<TopicDescription>, KafkaError> {
        let names = ["a".to_owned(), "b".to_owned()];
        described_topics(&names, &response(topics)).map(|result| match result {
            AdminResult::TopicDescriptions(all) => all,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn topics_are_in_the_order_of_the_arguments() {
        let all = described(vec![topic("b", 0, &[2, 0]), topic("a", 3, &[1])]).unwrap();
        let code = |at: usize| all[at].error.as_ref().map(|e| e.code);
        assert_eq!(code(0), Some(ErrorCode::UNKNOWN_TOPIC_OR_PART));
        assert!(all[0].partitions.is_empty() && !all[0].is_internal);
        assert!(code(1).is_none() && all[1].is_internal && all[1].operations.is_none());
        let partitions = &all[1].partitions;
        assert_eq!((partitions[0].partition, partitions[1].partition), (0, 2));
        assert_eq!(partitions[0].leader, None);
        let host = |node: &Node| node.host.clone();
        assert_eq!(
            partitions[1].leader.as_ref().and_then(host),
            Some(c"h".into())
        );
        assert_eq!(partitions[1].replicas[1], Node::of_id(2));
    }

    #[test]
    fn answers_that_do_not_fit_are_errors() {
        let all = described(vec![topic("a", 0, &[])]).unwrap();
        let code = |at: usize| all[at].error.as_ref().map(|e| e.code);
        assert_eq!((code(0), code(1)), (None, Some(ErrorCode::_BAD_MSG)));
        for wrong in ["a", "c"] {
            let error = described(vec![topic("a", 0, &[]), topic(wrong, 0, &[])]).unwrap_err();
            assert_eq!(error.code, ErrorCode::_BAD_MSG);
        }
    }

    #[test]
    fn requests_say_what_their_version_can() {
        let mut options = AdminOptions::new(AdminOp::ANY);
        options.include_authorized_operations = true;
        let request = Request::new(&options, 1000);
        let parts = |begun: Begun| match begun {
            Begun::Asks(mut operation) => operation.split(),
            Begun::Done(result) => panic!("{result:?}"),
        };
        let cluster = parts(cluster(&request)).remove(0);
        assert_eq!(cluster.max_version, Some(10));
        let topics = parts(topics(vec!["t".into()], &request)).remove(0);
        assert_eq!(
            (topics.max_version, topics.target),
            (None, Target::Controller)
        );
        for version in 0..=13 {
            for build in [&cluster.build, &topics.build] {
                let RequestKind::Metadata(request) = build(version) else {
                    panic!("another request");
                };
                assert_eq!(request.allow_auto_topic_creation, version < 4);
                let operations = request.include_cluster_authorized_operations
                    || request.include_topic_authorized_operations;
                assert!(version >= 8 || !operations);
            }
        }
    }

    #[test]
    fn a_cluster_may_have_no_controller() {
        let cluster = described_cluster(&response(Vec::new()));
        assert!(cluster.controller.is_none());
        assert_eq!(cluster.nodes.len(), 1);
        let mut response = response(Vec::new());
        response.controller_id = BrokerId(1);
        response.cluster_authorized_operations = 1 << 3;
        let cluster = described_cluster(&response);
        assert_eq!(cluster.controller.map(|node| node.port), Some(9092));
        assert_eq!(cluster.operations, Some(vec![3]));
    }
}
