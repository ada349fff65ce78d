//! Tokens for Kafka on AWS.
//!
//! Amazon MSK with IAM (`sasl.oauthbearer.method=aws_msk_iam`, an extension): the token is a
//! URL for the action `kafka-cluster:Connect` that is signed and not fetched, in base64url.
//! The form is that of AWS's own signers.
//!
//! AWS IAM as a provider of tokens (`sasl.oauthbearer.metadata.authentication.type=aws_iam`):
//! STS gives a JWT for an audience (`GetWebIdentityToken`).

mod credentials;
mod sigv4;
mod time;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use self::credentials::{Chain, STS, element};
use self::sigv4::{Credentials, Scope};
use super::fetch::{Fetch, pairs, value_of};
use super::http::cancel::Cancel;
use super::http::url::encode;
use super::http::{Authorities, HttpError, Request, without};
use super::json;
use super::oidc::{authorities, plain};
use crate::base::conf::GlobalProps;
use crate::base::time::wall_ms;
use crate::broker::sasl::token::Token;

/// Seconds that a signed URL is good, which is the most that MSK takes.
const LIFE: u32 = 900;

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The region that the configuration names, or the environment.
fn region(config: &str, var: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let of_environment = || var("AWS_REGION").or_else(|| var("AWS_DEFAULT_REGION"));
    let region = value_of(config, "region").or_else(of_environment);
    let region = region.filter(|r| !r.is_empty()).ok_or(
        "no AWS region: set `sasl.oauthbearer.config` to region=NAME, or AWS_REGION in the \
         environment",
    )?;
    let is_of_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    match region.bytes().all(is_of_name) {
        true => Ok(region),
        false => Err(format!("{region:?} is no AWS region")),
    }
}

/// `sasl.oauthbearer.method=aws_msk_iam`
pub struct Msk {
    config: String,
    extensions: Vec<(String, String)>,
    authorities: Authorities,
}

impl Msk {
    pub fn new(c: &GlobalProps) -> Self {
        let extensions = c.sasl_oauthbearer_extensions.as_deref();
        Msk {
            config: c.sasl_oauthbearer_config.clone().unwrap_or_default(),
            extensions: pairs(extensions.unwrap_or_default()),
            authorities: authorities(c),
        }
    }
}

impl Fetch for Msk {
    fn fetch(&self, cancel: &Arc<Cancel>) -> Result<Token, String> {
        let region = region(&self.config, &var)?;
        let chain = Chain {
            var: &var,
            cancel,
            authorities: &self.authorities,
            region: &region,
        };
        let credentials = chain.credentials()?;
        let (value, expires_ms) = msk_token(&credentials, &region, wall_ms());
        Token::new(&value, expires_ms, "aws_msk_iam", self.extensions.clone())
    }
}

/// The token, and when it ends.
fn msk_token(credentials: &Credentials, region: &str, now_ms: i64) -> (Zeroizing<String>, i64) {
    let host = format!("kafka.{region}.amazonaws.com");
    let time = time::basic(now_ms);
    let scope = Scope {
        region,
        service: "kafka-cluster",
        time: &time,
    };
    let request = sigv4::Request {
        method: "GET",
        path: "/",
        query: vec![("Action".to_owned(), "kafka-cluster:Connect".to_owned())],
        headers: vec![("host".to_owned(), host.clone())],
        body: b"",
    };
    let query = request.presigned(&scope, credentials, LIFE);
    // Not signed, as in AWS's signers.
    let agent = encode(&format!("librskafka/{}", env!("CARGO_PKG_VERSION")));
    let url = Zeroizing::new(format!(
        "https://{host}/?{}&User-Agent={agent}",
        query.as_str()
    ));
    let ends = now_ms.div_euclid(1000) * 1000 + i64::from(LIFE) * 1000;
    // Nothing that these credentials signed is good after them.
    let ends = credentials.expires_ms.map_or(ends, |e| e.min(ends));
    (Zeroizing::new(URL_SAFE_NO_PAD.encode(url.as_bytes())), ends)
}

/// `sasl.oauthbearer.metadata.authentication.type=aws_iam`
pub struct WebIdentity {
    config: String,
    extensions: Vec<(String, String)>,
    principal_claim: String,
    authorities: Authorities,
}

