//! The mock cluster as a program: a Kafka for development, without Java.
//!
//! `kafka-mock --brokers 3 --port 9092`; stops cleanly on SIGINT and SIGTERM.

mod security;

use rdkafka::mock::{Cluster, Options, TopicSpec};
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::ExitCode;

const HELP: &str = "\
kafka-mock: a mock Kafka cluster in one process, all in memory

  --brokers N              how many brokers (default 1)
  --port P                 port of the first broker, the next ones follow;
                           0 takes any free ports (default 9092)
  --host H                 what clients are told to connect to (default 127.0.0.1)
  --listen IP              where the brokers listen: 127.0.0.1 by default, and
                           0.0.0.0, all of this machine's IPv4 addresses, if
                           --host names another host; anyone may connect there
  --topic NAME[:N[:K=V,…]] create a topic with N partitions and these properties;
                           may be given several times
  --partitions N           partitions of topics created by use (default 4)
  --no-auto-create         do not create topics by use
  --rebalance-delay MS     group.initial.rebalance.delay.ms (default 0)
  --session-timeout MS     group.consumer.session.timeout.ms (default 45000)
  --heartbeat-interval MS  group.consumer.heartbeat.interval.ms (default 5000)
  --rtt MS                 delay of every response (default 0)
  --transaction-version N  transaction.version: 2 (the default) is KIP-890's, where
                           clients join by producing; 1 and 0 are before it
  --transaction-end-delay MS
                           from the end of a transaction to its markers; until then
                           clients get CONCURRENT_TRANSACTIONS (default 0)
  --share-from WHERE       where a new share group begins: latest (the default) or
                           earliest (share.auto.offset.reset)
  --share-lock MS          how long a record stays with a share consumer (default
                           30000; share.record.lock.duration.ms)
  --share-deliveries N     how often a record is delivered to a share group
                           (default 5; share.delivery.count.limit)
  --cluster-id ID          the cluster's id (default: a random one)
  --seed N                 seed of random choices such as leaders and ids
  --help                   this text
";

const NOTE: &str = "
The bootstrap servers are printed on one line. Stop it with SIGINT or SIGTERM.
";

enum Wanted {
    Run(i32, Box<Options>),
    Help,
}

