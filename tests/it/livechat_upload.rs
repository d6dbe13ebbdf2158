//! Files: sent, fetched, refused, removed, and kept in an order that survives (livechat contract
//! §4.7.7, §9).

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use lp2rc::conversation::files::{Files, Full, MakeDurable};
use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, post, run},
    livechat_world::{Livechat, Told, credentials},
    server_world::{Answer, ask_with_body},
};

const GIF: &str = "GIF89a\u{5}\0\u{6}\0 and so on";

fn part(name: &str, about: &str, body: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{about}\r\n\r\n{body}\r\n")
}

fn file(name: &str, kind: &str, body: &str) -> String {
    let about = format!("; filename=\"{name}\"\r\nContent-Type: {kind}");
    part("file", &about, body)
}

async fn upload(livechat: &Livechat, token: &str, rid: &str, form: &str) -> Told {
    let headers =
        format!("content-type: multipart/form-data; boundary=b\nx-visitor-token: {token}");
    let path = format!("livechat/upload/{rid}");
    livechat
        .raw("POST", &path, &headers, &format!("{form}--b--\r\n"))
        .await
}

async fn fetch(livechat: &Livechat, path: &str, headers: &str) -> Answer {
    ask_with_body(livechat.address, &format!("GET {path}\n{headers}"), "").await
}

/// Names of what is on the disk.
fn kept(livechat: &Livechat) -> Vec<String> {
    names(livechat.state.path())
}

