//! Our own configuration, copied by `lp2rc livechat import` from a running bridge, shows the same again:
//! in each version, with nothing as by default.

use serde_json::Value;

use crate::{livechat_world::Livechat, program::run};

const OURS: &str = r##"
[livechat]
rocketchat_version = "VERSION"
[livechat.behaviour]
visitors_can_close = false
hidden_system_messages = ["uj"]
[livechat.settings]
registration_form = false
allow_switching_departments = false
video_call = true
language = "de"
transcript = true
history_monitor_type = "title"
limit_text_length = 300
hide_watermark = true
[livechat.theme]
title = "Ask \"us\""
color = "#123456"
position = "left"
background = "#654321"
hide_expand_chat = true
[livechat.messages]
offline_message = "Later,\nplease"
data_processing_consent_text = "We keep it."
[[livechat.departments]]
name = "sales"
show_on_registration = true
[[livechat.custom_fields]]
id = "plan"
label = "Plan"
public = true
required = true
regexp = "^(a|b)$"
type = "select"
default_value = "a"
options = ["a", "b"]
[[livechat.triggers]]
id = "greet"
run_once = true
conditions = [{ name = "time-on-site", value = "10" }]
actions = [{ name = "send-message", params = { sender = "queue", msg = "Hi" } }]
"##;

/// What the bridge's clients are told.
async fn shown(livechat: &Livechat) -> Value {
    livechat.get("livechat/config").await.ok()["config"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_from_ourselves_shows_the_same() {
    for version in ["6", "7", "8"] {
        let first = Livechat::with(&OURS.replace("VERSION", version)).await;
        let from = format!("http://{}", first.address);
        let copied =
            tokio::task::spawn_blocking(move || run(&["livechat", "import", "--from", &from]));
        let copied = copied.await.unwrap();
        assert_eq!(copied.code, 0, "{copied:?}");
        let info = "rocketchat_version = \"8\"";
        let ours = format!("rocketchat_version = \"{version}\"");
        assert!(
            copied.stdout.contains(info) || copied.stdout.contains(&ours),
            "{copied:?}"
        );
        // Whatever /api/info says of the release, the shapes to compare are those of this version.
        let second = Livechat::with(&copied.stdout.replace(info, &ours)).await;
        let (before, after) = (shown(&first).await, shown(&second).await);
        assert_eq!(before["theme"]["title"], "Ask \"us\"", "{before}");
        assert_eq!(
            before["departments"].as_array().map(Vec::len),
            Some(1),
            "{before}"
        );
        assert_eq!(
            before["customFields"].as_array().map(Vec::len),
            Some(1),
            "{before}"
        );
        assert_eq!(
            before["triggers"].as_array().map(Vec::len),
            Some(1),
            "{before}"
        );
        assert_eq!(after, before);
    }
}
