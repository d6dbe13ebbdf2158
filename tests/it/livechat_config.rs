//! `[livechat]`: the example of its lists loads, and each mistake gets one sentence.

use lp2rc::config::{ConfigError, Layers, Loaded, load};

const LEAST: &str =
    "[liveperson]\naccount = \"12345678\"\nusername = \"bridge\"\npassword = \"p\"\n";

/// Loads the least that is needed, with `text` as a file of conf.d.
fn loaded(text: &str) -> Result<Loaded, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lp2rc.toml");
    let more = folder.path().join("conf.d");
    std::fs::create_dir(&more).unwrap();
    std::fs::write(&file, LEAST).unwrap();
    std::fs::write(more.join("livechat.toml"), text).unwrap();
    load(&Layers {
        file: Some(file),
        ..Layers::default()
    })
}

#[test]
fn the_example_of_its_lists_loads_and_shows_each_key() {
    let text = std::fs::read_to_string("config/livechat.example.toml").unwrap();
    let config = loaded(&text).unwrap().config.livechat;
    assert_eq!(config.departments.len(), 2);
    assert_eq!(config.custom_fields.len(), 1);
    assert_eq!(config.triggers.len(), 1);
    assert_eq!(config.accounts.len(), 1);
    let given: toml::Table = text.parse().unwrap();
    let keys = |list: &str| {
        let first = given["livechat"][list][0].as_table().unwrap();
        first.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        keys("departments"),
        "email fallback name show_on_offline_form show_on_registration tags_required"
    );
    assert_eq!(
        keys("custom_fields"),
        "default_value id label options public regexp required scope searchable type"
    );
    assert_eq!(keys("triggers"), "actions conditions id run_once");
    assert_eq!(
        keys("accounts"),
        "agent email name roles token_hash username",
        "the password's hash is shown as a comment"
    );
}

