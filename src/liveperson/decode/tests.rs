//! Cases of both decoders, side by side: whole documents that must or must not be read.

use super::*;
use crate::domain::{SkipReason, SourceAgent};

fn ids(agents: &[SourceAgent]) -> Vec<&str> {
    agents.iter().map(|agent| agent.id.as_str()).collect()
}

/// Reads `document` as what it is.
fn check(document: &str, expect: &Result<Vec<&str>, DecodeError>) {
    let page = any(document.as_bytes());
    let found = match &page {
        Ok(page) => Ok(ids(&page.agents)),
        Err(error) => Err(error.clone()),
    };
    assert_eq!(&found, expect, "{document}");
}

#[test]
fn every_way_to_write_no_agents_is_an_empty_list() {
    let cases = [
        r#"{"availableAgents":null}"#,
        r#"{"availableAgents":""}"#,
        r#"{"availableAgents":{}}"#,
        r#"{"availableAgents":[]}"#,
        r#"{"availableAgents":{"agents":null}}"#,
        r#"{"availableAgents":{"agents":""}}"#,
        r#"{"availableAgents":{"agents":{}}}"#,
        r#"{"availableAgents":{"agents":[]}}"#,
        r#"{"availableAgents":{"agents":{"agent":null}}}"#,
        r#"{"availableAgents":{"agents":{"agent":""}}}"#,
        r#"{"availableAgents":{"agents":{"agent":[]}}}"#,
        r#"{"availableAgents":{"agents":{"@count":"0"},"error":null}}"#,
        "<availableAgents/>",
        "<availableAgents></availableAgents>",
        "<availableAgents> <agents/> </availableAgents>",
        "<availableAgents><agents>\n</agents><error/></availableAgents>",
    ];
    for document in cases {
        check(document, &Ok(vec![]));
        let page = any(document.as_bytes()).unwrap();
        assert!(page.skipped.is_empty(), "{document}");
    }
}

