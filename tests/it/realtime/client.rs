//! A websocket client that speaks DDP over a real socket, and expects each frame exactly.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, protocol::CloseFrame},
};

use crate::server_world::GUARD;

/// One socket.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pings: u32,
}

impl Client {
    /// Opens a socket; the first frame is Meteor's.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(address, stream).await
    }

    /// The same over a connection of the caller's.
    pub(crate) async fn over(address: SocketAddr, stream: TcpStream) -> Self {
        let url = format!("ws://{address}/websocket");
        let (socket, _) = client_async(url, stream).await.unwrap();
        let mut client = Self { socket, pings: 0 };
        assert_eq!(client.next().await, json!({"server_id": "0"}));
        client
    }

    /// Opens a socket and a session.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut client = Self::open(address).await;
        let support = ["1", "pre2", "pre1"];
        client
            .send(json!({"msg": "connect", "version": "1", "support": support}))
            .await;
        let connected = client.next().await;
        assert_eq!(connected["msg"], "connected");
        assert_eq!(connected["session"].as_str().unwrap().len(), 17);
        client
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.say(&frame.to_string()).await;
    }

    /// Any text.
    pub(crate) async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        match self.message().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(text.as_str()).unwrap(),
            other => panic!("no frame but {other:?}"),
        }
    }

    pub(crate) async fn message(&mut self) -> Option<Result<Message, Error>> {
        let next = tokio::time::timeout(GUARD, self.socket.next());
        next.await.expect("no frame came")
    }

    /// The server's goodbye, if it says one; frames before it are skipped.
    pub(crate) async fn end(&mut self) -> Option<CloseFrame> {
        loop {
            match self.message().await {
                Some(Ok(Message::Close(frame))) => {
                    // The answer to it is sent as the stream is read on, to its end.
                    while let Some(Ok(_)) = self.message().await {}
                    return frame;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Nothing has come, and nothing was under way: the answer to a ping is the next frame.
    pub(crate) async fn silence(&mut self) {
        self.pings += 1;
        let id = format!("ping-{}", self.pings);
        self.send(json!({"msg": "ping", "id": id})).await;
        assert_eq!(self.next().await, json!({"msg": "pong", "id": id}));
    }

    /// Subscribes and gives the answer.
    pub(crate) async fn sub(&mut self, id: &str, name: &str, params: Value) -> Value {
        self.send(json!({"msg": "sub", "id": id, "name": name, "params": params}))
            .await;
        self.next().await
    }

    /// Subscribes; it must be ready.
    pub(crate) async fn listen(&mut self, id: &str, name: &str, params: Value) {
        let answer = self.sub(id, name, params).await;
        assert_eq!(answer, json!({"msg": "ready", "subs": [id]}));
    }

    /// Calls a method and gives its result, or its error.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.send(json!({"msg": "method", "id": "m", "method": method, "params": params}))
            .await;
        let mut result = self.next().await;
        assert_eq!(result["msg"], "result", "{result}");
        assert_eq!(result["id"], "m");
        let updated = self.next().await;
        assert_eq!(updated, json!({"msg": "updated", "methods": ["m"]}));
        match result.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(result["result"].take()),
        }
    }
}

/// Parameters of a subscription as `@rocket.chat/ddp-client` sends them.
pub(crate) fn as_visitor(event: &str, token: &str) -> Value {
    json!([event, {"useCollection": false, "args": [{"token": token, "visitorToken": token}]}])
}

/// An event of a stream.
pub(crate) fn changed(stream: &str, event: &str, args: &Value) -> Value {
    json!({
        "msg": "changed",
        "collection": stream,
        "id": "id",
        "fields": {"eventName": event, "args": args},
    })
}

/// Why a subscription does not stand, where the credential is wrong.
pub(crate) fn not_allowed(id: &str) -> Value {
    json!({
        "msg": "nosub",
        "id": id,
        "error": {
            "isClientSafe": true,
            "error": "not-allowed",
            "message": "[not-allowed]",
            "errorType": "Meteor.Error",
        },
    })
}
