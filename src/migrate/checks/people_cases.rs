//! Every check of agents against the users of the target.

use super::cases::table;
use crate::{
    domain::{EmailAddress, Owner, TargetId, TargetUser, moving::MissingEmail, target::Seats},
    migrate::{verify::world::World, wire::Part},
};

/// A user who is not ours.
fn foreign(world: &mut World, username: &str, address: &str) {
    world.users.push(TargetUser {
        id: TargetId::new(format!("f-{username}")),
        username: username.to_owned(),
        emails: vec![EmailAddress {
            address: address.to_owned(),
            verified: true,
        }],
        active: true,
        ..TargetUser::default()
    });
}

fn seats(world: &mut World, limit: u64, used: u64) {
    world.capabilities.seats = Some(Seats {
        limit: Some(limit),
        used,
    });
}

fn without_email(world: &mut World, place: usize) {
    world.believe(place, |entry| entry.agent.email = None);
    world.agents[place].emails.clear();
}

fn rename(world: &mut World, place: usize, username: &str) {
    let identity = std::sync::Arc::make_mut(&mut world.agents[place].identity);
    identity.username = username.to_owned();
}

fn part(cut_over: bool) -> Part {
    Part {
        wave: None,
        cut_over,
    }
}

#[test]
fn there_must_be_seats_for_whom_the_move_creates_or_activates() {
    table(
        World::fresh,
        &[
            (
                "seats",
                |world, _| seats(world, 3, 0),
                "ok",
                "3 of 3 free seats",
            ),
            (
                "seats",
                |world, _| seats(world, 2, 0),
                "failed",
                "3 users to create, 0 to activate",
            ),
            (
                "seats",
                |world, _| seats(world, 2, 9),
                "failed",
                "3 of 0 free",
            ),
            (
                "seats",
                |world, _| world.capabilities.seats = None,
                "warning",
                "3 seats",
            ),
            (
                "seats",
                |world, _| {
                    world.capabilities.seats = None;
                    world.capabilities.paid_omnichannel = Some(false);
                },
                "skipped",
                "no seats",
            ),
            // One wave needs only its own.
            (
                "seats",
                |world, look| {
                    seats(world, 1, 0);
                    look.part = Some(Part {
                        wave: Some("first".into()),
                        cut_over: false,
                    });
                },
                "ok",
                "1 of 1",
            ),
            (
                "seats",
                |world, _| {
                    *world = World::moved();
                    seats(world, 9, 9);
                    world.users[0].active = false;
                },
                "failed",
                "0 users to create, 1 to activate",
            ),
        ],
    );
}

#[test]
fn names_must_fit_and_be_free() {
    table(
        World::fresh,
        &[
            (
                "names",
                |world, _| rename(world, 0, "a da"),
                "failed",
                "fit Rocket.Chat's pattern [a da]",
            ),
            (
                "names",
                |world, _| rename(world, 0, "BOB"),
                "failed",
                "2 agents share their username with another",
            ),
            (
                "names",
                |world, _| world.say("UTF8_User_Names_Validation", "[a-do]+"),
                "failed",
                "1 agent would get a username that does not fit Rocket.Chat's pattern [cleo]",
            ),
            (
                "names",
                |world, _| world.say("UTF8_User_Names_Validation", "[a-"),
                "ok",
                "default pattern, because its own cannot be read",
            ),
            (
                "names",
                |world, _| world.capabilities.settings.clear(),
                "ok",
                "is not told",
            ),
            (
                "names",
                |world, _| world.agents.clear(),
                "skipped",
                "no agents",
            ),
            // Who has a user already keeps his name.
            (
                "names",
                |world, _| {
                    *world = World::moved();
                    world.say("UTF8_User_Names_Validation", "[x]+");
                },
                "ok",
                "",
            ),
            (
                "usernames-taken",
                |world, _| foreign(world, "ADA", "x@y.example"),
                "failed",
                "1 agent would get a username that somebody else has there [ada]",
            ),
            (
                "usernames-taken",
                |world, _| foreign(world, "adam", "x@y.example"),
                "ok",
                "",
            ),
            (
                "usernames-taken",
                |world, _| {
                    foreign(world, "ada", "x@y.example");
                    world.rules.protected_users = vec!["Ada".into()];
                },
                "ok",
                "",
            ),
        ],
    );
}

