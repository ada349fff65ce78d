use super::*;

const MS: Duration = Duration::from_millis(1);

fn times() -> Times {
    Times {
        setup: 3000 * MS,
        api_versions: 1000 * MS,
    }
}

fn versions() -> Arc<ApiVersions> {
    Arc::default()
}

fn new() -> (Setup, Instant) {
    let now = Instant::now();
    (Setup::new(now, times(), None), now)
}

fn on(setup: &mut Setup, now: Instant, event: Event) -> Vec<Action> {
    let mut actions = Vec::new();
    setup.on_event(now, event, &mut actions);
    actions
}

/// One that has asked at the newest version.
fn asked() -> (Setup, Instant) {
    let (mut setup, now) = new();
    let deadline = now + times().api_versions;
    assert_eq!(
        on(&mut setup, now, Event::Connected(None)),
        [Action::AskVersions {
            version: API_VERSIONS,
            deadline
        }]
    );
    (setup, now)
}

fn failure(actions: &[Action]) -> String {
    match actions {
        [Action::Fail(error)] => {
            assert_eq!(error.code(), ErrorCode::_TRANSPORT);
            error.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn versions_are_asked_for_and_lead_to_ready() {
    let (mut setup, now) = asked();
    let told = on(
        &mut setup,
        now,
        Event::Versions(Answer::Versions(versions())),
    );
    assert_eq!(told, [Action::Ready(versions())]);
    assert_eq!(setup.deadline(), None);
}

#[test]
fn known_versions_are_not_asked_for() {
    let (mut setup, now) = new();
    let told = on(&mut setup, now, Event::Connected(Some(versions())));
    assert_eq!(told, [Action::Ready(versions())]);
}

#[test]
fn an_older_broker_is_asked_once_more_at_version_0() {
    let refused = || Answer::Refused(ErrorCode::UNSUPPORTED_VERSION);
    for first in [refused(), Answer::Unreadable("short".into())] {
        let (mut setup, now) = asked();
        let later = now + 500 * MS;
        let told = on(&mut setup, later, Event::Versions(first));
        let deadline = later + times().api_versions;
        let version = 0;
        assert_eq!(told, [Action::AskVersions { version, deadline }]);
        let told = on(&mut setup, later, Event::Versions(refused()));
        assert!(failure(&told).starts_with("ApiVersions was refused: "));
    }
}

#[test]
fn another_refusal_ends_it() {
    let (mut setup, now) = asked();
    let refused = Answer::Refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    failure(&on(&mut setup, now, Event::Versions(refused)));
    assert_eq!(setup.state(), StateName::Down);
}

#[test]
fn an_answer_to_something_else_ends_it() {
    let (mut setup, now) = asked();
    let told = on(
        &mut setup,
        now,
        Event::Versions(Answer::Other("odd".into())),
    );
    assert_eq!(failure(&told), "ApiVersions failed: odd");
}

#[test]
fn an_unreadable_answer_at_version_0_ends_it() {
    let (mut setup, now) = asked();
    let short = || Event::Versions(Answer::Unreadable("short".into()));
    assert_eq!(on(&mut setup, now, short()).len(), 1);
    assert_eq!(
        failure(&on(&mut setup, now, short())),
        "ApiVersions failed: short"
    );
}

#[test]
fn a_peer_that_cannot_be_reached_has_its_time() {
    let (mut setup, now) = new();
    assert_eq!(setup.deadline(), Some(now + 3000 * MS));
    assert!(on(&mut setup, now + 2999 * MS, Event::Time).is_empty());
    let told = on(&mut setup, now + 3000 * MS, Event::Time);
    assert_eq!(
        failure(&told),
        "Connection setup timed out in state CONNECT"
    );
}

#[test]
fn a_peer_that_says_nothing_has_its_time() {
    let (mut setup, now) = asked();
    assert!(on(&mut setup, now + 999 * MS, Event::Time).is_empty());
    let told = on(&mut setup, now + 1000 * MS, Event::Time);
    assert_eq!(
        failure(&told),
        "Connection setup timed out in state APIVERSION_QUERY"
    );
}

#[test]
fn the_whole_bounds_a_step() {
    let now = Instant::now();
    let short = Times {
        setup: 200 * MS,
        api_versions: 10_000 * MS,
    };
    let mut setup = Setup::new(now, short, None);
    on(&mut setup, now, Event::Connected(None));
    assert_eq!(setup.deadline(), Some(now + 200 * MS));
}

#[test]
fn what_comes_after_the_end_does_nothing() {
    for end in [Answer::Versions(versions()), Answer::Other("odd".into())] {
        let (mut setup, now) = asked();
        on(&mut setup, now, Event::Versions(end));
        let later = now + 60_000 * MS;
        for event in [
            Event::Time,
            Event::Connected(None),
            Event::Versions(Answer::Versions(versions())),
        ] {
            assert!(on(&mut setup, later, event).is_empty());
        }
    }
}

#[test]
fn an_answer_before_the_question_does_nothing() {
    let (mut setup, now) = new();
    assert!(
        on(
            &mut setup,
            now,
            Event::Versions(Answer::Versions(versions()))
        )
        .is_empty()
    );
    assert_eq!(setup.state(), StateName::Connect);
}

/// A client that logs in, in two turns, to a broker of that age (see `broker_of_age`).
fn logging_in(age: u8, name: &'static str) -> (Setup, Instant, Vec<Action>) {
    let now = Instant::now();
    let identity = Identity {
        login: Arc::new(sim::Echo { name, turns: 2 }),
        host: "broker".into(),
    };
    let mut setup = Setup::new(now, times(), Some(identity));
    let told = on(&mut setup, now, Event::Negotiating);
    assert!(told.is_empty());
    assert_eq!(setup.state(), StateName::SslHandshake);
    let known = Some(sim::broker_of_age(age));
    let told = on(&mut setup, now, Event::Connected(known));
    (setup, now, told)
}

fn challenge(byte: u8) -> Challenge {
    Challenge {
        code: ErrorCode::NO_ERROR,
        message: None,
        bytes: vec![byte],
        lifetime: 10_000 * MS,
    }
}

fn enabled(setup: &mut Setup, now: Instant) -> Vec<Action> {
    on(
        setup,
        now,
        Event::Mechanisms(Ok((ErrorCode::NO_ERROR, Vec::new()))),
    )
}

fn answered(setup: &mut Setup, now: Instant, byte: u8) -> Vec<Action> {
    on(setup, now, Event::Challenge(Ok(challenge(byte))))
}

fn auth_failure(actions: &[Action]) -> String {
    match actions {
        [Action::Fail(error)] => {
            assert_eq!(error.code(), ErrorCode::_AUTHENTICATION);
            error.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_login_names_its_mechanism_and_takes_its_turns() {
    let (mut setup, now, told) = logging_in(2, "PLAIN");
    let deadline = now + times().setup;
    assert_eq!(
        told,
        [Action::SaslHandshake {
            mechanism: "PLAIN".into(),
            version: 1,
            deadline
        }]
    );
    assert_eq!(setup.state(), StateName::AuthHandshake);
    let turn = |byte| {
        [Action::SaslAuthenticate {
            version: 2,
            bytes: Zeroizing::new(vec![byte]),
            deadline,
        }]
    };
    assert_eq!(enabled(&mut setup, now), turn(1));
    assert_eq!(setup.state(), StateName::AuthReq);
    assert_eq!(answered(&mut setup, now, 1), turn(2));
    let told = answered(&mut setup, now, 2);
    assert_eq!(told, [Action::Ready(sim::broker_of_age(2))]);
    assert_eq!(setup.deadline(), Some(now + 9_000 * MS));
}

#[test]
fn a_session_is_renewed_before_it_ends() {
    let (mut setup, now, _) = logging_in(2, "PLAIN");
    enabled(&mut setup, now);
    answered(&mut setup, now, 1);
    answered(&mut setup, now, 2);
    assert!(on(&mut setup, now + 8_999 * MS, Event::Time).is_empty());
    let then = now + 9_000 * MS;
    let told = on(&mut setup, then, Event::Time);
    assert!(matches!(
        told.as_slice(),
        [Action::Park, Action::SaslHandshake { .. }]
    ));
    assert_eq!(setup.state(), StateName::Reauth);
    assert_eq!(setup.deadline(), Some(then + times().setup));
    enabled(&mut setup, then);
    answered(&mut setup, then, 1);
    assert_eq!(answered(&mut setup, then, 2), [Action::Resume]);
    assert_eq!(setup.deadline(), Some(then + 9_000 * MS));
}

#[test]
fn a_handshake_that_cannot_be_read_ends_it() {
    let (mut setup, now, _) = logging_in(2, "PLAIN");
    let told = on(&mut setup, now, Event::Challenge(Err("short".into())));
    assert!(auth_failure(&told).contains("SaslHandshake failed: short"));
}

#[test]
fn an_older_broker_gets_tokens_alone() {
    let (mut setup, now, told) = logging_in(1, "PLAIN");
    assert!(matches!(
        told.as_slice(),
        [Action::SaslHandshake { version: 0, .. }]
    ));
    assert!(!setup.awaits_token());
    let told = enabled(&mut setup, now);
    assert_eq!(told, [Action::SendToken(Zeroizing::new(vec![1]))]);
    assert!(setup.awaits_token());
    assert_eq!(setup.state(), StateName::AuthLegacy);
}

#[test]
fn the_oldest_brokers_know_gssapi_alone() {
    let (_, _, told) = logging_in(0, "GSSAPI");
    assert_eq!(told, [Action::SendToken(Zeroizing::new(vec![1]))]);
    let (_, _, told) = logging_in(0, "PLAIN");
    assert!(auth_failure(&told).contains("too old for PLAIN"));
}

#[test]
fn a_mechanism_that_is_not_enabled_is_named_with_those_that_are() {
    let (mut setup, now, _) = logging_in(2, "PLAIN");
    let known = vec!["GSSAPI".into(), "SCRAM-SHA-256".into()];
    let answer = Ok((ErrorCode::UNSUPPORTED_SASL_MECHANISM, known));
    let text = auth_failure(&on(&mut setup, now, Event::Mechanisms(answer)));
    assert!(
        text.contains("PLAIN on this listener, but GSSAPI, SCRAM-SHA-256"),
        "{text}"
    );
}

#[test]
fn a_refusal_is_told_in_the_brokers_words_on_one_line() {
    let (mut setup, now, _) = logging_in(2, "PLAIN");
    enabled(&mut setup, now);
    let refused = Challenge {
        code: ErrorCode::SASL_AUTHENTICATION_FAILED,
        message: Some("Invalid\nusername".into()),
        ..challenge(1)
    };
    let text = auth_failure(&on(&mut setup, now, Event::Challenge(Ok(refused))));
    assert_eq!(text, "SASL authentication error: Invalid username");
}

#[test]
fn a_broker_that_asks_without_end_is_left() {
    let now = Instant::now();
    let identity = Identity {
        login: Arc::new(sim::Echo {
            name: "PLAIN",
            turns: 200,
        }),
        host: "broker".into(),
    };
    let mut setup = Setup::new(now, times(), Some(identity));
    on(
        &mut setup,
        now,
        Event::Connected(Some(sim::broker_of_age(2))),
    );
    let mut told = enabled(&mut setup, now);
    let mut turns = 0;
    while !matches!(told.as_slice(), [Action::Fail(_)]) {
        turns += 1;
        told = answered(&mut setup, now, turns);
    }
    assert!(turns < 20 && auth_failure(&told).contains("keeps asking"));
}

#[test]
fn a_login_that_is_not_answered_has_its_time() {
    let (mut setup, now, _) = logging_in(2, "PLAIN");
    enabled(&mut setup, now);
    let told = on(&mut setup, now + times().setup, Event::Time);
    assert_eq!(
        failure(&told),
        "Connection setup timed out in state AUTH_REQ"
    );
}
