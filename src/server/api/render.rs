//! What visitors see of an agent (livechat contract §2.2).

use serde::Serialize;

use crate::domain::DesiredAgent;

#[derive(Serialize)]
struct Body<'a> {
    agent: Agent<'a>,
    success: bool,
}

#[derive(Serialize)]
struct Agent<'a> {
    _id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emails: Vec<Email<'a>>,
    name: &'a str,
    username: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    livechat: Option<Livechat>,
}

#[derive(Serialize)]
struct Email<'a> {
    address: &'a str,
    verified: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Livechat {
    max_number_simultaneous_chat: u32,
}

/// Appends the whole body of a successful agent.next for this agent; the `render` of
/// [`crate::domain::Snapshot::build`]. `show_email` is `Livechat_show_agent_email`.
///
/// The seed's keys in the seed's order, then `status` and `livechat`. `verified` and `success`
/// are JSON booleans: the seed's quoted ones are an error of its page. Absent on purpose: `phone`,
/// which the source does not have, and `customFields`: upstream sends only fields whose
/// definition says `sendToIntegrations`, and ours are the bridge's own book-keeping.
pub fn render_agent(agent: &DesiredAgent, show_email: bool, out: &mut Vec<u8>) {
    let emails = if show_email {
        agent.emails.as_slice()
    } else {
        &[]
    };
    let body = Body {
        agent: Agent {
            _id: agent.identity.target_id.as_str(),
            emails: emails
                .iter()
                .map(|email| Email {
                    address: &email.address,
                    verified: email.verified,
                })
                .collect(),
            name: &agent.name,
            username: &agent.identity.username,
            status: agent.availability.status.word(),
            livechat: agent.limit.map(|limit| Livechat {
                max_number_simultaneous_chat: limit,
            }),
        },
        success: true,
    };
    let start = out.len();
    // Texts and numbers into memory cannot fail; if they did, the agent could not be shown.
    if serde_json::to_writer(&mut *out, &body).is_err() {
        out.truncate(start);
    }
}
