//! What the pages show, and that no name breaks them.

use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        DepartmentId, FieldChange, SourceId, Subject, TargetId,
        change::{DepartmentRef, Member, UserRef},
    },
    migrate::{
        verify::{self, world::World},
        wire::{Difference, PersonLine, WaveLine},
    },
    sync::plan::{Facts, plan},
};

fn looked(world: &World, acknowledged: &[&str]) -> Parity {
    let acknowledged: Vec<_> = acknowledged.iter().map(|&one| one.to_owned()).collect();
    verify::verify(&verify::Inputs {
        believed: &world.believed(),
        actual: &world.actual(),
        links: &world.links,
        rules: &world.rules,
        acknowledged: &acknowledged,
        part: &Part::default(),
        address: "https://chat.example.org",
        at: Timestamp::from_millis(0),
    })
}

/// Every text of the report is `text`.
fn filled(text: &str) -> Parity {
    let own = || text.to_owned();
    let person = |result: &str| PersonLine {
        source_id: own(),
        username: own(),
        name: own(),
        wave: own(),
        owner: own(),
        result: result.to_owned(),
        routable: false,
        why_not: own(),
        differences: vec![Difference {
            field: own(),
            source: own(),
            bridge: own(),
            target: own(),
            acknowledged_as: if result == "different" {
                String::new()
            } else {
                own()
            },
        }],
    };
    let remark = || Remark {
        subject: own(),
        why: own(),
    };
    Parity {
        at: own(),
        part: Part {
            wave: Some(own()),
            cut_over: true,
        },
        target: own(),
        account: own(),
        source_age_seconds: Some(1),
        agents: 3,
        equal: 1,
        acknowledged: 1,
        different: 1,
        left_out: vec![remark()],
        waves: vec![WaveLine {
            wave: own(),
            ..WaveLine::default()
        }],
        departments: vec![remark()],
        people: ["different", "acknowledged", text].map(person).to_vec(),
    }
}

fn change(phase: Phase, effect: Effect, name: &str) -> Change {
    let user = UserRef {
        source_id: SourceId::new("1"),
        username: name.to_owned(),
        id: Some(TargetId::new("u")),
    };
    Change {
        phase,
        subject: Subject::Agent {
            source_id: SourceId::new("1"),
            username: name.to_owned(),
        },
        effect,
        reason: format!("because of {name}"),
        fields: vec![FieldChange {
            field: "departments".to_owned(),
            before: "-".to_owned(),
            after: name.to_owned(),
        }],
        writes: vec![
            Write::AddMembers {
                department: DepartmentRef {
                    name: name.to_owned(),
                    id: Some(DepartmentId::new("d")),
                },
                members: vec![Member {
                    user: user.clone(),
                    count: 3,
                    order: 0,
                }],
            },
            Write::GrantRole {
                user,
                role: "livechat-agent".to_owned(),
            },
        ],
    }
}

fn document(name: &str) -> PlanDocument {
    let changes = [
        change(Phase::Membership, Effect::Create, name),
        change(Phase::Roles, Effect::Create, name),
        change(Phase::Roles, Effect::Create, name),
    ];
    let remark = || Remark {
        subject: name.to_owned(),
        why: name.to_owned(),
    };
    PlanDocument {
        format: PLAN_FORMAT.to_owned(),
        checksum: "ab12".to_owned(),
        made_at: "1970-01-01T00:00:00.000Z".to_owned(),
        part: Part::default(),
        agents: 1,
        summary: tallies(&changes),
        changes: changes.iter().map(change_line).collect(),
        withheld: vec![change_line(&changes[0])],
        left_out: vec![remark()],
        foreign: 1_234,
        refused_by: vec![remark()],
    }
}

/// Cells of every row of every table: a `|` behind a `\` is text.
fn columns(page: &str) -> Vec<(String, Vec<usize>)> {
    let mut tables: Vec<(String, Vec<usize>)> = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            tables.push((heading.to_owned(), Vec::new()));
        } else if line.starts_with('|') {
            let mut bars = 0;
            let mut rest = line.chars();
            while let Some(one) = rest.next() {
                match one {
                    '\\' => drop(rest.next()),
                    '|' => bars += 1,
                    _ => {}
                }
            }
            tables.last_mut().unwrap().1.push(bars);
        }
    }
    tables
}

#[test]
fn a_plan_becomes_a_document_with_its_scope_and_limits() {
    let world = World::moved();
    let believed = world.believed();
    let facts = Facts {
        roster: &believed.roster,
        desired: &believed.desired,
        actual: &world.actual(),
        links: &world.links,
        rules: &world.rules,
    };
    let scope = crate::domain::moving::Scope {
        wave: Some("first".to_owned()),
        cut_over: true,
    };
    let excess = Excess {
        name: "removals",
        why: "too many".to_owned(),
    };
    let plan = plan(&facts, &scope);
    let document = plan_document(&plan, &[excess], Timestamp::from_millis(0));
    assert_eq!(document.format, "lp2rc-plan-1");
    assert_eq!(document.checksum, plan.checksum());
    assert_eq!(document.made_at, "1970-01-01T00:00:00.000Z");
    assert_eq!(document.part.wave.as_deref(), Some("first"));
    assert!(document.part.cut_over);
    assert_eq!(document.refused_by[0].subject, "removals");
    assert_eq!(document.changes.len(), plan.changes().len());
}

