//! Links to messages become quotes: `[ ](<site>/live/<rid>?msg=<id>)` gives an attachment with the
//! message's text (livechat contract §4.6.1).

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{
    chats::Chats,
    document::{Message, Room},
    refused::Refused,
};

/// Most quotes of one message.
const MOST: usize = 4;

impl Chats {
    /// The attachments of the links in a text. `sites` are addresses of this server besides the
    /// configured one. Only messages of this visitor's rooms are quoted; other links are links.
    pub(super) fn quotes(
        &self,
        room: &Room,
        msg: &str,
        sites: &[String],
    ) -> Result<Vec<Value>, Refused> {
        let mut quotes = Vec::new();
        let configured = Some(&self.config.site_url).filter(|site| !site.is_empty());
        let sites: Vec<_> = configured.into_iter().chain(sites).collect();
        for (link, id) in links(msg, &sites).take(MOST) {
            let Some(found) = self.message(&id)?.filter(|found| !found.hidden) else {
                continue;
            };
            let owner = self.room(&found.rid)?.map(|room| room.v.token);
            if owner.as_ref() == Some(&room.v.token) {
                quotes.push(quote(&found, link));
            }
        }
        Ok(quotes)
    }
}

/// What a quote shows. `ts` is in milliseconds here and written as a date on the wire. Quotes inside the quoted
/// message stay out.
fn quote(quoted: &Message, link: &str) -> Value {
    let author = quoted.alias.as_ref().or(quoted.u.name.as_ref());
    let inner: Vec<_> = quoted
        .attachments
        .iter()
        .filter(|attachment| attachment.get("message_link").is_none())
        .collect();
    json!({
        "text": quoted.msg,
        "message_link": link,
        "author_name": author.unwrap_or(&quoted.u.username),
        "attachments": inner,
        "ts": quoted.ts.0,
    })
}

/// Addresses below one of the sites that name a message, and the message's id.
fn links<'a>(msg: &'a str, sites: &'a [&String]) -> impl Iterator<Item = (&'a str, String)> {
    let ends = |c: char| c.is_whitespace() || matches!(c, ')' | '>' | '|' | ']' | '"');
    let starts = msg
        .match_indices("http")
        .filter(|(place, _)| !msg[..*place].ends_with(|c: char| c.is_ascii_alphanumeric()));
    starts.filter_map(move |(place, _)| {
        let rest = &msg[place..];
        let site = sites.iter().find(|site| rest.starts_with(site.as_str()))?;
        let link = rest.split(ends).next()?;
        let below = link.get(site.len()..)?;
        if !below.starts_with(['/', '?']) {
            return None;
        }
        let (_, query) = below.split_once('?')?;
        let id = query
            .split('&')
            .find_map(|part| part.strip_prefix("msg="))?;
        let id = id.split('#').next()?;
        let id = percent_decode_str(id).decode_utf8().ok()?;
        (!id.is_empty()).then(|| (link, id.into_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_of_this_site_name_a_message() {
        let site = "http://chat.example".to_owned();
        let cases: [(&str, &[&str]); 9] = [
            ("[ ](http://chat.example/live/r?msg=m1) yes", &["m1"]),
            ("http://chat.example/live/r?a=b&msg=m2#x", &["m2"]),
            ("http://chat.example?msg=m%203", &["m 3"]),
            ("http://chat.example.evil/live/r?msg=m", &[]),
            ("http://other.example/live/r?msg=m", &[]),
            ("xhttp://chat.example/live/r?msg=m", &[]),
            ("http://chat.example/live/r", &[]),
            ("http://chat.example/live/r?msg=", &[]),
            (
                "http://chat.example/?msg=a http://chat.example/?msg=b",
                &["a", "b"],
            ),
        ];
        for (msg, expected) in cases {
            let found: Vec<_> = links(msg, &[&site]).map(|(_, id)| id).collect();
            assert_eq!(found, expected, "{msg}");
        }
    }
}
