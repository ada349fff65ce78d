//! Tests of the table and of what derives from it.

use super::table::{Attribute, Importance, Property, Props, Side};
use super::*;
use crate::base::conf::kind::Kind;
use crate::base::conf::value::Value;

fn invalid(text: &str) -> Result<(), ConfError> {
    Err(ConfError::Invalid(text.to_owned()))
}

/// The rows of the listing, as the interface data has them.
fn listed<P: Props>(scope: &str) -> Vec<String> {
    let shown: Vec<&Property<P>> = P::table()
        .iter()
        .filter(|row| !row.is(Attribute::Hidden) && !matches!(row.kind, Kind::Refused))
        .filter(|row| !row.is(Attribute::Extension))
        .collect();
    shown
        .into_iter()
        .map(|shown| {
            let (_, row) = scoped::find::<P>(shown.name).unwrap();
            let side = match row.side {
                Side::Both => "*",
                Side::Consumer => "C",
                Side::Producer => "P",
            };
            let importance = match row.importance {
                Importance::High => "high",
                Importance::Medium => "medium",
                Importance::Low => "low",
            };
            let alias = match shown.kind {
                Kind::Alias(of) => of,
                _ => "",
            };
            let deprecated = if row.is(Attribute::Deprecated) {
                "yes"
            } else {
                ""
            };
            let name = shown.name;
            format!("{scope}\t{name}\t{side}\t{importance}\t{alias}\t{deprecated}")
        })
        .collect()
}

#[test]
fn rows_are_those_of_the_interface_data() {
    let data = include_str!("../../../capi-tests/abi/data/config.tsv");
    let want: Vec<String> = data
        .lines()
        .skip(1)
        // Its default has bars in it, which the data took for columns.
        .filter(|line| !line.contains("sasl.kerberos.kinit.cmd"))
        .map(|line| {
            let field = |at| line.split('\t').nth(at).unwrap_or_default();
            // The data repeats the global property of the same name for this one.
            let importance = match (field(0), field(1)) {
                ("topic", "compression.type") => "high",
                _ => field(6),
            };
            format!(
                "{}\t{}\t{}\t{importance}\t{}\t{}",
                field(0),
                field(1),
                field(2),
                field(7),
                field(8)
            )
        })
        .collect();
    let mut have = listed::<GlobalProps>("global");
    have.retain(|row| !row.contains("sasl.kerberos.kinit.cmd"));
    have.extend(listed::<TopicProps>("topic"));
    assert_eq!(have, want);
    assert_eq!(have.len() + 1, 199);
}

#[test]
fn listing_has_type_range_and_default_of_the_interface_data() {
    let listing = listing();
    let mut sections = listing.split("## Topic");
    let global: Vec<&str> = sections.next().unwrap().lines().collect();
    let topic: Vec<&str> = sections.next().unwrap().lines().collect();
    let data = include_str!("../../../capi-tests/abi/data/config.tsv");
    for line in data.lines().skip(1) {
        let column: Vec<&str> = line.split('\t').collect();
        let [scope, name, _, type_name, range, default, ..] = column[..] else {
            panic!("{line}");
        };
        if name == "sasl.kerberos.kinit.cmd" || (scope, name) == ("topic", "compression.type") {
            continue;
        }
        let lines = if scope == "global" { &global } else { &topic };
        let row = lines
            .iter()
            .find(|line| line.split(" | ").next().unwrap().trim() == name)
            .unwrap_or_else(|| panic!("{name} is not listed"));
        let cell: Vec<&str> = row.split(" | ").map(str::trim).collect();
        // An extension's word is one more than librdkafka has.
        let own_range = cell[2].trim_end_matches(", aws_msk_iam");
        assert_eq!((own_range, cell[3]), (range, default), "{name}");
        assert!(row.ends_with(&format!("<br>*Type: {type_name}*")), "{row}");
    }
}

#[test]
fn configuration_md_is_current() {
    let committed = include_str!("../../../CONFIGURATION.md");
    assert!(
        committed == configuration_md(),
        "run: cargo run -q --example configuration > CONFIGURATION.md"
    );
}

/// Every row's default fits its field, and its field starts with it.
fn defaults_fit<P: Props>() {
    let fresh = P::default();
    for row in P::table() {
        assert!(
            matches!(row.kind, Kind::Alias(_)) == row.help.is_empty(),
            "{}",
            row.name
        );
        let Some(access) = &row.access else {
            continue;
        };
        let default = row.kind.default_value();
        assert!(
            (access.set)(&mut P::default(), default.clone()),
            "{}",
            row.name
        );
        let (have, want) = ((access.get)(&fresh), default);
        match (have, want) {
            // The word shown is the first of those that mean the same.
            (Value::Word(have), Value::Word(want)) => assert_eq!(have, want, "{}", row.name),
            (have, want) => assert_eq!(format!("{have:?}"), format!("{want:?}"), "{}", row.name),
        }
        if let Kind::Word { words, .. } = row.kind {
            for word in words {
                let fits = (access.set)(&mut P::default(), Value::Word(word));
                assert!(fits, "{}: {word}", row.name);
            }
        }
    }
}

