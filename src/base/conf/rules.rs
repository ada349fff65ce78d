//! The rules between properties, as a table: what a situation demands and what it
//! rules out.
//!
//! They are checked in the table's order, on values of which those that were not
//! set have been adjusted (`derived.rs`); the first one that is broken is what
//! `rd_kafka_new` says.

use super::finalize::ClientKind;
use super::scoped::Scoped;
use super::table::{GlobalProps, TopicProps};
use super::words::*;

/// `RD_KAFKA_EVENT_REBALANCE`
const EVENT_REBALANCE: i32 = 0x10;

/// In-flight requests of an idempotent producer: brokers remember that many batches.
pub(super) const IDEMPOTENT_MAX_IN_FLIGHT: i32 = 5;

/// Room for the frame around fetched batches.
const FETCH_OVERHEAD: i32 = 512;

/// What is being made, and from which values.
pub(super) struct Facts<'a> {
    pub kind: ClientKind,
    pub global: &'a Scoped<GlobalProps>,
    pub topic: Option<&'a Scoped<TopicProps>>,
}

enum Rule {
    /// Has to be so; the text says what is wrong otherwise.
    Holds(fn(&Facts<'_>) -> bool, &'static str),
    /// One of these properties has to have a value.
    OneOf(&'static [&'static str]),
    /// None of these properties may have a value that was given.
    NoValue(&'static [&'static str]),
    /// None of these properties may be set, not even to nothing.
    NotSet(&'static [&'static str]),
}

