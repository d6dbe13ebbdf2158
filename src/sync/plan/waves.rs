//! Whom a scope means.

use super::Facts;
use crate::domain::{Desired, DesiredAgent, SourceId, Waves, moving::Scope};

/// The wave of somebody who takes part, or who took part when he was moved.
pub(super) fn of_anybody(waves: &Waves<'_>, facts: &Facts<'_>, agent: &SourceId) -> Option<String> {
    match taking_part(facts.desired, agent) {
        Some(agent) => Some(waves.of(&agent.believed.agent).to_owned()),
        None => facts.links.agents.get(agent).map(|link| link.wave.clone()),
    }
}

/// Whether a wave is meant by the scope.
pub(super) fn meant(scope: &Scope, wave: &str) -> bool {
    scope.wave.as_ref().is_none_or(|meant| meant == wave)
}

/// The agent of that id; they are in the order of their ids.
pub(super) fn taking_part<'a>(desired: &'a Desired, id: &SourceId) -> Option<&'a DesiredAgent> {
    let agents = &desired.agents;
    let found = agents.binary_search_by(|agent| agent.believed.agent.id.cmp(id));
    found.ok().map(|place| agents[place].as_ref())
}