/// What is typed, and two pieces of the sentence it gets.
type Mistake = (&'static str, &'static str, &'static str);

const PLAIN: [Mistake; 13] = [
    (
        "[livechat]\nrocketchat_version = \"9\"",
        "`livechat.rocketchat_version`",
        "\"6\", \"7\" or \"8\"",
    ),
    (
        "[livechat]\nagent_gone = \"drop\"",
        "`livechat.agent_gone`",
        "\"requeue\"",
    ),
    (
        "[livechat]\nsite_url = \"chat.example.org\"",
        "`livechat.site_url`",
        "https://",
    ),
    (
        "[livechat]\nmax_body = 10",
        "`livechat.max_body`",
        "1024 bytes",
    ),
    (
        "[livechat]\ncolour = 1",
        "`livechat.colour`",
        "is not a setting",
    ),
    (
        "[livechat.settings]\nvideoCall = true",
        "`livechat.settings.videoCall`",
        "is not a setting",
    ),
    (
        "[livechat.settings]\nhistory_monitor_type = \"all\"",
        "`livechat.settings.history_monitor_type`",
        "\"title\"",
    ),
    (
        "[livechat.theme]\nposition = \"middle\"",
        "`livechat.theme.position`",
        "\"left\"",
    ),
    (
        "[livechat.behaviour]\nmax_message_size = 0",
        "`livechat.behaviour.max_message_size`",
        "at least 1",
    ),
    (
        "[livechat.behaviour]\noffline_email = \"desk\"",
        "`livechat.behaviour.offline_email`",
        "not an address",
    ),
    (
        "[livechat.files]\nmax_size = 0",
        "`livechat.files.max_size`",
        "-1",
    ),
    (
        "[livechat.retention]\nsweep_every = \"1ms\"",
        "`livechat.retention.sweep_every`",
        "at least 100ms",
    ),
    (
        "[livechat.retention]\nvisitors = \"90 days\"",
        "`livechat.retention.visitors`",
        "not a duration",
    ),
];

const LIMITS: [Mistake; 9] = [
    (
        "[livechat.realtime]\nping_every = \"2m\"",
        "`livechat.realtime.ping_every`",
        "shorter than `idle_timeout`",
    ),
    (
        "[livechat.realtime]\nmax_queue = 0",
        "`livechat.realtime.max_queue`",
        "at least 1",
    ),
    (
        "[livechat.mail]\ndelivery = \"post\"",
        "`livechat.mail.delivery`",
        "\"outbox\"",
    ),
    (
        "[livechat.mail]\ndelivery = \"outbox\"",
        "`livechat.mail.from`",
        "is missing",
    ),
    (
        "[livechat.mail]\ndelivery = \"smtp\"\nfrom = \"a@example.org\"",
        "`livechat.mail.host`",
        "name the mail server",
    ),
    (
        "[livechat.mail]\ndelivery = \"smtp\"\nhost = \"m\"\nsecurity = \"ssl\"",
        "`livechat.mail.security`",
        "\"starttls\"",
    ),
    (
        "[livechat.mail]\ndelivery = \"smtp\"\nhost = \"m\"\npassword = \"hunter2\"",
        "`livechat.mail.username`",
        "beside a password",
    ),
    (
        "[livechat.mail]\npassword = 20261121",
        "`livechat.mail.password`",
        "text in quotes",
    ),
    (
        "[livechat.mail]\nport = 70000",
        "`livechat.mail.port`",
        "u16",
    ),
];

const LISTS: [Mistake; 14] = [
    (
        "[[livechat.departments]]\nemail = \"a@example.org\"",
        "`livechat.departments`",
        "has no `name`",
    ),
    (
        "[[livechat.departments]]\nname = \"A\"\n[[livechat.departments]]\nname = \"A\"",
        "`livechat.departments`",
        "\"A\" is given twice",
    ),
    (
        "[[livechat.triggers]]\nrun_once = true",
        "`livechat.triggers`",
        "has no `id`",
    ),
    (
        "[[livechat.custom_fields]]\nlabel = \"Plan\"",
        "`livechat.custom_fields`",
        "has no `id`",
    ),
    (
        "[[livechat.custom_fields]]\nid = \"a b\"",
        "`livechat.custom_fields`",
        "letters, digits",
    ),
    (
        "[[livechat.custom_fields]]\nid = \"a\"\n[[livechat.custom_fields]]\nid = \"a\"",
        "`livechat.custom_fields`",
        "given twice",
    ),
    (
        "[[livechat.custom_fields]]\nid = \"a\"\nregexp = \"(\"",
        "`livechat.custom_fields`",
        "cannot be read",
    ),
    (
        "[[livechat.custom_fields]]\nid = \"a\"\ntype = \"date\"",
        "`livechat.custom_fields`",
        "\"select\"",
    ),
    (
        "[[livechat.custom_fields]]\nid = \"a\"\ntype = \"select\"",
        "`livechat.custom_fields`",
        "without options",
    ),
    (
        "[[livechat.custom_fields]]\nid = \"a\"\nscope = \"agent\"",
        "`livechat.custom_fields[0].scope`",
        "`room`",
    ),
    (
        "[[livechat.accounts]]\nusername = \"a\"",
        "`livechat.accounts`",
        "lp2rc livechat hash",
    ),
    (
        "[[livechat.accounts]]\nusername = \"a\"\npassword_hash = \"hunter2\"",
        "`livechat.accounts`",
        "is not one",
    ),
    (
        "[[livechat.accounts]]\nusername = \"a\"\ntoken_hash = \"hunter2\"",
        "`livechat.accounts`",
        "hexadecimal",
    ),
    (
        "[[livechat.accounts]]\nusername = \"a\"\nroles = [\"boss\"]",
        "`livechat.accounts[0].roles[0]`",
        "livechat-manager",
    ),
];

#[test]
fn each_mistake_gets_one_sentence_that_names_key_and_place() {
    for (text, place, why) in PLAIN.into_iter().chain(LIMITS).chain(LISTS) {
        let error = loaded(text).unwrap_err().to_string();
        assert!(
            error.contains(place) && error.contains(why),
            "{text}\n -> {error}"
        );
        // What is missing is nowhere.
        let key = place.trim_matches('`').rsplit('.').next().unwrap();
        let key = key.split('[').next().unwrap();
        assert!(
            error.contains("livechat.toml") || !text.contains(key),
            "{text}\n -> {error}"
        );
        assert!(!error.contains('\n'), "one sentence: {error}");
        for secret in ["20261121", "hunter2"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
}
