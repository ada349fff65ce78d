//! Responses that are well formed and hostile: names that nobody asked for, some twice and
//! some not at all, numbers of any sign, any error code, arrays from empty to large.

use bytes::Bytes;
use kafka_protocol::messages::{
    alter_configs_response as alter, alter_user_scram_credentials_response as alter_scram,
    consumer_group_describe_response as consumer, create_acls_response as create_acls,
    create_partitions_response as create_partitions, create_topics_response as create_topics,
    delete_acls_response as delete_acls, delete_groups_response as delete_groups,
    delete_records_response as delete_records, delete_topics_response as delete_topics,
    describe_acls_response as describe_acls, describe_configs_response as describe_configs,
    describe_groups_response as classic,
    describe_user_scram_credentials_response as describe_scram, elect_leaders_response as elect,
    find_coordinator_response as find, incremental_alter_configs_response as incremental,
    list_groups_response as list_groups, list_offsets_response as list_offsets,
    metadata_response as metadata, offset_commit_response as commit,
    offset_delete_response as offset_delete, offset_fetch_response as fetch, *,
};
use kafka_protocol::protocol::StrBytes;

use super::operations::{GROUPS, TOPICS, USERS};

/// Where the choices come from.
pub trait Choices {
    /// A number below `count`.
    fn below(&mut self, count: usize) -> usize;
}

/// How hostile responses are.
pub struct Hostile<C> {
    pub choices: C,
    /// In place of all error codes.
    pub code: Option<i16>,
}

impl<C: Choices> Hostile<C> {
    fn code(&mut self) -> i16 {
        if let Some(code) = self.code {
            return code;
        }
        match self.choices.below(8) {
            0..4 => 0,
            // Moved leaders, coordinators and controllers, and what passes.
            4 => [6, 41, 16, 14, 15, 5, 7, 74, 75, 78][self.choices.below(10)],
            5 => [-1, -2, -197, i16::MIN, i16::MAX, 500][self.choices.below(6)],
            _ => i16::try_from(self.choices.below(131)).unwrap_or(0),
        }
    }

    fn number(&mut self) -> i32 {
        match self.choices.below(8) {
            0..5 => i32::try_from(self.choices.below(3)).unwrap_or(0),
            5 => -1,
            _ => [i32::MIN, i32::MAX, 5, 1000, -2][self.choices.below(5)],
        }
    }

    fn long(&mut self) -> i64 {
        match self.choices.below(4) {
            0 => [i64::MIN, i64::MAX, -1, -2, -1001][self.choices.below(5)],
            _ => i64::from(self.number()),
        }
    }

    fn byte(&mut self) -> i8 {
        i8::try_from(self.number()).unwrap_or(i8::MIN)
    }

