//! Kafka administration from the command line, over this library's C interface.
//!
//! `kafka-admin -b HOST:PORT topics create orders --partitions 6`. Properties are given as
//! to kcat, by `-X name=value`; `--json` prints an array of objects instead of a table. The
//! exit code is 0 if all was done, 1 if something failed, 2 for arguments that will not do.

mod acls;
mod arguments;
mod client;
mod cluster;
mod configs;
mod groups;
mod offsets;
mod output;
#[path = "../shared/properties.rs"]
mod properties;
mod records;
mod topics;
mod users;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Subject};
use client::Admin;
use output::Table;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(table) => {
            table.print(arguments.json);
            ExitCode::from(u8::from(table.failed()))
        }
        Err(error) => {
            eprintln!("kafka-admin: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Table, String> {
    let admin = Admin::connect(&arguments.properties(), arguments.timeout)?;
    match &arguments.subject {
        Subject::Topics(command) => topics::run(&admin, command),
        Subject::Groups(command) => groups::run(&admin, command),
        Subject::Offsets(command) => offsets::run(&admin, command),
        Subject::Configs(command) => configs::run(&admin, command),
        Subject::Acls(command) => acls::run(&admin, command),
        Subject::Records(command) => records::run(&admin, command),
        Subject::Users(command) => users::run(&admin, command),
        Subject::Cluster(command) => cluster::run(&admin, command),
    }
}
