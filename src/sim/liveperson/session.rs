//! The agent session and its small resources (contract §3, §5): JSON or XML as asked.

use http::header;
use serde_json::Value;

use super::{
    answer::Answer,
    behaviour::{SessionAnswer, SessionOver},
    element::Element,
    list::{max_chats, state_name},
    login::Opened,
    people::skill_name,
    request::{Format, Request, Verb},
    service::Service,
    what::What,
};
use crate::domain::Presence;

/// Body of a rejected bearer, as a client reported it (contract §7.1 row 3).
const REJECTED: &str =
    "oauth_problem=token_rejected&oauth_problem_advice=the oauth_token is unacceptable";

/// Name of the session's own cookie. Made up: the docs only say that there is one (contract §3.3).
const SECURITY_COOKIE: &str = "agent_security";

/// Why a request to the Agent API is refused, if it is: it needs `v=1`, the right account and a
/// live bearer.
pub(super) fn refused(service: &Service, request: &Request, account: &str) -> Option<Answer> {
    if request.query("v") != Some("1") {
        let message = "the parameter v is missing or not 1";
        return Some(problem(service, request, 400, message));
    }
    let bearer = request.bearer.as_deref().unwrap_or_default();
    let (now, behaviour) = (service.clock.elapsed(), service.behaviour());
    let live = service.logins().is_live(bearer, now, &behaviour);
    (account != service.identity().account || !live).then(rejected)
}

/// The same for a resource of an agent session. A request that is let in is a use of it.
pub(super) fn shut_out(
    service: &Service,
    request: &Request,
    account: &str,
    id: &str,
) -> Option<Answer> {
    if let Some(refused) = refused(service, request, account) {
        return Some(refused);
    }
    let (now, behaviour) = (service.clock.elapsed(), service.behaviour());
    let cookie = request.cookie(SECURITY_COOKIE);
    let open = service.logins().touch_session(id, cookie, now, &behaviour);
    (!open).then(|| match behaviour.session_over {
        SessionOver::Unauthorized => rejected(),
        SessionOver::NotFound => problem(service, request, 404, "no such agent session"),
    })
}

/// `POST …/agentSession`: 201 with its address. The odd body is obligatory (contract §3.1).
pub(super) fn open(
    service: &Service,
    request: &Request,
    account: &str,
    fault: Option<&What>,
) -> Answer {
    let has_body = match serde_json::from_slice::<Value>(&request.body) {
        Ok(body) => body.get("loginData").is_some(),
        Err(_) => text_of(&request.body, "loginData").is_some(),
    };
    if !has_body {
        return problem(service, request, 400, "loginData is missing");
    }
    let bearer = request.bearer.as_deref().unwrap_or_default();
    let opened = service
        .logins()
        .open_session(bearer, service.clock.elapsed());
    let address = address(request, account, &opened.id, fault);
    let link = Element::link(address.clone(), "location");
    let body = Element::of("agentSessionLocation", vec![link]);
    let behaviour = service.behaviour();
    let mut answer = match behaviour.session_answer {
        SessionAnswer::BodyAndLocation => {
            document(request.format, 201, &body).with(header::LOCATION, address)
        }
        SessionAnswer::BodyOnly => document(request.format, 201, &body),
        SessionAnswer::Old200 => document(request.format, 200, &body),
        SessionAnswer::XmlBody => document(Format::Xml, 201, &body),
    };
    if behaviour.security_cookie {
        let Opened { id, cookie } = opened;
        let cookie = format!(
            "{SECURITY_COOKIE}={cookie}; Path=/api/account/{account}/agentSession/{id}; HttpOnly{}",
            request.cookie_guard(),
        );
        answer = answer.with(header::SET_COOKIE, cookie);
    }
    answer
}

/// `GET {session}`: links. Only `available-agents` is known to be called so (contract §3.2).
pub(super) fn show(request: &Request, account: &str, id: &str, fault: Option<&What>) -> Answer {
    let resources = [
        ("", "self"),
        ("/availableAgents", "available-agents"),
        ("/availability", "availability"),
        ("/incomingRequests", "incoming-requests"),
        ("/info", "info"),
    ];
    let address = address(request, account, id, fault);
    let links = resources.map(|(path, rel)| Element::link(format!("{address}{path}"), rel));
    document(
        request.format,
        200,
        &Element::of("agentSessionId", links.into()),
    )
}