    /// Mostly one of these.
    fn one_of(&mut self, names: &[&'static str]) -> StrBytes {
        match self.choices.below(16) {
            0 => StrBytes::from_static_str(["", "w", "t\0", "é"][self.choices.below(4)]),
            1 => StrBytes::from_string("n".repeat(self.choices.below(40_000))),
            _ => StrBytes::from_static_str(names[self.choices.below(names.len())]),
        }
    }

    fn topic(&mut self) -> TopicName {
        TopicName(self.one_of(&TOPICS))
    }

    fn group(&mut self) -> GroupId {
        GroupId(self.one_of(&GROUPS))
    }

    fn text(&mut self) -> Option<StrBytes> {
        (self.choices.below(2) == 0).then(|| self.one_of(&["", "no"]))
    }

    /// An array: one of the usual size, an empty or a large one.
    fn some<T>(&mut self, usual: usize, mut of: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = match self.choices.below(32) {
            0 => 0,
            1 => self.choices.below(300),
            2..16 => self.choices.below(usual + 2),
            _ => usual,
        };
        (0..count).map(|_| of(self)).collect()
    }

    /// An array with one element for each name, but for what is left out or comes twice.
    fn each<T>(
        &mut self,
        names: &[&'static str],
        mut of: impl FnMut(&mut Self, StrBytes) -> T,
    ) -> Vec<T> {
        if self.choices.below(4) == 0 {
            return self.some(names.len(), |me| {
                let name = me.one_of(names);
                of(me, name)
            });
        }
        let names = names.iter().map(|name| StrBytes::from_static_str(name));
        names.map(|name| of(self, name)).collect()
    }

    /// To a request of this API; `None` for one that no admin operation sends.
    pub fn response(&mut self, api: ApiKey) -> Option<ResponseKind> {
        Some(match api {
            ApiKey::CreateTopics | ApiKey::DeleteTopics | ApiKey::CreatePartitions => {
                return self.of_topics(api);
            }
            ApiKey::DescribeConfigs | ApiKey::AlterConfigs | ApiKey::IncrementalAlterConfigs => {
                return self.of_resources(api);
            }
            ApiKey::CreateAcls | ApiKey::DescribeAcls | ApiKey::DeleteAcls => {
                return self.of_acls(api);
            }
            ApiKey::OffsetFetch | ApiKey::OffsetCommit | ApiKey::OffsetDelete => {
                return self.of_offsets(api);
            }
            ApiKey::ListGroups
            | ApiKey::DescribeGroups
            | ApiKey::ConsumerGroupDescribe
            | ApiKey::DeleteGroups => return self.of_groups(api),
            ApiKey::ListOffsets | ApiKey::DeleteRecords | ApiKey::ElectLeaders => {
                return self.of_partitions(api);
            }
            ApiKey::DescribeUserScramCredentials | ApiKey::AlterUserScramCredentials => {
                return self.of_users(api);
            }
            ApiKey::Metadata => self.metadata().into(),
            ApiKey::FindCoordinator => self.coordinators().into(),
            _ => return None,
        })
    }

    fn metadata(&mut self) -> MetadataResponse {
        let partition = |me: &mut Self, index: i32| {
            metadata::MetadataResponsePartition::default()
                .with_error_code(me.code())
                .with_partition_index(index)
                .with_leader_id(me.number().into())
                .with_leader_epoch(me.number())
                .with_replica_nodes(me.some(2, |me| me.number().into()))
                .with_isr_nodes(me.some(2, |me| me.number().into()))
        };
        let topics = self.each(&TOPICS, |me, name| {
            let other = me.choices.below(8) == 0;
            let partitions = if other {
                me.some(3, |me| {
                    let index = me.number();
                    partition(me, index)
                })
            } else {
                (0..6).map(|index| partition(me, index)).collect()
            };
            let code = if me.choices.below(2) == 0 {
                0
            } else {
                me.code()
            };
            metadata::MetadataResponseTopic::default()
                .with_error_code(code)
                .with_name((me.choices.below(30) > 0).then_some(TopicName(name)))
                .with_partitions(partitions)
                .with_topic_authorized_operations(me.number())
        });
        let brokers = self.some(3, |me| {
            metadata::MetadataResponseBroker::default()
                .with_node_id(me.number().into())
                .with_host(me.one_of(&["b"]))
                .with_port(me.number())
                .with_rack(me.text())
        });
        let code = if self.choices.below(4) == 0 {
            self.code()
        } else {
            0
        };
        MetadataResponse::default()
            .with_brokers(brokers)
            .with_controller_id(self.number().into())
            .with_cluster_id(self.text())
            .with_cluster_authorized_operations(self.number())
            .with_error_code(code)
            .with_topics(topics)
    }

    fn coordinators(&mut self) -> FindCoordinatorResponse {
        let coordinators = self.each(&GROUPS, |me, key| {
            find::Coordinator::default()
                .with_key(key)
                .with_node_id(me.number().into())
                .with_host(me.one_of(&["b"]))
                .with_port(me.number())
                .with_error_code(me.code())
                .with_error_message(me.text())
        });
        FindCoordinatorResponse::default()
            .with_coordinators(coordinators)
            .with_error_code(self.code())
            .with_error_message(self.text())
            .with_node_id(self.number().into())
            .with_port(self.number())
    }

    fn of_topics(&mut self, api: ApiKey) -> Option<ResponseKind> {
        Some(match api {
            ApiKey::CreateTopics => {
                let topics = self.each(&TOPICS, |me, name| {
                    create_topics::CreatableTopicResult::default()
                        .with_name(TopicName(name))
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                });
                CreateTopicsResponse::default().with_topics(topics).into()
            }
            ApiKey::DeleteTopics => {
                let topics = self.each(&TOPICS, |me, name| {
                    delete_topics::DeletableTopicResult::default()
                        .with_name((me.choices.below(20) > 0).then_some(TopicName(name)))
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                });
                DeleteTopicsResponse::default()
                    .with_responses(topics)
                    .into()
            }
            ApiKey::CreatePartitions => {
                let topics = self.each(&TOPICS, |me, name| {
                    create_partitions::CreatePartitionsTopicResult::default()
                        .with_name(TopicName(name))
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                });
                CreatePartitionsResponse::default()
                    .with_results(topics)
                    .into()
            }
            _ => return None,
        })
    }

    /// The type and the name of what has properties.
    fn resource(&mut self) -> (i8, StrBytes) {
        match self.choices.below(4) {
            0 => (self.byte(), self.one_of(&["t", "g", "1"])),
            1 => (2, StrBytes::from_static_str("t")),
            2 => (32, StrBytes::from_static_str("g")),
            _ => (4, StrBytes::from_static_str("1")),
        }
    }

    fn of_resources(&mut self, api: ApiKey) -> Option<ResponseKind> {
        Some(match api {
            ApiKey::DescribeConfigs => {
                let results = self.some(3, |me| {
                    let (kind, name) = me.resource();
                    let entries = me.some(2, Self::property);
                    describe_configs::DescribeConfigsResult::default()
                        .with_resource_type(kind)
                        .with_resource_name(name)
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                        .with_configs(entries)
                });
                DescribeConfigsResponse::default()
                    .with_results(results)
                    .into()
            }
            ApiKey::AlterConfigs => {
                let results = self.some(3, |me| {
                    let (kind, name) = me.resource();
                    alter::AlterConfigsResourceResponse::default()
                        .with_resource_type(kind)
                        .with_resource_name(name)
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                });
                AlterConfigsResponse::default()
                    .with_responses(results)
                    .into()
            }
            ApiKey::IncrementalAlterConfigs => {
                let results = self.some(3, |me| {
                    let (kind, name) = me.resource();
                    incremental::AlterConfigsResourceResponse::default()
                        .with_resource_type(kind)
                        .with_resource_name(name)
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                });
                let response = IncrementalAlterConfigsResponse::default();
                response.with_responses(results).into()
            }
            _ => return None,
        })
    }

    fn property(&mut self) -> describe_configs::DescribeConfigsResourceResult {
        let synonyms = self.some(1, |me| {
            describe_configs::DescribeConfigsSynonym::default()
                .with_name(me.one_of(&["p"]))
                .with_value(me.text())
                .with_source(me.byte())
        });
        describe_configs::DescribeConfigsResourceResult::default()
            .with_name(self.one_of(&["p", "q"]))
            .with_value(self.text())
            .with_config_source(self.byte())
            .with_synonyms(synonyms)
    }

    fn of_acls(&mut self, api: ApiKey) -> Option<ResponseKind> {
        Some(match api {
            ApiKey::CreateAcls => {
                let results = self.some(3, |me| {
                    create_acls::AclCreationResult::default()
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                });
                CreateAclsResponse::default().with_results(results).into()
            }
            ApiKey::DescribeAcls => {
                let resources = self.some(2, |me| {
                    let acls = me.some(2, |me| {
                        describe_acls::AclDescription::default()
                            .with_principal(me.one_of(&["User:u"]))
                            .with_host(me.one_of(&["*"]))
                            .with_operation(me.byte())
                            .with_permission_type(me.byte())
                    });
                    describe_acls::DescribeAclsResource::default()
                        .with_resource_type(me.byte())
                        .with_resource_name(me.one_of(&TOPICS))
                        .with_pattern_type(me.byte())
                        .with_acls(acls)
                });
                DescribeAclsResponse::default()
                    .with_error_code(self.code())
                    .with_error_message(self.text())
                    .with_resources(resources)
                    .into()
            }
            ApiKey::DeleteAcls => {
                let results = self.some(3, |me| {
                    let matching = me.some(1, |me| {
                        delete_acls::DeleteAclsMatchingAcl::default()
                            .with_error_code(me.code())
                            .with_error_message(me.text())
                            .with_resource_type(me.byte())
                            .with_resource_name(me.one_of(&TOPICS))
                            .with_operation(me.byte())
                    });
                    delete_acls::DeleteAclsFilterResult::default()
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                        .with_matching_acls(matching)
                });
                DeleteAclsResponse::default()
                    .with_filter_results(results)
                    .into()
            }
            _ => return None,
        })
    }

    fn of_groups(&mut self, api: ApiKey) -> Option<ResponseKind> {
        Some(match api {
            ApiKey::ListGroups => {
                let groups = self.some(3, |me| {
                    list_groups::ListedGroup::default()
                        .with_group_id(me.group())
                        .with_protocol_type(me.one_of(&["consumer", ""]))
                        .with_group_state(me.one_of(&["Stable", "stable"]))
                        .with_group_type(me.one_of(&["classic", "Consumer"]))
                });
                ListGroupsResponse::default()
                    .with_error_code(self.code())
                    .with_groups(groups)
                    .into()
            }
            ApiKey::DescribeGroups => {
                let groups = self.each(&GROUPS, |me, name| {
                    let members = me.some(2, Self::classic_member);
                    classic::DescribedGroup::default()
                        .with_group_id(GroupId(name))
                        .with_error_code(me.code())
                        .with_group_state(me.one_of(&["Stable", "Dead"]))
                        .with_protocol_type(me.one_of(&["consumer", ""]))
                        .with_authorized_operations(me.number())
                        .with_members(members)
                });
                DescribeGroupsResponse::default().with_groups(groups).into()
            }
            ApiKey::ConsumerGroupDescribe => {
                let groups = self.each(&GROUPS, |me, name| {
                    let code = [69, 35, me.code()][me.choices.below(3)];
                    let members = me.some(2, Self::consumer_member);
                    consumer::DescribedGroup::default()
                        .with_group_id(GroupId(name))
                        .with_error_code(code)
                        .with_error_message(me.text())
                        .with_group_state(me.one_of(&["Stable", "Empty"]))
                        .with_authorized_operations(me.number())
                        .with_members(members)
                });
                ConsumerGroupDescribeResponse::default()
                    .with_groups(groups)
                    .into()
            }
            ApiKey::DeleteGroups => {
                let groups = self.each(&GROUPS, |me, name| {
                    delete_groups::DeletableGroupResult::default()
                        .with_group_id(GroupId(name))
                        .with_error_code(me.code())
                });
                DeleteGroupsResponse::default().with_results(groups).into()
            }
            _ => return None,
        })
    }

    /// Its assignment is any bytes: a version, a count of topics, and so on.
    fn classic_member(&mut self) -> classic::DescribedGroupMember {
        const WHOLE: &[u8] = b"\0\x01\0\0\0\x01\0\x01t\0\0\0\x01\0\0\0\x02\xff\xff\xff\xff";
        const LYING: &[u8] = b"\0\x01\x7f\xff\xff\xff\0\x01t\x7f\xff\xff\xff";
        let assignment = [&[][..], WHOLE, LYING, &WHOLE[..15]][self.choices.below(4)];
        classic::DescribedGroupMember::default()
            .with_member_id(self.one_of(&["m"]))
            .with_group_instance_id(self.text())
            .with_member_assignment(Bytes::from_static(assignment))
    }

    fn consumer_member(&mut self) -> consumer::Member {
        let topics = self.some(2, |me| {
            consumer::TopicPartitions::default()
                .with_topic_name(me.topic())
                .with_partitions(me.some(2, Self::number))
        });
        let assignment = consumer::Assignment::default().with_topic_partitions(topics);
        consumer::Member::default()
            .with_member_id(self.one_of(&["m"]))
            .with_instance_id(self.text())
            .with_target_assignment(assignment.clone())
            .with_assignment(assignment)
    }

    fn of_offsets(&mut self, api: ApiKey) -> Option<ResponseKind> {
        Some(match api {
            ApiKey::OffsetFetch => self.fetched().into(),
            ApiKey::OffsetCommit => {
                let topics = self.each(&TOPICS, |me, name| {
                    let partitions = me.some(2, |me| {
                        commit::OffsetCommitResponsePartition::default()
                            .with_partition_index(me.number())
                            .with_error_code(me.code())
                    });
                    commit::OffsetCommitResponseTopic::default()
                        .with_name(TopicName(name))
                        .with_partitions(partitions)
                });
                OffsetCommitResponse::default().with_topics(topics).into()
            }
            ApiKey::OffsetDelete => {
                let topics = self.each(&TOPICS, |me, name| {
                    let partitions = me.some(2, |me| {
                        offset_delete::OffsetDeleteResponsePartition::default()
                            .with_partition_index(me.number())
                            .with_error_code(me.code())
                    });
                    offset_delete::OffsetDeleteResponseTopic::default()
                        .with_name(TopicName(name))
                        .with_partitions(partitions)
                });
                OffsetDeleteResponse::default()
                    .with_error_code(self.code())
                    .with_topics(topics)
                    .into()
            }
            _ => return None,
        })
    }

    fn fetched(&mut self) -> OffsetFetchResponse {
        let topics = self.some(2, |me| {
            let partitions = me.some(2, |me| {
                fetch::OffsetFetchResponsePartition::default()
                    .with_partition_index(me.number())
                    .with_committed_offset(me.long())
                    .with_committed_leader_epoch(me.number())
                    .with_metadata(me.text())
                    .with_error_code(me.code())
            });
            fetch::OffsetFetchResponseTopic::default()
                .with_name(me.topic())
                .with_partitions(partitions)
        });
        let groups = self.some(1, |me| {
            let topics = me.some(2, |me| {
                let partitions = me.some(2, |me| {
                    fetch::OffsetFetchResponsePartitions::default()
                        .with_partition_index(me.number())
                        .with_committed_offset(me.long())
                        .with_committed_leader_epoch(me.number())
                        .with_metadata(me.text())
                        .with_error_code(me.code())
                });
                fetch::OffsetFetchResponseTopics::default()
                    .with_name(me.topic())
                    .with_partitions(partitions)
            });
            fetch::OffsetFetchResponseGroup::default()
                .with_group_id(me.group())
                .with_error_code(me.code())
                .with_topics(topics)
        });
        // One or the other, as the versions have them, or both.
        let (groups, topics) = match self.choices.below(3) {
            0 => (groups, Vec::new()),
            1 => (Vec::new(), topics),
            _ => (groups, topics),
        };
        OffsetFetchResponse::default()
            .with_error_code(self.code())
            .with_groups(groups)
            .with_topics(topics)
    }

    fn of_partitions(&mut self, api: ApiKey) -> Option<ResponseKind> {
        Some(match api {
            ApiKey::ListOffsets => {
                let topics = self.each(&TOPICS, |me, name| {
                    let partitions = me.some(2, |me| {
                        list_offsets::ListOffsetsPartitionResponse::default()
                            .with_partition_index(me.number())
                            .with_error_code(me.code())
                            .with_timestamp(me.long())
                            .with_offset(me.long())
                            .with_leader_epoch(me.number())
                    });
                    list_offsets::ListOffsetsTopicResponse::default()
                        .with_name(TopicName(name))
                        .with_partitions(partitions)
                });
                ListOffsetsResponse::default().with_topics(topics).into()
            }
            ApiKey::DeleteRecords => {
                let topics = self.each(&TOPICS, |me, name| {
                    let partitions = me.some(2, |me| {
                        delete_records::DeleteRecordsPartitionResult::default()
                            .with_partition_index(me.number())
                            .with_error_code(me.code())
                            .with_low_watermark(me.long())
                    });
                    delete_records::DeleteRecordsTopicResult::default()
                        .with_name(TopicName(name))
                        .with_partitions(partitions)
                });
                DeleteRecordsResponse::default().with_topics(topics).into()
            }
            ApiKey::ElectLeaders => {
                let topics = self.each(&TOPICS, |me, name| {
                    let partitions = me.some(2, |me| {
                        elect::PartitionResult::default()
                            .with_partition_id(me.number())
                            .with_error_code(me.code())
                            .with_error_message(me.text())
                    });
                    elect::ReplicaElectionResult::default()
                        .with_topic(TopicName(name))
                        .with_partition_result(partitions)
                });
                ElectLeadersResponse::default()
                    .with_error_code(self.code())
                    .with_replica_election_results(topics)
                    .into()
            }
            _ => return None,
        })
    }

    fn of_users(&mut self, api: ApiKey) -> Option<ResponseKind> {
        Some(match api {
            ApiKey::DescribeUserScramCredentials => {
                let users = self.each(&USERS, |me, user| {
                    let credentials = me.some(2, |me| {
                        describe_scram::CredentialInfo::default()
                            .with_mechanism(me.byte())
                            .with_iterations(me.number())
                    });
                    describe_scram::DescribeUserScramCredentialsResult::default()
                        .with_user(user)
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                        .with_credential_infos(credentials)
                });
                DescribeUserScramCredentialsResponse::default()
                    .with_error_code(self.code())
                    .with_error_message(self.text())
                    .with_results(users)
                    .into()
            }
            ApiKey::AlterUserScramCredentials => {
                let users = self.each(&USERS, |me, user| {
                    alter_scram::AlterUserScramCredentialsResult::default()
                        .with_user(user)
                        .with_error_code(me.code())
                        .with_error_message(me.text())
                });
                AlterUserScramCredentialsResponse::default()
                    .with_results(users)
                    .into()
            }
            _ => return None,
        })
    }
}
