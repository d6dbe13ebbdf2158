//! Selecting agents by id, login, group or skill: participants and waves.

use std::collections::HashSet;

use super::{agent::SourceAgent, rules::Selection};

/// A selection with its texts folded, so that case does not matter.
#[derive(Clone, Debug)]
pub struct Marks {
    ids: HashSet<String>,
    logins: HashSet<String>,
    groups: HashSet<String>,
    skills: HashSet<String>,
}

impl Marks {
    /// The selection, folded.
    pub fn new(selection: &Selection) -> Self {
        let folded = |texts: &[String]| texts.iter().map(|text| text.to_lowercase()).collect();
        Self {
            ids: folded(&selection.ids),
            logins: folded(&selection.logins),
            groups: folded(&selection.groups),
            skills: folded(&selection.skills),
        }
    }

    /// Whether one of the marks is the agent's.
    pub fn fit(&self, agent: &SourceAgent) -> bool {
        let groups = [&agent.group_id, &agent.group_name].into_iter().flatten();
        let ids = agent.skills.iter().map(|skill| skill.id.as_str());
        let names = agent
            .skills
            .iter()
            .filter_map(|skill| skill.name.as_deref());
        any(&self.ids, [agent.id.as_str()])
            || any(&self.logins, agent.login.as_deref())
            || any(&self.groups, groups.map(String::as_str))
            || any(&self.skills, ids.chain(names))
    }
}

fn any<'a>(marks: &HashSet<String>, texts: impl IntoIterator<Item = &'a str>) -> bool {
    let mut texts = texts.into_iter();
    // Most lists are empty: then nothing is folded.
    !marks.is_empty() && texts.any(|text| marks.contains(&text.to_lowercase()))
}
