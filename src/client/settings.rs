//! From the configuration's properties to what each part of the client needs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Builder;

use crate::base::conf::{
    self, AcquireMode, AddressFamily, ClientKind, Compression, Conf, GroupProtocol,
    QueuingStrategy, TopicConf,
};
use crate::base::time::ms;
use crate::broker::transport::Family;
use crate::broker::{ApiVersions, LinkSettings};
use crate::consumer;
use crate::consumer::share;
use crate::group::assignor::Assignor;
use crate::group::classic::{Classic, ClassicSettings};
use crate::group::consumer::{self as by_coordinator, ConsumerSettings};
use crate::group::share::Settings as ShareGroupSettings;
use crate::group::{self, Membership};
use crate::metadata::ManagerSettings;
use crate::producer;
use crate::producer::partitioner::Builtin;
use crate::producer::transaction;
use crate::protocol::compression::Codec;

fn size(n: i32) -> usize {
    usize::try_from(n).unwrap_or(0)
}

pub fn link(conf: &Conf) -> LinkSettings {
    let c = &conf.global;
    let old = c
        .broker_version_fallback
        .as_deref()
        .and_then(ApiVersions::assumed)
        .map(Arc::new);
    LinkSettings {
        client_id: c.client_id.clone().unwrap_or_default(),
        software_name: c.client_software_name.clone().unwrap_or_default(),
        software_version: c.client_software_version.clone().unwrap_or_default(),
        max_in_flight: size(c.max_in_flight_requests_per_connection),
        receive_max_bytes: size(c.receive_message_max_bytes),
        max_fails: size(c.socket_max_fails),
        setup_timeout: ms(c.socket_connection_setup_timeout_ms),
        api_version_timeout: ms(c.api_version_request_timeout_ms.min(c.socket_timeout_ms)),
        assumed_versions: old.clone().filter(|_| !c.api_version_request),
        fallback: old
            .filter(|_| c.api_version_request && c.api_version_fallback_ms > 0)
            .map(|versions| (versions, ms(c.api_version_fallback_ms))),
        reconnect_backoff: ms(c.reconnect_backoff_ms),
        reconnect_backoff_max: ms(c.reconnect_backoff_max_ms),
        max_idle: ms(c.connections_max_idle_ms),
        address_ttl: ms(c.broker_address_ttl),
        family: family(conf),
        send_buffer: size(c.socket_send_buffer_bytes),
        receive_buffer: size(c.socket_receive_buffer_bytes),
        keepalive: c.socket_keepalive_enable,
        nodelay: c.socket_nagle_disable,
        log_connection_close: c.log_connection_close,
    }
}

/// Whether latencies and sizes are gathered for the statistics.
pub fn windows(conf: &Conf) -> bool {
    let c = &conf.global;
    c.statistics_interval_ms > 0 || c.statistics_prometheus_listen.is_some()
}

pub fn family(conf: &Conf) -> Family {
    match conf.global.broker_address_family {
        AddressFamily::Any => Family::Any,
        AddressFamily::V4 => Family::V4,
        AddressFamily::V6 => Family::V6,
    }
}

pub fn metadata(conf: &Conf) -> ManagerSettings {
    let c = &conf.global;
    let interval = c.topic_metadata_refresh_interval_ms;
    ManagerSettings {
        interval: (interval > 0).then(|| ms(interval)),
        fast_interval: ms(c.topic_metadata_refresh_fast_interval_ms),
        fast_max: ms(c.retry_backoff_max_ms).max(ms(c.topic_metadata_refresh_fast_interval_ms)),
        propagation: ms(c.topic_metadata_propagation_max_ms),
    }
}

pub fn producer(conf: &Conf) -> producer::Settings {
    let c = &conf.global;
    let max_message = size(c.message_max_bytes);
    let linger_us = u64::try_from(conf.linger_us()).unwrap_or(0);
    producer::Settings {
        max_message_bytes: max_message,
        max_queued_messages: u64::try_from(c.queue_buffering_max_messages).unwrap_or(0),
        max_queued_bytes: u64::try_from(c.queue_buffering_max_kbytes).unwrap_or(0) * 1024,
        linger: Duration::from_micros(linger_us),
        batch_messages: size(c.batch_num_messages),
        batch_bytes: size(c.batch_size).min(max_message),
        retries: u32::try_from(c.message_send_max_retries).unwrap_or(0),
        retry_backoff: ms(c.retry_backoff_ms),
        retry_backoff_max: ms(c.retry_backoff_max_ms),
        socket_timeout: ms(c.socket_timeout_ms),
        sticky_linger: ms(c.sticky_partitioning_linger_ms),
        // As many as other clients have; more only costs memory.
        max_in_flight: size(c.max_in_flight_requests_per_connection).min(5),
        max_backlog: size(c.queue_buffering_backpressure_threshold),
        idempotence: c.enable_idempotence,
        transactional_id: c.transactional_id.as_deref().map(Arc::from),
        gapless: c.enable_gapless_guarantee,
    }
}

