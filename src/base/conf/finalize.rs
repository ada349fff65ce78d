//! The rules between properties, checked when a client instance is made.
//!
//! Each check says what is wrong in librdkafka's words, since `rd_kafka_new`
//! hands them to the application. What was not set is adjusted to what was.

use super::table::{GlobalProps, TopicProps};
use super::words::*;
use super::{Conf, Scoped, TopicConf};
use crate::base::error::{ErrorCode, KafkaError};

/// What is being made from a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    Producer,
    Consumer,
    ShareConsumer,
}

impl ClientKind {
    pub fn is_producer(self) -> bool {
        self == ClientKind::Producer
    }
}

/// `RD_KAFKA_EVENT_REBALANCE`
const EVENT_REBALANCE: i32 = 0x10;
/// `RD_KAFKA_EVENT_BACKGROUND`, an event of the library's own.
pub const EVENT_BACKGROUND: i32 = 0x200;

/// In-flight requests of an idempotent producer: brokers remember that many batches.
const IDEMPOTENT_MAX_IN_FLIGHT: i32 = 5;

/// Room for the frame around fetched batches.
const FETCH_OVERHEAD: i32 = 512;

type Checked = Result<(), String>;

fn wrong(text: &str) -> Checked {
    Err(text.to_owned())
}

fn check(fine: bool, text: &str) -> Checked {
    if fine { Ok(()) } else { wrong(text) }
}

impl Conf {
    /// Checks the rules between properties and adjusts those that were not set.
    pub fn finalize(&mut self, kind: ClientKind) -> Result<(), KafkaError> {
        self.finalize_checked(kind)
            .map_err(|text| KafkaError::new(ErrorCode::_INVALID_ARG, text))?;
        self.assignors().map(|_| ())
    }

    fn finalize_checked(&mut self, kind: ClientKind) -> Checked {
        let global = &mut self.global;
        software_name(global);
        check(
            global.socket_cb != 0,
            "Mandatory config property `socket_cb` not set",
        )?;
        check(
            global.open_cb != 0,
            "Mandatory config property `open_cb` not set",
        )?;
        security(global)?;
        match kind {
            ClientKind::Producer => producer(global)?,
            ClientKind::Consumer => {
                // The table's range is that of share consumers.
                check(
                    (1..=100_000_000).contains(&global.fetch_min_bytes),
                    "Configuration property \"fetch.min.bytes\" value is outside \
                     allowed range 1..100000000",
                )?;
                consumer(global, kind)?;
            }
            ClientKind::ShareConsumer => {
                share_consumer(global, self.topic.as_ref().map(|topic| &***topic))?;
                consumer(global, kind)?;
            }
        }
        common(global, kind)?;
        let Some(topic) = self.topic.as_mut().map(|topic| &mut ***topic) else {
            return Ok(());
        };
        if kind.is_producer() {
            linger_below_timeout(global, &topic.topic)?;
        }
        finalize_topic(kind, global, &mut topic.topic)
    }

    /// Time between random connections while connections are sparse.
    pub fn sparse_connect_interval_ms(&self) -> i32 {
        (self.global.reconnect_backoff_ms / 2).clamp(11, 1000)
    }

    /// `queue.buffering.max.ms`, to the microsecond.
    pub fn linger_us(&self) -> i64 {
        (self.global.queue_buffering_max_ms * 1000.0) as i64
    }
}

impl TopicConf {
    /// The same for a topic's configuration, when the topic is made.
    pub fn finalize(
        &mut self,
        kind: ClientKind,
        global: &Scoped<GlobalProps>,
    ) -> Result<(), KafkaError> {
        finalize_topic(kind, global, &mut self.topic)
            .map_err(|text| KafkaError::new(ErrorCode::_INVALID_ARG, text))
    }
}

/// What brokers accept as software name and version (KIP-511).
fn software_name(global: &mut Scoped<GlobalProps>) {
    fn safe(name: &str) -> String {
        let inner = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        // Byte by byte: a character of two bytes becomes two dashes.
        inner
            .bytes()
            .map(|byte| match byte {
                b'.' => '.',
                _ if byte.is_ascii_alphanumeric() => char::from(byte),
                _ => '-',
            })
            .collect()
    }
    let name = global.client_software_name.as_deref();
    let name = safe(name.unwrap_or("librdkafka"));
    let version = global.client_software_version.as_deref();
    let version = safe(version.unwrap_or(env!("CARGO_PKG_VERSION")));
    global.client_software_name = Some(name);
    global.client_software_version = Some(version);
}