fn names(state: &Path) -> Vec<String> {
    let entries = fs::read_dir(state.join("files")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn a_picture_is_sent_and_becomes_a_message() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let form = file("../a b.gif", "image/gif", GIF) + &part("description", "", "look");
    let told = upload(&livechat, "T1", &rid, &form).await.ok();
    let id = told["file"]["_id"].as_str().unwrap();
    let path = format!("/file-upload/{id}/a%20b.gif");
    assert_eq!(
        told["file"],
        json!({"_id": id, "name": "a b.gif", "type": "image/gif"})
    );
    assert_eq!(told["files"], json!([told["file"]]));
    assert_eq!(
        told["attachments"],
        json!([{
            "title": "a b.gif", "type": "file", "description": "look", "title_link": path,
            "title_link_download": true, "image_url": path, "image_type": "image/gif",
            "image_size": GIF.len(), "image_dimensions": {"width": 5, "height": 6},
        }])
    );
    assert_eq!(
        (
            &told["newRoom"],
            &told["showConnecting"],
            &told["msg"],
            &told["groupable"]
        ),
        (&json!(false), &json!(false), &json!(""), &json!(false))
    );
    assert_eq!((&told["token"], &told["rid"]), (&json!("T1"), &json!(rid)));
    assert_eq!(kept(&livechat), [id]);
    let one = format!(
        "livechat/message/{}?token=T1&rid={rid}",
        told["_id"].as_str().unwrap()
    );
    let one = livechat.get(&one).await.ok();
    let link = one["message"]["fileUpload"]["publicFilePath"]
        .as_str()
        .unwrap();
    let (host, rest) = link
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    assert!(!host.is_empty());
    assert_eq!(one["message"]["fileUpload"]["size"], GIF.len());
    assert_eq!(one["message"]["filesUpload"].as_array().unwrap().len(), 1);
    let fetched = fetch(&livechat, &format!("/{rest}"), "").await;
    assert_eq!((fetched.status, fetched.body.as_str()), (200, GIF));
}

#[tokio::test]
async fn a_file_is_refused_in_the_order_of_the_contract() {
    let text = "[livechat.files]\nmax_size = 20\nmax_total = 30\nblocked_media_types = [\"image/svg+xml\", \"video/*\"]";
    let livechat = Livechat::with(text).await;
    let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
    let path = format!("livechat/upload/{mine}");
    let forbidden = || json!({"success": false, "error": "unauthorized"});
    let reason = |text: &str| json!({"success": false, "reason": text});
    run(
        &livechat,
        vec![
            post(&path, json!({})).refused(403, forbidden()),
            post(&path, json!({}))
                .with("x-visitor-token: nobody")
                .refused(403, forbidden()),
            post("livechat/upload/nothing", json!({}))
                .with("x-visitor-token: T1")
                .refused(403, forbidden()),
            post(format!("livechat/upload/{theirs}"), json!({}))
                .with("x-visitor-token: T1")
                .refused(403, forbidden()),
            post(&path, json!({}))
                .with("x-visitor-token: T1")
                .refused(400, reason("error-no-file-uploaded")),
            get(&path).nothing_there(),
        ],
    )
    .await;
    let large =
        json!({"success": false, "reason": "error-size-not-allowed", "sizeAllowed": "20 B"});
    let broken = json!({"success": false, "error": "Unexpected end of form"});
    let cases = [
        (part("msg", "", "no file"), reason("error-no-file-uploaded")),
        (part("file", "", "a text"), reason("error-no-file-uploaded")),
        (
            file("a.svg", "image/svg+xml", "<svg/>"),
            reason("error-type-not-allowed"),
        ),
        (
            file("a.mpg", "video/mpeg", "x"),
            reason("error-type-not-allowed"),
        ),
        // The type is looked at before the size.
        (
            file("a.svg", "image/svg+xml", &"x".repeat(21)),
            reason("error-type-not-allowed"),
        ),
        (file("a.txt", "text/plain", &"x".repeat(21)), large),
        (
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx"
                .to_owned(),
            broken,
        ),
    ];
    for (form, body) in cases {
        let told = upload(&livechat, "T1", &mine, &form).await;
        assert_eq!((told.status, &told.json), (400, &body), "{form}");
        assert_eq!(kept(&livechat), [""; 0], "nothing is left of {form}");
    }
    let twenty = file("a.txt", "text/plain", &"x".repeat(20));
    upload(&livechat, "T1", &mine, &twenty).await.ok();
    let full = upload(&livechat, "T1", &mine, &twenty).await;
    assert_eq!(
        (full.status, &full.json),
        (400, &reason("error-size-not-allowed"))
    );
    upload(
        &livechat,
        "T1",
        &mine,
        &file("b.txt", "text/plain", "0123456789"),
    )
    .await
    .ok();
    let close = json!({"token": "T1", "rid": mine});
    livechat.post("livechat/room.close", close).await.ok();
    let closed = upload(&livechat, "T1", &mine, &twenty).await;
    assert_eq!((closed.status, &closed.json), (403, &forbidden()));
}

#[tokio::test]
async fn either_setting_switches_files_off() {
    for text in [
        "[livechat.files]\nenabled = false",
        "[livechat.settings]\nfile_upload = false",
    ] {
        let livechat = Livechat::with(text).await;
        // Looked at before the visitor.
        let told = upload(
            &livechat,
            "nobody",
            "nothing",
            &file("a", "text/plain", "x"),
        )
        .await;
        let body = json!({"success": false, "reason": "error-file-upload-disabled"});
        assert_eq!((told.status, told.json), (400, body));
    }
}

#[tokio::test]
async fn a_list_of_types_admits_only_those() {
    let livechat =
        Livechat::with("[livechat.files]\nmedia_types = [\"image/*\", \"text/plain\"]").await;
    let rid = livechat.room("T1").await;
    for (kind, status) in [("image/png", 200), ("text/plain", 200), ("text/html", 400)] {
        let told = upload(&livechat, "T1", &rid, &file("a", kind, "x")).await;
        assert_eq!(told.status, status, "{kind}");
    }
}

#[tokio::test]
async fn a_file_is_fetched_by_those_who_may() {
    let livechat = Livechat::of(
        "",
        vec![crate::server_world::agent("bob", &["sales"])],
        crate::server_world::config(),
    )
    .await;
    let (mine, theirs) = (livechat.room("T1").await, livechat.room("T2").await);
    let page = "<script>alert(1)</script>";
    let told = upload(&livechat, "T1", &mine, &file("a.html", "text/html", page))
        .await
        .ok();
    let path = told["attachments"][0]["title_link"]
        .as_str()
        .unwrap()
        .to_owned();
    let query = |token: &str, kind: &str, rid: &str| {
        format!("{path}?rc_token={token}&rc_room_type={kind}&rc_rid={rid}")
    };
    let close = json!({"token": "T1", "rid": mine});
    for closed in [false, true] {
        if closed {
            livechat
                .post("livechat/room.close", close.clone())
                .await
                .ok();
        }
        let cookie = format!("cookie: rc_token=T1; rc_room_type=l; rc_rid={mine}");
        let by_cookie = credentials("manager").replace("x-user-id: ", "cookie: rc_uid=");
        let by_cookie = by_cookie.replace("\nx-auth-token: ", "; rc_token=");
        let cases = [
            (query("T1", "l", &mine), String::new(), 200),
            (path.clone(), cookie, 200),
            (path.clone(), credentials("manager"), 200),
            (path.clone(), by_cookie, 200),
            (path.clone(), String::new(), 403),
            (query("T1", "c", &mine), String::new(), 403),
            (query("T2", "l", &theirs), String::new(), 403),
            (query("T2", "l", &mine), String::new(), 403),
            (query("T1", "l", &theirs), String::new(), 403),
            (format!("{path}?token=guessed"), String::new(), 403),
            // An agent who has nothing to do with the room, and one who sees no rooms.
            (path.clone(), credentials("ada-account"), 403),
            (path.clone(), credentials("nobody"), 403),
            (
                "/file-upload/nothing/a.html".to_owned(),
                credentials("manager"),
                404,
            ),
            (
                "/file-upload/..%2F..%2Fetc/passwd".to_owned(),
                credentials("manager"),
                404,
            ),
        ];
        for (path, headers, status) in cases {
            let fetched = fetch(&livechat, &path, &headers).await;
            assert_eq!(fetched.status, status, "{path} {headers}");
            assert_eq!(fetched.body.contains(page), status == 200, "{path}");
        }
    }
    let fetched = fetch(&livechat, &query("T1", "l", &mine), "").await;
    let told = [
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("content-disposition", "attachment; filename*=UTF-8''a.html"),
        ("content-length", "25"),
    ];
    for (name, value) in told {
        assert_eq!(fetched.header(name), Some(value));
    }
}

#[tokio::test]
async fn a_large_file_comes_back_as_it_was() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let bytes: String = (0..300_000)
        .map(|number: u32| char::from(b'a' + u8::try_from(number % 23).unwrap()))
        .collect();
    let told = upload(&livechat, "T1", &rid, &file("a.gif", "image/gif", &bytes))
        .await
        .ok();
    let path = told["attachments"][0]["title_link"].as_str().unwrap();
    let path = format!("{path}?rc_token=T1&rc_room_type=l&rc_rid={rid}");
    let fetched = fetch(&livechat, &path, "").await;
    assert!(fetched.body == bytes, "{} bytes", fetched.body.len());
    assert_eq!(
        fetched.header("content-disposition"),
        Some("inline; filename*=UTF-8''a.gif")
    );
}