#[test]
fn a_document_that_is_no_list_of_agents_is_refused_with_its_reason() {
    let other = |found: &str| DecodeError::OtherDocument {
        found: found.to_owned(),
    };
    let reported = |internal_code| DecodeError::Reported { internal_code };
    let list = |member| DecodeError::NotAList { member };
    let cases = [
        ("", DecodeError::Empty),
        (" \n\t", DecodeError::Empty),
        ("\u{feff}", DecodeError::Empty),
        ("oauth_problem=x", DecodeError::NeitherFormat),
        ("  <!DOCTYPE HTML><html>", DecodeError::WebPage),
        ("<HTML><body>", DecodeError::WebPage),
        ("{}", other("{}")),
        ("[1]", other("a list")),
        (r#"{"cha<ts":{}}"#, other("chats")),
        ("<chats/>", other("chats")),
        ("<a:chats xmlns:a='x'></a:chats>", other("chats")),
        (r#"{"error":{"internalCode":"5"}}"#, reported(Some(5))),
        (r#"{"error":"text"}"#, reported(None)),
        (
            r#"{"availableAgents":{"error":{"internalCode":5}}}"#,
            reported(Some(5)),
        ),
        (
            "<error><message>m</message><internalCode>5</internalCode></error>",
            reported(Some(5)),
        ),
        ("<error/>", reported(None)),
        (
            "<availableAgents><error>m</error></availableAgents>",
            reported(None),
        ),
        (r#"{"availableAgents":"many"}"#, list("availableAgents")),
        (r#"{"availableAgents":{"agents":7}}"#, list("agents")),
        (
            "<availableAgents>many</availableAgents>",
            list("availableAgents"),
        ),
        (
            "<availableAgents><agents>7</agents></availableAgents>",
            list("agents"),
        ),
        (
            "<availableAgents>&x;</availableAgents>",
            DecodeError::Entities,
        ),
        (
            "<availableAgents><agents><agent id='&x;'/></agents></availableAgents>",
            DecodeError::Entities,
        ),
        ("<!DOCTYPE a><availableAgents/>", DecodeError::Entities),
    ];
    for (document, error) in cases {
        check(document, &Err(error));
    }
}

#[test]
fn a_document_cut_anywhere_is_never_taken_for_a_list() {
    let documents = [
        r#"{"availableAgents":{"agents":{"agent":[{"@id":"1","nickname":"Jo"}]},"link":{"@href":"h","@rel":"next"}}}"#,
        r#"<?xml version="1.0"?><availableAgents><agents><agent id="1"><nickname>J&amp;o<![CDATA[x]]></nickname></agent></agents><link href="h" rel="next"/></availableAgents>"#,
    ];
    for document in documents {
        assert_eq!(ids(&any(document.as_bytes()).unwrap().agents), ["1"]);
        for end in 0..document.len() {
            let error = any(&document.as_bytes()[..end]).unwrap_err();
            let expected = matches!(error, DecodeError::Truncated | DecodeError::Empty);
            assert!(expected, "{error:?} of {:?}", &document[..end]);
        }
    }
}

#[test]
fn what_follows_the_document_or_breaks_its_form_is_refused() {
    let cases = [
        r#"{"availableAgents":{}} x"#,
        r#"{"availableAgents":{},}"#,
        r#"{"availableAgents":{"agents":{"agent":[{"@id":1,}]}}}"#,
        "<availableAgents/><availableAgents/>",
        "<availableAgents/>text",
        "<availableAgents><agents></availableAgents></agents>",
        "<availableAgents><agents><agent id=1/></agents></availableAgents>",
        "</availableAgents>",
    ];
    for document in cases {
        let error = any(document.as_bytes()).unwrap_err();
        assert!(
            matches!(error, DecodeError::Malformed { .. }),
            "{error:?} of {document}"
        );
    }
}

#[test]
fn depth_is_bounded_and_bytes_are_checked() {
    let deep = format!("<availableAgents>{}", "<a>".repeat(200));
    check(&deep, &Err(DecodeError::TooDeep));
    let nested = r#"{"$":"#.repeat(200);
    let deep = format!(r#"{{"availableAgents":{{"agents":{{"agent":{{"@id":{nested}"#);
    check(&deep, &Err(DecodeError::TooDeep));
    assert_eq!(any(b"{\"a\xff\":1}"), Err(DecodeError::NotUtf8 { at: 3 }));
}

#[test]
fn ids_are_sorted_as_texts_and_the_first_of_equal_ones_stays() {
    let agents: Vec<String> = [
        "10",
        "9",
        "100",
        "9",
        "1",
        "123456789",
        "1234567890",
        "12345678",
    ]
    .iter()
    .enumerate()
    .map(|(n, id)| format!(r#"{{"@id":"{id}","userName":"u{n}"}}"#))
    .collect();
    let document = format!(
        r#"{{"availableAgents":{{"agents":{{"agent":[{}]}}}}}}"#,
        agents.join(",")
    );
    let page = json(document.as_bytes()).unwrap();
    let sorted = ["1", "10", "100", "12345678", "123456789", "1234567890", "9"];
    assert_eq!(ids(&page.agents), sorted);
    assert_eq!(page.agents[6].login.as_deref(), Some("u1"));
    assert_eq!(page.skipped.len(), 1);
    assert_eq!(page.skipped[0].position, 3);
    assert_eq!(page.skipped[0].reason, SkipReason::RepeatedId);
}

#[test]
fn shapes_that_only_json_has_are_read_or_counted() {
    let read = |agents: &str| {
        let document = format!(r#"{{"availableAgents":{{"agents":{agents}}}}}"#);
        json(document.as_bytes()).unwrap()
    };
    // Lists around containers and scalars; ids as numbers.
    let page = read(r#"[{"agent":{"@id":[1]}},{"agent":[{"id":2}]}]"#);
    assert_eq!(ids(&page.agents), ["1", "2"]);
    // Agents where their container belongs must not look like an empty account.
    let page = read(r#"[{"@id":"1"},{"@id":"2"}]"#);
    assert_eq!((page.agents.len(), page.skipped.len()), (0, 2));
    // Not agents.
    let page =
        read(r#"{"agent":[null,[],[{"@id":1}],7,true,1.5,{"@id":null},{"@xsi:nil":"true"}]}"#);
    let reasons: Vec<_> = page.skipped.iter().map(|skipped| skipped.reason).collect();
    let not = SkipReason::NotAnAgent;
    assert_eq!(
        reasons,
        [not, not, not, not, not, not, SkipReason::NoId, not]
    );
    // A float that lost digits is nobody's id; 2^64 - 1 did not lose any.
    let page = read(r#"{"agent":[{"@id":123456789012345678901},{"@id":18446744073709551615}]}"#);
    assert_eq!(ids(&page.agents), ["18446744073709551615"]);
    // Skills without their list.
    let page =
        read(r#"{"agent":{"@id":1,"skills":["4",{"skill":3}],"skillsInfo":{"id":4,"name":"N"}}}"#);
    let skills: Vec<_> = page.agents[0]
        .skills
        .iter()
        .map(|s| (s.id.as_str(), s.name.as_deref()))
        .collect();
    assert_eq!(skills, [("3", None), ("4", Some("N"))]);
}