/// Where rules apply.
struct Situation {
    /// The subject of what `OneOf` says.
    name: &'static str,
    /// What `NoValue` and `NotSet` say of a property.
    verdict: &'static str,
    applies: fn(&Facts<'_>) -> bool,
    rules: &'static [Rule],
}

/// Of a client and its default topic configuration.
static CLIENT: &[Situation] = &[
    Situation {
        name: "a client",
        verdict: "",
        applies: |_| true,
        rules: &[
            Rule::Holds(
                |f| f.global.socket_cb != 0,
                "`socket_cb` is NULL: nothing opens sockets",
            ),
            Rule::Holds(
                |f| f.global.open_cb != 0,
                "`open_cb` is NULL: nothing opens files",
            ),
            Rule::Holds(
                |f| f.global.reconnect_backoff_ms <= f.global.reconnect_backoff_max_ms,
                "`reconnect.backoff.ms` is above its upper bound, `reconnect.backoff.max.ms`",
            ),
        ],
    },
    Situation {
        name: "`ssl.keystore.location`",
        verdict: "",
        applies: |f| f.global.ssl_keystore_location.is_some(),
        rules: &[Rule::OneOf(&["ssl.keystore.password"])],
    },
    Situation {
        name: "`https.ca.location`",
        verdict: "",
        applies: |f| f.global.https_ca_location.is_some(),
        rules: &[
            Rule::Holds(
                |f| f.global.https_ca_pem.is_none(),
                "`https.ca.location` and `https.ca.pem` are mutually exclusive",
            ),
            Rule::Holds(
                ca_exists,
                "`https.ca.location` must be an existing file or directory",
            ),
        ],
    },
    Situation {
        name: "an unsecured token",
        verdict: "",
        applies: |f| is_oauth(f.global) && f.global.enable_sasl_oauthbearer_unsecure_jwt,
        rules: &[
            Rule::Holds(
                |f| f.global.oauthbearer_token_refresh_cb == 0,
                "Tokens come from `oauthbearer_token_refresh_cb` or are unsecured \
                 (`enable.sasl.oauthbearer.unsecure.jwt`), not both",
            ),
            Rule::Holds(
                |f| f.global.sasl_oauthbearer_method != OauthMethod::Oidc,
                "Tokens come from a provider (`sasl.oauthbearer.method=oidc`) or are unsecured \
                 (`enable.sasl.oauthbearer.unsecure.jwt`), not both",
            ),
        ],
    },
    Situation {
        name: "`sasl.oauthbearer.method=oidc`",
        verdict: "",
        applies: |f| is_oidc(f.global),
        rules: &[Rule::Holds(
            |f| {
                !f.global.is_modified("sasl.oauthbearer.sub.claim.name")
                    || has_text(f.global.sasl_oauthbearer_sub_claim_name.as_deref())
            },
            "`sasl.oauthbearer.sub.claim.name` names no claim",
        )],
    },
    Situation {
        name: "`sasl.oauthbearer.method=oidc`",
        verdict: "",
        applies: |f| asks_provider(f.global),
        rules: &[Rule::OneOf(&["sasl.oauthbearer.token.endpoint.url"])],
    },
    Situation {
        name: "Azure's metadata service, without `query` in `sasl.oauthbearer.config`,",
        verdict: "",
        applies: |f| {
            is_oidc(f.global)
                && f.global.sasl_oauthbearer_metadata_authentication_type
                    == OauthMetadata::AzureImds
                && !has_query(f.global.sasl_oauthbearer_config.as_deref())
        },
        rules: &[Rule::OneOf(&["sasl.oauthbearer.token.endpoint.url"])],
    },
    Situation {
        name: "`sasl.oauthbearer.method=oidc` with the grant `client_credentials`",
        verdict: "",
        applies: |f| {
            asks_provider(f.global)
                && f.global.sasl_oauthbearer_grant_type == OauthGrant::ClientCredentials
        },
        rules: &[
            Rule::OneOf(&["sasl.oauthbearer.client.id"]),
            Rule::OneOf(&["sasl.oauthbearer.client.secret"]),
        ],
    },
    Situation {
        name: "A signed assertion (`sasl.oauthbearer.grant.type`)",
        verdict: "stands beside a key in a file: one of the two is too many",
        applies: |f| makes_assertion(f.global) && f.global.get(KEY_FILE).is_some(),
        rules: &[Rule::NoValue(&[KEY_PEM])],
    },
    Situation {
        name: "A signed assertion (`sasl.oauthbearer.grant.type`)",
        verdict: "",
        applies: |f| makes_assertion(f.global),
        rules: &[Rule::OneOf(&[KEY_FILE, KEY_PEM])],
    },
    Situation {
        name: "`sasl.oauthbearer.assertion.file`",
        verdict: "is for assertions that the client makes, not for the one in \
                  `sasl.oauthbearer.assertion.file`",
        applies: |f| is_jwt(f.global) && f.global.get(ASSERTION_FILE).is_some(),
        rules: &[Rule::NoValue(&[
            "sasl.oauthbearer.assertion.claim.aud",
            "sasl.oauthbearer.assertion.claim.exp.seconds",
            "sasl.oauthbearer.assertion.claim.iss",
            "sasl.oauthbearer.assertion.claim.jti.include",
            "sasl.oauthbearer.assertion.claim.nbf.seconds",
            "sasl.oauthbearer.assertion.claim.sub",
            "sasl.oauthbearer.assertion.jwt.template.file",
            KEY_FILE,
            "sasl.oauthbearer.assertion.private.key.passphrase",
            KEY_PEM,
        ])],
    },
    Situation {
        name: "a producer",
        verdict: "",
        applies: |f| f.kind.is_producer(),
        rules: &[
            Rule::Holds(
                |f| f.global.enable_idempotence || !f.global.enable_gapless_guarantee,
                "`enable.gapless.guarantee=true` is for producers with `enable.idempotence=true`",
            ),
            Rule::Holds(
                |f| f.global.enable_idempotence || f.global.transactional_id.is_none(),
                "`transactional.id` is for producers with `enable.idempotence=true`",
            ),
        ],
    },
    Situation {
        name: "`transactional.id`",
        verdict: "",
        applies: |f| f.kind.is_producer() && f.global.transactional_id.is_some(),
        rules: &[Rule::Holds(
            |f| f.global.socket_timeout_ms <= f.global.transaction_timeout_ms.saturating_add(100),
            "`socket.timeout.ms` is more than 100 ms above `transaction.timeout.ms`: a request \
             could outlive its transaction",
        )],
    },
    Situation {
        name: "`enable.idempotence=true`",
        verdict: "",
        applies: |f| f.kind.is_producer() && f.global.enable_idempotence,
        rules: &[
            Rule::Holds(
                |f| f.global.message_send_max_retries > 0,
                "`retries=0` contradicts `enable.idempotence=true`",
            ),
            Rule::Holds(
                |f| f.global.max_in_flight_requests_per_connection <= IDEMPOTENT_MAX_IN_FLIGHT,
                "`max.in.flight` is above 5, which is all that brokers keep track of for \
                 `enable.idempotence=true`",
            ),
            Rule::Holds(
                |f| f.global.queue_buffering_backpressure_threshold <= 1,
                "`queue.buffering.backpressure.threshold` above 1 contradicts \
                 `enable.idempotence=true`",
            ),
        ],
    },
    Situation {
        name: "a share consumer",
        verdict: "means nothing to a share consumer",
        applies: |f| f.kind == ClientKind::ShareConsumer,
        rules: &[
            Rule::NoValue(&["consume_cb", "offset_commit_cb", "rebalance_cb"]),
            Rule::Holds(
                |f| f.global.enabled_events & EVENT_REBALANCE == 0,
                "RD_KAFKA_EVENT_REBALANCE means nothing to a share consumer",
            ),
            Rule::NotSet(&[
                "allow.auto.create.topics",
                "auto.offset.reset",
                "consume.callback.max.messages",
                "enable.auto.commit",
                "enable.partition.eof",
                "fetch.error.backoff.ms",
                "fetch.queue.backoff.ms",
                "group.instance.id",
                "group.protocol",
                "group.remote.assignor",
                "isolation.level",
                "message.copy.max.bytes",
                "partition.assignment.strategy",
                "queued.max.messages.kbytes",
                "queued.min.messages",
                "socket.max.fails",
                "topic.blacklist",
            ]),
        ],
    },
    Situation {
        name: "`group.protocol=consumer`",
        verdict: "is up to the group's coordinator for share consumers and with \
                  `group.protocol=consumer`",
        applies: |f| !f.kind.is_producer() && f.global.group_protocol == GroupProtocol::Consumer,
        rules: &[Rule::NotSet(&[
            "group.protocol.type",
            "heartbeat.interval.ms",
            "partition.assignment.strategy",
            "session.timeout.ms",
        ])],
    },
    Situation {
        name: "`group.protocol=classic`",
        verdict: "",
        applies: |f| !f.kind.is_producer() && f.global.group_protocol == GroupProtocol::Classic,
        rules: &[Rule::Holds(
            |f| f.global.session_timeout_ms <= f.global.max_poll_interval_ms,
            "`session.timeout.ms` is longer than `max.poll.interval.ms`",
        )],
    },
    Situation {
        name: "a consumer",
        verdict: "",
        applies: |f| f.kind == ClientKind::Consumer,
        rules: &[
            // The table's range is that of share consumers.
            Rule::Holds(
                |f| (1..=100_000_000).contains(&f.global.fetch_min_bytes),
                "`fetch.min.bytes` of a consumer lies within 1..100000000",
            ),
            Rule::Holds(
                |f| f.global.message_max_bytes <= f.global.fetch_max_bytes,
                "`fetch.max.bytes` must be >= `message.max.bytes`",
            ),
        ],
    },
    Situation {
        name: "a consumer of either kind",
        verdict: "",
        applies: |f| !f.kind.is_producer(),
        rules: &[Rule::Holds(
            |f| whole_fetch(f.global) <= f.global.receive_message_max_bytes,
            "`receive.message.max.bytes` leaves no room for a fetch of `fetch.max.bytes` and the \
             512 bytes around it",
        )],
    },
];

/// Of a topic, with the client that it belongs to.
static TOPIC: &[Situation] = &[
    Situation {
        name: "a producer's topic",
        verdict: "",
        applies: |f| f.kind.is_producer(),
        rules: &[Rule::Holds(
            |f| {
                !(f.global.is_modified("linger.ms")
                    && f.topic.is_some_and(|t| lingers_too_long(f.global, t)))
            },
            "`linger.ms` is not below `message.timeout.ms`: messages would time out in their batch",
        )],
    },
    Situation {
        name: "`enable.idempotence=true`",
        verdict: "",
        applies: |f| f.kind.is_producer() && f.global.enable_idempotence,
        rules: &[
            Rule::Holds(
                |f| {
                    f.topic
                        .is_none_or(|t| t.queuing_strategy == QueuingStrategy::Fifo)
                },
                "`queuing.strategy=lifo` contradicts `enable.idempotence=true`",
            ),
            Rule::Holds(
                |f| f.topic.is_none_or(|t| t.request_required_acks == -1),
                "`acks` is less than `all`, which contradicts `enable.idempotence=true`",
            ),
        ],
    },
    Situation {
        name: "`transactional.id`",
        verdict: "",
        applies: |f| {
            f.kind.is_producer()
                && f.global.enable_idempotence
                && f.global.transactional_id.is_some()
        },
        rules: &[Rule::Holds(
            |f| {
                f.topic
                    .is_none_or(|t| t.message_timeout_ms <= f.global.transaction_timeout_ms)
            },
            "`message.timeout.ms` is longer than `transaction.timeout.ms`",
        )],
    },
];

const ASSERTION_FILE: &str = "sasl.oauthbearer.assertion.file";
const KEY_FILE: &str = "sasl.oauthbearer.assertion.private.key.file";
const KEY_PEM: &str = "sasl.oauthbearer.assertion.private.key.pem";

/// The first rule that is broken, in words.
pub(super) fn check_client(facts: &Facts<'_>) -> Result<(), String> {
    check(CLIENT, facts)?;
    match facts.topic {
        Some(_) => check_topic(facts),
        None => Ok(()),
    }
}

pub(super) fn check_topic(facts: &Facts<'_>) -> Result<(), String> {
    check(TOPIC, facts)
}

fn check(table: &[Situation], facts: &Facts<'_>) -> Result<(), String> {
    for situation in table.iter().filter(|s| (s.applies)(facts)) {
        for rule in situation.rules {
            rule.check(situation, facts)?;
        }
    }
    Ok(())
}

impl Rule {
    fn check(&self, situation: &Situation, facts: &Facts<'_>) -> Result<(), String> {
        let has_value = |name: &&&str| facts.global.get(name).is_some();
        let is_set = |name: &&&str| {
            facts.global.is_modified(name) || facts.topic.is_some_and(|t| t.is_modified(name))
        };
        let unwanted = match self {
            Rule::Holds(holds, _) if holds(facts) => None,
            Rule::Holds(_, text) => return Err((*text).to_owned()),
            Rule::OneOf(names) => {
                if names.iter().any(|name| has_value(&name)) {
                    return Ok(());
                }
                return Err(format!(
                    "{} needs `{}`",
                    situation.name,
                    names.join("` or `")
                ));
            }
            Rule::NoValue(names) => names.iter().find(|name| is_set(name) && has_value(name)),
            Rule::NotSet(names) => names.iter().find(is_set),
        };
        match unwanted {
            Some(name) => Err(format!("`{name}` {}", situation.verdict)),
            None => Ok(()),
        }
    }
}

fn has_text(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

fn ca_exists(facts: &Facts<'_>) -> bool {
    let path = facts.global.https_ca_location.as_deref();
    path.is_none_or(|path| path == "probe" || std::path::Path::new(path).exists())
}

pub(super) fn is_oidc(global: &GlobalProps) -> bool {
    is_oauth(global) && global.sasl_oauthbearer_method == OauthMethod::Oidc
}

fn is_oauth(global: &GlobalProps) -> bool {
    let mechanism = global.sasl_mechanisms.as_deref();
    mechanism.is_some_and(|mechanism| mechanism.eq_ignore_ascii_case("OAUTHBEARER"))
}

/// Whether tokens come from a provider, and not from the machine's cloud.
fn asks_provider(global: &GlobalProps) -> bool {
    is_oidc(global) && global.sasl_oauthbearer_metadata_authentication_type == OauthMetadata::None
}

fn is_jwt(global: &GlobalProps) -> bool {
    asks_provider(global) && global.sasl_oauthbearer_grant_type == OauthGrant::JwtBearer
}

/// Whether the client signs its assertion itself.
fn makes_assertion(global: &Scoped<GlobalProps>) -> bool {
    is_jwt(global) && global.get(ASSERTION_FILE).is_none()
}

/// Whether the comma-separated pairs of `sasl.oauthbearer.config` have a `query`.
fn has_query(config: Option<&str>) -> bool {
    config
        .unwrap_or_default()
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .any(|(key, _)| key == "query")
}

/// Bytes of the largest response to a fetch.
pub(super) fn whole_fetch(global: &GlobalProps) -> i32 {
    global.fetch_max_bytes.saturating_add(FETCH_OVERHEAD)
}

/// Whether messages would time out while they wait for their batch to fill.
pub(super) fn lingers_too_long(global: &GlobalProps, topic: &TopicProps) -> bool {
    topic.message_timeout_ms != 0
        && f64::from(topic.message_timeout_ms) <= global.queue_buffering_max_ms
}

#[cfg(test)]
mod tests {
    use super::super::Conf;
    use super::*;

    const OIDC: [(&str, &str); 2] = [
        ("sasl.mechanisms", "OAUTHBEARER"),
        ("sasl.oauthbearer.method", "oidc"),
    ];
    const URL: (&str, &str) = ("sasl.oauthbearer.token.endpoint.url", "http://127.0.0.1/");
    const JWT: (&str, &str) = (
        "sasl.oauthbearer.grant.type",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    );

    fn told(kind: ClientKind, pairs: &[(&str, &str)]) -> String {
        let mut conf = Conf::new();
        for (name, value) in pairs {
            conf.set(name, Some(value)).unwrap();
        }
        let before = conf.dump();
        let outcome = conf.finalize(kind);
        assert!(
            outcome.is_ok() || conf.dump() == before,
            "{pairs:?} left traces"
        );
        outcome.map_or_else(|error| error.text, |()| String::new())
    }

    #[test]
    fn token_providers_need_what_their_grant_does() {
        let with = |more: &[(&str, &str)]| told(ClientKind::Producer, &[&OIDC[..], more].concat());
        assert!(with(&[]).ends_with("needs `sasl.oauthbearer.token.endpoint.url`"));
        assert!(with(&[URL]).ends_with("needs `sasl.oauthbearer.client.id`"));
        let id = ("sasl.oauthbearer.client.id", "i");
        assert!(with(&[URL, id]).ends_with("needs `sasl.oauthbearer.client.secret`"));
        let secret = ("sasl.oauthbearer.client.secret", "s");
        assert_eq!(with(&[URL, id, secret]), "");
        let blank = ("sasl.oauthbearer.sub.claim.name", " ");
        assert!(with(&[URL, id, secret, blank]).contains("names no claim"));
        let unsecured = ("enable.sasl.oauthbearer.unsecure.jwt", "true");
        assert!(with(&[unsecured]).ends_with("not both"));

        let azure = (
            "sasl.oauthbearer.metadata.authentication.type",
            "azure_imds",
        );
        assert!(with(&[azure]).starts_with("Azure"));
        assert_eq!(with(&[azure, ("sasl.oauthbearer.config", "query=a")]), "");
        assert_eq!(with(&[azure, URL]), "");

        assert!(with(&[URL, JWT]).ends_with(&format!("needs `{KEY_FILE}` or `{KEY_PEM}`")));
        assert_eq!(with(&[URL, JWT, (KEY_FILE, "f")]), "");
        assert!(with(&[URL, JWT, (KEY_FILE, "f"), (KEY_PEM, "p")]).contains(KEY_PEM));
        let file = (ASSERTION_FILE, "f");
        assert_eq!(with(&[URL, JWT, file]), "");
        for name in ["claim.sub", "claim.exp.seconds", "private.key.pem"] {
            let name = format!("sasl.oauthbearer.assertion.{name}");
            assert!(with(&[URL, JWT, file, (&name, "5")]).starts_with(&format!("`{name}` is for")));
        }
    }

    #[test]
    fn bounds_hold_between_properties() {
        let producer = |pairs: &[(&str, &str)]| told(ClientKind::Producer, pairs);
        let consumer = |pairs: &[(&str, &str)]| told(ClientKind::Consumer, pairs);
        let backoff = |ms| {
            producer(&[
                ("reconnect.backoff.ms", ms),
                ("reconnect.backoff.max.ms", "9"),
            ])
        };
        assert_eq!(backoff("9"), "");
        assert!(backoff("10").contains("upper bound"));
        assert!(producer(&[("enable.gapless.guarantee", "true")]).contains("gapless"));
        let txn = ("transactional.id", "t");
        let time = ("transaction.timeout.ms", "1000");
        assert_eq!(producer(&[txn, time, ("socket.timeout.ms", "1100")]), "");
        assert!(producer(&[txn, time, ("socket.timeout.ms", "1101")]).contains("outlive"));
        let room = |ours, theirs| {
            consumer(&[
                ("fetch.max.bytes", ours),
                ("receive.message.max.bytes", theirs),
            ])
        };
        assert_eq!(room("1000000", "1000512"), "");
        assert!(room("1000000", "1000511").contains("512 bytes"));
        assert!(consumer(&[("fetch.min.bytes", "0")]).contains("1..100000000"));
        assert!(
            producer(&[("ssl.keystore.location", "f")]).ends_with("needs `ssl.keystore.password`")
        );
        let ca = |path| ("https.ca.location", path);
        assert_eq!(producer(&[ca("probe")]), "");
        assert_eq!(producer(&[ca("/")]), "");
        assert!(producer(&[ca("/no/such/file")]).contains("existing file"));
        assert!(producer(&[ca("/"), ("https.ca.pem", "p")]).contains("mutually exclusive"));
    }
}
