//! What a fault makes of an answer: another one instead, or the true one spoilt.

use http::{StatusCode, header};
use serde_json::json;

use super::{
    answer::{Answer, Pieces},
    drip::Drip,
    faults::Place,
    gzip,
    request::Request,
    service::{Service, refusal},
    session,
    what::What,
    xml,
};

/// The answer of a fault that does not look at the request.
pub(super) fn instead(
    service: &Service,
    request: &Request,
    place: Place,
    what: &What,
) -> Option<Answer> {
    let page = |status| {
        let body = "<!DOCTYPE html><html><head><title>Service unavailable</title></head>\
                    <body><h1>We will be back soon</h1></body></html>";
        Answer::text(status, "text/html; charset=utf-8", body)
    };
    Some(match what {
        What::Html503 => page(503),
        What::Html200 => page(200),
        What::Status(status) => by_status(service, request, place, *status),
        What::StatusRetryAfter(status, wait) => {
            by_status(service, request, place, *status).with(header::RETRY_AFTER, wait.clone())
        }
        What::Answer {
            status,
            content_type,
            body,
        } => Answer::text(*status, content_type, body.clone()),
        What::EntityBomb => Answer::text(200, "application/xml", xml::entity_bomb()),
        What::HugeBody(size) => {
            let open = Pieces::of([HUGE.into()]).filled(size.saturating_sub(HUGE.len() as u64));
            Answer {
                body: open,
                ..Answer::text(200, "application/json", "")
            }
        }
        What::GzipBomb(size) => Answer::text(200, "application/json", gzip::bomb(HUGE, *size))
            .with(header::CONTENT_ENCODING, "gzip".to_owned()),
        What::Nothing
        | What::ContentType(_)
        | What::Truncate(_)
        | What::Reset(_)
        | What::EmptyList
        | What::HalfList
        | What::ForeignAccount(_)
        | What::ForeignNext(_)
        | What::Silence
        | What::NoBearer
        | What::SlowDrip { .. } => return None,
    })
}

/// How a huge list begins: valid so far, and white space after it is valid, too.
const HUGE: &str = "{\"availableAgents\":{\"agents\":{\"agent\":[ ";

/// A status with the body LivePerson sends beside it.
fn by_status(service: &Service, request: &Request, place: Place, status: u16) -> Answer {
    let known = StatusCode::from_u16(status).ok();
    let reason = known
        .and_then(|status| status.canonical_reason())
        .unwrap_or("refused");
    match (status, place) {
        (204 | 304, _) => Answer::empty(status),
        (500.., _) => {
            let body = json!({ "error": "LeLogin1 failed - invalid url received from app server" });
            Answer::json(status, &body)
        }
        (401, Place::Session | Place::Agents) => session::rejected(),
        (_, Place::Session | Place::Agents) => session::problem(service, request, status, reason),
        (_, Place::Discovery | Place::Login | Place::Refresh | Place::Accounts) => {
            refusal(service, status, 5, reason)
        }
    }
}

/// What a fault makes of a true answer.
pub(super) fn spoil(service: &Service, mut answer: Answer, what: What) -> Answer {
    match what {
        What::ContentType(name) => answer.content_type = name,
        What::Truncate(size) => answer.body.truncate(size),
        What::Reset(size) => {
            answer.body.truncate(size);
            answer.body = answer.body.broken();
        }
        What::SlowDrip { bytes, every } => {
            let drip = Drip::new((bytes, every), &service.clock, &service.traffic);
            answer.body = answer.body.dripping(drip);
        }
        // Done where the answer is made, or instead of it.
        What::Nothing
        | What::EmptyList
        | What::HalfList
        | What::ForeignAccount(_)
        | What::ForeignNext(_)
        | What::Silence
        | What::NoBearer
        | What::Html503
        | What::Html200
        | What::Status(_)
        | What::StatusRetryAfter(..)
        | What::Answer { .. }
        | What::HugeBody(_)
        | What::GzipBomb(_)
        | What::EntityBomb => {}
    }
    answer
}
