//! Checks of e-mail addresses. No address is ever in a finding: usernames and domains are enough.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Scene,
    finding::{about, about_agents, agents, agents_have, counted, failed, ok, skipped, warning},
    nobody,
};
use crate::migrate::{
    verify::wanted::{LeftOut, Wanted},
    wire::Finding,
};

pub(super) fn taken(name: &'static str, scene: &Scene<'_>) -> Finding {
    if scene.people.is_empty() {
        return nobody(name);
    }
    let actual = scene.inputs.actual;
    let is_taken = |one: &&Wanted<'_>| {
        let email = one.email.as_ref();
        let holder = email.and_then(|email| actual.user_with_email(&email.text));
        holder.is_some_and(|holder| one.user.is_none_or(|user| user.id != holder.id))
    };
    let taken: Vec<_> = scene.moved.iter().copied().filter(is_taken).collect();
    if taken.is_empty() {
        return ok(name, "no e-mail address belongs to somebody else there");
    }
    let detail = format!(
        "{} an e-mail address that somebody else has there",
        agents_have(taken.len())
    );
    let remedy = "take the users over with `lp2rc migrate adopt --matching`, or change the addresses, or leave the agents out with participants.exclude";
    about_agents(failed(name, detail, remedy), &taken)
}

pub(super) fn missing(name: &'static str, scene: &Scene<'_>) -> Finding {
    if scene.people.is_empty() {
        return nobody(name);
    }
    let skipped: Vec<_> = scene
        .left_out
        .iter()
        .copied()
        .filter(|one| one.left_out == Some(LeftOut::NoEmail))
        .collect();
    if !skipped.is_empty() {
        let detail = format!(
            "{} no e-mail address and will not be moved",
            agents_have(skipped.len())
        );
        let remedy =
            "give them addresses in LivePerson, or set migrate.missing_email to \"template\"";
        return about_agents(warning(name, detail, remedy), &skipped);
    }
    let made_up = |one: &&&Wanted<'_>| one.email.as_ref().is_some_and(|email| email.made_up);
    match scene.moved.iter().filter(made_up).count() {
        0 => ok(name, "nobody lacks an e-mail address"),
        count => ok(
            name,
            format!(
                "{} get an e-mail address from the template",
                counted(count, "agent will", "agents will")
            ),
        ),
    }
}

pub(super) fn shared(name: &'static str, scene: &Scene<'_>) -> Finding {
    if scene.people.is_empty() {
        return nobody(name);
    }
    let mut holders: BTreeMap<String, Vec<&Wanted<'_>>> = BTreeMap::new();
    for one in &scene.moved {
        if let Some(email) = &one.email {
            holders.entry(email.folded()).or_default().push(one);
        }
    }
    let several = holders.values().filter(|holders| holders.len() > 1);
    let sharing: Vec<_> = several.clone().flatten().copied().collect();
    if sharing.is_empty() {
        return ok(name, "no two agents share an e-mail address");
    }
    let detail = format!(
        "{} share {} with each other, and Rocket.Chat gives an address to one user only",
        agents(sharing.len()),
        counted(several.count(), "e-mail address", "e-mail addresses")
    );
    let remedy = "give each of them an address of his own in LivePerson, or leave all but one out with participants.exclude";
    about_agents(failed(name, detail, remedy), &sharing)
}

/// The setting is a list with commas; empty means every domain. A domain is compared whole.
pub(super) fn domains(name: &'static str, scene: &Scene<'_>) -> Finding {
    if scene.people.is_empty() {
        return nobody(name);
    }
    let Some(setting) = scene.capabilities.text("Accounts_AllowedDomainsList") else {
        return skipped(name, "which e-mail domains are allowed cannot be read");
    };
    let allowed = setting
        .split(',')
        .map(|domain| domain.trim().to_lowercase());
    let allowed: BTreeSet<_> = allowed.filter(|domain| !domain.is_empty()).collect();
    if allowed.is_empty() {
        return ok(name, "every e-mail domain is allowed");
    }
    let outside = scene.moved.iter().filter_map(|one| {
        let address = one.email.as_ref()?.folded();
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        (!allowed.contains(domain)).then(|| domain.to_owned())
    });
    let outside: Vec<_> = outside.collect();
    if outside.is_empty() {
        let domains = counted(allowed.len(), "domain is", "domains are");
        return ok(name, format!("{domains} allowed, and nobody has another"));
    }
    let domains: BTreeSet<_> = outside.iter().map(String::as_str).collect();
    let detail = format!(
        "{} an e-mail address in {} that Rocket.Chat does not allow",
        agents_have(outside.len()),
        counted(domains.len(), "domain", "domains")
    );
    let remedy = "add the domains to Accounts_AllowedDomainsList for the time of the move";
    about(failed(name, detail, remedy), domains)
}