#[test]
fn a_plan_in_markdown_has_every_change() {
    let page = markdown::plan(&document("ada"));
    let expected = "\
# Plan of the move

**3 changes for 1 agent; roles: create 2; membership: create 1**

- Checksum: ab12
- Made: 1970-01-01T00:00:00.000Z
- Part: everybody
- Agents there that are not ours, and stay as they are: 1,234

## Limits it exceeds

| Limit | Why |
| --- | --- |
| ada | ada |

## In numbers

| Phase | Effect | Changes |
| --- | --- | --- |
| roles | create | 2 |
| membership | create | 1 |

## Changes

| Phase | Effect | Who or what | Why | Fields | Writes |
| --- | --- | --- | --- | --- | --- |
| membership | create | ada (1) | because of ada | departments: - → ada | add members, grant role |
";
    assert!(page.starts_with(expected), "{page}");
    let sections: Vec<_> = columns(&page)
        .into_iter()
        .map(|(heading, _)| heading)
        .collect();
    let last = ["Changes that the policy does not allow", "Left alone"];
    assert_eq!(sections[3..], last);
}

#[test]
fn parity_in_markdown_leads_with_the_number_and_ends_with_everybody() {
    let mut world = World::moved();
    world.users[0].name = "Ada|L.".to_owned();
    let page = markdown::parity(&looked(&world, &[]));
    assert!(
        page.contains("\n**2 of 3 agents are equal, 1 differs**\n"),
        "{page}"
    );
    assert!(
        page.contains("\n| ada (1) | name | ADA | ADA | Ada\\|L. | - |\n"),
        "{page}"
    );
    assert!(page.contains("\n| bob (2) | BOB | rest | source | equal | no: is not available |\n"));
    assert!(page.contains("\n- Target: Rocket.Chat 7.10.2 at https://chat.example.org\n"));
}

#[test]
fn the_page_says_in_one_line_how_it_stands() {
    let mut world = World::moved();
    let line = |parity: &Parity| {
        let page = html::parity(parity);
        let verdict = page.split("<p class=\"verdict\">").nth(1).unwrap();
        verdict.split("</p>").next().unwrap().to_owned()
    };
    assert!(line(&looked(&world, &[])).contains("Nothing was lost."));
    world.users[0].active = false;
    let differs = looked(&world, &[]);
    assert!(line(&differs).contains("Not yet:</span> 1 agent differs."));
    let page = html::parity(&differs);
    assert!(page.contains("<p class=\"big\">2 of 3 agents are equal</p>"));
    assert!(page.contains(meaning("active")), "{page}");
    let accepted = looked(&world, &["verify:active"]);
    assert!(line(&accepted).contains("but what was accepted: 1 agent differs."));
    assert!(!html::parity(&accepted).contains(meaning("active")));
    world.there[0].archived = true;
    let both = line(&looked(&world, &[]));
    assert!(
        both.contains("1 agent differs and 1 department differs."),
        "{both}"
    );
    world.agents.clear();
    assert_eq!(line(&looked(&world, &[])), "Nobody was compared.");
    world.age_seconds = None;
    assert!(line(&looked(&world, &[])).contains("never read"));
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let mut world = World::moved();
    world.users[0].active = false;
    let page = html::parity(&looked(&world, &[]));
    let style = page.split("<style>").nth(1).unwrap();
    let style = style.split("</style>").next().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"));
    let mut open = Vec::new();
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
            continue;
        }
        let name = tag.split(' ').next().unwrap();
        assert!(
            !["script", "link", "img", "iframe", "a", "base"].contains(&name),
            "{tag}"
        );
        // Attributes that only describe: none of them loads or runs anything.
        for part in tag.split('"').step_by(2).filter(|part| part.ends_with('=')) {
            let attribute = part.trim_end_matches('=').rsplit(' ').next().unwrap();
            let known = [
                "lang",
                "charset",
                "name",
                "content",
                "http-equiv",
                "class",
                "style",
                "scope",
                "aria-hidden",
            ];
            assert!(known.contains(&attribute), "{attribute} in {tag}");
        }
        if !["!doctype", "meta"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_field_has_its_meaning() {
    let fields = [
        "user",
        "name",
        "email",
        "roles",
        "departments",
        "limit",
        "availability",
        "active",
        "id field",
        "custom fields",
    ];
    let other = meaning("?");
    assert!(fields.iter().all(|field| meaning(field) != other));
}

/// Texts that mean something to somebody who reads pages.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        proptest::sample::select(vec![
            "<script>", "</td>", "&lt;", "\"'", "|", "\\", "\\|", "\n", "\r\n|", "`", "](x)",
            "\u{0}", "\u{202e}", "-->",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against the page of a name that is harmless: whatever the name, there are the same tags.
    #[test]
    fn no_name_changes_the_tags_of_the_page(text in hostile()) {
        let tags = |text: &str| {
            let page = html::parity(&filled(text));
            let tags = page.split('<').skip(1).map(|tag| tag.split('>').next().unwrap().to_owned());
            tags.collect::<Vec<_>>()
        };
        prop_assert_eq!(tags(&text), tags("harmless"));
    }

    #[test]
    fn no_name_breaks_a_table(text in hostile()) {
        let pages = |text: &str| {
            let plan = markdown::plan(&document(text));
            [columns(&markdown::parity(&filled(text))), columns(&plan)]
        };
        prop_assert_eq!(pages(&text), pages("harmless"));
    }
}
