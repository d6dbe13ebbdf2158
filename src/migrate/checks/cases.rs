//! Every check of the workspace, and what findings come to.

use super::*;
use crate::{
    domain::{moving::MovePolicy, target::TargetDepartment},
    migrate::verify::world::World,
};

/// How a look is made besides the world.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) part: Option<Part>,
    pub(super) acknowledged: Vec<String>,
    pub(super) password_login: bool,
}

pub(super) type Spoil = fn(&mut World, &mut Look);

pub(super) fn findings(world: &World, look: &Look) -> Checks {
    check(&Inputs {
        believed: &world.believed(),
        actual: &world.actual(),
        links: &world.links,
        rules: &world.rules,
        acknowledged: &look.acknowledged,
        part: look.part.as_ref(),
        max_age: Duration::from_secs(600),
        password_login: look.password_login,
    })
}

/// Each row: a check, how the world before the move is spoilt, the result, and a part of what is
/// told with the names it is about.
pub(super) fn table(start: fn() -> World, rows: &[(&str, Spoil, &str, &str)]) {
    for (number, (name, spoil, result, told)) in rows.iter().enumerate() {
        let mut world = start();
        let mut look = Look::default();
        spoil(&mut world, &mut look);
        let checks = findings(&world, &look);
        let finding = checks
            .findings
            .iter()
            .find(|one| one.name == *name)
            .unwrap();
        let detail = format!("{} [{}]", finding.detail, finding.about.join(" "));
        assert_eq!(finding.result, *result, "{number} {name}: {detail}");
        assert!(detail.contains(told), "{number} {name}: {detail}");
        let must = matches!(*result, "warning" | "failed");
        assert_eq!(!finding.remedy.is_empty(), must, "{number} {name}");
        let text = format!("{detail} {}", finding.remedy);
        assert!(!text.contains('@'), "an address in {number} {name}: {text}");
    }
}

#[test]
fn without_a_flaw_every_check_is_ok_and_told_in_order() {
    let checks = findings(&World::fresh(), &Look::default());
    let told: Vec<_> = checks
        .findings
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(told, names().collect::<Vec<_>>());
    let others = checks.findings.iter().filter(|one| one.result != "ok");
    let others: Vec<_> = others.map(|one| (&*one.name, &*one.result)).collect();
    assert_eq!(others, [("no-client-connected", "skipped")]);
    assert_eq!(verdict(&checks), Verdict::Clear);
    let moved = findings(&World::moved(), &Look::default());
    assert!(
        moved.findings.iter().all(|one| one.result == "ok"),
        "{moved:?}"
    );
}

#[test]
fn the_view_of_the_source_must_be_there_young_and_trusted() {
    table(
        World::fresh,
        &[
            ("source", |_, _| {}, "ok", "3 agents, read 20 s ago"),
            (
                "source",
                |world, _| world.age_seconds = None,
                "failed",
                "never read",
            ),
            (
                "source",
                |world, _| world.age_seconds = Some(600),
                "ok",
                "600 s ago",
            ),
            (
                "source",
                |world, _| world.age_seconds = Some(601),
                "failed",
                "601 s ago, and 600 s",
            ),
            (
                "source",
                |world, _| world.quarantined = true,
                "failed",
                "doubted",
            ),
        ],
    );
}

#[test]
fn the_target_must_be_known_and_allow_the_move() {
    table(
        World::fresh,
        &[
            (
                "version",
                |world, _| world.capabilities.version.major = 5,
                "failed",
                "5.10.2",
            ),
            (
                "version",
                |world, _| world.capabilities.version.major = 6,
                "ok",
                "6.10.2",
            ),
            (
                "version",
                |world, _| world.capabilities.version.major = 8,
                "ok",
                "8.10.2",
            ),
            (
                "version",
                |world, _| world.capabilities.version.major = 9,
                "warning",
                "9.10.2",
            ),
            (
                "rights",
                |world, _| world.capabilities.missing_rights = None,
                "warning",
                "bridge",
            ),
            (
                "rights",
                |world, _| {
                    world.capabilities.missing_rights =
                        Some(vec!["create-user".into(), "delete-user".into()]);
                },
                "failed",
                "lacks 2 rights [create-user delete-user]",
            ),
            (
                "second-factor",
                |_, look| look.password_login = true,
                "warning",
                "second factor",
            ),
            (
                "second-factor",
                |world, look| {
                    look.password_login = true;
                    world.switch("Accounts_TwoFactorAuthentication_Enabled", false);
                },
                "ok",
                "no second factor",
            ),
            (
                "second-factor",
                |world, look| {
                    look.password_login = true;
                    world.capabilities.settings.clear();
                },
                "skipped",
                "cannot be read",
            ),
            (
                "rate-limit",
                |world, _| world.capabilities.rate_limited = true,
                "warning",
                "3 users take about 1 min",
            ),
            (
                "rate-limit",
                |world, _| {
                    world.capabilities.rate_limited = true;
                    *world = World {
                        capabilities: world.capabilities.clone(),
                        ..World::moved()
                    };
                },
                "ok",
                "no user is to be created",
            ),
        ],
    );
}

