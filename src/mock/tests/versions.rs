//! Every version of every API: the answer decodes, and nothing is left over.

use super::*;
use kafka_protocol::messages::*;

macro_rules! every_version {
    ($($request:ident),* $(,)?) => {
        #[test]
        fn every_version_is_answered() {
            let mut seen = 0;
            $(
                let range = {
                    let sim = Sim::new(1);
                    let found = sim.state.versions.iter().find(|(k, _)| *k == <$request as Request>::KEY);
                    found.expect("advertised").1
                };
                let spoken = <$request as kafka_protocol::protocol::Message>::VERSIONS;
                assert!(range.max <= spoken.max);
                for version in range.min.max(spoken.min)..=range.max {
                    for (error, group) in [(0, "g"), (3, "g"), (0, "")] {
                        let mut sim = Sim::new(1);
                        sim.create("t", 2);
                        if error != 0 {
                            sim.state.errors.push(
                                <$request as Request>::KEY,
                                [crate::mock::state::errors::Injected { code: error, rtt_ms: 0 }],
                            );
                        }
                        let request = <$request as Sample>::sample(version, group);
                        let _ = sim.call::<$request>(1, version, &request);
                    }
                    seen += 1;
                }
            )*
            assert!(seen > 130, "{seen} versions");
        }
    };
}

/// A request with something in it.
trait Sample {
    fn sample(version: i16, group: &str) -> Self;
}

every_version!(
    ProduceRequest,
    FetchRequest,
    ListOffsetsRequest,
    MetadataRequest,
    OffsetCommitRequest,
    OffsetFetchRequest,
    FindCoordinatorRequest,
    JoinGroupRequest,
    HeartbeatRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
    DescribeGroupsRequest,
    ListGroupsRequest,
    ApiVersionsRequest,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DeleteRecordsRequest,
    InitProducerIdRequest,
    OffsetForLeaderEpochRequest,
    AddPartitionsToTxnRequest,
    AddOffsetsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
    DescribeConfigsRequest,
    AlterConfigsRequest,
    CreatePartitionsRequest,
    DeleteGroupsRequest,
    ElectLeadersRequest,
    IncrementalAlterConfigsRequest,
    OffsetDeleteRequest,
    DescribeClusterRequest,
    DescribeProducersRequest,
    DescribeTransactionsRequest,
    ListTransactionsRequest,
    DescribeTopicPartitionsRequest,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupDescribeRequest,
);

fn group_id(s: &str) -> GroupId {
    GroupId(text(s))
}

fn txn_id() -> TransactionalId {
    TransactionalId(text("tx"))
}

macro_rules! samples {
    ($($request:ty: |$v:ident, $g:ident| $body:expr;)*) => {
        $(impl Sample for $request {
            fn sample($v: i16, $g: &str) -> Self {
                let _ = ($v, $g);
                $body
            }
        })*
    };
}

