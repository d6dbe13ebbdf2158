//! The static half at the wire: what is asked of whom, and what becomes of the answers.

use std::{sync::Arc, time::Duration};

use lp2rc::{
    config::LivePersonConfig,
    domain::{Observation, SourceId, StaticHalf, Timestamp},
    liveperson::LivePerson,
    ports::{ManualClock, PollRequest, Source as _},
    telemetry::Metrics,
};

use crate::liveperson_server::{
    ACCOUNT, BEARER, Reply, Server, discovery, json, login, ok, session, typed,
};

const FULL: PollRequest = PollRequest { full: true };
pub(crate) const EVERY: Duration = Duration::from_secs(600);

const USERS: &str = "GET configuration/le-users/users?v=4.0&select=id,loginName,email,deleted,isEnabled&include_deleted=true";
const SKILLS: &str =
    "GET configuration/le-users/skills?v=4.0&select=id,name,deleted&include_deleted=true";
const GROUPS: &str =
    "GET configuration/le-users/agentGroups?v=4.0&select=id,name,deleted&include_deleted=true";
pub(crate) const READ: &str = "GET agentSession/9/availableAgents?v=1&NC=true";
const FIND: &str = "GET service/accountConfigReadOnly/baseURI.json?version=1.0";

/// A bridge, its clock and its metrics.
pub(crate) struct Bridge {
    reader: LivePerson,
    pub(crate) clock: ManualClock,
    metrics: Metrics,
}

impl Bridge {
    fn new(config: LivePersonConfig) -> Self {
        let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000));
        let metrics = Metrics::new();
        let latches = Arc::new(lp2rc::state::MemoryStore::new(1));
        let reader =
            LivePerson::new(config, Arc::new(clock.clone()), latches, metrics.clone()).unwrap();
        Self {
            reader,
            clock,
            metrics,
        }
    }

    /// Against `server`, with the account configuration switched on.
    pub(crate) fn of(server: &Server) -> Self {
        Self::new(config(server))
    }

    pub(crate) async fn poll(&self) -> Observation {
        self.reader.poll(FULL).await.unwrap()
    }

    /// How often the account configuration was read, by outcome.
    pub(crate) fn reads(&self) -> Vec<String> {
        let text = self.metrics.render();
        let mut reads: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("lp2rc_account_config_reads_total"))
            .map(|line| line.replace(['{', '}', '"'], "").replace("kind=", ""))
            .collect();
        reads.sort();
        reads
    }
}

fn config(server: &Server) -> LivePersonConfig {
    let mut config = server.config();
    config.account_config.read = true;
    config.account_config.every = EVERY;
    // The login's own clock is not what is shown here.
    config.refresh_every = Duration::from_secs(24 * 3_600);
    config
}

/// Agent 2 without what the static half knows of him.
pub(crate) fn bare() -> Reply {
    json(
        200,
        r#"{"availableAgents":{"agents":{"agent":{"@id":"2","@chatState":"2","@maxChats":"3","userName":"agent1","skills":{"skill":"4"},"agentGroupId":"-1"}}}}"#,
    )
}

/// A chain up to the first list of agents, its login naming `host` for the account configuration.
pub(crate) fn opening(host: &str) -> Vec<Reply> {
    vec![discovery(), naming(host, BEARER), session(9), ok(), bare()]
}

fn naming(host: &str, bearer: &str) -> Reply {
    json(
        200,
        &format!(
            r#"{{"bearer":"{bearer}","csrf":"c","config":{{"userId":"3"}},"csdsCollectionResponse":{{"baseURIs":[{{"account":"{ACCOUNT}","service":"idp","baseURI":"no.liveperson.net"}},{{"account":"{ACCOUNT}","service":"accountConfigReadOnly","baseURI":"{host}"}}]}}}}"#
        ),
    )
}

pub(crate) fn at(revision: &str, body: &str) -> Reply {
    let headers = vec![("ac-revision", revision.to_owned())];
    Reply::Answer(200, headers, body.as_bytes().to_vec())
}

pub(crate) const USERS_BODY: &str = r#"[{"id":2,"loginName":"Agent1","email":"a@x.example"},{"id":"7","deleted":"true"},{"id":8,"isEnabled":"false"}]"#;
pub(crate) const SKILLS_BODY: &str = r#"[{"id":"4","name":"Billing"}]"#;
const GROUPS_BODY: &str = r#"{"id":-1,"name":"Main Group"}"#;

pub(crate) fn lists() -> Vec<Reply> {
    vec![
        at("10", USERS_BODY),
        at("10", SKILLS_BODY),
        at("10", GROUPS_BODY),
    ]
}

