//! What to log about a configuration when a client instance is made.

use super::Conf;
use super::finalize::ClientKind;
use super::scoped::Scoped;
use super::table::{Attribute, GlobalProps, Property, Props, Side};
use super::words::SecurityProtocol;

/// A line for the log, of facility `CONFWARN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// As in syslog(3): 4 for warnings, 5 for notices.
    pub level: i32,
    pub text: String,
}

const LOG_WARNING: i32 = 4;
const LOG_NOTICE: i32 = 5;

impl Conf {
    /// What to tell the user, after [`Conf::finalize`]. `has_brokers` says whether
    /// any bootstrap server is known.
    pub fn warnings(&self, kind: ClientKind, has_brokers: bool) -> Vec<Warning> {
        let mut texts = Vec::new();
        set_in_vain(&self.global, kind, &mut texts);
        if let Some(topic) = self.default_topic_conf() {
            set_in_vain(&topic.topic, kind, &mut texts);
        }
        if self.default_topic_conf_overwritten {
            texts.push(
                "Topic properties set on the global configuration were lost when a default \
                 topic configuration was set: set topic properties in one way only"
                    .to_owned(),
            );
        }
        backoffs(&self.global, &mut texts);
        if !kind.is_producer() {
            fetch_wait(&self.global, &mut texts);
        }
        sasl(&self.global, &mut texts);
        let mut warnings: Vec<Warning> = texts
            .into_iter()
            .map(|text| Warning {
                level: LOG_WARNING,
                text,
            })
            .collect();
        if !has_brokers {
            warnings.push(Warning {
                level: LOG_NOTICE,
                text: "`bootstrap.servers` is not set: there is no broker to connect to until \
                       rd_kafka_brokers_add() names one"
                    .to_owned(),
            });
        }
        warnings
    }
}

/// Properties that were set and should not be, or mean nothing to this client.
fn set_in_vain<P: Props>(scoped: &Scoped<P>, kind: ClientKind, texts: &mut Vec<String>) {
    let (own, other, foreign) = if kind.is_producer() {
        ("producer", "consumer", Side::Consumer)
    } else {
        ("consumer", "producer", Side::Producer)
    };
    for (at, row) in P::table().iter().enumerate() {
        if !scoped.is_modified_at(at) {
            continue;
        }
        let name = row.name;
        if let Some(standing) = standing(row) {
            texts.push(format!(
                "Configuration property {name} is {standing}: {}",
                row.help
            ));
        }
        if row.side == foreign {
            texts.push(format!(
                "Configuration property {name} is for {other}s: it has no effect on this {own}"
            ));
        }
    }
}

fn standing<P>(row: &Property<P>) -> Option<&'static str> {
    match (
        row.is(Attribute::Deprecated),
        row.is(Attribute::Experimental),
    ) {
        (true, true) => Some("deprecated and experimental"),
        (true, false) => Some("deprecated"),
        (false, true) => Some("experimental"),
        (false, false) => None,
    }
}

fn backoffs(global: &Scoped<GlobalProps>, texts: &mut Vec<String>) {
    let max = global.retry_backoff_max_ms;
    let mut above = |name: &str, value: i32| {
        if value > max {
            texts.push(format!(
                "`{name}` ({value}) is above its upper bound, `retry.backoff.max.ms` ({max}): every \
                 pause is as long as that"
            ));
        }
    };
    above("retry.backoff.ms", global.retry_backoff_ms);
    let fast = "topic.metadata.refresh.fast.interval.ms";
    if global.is_modified(fast) {
        above(fast, global.topic_metadata_refresh_fast_interval_ms);
    }
}

fn fetch_wait(global: &Scoped<GlobalProps>, texts: &mut Vec<String>) {
    let (wait, timeout) = (global.fetch_wait_max_ms, global.socket_timeout_ms);
    if wait + 1000 > timeout {
        texts.push(format!(
            "`fetch.wait.max.ms` ({wait}) leaves less than a second of `socket.timeout.ms` \
             ({timeout}): requests behind a fetch may time out"
        ));
    }
}

fn sasl(global: &Scoped<GlobalProps>, texts: &mut Vec<String>) {
    let mechanism = global.sasl_mechanisms.as_deref().unwrap_or_default();
    let enabled = matches!(
        global.security_protocol,
        SecurityProtocol::SaslSsl | SecurityProtocol::SaslPlaintext
    );
    if global.is_modified("sasl.mechanisms") && !enabled {
        texts.push(format!(
            "`sasl.mechanism` ({mechanism}) has no effect: `security.protocol` is without SASL"
        ));
    }
    let takes_name = mechanism.starts_with("SCRAM") || mechanism == "PLAIN";
    if global.is_modified("sasl.username") && !takes_name {
        texts.push(
            "`sasl.username` has no effect: the mechanism is neither PLAIN nor SCRAM".to_owned(),
        );
    }
}
