//! Bytes to lists, and lists to agents, by tables; the exchanges are proved at the wire.

use std::sync::Arc;

use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    AccountConfig, List, Right,
    decode::{self, ListError},
};
use crate::{
    domain::{Capacity, Presence, Skill, SkillId, SourceAgent, SourceId, StaticHalf},
    liveperson::decode::DecodeError,
};

/// What [`decode::users`] made of a body: e-mails by id, the departed, used and skipped.
fn sketch(body: &str) -> Result<String, ListError> {
    let users = decode::users(body.as_bytes())?;
    let mails = (0..10).filter_map(|id: u32| {
        let email = users.email(&SourceId::new(id.to_string()), None)?;
        Some(format!("{id}={email}"))
    });
    let mails: Vec<_> = mails.collect();
    let departed: Vec<_> = users.departed.iter().map(SourceId::as_str).collect();
    Ok(format!(
        "{} -{} {}+{}",
        mails.join(","),
        departed.join(","),
        users.count,
        users.skipped
    ))
}

#[test]
fn users_are_read_in_every_documented_writing() {
    let cases = [
        (
            r#"[{"id":1,"email":"a@x","deleted":false,"isEnabled":true}]"#,
            "1=a@x - 1+0",
        ),
        (
            r#"[{"id":"1","email":"a@x","deleted":"false","isEnabled":"true"}]"#,
            "1=a@x - 1+0",
        ),
        // One object instead of a list of one, a BOM, blanks.
        ("\u{feff} {\"id\":1,\"email\":\" a@x \"} ", "1=a@x - 1+0"),
        // Disabled: the address stays known. Deleted: not even that.
        (
            r#"[{"id":1,"email":"a@x","isEnabled":false},{"id":2,"email":"b@x","deleted":true}]"#,
            "1=a@x -1,2 2+0",
        ),
        (
            r#"[{"id":1,"isEnabled":"FALSE"},{"id":2,"deleted":"1"},{"id":3,"isEnabled":0}]"#,
            " -1,2,3 3+0",
        ),
        // What cannot be read says nothing.
        (
            r#"[{"id":1,"deleted":"perhaps","isEnabled":null,"email":""}]"#,
            " - 1+0",
        ),
        (
            r#"[{"id":1,"email":["a@x","b@x"],"skillIds":7},{"id":2,"email":{"$":"c@x"},"skillIds":[7,"8"]}]"#,
            "1=a@x,2=c@x - 2+0",
        ),
        // Bad entries are skipped, whatever they are.
        (
            r#"[{"id":1,"email":"a@x"},{},7,"x",null,true,1.5,-1,[{"id":3}],{"id":null},{"id":""}]"#,
            "1=a@x - 1+10",
        ),
        // Of a repeated id and of a repeated member the first counts.
        (
            r#"[{"id":1,"email":"a@x","email":"b@x"},{"id":"1","email":"c@x","deleted":true}]"#,
            "1=a@x - 1+1",
        ),
        // Names of members are case-sensitive, unknown ones are read over.
        (
            r#"[{"Id":9,"id":2.0,"memberOf":{"agentGroupId":"3","id":4},"EMAIL":"a@x"}]"#,
            " - 1+0",
        ),
    ];
    for (body, expect) in cases {
        assert_eq!(sketch(body).as_deref(), Ok(expect), "{body}");
    }
}

#[test]
fn what_is_no_list_is_told_without_quoting_it() {
    let cases: [(&[u8], ListError); 11] = [
        (b"", ListError::Document(DecodeError::Empty)),
        (b" \n", ListError::Document(DecodeError::Empty)),
        (b"null", ListError::Document(DecodeError::NeitherFormat)),
        (b"<html>leak@x", ListError::Document(DecodeError::WebPage)),
        (b"<users/>", ListError::Xml),
        (b"[{\"id\":1", ListError::Document(DecodeError::Truncated)),
        (
            b"[{\"id\":1,\"email\":leak@x}]",
            ListError::Document(DecodeError::Malformed {
                place: "line 1 column 18".to_owned(),
            }),
        ),
        (
            b"[{\"id\":1}]leak",
            ListError::Document(DecodeError::Malformed {
                place: "line 1 column 11".to_owned(),
            }),
        ),
        (
            b"[\"\xff\"]",
            ListError::Document(DecodeError::NotUtf8 { at: 2 }),
        ),
        (b"{\"error\":{\"message\":\"leak\"}}", ListError::NoIds(1)),
        (b"[]", ListError::Nobody),
    ];
    for (body, expect) in cases {
        let error = decode::users(body).err();
        assert_eq!(error, Some(expect), "{}", String::from_utf8_lossy(body));
        assert!(!error.unwrap().to_string().contains("leak"));
    }
    let deep = format!("[{{\"id\":{}", "[".repeat(200));
    let error = decode::users(deep.as_bytes()).err();
    assert_eq!(error, Some(ListError::Document(DecodeError::TooDeep)));
    // An account may well have no skills.
    let none = decode::names(b"[]").unwrap();
    assert_eq!((none.count(), none.skipped), (0, 0));
}