#[tokio::test]
async fn a_removed_message_takes_its_file_along() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let told = upload(&livechat, "T1", &rid, &file("a", "text/plain", "x"))
        .await
        .ok();
    assert_eq!(kept(&livechat).len(), 1);
    let path = format!("livechat/message/{}", told["_id"].as_str().unwrap());
    livechat
        .send("DELETE", &path, json!({"token": "T1", "rid": rid}))
        .await
        .ok();
    assert_eq!(kept(&livechat), [""; 0]);
    let files = livechat.conversations.files();
    assert_eq!(files.used(), 0);
}

/// Notes what is made durable; fails at the named step.
#[derive(Default)]
struct Recorder {
    steps: Mutex<Vec<String>>,
    fails_at: &'static str,
}

impl Recorder {
    fn step(&self, what: String) -> io::Result<()> {
        let fails = !self.fails_at.is_empty() && what.starts_with(self.fails_at);
        self.steps.lock().unwrap().push(what);
        if fails {
            Err(io::Error::other("no"))
        } else {
            Ok(())
        }
    }
}

impl MakeDurable for Recorder {
    fn file(&self, file: &File) -> io::Result<()> {
        self.step(format!("file of {}", file.metadata()?.len()))
    }

    fn directory(&self, directory: &Path) -> io::Result<()> {
        // A name that is not final yet must never be made durable as if it were.
        let whole = fs::read_dir(directory)?
            .filter(|entry| {
                !entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .ends_with(".part")
            })
            .count();
        self.step(format!("directory of {whole}"))
    }
}