impl WebIdentity {
    pub fn new(c: &GlobalProps) -> Self {
        let extensions = c.sasl_oauthbearer_extensions.as_deref();
        let claim = c.sasl_oauthbearer_sub_claim_name.clone();
        WebIdentity {
            config: c.sasl_oauthbearer_config.clone().unwrap_or_default(),
            extensions: pairs(extensions.unwrap_or_default()),
            principal_claim: claim.unwrap_or_else(|| "sub".to_owned()),
            authorities: authorities(c),
        }
    }

    /// The request's form, by the names that `sasl.oauthbearer.config` has in Confluent's
    /// clients.
    fn form(&self) -> Result<String, String> {
        let audience = value_of(&self.config, "audience").filter(|a| !a.is_empty());
        let audience = audience.ok_or(
            "aws_iam needs `audience=` in `sasl.oauthbearer.config`: for whom the token is",
        )?;
        let value = |name: &str, default: &str| {
            let own = value_of(&self.config, name).filter(|v| !v.is_empty());
            encode(&own.unwrap_or_else(|| default.to_owned()))
        };
        let mut form = format!(
            "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1={}\
             &DurationSeconds={}&SigningAlgorithm={}",
            encode(&audience),
            value("duration_seconds", "300"),
            value("signing_algorithm", "ES384")
        );
        let all = pairs(&self.config);
        let tags = all
            .iter()
            .filter_map(|(n, v)| Some((n.strip_prefix("tag_")?, v)));
        for (at, (name, value)) in tags.enumerate() {
            let at = at + 1;
            form += &format!(
                "&Tags.member.{at}.Key={}&Tags.member.{at}.Value={}",
                encode(name),
                encode(value)
            );
        }
        Ok(form)
    }

    fn ask(&self, chain: &Chain<'_>, now_ms: i64) -> Result<Token, String> {
        let form = self.form()?;
        let credentials = chain.credentials()?;
        let url = match value_of(&self.config, "sts_endpoint") {
            Some(own) => {
                super::http::url::Url::parse(&own).map_err(|e| format!("sts_endpoint: {e}"))?
            }
            None => chain.sts()?,
        };
        let time = time::basic(now_ms);
        let kind = "application/x-www-form-urlencoded";
        let mut signed = vec![
            ("content-type".to_owned(), kind.to_owned()),
            ("host".to_owned(), url.host_header()),
            ("x-amz-date".to_owned(), time.clone()),
        ];
        let mut headers = vec![plain("Content-Type", kind), plain("X-Amz-Date", &time)];
        let mut session = Zeroizing::<String>::default();
        if let Some(token) = &credentials.session_token {
            let token = String::from_utf8_lossy(token.bytes()).into_owned();
            headers.push(plain("X-Amz-Security-Token", &token));
            session = Zeroizing::new(token.clone());
            signed.push(("x-amz-security-token".to_owned(), token));
        }
        let scope = Scope {
            region: chain.region,
            service: "sts",
            time: &time,
        };
        let request = sigv4::Request {
            method: "POST",
            path: url.target.split('?').next().unwrap_or("/"),
            query: Vec::new(),
            headers: signed,
            body: form.as_bytes(),
        };
        let authorization = request.authorization(&scope, &credentials);
        headers.push(("Authorization".to_owned(), authorization));
        let request = Request {
            method: "POST",
            headers,
            body: Zeroizing::new(form.into_bytes()),
        };
        let answer = chain.http(true).send(&url, &request, STS);
        // STS repeats what it was sent where a signature is another.
        let refused = |e: HttpError| format!("GetWebIdentityToken: {}", without(&e.text, &session));
        let answer = answer.map_err(refused)?;
        let xml = Zeroizing::new(String::from_utf8_lossy(&answer.body).into_owned());
        let token = element(&xml, "WebIdentityToken");
        let token = token.ok_or("GetWebIdentityToken: the answer has no token")?;
        let claims = json::claims(token, &self.principal_claim)?;
        let extensions = self.extensions.clone();
        Token::new(token, claims.expires_ms, &claims.principal, extensions)
    }
}

impl Fetch for WebIdentity {
    fn fetch(&self, cancel: &Arc<Cancel>) -> Result<Token, String> {
        let region = region(&self.config, &var)?;
        let chain = Chain {
            var: &var,
            cancel,
            authorities: &self.authorities,
            region: &region,
        };
        self.ask(&chain, wall_ms())
    }
}

#[cfg(test)]
mod tests;
