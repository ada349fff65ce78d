//! The chain of certificates that a broker showed, for people.

/// Prints the chain of a handshake that failed.
pub fn print(certificates: &[(i32, Vec<u8>)]) {
    for line in lines(certificates) {
        println!("          {line}");
    }
}

/// A line for each certificate, the broker's own first.
#[cfg(feature = "tls")]
pub fn lines(certificates: &[(i32, Vec<u8>)]) -> Vec<String> {
    let mut chain: Vec<_> = certificates.iter().collect();
    chain.sort_by_key(|(depth, _)| *depth);
    chain
        .into_iter()
        .map(|(_, der)| {
            openssl::x509::X509::from_der(der)
                .map_or_else(|_| "a certificate that cannot be read".into(), |c| line(&c))
        })
        .collect()
}

#[cfg(feature = "tls")]
fn line(certificate: &openssl::x509::X509) -> String {
    let names = certificate
        .subject_alt_names()
        .map_or_else(Vec::new, |all| {
            all.iter()
                .filter_map(|n| match (n.dnsname(), n.ipaddress()) {
                    (Some(name), _) => Some(name.to_string()),
                    (None, Some(address)) => Some(ip(address)),
                    (None, None) => None,
                })
                .collect()
        });
    let names = match names.is_empty() {
        true => String::new(),
        false => format!(" for {}", names.join(", ")),
    };
    format!(
        "{}{names}, from {} to {}, issued by {}",
        name(certificate.subject_name()),
        certificate.not_before(),
        certificate.not_after(),
        name(certificate.issuer_name())
    )
}

#[cfg(feature = "tls")]
fn ip(bytes: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return std::net::Ipv4Addr::from(v4).to_string();
    }
    <[u8; 16]>::try_from(bytes).map_or_else(
        |_| "an address that cannot be read".into(),
        |v6| std::net::Ipv6Addr::from(v6).to_string(),
    )
}

/// `CN=broker, O=Example`.
#[cfg(feature = "tls")]
fn name(name: &openssl::x509::X509NameRef) -> String {
    let parts: Vec<String> = name
        .entries()
        .map(|e| {
            let key = e.object().nid().short_name().unwrap_or("?");
            let value = e.data().to_string().unwrap_or_default();
            format!("{key}={value}")
        })
        .collect();
    parts.join(", ")
}

#[cfg(not(feature = "tls"))]
pub fn lines(_: &[(i32, Vec<u8>)]) -> Vec<String> {
    Vec::new()
}
