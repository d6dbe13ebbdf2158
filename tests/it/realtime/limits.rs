//! What bounds a socket, and what is left of it when it is gone.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::client::{Client, as_visitor};
use crate::{
    livechat_world::Livechat,
    server_world::{GUARD, ask, until},
};

const MESSAGES: &str = "stream-room-messages";

/// A request for an upgrade.
const UPGRADE: &str = "GET /websocket HTTP/1.1\r\nhost: test\r\nconnection: Upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The status that a request for an upgrade gets.
async fn status(livechat: &Livechat) -> u16 {
    let mut stream = TcpStream::connect(livechat.address).await.unwrap();
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    let mut line = [0; "HTTP/1.1 101".len()];
    let read = stream.read_exact(&mut line);
    tokio::time::timeout(GUARD, read).await.unwrap().unwrap();
    let line = std::str::from_utf8(&line).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn sockets_are_capped_in_all_and_by_address_before_the_upgrade() {
    for (key, refusal) in [("max_connections", 503), ("max_per_address", 429)] {
        let text = format!("[livechat.realtime]\n{key} = 2\n");
        let livechat = Livechat::with(&text).await;
        let sockets = &livechat.world.metrics.realtime_sockets;
        let first = Client::connect(livechat.address).await;
        let _second = Client::connect(livechat.address).await;
        assert_eq!(status(&livechat).await, refusal, "{key}");
        assert_eq!(sockets.get(), 2);
        // Requests are answered all the same: sockets do not take their slots.
        assert_eq!(ask(livechat.address, "GET /api/info").await.status, 200);
        drop(first);
        until("a place is free", || sockets.get() == 1).await;
        assert_eq!(status(&livechat).await, 101, "{key}");
    }
}

#[tokio::test]
async fn subscriptions_of_a_socket_are_capped() {
    let livechat = Livechat::with("[livechat.realtime]\nmax_subscriptions = 2\n").await;
    let rid = livechat.room("T1").await;
    let mut client = Client::connect(livechat.address).await;
    for id in ["1", "2"] {
        client.listen(id, MESSAGES, as_visitor(&rid, "T1")).await;
    }
    let answer = client.sub("3", MESSAGES, as_visitor(&rid, "T1")).await;
    assert_eq!(answer["error"]["error"], "too-many-subscriptions");
    client.send(json!({"msg": "unsub", "id": "1"})).await;
    client.next().await;
    client.listen("3", MESSAGES, as_visitor(&rid, "T1")).await;
    assert_eq!(livechat.world.metrics.realtime_subscriptions.get(), 2);
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_closed_and_the_others_hear_everything() {
    let livechat = Livechat::with("[livechat.realtime]\nmax_queue = 16\n").await;
    let rid = livechat.room("T1").await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(livechat.address).await.unwrap();
    let mut slow = Client::over(livechat.address, stream).await;
    slow.send(json!({"msg": "connect", "version": "1", "support": ["1"]}))
        .await;
    slow.next().await;
    slow.listen("m", MESSAGES, as_visitor(&rid, "T1")).await;
    let mut quick = Client::connect(livechat.address).await;
    quick.listen("m", MESSAGES, as_visitor(&rid, "T1")).await;
    let metrics = &livechat.world.metrics;
    let text = "x".repeat(4_900);
    let mut written = 0;
    // Far more than the kernel keeps for a socket.
    while metrics.realtime_slow_readers.get() == 0 && written < 5_000 {
        let message = livechat.write("T1", &rid, &text).await;
        let heard = quick.next().await;
        assert_eq!(heard["fields"]["args"][0]["_id"], message["_id"]);
        written += 1;
    }
    assert_eq!(metrics.realtime_slow_readers.get(), 1, "after {written}");
    until("the slow one is gone", || {
        metrics.realtime_sockets.get() == 1
    })
    .await;
    assert_eq!(metrics.realtime_subscriptions.get(), 1);
    quick.silence().await;
}

#[tokio::test]
async fn a_silent_client_is_asked_and_then_closed() {
    let livechat = Livechat::new().await;
    let clock = livechat.world.clock.clone();
    let mut client = Client::connect(livechat.address).await;
    client.silence().await;
    let seconds = Duration::from_secs;
    let bell = |wait: u64| {
        let clock = clock.clone();
        async move {
            until("it waits", || clock.next_wake() == Some(seconds(wait))).await;
            clock.advance(seconds(wait));
        }
    };
    // Whoever answers stays.
    for _ in 0..4 {
        bell(25).await;
        assert_eq!(client.next().await, json!({"msg": "ping"}));
        client.send(json!({"msg": "pong"})).await;
        client.silence().await;
    }
    bell(25).await;
    assert_eq!(client.next().await, json!({"msg": "ping"}));
    bell(25).await;
    assert_eq!(client.next().await, json!({"msg": "ping"}));
    bell(10).await;
    assert_eq!(client.end().await.unwrap().code, CloseCode::Away);
    let sockets = &livechat.world.metrics.realtime_sockets;
    until("it is gone", || sockets.get() == 0).await;
}

#[tokio::test]
async fn a_stop_says_goodbye_to_every_socket() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = Client::connect(livechat.address).await;
        client.listen("m", MESSAGES, as_visitor(&rid, "T1")).await;
        clients.push(client);
    }
    livechat.world.stop.cancel();
    for client in &mut clients {
        assert_eq!(client.end().await.unwrap().code, CloseCode::Away);
    }
    let metrics = &livechat.world.metrics;
    until("nothing is left", || metrics.realtime_sockets.get() == 0).await;
    assert_eq!(metrics.realtime_subscriptions.get(), 0);
}

#[tokio::test]
async fn of_a_thousand_sockets_that_are_torn_off_nothing_is_left() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    for round in 0..20 {
        join_all((0..50).map(|_| async {
            let mut client = Client::connect(livechat.address).await;
            client.listen("m", MESSAGES, as_visitor(&rid, "T1")).await;
            let token = json!([{"token": "T1"}]);
            client.call("livechat:setUpConnection", token).await.unwrap();
            if round % 2 == 0 {
                // In the middle of something.
                client
                    .send(json!({"msg": "sub", "id": "n", "name": MESSAGES, "params": as_visitor(&rid, "T1")}))
                    .await;
            }
        }))
        .await;
    }
    let metrics = &livechat.world.metrics;
    until("nothing is left", || {
        metrics.realtime_sockets.get() == 0
            && metrics.realtime_subscriptions.get() == 0
            && metrics.http_connections.get() == 0
    })
    .await;
}

#[tokio::test]
async fn fifty_visitors_who_write_at_once_hear_their_own_room_once_and_in_order() {
    let livechat = Livechat::new().await;
    join_all((0..50).map(|number| {
        let livechat = &livechat;
        async move {
            let token = format!("T{number}");
            let rid = livechat.room(&token).await;
            let mut client = Client::connect(livechat.address).await;
            client.listen("m", MESSAGES, as_visitor(&rid, &token)).await;
            let texts: Vec<_> = (0..10).map(|n| format!("{token} says {n}")).collect();
            let writing = async {
                for text in &texts {
                    livechat.write(&token, &rid, text).await;
                }
            };
            let hearing = async {
                let mut last = 0;
                for text in &texts {
                    let message = client.next().await["fields"]["args"][0].take();
                    assert_eq!(message["msg"], text.as_str());
                    assert_eq!(message["rid"], rid.as_str());
                    let ts = message["ts"]["$date"].as_i64().unwrap();
                    assert!(ts > last);
                    last = ts;
                }
            };
            tokio::join!(writing, hearing);
            client.silence().await;
        }
    }))
    .await;
}
