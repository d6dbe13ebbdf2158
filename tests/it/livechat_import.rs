//! `lp2rc livechat import`: the public configurations of three versions become files that load and mean
//! the same; whatever else answers there gets one sentence and exit code 21.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::Arc,
};

use lp2rc::config::{Layers, LivechatConfig, livechat::Version, load};
use serde_json::{Value, json};

use crate::program::{Finished, run};

/// Answers by path, one connection after the other, until the test ends.
fn workspace(answers: &[(&str, &str, String)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answers: Vec<_> = answers
        .iter()
        .map(|(path, head, body)| ((*path).to_owned(), (*head).to_owned(), body.clone()))
        .collect();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            let _rest = lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
            let path = first.split(' ').nth(1).unwrap();
            let answer = answers.iter().find(|(known, _, _)| known == path);
            let (head, body) = answer
                .map_or(("404 Not Found", "404 Not Found"), |(_, head, body)| {
                    (head.as_str(), body.as_str())
                });
            let length = body.len();
            // A client that has seen enough may be gone.
            let _ = write!(
                stream,
                "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    address
}

const CONFIG: &str = "/api/v1/livechat/config";

/// A workspace with this configuration and this version.
fn live(config: &Value, info: &Value) -> String {
    let config = json!({"config": config, "success": true}).to_string();
    workspace(&[
        (CONFIG, "200 OK", config),
        ("/api/info", "200 OK", info.to_string()),
    ])
}

fn import(from: &str) -> Finished {
    run(&["livechat", "import", "--from", from])
}

/// What a printed file means.
fn meaning(text: &str) -> Arc<LivechatConfig> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    let least = "[liveperson]\naccount = \"1\"\nusername = \"u\"\npassword = \"p\"\n";
    std::fs::write(&file, least).unwrap();
    std::fs::create_dir(folder.path().join("conf.d")).unwrap();
    std::fs::write(folder.path().join("conf.d/livechat.toml"), text).unwrap();
    let path = file.display().to_string();
    let check = run(&["config", "check", "--config", &path]);
    assert_eq!(check.code, 0, "{text}\n{check:?}");
    let layers = Layers {
        file: Some(file),
        ..Layers::default()
    };
    load(&layers).unwrap().config.livechat
}

/// Of 8.x, with every key that has one here, and none of them as by default.
fn newest() -> Value {
    json!({
        "enabled": true,
        "settings": {
            "registrationForm": false, "allowSwitchingDepartments": false,
            "nameFieldRegistrationForm": false, "emailFieldRegistrationForm": false,
            "displayOfflineForm": false, "videoCall": true, "fileUpload": false,
            "language": "de", "transcript": true, "historyMonitorType": "title",
            "forceAcceptDataProcessingConsent": true, "showConnecting": true,
            "agentHiddenInfo": true, "clearLocalStorageWhenChatEnded": true,
            "limitTextLength": 500, "hiddenSystemMessages": ["uj", "ul"],
            "livechatLogo": {"url": "x"}, "hideWatermark": true, "visitorsCanCloseChat": false,
        },
        "theme": {
            "title": "Ask \"us\"", "color": "#111111", "offlineTitle": "Later",
            "offlineColor": "#222222", "position": "left", "background": "#333333",
            "hideExpandChat": true, "actionLinks": {"jitsi": []},
        },
        "messages": {
            "offlineMessage": "a", "offlineSuccessMessage": "b", "offlineUnavailableMessage": "c",
            "conversationFinishedMessage": "d", "conversationFinishedText": "e",
            "transcriptMessage": "f", "registrationFormMessage": "g\nh",
            "dataProcessingConsentText": "i",
        },
        "triggers": [{
            "_id": "t1", "runOnce": true,
            "conditions": [{"name": "time-on-site", "value": "10"}],
            "actions": [{"name": "send-message", "params": {"sender": "queue", "msg": "Hi", "name": null, "n": 1.5}}],
        }],
        "departments": [
            {"_id": "d1", "name": "Sales", "showOnRegistration": true, "showOnOfflineForm": false},
            {"_id": "d2", "name": "Returns", "showOnRegistration": false, "showOnOfflineForm": true, "departmentsAllowedToForward": "d1"},
        ],
        "customFields": [
            {"_id": "plan", "label": "Plan", "regexp": "^(a|b)$", "required": true, "type": "select", "defaultValue": "a", "options": ["a", "b"]},
        ],
        "resources": {"sound": "https://chat.example.org/sounds/chime.mp3"},
        "survey": {"items": [], "values": []},
        "online": true,
    })
}

#[test]
fn everything_public_of_the_newest_version_is_copied() {
    let done = import(&live(
        &newest(),
        &json!({"version": "8.5", "success": true}),
    ));
    assert_eq!(done.code, 0, "{done:?}");
    let config = meaning(&done.stdout);
    assert_eq!(config.version, Version::V8);
    let settings = &config.settings;
    assert!(!settings.registration_form && !settings.allow_switching_departments);
    assert!(!settings.name_field_registration_form && !settings.email_field_registration_form);
    assert!(!settings.display_offline_form && settings.video_call && !settings.file_upload);
    assert!(settings.transcript && settings.force_accept_data_processing_consent);
    assert!(settings.show_connecting && settings.clear_local_storage_when_chat_ended);
    assert!(settings.hide_watermark);
    assert_eq!(
        (settings.language.as_str(), settings.limit_text_length),
        ("de", 500)
    );
    assert_eq!(settings.history_monitor_type, "title");
    assert!(!config.behaviour.visitors_can_close);
    assert_eq!(config.behaviour.hidden_system_messages, ["uj", "ul"]);
    let theme = &config.theme;
    assert_eq!(
        (theme.title.as_str(), theme.color.as_str()),
        ("Ask \"us\"", "#111111")
    );
    assert_eq!(
        (theme.offline_title.as_str(), theme.offline_color.as_str()),
        ("Later", "#222222")
    );
    assert_eq!(
        (theme.position.as_str(), theme.background.as_str()),
        ("left", "#333333")
    );
    assert!(theme.hide_expand_chat);
    let texts = &config.messages;
    let said = [
        &texts.offline_message,
        &texts.offline_success_message,
        &texts.offline_unavailable_message,
        &texts.conversation_finished_message,
        &texts.conversation_finished_text,
        &texts.transcript_message,
        &texts.registration_form_message,
        &texts.data_processing_consent_text,
    ];
    assert_eq!(said, ["a", "b", "c", "d", "e", "f", "g\nh", "i"]);
    let shown: Vec<_> = config
        .departments
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.show_on_registration,
                one.show_on_offline_form,
            )
        })
        .collect();
    assert_eq!(shown, [("Sales", true, false), ("Returns", false, true)]);
    let field = &config.custom_fields[0];
    assert_eq!((field.id.as_str(), field.label.as_str()), ("plan", "Plan"));
    assert_eq!(
        (field.kind.as_str(), field.regexp.as_str()),
        ("select", "^(a|b)$")
    );
    assert!(field.public && field.required);
    assert_eq!(
        (field.default_value.as_str(), field.options.len()),
        ("a", 2)
    );
    let trigger = &config.triggers[0];
    assert!(trigger.run_once);
    let actions = serde_json::to_value(&trigger.actions).unwrap();
    let params = json!({"sender": "queue", "msg": "Hi", "n": 1.5});
    assert_eq!(actions, json!([{"name": "send-message", "params": params}]));
    let conditions = serde_json::to_value(&trigger.conditions).unwrap();
    assert_eq!(conditions, newest()["triggers"][0]["conditions"]);
    for left in ["livechatLogo", "api.show_agent_info"] {
        assert!(done.stderr.contains(left), "{}", done.stderr);
    }
    assert!(done.stdout.contains("not public"), "{}", done.stdout);
}

