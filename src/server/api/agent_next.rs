//! `GET /api/v1/livechat/agent.next/:token[?department=]` (livechat contract §4.1.2 and §7).
//!
//! A question without a department goes to the first department that is offered at registration
//! and has somebody online (§2.4), as `[[livechat.departments]]` says; without the livechat face, and
//! where no department is offered, to everybody. The token is not checked to belong to a visitor: no
//! version of upstream does.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{Response, StatusCode};
use prometheus_client::metrics::{counter::Counter, family::Family};

use super::{
    super::query,
    reply::{self, Body},
};
use crate::{
    config::{ApiConfig, LivechatConfig},
    conversation::offered_department,
    ledger::{self, Ledger},
    ports::OpenRooms,
    telemetry::{
        Metrics,
        metrics::{Answer as AnswerLabel, Reason},
    },
};

const OPEN_ROOM: &[u8] = br#"{"success":true}"#;
const HIDDEN: &[u8] = br#"{"agent":{"hiddenInfo":true},"success":true}"#;
const NOT_FOUND: &[u8] = br#"{"success":false,"error":"agent-not-found"}"#;
const INVALID_AGENT: &[u8] = br#"{"success":false,"error":"invalid-agent"}"#;
const ADDITIONAL: &[u8] = br#"{"success":false,"error":"must NOT have additional properties [invalid-params]","errorType":"invalid-params"}"#;
const NOT_A_STRING: &[u8] =
    br#"{"success":false,"error":"must be string [invalid-params]","errorType":"invalid-params"}"#;

/// The endpoint, with everything resolved that can be resolved before the first question.
pub(super) struct AgentNext {
    ledger: Arc<Ledger>,
    rooms: Arc<dyn OpenRooms>,
    /// Who is offered to those who name no department; `None`: nobody ever is.
    offers: Option<Arc<LivechatConfig>>,
    show_info: bool,
    answered: Answered,
}

/// Counters by answer.
struct Answered {
    agent: Counter,
    open_room: Counter,
    not_found: Counter,
    invalid_agent: Counter,
    refused: Family<Reason, Counter>,
}

/// Why a query does not fit the schema `{department?: string | null}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Misfit {
    /// A key besides `department`. Wins over the other: ajv looks at the object first.
    Additional,
    /// `department` is an array or an object. Nullable keys do not get the unwrapping of
    /// one-element arrays (§1.5.1), so `department[]=a` is one too.
    NotAString,
}

/// What the visitor gets.
enum Outcome {
    OpenRoom,
    Agent(Option<Bytes>),
    /// The reason of most of the refused agents: for the metric, never for the visitor.
    Nobody(&'static str),
}

impl AgentNext {
    pub(super) fn new(
        config: &ApiConfig,
        ledger: Arc<Ledger>,
        rooms: Arc<dyn OpenRooms>,
        livechat: Option<Arc<LivechatConfig>>,
        metrics: &Metrics,
    ) -> Self {
        let counter = |answer| {
            let label = AnswerLabel { answer };
            metrics.agent_next.get_or_create_owned(&label)
        };
        Self {
            ledger,
            rooms,
            offers: livechat.filter(|livechat| {
                let mut departments = livechat.departments.iter();
                departments.any(|department| department.show_on_registration)
            }),
            show_info: config.show_agent_info,
            answered: Answered {
                agent: counter("agent"),
                open_room: counter("open_room"),
                not_found: counter("not_found"),
                invalid_agent: counter("invalid_agent"),
                refused: metrics.agent_next_refused.clone(),
            },
        }
    }

    /// Answers one question. A HEAD gets the status its GET would get now, and
    /// books nothing: no hold, and no count of an answer that nobody saw.
    pub(super) fn answer(&self, token: &str, query: Option<&str>, is_head: bool) -> Response<Body> {
        let department = match query.map_or(Ok(None), department) {
            Ok(department) => department,
            Err(misfit) => {
                let body = match misfit {
                    Misfit::Additional => ADDITIONAL,
                    Misfit::NotAString => NOT_A_STRING,
                };
                return reply::json(StatusCode::BAD_REQUEST, Bytes::from_static(body));
            }
        };
        let outcome = if self.rooms.has_open_room(token) {
            Outcome::OpenRoom
        } else {
            let department = department.or_else(|| self.offered());
            if is_head {
                outcome(&self.ledger.preview(department.as_deref()))
            } else {
                outcome(&self.ledger.agent_next(token, department.as_deref()))
            }
        };
        if !is_head {
            self.count(&outcome);
        }
        let found = |body| reply::json(StatusCode::OK, body);
        let failed = |body| reply::json(StatusCode::BAD_REQUEST, Bytes::from_static(body));
        match outcome {
            Outcome::OpenRoom => found(Bytes::from_static(OPEN_ROOM)),
            // Hidden information is not even looked up, so such an agent is never invalid.
            Outcome::Agent(_) if !self.show_info => found(Bytes::from_static(HIDDEN)),
            Outcome::Agent(Some(body)) => found(body),
            Outcome::Agent(None) => failed(INVALID_AGENT),
            Outcome::Nobody(_) => failed(NOT_FOUND),
        }
    }

