//! Every reading of the contract that the simulator can be switched to (§9.2), and that the bridge
//! sees the same people in all of them, in JSON and in XML.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use lp2rc::{
    config::{
        AccountConfigReading, Credentials, Filters, LivePersonConfig, RetryConfig, WireFormat,
    },
    domain::{Coverage, Observation, Presence, SourceAgent},
    liveperson::LivePerson,
    ports::{ManualClock, PollRequest, Source as _, SourceFault},
    sim::liveperson::{SimConfig, Simulator},
    state::MemoryStore,
    telemetry::Metrics,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::sim_client::still;

const FULL: PollRequest = PollRequest { full: true };
const ANY: PollRequest = PollRequest { full: false };

/// What is seen in place of what was there before the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// The same people.
    Same,
    /// The same people, of whom nobody can say how they are.
    AllUnknown,
    /// The same people, their skills without names.
    SkillsUnnamed,
    /// Nobody answers: the server refuses the question.
    Refused,
    /// Nobody at all.
    Nobody,
}

/// A switch, a setting of it in the words of `POST /sim/behaviour`, and what is seen.
fn switches() -> Vec<(&'static str, Value, Seen)> {
    use Seen::{AllUnknown, Nobody, Refused, Same, SkillsUnnamed};
    let mut all = Vec::new();
    let mut each = |switch: &'static str, settings: Value, seen: Seen| {
        for setting in settings.as_array().unwrap() {
            all.push((switch, setting.clone(), seen));
        }
    };
    let both = || json!([true, false]);
    each(
        "discovery_answer",
        json!(["single", "list", "list_object"]),
        Same,
    );
    each("second_login_revokes", both(), Same);
    each("login_ttl_ms", json!([20_000, 28_800_000]), Same);
    each("session_id_in_body", both(), Same);
    each("cookie_name", json!(["session_id", "Session_id"]), Same);
    each(
        "session_answer",
        json!(["body_and_location", "body_only", "old200", "xml_body"]),
        Same,
    );
    each("security_cookie", both(), Same);
    each("session_idle_ms", json!([20_000, 400_000]), Same);
    each("session_over", json!(["unauthorized", "not_found"]), Same);
    each("plain_put", both(), Same);
    each("next", json!(["full", "delta", "missing"]), Same);
    each(
        "unchanged",
        json!(["list", "no_content", "not_modified", "empty_body"]),
        Same,
    );
    each("cursor_ttl_ms", json!([20_000, 600_000]), Same);
    each(
        "stale_cursor",
        json!(["full", "bad_request", "not_found", "gone"]),
        Same,
    );
    each("unknown_skill", json!(["empty"]), Nobody);
    each("unknown_skill", json!(["bad_request"]), Refused);
    each("own_user_listed", both(), Same);
    each("accounts_allowed", both(), Same);
    each("accounts_quoted", both(), Same);
    each("revision_header", json!(["ac_revision", "e_tag"]), Same);
    each("style.zero_chats", both(), Same);
    each("style.skills_info", json!([true]), Same);
    each("style.skills_info", json!([false]), SkillsUnnamed);
    each("style.states", json!(["digits"]), Same);
    each(
        "style.states",
        json!(["names", "unknown", "empty"]),
        AllUnknown,
    );
    each(
        "style.empty",
        json!(["absent", "object", "text", "null"]),
        Same,
    );
    each("style.bare_keys", both(), Same);
    each("style.numbers", both(), Same);
    each(
        "style.namespace",
        json!(["none", "default", "prefixed"]),
        Same,
    );
    each("style.attributes_as_children", both(), Same);
    each("style.link_first", both(), Same);
    all
}

fn reader(sim: &Simulator, clock: &ManualClock, format: WireFormat, switch: &str) -> LivePerson {
    let world = SimConfig::default();
    let config = LivePersonConfig {
        account: world.account,
        username: world.username,
        credentials: Credentials::Password(SecretString::from(world.password)),
        discovery_url: sim.base_url(),
        discovery_every: Duration::from_secs(1),
        trusted_hosts: vec![sim.addr().to_string()],
        ca_files: Vec::new(),
        format,
        follow_next: true,
        filters: Filters {
            skill: (switch == "unknown_skill").then(|| "No such skill".to_owned()),
            ..Filters::default()
        },
        connect_timeout: Duration::from_secs(10),
        total_timeout: Duration::from_secs(30),
        body_limit: 32 << 20,
        refresh_every: Duration::from_secs(3_600),
        session_idle: Duration::from_secs(3_600),
        account_config: AccountConfigReading {
            read: switch.starts_with("accounts") || switch == "revision_header",
            every: Duration::from_secs(10),
        },
        retry: RetryConfig {
            replaced_losses: 100,
            ..RetryConfig::default()
        },
    };
    let latches = Arc::new(MemoryStore::new(1));
    LivePerson::new(config, Arc::new(clock.clone()), latches, Metrics::new()).unwrap()
}

