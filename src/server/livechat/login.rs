//! Heading "Authentication": login, logout, me (admin contract §1.1, official file `authentication.yaml`).
//! Their answers have the envelope of the oldest API: `status` and `data`.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::{
    super::shape::Object,
    Livechat,
    account::{Caller, sha256_hex},
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::{Failure, Outcome},
    session::LoginRefused,
};
use crate::conversation::{Refused, find_agent};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::POST,
        template: "login",
        versions: ALWAYS,
        auth: Auth::Public,
        limit: None,
        params: Params::Free,
        summary: "Open a session of a service account, or show that one still lasts.",
        run: |livechat, call| Box::pin(login(livechat, call)),
    },
    Endpoint {
        method: Method::POST,
        template: "logout",
        versions: ALWAYS,
        auth: Auth::Needs(&[]),
        limit: None,
        params: Params::Free,
        summary: "End the session of the token that is used.",
        run: |livechat, call| Box::pin(logout(livechat, call)),
    },
    Endpoint {
        method: Method::GET,
        template: "me",
        versions: ALWAYS,
        auth: Auth::Needs(&[]),
        limit: None,
        params: Params::Free,
        summary: "The service account that asks.",
        run: |livechat, call| Box::pin(async move { me(&livechat, &call) }),
    },
];

/// What somebody logs in with, over REST and over the socket alike. No `Debug`: it is secret.
pub(in super::super) enum Credentials {
    /// Name or address, and the SHA-256 of the password in hexadecimal.
    Password(String, String),
    /// A token from before.
    Resume(String),
}

impl Credentials {
    /// `{user|username|email, password}` or `{resume}`; `user` is text or `{username}` or `{email}`, the
    /// password is text or `{digest, algorithm: "sha-256"}`. `None`: neither.
    pub(in super::super) fn read(sent: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let Some(password) = sent.get("password").filter(|value| !value.is_null()) else {
            return text(sent.get("resume")?).map(Self::Resume);
        };
        let name = match sent.get("user") {
            Some(user @ Value::Object(_)) => user.get("username").or(user.get("email")),
            Some(user) => Some(user),
            None => sent.get("username").or(sent.get("email")),
        };
        let digest = if let Some(password) = password.as_str() {
            sha256_hex(password)
        } else {
            let is_sha = password.get("algorithm")?.as_str()? == "sha-256";
            let digest = password.get("digest")?.as_str()?;
            is_sha.then(|| digest.to_ascii_lowercase())?
        };
        Some(Self::Password(text(name?)?, digest))
    }
}

impl From<LoginRefused> for Failure {
    fn from(refused: LoginRefused) -> Self {
        match refused {
            LoginRefused::Unauthorized => Self::LoginRefused("Unauthorized", "Unauthorized"),
            LoginRefused::Blocked => Self::LoginRefused(
                "error-login-blocked-for-user",
                "Login has been temporarily blocked For User",
            ),
            LoginRefused::Busy => Self::Refused(Refused::meteor(
                "error-too-many-requests",
                "Error, too many requests. Please slow down.",
            )),
            LoginRefused::Unavailable(refused) => Self::Refused(refused),
        }
    }
}

async fn login(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let logged_in = match Credentials::read(&call.body) {
        Some(Credentials::Password(name, digest)) => {
            livechat.login(&name, &digest, call.client).await?
        }
        Some(Credentials::Resume(token)) => livechat.resume(&token).await?,
        None => return Err(LoginRefused::Unauthorized.into()),
    };
    let data = json!({
        "userId": logged_in.caller.id,
        "authToken": logged_in.token,
        "me": livechat.profile(&logged_in.caller, &call),
    });
    Ok(old_envelope(data))
}

async fn logout(livechat: Arc<Livechat>, call: Call) -> Outcome {
    if let Some(token) = call.header("x-auth-token") {
        livechat.logout(token).await?;
    }
    Ok(old_envelope(json!({"message": "You've been logged out!"})))
}

fn me(livechat: &Livechat, call: &Call) -> Outcome {
    Ok(livechat.profile(call.logged_in()?, call))
}

fn old_envelope(data: Value) -> Map<String, Value> {
    Object::new()
        .put("status", "success")
        .put("data", data)
        .done()
}

/// Whether an answer has the old envelope, which knows no `success`.
pub(super) fn has_old_envelope(fields: &Map<String, Value>) -> bool {
    fields
        .get("status")
        .is_some_and(|status| status == "success")
        && fields.contains_key("data")
}

impl Livechat {
    /// `me`: the account, with the presence of the agent it is bound to. An account without an agent
    /// is there whenever it asks.
    fn profile(&self, caller: &Caller, call: &Call) -> Map<String, Value> {
        let account = &caller.account;
        let snapshot = self.ledger.snapshot();
        let agent = account.agent.as_deref();
        let status = match agent.and_then(|agent| find_agent(&snapshot, agent)) {
            Some(row) => row.availability().status.word(),
            None if agent.is_some() => "offline",
            None => "online",
        };
        let emails = (!account.email.is_empty())
            .then(|| json!([{"address": account.email, "verified": true}]));
        let roles: Vec<_> = account.roles.iter().map(|role| role.word()).collect();
        let site = match self.config.site_url.as_str() {
            "" => format!("http://{}", call.header("host").unwrap_or_default()),
            configured => configured.to_owned(),
        };
        Object::new()
            .put("_id", caller.id.as_str())
            .put("name", account.name.as_str())
            .put("username", account.username.as_str())
            .maybe("emails", emails)
            .put("status", status)
            .put("statusConnection", status)
            .put("utcOffset", 0)
            .put("active", true)
            .put("roles", roles)
            .put("settings", json!({"preferences": {}}))
            .put("avatarUrl", format!("{site}/avatar/{}", account.username))
            .done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_have_many_forms() {
        let digest = sha256_hex("p");
        let digested = json!({"digest": digest.to_ascii_uppercase(), "algorithm": "sha-256"});
        let named = [
            json!({"user": "a", "password": "p"}),
            json!({"username": "a", "password": "p"}),
            json!({"email": "a", "password": "p"}),
            json!({"user": {"username": "a"}, "password": digested}),
            json!({"user": {"email": "a"}, "password": digested}),
        ];
        for sent in named {
            let read = Credentials::read(&sent);
            let Some(Credentials::Password(name, found)) = read else {
                panic!("{sent}");
            };
            assert_eq!((name.as_str(), &found), ("a", &digest), "{sent}");
        }
        let neither = [
            json!([]),
            json!({}),
            json!("text"),
            json!({"resume": 5}),
            json!({"password": "p"}),
            json!({"user": 5, "password": "p"}),
            json!({"user": {}, "password": "p"}),
            json!({"user": "a", "password": {"digest": digest, "algorithm": "md5"}}),
            json!({"user": "a", "password": {"digest": 5, "algorithm": "sha-256"}}),
            json!({"user": "a", "password": 5}),
        ];
        for sent in neither {
            assert!(Credentials::read(&sent).is_none(), "{sent}");
        }
        let resume = Credentials::read(&json!({"resume": "t"}));
        assert!(matches!(resume, Some(Credentials::Resume(token)) if token == "t"));
    }
}