#[test]
fn bytes_then_name_are_durable_before_anybody_knows_the_file() {
    for (fails_at, left) in [("", 1), ("file", 0), ("directory of 1", 0)] {
        let state = tempfile::tempdir().unwrap();
        fs::create_dir(state.path().join("files")).unwrap();
        let recorder = Arc::new(Recorder {
            fails_at,
            ..Recorder::default()
        });
        let files = Files::open_with(state.path(), Arc::clone(&recorder) as _).unwrap();
        let mut incoming = files.begin().unwrap();
        incoming.write(b"abc", None, 100).unwrap();
        assert!(matches!(
            incoming.write(b"abc", Some(5), 100),
            Err(Full::TooLarge)
        ));
        let outcome = incoming.keep();
        assert_eq!(outcome.is_ok(), left == 1, "{fails_at}");
        assert_eq!(names(state.path()).len(), left, "{fails_at}");
        assert_eq!(files.used(), 3 * left as u64, "{fails_at}");
        if left == 1 {
            assert_eq!(
                *recorder.steps.lock().unwrap(),
                ["file of 3", "directory of 1"]
            );
        }
    }
}

#[tokio::test]
async fn what_a_crash_left_behind_is_removed_at_the_start() {
    let state = tempfile::tempdir().unwrap();
    let files = Files::open(state.path()).unwrap();
    let mut cut = files.begin().unwrap();
    cut.write(b"abc", None, 100).unwrap();
    std::mem::forget(cut);
    let mut orphan = files.begin().unwrap();
    orphan.write(b"abcd", None, 100).unwrap();
    orphan.keep().unwrap();
    assert_eq!(names(state.path()).len(), 2);
    let again = Files::open(state.path()).unwrap();
    // What was cut off went already; the other may yet have a document.
    assert_eq!((names(state.path()).len(), again.used()), (1, 4));
    let livechat = Livechat::with_files(Arc::clone(&again)).await;
    // An answer means that the start is over.
    let _: Value = livechat.get("livechat/room?token=nobody").await.json;
    assert_eq!((names(state.path()), again.used()), (Vec::new(), 0));
}

#[tokio::test]
async fn a_part_whose_head_never_ends_is_refused_long_before_it_fills_the_memory() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let mut socket = tokio::net::TcpStream::connect(livechat.address)
        .await
        .unwrap();
    let head = format!(
        "POST /api/v1/livechat/upload/{rid} HTTP/1.1\r\nhost: x\r\nx-visitor-token: T1\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: 1000000000\r\n\r\n\
         --b\r\nX: "
    );
    let (mut reader, mut writer) = socket.split();
    writer.write_all(head.as_bytes()).await.unwrap();
    let piece = vec![b'x'; 64 * 1024];
    let mut answer = [0; 12];
    let mut sent = 0;
    // It ends with an answer, or with a socket that takes no more.
    let read = loop {
        let wrote = tokio::select! {
            got = reader.read(&mut answer) => break got.unwrap_or(0),
            wrote = writer.write(&piece) => wrote,
        };
        match wrote {
            Ok(more) => sent += more,
            Err(_) => break 0,
        }
        assert!(sent < 64 * 1024 * 1024, "all of it is taken");
    };
    assert!(read == 0 || answer == *b"HTTP/1.1 400");
    assert!(kept(&livechat).is_empty());
    // What nobody asked for is read over, however long it is.
    let form = part("other", "", &"x".repeat(3_000_000)) + &file("a.txt", "text/plain", "a");
    let told = upload(&livechat, "T1", &rid, &form).await.ok();
    assert_eq!(told["file"]["name"], "a.txt");
}
