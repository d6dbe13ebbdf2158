//! Every finding of a walk along the chain: at which step it is told, and what it advises.

use lp2rc::{
    config::LivePersonConfig,
    domain::{Blame, StepResult},
};

use crate::{
    liveperson_examine::{NOW, XML, at, examine, in_json, in_xml, letters, status, step},
    liveperson_server::{
        AGENTS, Reply, Server, discovery, json, login, ok, opening, reader, session, typed,
    },
};

#[expect(clippy::too_many_lines, reason = "one row a fault")]
#[tokio::test]
async fn every_fault_is_told_at_its_step_with_its_remedy() {
    use Blame::{Credentials, Source};
    let logged_in = |more: &[Reply]| [&[discovery(), login()], more].concat();
    let opened = |more: &[Reply]| [&opening()[..], more].concat();
    let wait = Reply::Answer(429, vec![("retry-after", "7".to_owned())], b"leak".to_vec());
    let html = typed(503, "text/html", "<html>leak</html>");
    let login_html = typed(200, "text/html", "<html>leak</html>");
    let foreign = json(200, r#"{"account":"999","baseURI":"{host}"}"#);
    let evil = json(200, r#"{"baseURI":"evil.example"}"#);
    let string_error = json(500, r#"{"error":"LeLogin1 failed leak"}"#);
    let locked = json(200, r#"{"error":{"message":"leak"}}"#);
    // Replies, letters, step, what its detail says, what its remedy says, blame.
    let cases = [
        (
            vec![status(401)],
            "fssssssss",
            "discovery",
            "answered 401",
            "liveperson.account",
            Source,
        ),
        (
            vec![html.clone()],
            "fssssssss",
            "discovery",
            "503 with a web page",
            "the next poll",
            Source,
        ),
        (
            vec![foreign],
            "fssssssss",
            "discovery",
            "another account",
            "liveperson.account",
            Source,
        ),
        (
            vec![evil],
            "fssssssss",
            "discovery",
            "`evil.example`",
            "liveperson.trusted_hosts",
            Source,
        ),
        (
            vec![status(410)],
            "fssssssss",
            "discovery",
            "410",
            "retired the legacy chat",
            Source,
        ),
        (
            vec![discovery(), status(401)],
            "oofssssss",
            "login",
            "answered 401",
            "--retry-login",
            Credentials,
        ),
        (
            vec![discovery(), status(403)],
            "oofssssss",
            "login",
            "answered 403",
            "Access Restrictions",
            Source,
        ),
        (
            vec![discovery(), wait.clone()],
            "oofssssss",
            "login",
            "answered 429",
            "wait at least",
            Source,
        ),
        (
            vec![discovery(), status(451)],
            "oofssssss",
            "login",
            "answered 451",
            "support",
            Credentials,
        ),
        (
            vec![discovery(), string_error],
            "oofssssss",
            "login",
            "500 with a JSON error",
            "the next poll",
            Source,
        ),
        (
            vec![discovery(), locked],
            "oofssssss",
            "login",
            "without a usable login",
            "locked, expired",
            Source,
        ),
        (
            vec![discovery(), login_html],
            "oofssssss",
            "login",
            "a web page",
            "what stands between",
            Source,
        ),
        (
            logged_in(&[status(500)]),
            "ooofsssss",
            "session",
            "answered 500",
            "the next poll",
            Source,
        ),
        (
            logged_in(&[status(401)]),
            "ooofsssss",
            "session",
            "answered 401",
            "another client",
            Source,
        ),
        (
            logged_in(&[json(201, "{}")]),
            "ooofsssss",
            "session",
            "names no address",
            "please report",
            Source,
        ),
        (
            logged_in(&[session(9), wait.clone()]),
            "ooofsssss",
            "session",
            "answered 429",
            "wait at least",
            Source,
        ),
        (
            opened(&[html, in_xml()]),
            "oooofooso",
            "poll in JSON",
            "503 with a web page",
            "the next poll",
            Source,
        ),
        (
            opened(&[status(401)]),
            "oooofssss",
            "poll in JSON",
            "answered 401",
            "another client",
            Source,
        ),
        (
            opened(&[in_json(), status(401)]),
            "ooooofoso",
            "poll in XML",
            "answered 401",
            "another client",
            Source,
        ),
        (
            opened(&[in_json(), wait]),
            "ooooofoso",
            "poll in XML",
            "answered 429",
            "wait at least",
            Source,
        ),
    ];
    for (replies, expect, name, says, advises, blame) in cases {
        let server = Server::start(replies).await;
        let (reader, _) = server.reader();
        let steps = examine(&reader, false).await;
        assert_eq!(letters(&steps), expect, "{name} {says}: {steps:#?}");
        let step = step(&steps, name);
        assert!(step.detail.contains(says), "{step:?}");
        assert!(step.remedy.contains(advises), "{step:?}");
        assert_eq!(step.blame, Some(blame), "{step:?}");
    }
}

#[expect(clippy::too_many_lines, reason = "one row a finding")]
#[tokio::test]
async fn what_works_and_should_be_looked_at_is_a_warning() {
    type Change = fn(&mut LivePersonConfig);
    const AS_IT_IS: Change = |_| {};
    const FOLLOWS: Change = |config| config.follow_next = true;
    const RIGHTS: Change = |config| config.account_config.read = true;
    const FILTERED: Change = |config| config.filters.skill = Some("Sales".to_owned());
    let opened = |more: &[Reply]| [&opening()[..], more].concat();
    let anonymous = json(200, r#"{"bearer":"bearer-1f"}"#);
    let named = json(200, r#"{"baseURI":"{host}"}"#);
    let later = "Tue, 14 Nov 2023 22:14:20 GMT";
    let empty = at(NOW, json(200, r#"{"availableAgents":{"agents":""}}"#));
    let none = at(NOW, typed(200, "application/xml", "<availableAgents/>"));
    let odd = at(
        NOW,
        json(200, &AGENTS.replacen("\"@id\":\"2\"", "\"@id\":\"\"", 1)),
    );
    let away =
        |reply: Reply| [discovery(), login(), session(9), reply, in_json(), in_xml()].to_vec();
    let other = |from: &str, to: &str| {
        assert!(XML.contains(from));
        at(NOW, typed(200, "application/xml", XML.replace(from, to)))
    };
    let evil = at(
        NOW,
        json(
            200,
            &AGENTS.replace("https://{host}/", "https://evil.example/"),
        ),
    );
    // Configuration, replies, letters, step, what its detail says, what its remedy says.
    let cases = [
        (
            AS_IT_IS,
            away(status(403)),
            "ooowoooso",
            "session",
            "not Away",
            "no skills",
        ),
        (
            AS_IT_IS,
            away(status(500)),
            "ooowoooso",
            "session",
            "not Away",
            "no skills",
        ),
        (
            AS_IT_IS,
            [
                discovery(),
                anonymous,
                session(9),
                ok(),
                in_json(),
                other("<userName>", "<nickname>x</nickname><userName>"),
            ]
            .to_vec(),
            "oowoowoso",
            "login",
            "does not name our own user",
            "[participants]",
        ),
        (
            AS_IT_IS,
            opened(&[empty.clone(), none.clone()]),
            "oooowwoso",
            "poll in JSON",
            "0 agents",
            "LivePerson's own console",
        ),
        (
            FILTERED,
            opened(&[empty, none]),
            "oooowwoso",
            "poll in JSON",
            "0 agents",
            "liveperson.filters",
        ),
        (
            AS_IT_IS,
            opened(&[odd, in_xml()]),
            "oooowooso",
            "poll in JSON",
            "skipped: 1 no_id",
            "user list",
        ),
        (
            AS_IT_IS,
            opened(&[in_json(), other("Agent1", "Agent2")]),
            "ooooowoso",
            "poll in XML",
            "1 described otherwise",
            "liveperson.format",
        ),
        (
            AS_IT_IS,
            opened(&[in_json(), in_json()]),
            "ooooowoso",
            "poll in XML",
            "in the other format",
            "`Accept`",
        ),
        (
            AS_IT_IS,
            opened(&[in_json(), other("</agents>", "")]),
            "ooooowoso",
            "poll in XML",
            "polls ask for JSON",
            "liveperson.discovery_url",
        ),
        (
            AS_IT_IS,
            opened(&[at(later, json(200, AGENTS)), in_xml()]),
            "ooooooosw",
            "clock",
            "60 s ahead",
            "NTP",
        ),
        (
            FOLLOWS,
            opened(&[evil.clone(), in_xml()]),
            "oooooowso",
            "next link",
            "evil.example",
            "follow_next",
        ),
        (
            RIGHTS,
            opened(&[
                in_json(),
                in_xml(),
                named,
                status(403),
                status(403),
                status(403),
            ]),
            "ooooooowo",
            "rights",
            "may not read",
            "account_config.read",
        ),
        (
            RIGHTS,
            opened(&[in_json(), in_xml(), status(404)]),
            "ooooooowo",
            "rights",
            "404",
            "account_config.read = false",
        ),
    ];
    for (change, replies, expect, name, says, advises) in cases {
        let server = Server::start(replies).await;
        let mut config = server.config();
        change(&mut config);
        let (reader, _) = reader(config);
        let steps = examine(&reader, false).await;
        assert_eq!(letters(&steps), expect, "{name} {says}: {steps:#?}");
        let step = step(&steps, name);
        assert!(step.detail.contains(says), "{step:?}");
        assert!(step.remedy.contains(advises), "{step:?}");
    }

    // The world may move between the two polls: that is told, and no finding.
    for (list, says) in [
        (
            other("chatState=\"2\"", "chatState=\"1\""),
            "1 moved meanwhile",
        ),
        (other("id=\"2\"", "id=\"5\""), "2 in one format only"),
        (in_xml(), "the same as in JSON"),
    ] {
        let server = Server::start(opened(&[in_json(), list])).await;
        let steps = examine(&server.reader().0, false).await;
        assert_eq!(letters(&steps), "oooooooso");
        assert!(
            step(&steps, "poll in XML").detail.contains(says),
            "{steps:#?}"
        );
    }
    // A link that is not followed may lead anywhere.
    let server = Server::start(opened(&[evil, in_xml()])).await;
    let steps = examine(&server.reader().0, false).await;
    assert!(
        step(&steps, "next link").detail.contains("not trusted"),
        "{steps:#?}"
    );
    assert_eq!(step(&steps, "next link").result, StepResult::Passed);
}