fn security(global: &mut Scoped<GlobalProps>) -> Checked {
    check(
        global.ssl_keystore_location.is_none() || global.ssl_keystore_password.is_some(),
        "`ssl.keystore.password` is mandatory when `ssl.keystore.location` is set",
    )?;
    check(
        global.https_ca_location.is_none() || global.https_ca_pem.is_none(),
        "`https.ca.location` and `https.ca.pem` are mutually exclusive",
    )?;
    if let Some(path) = global.https_ca_location.as_deref() {
        check(
            path == "probe" || std::path::Path::new(path).exists(),
            "`https.ca.location` must be an existing file or directory",
        )?;
    }
    let oauth = global
        .sasl_mechanisms
        .as_deref()
        .is_some_and(|mechanism| mechanism.eq_ignore_ascii_case("OAUTHBEARER"));
    if oauth { oauthbearer(global) } else { Ok(()) }
}

fn oauthbearer(global: &mut Scoped<GlobalProps>) -> Checked {
    let unsecure = global.enable_sasl_oauthbearer_unsecure_jwt;
    check(
        !unsecure || global.oauthbearer_token_refresh_cb == 0,
        "`enable.sasl.oauthbearer.unsecure.jwt` and `oauthbearer_token_refresh_cb` are \
         mutually exclusive",
    )?;
    if global.sasl_oauthbearer_method != OauthMethod::Oidc {
        return Ok(());
    }
    check(
        !unsecure,
        "`enable.sasl.oauthbearer.unsecure.jwt` and `sasl.oauthbearer.method=oidc` are \
         mutually exclusive",
    )?;
    let metadata = global.sasl_oauthbearer_metadata_authentication_type;
    if global.sasl_oauthbearer_token_endpoint_url.is_none() {
        match metadata {
            OauthMetadata::None => {
                return wrong(
                    "`sasl.oauthbearer.token.endpoint.url` is mandatory when \
                     `sasl.oauthbearer.method=oidc` is set",
                );
            }
            OauthMetadata::AzureImds => check(
                has_query(global.sasl_oauthbearer_config.as_deref()),
                "`sasl.oauthbearer.token.endpoint.url` is mandatory for Azure IMDS \
                 authentication when `query` isn't set",
            )?,
            OauthMetadata::AwsIam => {}
        }
    }
    if metadata == OauthMetadata::None {
        match global.sasl_oauthbearer_grant_type {
            OauthGrant::ClientCredentials => client_credentials(global)?,
            OauthGrant::JwtBearer => jwt_bearer(global)?,
        }
    }
    // Tokens are then fetched by the library itself, on its background thread.
    if global.oauthbearer_token_refresh_cb == 0 {
        global.enabled_events |= EVENT_BACKGROUND;
        global.enable_sasl_queue = true;
    }
    let claim = global.sasl_oauthbearer_sub_claim_name.as_deref();
    check(
        !global.is_modified("sasl.oauthbearer.sub.claim.name")
            || claim.is_some_and(|name| !name.trim().is_empty()),
        "`sasl.oauthbearer.sub.claim.name` must be non-empty and not contain only whitespace",
    )
}

/// Whether the comma-separated pairs of `sasl.oauthbearer.config` have a `query`.
fn has_query(config: Option<&str>) -> bool {
    config
        .unwrap_or_default()
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .any(|(key, _)| key == "query")
}

fn client_credentials(global: &Scoped<GlobalProps>) -> Checked {
    for (set, name) in [
        (
            global.sasl_oauthbearer_client_id.is_some(),
            "sasl.oauthbearer.client.id",
        ),
        (
            global.sasl_oauthbearer_client_secret.is_some(),
            "sasl.oauthbearer.client.secret",
        ),
    ] {
        if !set {
            return Err(format!(
                "`{name}` is mandatory when `sasl.oauthbearer.method=oidc` is set"
            ));
        }
    }
    Ok(())
}

