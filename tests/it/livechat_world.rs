//! A small world for the tests of the livechat face: agents, a manual clock, conversations in memory,
//! service accounts, and requests over real sockets.

use std::{net::SocketAddr, sync::Arc};

use lp2rc::{
    config::{ApiConfig, Config, Layers, LivechatConfig, load},
    conversation::{Conversations, Parts, files::Files},
    domain::DesiredAgent,
    mail::Mail,
    ports::{Documents, Post},
    server::{Api, Hub, LivechatParts, account_id},
    state::MemoryDocuments,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::server_world::{Answer, World, agent, ask_with_body, config};

/// Service accounts of every world: their token is `token-of-<username>`.
const ACCOUNTS: [(&str, &str, &str); 4] = [
    ("admin", "admin", ""),
    ("manager", "livechat-manager", ""),
    ("ada-account", "livechat-agent", "ada"),
    ("nobody", "bot", ""),
];

/// A running livechat face.
pub(crate) struct Livechat {
    pub(crate) world: World,
    pub(crate) address: SocketAddr,
    pub(crate) conversations: Conversations,
    /// The state directory, for what is not a document.
    pub(crate) state: tempfile::TempDir,
    /// Who listens over sockets.
    pub(crate) hub: Arc<Hub>,
}

/// What a face is started with.
struct Setup {
    world: World,
    documents: Box<dyn Documents>,
    files: Option<Arc<Files>>,
    post: Option<Arc<dyn Post>>,
    agents: Vec<DesiredAgent>,
    api: ApiConfig,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            world: World::new(),
            documents: Box::new(MemoryDocuments::default()),
            files: None,
            post: None,
            agents: Vec::new(),
            api: config(),
        }
    }
}

/// One JSON answer.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) raw: Answer,
}

impl Livechat {
    /// With agents `ada` and `bob` of the department `sales`, and `[livechat]` as in `text` (whole
    /// sections, such as `[livechat.behaviour]`).
    pub(crate) async fn with(text: &str) -> Self {
        let agents = vec![agent("ada", &["sales"]), agent("bob", &["sales"])];
        Self::of(text, agents, config()).await
    }

    /// As shipped.
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// With these agents and this listener.
    pub(crate) async fn of(text: &str, agents: Vec<DesiredAgent>, api: ApiConfig) -> Self {
        let documents = Box::new(MemoryDocuments::default());
        Self::over(documents, text, agents, api).await
    }

    /// Over documents of the caller's.
    pub(crate) async fn over(
        documents: Box<dyn Documents>,
        text: &str,
        agents: Vec<DesiredAgent>,
        api: ApiConfig,
    ) -> Self {
        Self::in_world(World::new(), documents, text, agents, api).await
    }

    /// In a world of the caller's, with other rules of routing.
    pub(crate) async fn in_world(
        world: World,
        documents: Box<dyn Documents>,
        text: &str,
        agents: Vec<DesiredAgent>,
        api: ApiConfig,
    ) -> Self {
        let setup = Setup {
            world,
            documents,
            agents,
            api,
            ..Setup::default()
        };
        Self::start(text, setup).await
    }

    /// As shipped, over files of the caller's.
    pub(crate) async fn with_files(files: Arc<Files>) -> Self {
        let setup = Setup {
            files: Some(files),
            ..Setup::default()
        };
        Self::start("", setup).await
    }

    /// As [`Self::with`], with this carrier of mail.
    pub(crate) async fn posted(text: &str, post: Arc<dyn Post>) -> Self {
        let setup = Setup {
            agents: vec![agent("ada", &["sales"]), agent("bob", &["sales"])],
            post: Some(post),
            ..Setup::default()
        };
        Self::start(text, setup).await
    }

