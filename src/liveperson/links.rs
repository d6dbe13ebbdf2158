//! Addresses of the agent API: the parameters every one of them needs, the filters, and what a
//! link tells about the account and the cursor.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::Url;

use crate::config::Filters;

/// Everything but RFC 3986's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `url` with `v=1&NC=true` and the filters, each unless it is there already (contract §4.1). The
/// server's own links come without any of them (§4.6). Names are case-sensitive.
pub(super) fn complete(mut url: Url, filters: &Filters) -> Url {
    let mut query = url.query().unwrap_or_default().to_owned();
    let wanted = [
        ("v", Some("1")),
        ("NC", Some("true")),
        ("skill", filters.skill.as_deref()),
        ("chatState", filters.chat_state.as_deref()),
        ("voiceState", filters.voice_state.as_deref()),
        ("chatReasonId", filters.chat_reason_id.as_deref()),
    ];
    for (name, value) in wanted {
        let Some(value) = value else { continue };
        if url.query_pairs().any(|(there, _)| there == name) {
            continue;
        }
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.extend(utf8_percent_encode(value, VALUE));
    }
    url.set_query(Some(&query));
    url.set_fragment(None);
    url
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
