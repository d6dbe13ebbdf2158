//! Logging in and out, and whose a token is (livechat contract §1.6, admin contract §1.1): personal
//! access tokens are in the configuration, all others are sessions of the conversations' store.
//!
//! A token is 256 bits of chance, so looking for one tells nothing; a password is guarded by a count of
//! failures, by few checks at once, and by the same work for a name that nobody has.

use std::{net::IpAddr, sync::Arc};

use tokio::sync::Semaphore;

use super::{
    super::api::network,
    Livechat,
    account::{self, Caller, sha256_hex},
    attempts::Attempts,
    known::Known,
    password,
};
use crate::{
    config::livechat::Account,
    conversation::{
        Refused,
        document::{Moment, Session},
    },
};

/// Passwords that are checked at once: each takes tens of milliseconds of one core and 19 MiB.
const CHECKS: usize = 2;

/// Logins that may wait for their check.
const WAITING: usize = 32;

/// What logging in needs besides the conversations.
pub(super) struct Logins {
    known: Known,
    attempts: Attempts,
    checks: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            known: Known::default(),
            attempts: Attempts::default(),
            checks: Arc::new(Semaphore::new(CHECKS)),
            waiting: Semaphore::new(WAITING),
        }
    }
}

/// A login that went well. No `Debug`: there is a token in it.
pub(in super::super) struct LoggedIn {
    /// Who.
    pub(in super::super) caller: Caller,
    /// What they show from now on.
    pub(in super::super) token: String,
    /// Until when; `None` for a personal access token, which has no end.
    pub(in super::super) until: Option<Moment>,
}

/// Why nobody is logged in.
#[derive(Debug)]
pub(in super::super) enum LoginRefused {
    /// No such account, another password, an unknown or ended token: never told apart.
    Unauthorized,
    /// Too many failures from this address; the right password does not help for a while.
    Blocked,
    /// Too many logins wait for their check.
    Busy,
    /// The conversations' store failed.
    Unavailable(Refused),
}

impl From<Refused> for LoginRefused {
    fn from(refused: Refused) -> Self {
        Self::Unavailable(refused)
    }
}

impl Livechat {
    /// Opens a session for the account of a name or address, by the SHA-256 of its password in
    /// hexadecimal.
    pub(in super::super) async fn login(
        &self,
        name: &str,
        digest: &str,
        client: IpAddr,
    ) -> Result<LoggedIn, LoginRefused> {
        let accounts = &self.config.accounts;
        let place = accounts.iter().position(|account| is_named(account, name));
        let who = (network(client), place);
        let now = self.clock.elapsed();
        if !self.logins.attempts.begin(who, now) {
            return Err(LoginRefused::Blocked);
        }
        let account = place.map(|place| &accounts[place]);
        let kept = account.and_then(|account| account.password_hash.as_ref());
        // Without one of its own a name gets another account's, and fails after the same work.
        let checked = kept.or_else(|| accounts.iter().find_map(|a| a.password_hash.as_ref()));
        let Some(checked) = checked else {
            return Err(LoginRefused::Unauthorized);
        };
        let fits = self.check(checked.clone(), digest.to_owned()).await?;
        let (Some(account), Some(kept), true) = (account, kept, fits) else {
            return Err(LoginRefused::Unauthorized);
        };
        self.logins.attempts.forgive(who);
        let token = password::fresh_token().ok_or_else(|| {
            LoginRefused::Unavailable(Refused::Unavailable(
                "the system gave no random bytes for a session; look at /dev/urandom".to_owned(),
            ))
        })?;
        let since = Moment::from(self.clock.now());
        let lasts = i64::try_from(self.config.retention.sessions.as_millis()).unwrap_or(i64::MAX);
        let session = Session {
            account: account.username.clone(),
            mark: mark(kept),
            since,
            until: Moment(since.0.saturating_add(lasts)),
        };
        let until = session.until;
        let hash = sha256_hex(&token);
        let opened =
            move |chats: &mut crate::conversation::Chats| chats.open_session(&hash, &session);
        let gone = self.conversations.ask(opened).await?;
        for hash in gone {
            self.logins.known.forget(&hash);
        }
        Ok(LoggedIn {
            caller: Caller::of(account),
            token,
            until: Some(until),
        })
    }

    /// Whoever a token belongs to, by `{resume: token}`: the same token, with its end.
    pub(in super::super) async fn resume(&self, token: &str) -> Result<LoggedIn, LoginRefused> {
        let found = self.by_token(token).await?;
        let (caller, until) = found.ok_or(LoginRefused::Unauthorized)?;
        Ok(LoggedIn {
            caller,
            token: token.to_owned(),
            until,
        })
    }

    /// Ends the session of a token. A personal access token stays: only the configuration ends it.
    pub(in super::super) async fn logout(&self, token: &str) -> Result<(), Refused> {
        let hash = sha256_hex(token);
        let ended = hash.clone();
        self.conversations
            .ask(move |chats| {
                chats.end_session(&ended);
                Ok(())
            })
            .await?;
        self.logins.known.forget(&hash);
        Ok(())
    }

    /// Who shows this token, and until when.
    pub(super) async fn by_token(
        &self,
        token: &str,
    ) -> Result<Option<(Caller, Option<Moment>)>, Refused> {
        if let Some(account) = account::by_token(&self.config.accounts, token) {
            return Ok(Some((Caller::of(account), None)));
        }
        if !password::is_token(token) {
            return Ok(None);
        }
        let hash = sha256_hex(token);
        if let Some(session) = self.logins.known.find(&hash) {
            return Ok(self.owner(&session));
        }
        let turn = self.logins.known.turn();
        let wanted = hash.clone();
        let session = self
            .conversations
            .ask(move |chats| chats.session(&wanted))
            .await?;
        let Some(session) = session else {
            return Ok(None);
        };
        let owner = self.owner(&session);
        self.logins.known.keep(turn, hash, session);
        Ok(owner)
    }

    /// The account of a session, while it lasts and the account still has that password.
    fn owner(&self, session: &Session) -> Option<(Caller, Option<Moment>)> {
        let lasts = Moment::from(self.clock.now()) < session.until;
        let accounts = &self.config.accounts;
        let account = accounts.iter().find(|a| a.username == session.account)?;
        let same = account.password_hash.as_deref().map(mark) == Some(session.mark.clone());
        (lasts && same).then(|| (Caller::of(account), Some(session.until)))
    }

    /// Whether a digest fits a kept hash: on the blocking pool, few at once.
    async fn check(&self, kept: String, digest: String) -> Result<bool, LoginRefused> {
        let busy = |_| LoginRefused::Busy;
        let _waiting = self.logins.waiting.try_acquire().map_err(busy)?;
        let checks = Arc::clone(&self.logins.checks);
        // Never closed.
        let Ok(permit) = checks.acquire_owned().await else {
            return Err(LoginRefused::Busy);
        };
        let checking = tokio::task::spawn_blocking(move || {
            let fits = password::fits(&kept, &digest);
            // Held by the work itself: whoever waits for it may be gone long before it ends.
            drop(permit);
            fits
        });
        Ok(checking.await.unwrap_or(false))
    }
}

/// Whether an account is the one of a login name or an address.
fn is_named(account: &Account, name: &str) -> bool {
    let is_address = !account.email.is_empty() && account.email.eq_ignore_ascii_case(name);
    account.username == name || is_address
}

/// What a session keeps of the password hash it was opened with.
fn mark(password_hash: &str) -> String {
    let mut mark = sha256_hex(password_hash);
    mark.truncate(32);
    mark
}
