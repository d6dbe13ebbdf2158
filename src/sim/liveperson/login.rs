//! The login service: login, refresh, logout (contract §2), and the books of who is logged in.

use std::{collections::BTreeMap, time::Duration};

use fastrand::Rng;
use http::header;
use serde_json::{Value, json};

use super::{
    answer::Answer,
    behaviour::Behaviour,
    discovery,
    people::GROUPS,
    request::Request,
    service::{Counts, Service, refusal},
    what::What,
};
use crate::domain::Presence;

/// A login, from its answer until it is revoked, logged out or not refreshed in time.
#[derive(Clone, Debug)]
pub(super) struct Login {
    bearer: String,
    csrf: String,
    /// Value of the cookie.
    session: String,
    /// When it was made or last refreshed, by the clock's elapsed time.
    refreshed: Duration,
}

/// An agent session.
#[derive(Clone, Debug)]
struct Session {
    bearer: String,
    used: Duration,
    /// Value of the session's own cookie.
    cookie: String,
}

/// A new agent session.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    /// Numeric, as in every sample.
    pub(super) id: String,
    /// Value of its own cookie.
    pub(super) cookie: String,
}

/// Who is logged in, and the agent sessions that hang on the logins. Tokens come from dice with
/// the simulator's seed: a rehearsal can be repeated byte for byte.
#[derive(Debug)]
pub(super) struct Logins {
    live: Vec<Login>,
    sessions: BTreeMap<String, Session>,
    /// Logins and sessions ever made.
    made: (u64, u64),
    dice: Rng,
}

impl Logins {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            live: Vec::new(),
            sessions: BTreeMap::new(),
            made: (0, 0),
            // Not the world's dice: how often somebody logs in must not change the world.
            dice: Rng::with_seed(!seed),
        }
    }

    fn token(&mut self) -> String {
        format!("{:032x}{:032x}", self.dice.u128(..), self.dice.u128(..))
    }

    /// Makes a login.
    pub(super) fn open(&mut self, now: Duration, behaviour: &Behaviour) -> Login {
        if behaviour.second_login_revokes {
            self.revoke_all();
        }
        self.made.0 += 1;
        let login = Login {
            bearer: self.token(),
            csrf: self.token(),
            session: self.token(),
            refreshed: now,
        };
        self.live.push(login.clone());
        login
    }

    /// Ends every login and every agent session.
    pub(super) fn revoke_all(&mut self) {
        self.live.clear();
        self.sessions.clear();
    }

    /// How many are good now, and how many were ever made.
    pub(super) fn counts(&mut self, now: Duration, behaviour: &Behaviour) -> Counts {
        self.forget_old(now, behaviour);
        Counts {
            logins: self.live.len(),
            sessions: self.sessions.len(),
            logins_made: self.made.0,
            sessions_made: self.made.1,
            ..Counts::default()
        }
    }

    fn forget_old(&mut self, now: Duration, behaviour: &Behaviour) {
        self.live
            .retain(|login| now.saturating_sub(login.refreshed) < behaviour.login_ttl);
        let live = &self.live;
        self.sessions.retain(|_, session| {
            now.saturating_sub(session.used) < behaviour.session_idle
                && live.iter().any(|login| login.bearer == session.bearer)
        });
    }

    /// Whether a bearer is good now.
    pub(super) fn is_live(&mut self, bearer: &str, now: Duration, behaviour: &Behaviour) -> bool {
        self.forget_old(now, behaviour);
        self.live.iter().any(|login| login.bearer == bearer)
    }

    /// Makes an agent session under a live bearer.
    pub(super) fn open_session(&mut self, bearer: &str, now: Duration) -> Opened {
        let id = self.dice.u32(100_000_000..2_000_000_000).to_string();
        let session = Session {
            bearer: bearer.to_owned(),
            used: now,
            cookie: self.token(),
        };
        let cookie = session.cookie.clone();
        self.made.1 += 1;
        self.sessions.insert(id.clone(), session);
        Opened { id, cookie }
    }

    /// Marks an agent session as used now; `false` when there is none, or not any more. Any live
    /// bearer will do: the sessions are the user's (contract §3.3 "continuity"). `cookie` is what
    /// the request brought back, looked at only where the behaviour wants it.
    pub(super) fn touch_session(
        &mut self,
        id: &str,
        cookie: Option<&str>,
        now: Duration,
        behaviour: &Behaviour,
    ) -> bool {
        self.forget_old(now, behaviour);
        let session = self.sessions.get_mut(id).filter(|session| {
            !behaviour.security_cookie || cookie == Some(session.cookie.as_str())
        });
        match session {
            Some(session) => {
                session.used = now;
                true
            }
            None => false,
        }
    }

    /// The login of a refresh or logout, found by its cookie.
    fn by_cookie(&mut self, session: &str) -> Option<&mut Login> {
        self.live.iter_mut().find(|login| login.session == session)
    }
}

