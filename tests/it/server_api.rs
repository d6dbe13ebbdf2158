//! The public listener, bytes in, bytes out: livechat contract §1, §4.1.2 and §7.

use std::{sync::Arc, time::Duration};

use lp2rc::{
    config::ApiConfig,
    domain::Capacity,
    ports::OpenRooms,
    server::render_agent,
    telemetry::metrics::{Answer as AnswerLabel, Request},
};

use super::server_world::{Answer, World, agent, ask, config, limited, unavailable};

const NEXT: &str = "/api/v1/livechat/agent.next";

/// Ada as `agent()` makes her.
const ADA: &str = r#"{"agent":{"_id":"t-ada","emails":[{"address":"ada@example.org","verified":true}],"name":"ADA \"L\"","username":"ada","status":"online","livechat":{"maxNumberSimultaneousChat":4}},"success":true}"#;
const NOT_FOUND: &str = r#"{"success":false,"error":"agent-not-found"}"#;
const ADDITIONAL: &str = r#"{"success":false,"error":"must NOT have additional properties [invalid-params]","errorType":"invalid-params"}"#;
const NOT_A_STRING: &str =
    r#"{"success":false,"error":"must be string [invalid-params]","errorType":"invalid-params"}"#;

fn headers(expected: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn json(status: u16, body: &str) -> Answer {
    Answer {
        status,
        headers: headers(&[
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
            ("pragma", "no-cache"),
            ("content-length", &body.len().to_string()),
        ]),
        body: body.to_owned(),
    }
}

fn text(status: u16, body: &str) -> Answer {
    Answer {
        status,
        headers: headers(&[
            ("content-type", "text/plain; charset=UTF-8"),
            ("content-length", &body.len().to_string()),
        ]),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn every_worked_shape_of_the_contract_is_answered_to_the_byte() {
    let world = World::new();
    world.publish(vec![agent("ada", &["d1"])]);
    let api = world.api(config()).await;
    let cases = [
        ("GET {}/T1", json(200, ADA)),
        ("GET {}/T1?department=", json(200, ADA)),
        ("GET {}/T1?department", json(200, ADA)),
        ("GET {}/T1?", json(200, ADA)),
        ("GET {}/T1?department=d1", json(200, ADA)),
        ("GET {}/T1?department=d%31", json(200, ADA)),
        ("GET {}/T1?department=d2", json(400, NOT_FOUND)),
        ("GET {}/T1?foo=1", json(400, ADDITIONAL)),
        ("GET {}/T1?department=a&foo=1", json(400, ADDITIONAL)),
        ("GET {}/T1?department[]=a&foo=1", json(400, ADDITIONAL)),
        (
            "GET {}/T1?department=a&department=b",
            json(400, NOT_A_STRING),
        ),
        ("GET {}/T1?department[]=d1", json(400, NOT_A_STRING)),
        ("GET {}/T1?department[b]=d1", json(400, NOT_A_STRING)),
        ("GET {}/a%2Fb", json(200, ADA)),
        ("GET {}/a+b%20c", json(200, ADA)),
        ("GET {}/%ff", json(200, ADA)),
        ("GET {}/T1\ncontent-type: application/json", json(200, ADA)),
        ("GET {}/T1\norigin: https://shop.example", json(200, ADA)),
        ("POST {}/T1", text(404, "404 Not Found")),
        ("PUT {}/T1", text(404, "404 Not Found")),
        ("DELETE {}/T1", text(404, "404 Not Found")),
        ("GET {}/T1/", text(404, "404 Not Found")),
        ("GET {}/T1/x", text(404, "404 Not Found")),
        ("GET {}/", text(404, "404 Not Found")),
        ("GET {}", text(404, "404 Not Found")),
        ("GET /", text(404, "404 Not Found")),
        ("OPTIONS /elsewhere", text(404, "404 Not Found")),
        (
            "GET /api/info",
            json(200, r#"{"version":"8.5","success":true}"#),
        ),
        ("GET /api/v1/info", text(404, "404 Not Found")),
    ];
    for (request, expected) in cases {
        let request = request.replace("{}", NEXT);
        assert_eq!(ask(api, &request).await, expected, "{request}");
    }
}

#[tokio::test]
async fn settings_decide_what_is_shown_of_an_agent() {
    let mut bare = agent("ada", &[]);
    bare.emails.clear();
    bare.limit = None;
    let full = agent("ada", &[]);
    let cases = [
        (
            &bare,
            true,
            r#"{"agent":{"_id":"t-ada","name":"ADA \"L\"","username":"ada","status":"online"},"success":true}"#,
        ),
        (
            &full,
            false,
            r#"{"agent":{"_id":"t-ada","name":"ADA \"L\"","username":"ada","status":"online","livechat":{"maxNumberSimultaneousChat":4}},"success":true}"#,
        ),
        (&full, true, ADA),
    ];
    for (agent, show_email, expected) in cases {
        let mut body = b"before".to_vec();
        render_agent(agent, show_email, &mut body);
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            format!("before{expected}")
        );
    }
}

#[tokio::test]
async fn hidden_information_hides_the_agent_but_not_that_there_is_none() {
    let world = World::new();
    let hidden = ApiConfig {
        show_agent_info: false,
        ..config()
    };
    let api = world.api(hidden).await;
    let request = format!("GET {NEXT}/T1");
    assert_eq!(ask(api, &request).await, json(400, NOT_FOUND));
    // Nothing is looked up, so even an agent who cannot be shown is answered.
    world.publish_with(vec![agent("ada", &[])], &|_, _| {});
    let expected = json(200, r#"{"agent":{"hiddenInfo":true},"success":true}"#);
    assert_eq!(ask(api, &request).await, expected);
}

#[tokio::test]
async fn an_agent_who_cannot_be_shown_is_invalid_and_nobody_is_not_found() {
    let world = World::new();
    let api = world.api(config()).await;
    let request = format!("GET {NEXT}/T1");
    world.publish_with(vec![agent("ada", &[])], &|_, _| {});
    let invalid = r#"{"success":false,"error":"invalid-agent"}"#;
    assert_eq!(ask(api, &request).await, json(400, invalid));
    world.publish(vec![unavailable(agent("ada", &[]))]);
    assert_eq!(ask(api, &request).await, json(400, NOT_FOUND));
}

/// The visitor `a/b` is talking to somebody.
struct OneRoom;

impl OpenRooms for OneRoom {
    fn has_open_room(&self, visitor_token: &str) -> bool {
        visitor_token == "a/b"
    }
}

#[tokio::test]
async fn a_visitor_with_an_open_room_gets_a_bare_success_and_no_hold() {
    let world = World::new();
    world.publish(vec![agent("ada", &[])]);
    let (api, _) = world.api_with(config(), Arc::new(OneRoom)).await;
    let answer = ask(api, &format!("GET {NEXT}/a%2Fb?department=d9")).await;
    assert_eq!(answer, json(200, r#"{"success":true}"#));
    assert_eq!(world.ledger.holds(), 0);
    assert_eq!(ask(api, &format!("GET {NEXT}/b")).await, json(200, ADA));
    assert_eq!(world.ledger.holds(), 1);
}

#[tokio::test]
async fn a_head_has_the_status_and_headers_of_its_get_and_books_nothing() {
    let world = World::new();
    world.publish(vec![agent("ada", &["d1"])]);
    let api = world.api(config()).await;
    for path in [
        format!("{NEXT}/T1"),
        format!("{NEXT}/T1?department=nobody"),
        format!("{NEXT}/T1?foo"),
        format!("{NEXT}/T1/"),
        "/api/info".to_owned(),
    ] {
        let before = world.ledger.holds();
        let head = ask(api, &format!("HEAD {path}")).await;
        assert_eq!(world.ledger.holds(), before, "{path}");
        let got = ask(api, &format!("GET {path}")).await;
        assert!(!got.body.is_empty(), "{path}");
        let expected = Answer {
            body: String::new(),
            ..got
        };
        assert_eq!(head, expected, "{path}");
    }
    ask(api, &format!("GET {NEXT}/T1")).await;
    assert_eq!(world.ledger.holds(), 1, "a GET books");
}

const METHODS: &str = "GET, POST, PUT, DELETE, HEAD, PATCH";
const HEADERS: &str = "Origin, X-Requested-With, Content-Type, Accept, X-User-Id, X-Auth-Token, x-visitor-token, Authorization";

#[tokio::test]
async fn cross_origin_questions_are_answered_by_setting() {
    let world = World::new();
    world.publish(vec![agent("ada", &[])]);
    let allowing = |mut answer: Answer, origin: Option<&str>, vary: bool| {
        let mut more = vec![
            ("access-control-allow-methods", METHODS),
            ("access-control-allow-headers", HEADERS),
        ];
        more.extend(origin.map(|origin| ("access-control-allow-origin", origin)));
        more.extend(vary.then_some(("vary", "Origin")));
        answer.headers.extend(headers(&more));
        answer
    };
    let mut plain = text(200, "OK");
    plain
        .headers
        .extend(headers(&[("content-type", "text/plain;charset=UTF-8")]));
    let off = text(
        405,
        r#"CORS not enabled. Go to "Admin > General > REST Api" to enable it."#,
    );
    let (shop, evil) = ("https://shop.example", "https://evil.example");
    let get = format!("GET {NEXT}/T1");
    let options = format!("OPTIONS {NEXT}/T1");
    let from = |request: &str, origin: &str| format!("{request}\norigin: {origin}");
    let method_only = format!("{options}\naccess-control-request-method: GET");
    let listed = Some(vec!["https://other.example".to_owned(), shop.to_owned()]);
    let every = Some(vec!["*".to_owned()]);
    let ok = || text(200, "OK");
    let ada = || json(200, ADA);
    let cases = [
        (None, options.clone(), plain.clone()),
        (None, from(&options, shop), off.clone()),
        (None, method_only.clone(), off),
        (None, from(&get, shop), ada()),
        (every.clone(), options.clone(), plain.clone()),
        (
            every.clone(),
            from(&options, shop),
            allowing(ok(), Some("*"), false),
        ),
        (
            every.clone(),
            method_only.clone(),
            allowing(ok(), Some("*"), false),
        ),
        (
            every.clone(),
            from(&get, shop),
            allowing(ada(), Some("*"), true),
        ),
        (every.clone(), get.clone(), allowing(ada(), Some("*"), true)),
        (
            every,
            from("GET /nowhere", shop),
            allowing(text(404, "404 Not Found"), Some("*"), true),
        ),
        (listed.clone(), options.clone(), plain),
        (
            listed.clone(),
            from(&options, shop),
            allowing(ok(), Some(shop), true),
        ),
        (
            listed.clone(),
            from(&options, evil),
            text(403, "Invalid origin"),
        ),
        (listed.clone(), method_only, text(403, "Invalid origin")),
        (
            listed.clone(),
            from(&get, shop),
            allowing(ada(), Some(shop), true),
        ),
        (
            listed.clone(),
            from(&get, evil),
            allowing(ada(), None, true),
        ),
        (listed, get, allowing(ada(), None, true)),
    ];
    for (cors_origins, request, expected) in cases {
        let name = format!("{cors_origins:?} {request}");
        let api = world
            .api(ApiConfig {
                cors_origins,
                ..config()
            })
            .await;
        assert_eq!(ask(api, &request).await, expected, "{name}");
    }
}

#[tokio::test]
async fn the_eleventh_call_of_a_window_waits_for_the_next_one() {
    let world = World::new();
    world.publish(vec![agent("ada", &[])]);
    let api = world
        .api(ApiConfig {
            rate_limit: Some(limited(10)),
            ..config()
        })
        .await;
    // The world stands at …045678; the window began with the first call and is 60 s long.
    let with_rate = |mut answer: Answer, remaining: u32| {
        answer.headers.extend(headers(&[
            ("x-ratelimit-limit", "10"),
            ("x-ratelimit-remaining", &remaining.to_string()),
            ("x-ratelimit-reset", "1767323105678"),
        ]));
        answer
    };
    let tenth_of_a_second = Duration::from_millis(100);
    for call in 0..10 {
        // The schema comes after the limit, so a bad question spends a call; so does a HEAD.
        let (request, expected) = match call {
            3 => (format!("GET {NEXT}/T{call}?foo"), json(400, ADDITIONAL)),
            4 => (
                format!("HEAD {NEXT}/T{call}"),
                Answer {
                    body: String::new(),
                    ..json(200, ADA)
                },
            ),
            _ => (format!("GET {NEXT}/T{call}"), json(200, ADA)),
        };
        assert_eq!(
            ask(api, &request).await,
            with_rate(expected, 9 - call),
            "call {call}"
        );
    }
    world.clock.advance(tenth_of_a_second);
    let refused = |seconds: u32| {
        let body = format!(
            r#"{{"success":false,"error":"Error, too many requests. Please slow down. You must wait {seconds} seconds before trying this endpoint again. [error-too-many-requests]"}}"#
        );
        with_rate(json(429, &body), 0)
    };
    assert_eq!(ask(api, &format!("GET {NEXT}/T11")).await, refused(60));
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(ask(api, &format!("GET {NEXT}/T12?foo")).await, refused(1));
    // Only limited routes are limited, and a question that is no call costs nothing.
    assert_eq!(ask(api, "GET /api/info").await.status, 200);
    assert_eq!(
        ask(api, &format!("POST {NEXT}/T1")).await,
        text(404, "404 Not Found")
    );
    assert_eq!(ask(api, &format!("OPTIONS {NEXT}/T1")).await.status, 200);
    world.clock.advance(Duration::from_millis(900));
    let first = ask(api, &format!("GET {NEXT}/T13")).await;
    assert_eq!(first.header("x-ratelimit-remaining"), Some("9"));
    assert_eq!(first.header("x-ratelimit-reset"), Some("1767323165678"));
    assert_eq!(world.metrics.rate_limited.get(), 2);
}

/// Trusted proxies, `forwarded_count`, the headers of two requests (`/` between lines), and whether
/// they come from one client or from two.
const CLIENTS: &str = "
-            ; 1 ; real 198.51.100.1                    ; real 198.51.100.2                  ; one
192.0.2.0/24 ; 1 ; real 198.51.100.1                    ; real 198.51.100.2                  ; one
127.0.0.0/8  ; 1 ; real 198.51.100.1                    ; real 198.51.100.2                  ; two
127.0.0.1/32 ; 1 ; real 198.51.100.1                    ; real 198.51.100.1                  ; one
127.0.0.1/32 ; 1 ; real 198.51.100.1                    ; real ::ffff:198.51.100.1           ; one
127.0.0.1/32 ; 1 ; real 2001:db8::1                     ; real 2001:db8::2                   ; one
127.0.0.1/32 ; 1 ; real 2001:db8::1                     ; real 2001:db8:0:1::1               ; two
127.0.0.1/32 ; 1 ; real 198.51.100.1 / for 203.0.113.1  ; real 198.51.100.1 / for 203.0.113.2; one
127.0.0.1/32 ; 1 ; for 203.0.113.1                      ; for 203.0.113.2                    ; two
127.0.0.1/32 ; 1 ; for 9.9.9.1, 203.0.113.1             ; for 9.9.9.2, 203.0.113.1           ; one
127.0.0.1/32 ; 2 ; for 9.9.9.1, 203.0.113.1             ; for 9.9.9.2, 203.0.113.1           ; two
127.0.0.1/32 ; 2 ; for 9.9.9.1 / for 203.0.113.1        ; for 9.9.9.1, 203.0.113.2           ; one
127.0.0.1/32 ; 2 ; for 203.0.113.1                      ; for 203.0.113.2                    ; one
127.0.0.1/32 ; 1 ; for 203.0.113.1:4711                 ; for 203.0.113.1:4712               ; one
127.0.0.1/32 ; 1 ; for unknown                          ; for unknown                        ; one
127.0.0.1/32 ; 1 ; real unknown / for 203.0.113.1       ; real unknown / for 203.0.113.2     ; two
127.0.0.1/32 ; 1 ;                                      ; real 127.0.0.1                     ; one
";

#[tokio::test]
async fn a_client_is_the_peer_or_whom_a_trusted_proxy_names() {
    let world = World::new();
    for case in CLIENTS.trim().lines() {
        let cells: Vec<_> = case.split(';').map(str::trim).collect();
        let [trusted, count, first, second, clients] = cells[..] else {
            panic!("{case}");
        };
        let api = world
            .api(ApiConfig {
                // With one call a window, the second request passes only as another client's.
                rate_limit: Some(limited(1)),
                trusted_proxies: trusted.parse().into_iter().collect(),
                forwarded_count: count.parse().unwrap(),
                ..config()
            })
            .await;
        let request = |headers: &str| {
            let lines = headers.split('/').map(str::trim).filter(|l| !l.is_empty());
            lines.fold(format!("GET {NEXT}/T1"), |request, line| {
                let line = line.replace("real ", "x-real-ip: ");
                request + "\n" + &line.replace("for ", "x-forwarded-for: ")
            })
        };
        assert_eq!(ask(api, &request(first)).await.status, 400, "{case}");
        let status = if clients == "two" { 400 } else { 429 };
        assert_eq!(ask(api, &request(second)).await.status, status, "{case}");
    }
}

#[tokio::test]
async fn answers_are_counted_by_what_was_answered() {
    let world = World::new();
    let api = world.api(config()).await;
    let mut full = agent("ada", &[]);
    let mut entry = (*full.believed).clone();
    entry.agent.capacity = Capacity::Limited(1);
    full.believed = Arc::new(entry);
    world.publish(vec![full]);
    ask(api, &format!("GET {NEXT}/T1")).await;
    world.publish(vec![agent("ada", &[])]);
    for request in [
        "GET {}/T1",
        "GET {}/T2",
        "HEAD {}/T3",
        "GET {}/T4?foo",
        "GET {}/",
    ] {
        ask(api, &request.replace("{}", NEXT)).await;
    }
    let answers = |answer| {
        world
            .metrics
            .agent_next
            .get_or_create_owned(&AnswerLabel { answer })
    };
    assert_eq!(answers("agent").get(), 2);
    assert_eq!(answers("not_found").get(), 1);
    let told = world.metrics.render();
    let mut refused = told
        .lines()
        .filter(|l| l.starts_with("lp2rc_agent_next_refused_total{"));
    assert!(
        refused.next().is_some_and(|line| line.ends_with(" 1")),
        "{told}"
    );
    assert_eq!(refused.next(), None);
    let by_status = |status| {
        let label = Request {
            listener: "api",
            status,
        };
        world
            .metrics
            .http_requests
            .get_or_create_owned(&label)
            .get()
    };
    assert_eq!((by_status(200), by_status(400), by_status(404)), (3, 2, 1));
}
