//! Who gets credentials, and whose answers are believed.

use lp2rc::ports::{PollRequest, Source as _, SourceFault};

use crate::liveperson_server::{ACCOUNT, Server, discovery, json, login, reader, typed};

const FULL: PollRequest = PollRequest { full: true };

#[tokio::test]
async fn credentials_go_to_nobody_who_is_not_trusted() {
    let named = |host: &str| {
        json(
            200,
            &format!(r#"{{"service":"agentVep","baseURI":"{host}"}}"#),
        )
    };
    let href = |url: &str| {
        json(
            201,
            &format!(r#"{{"agentSessionLocation":{{"link":{{"@href":"{url}"}}}}}}"#),
        )
    };
    let cases = [
        (vec![named("evil.example")], "`evil.example`", 1),
        (
            vec![named("va.liveperson.net.evil.example")],
            "not LivePerson's",
            1,
        ),
        (vec![named("user@evil.example")], "not LivePerson's", 1),
        (
            vec![
                discovery(),
                login(),
                href("https://evil.example/agentSession/1"),
            ],
            "`evil.example`",
            3,
        ),
        (
            vec![
                discovery(),
                login(),
                href("http://va.liveperson.net/agentSession/1"),
            ],
            "`va.liveperson.net`",
            3,
        ),
    ];
    for (replies, says, requests) in cases {
        let server = Server::start(replies).await;
        let (reader, _) = server.reader();
        let error = reader.poll(FULL).await.unwrap_err();
        assert_eq!(error.fault, SourceFault::UnexpectedAnswer);
        assert!(error.what.contains(says), "{error}");
        assert!(error.what.contains("liveperson.trusted_hosts"));
        assert_eq!(server.lines().len(), requests);
    }
    // Loopback is trusted only when it is named.
    let server = Server::start([discovery()]).await;
    let mut config = server.config();
    config.trusted_hosts = vec!["127.0.0.1:1".to_owned()];
    let error = reader(config).0.poll(FULL).await.unwrap_err();
    assert_eq!(error.fault, SourceFault::UnexpectedAnswer);
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn another_account_is_told_wherever_it_shows() {
    let cases = [
        vec![json(
            200,
            r#"{"service":"agentVep","account":"999","baseURI":"{host}"}"#,
        )],
        vec![
            discovery(),
            login(),
            json(
                201,
                r#"{"agentSessionLocation":{"link":{"@href":"http://{host}/api/account/999/agentSession/1"}}}"#,
            ),
        ],
        vec![
            discovery(),
            json(
                200,
                r#"{"bearer":"b","csdsCollectionResponse":{"baseURIs":[{"service":"agentVep","account":"999","baseURI":"{host}"}]}}"#,
            ),
        ],
    ];
    for replies in cases {
        let server = Server::start(replies).await;
        let error = server.reader().0.poll(FULL).await.unwrap_err();
        assert_eq!(error.fault, SourceFault::ForeignAnswer, "{error}");
        assert!(error.what.contains(ACCOUNT));
    }
}

#[tokio::test]
async fn an_unknown_account_is_told_at_discovery() {
    let cases = [
        (json(401, ""), SourceFault::Refused),
        (json(404, ""), SourceFault::NotFound),
        (json(200, r#"{"baseURIs":[]}"#), SourceFault::NotFound),
        (
            typed(200, "text/html", "<html>"),
            SourceFault::UnexpectedAnswer,
        ),
    ];
    for (reply, fault) in cases {
        let server = Server::start([reply]).await;
        let error = server.reader().0.poll(FULL).await.unwrap_err();
        assert_eq!(error.fault, fault);
        assert!(error.what.contains("liveperson."), "{error}");
    }
}