fn main() -> ExitCode {
    let wanted = match parse(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(e) => {
            eprintln!("kafka-mock: {e}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    let (brokers, options) = match wanted {
        Wanted::Help => {
            print!("{HELP}{}{NOTE}", security::HELP);
            return ExitCode::SUCCESS;
        }
        Wanted::Run(brokers, options) => (brokers, options),
    };
    // Before the cluster's thread exists, so that it inherits the mask.
    let stop = signals::block();
    let cluster = match Cluster::new(brokers, *options) {
        Ok(cluster) => cluster,
        Err(e) => {
            eprintln!("kafka-mock: cannot start: {e}");
            return ExitCode::FAILURE;
        }
    };
    println!("bootstrap.servers={}", cluster.bootstraps());
    let _ = std::io::stdout().flush();
    stop.wait();
    drop(cluster);
    println!("stopped");
    ExitCode::SUCCESS
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut brokers = 1;
    let mut listen = None;
    let mut secured = security::Arguments::default();
    let mut options = Options {
        port: 9092,
        initial_rebalance_delay_ms: 0,
        ..Options::default()
    };
    while let Some(arg) = args.next() {
        let (name, inline) = match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => {
                (name.to_owned(), Some(value.to_owned()))
            }
            _ => (arg, None),
        };
        match name.as_str() {
            "--help" | "-h" => return Ok(Wanted::Help),
            "--no-auto-create" => {
                options.auto_create_topics = false;
                continue;
            }
            "--deny-without-acl" => {
                secured.deny_without_acl();
                continue;
            }
            _ => {}
        }
        let mut inline = inline;
        let mut value = || {
            let inline = inline.take();
            inline
                .or_else(|| args.next())
                .ok_or(format!("{name} needs a value"))
        };
        match name.as_str() {
            "--brokers" => brokers = number(&name, &value()?, 1, 1000)? as i32,
            "--port" => options.port = number(&name, &value()?, 0, 65535)? as u16,
            "--host" => {
                options.host = value()?;
                if options.host.is_empty() {
                    return Err("--host must not be empty".to_owned());
                }
            }
            "--listen" => {
                let ip = value()?;
                let parsed = ip.parse::<Ipv4Addr>();
                let error = |_| format!("--listen takes an IPv4 address, not '{ip}'");
                listen = Some(parsed.map_err(error)?);
            }
            "--topic" => options.topics.push(topic(&value()?)?),
            "--partitions" => {
                options.default_partitions = number(&name, &value()?, 1, 100_000)? as i32;
            }
            "--cluster-id" => options.cluster_id = value()?,
            "--seed" => options.seed = Some(number(&name, &value()?, 0, u64::MAX)?),
            _ if behaviour(&mut options, &name, &mut value)? => {}
            _ => secured.take(&name, &mut value)?,
        }
    }
    options.security = secured.settle()?;
    options.ip = listen.unwrap_or(match is_loopback(&options.host) {
        true => Ipv4Addr::LOCALHOST,
        false => Ipv4Addr::UNSPECIFIED,
    });
    Ok(Wanted::Run(brokers, Box::new(options)))
}

/// The options of how the brokers behave. False: it is none of them.
fn behaviour(
    options: &mut Options,
    name: &str,
    value: &mut dyn FnMut() -> Result<String, String>,
) -> Result<bool, String> {
    const HOUR_MS: u64 = 3_600_000;
    match name {
        "--rebalance-delay" => {
            options.initial_rebalance_delay_ms = number(name, &value()?, 0, HOUR_MS)? as i32;
        }
        "--session-timeout" => {
            let ms = number(name, &value()?, 1, HOUR_MS)?;
            options.consumer_groups.session_timeout_ms = ms as i32;
        }
        "--heartbeat-interval" => {
            let ms = number(name, &value()?, 1, HOUR_MS)?;
            options.consumer_groups.heartbeat_interval_ms = ms as i32;
        }
        "--rtt" => options.rtt_ms = number(name, &value()?, 0, HOUR_MS)? as u32,
        "--transaction-version" => {
            options.transaction_version = number(name, &value()?, 0, 2)? as i16;
        }
        "--transaction-end-delay" => {
            options.transaction_end_delay_ms = number(name, &value()?, 0, HOUR_MS)? as u32;
        }
        "--share-from" => {
            options.share.earliest = match value()?.as_str() {
                "earliest" => true,
                "latest" => false,
                other => {
                    return Err(format!("{name} takes latest or earliest, not '{other}'"));
                }
            };
        }
        "--share-lock" => options.share.lock_ms = number(name, &value()?, 1, HOUR_MS)? as i32,
        "--share-deliveries" => {
            options.share.delivery_limit = number(name, &value()?, 1, 1000)? as i16;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Whether only this machine's own clients can follow what they are told.
fn is_loopback(host: &str) -> bool {
    let ip = host.parse::<Ipv4Addr>();
    host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

fn number(name: &str, value: &str, min: u64, max: u64) -> Result<u64, String> {
    match value.parse() {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        _ => Err(format!(
            "{name} takes a number from {min} to {max}, not '{value}'"
        )),
    }
}

/// `NAME`, `NAME:PARTITIONS` or `NAME:PARTITIONS:property=value,…`
fn topic(spec: &str) -> Result<TopicSpec, String> {
    let mut parts = spec.splitn(3, ':');
    let name = parts.next().unwrap_or_default().to_owned();
    let partitions = match parts.next() {
        Some(n) => number("--topic", n, 1, 100_000)? as i32,
        None => 1,
    };
    let config = match parts.next() {
        Some(list) => properties(list)?,
        None => Vec::new(),
    };
    Ok(TopicSpec {
        name,
        partitions,
        config,
    })
}

/// `property=value,…`; what has no property goes on with the value before it, as in
/// `cleanup.policy=compact,delete`.
fn properties(list: &str) -> Result<Vec<(String, String)>, String> {
    let mut all: Vec<(String, String)> = Vec::new();
    for piece in list.split(',') {
        match (piece.split_once('='), all.last_mut()) {
            (Some((name, value)), _) => all.push((name.to_owned(), value.to_owned())),
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(piece);
            }
            (None, None) => return Err(format!("'{piece}' is not property=value")),
        }
    }
    Ok(all)
}

mod signals {
    //! Waiting for SIGINT or SIGTERM.

    pub struct Stop(libc::sigset_t);

    /// Keeps both signals from ending the process; `wait` takes them.
    pub fn block() -> Stop {
        // SAFETY: the set is initialised by sigemptyset before anything reads it, and
        // all pointers are to this live local.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, libc::SIGINT);
            libc::sigaddset(&mut set, libc::SIGTERM);
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
            Stop(set)
        }
    }

    impl Stop {
        pub fn wait(&self) {
            let mut signal = 0;
            // SAFETY: both pointers are to live values of the right type.
            while unsafe { libc::sigwait(&self.0, &mut signal) } != 0 {}
        }
    }
}
