//! The opaque types of the mock cluster.

use crate::capi::boundary::Pointee;

/// An embedded cluster of mock brokers.
pub type rd_kafka_mock_cluster_t = rd_kafka_mock_cluster_s;
/// A request that a mock broker received.
pub type rd_kafka_mock_request_t = rd_kafka_mock_request_s;
/// The assignment that a mock coordinator is to give a consumer group (KIP-848).
pub type rd_kafka_mock_cgrp_consumer_target_assignment_t =
    rd_kafka_mock_cgrp_consumer_target_assignment_s;

pub struct rd_kafka_mock_cluster_s {
    _private: [u8; 0],
}

pub struct rd_kafka_mock_request_s {
    _private: [u8; 0],
}

pub struct rd_kafka_mock_cgrp_consumer_target_assignment_s {
    _private: [u8; 0],
}

impl Pointee for rd_kafka_mock_cluster_s {}
impl Pointee for rd_kafka_mock_request_s {}
impl Pointee for rd_kafka_mock_cgrp_consumer_target_assignment_s {}
