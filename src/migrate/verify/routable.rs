//! Whether the target would route a new chat to an agent, by its own rule (admin contract §4.2).

use crate::domain::{Capabilities, DesiredAgent, Owner, TargetUser};

/// Why no new chat could be routed to the agent there now; empty when one could.
///
/// | clause of the target | the reason when it fails |
/// |---|---|
/// | the agent's role | no agent there |
/// | active | deactivated |
/// | `statusLivechat` | not available |
/// | a bot, or connected, or chats are accepted without agents | no client connected |
///
/// Whoever is free only when both sides say so is also refused by what the source says. An idle
/// client counts as connected: the survey does not show idleness. A limit that is reached is not
/// part of the target's rule.
pub(super) fn why_not(
    user: Option<&TargetUser>,
    agent: Option<&DesiredAgent>,
    capabilities: &Capabilities,
    agent_role: &str,
) -> String {
    let Some(user) = user else {
        return "has no user there".to_owned();
    };
    let mut reasons = Vec::new();
    match &user.agent {
        Some(there) if user.roles.iter().any(|role| role == agent_role) => {
            if !there.available {
                reasons.push("is not available".to_owned());
            }
            let without = capabilities.flag("Livechat_accept_chats_with_no_agents") == Some(true);
            if !(there.connected || without || is_bot(user)) {
                reasons.push("has no client connected".to_owned());
            }
        }
        Some(_) | None => reasons.push("is no agent there".to_owned()),
    }
    if !user.active {
        reasons.push("is deactivated".to_owned());
    }
    if let Some(agent) = agent
        && agent.owner() == Owner::Both
        && !agent.availability.new_chats
    {
        let presence = agent.believed.agent.presence.word();
        reasons.push(format!("is {presence} in LivePerson"));
    }
    reasons.join(", ")
}

fn is_bot(user: &TargetUser) -> bool {
    user.roles.iter().any(|role| role == "bot")
}
