//! `kafka-admin users`.

use rdkafka::capi::admin::events::*;
use rdkafka::capi::admin::scram::*;
use rdkafka::capi::types::*;
use serde_json::{Value, json};

use crate::arguments::{Mechanism, Users};
use crate::client::{Admin, array, c_string, error, string};
use crate::output::Table;

pub fn run(admin: &Admin, command: &Users) -> Result<Table, String> {
    match command {
        Users::List { users } => list(admin, users),
        Users::Set {
            user,
            mechanism,
            iterations,
        } => {
            let mut password = String::new();
            std::io::stdin()
                .read_line(&mut password)
                .map_err(|e| format!("standard input: {e}"))?;
            let password = password.trim_end_matches(['\r', '\n']);
            if password.is_empty() {
                return Err("the password on standard input is empty".into());
            }
            let user = c_string(user)?;
            // SAFETY: strings of this function's; a salt is made up.
            let change = unsafe {
                rd_kafka_UserScramCredentialUpsertion_new(
                    user.as_ptr(),
                    number(*mechanism),
                    *iterations,
                    password.as_ptr(),
                    password.len(),
                    std::ptr::null(),
                    0,
                )
            };
            alter(admin, change)
        }
        Users::Delete { user, mechanism } => {
            let user = c_string(user)?;
            // SAFETY: a string of this function's.
            let change = unsafe {
                rd_kafka_UserScramCredentialDeletion_new(user.as_ptr(), number(*mechanism))
            };
            alter(admin, change)
        }
    }
}

fn number(mechanism: Mechanism) -> rd_kafka_ScramMechanism_t {
    match mechanism {
        Mechanism::Sha256 => RD_KAFKA_SCRAM_MECHANISM_SHA_256,
        Mechanism::Sha512 => RD_KAFKA_SCRAM_MECHANISM_SHA_512,
    }
}

fn name(mechanism: rd_kafka_ScramMechanism_t) -> &'static str {
    match mechanism {
        RD_KAFKA_SCRAM_MECHANISM_SHA_256 => "SCRAM-SHA-256",
        RD_KAFKA_SCRAM_MECHANISM_SHA_512 => "SCRAM-SHA-512",
        _ => "unknown",
    }
}

fn list(admin: &Admin, users: &[String]) -> Result<Table, String> {
    let names = users
        .iter()
        .map(|u| c_string(u))
        .collect::<Result<Vec<_>, _>>()?;
    let mut pointers: Vec<_> = names.iter().map(|n| n.as_ptr()).collect();
    let mut table = Table::new(&["user", "mechanism", "iterations", "error"]);
    // SAFETY: the names live longer than the call, and the event owns the result.
    unsafe {
        let event = admin.ask(
            RD_KAFKA_ADMIN_OP_DESCRIBEUSERSCRAMCREDENTIALS.0,
            |options, queue| {
                let (users, count) = (pointers.as_mut_ptr(), pointers.len());
                rd_kafka_DescribeUserScramCredentials(admin.rk, users, count, options, queue);
            },
        )?;
        let result = rd_kafka_event_DescribeUserScramCredentials_result(event.0);
        for user in array(|n| rd_kafka_DescribeUserScramCredentials_result_descriptions(result, n))
        {
            let called = json!(string(rd_kafka_UserScramCredentialsDescription_user(user)));
            let error = table.outcome(error(rd_kafka_UserScramCredentialsDescription_error(user)));
            let count = rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(user);
            for at in 0..count {
                let info = rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(user, at);
                let mechanism = name(rd_kafka_ScramCredentialInfo_mechanism(info));
                let iterations = rd_kafka_ScramCredentialInfo_iterations(info);
                table.row([
                    called.clone(),
                    json!(mechanism),
                    json!(iterations),
                    error.clone(),
                ]);
            }
            if count == 0 {
                table.row([called, Value::Null, Value::Null, error]);
            }
        }
    }
    Ok(table)
}

fn alter(
    admin: &Admin,
    mut change: *mut rd_kafka_UserScramCredentialAlteration_t,
) -> Result<Table, String> {
    let mut table = Table::new(&["user", "error"]);
    // SAFETY: the object is this function's, and the event owns the result.
    unsafe {
        let event = admin.ask(
            RD_KAFKA_ADMIN_OP_ALTERUSERSCRAMCREDENTIALS.0,
            |options, queue| {
                rd_kafka_AlterUserScramCredentials(admin.rk, &raw mut change, 1, options, queue);
            },
        );
        rd_kafka_UserScramCredentialAlteration_destroy(change);
        let event = event?;
        let result = rd_kafka_event_AlterUserScramCredentials_result(event.0);
        for response in array(|n| rd_kafka_AlterUserScramCredentials_result_responses(result, n)) {
            let error = table.outcome(error(
                rd_kafka_AlterUserScramCredentials_result_response_error(response),
            ));
            let user = string(rd_kafka_AlterUserScramCredentials_result_response_user(
                response,
            ));
            table.row([json!(user), error]);
        }
    }
    Ok(table)
}