#[test]
fn older_versions_say_less_and_strange_values_are_told_and_left() {
    let oldest = json!({
        "enabled": true,
        "settings": {"registrationForm": true, "limitTextLength": false, "language": "en"},
        "theme": {"title": "Old", "actionLinks": [{"icon": "icon-videocam"}]},
        "messages": {"offlineMessage": null},
        "triggers": [], "departments": [], "online": false,
    });
    let done = import(&live(
        &oldest,
        &json!({"info": {"version": "6.13.1"}, "success": true}),
    ));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.stderr, "");
    let config = meaning(&done.stdout);
    assert_eq!(config.version, Version::V6);
    assert_eq!(
        (
            config.theme.title.as_str(),
            config.settings.limit_text_length
        ),
        ("Old", 0)
    );
    let strange = json!({
        "enabled": true,
        "settings": {"registrationForm": "yes", "historyMonitorType": "all", "limitTextLength": -1},
        "theme": {"position": "middle", "title": 5},
        "departments": [{"name": "A"}, {"name": "A"}, {"_id": "x"}, 7],
        "customFields": [
            {"_id": "a b"}, {"label": "L"}, {"_id": "c", "regexp": "(?=x)", "type": "select"},
            {"_id": "d", "type": "date", "options": "x, y,"},
        ],
        "triggers": [{"actions": []}, {"_id": "t", "actions": ["x"], "conditions": 5}],
    });
    let done = import(&live(&strange, &json!({"version": "12.0"})));
    assert_eq!(done.code, 0, "{done:?}");
    let config = meaning(&done.stdout);
    assert_eq!(config.version, Version::V8, "the default");
    assert_eq!((config.departments.len(), config.triggers.len()), (1, 1));
    let ids: Vec<_> = config
        .custom_fields
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(ids, ["c", "d"]);
    assert_eq!(config.custom_fields[1].options, ["x", "y"]);
    let told = [
        "registrationForm",
        "historyMonitorType",
        "limitTextLength",
        "position",
        "title",
        "department A",
        "a department",
        "custom field a b",
        "regexp of custom field c",
        "type of custom field c",
        "trigger",
        "12 is none of 6, 7 and 8",
    ];
    for left in told {
        assert!(done.stderr.contains(left), "{left}: {}", done.stderr);
    }
    let off = import(&live(
        &json!({"enabled": false}),
        &json!({"version": "7.1"}),
    ));
    assert!(!meaning(&off.stdout).enabled);
    assert!(off.stderr.contains("switched off there"), "{off:?}");
}