/// How the people look after the switch.
fn expected(people: &[SourceAgent], seen: Seen) -> Vec<SourceAgent> {
    let mut people = people.to_vec();
    for agent in &mut people {
        match seen {
            Seen::Same | Seen::Refused | Seen::Nobody => {}
            Seen::AllUnknown => {
                (agent.presence, agent.voice) = (Presence::Unknown, Presence::Unknown);
            }
            Seen::SkillsUnnamed => agent.skills.iter_mut().for_each(|skill| skill.name = None),
        }
    }
    people
}

/// A poll by the cursor after `wait`: whoever is in it is as they are, and who changed is in it.
fn is_true(seen: &Observation, people: &[SourceAgent], changed: Option<&SourceAgent>) {
    for agent in &seen.agents {
        let there = people.iter().find(|known| known.id == agent.id);
        assert_eq!(there, Some(agent));
    }
    if let Some(changed) = changed {
        assert!(
            seen.agents.contains(changed),
            "the change of {} is lost",
            changed.id
        );
    }
}

#[tokio::test]
async fn the_bridge_sees_the_same_people_however_the_contract_is_read() {
    let config = || SimConfig {
        agents: 30,
        turnover: false,
        ..SimConfig::default()
    };
    for format in [WireFormat::Json, WireFormat::Xml] {
        let (sim, clock) = still(config()).await;
        let people = reader(&sim, &clock, format, "none")
            .poll(FULL)
            .await
            .unwrap()
            .agents;
        assert_eq!(people.len(), 30);
        for (switch, setting, expect) in switches() {
            let told = format!("{switch} = {setting} in {format:?}");
            let (sim, clock) = still(config()).await;
            let mut wanted = json!({});
            match switch.split_once('.') {
                Some((outer, inner)) => wanted[outer] = json!({ inner: setting }),
                None => wanted[switch] = setting,
            }
            let url = format!("{}/sim/behaviour", sim.control_url());
            let client = reqwest::Client::new();
            let done = client
                .post(&url)
                .body(wanted.to_string())
                .send()
                .await
                .unwrap();
            assert_eq!(done.status(), 200, "{told}");

            let reader = reader(&sim, &clock, format, switch);
            let first = reader.poll(FULL).await;
            match expect {
                Seen::Refused => {
                    assert_eq!(first.unwrap_err().fault, SourceFault::Refused, "{told}");
                    continue;
                }
                Seen::Nobody => {
                    let first = first.unwrap();
                    assert_eq!(
                        (first.agents.len(), first.coverage),
                        (0, Coverage::Filtered)
                    );
                    continue;
                }
                Seen::Same | Seen::AllUnknown | Seen::SkillsUnnamed => {}
            }
            let first = first.unwrap_or_else(|error| panic!("{told}: {error}"));
            let mut now = expected(&people, expect);
            assert_eq!(first.agents, now, "{told}");

            // Nothing changed; then somebody did; then long enough for everything to be over.
            for (wait, chats) in [(1, None), (1, Some(3)), (30, Some(4))] {
                clock.advance(Duration::from_secs(wait));
                let mut changed = None;
                if let Some(chats) = chats {
                    let id = now[0].id.as_str().parse().unwrap();
                    sim.world().set_chats(id, chats);
                    now[0].load = chats;
                    changed = Some(now[0].clone());
                }
                let seen = reader.poll(ANY).await;
                let seen = seen.unwrap_or_else(|error| panic!("{told}, {wait} s: {error}"));
                is_true(&seen, &now, changed.as_ref());
                if seen.coverage == Coverage::Full {
                    assert_eq!(seen.agents, now, "{told}");
                }
            }
            reader.close().await;
        }
    }
}

/// A switch that is added to the simulator must be added above.
#[tokio::test]
async fn every_switch_is_tried() {
    let (sim, _) = still(SimConfig::default()).await;
    let url = format!("{}/sim/behaviour", sim.control_url());
    let all: Value = reqwest::get(url)
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
        .parse()
        .unwrap();
    let mut names = BTreeSet::new();
    for (name, value) in all.as_object().unwrap() {
        match value.as_object() {
            Some(inner) => names.extend(inner.keys().map(|inner| format!("{name}.{inner}"))),
            None => drop(names.insert(name.clone())),
        }
    }
    let tried: BTreeSet<String> = switches()
        .iter()
        .map(|(name, ..)| (*name).to_owned())
        .collect();
    assert_eq!(tried, names);
}
