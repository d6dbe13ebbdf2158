//! `availableAgents` in XML as contract §4.3 reconstructs it: four attributes, the rest children.

use super::{
    list::{Row, Written, max_chats, put, room_for, state},
    people::{GROUPS, skill_name},
    style::{Empty, Namespace, Style},
};

/// What every XML document opens with.
pub(super) const DECLARATION: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Made up: nobody has seen one.
const NAMESPACE: &str = "http://liveperson.example/agent";

/// Writes the list; the link goes between the two halves.
pub(super) fn agents(rows: &[Row<'_>], style: Style) -> Written {
    let mut list = String::with_capacity(room_for(rows.len()));
    let tags = Tags::of(style);
    match (rows, style.empty) {
        ([], Empty::Absent) => {}
        ([], Empty::Object | Empty::Text | Empty::Null) => {
            list.push('<');
            list.push_str(tags.prefix);
            list.push_str("agents/>");
        }
        (rows, _) => tags.around("agents", &mut list, |out| {
            for row in rows {
                agent(*row, style, out);
            }
        }),
    }
    let root = match style.namespace {
        Namespace::None => String::new(),
        Namespace::Default => format!(" xmlns=\"{NAMESPACE}\""),
        Namespace::Prefixed => format!(" xmlns:lp=\"{NAMESPACE}\""),
    };
    let open = format!("{DECLARATION}<{}availableAgents{root}>", tags.prefix);
    let close = format!("</{}availableAgents>", tags.prefix);
    if style.link_first {
        return Written {
            before: open,
            after: list + &close,
        };
    }
    list.insert_str(0, &open);
    Written {
        before: list,
        after: close,
    }
}

/// The element `link`.
pub(super) fn link(href: &str, style: Style) -> String {
    let mut out = format!("<{}link href=\"", Tags::of(style).prefix);
    escape(href, &mut out);
    out.push_str("\" rel=\"next\"/>");
    out
}

/// A list of one whose nickname is 10⁹ letters to whoever expands entities.
pub(super) fn entity_bomb() -> String {
    let mut out = DECLARATION.to_owned();
    out.push_str("<!DOCTYPE availableAgents [<!ENTITY e0 \"ha\">");
    for level in 1..=9 {
        let below = format!("&e{};", level - 1).repeat(10);
        put(format_args!("<!ENTITY e{level} \"{below}\">"), &mut out);
    }
    out.push_str(
        "]><availableAgents><agents><agent id=\"1\" chatState=\"2\" voiceState=\"1\" \
         maxChats=\"3\"><userName>bomb</userName><nickname>&e9;</nickname></agent></agents>\
         </availableAgents>",
    );
    out
}

fn agent(row: Row<'_>, style: Style, out: &mut String) {
    let agent = &row.entry.agent;
    let tags = Tags::of(style);
    let mut numbers = [
        ("id", agent.id.to_string()),
        ("chatState", state(agent.presence, style.states).to_owned()),
        ("voiceState", state(agent.voice, style.states).to_owned()),
        ("maxChats", String::new()),
    ];
    max_chats(agent.capacity, &mut numbers[3].1);
    out.push('<');
    out.push_str(tags.prefix);
    out.push_str("agent");
    if !style.attributes_as_children {
        for (name, value) in &numbers {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            out.push_str(value);
            out.push('"');
        }
    }
    out.push('>');
    if style.attributes_as_children {
        for (name, value) in &numbers {
            tags.around(name, out, |out| out.push_str(value));
        }
    }
    tags.around("userName", out, |out| escape(&agent.login, out));
    tags.around("nickname", out, |out| escape(&agent.nickname, out));
    if let Some(email) = &agent.email {
        tags.around("email", out, |out| escape(email, out));
    }
    tags.around("privilegeGroup", out, |out| escape(agent.privilege, out));
    if !agent.skills.is_empty() {
        tags.around("skills", out, |out| {
            for skill in &agent.skills {
                tags.around("skill", out, |out| put(skill, out));
            }
        });
    }
    if !agent.skills.is_empty() && style.skills_info {
        tags.around("skillsInfo", out, |out| {
            for skill in &agent.skills {
                tags.around("skillInfo", out, |out| {
                    tags.around("id", out, |out| put(skill, out));
                    let name = skill_name(*skill).unwrap_or_default();
                    tags.around("name", out, |out| escape(name, out));
                });
            }
        });
    }
    if agent.chats > 0 || style.zero_chats {
        tags.around("chats", out, |out| put(agent.chats, out));
    }
    let (group, group_name) = GROUPS.get(agent.group).copied().unwrap_or(GROUPS[0]);
    tags.around("agentGroupName", out, |out| escape(group_name, out));
    tags.around("agentGroupId", out, |out| put(group, out));
    tags.around("elapsedTimeInState", out, |out| put(row.elapsed, out));
    out.push_str("</");
    out.push_str(tags.prefix);
    out.push_str("agent>");
}

/// Writes elements under the namespace's prefix.
#[derive(Clone, Copy, Debug)]
struct Tags {
    prefix: &'static str,
}

impl Tags {
    const fn of(style: Style) -> Self {
        Self {
            prefix: match style.namespace {
                Namespace::None | Namespace::Default => "",
                Namespace::Prefixed => "lp:",
            },
        }
    }

    fn around(self, name: &str, out: &mut String, content: impl FnOnce(&mut String)) {
        for text in ["<", self.prefix, name, ">"] {
            out.push_str(text);
        }
        content(out);
        for text in ["</", self.prefix, name, ">"] {
            out.push_str(text);
        }
    }
}

/// Text for an element or a quoted attribute. Runs without anything to escape are copied whole.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>', '&', '"', '\'']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match special.as_bytes()[0] {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'&' => "&amp;",
            b'"' => "&quot;",
            _ => "&apos;",
        });
        rest = &special[1..];
    }
    out.push_str(rest);
}
