//! Which hosts may get credentials (contract §1): LivePerson's own over https, and those that the
//! configuration names, over the scheme of `discovery_url`. Everything else is refused before a
//! byte is sent.

use reqwest::Url;

/// Domains whose hosts are LivePerson's.
const DOMAINS: [&str; 2] = [".liveperson.net", ".liveperson.com"];

/// The rule.
#[derive(Clone, Debug)]
pub struct Hosts {
    scheme: String,
    trusted: Vec<String>,
}

impl Hosts {
    /// `trusted` holds `name` (any port) or `name:port`.
    pub fn new(discovery: &Url, trusted: &[String]) -> Self {
        Self {
            scheme: discovery.scheme().to_owned(),
            trusted: trusted.iter().map(|host| host.to_lowercase()).collect(),
        }
    }

    /// The address of a bare host, as discovery gives it. `None` when it may not be used.
    pub fn base(&self, host: &str) -> Option<Url> {
        let host = host.trim();
        if host.is_empty() || host.contains(['/', '\\', '@', '?', '#', ' ']) {
            return None;
        }
        self.admit(Url::parse(&format!("{}://{host}", self.scheme)).ok()?)
            .or_else(|| self.admit(Url::parse(&format!("https://{host}")).ok()?))
    }

    /// The address of a link, relative ones taken from `from`. `None` when it may not be used.
    pub fn link(&self, from: &Url, href: &str) -> Option<Url> {
        self.admit(from.join(href).ok()?)
    }

    fn admit(&self, mut url: Url) -> Option<Url> {
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let host = url.host_str()?.to_owned();
        if self.trusts(&host, url.port_or_known_default()?) {
            if url.scheme() != self.scheme {
                // A simulator that writes https into its links, as the real one does.
                let port = url.port();
                url.set_scheme(&self.scheme).ok()?;
                url.set_port(port).ok()?;
            }
            return Some(url);
        }
        let own = DOMAINS.iter().any(|domain| host.ends_with(domain));
        (own && url.scheme() == "https" && url.port().is_none()).then_some(url)
    }

    fn trusts(&self, host: &str, port: u16) -> bool {
        let with_port = format!("{host}:{port}");
        self.trusted
            .iter()
            .any(|trusted| *trusted == host || *trusted == with_port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(discovery: &str, trusted: &[&str]) -> Hosts {
        let trusted: Vec<String> = trusted.iter().map(|host| (*host).to_owned()).collect();
        Hosts::new(&Url::parse(discovery).unwrap(), &trusted)
    }

    #[test]
    fn only_own_and_trusted_hosts_are_admitted() {
        let real = hosts("https://api.liveperson.net", &[]);
        let sim = hosts("http://127.0.0.1:9", &["127.0.0.1:4000", "lab.Example"]);
        let cases = [
            (
                &real,
                "va.agentvep.liveperson.net",
                Some("https://va.agentvep.liveperson.net/"),
            ),
            (
                &real,
                "VA.liveperson.com",
                Some("https://va.liveperson.com/"),
            ),
            (&real, "evil-liveperson.net", None),
            (&real, "liveperson.net.evil.org", None),
            (&real, "liveperson.net@evil.org", None),
            (&real, "evil.org/x.liveperson.net", None),
            (&real, "va.liveperson.net:8443", None),
            (&real, "", None),
            (&sim, "127.0.0.1:4000", Some("http://127.0.0.1:4000/")),
            (&sim, "127.0.0.1:4001", None),
            (&sim, "lab.example:81", Some("http://lab.example:81/")),
            (
                &sim,
                "va.liveperson.net",
                Some("https://va.liveperson.net/"),
            ),
        ];
        for (hosts, host, expect) in cases {
            let url = hosts.base(host).map(String::from);
            assert_eq!(url.as_deref(), expect, "{host}");
        }
    }

    #[test]
    fn links_keep_the_rule() {
        let from = Url::parse("https://va.liveperson.net/api/").unwrap();
        let real = hosts("https://api.liveperson.net", &[]);
        let sim = hosts("http://127.0.0.1:9", &["127.0.0.1:4000"]);
        let cases = [
            (
                &real,
                "https://lo.liveperson.net/a",
                Some("https://lo.liveperson.net/a"),
            ),
            (&real, "http://lo.liveperson.net/a", None),
            (&real, "https://user:pw@lo.liveperson.net/a", None),
            (&real, "//evil.org/a", None),
            (&real, "/b?c=1", Some("https://va.liveperson.net/b?c=1")),
            (&real, "ftp://lo.liveperson.net/a", None),
            (
                &sim,
                "https://127.0.0.1:4000/a",
                Some("http://127.0.0.1:4000/a"),
            ),
        ];
        for (hosts, href, expect) in cases {
            let url = hosts.link(&from, href).map(String::from);
            assert_eq!(url.as_deref(), expect, "{href}");
        }
    }
}