    /// The department for those who name none.
    fn offered(&self) -> Option<Cow<'static, str>> {
        let livechat = self.offers.as_ref()?;
        offered_department(livechat, &self.ledger).map(Cow::Owned)
    }

    fn count(&self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::OpenRoom => &self.answered.open_room,
            Outcome::Agent(None) if self.show_info => &self.answered.invalid_agent,
            Outcome::Agent(_) => &self.answered.agent,
            Outcome::Nobody(reason) => {
                let label = Reason { reason };
                self.answered.refused.get_or_create(&label).inc();
                &self.answered.not_found
            }
        };
        counter.inc();
    }
}

/// The one place that knows the shape of the ledger's answer.
fn outcome(answer: &ledger::Answer) -> Outcome {
    match answer {
        ledger::Answer::Agent { .. } => Outcome::Agent(answer.body()),
        ledger::Answer::Nobody(nobody) => Outcome::Nobody(nobody.main.word()),
    }
}

/// The department asked for; `None` when it is absent or empty (older clients always send
/// `?department=`).
fn department(query: &str) -> Result<Option<Cow<'_, str>>, Misfit> {
    // What nearly everybody sends: one plain value.
    if let Some(value) = query.strip_prefix("department=")
        && !value
            .bytes()
            .any(|b| matches!(b, b'&' | b'%' | b'+' | b']'))
    {
        return Ok(Some(Cow::Borrowed(value)).filter(|value| !value.is_empty()));
    }
    let (mut found, mut is_string) = (None, true);
    for (key, value) in query::pairs(query) {
        let (root, has_parts) = query::root(&key);
        if root != "department" {
            return Err(Misfit::Additional);
        }
        is_string &= !has_parts && found.is_none();
        found = Some(value);
    }
    if is_string {
        Ok(found.filter(|value| !value.is_empty()))
    } else {
        Err(Misfit::NotAString)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_a_department_or_a_misfit() {
        let cases = [
            ("", Ok(None)),
            ("department=", Ok(None)),
            ("department", Ok(None)),
            ("department=d1", Ok(Some("d1"))),
            ("&department=d1&", Ok(Some("d1"))),
            ("department=a+b", Ok(Some("a b"))),
            ("department=a%20b", Ok(Some("a b"))),
            ("department=%ff", Ok(Some("%ff"))),
            ("department=a=b", Ok(Some("a=b"))),
            ("%64epartment=d1", Ok(Some("d1"))),
            ("[department]=d1", Ok(Some("d1"))),
            ("department=a&department=b", Err(Misfit::NotAString)),
            ("department&department", Err(Misfit::NotAString)),
            ("department[]=a", Err(Misfit::NotAString)),
            ("department%5B%5D=a", Err(Misfit::NotAString)),
            ("department[0]=a", Err(Misfit::NotAString)),
            ("department[b]=a", Err(Misfit::NotAString)),
            ("foo=1", Err(Misfit::Additional)),
            ("foo", Err(Misfit::Additional)),
            ("[]=1", Err(Misfit::Additional)),
            ("Department=a", Err(Misfit::Additional)),
            ("department]=a", Err(Misfit::Additional)),
            ("department=a]=b", Err(Misfit::Additional)),
            ("department=a&foo=1", Err(Misfit::Additional)),
            ("department[]=a&foo=1", Err(Misfit::Additional)),
        ];
        for (query, expected) in cases {
            let got = department(query);
            assert_eq!(
                got.as_ref().map(Option::as_deref),
                expected.as_ref().map(|o| *o),
                "{query}"
            );
        }
    }
}
