//! `/livechat`: an installed build of the official widget, from its page to its last file, and nothing else.

use std::path::Path;

use crate::{
    livechat_world::Livechat,
    program::{Running, get},
    server_world::{Answer, ask},
};

/// The layout of the published package's `build`: the page names its scripts below `livechat/`.
const PAGE: &str = "<!doctype html><html><head><title>Rocket.Chat.Livechat</title></head><body><script src=\"livechat/bundle.31a95.js\"></script></body></html>";

fn build(dir: &Path) {
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
    write("index.html", PAGE);
    write("bundle.31a95.js", "bundle");
    write("rocketchat-livechat.min.js", "loader");
    write("bundle.31a95.js.map", "{}");
    write("logo.PNG", "png");
    write("a b.css", "css");
    write("notes", "?");
    write(".hidden", "hidden");
    std::fs::create_dir_all(dir.join("sounds")).unwrap();
    write("sounds/chime.mp3", "ding");
}

/// A bridge with a build in a directory whose neighbour is secret.
async fn hosting(more: &str) -> (Livechat, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("build");
    std::fs::create_dir(&dir).unwrap();
    build(&dir);
    std::fs::write(folder.path().join("secret.js"), "secret").unwrap();
    std::os::unix::fs::symlink(folder.path().join("secret.js"), dir.join("out.js")).unwrap();
    std::os::unix::fs::symlink(folder.path(), dir.join("up")).unwrap();
    std::os::unix::fs::symlink("notes", dir.join("inside.txt")).unwrap();
    let text = format!("[livechat]\nwidget_dir = \"{}\"\n{more}", dir.display());
    (Livechat::with(&text).await, folder)
}

async fn look(livechat: &Livechat, request: &str) -> Answer {
    ask(livechat.address, request).await
}

#[tokio::test]
async fn the_page_is_served_with_the_server_s_address_and_may_be_framed() {
    let (livechat, _folder) = hosting("").await;
    let page = look(&livechat, "GET /livechat").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("x-frame-options"), None);
    assert_eq!(page.header("content-security-policy"), None);
    let script = "<body><script>SERVER_URL = window.location.origin;</script>";
    assert_eq!(page.body, PAGE.replacen("<body>", script, 1));
    for other in [
        "/livechat/",
        "/livechat?mode=popout",
        "/livechat/index.html",
    ] {
        assert_eq!(
            look(&livechat, &format!("GET {other}")).await,
            page,
            "{other}"
        );
    }
    let (livechat, _folder) = hosting("site_url = \"https://chat.example.org/</script>\"").await;
    let page = look(&livechat, "GET /livechat").await;
    let script =
        r#"<body><script>SERVER_URL = "https://chat.example.org/\u003c/script>";</script>"#;
    assert_eq!(page.body, PAGE.replacen("<body>", script, 1));
}

