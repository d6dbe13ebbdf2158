//! Who we are to the workspace: a personal access token, or a login that is kept (admin contract
//! §1.1).

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{
    fault::Failed,
    line::Line,
    route::{Call, Route},
};
use crate::{config::TargetCredentials, ports::TargetFault};

/// A user id and its token.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) user_id: String,
    pub(super) token: SecretString,
}

/// How we prove who we are.
pub(super) enum Session {
    Token(Arc<Identity>),
    Login {
        username: String,
        password: SecretString,
        state: Mutex<Login>,
    },
}

/// What a login has come to.
pub(super) enum Login {
    Out,
    In(Arc<Identity>),
    /// It was refused: nobody may try again and lock the user out.
    Refused,
}

impl Session {
    pub(super) fn new(credentials: TargetCredentials) -> Self {
        match credentials {
            TargetCredentials::Token { user_id, token } => {
                Self::Token(Arc::new(Identity { user_id, token }))
            }
            TargetCredentials::Login { username, password } => Self::Login {
                username,
                password,
                state: Mutex::new(Login::Out),
            },
        }
    }

    /// Who we are; logs in when nobody is.
    pub(super) async fn identity(&self, line: &Line) -> Result<Arc<Identity>, Failed> {
        let (username, password, state) = match self {
            Self::Token(identity) => return Ok(Arc::clone(identity)),
            Self::Login {
                username,
                password,
                state,
            } => (username, password, state),
        };
        // Held while logging in, so that many callers make one login.
        let mut state = state.lock().await;
        match &*state {
            Login::In(identity) => return Ok(Arc::clone(identity)),
            Login::Refused => {
                let call = Call::new(Route::Login, "log in");
                let what = "the login was refused before and is not tried again, so that the user is not locked; correct rocketchat.username and the password";
                return Err(line.failed(&call, TargetFault::CredentialsRejected, what));
            }
            Login::Out => {}
        }
        let call = Call::new(Route::Login, "log in")
            .body(json!({ "user": username, "password": password.expose_secret() }));
        let body = match line.exchange(&call, None).await {
            Ok(body) => body,
            Err(failed) => {
                if failed.error.fault.stops_everything() {
                    *state = Login::Refused;
                }
                return Err(failed);
            }
        };
        let text = |name: &str| body["data"][name].as_str().filter(|text| !text.is_empty());
        let (Some(user_id), Some(token)) = (text("userId"), text("authToken")) else {
            return Err(line.misshapen(&call));
        };
        let identity = Arc::new(Identity {
            user_id: user_id.to_owned(),
            token: SecretString::from(token.to_owned()),
        });
        *state = Login::In(Arc::clone(&identity));
        Ok(identity)
    }

    /// Lets go of a login that was refused. `false` when there is none to renew.
    pub(super) async fn forget(&self, refused: &Arc<Identity>) -> bool {
        let Self::Login { state, .. } = self else {
            return false;
        };
        let mut state = state.lock().await;
        // Another caller may have renewed it meanwhile.
        if matches!(&*state, Login::In(current) if Arc::ptr_eq(current, refused)) {
            *state = Login::Out;
        }
        true
    }

    /// Ends a login; a token is left as it is.
    pub(super) async fn close(&self, line: &Line) -> Result<(), Failed> {
        let Self::Login { state, .. } = self else {
            return Ok(());
        };
        let mut state = state.lock().await;
        let Login::In(identity) = std::mem::replace(&mut *state, Login::Out) else {
            return Ok(());
        };
        let call = Call::new(Route::Logout, "log out").body(Value::Object(serde_json::Map::new()));
        line.exchange(&call, Some(&identity)).await.map(|_| ())
    }
}
