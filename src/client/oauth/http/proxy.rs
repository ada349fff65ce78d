//! Proxies from the environment, by the rules of curl.
//!
//! `http_proxy` (in lower case only, since a CGI program has the request's `Proxy` header in
//! the other), `https_proxy`, else `all_proxy`, the last two in either case; what `no_proxy`
//! names is reached directly.

use std::net::IpAddr;

use zeroize::Zeroizing;

use super::url::{Url, authority};

/// curl's.
const DEFAULT_PORT: u16 = 1080;

/// Without `Debug`: there may be a password in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub host: String,
    pub port: u16,
    /// `user:password`, percent-encoded.
    pub user: Option<Zeroizing<String>>,
}

/// The proxy for `url`. `var` reads the environment.
pub fn for_url(url: &Url, var: impl Fn(&str) -> Option<String>) -> Result<Option<Proxy>, String> {
    let either = |lower: &str| var(lower).or_else(|| var(&lower.to_ascii_uppercase()));
    let own = match url.encrypted {
        true => either("https_proxy"),
        false => var("http_proxy"),
    };
    let Some(text) = own
        .or_else(|| either("all_proxy"))
        .filter(|t| !t.is_empty())
    else {
        return Ok(None);
    };
    if either("no_proxy").is_some_and(|list| is_excluded(&list, &url.host)) {
        return Ok(None);
    }
    let place = match text.split_once("://") {
        Some((scheme, place)) if scheme.eq_ignore_ascii_case("http") => place,
        Some((scheme, _)) => {
            return Err(format!(
                "the environment names a proxy of the kind {scheme:?}, and only http is known"
            ));
        }
        None => &text,
    };
    let place = place.split('/').next().unwrap_or_default();
    let (user, host, port) =
        authority(place, DEFAULT_PORT).map_err(|e| format!("the proxy of the environment: {e}"))?;
    let user = user.map(Zeroizing::new);
    Ok(Some(Proxy { host, port, user }))
}

fn is_excluded(list: &str, host: &str) -> bool {
    list.split([',', ' '])
        .filter(|entry| !entry.is_empty())
        .any(|entry| entry == "*" || matches(entry, host))
}

/// An address is that address, or one of a network (`10.0.0.0/8`); a name is it and what
/// is below it.
fn matches(entry: &str, host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        let (network, bits) = match entry.split_once('/') {
            Some((network, bits)) => (network, bits.parse().ok()),
            None => (entry, None),
        };
        return network
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|network| is_in(address, network, bits));
    }
    let (entry, host) = (entry.to_ascii_lowercase(), host.to_ascii_lowercase());
    let entry = entry.trim_start_matches('.').trim_end_matches('.');
    let below = host.trim_end_matches('.').strip_suffix(entry);
    !entry.is_empty() && below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_in(address: IpAddr, network: IpAddr, bits: Option<u32>) -> bool {
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            let shift = 32_u32.saturating_sub(bits.unwrap_or(32));
            (u32::from(a) ^ u32::from(n))
                .checked_shr(shift)
                .unwrap_or(0)
                == 0
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            let shift = 128_u32.saturating_sub(bits.unwrap_or(128));
            (u128::from(a) ^ u128::from(n))
                .checked_shr(shift)
                .unwrap_or(0)
                == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, env: &[(&str, &str)]) -> Option<(String, u16)> {
        let var = |name: &str| {
            let found = env.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let proxy = for_url(&Url::parse(url).unwrap(), var).unwrap();
        proxy.map(|p| (p.host, p.port))
    }

    #[test]
    fn which_variable_counts() {
        let p = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(of("http://h/", &[]), None);
        assert_eq!(of("http://h/", &[("http_proxy", "http://p:1/")]), p("p", 1));
        assert_eq!(of("http://h/", &[("HTTP_PROXY", "p:1")]), None);
        assert_eq!(of("http://h/", &[("https_proxy", "p:1")]), None);
        assert_eq!(of("https://h/", &[("HTTPS_PROXY", "u:p@p")]), p("p", 1080));
        assert_eq!(of("https://h/", &[("ALL_PROXY", "[::1]:3")]), p("::1", 3));
        assert_eq!(of("http://h/", &[("http_proxy", "")]), None);
    }

    #[test]
    fn what_is_reached_directly() {
        for (host, list, direct) in [
            ("a.example", "*", true),
            ("a.example", "example", true),
            ("a.example", "b, .example", true),
            ("a.EXAMPLE", "A.example", true),
            ("notexample", "example", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.0.0.0/8", true),
            ("10.1.2.3", "11.0.0.0/8", false),
            ("10.1.2.3", "3", false),
            ("10.1.2.3", "0.0.0.0/0", true),
        ] {
            let env = [("all_proxy", "p:1"), ("no_proxy", list)];
            let got = of(&format!("http://{host}/"), &env);
            assert_eq!(got.is_none(), direct, "{host} {list}");
        }
    }

    #[test]
    fn socks_is_not_ignored() {
        let url = Url::parse("http://h/").unwrap();
        assert!(for_url(&url, |_| Some("socks5://p".to_owned())).is_err());
    }
}
