//! The next link: from the answer that holds it to the address that would be asked.

use bolero::{Driver, ValueGenerator, check};
use lp2rc::{
    config::Filters,
    liveperson::{decode, hosts::Hosts, links},
};
use reqwest::Url;

use crate::{
    INPUTS,
    figures::Figures,
    seeds::{self, Edited, below, one},
};

const FROM: &str =
    "https://va.agentvep.liveperson.net/api/account/1/agentSession/9/availableAgents";
const TRUSTED: [&str; 2] = ["127.0.0.1:4000", "Lab.Example"];
const WORDS: [&str; 22] = [
    "https://",
    "http://",
    "ftp://",
    "//",
    "\\\\",
    "@",
    ":8443",
    "user:pw@",
    ".liveperson.net",
    ".liveperson.com",
    "127.0.0.1:4000",
    "lab.example",
    "?v=1",
    "&v=2",
    "&NC=true",
    "&NC=false",
    "%76=1",
    "#",
    "\t",
    "..",
    "&&",
    "timeStamp=9223372036854775808",
];

/// Pieces of an address; every combination is tried.
const SCHEMES: [&str; 6] = ["https://", "http://", "//", "ftp://", "javascript:", ""];
const USERS: [&str; 5] = ["", "", "", "user:pw@", "@"];
const NAMES: [&str; 9] = [
    "va.liveperson.net",
    "LO.LivePerson.com",
    "evil-liveperson.net",
    "liveperson.net.evil.org",
    "127.0.0.1",
    "lab.example",
    "2130706433",
    "[::1]",
    "",
];
const PORTS: [&str; 5] = ["", ":443", ":4000", ":8443", ":"];
const QUERIES: [&str; 8] = [
    "v=1",
    "v=2",
    "NC=true",
    "NC=false",
    "%4eC=true",
    "timeStamp=7",
    "skill=a+b%20%26",
    "",
];

/// A link, and whether the configuration trusts a simulator.
#[derive(Clone, Debug)]
struct Input {
    href: String,
    simulator: bool,
    filtered: bool,
}

struct Inputs(Edited);

impl ValueGenerator for Inputs {
    type Output = Input;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<Input> {
        let href = if driver.produce::<bool>()? {
            String::from_utf8_lossy(&self.0.generate(driver)?).into_owned()
        } else {
            let mut href = [
                one(driver, &SCHEMES)?,
                one(driver, &USERS)?,
                one(driver, &NAMES)?,
                one(driver, &PORTS)?,
                "/a",
            ]
            .concat();
            for at in 0..below(driver, 6)? {
                href.push(if at == 0 { '?' } else { '&' });
                href.push_str(one(driver, &QUERIES)?);
            }
            href
        };
        Some(Input {
            href,
            simulator: driver.produce::<bool>()?,
            filtered: driver.produce::<bool>()?,
        })
    }
}

#[test]
fn next_link() {
    let seeds = seeds::files(&[("tests/fuzz/corpus/link", "txt")]);
    let figures = Figures::of("next link");
    for seed in &seeds {
        let href = String::from_utf8_lossy(seed).into_owned();
        holds(&Input {
            href,
            simulator: true,
            filtered: true,
        });
    }
    check!()
        .with_iterations(INPUTS)
        .with_generator(Inputs(Edited::new(seeds, &WORDS)))
        .for_each(|input| figures.input(|| holds(input)));
}

fn holds(input: &Input) -> bool {
    let filters = Filters {
        skill: input.filtered.then(|| "Größe & 1".to_owned()),
        ..Filters::default()
    };
    let (scheme, trusted) = if input.simulator {
        ("http", TRUSTED.map(str::to_owned).to_vec())
    } else {
        ("https", Vec::new())
    };
    let hosts = Hosts::new(
        &Url::parse(&format!("{scheme}://api.example")).unwrap(),
        &trusted,
    );
    let from = Url::parse(FROM).unwrap();

    // The link arrives as it was sent, but for blanks around it.
    let sent = serde_json::to_string(&input.href).unwrap();
    let answer = format!(r#"{{"availableAgents":{{"link":{{"@rel":"next","@href":{sent}}}}}}}"#);
    let href = decode::json(answer.as_bytes())
        .unwrap()
        .next
        .unwrap_or_default();
    assert_eq!(href, input.href.trim());

    let Some(followed) = links::follow(&hosts, &filters, &from, &href) else {
        return false;
    };
    assert_eq!(
        Url::parse(followed.as_str()).as_ref(),
        Ok(&followed),
        "one reading only"
    );
    assert!(admitted(&followed, input.simulator), "{followed}");
    assert!(
        followed.username().is_empty() && followed.password().is_none(),
        "{followed}"
    );
    assert_eq!(followed.fragment(), None);
    let pairs = |url: &Url, wanted: &dyn Fn(&str) -> bool| -> Vec<(String, String)> {
        let pairs = url.query_pairs().filter(|(name, _)| wanted(name));
        pairs
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    };
    let only = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(
        pairs(&followed, &|name| name == "v"),
        only("v", "1"),
        "{followed}"
    );
    assert_eq!(
        pairs(&followed, &|name| name == "NC"),
        only("NC", "true"),
        "{followed}"
    );
    // Everything else is there as it was, and before what is added.
    let other = |name: &str| name != "v" && name != "NC";
    let before = pairs(&from.join(&href).unwrap(), &other);
    let after = pairs(&followed, &other);
    assert!(after.starts_with(&before), "{followed}");
    let skills = after.iter().filter(|(name, _)| name == "skill").count();
    assert!(skills >= usize::from(input.filtered));
    // Following twice changes nothing.
    let again = links::follow(&hosts, &filters, &from, followed.as_str());
    assert_eq!(again, Some(followed));
    true
}

/// The rule of contract §1, written down a second time.
fn admitted(url: &Url, simulator: bool) -> bool {
    let host = url.host_str().unwrap_or_default();
    let own = host.ends_with(".liveperson.net") || host.ends_with(".liveperson.com");
    let port = url.port_or_known_default();
    let trusted = host == "lab.example" || (host == "127.0.0.1" && port == Some(4000));
    (url.scheme() == "https" && own && url.port().is_none())
        || (simulator && url.scheme() == "http" && trusted)
}
