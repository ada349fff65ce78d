//! DeleteGroups.

use std::sync::Arc;

use kafka_protocol::messages::{ApiKey, DeleteGroupsRequest, RequestKind, ResponseKind};

use super::by_group::{Answer, Asking, ByGroup, GroupOperation, group_id};
use crate::admin::Request;
use crate::admin::results::groups::GroupResult;
use crate::admin::results::{AdminResult, Node};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};

pub fn delete(groups: Vec<String>, request: &Request<'_>) -> ByGroup<DeleteGroups> {
    ByGroup::new(DeleteGroups, groups, request.options.broker)
}

pub struct DeleteGroups;

impl GroupOperation for DeleteGroups {
    type Item = GroupResult;

    fn asking(&self, _: usize, groups: Vec<Arc<str>>) -> Asking {
        Asking {
            api: ApiKey::DeleteGroups,
            max_version: 2,
            build: Arc::new(move |_| {
                let names = groups.iter().map(|group| group_id(group)).collect();
                let request = DeleteGroupsRequest::default().with_groups_names(names);
                RequestKind::DeleteGroups(request)
            }),
        }
    }

    fn read(&self, kind: ResponseKind, _: &Node) -> Option<Vec<Answer<GroupResult>>> {
        let ResponseKind::DeleteGroups(answer) = kind else {
            return None;
        };
        let results = answer.results.iter().map(|result| {
            let group = result.group_id.to_string();
            let result = match ErrorCode::from(result.error_code).ok() {
                Ok(()) => Ok(GroupResult {
                    group: c_string(&group),
                    error: None,
                    partitions: None,
                }),
                Err(code) => Err(code.into()),
            };
            Answer { group, result }
        });
        Some(results.collect())
    }

    fn failed(&self, group: &str, error: KafkaError) -> GroupResult {
        GroupResult {
            group: c_string(group),
            error: Some(error),
            partitions: None,
        }
    }

    fn result(&self, items: Vec<GroupResult>) -> AdminResult {
        AdminResult::Groups(items)
    }
}