pub(crate) fn unchanged() -> Vec<Reply> {
    vec![json(304, ""), json(304, ""), json(304, "")]
}

pub(crate) fn known(revision: &str) -> StaticHalf {
    StaticHalf::Known {
        revision: Some(revision.to_owned()),
        departed: Arc::new(["7", "8"].map(SourceId::new).into_iter().collect()),
    }
}

/// E-mail, skill name and group name of agent 2.
pub(crate) fn filled(seen: &Observation) -> [Option<&str>; 3] {
    let agent = &seen.agents[0];
    [
        agent.email.as_deref(),
        agent.skills[0].name.as_deref(),
        agent.group_name.as_deref(),
    ]
}

pub(crate) const ALL: [Option<&str>; 3] =
    [Some("a@x.example"), Some("Billing"), Some("Main Group")];
pub(crate) const NONE: [Option<&str>; 3] = [None, None, None];

/// The `if-match` headers of what was asked.
pub(crate) fn matches(transcript: &[String]) -> Vec<&str> {
    let lines = transcript.iter().flat_map(|text| text.lines());
    lines
        .filter_map(|line| line.strip_prefix("if-match: "))
        .collect()
}

#[tokio::test]
async fn the_lists_are_asked_for_byte_for_byte_and_fill_the_agents() {
    let server = Server::start(opening("{host}")).await;
    server.then(lists());
    let bridge = Bridge::of(&server);
    let seen = bridge.poll().await;
    assert_eq!(filled(&seen), ALL);
    assert_eq!(seen.static_half, known("10"));
    assert_eq!(bridge.reads(), ["read 1"]);

    let asked = server.transcript().split_off(5);
    let expect = [USERS, SKILLS, GROUPS].map(|line| {
        let line = line.replace("GET ", "GET /api/account/20026006/");
        format!(
            "{line}\naccept-encoding: gzip\naccept: application/json\nauthorization: Bearer bearer-1f\nhost: HOST\nif-match: -1\nuser-agent: lp2rc/0.1.0\n\n"
        )
    });
    assert_eq!(asked, expect);
}

#[tokio::test]
async fn each_list_is_asked_again_with_the_revision_of_its_own_answer() {
    let server = Server::start(opening("{host}")).await;
    // Something changed between the first list and the others; each spelling of the header.
    let spelled = |name, revision: &str, body: &str| {
        let headers = vec![(name, revision.to_owned())];
        Reply::Answer(200, headers, body.as_bytes().to_vec())
    };
    server.then([
        spelled("AC-Revision", "10", USERS_BODY),
        spelled("eTag", "11", SKILLS_BODY),
        spelled("etag", "11", GROUPS_BODY),
    ]);
    let bridge = Bridge::of(&server);
    assert_eq!(bridge.poll().await.static_half, known("10"));
    server.lines();

    // Not before it is due.
    bridge
        .clock
        .advance(EVERY.checked_sub(Duration::from_secs(1)).unwrap());
    server.then([bare()]);
    assert_eq!(filled(&bridge.poll().await), ALL);
    assert_eq!(server.lines(), [READ]);

    // The users are read again, although the revision that was seen last has not changed since.
    bridge.clock.advance(Duration::from_secs(1));
    server.then([bare(), at("11", USERS_BODY), json(304, ""), json(304, "")]);
    let seen = bridge.poll().await;
    assert_eq!((filled(&seen), &seen.static_half), (ALL, &known("11")));
    assert_eq!(matches(&server.transcript()), ["10", "11", "11"]);

    bridge.clock.advance(EVERY);
    server.then([bare()].into_iter().chain(unchanged()));
    let seen = bridge.poll().await;
    assert_eq!((filled(&seen), &seen.static_half), (ALL, &known("11")));
    assert_eq!(matches(&server.transcript()), ["11", "11", "11"]);
    assert_eq!(bridge.reads(), ["read 2", "unchanged 1"]);
}

#[tokio::test]
async fn the_host_is_the_login_s_word_else_discovery_s() {
    let (server, other) = (Server::start([]).await, Server::start(lists()).await);
    server.then(opening(&other.host));
    Bridge::of(&server).poll().await;
    assert_eq!(other.lines(), [USERS, SKILLS, GROUPS]);

    let named = format!(
        r#"{{"service":"accountConfigReadOnly","baseURI":"{}"}}"#,
        other.host
    );
    server.then([discovery(), login(), session(9), ok(), bare()]);
    server.then([json(200, &named), bare()]);
    other.then(lists().into_iter().chain(unchanged()));
    server.lines();
    let bridge = Bridge::of(&server);
    bridge.poll().await;
    assert_eq!(server.lines().split_off(4), [READ, FIND]);
    // It is not asked for twice.
    bridge.clock.advance(EVERY);
    bridge.poll().await;
    assert_eq!(server.lines(), [READ]);
    assert_eq!(other.lines().len(), 6);
}

