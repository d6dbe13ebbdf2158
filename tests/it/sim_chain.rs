//! The simulated LivePerson from discovery to logout: what it answers, and when it stops to.

use std::time::Duration;

use lp2rc::{
    domain::Presence,
    sim::liveperson::{Behaviour, SessionAnswer, SessionOver, SimConfig, Simulator},
};
use serde_json::json;

use crate::sim_client::{enter, login, send, still};

const ACCOUNT: &str = "/api/account/12345678";

#[tokio::test]
async fn the_chain_answers_as_documented_from_discovery_to_logout() {
    let (sim, _) = still(SimConfig::default()).await;
    let host = sim.addr().to_string();
    let json_only = [("Accept", "application/json")];

    let found = format!("GET {ACCOUNT}/service/agentVep/baseURI.json?version=1.0");
    let found = send(&sim, &found, &json_only, "").await;
    assert_eq!(
        found.json(),
        json!({ "service": "agentVep", "account": "12345678", "baseURI": host })
    );
    let all = format!("GET {ACCOUNT}/service/baseURI.json?version=1.0");
    let all = send(&sim, &all, &json_only, "").await.json();
    assert_eq!(all["baseURIs"][1]["service"], "agentVep");
    assert_eq!(all["baseURIs"][1]["baseURI"], host.as_str());

    let welcome = login(&sim, "bridge-password").await;
    let body = welcome.json();
    assert_eq!(body["bearer"].as_str().unwrap().len(), 64);
    assert_eq!(body["csrf"].as_str().unwrap().len(), 64);
    assert_eq!(body["sessionTTl"], "28800000");
    assert_eq!(body["config"]["userId"], "20000000");
    assert_eq!(body["csdsCollectionResponse"], all);
    let cookie = format!(
        "session_id={}; Path=/; HttpOnly",
        body["sessionId"].as_str().unwrap()
    );
    assert_eq!(welcome.header("set-cookie"), cookie);

    let entered = enter(&sim).await;
    let id = entered.session.rsplit('/').next().unwrap();
    assert!(id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    let links = entered.get(&sim, "?v=1&NC=true", "application/json").await;
    let links = links.json()["agentSessionId"]["link"].clone();
    let agents = format!("http://{host}{}/availableAgents", entered.session);
    assert_eq!(
        links[1],
        json!({ "@href": agents, "@rel": "available-agents" })
    );

    let away = format!("POST {}/availability?v=1&NC=true", entered.session);
    let headers = [
        ("Authorization", entered.authorization.as_str()),
        ("X-HTTP-Method-Override", "PUT"),
    ];
    let set = send(&sim, &away, &headers, r#"{"availability":{"chat":"Away"}}"#).await;
    assert_eq!(set.status, 200);
    assert_eq!(sim.world().own().presence, Presence::Away);
    let small = [
        (
            "/availability",
            r#"{"availability":{"chat":"Away","voice":"Offline"}}"#,
        ),
        (
            "/incomingRequests",
            r#"{"incomingRequests":{"ringingCount":"0"}}"#,
        ),
    ];
    for (path, body) in small {
        let path = format!("{path}?v=1&NC=true");
        let reply = entered.get(&sim, &path, "application/json").await;
        assert_eq!((reply.status, reply.text()), (200, body));
    }
    let info = entered.get(&sim, "/info.json?v=1", "*/*").await.json();
    assert_eq!(info["info"]["id"], "20000000");
    assert_eq!(info["info"]["maxChats"], "-1");
    assert_eq!(
        info["info"]["skillsInfo"]["skillInfo"],
        json!({ "id": "2", "name": "Sales" })
    );

    let csrf = json!({ "csrf": entered.csrf }).to_string();
    let cookie = [("Cookie", entered.cookie.as_str())];
    for call in ["refresh", "logout"] {
        let line = format!("POST {ACCOUNT}/{call}?v=1.3");
        let reply = send(&sim, &line, &cookie, &csrf).await;
        assert_eq!((reply.status, reply.text()), (200, ""), "{call}");
    }
    assert_eq!(entered.list(&sim, "").await.status, 401, "logged out");
    assert_eq!(sim.world().own().presence, Presence::Offline);

    let last = sim.log().pop().unwrap();
    assert_eq!((last.method.as_str(), last.status), ("GET", 401));
    assert_eq!(
        last.target,
        format!("{}/availableAgents?v=1&NC=true", entered.session)
    );
    sim.stop().await;
}

#[tokio::test]
async fn the_small_resources_speak_xml_too() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
    let cases = [
        (
            "/incomingRequests",
            "<incomingRequests><ringingCount>0</ringingCount></incomingRequests>",
        ),
        (
            "/availability",
            "<availability><chat>Offline</chat><voice>Offline</voice></availability>",
        ),
    ];
    for (path, body) in cases {
        for (suffix, accept) in [("", "application/xml"), (".xml", "application/json")] {
            let path = format!("{path}{suffix}?v=1");
            let reply = entered.get(&sim, &path, accept).await;
            assert_eq!(reply.header("content-type"), "application/xml");
            assert_eq!(reply.text(), format!("{declaration}{body}"));
        }
    }
    let away = format!("POST {}/availability?v=1", entered.session);
    let headers = [
        ("Authorization", entered.authorization.as_str()),
        ("X-HTTP-Method-Override", "PUT"),
    ];
    let body = "<availability><chat>Occupied</chat><chatReasonId>3</chatReasonId></availability>";
    assert_eq!(send(&sim, &away, &headers, body).await.status, 200);
    let own = sim.world().own();
    assert_eq!((own.presence, own.reason), (Presence::Occupied, Some(3)));
}

/// Request line, where `~` stands for the account's path and `@` for the session's; headers; body;
/// expected status.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, u16);

async fn check(sim: &Simulator, session: &str, cases: &[Case<'_>]) {
    for (line, headers, body, status) in cases {
        let line = line.replace('~', ACCOUNT).replace('@', session);
        let reply = send(sim, &line, headers, body).await;
        assert_eq!(reply.status, *status, "{line} {body}: {}", reply.text());
    }
}

#[tokio::test]
async fn discovery_and_login_refuse_with_the_documented_status() {
    let (sim, _) = still(SimConfig::default()).await;
    let keys = |key: &str| {
        json!({ "username": "bridge", "appKey": key, "secret": "bridge-secret",
                "accessToken": "dummy", "accessTokenSecret": "dummy" })
        .to_string()
    };
    let (right, wrong) = (keys("bridge-key"), keys("another-key"));
    let cases: &[Case<'_>] = &[
        ("GET ~/service/nothing/baseURI.json", &[], "", 404),
        (
            "GET ~/service/agentVep/baseURI.json?version=9",
            &[],
            "",
            400,
        ),
        ("GET ~9/service/agentVep/baseURI.json", &[], "", 401),
        (
            "GET /csdr/account/12345678/service/baseURI.json?version=1.0",
            &[],
            "",
            200,
        ),
        ("POST /csdr/account/12345678/login", &[], &right, 404),
        ("GET /", &[], "", 404),
        ("GET ~/login", &[], "", 405),
        ("POST ~/login?v=9", &[], &right, 400),
        ("POST ~/login", &[], "", 400),
        ("POST ~/login", &[], r#"["bridge"]"#, 400),
        ("POST ~/login", &[], r#"{"username":"bridge"}"#, 400),
        (
            "POST ~/login",
            &[],
            r#"{"username":"bridge","password":"no"}"#,
            401,
        ),
        (
            "POST ~/login",
            &[],
            r#"{"username":"b","password":"bridge-password"}"#,
            401,
        ),
        ("POST ~9/login", &[], &right, 401),
        ("POST ~/login?v=1.3", &[], &wrong, 401),
        ("POST ~/login?v=1.3", &[], &right, 200),
        ("POST ~/login?v=1.2", &[], &right, 200),
        ("POST ~/login", &[], &right, 200),
    ];
    check(&sim, "", cases).await;
}

#[tokio::test]
async fn the_session_and_its_resources_refuse_with_the_documented_status() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let bearer = ("Authorization", entered.authorization.as_str());
    let wrong = ("Authorization", "Bearer 0000");
    let cookie = ("Cookie", entered.cookie.as_str());
    let as_put = ("X-HTTP-Method-Override", "PUT");
    let as_delete = ("X-HTTP-Method-Override", "DELETE");
    let away = r#"{"availability":{"chat":"Away"}}"#;
    let cases: &[Case<'_>] = &[
        ("POST ~/agentSession?v=1", &[bearer], "", 400),
        ("POST ~/agentSession?v=1", &[bearer], "{}", 400),
        ("POST ~/agentSession", &[bearer], r#"{"loginData":""}"#, 400),
        (
            "POST ~/agentSession?v=1",
            &[wrong],
            r#"{"loginData":""}"#,
            401,
        ),
        (
            "POST ~9/agentSession?v=1",
            &[bearer],
            r#"{"loginData":""}"#,
            401,
        ),
        ("GET @/availableAgents?NC=true", &[bearer], "", 400),
        ("GET @/availableAgents?v=2", &[bearer], "", 400),
        ("GET @/availableAgents?v=1", &[wrong], "", 401),
        ("GET @/availableAgents?v=1", &[], "", 401),
        ("GET @/availableagents?v=1", &[bearer], "", 404),
        ("GET @0/availableAgents?v=1", &[bearer], "", 401),
        ("POST @/availableAgents?v=1", &[bearer], "", 405),
        ("DELETE @?v=1", &[bearer], "", 405),
        ("POST @?v=1", &[bearer, as_delete], "", 405),
        ("PUT @/availability?v=1", &[bearer], away, 405),
        ("POST @/availability?v=1", &[bearer], away, 405),
        ("POST @/availability?v=1", &[bearer, as_put], "", 400),
        (
            "POST @/availability?v=1",
            &[bearer, as_put],
            r#"{"availability":{"chat":"Asleep"}}"#,
            400,
        ),
        ("POST ~/refresh", &[cookie], "", 401),
        ("POST ~/refresh", &[], "{}", 401),
        ("POST ~/logout", &[cookie], r#"{"csfr":"typo"}"#, 401),
        ("GET @/availableAgents?v=1", &[bearer], "", 200),
    ];
    check(&sim, &entered.session, cases).await;
    sim.behave(|behaviour| behaviour.plain_put = true);
    let put: Case<'_> = ("PUT @/availability?v=1", &[bearer], away, 200);
    check(&sim, &entered.session, &[put]).await;
}

#[tokio::test]
async fn refusals_have_the_bodies_that_were_seen() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let line = format!("POST {ACCOUNT}/refresh?v=1.3");
    let cookie = [("Cookie", entered.cookie.as_str())];
    let csrf = send(&sim, &line, &cookie, r#"{"csrf":"wrong"}"#).await;
    assert_eq!(
        csrf.json(),
        json!({ "error": {
            "time": "Mar 12, 2012 9:35:26 AM",
            "message": "CSRF token invalid! Please login again",
            "internalCode": 10,
            "responseStatus": "UNAUTHORIZED",
        }})
    );
    let line = format!("GET {}/incomingRequests?v=1", entered.session);
    let token = send(&sim, &line, &[("Authorization", "Bearer x")], "").await;
    assert_eq!(token.header("content-type"), "text/plain");
    assert_eq!(
        token.text(),
        "oauth_problem=token_rejected&oauth_problem_advice=the oauth_token is unacceptable"
    );
    let no_version = entered.get(&sim, "/info", "application/xml").await;
    assert_eq!(
        no_version.text(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <error><time>2012-03-12T09:35:26.464+00:00</time>\
         <message>the parameter v is missing or not 1</message>\
         <internalCode>5</internalCode></error>"
    );
}

#[tokio::test]
async fn a_second_login_revokes_the_first_unless_told_otherwise() {
    for (revokes, status) in [(true, 401), (false, 200)] {
        let (sim, _) = still(SimConfig::default()).await;
        sim.behave(|behaviour| behaviour.second_login_revokes = revokes);
        let first = enter(&sim).await;
        let second = enter(&sim).await;
        assert_eq!(
            first.list(&sim, "").await.status,
            status,
            "revokes: {revokes}"
        );
        assert_eq!(second.list(&sim, "").await.status, 200);
    }
}

#[tokio::test]
async fn a_session_left_alone_for_400_seconds_is_over() {
    for (over, status) in [
        (SessionOver::Unauthorized, 401),
        (SessionOver::NotFound, 404),
    ] {
        let behaviour = Behaviour {
            session_over: over,
            ..Behaviour::default()
        };
        let (sim, clock) = still(SimConfig {
            behaviour,
            ..SimConfig::default()
        })
        .await;
        let entered = enter(&sim).await;
        for _ in 0..3 {
            clock.advance(Duration::from_secs(399));
            let kept = entered.get(&sim, "/incomingRequests?v=1", "*/*").await;
            assert_eq!(kept.status, 200);
        }
        clock.advance(Duration::from_secs(400));
        assert_eq!(entered.list(&sim, "").await.status, status);
        let line = format!("POST {ACCOUNT}/agentSession?v=1");
        let bearer = [("Authorization", entered.authorization.as_str())];
        let again = send(&sim, &line, &bearer, "<loginData></loginData>").await;
        assert_eq!(again.status, 201, "the login itself still stands");
    }
}

#[tokio::test]
async fn a_login_that_is_not_refreshed_runs_out() {
    let behaviour = Behaviour {
        login_ttl: Duration::from_secs(600),
        ..Behaviour::default()
    };
    let (sim, clock) = still(SimConfig {
        behaviour,
        ..SimConfig::default()
    })
    .await;
    let entered = enter(&sim).await;
    let refresh = format!("POST {ACCOUNT}/refresh");
    let cookie = [("Cookie", entered.cookie.as_str())];
    let csrf = json!({ "csrf": entered.csrf }).to_string();
    let cases = [
        (300, true, 200),
        // 600 s after the login, 300 s after the refresh.
        (300, false, 200),
        // Polls keep the agent session, not the login.
        (299, false, 200),
        (1, false, 401),
    ];
    for (wait, refreshes, status) in cases {
        clock.advance(Duration::from_secs(wait));
        if refreshes {
            assert_eq!(send(&sim, &refresh, &cookie, &csrf).await.status, 200);
        }
        assert_eq!(entered.list(&sim, "").await.status, status);
    }
    assert_eq!(send(&sim, &refresh, &cookie, &csrf).await.status, 401);
}

#[tokio::test]
async fn a_new_session_is_answered_in_the_way_it_is_told_to() {
    for (kind, status, has_location) in [
        (SessionAnswer::BodyAndLocation, 201, true),
        (SessionAnswer::BodyOnly, 201, false),
        (SessionAnswer::Old200, 200, false),
    ] {
        let (sim, _) = still(SimConfig::default()).await;
        sim.behave(|behaviour| behaviour.session_answer = kind);
        let bearer = login(&sim, "bridge-password").await.json()["bearer"].clone();
        let bearer = format!("Bearer {}", bearer.as_str().unwrap());
        let line = format!("POST {ACCOUNT}/agentSession?v=1&NC=true");
        let headers = [("Authorization", bearer.as_str())];
        let reply = send(&sim, &line, &headers, r#"{"loginData":{}}"#).await;
        let href = reply.json()["agentSessionLocation"]["link"]["@href"].clone();
        assert_eq!(reply.status, status);
        let location = if has_location {
            href.as_str().unwrap()
        } else {
            ""
        };
        assert_eq!(reply.header("location"), location);
    }
}