#[tokio::test]
async fn each_file_comes_with_its_type_and_nothing_from_outside_comes_at_all() {
    let (livechat, _folder) = hosting("").await;
    let script = "text/javascript; charset=utf-8";
    let good = [
        ("/livechat/bundle.31a95.js", script, "bundle"),
        ("/livechat/rocketchat-livechat.min.js", script, "loader"),
        (
            "/livechat/rocketchat-livechat.min.js?_=201903270000",
            script,
            "loader",
        ),
        ("/livechat/bundle.31a95.js.map", "application/json", "{}"),
        ("/livechat/logo.PNG", "image/png", "png"),
        ("/livechat/a%20b.css", "text/css; charset=utf-8", "css"),
        ("/livechat/notes", "application/octet-stream", "?"),
        ("/livechat/inside.txt", "text/plain; charset=utf-8", "?"),
        ("/livechat/sounds/chime.mp3", "audio/mpeg", "ding"),
        ("/livechat/sounds%2Fchime.mp3", "audio/mpeg", "ding"),
        ("/sounds/chime.mp3", "audio/mpeg", "ding"),
    ];
    for (path, kind, body) in good {
        let answer = look(&livechat, &format!("GET {path}")).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    for path in [
        "/livechat/nothing.js",
        "/livechat/.hidden",
        "/livechat/sounds",
        "/livechat/sounds/",
        "/livechat/out.js",
        "/livechat/up/secret.js",
        "/livechat/../secret.js",
        "/livechat/%2e%2e/secret.js",
        "/livechat/..%2fsecret.js",
        "/livechat/sounds/../../secret.js",
        "/livechat//etc/passwd",
        "/livechat/%2Fetc%2Fpasswd",
        "/livechat/bundle.31a95.js%00",
        "/livechat/%ff",
        "/livechat/%",
        "/livechatter",
        "/sounds/other.mp3",
    ] {
        let answer = look(&livechat, &format!("GET {path}")).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.body, "404 Not Found", "{path}");
    }
    let answer = look(&livechat, "POST /livechat").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (404, "404 Not Found")
    );
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again_and_head_sends_nothing() {
    let (livechat, _folder) = hosting("").await;
    let path = "/livechat/bundle.31a95.js";
    let whole = look(&livechat, &format!("GET {path}")).await;
    assert_eq!(whole.header("cache-control"), Some("no-cache"));
    let tag = whole.header("etag").unwrap();
    for known in [
        tag.to_owned(),
        format!("W/{tag}"),
        format!("\"a\", {tag}"),
        "*".to_owned(),
    ] {
        let request = format!("GET {path}\nif-none-match: {known}");
        let answer = look(&livechat, &request).await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{known}");
        assert_eq!(answer.header("etag"), Some(tag), "{known}");
    }
    let answer = look(&livechat, &format!("GET {path}\nif-none-match: \"a\"")).await;
    assert_eq!(answer, whole);
    let head = look(&livechat, &format!("HEAD {path}")).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.headers, whole.headers);
}

#[tokio::test]
async fn without_a_build_the_answer_says_what_to_set() {
    let folder = tempfile::tempdir().unwrap();
    let with = |dir: &Path| format!("[livechat]\nwidget_dir = \"{}\"\n", dir.display());
    let missing = with(&folder.path().join("missing"));
    // A directory without a page is no build.
    let empty = with(folder.path());
    for text in ["", &missing, &empty] {
        let livechat = Livechat::with(text).await;
        for path in ["/livechat", "/livechat/rocketchat-livechat.min.js"] {
            let answer = look(&livechat, &format!("GET {path}")).await;
            assert_eq!(answer.status, 404, "{text}");
            assert_eq!(
                answer.header("content-type"),
                Some("text/plain; charset=UTF-8")
            );
            assert!(
                answer.body.contains("livechat.widget_dir"),
                "{}",
                answer.body
            );
        }
    }
}

#[test]
fn a_demo_serves_a_build_shows_a_version_and_names_its_accounts() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let widget = folder.path().display().to_string();
    let mut words = vec![
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--ops-listen",
        "127.0.0.1:0",
    ];
    words.extend(["--widget", &widget, "--rocketchat-version", "6"]);
    let demo = Running::start(&words);
    let page = get(&format!("{}/livechat", demo.api));
    assert!(page.body.contains("SERVER_URL"), "{}", page.body);
    // Only 6.x tells a wrong method from a wrong path.
    let wrong = crate::program::http(
        "PATCH",
        &format!("{}/api/v1/livechat/visitor", demo.api),
        &[],
        "",
    );
    assert_eq!(wrong.status, 405, "{}", wrong.body);
    let public = get(&format!("{}/openapi.json", demo.api));
    let operators = get(&format!("{}/openapi.json", demo.ops));
    assert_eq!((public.status, operators.status), (200, 200));
    assert_eq!(public.body, operators.body);
    let (code, stderr) = demo.stop();
    assert_eq!(code, 0, "{stderr}");
    for account in ["console", "bot"] {
        let named = format!("X-User-Id: {} ", lp2rc::server::account_id(account));
        assert!(stderr.contains(&named), "{stderr}");
        assert!(
            stderr.contains(&format!("X-Auth-Token: {account}-token")),
            "{stderr}"
        );
    }
}
