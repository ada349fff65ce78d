//! Tokens from a provider of OpenID Connect, or from Azure's instance metadata service.
//!
//! The grants are those of RFC 6749, section 4.4 (client credentials), and RFC 7523 (a JWT as
//! an assertion). Either way the provider answers with JSON that has the token in it, a JWT
//! whose claims say when it ends and whose it is.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::fetch::{Fetch, pairs, read_file, value_of};
use super::http::cancel::Cancel;
use super::http::url::{Url, encode};
use super::http::{Authorities, Http, PROVIDER, Request, Response, basic, without};
use super::json;
use crate::base::conf::{GlobalProps, OauthGrant, OauthMetadata};
use crate::base::secret::Secret;
use crate::base::time::wall_ms;
use crate::broker::sasl::token::Token;

/// Where the instance metadata service is, unless the configuration says otherwise.
const AZURE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// How to ask.
enum Grant {
    ClientCredentials { id: String, secret: Secret },
    JwtBearer(Assertion),
    Azure { query: String },
}

/// Where the assertion comes from.
enum Assertion {
    File(String),
    #[cfg(feature = "tls")]
    Signed(super::assertion::Recipe),
    #[cfg(not(feature = "tls"))]
    Signed,
}

/// `sasl.oauthbearer.method=oidc`
pub struct Provider {
    url: String,
    grant: Grant,
    scope: Option<String>,
    extensions: Vec<(String, String)>,
    principal_claim: String,
    authorities: Authorities,
}

impl Provider {
    /// The configuration has been checked (`base/conf/rules.rs`).
    pub fn new(c: &GlobalProps) -> Self {
        let own = |text: &Option<String>| text.clone().unwrap_or_default();
        let azure = c.sasl_oauthbearer_metadata_authentication_type == OauthMetadata::AzureImds;
        let url = c.sasl_oauthbearer_token_endpoint_url.clone();
        let config = c.sasl_oauthbearer_config.as_deref().unwrap_or_default();
        let grant = match c.sasl_oauthbearer_grant_type {
            _ if azure => Grant::Azure {
                query: value_of(config, "query").unwrap_or_default(),
            },
            OauthGrant::ClientCredentials => Grant::ClientCredentials {
                id: own(&c.sasl_oauthbearer_client_id),
                secret: Secret::from(own(&c.sasl_oauthbearer_client_secret)),
            },
            OauthGrant::JwtBearer => Grant::JwtBearer(assertion(c)),
        };
        Provider {
            url: url.unwrap_or_else(|| {
                if azure {
                    AZURE.to_owned()
                } else {
                    String::new()
                }
            }),
            grant,
            scope: c.sasl_oauthbearer_scope.clone().filter(|s| !s.is_empty()),
            extensions: pairs(c.sasl_oauthbearer_extensions.as_deref().unwrap_or_default()),
            principal_claim: own(&c.sasl_oauthbearer_sub_claim_name),
            authorities: authorities(c),
        }
    }

    fn request(&self) -> Result<(Url, Request), String> {
        let url = Url::parse(&self.url)
            .map_err(|e| format!("sasl.oauthbearer.token.endpoint.url: {e}"))?;
        let mut headers = vec![plain("Accept", "application/json")];
        let mut form = Zeroizing::new(String::new());
        match &self.grant {
            Grant::Azure { query } => {
                headers.push(plain("Metadata", "true"));
                let request = Request {
                    method: "GET",
                    headers,
                    body: Zeroizing::default(),
                };
                return Ok((url.with_query(query), request));
            }
            Grant::ClientCredentials { id, secret } => {
                let both = Zeroizing::new([id.as_bytes(), b":", secret.bytes()].concat());
                headers.push(("Authorization".to_owned(), basic(&both)));
                form.push_str("grant_type=client_credentials");
                if let Some(scope) = &self.scope {
                    *form += &format!("&scope={}", kept(scope));
                }
            }
            Grant::JwtBearer(assertion) => {
                let assertion = assertion.text()?;
                let name = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=";
                // Never grown: what growing leaves behind is not wiped.
                form = Zeroizing::new(String::with_capacity(name.len() + assertion.len() + 4096));
                form.push_str(name);
                form.push_str(&assertion);
                if let Some(scope) = &self.scope {
                    *form += &format!("&scope={}", encode(scope));
                }
            }
        }
        headers.push(plain("Content-Type", "application/x-www-form-urlencoded"));
        let body = Zeroizing::new(form.as_bytes().to_vec());
        let method = "POST";
        Ok((
            url,
            Request {
                method,
                headers,
                body,
            },
        ))
    }

