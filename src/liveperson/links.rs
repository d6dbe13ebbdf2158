//! Addresses of the agent API: the parameters every one of them needs, the filters, and what a
//! link tells about the account and the cursor.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::Url;

use super::hosts::Hosts;
use crate::config::Filters;

/// Everything but RFC 3986's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The address that the link `href` of the answer from `from` leads to, ready to be asked: checked
/// by the rule of the hosts and completed. `None` when it may not be followed.
pub fn follow(hosts: &Hosts, filters: &Filters, from: &Url, href: &str) -> Option<Url> {
    Some(complete(hosts.link(from, href)?, filters))
}

/// `url` with `v=1&NC=true`, each once and with that value whatever was there, and with the
/// filters, each unless it is there already (contract §4.1). The server's own links come without
/// any of them (§4.6). Names are case-sensitive; what else is in the query stays as it is.
pub(super) fn complete(mut url: Url, filters: &Filters) -> Url {
    let mut fixed = [("v", "1", false), ("NC", "true", false)];
    let mut asked = [
        ("skill", filters.skill.as_deref()),
        ("chatState", filters.chat_state.as_deref()),
        ("voiceState", filters.voice_state.as_deref()),
        ("chatReasonId", filters.chat_reason_id.as_deref()),
    ];
    let mut query = String::new();
    let raw = url.query().unwrap_or_default();
    // `query_pairs` passes over empty pieces too.
    let pieces = raw.split('&').filter(|piece| !piece.is_empty());
    for (piece, (name, value)) in pieces.zip(url.query_pairs()) {
        if let Some((_, only, there)) = fixed.iter_mut().find(|(fixed, ..)| *fixed == name) {
            if *there || *only != value {
                continue;
            }
            *there = true;
        }
        if let Some((_, wanted)) = asked.iter_mut().find(|(asked, _)| *asked == name) {
            *wanted = None;
        }
        joined(&mut query).push_str(piece);
    }
    let missing = fixed.iter().filter(|(.., there)| !there);
    let missing = missing.map(|(name, only, _)| (*name, *only));
    let asked = asked
        .iter()
        .filter_map(|(name, value)| Some((*name, (*value)?)));
    for (name, value) in missing.chain(asked) {
        let query = joined(&mut query);
        query.push_str(name);
        query.push('=');
        query.extend(utf8_percent_encode(value, VALUE));
    }
    url.set_query(Some(&query));
    url.set_fragment(None);
    url
}

/// Ready for the next pair.
fn joined(query: &mut String) -> &mut String {
    if !query.is_empty() {
        query.push('&');
    }
    query
}

/// The resource `name` below `url`, without the query of `url`.
pub(super) fn below(url: &Url, name: &str) -> Url {
    let mut url = url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(name.split('/'));
    }
    url.set_query(None);
    url
}

/// The account in `…/api/account/{id}/…`, where there is one.
pub(super) fn account(url: &Url) -> Option<String> {
    let mut segments = url.path_segments()?;
    segments
        .by_ref()
        .zip(url.path_segments()?.skip(1))
        .find(|pair| *pair == ("api", "account"))?;
    // `find` stopped at `api`: `account` is next, then the id.
    let id = segments.nth(1)?;
    Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
}

/// The `timeStamp` of a `next` link, in epoch milliseconds.
pub(super) fn time_stamp(url: &Url) -> Option<i64> {
    let (_, value) = url.query_pairs().find(|(name, _)| name == "timeStamp")?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn every_address_gets_what_it_lacks_once() {
        let none = Filters::default();
        let some = Filters {
            skill: Some("Größe & Co+1".to_owned()),
            chat_state: Some("Online".to_owned()),
            ..Filters::default()
        };
        let cases = [
            ("https://h/a", &none, "v=1&NC=true"),
            ("https://h/a?NC=true", &none, "NC=true&v=1"),
            (
                "https://h/a?timeStamp=5&v=1",
                &none,
                "timeStamp=5&v=1&NC=true",
            ),
            (
                "https://h/a?V=1&nc=true#x",
                &none,
                "V=1&nc=true&v=1&NC=true",
            ),
            // Whatever the server wrote, both parameters are there once and right.
            (
                "https://h/a?v=2&&%76=1&v=1&NC=false&x=%20a+b",
                &none,
                "%76=1&x=%20a+b&NC=true",
            ),
            (
                "https://h/a?timeStamp=5&chatState=Away",
                &some,
                "timeStamp=5&chatState=Away&v=1&NC=true&skill=Gr%C3%B6%C3%9Fe%20%26%20Co%2B1",
            ),
        ];
        for (given, filters, query) in cases {
            let expect = format!("https://h/a?{query}");
            assert_eq!(complete(url(given), filters).as_str(), expect);
        }
    }

    #[test]
    fn a_followed_link_is_checked_and_complete() {
        let from = url("https://va.liveperson.net/api/account/1/agentSession/9/availableAgents");
        let hosts = Hosts::new(&from, &[]);
        let cases = [
            (
                "?timeStamp=7",
                Some(
                    "https://va.liveperson.net/api/account/1/agentSession/9/availableAgents?timeStamp=7&v=1&NC=true",
                ),
            ),
            ("https://u:p@va.liveperson.net/", None),
            ("https://example.org/?v=1", None),
            ("https://[", None),
        ];
        for (href, expect) in cases {
            let followed = follow(&hosts, &Filters::default(), &from, href);
            assert_eq!(followed.as_ref().map(Url::as_str), expect, "{href}");
        }
    }

    #[test]
    fn a_link_tells_its_account_and_time() {
        let cases = [
            (
                "https://h/api/account/12/agentSession/9?timeStamp=7",
                Some("12"),
                Some(7),
            ),
            ("https://h/x/api/account/12/", Some("12"), None),
            ("https://h/api/account", None, None),
            ("https://h/agentSession/9?timeStamp=x", None, None),
        ];
        for (given, id, time) in cases {
            assert_eq!(account(&url(given)).as_deref(), id, "{given}");
            assert_eq!(time_stamp(&url(given)), time, "{given}");
        }
        let session = url("https://h/api/account/1/agentSession/9/?v=1");
        assert_eq!(
            below(&session, "availableAgents").as_str(),
            "https://h/api/account/1/agentSession/9/availableAgents"
        );
    }
}
