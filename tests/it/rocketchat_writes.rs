//! Each write as the exact calls that it is, by release.

use std::collections::BTreeMap;

use lp2rc::{
    domain::{
        DepartmentId, Owner, SourceId, TargetId, Write, Written,
        change::{DepartmentRef, Member, NewDepartment, NewUser, Profile, UserRef},
        moving::Login,
        target::SettingValue,
    },
    ports::{Target, TargetFault},
};
use serde_json::json;

use crate::rocketchat_server::{
    Reply, Server, TOKEN, USER_ID, bare, info, json as answer, ok, refusal,
};

pub(crate) fn ada() -> UserRef {
    user("ada", "u1")
}

pub(crate) fn user(username: &str, id: &str) -> UserRef {
    UserRef {
        source_id: SourceId::new("7"),
        username: username.to_owned(),
        id: Some(TargetId::new(id)),
    }
}

pub(crate) fn sales() -> DepartmentRef {
    DepartmentRef {
        name: "Sales".to_owned(),
        id: Some(DepartmentId::new("d1")),
    }
}

pub(crate) fn member(username: &str, id: &str, count: i64) -> Member {
    Member {
        user: user(username, id),
        count,
        order: 2,
    }
}

pub(crate) fn new_user(login: Login) -> NewUser {
    NewUser {
        user: UserRef { id: None, ..ada() },
        name: "Ada L.".to_owned(),
        email: "ada@example.org".to_owned(),
        verified: true,
        custom_fields: BTreeMap::from([("lpAgentId".to_owned(), "7".to_owned())]),
        login,
    }
}

pub(crate) fn new_sales() -> NewDepartment {
    NewDepartment {
        name: "Sales".to_owned(),
        email: "sales@example.org".to_owned(),
        show_on_registration: true,
    }
}

/// Plays a write against these replies: what came of it, and what was asked.
async fn play(write: &Write, replies: Vec<Reply>) -> (Result<Written, TargetFault>, Vec<String>) {
    let server = Server::start(replies).await;
    let (client, _) = server.client();
    let done = client.write(write).await;
    (done.map_err(|error| error.fault), server.lines())
}

/// The same, for a write that does all that is asked and gives nothing.
async fn check(write: Write, replies: Vec<Reply>, expect: &[&str]) {
    let (done, lines) = play(&write, replies).await;
    assert_eq!(done, Ok(Written::Plain), "{}: {lines:?}", write.word());
    assert_eq!(lines, expect, "{}", write.word());
}

#[tokio::test]
async fn a_user_is_created_with_a_password_that_nobody_knows() {
    let made = r#"{"user":{"_id":"u9","username":"ada"},"success":true}"#;
    let mut passwords = Vec::new();
    for (login, by_mail) in [
        (Login::Sso, false),
        (Login::ResetMail, false),
        (Login::RequireChange, true),
    ] {
        let server = Server::start([answer(200, made)]).await;
        let (client, _) = server.client();
        let done = client.write(&Write::CreateUser(new_user(login))).await;
        assert_eq!(done.unwrap(), Written::User(TargetId::new("u9")));
        let asked = server.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].line, "POST /api/v1/users.create");
        for header in [
            "accept: application/json".to_owned(),
            "content-type: application/json".to_owned(),
            format!("user-agent: lp2rc/{}", env!("CARGO_PKG_VERSION")),
            format!("x-auth-token: {TOKEN}"),
            format!("x-user-id: {USER_ID}"),
        ] {
            assert!(asked[0].headers.contains(&header), "{:?}", asked[0].headers);
        }
        let mut body = asked[0].json();
        let password = body["password"].take().as_str().unwrap().to_owned();
        assert!(password.len() >= 40);
        passwords.push(password);
        assert_eq!(
            body,
            json!({
                "email": "ada@example.org",
                "name": "Ada L.",
                "username": "ada",
                "password": null,
                "verified": true,
                "setRandomPassword": by_mail,
                "requirePasswordChange": by_mail,
                "sendWelcomeEmail": by_mail,
                "joinDefaultChannels": false,
                "customFields": { "lpAgentId": "7" },
            })
        );
    }
    passwords.sort();
    passwords.dedup();
    assert_eq!(passwords.len(), 3);
}