    fn token(&self, response: &Response) -> Result<Token, String> {
        let answer = json_of(response)?;
        let names: &[&str] = match &self.grant {
            // Some providers give what the assertion asks for as the other.
            Grant::JwtBearer(_) => &["access_token", "id_token"],
            _ => &["access_token"],
        };
        let mut why = String::new();
        for name in names {
            let Some(token) = answer.text(name) else {
                why = format!("the provider's answer has no text \"{name}\"");
                continue;
            };
            match json::claims(token, &self.principal_claim) {
                Ok(claims) => {
                    let extensions = self.extensions.clone();
                    return Token::new(token, claims.expires_ms, &claims.principal, extensions);
                }
                Err(e) => why = e,
            }
        }
        Err(why)
    }
}

impl Fetch for Provider {
    fn fetch(&self, cancel: &Arc<Cancel>) -> Result<Token, String> {
        let (url, request) = self.request()?;
        let http = Http {
            authorities: self.authorities.clone(),
            cancel: cancel.clone(),
            proxies: true,
        };
        match http.send(&url, &request, PROVIDER) {
            Ok(response) => self.token(&response),
            // A server may repeat what it was sent.
            Err(e) => Err(hidden(e.text, &request, &self.grant)),
        }
    }
}

pub fn authorities(c: &GlobalProps) -> Authorities {
    Authorities {
        location: c.https_ca_location.clone(),
        pem: c.https_ca_pem.clone(),
    }
}

pub fn plain(name: &str, value: &str) -> (String, Zeroizing<String>) {
    (name.to_owned(), Zeroizing::new(value.to_owned()))
}

/// The JSON of an answer that says that it is JSON.
pub fn json_of(response: &Response) -> Result<json::Object, String> {
    let kind = response.content_type.as_deref().unwrap_or("nothing");
    let json = "application/json";
    if !kind
        .get(..json.len())
        .is_some_and(|k| k.eq_ignore_ascii_case(json))
    {
        return Err(format!(
            "the answer is not JSON: its Content-Type is {kind}"
        ));
    }
    json::parse(&response.body).map_err(|e| format!("the answer is not JSON: {e}"))
}

fn hidden(text: String, request: &Request, grant: &Grant) -> String {
    let mut text = text;
    let mut hide = |secret: &str| text = without(&text, secret);
    match grant {
        Grant::ClientCredentials { secret, .. } => hide(&String::from_utf8_lossy(secret.bytes())),
        Grant::JwtBearer(_) => {
            let form = String::from_utf8_lossy(&request.body);
            let assertion = form.split_once("assertion=").map(|(_, rest)| rest);
            hide(
                assertion
                    .and_then(|rest| rest.split('&').next())
                    .unwrap_or_default(),
            );
        }
        Grant::Azure { .. } => {}
    }
    for (name, value) in &request.headers {
        if name == "Authorization" {
            hide(value.strip_prefix("Basic ").unwrap_or(value));
        }
    }
    text
}

/// librdkafka sends this scope as it is, and configurations may have it percent-encoded for
/// that reason: only what cannot stand in a form is encoded.
fn kept(scope: &str) -> String {
    let mut form = String::new();
    for c in scope.chars() {
        match c {
            '&' | '#' | ' ' => form.push_str(&encode(c.encode_utf8(&mut [0; 4]))),
            c if c.is_ascii_graphic() => form.push(c),
            c => form.push_str(&encode(c.encode_utf8(&mut [0; 4]))),
        }
    }
    form
}

fn assertion(c: &GlobalProps) -> Assertion {
    match &c.sasl_oauthbearer_assertion_file {
        Some(file) => Assertion::File(file.clone()),
        #[cfg(feature = "tls")]
        None => Assertion::Signed(super::assertion::Recipe::new(c)),
        #[cfg(not(feature = "tls"))]
        None => Assertion::Signed,
    }
}

impl Assertion {
    fn text(&self) -> Result<Zeroizing<String>, String> {
        match self {
            Assertion::File(file) => {
                let bytes = read_file(file).map_err(|e| format!("the assertion in {file}: {e}"))?;
                let text = std::str::from_utf8(&bytes).map(str::trim);
                let text = text.map_err(|_| format!("the assertion in {file} is not text"))?;
                Ok(Zeroizing::new(text.to_owned()))
            }
            #[cfg(feature = "tls")]
            Assertion::Signed(recipe) => recipe
                .make(wall_ms().div_euclid(1000))
                .map_err(|e| format!("no assertion can be made: {e}")),
            #[cfg(not(feature = "tls"))]
            Assertion::Signed => {
                let _ = wall_ms;
                Err("the library was built without TLS, and so without signatures".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests;