#[test]
fn settings_of_the_target_and_the_policy_are_told() {
    table(
        World::fresh,
        &[
            (
                "approval",
                |world, _| world.switch("Accounts_ManuallyApproveNewUsers", true),
                "warning",
                "3 users may stay inactive",
            ),
            (
                "approval",
                |world, _| world.capabilities.settings.clear(),
                "skipped",
                "",
            ),
            ("routing-method", |_, _| {}, "ok", "by Auto_Selection"),
            (
                "routing-method",
                |world, _| world.say("Livechat_Routing_Method", "External"),
                "ok",
                "already",
            ),
            (
                "routing-method",
                |world, _| world.capabilities.settings.clear(),
                "skipped",
                "",
            ),
            (
                "business-hours",
                |world, _| world.switch("Livechat_enable_business_hours", true),
                "warning",
                "silently refused",
            ),
            (
                "business-hours",
                |world, _| world.capabilities.settings.clear(),
                "skipped",
                "",
            ),
            (
                "policy",
                |world, _| world.rules.policy = MovePolicy::Observe,
                "warning",
                "nothing will be written",
            ),
            (
                "policy",
                |world, _| world.rules.policy = MovePolicy::CreateOnly,
                "ok",
                "create-only",
            ),
        ],
    );
}

#[test]
fn custom_fields_are_defined_definable_or_done_without() {
    table(
        World::fresh,
        &[
            (
                "custom-fields",
                |_, _| {},
                "ok",
                "1 custom field is defined",
            ),
            (
                "custom-fields",
                |world, _| world.rules.custom_fields.clear(),
                "ok",
                "no custom fields",
            ),
            (
                "custom-fields",
                |world, _| world.say("Accounts_CustomFields", " "),
                "ok",
                "to be defined by the move [lpAgentId]",
            ),
            (
                "custom-fields",
                |world, _| world.say("Accounts_CustomFields", "[1]"),
                "warning",
                "no JSON object",
            ),
            (
                "custom-fields",
                |world, _| world.capabilities.settings.clear(),
                "warning",
                "cannot be read",
            ),
            (
                "custom-fields",
                |world, _| {
                    world.say("Accounts_CustomFields", "{}");
                    world.capabilities.missing_rights =
                        Some(vec!["edit-privileged-setting".into()]);
                },
                "warning",
                "not defined there and cannot be",
            ),
        ],
    );
}

fn department(world: &mut World, id: &str, name: &str) {
    world.there.push(TargetDepartment {
        id: crate::domain::DepartmentId::new(id),
        name: name.to_owned(),
        enabled: true,
        archived: false,
    });
}

fn second_department(world: &mut World) {
    let id = crate::domain::DepartmentId::new("sales-2");
    world.agents[1].departments.push(id.clone());
    world.departments.push(crate::domain::Department {
        id,
        name: "Service".to_owned(),
    });
}

#[test]
fn departments_can_be_created_or_are_folded_into_one() {
    table(
        World::fresh,
        &[
            (
                "departments",
                |_, _| {},
                "ok",
                "1 department is needed, and 1 to be created [Sales]",
            ),
            (
                "departments",
                |world, _| *world = World::moved(),
                "ok",
                "needed, and there",
            ),
            (
                "departments",
                |world, _| world.capabilities.may_create_departments = Some(false),
                "failed",
                "does not allow [Sales]",
            ),
            // The first one is free, others are not.
            (
                "departments",
                |world, _| world.capabilities.paid_omnichannel = Some(false),
                "ok",
                "1 to be created",
            ),
            (
                "departments",
                |world, _| {
                    world.capabilities.paid_omnichannel = Some(false);
                    second_department(world);
                },
                "failed",
                "there can be only one [Sales Service]",
            ),
            (
                "departments",
                |world, _| {
                    world.capabilities.paid_omnichannel = Some(false);
                    department(world, "x", "Other");
                },
                "failed",
                "there can be only one",
            ),
            (
                "departments",
                |world, _| {
                    world.capabilities.paid_omnichannel = Some(false);
                    world.rules.single_department = Some("Other".into());
                    second_department(world);
                    department(world, "x", "Other");
                },
                "ok",
                "1 department is needed, and there",
            ),
            (
                "departments",
                |world, _| {
                    world.capabilities.paid_omnichannel = None;
                    world.capabilities.may_create_departments = None;
                },
                "warning",
                "cannot be read",
            ),
            (
                "departments",
                |world, _| {
                    department(world, "x", "Sales");
                    department(world, "y", "Sales");
                },
                "failed",
                "more than once, so it is not clear which is meant [Sales]",
            ),
            (
                "departments",
                |world, _| {
                    department(world, "x", "Sales");
                    world.there[0].enabled = false;
                },
                "failed",
                "1 department is archived or disabled there, and not ours to open [Sales]",
            ),
            (
                "departments",
                |world, _| {
                    *world = World::moved();
                    world.there[0].archived = true;
                },
                "ok",
                "and there",
            ),
        ],
    );
}

#[test]
fn warnings_wait_for_their_name_and_failures_for_nobody() {
    let mut world = World::fresh();
    world.rules.policy = MovePolicy::Observe;
    world.capabilities.rate_limited = true;
    let mut look = Look::default();
    let warned = findings(&world, &look);
    let Verdict::Warned(open) = verdict(&warned) else {
        panic!("{warned:?}");
    };
    let open: Vec<_> = open.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(open, ["rate-limit", "policy"]);
    assert_eq!(verdict(&warned).end(), End::Warnings);
    assert!(
        verdict(&warned)
            .why()
            .unwrap()
            .contains("rate-limit, policy;")
    );

    look.acknowledged = vec!["policy".into(), "rate-limit".into(), "seats".into()];
    let read = findings(&world, &look);
    assert_eq!(verdict(&read), Verdict::Clear);
    assert_eq!(verdict(&read).end(), End::Done);
    assert_eq!(read.findings.last().unwrap().result, "acknowledged");

    world.capabilities.seats.as_mut().unwrap().limit = Some(0);
    let refused = findings(&world, &look);
    assert_eq!(verdict(&refused).end(), End::Refused);
    assert!(
        verdict(&refused)
            .why()
            .unwrap()
            .starts_with("check seats failed: 3 of 0")
    );

    world.age_seconds = None;
    assert_eq!(verdict(&findings(&world, &look)).end(), End::Source);
}
