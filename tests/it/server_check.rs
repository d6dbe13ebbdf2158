//! `POST /admin/check`: what a running bridge tells about itself, beside the walk to the source.

use lp2rc::{
    domain::{Component, Health, Timestamp},
    ports::{ControlError, CycleError, SourceError, SourceFault},
    server::admin::{check::Checked, wire::Refusal},
};

use crate::server_world::{FakeDesk, TOKEN, World, agent, ask, ask_with_body};

fn post() -> String {
    format!("POST /admin/check\nauthorization: Bearer {TOKEN}")
}

/// `step=result` of every step.
fn results(checked: &Checked) -> Vec<String> {
    let steps = checked.steps.iter();
    steps
        .map(|step| format!("{}={}", step.step, step.result))
        .collect()
}

#[tokio::test]
async fn a_check_tells_the_state_the_walk_and_the_words_of_readiness() {
    let world = World::new();
    world.publish(vec![agent("ada", &[])]);
    let now = Timestamp::from_millis(1_767_323_045_678);
    let board = &world.health;
    board.set(Component::Store, Health::Connected, "state is kept", now);
    board.set(Component::Source, Health::Quarantined, "20 fell to 2", now);
    let (operations, _) = world.operations(FakeDesk::new().0).await;
    let answer = ask_with_body(operations, &post(), "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let checked: Checked = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        results(&checked),
        [
            "state=warning",
            "state=failed",
            "login=failed",
            "source=warning",
            "store=ok",
            "scheduler=skipped"
        ]
    );
    let [opened, finding, _, source, ..] = &checked.steps[..] else {
        panic!("{checked:?}")
    };
    assert!(opened.detail.contains("repaired"), "{opened:?}");
    assert!(
        opened.detail.contains("generation 7, 1 agents"),
        "{opened:?}"
    );
    assert_eq!(finding.detail, "`i/1` has the username of `i/2`");
    assert!(finding.remedy.starts_with("remove one"), "{finding:?}");
    assert_eq!(finding.blame.as_deref(), Some("state"));
    assert_eq!(source.detail, "quarantined: 20 fell to 2");
    assert_eq!(source.remedy, Health::Quarantined.remedy());
}

#[tokio::test]
async fn a_login_that_works_again_wakes_the_poll_loop() {
    let world = World::new();
    let (desk, mut cycles) = FakeDesk::new();
    let (operations, _) = world.operations(desk).await;
    let request = post();
    let asking = ask_with_body(operations, &request, "{\"retry_login\":true}");
    let cycle = async {
        let (request, done) = cycles.recv().await.unwrap();
        assert!(!request.dry_run && !request.accept_fall);
        let error = SourceError {
            doing: "read availableAgents at h".to_owned(),
            what: "answered 503 with a text; the next poll tries again".to_owned(),
            fault: SourceFault::ServerError,
            retry_after: None,
        };
        let failed = ControlError::Failed(CycleError::Source(error).into());
        done.send(Err(failed)).unwrap();
    };
    let (answer, ()) = tokio::join!(asking, cycle);
    let checked: Checked = serde_json::from_str(&answer.body).unwrap();
    let results = results(&checked);
    assert_eq!(results[2..4], ["login=ok", "cycle=failed"]);
    let cycle = &checked.steps[3];
    assert_eq!(
        cycle.detail,
        "read availableAgents at h: answered 503 with a text"
    );
    assert_eq!(cycle.remedy, "the next poll tries again");
    assert_eq!(cycle.blame.as_deref(), Some("source"));
}

#[tokio::test]
async fn a_check_is_for_holders_of_the_token_and_refuses_other_bodies() {
    let world = World::new();
    let (operations, _) = world.operations(FakeDesk::new().0).await;
    let stranger = ask(operations, "POST /admin/check").await;
    assert_eq!(stranger.status, 401);
    for body in ["[]", "{\"retry\":true}", "{\"retry_login\":1}", "x"] {
        let answer = ask_with_body(operations, &post(), body).await;
        assert_eq!(answer.status, 400, "{body}");
        let refusal: Refusal = serde_json::from_str(&answer.body).unwrap();
        assert!(
            refusal.error.contains("{\"retry_login\":…}"),
            "{}",
            refusal.error
        );
    }
}
