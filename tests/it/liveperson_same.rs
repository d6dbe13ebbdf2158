//! The same agents, written in JSON and in XML in every style the contract tolerates (§4.3, §4.5),
//! give the same result: the one that was written.

use std::fmt::Write as _;

use lp2rc::{
    domain::{Capacity, Presence, Skill, SkillId, SourceAgent, SourceId},
    liveperson::decode,
};
use proptest::prelude::*;

/// An agent as the source would send it: states and counts are texts, absent ones missing.
#[derive(Clone, Debug)]
struct Sent {
    id: u32,
    state: Option<u8>,
    voice: Option<u8>,
    max: Option<i32>,
    chats: Option<u16>,
    texts: [Option<String>; 6],
    skills: Vec<u8>,
    named: bool,
}

const TEXTS: [&str; 6] = [
    "userName",
    "nickname",
    "email",
    "privilegeGroup",
    "agentGroupName",
    "agentGroupId",
];

/// How to write: each flag is one liberty that servers may take.
#[expect(clippy::struct_excessive_bools, reason = "independent liberties")]
#[derive(Clone, Copy, Debug)]
struct Style {
    bare_names: bool,
    unquoted: bool,
    wrapped: bool,
    nulls: bool,
    children: bool,
    prefixed: bool,
    cdata: bool,
    spaced: bool,
    link_first: bool,
}

fn text() -> impl Strategy<Value = String> {
    // Letters of several scripts, what must be escaped, and blanks inside; never only digits.
    "[a-zäß中🙂][ -~äß中🙂]{0,12}".prop_map(|text| text.trim().to_owned())
}

fn sent() -> impl Strategy<Value = Sent> {
    (
        (0_u32..2_000, any::<bool>()),
        (prop::option::of(0_u8..7), prop::option::of(0_u8..7)),
        (prop::option::of(-2_i32..9), prop::option::of(0_u16..9)),
        prop::array::uniform6(prop::option::of(text())),
        prop::collection::vec(1_u8..30, 0..4),
    )
        .prop_map(
            |((id, named), (state, voice), (max, chats), texts, skills)| Sent {
                id,
                state,
                voice,
                max,
                chats,
                texts,
                skills,
                named,
            },
        )
}

fn style() -> impl Strategy<Value = Style> {
    prop::array::uniform9(any::<bool>()).prop_map(|flags| {
        let [
            bare_names,
            unquoted,
            wrapped,
            nulls,
            children,
            prefixed,
            cdata,
            spaced,
            link_first,
        ] = flags;
        Style {
            bare_names,
            unquoted,
            wrapped,
            nulls,
            children,
            prefixed,
            cdata,
            spaced,
            link_first,
        }
    })
}

impl Sent {
    fn expected(&self) -> SourceAgent {
        let presence = |state| match state {
            Some(1) => Presence::Offline,
            Some(2) => Presence::Online,
            Some(3) => Presence::Occupied,
            Some(4) => Presence::Away,
            _ => Presence::Unknown,
        };
        let mut ids: Vec<String> = self.skills.iter().map(u8::to_string).collect();
        ids.sort();
        ids.dedup();
        let skill = |id: String| Skill {
            name: self.named.then(|| format!("Skill <{id}>")),
            id: SkillId::new(id),
        };
        let [
            login,
            display_name,
            email,
            privilege_group,
            group_name,
            group_id,
        ] = self.texts.clone();
        SourceAgent {
            id: SourceId::new(self.id.to_string()),
            login,
            display_name,
            email,
            presence: presence(self.state),
            voice: presence(self.voice),
            capacity: match self.max {
                Some(-1) => Capacity::Unlimited,
                Some(max) => Capacity::Limited(u32::try_from(max).unwrap_or(0)),
                None => Capacity::Limited(0),
            },
            load: self.chats.map_or(0, u32::from),
            skills: ids.into_iter().map(skill).collect(),
            group_id,
            group_name,
            privilege_group,
        }
    }