#[test]
fn names_are_read_by_id_and_the_deleted_keep_theirs() {
    let body = br#"[{"id":4,"name":"Billing","deleted":"true"},{"id":"-1","name":7},{"id":5},{"name":"x"},{"id":4,"name":"Later"}]"#;
    let names = decode::names(body).unwrap();
    assert_eq!((names.count(), names.skipped), (3, 2));
    let cases = [
        ("4", Some("Billing")),
        ("-1", Some("7")),
        ("5", None),
        ("6", None),
    ];
    for (id, expect) in cases {
        assert_eq!(names.name(id), expect, "{id}");
    }
}

/// The same document with every scalar in quotes.
fn quoted(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => Value::String(flag.to_string()),
        Value::Number(number) => Value::String(number.to_string()),
        Value::Array(items) => items.iter().map(quoted).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, value)| (name.clone(), quoted(value)))
                .collect()
        }
        Value::Null | Value::String(_) => value.clone(),
    }
}

fn some_user() -> impl Strategy<Value = Value> {
    let flag = || proptest::option::of(any::<bool>());
    (0..10u32, flag(), flag(), "[a-z]{0,3}", any::<bool>()).prop_map(
        |(id, deleted, enabled, email, has_id)| {
            let mut user = json!({ "email": email, "loginName": id });
            for (name, value) in [("deleted", deleted), ("isEnabled", enabled)] {
                if let Some(value) = value {
                    user[name] = json!(value);
                }
            }
            if has_id {
                user["id"] = json!(id);
            }
            user
        },
    )
}

proptest! {
    #[test]
    fn quoted_and_unquoted_writings_decode_alike(users in proptest::collection::vec(some_user(), 0..12)) {
        let users = Value::Array(users);
        let plain = sketch(&users.to_string());
        prop_assert_eq!(&plain, &sketch(&quoted(&users).to_string()));
        let count = |value: &Value| {
            let names = decode::names(value.to_string().as_bytes());
            names.map(|names| (names.count(), names.skipped))
        };
        prop_assert_eq!(count(&users), count(&quoted(&users)));
    }

    #[test]
    fn any_bytes_give_a_list_or_one_sentence(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (decode::users(&body).is_ok(), decode::names(&body).is_ok());
    }
}

fn agent(id: &str) -> SourceAgent {
    SourceAgent {
        id: SourceId::new(id),
        login: Some(format!("Login{id}")),
        display_name: None,
        email: None,
        presence: Presence::Online,
        voice: Presence::Offline,
        capacity: Capacity::Unlimited,
        load: 0,
        skills: Vec::new(),
        group_id: None,
        group_name: None,
        privilege_group: None,
    }
}

fn skill(id: &str, name: Option<&str>) -> Skill {
    Skill {
        id: SkillId::new(id),
        name: name.map(str::to_owned),
    }
}

fn held<T>(list: T, revision: Option<&str>) -> List<T> {
    List {
        held: Some(list),
        revision: revision.map(str::to_owned),
        refused: None,
    }
}

fn refused<T>() -> List<T> {
    List {
        refused: Some(SecretString::from("bearer")),
        ..List::default()
    }
}

/// Three lists that were read, all at one revision.
fn read() -> AccountConfig {
    let users = br#"[{"id":1,"loginName":"login1","email":"a@x"},{"id":2,"loginName":"other","email":"b@x"},{"id":3,"email":"c@x","isEnabled":"false"},{"id":4,"deleted":true}]"#;
    let skills = br#"[{"id":2,"name":"Sales"},{"id":4,"name":"Billing"}]"#;
    let groups = br#"[{"id":-1,"name":"Main Group"}]"#;
    AccountConfig {
        wanted: true,
        users: held(decode::users(users).unwrap(), Some("12")),
        skills: held(decode::names(skills).unwrap(), Some("12")),
        groups: held(decode::names(groups).unwrap(), Some("12")),
        ..AccountConfig::default()
    }
}

