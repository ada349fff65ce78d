//! The requests of a member.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::heartbeat_request::HeartbeatRequest;
use kafka_protocol::messages::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use kafka_protocol::messages::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use kafka_protocol::messages::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use kafka_protocol::messages::{ApiKey, GroupId, RequestKind};
use kafka_protocol::protocol::StrBytes;

use super::{Classic, Shape};
use crate::coordinator::Node;
use crate::group::assignor::{Assignor, TopicPartition};
use crate::group::wire::{Subscription, encode_assignment, encode_subscription};
use crate::group::{Action, Context, Outgoing, Token};
use crate::protocol::strings::text;

/// What the coordinator knows the consumer protocols by.
const PROTOCOL_TYPE: &str = "consumer";
/// Added to the time that the coordinator may take to let all members join.
const JOIN_GRACE: Duration = Duration::from_secs(5);

impl Classic {
    fn group(&self) -> GroupId {
        GroupId(text(&self.settings.group_id))
    }

    fn instance(&self) -> Option<StrBytes> {
        self.settings.group_instance_id.as_deref().map(text)
    }

    fn send(
        &mut self,
        cx: &mut Context<'_>,
        node: &Node,
        api: ApiKey,
        timeout: Duration,
        build: impl FnOnce(i16) -> RequestKind + Send + 'static,
    ) -> Token {
        let token = cx.token();
        self.held_up |= matches!(api, ApiKey::JoinGroup | ApiKey::SyncGroup);
        let outgoing = Outgoing {
            token,
            api,
            max_version: None,
            timeout,
            // The other connection has its own delays, those of Fetch.
            aside: api == ApiKey::LeaveGroup && self.held_up,
            build: Box::new(build),
        };
        cx.actions
            .push(Action::SendToCoordinator(node.clone(), outgoing));
        token
    }

    pub(super) fn send_join(&mut self, cx: &mut Context<'_>, node: &Node, topics: &Shape) -> Token {
        let subscription = Subscription {
            topics: topics.keys().cloned().collect(),
            owned: self.owned.clone(),
            generation: self.generation,
            rack: self.config.rack.clone(),
        };
        let protocols = self.config.assignors.iter().filter_map(|&assignor| {
            let metadata = encode_subscription(assignor, &subscription)?;
            Some(
                JoinGroupRequestProtocol::default()
                    .with_name(text(assignor.name()))
                    .with_metadata(metadata),
            )
        });
        let request = JoinGroupRequest::default()
            .with_group_id(self.group())
            .with_session_timeout_ms(millis(self.settings.session_timeout))
            .with_member_id(text(&self.member_id))
            .with_protocol_type(text(PROTOCOL_TYPE))
            .with_protocols(protocols.collect());
        let rebalance_timeout = millis(self.config.max_poll_interval);
        let instance = self.instance();
        let reason = Some(text(&self.reason)).filter(|why| !why.is_empty());
        let timeout = self.config.max_poll_interval + JOIN_GRACE;
        self.send(cx, node, ApiKey::JoinGroup, timeout, move |version| {
            let mut request = request;
            if version >= 1 {
                request.rebalance_timeout_ms = rebalance_timeout;
            }
            if version >= 5 {
                request.group_instance_id = instance;
            }
            if version >= 8 {
                request.reason = reason;
            }
            RequestKind::JoinGroup(request)
        })
    }

    pub(super) fn send_sync(
        &mut self,
        cx: &mut Context<'_>,
        node: &Node,
        generation: i32,
        assignor: Assignor,
        assignments: &[(Arc<str>, Vec<TopicPartition>)],
    ) -> Token {
        let assignments = assignments.iter().map(|(member, partitions)| {
            SyncGroupRequestAssignment::default()
                .with_member_id(text(member))
                .with_assignment(encode_assignment(partitions))
        });
        let request = SyncGroupRequest::default()
            .with_group_id(self.group())
            .with_generation_id(generation)
            .with_member_id(text(&self.member_id))
            .with_assignments(assignments.collect());
        let instance = self.instance();
        let timeout = self.config.max_poll_interval + JOIN_GRACE;
        self.send(cx, node, ApiKey::SyncGroup, timeout, move |version| {
            let mut request = request;
            if version >= 3 {
                request.group_instance_id = instance;
            }
            if version >= 5 {
                request.protocol_type = Some(text(PROTOCOL_TYPE));
                request.protocol_name = Some(text(assignor.name()));
            }
            RequestKind::SyncGroup(request)
        })
    }

    pub(super) fn send_heartbeat(
        &mut self,
        cx: &mut Context<'_>,
        node: &Node,
        generation: i32,
    ) -> Token {
        let request = HeartbeatRequest::default()
            .with_group_id(self.group())
            .with_generation_id(generation)
            .with_member_id(text(&self.member_id));
        let instance = self.instance();
        let timeout = self.settings.session_timeout;
        self.send(cx, node, ApiKey::Heartbeat, timeout, move |version| {
            let mut request = request;
            if version >= 3 {
                request.group_instance_id = instance;
            }
            RequestKind::Heartbeat(request)
        })
    }

    /// Leaves; from here on this client has no member id.
    pub(super) fn send_leave(
        &mut self,
        cx: &mut Context<'_>,
        node: &Node,
        reason: &'static str,
    ) -> Token {
        let request = LeaveGroupRequest::default().with_group_id(self.group());
        let member = text(&self.member_id);
        let instance = self.instance();
        self.member_id = "".into();
        self.generation = -1;
        self.send(
            cx,
            node,
            ApiKey::LeaveGroup,
            self.settings.close_patience(),
            move |version| {
                RequestKind::LeaveGroup(match version {
                    ..3 => request.with_member_id(member),
                    _ => {
                        let reason = (version >= 5).then(|| StrBytes::from_static_str(reason));
                        request.with_members(vec![
                            MemberIdentity::default()
                                .with_member_id(member)
                                .with_group_instance_id(instance)
                                .with_reason(reason),
                        ])
                    }
                })
            },
        )
    }
}

fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
