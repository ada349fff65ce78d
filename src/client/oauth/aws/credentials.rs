//! The AWS credentials to sign with, found by AWS's usual chain.
//!
//! The environment's keys, a web identity (as EKS gives to pods), the shared files, the
//! container's endpoint, the instance's metadata service. The first that there is counts, and
//! a fault of it is an error: what comes after would be somebody else.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::sigv4::Credentials;
use super::time;
use crate::base::secret::Secret;
use crate::client::oauth::fetch::read_file;
use crate::client::oauth::http::cancel::Cancel;
use crate::client::oauth::http::url::{Url, encode};
use crate::client::oauth::http::{Authorities, Http, Patience, Request, Response, without};
use crate::client::oauth::json;
use crate::client::oauth::oidc::plain;

/// An endpoint beside the machine answers at once, or is not there.
const NEARBY: Patience = Patience {
    timeout: Duration::from_secs(2),
    retries: 2,
    backoff: Duration::from_millis(300),
};

pub const STS: Patience = Patience {
    timeout: Duration::from_secs(10),
    retries: 2,
    backoff: Duration::from_secs(1),
};

const CONTAINER: &str = "http://169.254.170.2";
const INSTANCE: &str = "http://169.254.169.254";

/// Where plain HTTP to a container's endpoint stays on the machine: ECS, and EKS.
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// What the chain looks at.
pub struct Chain<'a> {
    pub var: &'a dyn Fn(&str) -> Option<String>,
    pub cancel: &'a Arc<Cancel>,
    pub authorities: &'a Authorities,
    pub region: &'a str,
}

type Found = Result<Option<Credentials>, String>;