/// `None`: the producer has no transactions.
pub fn transaction(conf: &Conf) -> Option<transaction::Settings> {
    let c = &conf.global;
    Some(transaction::Settings {
        transactional_id: c.transactional_id.as_deref()?.into(),
        timeout_ms: c.transaction_timeout_ms,
        request_timeout: ms(c.socket_timeout_ms),
        retry_backoff: ms(c.retry_backoff_ms),
        retry_backoff_max: ms(c.retry_backoff_max_ms),
        coordinator_query_interval: ms(c.coordinator_query_interval_ms),
        seed: fastrand::u64(..),
    })
}

pub fn producer_topic(conf: &Conf, topic: &TopicConf) -> producer::TopicSettings {
    producer::TopicSettings {
        acks: i16::try_from(topic.request_required_acks).unwrap_or(-1),
        request_timeout: ms(topic.request_timeout_ms),
        message_timeout: ms(topic.message_timeout_ms),
        codec: match topic
            .compression_codec
            .unwrap_or(conf.global.compression_codec)
        {
            Compression::None => Codec::None,
            Compression::Gzip => Codec::Gzip,
            Compression::Snappy => Codec::Snappy,
            Compression::Lz4 => Codec::Lz4,
            Compression::Zstd => Codec::Zstd,
        },
        level: topic.compression_level,
        lifo: topic.queuing_strategy == QueuingStrategy::Lifo,
    }
}

pub fn consumer(conf: &Conf, kind: ClientKind) -> consumer::Settings {
    let c = &conf.global;
    consumer::Settings {
        max_wait: ms(c.fetch_wait_max_ms),
        min_bytes: c.fetch_min_bytes,
        max_bytes: c.fetch_max_bytes,
        partition_max_bytes: c.fetch_message_max_bytes,
        queued_min_messages: size(c.queued_min_messages),
        queued_max_bytes: size(c.queued_max_messages_kbytes).saturating_mul(1024),
        error_backoff: ms(c.fetch_error_backoff_ms),
        socket_timeout: ms(c.socket_timeout_ms),
        retry_backoff: ms(c.retry_backoff_ms),
        retry_backoff_max: ms(c.retry_backoff_max_ms),
        metadata_max_age: ms(c.metadata_max_age_ms),
        // A good compression ratio is no attack, an absurd one is.
        decompress_limit: size(c.receive_message_max_bytes).max(1 << 28),
        read_committed: c.isolation_level == conf::IsolationLevel::ReadCommitted,
        check_crcs: c.check_crcs,
        partition_eof: c.enable_partition_eof,
        auto_offset_store: c.enable_auto_offset_store,
        rack: c.client_rack.clone().unwrap_or_default(),
        has_group: kind == ClientKind::Consumer && c.group_id.is_some(),
        statistics: windows(conf),
    }
}

pub fn group(conf: &Conf, id: &str) -> group::Settings {
    let c = &conf.global;
    let mut settings = group::Settings::new(id);
    settings.group_instance_id = c.group_instance_id.as_deref().map(Arc::from);
    settings.session_timeout = ms(c.session_timeout_ms);
    settings.request_timeout = ms(c.socket_timeout_ms);
    settings.retry_backoff = ms(c.retry_backoff_ms);
    settings.retry_backoff_max = ms(c.retry_backoff_max_ms);
    settings.coordinator_query_interval = ms(c.coordinator_query_interval_ms);
    settings.seed = fastrand::u64(..);
    settings
}

/// The machine of the protocol by which the consumer is a member of its group.
/// `member_id`: by [`member_id`].
pub fn membership(
    conf: &Conf,
    now: Instant,
    group: Arc<group::Settings>,
    member_id: Arc<str>,
) -> Box<dyn Membership> {
    let c = &conf.global;
    let rack = c.client_rack.as_deref().filter(|rack| !rack.is_empty());
    if c.group_protocol == GroupProtocol::Consumer {
        let member = ConsumerSettings {
            member_id,
            assignor: c.group_remote_assignor.as_deref().map(Arc::from),
            max_poll_interval: ms(c.max_poll_interval_ms),
            rack: rack.map(Arc::from),
        };
        return Box::new(by_coordinator::Consumer::new(now, group, member));
    }
    let strategy = c.partition_assignment_strategy.as_deref();
    let mut assignors: Vec<Assignor> = Vec::new();
    // The configuration has been checked when the client was made.
    for name in strategy.unwrap_or_default().split(',') {
        if let Some(assignor) = Assignor::from_name(name.trim())
            && !assignors.contains(&assignor)
        {
            assignors.push(assignor);
        }
    }
    let member = ClassicSettings {
        assignors,
        heartbeat_interval: ms(c.heartbeat_interval_ms),
        max_poll_interval: ms(c.max_poll_interval_ms),
        rack: rack.map(Arc::from),
    };
    Box::new(Classic::new(now, group, member))
}

