//! `availableAgents` of the simulated LivePerson: both formats, filters, cursor and styles.

use std::{collections::BTreeMap, time::Duration};

use lp2rc::{
    domain::{Capacity, Presence},
    sim::liveperson::{Behaviour, Empty, Namespace, Next, SimAgent, SimConfig, StaleCursor, Style},
};
use quick_xml::{Reader, escape::unescape, events::Event};
use serde_json::{Value, json};

use crate::sim_client::{START, enter, ids, many, still};

/// A world without people, its own user not listed: tests put in whom they need.
fn nobody() -> SimConfig {
    SimConfig {
        agents: 0,
        behaviour: Behaviour {
            own_user_listed: false,
            ..Behaviour::default()
        },
        ..SimConfig::default()
    }
}

fn pat() -> SimAgent {
    SimAgent {
        login: "pat@example.com".to_owned(),
        nickname: "Pat \"Ö\" <&'\\ >".to_owned(),
        email: Some("pat@example.com".to_owned()),
        chats: 1,
        skills: vec![2, 4],
        ..SimAgent::new(7, "")
    }
}

#[tokio::test]
async fn one_agent_is_written_byte_for_byte_as_the_contract_prints_it() {
    let (sim, _) = still(nobody()).await;
    let entered = enter(&sim).await;
    assert!(sim.world().add(pat()));
    let href = format!(
        "{}{}/availableAgents?timeStamp={START}",
        sim.base_url(),
        entered.session
    );
    let json = entered.list(&sim, "").await;
    assert_eq!(json.header("content-type"), "application/json");
    assert_eq!(
        json.text(),
        format!(
            r#"{{"availableAgents":{{"agents":{{"agent":{{"@id":"7","@chatState":"2","@voiceState":"1","@maxChats":"3","userName":"pat@example.com","nickname":"Pat \"Ö\" <&'\\ >","email":"pat@example.com","privilegeGroup":"agents","skills":{{"skill":["2","4"]}},"skillsInfo":{{"skillInfo":[{{"id":"2","name":"Sales"}},{{"id":"4","name":"Billing"}}]}},"chats":"1","agentGroupName":"Main Group","agentGroupId":"-1","elapsedTimeInState":"0"}}}},"link":{{"@href":"{href}","@rel":"next"}}}}}}"#
        )
    );
    let path = "/availableAgents?v=1&NC=true";
    let xml = entered.get(&sim, path, "application/xml").await;
    assert_eq!(xml.header("content-type"), "application/xml");
    assert_eq!(
        xml.text(),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<availableAgents>\
             <agents><agent id=\"7\" chatState=\"2\" voiceState=\"1\" maxChats=\"3\">\
             <userName>pat@example.com</userName>\
             <nickname>Pat &quot;Ö&quot; &lt;&amp;&apos;\\ &gt;</nickname>\
             <email>pat@example.com</email><privilegeGroup>agents</privilegeGroup>\
             <skills><skill>2</skill><skill>4</skill></skills>\
             <skillsInfo><skillInfo><id>2</id><name>Sales</name></skillInfo>\
             <skillInfo><id>4</id><name>Billing</name></skillInfo></skillsInfo>\
             <chats>1</chats><agentGroupName>Main Group</agentGroupName>\
             <agentGroupId>-1</agentGroupId><elapsedTimeInState>0</elapsedTimeInState>\
             </agent></agents><link href=\"{href}\" rel=\"next\"/></availableAgents>"
        )
    );
}

#[tokio::test]
async fn the_format_follows_the_suffix_then_accept_then_is_json() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let cases = [
        ("", "application/json", "application/json"),
        ("", "application/xml", "application/xml"),
        ("", "text/xml;q=0.9, application/json", "application/xml"),
        ("", "text/html, */*", "application/json"),
        (".json", "application/xml", "application/json"),
        (".xml", "application/json", "application/xml"),
    ];
    for (suffix, accept, content_type) in cases {
        let path = format!("/availableAgents{suffix}?v=1");
        let reply = entered.get(&sim, &path, accept).await;
        assert_eq!(
            reply.header("content-type"),
            content_type,
            "{suffix} {accept}"
        );
    }
}

