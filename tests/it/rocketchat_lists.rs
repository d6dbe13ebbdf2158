//! Lists without a snapshot, read while they change: nobody is missed, and reading ends.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use lp2rc::{domain::TargetUser, ports::Target};
use serde_json::json;

use crate::rocketchat_server::{Asked, Reply, Server, bare, info, json as answer};

/// Who is there, how many a page holds at the most, and how many pages were given.
struct People {
    names: BTreeSet<String>,
    page: usize,
    given: usize,
}

impl People {
    fn of(count: usize, page: usize) -> Self {
        let names = (0..count).map(|number| format!("user{number:03}"));
        Self {
            names: names.collect(),
            page,
            given: 0,
        }
    }

    /// A page as the workspace gives it: clamped, and the rest counted as it is now.
    fn give(&mut self, asked: &Asked) -> Reply {
        self.given += 1;
        let number = |name: &str| asked.query(name).unwrap().parse::<usize>().unwrap();
        assert_eq!(asked.query("sort").unwrap(), r#"{"username":1}"#);
        let rest = self.names.iter().skip(number("offset"));
        let page = rest.take(number("count").min(self.page));
        let page: Vec<_> = page
            .map(|name| json!({ "_id": format!("id-{name}"), "username": name, "active": true }))
            .collect();
        list("users", &page, self.names.len())
    }
}

fn list(name: &str, page: &[serde_json::Value], total: usize) -> Reply {
    let body = json!({ name: page, "count": page.len(), "total": total, "success": true });
    answer(200, &body.to_string())
}

/// Surveys a workspace of these people; `before` is called before each page is given.
async fn survey(
    people: People,
    before: impl Fn(&mut People) + Send + Sync + 'static,
) -> (Vec<TargetUser>, usize) {
    let people = Arc::new(Mutex::new(people));
    let there = Arc::clone(&people);
    let server = Server::of(move |asked| {
        assert!(asked.query("query").is_none() && asked.query("fields").is_none());
        let path = asked.line.split('?').next().unwrap();
        match path {
            "GET /api/info" => info("8.5"),
            "GET /api/v1/me" => answer(
                200,
                r#"{"_id":"u0","username":"bridge","roles":["admin"],"success":true}"#,
            ),
            // No custom fields are defined, so users need not be read one by one.
            "GET /api/v1/settings/Accounts_CustomFields" => {
                answer(200, r#"{"value":"","success":true}"#)
            }
            "GET /api/v1/users.list" => {
                let mut people = there.lock().unwrap();
                before(&mut people);
                people.give(asked)
            }
            "GET /api/v1/livechat/users/agent" => list("users", &[], 0),
            "GET /api/v1/livechat/department" | "GET /api/v1/livechat/departments/archived" => {
                list("departments", &[], 0)
            }
            _ => bare(404),
        }
    })
    .await;
    let (client, _) = server.client();
    let users = client.survey().await.unwrap().users().to_vec();
    let given = people.lock().unwrap().given;
    (users, given)
}

fn names(users: &[TargetUser]) -> BTreeSet<String> {
    users.iter().map(|user| user.username.clone()).collect()
}

#[tokio::test]
async fn a_clamped_page_is_no_end() {
    for (count, page) in [
        (0, 3),
        (1, 3),
        (3, 3),
        (4, 3),
        (10, 3),
        (10, 1),
        (5, 2),
        (250, 100),
    ] {
        let (users, _) = survey(People::of(count, page), |_| {}).await;
        let expect = People::of(count, page).names;
        assert_eq!(names(&users), expect, "{count} by {page}");
    }
}

#[tokio::test]
async fn a_list_at_rest_is_read_once() {
    let (_, given) = survey(People::of(10, 4), |_| {}).await;
    assert_eq!(given, 3, "4, then 3 new ones each");
}

#[tokio::test]
async fn who_slips_over_the_edge_of_a_page_is_not_missed() {
    // One leaves before the edge and one comes behind it: the total does not move.
    let (users, _) = survey(People::of(10, 4), |people| {
        if people.given == 1 {
            people.names.remove("user001");
            people.names.insert("user999".to_owned());
        }
    })
    .await;
    let mut expect = People::of(10, 4).names;
    expect.remove("user001");
    expect.insert("user999".to_owned());
    assert_eq!(names(&users), expect);
}

#[tokio::test]
async fn a_list_that_shrank_or_grew_is_read_again() {
    for grows in [false, true] {
        let (users, _) = survey(People::of(12, 4), move |people| {
            if people.given == 2 {
                if grows {
                    people.names.insert("aaa".to_owned());
                } else {
                    people.names.remove("user000");
                }
            }
        })
        .await;
        let mut expect = People::of(12, 4).names;
        if grows {
            expect.insert("aaa".to_owned());
        } else {
            expect.remove("user000");
        }
        assert_eq!(names(&users), expect, "grows: {grows}");
    }
}

#[tokio::test]
async fn a_list_that_never_rests_ends_with_everybody_who_stayed() {
    for shrinks in [false, true] {
        let (users, given) = survey(People::of(60, 7), move |people| {
            let number = people.given;
            if shrinks {
                people.names.remove(&format!("user{number:03}"));
            } else {
                people.names.insert(format!("aa{number:03}"));
            }
        })
        .await;
        assert!(given < 100, "{given}");
        let found = names(&users);
        let stayed = (55..60).map(|number| format!("user{number:03}"));
        for name in stayed {
            assert!(found.contains(&name), "{name}, shrinks: {shrinks}");
        }
        if !shrinks {
            assert!(found.is_superset(&People::of(60, 7).names));
        }
    }
}

#[tokio::test]
async fn a_wrong_total_does_not_keep_us_for_ever() {
    let server = Server::of(|asked| {
        let path = asked.line.split('?').next().unwrap();
        match path {
            "GET /api/info" => info("8.5"),
            "GET /api/v1/me" => answer(200, r#"{"_id":"u0","roles":["admin"],"success":true}"#),
            "GET /api/v1/users.list" => list("users", &[json!({ "_id": "a" })], 1_000_000),
            "GET /api/v1/users.info" => bare(400),
            "GET /api/v1/livechat/users/agent" => list("users", &[], 7),
            _ if path.contains("/department") => list("departments", &[], 0),
            _ => bare(404),
        }
    })
    .await;
    let (client, _) = server.client();
    let survey = client.survey().await.unwrap();
    assert_eq!(survey.users().len(), 1);
    assert!(server.asked().len() < 100);
}