/// `{session}/availability`: GET reads; POST with the override sets, as a plain PUT does only
/// where the behaviour says so (contract §3.4).
pub(super) fn availability(service: &Service, request: &Request) -> Answer {
    match request.verb {
        Verb::Get => {}
        Verb::PostAsPut => return set_availability(service, request),
        Verb::Put if service.behaviour().plain_put => return set_availability(service, request),
        Verb::Post | Verb::Put | Verb::Other => {
            return problem(
                service,
                request,
                405,
                "use POST with X-HTTP-Method-Override: PUT",
            );
        }
    }
    document(
        request.format,
        200,
        &Element::of("availability", own_states(service)),
    )
}

fn set_availability(service: &Service, request: &Request) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let wanted = &body["availability"];
    let chat = match wanted["chat"].as_str() {
        Some(name) => Some(name.to_owned()),
        None => text_of(&request.body, "chat"),
    };
    let presence = match chat.as_deref() {
        Some("Online") => Presence::Online,
        Some("Occupied") => Presence::Occupied,
        Some("Away") => Presence::Away,
        _ => {
            return problem(
                service,
                request,
                400,
                "chat must be Online, Occupied or Away",
            );
        }
    };
    let reason = match &wanted["chatReasonId"] {
        Value::Number(id) => id.as_u64().and_then(|id| u32::try_from(id).ok()),
        Value::String(id) => id.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            text_of(&request.body, "chatReasonId").and_then(|id| id.parse().ok())
        }
    };
    service.world.update(service.world.own().id, |own| {
        own.presence = presence;
        own.reason = reason;
    });
    document(
        request.format,
        200,
        &Element::of("availability", own_states(service)),
    )
}

/// `GET {session}/info` (contract §3.5).
pub(super) fn info(
    service: &Service,
    request: &Request,
    account: &str,
    id: &str,
    fault: Option<&What>,
) -> Answer {
    let own = service.world.own();
    let mut limit = String::new();
    max_chats(own.capacity, &mut limit);
    let skills = own.skills.iter().map(|skill| {
        Element::of(
            "skillInfo",
            vec![
                Element::text("id", skill.to_string()),
                Element::text("name", skill_name(*skill).unwrap_or_default()),
            ],
        )
    });
    let address = address(request, account, id, fault);
    let body = Element::of(
        "info",
        vec![
            Element::link(format!("{address}/info"), "self"),
            Element::text("agentName", own.nickname.as_str()),
            Element::text("displayName", own.nickname.as_str()),
            Element::text("loginName", own.login.as_str()),
            Element::text("id", own.id.to_string()),
            Element::text("maxChats", limit),
            Element::of("availability", own_states(service)),
            Element::of("skillsInfo", skills.collect()),
        ],
    );
    document(request.format, 200, &body)
}

/// `GET {session}/incomingRequests`: nothing ever rings, since the bridge accepts no chats.
pub(super) fn incoming(request: &Request) -> Answer {
    let ringing = Element::text("ringingCount", "0");
    document(
        request.format,
        200,
        &Element::of("incomingRequests", vec![ringing]),
    )
}

/// Address of a session: the scheme and host by which the client reached us, unless a fault names
/// another host or account.
pub(super) fn address(request: &Request, account: &str, id: &str, fault: Option<&What>) -> String {
    let origin = match fault {
        Some(What::ForeignNext(host)) => format!("https://{host}"),
        _ => request.origin(),
    };
    format!("{origin}/api/account/{account}/agentSession/{id}")
}

/// An error of the Agent API in the format asked for (contract §7.1 rows 1 and 7). 5 is the one
/// `internalCode` known from there.
pub(super) fn problem(service: &Service, request: &Request, status: u16, message: &str) -> Answer {
    let time = service.clock.now().to_string().replace('Z', "+00:00");
    let body = Element::of(
        "error",
        vec![
            Element::text("time", time),
            Element::text("message", message),
            Element::number("internalCode", 5),
        ],
    );
    document(request.format, status, &body)
}

/// 401 as an OAuth problem in plain text.
pub(super) fn rejected() -> Answer {
    Answer::text(401, "text/plain", REJECTED)
}

fn own_states(service: &Service) -> Vec<Element> {
    let own = service.world.own();
    vec![
        Element::text("chat", state_name(own.presence)),
        Element::text("voice", state_name(own.voice)),
    ]
}

fn document(format: Format, status: u16, body: &Element) -> Answer {
    Answer::text(status, format.content_type(), body.document(format))
}

/// The text of the first `<name>` in a small XML body; `Some("")` when it is self-closed.
fn text_of(body: &[u8], name: &str) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let after = &body[body.find(&format!("<{name}"))? + 1 + name.len()..];
    match after.strip_prefix('>') {
        Some(text) => Some(text[..text.find(&format!("</{name}>"))?].to_owned()),
        None => after.trim_start().starts_with("/>").then(String::new),
    }
}