fn jwt_bearer(global: &Scoped<GlobalProps>) -> Checked {
    const FILE: &str = "sasl.oauthbearer.assertion.file";
    const KEY_FILE: &str = "sasl.oauthbearer.assertion.private.key.file";
    const KEY_PEM: &str = "sasl.oauthbearer.assertion.private.key.pem";
    let exclusive = |one: &str, other: &str| {
        Err(format!(
            "Mutually exclusive properties set. `{one}` and `{other}` cannot both be set"
        ))
    };
    // A text has a value once it has been set to one, the others have defaults.
    let has = |name: &str| global.get(name).is_some();
    let modified = |name: &str| global.is_modified(name);
    if has(FILE) {
        for name in [
            KEY_FILE,
            KEY_PEM,
            "sasl.oauthbearer.assertion.private.key.passphrase",
            "sasl.oauthbearer.assertion.jwt.template.file",
            "sasl.oauthbearer.assertion.claim.sub",
            "sasl.oauthbearer.assertion.claim.aud",
            "sasl.oauthbearer.assertion.claim.iss",
        ] {
            if has(name) {
                return exclusive(FILE, name);
            }
        }
        for name in [
            "sasl.oauthbearer.assertion.claim.jti.include",
            "sasl.oauthbearer.assertion.claim.exp.seconds",
            "sasl.oauthbearer.assertion.claim.nbf.seconds",
        ] {
            if modified(name) {
                return exclusive(FILE, name);
            }
        }
        return Ok(());
    }
    if has(KEY_FILE) && has(KEY_PEM) {
        return exclusive(KEY_FILE, KEY_PEM);
    }
    if !has(KEY_FILE) && !has(KEY_PEM) {
        return Err(format!(
            "`{KEY_FILE}` or `{KEY_PEM}` is mandatory when `sasl.oauthbearer.grant.type` is set \
             to `{}`",
            OauthGrant::JwtBearer.word()
        ));
    }
    Ok(())
}

/// Share consumers are led by the broker: much of the rest means nothing to them.
fn share_consumer(global: &mut Scoped<GlobalProps>, topic: Option<&TopicConf>) -> Checked {
    for (set, name) in [
        (global.rebalance_cb != 0, "rebalance_cb"),
        (
            global.enabled_events & EVENT_REBALANCE != 0,
            "RD_KAFKA_EVENT_REBALANCE",
        ),
        (global.offset_commit_cb != 0, "offset_commit_cb"),
        (global.consume_cb != 0, "consume_cb"),
    ] {
        if set {
            return not_for_share_consumer(name);
        }
    }
    for name in ["enable.auto.commit", "group.protocol"] {
        if global.is_modified(name) {
            return not_for_share_consumer(name);
        }
    }
    check(
        !global.is_modified("socket.max.fails"),
        "`socket.max.fails` must be 1 for share consumer; changing it is not allowed",
    )?;
    for name in [
        "partition.assignment.strategy",
        "group.instance.id",
        "isolation.level",
        "group.remote.assignor",
        "queued.min.messages",
        "queued.max.messages.kbytes",
        "fetch.queue.backoff.ms",
        "fetch.error.backoff.ms",
        "enable.partition.eof",
        "message.copy.max.bytes",
        "topic.blacklist",
    ] {
        if global.is_modified(name) {
            return not_for_share_consumer(name);
        }
    }
    check(
        !global.is_modified("allow.auto.create.topics"),
        "`allow.auto.create.topics` does not apply to a share consumer",
    )?;
    for name in ["auto.offset.reset", "consume.callback.max.messages"] {
        if topic.is_some_and(|topic| topic.is_modified(name)) {
            return not_for_share_consumer(name);
        }
    }
    // What the Java client uses.
    if !global.is_modified("connections.max.idle.ms") {
        global.connections_max_idle_ms = 9 * 60 * 1000;
    }
    if !global.is_modified("reconnect.backoff.ms") {
        global.reconnect_backoff_ms = 50;
    }
    if !global.is_modified("reconnect.backoff.max.ms") {
        global.reconnect_backoff_max_ms = 1000;
    }
    if !global.is_modified("receive.message.max.bytes") {
        global.receive_message_max_bytes = i32::MAX;
    }
    global.enable_auto_commit = false;
    global.group_protocol = GroupProtocol::Consumer;
    global.socket_max_fails = 1;
    Ok(())
}