/// What a reader can tell of one agent: member names with their texts, in order.
type Members = Vec<(String, String)>;

fn from_json(list: &Value) -> Vec<Members> {
    fn flat(name: &str, value: &Value, out: &mut Members) {
        if let Some(several) = value.as_array() {
            for one in several {
                flat(name, one, out);
            }
        } else if let Some(members) = value.as_object() {
            for (name, value) in members {
                flat(name.trim_start_matches('@'), value, out);
            }
        } else {
            out.push((name.to_owned(), value.as_str().unwrap().to_owned()));
        }
    }
    let agents = many(&list["availableAgents"]["agents"]["agent"]);
    let flat = agents.iter().map(|agent| {
        let mut members = Vec::new();
        flat("", agent, &mut members);
        members.sort();
        members
    });
    flat.collect()
}

fn from_xml(text: &str) -> Vec<Members> {
    let mut reader = Reader::from_str(text);
    let (mut agents, mut members, mut words) = (Vec::new(), Members::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                words.clear();
                if tag.local_name().as_ref() == "agent" {
                    for attribute in tag.attributes() {
                        let attribute = attribute.unwrap();
                        let name = attribute.key.as_ref().to_owned();
                        let value = attribute.value.to_string();
                        members.push((name, value));
                    }
                }
            }
            Event::Text(text) => words += &text,
            Event::GeneralRef(name) => {
                let entity = format!("&{};", &*name);
                words += &unescape(&entity).unwrap();
            }
            Event::End(tag) if tag.local_name().as_ref() == "agent" => {
                members.sort();
                agents.push(std::mem::take(&mut members));
            }
            Event::End(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                if !words.is_empty() {
                    members.push((name, std::mem::take(&mut words)));
                }
            }
            Event::Eof => return agents,
            Event::Decl(_)
            | Event::Empty(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
}

#[tokio::test]
async fn json_and_xml_of_one_world_show_the_same_agents() {
    let (sim, _) = still(SimConfig {
        agents: 300,
        ..SimConfig::default()
    })
    .await;
    let entered = enter(&sim).await;
    for _ in 0..20 {
        sim.world().step();
    }
    let json = from_json(&entered.list(&sim, "").await.json());
    let styles = [
        Style::default(),
        Style {
            namespace: Namespace::Default,
            ..Style::default()
        },
        Style {
            namespace: Namespace::Prefixed,
            attributes_as_children: true,
            link_first: true,
            ..Style::default()
        },
    ];
    for style in styles {
        sim.behave(|behaviour| behaviour.style = style);
        let xml = entered.get(&sim, "/availableAgents.xml?v=1", "").await;
        assert_eq!(from_xml(xml.text()), json, "{style:?}");
    }
    let listed = sim.world().agents().len();
    assert!(listed > 280, "{listed}");
    assert_eq!(json.len(), listed + 1, "and the user of the session");
    let own = ("id".to_owned(), entered.user_id.clone());
    assert!(json[0].contains(&own));
    sim.behave(|behaviour| behaviour.own_user_listed = false);
    assert_eq!(ids(&entered.list(&sim, "").await.json()).len(), listed);
}

#[tokio::test]
async fn filters_go_by_name_and_must_all_agree() {
    let (sim, _) = still(nobody()).await;
    let entered = enter(&sim).await;
    let people = [
        (1, Presence::Online, Presence::Offline, vec![2], None),
        (2, Presence::Away, Presence::Online, vec![2, 12], Some(3)),
        (3, Presence::Offline, Presence::Offline, vec![12], None),
        (4, Presence::Occupied, Presence::Offline, vec![42], None),
        (5, Presence::Unknown, Presence::Offline, vec![], None),
    ];
    for (id, presence, voice, skills, reason) in people {
        assert!(sim.world().add(SimAgent {
            presence,
            voice,
            skills,
            reason,
            ..SimAgent::new(id, "somebody")
        }));
    }
    let cases: [(&str, &[&str]); 12] = [
        ("", &["1", "2", "3", "4", "5"]),
        ("&skill=Sales", &["1", "2"]),
        ("&skill=Orders%20%26%20Delivery", &["2", "3"]),
        ("&skill=Orders+%26+Delivery&chatState=Offline", &["3"]),
        ("&skill=Espa%C3%B1ol", &["4"]),
        ("&skill=2", &[]),
        ("&chatState=Occupied", &["4"]),
        ("&chatState=Online&voiceState=Online", &[]),
        ("&voiceState=Online", &["2"]),
        ("&chatReasonId=3", &["2"]),
        ("&chatReasonId=3&skill=Español", &[]),
        // Names are case-sensitive: this is no filter at all.
        ("&chatstate=Online", &["1", "2", "3", "4", "5"]),
    ];
    for (query, expected) in cases {
        let query = query.replace('ñ', "%C3%B1");
        let list = entered.list(&sim, &query).await;
        assert_eq!(ids(&list.json()), expected, "{query}");
    }
}

#[tokio::test]
async fn the_next_link_leads_to_all_to_changes_or_is_missing() {
    let (sim, clock) = still(SimConfig {
        agents: 5,
        ..nobody()
    })
    .await;
    let entered = enter(&sim).await;
    let world = sim.world();
    let everybody: Vec<u64> = world.agents().iter().map(|agent| agent.id).collect();
    let stamp = |list: &Value| {
        let href = list["availableAgents"]["link"]["@href"].as_str().unwrap();
        href.rsplit_once("?timeStamp=").unwrap().1.to_owned()
    };
    let follow = |stamp: String| format!("&timeStamp={stamp}");

    let first = stamp(&entered.list(&sim, "").await.json());
    assert_eq!(first, START.to_string());
    world.set_chats(everybody[1], 9);
    let all = entered.list(&sim, &follow(first.clone())).await.json();
    assert_eq!(ids(&all).len(), 5, "full is the default");

    sim.behave(|behaviour| behaviour.next = Next::Delta);
    let changed = entered.list(&sim, &follow(first)).await.json();
    assert_eq!(ids(&changed), [everybody[1].to_string()]);
    // The clock stands, the world moved: the stamps must differ all the same.
    let second = stamp(&changed);
    world.set_presence(everybody[3], Presence::Unknown);
    world.remove(everybody[0]);
    let changed = entered.list(&sim, &follow(second)).await.json();
    assert_eq!(ids(&changed), [everybody[3].to_string()]);
    assert_eq!(
        changed["availableAgents"]["agents"]["agent"]["@chatState"],
        "9"
    );
    let third = stamp(&changed);
    let none = entered.list(&sim, &follow(third.clone())).await.json();
    assert_eq!(none["availableAgents"]["agents"], Value::Null);

    clock.advance(Duration::from_secs(300));
    assert_eq!(entered.list(&sim, "").await.status, 200);
    clock.advance(Duration::from_secs(300));
    for (stale, status) in [
        (StaleCursor::Full, 200),
        (StaleCursor::BadRequest, 400),
        (StaleCursor::NotFound, 404),
        (StaleCursor::Gone, 410),
    ] {
        sim.behave(|behaviour| behaviour.stale_cursor = stale);
        for stamp in [third.as_str(), "12", "soon"] {
            let reply = entered.list(&sim, &follow(stamp.to_owned())).await;
            assert_eq!(reply.status, status, "{stale:?} {stamp}");
        }
    }
    sim.behave(|behaviour| behaviour.next = Next::Missing);
    let list = entered.list(&sim, "").await.json();
    assert_eq!(list["availableAgents"]["link"], Value::Null);
    assert_eq!(ids(&list).len(), 4);
}

#[tokio::test]
async fn an_empty_list_has_every_form_it_could_have() {
    let (sim, _) = still(nobody()).await;
    let entered = enter(&sim).await;
    let cases = [
        (
            Empty::Absent,
            r#"{"availableAgents":{"link"#,
            "<availableAgents><link",
        ),
        (
            Empty::Object,
            r#"{"availableAgents":{"agents":{},"link"#,
            "<availableAgents><agents/><link",
        ),
        (
            Empty::Text,
            r#"{"availableAgents":{"agents":"","link"#,
            "<availableAgents><agents/><link",
        ),
        (
            Empty::Null,
            r#"{"availableAgents":{"agents":null,"link"#,
            "<availableAgents><agents/><link",
        ),
    ];
    for (empty, json, xml) in cases {
        for link_first in [false, true] {
            sim.behave(|behaviour| {
                behaviour.style = Style {
                    empty,
                    link_first,
                    ..Style::default()
                };
            });
            let list = entered.list(&sim, "").await;
            assert!(list.json()["availableAgents"]["link"].is_object());
            let tree = entered.get(&sim, "/availableAgents?v=1", "text/xml").await;
            assert_eq!(from_xml(tree.text()), Vec::<Members>::new());
            if !link_first {
                assert!(list.text().starts_with(json), "{}", list.text());
                assert!(tree.text().contains(xml), "{}", tree.text());
            }
        }
    }
}

#[tokio::test]
async fn json_styles_change_the_writing_and_nothing_else() {
    let (sim, _) = still(nobody()).await;
    let entered = enter(&sim).await;
    assert!(sim.world().add(SimAgent {
        nickname: "007".to_owned(),
        capacity: Capacity::Unlimited,
        ..SimAgent::new(9, "bond")
    }));
    let show = |style: Style| {
        sim.behave(|behaviour| behaviour.style = style);
        entered.list(&sim, "")
    };
    let plain = Style::default();
    let body = show(plain).await.json();
    let agent = &body["availableAgents"]["agents"]["agent"];
    assert_eq!(agent["chats"], Value::Null, "0 chats are left out");
    assert_eq!(agent["skills"], Value::Null);
    assert_eq!(agent["email"], Value::Null);
    assert_eq!(
        (&agent["nickname"], &agent["@maxChats"]),
        (&json!("007"), &json!("-1"))
    );

    let body = show(Style {
        zero_chats: true,
        ..plain
    })
    .await
    .json();
    assert_eq!(body["availableAgents"]["agents"]["agent"]["chats"], "0");
    let body = show(Style {
        numbers: true,
        ..plain
    })
    .await
    .json();
    assert_eq!(body["availableAgents"]["agents"]["agent"]["nickname"], 7);
    let body = show(Style {
        bare_keys: true,
        link_first: true,
        ..plain
    })
    .await
    .json();
    assert_eq!(body["availableAgents"]["agents"]["agent"]["id"], "9");
    assert_eq!(body["availableAgents"]["link"]["rel"], "next");
}

#[tokio::test]
async fn changes_by_hand_are_in_the_next_answer() {
    let (sim, _) = still(nobody()).await;
    let entered = enter(&sim).await;
    let world = sim.world();
    for id in [3, 1, 2] {
        assert!(world.add(SimAgent::new(id, "old")));
    }
    let id = 2;
    let before = world.revision();
    assert!(world.set_presence(id, Presence::Occupied));
    assert!(world.set_chats(id, 2));
    assert!(world.set_capacity(id, Capacity::Limited(0)));
    assert!(world.set_skills(id, &[101]));
    assert!(world.rename(id, "new.login", "New Name"));
    assert_eq!(world.revision(), before + 5);
    assert!(world.set_chats(id, 2));
    assert_eq!(world.revision(), before + 5, "nothing changed");
    let list = entered.list(&sim, "").await.json();
    let agent = &many(&list["availableAgents"]["agents"]["agent"])[1];
    let shown: BTreeMap<&str, &Value> = [
        "@chatState",
        "chats",
        "@maxChats",
        "skills",
        "userName",
        "nickname",
    ]
    .map(|name| (name, &agent[name]))
    .into();
    assert_eq!(
        json!(shown),
        json!({ "@chatState": "3", "chats": "2", "@maxChats": "0", "skills": { "skill": "101" },
                "userName": "new.login", "nickname": "New Name" })
    );
    assert!(world.remove(id));
    assert!(!world.remove(id) && !world.set_chats(id, 1) && world.agent(id).is_none());
    assert_eq!(ids(&entered.list(&sim, "").await.json()).len(), 2);
    assert!(world.add(SimAgent::new(id, "again")));
    assert!(!world.add(SimAgent::new(id, "twice")));
    assert_eq!(ids(&entered.list(&sim, "").await.json()).len(), 3);
}
