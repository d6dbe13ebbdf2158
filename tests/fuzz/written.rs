//! Answers that are written in many spellings, with what has to be read from them: the model is
//! the agents themselves, so a decoder cannot agree with it by sharing a mistake.

use std::{collections::BTreeMap, fmt::Write as _};

use bolero::{Driver, TypeGenerator};
use lp2rc::{
    domain::{Capacity, Presence, Skill, SkillId, SkipReason, Skipped, SourceAgent, SourceId},
    liveperson::decode::Decoded,
};

use crate::seeds::{below, one};

/// Texts as people and machines write them; blanks inside stay, and blanks around them do not.
const TEXTS: [&str; 12] = [
    "",
    "7",
    "007",
    "Jo",
    "J. O'Neil",
    "a & b <c> \"d\"",
    "é\u{1F600}",
    "]]>",
    " pad ",
    "true",
    "null",
    "a  b",
];
const IDS: [&str; 8] = ["1", "2", "3", "10", "123456789", "1234567890", "x", "-1"];
/// The members that are texts, by name.
const NAMES: [&str; 6] = [
    "userName",
    "nickname",
    "email",
    "privilegeGroup",
    "agentGroupId",
    "agentGroupName",
];

#[derive(Clone, Debug)]
struct Agent {
    id: Option<&'static str>,
    state: usize,
    max: i64,
    chats: Option<i64>,
    texts: [Option<&'static str>; 6],
    /// Id, and the name where it is in `skillsInfo`.
    skills: Vec<(&'static str, Option<&'static str>)>,
}

/// A whole answer, and how it is spelled.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    agents: Vec<Agent>,
    next: Option<&'static str>,
    /// Bits that choose between spellings, used up in turn.
    style: [u64; 8],
}

impl TypeGenerator for Answer {
    fn generate<D: Driver>(driver: &mut D) -> Option<Self> {
        let agents = (0..below(driver, 6)?)
            .map(|_| agent(driver))
            .collect::<Option<_>>()?;
        Some(Self {
            agents,
            next: one(driver, &[None, Some("https://h/a?timeStamp=1&x=<&>")])?,
            style: driver.produce()?,
        })
    }
}

fn agent<D: Driver>(driver: &mut D) -> Option<Agent> {
    let mut texts = [None; 6];
    for text in &mut texts {
        *text = driver
            .gen_bool(None)?
            .then(|| one(driver, &TEXTS))
            .flatten();
    }
    Some(Agent {
        id: (below(driver, 12)? > 0)
            .then(|| one(driver, &IDS))
            .flatten(),
        state: below(driver, 7)?,
        max: one(driver, &[-2, -1, 0, 1, 6, 5_000_000])?,
        chats: one(driver, &[None, Some(-3), Some(0), Some(4), Some(5_000_000)])?,
        texts,
        skills: (0..below(driver, 4)?)
            .map(|_| {
                Some((
                    one(driver, &IDS)?,
                    one(driver, &[None, Some("Sales"), Some("A&B")])?,
                ))
            })
            .collect::<Option<_>>()?,
    })
}

/// Choices in turn.
struct Style {
    bits: [u64; 8],
    at: usize,
}

impl Style {
    fn of(answer: &Answer) -> Self {
        Self {
            bits: answer.style,
            at: 0,
        }
    }

    fn pick(&mut self, of: usize) -> usize {
        self.at = (self.at + 3) % 512;
        let byte = self.bits[self.at / 64].to_le_bytes()[self.at % 64 / 8];
        usize::from(byte.rotate_right(u32::try_from(self.at % 8).unwrap()) & 7) % of
    }
}