    fn attributes(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("id", Some(self.id.to_string())),
            ("chatState", self.state.map(|state| state.to_string())),
            ("voiceState", self.voice.map(|state| state.to_string())),
            ("maxChats", self.max.map(|max| max.to_string())),
        ]
    }

    fn to_json(&self, style: Style) -> String {
        let at = if style.bare_names { "" } else { "@" };
        let mut members = Vec::new();
        let mut member = |name: String, value: Option<String>| match value {
            Some(value) if style.wrapped => members.push(format!(r#""{name}":{{"$":{value}}}"#)),
            Some(value) => members.push(format!(r#""{name}":{value}"#)),
            None if style.nulls => members.push(format!(r#""{name}":null"#)),
            None => {}
        };
        let number = |value: String| {
            if style.unquoted {
                value
            } else {
                format!("\"{value}\"")
            }
        };
        for (name, value) in self.attributes() {
            member(format!("{at}{name}"), value.map(number));
        }
        member(
            "chats".to_owned(),
            self.chats.map(|chats| number(chats.to_string())),
        );
        for (name, value) in TEXTS.iter().zip(&self.texts) {
            member((*name).to_owned(), value.as_ref().map(|text| quoted(text)));
        }
        let one_or_many = |items: Vec<String>| match items.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(",")),
        };
        let skills: Vec<String> = self
            .skills
            .iter()
            .map(|id| number(id.to_string()))
            .collect();
        if !skills.is_empty() {
            members.push(format!(r#""skills":{{"skill":{}}}"#, one_or_many(skills)));
        } else if style.nulls {
            members.push(r#""skills":"""#.to_owned());
        }
        if self.named && !self.skills.is_empty() {
            let infos = self.skills.iter().map(|id| {
                format!(
                    r#"{{"{at}id":{},"name":"Skill <{id}>"}}"#,
                    number(id.to_string())
                )
            });
            members.push(format!(
                r#""skillsInfo":{{"skillInfo":{}}}"#,
                one_or_many(infos.collect())
            ));
        }
        format!("{{{}}}", members.join(","))
    }

    fn to_xml(&self, style: Style) -> String {
        let p = if style.prefixed { "n:" } else { "" };
        let (mut attributes, mut inside) = (String::new(), String::new());
        let child = |name: &str, text: &str| {
            let text = if style.cdata && !text.contains("]]>") {
                format!("<![CDATA[{text}]]>")
            } else {
                escaped(text)
            };
            let gap = if style.spaced { "\n  " } else { "" };
            format!("<{p}{name}>{gap}{text}{gap}</{p}{name}>")
        };
        for (name, value) in self.attributes() {
            match value {
                Some(value) if style.children => inside.push_str(&child(name, &value)),
                Some(value) => {
                    let _ = write!(attributes, " {p}{name}='{value}'");
                }
                None if style.nulls && style.children => {
                    let _ = write!(inside, "<{p}{name} xsi:nil='true'/>");
                }
                None => {}
            }
        }
        for (name, value) in TEXTS.iter().zip(&self.texts) {
            match value {
                Some(value) => inside.push_str(&child(name, value)),
                None if style.nulls => {
                    let _ = write!(inside, "<{p}{name}/>");
                }
                None => {}
            }
        }
        if let Some(chats) = self.chats {
            inside.push_str(&child("chats", &chats.to_string()));
        }
        let skills: String = self
            .skills
            .iter()
            .map(|id| child("skill", &id.to_string()))
            .collect();
        if style.nulls || !skills.is_empty() {
            let _ = write!(inside, "<{p}skills>{skills}</{p}skills>");
        }
        if self.named {
            let info = |id: &u8| {
                if style.children {
                    format!(
                        "<{p}skillInfo>{}{}</{p}skillInfo>",
                        child("id", &id.to_string()),
                        child("name", &format!("Skill <{id}>"))
                    )
                } else {
                    format!("<{p}skillInfo id=\"{id}\" name=\"Skill &lt;{id}>\"/>")
                }
            };
            let infos: String = self.skills.iter().map(info).collect();
            let _ = write!(inside, "<{p}skillsInfo>{infos}</{p}skillsInfo>");
        }
        if inside.is_empty() {
            format!("<{p}agent{attributes}/>")
        } else {
            format!("<{p}agent{attributes}>{inside}</{p}agent>")
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Alternately by name and by number, so that both are read.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (n, c) in text.chars().enumerate() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ if n % 5 == 3 => {
                let _ = write!(out, "&#x{:x};", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

const NEXT: &str = "https://h/availableAgents?a=1&timeStamp=2";

fn json_of(agents: &[Sent], style: Style) -> String {
    let list: Vec<String> = agents.iter().map(|agent| agent.to_json(style)).collect();
    let agents = match list.as_slice() {
        [] if style.nulls => "null".to_owned(),
        [] => r#"{"agent":[]}"#.to_owned(),
        [one] => format!(r#"{{"agent":{one}}}"#),
        many => format!(r#"{{"agent":[{}]}}"#, many.join(",")),
    };
    let at = if style.bare_names { "" } else { "@" };
    let link = format!(r#""link":{{"{at}href":"{NEXT}","{at}rel":"next"}}"#);
    let members = if style.link_first {
        format!(r#"{link},"agents":{agents}"#)
    } else {
        format!(r#""agents":{agents},{link}"#)
    };
    format!(r#"{{"availableAgents":{{{members}}}}}"#)
}

fn xml_of(agents: &[Sent], style: Style) -> String {
    let p = if style.prefixed { "n:" } else { "" };
    let gap = if style.spaced { "\n\t" } else { "" };
    let list: String = agents
        .iter()
        .map(|agent| gap.to_owned() + &agent.to_xml(style))
        .collect();
    let agents = format!("<{p}agents>{list}{gap}</{p}agents>");
    let link = format!(
        "<{p}link rel='next' href='{}'/>",
        NEXT.replace('&', "&amp;")
    );
    let inside = if style.link_first {
        format!("{link}{gap}{agents}")
    } else {
        format!("{agents}{gap}{link}")
    };
    let root = format!("{p}availableAgents");
    format!(
        "<?xml version='1.0'?>{gap}<{root} xmlns='urn:a' xmlns:n='urn:b' xmlns:xsi='urn:c'>{inside}</{root}>{gap}"
    )
}

proptest! {
    #[test]
    fn both_formats_in_every_style_give_what_was_sent(
        sent in prop::collection::vec(sent(), 0..6),
        style in style(),
    ) {
        let mut expect: Vec<SourceAgent> = Vec::new();
        let mut repeated = 0;
        for agent in &sent {
            let agent = agent.expected();
            if expect.iter().any(|known| known.id == agent.id) {
                repeated += 1;
            } else {
                expect.push(agent);
            }
        }
        expect.sort_by(|a, b| a.id.cmp(&b.id));
        let (json, xml) = (json_of(&sent, style), xml_of(&sent, style));
        let from_json = decode::any(json.as_bytes());
        let from_xml = decode::any(xml.as_bytes());
        prop_assert_eq!(&from_json, &from_xml, "{}\n{}", json, xml);
        let page = from_json.map_err(|error| TestCaseError::fail(format!("{error}: {json}")))?;
        prop_assert_eq!(page.agents, expect);
        prop_assert_eq!(page.skipped.len(), repeated);
        prop_assert_eq!(page.next.as_deref(), Some(NEXT));
    }

    /// Whatever comes, the decoders answer: no panic, no endless loop, agents in order.
    #[test]
    fn any_bytes_give_agents_or_a_sentence(
        sent in prop::collection::vec(sent(), 1..4),
        style in style(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        as_xml in any::<bool>(),
    ) {
        let mut bytes = if as_xml { xml_of(&sent, style) } else { json_of(&sent, style) }.into_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        for result in [decode::json(&bytes), decode::xml(&bytes), decode::any(&bytes)] {
            match result {
                Ok(page) => prop_assert!(page.agents.is_sorted_by(|a, b| a.id < b.id)),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
