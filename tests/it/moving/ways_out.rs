//! No run stays open for ever, and none that is taken up or taken back touches what is not ours.

use lp2rc::sim::rocketchat::{Fault, NewUser, What};
use serde_json::Value;

use super::{Ends, Setup};

/// A move that stops at the third failure.
fn impatient() -> Ends {
    Ends::read(Setup {
        agents: 8,
        migrate: "stop_after_failures = 3\n".to_owned(),
        ..Setup::default()
    })
}

fn refuse(ends: &Ends, place: &str) {
    let fault = Fault::at(place, What::Status(400));
    ends.target.faults().set(vec![fault]);
}

fn open_runs(ends: &Ends) -> usize {
    let status = ends.document(0, &["status"]);
    let runs = status["runs"].as_array().unwrap();
    runs.iter().filter(|run| run["ended_at"].is_null()).count()
}

#[test]
fn a_run_that_made_nothing_can_be_given_up() {
    let ends = impatient();
    // Nothing at all is made: not even the custom fields are defined.
    ends.home
        .edit("stop_after_failures = 3", "stop_after_failures = 1");
    refuse(&ends, "settings.save");
    ends.expect(13, &["apply"]);
    assert_eq!(open_runs(&ends), 1);
    ends.target.faults().clear();
    // Another part has to wait for it.
    ends.expect(10, &["apply", "--cut-over"]);
    ends.expect(0, &["undo", "--dry-run"]);
    ends.expect(0, &["undo", "--phase", "users"]);
    assert_eq!(open_runs(&ends), 1, "it was given up by half");
    ends.expect(0, &["undo"]);
    assert_eq!(open_runs(&ends), 0);
    ends.expect(0, &["apply", "--cut-over"]);
    ends.expect(0, &["verify"]);
    ends.off();
}

#[test]
fn what_fails_for_good_again_and_again_does_not_keep_a_run_open() {
    let ends = impatient();
    refuse(&ends, "users.create");
    let mut tries = 1;
    ends.expect(13, &["apply"]);
    assert_eq!(open_runs(&ends), 1);
    while open_runs(&ends) > 0 {
        tries += 1;
        assert!(tries < 6, "the run never ends");
        ends.expect(13, &["apply"]);
    }
    ends.target.faults().clear();
    ends.expect(0, &["apply", "--cut-over"]);
    ends.expect(0, &["verify"]);
    ends.off();
}

#[test]
fn a_stranger_who_came_between_plan_and_write_is_not_taken_back() {
    let ends = impatient();
    let plan = ends.document(12, &["plan"]);
    let changes = plan["changes"].as_array().unwrap();
    let new = changes.iter().find(|one| one["phase"] == "users").unwrap();
    let fact = |name: &str| {
        let fields = new["fields"].as_array().unwrap();
        let field = fields.iter().find(|field| field["field"] == name).unwrap();
        field["after"].as_str().unwrap().to_owned()
    };
    let username = fact("username");
    refuse(&ends, "users.create");
    ends.expect(13, &["apply"]);
    // Somebody signs in meanwhile and gets the user that we could not make.
    let came = ends.target.world().add_user(NewUser {
        username: username.clone(),
        name: Some(fact("name")),
        email: Some(fact("e-mail")),
        ..NewUser::default()
    });
    assert!(came.is_some());
    let user = |ends: &Ends| ends.digest()["users"][&username].clone();
    let before = user(&ends);
    assert_eq!(before["active"], Value::Bool(true), "{before}");
    ends.expect(0, &["undo", "--accept", "removals"]);
    assert_eq!(user(&ends), before, "a stranger was touched");
    ends.off();
}

#[test]
fn a_run_that_is_taken_up_leaves_alone_who_was_released_meanwhile() {
    let ends = impatient();
    ends.expect(0, &["apply"]);
    refuse(&ends, "agent.status");
    ends.expect(13, &["apply", "--cut-over"]);
    assert_eq!(open_runs(&ends), 1);
    ends.target.faults().clear();
    let plan = ends.document(12, &["plan", "--cut-over"]);
    // Somebody who is to be opened, and not only handed over.
    let mut changes = plan["changes"].as_array().unwrap().iter();
    let opened = changes.find(|one| one["fields"].as_array().unwrap().len() == 2);
    let subject = opened.unwrap()["subject"].as_str().unwrap();
    let name = subject.split(' ').next().unwrap();
    ends.expect(0, &["release", name]);
    let user = |ends: &Ends| ends.digest()["users"][name].clone();
    let before = user(&ends);
    ends.expect(13, &["apply", "--cut-over"]);
    assert_eq!(open_runs(&ends), 0);
    assert_eq!(user(&ends), before, "a released user was touched");
    ends.off();
}

#[test]
fn under_the_policy_observe_no_open_run_is_taken_up() {
    let ends = impatient();
    refuse(&ends, "department.create");
    ends.expect(13, &["apply"]);
    ends.target.faults().clear();
    ends.home.edit("policy = \"sync\"", "policy = \"observe\"");
    ends.target.clear_log();
    let done = ends.expect(10, &["apply", "--acknowledge", "policy"]);
    assert!(done.stderr.contains("observe"), "{}", done.stderr);
    ends.expect(0, &["undo"]);
    assert!(ends.target.writes().is_empty(), "observe wrote");
    assert_eq!(open_runs(&ends), 1, "nothing was taken back");
    ends.home.edit("policy = \"observe\"", "policy = \"sync\"");
    ends.expect(0, &["apply"]);
    ends.expect(0, &["verify"]);
    ends.off();
}
