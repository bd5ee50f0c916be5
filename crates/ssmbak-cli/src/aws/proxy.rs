//! Which proxy a request goes through.

use std::net::IpAddr;

/// The proxies that the environment names, and what needs none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProxyRules {
    /// For plain HTTP.
    pub http: Option<Proxy>,
    /// For HTTPS.
    pub https: Option<Proxy>,
    bypass: Vec<String>,
}

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    /// With its scheme, and its user and password if it has them.
    pub url: String,
    /// The variable that names it.
    pub variable: &'static str,
}

impl Proxy {
    /// Without user and password.
    pub fn shown(&self) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("http", &self.url));
        let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{}", rest.trim_end_matches('/'))
    }
}

/// It never shows a password.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.shown(), self.variable)
    }
}

impl ProxyRules {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; the spelling in lower case counts first, as with curl
    /// and boto3. A CGI program takes no `HTTP_PROXY`, which a request could have set.
    pub fn of(environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let named = |names: &[&'static str]| {
            let found = names.iter().find_map(|name| Some((*name, environment(name)?)));
            let (variable, url) =
                found.map(|(name, url)| (name, url.trim().to_owned())).filter(|(_, url)| !url.is_empty())?;
            // As botocore does it.
            let url = if url.contains("://") { url } else { format!("http://{}", url.trim_start_matches('/')) };
            Some(Proxy { url, variable })
        };
        let all = || named(&["all_proxy", "ALL_PROXY"]);
        let http: &[&'static str] =
            if environment("REQUEST_METHOD").is_some() { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] };
        let bypass = environment("no_proxy").or_else(|| environment("NO_PROXY")).unwrap_or_default();
        Self {
            http: named(http).or_else(all),
            https: named(&["https_proxy", "HTTPS_PROXY"]).or_else(all),
            bypass: bypass
                .split(',')
                .map(|entry| entry.trim().to_ascii_lowercase())
                .filter(|e| !e.is_empty())
                .collect(),
        }
    }

    /// The proxy for a URI, `None`: directly.
    pub fn proxy_for(&self, uri: &str) -> Option<&Proxy> {
        let (scheme, rest) = uri.split_once("://").unwrap_or(("https", uri));
        let authority = rest.split(['/', '?']).next().unwrap_or(rest);
        let proxy = if scheme.eq_ignore_ascii_case("http") { &self.http } else { &self.https };
        proxy.as_ref().filter(|_| !self.bypasses(&authority.to_ascii_lowercase()))
    }

    fn bypasses(&self, authority: &str) -> bool {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() => host,
            _ => authority,
        };
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        self.bypass.iter().any(|entry| {
            let name = entry.trim_start_matches("*.").trim_start_matches('.');
            let ends = |text: &str| text == name || text.strip_suffix(name).is_some_and(|before| before.ends_with('.'));
            entry == "*"
                || (!name.is_empty() && (ends(host) || ends(authority)))
                || address.is_some_and(|address| is_in(address, entry))
        })
    }
}

/// Whether an address is the one, or in the range, that an entry names: `10.0.0.0/8`.
fn is_in(address: IpAddr, entry: &str) -> bool {
    let (range, width) = match entry.split_once('/') {
        Some((range, width)) => (range, width.parse::<u32>().ok()),
        None => (entry, Some(128)),
    };
    let (Ok(range), Some(width)) = (range.trim_matches(['[', ']']).parse::<IpAddr>(), width) else { return false };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    let mask = if width == 0 { 0 } else { u128::MAX << (128 - width.min(128)) };
    address.is_ipv4() == range.is_ipv4() && (bits(address) & mask) == (bits(range) & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(variables: &[(&str, &str)]) -> ProxyRules {
        ProxyRules::of(&|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    fn without(no_proxy: &str, uri: &str) -> bool {
        rules(&[("HTTPS_PROXY", "http://p:1"), ("http_proxy", "p:1"), ("NO_PROXY", no_proxy)]).proxy_for(uri).is_none()
    }

    #[test]
    fn hosts_that_need_no_proxy_are_named_as_for_curl_and_boto3() {
        for (no_proxy, uri) in [
            ("*", "https://ssm.eu-west-1.amazonaws.com/"),
            ("x, *", "https://h"),
            ("amazonaws.com", "https://ssm.eu-west-1.amazonaws.com"),
            (".amazonaws.com", "https://ssm.eu-west-1.amazonaws.com:443/x"),
            ("*.amazonaws.com", "https://SSM.eu-west-1.AMAZONAWS.com"),
            ("localhost:4566", "http://localhost:4566/"),
            ("127.0.0.1:5000,x", "http://127.0.0.1:5000/bucket"),
            ("127.0.0.1", "http://127.0.0.1:5000"),
            ("10.0.0.0/8", "https://10.1.2.3"),
            ("::1", "http://[::1]:80/"),
        ] {
            assert!(without(no_proxy, uri), "{no_proxy} {uri}");
        }
        for (no_proxy, uri) in [
            ("", "https://h"),
            ("localhost:1", "http://localhost:4566/"),
            ("naws.com", "https://ssm.eu-west-1.amazonaws.com"),
            ("10.0.0.0/8", "https://11.1.2.3"),
            ("10.0.0.0/8", "https://example.org"),
        ] {
            assert!(!without(no_proxy, uri), "{no_proxy} {uri}");
        }
    }

    #[test]
    fn the_lower_case_spelling_counts_first() {
        let both = rules(&[("https_proxy", "a:1"), ("HTTPS_PROXY", "b:1"), ("ALL_PROXY", "http://c:1")]);
        assert_eq!(both.proxy_for("https://h").map(Proxy::shown).as_deref(), Some("http://a:1"));
        assert_eq!(both.proxy_for("http://h").map(|proxy| proxy.variable), Some("ALL_PROXY"));
        assert_eq!(rules(&[("HTTP_PROXY", "a:1"), ("REQUEST_METHOD", "GET")]).proxy_for("http://h"), None);
    }

    #[test]
    fn a_password_is_never_shown() {
        let found = rules(&[("HTTPS_PROXY", "http://user:hush@proxy:3128/")]);
        assert_eq!(found.https.as_ref().map(Proxy::shown).as_deref(), Some("http://proxy:3128"));
        assert!(!format!("{found:?}").contains("hush"));
    }
}
