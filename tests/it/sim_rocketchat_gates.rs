//! What stands before every handler of the simulated Rocket.Chat: the rate limit, strict schemas
//! and the second factor.

use std::time::Duration;

use lp2rc::sim::rocketchat::{SimConfig, TwoFactor, Version};
use serde_json::json;

use crate::sim_rocketchat_client::{START, person, start};

#[tokio::test]
async fn the_limiter_counts_each_route_and_method_alone_and_tells_when_to_come_back() {
    let rc = start(SimConfig {
        bypass: false,
        ..SimConfig::default()
    })
    .await;
    for call in 1..=10 {
        let reply = rc.get("me").await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("x-ratelimit-limit"), "10");
        assert_eq!(
            reply.header("x-ratelimit-remaining"),
            (10 - call).to_string()
        );
        assert_eq!(
            reply.header("x-ratelimit-reset"),
            (START + 60_000).to_string()
        );
    }
    rc.clock.advance(Duration::from_secs(59));
    let refused = rc.get("me").await;
    assert_eq!(refused.refusal(), (429, ""));
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let text = refused.json["error"].as_str().unwrap();
    assert_eq!(
        text,
        "Error, too many requests. Please slow down. You must wait 1 seconds before trying this \
         endpoint again. [error-too-many-requests]"
    );
    assert_eq!(rc.get("roles.list").await.status, 200, "another route");
    rc.clock.advance(Duration::from_secs(1));
    assert_eq!(rc.get("me").await.status, 200, "another window");
}

#[tokio::test]
async fn who_may_bypass_the_limiter_sees_nothing_of_it() {
    let rc = start(SimConfig::default()).await;
    for _ in 0..20 {
        let reply = rc.get("me").await;
        assert_eq!((reply.status, reply.header("x-ratelimit-limit")), (200, ""));
    }
    rc.sim.world().set_permission("api-bypass-rate-limit", &[]);
    assert_eq!(rc.get("me").await.header("x-ratelimit-remaining"), "9");
    let free = start(SimConfig {
        bypass: false,
        rate_limit: None,
        ..SimConfig::default()
    })
    .await;
    assert_eq!(free.get("me").await.header("x-ratelimit-limit"), "");
}

#[tokio::test]
async fn unknown_and_missing_keys_are_refused_under_the_name_of_the_release() {
    for (version, code) in [
        (Version::V6, "invalid-params"),
        (Version::V7, "invalid-params"),
        (Version::V8, "error-invalid-params"),
    ] {
        let rc = start(SimConfig {
            version,
            ..SimConfig::default()
        })
        .await;
        let mut unknown = person("ann");
        unknown["nonsense"] = json!(1);
        let mut missing = person("ann");
        missing.as_object_mut().unwrap().remove("name");
        let mut typed = person("ann");
        typed["active"] = json!("yes");
        for body in [unknown, missing, typed] {
            let reply = rc.post("users.create", body).await;
            assert_eq!(reply.refusal(), (400, code), "{}", reply.text);
        }
        for path in [
            "livechat/department?nonsense=1",
            "livechat/users/agent?query=1x",
            "users.info",
        ] {
            let path = path.replace("query=1x", "nonsense=x");
            assert_eq!(rc.get(&path).await.refusal(), (400, code), "{path}");
        }
        assert_eq!(rc.sim.writes(), []);
        let by_email = rc.get("users.info?email=bridge%40example.com").await;
        assert_eq!(by_email.status == 200, version == Version::V8);
    }
}

#[tokio::test]
async fn query_and_fields_are_ignored_until_9() {
    let rc = start(SimConfig::default()).await;
    let path = "users.list?query=%7B%22username%22%3A%22bridge%22%7D&fields=%7B%7D";
    assert_eq!(rc.get(path).await.json["total"], 4);
    rc.sim
        .behave(|behaviour| behaviour.refuse_query_and_fields = true);
    let refused = rc.get(path).await;
    assert_eq!(refused.refusal(), (400, "error-invalid-params"));
}

/// SHA-256 of `bridge-password`.
const CODE: &str = "5d456ad0ed296fcf1f1e7b0461797b17ccd28df642fad2f286128d12e30224e5";

#[tokio::test]
async fn the_second_factor_is_asked_for_where_the_release_does() {
    for (version, create) in [
        (Version::V6, false),
        (Version::V7, false),
        (Version::V8, true),
    ] {
        let rc = start(SimConfig {
            version,
            bypass_two_factor: false,
            ..SimConfig::default()
        })
        .await;
        rc.sim
            .behave(|behaviour| behaviour.two_factor = TwoFactor::Password);
        let asked = |status| {
            if status {
                (400, "totp-required")
            } else {
                (200, "")
            }
        };
        let made = rc.post("users.create", person("ann")).await;
        assert_eq!(made.refusal(), asked(create), "{version:?}");
        let data = json!({ "userId": rc.sim.user_id(), "data": { "name": "B" } });
        let updated = rc.post("users.update", data.clone()).await;
        assert_eq!(updated.refusal(), asked(true));
        let details = json!({
            "method": "password", "codeGenerated": false, "availableMethods": [],
        });
        assert_eq!(updated.json["details"], details);
        let value = json!({ "value": true });
        let set = rc.post("settings/Livechat_enabled", value.clone()).await;
        assert_eq!(set.refusal(), asked(true));
        assert_eq!(rc.get("settings/Livechat_enabled").await.status, 200);

        let with = |code| {
            let headers = [
                ("X-User-Id", "bridgeUserId00001"),
                ("X-Auth-Token", "bridge-token"),
                ("x-2fa-code", code),
                ("x-2fa-method", "password"),
            ];
            let (rc, data) = (&rc, &data);
            async move {
                let body = data.to_string();
                let reply = rc.send("POST /api/v1/users.update", &headers, &body);
                reply.await.unwrap()
            }
        };
        assert_eq!(with("wrong").await.refusal(), (400, "totp-invalid"));
        assert_eq!(with(CODE).await.refusal(), (200, ""));
        // Remembered for a while.
        let path = "settings/Livechat_enabled";
        assert_eq!(rc.post(path, value.clone()).await.status, 200);
        rc.clock.advance(Duration::from_secs(1_800));
        assert_eq!(rc.post(path, value).await.refusal(), asked(true));
    }
}

#[tokio::test]
async fn a_token_with_bypass_is_never_asked_for_a_second_factor() {
    let rc = start(SimConfig::default()).await;
    rc.sim
        .behave(|behaviour| behaviour.two_factor = TwoFactor::Totp);
    rc.user("ann").await;
}
