//! AWS Signature Version 4, as AWS documents it for headers and for query strings.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::base::secret::Secret;
use crate::client::oauth::http::url::encode;

/// What AWS knows a caller by.
pub struct Credentials {
    pub access_key_id: String,
    pub secret_key: Secret,
    pub session_token: Option<Secret>,
    /// Milliseconds since 1970, where they end.
    pub expires_ms: Option<i64>,
}

/// What a signature is good for.
pub struct Scope<'a> {
    pub region: &'a str,
    pub service: &'a str,
    /// `20150830T123600Z`
    pub time: &'a str,
}

impl Scope<'_> {
    fn date(&self) -> &str {
        self.time.get(..8).unwrap_or_default()
    }

    fn text(&self) -> String {
        let (date, region, service) = (self.date(), self.region, self.service);
        format!("{date}/{region}/{service}/aws4_request")
    }
}

pub struct Request<'a> {
    pub method: &'a str,
    /// Percent-encoded.
    pub path: &'a str,
    /// Decoded, in any order.
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: &'a [u8],
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn mac(key: &[u8], text: &str) -> Zeroizing<Vec<u8>> {
    // Keys of any length are good for HMAC.
    let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(text));
    Zeroizing::new(mac.map_or_else(|_| Vec::new(), |mac| mac.finalize().into_bytes().to_vec()))
}

/// The query in its canonical form.
fn query_text(query: &[(String, String)]) -> Zeroizing<String> {
    let encoded = query.iter().map(|(n, v)| (encode(n), encode(v)));
    let mut all: Vec<_> = encoded.collect();
    all.sort();
    let joined: Vec<String> = all.iter().map(|(n, v)| format!("{n}={v}")).collect();
    Zeroizing::new(joined.join("&"))
}

impl Request<'_> {
    fn signed_headers(&self) -> String {
        let mut names: Vec<&str> = self.headers.iter().map(|(n, _)| n.as_str()).collect();
        names.sort_unstable();
        names.join(";")
    }

    fn canonical(&self) -> Zeroizing<String> {
        let mut headers: Vec<_> = self.headers.iter().collect();
        headers.sort();
        let headers: String = headers
            .iter()
            .map(|(n, v)| {
                format!(
                    "{n}:{}\n",
                    v.split_whitespace().collect::<Vec<_>>().join(" ")
                )
            })
            .collect();
        Zeroizing::new(format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            self.method,
            self.path,
            query_text(&self.query).as_str(),
            self.signed_headers(),
            hash(self.body)
        ))
    }

    fn signature(&self, scope: &Scope<'_>, secret_key: &Secret) -> String {
        let text = format!(
            "AWS4-HMAC-SHA256\n{}\n{}\n{}",
            scope.time,
            scope.text(),
            hash(self.canonical().as_bytes())
        );
        let first = Zeroizing::new([b"AWS4", secret_key.bytes()].concat());
        let mut key = mac(&first, scope.date());
        for part in [scope.region, scope.service, "aws4_request"] {
            key = mac(&key, part);
        }
        hex(&mac(&key, &text))
    }

    /// The value of an Authorization header. The date and the session token are headers
    /// already.
    pub fn authorization(&self, scope: &Scope<'_>, credentials: &Credentials) -> Zeroizing<String> {
        Zeroizing::new(format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
            credentials.access_key_id,
            scope.text(),
            self.signed_headers(),
            self.signature(scope, &credentials.secret_key)
        ))
    }

    /// The signed query string. `seconds`: how long it is good.
    pub fn presigned(
        mut self,
        scope: &Scope<'_>,
        credentials: &Credentials,
        seconds: u32,
    ) -> Zeroizing<String> {
        let credential = format!("{}/{}", credentials.access_key_id, scope.text());
        let mut more = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", credential),
            ("X-Amz-Date", scope.time.to_owned()),
            ("X-Amz-Expires", seconds.to_string()),
            ("X-Amz-SignedHeaders", self.signed_headers()),
        ];
        if let Some(token) = &credentials.session_token {
            let token = String::from_utf8_lossy(token.bytes()).into_owned();
            more.push(("X-Amz-Security-Token", token));
        }
        self.query
            .extend(more.into_iter().map(|(n, v)| (n.to_owned(), v)));
        let signature = self.signature(scope, &credentials.secret_key);
        let query = query_text(&self.query);
        Zeroizing::new(format!("{}&X-Amz-Signature={signature}", query.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Credentials {
        Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_key: Secret::new(b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
            expires_ms: None,
        }
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter()
            .map(|(a, b)| (a.to_string(), b.to_string()))
            .collect()
    }

    const SERVICE: Scope<'_> = Scope {
        region: "us-east-1",
        service: "service",
        time: "20150830T123600Z",
    };

    fn signature(
        method: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> String {
        let mut all = pairs(&[
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ]);
        all.extend(pairs(headers));
        let request = Request {
            method,
            path: "/",
            query: pairs(query),
            headers: all,
            body,
        };
        let value = request.authorization(&SERVICE, &example());
        value.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// Of AWS's test suite: get-vanilla, get-vanilla-query-order-key-case, post-vanilla,
    /// post-x-www-form-urlencoded.
    #[test]
    fn vectors_of_the_test_suite() {
        assert_eq!(
            signature("GET", &[], &[], b""),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        assert_eq!(
            signature(
                "GET",
                &[("Param2", "value2"), ("Param1", "value1")],
                &[],
                b""
            ),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        );
        assert_eq!(
            signature("POST", &[], &[], b""),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        let form = [("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(
            signature("POST", &[], &form, b"Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    /// The example in IAM's documentation.
    #[test]
    fn the_documented_example() {
        let request = Request {
            method: "GET",
            path: "/",
            query: pairs(&[("Action", "ListUsers"), ("Version", "2010-05-08")]),
            headers: pairs(&[
                (
                    "content-type",
                    "application/x-www-form-urlencoded; charset=utf-8",
                ),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ]),
            body: b"",
        };
        let scope = Scope {
            service: "iam",
            ..SERVICE
        };
        assert_eq!(
            request.authorization(&scope, &example()).as_str(),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    /// A query string is signed as S3's documentation has it, but for the hash of the body.
    #[test]
    fn query_strings_have_all_parts() {
        let request = Request {
            method: "GET",
            path: "/",
            query: pairs(&[("Action", "kafka-cluster:Connect")]),
            headers: pairs(&[("host", "kafka.us-east-1.amazonaws.com")]),
            body: b"",
        };
        let mut credentials = example();
        credentials.session_token = Some(Secret::new(b"a/b="));
        let query = request.presigned(&SERVICE, &credentials, 900);
        let (rest, signature) = query.rsplit_once("&X-Amz-Signature=").unwrap();
        assert_eq!(
            rest,
            "Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&\
             X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&\
             X-Amz-Date=20150830T123600Z&X-Amz-Expires=900&X-Amz-Security-Token=a%2Fb%3D&\
             X-Amz-SignedHeaders=host"
        );
        assert_eq!(signature.len(), 64);
    }
}