fn not_for_share_consumer(name: &str) -> Checked {
    Err(format!("`{name}` is not applicable for share consumer"))
}

fn consumer(global: &mut Scoped<GlobalProps>, kind: ClientKind) -> Checked {
    match global.group_protocol {
        GroupProtocol::Classic => check(
            global.max_poll_interval_ms >= global.session_timeout_ms,
            "`max.poll.interval.ms`must be >= `session.timeout.ms`",
        )?,
        GroupProtocol::Consumer => broker_defined(global)?,
    }
    if kind != ClientKind::ShareConsumer {
        if global.is_modified("fetch.max.bytes") {
            check(
                global.fetch_max_bytes >= global.message_max_bytes,
                "`fetch.max.bytes` must be >= `message.max.bytes`",
            )?;
        } else {
            global.fetch_max_bytes = global
                .fetch_max_bytes
                .min(global.queued_max_messages_kbytes.saturating_mul(1024))
                .max(global.message_max_bytes);
        }
    }
    let whole_fetch = global.fetch_max_bytes.saturating_add(FETCH_OVERHEAD);
    if global.is_modified("receive.message.max.bytes") {
        check(
            whole_fetch <= global.receive_message_max_bytes,
            "`receive.message.max.bytes` must be >= `fetch.max.bytes` + 512",
        )?;
    } else {
        global.receive_message_max_bytes = global.receive_message_max_bytes.max(whole_fetch);
    }
    // Only producers are idempotent.
    global.enable_idempotence = false;
    Ok(())
}

/// What the broker decides with `group.protocol=consumer`.
fn broker_defined(global: &Scoped<GlobalProps>) -> Checked {
    check(
        !global.is_modified("session.timeout.ms"),
        "`session.timeout.ms` does not apply to `group.protocol=consumer` and to share consumers: \
         the group's coordinator sets it",
    )?;
    check(
        !global.is_modified("partition.assignment.strategy"),
        "`partition.assignment.strategy` does not apply to `group.protocol=consumer`: the \
         coordinator assigns, by `group.remote.assignor`",
    )?;
    check(
        !global.is_modified("group.protocol.type"),
        "`group.protocol.type` does not apply to `group.protocol=consumer` and to share consumers",
    )?;
    check(
        !global.is_modified("heartbeat.interval.ms"),
        "`heartbeat.interval.ms` does not apply to `group.protocol=consumer` and to share \
         consumers: the group's coordinator sets it",
    )
}

fn producer(global: &mut Scoped<GlobalProps>) -> Checked {
    if global.transactional_id.is_some() {
        transactional(global)?;
    }
    if global.enable_idempotence {
        idempotent(global)?;
    } else {
        check(
            !global.enable_gapless_guarantee,
            "`enable.gapless.guarantee` requires `enable.idempotence` to be enabled",
        )?;
    }
    if !global.is_modified("sticky.partitioning.linger.ms") {
        global.sticky_partitioning_linger_ms =
            (2.0 * global.queue_buffering_max_ms).min(900_000.0) as i32;
    }
    Ok(())
}

fn transactional(global: &mut Scoped<GlobalProps>) -> Checked {
    if !global.enable_idempotence {
        check(
            !global.is_modified("enable.idempotence"),
            "`transactional.id` requires `enable.idempotence=true`",
        )?;
        global.enable_idempotence = true;
    }
    // At least one request has to fit in before the transaction times out.
    if !global.is_modified("socket.timeout.ms") {
        global.socket_timeout_ms = (global.transaction_timeout_ms - 100).max(900);
        return Ok(());
    }
    check(
        global.transaction_timeout_ms.saturating_add(100) >= global.socket_timeout_ms,
        "`socket.timeout.ms` must be set <= `transaction.timeout.ms` + 100",
    )
}

