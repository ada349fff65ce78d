use super::*;
use crate::client::oauth::testing::{Server, answer, cancel, json as json_answer};

fn chain_of(env: &[(&str, &str)]) -> Result<(String, Vec<u8>, Option<i64>), String> {
    let var = |name: &str| {
        let found = env.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let chain = Chain {
        var: &var,
        cancel: &cancel(),
        authorities: &Authorities::default(),
        region: "eu-west-1",
    };
    let got = chain.credentials()?;
    let mut secret = got.secret_key.bytes().to_vec();
    if let Some(token) = &got.session_token {
        secret.push(b'/');
        secret.extend_from_slice(token.bytes());
    }
    Ok((got.access_key_id, secret, got.expires_ms))
}

const NO_INSTANCE: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "TRUE");

const JSON: &str = r#"{"Code":"Success","AccessKeyId":"AK","SecretAccessKey":"SK","Token":"T",
    "Expiration":"2030-01-01T00:00:00Z"}"#;

fn wanted() -> Result<(String, Vec<u8>, Option<i64>), String> {
    Ok(("AK".to_owned(), b"SK/T".to_vec(), Some(1_893_456_000_000)))
}

fn file(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("aws-{name}-{}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_environment_goes_first() {
    let keys = [("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "SK")];
    assert_eq!(chain_of(&keys), Ok(("AK".to_owned(), b"SK".to_vec(), None)));
    let with = [keys[0], keys[1], ("AWS_SESSION_TOKEN", "T")];
    assert_eq!(chain_of(&with).unwrap().1, b"SK/T");
    assert!(
        chain_of(&[NO_INSTANCE])
            .unwrap_err()
            .contains("no AWS credentials")
    );
}

#[test]
fn shared_files() {
    let credentials = file(
        "credentials",
        "# x\n[other]\naws_access_key_id=NO\n[default]\naws_access_key_id = AK\n\
         aws_secret_access_key=SK==\n",
    );
    let config = file(
        "config",
        "[profile dev]\naws_access_key_id=DEV\naws_secret_access_key=SK\naws_session_token=T\n",
    );
    let files = [
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
        ("AWS_CONFIG_FILE", config.as_str()),
        NO_INSTANCE,
    ];
    let of = |profile: &'static str| chain_of(&[&files[..], &[("AWS_PROFILE", profile)]].concat());
    assert_eq!(of("").unwrap().1, b"SK==");
    assert_eq!(
        of("dev").unwrap(),
        ("DEV".to_owned(), b"SK/T".to_vec(), None)
    );
    assert!(of("other").unwrap_err().contains("other"));
    assert!(of("missing").unwrap_err().contains("missing"));
    std::fs::remove_file(credentials).unwrap();
    std::fs::remove_file(config).unwrap();
}

#[test]
fn a_shared_file_that_cannot_be_read_is_not_passed_over() {
    let folder = std::env::temp_dir();
    let folder = folder.to_str().unwrap();
    let why = chain_of(&[("AWS_SHARED_CREDENTIALS_FILE", folder), NO_INSTANCE]).unwrap_err();
    assert!(why.contains(folder), "{why}");
    let nowhere = ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    let why = chain_of(&[nowhere, NO_INSTANCE]).unwrap_err();
    assert!(why.contains("no AWS credentials"), "{why}");
}

#[test]
fn a_web_identity() {
    let token = file("identity", "tok/en\n");
    let xml = "<AssumeRoleWithWebIdentityResponse><Credentials><AccessKeyId>AK</AccessKeyId>\
               <SecretAccessKey>SK</SecretAccessKey><SessionToken>T</SessionToken>\
               <Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></X>";
    let denied = "<Error><Message>tok/en is not good</Message></Error>";
    let answers = vec![
        answer(200, "text/xml", xml),
        answer(403, "text/xml", denied),
        answer(200, "text/xml", "<a/>"),
    ];
    let server = Server::new(answers);
    let env = [
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ENDPOINT_URL_STS", server.url.as_str()),
    ];
    assert_eq!(chain_of(&env), wanted());
    let request = server.request();
    let form = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&\
                RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=librskafka&\
                WebIdentityToken=tok%2Fen";
    assert!(request.ends_with(form), "{request}");
    let error = chain_of(&env).unwrap_err();
    assert!(
        error.contains("403") && !error.contains("tok/en"),
        "{error}"
    );
    assert!(chain_of(&env).unwrap_err().contains("no credentials"));
    std::fs::remove_file(token).unwrap();
}

#[test]
fn a_container() {
    let server = Server::new(vec![
        json_answer(200, JSON),
        json_answer(404, r#"{"message":"no"}"#),
    ]);
    let url = format!("{}/v2/x", server.url);
    let env = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "word"),
    ];
    assert_eq!(chain_of(&env), wanted());
    let request = server.request();
    assert!(request.starts_with("GET /v2/x HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nAuthorization: word\r\n"), "{request}");
    let error = chain_of(&env).unwrap_err();
    assert!(error.contains("404") && !error.contains("word"), "{error}");
    let far = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/")];
    assert!(chain_of(&far).unwrap_err().contains("this machine"));
}

#[test]
fn an_instance() {
    let server = Server::new(vec![
        answer(200, "text/plain", "session"),
        answer(200, "text/plain", "a role\n"),
        json_answer(200, JSON),
        answer(200, "text/plain", "session"),
        answer(200, "text/plain", ""),
    ]);
    let url = format!("{}/", server.url);
    let env = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str())];
    assert_eq!(chain_of(&env), wanted());
    assert!(
        server
            .request()
            .starts_with("PUT /latest/api/token HTTP/1.1\r\n")
    );
    let roles = server.request();
    assert!(
        roles.starts_with("GET /latest/meta-data/iam/security-credentials/ "),
        "{roles}"
    );
    assert!(
        roles.contains("\r\nX-aws-ec2-metadata-token: session\r\n"),
        "{roles}"
    );
    let role = server.request();
    assert!(
        role.starts_with("GET /latest/meta-data/iam/security-credentials/a%20role "),
        "{role}"
    );
    assert!(chain_of(&env).unwrap_err().contains("no role"));
    let nobody = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")];
    assert!(
        chain_of(&nobody)
            .unwrap_err()
            .contains("no AWS credentials")
    );
}