/// The id of a member that makes its own: a random UUID, in the letters that Kafka writes
/// UUIDs with, and like there never with a dash first. From the system, since a forked child
/// has its parent's generator. Empty where the coordinator gives one.
pub fn member_id(conf: &Conf) -> Arc<str> {
    if conf.global.group_protocol != GroupProtocol::Consumer {
        return "".into();
    }
    loop {
        let mut bytes = [0u8; 16];
        let got = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
        if got != Ok(bytes.len()) {
            fastrand::Rng::new().fill(&mut bytes);
        }
        let id = URL_SAFE_NO_PAD.encode(Builder::from_random_bytes(bytes).into_uuid());
        if !id.starts_with('-') {
            return id.into();
        }
    }
}

/// A share consumer's, with a member id made for it.
pub fn share_consumer(conf: &Conf) -> share::Settings {
    let c = &conf.global;
    share::Settings {
        group_id: c.group_id.clone().unwrap_or_default(),
        member_id: member_id(conf),
        max_wait: ms(c.fetch_wait_max_ms),
        min_bytes: c.fetch_min_bytes,
        max_bytes: c.fetch_max_bytes,
        max_records: c.max_poll_records,
        record_limit: c.share_acquire_mode == AcquireMode::RecordLimit,
        error_backoff: ms(c.fetch_error_backoff_ms),
        socket_timeout: ms(c.socket_timeout_ms),
        // A good compression ratio is no attack, an absurd one is.
        decompress_limit: 1 << 28,
        check_crcs: c.check_crcs,
    }
}

/// The membership of a share consumer.
pub fn share_group(conf: &Conf, member_id: Arc<str>) -> ShareGroupSettings {
    let c = &conf.global;
    let id = c.group_id.as_deref().unwrap_or_default();
    let rack = c.client_rack.as_deref().filter(|rack| !rack.is_empty());
    ShareGroupSettings {
        group: group(conf, id),
        member_id,
        rack: rack.map(Arc::from),
        max_poll_interval: ms(c.max_poll_interval_ms),
    }
}

/// The `partitioner` property.
pub fn partitioner(topic: &TopicConf) -> Builtin {
    match topic.partitioner.as_deref() {
        Some("random") => Builtin::Random,
        Some("consistent") => Builtin::Consistent,
        Some("murmur2") => Builtin::Murmur2,
        Some("murmur2_random") => Builtin::Murmur2Random,
        Some("fnv1a") => Builtin::Fnv1a,
        Some("fnv1a_random") => Builtin::Fnv1aRandom,
        _ => Builtin::ConsistentRandom,
    }
}

/// `host:port,host,[v6]:port`, with or without a protocol in front, as
/// `bootstrap.servers` takes it. What is no address is returned as an error.
pub fn bootstrap(list: &str) -> Vec<Result<(String, u16), String>> {
    list.split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map(|s| address(s).ok_or_else(|| s.to_string()))
        .collect()
}

const DEFAULT_PORT: u16 = 9092;

fn is_protocol(word: &str) -> bool {
    ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
        .iter()
        .any(|p| word.eq_ignore_ascii_case(p))
}

fn address(s: &str) -> Option<(String, u16)> {
    let rest = match s.split_once("://") {
        Some((protocol, rest)) if is_protocol(protocol) => rest,
        Some(_) => return None,
        None => s,
    };
    if let Some(v6) = rest.strip_prefix('[') {
        let (host, tail) = v6.split_once(']')?;
        let port = match tail.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None => DEFAULT_PORT,
        };
        return Some((host.to_string(), port));
    }
    match rest.rsplit_once(':') {
        // More than one colon: an IPv6 address without a port.
        Some((host, _)) if host.contains(':') => Some((rest.to_string(), DEFAULT_PORT)),
        Some((host, port)) if !host.is_empty() => Some((host.to_string(), port.parse().ok()?)),
        Some(_) => None,
        None => Some((rest.to_string(), DEFAULT_PORT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_consumer_acquires_batches_unless_told_otherwise() {
        let mut conf = Conf::default();
        assert!(!share_consumer(&conf).record_limit);
        let mode = Some("record_limit");
        conf.global.set("share.acquire.mode", mode).unwrap();
        assert!(share_consumer(&conf).record_limit);
        assert!(conf.global.set("share.acquire.mode", Some("x")).is_err());
    }

    #[test]
    fn bootstrap_lists() {
        let got = bootstrap("a:1, b ,[::1]:2,PLAINTEXT://c:3,::1,d:x");
        let want = [
            Ok(("a".to_string(), 1)),
            Ok(("b".to_string(), 9092)),
            Ok(("::1".to_string(), 2)),
            Ok(("c".to_string(), 3)),
            Ok(("::1".to_string(), 9092)),
            Err("d:x".to_string()),
        ];
        assert_eq!(got, want);
    }
}