samples! {
    ConsumerGroupHeartbeatRequest: |_v, g| {
        ConsumerGroupHeartbeatRequest::default()
            .with_group_id(group_id(g))
            .with_member_id(text("m"))
            .with_rebalance_timeout_ms(1000)
            .with_subscribed_topic_names(Some(vec![topic("t")]))
            .with_topic_partitions(Some(Vec::new()))
    };
    ConsumerGroupDescribeRequest: |_v, g| {
        ConsumerGroupDescribeRequest::default()
            .with_group_ids(vec![group_id(g)])
            .with_include_authorized_operations(true)
    };
    ProduceRequest: |v, _g| {
        let batch = Batch::default().encode(START_MS);
        let mut t = produce_request::TopicProduceData::default().with_partition_data(vec![
            produce_request::PartitionProduceData::default().with_records(Some(batch)),
        ]);
        if v < 13 { t.name = topic("t"); }
        ProduceRequest::default().with_acks(-1).with_topic_data(vec![t])
    };
    FetchRequest: |v, _g| {
        let mut t = fetch_request::FetchTopic::default()
            .with_partitions(vec![fetch_request::FetchPartition::default()]);
        if v < 13 { t.topic = topic("t"); }
        FetchRequest::default().with_topics(vec![t])
    };
    ListOffsetsRequest: |_v, _g| ListOffsetsRequest::default().with_topics(vec![
        list_offsets_request::ListOffsetsTopic::default().with_name(topic("t")).with_partitions(vec![
            list_offsets_request::ListOffsetsPartition::default().with_timestamp(-1),
            list_offsets_request::ListOffsetsPartition::default().with_partition_index(9),
        ]),
    ]);
    MetadataRequest: |_v, _g| MetadataRequest::default().with_topics(Some(vec![
        metadata_request::MetadataRequestTopic::default().with_name(Some(topic("t"))),
        metadata_request::MetadataRequestTopic::default().with_name(Some(topic("new"))),
        metadata_request::MetadataRequestTopic::default().with_name(Some(topic("not valid"))),
    ]));
    OffsetCommitRequest: |_v, g| OffsetCommitRequest::default().with_group_id(group_id(g))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![offset_commit_request::OffsetCommitRequestTopic::default()
            .with_name(topic("t"))
            .with_partitions(vec![offset_commit_request::OffsetCommitRequestPartition::default()])]);
    OffsetFetchRequest: |v, g| if v < 8 {
        OffsetFetchRequest::default().with_group_id(group_id(g)).with_topics(Some(vec![
            offset_fetch_request::OffsetFetchRequestTopic::default().with_name(topic("t"))
                .with_partition_indexes(vec![0]),
        ]))
    } else {
        OffsetFetchRequest::default().with_groups(vec![
            offset_fetch_request::OffsetFetchRequestGroup::default().with_group_id(group_id(g))
                .with_topics(Some(vec![offset_fetch_request::OffsetFetchRequestTopics::default()
                    .with_name(topic("t")).with_partition_indexes(vec![0])])),
        ])
    };
    FindCoordinatorRequest: |v, g| if v < 4 {
        FindCoordinatorRequest::default().with_key(text(g))
    } else {
        FindCoordinatorRequest::default().with_coordinator_keys(vec![text(g)])
    };
    JoinGroupRequest: |v, g| {
        let mut r = JoinGroupRequest::default().with_group_id(group_id(g))
            .with_session_timeout_ms(10_000)
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![join_group_request::JoinGroupRequestProtocol::default()
                .with_name(text("range"))]);
        if v >= 1 { r.rebalance_timeout_ms = 10_000; }
        if v >= 5 { r.group_instance_id = Some(text("i")); }
        r
    };
    HeartbeatRequest: |_v, g| HeartbeatRequest::default().with_group_id(group_id(g));
    LeaveGroupRequest: |v, g| {
        let r = LeaveGroupRequest::default().with_group_id(group_id(g));
        if v < 3 { r } else {
            r.with_members(vec![leave_group_request::MemberIdentity::default()])
        }
    };
    SyncGroupRequest: |_v, g| SyncGroupRequest::default().with_group_id(group_id(g));
    DescribeGroupsRequest: |_v, g| DescribeGroupsRequest::default().with_groups(vec![group_id(g)]);
    ListGroupsRequest: |_v, _g| ListGroupsRequest::default();
    ApiVersionsRequest: |v, _g| if v < 3 { ApiVersionsRequest::default() } else {
        ApiVersionsRequest::default()
            .with_client_software_name(text("test"))
            .with_client_software_version(text("1"))
    };
    CreateTopicsRequest: |_v, _g| CreateTopicsRequest::default().with_topics(vec![
        create_topics_request::CreatableTopic::default().with_name(topic("t2"))
            .with_num_partitions(1).with_replication_factor(1),
        create_topics_request::CreatableTopic::default().with_name(topic("t"))
            .with_num_partitions(1).with_replication_factor(1),
    ]);
    DeleteTopicsRequest: |v, _g| if v < 6 {
        DeleteTopicsRequest::default().with_topic_names(vec![topic("t"), topic("none")])
    } else {
        DeleteTopicsRequest::default().with_topics(vec![
            delete_topics_request::DeleteTopicState::default().with_name(Some(topic("t"))),
            delete_topics_request::DeleteTopicState::default(),
        ])
    };
    DeleteRecordsRequest: |_v, _g| DeleteRecordsRequest::default().with_topics(vec![
        delete_records_request::DeleteRecordsTopic::default().with_name(topic("t"))
            .with_partitions(vec![delete_records_request::DeleteRecordsPartition::default()]),
    ]);
    InitProducerIdRequest: |_v, _g| InitProducerIdRequest::default()
        .with_transactional_id(Some(txn_id())).with_transaction_timeout_ms(1000)
        .with_producer_id(ProducerId(-1)).with_producer_epoch(-1);
    OffsetForLeaderEpochRequest: |_v, _g| OffsetForLeaderEpochRequest::default().with_topics(vec![
        offset_for_leader_epoch_request::OffsetForLeaderTopic::default().with_topic(topic("t"))
            .with_partitions(vec![offset_for_leader_epoch_request::OffsetForLeaderPartition::default()]),
    ]);
    AddPartitionsToTxnRequest: |v, _g| {
        let topics = vec![add_partitions_to_txn_request::AddPartitionsToTxnTopic::default()
            .with_name(topic("t")).with_partitions(vec![0, 7])];
        if v <= 3 {
            AddPartitionsToTxnRequest::default()
                .with_v3_and_below_transactional_id(txn_id())
                .with_v3_and_below_topics(topics)
        } else {
            AddPartitionsToTxnRequest::default().with_transactions(vec![
                add_partitions_to_txn_request::AddPartitionsToTxnTransaction::default()
                    .with_transactional_id(txn_id()).with_topics(topics),
            ])
        }
    };
    AddOffsetsToTxnRequest: |_v, g| AddOffsetsToTxnRequest::default()
        .with_transactional_id(txn_id()).with_group_id(group_id(g));
    EndTxnRequest: |_v, _g| EndTxnRequest::default().with_transactional_id(txn_id());
    TxnOffsetCommitRequest: |_v, g| TxnOffsetCommitRequest::default()
        .with_transactional_id(txn_id()).with_group_id(group_id(g))
        .with_generation_id(-1)
        .with_topics(vec![txn_offset_commit_request::TxnOffsetCommitRequestTopic::default()
            .with_name(topic("t"))
            .with_partitions(vec![txn_offset_commit_request::TxnOffsetCommitRequestPartition::default()])]);
    DescribeConfigsRequest: |_v, _g| DescribeConfigsRequest::default().with_include_synonyms(true)
        .with_resources(vec![
            describe_configs_request::DescribeConfigsResource::default()
                .with_resource_type(2).with_resource_name(text("t")).with_configuration_keys(None),
            describe_configs_request::DescribeConfigsResource::default()
                .with_resource_type(4).with_resource_name(text("1")).with_configuration_keys(None),
            describe_configs_request::DescribeConfigsResource::default().with_resource_type(99),
        ]);
    AlterConfigsRequest: |_v, _g| AlterConfigsRequest::default().with_resources(vec![
        alter_configs_request::AlterConfigsResource::default()
            .with_resource_type(2).with_resource_name(text("t")).with_configs(vec![
                alter_configs_request::AlterableConfig::default()
                    .with_name(text("retention.ms")).with_value(Some(text("1000"))),
            ]),
    ]);
    CreatePartitionsRequest: |_v, _g| CreatePartitionsRequest::default().with_topics(vec![
        create_partitions_request::CreatePartitionsTopic::default().with_name(topic("t")).with_count(5),
        create_partitions_request::CreatePartitionsTopic::default().with_name(topic("x")).with_count(5),
    ]);
    DeleteGroupsRequest: |_v, g| DeleteGroupsRequest::default().with_groups_names(vec![group_id(g)]);
    IncrementalAlterConfigsRequest: |_v, _g| IncrementalAlterConfigsRequest::default().with_resources(vec![
        incremental_alter_configs_request::AlterConfigsResource::default()
            .with_resource_type(2).with_resource_name(text("t")).with_configs(vec![
                incremental_alter_configs_request::AlterableConfig::default()
                    .with_name(text("cleanup.policy")).with_config_operation(2)
                    .with_value(Some(text("compact"))),
            ]),
    ]);
    OffsetDeleteRequest: |_v, g| OffsetDeleteRequest::default().with_group_id(group_id(g));
    DescribeClusterRequest: |v, _g| {
        let r = DescribeClusterRequest::default();
        if v >= 1 { r.with_endpoint_type(1) } else { r }
    };
    DescribeProducersRequest: |_v, _g| DescribeProducersRequest::default().with_topics(vec![
        describe_producers_request::TopicRequest::default().with_name(topic("t"))
            .with_partition_indexes(vec![0, 9]),
    ]);
    ElectLeadersRequest: |_v, _g| ElectLeadersRequest::default().with_topic_partitions(Some(vec![
        elect_leaders_request::TopicPartitions::default().with_topic(topic("t"))
            .with_partitions(vec![0, 9]),
    ]));
    DescribeTransactionsRequest: |_v, _g| DescribeTransactionsRequest::default()
        .with_transactional_ids(vec![txn_id()]);
    ListTransactionsRequest: |_v, _g| ListTransactionsRequest::default();
    DescribeTopicPartitionsRequest: |_v, _g| DescribeTopicPartitionsRequest::default()
        .with_response_partition_limit(1);
}

