//! What is planned, as tables: each case is a world, the plan in short, and then the plan applied
//! and planned again, which must be empty.

use super::{
    Plan,
    world::{ROLE, World, addresses, as_agent, scope, source},
};
use crate::domain::{
    Capacity, DesiredAgent, Owner, SourceId, Write,
    moving::{Login, MissingEmail, MovePolicy, Scope},
};

/// A plan in short: a line a change, `phase effect subject: writes`.
pub(super) fn short(plan: &Plan) -> Vec<String> {
    let lines = plan.changes().iter().map(|change| {
        assert!(
            !change.writes.is_empty() && !change.fields.is_empty(),
            "{change:?}"
        );
        assert!(!change.reason.is_empty());
        let writes: Vec<_> = change.writes.iter().map(Write::word).collect();
        let (phase, effect) = (change.phase.word(), change.effect.word());
        format!("{phase} {effect} {}: {}", change.subject, writes.join(", "))
    });
    lines.collect()
}

/// Who is left out and why, in short.
pub(super) fn left_out(plan: &Plan) -> Vec<String> {
    let out = plan.left_out().iter();
    out.map(|one| format!("{}: {}", one.subject, one.why))
        .collect()
}

/// Plans, expects, applies, and expects nothing more.
#[track_caller]
pub(super) fn check(mut given: World, scope: &Scope, expect: &[&str]) -> World {
    let plan = given.plan(scope);
    assert_eq!(short(&plan), expect, "left out: {:#?}", plan.left_out());
    given.apply_all(&plan);
    let again = given.plan(scope);
    assert_eq!(short(&again), [""; 0], "the second round");
    assert_eq!(again.left_out(), plan.left_out(), "the second round");
    given
}

const DEFINE: &str = "settings create setting Accounts_CustomFields: set setting";
const ALL: [&str; 6] = [
    DEFINE,
    "users create ada (1): create user",
    "roles create ada (1): grant role, make not available",
    "departments create department Sales: create department",
    "membership create department Sales: add members",
    "limits create ada (1): set limit",
];
const OPEN: &str = "cut-over open ada (1): make available, hand availability over";

fn limited(agent: &mut DesiredAgent) {
    agent.limit = Some(3);
    source(agent, |entry| entry.agent.capacity = Capacity::Limited(3));
}

/// Ada in Sales, prepared: everything but the cut-over is done.
pub(super) fn prepared() -> World {
    let mut world = World::new().agent_with("1", "ada", "Sales", limited);
    world.apply_all(&world.plan(&scope("", false)));
    world
}

#[test]
fn a_new_agent_is_prepared_dark_and_then_opened() {
    let world = World::new().agent_with("1", "ada", "Sales", limited);
    let world = check(world, &scope("", false), &ALL);
    let ada = world.find("ada");
    assert!(!ada.agent.as_ref().unwrap().available);
    assert_eq!(ada.agent.as_ref().unwrap().limit, Some(3));
    assert_eq!(ada.custom_fields["lpAgentId"], "1");
    assert!(ada.emails[0].verified);
    assert_eq!(world.count("Sales", "ada"), Some(0));
    let world = check(world, &scope("first", true), &[OPEN]);
    assert!(world.find("ada").agent.as_ref().unwrap().available);
    assert_eq!(world.entries[&SourceId::new("1")].owner, Owner::Target);
}

#[test]
fn everything_can_be_done_at_once() {
    let world = World::new().agent_with("1", "ada", "Sales", limited);
    check(world, &scope("", true), &[&ALL[..], &[OPEN]].concat());
}

#[test]
fn nobody_is_nothing_to_do() {
    let world = check(World::new(), &scope("", true), &[]);
    let plan = world.plan(&Scope::default());
    assert_eq!((plan.concerned(), plan.foreign()), (0, 0));
    assert_eq!(plan.checksum().len(), 64);
}

#[test]
fn half_a_run_is_finished_by_the_next_plan() {
    for stop in 0..=ALL.len() {
        let mut world = World::new().agent_with("1", "ada", "Sales", limited);
        let plan = world.plan(&scope("", true));
        world.apply(&plan, |number, _| number < stop);
        let rest = [&ALL[stop..], &[OPEN]].concat();
        check(world, &scope("", true), &rest);
    }
}

#[test]
fn agents_are_moved_with_their_wave() {
    let other = |agent: &mut DesiredAgent| {
        source(agent, |entry| {
            entry.agent.group_id = Some("2".to_owned());
            entry.agent.group_name = Some("1".to_owned());
        });
    };
    let none = |agent: &mut DesiredAgent| source(agent, |entry| entry.agent.group_id = None);
    let mut world = World::new()
        .agent("1", "ada", "")
        // Two waves select him: the first counts.
        .agent_with("2", "bob", "", other)
        .agent_with("3", "cyd", "", none);
    for (wave, names) in [("first", 2), ("second", 0), ("rest", 1), ("", 3)] {
        let plan = world.plan(&scope(wave, false));
        assert_eq!(plan.concerned(), names, "{wave}");
    }
    let wave = |world: &World, id: &str| world.wave_of(&SourceId::new(id));
    assert_eq!(wave(&world, "2").as_deref(), Some("first"));
    assert_eq!(wave(&world, "3").as_deref(), Some("rest"));
    assert_eq!(wave(&world, "4"), None);
    // Who has left counts to the wave he was moved with.
    world.apply_all(&world.plan(&scope("rest", false)));
    world.leaves("3", true);
    assert_eq!(wave(&world, "3").as_deref(), Some("rest"));
    assert_eq!(world.plan(&scope("rest", true)).departed().len(), 1);
    assert_eq!(world.plan(&scope("first", true)).departed().len(), 0);
}