#[tokio::test]
async fn a_foreign_host_gets_no_byte() {
    let (server, foreign) = (Server::start([]).await, Server::start([]).await);
    // Named by the login, then by discovery too.
    server.then(opening(&foreign.host));
    let named = format!(r#"{{"baseURI":"{}"}}"#, foreign.host);
    server.then([json(200, &named)]);
    let mut config = config(&server);
    config.trusted_hosts = vec![server.host.clone()];
    let bridge = Bridge::new(config);
    let seen = bridge.poll().await;
    assert_eq!(
        (filled(&seen), &seen.static_half),
        (NONE, &StaticHalf::Unreadable)
    );
    assert_eq!(server.lines().split_off(4), [READ, FIND]);
    assert_eq!(foreign.asked(), 0);

    // Nor does a redirect lead there.
    bridge.clock.advance(EVERY);
    let away = || {
        let headers = vec![("location", format!("http://{}/", foreign.host))];
        Reply::Answer(302, headers, Vec::new())
    };
    server.then([
        bare(),
        json(200, r#"{"baseURI":"{host}"}"#),
        away(),
        away(),
        away(),
    ]);
    assert_eq!(bridge.poll().await.static_half, StaticHalf::Unreadable);
    assert_eq!(foreign.asked(), 0);
    assert_eq!(bridge.reads(), ["failed 2"]);
}

#[tokio::test]
async fn without_the_right_it_is_left_alone_until_the_next_login() {
    for status in [401, 403] {
        let none = || {
            let refused = || typed(status, "text/plain", "oauth_problem=token_rejected");
            [refused(), refused(), refused()]
        };
        let server = Server::start(opening("{host}").into_iter().chain(none())).await;
        let mut config = config(&server);
        config.refresh_every = EVERY * 3;
        let bridge = Bridge::new(config);
        let seen = bridge.poll().await;
        assert_eq!((filled(&seen), &seen.static_half), (NONE, &StaticHalf::Off));
        server.lines();

        // Login and session live on, and nothing more is asked for.
        bridge.clock.advance(EVERY * 2);
        server.then([bare()]);
        assert_eq!(bridge.poll().await.static_half, StaticHalf::Off);
        assert_eq!(server.lines(), [READ]);
        assert_eq!(bridge.reads(), ["no_right 1"]);

        // A new login is asked for it once more.
        bridge.clock.advance(EVERY);
        server.then([
            json(401, ""),
            naming("{host}", "bearer-2"),
            session(9),
            ok(),
            bare(),
        ]);
        server.then(lists());
        let seen = bridge.poll().await;
        assert_eq!((filled(&seen), &seen.static_half), (ALL, &known("10")));
        assert_eq!(bridge.reads(), ["no_right 1", "read 1"]);
    }
}

#[tokio::test]
async fn a_right_to_some_lists_is_used() {
    let server = Server::start(opening("{host}")).await;
    server.then([json(403, ""), at("10", SKILLS_BODY), at("10", GROUPS_BODY)]);
    let bridge = Bridge::of(&server);
    let seen = bridge.poll().await;
    assert_eq!(filled(&seen), [None, Some("Billing"), Some("Main Group")]);
    let known = StaticHalf::Known {
        revision: Some("10".to_owned()),
        departed: Arc::default(),
    };
    assert_eq!(seen.static_half, known);
    server.lines();
    bridge.clock.advance(EVERY);
    server.then([bare(), json(304, ""), json(304, "")]);
    assert_eq!(bridge.poll().await.static_half, known);
    assert_eq!(server.lines(), [READ, SKILLS, GROUPS]);
}

#[tokio::test]
async fn a_login_that_is_about_to_end_takes_nothing_away() {
    let server = Server::start(opening("{host}").into_iter().chain(lists())).await;
    let bridge = Bridge::of(&server);
    bridge.poll().await;
    bridge.clock.advance(EVERY);
    server.then([bare(), json(401, ""), json(401, ""), json(401, "")]);
    let seen = bridge.poll().await;
    assert_eq!((filled(&seen), &seen.static_half), (ALL, &known("10")));
}

#[tokio::test]
async fn switched_off_nothing_is_asked() {
    let server = Server::start(opening("{host}")).await;
    let mut config = config(&server);
    config.account_config.read = false;
    let bridge = Bridge::new(config);
    let seen = bridge.poll().await;
    assert_eq!((filled(&seen), &seen.static_half), (NONE, &StaticHalf::Off));
    assert!(bridge.reads().is_empty());
    assert_eq!(server.lines().len(), 5);
}
