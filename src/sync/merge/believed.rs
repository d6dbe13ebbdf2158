//! What stays of the belief while the static half cannot be read: an e-mail address, and the names
//! of skills and of a group, where the answer itself does not tell them.

use crate::domain::SourceAgent;

/// Gives `agent` of the answer what is `believed` of the same agent and missing in the answer.
pub(super) fn fill(agent: &mut SourceAgent, believed: &SourceAgent) {
    if agent.email.is_none() {
        agent.email.clone_from(&believed.email);
    }
    if agent.group_name.is_none() && is_same_group(agent, believed) {
        agent.group_name.clone_from(&believed.group_name);
    }
    for skill in agent.skills.iter_mut().filter(|skill| skill.name.is_none()) {
        let known = &believed.skills;
        if let Ok(place) = known.binary_search_by(|known| known.id.cmp(&skill.id)) {
            skill.name.clone_from(&known[place].name);
        }
    }
}

/// Whether `agent` would be equal to `believed` after [`fill`], without making anything: this is
/// asked about every agent of every poll for as long as the static half cannot be read.
pub(super) fn is_same(agent: &SourceAgent, believed: &SourceAgent) -> bool {
    let SourceAgent {
        id,
        login,
        display_name,
        email,
        presence,
        voice,
        capacity,
        load,
        skills,
        group_id,
        group_name,
        privilege_group,
    } = agent;
    let same_skills = || {
        skills.len() == believed.skills.len()
            && skills.iter().zip(&believed.skills).all(|(skill, known)| {
                skill.id == known.id && (skill.name.is_none() || skill.name == known.name)
            })
    };
    *id == believed.id
        && *login == believed.login
        && *display_name == believed.display_name
        && (email.is_none() || *email == believed.email)
        && *presence == believed.presence
        && *voice == believed.voice
        && *capacity == believed.capacity
        && *load == believed.load
        && *group_id == believed.group_id
        && *privilege_group == believed.privilege_group
        && (*group_name == believed.group_name
            || group_name.is_none() && is_same_group(agent, believed))
        && same_skills()
}

/// A group without an id has no name but the answer's own.
fn is_same_group(agent: &SourceAgent, believed: &SourceAgent) -> bool {
    agent.group_id.is_some() && agent.group_id == believed.group_id
}