impl Chain<'_> {
    pub fn credentials(&self) -> Result<Credentials, String> {
        for source in [
            Self::in_environment,
            Self::by_web_identity,
            Self::in_files,
            Self::of_container,
            Self::of_instance,
        ] {
            if let Some(found) = source(self)? {
                return Ok(found);
            }
        }
        Err(
            "no AWS credentials: neither in the environment nor in the shared files, no web \
             identity, no container's endpoint and no instance metadata"
                .to_owned(),
        )
    }

    fn text(&self, name: &str) -> Option<String> {
        (self.var)(name).filter(|value| !value.is_empty())
    }

    fn in_environment(&self) -> Found {
        let id = self.text("AWS_ACCESS_KEY_ID");
        let (Some(access_key_id), Some(secret)) = (id, self.text("AWS_SECRET_ACCESS_KEY")) else {
            return Ok(None);
        };
        Ok(Some(Credentials {
            access_key_id,
            secret_key: Secret::from(secret),
            session_token: self.text("AWS_SESSION_TOKEN").map(Secret::from),
            expires_ms: None,
        }))
    }

    fn by_web_identity(&self) -> Found {
        let role = self.text("AWS_ROLE_ARN");
        let (Some(role), Some(file)) = (role, self.text("AWS_WEB_IDENTITY_TOKEN_FILE")) else {
            return Ok(None);
        };
        let token = read_file(&file).map_err(|e| format!("AWS_WEB_IDENTITY_TOKEN_FILE: {e}"))?;
        let token = Zeroizing::new(String::from_utf8_lossy(&token).trim().to_owned());
        let session = self.text("AWS_ROLE_SESSION_NAME");
        let session = session.unwrap_or_else(|| "librskafka".to_owned());
        let form = Zeroizing::new(format!(
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}\
             &WebIdentityToken={}",
            encode(&role),
            encode(&session),
            encode(&token)
        ));
        let kind = plain("Content-Type", "application/x-www-form-urlencoded");
        let request = Request {
            method: "POST",
            headers: vec![kind],
            body: Zeroizing::new(form.as_bytes().to_vec()),
        };
        let answer = self.http(true).send(&self.sts()?, &request, STS);
        let answer = answer.map_err(|e| {
            // A server may repeat what it was sent.
            let text = without(&without(&e.text, &token), &encode(&token));
            format!("AssumeRoleWithWebIdentity: {text}")
        })?;
        let xml = Zeroizing::new(String::from_utf8_lossy(&answer.body).into_owned());
        let field = |name: &str| element(&xml, name).map(str::to_owned);
        let secret = |name: &str| field(name).map(Secret::from);
        let found = field("AccessKeyId").zip(secret("SecretAccessKey"));
        let (access_key_id, secret_key) =
            found.ok_or("AssumeRoleWithWebIdentity: the answer has no credentials")?;
        Ok(Some(Credentials {
            access_key_id,
            secret_key,
            session_token: secret("SessionToken"),
            expires_ms: field("Expiration").and_then(|t| time::parse(&t)),
        }))
    }

    /// `AWS_ENDPOINT_URL_STS`, or the region's.
    pub fn sts(&self) -> Result<Url, String> {
        let own = self
            .text("AWS_ENDPOINT_URL_STS")
            .or_else(|| self.text("AWS_ENDPOINT_URL"));
        let domain = if self.region.starts_with("cn-") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let url = own.unwrap_or_else(|| format!("https://sts.{}.{domain}/", self.region));
        Url::parse(&url).map_err(|e| format!("the endpoint of STS: {e}"))
    }

    fn in_files(&self) -> Found {
        let home = |file: &str| self.text("HOME").map(|home| format!("{home}/.aws/{file}"));
        let profile = self
            .text("AWS_PROFILE")
            .or_else(|| self.text("AWS_DEFAULT_PROFILE"));
        let named = profile.is_some();
        let profile = profile.unwrap_or_else(|| "default".to_owned());
        let files = [
            self.text("AWS_SHARED_CREDENTIALS_FILE")
                .or_else(|| home("credentials")),
            self.text("AWS_CONFIG_FILE").or_else(|| home("config")),
        ];
        for file in files.into_iter().flatten() {
            if !Path::new(&file).exists() {
                continue;
            }
            let bytes = read_file(&file)
                .map_err(|e| format!("the AWS credentials in {file} cannot be read: {e}"))?;
            let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
            let value = |name| profile_value(&text, &profile, name).map(str::to_owned);
            let pair = value("aws_access_key_id").zip(value("aws_secret_access_key"));
            if let Some((access_key_id, secret)) = pair {
                return Ok(Some(Credentials {
                    access_key_id,
                    secret_key: Secret::from(secret),
                    session_token: value("aws_session_token").map(Secret::from),
                    expires_ms: None,
                }));
            }
        }
        match named {
            true => Err(format!(
                "the AWS profile {profile} has no keys in the shared files"
            )),
            false => Ok(None),
        }
    }

    fn of_container(&self) -> Found {
        let relative = self.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let full = self.text("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        let (url, is_full) = match (relative, full) {
            (Some(path), _) => (format!("{CONTAINER}{path}"), false),
            (None, Some(url)) => (url, true),
            (None, None) => return Ok(None),
        };
        let url = Url::parse(&url).map_err(|e| format!("the container's credentials: {e}"))?;
        if is_full && !url.encrypted && !stays_here(&url.host) {
            return Err(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of \
                        this machine"
                    .to_owned(),
            );
        }
        let token = match self.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => {
                let bytes = read_file(&file)
                    .map_err(|e| format!("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {e}"))?;
                Some(String::from_utf8_lossy(&bytes).trim().to_owned())
            }
            None => self.text("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        };
        let token = token.map(Zeroizing::new);
        let headers = token.clone().map(|t| ("Authorization".to_owned(), t));
        let answer = self.get(&url, headers.into_iter().collect());
        let answer = answer.map_err(|e| {
            let token = token.as_ref().map_or("", |t| t.as_str());
            format!("the container's credentials: {}", without(&e, token))
        })?;
        from_json(&answer).map(Some)
    }

    fn of_instance(&self) -> Found {
        let disabled = self.text("AWS_EC2_METADATA_DISABLED");
        if disabled.is_some_and(|word| word.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let endpoint = self.text("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let endpoint = endpoint.unwrap_or_else(|| INSTANCE.to_owned());
        let at = |path: &str| {
            let url = format!("{}/latest/{path}", endpoint.trim_end_matches('/'));
            Url::parse(&url).map_err(|e| format!("the instance metadata service: {e}"))
        };
        let request = Request {
            method: "PUT",
            headers: vec![plain("X-aws-ec2-metadata-token-ttl-seconds", "300")],
            body: Zeroizing::default(),
        };
        let http = self.http(false);
        let session = match http.send(&at("api/token")?, &request, NEARBY) {
            Ok(answer) => Zeroizing::new(String::from_utf8_lossy(&answer.body).trim().to_owned()),
            // Nobody is there: this is no instance.
            Err(e) if e.status.is_none() => return Ok(None),
            Err(e) => return Err(format!("the instance metadata service: {e}")),
        };
        let get = |path: &str| {
            let header = ("X-aws-ec2-metadata-token".to_owned(), session.clone());
            let answer = self.get(&at(path)?, vec![header]);
            answer.map_err(|e| format!("the instance metadata service: {e}"))
        };
        let roles = get("meta-data/iam/security-credentials/")?;
        let roles = String::from_utf8_lossy(&roles.body).into_owned();
        let role = roles.lines().next().map(str::trim).unwrap_or_default();
        if role.is_empty() {
            return Err("the instance has no role".to_owned());
        }
        let path = format!("meta-data/iam/security-credentials/{}", encode(role));
        from_json(&get(&path)?).map(Some)
    }

    pub fn http(&self, proxies: bool) -> Http {
        Http {
            authorities: self.authorities.clone(),
            cancel: self.cancel.clone(),
            proxies,
        }
    }

    fn get(
        &self,
        url: &Url,
        headers: Vec<(String, Zeroizing<String>)>,
    ) -> Result<Response, String> {
        let request = Request {
            method: "GET",
            headers,
            body: Zeroizing::default(),
        };
        let answer = self.http(false).send(url, &request, NEARBY);
        answer.map_err(|e| e.text)
    }
}

fn stays_here(host: &str) -> bool {
    let loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    loopback || host == "localhost" || CONTAINER_HOSTS.contains(&host)
}

/// As both metadata endpoints give them.
fn from_json(answer: &Response) -> Result<Credentials, String> {
    let json = json::parse(&answer.body).map_err(|e| format!("AWS credentials: {e}"))?;
    let field = |name: &str| json.text(name).map(str::to_owned);
    let pair = field("AccessKeyId").zip(field("SecretAccessKey"));
    let (access_key_id, secret) = pair.ok_or_else(|| {
        let code = field("Code").unwrap_or_else(|| "no code".to_owned());
        format!("AWS credentials: the answer has none ({code})")
    })?;
    Ok(Credentials {
        access_key_id,
        secret_key: Secret::from(secret),
        session_token: field("Token").map(Secret::from),
        expires_ms: field("Expiration").and_then(|t| time::parse(&t)),
    })
}

/// The text of the first element of this name.
pub fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>"))
        .map(|(text, _)| text.trim())
}

/// A value of a profile in a shared file, where sections are `[name]` or `[profile name]`.
fn profile_value<'a>(text: &'a str, profile: &str, name: &str) -> Option<&'a str> {
    let mut inside = false;
    let mut found = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = trimmed.strip_prefix('[') {
            let section = section.split(']').next().unwrap_or_default().trim();
            let section = section.strip_prefix("profile ").map_or(section, str::trim);
            inside = section == profile;
        } else if inside
            && let Some((key, value)) = trimmed.split_once('=')
            && key.trim().eq_ignore_ascii_case(name)
        {
            found = Some(value.trim());
        }
    }
    found.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