/// `POST /api/account/{account}/login`.
pub(super) fn login(
    service: &Service,
    request: &Request,
    account: &str,
    fault: Option<&What>,
) -> Answer {
    // Contract §2.1: absent, 1.2 and 1.3 are all in use.
    if !matches!(request.query("v"), None | Some("1.2" | "1.3")) {
        return refusal(service, 400, 5, "unknown version");
    }
    let Ok(Value::Object(body)) = serde_json::from_slice(&request.body) else {
        return refusal(service, 400, 5, "the body is not a JSON object");
    };
    let word = |key: &str| body.get(key).and_then(Value::as_str);
    let identity = service.identity();
    let known = match (word("username"), word("password"), word("appKey")) {
        (Some(user), Some(password), _) => {
            user == identity.username && password == identity.password
        }
        // Keys instead of a password: both token fields must be there, whatever they say (§2.3).
        (Some(user), None, Some(key)) => {
            user == identity.username
                && key == identity.app_key
                && word("secret") == Some(identity.app_secret.as_str())
                && word("accessToken").is_some()
                && word("accessTokenSecret").is_some()
        }
        _ => return refusal(service, 400, 5, "username or password is missing"),
    };
    if !known || account != identity.account {
        return refusal(
            service,
            401,
            5,
            "login failed: wrong site, user or password",
        );
    }
    let behaviour = service.behaviour();
    let groups = GROUPS.map(|(id, name)| json!({ "id": id, "deleted": false, "name": name }));
    let mut answer = json!({
        "wsuk": "1042",
        "sessionTTl": behaviour.login_ttl.as_millis().to_string(),
        "config": {
            "loginName": identity.username,
            "userId": service.world.own().id.to_string(),
            "userPrivileges": [1, 3, 12, 1789],
            "serverCurrentTime": service.clock.now().millis(),
            "timeDiff": 0,
            "serverTimeZoneName": "UTC",
            "serverTimeGMTDiff": 0,
            "isLPA": false,
            "isAdmin": true,
            "accountTimeZoneId": "Etc/UTC",
        },
        "csdsCollectionResponse": discovery::collection(request, account),
        "accountData": { "agentGroupsData": { "items": groups, "revision": 1 } },
    });
    if fault == Some(&What::NoBearer) {
        return Answer::json(200, &answer);
    }
    let login = service.logins().open(service.clock.elapsed(), &behaviour);
    answer["bearer"] = Value::from(login.bearer.as_str());
    answer["csrf"] = Value::from(login.csrf.as_str());
    if behaviour.session_id_in_body {
        answer["sessionId"] = Value::from(login.session.as_str());
    }
    let cookie = format!(
        "{}={}; Path=/; HttpOnly{}",
        behaviour.cookie_name.text(),
        login.session,
        request.cookie_guard(),
    );
    Answer::json(200, &answer).with(header::SET_COOKIE, cookie)
}

/// `POST /api/account/{account}/refresh`: 200 without body; the tokens stay (contract §2.5).
pub(super) fn refresh(service: &Service, request: &Request, account: &str) -> Answer {
    with_csrf(service, request, account, |logins, session| {
        if let Some(login) = logins.by_cookie(session) {
            login.refreshed = service.clock.elapsed();
        }
    })
}

/// `POST /api/account/{account}/logout`: 200 without body; the bearer and its sessions are over.
pub(super) fn logout(service: &Service, request: &Request, account: &str) -> Answer {
    let answer = with_csrf(service, request, account, |logins, session| {
        logins.live.retain(|login| login.session != session);
        logins.forget_old(service.clock.elapsed(), &service.behaviour());
    });
    if answer.status == 200 {
        service
            .world
            .set_presence(service.world.own().id, Presence::Offline);
    }
    answer
}

fn with_csrf(
    service: &Service,
    request: &Request,
    account: &str,
    act: impl FnOnce(&mut Logins, &str),
) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let csrf = body.get("csrf").and_then(Value::as_str);
    let behaviour = service.behaviour();
    let mut logins = service.logins();
    logins.forget_old(service.clock.elapsed(), &behaviour);
    let session = request.session_cookie().unwrap_or_default();
    let known = match logins.by_cookie(session) {
        Some(login) if account == service.identity().account => login.csrf.clone(),
        _ => return refusal(service, 401, 5, "no such session"),
    };
    if csrf != Some(known.as_str()) {
        let message = "CSRF token invalid! Please login again";
        return refusal(service, 401, 10, message);
    }
    act(&mut logins, session);
    Answer::empty(200)
}
