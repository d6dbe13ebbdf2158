//! External routing and webhooks: shown first, set, tested, taken back.

use lp2rc::sim::rocketchat::{Fault, What};
use serde_json::json;

use super::{Ends, Setup};

/// An endpoint that answers everything with an empty object, and remembers what it was asked.
fn endpoint() -> (String, std::sync::mpsc::Receiver<String>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (send, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut text = [0; 16 * 1024];
            let length = stream.read(&mut text).unwrap_or(0);
            let asked = String::from_utf8_lossy(&text[..length]).into_owned();
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            // Whoever asked may be gone.
            let _ = stream.write_all(answer.as_bytes());
            if send.send(asked).is_err() {
                return;
            }
        }
    });
    (address, asked)
}

#[test]
fn connect_shows_sets_tests_and_takes_back() {
    let (address, asked) = endpoint();
    let ends = Ends::read(Setup {
        agents: 3,
        more: format!(
            "[migrate.connect]\nrouting_url = \"{address}/external-queue\"\nrouting_token = \"routing-secret\"\n\
             webhook_url = \"{address}/webhooks/rocketchat\"\nwebhook_token = \"webhook-secret\"\n"
        ),
        ..Setup::default()
    });
    let before = ends.digest()["settings"].clone();
    let shown = ends.expect(12, &["connect", "--dry-run"]);
    assert!(
        shown.stdout.contains("Livechat_Routing_Method"),
        "{}",
        shown.stdout
    );
    assert!(shown.stdout.contains("External"), "{}", shown.stdout);
    assert!(
        !shown.stdout.contains("routing-secret"),
        "a secret was shown"
    );
    assert_eq!(ends.digest()["settings"], before, "a dry run wrote");

    ends.expect(0, &["connect"]);
    let after = ends.digest()["settings"].clone();
    assert_eq!(after["Livechat_Routing_Method"], json!("External"));
    assert_eq!(
        after["Livechat_External_Queue_Token"],
        json!("routing-secret")
    );
    assert_eq!(after["Livechat_webhook_on_close"], json!(true));
    let heard: Vec<_> = asked.try_iter().collect();
    assert!(
        heard
            .iter()
            .any(|one| one.starts_with("POST /webhooks/rocketchat")),
        "{heard:?}"
    );
    assert!(
        heard
            .iter()
            .any(|one| one.starts_with("GET /external-queue")),
        "{heard:?}"
    );
    ends.expect(0, &["connect"]);

    ends.expect(0, &["undo"]);
    assert_eq!(ends.digest()["settings"], before);
    ends.off();
}

#[test]
fn a_routing_address_that_does_not_answer_is_not_connected() {
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let ends = Ends::read(Setup {
        agents: 3,
        more: format!(
            "[migrate.connect]\nrouting_url = \"http://{nobody}/external-queue\"\nrouting_token = \"routing-secret\"\n"
        ),
        ..Setup::default()
    });
    let before = ends.digest()["settings"].clone();
    let done = ends.expect(10, &["connect"]);
    assert!(
        done.stderr.contains("external-queue")
            && done.stderr.contains("migrate.connect.routing_url"),
        "{}",
        done.stderr
    );
    assert_eq!(
        ends.digest()["settings"],
        before,
        "Rocket.Chat would route to nobody"
    );
    ends.off();
}

/// Only External routing, no webhook.
fn routing() -> Ends {
    let (address, asked) = endpoint();
    // Kept open: the endpoint ends when nobody listens.
    std::mem::forget(asked);
    Ends::read(Setup {
        agents: 3,
        more: format!(
            "[migrate.connect]\nrouting_url = \"{address}/external-queue\"\nrouting_token = \"routing-secret\"\n"
        ),
        ..Setup::default()
    })
}

#[test]
fn routing_without_a_webhook_is_connected_and_no_webhook_is_tested() {
    let ends = routing();
    ends.expect(0, &["connect"]);
    let log = ends.target.log();
    assert!(log.iter().all(|one| !one.path.contains("webhook.test")));
    ends.off();
}

#[test]
fn routing_is_switched_on_last_and_off_first() {
    let ends = routing();
    let before = ends.digest()["settings"].clone();
    let refuse = |skip| {
        let fault = Fault::at("settings.save", What::Status(400));
        ends.target.faults().set(vec![fault.skip(skip).times(1)]);
    };
    // Whichever of the two goes wrong, visitors are not sent to an address that is not there.
    for skip in 0..2 {
        refuse(skip);
        ends.expect(13, &["connect"]);
        let method = ends.digest()["settings"]["Livechat_Routing_Method"].clone();
        assert_eq!(method, before["Livechat_Routing_Method"], "{skip}");
    }
    ends.target.faults().clear();
    ends.expect(0, &["connect"]);
    let connected = ends.digest()["settings"].clone();
    refuse(0);
    ends.expect(13, &["undo"]);
    let url = ends.digest()["settings"]["Livechat_External_Queue_URL"].clone();
    assert_eq!(url, connected["Livechat_External_Queue_URL"]);
    ends.off();
}