#[test]
fn what_differs_is_updated() {
    let mut world = prepared();
    world.change("ada", |user| {
        user.name = "Old".to_owned();
        user.active = false;
        user.emails = addresses("old@example.org", true);
        user.custom_fields.insert("lpAgentId".into(), "9".into());
        user.custom_fields.insert("lpAgentGroup".into(), "x".into());
        user.roles.push("livechat-manager".to_owned());
        user.roles.push("poet".to_owned());
        user.agent.as_mut().unwrap().limit = Some(5);
        user.agent.as_mut().unwrap().available = true;
    });
    let world = check(
        world,
        &scope("", false),
        &[
            "users update ada (1): activate user, update user",
            "roles remove ada (1): revoke role",
            "roles close ada (1): make not available",
            "limits update ada (1): set limit",
        ],
    );
    let ada = world.find("ada");
    assert_eq!(ada.custom_fields["lpAgentGroup"], "x");
    assert_eq!(ada.roles, [ROLE, "user", "poet"]);
}

#[test]
fn addresses_are_compared_without_regard_to_case_and_names_are_kept() {
    let mut world = prepared();
    world.change("ada", |user| {
        user.emails = addresses("ADA@example.org", false);
        user.username = "Ada".to_owned();
    });
    check(world, &scope("", false), &[]);
}

#[test]
fn an_agent_without_address_is_left_out_or_gets_one_made() {
    let without = |agent: &mut DesiredAgent| {
        agent.emails.clear();
        source(agent, |entry| entry.agent.email = None);
    };
    let world = World::new().agent_with("1", "ada", "", without);
    let plan = world.plan(&scope("", false));
    assert_eq!(plan.concerned(), 0);
    assert!(left_out(&plan)[0].contains("has no e-mail address"));

    let template = "{username}.{id}@invalid.example.org".to_owned();
    let world = world.rule(|rules| rules.missing_email = MissingEmail::Template(template));
    let mut world = check(world, &scope("", false), &[DEFINE, ALL[1], ALL[2]]);
    let made = addresses("ada.1@invalid.example.org", false);
    assert_eq!(world.find("ada").emails, made);
    // Whatever he has later is his.
    world.change("ada", |user| user.emails = addresses("x@example.org", true));
    check(world, &scope("", false), &[]);
}

#[test]
fn mapping_may_make_addresses_too_but_does_not_vouch_for_them() {
    let made = |agent: &mut DesiredAgent| source(agent, |entry| entry.agent.email = None);
    let world = World::new().agent_with("1", "ada", "", made);
    let world = check(world, &scope("", false), &[DEFINE, ALL[1], ALL[2]]);
    assert!(!world.find("ada").emails[0].verified);
}

#[test]
fn a_reset_mail_follows_the_new_user_only() {
    let world = World::new()
        .agent("1", "ada", "")
        .rule(|rules| rules.login = Login::ResetMail);
    let create = "users create ada (1): create user, send reset mail";
    check(world, &scope("", false), &[DEFINE, create, ALL[2]]);
}

#[test]
fn only_defined_custom_fields_are_written() {
    let field = crate::domain::target::SettingValue::Text;
    let cases = [
        (Some(field("[]".to_owned())), "is no JSON object"),
        (Some(field("{".to_owned())), "is no JSON object"),
        (None, "cannot be read"),
    ];
    for (setting, why) in cases {
        let mut world = World::new().agent("1", "ada", "");
        let settings = &mut world.actual.capabilities.settings;
        settings.clear();
        settings.extend(setting.map(|value| (super::world::FIELDS.to_owned(), value)));
        let world = check(world, &scope("", false), &[ALL[1], ALL[2]]);
        assert!(world.find("ada").custom_fields.is_empty());
        let out = left_out(&world.plan(&scope("", false)));
        assert!(out.len() == 1 && out[0].contains(why), "{out:?}");
    }
    // What is there stays, to the letter.
    let mut world = World::new().agent("1", "ada", "");
    let text = "{ \"mine\": {\"type\":\"select\"}, \"lpAgentId\": 1 }";
    let settings = &mut world.actual.capabilities.settings;
    settings.insert(super::world::FIELDS.to_owned(), field(text.to_owned()));
    let world = check(world, &scope("", false), &[DEFINE, ALL[1], ALL[2]]);
    let after = world.actual.capabilities.text(super::world::FIELDS);
    let expect = "{ \"mine\": {\"type\":\"select\"}, \"lpAgentId\": 1,\"lpAgentGroup\":{\"type\":\"text\",\"required\":false}}";
    assert_eq!(after, Some(expect));
}

