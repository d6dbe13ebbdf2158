//! A request taken apart: what was asked, in which format, with which tokens.

use bytes::Bytes;
use http::{HeaderMap, Method, header, request::Parts, uri::Authority};
use percent_encoding::percent_decode_str;

/// The two formats of the Agent API (contract §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

impl Format {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        }
    }
}

/// The method, with the override that LivePerson asks for instead of PUT (contract §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    /// POST with `X-HTTP-Method-Override: PUT`.
    PostAsPut,
    Other,
}

/// A request taken apart.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) verb: Verb,
    /// Decoded segments of the path; the format suffix of the last one is gone.
    pub(super) path: Vec<String>,
    query: Vec<(String, String)>,
    /// By suffix, else by the first known type of `Accept`, else JSON.
    pub(super) format: Format,
    /// `Authorization: Bearer …`.
    pub(super) bearer: Option<String>,
    /// `If-Match`.
    pub(super) if_match: Option<String>,
    cookies: Vec<(String, String)>,
    /// How the client reached us: host and port for every address we give out.
    pub(super) authority: String,
    /// Over TLS.
    secure: bool,
    pub(super) body: Bytes,
}

impl Request {
    /// Takes a request apart; `own` is the address for clients that do not say `Host`, and
    /// `secure` whether it came over TLS.
    pub(super) fn read(parts: &Parts, body: Bytes, (own, secure): (&str, bool)) -> Self {
        let headers = &parts.headers;
        let verb = match (&parts.method, text(headers, "x-http-method-override")) {
            (&Method::GET, _) => Verb::Get,
            (&Method::POST, None) => Verb::Post,
            (&Method::POST, Some(method)) if method.eq_ignore_ascii_case("PUT") => Verb::PostAsPut,
            (&Method::PUT, _) => Verb::Put,
            _ => Verb::Other,
        };
        let mut path: Vec<String> = parts.uri.path().split('/').skip(1).map(decoded).collect();
        let suffix = path.last_mut().and_then(|last| {
            let (stem, format) = match last.rsplit_once('.')? {
                (stem, "json") => (stem.to_owned(), Format::Json),
                (stem, "xml") => (stem.to_owned(), Format::Xml),
                _ => return None,
            };
            *last = stem;
            Some(format)
        });
        let query = parts.uri.query().unwrap_or_default();
        let bearer = text(headers, header::AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::to_owned);
        let cookies = headers.get_all(header::COOKIE).iter();
        let authority = text(headers, header::HOST.as_str())
            .filter(|host| host.parse::<Authority>().is_ok())
            .unwrap_or(own);
        Self {
            verb,
            path,
            query: query
                .split('&')
                .filter_map(|pair| named(pair, |text| decoded(&text.replace('+', " "))))
                .collect(),
            format: suffix.unwrap_or_else(|| accepted(headers)),
            bearer,
            if_match: text(headers, header::IF_MATCH.as_str()).map(str::to_owned),
            cookies: cookies
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(';'))
                .filter_map(|pair| named(pair.trim(), str::to_owned))
                .collect(),
            authority: authority.to_owned(),
            secure,
            body,
        }
    }

    /// The first value of a query parameter; names are case-sensitive (contract §4.1).
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, |key| key == name)
    }

    /// Scheme and host of every address we give out.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// What a cookie says of TLS.
    pub(super) const fn cookie_guard(&self) -> &'static str {
        if self.secure { "; Secure" } else { "" }
    }

    /// The value of a cookie.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        first(&self.cookies, |key| key == name)
    }

    /// The value of the login cookie in either spelling (contract §2.2).
    pub(super) fn session_cookie(&self) -> Option<&str> {
        first(&self.cookies, |key| key.eq_ignore_ascii_case("session_id"))
    }
}

fn first(pairs: &[(String, String)], is_it: impl Fn(&str) -> bool) -> Option<&str> {
    let found = pairs.iter().find(|(key, _)| is_it(key));
    found.map(|(_, value)| value.as_str())
}

/// `name=value`, both as `read` reads them. A pair without a name is nothing.
fn named(pair: &str, read: impl Fn(&str) -> String) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (!name.is_empty()).then(|| (read(name), read(value)))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn accepted(headers: &HeaderMap) -> Format {
    let accept = text(headers, header::ACCEPT.as_str()).unwrap_or_default();
    let known = accept.split(',').find_map(|kind| {
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/json" => Some(Format::Json),
            "application/xml" | "text/xml" => Some(Format::Xml),
            _ => None,
        }
    });
    known.unwrap_or(Format::Json)
}
