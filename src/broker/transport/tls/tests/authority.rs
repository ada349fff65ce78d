//! Certificates for tests.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};

pub struct Authority {
    pub cert: X509,
    pub key: PKey<Private>,
}

/// A certificate with its key.
pub struct Issued {
    pub cert: X509,
    pub key: PKey<Private>,
}

/// What a certificate is to be.
pub struct Wish<'a> {
    pub names: &'a [&'a str],
    pub addresses: &'a [&'a str],
    /// Seconds since the epoch.
    pub from: i64,
    pub until: i64,
}

/// The year 2100, or so.
const FAR: i64 = 4_102_444_800;

impl Default for Wish<'_> {
    fn default() -> Self {
        Wish {
            names: &["localhost"],
            addresses: &[],
            from: 0,
            until: FAR,
        }
    }
}

pub fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn named(name: &str) -> X509Name {
    let mut builder = X509NameBuilder::new().unwrap();
    builder.append_entry_by_text("CN", name).unwrap();
    builder.build()
}

fn builder(name: &str, issuer: &str, key: &PKey<Private>, wish: &Wish<'_>) -> X509Builder {
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(fastrand::u32(1..)).unwrap();
    builder
        .set_serial_number(&serial.to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(&named(name)).unwrap();
    builder.set_issuer_name(&named(issuer)).unwrap();
    builder.set_pubkey(key).unwrap();
    let time = |seconds| Asn1Time::from_unix(seconds).unwrap();
    builder.set_not_before(&time(wish.from)).unwrap();
    builder.set_not_after(&time(wish.until)).unwrap();
    builder
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = new_key();
        let mut builder = builder(name, name, &key, &Wish::default());
        let extension = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(extension).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Authority {
            cert: builder.build(),
            key,
        }
    }

    pub fn issue(&self, name: &str) -> Issued {
        self.issue_as(name, &Wish::default())
    }

    pub fn issue_as(&self, name: &str, wish: &Wish<'_>) -> Issued {
        let key = new_key();
        let common = self.cert.subject_name();
        let issuer = common.entries_by_nid(Nid::COMMONNAME).next().unwrap();
        let issuer = issuer.data().to_string().unwrap();
        let mut builder = builder(name, &issuer, &key, wish);
        let mut names = SubjectAlternativeName::new();
        for name in wish.names {
            names.dns(name);
        }
        for address in wish.addresses {
            names.ip(address);
        }
        if !(wish.names.is_empty() && wish.addresses.is_empty()) {
            let context = builder.x509v3_context(Some(&self.cert), None);
            let extension = names.build(&context).unwrap();
            builder.append_extension(extension).unwrap();
        }
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        Issued {
            cert: builder.build(),
            key,
        }
    }

    pub fn pem(&self) -> String {
        String::from_utf8(self.cert.to_pem().unwrap()).unwrap()
    }
}

impl Issued {
    pub fn cert_pem(&self) -> String {
        String::from_utf8(self.cert.to_pem().unwrap()).unwrap()
    }

    pub fn key_pem(&self) -> String {
        String::from_utf8(self.key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }
}
