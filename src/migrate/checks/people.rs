//! Checks of agents against the users of the target.

use std::collections::BTreeSet;

use super::{
    Scene,
    finding::{about, about_agents, agents, agents_have, counted, failed, ok, skipped, warning},
    nobody,
};
use crate::{
    domain::{Owner, target::Seats},
    migrate::{
        verify::wanted::{LeftOut, Wanted},
        wire::Finding,
    },
};

pub(super) fn seats(name: &'static str, scene: &Scene<'_>) -> Finding {
    let sleeping = |one: &&&Wanted<'_>| one.user.is_some_and(|user| !user.active);
    let waking = scene.moved.iter().filter(sleeping).count();
    let new = scene.newcomers().count();
    let needed = u64::try_from(new + waking).unwrap_or(u64::MAX);
    match scene.capabilities.seats {
        None if scene.capabilities.paid_omnichannel == Some(true) && needed > 0 => warning(
            name,
            format!("{needed} seats are needed, and the licence does not tell how many are free"),
            "look into the workspace's licence; without seats users are refused half-way",
        ),
        None => skipped(name, "the licence tells of no seats"),
        Some(Seats { limit: None, .. }) => ok(name, "the licence sets no limit to its seats"),
        Some(Seats {
            limit: Some(limit),
            used,
        }) => {
            let free = limit.saturating_sub(used);
            let told = format!(
                "{needed} of {free} free seats are needed: {new} users to create, {waking} to activate"
            );
            if needed > free {
                failed(
                    name,
                    told,
                    "free seats, buy seats, or move a smaller wave; participants.exclude leaves agents out",
                )
            } else {
                ok(name, told)
            }
        }
    }
}

pub(super) fn usernames_taken(name: &'static str, scene: &Scene<'_>) -> Finding {
    if scene.people.is_empty() {
        return nobody(name);
    }
    let taken: Vec<_> = scene
        .newcomers()
        .filter(|one| one.namesake.is_some())
        .collect();
    if taken.is_empty() {
        return ok(name, "no username belongs to somebody else there");
    }
    let detail = format!(
        "{} would get a username that somebody else has there",
        agents(taken.len())
    );
    let remedy = "take the users over with `lp2rc migrate adopt`, or set mapping.username.prefix, or leave the agents out with participants.exclude";
    about_agents(failed(name, detail, remedy), &taken)
}

/// Role ids that mapping gives and the target does not know: a grant of one is refused.
pub(super) fn roles(name: &'static str, scene: &Scene<'_>) -> Finding {
    if scene.people.is_empty() {
        return nobody(name);
    }
    let Some(known) = &scene.capabilities.roles else {
        return skipped(name, "which roles there are cannot be read");
    };
    let wanted = scene.moved.iter().flat_map(|one| &one.agent.roles);
    let wanted: BTreeSet<_> = wanted.map(String::as_str).collect();
    let missing: Vec<_> = wanted
        .iter()
        .copied()
        .filter(|role| !known.iter().any(|one| one == role))
        .collect();
    if missing.is_empty() {
        let roles = counted(wanted.len(), "role is", "roles are");
        return ok(name, format!("{roles} given, and there"));
    }
    let roles = counted(missing.len(), "role is", "roles are");
    let detail = format!("{roles} given by the mapping, and not there");
    let remedy = "name roles by their ids: a custom role has an id of its own";
    about(failed(name, detail, remedy), missing)
}

pub(super) fn limits_without_effect(name: &'static str, scene: &Scene<'_>) -> Finding {
    let limited: Vec<_> = scene
        .moved
        .iter()
        .copied()
        .filter(|one| one.agent.limit.is_some())
        .collect();
    match scene.capabilities.paid_omnichannel {
        _ if limited.is_empty() => ok(name, "nobody has a limit"),
        Some(true) => ok(name, format!("{} a limit", agents_have(limited.len()))),
        None => skipped(name, "whether limits have an effect cannot be read"),
        Some(false) => about_agents(
            warning(
                name,
                format!(
                    "{} a limit, which has no effect without the paid omnichannel module",
                    agents_have(limited.len())
                ),
                "let the bridge route with `lp2rc migrate connect`: it keeps the limits",
            ),
            &limited,
        ),
    }
}

/// Asked only where somebody is or will be opened.
pub(super) fn no_client_connected(name: &'static str, scene: &Scene<'_>) -> Finding {
    if scene.inputs.part.is_some_and(|part| !part.cut_over) {
        return skipped(name, "nobody is opened by this");
    }
    let there = scene
        .moved
        .iter()
        .copied()
        .filter(|one| one.user.is_some_and(|user| user.agent.is_some()));
    let ours: Vec<_> = there.collect();
    if ours.is_empty() {
        return skipped(name, "nobody of this part is an agent there yet");
    }
    let connected = |one: &Wanted<'_>| {
        let agent = one.user.and_then(|user| user.agent.as_ref());
        agent.is_some_and(|agent| agent.connected)
    };
    let away: Vec<_> = ours.iter().copied().filter(|one| !connected(one)).collect();
    if away.is_empty() {
        let ours = agents_have(ours.len());
        return ok(name, format!("{ours} Rocket.Chat open"));
    }
    if scene
        .capabilities
        .flag("Livechat_accept_chats_with_no_agents")
        == Some(true)
    {
        let detail = format!(
            "no client of {} is connected, and Rocket.Chat gives them chats all the same",
            agents(away.len())
        );
        return ok(name, detail);
    }
    let open = away.iter().filter(|one| one.agent.owner() != Owner::Source);
    let detail = format!(
        "no chat can be routed to {} of {}, because no client of theirs is connected; {} cut over already",
        away.len(),
        agents(ours.len()),
        counted(open.count(), "is", "are")
    );
    let remedy =
        "let them log in to Rocket.Chat before the cut-over: making them available is not enough";
    about_agents(warning(name, detail, remedy), &away)
}

pub(super) fn protected(name: &'static str, scene: &Scene<'_>) -> Finding {
    let protected: Vec<_> = scene
        .left_out
        .iter()
        .copied()
        .filter(|one| one.left_out == Some(LeftOut::Protected))
        .collect();
    if protected.is_empty() {
        return ok(name, "no agent's user is protected");
    }
    let linked = protected.iter().filter(|one| one.link.is_some()).count();
    let detail = format!(
        "{} left alone, because the user of that name is protected there, the bridge's own, or a bot; {linked} of these users were ours",
        counted(protected.len(), "agent is", "agents are")
    );
    let remedy = "change migrate.protected_users or migrate.protected_roles, or take the role away, if they shall be moved";
    about_agents(warning(name, detail, remedy), &protected)
}

pub(super) fn links(name: &'static str, scene: &Scene<'_>) -> Finding {
    let linked = scene.people.iter().filter(|one| one.link.is_some());
    let linked: Vec<_> = linked.collect();
    let lost: Vec<_> = linked
        .iter()
        .copied()
        .filter(|one| one.user.is_none())
        .collect();
    if lost.is_empty() {
        return ok(
            name,
            format!("{} a user of ours", agents_have(linked.len())),
        );
    }
    let detail = format!(
        "{} gone there",
        counted(lost.len(), "user of ours is", "users of ours are")
    );
    let remedy = "find out who deleted them; `lp2rc migrate release` forgets them, so that they are created anew";
    about_agents(warning(name, detail, remedy), &lost)
}
