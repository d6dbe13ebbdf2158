//! What stands in the way of a move, and what is said about it.

use lp2rc::sim::rocketchat::{BusinessHours, Edition, Fault, SimConfig, What};

use super::{Ends, Setup};

#[test]
fn a_plan_that_changed_since_its_review_is_not_applied() {
    let ends = Ends::read(Setup::default());
    let plan = ends.home.config().with_file_name("plan.json");
    let plan = plan.display().to_string();
    ends.expect(12, &["plan", "--out", &plan]);
    let world = ends.source.sim.world();
    let someone = world.agents()[2].id;
    assert!(world.remove(someone));
    ends.sync();
    ends.sync();
    let done = ends.expect(10, &["apply", "--plan", &plan]);
    assert!(done.stderr.contains("reviewed"), "{}", done.stderr);
    assert!(ends.target.writes().is_empty());
    ends.off();
}

#[test]
fn a_dry_run_and_the_policy_observe_write_nothing() {
    let ends = Ends::read(Setup::default());
    ends.expect(12, &["apply", "--dry-run"]);
    assert!(ends.target.writes().is_empty());
    ends.home.edit("policy = \"sync\"", "policy = \"observe\"");
    ends.expect(0, &["apply", "--acknowledge", "policy"]);
    assert!(ends.target.writes().is_empty());
    ends.off();
}

#[test]
fn the_guard_names_numbers_setting_and_override() {
    let ends = Ends::read(Setup {
        more: "[migrate.guard]\nopened_count = 3\n".to_owned(),
        ..Setup::default()
    });
    let done = ends.expect(10, &["apply", "--cut-over"]);
    for word in [
        "opened",
        "3",
        "migrate.guard.opened_count",
        "--accept opened",
    ] {
        assert!(
            done.stderr.contains(word),
            "no `{word}` in: {}",
            done.stderr
        );
    }
    assert!(ends.target.writes().is_empty());
    ends.expect(0, &["apply", "--cut-over", "--accept", "opened"]);
    ends.off();
}

#[test]
fn a_community_workspace_gets_one_department_once_that_is_said() {
    let ends = Ends::read(Setup {
        target: SimConfig {
            edition: Edition::Community,
            rate_limit: None,
            ..SimConfig::default()
        },
        ..Setup::default()
    });
    let done = ends.expect(10, &["check"]);
    assert!(done.stdout.contains("departments"), "{}", done.stdout);
    ends.home.edit(
        "policy = \"sync\"",
        "policy = \"sync\"\ndepartments = \"one\"",
    );
    let words = ["apply", "--acknowledge", "limits-without-effect"];
    ends.expect(0, &words);
    let digest = ends.digest();
    let departments = digest["departments"].as_array().unwrap();
    assert_eq!(departments.len(), 1, "{departments:?}");
    assert_eq!(departments[0]["name"], "Customer service");
    // The bridge itself still knows every skill's department.
    let billing = ends.home.run(&["explain", "--department", "Billing"]);
    assert_eq!(billing.code, 0, "{billing:?}");
    ends.off();
}

#[test]
fn too_few_seats_are_found_before_anything_is_written() {
    let ends = Ends::read(Setup {
        target: SimConfig {
            seats: Some(8),
            rate_limit: None,
            ..SimConfig::default()
        },
        ..Setup::default()
    });
    let done = ends.expect(10, &["apply"]);
    assert!(done.stderr.contains("seats"), "{}", done.stderr);
    assert!(ends.target.writes().is_empty());
    ends.off();
}

#[test]
fn an_agent_whom_business_hours_keep_shut_stays_with_the_source() {
    let ends = Ends::read(Setup {
        agents: 6,
        ..Setup::default()
    });
    ends.expect(0, &["apply"]);
    ends.target
        .behave(|behaviour| behaviour.business_hours = BusinessHours::Closed);
    let words = ["apply", "--cut-over", "--acknowledge", "business-hours"];
    let done = ends.expect(13, &words);
    assert!(done.stdout.contains("business hours"), "{}", done.stdout);
    let owners = ends.home.run(&["agents", "--output", "json"]).stdout;
    assert!(!owners.contains("\"owner\": \"target\"") || owners.contains("\"owner\": \"source\""));
    ends.target
        .behave(|behaviour| behaviour.business_hours = BusinessHours::Off);
    ends.expect(0, &["apply", "--cut-over"]);
    ends.expect(0, &["verify"]);
    ends.off();
}