#[test]
fn a_version_of_the_future_is_told_what_there_is() {
    let mut sim = Sim::new(1);
    let mut frame = BytesMut::new();
    frame.extend_from_slice(&[0, 18, 0, 99, 0, 0, 0, 7, 0, 1, b'x', 0, 5, 5]);
    let conn = sim.send_frame(1, frame.freeze());
    let response = sim.take::<ApiVersionsRequest>(Pending { conn, version: 0 });
    assert_eq!(response.error_code, 35);
    assert_eq!(response.api_keys.len(), 1);
    assert_eq!(response.api_keys[0].api_key, api(ApiKey::ApiVersions));
}

#[test]
fn ranges_can_be_narrowed_and_apis_switched_off() {
    let mut sim = Sim::new(1);
    let narrow = |sim: &mut Sim, key, min, max| {
        use crate::mock::command::Change;
        sim.state.apply(
            sim.now,
            Change::ApiVersions {
                api: api(key),
                min,
                max,
            },
        )
    };
    narrow(&mut sim, ApiKey::Metadata, 2, 5).expect("known");
    narrow(&mut sim, ApiKey::EndTxn, -1, -1).expect("known");
    assert!(narrow(&mut sim, ApiKey::Vote, 0, 0).is_err());
    let response = sim.call::<ApiVersionsRequest>(1, 0, &ApiVersionsRequest::default());
    let range = |key| {
        let mut all = response.api_keys.iter();
        all.find(|k| k.api_key == api(key))
            .map(|k| (k.min_version, k.max_version))
    };
    assert_eq!(range(ApiKey::Metadata), Some((2, 5)));
    assert_eq!(range(ApiKey::EndTxn), None);
    let refused = sim.send(1, 6, &MetadataRequest::default());
    assert!(matches!(sim.raw(refused.conn), Some(Answer::Closed)));
}

#[test]
fn rubbish_costs_the_connection_and_nothing_else() {
    let mut sim = Sim::new(1);
    let mut rng = fastrand::Rng::with_seed(3);
    for round in 0..20_000 {
        let mut frame: Vec<u8> = (0..rng.usize(..60)).map(|_| rng.u8(..)).collect();
        if round % 2 == 0 && frame.len() >= 4 {
            // As if it were a request of an API that there is.
            frame[0] = 0;
            frame[1] = rng.u8(..76);
            frame[2] = 0;
            frame[3] = rng.u8(..14);
        }
        let conn = sim.send_frame(1, frame.into());
        sim.raw(conn);
    }
    sim.pass(600_000);
    let response = sim.call::<MetadataRequest>(1, 9, &MetadataRequest::default());
    assert_eq!(response.brokers.len(), 1);
}
