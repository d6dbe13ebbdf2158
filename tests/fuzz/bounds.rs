//! Work and memory are bounded: twice the input is about twice the work, whatever its shape.
//!
//! What is counted is what the decoder allocates, not time. Where nothing is allocated the size
//! speaks: in the acceptance run there are 400,000 pieces, and anything quadratic would not end.

use allocation_counter::{AllocationInfo, measure};
use lp2rc::liveperson::decode::{self, discovery};

/// Pieces of the smaller input.
const PIECES: usize = if cfg!(debug_assertions) {
    10_000
} else {
    200_000
};

/// Peak memory may be so many times the input: the smallest useful entry of a list is an agent of
/// a dozen bytes, who takes 300 when decoded, and a list doubles while it grows.
const MOST_TIMES: u64 = 80;

type Make = fn(usize) -> String;

/// Shapes of hostile answers, by size.
const SHAPES: [(&str, Make); 34] = [
    // Nested: refused at a fixed depth, however much follows.
    ("json nested lists", |n| agents_json(&"[".repeat(n))),
    ("json nested wraps", |n| {
        agents_json(&format!(r#"{{"@id":{}"#, r#"{"$":"#.repeat(n)))
    }),
    ("json nested unknown", |n| {
        agents_json(&format!(r#"{{"x":{}"#, r#"{"y":["#.repeat(n)))
    }),
    ("json nested skills", |n| {
        agents_json(&format!(
            r#"{{"id":1,"skills":{}"#,
            r#"{"skill":["#.repeat(n)
        ))
    }),
    ("xml nested unknown", |n| agents_xml(&"<a>".repeat(n))),
    ("xml nested scalar", |n| {
        agents_xml(&format!("<agent>{}", "<id>".repeat(n)))
    }),
    ("xml nested skills", |n| {
        agents_xml(&format!("<agent><skills>{}", "<skill>".repeat(n)))
    }),
    // Wide.
    ("json agents", |n| {
        agents_json(&list(n, |i| format!(r#"{{"@id":"{i}"}}"#)))
    }),
    ("json agents backwards", |n| {
        agents_json(&list(n, |i| format!(r#"{{"@id":"{:09}"}}"#, n - i)))
    }),
    ("json one id", |n| {
        agents_json(&list(n, |_| r#"{"@id":"1"}"#.to_owned()))
    }),
    ("json long ids alike", |n| {
        let start = "x".repeat(200);
        agents_json(&list(n / 10, |i| {
            format!(r#"{{"@id":"{start}{:06}"}}"#, (i * 7919) % n)
        }))
    }),
    ("json no agents", |n| {
        agents_json(&list(n, |_| "0".to_owned()))
    }),
    ("json small lists", |n| {
        agents_json(&list(n, |_| "[]".to_owned()))
    }),
    ("json one member", |n| {
        agents_json(&format!(
            "{{{}}}",
            list_of(n, |_| r#""@id":"1""#.to_owned())
        ))
    }),
    ("json other members", |n| {
        agents_json(&format!("{{{}}}", list_of(n, |i| format!(r#""m{i}":"1""#))))
    }),
    ("json one skill", |n| {
        agents_json(&format!(
            r#"{{"@id":1,"skills":{{"skill":{}}}}}"#,
            list(n, |_| "\"1\"".to_owned())
        ))
    }),
    ("json skills", |n| {
        agents_json(&format!(
            r#"{{"@id":1,"skills":{{"skill":{}}}}}"#,
            list(n, |i| format!("\"{}\"", n - i))
        ))
    }),
    ("json first of many", |n| {
        agents_json(&format!(r#"{{"@id":{}}}"#, list(n, |i| format!("\"{i}\""))))
    }),
    ("json one text", |n| {
        agents_json(&format!(
            r#"{{"@id":"1","nickname":"{}"}}"#,
            "x".repeat(20 * n)
        ))
    }),
    ("json one escaped text", |n| {
        agents_json(&format!(
            r#"{{"@id":"1","nickname":"{}"}}"#,
            r"\u00e9\n".repeat(n)
        ))
    }),
    ("json long name", |n| {
        agents_json(&format!(r#"{{"{}":1}}"#, ":@".repeat(10 * n)))
    }),
    ("json long number", |n| {
        agents_json(&format!(r#"{{"@id":{}}}"#, "1".repeat(20 * n)))
    }),
    ("json long fraction", |n| {
        agents_json(&format!(r#"{{"@id":0.{}}}"#, "1".repeat(20 * n)))
    }),
    ("json long zeros", |n| {
        agents_json(&format!(
            r#"{{"@id":1,"chats":"7.{}"}}"#,
            "0".repeat(20 * n)
        ))
    }),
    ("json links", |n| {
        format!(
            r#"{{"availableAgents":{{"link":{}}}}}"#,
            list(n, |_| r#"{"@href":"h","@rel":"self"}"#.to_owned())
        )
    }),
    ("json errors", |n| {
        format!("{{{}}}", list_of(n, |_| r#""error":"x""#.to_owned()))
    }),
    ("xml agents", |n| {
        agents_xml(&many(n, |i| format!(r#"<agent id="{i}"/>"#)))
    }),
    ("xml attributes", |n| {
        agents_xml(&format!("<agent{}/>", many(n, |i| format!(r#" a{i}="1""#))))
    }),
    ("xml one attribute", |n| {
        agents_xml(&format!("<agent{}/>", many(n, |_| r#" id="1""#.to_owned())))
    }),
    ("xml namespaces", |n| {
        agents_xml(&many(n, |i| {
            format!(r#"<n{i}:agent xmlns:n{i}="u" n{i}:id="{i}"/>"#)
        }))
    }),
    ("xml references", |n| {
        agents_xml(&format!(
            "<agent id='1'><nickname>{}</nickname></agent>",
            "&#65;&amp;".repeat(n)
        ))
    }),
    ("xml sections", |n| {
        agents_xml(&format!(
            "<agent id='1'><nickname>{}</nickname></agent>",
            "<![CDATA[x]]>".repeat(n)
        ))
    }),
    ("xml comments", |n| agents_xml(&"<!-- x --><?y?>".repeat(n))),
    ("xml entities", |n| {
        format!(
            "<!DOCTYPE a [{}]><availableAgents/>",
            many(n, |i| format!(r#"<!ENTITY e{i} "&e{};">"#, i + 1))
        )
    }),
];

fn agents_json(agents: &str) -> String {
    format!(r#"{{"availableAgents":{{"agents":{{"agent":{agents}}}}}}}"#)
}

fn agents_xml(agents: &str) -> String {
    format!("<availableAgents><agents>{agents}</agents></availableAgents>")
}

fn many(n: usize, each: impl Fn(usize) -> String) -> String {
    (0..n).map(each).collect()
}

fn list_of(n: usize, each: impl Fn(usize) -> String) -> String {
    (0..n).map(each).collect::<Vec<_>>().join(",")
}

fn list(n: usize, each: impl Fn(usize) -> String) -> String {
    format!("[{}]", list_of(n, each))
}

fn work(body: &str) -> AllocationInfo {
    measure(|| drop(decode::any(body.as_bytes())))
}

#[test]
fn twice_the_input_is_twice_the_work_at_most() {
    for (name, make) in SHAPES {
        let (small, large) = (make(PIECES), make(2 * PIECES));
        let (once, twice) = (work(&small), work(&large));
        // A vector that grows by doubling may just have grown again.
        assert!(
            twice.bytes_total <= once.bytes_total * 9 / 4 + 4096,
            "{name}: {} bytes allocated, then {}",
            once.bytes_total,
            twice.bytes_total
        );
        assert!(
            twice.count_total <= once.count_total * 9 / 4 + 64,
            "{name}: {} allocations, then {}",
            once.count_total,
            twice.count_total
        );
        let most = MOST_TIMES * large.len() as u64 + 4096;
        assert!(
            twice.bytes_max <= most,
            "{name}: {} of {most} bytes",
            twice.bytes_max
        );
        assert_eq!(twice.bytes_current, 0, "{name}: kept");
    }
}

#[test]
fn discovery_and_session_answers_cost_next_to_nothing() {
    let entry = r#"{"service":"idp","account":"1","baseURI":"h"}"#.to_owned();
    let shapes = [
        (
            "services",
            format!(r#"{{"baseURIs":{}}}"#, list(PIECES, |_| entry.clone())),
        ),
        ("nested", r#"{"baseURIs":["#.repeat(PIECES)),
        (
            "links",
            format!(
                r#"{{"agentSessionLocation":{{"link":{}}}}}"#,
                list(PIECES, |_| "\"h\"".to_owned())
            ),
        ),
        (
            "xml links",
            format!(
                "<agentSessionLocation>{}</agentSessionLocation>",
                r#"<link href="h"/>"#.repeat(PIECES)
            ),
        ),
    ];
    for (name, body) in shapes {
        let peak = measure(|| {
            drop(discovery::host(body.as_bytes(), "idp", "2"));
            drop(decode::session_location(body.as_bytes()));
        });
        // Members that are read over take a byte for each level that is open.
        let most = if name == "nested" {
            body.len() as u64
        } else {
            4096
        };
        assert!(peak.bytes_max < most, "{name}: {} bytes", peak.bytes_max);
    }
}

/// The body is kept by whoever calls; what decoding adds is the agents and little more.
#[test]
fn a_large_account_needs_little_more_than_its_agents() {
    let agents = |n: usize| -> [String; 2] {
        [
            agents_json(&list(n, |i| {
                format!(
                    r#"{{"@chatState":"2","@id":"{}","@maxChats":"6","email":"agent{i}@example.com","nickname":"Agent {i}","skills":{{"skill":["1","2"]}},"chats":"1","userName":"agent{i}"}}"#,
                    10_000_000 + i
                )
            })),
            agents_xml(&many(n, |i| {
                format!(
                    r#"<agent id="{}" chatState="2" maxChats="6"><userName>agent{i}</userName><nickname>Agent {i}</nickname><email>agent{i}@example.com</email><skills><skill>1</skill><skill>2</skill></skills><chats>1</chats></agent>"#,
                    10_000_000 + i
                )
            })),
        ]
    };
    let count = PIECES / 2;
    for body in agents(count) {
        let mut page = None;
        let info = measure(|| page = decode::any(body.as_bytes()).ok());
        assert_eq!(page.unwrap().agents.len(), count);
        let kept = u64::try_from(info.bytes_current).unwrap();
        assert!(
            info.bytes_max <= kept * 5 / 4,
            "{} bytes at most, {kept} kept",
            info.bytes_max
        );
    }
}