#[test]
fn one_agent_who_cannot_be_made_does_not_stop_the_others() {
    let ends = Ends::read(Setup::default());
    ends.target
        .faults()
        .set(vec![Fault::at("users.create", What::Status(400)).times(1)]);
    let done = ends.expect(13, &["apply"]);
    assert!(done.stdout.contains("failed"), "{}", done.stdout);
    ends.expect(0, &["apply"]);
    ends.expect(0, &["verify"]);
    ends.off();
}

#[test]
fn a_dead_target_and_a_wrong_token_have_their_own_exit_codes() {
    let ends = Ends::read(Setup {
        agents: 3,
        ..Setup::default()
    });
    ends.home
        .edit("token = \"bridge-token\"", "token = \"another-token\"");
    let done = ends.expect(22, &["plan"]);
    assert!(!done.stderr.contains("another-token"), "{}", done.stderr);
    ends.home
        .edit("token = \"another-token\"", "token = \"bridge-token\"");
    let url = ends.target.base_url();
    ends.home.edit(&url, "http://127.0.0.1:9");
    ends.expect(21, &["plan"]);
    ends.off();
}

#[test]
fn without_a_target_the_verbs_say_what_is_missing() {
    let ends = Ends::read(Setup {
        agents: 3,
        ..Setup::default()
    });
    let url = format!("url = \"{}\"", ends.target.base_url());
    ends.home.edit(&url, "");
    let done = ends.expect(2, &["plan"]);
    assert!(done.stderr.contains("rocketchat"), "{}", done.stderr);
    ends.off();
}

#[test]
fn a_name_that_nothing_has_is_refused_and_not_passed_over() {
    let ends = Ends::read(Setup {
        agents: 3,
        ..Setup::default()
    });
    for (words, told) in [
        (["apply", "--accept", "removalz"], "opened"),
        (["apply", "--acknowledge", "seat"], "seats"),
        (["connect", "--accept", "seats"], "removals"),
        (["finish", "--acknowledge", "removals"], "seats"),
        (["undo", "--accept", "Removals"], "removals"),
    ] {
        let done = ends.expect(2, &words);
        for word in [&format!("`{}`", words[2]), told] {
            assert!(done.stderr.contains(word), "{word}: {}", done.stderr);
        }
    }
    assert!(ends.target.writes().is_empty());
    ends.home.edit(
        "acknowledge = [",
        "acknowledge = [\"verify:e-mail\", \"seets\", ",
    );
    for verb in ["check", "plan", "apply", "verify"] {
        let done = ends.expect(2, &[verb]);
        let told = "`migrate.acknowledge` has `seets`";
        assert!(done.stderr.contains(told), "{}", done.stderr);
    }
    // Whoever looks where the move stands is not held up by it.
    ends.expect(0, &["status"]);
    assert!(ends.target.writes().is_empty());
    ends.off();
}

#[test]
fn a_run_that_stopped_counts_what_failed_among_what_is_to_go() {
    let ends = Ends::read(Setup {
        agents: 5,
        migrate: "stop_after_failures = 2\n".to_owned(),
        ..Setup::default()
    });
    let refuse = Fault::at("users.create", What::Status(400));
    ends.target.faults().set(vec![refuse]);
    let done = ends.expect(13, &["apply"]);
    let status = ends.document(0, &["status"]);
    let count = |name: &str| status["runs"][0][name].as_u64().unwrap();
    let (all, rest) = (count("changes"), count("changes") - count("done"));
    let told = format!("stays open with {rest} of {all} changes to go");
    assert!(done.stderr.contains(&told), "{told}: {}", done.stderr);
    // Another part is not begun over it, and its own part is named.
    let done = ends.expect(10, &["apply", "--cut-over"]);
    assert!(done.stderr.contains("(apply, everybody) is open"));
    ends.off();
}

#[test]
fn before_liveperson_was_read_nothing_is_planned_nor_equal() {
    let ends = Ends::new(Setup {
        agents: 3,
        ..Setup::default()
    });
    // A poll that fails leaves an empty state behind.
    let account = "account = \"12345678\"";
    ends.home.edit(account, "account = \"87654321\"");
    assert_ne!(ends.home.run(&["sync"]).code, 0);
    for verb in ["plan", "apply", "verify"] {
        let done = ends.expect(20, &[verb]);
        assert!(done.stderr.contains("never read"), "{}", done.stderr);
    }
    ends.off();
}
