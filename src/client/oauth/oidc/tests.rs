use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::base::conf::Conf;
use crate::client::oauth::http::Patience;
use crate::client::oauth::testing::{Server, answer, cancel, json as json_answer};

fn provider(url: &str, set: &[(&str, &str)]) -> Provider {
    let mut conf = Conf::new();
    let url = ("token.endpoint.url", url);
    for (name, value) in set.iter().chain([&url]) {
        conf.set(&format!("sasl.oauthbearer.{name}"), Some(value))
            .unwrap();
    }
    Provider::new(&conf.global)
}

const CLIENT: [(&str, &str); 2] = [("client.id", "me"), ("client.secret", "hunter2")];

fn with_client(url: &str, more: &[(&str, &str)]) -> Provider {
    provider(url, &[&CLIENT, more].concat())
}

fn jwt(payload: &str) -> String {
    format!("h.{}.s", URL_SAFE_NO_PAD.encode(payload))
}

fn good() -> String {
    let token = jwt(r#"{"exp":4000000000,"sub":"subject","azp":"party"}"#);
    json_answer(
        200,
        &format!(r#"{{"access_token":"{token}","expires_in":5}}"#),
    )
}

fn failure(answers: Vec<String>) -> String {
    let server = Server::new(answers);
    with_client(&server.url, &[]).fetch(&cancel()).unwrap_err()
}

#[test]
fn client_credentials() {
    let server = Server::new(vec![good()]);
    let set = [("scope", "a%20b c&d"), ("extensions", "one=1, two=2")];
    let token = with_client(&format!("{}/token?x", server.url), &set)
        .fetch(&cancel())
        .unwrap();
    assert_eq!(
        (token.principal(), token.expires_at_ms()),
        ("subject", 4_000_000_000_000)
    );
    assert!(token.value().bytes().starts_with(b"h."));
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(token.extensions(), [pair("one", "1"), pair("two", "2")]);

    let request = server.request();
    assert!(
        request.starts_with("POST /token?x HTTP/1.1\r\n"),
        "{request}"
    );
    for part in [
        "\r\nAuthorization: Basic bWU6aHVudGVyMg==\r\n",
        "\r\nAccept: application/json\r\n",
        "\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        "\r\n\r\ngrant_type=client_credentials&scope=a%20b%20c%26d",
    ] {
        assert!(request.contains(part), "{part:?} in {request}");
    }
}

#[test]
fn the_principal_is_in_the_claim_that_is_named() {
    let server = Server::new(vec![good()]);
    let token = with_client(&server.url, &[("sub.claim.name", "azp")]).fetch(&cancel());
    assert_eq!(token.unwrap().principal(), "party");
}

#[test]
fn what_is_no_token_is_told() {
    let token =
        |payload: &str| json_answer(200, &format!(r#"{{"access_token":"{}"}}"#, jwt(payload)));
    for (answers, want) in [
        (json_answer(200, "{}"), "access_token"),
        (json_answer(200, ""), "not JSON"),
        (json_answer(200, "{"), "not JSON"),
        (json_answer(200, r#"{"access_token":5}"#), "access_token"),
        (json_answer(200, r#"{"access_token":"abc"}"#), "JWT"),
        (answer(200, "text/html", "<html>"), "text/html"),
        (answer(302, "text/html", ""), "text/html"),
        (token(r#"{"sub":"a"}"#), "\"exp\""),
        (token(r#"{"exp":4000000000}"#), "\"sub\""),
        ("garbage".to_owned(), "not HTTP"),
    ] {
        let got = failure(vec![answers.clone()]);
        assert!(got.contains(want), "{answers}: {got}");
    }
}

/// That is for who sets it to see.
#[test]
fn an_expired_token_is_fetched() {
    let token = jwt(r#"{"exp":1000,"sub":"a"}"#);
    let server = Server::new(vec![json_answer(
        200,
        &format!(r#"{{"access_token":"{token}"}}"#),
    )]);
    let token = with_client(&server.url, &[]).fetch(&cancel()).unwrap();
    assert!(token.has_expired(1_000_001));
}

#[test]
fn refusals_tell_the_servers_reason_and_no_secret() {
    let body = r#"{"error":"invalid_client","error_description":"hunter2 is\u0007 wrong"}"#;
    let got = failure(vec![json_answer(401, body)]);
    assert!(
        got.starts_with("http://127.0.0.1:")
            && got.ends_with(": HTTP status 401: invalid_client: … is  wrong"),
        "{got}"
    );
    let got = failure(vec![answer(
        403,
        "text/plain",
        &"no bWU6aHVudGVyMg== ".repeat(1000),
    )]);
    assert!(
        got.contains(": HTTP status 403: no … no") && got.len() < 500,
        "{got}"
    );
    let got = failure(vec![answer(404, "", "")]);
    assert!(
        got.ends_with(": HTTP status 404, without a reason"),
        "{got}"
    );
}

#[test]
fn large_answers() {
    let token = jwt(&format!(
        r#"{{"exp":4000000000,"sub":"a","x":"{}"}}"#,
        "y".repeat(600_000)
    ));
    let body = |token: &str| json_answer(200, &format!(r#"{{"access_token":"{token}"}}"#));
    let server = Server::new(vec![body(&token)]);
    let got = with_client(&server.url, &[]).fetch(&cancel()).unwrap();
    assert_eq!(got.value().bytes().len(), token.len());
    let got = failure(vec![body(&"x".repeat(1024 * 1024))]);
    assert!(got.contains("too large"), "{got}");
}

#[test]
fn nobody_there() {
    let url = Server::new(Vec::new()).url;
    thread::sleep(Duration::from_millis(50));
    let got = with_client(&url, &[]).fetch(&cancel()).unwrap_err();
    assert!(got.contains("refused"), "{got}");
    for (url, want) in [
        ("nonsense", "scheme"),
        ("ftp://h/", "ftp"),
        ("http://", "host"),
    ] {
        let got = with_client(url, &[]).fetch(&cancel()).unwrap_err();
        assert!(
            got.contains("token.endpoint.url") && got.contains(want),
            "{got}"
        );
    }
}

fn http() -> Http {
    Http {
        authorities: Authorities::default(),
        cancel: cancel(),
        proxies: false,
    }
}

fn patience(millis: u64) -> Patience {
    Patience {
        timeout: Duration::from_millis(millis),
        retries: 2,
        backoff: Duration::from_millis(20),
    }
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    let busy = || json_answer(503, "{}");
    let ask = |answers: Vec<String>| {
        let server = Server::new(answers);
        let (url, request) = with_client(&server.url, &[]).request().unwrap();
        http()
            .send(&url, &request, patience(5000))
            .map(|r| r.status)
            .map_err(|e| e.status)
    };
    assert_eq!(ask(vec![busy(), busy(), good()]), Ok(200));
    assert_eq!(ask(vec![busy(), busy(), busy(), good()]), Err(Some(503)));
    assert_eq!(ask(vec![json_answer(400, "{}"), good()]), Err(Some(400)));
}

#[test]
fn a_server_that_is_silent_gets_its_time_and_no_more() {
    let server = Server::new(vec![String::new()]);
    let (url, request) = with_client(&server.url, &[]).request().unwrap();
    let begun = Instant::now();
    let error = http().send(&url, &request, patience(200)).err().unwrap();
    assert!(error.text.contains("in time"), "{error}");
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_fetch_ends_with_its_client() {
    for answers in [vec![String::new()], vec![json_answer(503, "")]] {
        let server = Server::new(answers);
        let (provider, cancel) = (with_client(&server.url, &[]), cancel());
        let of_thread = cancel.clone();
        let thread = thread::spawn(move || provider.fetch(&of_thread));
        server.request();
        thread::sleep(Duration::from_millis(20));
        let begun = Instant::now();
        assert!(cancel.cancel());
        assert!(thread.join().unwrap().is_err());
        assert!(begun.elapsed() < Duration::from_secs(3));
    }
}

#[test]
fn an_assertion_from_a_file() {
    let path = std::env::temp_dir().join(format!("assertion-{}", std::process::id()));
    let set = [
        ("grant.type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion.file", path.to_str().unwrap()),
        ("scope", "a b"),
    ];
    let missing = provider("http://127.0.0.1:1/", &set)
        .fetch(&cancel())
        .unwrap_err();
    assert!(missing.contains("assertion"), "{missing}");
    std::fs::write(&path, "x.y.z\n").unwrap();
    let id_token = json_answer(
        200,
        &format!(
            r#"{{"id_token":"{}"}}"#,
            jwt(r#"{"exp":4000000000,"sub":"a"}"#)
        ),
    );
    let server = Server::new(vec![
        id_token,
        json_answer(400, r#"{"error":"x.y.z is bad"}"#),
    ]);
    let provider = provider(&server.url, &set);
    assert_eq!(provider.fetch(&cancel()).unwrap().principal(), "a");
    let request = server.request();
    let form = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=x.y.z&scope=a%20b";
    assert!(
        request.ends_with(form) && !request.contains("Authorization"),
        "{request}"
    );
    let refused = provider.fetch(&cancel()).unwrap_err();
    assert!(refused.ends_with(": HTTP status 400: … is bad"));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn azures_metadata_service() {
    let server = Server::new(vec![good()]);
    let set = [
        ("metadata.authentication.type", "azure_imds"),
        (
            "config",
            "query=api-version=2025-04-07&resource=api://x&client_id=y",
        ),
    ];
    let token = provider(&format!("{}/oauth2?a=b", server.url), &set).fetch(&cancel());
    assert_eq!(token.unwrap().principal(), "subject");
    let request = server.request();
    let line = "GET /oauth2?a=b&api-version=2025-04-07&resource=api://x&client_id=y HTTP/1.1\r\n";
    assert!(
        request.starts_with(line) && request.contains("\r\nMetadata: true\r\n"),
        "{request}"
    );
}