#[test]
fn nobody_is_opened_whom_the_source_gives_no_chats() {
    let none = |agent: &mut DesiredAgent| {
        source(agent, |entry| entry.agent.capacity = Capacity::Limited(0));
    };
    let world = World::new().agent_with("1", "ada", "", none);
    let hand_over = "cut-over open ada (1): hand availability over";
    let world = check(
        world,
        &scope("", true),
        &[DEFINE, ALL[1], ALL[2], hand_over],
    );
    assert!(!world.find("ada").agent.as_ref().unwrap().available);
}

#[test]
fn whoever_belongs_to_the_target_is_left_as_he_is() {
    let mut world = prepared();
    world.apply_all(&world.plan(&scope("", true)));
    for available in [false, true] {
        world.change("ada", |user| {
            user.agent.as_mut().unwrap().available = available;
        });
        for cut_over in [false, true] {
            world = check(world, &scope("", cut_over), &[]);
        }
    }
}

#[test]
fn a_shared_owner_is_handed_over_and_never_closed() {
    let both = |agent: &mut DesiredAgent| source(agent, |entry| entry.owner = Owner::Both);
    let ada = |user: &mut crate::domain::TargetUser| {
        as_agent(user, true, None);
        user.custom_fields.insert("lpAgentId".into(), "1".into());
    };
    let world = World::new()
        .agent_with("1", "ada", "", both)
        .user("ada", ada)
        .link("1", "ada");
    let world = check(world, &scope("", false), &[DEFINE]);
    let hand_over = "cut-over open ada (1): hand availability over";
    check(world, &scope("", true), &[hand_over]);
}

#[test]
fn policies_withhold_what_they_do_not_allow_and_what_needs_it() {
    let world = || {
        let mut world = prepared().agent("2", "bob", "Sales");
        world.change("ada", |user| {
            user.active = false;
            user.agent.as_mut().unwrap().available = false;
            user.roles.push("livechat-manager".to_owned());
        });
        let sales = world.actual.departments()[0].id.clone();
        let ada = world.find("ada").id.clone();
        let inside = world.actual.membership(&sales, &ada).is_some();
        assert!(inside);
        world.agent("3", "cyd", "Rest")
    };
    let count = |policy| {
        let world = world().rule(|rules| rules.policy = policy);
        let plan = world.plan(&scope("", true));
        (plan.changes().len(), plan.withheld().len())
    };
    // bob and cyd: user, role, cut-over; Rest; two memberships. ada: user, role taken, cut-over.
    assert_eq!(count(MovePolicy::Sync), (12, 0));
    assert_eq!(count(MovePolicy::Upsert), (11, 1));
    // ada stays deactivated, so she is not opened either.
    assert_eq!(count(MovePolicy::CreateOnly), (9, 3));
    assert_eq!(count(MovePolicy::Observe), (0, 12));
}

#[test]
fn members_who_cannot_come_do_not_keep_the_others_away() {
    let mut world = prepared()
        .agent("2", "bob", "Sales Rest")
        .agent("3", "cyd", "");
    world.apply_all(&world.plan(&scope("", false)));
    let departments = world.desired[1].departments.clone();
    world.desired[0].departments = departments.clone();
    world.desired[2].departments = departments;
    world.change("ada", |user| user.active = false);
    let world = world.rule(|rules| rules.policy = MovePolicy::CreateOnly);
    let plan = world.plan(&scope("", false));
    let add_rest = "membership create department Rest: add members";
    let add_sales = "membership create department Sales: add members";
    assert_eq!(short(&plan), [add_rest, add_sales]);
    let fields: Vec<_> = plan.changes().iter().map(|one| one.fields.len()).collect();
    assert_eq!(fields, [1, 1]);
    // ada's reactivation, and she as a member of Rest.
    assert_eq!(plan.withheld().len(), 2);
    assert_eq!(plan.withheld()[1].fields[0].after, "ada");
}

#[test]
fn the_checksum_sees_every_value_and_no_counts() {
    let sum = |world: &World, cut_over| world.plan(&scope("", cut_over)).checksum().to_owned();
    let world = || {
        World::new()
            .agent("1", "ada", "Sales")
            .department("d", "Sales", true)
    };
    let base = sum(&world(), false);
    assert_eq!(base, sum(&world(), false));
    assert_ne!(base, sum(&world(), true));
    let mut named = world();
    named.desired[0].name = "Ada".to_owned();
    assert_ne!(base, sum(&named, false));
    // Somebody got a chat meanwhile.
    let counted = |count| {
        let world = world().user("eve", |_| {}).member("d", "eve", count);
        let plan = world.plan(&scope("", false));
        let Write::AddMembers { members, .. } = &plan.changes()[3].writes[0] else {
            panic!("{plan:?}");
        };
        assert_eq!((members[0].count, members[0].order), (count, 0));
        sum(&world, false)
    };
    assert_eq!(counted(7), counted(8));
    assert_eq!(counted(7), base);
}
