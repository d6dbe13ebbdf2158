//! Walking the chain for a person: what is asked, what is told, and what each finding advises.

use lp2rc::{
    config::WireFormat,
    domain::{Blame, CheckStep, StepResult},
    liveperson::{LivePerson, STEPS},
    ports::{Examine as _, PollRequest, Source as _, SourceFault},
};

use crate::liveperson_server::{
    AGENTS, BEARER, COOKIE, CSRF, PASSWORD, Reply, Server, discovery, json, login, ok, opening,
    reader, session, typed,
};

const FULL: PollRequest = PollRequest { full: true };

/// The agents of [`AGENTS`] in the other format.
pub(crate) const XML: &str = r#"<availableAgents><agents><agent id="3" chatState="4"/><agent id="2" chatState="2" maxChats="-1"><userName>Agent1</userName></agent></agents><link href="https://{host}/api/account/20026006/agentSession/9/availableAgents?timeStamp=1331544926464" rel="next"/></availableAgents>"#;

/// When the tests' clock stands.
pub(crate) const NOW: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

pub(crate) fn at(date: &str, reply: Reply) -> Reply {
    match reply {
        Reply::Answer(status, mut headers, body) => {
            headers.push(("date", date.to_owned()));
            Reply::Answer(status, headers, body)
        }
        other @ (Reply::Broken(_) | Reply::Silence) => other,
    }
}

pub(crate) fn in_json() -> Reply {
    at(NOW, json(200, AGENTS))
}

pub(crate) fn in_xml() -> Reply {
    at(NOW, typed(200, "application/xml", XML))
}

pub(crate) fn status(status: u16) -> Reply {
    at(NOW, typed(status, "text/plain", "leak"))
}

/// Examines, and holds that nothing secret and no body gets into what is told.
pub(crate) async fn examine(reader: &LivePerson, retry_login: bool) -> Vec<CheckStep> {
    let steps = reader.examine(retry_login).await;
    let names: Vec<_> = steps.iter().map(|step| step.name).collect();
    assert_eq!(names, STEPS);
    let text = format!("{steps:?}");
    for secret in [PASSWORD, BEARER, COOKIE, CSRF, "leak"] {
        assert!(!text.contains(secret), "{text}");
    }
    for step in &steps {
        let helps = matches!(step.result, StepResult::Warned | StepResult::Failed);
        assert_eq!(helps, !step.remedy.is_empty(), "{step:?}");
        assert_eq!(
            step.result == StepResult::Failed,
            step.blame.is_some(),
            "{step:?}"
        );
    }
    steps
}

