//! The discovery answer: which host gets the credentials.

use bolero::{Driver, ValueGenerator, check};
use lp2rc::liveperson::{
    decode::discovery::{self, Named},
    hosts::Hosts,
};
use reqwest::Url;

use crate::{
    INPUTS,
    figures::Figures,
    seeds::{self, Edited, below, one},
};

const WORDS: [&str; 20] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "\"\"",
    "{\"$\":",
    "\"baseURIs\":",
    "\"baseURI\":",
    "\"service\":",
    "\"account\":",
    "\"agentVep\"",
    "\"accountConfigReadOnly\"",
    "\"1\"",
    "\"2\"",
    "evil.org/x",
    "user:pw@",
    ".liveperson.net",
];
const SERVICES: [&str; 3] = ["agentVep", "accountConfigReadOnly", "idp"];
const HOSTS: [&str; 8] = [
    "va.agentvep.liveperson.net",
    "lo.ac.liveperson.com",
    "evil.org",
    "liveperson.net.evil.org",
    "evil.org/.liveperson.net",
    "u:p@va.liveperson.net",
    "va.liveperson.net:81",
    "va.liveperson.net?x=1",
];

#[derive(Clone, Debug)]
struct Entry {
    service: &'static str,
    account: &'static str,
    host: &'static str,
}

#[derive(Clone, Debug)]
enum Input {
    Edited(Vec<u8>),
    Written(Vec<Entry>, u8),
}

struct Inputs(Edited);

impl ValueGenerator for Inputs {
    type Output = Input;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<Input> {
        if driver.produce::<bool>()? {
            return Some(Input::Edited(self.0.generate(driver)?));
        }
        let entries = (0..below(driver, 7)?).map(|_| {
            Some(Entry {
                service: one(driver, &SERVICES)?,
                account: one(driver, &["1", "1", "2"])?,
                host: one(driver, &HOSTS)?,
            })
        });
        Some(Input::Written(
            entries.collect::<Option<_>>()?,
            driver.produce()?,
        ))
    }
}

#[test]
fn discovery_answer() {
    let seeds = seeds::files(&[("tests/fuzz/corpus/discovery", "json")]);
    let figures = Figures::of("discovery answer");
    for service in SERVICES {
        for seed in &seeds {
            holds(seed, service);
        }
    }
    check!()
        .with_iterations(INPUTS)
        .with_generator(Inputs(Edited::new(seeds, &WORDS)))
        .for_each(|input| {
            figures.input(|| match input {
                Input::Edited(body) => {
                    SERVICES.map(|service| holds(body, service).is_some()) != [false; 3]
                }
                Input::Written(entries, style) => written(entries, *style),
            });
        });
}

/// What is true of every answer; the host that it names, if any.
fn holds(body: &[u8], service: &str) -> Option<Named> {
    let found = discovery::host(body, service, "1");
    assert_eq!(discovery::host(body, service, "1"), found, "deterministic");
    let found = found.ok()?;
    if let Named::Host(named) = &found {
        assert!(!named.is_empty() && named.trim() == named);
        let discovery = Url::parse("https://api.liveperson.net").unwrap();
        if let Some(base) = Hosts::new(&discovery, &[]).base(named) {
            let host = base.host_str().unwrap();
            assert!(host.ends_with(".liveperson.net") || host.ends_with(".liveperson.com"));
            // Nothing but a host: scheme, then the name, then the root.
            assert_eq!(base.as_str(), format!("https://{host}/"), "{named}");
        }
    }
    (found != Named::Nothing).then_some(found)
}

fn written(entries: &[Entry], style: u8) -> bool {
    let items: Vec<_> = entries
        .iter()
        .map(|entry| {
            let account = if style & 1 == 0 {
                format!("\"{}\"", entry.account)
            } else {
                entry.account.to_owned()
            };
            format!(
                r#"{{"service":"{}","x":[{{}}],"account":{account},"baseURI":"{}"}}"#,
                entry.service, entry.host
            )
        })
        .collect();
    let body = match items.as_slice() {
        [only] if style & 2 == 0 => only.clone(),
        [only] if style & 4 == 0 => format!(r#"{{"baseURIs":{only}}}"#),
        all => format!(r#"{{"baseURIs":[{}],"n":1}}"#, all.join(",")),
    };
    for service in SERVICES {
        let named = |account: &str| {
            entries
                .iter()
                .find(|entry| entry.service == service && entry.account == account)
        };
        let expect = match (named("1"), named("2")) {
            (Some(entry), _) => Named::Host(entry.host.to_owned()),
            (None, Some(_)) => Named::OtherAccount,
            (None, None) => Named::Nothing,
        };
        assert_eq!(
            holds(body.as_bytes(), service).unwrap_or(Named::Nothing),
            expect,
            "{body}"
        );
        let parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(discovery::host_in(&parsed, service, "1"), expect, "{body}");
    }
    true
}
