//! `md` of messages beside what Rocket.Chat's own parser makes of the same texts.

use serde_json::Value;

use crate::livechat_world::Livechat;

/// Made by `tests/fixtures/markdown/generate.mjs`.
const EXPECTED: &str = include_str!("../fixtures/markdown/expected.json");

#[tokio::test]
async fn markdown_is_what_the_targets_parser_makes_of_it() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let expected: Vec<Value> = serde_json::from_str(EXPECTED).unwrap();
    assert!(expected.len() > 100, "the fixture is whole");
    let mut wrong = Vec::new();
    for case in expected {
        let message = livechat
            .write("T1", &rid, case["text"].as_str().unwrap())
            .await;
        if message["md"] != case["md"] {
            wrong.push(format!(
                "{}\n  wanted {}\n  got    {}",
                case["text"], case["md"], message["md"]
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
