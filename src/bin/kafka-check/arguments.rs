//! The command line.

use std::path::PathBuf;

use clap::Parser;
use rdkafka::client::settings::bootstrap;

use crate::probe::Address;
use crate::properties::Pair;

/// Tells why a client does not reach a Kafka cluster, and what to change.
#[derive(Debug, Parser)]
#[command(name = "kafka-check", version)]
pub struct Arguments {
    /// Servers to start from, HOST:PORT, separated by commas [default: the property
    /// bootstrap.servers, else localhost:9092].
    #[arg(short, long)]
    bootstrap: Option<String>,
    /// A property of the client, as in CONFIGURATION.md; may be given several times.
    #[arg(short = 'X', value_name = "NAME=VALUE")]
    property: Vec<Pair>,
    /// A file with a property NAME=VALUE on each line; lines that begin with # are left out.
    /// What -X says comes after it.
    #[arg(short = 'F', long)]
    file: Option<PathBuf>,
    /// How long each server may take, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub timeout: u16,
}

const NAMES: [&str; 2] = ["bootstrap.servers", "metadata.broker.list"];

impl Arguments {
    /// Those of the file, then those of the command line.
    pub fn properties(&self) -> Result<Vec<Pair>, String> {
        let mut all = Vec::new();
        if let Some(path) = &self.file {
            let text = std::fs::read_to_string(path)
                .map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
            let lines = text.lines().map(str::trim).enumerate();
            for (at, line) in lines.filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
                let pair = line
                    .parse::<Pair>()
                    .map_err(|e| format!("{}, line {}: {e}", path.display(), at + 1))?;
                all.push(Pair {
                    name: pair.name.trim().into(),
                    value: pair.value.trim().into(),
                });
            }
        }
        all.extend(self.property.iter().cloned());
        Ok(all)
    }

    pub fn servers(&self, properties: &[Pair]) -> Result<Vec<Address>, String> {
        let configured = || {
            let named = |p: &&Pair| NAMES.contains(&p.name.as_str());
            properties.iter().rev().find(named).map(|p| p.value.clone())
        };
        let list = self
            .bootstrap
            .clone()
            .or_else(configured)
            .unwrap_or_else(|| "localhost:9092".into());
        let address = |server: Result<(String, u16), String>| match server {
            Ok((host, port)) => Ok(Address {
                host,
                port,
                id: None,
            }),
            Err(text) => Err(format!("{text:?} is no server: expected HOST:PORT")),
        };
        bootstrap(&list).into_iter().map(address).collect()
    }
}

/// The servers are asked one by one.
pub fn is_servers(name: &str) -> bool {
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_come_from_the_option_or_the_properties() {
        let parse = |args: &[&str]| {
            let all = ["kafka-check"].iter().chain(args);
            let arguments = Arguments::try_parse_from(all).unwrap();
            let properties = arguments.properties().unwrap();
            let servers = arguments.servers(&properties).unwrap();
            servers
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(parse(&[]), "localhost:9092");
        assert_eq!(
            parse(&["-X", "bootstrap.servers=a,[::1]:2"]),
            "a:9092 [::1]:2"
        );
        assert_eq!(
            parse(&["-X", "bootstrap.servers=a", "-b", "SSL://b:3"]),
            "b:3"
        );
        let wrong = Arguments::try_parse_from(["kafka-check", "-b", "a:b"]).unwrap();
        assert!(wrong.servers(&[]).is_err());
    }
}
