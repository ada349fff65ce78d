//! DescribeUserScramCredentials and AlterUserScramCredentials (KIP-554): the controller does
//! them, and answers for each user in an order of its own, which is kept.
//!
//! A password does not leave the client: the broker gets the salt and the salted password
//! (RFC 5802), made here when the operation begins. The password's bytes are taken as they
//! are, without SASLprep, as librdkafka and the Java client do it. Copies of passwords and of
//! salted ones are wiped; what is written to a connection is not.

use std::collections::HashMap;

use bytes::Bytes;
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use kafka_protocol::messages::describe_user_scram_credentials_request::UserName;
use kafka_protocol::messages::describe_user_scram_credentials_response::DescribeUserScramCredentialsResult;
use kafka_protocol::messages::{
    AlterUserScramCredentialsRequest, ApiKey, DescribeUserScramCredentialsRequest, RequestKind,
    ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use super::Request;
use super::args::ScramAlteration;
use super::results::{AdminResult, ScramCredential, ScramUser, ScramUserResult, broker_error};
use super::single::{SingleRequest, class_of, target_of, unexpected};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::secret::Secret;
use crate::broker::Response;
use crate::coordinator::Target;
use crate::coordinator::target::ErrorClass;
use crate::protocol::scram::ScramHash;
use crate::protocol::strings::text;

/// Without users: all of them.
pub fn describe(users: Vec<String>, request: &Request<'_>) -> SingleRequest {
    let api = ApiKey::DescribeUserScramCredentials;
    // A user who is named twice is told once.
    let asked: HashMap<String, usize> = users.iter().map(|user| (user.clone(), 1)).collect();
    let build = move |_| {
        let names = users.iter().map(|u| UserName::default().with_name(text(u)));
        let names = (!users.is_empty()).then(|| names.collect());
        RequestKind::DescribeUserScramCredentials(
            DescribeUserScramCredentialsRequest::default().with_users(names),
        )
    };
    let target = target_of(request.options, Target::Controller);
    SingleRequest::new(target, api, build, class, move |kind| {
        let ResponseKind::DescribeUserScramCredentials(response) = kind else {
            return Err(unexpected(api));
        };
        if let Some(error) = broker_error(response.error_code.into(), &response.error_message) {
            return Err(error);
        }
        let names: Vec<&str> = response.results.iter().map(|r| &*r.user).collect();
        let missing = if asked.is_empty() {
            Vec::new()
        } else {
            check_users(api, &asked, &names)?
        };
        let missing = missing.into_iter().map(|user| ScramUser {
            user: c_string(user),
            error: left_out(),
            credentials: Vec::new(),
        });
        let described = response.results.iter().map(described);
        Ok(AdminResult::ScramUsers(described.chain(missing).collect()))
    })
}

/// Computes the salted passwords, which is what SCRAM makes slow on purpose, on the thread
/// that calls: no other work has to wait for it.
pub fn alter(
    alterations: &[&ScramAlteration],
    request: &Request<'_>,
) -> Result<SingleRequest, KafkaError> {
    let api = ApiKey::AlterUserScramCredentials;
    // Kafka refuses a user's second alteration; another broker may answer for each.
    let mut asked: HashMap<String, usize> = HashMap::new();
    for alteration in alterations {
        *asked.entry(alteration.user().to_owned()).or_default() += 1;
    }
    let ready: Vec<Ready> = alterations
        .iter()
        .map(|alteration| ready(alteration))
        .collect::<Result<_, _>>()?;
    let build = move |_| RequestKind::AlterUserScramCredentials(wire_request(&ready));
    let target = target_of(request.options, Target::Controller);
    Ok(SingleRequest::new(target, api, build, class, move |kind| {
        let ResponseKind::AlterUserScramCredentials(response) = kind else {
            return Err(unexpected(api));
        };
        let names: Vec<&str> = response.results.iter().map(|r| &*r.user).collect();
        let missing = check_users(api, &asked, &names)?;
        let missing = missing.into_iter().map(|user| ScramUserResult {
            user: c_string(user),
            error: left_out(),
        });
        let results = response.results.iter().map(|r| ScramUserResult {
            user: c_string(&r.user),
            error: outcome(r.error_code, &r.error_message),
        });
        Ok(AdminResult::ScramAltered(results.chain(missing).collect()))
    }))
}

/// An alteration as it is sent.
enum Ready {
    Upsert {
        user: StrBytes,
        mechanism: i8,
        iterations: i32,
        salt: Bytes,
        salted_password: Secret,
    },
    Delete {
        user: StrBytes,
        mechanism: i8,
    },
}

fn ready(alteration: &ScramAlteration) -> Result<Ready, KafkaError> {
    // Kafka knows none by the number 0, as it knows none that does not fit.
    let wire = |mechanism: i32| i8::try_from(mechanism).unwrap_or(0);
    match alteration {
        ScramAlteration::Upsert {
            user,
            mechanism,
            iterations,
            password,
            salt,
        } => {
            let salted = salted_password(*mechanism, password.bytes(), salt, *iterations);
            Ok(Ready::Upsert {
                user: text(user),
                mechanism: wire(*mechanism),
                iterations: *iterations,
                salt: Bytes::copy_from_slice(salt),
                salted_password: salted.ok_or_else(|| {
                    let fault = format!("{mechanism} is the number of no SCRAM mechanism");
                    KafkaError::new(ErrorCode::_INVALID_ARG, fault)
                })?,
            })
        }
        ScramAlteration::Delete { user, mechanism } => Ok(Ready::Delete {
            user: text(user),
            mechanism: wire(*mechanism),
        }),
    }
}

/// `None` for a mechanism that there is not, and without iterations.
fn salted_password(
    mechanism: i32,
    password: &[u8],
    salt: &[u8],
    iterations: i32,
) -> Option<Secret> {
    let iterations = u32::try_from(iterations).ok().filter(|&count| count > 0)?;
    let hash = ScramHash::of_number(mechanism)?;
    Some(hash.salted_password(password, salt, iterations))
}

fn wire_request(alterations: &[Ready]) -> AlterUserScramCredentialsRequest {
    let mut request = AlterUserScramCredentialsRequest::default();
    for alteration in alterations {
        match alteration {
            Ready::Upsert {
                user,
                mechanism,
                iterations,
                salt,
                salted_password,
            } => request.upsertions.push(
                ScramCredentialUpsertion::default()
                    .with_name(user.clone())
                    .with_mechanism(*mechanism)
                    .with_iterations(*iterations)
                    .with_salt(salt.clone())
                    .with_salted_password(Bytes::copy_from_slice(salted_password.bytes())),
            ),
            Ready::Delete { user, mechanism } => request.deletions.push(
                ScramCredentialDeletion::default()
                    .with_name(user.clone())
                    .with_mechanism(*mechanism),
            ),
        }
    }
    request
}

/// Which users a response leaves out; an error for one that was not asked for, and for one
/// with more results than were `asked` for.
fn check_users<'a>(
    api: ApiKey,
    asked: &'a HashMap<String, usize>,
    names: &[&str],
) -> Result<Vec<&'a str>, KafkaError> {
    let bad = |what: String| Err(KafkaError::new(ErrorCode::_BAD_MSG, what));
    let mut told: HashMap<&str, usize> = HashMap::new();
    for name in names {
        let told = told.entry(name).or_default();
        *told += 1;
        match asked.get(*name) {
            None => {
                return bad(format!(
                    "{api:?} was answered for user {name:?}, whom it did not name"
                ));
            }
            Some(limit) if *told > *limit => {
                return bad(format!("{api:?} was answered too often for user {name:?}"));
            }
            Some(_) => {}
        }
    }
    let mut missing: Vec<&str> = asked.keys().map(String::as_str).collect();
    missing.retain(|name| !told.contains_key(name));
    missing.sort_unstable();
    Ok(missing)
}

