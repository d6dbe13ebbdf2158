//! Many ask at once while polls run: nobody above capacity, no 5xx, every refusal explained.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use crate::program::{Home, World, get, http};

const CLIENTS: usize = 64;
const ASKS: usize = 10_000;

/// Reads one answer with a content-length from a connection that stays open.
fn ask(stream: &mut TcpStream, path: &str) -> (u16, String) {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: bridge\r\n\r\n").unwrap();
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    let head = String::from_utf8(text).unwrap();
    let length = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, String::from_utf8(body).unwrap())
}

/// The value of a metric, summed over its labels.
fn metric(text: &str, name: &str, label: &str) -> u64 {
    text.lines()
        .filter(|line| line.starts_with(name) && line.contains(label))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

#[test]
fn nobody_is_picked_above_capacity_whatever_the_concurrency() {
    let world = World::of(300);
    let home = Home::of(
        &world,
        "[schedule]\nevery = \"100ms\"\njitter = \"0s\"\n[routing]\npolicy = \"load-balancing\"\nhold_for = \"2s\"\nagent_next_share = 100",
    );
    let daemon = home.serve();
    let bearer = format!("Bearer {}", home.token());
    let (found, refused, asked) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let done = AtomicBool::new(false);
    let host = daemon.api.strip_prefix("http://").unwrap();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (found, refused, asked) = (&found, &refused, &asked);
                scope.spawn(move || {
                    let mut stream = TcpStream::connect(host).unwrap();
                    loop {
                        let number = asked.fetch_add(1, Ordering::Relaxed);
                        if number >= ASKS {
                            return;
                        }
                        // Every third ask comes from a visitor who has asked before.
                        let visitor = if number % 3 == 0 {
                            client
                        } else {
                            1_000 + number
                        };
                        let path = format!("/api/v1/livechat/agent.next/visitor-{visitor}");
                        let (status, body) = ask(&mut stream, &path);
                        match status {
                            200 => found.fetch_add(1, Ordering::Relaxed),
                            400 => {
                                assert!(body.contains("agent-not-found"), "{body}");
                                refused.fetch_add(1, Ordering::Relaxed)
                            }
                            other => panic!("{other}: {body}"),
                        };
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                world.sim.world().step();
                let headers = [("authorization", bearer.as_str())];
                let agents = http("GET", &format!("{}/admin/agents", daemon.ops), &headers, "");
                for agent in agents.json()["agents"].as_array().unwrap() {
                    let number = |key: &str| agent[key].as_u64().unwrap();
                    if agent["capacity"].is_null() || number("holds") == 0 {
                        continue;
                    }
                    // The source itself may show more chats than the limit; holds never add to it.
                    assert!(
                        number("load") + number("holds") <= number("capacity"),
                        "{agent}"
                    );
                }
            }
        });
        for client in clients {
            client.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    let (found, refused) = (found.into_inner(), refused.into_inner());
    assert_eq!(found + refused, ASKS);
    assert!(found > 100, "{found} found, {refused} refused");
    let metrics = get(&format!("{}/metrics", daemon.ops)).body;
    let refusals = metric(&metrics, "lp2rc_agent_next_total", "not_found");
    assert_eq!(refusals, refused as u64);
    assert_eq!(
        metric(&metrics, "lp2rc_agent_next_refused_total", "reason="),
        refusals,
        "every refusal has its reason"
    );
    assert!(
        metric(&metrics, "lp2rc_polls_total", "full") > 2,
        "polls ran meanwhile: {metrics}"
    );
}
