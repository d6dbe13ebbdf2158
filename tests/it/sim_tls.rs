//! The simulated LivePerson over https, and the control API beside it.

use std::sync::Arc;

use lp2rc::{
    domain::Timestamp,
    ports::ManualClock,
    sim::liveperson::{Fault, Place, SimConfig, Simulator, What},
};
use serde_json::{Value, json};

use crate::sim_client::{START, still};

async fn secure() -> (Simulator, reqwest::Client) {
    let (sim, _) = still(SimConfig {
        tls: true,
        ..SimConfig::default()
    })
    .await;
    let client = client(&sim);
    (sim, client)
}

/// A client that trusts the simulator's authority and nobody else.
fn client(sim: &Simulator) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(sim.ca_pem().unwrap().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([ca]);
    client.build().unwrap()
}

async fn json_of(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn the_chain_works_over_https_and_every_address_says_so() {
    let (sim, client) = secure().await;
    let base = sim.base_url();
    assert_eq!(base, format!("https://{}", sim.addr()));
    let login = client
        .post(format!("{base}/api/account/12345678/login?v=1.3"))
        .body(json!({ "username": "bridge", "password": "bridge-password" }).to_string())
        .send()
        .await
        .unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.ends_with("; HttpOnly; Secure"), "{cookie}");
    let login: Value = serde_json::from_slice(&login.bytes().await.unwrap()).unwrap();
    let bearer = login["bearer"].as_str().unwrap();
    let made = client
        .post(format!(
            "{base}/api/account/12345678/agentSession?v=1&NC=true"
        ))
        .bearer_auth(bearer)
        .body(r#"{"loginData":""}"#);
    let href = json_of(made).await["agentSessionLocation"]["link"]["@href"].clone();
    let href = href.as_str().unwrap();
    assert!(href.starts_with(&base), "{href}");
    let list = client.get(format!("{href}/availableAgents?v=1&NC=true"));
    let list = json_of(list.bearer_auth(bearer)).await;
    let next = list["availableAgents"]["link"]["@href"].as_str().unwrap();
    assert!(next.starts_with(href), "{next}");

    sim.faults()
        .put(Place::Agents, Fault::lasting(What::Reset(100)));
    let broken = client.get(format!("{href}/availableAgents?v=1&NC=true"));
    let broken = broken.bearer_auth(bearer).send().await.unwrap();
    assert!(broken.bytes().await.is_err(), "the body breaks off");
}

#[tokio::test]
async fn the_certificate_is_for_localhost_and_loopback_and_trusted_only_with_its_authority() {
    let (sim, client) = secure().await;
    let port = sim.addr().port();
    for host in ["localhost", "127.0.0.1"] {
        let faults = client.get(format!("https://{host}:{port}/sim/faults"));
        assert_eq!(json_of(faults).await["agents"], Value::Null, "{host}");
    }
    let url = format!("{}/sim/faults", sim.base_url());
    let (other, stranger) = secure().await;
    assert_ne!(sim.ca_pem(), other.ca_pem(), "keys are new every time");
    assert!(stranger.get(&url).send().await.unwrap_err().is_connect());
    let plain = url.replace("https://", "http://");
    assert!(
        client.get(plain).send().await.is_err(),
        "no plain HTTP there"
    );
    sim.stop().await;
}

#[tokio::test]
async fn the_control_listener_stays_plain_beside_https() {
    let clock = ManualClock::at(Timestamp::from_millis(START));
    let config = SimConfig {
        tls: true,
        control: Some(([127, 0, 0, 1], 0).into()),
        step_every: std::time::Duration::ZERO,
        ..SimConfig::default()
    };
    let sim = Simulator::start(config, Arc::new(clock)).await.unwrap();
    let url = format!("{}/sim/state", sim.control_url());
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let plain = json_of(reqwest::Client::new().get(url)).await;
    let secure = json_of(client(&sim).get(format!("{}/sim/state", sim.base_url()))).await;
    assert_eq!(plain, secure, "both are there");
}
