//! Assertions that the client signs itself (RFC 7523): JWTs by RS256 or ES256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rand::rand_bytes;
use openssl::sign::Signer;
use serde_json::{Map, Value};
use uuid::Builder;
use zeroize::Zeroizing;

use super::fetch::read_file;
use super::json;
use crate::base::conf::{GlobalProps, OauthAlgorithm};
use crate::base::secret::Secret;

/// Bytes of each half of an ES256 signature (RFC 7518, section 3.4).
const HALF: i32 = 32;

/// What a header or a payload consists of.
type Claims = Map<String, Value>;

/// `sasl.oauthbearer.assertion.*`
pub struct Recipe {
    algorithm: OauthAlgorithm,
    key_file: Option<String>,
    key_pem: Option<Secret>,
    passphrase: Secret,
    template: Option<String>,
    /// Claims that are texts.
    claims: Vec<(&'static str, String)>,
    expires_after: i64,
    valid_before: i64,
    jti: bool,
}

impl Recipe {
    pub fn new(c: &GlobalProps) -> Self {
        let claims = [
            ("sub", &c.sasl_oauthbearer_assertion_claim_sub),
            ("iss", &c.sasl_oauthbearer_assertion_claim_iss),
            ("aud", &c.sasl_oauthbearer_assertion_claim_aud),
        ];
        let secret = |text: &Option<String>| text.clone().map(Secret::from);
        Recipe {
            algorithm: c.sasl_oauthbearer_assertion_algorithm,
            key_file: c.sasl_oauthbearer_assertion_private_key_file.clone(),
            key_pem: secret(&c.sasl_oauthbearer_assertion_private_key_pem),
            passphrase: secret(&c.sasl_oauthbearer_assertion_private_key_passphrase)
                .unwrap_or_default(),
            template: c.sasl_oauthbearer_assertion_jwt_template_file.clone(),
            claims: claims
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.clone()?)))
                .collect(),
            expires_after: i64::from(c.sasl_oauthbearer_assertion_claim_exp_seconds),
            valid_before: i64::from(c.sasl_oauthbearer_assertion_claim_nbf_seconds),
            jti: c.sasl_oauthbearer_assertion_claim_jti_include,
        }
    }

    /// An assertion issued at `now`, in seconds since 1970.
    pub fn make(&self, now: i64) -> Result<Zeroizing<String>, String> {
        let (mut header, mut payload) = self.templates()?;
        let name = match self.algorithm {
            OauthAlgorithm::Rs256 => "RS256",
            OauthAlgorithm::Es256 => "ES256",
        };
        header.insert("alg".to_owned(), name.into());
        header.insert("typ".to_owned(), "JWT".into());
        payload.insert("iat".to_owned(), now.into());
        payload.insert("exp".to_owned(), (now + self.expires_after).into());
        payload.insert("nbf".to_owned(), (now - self.valid_before).into());
        for (name, value) in &self.claims {
            payload.insert((*name).to_owned(), value.as_str().into());
        }
        if self.jti {
            let mut bytes = [0; 16];
            rand_bytes(&mut bytes).map_err(|e| e.to_string())?;
            let id = Builder::from_random_bytes(bytes).into_uuid();
            payload.insert("jti".to_owned(), id.to_string().into());
        }
        let encoded = |map| URL_SAFE_NO_PAD.encode(Value::Object(map).to_string());
        let signed = format!("{}.{}", encoded(header), encoded(payload));
        let signature = self.sign(signed.as_bytes())?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        Ok(Zeroizing::new(format!("{signed}.{signature}")))
    }

    fn templates(&self) -> Result<(Claims, Claims), String> {
        let Some(file) = &self.template else {
            return Ok(Default::default());
        };
        let in_file = |why: String| format!("the template {file}: {why}");
        let bytes = read_file(file).map_err(in_file)?;
        let mut template = json::parse(&bytes).map_err(in_file)?;
        let mut part = |name: &str| {
            let part = template.take(name).map(json::Object::into_map);
            part.ok_or_else(|| in_file(format!("it has no object \"{name}\"")))
        };
        Ok((part("header")?, part("payload")?))
    }

    fn key(&self) -> Result<PKey<Private>, String> {
        let read;
        let pem = match (&self.key_pem, &self.key_file) {
            (Some(pem), _) => pem.bytes(),
            (None, Some(file)) => {
                read = read_file(file).map_err(|e| format!("the key in {file}: {e}"))?;
                &read
            }
            (None, None) => return Err("there is no key".to_owned()),
        };
        let passphrase = self.passphrase.bytes();
        // Without this OpenSSL would ask at the terminal.
        let key = PKey::private_key_from_pem_callback(pem, |room| {
            let place = room.get_mut(..passphrase.len());
            place.map_or(Ok(0), |place| {
                place.copy_from_slice(passphrase);
                Ok(passphrase.len())
            })
        });
        key.map_err(|_| {
            "the private key is no PEM, or its passphrase (\
             `sasl.oauthbearer.assertion.private.key.passphrase`) is another"
                .to_owned()
        })
    }

    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let key = self.key()?;
        let is_p256 = || {
            let curve = key.ec_key().ok().and_then(|k| k.group().curve_name());
            curve == Some(Nid::X9_62_PRIME256V1)
        };
        match self.algorithm {
            OauthAlgorithm::Rs256 if key.id() != Id::RSA => {
                return Err("RS256 needs an RSA key, and this is another".to_owned());
            }
            OauthAlgorithm::Es256 if !is_p256() => {
                return Err("ES256 needs a key on the curve P-256, and this is another".to_owned());
            }
            _ => {}
        }
        let sign = || {
            let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
            let signature = signer.sign_oneshot_to_vec(bytes)?;
            if self.algorithm == OauthAlgorithm::Rs256 {
                return Ok(signature);
            }
            let pair = EcdsaSig::from_der(&signature)?;
            Ok([pair.r().to_vec_padded(HALF)?, pair.s().to_vec_padded(HALF)?].concat())
        };
        sign().map_err(|e: openssl::error::ErrorStack| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::conf::Conf;
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::rsa::Rsa;
    use openssl::sign::Verifier;
    use openssl::symm::Cipher;

    fn recipe(set: &[(&str, &str)]) -> Recipe {
        let mut conf = Conf::new();
        for (name, value) in set {
            conf.set(&format!("sasl.oauthbearer.assertion.{name}"), Some(value))
                .unwrap();
        }
        Recipe::new(&conf.global)
    }

    fn part(token: &str, at: usize) -> Vec<u8> {
        URL_SAFE_NO_PAD
            .decode(token.split('.').nth(at).unwrap())
            .unwrap()
    }

    fn signed(token: &str) -> &[u8] {
        token.rsplit_once('.').unwrap().0.as_bytes()
    }

    fn pem(key: &PKey<Private>) -> String {
        String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }

    #[test]
    fn rs256_with_an_encrypted_key() {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let cipher = Cipher::aes_256_cbc();
        let encrypted = key
            .private_key_to_pem_pkcs8_passphrase(cipher, b"word")
            .unwrap();
        let encrypted = String::from_utf8(encrypted).unwrap();
        let claims = [
            ("claim.sub", "me"),
            ("claim.aud", "you"),
            ("claim.jti.include", "true"),
        ];
        let with = |word: &str| {
            let mut set = claims.to_vec();
            set.extend([
                ("private.key.pem", encrypted.as_str()),
                ("private.key.passphrase", word),
            ]);
            recipe(&set).make(1000)
        };
        let token = with("word").unwrap();
        assert_eq!(part(&token, 0), br#"{"alg":"RS256","typ":"JWT"}"#);
        let payload = String::from_utf8(part(&token, 1)).unwrap();
        let want = r#"{"iat":1000,"exp":1300,"nbf":940,"sub":"me","aud":"you","jti":""#;
        assert!(payload.starts_with(want), "{payload}");
        let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
        assert!(
            verifier
                .verify_oneshot(&part(&token, 2), signed(&token))
                .unwrap()
        );

        let wrong = with("other").unwrap_err();
        assert!(
            wrong.contains("passphrase") && !wrong.contains("other "),
            "{wrong}"
        );
        let none = recipe(&[("private.key.pem", &encrypted)])
            .make(0)
            .unwrap_err();
        assert!(none.contains("passphrase"));
    }

    #[test]
    fn es256_is_two_numbers() {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let pem = pem(&key);
        let set = [("algorithm", "ES256"), ("private.key.pem", pem.as_str())];
        let token = recipe(&set).make(0).unwrap();
        let signature = part(&token, 2);
        assert_eq!(signature.len(), 64);
        let half = |s: &[u8]| BigNum::from_slice(s).unwrap();
        let pair =
            EcdsaSig::from_private_components(half(&signature[..32]), half(&signature[32..]));
        let digest = openssl::sha::sha256(signed(&token));
        assert!(
            pair.unwrap()
                .verify(&digest, &key.ec_key().unwrap())
                .unwrap()
        );

        let wrong = recipe(&[("private.key.pem", &pem)]).make(0).unwrap_err();
        assert!(wrong.contains("RSA"));
        let rsa = self::pem(&PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap());
        let wrong = recipe(&[("algorithm", "ES256"), ("private.key.pem", &rsa)]).make(0);
        assert!(wrong.unwrap_err().contains("P-256"));
    }

    #[test]
    fn templates_are_where_it_begins() {
        let path = std::env::temp_dir().join(format!("template-{}.json", std::process::id()));
        let file = path.to_str().unwrap();
        let key = pem(&PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap());
        let set = [
            ("private.key.pem", key.as_str()),
            ("jwt.template.file", file),
            ("claim.sub", "me"),
        ];
        std::fs::write(
            &path,
            r#"{"header":{"kid":"a"},"payload":{"sub":"x","n":[1],"exp":5}}"#,
        )
        .unwrap();
        let token = recipe(&set).make(0).unwrap();
        assert_eq!(part(&token, 0), br#"{"kid":"a","alg":"RS256","typ":"JWT"}"#);
        assert_eq!(
            part(&token, 1),
            br#"{"sub":"me","n":[1],"exp":300,"iat":0,"nbf":-60}"#
        );
        for text in [
            "{",
            "{}",
            r#"{"header":{}}"#,
            r#"{"header":1,"payload":{}}"#,
        ] {
            std::fs::write(&path, text).unwrap();
            assert!(
                recipe(&set).make(0).unwrap_err().contains("template"),
                "{text}"
            );
        }
        std::fs::remove_file(&path).unwrap();
        assert!(recipe(&set).make(0).is_err());
    }
}
