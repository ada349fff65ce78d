use super::*;
use crate::base::conf::Conf;
use crate::base::secret::Secret;
use crate::client::oauth::testing::{Server, answer, cancel};

#[test]
fn the_token_of_msk_is_a_signed_url() {
    let mut credentials = Credentials {
        access_key_id: "AK".to_owned(),
        secret_key: Secret::new(b"SK"),
        session_token: Some(Secret::new(b"T")),
        expires_ms: None,
    };
    let now = 1_440_938_160_123;
    let (token, ends) = msk_token(&credentials, "eu-west-1", now);
    assert_eq!(ends, 1_440_938_160_000 + 900_000);
    let url = String::from_utf8(URL_SAFE_NO_PAD.decode(token.as_str()).unwrap()).unwrap();
    let begin = "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&\
                 X-Amz-Algorithm=AWS4-HMAC-SHA256&\
                 X-Amz-Credential=AK%2F20150830%2Feu-west-1%2Fkafka-cluster%2Faws4_request&\
                 X-Amz-Date=20150830T123600Z&X-Amz-Expires=900&X-Amz-Security-Token=T&\
                 X-Amz-SignedHeaders=host&X-Amz-Signature=";
    assert!(url.starts_with(begin), "{url}");
    assert!(url.contains("&User-Agent=librskafka%2F"), "{url}");
    credentials.expires_ms = Some(now + 5000);
    assert_eq!(msk_token(&credentials, "eu-west-1", now).1, now + 5000);
}

#[test]
fn where_the_region_comes_from() {
    let var = |name: &str| (name == "AWS_DEFAULT_REGION").then(|| "us-east-1".to_owned());
    assert_eq!(region("region=eu-west-1", &var).as_deref(), Ok("eu-west-1"));
    assert_eq!(region("", &var).as_deref(), Ok("us-east-1"));
    assert!(region("", &|_| None).unwrap_err().contains("AWS_REGION"));
    assert!(region("region=a.example/", &var).is_err());
}

fn web_identity(config: &str) -> WebIdentity {
    let mut conf = Conf::new();
    conf.set("sasl.oauthbearer.config", Some(config)).unwrap();
    WebIdentity::new(&conf.global)
}

#[test]
fn sts_gives_a_token_for_an_audience() {
    let payload = URL_SAFE_NO_PAD.encode(r#"{"exp":4000000000,"sub":"arn"}"#);
    let xml = format!("<R><WebIdentityToken>h.{payload}.s</WebIdentityToken></R>");
    let server = Server::new(vec![answer(200, "text/xml", &xml)]);
    let env = [
        ("AWS_ACCESS_KEY_ID", "AK"),
        ("AWS_SECRET_ACCESS_KEY", "SK"),
        ("AWS_SESSION_TOKEN", "T"),
    ];
    let var = |name: &str| {
        let found = env.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let cancel = cancel();
    let chain = Chain {
        var: &var,
        cancel: &cancel,
        authorities: &Authorities::default(),
        region: "eu-west-1",
    };
    let config = format!(
        "region=eu-west-1,audience=https://a,tag_team=x y,sts_endpoint={}",
        server.url
    );
    let token = web_identity(&config)
        .ask(&chain, 1_440_938_160_000)
        .unwrap();
    assert_eq!(
        (token.principal(), token.expires_at_ms()),
        ("arn", 4_000_000_000_000)
    );
    let request = server.request();
    for part in [
        "\r\nX-Amz-Security-Token: T\r\n",
        "\r\nX-Amz-Date: 20150830T123600Z\r\n",
        "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AK/20150830/eu-west-1/sts/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=",
        "\r\n\r\nAction=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=https%3A%2F%2Fa&\
         DurationSeconds=300&SigningAlgorithm=ES384&Tags.member.1.Key=team&Tags.member.1.Value=x%20y",
    ] {
        assert!(request.contains(part), "{part:?} in {request}");
    }
    let error = web_identity("region=eu-west-1").ask(&chain, 0).unwrap_err();
    assert!(error.contains("audience"), "{error}");
}