#[test]
fn addresses_must_be_there_free_and_ones_own() {
    table(
        World::fresh,
        &[
            (
                "emails-taken",
                |world, _| foreign(world, "x", "BOB@example.org"),
                "failed",
                "1 agent has an e-mail address that somebody else has there [bob]",
            ),
            ("emails-taken", |world, _| *world = World::moved(), "ok", ""),
            (
                "emails-taken",
                |world, _| {
                    *world = World::moved();
                    world.agents[0].emails[0].address = "bob@example.org".into();
                },
                "failed",
                "[ada]",
            ),
            (
                "emails-missing",
                |world, _| without_email(world, 1),
                "warning",
                "will not be moved [bob]",
            ),
            (
                "emails-missing",
                |world, _| {
                    without_email(world, 1);
                    world.rules.missing_email =
                        MissingEmail::Template("{username}@example.net".into());
                },
                "ok",
                "1 agent will get an e-mail address from the template",
            ),
            (
                "emails-shared",
                |world, _| world.agents[2].emails[0].address = "Ada@example.org".into(),
                "failed",
                "2 agents share 1 e-mail address with each other, and Rocket.Chat gives an address to one user only [ada cleo]",
            ),
            (
                "email-domains",
                |world, _| world.say("Accounts_AllowedDomainsList", " Example.ORG, x.example"),
                "ok",
                "2 domains are allowed",
            ),
            (
                "email-domains",
                |world, _| world.say("Accounts_AllowedDomainsList", "le.org"),
                "failed",
                "3 agents have an e-mail address in 1 domain that Rocket.Chat does not allow [example.org]",
            ),
            (
                "email-domains",
                |world, _| world.capabilities.settings.clear(),
                "skipped",
                "",
            ),
        ],
    );
}

#[test]
fn roles_and_limits_must_mean_something_there() {
    table(
        World::fresh,
        &[
            (
                "roles",
                |world, _| world.agents[0].roles.push("coach".into()),
                "failed",
                "1 role is given by the mapping, and not there [coach]",
            ),
            (
                "roles",
                |world, _| world.capabilities.roles = None,
                "skipped",
                "",
            ),
            (
                "limits-without-effect",
                |_, _| {},
                "ok",
                "3 agents have a limit",
            ),
            (
                "limits-without-effect",
                |world, _| world.capabilities.paid_omnichannel = Some(false),
                "warning",
                "[ada bob cleo]",
            ),
            (
                "limits-without-effect",
                |world, _| world.capabilities.paid_omnichannel = None,
                "skipped",
                "",
            ),
            (
                "limits-without-effect",
                |world, _| {
                    world.capabilities.paid_omnichannel = Some(false);
                    world.agents.iter_mut().for_each(|agent| agent.limit = None);
                },
                "ok",
                "nobody has a limit",
            ),
        ],
    );
}

#[test]
fn users_of_ours_must_be_there_and_open() {
    table(
        World::moved,
        &[
            (
                "no-client-connected",
                |_, _| {},
                "ok",
                "3 agents have Rocket.Chat open",
            ),
            (
                "no-client-connected",
                |world, _| {
                    world.there(0).connected = false;
                    world.own(0, Owner::Target);
                },
                "warning",
                "no chat can be routed to 1 of 3 agents, because no client of theirs is connected; 1 is cut over already [ada]",
            ),
            (
                "no-client-connected",
                |world, look| {
                    world.there(0).connected = false;
                    look.part = Some(part(false));
                },
                "skipped",
                "nobody is opened",
            ),
            (
                "no-client-connected",
                |world, look| {
                    world.there(0).connected = false;
                    look.part = Some(part(true));
                },
                "warning",
                "0 are cut over",
            ),
            (
                "no-client-connected",
                |world, _| {
                    world.there(0).connected = false;
                    world.switch("Livechat_accept_chats_with_no_agents", true);
                },
                "ok",
                "all the same",
            ),
            (
                "protected",
                |world, _| world.users[0].roles.push("admin".into()),
                "warning",
                "1 of these users were ours [ada]",
            ),
            ("links", |_, _| {}, "ok", "3 agents have a user of ours"),
            (
                "links",
                |world, _| drop(world.users.remove(1)),
                "warning",
                "[bob]",
            ),
        ],
    );
}

#[test]
fn a_finding_names_a_hundred_at_most() {
    fn crowd() -> World {
        let mut world = World::fresh();
        let ada = world.agents[0].clone();
        world.agents = (0..150)
            .map(|number| {
                let mut one = ada.clone();
                let identity = std::sync::Arc::make_mut(&mut one.identity);
                identity.username = format!("ada-{number}");
                one
            })
            .collect();
        world
    }
    table(
        crowd,
        &[
            ("emails-shared", |_, _| {}, "failed", "150 agents share 1 "),
            ("emails-shared", |_, _| {}, "failed", " ada-99]"),
        ],
    );
}
