//! Heading "Configuration" (livechat contract §4.2), key by key.

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, post, run, version},
    livechat_world::Livechat,
    server_world::{agent, config, unavailable},
};

const RICH: &str = r##"
[livechat.settings]
language = "de"
limit_text_length = 300
transcript = true

[livechat.behaviour]
hidden_system_messages = ["uj"]
visitors_can_close = false

[livechat.theme]
title = "Shop"
background = "#ffffff"
hide_expand_chat = true

[livechat.messages]
offline_message = "later"

[[livechat.triggers]]
id = "t1"
run_once = true
conditions = [{ name = "time-on-site", value = "5" }]
actions = [{ name = "send-message", params = { msg = "Hello", sender = "queue" } }]

[[livechat.departments]]
name = "Name of sales"
show_on_registration = true
show_on_offline_form = true

[[livechat.custom_fields]]
id = "company"
label = "Company"
public = true
required = true
regexp = "^a"
type = "select"
options = ["a", "b"]
default_value = "a"

[[livechat.custom_fields]]
id = "hidden"

[[livechat.custom_fields]]
id = "order"
scope = "room"
public = true
"##;

async fn told(livechat: &Livechat, query: &str) -> Value {
    livechat.get(&format!("livechat/config{query}")).await.ok()["config"].take()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn the_query_has_three_keys_and_no_others() {
    for number in ["6", "7", "8"] {
        let livechat = Livechat::with(&version(number)).await;
        let rows = vec![
            get("livechat/config?x=1").params("must NOT have additional properties"),
            get("livechat/config?token[a]=1").params("must be string"),
            get("livechat/config?token=1&token=2").params("must be string"),
            get("livechat/config?department[]=a").params("must be string"),
            get("livechat/config?businessUnit[a]=1").params("must be string"),
            get("livechat/config?token=&department=&businessUnit=b")
                .gives(json!({"config": {"online": true}})),
        ];
        run(&livechat, rows).await;
    }
}

#[tokio::test]
async fn where_it_is_switched_off_nothing_else_is_told() {
    let livechat = Livechat::with("[livechat]\nenabled = false\n").await;
    let off = json!({"config": {"enabled": false}});
    let rows = vec![
        get("livechat/config?token=T1").gives_only(off),
        get("livechat/config?x=1").params("must NOT have additional properties"),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn as_shipped_every_key_is_there_and_none_too_many() {
    let settings_of_6 = [
        "agentHiddenInfo",
        "allowSwitchingDepartments",
        "clearLocalStorageWhenChatEnded",
        "displayOfflineForm",
        "emailFieldRegistrationForm",
        "fileUpload",
        "forceAcceptDataProcessingConsent",
        "historyMonitorType",
        "language",
        "limitTextLength",
        "nameFieldRegistrationForm",
        "registrationForm",
        "showConnecting",
        "transcript",
        "videoCall",
    ];
    let new_in_7 = [
        "hiddenSystemMessages",
        "hideWatermark",
        "livechatLogo",
        "visitorsCanCloseChat",
    ];
    let theme_of_6 = [
        "actionLinks",
        "color",
        "offlineColor",
        "offlineTitle",
        "position",
        "title",
    ];
    for (number, settings, theme, links) in [
        (
            "6",
            [].as_slice(),
            [].as_slice(),
            ["jitsi", "webrtc"].as_slice(),
        ),
        ("7", &new_in_7, &["background"], &["jitsi", "webrtc"]),
        (
            "8",
            &new_in_7,
            &["background", "hideExpandChat"],
            &["jitsi"],
        ),
    ] {
        let livechat = Livechat::with(&version(number)).await;
        let told = told(&livechat, "").await;
        assert_eq!(
            keys(&told),
            [
                "departments",
                "enabled",
                "messages",
                "online",
                "resources",
                "settings",
                "survey",
                "theme",
                "triggers",
            ]
        );
        let sorted = |a: &[&'static str], b: &[&'static str]| {
            let mut all = [a, b].concat();
            all.sort_unstable();
            all
        };
        assert_eq!(keys(&told["settings"]), sorted(&settings_of_6, settings));
        assert_eq!(keys(&told["theme"]), sorted(&theme_of_6, theme));
        assert_eq!(keys(&told["theme"]["actionLinks"]), links);
        let mut sales = json!({
            "_id": "sales", "name": "Name of sales",
            "showOnRegistration": false, "showOnOfflineForm": false,
        });
        if number != "6" {
            sales["departmentsAllowedToForward"] = json!([]);
        }
        assert_eq!(told["departments"], json!([sales]));
        let resources = json!({"sound": "http://test/sounds/chime.mp3", "emojis": []});
        assert_eq!(told["resources"], resources);
        assert_eq!(told["settings"]["limitTextLength"], false);
        assert_eq!(told["settings"]["agentHiddenInfo"], false);
        assert_eq!(told["theme"]["position"], "right");
        assert_eq!(told["triggers"], json!([]));
    }
}

#[tokio::test]
async fn what_never_changes_is_always_there() {
    let livechat = Livechat::new().await;
    let told = told(&livechat, "").await;
    assert_eq!(
        told["theme"]["actionLinks"]["jitsi"],
        json!([
            {"icon": "icon-videocam", "i18nLabel": "Accept"},
            {"icon": "icon-cancel", "i18nLabel": "Decline"},
        ])
    );
    assert_eq!(
        keys(&told["messages"]),
        [
            "conversationFinishedMessage",
            "conversationFinishedText",
            "dataProcessingConsentText",
            "offlineMessage",
            "offlineSuccessMessage",
            "offlineUnavailableMessage",
            "registrationFormMessage",
            "transcriptMessage",
        ]
    );
    assert_eq!(
        told["survey"],
        json!({
            "items": ["satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness"],
            "values": ["1", "2", "3", "4", "5"],
        })
    );
}

#[tokio::test]
async fn what_is_configured_is_told() {
    let site = "[livechat]\nsite_url = \"https://chat.example.org/\"\n";
    let livechat = Livechat::with(&format!("{site}{RICH}")).await;
    let told = told(&livechat, "").await;
    let trigger = json!({
        "_id": "t1",
        "runOnce": true,
        "conditions": [{"name": "time-on-site", "value": "5"}],
        "actions": [{"name": "send-message", "params": {"msg": "Hello", "sender": "queue"}}],
    });
    let company = json!({
        "_id": "company", "label": "Company", "required": true, "regexp": "^a", "type": "select",
        "defaultValue": "a", "options": ["a", "b"],
    });
    assert_eq!(told["customFields"], json!([company]));
    assert_eq!(told["triggers"], json!([trigger]));
    assert_eq!(told["settings"]["language"], "de");
    assert_eq!(told["settings"]["limitTextLength"], 300);
    assert_eq!(told["settings"]["transcript"], true);
    assert_eq!(told["settings"]["hiddenSystemMessages"], json!(["uj"]));
    assert_eq!(told["settings"]["visitorsCanCloseChat"], false);
    assert_eq!(told["theme"]["title"], "Shop");
    assert_eq!(told["theme"]["background"], "#ffffff");
    assert_eq!(told["theme"]["hideExpandChat"], true);
    assert_eq!(told["messages"]["offlineMessage"], "later");
    assert_eq!(told["departments"][0]["showOnRegistration"], true);
    assert_eq!(told["departments"][0]["showOnOfflineForm"], true);
    assert_eq!(
        told["resources"]["sound"],
        "https://chat.example.org/sounds/chime.mp3"
    );
}

#[tokio::test]
async fn a_known_token_brings_the_visitor_their_room_and_its_agent() {
    let livechat = Livechat::new().await;
    let unknown = told(&livechat, "?token=who").await;
    assert!(unknown.get("guest").is_none() && unknown.get("room").is_none());
    let guest = json!({"visitor": {"token": "T1", "name": "Grace", "email": "g@example.org"}});
    let guest = livechat.post("livechat/visitor", guest).await.ok();
    let known = told(&livechat, "?token=T1").await;
    let wanted = json!({
        "_id": guest["visitor"]["_id"], "name": "Grace", "username": "guest-1", "token": "T1",
        "visitorEmails": [{"address": "g@example.org"}],
    });
    assert_eq!(known["guest"], wanted);
    assert!(known.get("room").is_none() && known.get("agent").is_none());
    let room = livechat.get("livechat/room?token=T1").await.ok()["room"].take();
    let served = told(&livechat, "?token=T1").await;
    let wanted = json!({"_id": room["_id"], "servedBy": room["servedBy"], "open": true});
    assert_eq!(served["room"], wanted);
    let info = format!("livechat/agent.info/{}/T1", room["_id"].as_str().unwrap());
    assert_eq!(served["agent"], livechat.get(&info).await.ok()["agent"]);
    let close = json!({"token": "T1", "rid": room["_id"]});
    livechat.post("livechat/room.close", close).await.ok();
    let closed = told(&livechat, "?token=T1").await;
    assert!(closed.get("room").is_none() && closed.get("agent").is_none());
}

#[tokio::test]
async fn where_agents_are_hidden_it_says_so() {
    let mut api = config();
    api.show_agent_info = false;
    let livechat = Livechat::of("", vec![agent("ada", &["sales"])], api).await;
    livechat.room("T1").await;
    let told = told(&livechat, "?token=T1").await;
    assert_eq!(told["settings"]["agentHiddenInfo"], true);
    assert_eq!(told["agent"], json!({"hiddenInfo": true}));
}

#[tokio::test]
async fn online_is_of_the_department_or_of_everybody() {
    let departments = "\n[[livechat.departments]]\nname = \"help\"\nfallback = \"sales\"\n";
    let agents = || {
        vec![
            agent("ada", &["sales"]),
            unavailable(agent("bob", &["help"])),
            unavailable(agent("eve", &["night"])),
        ]
    };
    let livechat = Livechat::of(departments, agents(), config()).await;
    for (query, is_online) in [
        ("", true),
        ("?department=sales", true),
        ("?department=help", true),
        ("?department=night", false),
        ("?department=who", false),
        ("?department=", true),
    ] {
        assert_eq!(told(&livechat, query).await["online"], is_online, "{query}");
    }
    // Those whose agents are all away are still departments with agents.
    let all = told(&livechat, "").await;
    assert_eq!(all["departments"].as_array().unwrap().len(), 3);
    let accepts = "[livechat.behaviour]\naccept_chats_with_no_agents = true\n";
    let livechat = Livechat::of(accepts, agents(), config()).await;
    assert_eq!(told(&livechat, "?department=night").await["online"], true);
    let nobody = Livechat::of("", Vec::new(), config()).await;
    let told = told(&nobody, "").await;
    assert_eq!(
        (&told["online"], &told["departments"]),
        (&json!(false), &json!([]))
    );
}

#[tokio::test]
async fn the_routing_configuration_came_with_7_and_is_not_public() {
    let path = "livechat/config/routing";
    let auto = json!({"config": {
        "previewRoom": false, "showConnecting": false, "showQueue": false, "showQueueLink": true,
        "returnQueue": false, "enableTriggerAction": true, "autoAssignAgent": true,
    }});
    for number in ["7", "8"] {
        let livechat = Livechat::with(&version(number)).await;
        let rows = vec![
            get(path).not_logged_in(),
            get(path).by("nobody").gives_only(auto.clone()),
            get(path).by("ada-account").gives_only(auto.clone()),
            post(path, json!({})).nothing_there(),
        ];
        run(&livechat, rows).await;
    }
    let livechat = Livechat::with(&version("6")).await;
    run(&livechat, vec![get(path).by("admin").nothing_there()]).await;
}