/// The size of an answer depends on how long the server's port is.
fn sized(detail: &str) -> String {
    let words = detail.split(' ').zip(detail.split(' ').skip(1).chain([""]));
    let words = words.map(|(word, next)| if next == "bytes" { "N" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// One letter a step: `o`k, `s`kipped, `w`arning, `f`ailed.
pub(crate) fn letters(steps: &[CheckStep]) -> String {
    steps
        .iter()
        .map(|step| &step.result.word()[..1])
        .collect::<String>()
}

pub(crate) fn step<'s>(steps: &'s [CheckStep], name: &str) -> &'s CheckStep {
    steps.iter().find(|step| step.name == name).unwrap()
}

#[tokio::test]
async fn the_whole_chain_is_walked_in_order_and_every_step_told() {
    let rights = json(
        200,
        r#"{"service":"accountConfigReadOnly","account":"20026006","baseURI":"{host}"}"#,
    );
    let users = json(200, r#"[{"id":2,"loginName":"leak","deleted":false}]"#);
    let lists = [users, json(200, "[]"), json(200, "[]")];
    let server = Server::start(
        opening()
            .into_iter()
            .chain([in_json(), in_xml(), rights])
            .chain(lists)
            .chain([ok()]),
    )
    .await;
    let mut config = server.config();
    config.account_config.read = true;
    let (reader, _) = reader(config);
    let steps = examine(&reader, false).await;
    assert_eq!(letters(&steps), "ooooooooo", "{steps:#?}");
    let told: Vec<_> = steps
        .iter()
        .map(|step| sized(&step.detail.replace(&server.host, "HOST")))
        .collect();
    assert_eq!(
        told,
        [
            "the account is served by HOST",
            "plain http, to a trusted host on this machine",
            "logged in, at HOST with a password; our own user has id 3",
            "opened at HOST, and set Away",
            "1 agents in N bytes at HOST",
            "1 agents in N bytes at HOST; the same as in JSON",
            "leads to HOST, which is trusted (not followed)",
            "the account configuration is read: users 1, skills 0, agent groups 0",
            "both clocks say the same",
        ]
        .map(str::to_owned)
    );
    reader.close().await;
    let without_selection = |line: String| match line.split_once("&select=") {
        Some((before, _)) => before.to_owned(),
        None => line,
    };
    let lines: Vec<_> = server.lines().into_iter().map(without_selection).collect();
    assert_eq!(
        lines,
        [
            "GET service/agentVep/baseURI.json?version=1.0",
            "POST login?v=1.3",
            "POST agentSession?v=1&NC=true",
            "POST agentSession/9/availability?v=1&NC=true",
            "GET agentSession/9/availableAgents?v=1&NC=true",
            "GET agentSession/9/availableAgents?v=1&NC=true",
            "GET service/accountConfigReadOnly/baseURI.json?version=1.0",
            "GET configuration/le-users/users?v=4.0",
            "GET configuration/le-users/skills?v=4.0",
            "GET configuration/le-users/agentGroups?v=4.0",
            "POST logout?v=1.3",
        ]
    );
}

#[tokio::test]
async fn what_is_open_is_used_and_polls_go_on_with_it() {
    let server = Server::start(opening().into_iter().chain([in_json()])).await;
    let (reader, _) = server.reader();
    reader.poll(FULL).await.unwrap();
    server.lines();
    server.then([discovery(), ok(), ok(), in_json(), in_xml()]);
    let steps = examine(&reader, false).await;
    assert_eq!(letters(&steps), "oooooooso");
    assert!(
        step(&steps, "login")
            .detail
            .starts_with("the running login")
    );
    assert!(
        step(&steps, "session")
            .detail
            .starts_with("the running session")
    );
    assert_eq!(
        server.lines(),
        [
            "GET service/agentVep/baseURI.json?version=1.0",
            "POST refresh?v=1.3",
            "POST agentSession/9/availability?v=1&NC=true",
            "GET agentSession/9/availableAgents?v=1&NC=true",
            "GET agentSession/9/availableAgents?v=1&NC=true",
        ]
    );

    // The session has gone: a new one under the same login, which the next poll uses.
    server.then([
        discovery(),
        ok(),
        status(404),
        session(10),
        ok(),
        in_json(),
        in_xml(),
    ]);
    let steps = examine(&reader, false).await;
    assert_eq!(letters(&steps), "ooowoooso");
    assert!(step(&steps, "session").remedy.contains("a user of its own"));
    server.lines();
    server.then([in_json()]);
    reader.poll(FULL).await.unwrap();
    assert_eq!(
        server.lines(),
        ["GET agentSession/10/availableAgents?v=1&NC=true"]
    );

    // The login has gone: a new one. Discovery's silence does not matter while one is there.
    server.then([
        discovery(),
        status(401),
        login(),
        session(11),
        ok(),
        in_json(),
        in_xml(),
    ]);
    let steps = examine(&reader, false).await;
    assert!(step(&steps, "login").detail.starts_with("logged in"));
    server.then([status(503), ok(), ok(), in_json(), in_xml()]);
    let steps = examine(&reader, false).await;
    assert_eq!(letters(&steps), "fsoooooso");
    // A refresh that fails is no reason to give the login up.
    server.then([discovery(), status(503), ok(), in_json(), in_xml()]);
    let steps = examine(&reader, false).await;
    assert_eq!(letters(&steps), "oowooooso");
}

#[tokio::test]
async fn trouble_in_the_format_that_polls_use_is_a_failure() {
    let server = Server::start(opening().into_iter().chain([in_json(), status(500)])).await;
    let mut config = server.config();
    config.format = WireFormat::Xml;
    let (reader, _) = reader(config);
    let steps = examine(&reader, false).await;
    assert_eq!(letters(&steps), "ooooofoso", "{steps:#?}");
}

#[tokio::test]
async fn without_a_date_the_clock_of_the_login_is_believed() {
    let told =
        r#"{"bearer":"bearer-1f","config":{"userId":"3","serverCurrentTime":1699999940000}}"#;
    let replies = [
        discovery(),
        json(200, told),
        session(9),
        ok(),
        status(500),
        status(500),
    ];
    let server = Server::start(replies).await;
    let steps = examine(&server.reader().0, false).await;
    assert_eq!(letters(&steps), "oooofwssw", "{steps:#?}");
    assert!(
        step(&steps, "clock").detail.contains("60 s behind"),
        "{steps:#?}"
    );
}

#[tokio::test]
async fn a_dead_peer_fails_at_discovery_and_nothing_else_is_tried() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    drop(listener);
    let server = Server::start([]).await;
    let mut config = server.config();
    config.discovery_url = format!("http://{host}");
    let (reader, _) = reader(config);
    let steps = examine(&reader, false).await;
    assert_eq!(letters(&steps), "fssssssss");
    let found = step(&steps, "discovery");
    assert!(found.detail.contains("cannot connect"), "{found:?}");
    assert!(found.remedy.contains("the network"), "{found:?}");
}

#[tokio::test]
async fn a_refused_login_is_tried_again_only_when_a_person_says_so() {
    let server = Server::start([]).await;
    let (reader, _) = server.reader();
    let refused = async |replies: Vec<Reply>, retry, says: &str| {
        let requests = replies.len();
        server.lines();
        server.then(replies);
        let steps = examine(&reader, retry).await;
        let login = step(&steps, "login");
        assert_eq!(login.result, StepResult::Failed, "{login:?}");
        assert!(login.detail.contains(says), "{login:?}");
        assert_eq!(server.lines().len(), requests);
        // No poll tries it either.
        let error = reader.poll(FULL).await.unwrap_err();
        assert_eq!(error.fault, SourceFault::CredentialsRejected);
        assert_eq!(server.asked(), 0);
        login.clone()
    };
    refused(vec![discovery(), status(401)], false, "answered 401").await;
    let left = refused(vec![discovery()], false, "not tried").await;
    assert!(
        left.remedy.contains("`lp2rc check --retry-login`"),
        "{left:?}"
    );
    assert_eq!(left.blame, Some(Blame::Credentials));
    refused(vec![discovery(), status(401)], true, "answered 401").await;
    // Trouble on the way proves nothing: the refusal stands.
    refused(vec![discovery(), status(503)], true, "answered 503").await;

    server.then([
        discovery(),
        login(),
        session(9),
        ok(),
        in_json(),
        in_xml(),
        in_json(),
    ]);
    let steps = examine(&reader, true).await;
    assert_eq!(letters(&steps), "oooooooso");
    server.lines();
    reader.poll(FULL).await.unwrap();
    assert_eq!(
        server.lines(),
        ["GET agentSession/9/availableAgents?v=1&NC=true"]
    );
}

#[tokio::test]
async fn while_livepersons_wait_lasts_a_check_sends_nothing() {
    let server = Server::start([discovery(), status(429)]).await;
    let (reader, clock) = server.reader();
    let steps = examine(&reader, false).await;
    assert_eq!(letters(&steps), "oofssssss");
    assert_eq!(server.lines().len(), 2);
    let steps = examine(&reader, false).await;
    assert_eq!(letters(&steps), "ssfssssss");
    let login_step = step(&steps, "login");
    assert!(
        login_step.detail.contains("nothing is sent"),
        "{login_step:?}"
    );
    assert_eq!(server.asked(), 0);
    // Polls keep the same wait, and both go on when it is over.
    let error = reader.poll(FULL).await.unwrap_err();
    assert_eq!(error.fault, SourceFault::Throttled);
    assert_eq!(server.asked(), 0);
    clock.advance(std::time::Duration::from_secs(60));
    server.then([discovery(), login(), session(9), ok(), in_json(), in_xml()]);
    let steps = examine(&reader, false).await;
    // The answers carry the date of before, a minute behind.
    assert_eq!(letters(&steps), "ooooooosw");
}