fn idempotent(global: &mut Scoped<GlobalProps>) -> Checked {
    let in_flight = global.max_in_flight_requests_per_connection;
    if global.is_modified("max.in.flight") {
        check(
            in_flight <= IDEMPOTENT_MAX_IN_FLIGHT,
            "`max.in.flight` must be set <= 5 when `enable.idempotence` is true",
        )?;
    } else {
        global.max_in_flight_requests_per_connection = in_flight.min(IDEMPOTENT_MAX_IN_FLIGHT);
    }
    if global.is_modified("retries") {
        check(
            global.message_send_max_retries >= 1,
            "`retries` must be set >= 1 when `enable.idempotence` is true",
        )?;
    } else {
        global.message_send_max_retries = i32::MAX;
    }
    check(
        !global.is_modified("queue.buffering.backpressure.threshold")
            || global.queue_buffering_backpressure_threshold <= 1,
        "`queue.buffering.backpressure.threshold` must be set to 1 when `enable.idempotence` is \
         true",
    )?;
    global.queue_buffering_backpressure_threshold = 1;
    Ok(())
}

fn common(global: &mut Scoped<GlobalProps>, kind: ClientKind) -> Checked {
    let refresh = global.topic_metadata_refresh_interval_ms;
    if !global.is_modified("metadata.max.age.ms") && refresh > 0 {
        global.metadata_max_age_ms = refresh * 3;
    }
    check(
        global.reconnect_backoff_max_ms >= global.reconnect_backoff_ms,
        "`reconnect.backoff.max.ms` must be >= `reconnect.backoff.ms`",
    )?;
    if !global.is_modified("topic.metadata.refresh.fast.interval.ms") {
        global.topic_metadata_refresh_fast_interval_ms = global.retry_backoff_ms;
    }
    let azure = global
        .metadata_broker_list
        .as_deref()
        .is_some_and(|list| list.to_ascii_lowercase().contains("azure"));
    if azure && !global.is_modified("connections.max.idle.ms") {
        // Azure drops connections that are idle for 4 minutes, without a word.
        global.connections_max_idle_ms = (4 * 60 - 10) * 1000;
    }
    if !global.is_modified("allow.auto.create.topics") {
        global.allow_auto_create_topics = kind.is_producer();
    }
    Ok(())
}

const LINGER_TOO_LONG: &str = "`message.timeout.ms` must be greater than `linger.ms`";

/// Whether messages would time out while they wait for their batch to fill.
fn lingers_too_long(global: &GlobalProps, topic: &TopicProps) -> bool {
    topic.message_timeout_ms != 0
        && f64::from(topic.message_timeout_ms) <= global.queue_buffering_max_ms
}

/// A linger that was not set makes way for a short timeout.
fn linger_below_timeout(global: &mut Scoped<GlobalProps>, topic: &TopicProps) -> Checked {
    if lingers_too_long(global, topic) {
        check(!global.is_modified("linger.ms"), LINGER_TOO_LONG)?;
        global.queue_buffering_max_ms = f64::from(topic.message_timeout_ms) - 0.1;
    }
    Ok(())
}

fn finalize_topic(
    kind: ClientKind,
    global: &Scoped<GlobalProps>,
    topic: &mut Scoped<TopicProps>,
) -> Checked {
    if !kind.is_producer() {
        return Ok(());
    }
    if global.enable_idempotence {
        if topic.is_modified("acks") {
            check(
                topic.request_required_acks == -1,
                "`acks` must be set to `all` when `enable.idempotence` is true",
            )?;
        } else {
            topic.request_required_acks = -1;
        }
        if topic.is_modified("queuing.strategy") {
            check(
                topic.queuing_strategy == QueuingStrategy::Fifo,
                "`queuing.strategy` must be set to `fifo` when `enable.idempotence` is true",
            )?;
        } else {
            topic.queuing_strategy = QueuingStrategy::Fifo;
        }
        if global.transactional_id.is_some() {
            let timeout = global.transaction_timeout_ms;
            if !topic.is_modified("message.timeout.ms") {
                topic.message_timeout_ms = timeout;
            }
            check(
                topic.message_timeout_ms <= timeout,
                "`message.timeout.ms` must be set <= `transaction.timeout.ms`",
            )?;
        }
    }
    check(
        !(lingers_too_long(global, topic) && global.is_modified("linger.ms")),
        LINGER_TOO_LONG,
    )
}
