//! The accept loop: slow, idle, many, greedy and leaving clients.

use std::time::Duration;

use lp2rc::config::ApiConfig;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};

use super::server_world::{
    FakeDesk, TOKEN, World, agent, ask, config, read_all, read_until, until,
};

const INFO: &[u8] = b"GET /api/info HTTP/1.1\r\nhost: test\r\n\r\n";
const INFO_BODY: &str = r#"{"version":"8.5","success":true}"#;

#[tokio::test]
async fn a_client_that_never_ends_its_header_is_closed() {
    let world = World::new();
    let api = world.api(config()).await;
    let mut slow = TcpStream::connect(api).await.unwrap();
    slow.write_all(b"GET /api/info HTTP/1.1\r\nx-slow: ")
        .await
        .unwrap();
    let ten = Some(Duration::from_secs(10));
    until("the header timer runs", || world.clock.next_wake() == ten).await;
    world.clock.advance(Duration::from_secs(9));
    // More of the header does not give more time.
    slow.write_all(b"still here\r\n").await.unwrap();
    assert_eq!(ask(api, "GET /api/info").await.status, 200);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(read_all(&mut slow).await, "");
}

#[tokio::test]
async fn a_connection_is_kept_for_more_requests_and_closed_when_idle() {
    let world = World::new();
    let api = world.api(config()).await;
    let mut kept = TcpStream::connect(api).await.unwrap();
    for _ in 0..3 {
        kept.write_all(INFO).await.unwrap();
        read_until(&mut kept, INFO_BODY).await;
        world.clock.advance(Duration::from_secs(6));
    }
    until("the idle timer runs", || world.clock.next_wake().is_some()).await;
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(read_all(&mut kept).await, "");
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_a_free_slot() {
    let world = World::new();
    let capped = ApiConfig {
        max_connections: 2,
        ..config()
    };
    let api = world.api(capped).await;
    let open = &world.metrics.http_connections;
    let first = TcpStream::connect(api).await.unwrap();
    let mut second = TcpStream::connect(api).await.unwrap();
    until("both are served", || open.get() == 2).await;
    let mut third = TcpStream::connect(api).await.unwrap();
    third.write_all(INFO).await.unwrap();
    // The second still gets its answers while the third, though earlier, waits.
    second.write_all(INFO).await.unwrap();
    read_until(&mut second, INFO_BODY).await;
    assert_eq!(open.get(), 2);
    let mut nothing = [0; 1];
    assert!(
        third.try_read(&mut nothing).is_err(),
        "answered beyond the cap"
    );
    drop(first);
    read_until(&mut third, INFO_BODY).await;
    drop((second, third));
    until("all slots are free again", || open.get() == 0).await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_dropped() {
    let world = World::new();
    let impatient = ApiConfig {
        header_timeout: Duration::from_secs(100),
        request_timeout: Duration::from_secs(7),
        ..config()
    };
    let api = world.api(impatient).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut greedy = socket.connect(api).await.unwrap();
    let (clock, open) = (world.clock.clone(), world.metrics.http_connections.clone());
    let asking = tokio::spawn(async move {
        let many = INFO.repeat(100);
        // Ends with an error when the server has gone.
        while greedy.write_all(&many).await.is_ok() {}
    });
    let seven = Some(Duration::from_secs(7));
    until("a write stalls", || clock.next_wake() == seven).await;
    clock.advance(Duration::from_secs(7));
    until("it is dropped", || open.get() == 0).await;
    asking.await.unwrap();
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let world = World::new();
    let api = world.api(config()).await;
    let mut stream = TcpStream::connect(api).await.unwrap();
    let line = format!("x-large: {}\r\n", "x".repeat(1_000));
    let request = format!("GET /api/info HTTP/1.1\r\n{}", line.repeat(40));
    // The server may close before it has read all.
    let _ = stream.write_all(request.as_bytes()).await;
    let answer = read_until(&mut stream, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_body_nobody_wants_does_not_become_the_next_request() {
    let world = World::new();
    let api = world.api(config()).await;
    let mut stream = TcpStream::connect(api).await.unwrap();
    let smuggled = String::from_utf8_lossy(INFO);
    let request = format!(
        "POST /api/v1/livechat/agent.next/T1 HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n{smuggled}",
        smuggled.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answers = read_all(&mut stream).await;
    assert!(answers.ends_with("404 Not Found"), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1").count(), 1, "{answers}");
}

#[tokio::test]
async fn http2_is_not_spoken() {
    let world = World::new();
    let api = world.api(config()).await;
    let mut stream = TcpStream::connect(api).await.unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_stop_closes_idle_connections_at_once() {
    let world = World::new();
    world.publish(vec![agent("ada", &[])]);
    let (api, listener) = world
        .api_with(config(), std::sync::Arc::new(lp2rc::ports::NoRooms))
        .await;
    let mut used = TcpStream::connect(api).await.unwrap();
    used.write_all(INFO).await.unwrap();
    read_until(&mut used, INFO_BODY).await;
    let mut unused = TcpStream::connect(api).await.unwrap();
    until("both are served", || {
        world.metrics.http_connections.get() == 2
    })
    .await;
    world.stop.cancel();
    listener.await.unwrap();
    assert_eq!(read_all(&mut used).await, "");
    assert_eq!(read_all(&mut unused).await, "");
    assert_eq!(world.metrics.http_connections.get(), 0);
    assert!(TcpStream::connect(api).await.is_err(), "still accepting");
}

#[tokio::test]
async fn a_stop_lets_a_running_request_finish_but_not_for_ever() {
    for finishes in [true, false] {
        let world = World::new();
        let (desk, mut cycles) = FakeDesk::new();
        let (operations, listener) = world.operations(desk).await;
        let mut client = TcpStream::connect(operations).await.unwrap();
        let request = format!(
            "POST /admin/sync HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {TOKEN}\r\n\r\n"
        );
        client.write_all(request.as_bytes()).await.unwrap();
        let (_, done) = cycles.recv().await.unwrap();
        world.stop.cancel();
        let five = Some(Duration::from_secs(5));
        until("the drain has begun", || world.clock.next_wake() == five).await;
        if finishes {
            done.send(Err(lp2rc::ports::ControlError::Stopping))
                .unwrap();
            let answer = read_all(&mut client).await;
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
            assert!(answer.contains("connection: close"), "{answer}");
        } else {
            world.clock.advance(Duration::from_secs(5));
            assert_eq!(read_all(&mut client).await, "");
        }
        listener.await.unwrap();
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_the_setting_to_change() {
    let world = World::new();
    let taken = world.api(config()).await;
    let again = lp2rc::server::Api {
        config: ApiConfig {
            listen: taken,
            ..config()
        },
        ledger: std::sync::Arc::clone(&world.ledger),
        rooms: std::sync::Arc::new(lp2rc::ports::NoRooms),
        livechat: None,
        clock: std::sync::Arc::new(world.clock.clone()),
        metrics: world.metrics.clone(),
    };
    let Err(refused) = again.bind().await else {
        panic!("two listeners on one address");
    };
    let said = refused.to_string();
    assert!(
        said.contains(&taken.to_string()) && said.contains("`api.listen`"),
        "{said}"
    );
}
