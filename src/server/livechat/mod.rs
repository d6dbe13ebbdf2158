//! The livechat face: every endpoint of livechat contract §4, one file a heading of its documentation.
//!
//! **To add an endpoint**: in the file of its heading add an entry to that file's `ENDPOINTS` (method,
//! template, versions, permissions, window, schema, one sentence) and an `async fn` that takes the
//! [`Call`](call::Call) and gives an [`Outcome`](failure::Outcome). The table below joins the files. A
//! schema is data: the checks run on it and `/openapi.json` is made of it.
//!
//! The order of what can go wrong is that of livechat contract §1.3: logged in, rate limit, schema,
//! permissions, endpoint; typed routes look at the schema before the rate limit.

pub(super) mod account;
mod attempts;
mod call;
mod endpoint;
pub(super) mod failure;
mod hosting;
mod known;
pub(super) mod openapi;
pub(super) mod password;
pub(super) mod schema;
pub(super) mod session;

mod agent;
mod agent_message;
mod agent_room;
pub(super) mod avatar;
mod configuration;
mod contact_visitors;
mod contact_work;
mod contacts;
mod custom_fields;
mod download;
mod inquiries;
pub(super) mod login;
mod message;
mod offline_message;
mod page_visited;
mod paging;
mod room;
mod room_list;
mod transcript;
mod transfer;
mod upload;
mod video_call;
mod visitor;

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited as LimitedBody};
use hyper::body::Incoming;
use serde_json::Value;

use self::{
    account::{Caller, Permission},
    call::Call,
    endpoint::{Auth, Endpoint, Found, Params},
    failure::{Failure, Outcome},
    hosting::Hosted,
};
use super::{api::Windows, query};
use crate::{
    config::{ApiConfig, LivechatConfig, livechat::Version},
    conversation::{Conversations, Refused},
    ledger::Ledger,
    ports::{Clock, Post, clock},
};

/// What the livechat endpoints are made of.
pub(super) struct Livechat {
    /// `[api]`.
    pub(super) api: ApiConfig,
    /// `[livechat]`.
    pub(super) config: Arc<LivechatConfig>,
    /// Visitors, rooms, messages.
    pub(super) conversations: Conversations,
    /// Who carries mail.
    pub(super) post: Arc<dyn Post>,
    /// Agents.
    pub(super) ledger: Arc<Ledger>,
    /// Time-outs and moments.
    pub(super) clock: Arc<dyn Clock>,
    /// Rate windows, shared with agent.next.
    pub(super) windows: Option<Arc<Windows>>,
    /// The official widget.
    pub(super) hosted: Hosted,
    /// Every endpoint.
    table: Vec<&'static Endpoint>,
    /// Sessions and failed logins.
    logins: session::Logins,
}

/// What a request gets: status, body, and what its rate window said.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    /// `None`: not limited.
    pub(super) window: Option<super::api::Spending>,
    /// For a wrong method of a known path, up to 6.x.
    pub(super) allow: Vec<Method>,
}

impl Livechat {
    pub(super) fn new(
        api: ApiConfig,
        config: Arc<LivechatConfig>,
        conversations: Conversations,
        post: Arc<dyn Post>,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        windows: Option<Arc<Windows>>,
    ) -> Self {
        let hosted = Hosted::open(&config);
        Self {
            hosted,
            api,
            config,
            conversations,
            post,
            ledger,
            clock,
            windows,
            table: table(),
            logins: session::Logins::default(),
        }
    }