#[tokio::test]
async fn facts_of_users_are_one_call() {
    check(
        Write::SendResetMail {
            user: ada(),
            email: "ada@example.org".to_owned(),
        },
        vec![ok()],
        &[r#"POST /api/v1/users.forgotPassword {"email":"ada@example.org"}"#],
    )
    .await;
    for (active, word) in [(true, "true"), (false, "false")] {
        let expect = format!(
            r#"POST /api/v1/users.setActiveStatus {{"activeStatus":{word},"userId":"u1"}}"#
        );
        let write = Write::SetActive {
            user: ada(),
            active,
        };
        check(write, vec![ok()], &[&expect]).await;
    }
    let set = Profile {
        name: Some("Ada K.".to_owned()),
        email: Some("k@example.org".to_owned()),
        custom_fields: None,
    };
    let update = |set| Write::UpdateUser {
        user: ada(),
        set,
        was: Profile::default(),
    };
    check(
        update(set),
        vec![ok()],
        &[
            r#"POST /api/v1/users.update {"data":{"email":"k@example.org","name":"Ada K."},"userId":"u1"}"#,
        ],
    )
    .await;
    check(update(Profile::default()), vec![], &[]).await;
}

#[tokio::test]
async fn custom_fields_that_are_no_text_survive_where_an_update_replaces() {
    let set = Profile {
        custom_fields: Some(BTreeMap::from([("lpAgentId".to_owned(), "7".to_owned())])),
        ..Profile::default()
    };
    let write = Write::UpdateUser {
        user: ada(),
        set,
        was: Profile::default(),
    };
    let shown = r#"{"user":{"_id":"u1","customFields":{"level":3,"old":"x","lpAgentId":"6"}},"success":true}"#;
    check(
        write.clone(),
        vec![info("7.5"), answer(200, shown), ok()],
        &[
            "GET /api/info",
            "GET /api/v1/users.info?userId=u1",
            r#"POST /api/v1/users.update {"data":{"customFields":{"level":3,"lpAgentId":"7"}},"userId":"u1"}"#,
        ],
    )
    .await;
    check(
        write,
        vec![info("7.10"), ok()],
        &[
            "GET /api/info",
            r#"POST /api/v1/users.update {"data":{"customFields":{"lpAgentId":"7"}},"userId":"u1"}"#,
        ],
    )
    .await;
}

#[tokio::test]
async fn roles_go_by_their_own_routes_and_other_roles_by_release() {
    let grant = |role: &str| Write::GrantRole {
        user: ada(),
        role: role.to_owned(),
    };
    let revoke = |role: &str| Write::RevokeRole {
        user: ada(),
        role: role.to_owned(),
    };
    for (role, office) in [("livechat-agent", "agent"), ("livechat-manager", "manager")] {
        let add = format!(r#"POST /api/v1/livechat/users/{office} {{"username":"ada"}}"#);
        check(grant(role), vec![ok()], &[&add]).await;
        let show = format!("GET /api/v1/livechat/users/{office}/u1");
        let shown = answer(200, r#"{"user":{"_id":"u1"},"success":true}"#);
        let none = answer(200, r#"{"user":null,"success":true}"#);
        // Perhaps he is one already: that is looked up.
        let silent = answer(400, r#"{"success":false}"#);
        let replies = vec![silent.clone(), shown.clone()];
        check(grant(role), replies, &[&add, &show]).await;
        let (done, _) = play(&grant(role), vec![silent.clone(), none.clone()]).await;
        assert_eq!(done, Err(TargetFault::Refused));
        let remove = format!("DELETE /api/v1/livechat/users/{office}/u1");
        check(revoke(role), vec![ok()], &[&remove]).await;
        check(revoke(role), vec![silent.clone(), none], &[&remove, &show]).await;
        let (done, _) = play(&revoke(role), vec![silent, shown]).await;
        assert_eq!(done, Err(TargetFault::Refused));
    }
    for (version, key) in [("6.13", "roleName"), ("7.0", "roleId"), ("8.5", "roleId")] {
        let cases = [
            (grant("bot"), "addUserToRole", "error-user-already-in-role"),
            (
                revoke("bot"),
                "removeUserFromRole",
                "error-user-not-in-role",
            ),
        ];
        for (write, call, already) in cases {
            let call = format!(r#"POST /api/v1/roles.{call} {{"{key}":"bot","username":"ada"}}"#);
            for reply in [ok(), refusal(400, already)] {
                let replies = vec![info(version), reply];
                check(write.clone(), replies, &["GET /api/info", &call]).await;
            }
        }
    }
}

#[tokio::test]
async fn availability_is_believed_only_when_it_is_answered() {
    let write = |available| Write::SetAvailability {
        user: ada(),
        available,
        was: !available,
    };
    let now = |status: &str| answer(200, &format!(r#"{{"status":"{status}","success":true}}"#));
    let open = r#"POST /api/v1/livechat/agent.status {"agentId":"u1","status":"available"}"#;
    let close = r#"POST /api/v1/livechat/agent.status {"agentId":"u1","status":"not-available"}"#;
    check(write(true), vec![now("available")], &[open]).await;
    check(write(false), vec![now("not-available")], &[close]).await;
    // Outside business hours: 200, and nothing happened.
    let server = Server::start([now("not-available")]).await;
    let (client, _) = server.client();
    let error = client.write(&write(true)).await.unwrap_err();
    assert_eq!(error.fault, TargetFault::NotDone);
    assert!(error.what.contains("business hours"), "{error}");
    assert_eq!(
        error.doing,
        format!("make ada available at {}", server.host)
    );
    let (done, _) = play(&write(true), vec![ok()]).await;
    assert_eq!(done, Err(TargetFault::UnexpectedAnswer));
}

#[tokio::test]
async fn a_department_is_created_opened_and_archived() {
    let server = Server::start([answer(
        200,
        r#"{"department":{"_id":"d9","name":"Sales"},"agents":[],"success":true}"#,
    )])
    .await;
    let (client, _) = server.client();
    let done = client.write(&Write::CreateDepartment(new_sales())).await;
    assert_eq!(done.unwrap(), Written::Department(DepartmentId::new("d9")));
    assert_eq!(
        server.lines(),
        [
            r#"POST /api/v1/livechat/department {"department":{"email":"sales@example.org","enabled":true,"name":"Sales","showOnOfflineForm":false,"showOnRegistration":true}}"#
        ]
    );
    let close = Write::CloseDepartment {
        department: sales(),
    };
    let archive = "POST /api/v1/livechat/department/d1/archive {}";
    check(close, vec![ok()], &[archive]).await;

    let open = Write::OpenDepartment {
        department: sales(),
    };
    let show = "GET /api/v1/livechat/department/d1";
    let shown = |enabled: bool, archived: bool| {
        let department = json!({
            "_id": "d1", "name": "Sales", "email": "s@example.org", "enabled": enabled,
            "archived": archived, "showOnRegistration": true, "showOnOfflineForm": false,
            "description": "d", "fallbackForwardDepartment": null, "chatClosingTags": ["a"],
            "numAgents": 3, "_updatedAt": "2024-01-01T00:00:00.000Z",
        });
        answer(
            200,
            &json!({ "department": department, "success": true }).to_string(),
        )
    };
    let put = r#"PUT /api/v1/livechat/department/d1 {"department":{"chatClosingTags":["a"],"description":"d","email":"s@example.org","enabled":true,"name":"Sales","showOnOfflineForm":false,"showOnRegistration":true}}"#;
    let unarchive = "POST /api/v1/livechat/department/d1/unarchive {}";
    let archived = vec![shown(false, true), ok(), ok()];
    check(open.clone(), archived, &[show, unarchive, put]).await;
    check(open.clone(), vec![shown(false, false), ok()], &[show, put]).await;
    check(open.clone(), vec![shown(true, false)], &[show]).await;
    let null = answer(200, r#"{"department":null,"success":true}"#);
    let (done, _) = play(&open, vec![null]).await;
    assert_eq!(done, Err(TargetFault::NotFound));
}

#[tokio::test]
async fn only_absent_members_are_added_and_always_with_their_counters() {
    let held = answer(
        200,
        r#"{"agents":[{"agentId":"u1","username":"ada","count":12,"order":0}],"count":1,"offset":0,"total":1,"success":true}"#,
    );
    let list = "GET /api/v1/livechat/department/d1/agents?count=100&offset=0&sort=%7B%22username%22%3A1%7D";
    let add = |members: Vec<Member>| Write::AddMembers {
        department: sales(),
        members,
    };
    check(
        add(vec![member("ada", "u1", 5), member("bob", "u2", 5)]),
        vec![held.clone(), ok()],
        &[
            list,
            r#"POST /api/v1/livechat/department/d1/agents {"remove":[],"upsert":[{"agentId":"u2","count":5,"order":2,"username":"bob"}]}"#,
        ],
    )
    .await;
    check(add(vec![member("ada", "u1", 5)]), vec![held], &[list]).await;
    let remove = Write::RemoveMembers {
        department: sales(),
        members: vec![member("ada", "u1", 5)],
    };
    check(
        remove,
        vec![ok()],
        &[
            r#"POST /api/v1/livechat/department/d1/agents {"remove":[{"agentId":"u1","username":"ada"}],"upsert":[]}"#,
        ],
    )
    .await;
}

#[tokio::test]
async fn a_limit_keeps_departments_and_the_rest_of_the_agent() {
    let agent = || {
        answer(
            200,
            r#"{"user":{"_id":"u1","livechat":{"maxNumberSimultaneousChat":"2","other":true}},"success":true}"#,
        )
    };
    let held = || {
        answer(
            200,
            r#"{"departments":[{"departmentId":"d1","agentId":"u1"},{"departmentId":"d2","agentId":"u1"}],"success":true}"#,
        )
    };
    let play = async |version: &'static str, limit: Option<u32>, last: Vec<Reply>| {
        let last = std::sync::Mutex::new(std::collections::VecDeque::from(last));
        let server = Server::of(move |asked| match asked.line.as_str() {
            "GET /api/info" => info(version),
            "GET /api/v1/livechat/users/agent/u1" => agent(),
            "GET /api/v1/livechat/agents/u1/departments" => held(),
            _ => last.lock().unwrap().pop_front().unwrap(),
        })
        .await;
        let (client, _) = server.client();
        let write = Write::SetLimit {
            user: ada(),
            limit,
            was: None,
        };
        let done = client.write(&write).await;
        let lines = server.lines();
        assert_eq!(lines[0], "GET /api/info");
        (done.map_err(|error| error.fault), lines[3..].to_vec())
    };
    let route = |data: &str| {
        format!(
            r#"POST /api/v1/livechat/agents.saveInfo {{"agentData":{data},"agentDepartments":["d1","d2"],"agentId":"u1"}}"#
        )
    };
    let method = r#"POST /api/v1/method.call/livechat%3AsaveAgentInfo {"message":"{\"id\":\"1\",\"method\":\"livechat:saveAgentInfo\",\"msg\":\"method\",\"params\":[\"u1\",{\"maxNumberSimultaneousChat\":4,\"other\":true},[\"d1\",\"d2\"]]}"}"#;
    let four = route(r#"{"maxNumberSimultaneousChat":4,"other":true}"#);
    let inner = |text: &str| {
        let body = json!({ "message": text, "success": true });
        answer(200, &body.to_string())
    };
    let good = || inner(r#"{"msg":"result","id":"1","result":true}"#);
    let plain = Ok(Written::Plain);

    for version in ["7.11", "8.5"] {
        let expect = (plain.clone(), vec![four.clone()]);
        assert_eq!(play(version, Some(4), vec![ok()]).await, expect);
    }
    let expect = (plain.clone(), vec![route(r#"{"other":true}"#)]);
    assert_eq!(play("8.5", None, vec![ok()]).await, expect);
    for version in ["6.13", "7.10"] {
        let expect = (plain.clone(), vec![method.to_owned()]);
        assert_eq!(play(version, Some(4), vec![good()]).await, expect);
    }
    // A release that says it has the route, and has not.
    let lines = vec![four, method.to_owned()];
    let replies = vec![bare(404), good()];
    assert_eq!(play("8.5", Some(4), replies).await, (plain, lines));
    // What went wrong is inside, beside status 200.
    for (text, fault) in [
        (
            r#"{"msg":"result","id":"1","error":{"error":"error-not-allowed"}}"#,
            TargetFault::Forbidden,
        ),
        (
            r#"{"msg":"result","id":"1","error":{"error":"error-user-is-not-agent"}}"#,
            TargetFault::NotFound,
        ),
        (
            r#"{"msg":"result","id":"1","error":{"error":404,"reason":"Method not found"}}"#,
            TargetFault::NotFound,
        ),
        ("nonsense", TargetFault::UnexpectedAnswer),
    ] {
        let (done, _) = play("7.10", Some(4), vec![inner(text)]).await;
        assert_eq!(done, Err(fault), "{text}");
    }
}

#[tokio::test]
async fn settings_are_sent_with_their_type() {
    for (value, written) in [
        (SettingValue::Text("a\"b".to_owned()), r#""a\"b""#),
        (SettingValue::Flag(true), "true"),
        (SettingValue::Number(5_000), "5000"),
    ] {
        let write = Write::SetSetting {
            id: "Livechat_webhookUrl".to_owned(),
            value,
            was: None,
        };
        let expect = format!(r#"POST /api/v1/settings/Livechat_webhookUrl {{"value":{written}}}"#);
        check(write, vec![ok()], &[&expect]).await;
    }
}

#[tokio::test]
async fn what_is_not_the_targets_or_has_no_id_is_refused_unsent() {
    let owner = Write::SetOwner {
        source_id: SourceId::new("7"),
        owner: Owner::Target,
        was: Owner::Source,
    };
    let nobody = Write::SetActive {
        user: UserRef { id: None, ..ada() },
        active: true,
    };
    let nowhere = Write::CloseDepartment {
        department: DepartmentRef {
            id: None,
            ..sales()
        },
    };
    for write in [owner, nobody, nowhere] {
        let (done, lines) = play(&write, vec![]).await;
        assert_eq!(done, Err(TargetFault::Refused), "{}", write.word());
        assert!(lines.is_empty());
    }
}