#[test]
fn a_hidden_version_is_not_copied_and_hostile_texts_stay_texts() {
    let config = json!({
        "enabled": true,
        "theme": {"title": "\"\n[state]\ndir = \"/\"\u{7}"},
        "departments": [{"name": "\u{1b}[31m\"\n"}],
    });
    let config = json!({"config": config, "success": true}).to_string();
    let done = import(&workspace(&[(CONFIG, "200 OK", config)]));
    assert_eq!(done.code, 0, "{done:?}");
    assert!(
        done.stderr.contains("the version was not found out"),
        "{done:?}"
    );
    let config = meaning(&done.stdout);
    assert_eq!(config.theme.title, "\"\n[state]\ndir = \"/\"\u{7}");
    assert_eq!(config.departments[0].name, "\u{1b}[31m\"\n");
    assert!(!done.stdout.contains('\u{1b}'), "{}", done.stdout);
}

#[test]
fn a_file_is_written_once_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("livechat.toml").display().to_string();
    let from = live(&newest(), &json!({"version": "8.5"}));
    let words = ["livechat", "import", "--from", &from, "--out", &out];
    let done = run(&words);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{done:?}");
    let written = std::fs::read_to_string(&out).unwrap();
    assert!(meaning(&written).enabled);
    let again = run(&words);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.stderr.contains(&out), "{again:?}");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), written);
}

#[test]
fn what_is_no_workspace_gets_one_sentence() {
    let page = "<html>".to_owned();
    let huge = " ".repeat(5 * 1024 * 1024);
    let answers = [
        (
            workspace(&[(CONFIG, "200 OK", page)]),
            21,
            "not Rocket.Chat's",
        ),
        (
            workspace(&[(CONFIG, "200 OK", "{}".to_owned())]),
            21,
            "not Rocket.Chat's",
        ),
        (
            workspace(&[(CONFIG, "200 OK", huge)]),
            21,
            "larger than 4 MiB",
        ),
        (
            workspace(&[(
                CONFIG,
                "302 Found\r\nlocation: http://127.0.0.1:1/",
                String::new(),
            )]),
            21,
            "points elsewhere",
        ),
        (workspace(&[]), 21, "404"),
        ("http://127.0.0.1:1".to_owned(), 21, "check the address"),
        ("chat.example.org".to_owned(), 2, "https://chat.example.org"),
        ("file:///etc".to_owned(), 2, "https://"),
        (
            "https://me:hunter2@127.0.0.1:1".to_owned(),
            2,
            "must not carry",
        ),
    ];
    for (from, code, why) in answers {
        let done = import(&from);
        assert_eq!(
            (done.code, done.stdout.as_str()),
            (code, ""),
            "{from}: {done:?}"
        );
        assert!(done.stderr.contains(why), "{from}: {done:?}");
        assert!(!done.stderr.contains("hunter2"), "{done:?}");
    }
}