    async fn start(text: &str, setup: Setup) -> Self {
        let Setup {
            world,
            documents,
            files,
            post,
            agents,
            api,
        } = setup;
        let state = tempfile::tempdir().unwrap();
        let files = files.unwrap_or_else(|| Files::open(state.path()).unwrap());
        world.publish(agents);
        let config = livechat_config(text);
        let hub = Arc::new(Hub::new(config.realtime, world.metrics.clone()));
        let post = post.unwrap_or_else(|| {
            let clock = Arc::new(world.clock.clone());
            Arc::new(Mail::new(&config.mail, clock))
        });
        let (conversations, _thread) = Conversations::start(Parts {
            documents,
            ledger: Arc::clone(&world.ledger),
            clock: Arc::new(world.clock.clone()),
            config: Arc::clone(&config),
            audience: Arc::new(hub.ears()),
            metrics: world.metrics.clone(),
            files,
        })
        .unwrap();
        let bound = Api {
            config: api,
            ledger: Arc::clone(&world.ledger),
            rooms: conversations.open_rooms(),
            livechat: Some(LivechatParts {
                config,
                conversations: conversations.clone(),
                hub: Arc::clone(&hub),
                post,
            }),
            clock: Arc::new(world.clock.clone()),
            metrics: world.metrics.clone(),
        }
        .bind()
        .await
        .unwrap();
        let address = bound.address();
        tokio::spawn(bound.run(world.stop.clone()));
        Self {
            world,
            address,
            conversations,
            state,
            hub,
        }
    }

    /// Any request: `METHOD path` below `/api/v1/`, header lines, and a body as it is.
    pub(crate) async fn raw(&self, method: &str, path: &str, headers: &str, body: &str) -> Told {
        let request = format!("{method} /api/v1/{path}\n{headers}");
        let raw = ask_with_body(self.address, &request, body).await;
        Told {
            status: raw.status,
            json: serde_json::from_str(&raw.body).unwrap_or(Value::Null),
            raw,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Told {
        self.raw("GET", path, "", "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Told {
        self.send("POST", path, body).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Told {
        let json = "content-type: application/json";
        self.raw(method, path, json, &body.to_string()).await
    }

    /// A request with a service account's credentials; `Value::Null` is no body.
    pub(crate) async fn as_user(
        &self,
        username: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> Told {
        let headers = format!("content-type: application/json\n{}", credentials(username));
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.raw(method, path, &headers, &body).await
    }

    /// Registers a visitor with this token and gives their room.
    pub(crate) async fn room(&self, token: &str) -> String {
        let visitor = serde_json::json!({"visitor": {"token": token, "name": token}});
        self.post("livechat/visitor", visitor).await.ok();
        let room = self.get(&format!("livechat/room?token={token}")).await.ok();
        room["room"]["_id"].as_str().unwrap().to_owned()
    }

    /// A visitor writes; gives the message.
    pub(crate) async fn write(&self, token: &str, rid: &str, msg: &str) -> Value {
        let body = serde_json::json!({"token": token, "rid": rid, "msg": msg});
        self.post("livechat/message", body).await.ok()["message"].take()
    }
}

impl Told {
    /// The body of a success.
    pub(crate) fn ok(mut self) -> Value {
        assert_eq!(self.status, 200, "{}", self.raw.body);
        assert_eq!(self.json["success"], true, "{}", self.raw.body);
        assert_eq!(self.raw.header("content-type"), Some("application/json"));
        self.json.take()
    }

    /// Status, `error` (or `reason`) and `errorType` of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str, Option<&str>) {
        assert_eq!(self.json["success"], false, "{}", self.raw.body);
        assert_eq!(self.raw.header("content-type"), Some("application/json"));
        let error = self.json["error"].as_str().or(self.json["reason"].as_str());
        (
            self.status,
            error.unwrap_or_default(),
            self.json["errorType"].as_str(),
        )
    }
}

/// Header lines of a service account.
pub(crate) fn credentials(username: &str) -> String {
    let id = account_id(username);
    format!("x-user-id: {id}\nx-auth-token: token-of-{username}")
}

/// `[livechat]` as in `text`, with the accounts.
pub(crate) fn livechat_config(text: &str) -> Arc<LivechatConfig> {
    whole_config(text).livechat
}

fn whole_config(text: &str) -> Config {
    use std::fmt::Write as _;
    let mut whole = text.to_owned();
    for (username, role, agent) in ACCOUNTS {
        let mut hash = String::new();
        for byte in Sha256::digest(format!("token-of-{username}")) {
            write!(hash, "{byte:02x}").unwrap();
        }
        write!(
            whole,
            "\n[[livechat.accounts]]\nusername = \"{username}\"\nroles = [\"{role}\"]\nagent = \"{agent}\"\ntoken_hash = \"{hash}\"\n"
        )
        .unwrap();
    }
    whole += "\n[liveperson]\naccount = \"1\"\nusername = \"u\"\npassword = \"p\"\n";
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("lp2rc.toml");
    std::fs::write(&file, whole).unwrap();
    let layers = Layers {
        file: Some(file),
        variables: Vec::new(),
        flags: Vec::new(),
    };
    load(&layers).unwrap().config
}
