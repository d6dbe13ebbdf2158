//! The switches of the simulated LivePerson that turn the answers, each at the wire.

use lp2rc::{
    domain::Presence,
    sim::liveperson::{
        Behaviour, DiscoveryAnswer, Next, SessionAnswer, SimAgent, SimConfig, States, Style,
        Unchanged, UnknownSkill,
    },
};
use serde_json::json;

use crate::sim_client::{enter, ids, login, send, still};

/// A world of one agent with skills; its own user is not listed.
fn alone() -> SimConfig {
    SimConfig {
        agents: 0,
        behaviour: Behaviour {
            own_user_listed: false,
            ..Behaviour::default()
        },
        ..SimConfig::default()
    }
}

#[tokio::test]
async fn one_service_is_found_in_every_shape() {
    let (sim, _) = still(SimConfig::default()).await;
    let host = sim.addr().to_string();
    let item = json!({ "service": "agentVep", "account": "12345678", "baseURI": host });
    let line = "GET /api/account/12345678/service/agentVep/baseURI.json?version=1.0";
    for (shape, body) in [
        (DiscoveryAnswer::Single, item.clone()),
        (DiscoveryAnswer::List, json!({ "baseURIs": [item] })),
        (DiscoveryAnswer::ListObject, json!({ "baseURIs": item })),
    ] {
        sim.behave(|behaviour| behaviour.discovery_answer = shape);
        let reply = send(&sim, line, &[], "").await;
        assert_eq!((reply.status, reply.json()), (200, body), "{shape:?}");
    }
}

#[tokio::test]
async fn a_new_session_is_answered_in_xml_although_json_was_asked_for() {
    let (sim, _) = still(SimConfig::default()).await;
    sim.behave(|behaviour| behaviour.session_answer = SessionAnswer::XmlBody);
    let bearer = login(&sim, "bridge-password").await.json()["bearer"].clone();
    let bearer = format!("Bearer {}", bearer.as_str().unwrap());
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Accept", "application/json"),
    ];
    let line = "POST /api/account/12345678/agentSession?v=1&NC=true";
    let reply = send(&sim, line, &headers, r#"{"loginData":""}"#).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("content-type"), "application/xml");
    assert_eq!(reply.header("location"), "");
    let start = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<agentSessionLocation>\
         <link href=\"{}/api/account/12345678/agentSession/",
        sim.base_url()
    );
    assert!(reply.text().starts_with(&start), "{}", reply.text());
    assert!(
        reply
            .text()
            .ends_with("\" rel=\"location\"></link></agentSessionLocation>")
    );
}

#[tokio::test]
async fn a_poll_without_news_is_answered_in_every_way() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    for (unchanged, status, is_list) in [
        (Unchanged::List, 200, true),
        (Unchanged::NoContent, 204, false),
        (Unchanged::NotModified, 304, false),
        (Unchanged::EmptyBody, 200, false),
    ] {
        for next in [Next::Full, Next::Delta] {
            sim.behave(|behaviour| {
                behaviour.unchanged = unchanged;
                behaviour.next = next;
            });
            let list = entered.list(&sim, "").await.json();
            let href = list["availableAgents"]["link"]["@href"].as_str().unwrap();
            let stamp = href.rsplit_once("?timeStamp=").unwrap().1.to_owned();
            let poll = format!("&timeStamp={stamp}");
            let quiet = entered.list(&sim, &poll).await;
            assert_eq!(quiet.status, status, "{unchanged:?}");
            assert_eq!(!quiet.body.is_empty(), is_list, "{unchanged:?}");
            // As soon as something happened there is a list.
            sim.world().step();
            let news = entered.list(&sim, &poll).await;
            assert_eq!(news.status, 200);
            assert!(!ids(&news.json()).is_empty(), "{unchanged:?} {next:?}");
        }
    }
}

#[tokio::test]
async fn an_unknown_skill_is_empty_or_refused() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let ask = async |skill: &str| entered.list(&sim, &format!("&skill={skill}")).await;
    let empty = ask("Juggling").await;
    assert_eq!((empty.status, ids(&empty.json()).len()), (200, 0));
    sim.behave(|behaviour| behaviour.unknown_skill = UnknownSkill::BadRequest);
    let refused = ask("Juggling").await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"]["message"], "no such skill");
    let known = ask("Sales").await;
    assert_eq!(known.status, 200);
    assert!(!ids(&known.json()).is_empty());
}

#[tokio::test]
async fn states_and_skill_names_are_written_as_told_in_both_formats() {
    let (sim, _) = still(alone()).await;
    let entered = enter(&sim).await;
    assert!(sim.world().add(SimAgent {
        presence: Presence::Away,
        skills: vec![2],
        ..SimAgent::new(7, "pat")
    }));
    let info = "skillsInfo";
    for (states, chat, voice, skills_info) in [
        (States::Digits, "4", "1", true),
        (States::Names, "Away", "Offline", true),
        (States::Unknown, "9", "9", false),
        (States::Empty, "", "", false),
    ] {
        sim.behave(|behaviour| {
            behaviour.style = Style {
                states,
                skills_info,
                ..Style::default()
            };
        });
        let json = entered.list(&sim, "").await;
        let agent = &json.json()["availableAgents"]["agents"]["agent"];
        assert_eq!(
            (&agent["@chatState"], &agent["@voiceState"]),
            (&json!(chat), &json!(voice))
        );
        assert_eq!(agent["skills"], json!({ "skill": "2" }));
        let path = "/availableAgents?v=1";
        let xml = entered.get(&sim, path, "application/xml").await;
        let attributes = format!("chatState=\"{chat}\" voiceState=\"{voice}\"");
        assert!(xml.text().contains(&attributes), "{}", xml.text());
        assert!(xml.text().contains("<skills><skill>2</skill></skills>"));
        for text in [json.text(), xml.text()] {
            assert_eq!(text.contains(info), skills_info, "{text}");
        }
    }
}

#[tokio::test]
async fn the_cookie_of_a_session_must_come_back_when_told_so() {
    let (sim, _) = still(SimConfig::default()).await;
    sim.behave(|behaviour| behaviour.security_cookie = true);
    let bearer = login(&sim, "bridge-password").await.json()["bearer"].clone();
    let bearer = format!("Bearer {}", bearer.as_str().unwrap());
    let authorization = ("Authorization", bearer.as_str());
    let line = "POST /api/account/12345678/agentSession?v=1&NC=true";
    let made = send(&sim, line, &[authorization], r#"{"loginData":""}"#).await;
    let path = made
        .header("location")
        .strip_prefix(&sim.base_url())
        .unwrap()
        .to_owned();
    let cookie = made.header("set-cookie");
    let (pair, rest) = cookie.split_once(';').unwrap();
    assert!(pair.starts_with("agent_security="), "{cookie}");
    assert_eq!(rest, format!(" Path={path}; HttpOnly"));
    let line = format!("GET {path}/availableAgents?v=1");
    for (cookie, status) in [
        ("agent_security=no", 401),
        ("session_id=x", 401),
        (pair, 200),
    ] {
        let reply = send(&sim, &line, &[authorization, ("Cookie", cookie)], "").await;
        assert_eq!(reply.status, status, "{cookie}");
    }
    sim.behave(|behaviour| behaviour.security_cookie = false);
    assert_eq!(send(&sim, &line, &[authorization], "").await.status, 200);
}
