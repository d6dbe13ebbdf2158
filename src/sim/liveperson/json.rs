//! `availableAgents` in JSON, member by member as contract §4.2 prints it: all scalars are strings,
//! a list of one is no list.

use super::{
    list::{Row, Written, max_chats, put, room_for, state},
    people::{GROUPS, skill_name},
    style::{Empty, Style},
};

/// Writes the list; the link goes between the two halves, with its comma.
pub(super) fn agents(rows: &[Row<'_>], style: Style) -> Written {
    let mut list = String::with_capacity(room_for(rows.len()));
    match (rows, style.empty) {
        ([], Empty::Absent) => {}
        ([], Empty::Object) => list.push_str("\"agents\":{}"),
        ([], Empty::Text) => list.push_str("\"agents\":\"\""),
        ([], Empty::Null) => list.push_str("\"agents\":null"),
        (rows, _) => {
            list.push_str("\"agents\":{\"agent\":");
            many(rows, &mut list, |row, out| agent(*row, style, out));
            list.push('}');
        }
    }
    let open = "{\"availableAgents\":{";
    if style.link_first {
        return Written {
            before: open.to_owned(),
            after: list + "}}",
        };
    }
    list.insert_str(0, open);
    Written {
        before: list,
        after: "}}".to_owned(),
    }
}

/// The member `link`; the caller sets the comma on the side where agents stand.
pub(super) fn link(href: &str, style: Style) -> String {
    let at = if style.bare_keys { "" } else { "@" };
    let mut out = format!("\"link\":{{\"{at}href\":");
    string(href, &mut out);
    put(format_args!(",\"{at}rel\":\"next\"}}"), &mut out);
    out
}

fn agent(row: Row<'_>, style: Style, out: &mut String) {
    let agent = &row.entry.agent;
    let at = if style.bare_keys { "" } else { "@" };
    out.push('{');
    member(at, "id", out, |out| put(agent.id, out));
    out.push(',');
    member(at, "chatState", out, |out| {
        out.push_str(state(agent.presence, style.states));
    });
    out.push(',');
    member(at, "voiceState", out, |out| {
        out.push_str(state(agent.voice, style.states));
    });
    out.push(',');
    member(at, "maxChats", out, |out| max_chats(agent.capacity, out));
    let texts = [
        ("userName", Some(agent.login.as_str())),
        ("nickname", Some(agent.nickname.as_str())),
        ("email", agent.email.as_deref()),
        ("privilegeGroup", Some(agent.privilege)),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str("\":");
            scalar(value, style, out);
        }
    }
    if !agent.skills.is_empty() {
        out.push_str(",\"skills\":{\"skill\":");
        many(&agent.skills, out, |skill, out| {
            quoted(out, |out| put(skill, out));
        });
        out.push('}');
    }
    if !agent.skills.is_empty() && style.skills_info {
        out.push_str(",\"skillsInfo\":{\"skillInfo\":");
        many(&agent.skills, out, |skill, out| {
            out.push_str("{\"id\":");
            quoted(out, |out| put(skill, out));
            out.push_str(",\"name\":");
            string(skill_name(*skill).unwrap_or_default(), out);
            out.push('}');
        });
        out.push('}');
    }
    if agent.chats > 0 || style.zero_chats {
        out.push(',');
        member("", "chats", out, |out| put(agent.chats, out));
    }
    let (group, group_name) = GROUPS.get(agent.group).copied().unwrap_or(GROUPS[0]);
    out.push_str(",\"agentGroupName\":");
    string(group_name, out);
    out.push(',');
    member("", "agentGroupId", out, |out| put(group, out));
    out.push(',');
    member("", "elapsedTimeInState", out, |out| {
        put(row.elapsed, out);
    });
    out.push('}');
}

/// One is bare, several are an array.
fn many<T>(items: &[T], out: &mut String, one: impl Fn(&T, &mut String)) {
    let (open, close) = if items.len() == 1 {
        ("", "")
    } else {
        ("[", "]")
    };
    out.push_str(open);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        one(item, out);
    }
    out.push_str(close);
}

fn member(at: &str, name: &str, out: &mut String, value: impl FnOnce(&mut String)) {
    out.push('"');
    out.push_str(at);
    out.push_str(name);
    out.push_str("\":");
    quoted(out, value);
}

fn quoted(out: &mut String, value: impl FnOnce(&mut String)) {
    out.push('"');
    value(out);
    out.push('"');
}

/// A text; without quotes, and without its leading zeros, when the style says so.
fn scalar(text: &str, style: Style, out: &mut String) {
    match text.parse::<u64>() {
        Ok(value) if style.numbers => put(value, out),
        _ => string(text, out),
    }
}

/// A quoted text. Runs without anything to escape are copied whole.
fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = special.chars();
        match letters.next() {
            Some(c @ ('"' | '\\')) => {
                out.push('\\');
                out.push(c);
            }
            Some(c) => put(format_args!("\\u{:04x}", u32::from(c)), out),
            None => {}
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}