#[test]
fn defaults_fit_their_fields() {
    defaults_fit::<GlobalProps>();
    defaults_fit::<TopicProps>();
}

#[test]
fn aliases_point_to_rows() {
    fn of<P: Props>() {
        for row in P::table() {
            assert!(scoped::find::<P>(row.name).is_some(), "{}", row.name);
        }
    }
    of::<GlobalProps>();
    of::<TopicProps>();
}

#[test]
fn unknown_names_are_told_apart_from_invalid_values() {
    let mut conf = Conf::new();
    assert_eq!(
        conf.set("topic.foo", Some("1")),
        Err(ConfError::Unknown(
            "No such configuration property: \"foo\"".to_owned()
        ))
    );
    assert_eq!(
        conf.set("debug", Some("broker,nope")),
        invalid("Invalid value \"nope\" for configuration property \"debug\"")
    );
    assert_eq!(conf.global.debug, debug::BROKER);
}

#[test]
fn texts_name_property_value_and_range() {
    let mut conf = Conf::new();
    for (name, value, text) in [
        (
            "linger.ms",
            "1e20",
            "Configuration property \"queue.buffering.max.ms\" value 1e+20 is outside allowed \
             range 0..900000\n",
        ),
        (
            "log_level",
            "9",
            "Configuration property \"log_level\" value 9 is outside allowed range 0..7\n",
        ),
        (
            "log_level",
            "x",
            "Invalid value for configuration property \"log_level\"",
        ),
        (
            "log_level",
            "",
            "Configuration property \"log_level\" cannot be set to empty value",
        ),
        (
            "log.queue",
            "maybe",
            "Expected bool value for \"log.queue\": true or false",
        ),
        (
            "security.protocol",
            "",
            "Configuration property \"security.protocol\" cannot be set to empty value",
        ),
        (
            "partitioner",
            "",
            "Configuration property \"partitioner\" cannot be set to empty value",
        ),
        (
            "sasl.mechanisms",
            "a,b",
            "Invalid value for configuration property \"sasl.mechanisms\": a,b",
        ),
        (
            "dr_cb",
            "x",
            "Property \"dr_cb\" is a pointer, which a function of its own sets",
        ),
        ("ssl_ca", "x", "Property \"ssl_ca\" is not set by name"),
        (
            "ssl.ca.certificate.stores",
            "x",
            "Configuration property \"ssl.ca.certificate.stores\" not supported in this build: \
             only Windows has it",
        ),
        ("topic.blacklist", "[", ""),
    ] {
        let set = conf.set(name, Some(value));
        if name == "topic.blacklist" {
            // The C library's words for it differ between systems.
            let wrong = set.unwrap_err();
            assert!(
                wrong
                    .text()
                    .starts_with("Not a regular expression: \"[\": ")
            );
            continue;
        }
        assert_eq!(set, invalid(text), "{name}={value}");
    }
    // What a user of the Java client needs to know stands in more than a sentence.
    for name in ["sasl.jaas.config", "ssl.truststore.location"] {
        let refused = conf.set(name, Some("x"));
        assert!(
            matches!(&refused, Err(ConfError::Invalid(text)) if text.contains("https://")),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn values_are_typed_and_read_back_as_text() {
    let mut conf = Conf::new();
    for (name, value, shown) in [
        ("client.id", "  me", "me"),
        ("client.rack", "  r", "  r"),
        ("security.protocol", "SASL_ssl", "sasl_ssl"),
        ("auto.offset.reset", "earliest", "smallest"),
        ("acks", "ALL", "-1"),
        ("linger.ms", "0.5", "0.5"),
        ("socket.nagle.disable", "F", "false"),
        ("message.max.bytes", "0x1000", "4096"),
        ("debug", "all,-broker", "generic,topic"),
        ("topic.blacklist", "^a,b", "^a,b"),
        ("compression.codec", "zstd", "zstd"),
    ] {
        assert_eq!(conf.set(name, Some(value)), Ok(()), "{name}");
        let have = conf.get(name).unwrap();
        assert!(have.starts_with(shown), "{name}: {have}");
    }
    assert_eq!(conf.global.security_protocol, SecurityProtocol::SaslSsl);
    assert_eq!(conf.global.message_max_bytes, 4096);
    assert_eq!(conf.global.compression_codec, Compression::Zstd);
    let topic = conf.default_topic_conf().unwrap();
    assert_eq!(topic.auto_offset_reset, OffsetReset::Earliest);
    assert_eq!(topic.compression_codec, None);
    assert_eq!(conf.set("client.id", None), Ok(()));
    assert_eq!(conf.get("client.id").as_deref(), Some("rdkafka"));
    assert_eq!(conf.get("group.id"), None);
}

#[test]
fn only_what_was_set_counts_as_modified_and_is_copied() {
    let mut conf = Conf::new();
    assert!(!conf.global.is_any_modified());
    conf.set("max.in.flight", Some("19")).unwrap();
    assert!(conf.is_modified("max.in.flight"));
    assert!(conf.is_modified("max.in.flight.requests.per.connection"));
    conf.set("group.id", Some("g")).unwrap();
    conf.set("acks", Some("1")).unwrap();
    conf.global.socket_timeout_ms = 1;
    let copy = conf.dup();
    assert_eq!(copy.global.max_in_flight_requests_per_connection, 19);
    assert_eq!(copy.global.socket_timeout_ms, 60_000);
    assert_eq!(copy.get("acks").as_deref(), Some("1"));
    assert_ne!(
        copy.get("default_topic_conf"),
        conf.get("default_topic_conf")
    );
    let part = conf.dup_without(&["group.", "default_topic_conf"]);
    assert_eq!(part.get("group.id"), None);
    assert!(!part.is_modified("group.id") && part.is_modified("max.in.flight"));
    assert!(part.default_topic_conf().is_none());
}

fn finalized(kind: ClientKind, props: &[(&str, &str)]) -> (Conf, Result<(), String>) {
    let mut conf = Conf::new();
    for (name, value) in props {
        conf.set(name, Some(value)).unwrap();
    }
    let done = conf.finalize(kind).map_err(|error| error.text);
    (conf, done)
}

#[test]
fn idempotence_adjusts_what_was_not_set_and_refuses_what_was() {
    let (conf, done) = finalized(ClientKind::Producer, &[("transactional.id", "t")]);
    assert_eq!(done, Ok(()));
    let global = &conf.global;
    assert!(global.enable_idempotence && !global.is_modified("enable.idempotence"));
    assert_eq!(global.max_in_flight_requests_per_connection, 5);
    assert_eq!(global.socket_timeout_ms, 59_900);
    for (name, value, text) in [
        (
            "max.in.flight",
            "6",
            "`max.in.flight` is above 5, which is all that brokers keep track of for `enable.idempotence=true`",
        ),
        (
            "retries",
            "0",
            "`retries=0` contradicts `enable.idempotence=true`",
        ),
        (
            "acks",
            "1",
            "`acks` is less than `all`, which contradicts `enable.idempotence=true`",
        ),
        (
            "enable.idempotence",
            "false",
            "`transactional.id` is for producers with `enable.idempotence=true`",
        ),
        (
            "message.timeout.ms",
            "60001",
            "`message.timeout.ms` is longer than `transaction.timeout.ms`",
        ),
    ] {
        let (_, done) = finalized(
            ClientKind::Producer,
            &[("transactional.id", "t"), (name, value)],
        );
        assert_eq!(done, Err(text.to_owned()), "{name}");
    }
}

#[test]
fn linger_makes_way_for_a_short_timeout_unless_set() {
    let short = ("message.timeout.ms", "2");
    let (conf, done) = finalized(ClientKind::Producer, &[short]);
    assert_eq!(done, Ok(()));
    assert_eq!(conf.linger_us(), 1900);
    let (_, done) = finalized(ClientKind::Producer, &[short, ("linger.ms", "2")]);
    let text =
        "`linger.ms` is not below `message.timeout.ms`: messages would time out in their batch";
    assert_eq!(done, Err(text.to_owned()));
}

#[test]
fn consumers_get_sizes_that_fit_each_other() {
    let (conf, done) = finalized(
        ClientKind::Consumer,
        &[("queued.max.messages.kbytes", "2000")],
    );
    assert_eq!(done, Ok(()));
    assert_eq!(conf.global.fetch_max_bytes, 2_048_000);
    let (conf, done) = finalized(ClientKind::Consumer, &[("fetch.max.bytes", "2000000000")]);
    assert_eq!(done, Ok(()));
    assert_eq!(conf.global.receive_message_max_bytes, 2_000_000_512);
    for (props, text) in [
        (
            [
                ("session.timeout.ms", "7000"),
                ("max.poll.interval.ms", "6999"),
            ],
            "`session.timeout.ms` is longer than `max.poll.interval.ms`",
        ),
        (
            [("fetch.max.bytes", "2000"), ("message.max.bytes", "2001")],
            "`fetch.max.bytes` must be >= `message.max.bytes`",
        ),
        (
            [
                ("group.protocol", "consumer"),
                ("session.timeout.ms", "7000"),
            ],
            "`session.timeout.ms` is up to the group's coordinator for share consumers and with \
             `group.protocol=consumer`",
        ),
    ] {
        let (_, done) = finalized(ClientKind::Consumer, &props);
        assert_eq!(done, Err(text.to_owned()));
    }
}

#[test]
fn share_consumers_refuse_what_the_broker_decides() {
    let (conf, done) = finalized(ClientKind::ShareConsumer, &[("fetch.min.bytes", "0")]);
    assert_eq!(done, Ok(()));
    assert_eq!(conf.global.receive_message_max_bytes, i32::MAX);
    assert_eq!(conf.global.group_protocol, GroupProtocol::Consumer);
    let (_, done) = finalized(ClientKind::ShareConsumer, &[("auto.offset.reset", "end")]);
    let text = "`auto.offset.reset` means nothing to a share consumer";
    assert_eq!(done, Err(text.to_owned()));
}

#[test]
fn software_name_is_made_safe() {
    let (conf, done) = finalized(
        ClientKind::Producer,
        &[
            ("client.software.name", "(my client) 2.x/b\u{e9}ta__"),
            ("client.software.version", "v7.1+git#c0ffee~"),
        ],
    );
    assert_eq!(done, Ok(()));
    assert_eq!(
        conf.global.client_software_name.as_deref(),
        Some("my-client--2.x-b--ta")
    );
    let version = conf.global.client_software_version.as_deref();
    assert_eq!(version, Some("v7.1-git-c0ffee"));
}

#[test]
fn warns_of_what_is_set_in_vain() {
    let (conf, done) = finalized(
        ClientKind::Consumer,
        &[
            ("linger.ms", "1"),
            ("socket.blocking.max.ms", "1"),
            ("sasl.username", "u"),
        ],
    );
    assert_eq!(done, Ok(()));
    let texts: Vec<String> = conf
        .warnings(ClientKind::Consumer, false)
        .into_iter()
        .map(|warning| format!("{} {}", warning.level, warning.text))
        .collect();
    assert_eq!(texts.len(), 4, "{texts:#?}");
    assert!(texts[0].starts_with("4 Configuration property socket.blocking.max.ms is deprecated"));
    assert_eq!(
        texts[1],
        "4 Configuration property queue.buffering.max.ms is for producers: it has no effect on \
         this consumer"
    );
    assert!(texts[2].contains("`sasl.username` has no effect"));
    assert!(texts[3].starts_with("5 `bootstrap.servers` is not set"));
    assert_eq!(Conf::new().warnings(ClientKind::Producer, true), []);
}

#[test]
fn secrets_are_not_dumped_to_the_log() {
    let mut conf = Conf::new();
    conf.set("sasl.password", Some("secret")).unwrap();
    conf.set("client.id", Some("c")).unwrap();
    assert_eq!(
        conf.global.dump_modified(),
        [
            ("client.id", "c".to_owned()),
            ("sasl.password", "[redacted]".to_owned())
        ]
    );
}

#[test]
fn extensions_are_in_dumps_once_they_are_set() {
    let name = "ssl.certificate.refresh.interval.ms";
    let mut conf = Conf::new();
    let shown = |conf: &Conf| conf.dump().iter().any(|(n, _)| *n == name);
    assert_eq!(conf.get(name).as_deref(), Some("0"));
    assert!(!shown(&conf));
    conf.set(name, Some("60000")).unwrap();
    assert!(shown(&conf));
    assert!(listing().contains("**EXTENSION** How often"));
}

#[test]
fn secrets_are_wiped_and_not_shown() {
    let mut count = 0;
    for row in GlobalProps::table() {
        let Some(access) = row.access.as_ref().filter(|_| row.is(Attribute::Sensitive)) else {
            continue;
        };
        let mut conf = Conf::new();
        conf.set(row.name, Some("hunter2")).unwrap();
        let shown = format!("{conf:?}");
        assert!(
            shown.contains(row.name) && !shown.contains("hunter2"),
            "{shown}"
        );
        (access.wipe)(&mut conf.global);
        assert!(conf.get(row.name).is_none(), "{}", row.name);
        count += 1;
    }
    assert!(count > 10, "{count}");
}
