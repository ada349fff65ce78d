//! Tells why a client does not reach a Kafka cluster, over this library's C interface.
//!
//! `kafka-check -b HOST:PORT -X security.protocol=sasl_ssl …` goes the way of a client, one
//! line each with the time it took: names, connections, TLS, versions, login, metadata, and
//! then every address that the brokers announce. It ends with what is wrong and what to
//! change. The exit code is 0 if all was reached, 1 if something failed, 2 for arguments
//! that will not do.

mod advice;
mod arguments;
mod certificates;
mod client;
mod probe;
#[path = "../shared/properties.rs"]
mod properties;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use arguments::Arguments;
use probe::{Address, Outcome, probe};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("kafka-check: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all was reached.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let properties = arguments.properties()?;
    let timeout = Duration::from_secs(arguments.timeout.into());
    let mut advice = Vec::new();
    let mut announced: Vec<Address> = Vec::new();
    let mut reached: Vec<Address> = Vec::new();
    for server in arguments.servers(&properties)? {
        println!("{server} (bootstrap.servers)");
        let outcome = probe(&properties, &server, timeout)?;
        match outcome {
            Outcome::Reached { brokers } => {
                let brokers = brokers.into_iter().filter(|b| !announced.contains(b));
                announced.extend(brokers.collect::<Vec<_>>());
                reached.push(server);
            }
            Outcome::Failed(failure) => advice.push(advice::of(&server, false, &failure)),
        }
    }
    for broker in announced {
        if reached.iter().any(|r| r.is_at(&broker)) {
            continue;
        }
        println!("{broker} (announced)");
        match probe(&properties, &broker, timeout)? {
            Outcome::Reached { .. } => {}
            Outcome::Failed(failure) => advice.push(advice::of(&broker, true, &failure)),
        }
    }
    if advice.is_empty() {
        println!("All brokers were reached.");
        return Ok(true);
    }
    for text in &advice {
        println!("\n{text}");
    }
    Ok(false)
}