#[test]
fn what_the_answer_left_out_is_filled_in_and_its_own_words_stay() {
    // The agent of the answer, and what becomes of them.
    let mut cases = Vec::new();
    let mut whole = agent("1");
    whole.email = Some("own@x".to_owned());
    whole.skills = vec![skill("2", Some("Vente"))];
    (whole.group_id, whole.group_name) = (Some("-1".to_owned()), Some("Haupt".to_owned()));
    cases.push(("nothing to do", whole.clone(), whole));

    let mut bare = agent("1");
    bare.skills = vec![skill("2", None), skill("3", None), skill("4", Some("Own"))];
    bare.group_id = Some("-1".to_owned());
    let mut filled = bare.clone();
    filled.email = Some("a@x".to_owned());
    filled.skills[0].name = Some("Sales".to_owned());
    filled.group_name = Some("Main Group".to_owned());
    cases.push(("all of it", bare, filled));

    cases.push((
        "another login name: perhaps another id",
        agent("2"),
        agent("2"),
    ));
    let mut nameless = agent("2");
    nameless.login = None;
    let mut addressed = nameless.clone();
    addressed.email = Some("b@x".to_owned());
    cases.push(("no login name", nameless, addressed));
    let mut disabled = agent("3");
    disabled.email = Some("c@x".to_owned());
    cases.push(("no login name in the list, disabled", agent("3"), disabled));
    cases.push(("a stranger", agent("9"), agent("9")));

    for (name, given, expect) in cases {
        let mut agents = [given];
        let half = read().fill(&mut agents);
        assert_eq!(agents, [expect], "{name}");
        // Whom the poll shows has not departed, whatever the older list says.
        let mut departed = vec!["3", "4"];
        departed.retain(|id| *id != agents[0].id.as_str());
        assert_eq!(half, known(Some("12"), &departed), "{name}");
    }
}

fn known(revision: Option<&str>, departed: &[&str]) -> StaticHalf {
    let departed = departed.iter().map(|id| SourceId::new(*id)).collect();
    StaticHalf::Known {
        revision: revision.map(str::to_owned),
        departed: Arc::new(departed),
    }
}

fn right(
    users: Option<usize>,
    skills: Option<usize>,
    groups: Option<usize>,
    revision: Option<&str>,
) -> Right {
    Right::Read {
        users,
        skills,
        groups,
        revision: revision.map(str::to_owned),
    }
}

#[test]
fn what_is_known_decides_what_is_said_about_the_rest() {
    let (four, two, one) = (Some(4), Some(2), Some(1));
    let all = ["3", "4"];
    let with = |change: fn(&mut AccountConfig)| {
        let mut config = read();
        change(&mut config);
        config
    };
    let cases = [
        (
            "switched off",
            AccountConfig::default(),
            StaticHalf::Off,
            Right::Off,
        ),
        (
            "switched off after having been read",
            with(|config| config.wanted = false),
            StaticHalf::Off,
            Right::Off,
        ),
        (
            "not read yet",
            with(|config| {
                *config = AccountConfig {
                    wanted: true,
                    ..AccountConfig::default()
                }
            }),
            StaticHalf::Unreadable,
            Right::Unknown,
        ),
        (
            "half read",
            with(|config| config.groups = List::default()),
            StaticHalf::Unreadable,
            Right::Unknown,
        ),
        (
            "read",
            read(),
            known(Some("12"), &all),
            right(four, two, one, Some("12")),
        ),
        (
            "read, and the last try failed: what was known stands",
            with(|config| config.failure = Some("why".to_owned())),
            known(Some("12"), &all),
            Right::Failed("why".to_owned()),
        ),
        (
            "the oldest revision counts, by number",
            with(|config| config.skills.revision = Some("9".to_owned())),
            known(Some("9"), &all),
            right(four, two, one, Some("9")),
        ),
        (
            "a list without a revision: nothing can be said",
            with(|config| config.skills.revision = None),
            known(None, &all),
            right(four, two, one, None),
        ),
        (
            "no right to one of them",
            with(|config| config.users = refused()),
            known(Some("12"), &[]),
            right(None, two, one, Some("12")),
        ),
        (
            "no right to any",
            with(|config| {
                config.users = refused();
                (config.skills, config.groups) = (refused(), refused());
            }),
            StaticHalf::Off,
            Right::Refused,
        ),
        (
            "no right to one, and another not read yet",
            with(|config| {
                config.users = refused();
                config.skills = List::default();
            }),
            StaticHalf::Unreadable,
            Right::Unknown,
        ),
    ];
    for (name, mut config, half, expect) in cases {
        assert_eq!(config.fill(&mut []), half, "{name}");
        assert_eq!(config.right(), expect, "{name}");
    }
}

#[test]
fn one_refusal_keeps_what_is_held_and_the_next_login_s_refusal_ends_it() {
    let (first, second) = (SecretString::from("1"), SecretString::from("2"));
    let mut list = held(7, Some("12"));
    assert!(list.refuse(&first), "news");
    assert_eq!((list.held, list.revision.as_deref()), (Some(7), Some("12")));
    assert!(!list.refuse(&second), "no news");
    assert_eq!((list.held, list.revision.as_deref()), (None, None));
    assert!(list.is_settled());

    let mut list = held(7, Some("12"));
    list.refuse(&first);
    list.take(8, Some("13".to_owned()));
    assert!(list.refuse(&second), "news again");
    assert_eq!(list.held, Some(8));
}