impl Answer {
    /// What a decoder has to find.
    pub(crate) fn expected(&self) -> Decoded {
        let mut agents = BTreeMap::new();
        let mut skipped = Vec::new();
        for (position, agent) in self.agents.iter().enumerate() {
            let Some(id) = agent.id else {
                skipped.push(Skipped {
                    position,
                    reason: SkipReason::NoId,
                });
                continue;
            };
            if agents.contains_key(id) {
                skipped.push(Skipped {
                    position,
                    reason: SkipReason::RepeatedId,
                });
                continue;
            }
            agents.insert(id, agent.expected(id));
        }
        Decoded {
            agents: agents.into_values().collect(),
            skipped,
            next: self.next.map(str::to_owned),
        }
    }

    pub(crate) fn json(&self) -> String {
        let mut style = Style::of(self);
        let agents: Vec<_> = self
            .agents
            .iter()
            .map(|agent| agent.json(&mut style))
            .collect();
        let list = one_or_many(agents, &mut style);
        let mut members = vec![format!(r#""agents":{{"agent":{list}}}"#)];
        if let Some(next) = self.next {
            let link = [
                format!(r#"{{"@href":{},"@rel":"next"}}"#, quoted(next)),
                format!(
                    r#"[{{"rel":"self","href":"x"}},{{"rel":"next","href":{}}}]"#,
                    quoted(next)
                ),
                quoted(next),
            ];
            members.push(format!(r#""link":{}"#, link[style.pick(3)]));
        }
        if style.pick(2) == 0 {
            members.reverse();
        }
        format!(r#"{{"availableAgents":{{{}}}}}"#, members.join(","))
    }

    pub(crate) fn xml(&self) -> String {
        let mut style = Style::of(self);
        let ns = ["", "n:"][style.pick(2)];
        let mut agents = String::new();
        for agent in &self.agents {
            agent.xml(&mut agents, ns, &mut style);
        }
        let mut members = vec![format!("<{ns}agents>{agents}</{ns}agents>")];
        if let Some(next) = self.next {
            let next = escaped(next, &mut style);
            members.push(match style.pick(3) {
                0 => format!(r#"<{ns}link href="{next}" rel="next"/>"#),
                1 => format!("<{ns}link><rel>next</rel><href>{next}</href></{ns}link>"),
                _ => format!("<{ns}link>{next}</{ns}link>"),
            });
        }
        if style.pick(2) == 0 {
            members.reverse();
        }
        let members = members.join(["", "\n <!-- x -->"][style.pick(2)]);
        let head = ["", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"][style.pick(2)];
        format!(r#"{head}<{ns}availableAgents xmlns:n="urn:x">{members}</{ns}availableAgents>"#)
    }
}

impl Agent {
    fn expected(&self, id: &str) -> SourceAgent {
        let text = |at: usize| {
            let text = self.texts[at]?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let mut skills: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for (id, name) in &self.skills {
            let known = skills.entry(id).or_default();
            *known = known.take().or_else(|| name.map(str::to_owned));
        }
        let readable = self.chats.is_none_or(|chats| chats <= 1_000_000);
        SourceAgent {
            id: SourceId::new(id.to_owned()),
            login: text(0),
            display_name: text(1),
            email: text(2),
            presence: match self.state {
                1 => Presence::Offline,
                2 => Presence::Online,
                3 => Presence::Occupied,
                4 => Presence::Away,
                _ => Presence::Unknown,
            },
            voice: Presence::Unknown,
            capacity: match self.max {
                _ if !readable => Capacity::Limited(0),
                -1 => Capacity::Unlimited,
                max => Capacity::Limited(u32::try_from(max.clamp(0, 1_000_000)).unwrap()),
            },
            load: match self.chats {
                Some(chats) if readable => u32::try_from(chats.max(0)).unwrap(),
                Some(_) | None => 0,
            },
            skills: skills
                .into_iter()
                .map(|(id, name)| Skill {
                    id: SkillId::new(id.to_owned()),
                    name,
                })
                .collect(),
            group_id: text(4),
            group_name: text(5),
            privilege_group: text(3),
        }
    }

    /// Name and value of every scalar member that is there.
    fn scalars(&self) -> Vec<(&'static str, String)> {
        let numbers = [
            ("chatState", Some(self.state.to_string())),
            ("maxChats", Some(self.max.to_string())),
            ("chats", self.chats.map(|chats| chats.to_string())),
            ("id", self.id.map(str::to_owned)),
        ];
        let texts = NAMES.iter().zip(self.texts);
        numbers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .chain(texts.filter_map(|(name, text)| Some((*name, text?.to_owned()))))
            .collect()
    }

    fn json(&self, style: &mut Style) -> String {
        let mut members = Vec::new();
        for (name, value) in self.scalars() {
            let number = value.parse::<i64>().is_ok_and(|n| n.to_string() == value);
            let bare = if number && style.pick(2) == 0 {
                value.clone()
            } else {
                quoted(&value)
            };
            let value = match style.pick(5) {
                0 => format!(r#"{{"$":{bare}}}"#),
                1 => format!("[null,{bare}]"),
                _ => bare,
            };
            let prefix = ["", "@", "ns:"][style.pick(3)];
            members.push(format!(r#""{prefix}{name}":{value}"#));
        }
        let (named, bare): (Vec<_>, Vec<_>) =
            self.skills.iter().partition(|(_, name)| name.is_some());
        let entries = named.iter().map(|(id, name)| {
            format!(
                r#"{{"id":"{id}","name":{}}}"#,
                quoted(name.unwrap_or_default())
            )
        });
        if !named.is_empty() {
            let list = one_or_many(entries.collect(), style);
            members.push(format!(r#""skillsInfo":{{"skillInfo":{list}}}"#));
        }
        if !bare.is_empty() {
            let list = one_or_many(bare.iter().map(|(id, _)| quoted(id)).collect(), style);
            members.push(format!(r#""skills":{{"skill":{list}}}"#));
        }
        members.push(r#""elapsedTimeInState":{"x":[1,{"y":null}]}"#.to_owned());
        let turn = style.pick(8) % members.len();
        members.rotate_left(turn);
        format!("{{{}}}", members.join(","))
    }

    fn xml(&self, into: &mut String, ns: &str, style: &mut Style) {
        let (mut attributes, mut children) = (String::new(), Vec::new());
        for (name, value) in self.scalars() {
            let value = escaped(&value, style);
            if style.pick(2) == 0 {
                let _ = write!(attributes, r#" {name}="{value}""#);
            } else {
                children.push(format!("<{ns}{name}>{value}</{ns}{name}>"));
            }
        }
        // One piece: of two names of a skill the first counts.
        let mut skills = String::new();
        for (id, name) in &self.skills {
            let name = name.map(|name| escaped(name, style));
            let _ = match name {
                Some(name) => write!(
                    skills,
                    r#"<skillsInfo><skillInfo id="{id}" name="{name}"/></skillsInfo>"#
                ),
                None => write!(
                    skills,
                    "<{ns}skills><{ns}skill>{id}</{ns}skill></{ns}skills>"
                ),
            };
        }
        children.push(skills);
        children.push("<chatReasonId><id>5</id></chatReasonId>".to_owned());
        let turn = style.pick(8) % children.len();
        children.rotate_left(turn);
        let between = ["", "\n"][style.pick(2)];
        let _ = write!(
            into,
            "<{ns}agent{attributes}>{}</{ns}agent>",
            children.join(between)
        );
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A list of one may come without its list, and no entries as nothing.
fn one_or_many(mut entries: Vec<String>, style: &mut Style) -> String {
    match entries.len() {
        0 => ["null", "\"\"", "[]"][style.pick(3)].to_owned(),
        1 if style.pick(2) == 0 => entries.remove(0),
        _ => format!("[{}]", entries.join(",")),
    }
}

fn escaped(text: &str, style: &mut Style) -> String {
    let numeric = style.pick(2) == 0;
    let mut written = String::new();
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' if numeric => {
                let _ = write!(written, "&#x{:x};", u32::from(c));
            }
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&apos;"),
            c => written.push(c),
        }
    }
    written
}
