//! A server to be measured by `benches/http.sh`: either the bare axum handler that PERFORMANCE
//! goals are ratios of, or our own public listener over a synthetic snapshot.
//!
//! `http_fixed fixed` | `http_fixed api AGENTS [publishing]`: prints the port it listens on.
//! `publishing` makes a whole new snapshot again and again on a thread of its own, as a sync does.
#![expect(
    clippy::print_stdout,
    reason = "the script that starts it reads the port from stdout"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot start may stop"
)]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{Router, extract::Path, http::header, routing::get, serve::ListenerExt as _};
use bytes::Bytes;
use lp2rc::{
    config::{ApiConfig, RateLimit},
    domain::{
        Availability, Capacity, Department, DepartmentId, DesiredAgent, EmailAddress, Generation,
        Identity, Owner, Policy, Presence, RosterEntry, RoutingRules, Snapshot, SourceAgent,
        SourceId, Standing, TargetId, TargetStatus, Timestamp,
    },
    ledger::Ledger,
    ports::{NoRooms, Publish as _, SystemClock},
    server::{Api, render_agent},
    telemetry::Metrics,
};
use tokio_util::sync::CancellationToken;

/// Every agent is in one to three of so many departments.
const DEPARTMENTS: usize = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // One thread: the script gives the server one core.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match arguments.as_slice() {
        ["fixed"] => runtime.block_on(fixed()),
        ["api", agents] => runtime.block_on(api(agents.parse().unwrap(), false)),
        ["api", agents, "publishing"] => runtime.block_on(api(agents.parse().unwrap(), true)),
        _ => println!("this is measured by benches/http.sh"),
    }
}

/// The reference: axum's own accept loop, a route with one parameter, the same bytes each time.
async fn fixed() {
    let mut body = Vec::new();
    render_agent(&agent(0), true, &mut body);
    let body = Bytes::from(body);
    let answer = async move |Path(_token): Path<String>| {
        ([(header::CONTENT_TYPE, "application/json")], body.clone())
    };
    let router = Router::new().route("/api/v1/livechat/agent.next/{token}", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    axum::serve(listener, router).await.unwrap();
}

/// Ours with everything on: rate limit, CORS, metrics, time-outs.
async fn api(agents: usize, publishing: bool) {
    let clock = Arc::new(SystemClock::new());
    let metrics = Metrics::new();
    let rules = RoutingRules {
        policy: Policy::LoadBalancing,
        ..RoutingRules::default()
    };
    let ledger = Ledger::new(rules, Arc::clone(&clock) as _, metrics.clone());
    let people: Vec<_> = (0..agents).map(|number| Arc::new(agent(number))).collect();
    ledger.publish(snapshot(&people), Some(Duration::ZERO));
    let api = Api {
        config: ApiConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            show_agent_info: true,
            show_agent_email: true,
            rate_limit: Some(RateLimit {
                calls: u32::MAX,
                window: Duration::from_secs(60),
                addresses: 65_536,
            }),
            trusted_proxies: Vec::new(),
            forwarded_count: 1,
            cors_origins: Some(vec!["*".to_owned()]),
            max_connections: 4_096,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
        },
        ledger: Arc::clone(&ledger),
        rooms: Arc::new(NoRooms),
        livechat: None,
        clock,
        metrics,
    };
    let bound = api.bind().await.unwrap();
    println!("{}", bound.address().port());
    if publishing {
        std::thread::spawn(move || {
            loop {
                ledger.publish(snapshot(&people), Some(Duration::ZERO));
                std::thread::sleep(Duration::from_millis(500));
            }
        });
    } else {
        drop(people);
    }
    bound.run(CancellationToken::new()).await;
}

fn snapshot(agents: &[Arc<DesiredAgent>]) -> Arc<Snapshot> {
    let departments: Vec<_> = (0..DEPARTMENTS)
        .map(|number| Department {
            id: DepartmentId::new(format!("dept{number}")),
            name: format!("Department {number}"),
        })
        .collect();
    Arc::new(Snapshot::build(
        Generation(1),
        Some(Timestamp::default()),
        agents,
        &departments,
        &|agent, out| render_agent(agent, true, out),
    ))
}

/// Six of ten agents are available; they may have four to eight chats and have up to three.
fn agent(number: usize) -> DesiredAgent {
    let online = number % 10 < 6;
    let id = SourceId::new((1_000_000 + number).to_string());
    let username = format!("agent.{number:06}");
    let limit = 4 + u32::try_from(number % 5).unwrap();
    let departments: std::collections::BTreeSet<_> = (0..=number % 3)
        .map(|nth| DepartmentId::new(format!("dept{}", (number * 7 + nth * 3) % DEPARTMENTS)))
        .collect();
    DesiredAgent {
        believed: Arc::new(RosterEntry {
            agent: SourceAgent {
                id: id.clone(),
                login: Some(username.clone()),
                display_name: None,
                email: None,
                presence: if online {
                    Presence::Online
                } else {
                    Presence::Away
                },
                voice: Presence::Offline,
                capacity: Capacity::Limited(limit),
                load: u32::try_from(number % 4).unwrap(),
                skills: Vec::new(),
                group_id: None,
                group_name: None,
                privilege_group: None,
            },
            standing: Standing::Present,
            owner: Owner::Source,
        }),
        identity: Arc::new(Identity {
            source_id: id,
            target_id: TargetId::new(format!("7Gm3PoFCJWT{number:06}")),
            username,
            formerly: None,
        }),
        name: format!("Agent Number {number}"),
        emails: vec![EmailAddress {
            address: format!("agent.{number:06}@contact-centre.example.org"),
            verified: true,
        }],
        roles: vec!["livechat-agent".to_owned()],
        departments: departments.into_iter().collect(),
        limit: Some(limit),
        availability: Availability {
            status: if online {
                TargetStatus::Online
            } else {
                TargetStatus::Away
            },
            new_chats: online,
            transfers: online,
        },
        custom_fields: BTreeMap::new(),
    }
}