    /// Answers a request below `/api/v1/`; `None` when there is no such route.
    pub(super) async fn answer(
        self: Arc<Self>,
        client: IpAddr,
        request: Request<Incoming>,
    ) -> Option<Answered> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().strip_prefix("/api/v1/")?;
        let (place, params) =
            match endpoint::find(&self.table, self.config.version, &parts.method, path) {
                Found::Endpoint(place, params) => (place, params),
                // Only the old router told a wrong method from a wrong path (§1.1).
                Found::OtherMethod(allow) if self.config.version == Version::V6 => {
                    return Some(Answered {
                        status: StatusCode::METHOD_NOT_ALLOWED,
                        body: serde_json::json!({
                            "status": "error", "message": "API endpoint does not exist",
                        }),
                        window: None,
                        allow,
                    });
                }
                Found::OtherMethod(_) | Found::Nothing => return None,
            };
        let endpoint = self.table[place];
        let call = Call {
            path: params,
            query: query::object(parts.uri.query().unwrap_or_default()),
            body: Value::Object(serde_json::Map::new()),
            stream: None,
            headers: parts.headers,
            client,
            caller: None,
        };
        let limit = self.api.request_timeout;
        let working = Arc::clone(&self).work(place, call, body);
        let is_stream = matches!(endpoint.params, Params::Stream);
        let (outcome, window) = if is_stream {
            // A large upload takes as long as it takes; the socket's own limit watches its progress.
            working.await
        } else {
            match clock::timeout(&*self.clock, limit, working).await {
                Some(done) => done,
                None => (Err(Failure::TooSlow), None),
            }
        };
        let (status, body) = match outcome {
            Ok(mut fields) => {
                if !login::has_old_envelope(&fields) {
                    fields.insert("success".to_owned(), Value::from(true));
                }
                (StatusCode::OK, Value::Object(fields))
            }
            Err(failure) => failure.answer(),
        };
        Some(Answered {
            status,
            body,
            window,
            allow: Vec::new(),
        })
    }

    async fn work(
        self: Arc<Self>,
        place: usize,
        mut call: Call,
        body: Incoming,
    ) -> (Outcome, Option<super::api::Spending>) {
        let endpoint = self.table[place];
        let mut body = Some(body);
        call.caller = match self.caller(&call.headers).await {
            Ok(caller) => caller,
            Err(failure) => return (Err(failure), None),
        };
        let needs = match endpoint.auth {
            Auth::Public => None,
            Auth::Needs(permissions) => Some(permissions),
        };
        if needs.is_some() && call.caller.is_none() {
            return (Err(Failure::NotLoggedIn), None);
        }
        if let Params::TypedBody(schema) = endpoint.params {
            if let Err(failure) = self.read(&mut call, body.take()).await {
                return (Err(failure), None);
            }
            if let Err(text) = schema::validate(schema, &mut call.body, false) {
                return (Err(Failure::Typed(text, self.typed_error())), None);
            }
        }
        let bypass = call
            .caller
            .as_ref()
            .is_some_and(|caller| caller.may(Permission::BypassRateLimit));
        let window = if bypass {
            None
        } else {
            let now = self.clock.elapsed();
            self.windows
                .as_ref()
                .map(|windows| windows.endpoint(place, endpoint.limit, call.client, now))
        };
        if window.is_some_and(|window| window.exceeded().is_some()) {
            // The listener makes the refusal of the window itself.
            return (Err(Failure::Refused(Refused::Bare)), window);
        }
        let outcome = self.checked(endpoint, call, body).await;
        (outcome, window)
    }

    async fn checked(
        self: Arc<Self>,
        endpoint: &'static Endpoint,
        mut call: Call,
        body: Option<Incoming>,
    ) -> Outcome {
        if matches!(endpoint.params, Params::Stream) {
            call.stream = body;
        } else {
            self.read(&mut call, body).await?;
        }
        let unwraps = self.config.version >= Version::V8;
        match endpoint.params {
            Params::Free | Params::Stream | Params::TypedBody(_) => {}
            Params::Query(schema) => {
                schema::validate(schema, &mut call.query, unwraps).map_err(Failure::Params)?;
            }
            Params::Body(schema) => {
                schema::validate(schema, &mut call.body, false).map_err(Failure::Params)?;
            }
            Params::CheckQuery(schema) => {
                schema::check(schema, &call.query).map_err(Failure::Match)?;
            }
            Params::CheckBody(schema) => {
                schema::check(schema, &call.body).map_err(Failure::Match)?;
            }
        }
        if let (Auth::Needs(permissions), Some(caller)) = (endpoint.auth, &call.caller)
            && !permissions.iter().all(|needed| caller.may(*needed))
        {
            return Err(Failure::NotPermitted);
        }
        (endpoint.run)(self, call).await
    }

    /// `errorType` of a typed route's body errors (livechat contract §1.5.2).
    fn typed_error(&self) -> &'static str {
        if self.config.version >= Version::V8 {
            "invalid-params"
        } else {
            "error-invalid-params"
        }
    }

    /// Reads the body as livechat contract §1.2 says: what is not JSON is no error.
    async fn read(&self, call: &mut Call, body: Option<Incoming>) -> Result<(), Failure> {
        let Some(body) = body else { return Ok(()) };
        let most = usize::try_from(self.config.max_body).unwrap_or(usize::MAX);
        let collected = LimitedBody::new(body, most)
            .collect()
            .await
            .map_err(|_| Failure::TooLarge)?
            .to_bytes();
        let kind = call.header("content-type").unwrap_or_default();
        if kind.contains("application/json") {
            if let Ok(value) = serde_json::from_slice(&collected) {
                call.body = value;
            }
        } else if kind.contains("application/x-www-form-urlencoded")
            && let Ok(text) = std::str::from_utf8(&collected)
        {
            call.body = query::object(text);
        } else if !collected.is_empty() {
            call.body = Value::from(String::from_utf8_lossy(&collected).into_owned());
        }
        Ok(())
    }

    /// Who the credentials of a request belong to (livechat contract §1.6). Wrong ones are nobody's.
    async fn caller(&self, headers: &HeaderMap) -> Result<Option<Caller>, Failure> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(user), Some(token)) = (text("x-user-id"), text("x-auth-token")) else {
            return Ok(None);
        };
        let accounts = &self.config.accounts;
        if !accounts.iter().any(|a| account::id_of(&a.username) == user) {
            return Ok(None);
        }
        let found = self.by_token(token).await?;
        let caller = found.map(|(caller, _)| caller);
        Ok(caller.filter(|caller| caller.id == user))
    }
}

/// Every endpoint, file by file.
fn table() -> Vec<&'static Endpoint> {
    [
        agent::ENDPOINTS,
        agent_message::ENDPOINTS,
        agent_room::ENDPOINTS,
        configuration::ENDPOINTS,
        contacts::ENDPOINTS,
        custom_fields::ENDPOINTS,
        inquiries::ENDPOINTS,
        login::ENDPOINTS,
        message::ENDPOINTS,
        offline_message::ENDPOINTS,
        page_visited::ENDPOINTS,
        room::ENDPOINTS,
        room_list::ENDPOINTS,
        transcript::ENDPOINTS,
        transfer::ENDPOINTS,
        upload::ENDPOINTS,
        video_call::ENDPOINTS,
        visitor::ENDPOINTS,
    ]
    .into_iter()
    .flatten()
    .collect()
}
