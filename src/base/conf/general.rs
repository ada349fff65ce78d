//! General properties: brokers, metadata, sockets, logging, callbacks, API versions.
//!
//! Rows of the table: `table.rs` says what a row consists of. The order is that
//! of the listing.

macro_rules! general_rows {
    ($next:ident $($rest:ident)*; $($before:tt)*) => {
        $next! { $($rest)*; $($before)*
            "builtin.features" [builtin_features: u32] flags(features::FLAGS, features::ALL)
                Both Low [] Core done
                "What this build can do. Reading the property gives the list; setting it to the features an \
                 application needs fails when one of them is missing.";
            "client.id" [client_id: Option<String>] text(Some("rdkafka"))
                Both Low [] Core done
                "Name of this client, sent with every request and shown in the broker's logs, metrics and quotas.";
            "client.software.name" [client_software_name: Option<String>] text(Some("librdkafka"))
                Both Low [Hidden] Core done
                "Software name announced to brokers since 2.4.0 (KIP-511). Anything but `a-zA-Z0-9.-` becomes `-`, \
                 and the name is trimmed to begin and end with a letter or digit. Meant for language bindings only.";
            "client.software.version" [client_software_version: Option<String>] text(None)
                Both Low [Hidden] Core done
                "Software version announced to brokers since 2.4.0 (KIP-511), under the same rules as \
                 `client.software.name`. Meant for language bindings, which should append this library's version to \
                 their own.";
            "metadata.broker.list" [metadata_broker_list: Option<String>] text(None)
                Both High [] Core done
                "Comma-separated brokers, `host` or `host:port`, from which the client learns about the rest of the \
                 cluster. More can be added at run time with `rd_kafka_brokers_add()`.";
            "bootstrap.servers" [] alias("metadata.broker.list")
                Both High [] Core done
                "";
            "message.max.bytes" [message_max_bytes: i32] int(1000, 1_000_000_000, 1_000_000)
                Both Medium [] Producer done
                "Upper bound of a ProduceRequest, and with it of a message. The size is estimated before it is known \
                 how a broker's version frames it, so the last message of a request may go beyond. What the broker \
                 itself takes is set there, with `message.max.bytes` and the topic's `max.message.bytes`.";
            "message.copy.max.bytes" [message_copy_max_bytes: i32] int(0, 1_000_000_000, 65_535)
                Both Low [] Producer done
                "No effect: every payload is copied once, into its batch, while it is produced. Share consumers \
                 refuse it.";
            "receive.message.max.bytes" [receive_message_max_bytes: i32] int(1000, i32::MAX, 100_000_000)
                Both Medium [] Core done
                "Largest response accepted from a broker, a guard against absurd sizes on the wire. At least \
                 `fetch.max.bytes` + 512: raised to that by itself unless set, refused when set lower. Share \
                 consumers have no limit unless it is set.";
            "max.in.flight.requests.per.connection" [max_in_flight_requests_per_connection: i32] int(1, 1_000_000, 1_000_000)
                Both Low [] Core done
                "How many requests may wait for their response on one broker connection. It matters mostly to \
                 producers; fetches are limited to one per broker anyway. Share consumers ignore it.";
            "max.in.flight" [] alias("max.in.flight.requests.per.connection")
                Both Low [] Core done
                "";
            "metadata.recovery.strategy" [metadata_recovery_strategy: MetadataRecovery] word(MetadataRecovery::WORDS, "rebootstrap")
                Both Low [] Core done
                "Where to go when every known broker is out of reach: back to `bootstrap.servers` and whatever \
                 `rd_kafka_brokers_add()` added (`rebootstrap`), or nowhere, hoping for one of the known ones \
                 (`none`). `metadata.recovery.rebootstrap.trigger.ms` and brokers that ask for it have the same \
                 effect.";
            "metadata.recovery.rebootstrap.trigger.ms" [metadata_recovery_rebootstrap_trigger_ms: i32] int(0, i32::MAX, 300_000)
                Both Low [] Core done
                "Time without a single metadata response after which `metadata.recovery.strategy=rebootstrap` acts, \
                 even while connections stand.";
            "metadata.request.timeout.ms" [metadata_request_timeout_ms: i32] int(10, 900_000, 10)
                Both Low [Deprecated Hidden] Core done
                "No effect.";
            "topic.metadata.refresh.interval.ms" [topic_metadata_refresh_interval_ms: i32] int(-1, 3_600_000, 300_000)
                Both Low [] Core done
                "Time between refreshes of metadata, by which a client notices that the cluster has changed. Without \
                 any topic in use a refresh asks for the list of brokers alone, every 10 seconds at most. -1 stops \
                 refreshing; then changes are noticed by the errors they cause.";
            "metadata.max.age.ms" [metadata_max_age_ms: i32] int(1, 86_400_000, 900_000)
                Both Low [] Core done
                "What is known of a topic is forgotten when it is older than this. Three refreshes \
                 (`topic.metadata.refresh.interval.ms`) unless set.";
            "topic.metadata.refresh.fast.interval.ms" [topic_metadata_refresh_fast_interval_ms: i32] int(1, 60_000, 100)
                Both Low [] Core done
                "When a partition has lost its leader metadata is asked for at once, then again after this interval, \
                 doubling up to `retry.backoff.max.ms`, until the new leader is known. Unless set it follows \
                 `retry.backoff.ms`.";
            "topic.metadata.refresh.fast.cnt" [topic_metadata_refresh_fast_cnt: i32] int(0, 1000, 10)
                Both Low [Deprecated] Core done
                "No effect.";
            "topic.metadata.refresh.sparse" [topic_metadata_refresh_sparse: bool] boolean(true)
                Both Low [] Core done
                "No effect: only the topics in use are asked for, unless a subscription has patterns.";
            "topic.metadata.propagation.max.ms" [topic_metadata_propagation_max_ms: i32] int(0, 3_600_000, 30_000)
                Both Low [] Core done
                "Grace for topics that have just been created: brokers learn of them one after the other, so messages \
                 to a topic that is unknown wait this long, counted from its first use here, before they fail with \
                 `ERR__UNKNOWN_TOPIC`.";
            "topic.blacklist" [topic_blacklist: Option<PatternList>] patterns()
                Both Low [] Core done
                "Topics that the client must not see, as regular expressions with commas between. Metadata is read as \
                 if they were not in it. Share consumers refuse it.";
            "debug" [debug: u32] flags(debug::FLAGS, 0)
                Both Medium [] Core done
                "Comma-separated parts of the client that log their debug messages. `broker,topic,msg` shows a \
                 producer at work, `consumer,cgrp,topic,fetch` a consumer. `-name` takes a part away again.";
            "socket.timeout.ms" [socket_timeout_ms: i32] int(10, 300_000, 60_000)
                Both Low [] Core done
                "How long a request may take. A ProduceRequest gets the shorter of this and what is left of its first \
                 message's `message.timeout.ms`, a fetch gets `fetch.wait.max.ms` on top, an admin request may have a \
                 time of its own in its options.";
            "socket.blocking.max.ms" [socket_blocking_max_ms: i32] int(1, 60_000, 1000)
                Both Low [Deprecated] Core done
                "No effect.";
            "socket.send.buffer.bytes" [socket_send_buffer_bytes: i32] int(0, 100_000_000, 0)
                Both Low [] Core done
                "Send buffer of broker sockets (SO_SNDBUF); 0 leaves it to the system.";
            "socket.receive.buffer.bytes" [socket_receive_buffer_bytes: i32] int(0, 100_000_000, 0)
                Both Low [] Core done
                "Receive buffer of broker sockets (SO_RCVBUF); 0 leaves it to the system.";
            "socket.keepalive.enable" [socket_keepalive_enable: bool] boolean(false)
                Both Low [] Core done
                "Let the system probe idle broker connections (SO_KEEPALIVE).";
            "socket.nagle.disable" [socket_nagle_disable: bool] boolean(true)
                Both Low [] Core done
                "Send without Nagle's delay (TCP_NODELAY).";
            "socket.max.fails" [socket_max_fails: i32] int(0, 1_000_000, 1)
                Both Low [] Core done
                "Requests that may fail, by timing out for example, before the connection is closed and made anew; 0 \
                 for never. Anything but 1 risks a client that waits for responses the broker will not send.";
            "broker.address.ttl" [broker_address_ttl: i32] int(0, 86_400_000, 1000)
                Both Low [] Core done
                "How long the resolved addresses of a broker's host name are used before asking again (milliseconds).";
            "broker.address.family" [broker_address_family: AddressFamily] word(AddressFamily::WORDS, "any")
                Both Low [] Core done
                "Which addresses of a broker may be used: both kinds, only IPv4 or only IPv6.";
            "socket.connection.setup.timeout.ms" [socket_connection_setup_timeout_ms: i32] int(1000, i32::MAX, 30_000)
                Both Medium [] Core done
                "Time for a connection to become usable: TCP connect, TLS handshake, API versions and SASL together. \
                 After that it is closed and tried again.";
            "connections.max.idle.ms" [connections_max_idle_ms: i32] int(0, i32::MAX, 0)
                Both Medium [] Core done
                "Close a broker connection that has had no traffic for this long; 0 keeps it. Unless set, brokers \
                 whose address says Azure get just under 4 minutes, since Azure drops idle connections, and share \
                 consumers get 9 minutes. From 4 seconds on up to 2 seconds of jitter are taken off, so that \
                 connections do not all close together.";
            "enable.sparse.connections" [enable_sparse_connections: bool] boolean(true)
                Both Medium [Hidden] Core todo
                "Connect to a broker only when there is something to ask it.";
            "reconnect.backoff.jitter.ms" [reconnect_backoff_jitter_ms: i32] int(0, 3_600_000, 0)
                Both Low [Deprecated] Core done
                "No effect: the pauses between attempts to connect have jitter of their own.";
            "reconnect.backoff.ms" [reconnect_backoff_ms: i32] int(0, 3_600_000, 100)
                Both Medium [] Core done
                "Pause before the first attempt to connect again, doubled with each failure up to \
                 `reconnect.backoff.max.ms` and varied by -25% to +50%. 0 reconnects at once. Share consumers start \
                 at 50.";
            "reconnect.backoff.max.ms" [reconnect_backoff_max_ms: i32] int(0, 3_600_000, 10_000)
                Both Medium [] Core done
                "Upper bound of the pause between attempts to connect. Share consumers use 1000.";
            "statistics.interval.ms" [statistics_interval_ms: i32] int(0, 86_400_000, 0)
                Both High [] Core done
                "How often statistics are produced, in steps of a second, for the callback of \
                 `rd_kafka_conf_set_stats_cb()` or the statistics event; 0 for never.";
            "statistics.prometheus.listen" [statistics_prometheus_listen: Option<String>] text(None)
                Both Low [Extension] Core done
                "Serve the statistics of all client instances of the process at `http://HOST:PORT/metrics` for \
                 Prometheus; written `HOST:PORT`. Nobody has to log in there. Names and labels are in \
                 docs/prometheus.md.";
            "enabled_events" [enabled_events: i32] int(0, i32::MAX, 0)
                Both Low [] Core done
                "Bits of the events wanted on queues: see `rd_kafka_conf_set_events()`.";
            "error_cb" [error_cb: usize] pointer(0)
                Both Low [] Core done
                "Called with errors of the client instance; set with rd_kafka_conf_set_error_cb().";
            "throttle_cb" [throttle_cb: usize] pointer(0)
                Both Low [] Core done
                "Called when a broker throttles the client; set with rd_kafka_conf_set_throttle_cb().";
            "stats_cb" [stats_cb: usize] pointer(0)
                Both Low [] Core done
                "Called with the statistics; set with rd_kafka_conf_set_stats_cb().";
            "log_cb" [log_cb: usize] pointer(BUILTIN_CALLBACK)
                Both Low [] Core done
                "Called with log lines; set with rd_kafka_conf_set_log_cb().";
            "log_level" [log_level: i32] int(0, 7, 6)
                Both Low [] Core done
                "Least important level that is logged, as in syslog(3): 0 for emergencies only, 7 for everything.";
            "log.queue" [log_queue: bool] boolean(false)
                Both Low [] Core done
                "Log lines wait in a queue, and the log callback runs where the application polls that queue; it is \
                 chosen with `rd_kafka_set_log_queue()`, and lines wait until it is. Otherwise the callback runs on \
                 whatever thread logs.";
            "log.thread.name" [log_thread_name: bool] boolean(true)
                Both Low [] Core done
                "Begin log lines with the name of the thread.";
            "enable.random.seed" [enable_random_seed: bool] boolean(true)
                Both Low [] Core done
                "Kept for compatibility: random numbers here are seeded without srand(), so nothing has to be seeded \
                 by the application.";
            "log.connection.close" [log_connection_close: bool] boolean(true)
                Both Low [] Core done
                "Log connections that brokers close. Worth turning off where brokers close idle connections early.";
            "background_event_cb" [background_event_cb: usize] pointer(0)
                Both Low [] Core done
                "Called with events from a thread of its own; set with rd_kafka_conf_set_background_event_cb().";
            "socket_cb" [socket_cb: usize] pointer(BUILTIN_CALLBACK)
                Both Low [] Core done
                "Opens sockets in place of socket(2); set with rd_kafka_conf_set_socket_cb().";
            "connect_cb" [connect_cb: usize] pointer(0)
                Both Low [] Core done
                "Connects sockets in place of connect(2); set with rd_kafka_conf_set_connect_cb().";
            "closesocket_cb" [closesocket_cb: usize] pointer(0)
                Both Low [] Core done
                "Closes sockets in place of close(2); set with rd_kafka_conf_set_closesocket_cb().";
            "open_cb" [open_cb: usize] pointer(BUILTIN_CALLBACK)
                Both Low [] Core done
                "Opens files in place of open(2); set with rd_kafka_conf_set_open_cb().";
            "resolve_cb" [resolve_cb: usize] pointer(0)
                Both Low [] Core done
                "Resolves host names in place of getaddrinfo(3); set with rd_kafka_conf_set_resolve_cb().";
            "opaque" [opaque: usize] pointer(0)
                Both Low [] Core done
                "Pointer handed to callbacks; set with rd_kafka_conf_set_opaque().";
            "default_topic_conf" [default_topic_conf: usize] pointer(0)
                Both Low [] Core done
                "Topic properties for topics used without a configuration of their own; set with \
                 rd_kafka_conf_set_default_topic_conf().";
            "internal.termination.signal" [internal_termination_signal: i32] int(0, 128, 0)
                Both Low [] Core done
                "Signal to interrupt system calls with at termination. Threads of this library are woken without it; \
                 a handler that does nothing is still installed for it.";
            "api.version.request" [api_version_request: bool] boolean(true)
                Both High [Deprecated] Core done
                "Ask brokers which API versions they know. Without it, `broker.version.fallback` decides.";
            "api.version.request.timeout.ms" [api_version_request_timeout_ms: i32] int(1, 300_000, 10_000)
                Both Low [] Core done
                "Time for a broker to tell its API versions.";
            "api.version.fallback.ms" [api_version_fallback_ms: i32] int(0, 604_800_000, 0)
                Both Medium [Deprecated] Core done
                "How long `broker.version.fallback`, where it is older than 0.10, is used for a broker that hung up or \
                 failed when it was asked for its API versions; 0 asks it each time.";
            "broker.version.fallback" [broker_version_fallback: Option<String>] checked("0.10.0", is_broker_version)
                Both Medium [Deprecated] Core done
                "Broker version to assume when brokers are not asked for their API versions: 0.9.0, 0.8.2, 0.8.1 or \
                 0.8.0, which are too old to produce to or to consume from. Any other value counts as 0.10 or newer \
                 and turns asking on.";
            "allow.auto.create.topics" [allow_auto_create_topics: bool] boolean(false)
                Both Low [] Core done
                "Let the broker create topics that are used and do not exist, where its `auto.create.topics.enable` \
                 allows that. Unless set: on for producers, off for consumers (the Java consumer has it on). \
                 Consumers need brokers of 0.11 or newer for it.";
        }
    };
}
pub(super) use general_rows;
