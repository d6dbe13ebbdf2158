//! The survey (livechat contract §4.4.3), row by row.

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, malformed, post, run},
    livechat_world::Livechat,
};

const PATH: &str = "livechat/room.survey";

fn answers(rid: &str, data: Value) -> Value {
    let mut whole = json!({"token": "T1", "rid": rid});
    whole["data"] = data;
    whole
}

#[tokio::test]
async fn the_survey_is_refused_and_kept_as_the_contract_says() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let foreign = livechat.room("T2").await;
    let one = json!([{"name": "satisfaction", "value": "5"}]);
    let feedback = json!([{"name": "additionalFeedback", "value": "x".repeat(5_001)}]);
    let rows = vec![
        post(PATH, json!({})).params("must have required property 'token'"),
        malformed("POST", PATH).params("must have required property 'token'"),
        post(PATH, json!([])).params("must be object"),
        post(PATH, json!({"token": "T1"})).params("must have required property 'rid'"),
        post(PATH, json!({"token": "T1", "rid": rid})).params("must have required property 'data'"),
        post(
            PATH,
            json!({"token": "T1", "rid": rid, "data": one, "x": 1}),
        )
        .params("must NOT have additional properties"),
        post(PATH, json!({"token": [], "rid": rid, "data": one})).params("must be string"),
        post(PATH, answers(&rid, json!("5"))).params("must be array"),
        post(PATH, answers(&rid, json!([]))).params("must NOT have fewer than 1 items"),
        post(PATH, answers(&rid, json!([{"name": "satisfaction"}])))
            .params("must have required property 'value'"),
        post(
            PATH,
            answers(&rid, json!([{"name": "a", "value": "1", "x": 1}])),
        )
        .params("must NOT have additional properties"),
        post(PATH, json!({"token": "nobody", "rid": "x", "data": one})).plain("invalid-token"),
        post(PATH, answers("x", one.clone())).plain("invalid-room"),
        post(PATH, answers(&foreign, one.clone())).plain("invalid-room"),
        post(PATH, answers(&rid, json!([{"name": "x", "value": "1"}]))).plain("invalid-data"),
        post(
            PATH,
            answers(&rid, json!([{"name": "satisfaction", "value": "6"}])),
        )
        .plain("invalid-data"),
        post(PATH, answers(&rid, feedback)).plain("invalid-data"),
        post(PATH, answers(&rid, one))
            .gives_only(json!({"rid": rid, "data": {"satisfaction": "5"}})),
        // Numbers are coerced, unknown questions are dropped in silence.
        post(
            PATH,
            answers(
                &rid,
                json!([
                    {"name": "agentKnowledge", "value": 3},
                    {"name": "x", "value": "1"},
                    {"name": "additionalFeedback", "value": "fine"},
                ]),
            ),
        )
        .gives_only(
            json!({"rid": rid, "data": {"agentKnowledge": "3", "additionalFeedback": "fine"}}),
        ),
        post("livechat/room.close", json!({"token": "T1", "rid": rid})).gives(json!({})),
        post(
            PATH,
            answers(&rid, json!([{"name": "agentResposiveness", "value": "1"}])),
        )
        .gives(json!({"data": {"agentResposiveness": "1"}})),
        get(PATH).nothing_there(),
    ];
    run(&livechat, rows).await;
    let listed = livechat
        .as_user("manager", "GET", "livechat/rooms?open=false", Value::Null)
        .await
        .ok();
    let expected = json!({
        "satisfaction": "5", "agentKnowledge": "3", "additionalFeedback": "fine",
        "agentResposiveness": "1",
    });
    assert_eq!(listed["rooms"][0]["survey"], expected);
}