fn left_out() -> KafkaError {
    KafkaError::new(
        ErrorCode::_BAD_MSG,
        "The broker's answer leaves this user out",
    )
}

/// Users have an error without a failure, too: `NO_ERROR`.
fn outcome(code: i16, message: &Option<StrBytes>) -> KafkaError {
    broker_error(code.into(), message).unwrap_or_else(|| ErrorCode::NO_ERROR.into())
}

fn described(result: &DescribeUserScramCredentialsResult) -> ScramUser {
    let credentials = result.credential_infos.iter().map(|info| ScramCredential {
        mechanism: info.mechanism.into(),
        iterations: info.iterations,
    });
    ScramUser {
        user: c_string(&result.user),
        error: outcome(result.error_code, &result.error_message),
        credentials: credentials.collect(),
    }
}

fn class(response: &Response) -> ErrorClass {
    let codes: Vec<i16> = match &response.kind {
        Some(ResponseKind::DescribeUserScramCredentials(r)) => vec![r.error_code],
        Some(ResponseKind::AlterUserScramCredentials(r)) => {
            r.results.iter().map(|r| r.error_code).collect()
        }
        _ => Vec::new(),
    };
    class_of(codes)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::alter_user_scram_credentials_response::AlterUserScramCredentialsResult;
    use kafka_protocol::messages::describe_user_scram_credentials_response::CredentialInfo;
    use kafka_protocol::messages::{
        AlterUserScramCredentialsResponse, DescribeUserScramCredentialsResponse,
    };

    use super::*;
    use crate::admin::options::{AdminOp, AdminOptions};
    use crate::admin::single::testing::{answered, response};
    use crate::coordinator::fan_out::FanOut;

    /// The numbers of the mechanisms, on the wire and for C.
    const SHA_256: i32 = 1;
    const SHA_512: i32 = 2;

    /// "W22ZaJ0SNY7soEsUEjb6gQ==", the salt of RFC 7677's example.
    const SALT: [u8; 16] = [
        0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa,
        0x81,
    ];

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// By Python's `hashlib.pbkdf2_hmac`.
    #[test]
    fn salted_passwords_by_the_mechanisms_number() {
        let salted = salted_password(SHA_512, b"pencil", &SALT, 4096).unwrap();
        assert_eq!(
            hex(salted.bytes()),
            "f16efe1be67f1d09502ebd5ed9262fddffba5a377ab4f0b687e5ed5ba0f50686\
             b8a4ae166476da8ab3b951d2fa9238b63998f45461bc33a464814949cec9631d"
        );
        assert!(salted_password(3, b"pencil", &SALT, 4096).is_none());
        assert!(salted_password(SHA_512, b"pencil", &SALT, 0).is_none());
    }

    fn upsertion(user: &str, mechanism: i32) -> ScramAlteration {
        ScramAlteration::Upsert {
            user: user.into(),
            mechanism,
            iterations: 2,
            password: Secret::new(b"pencil"),
            salt: SALT.to_vec(),
        }
    }

    fn deletion(user: &str) -> ScramAlteration {
        ScramAlteration::Delete {
            user: user.into(),
            mechanism: 9,
        }
    }

    fn options() -> AdminOptions {
        AdminOptions::new(AdminOp::ANY)
    }

    fn begin_alter(alterations: &[ScramAlteration]) -> Result<SingleRequest, KafkaError> {
        let alterations: Vec<&ScramAlteration> = alterations.iter().collect();
        alter(&alterations, &Request::new(&options(), 1000))
    }

    fn begin_describe(users: &[&str]) -> SingleRequest {
        let users = users.iter().map(|&user| user.to_owned()).collect();
        describe(users, &Request::new(&options(), 1000))
    }

    fn user_result(user: &'static str, code: i16) -> AlterUserScramCredentialsResult {
        AlterUserScramCredentialsResult::default()
            .with_user(StrBytes::from_static_str(user))
            .with_error_code(code)
            .with_error_message(None)
    }

    fn altered(users: &[(&'static str, i16)]) -> AlterUserScramCredentialsResponse {
        let results = users.iter().map(|(user, code)| user_result(user, *code));
        AlterUserScramCredentialsResponse::default().with_results(results.collect())
    }

    #[test]
    fn no_password_is_sent() {
        let alterations = [upsertion("a", SHA_256), deletion("b")];
        let mut operation = begin_alter(&alterations).unwrap();
        let part = operation.split().remove(0);
        assert_eq!(part.target, Target::Controller);
        let RequestKind::AlterUserScramCredentials(request) = (part.build)(0) else {
            panic!("another request");
        };
        let sent = &request.upsertions[0];
        assert_eq!((&*sent.name, sent.mechanism, sent.iterations), ("a", 1, 2));
        assert_eq!(*sent.salt, SALT);
        let salted = salted_password(SHA_256, b"pencil", &SALT, 2).unwrap();
        assert_eq!(*sent.salted_password, *salted.bytes());
        assert_eq!(&*request.deletions[0].name, "b");
        assert_eq!(request.deletions[0].mechanism, 9);
        assert!(!format!("{alterations:?}").contains(&format!("{:?}", b"pencil")));
        let error = begin_alter(&[upsertion("a", 3)]).map(drop).unwrap_err();
        assert_eq!(error.code, ErrorCode::_INVALID_ARG);
    }

    #[test]
    fn each_user_has_an_error_in_the_brokers_order() {
        let operation = begin_alter(&[deletion("a"), deletion("b"), deletion("c")]).unwrap();
        let answer = altered(&[("b", 91), ("a", 0)]);
        let Ok(AdminResult::ScramAltered(results)) = answered(operation, answer) else {
            panic!("no result");
        };
        let told: Vec<_> = results
            .iter()
            .map(|r| (r.user.to_str().unwrap(), r.error.code))
            .collect();
        assert_eq!(
            told,
            [
                ("b", ErrorCode::RESOURCE_NOT_FOUND),
                ("a", ErrorCode::NO_ERROR),
                ("c", ErrorCode::_BAD_MSG),
            ]
        );
    }

    #[test]
    fn users_that_nobody_asked_for_are_bad() {
        let bad = |outcome: Result<AdminResult, KafkaError>| {
            assert_eq!(outcome.unwrap_err().code, ErrorCode::_BAD_MSG);
        };
        let one = || begin_alter(&[deletion("a")]).unwrap();
        bad(answered(one(), altered(&[("b", 0)])));
        bad(answered(one(), altered(&[("a", 0), ("a", 0)])));
        let two = begin_alter(&[deletion("a"), deletion("b")]).unwrap();
        bad(answered(two, altered(&[("a", 0), ("a", 0)])));
        bad(answered(
            one(),
            DescribeUserScramCredentialsResponse::default(),
        ));
        let both = begin_alter(&[upsertion("a", SHA_256), upsertion("a", SHA_512)]).unwrap();
        assert!(answered(both, altered(&[("a", 0), ("a", 0)])).is_ok());
    }

    #[test]
    fn descriptions_of_some_users_and_of_all() {
        let user = |name: &'static str| {
            DescribeUserScramCredentialsResult::default()
                .with_user(StrBytes::from_static_str(name))
                .with_error_message(None)
                .with_credential_infos(vec![
                    CredentialInfo::default()
                        .with_mechanism(2)
                        .with_iterations(4096),
                ])
        };
        let answer = |users: Vec<_>| {
            DescribeUserScramCredentialsResponse::default()
                .with_error_message(None)
                .with_results(users)
        };
        let mut all = begin_describe(&[]);
        let part = all.split().remove(0);
        let RequestKind::DescribeUserScramCredentials(request) = (part.build)(0) else {
            panic!("another request");
        };
        assert_eq!(request.users, None);
        let Ok(AdminResult::ScramUsers(users)) = answered(all, answer(vec![user("x")])) else {
            panic!("no result");
        };
        let credential = ScramCredential {
            mechanism: 2,
            iterations: 4096,
        };
        assert_eq!(users[0].credentials, [credential]);
        assert_eq!(users[0].error.code, ErrorCode::NO_ERROR);

        let some = begin_describe(&["x", "y"]);
        let Ok(AdminResult::ScramUsers(users)) = answered(some, answer(vec![user("x")])) else {
            panic!("no result");
        };
        assert_eq!(users[1].user.as_c_str(), c"y");
        assert_eq!(users[1].error.code, ErrorCode::_BAD_MSG);
        assert!(answered(begin_describe(&["y"]), answer(vec![user("x")])).is_err());
        let twice = answer(vec![user("x"), user("x")]);
        assert!(answered(begin_describe(&["x"]), twice).is_err());
    }

    #[test]
    fn an_error_of_the_whole_is_the_events() {
        let answer = DescribeUserScramCredentialsResponse::default()
            .with_error_code(31)
            .with_error_message(Some(StrBytes::from_static_str("not you")));
        let error = answered(begin_describe(&[]), answer).unwrap_err();
        assert_eq!(error.code, ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
        assert_eq!(error.text, "not you");
        let moved = class(&response(altered(&[("a", 0), ("b", 41)])));
        assert_eq!(moved, ErrorClass::Moved);
        assert_eq!(class(&response(altered(&[("a", 91)]))), ErrorClass::Final);
    }
}
