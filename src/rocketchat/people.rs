//! Users: looking them up, making, changing and activating them (admin contract §2).

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::{
    RocketChat,
    fault::Failed,
    pages::{self, USERS},
    password,
    route::{Call, Route},
    shape::{OneUser, User},
};
use crate::{
    domain::{
        TargetId,
        change::{NewUser, Profile, UserRef},
        moving::Login,
        target::TargetVersion,
    },
    ports::TargetFault,
};

/// From here on `users.update` merges custom fields (contract §2.3).
const MERGES: TargetVersion = TargetVersion {
    major: 7,
    minor: 5,
    patch: 4,
};

impl RocketChat {
    pub(super) async fn user_by_id(&self, id: &str, name: &str) -> Result<Option<User>, Failed> {
        let call = Call::new(Route::UserShow, format!("look up user {name}")).ask("userId", id);
        none_if_bare(self.line.read::<OneUser>(&call).await)
    }

    /// By name. A 400 says that there is none, but says it in no code, so a list confirms it.
    pub(super) async fn user_by_name(&self, username: &str) -> Result<Option<User>, Failed> {
        let doing = format!("look up user {username}");
        let call = Call::new(Route::UserShow, &doing).ask("username", username);
        if let Some(user) = none_if_bare(self.line.read::<OneUser>(&call).await)? {
            return Ok(Some(user));
        }
        let search = || Call::new(Route::UserSearch, &doing).ask("searchTerm", username);
        let found = pages::read::<User>(&self.line, USERS, search).await;
        let found = match found {
            // Before 6.8 there is no such list.
            Err(failed) if failed.status == 404 => {
                let all = || Call::new(Route::UserList, &doing);
                pages::read::<User>(&self.line, USERS, all).await?
            }
            other => other?,
        };
        let wanted = username.to_lowercase();
        let is = |user: &User| user.username.as_ref().map(|name| name.to_lowercase());
        Ok(found
            .into_iter()
            .find(|user| is(user).as_ref() == Some(&wanted)))
    }

    pub(super) async fn create_user(&self, new: &NewUser) -> Result<TargetId, Failed> {
        let username = &new.user.username;
        let call = Call::new(Route::UserCreate, format!("create user {username}"));
        let Some(password) = password::random() else {
            let what = "the system gives no random numbers for a password";
            return Err(self.line.failed(&call, TargetFault::Refused, what));
        };
        let by_mail = match new.login {
            Login::Sso | Login::ResetMail => false,
            Login::RequireChange => true,
        };
        let mut body = json!({
            "email": new.email,
            "name": new.name,
            "username": username,
            // The schema wants one, even where the workspace makes its own.
            "password": password.expose_secret(),
            "verified": new.verified,
            "setRandomPassword": by_mail,
            "requirePasswordChange": by_mail,
            "sendWelcomeEmail": by_mail,
            "joinDefaultChannels": false,
        });
        if !new.custom_fields.is_empty() {
            body["customFields"] = json!(new.custom_fields);
        }
        let call = call.body(body);
        let made = self.line.read::<OneUser>(&call).await;
        let made = made.map_err(|failed| failed.naming(Some(username), Some(&new.email)))?;
        Ok(TargetId::new(made.user.id))
    }

    pub(super) async fn send_reset_mail(&self, user: &UserRef, email: &str) -> Result<(), Failed> {
        let doing = format!("send a reset mail to {}", user.username);
        let call = Call::new(Route::ForgotPassword, doing).body(json!({ "email": email }));
        self.line.call(&call).await.map(|_| ())
    }

    pub(super) async fn set_active(
        &self,
        (id, name): (&str, &str),
        active: bool,
    ) -> Result<(), Failed> {
        let doing = if active {
            format!("activate user {name}")
        } else {
            format!("deactivate user {name}")
        };
        let call = Call::new(Route::UserActive, doing)
            .body(json!({ "userId": id, "activeStatus": active }));
        self.line.call(&call).await.map(|_| ())
    }

    pub(super) async fn update_user(
        &self,
        (id, name): (&str, &str),
        set: &Profile,
    ) -> Result<(), Failed> {
        let mut data = Map::new();
        if let Some(name) = &set.name {
            data.insert("name".to_owned(), json!(name));
        }
        if let Some(email) = &set.email {
            data.insert("email".to_owned(), json!(email));
        }
        if let Some(fields) = &set.custom_fields {
            let fields = self.complete((id, name), fields).await?;
            data.insert("customFields".to_owned(), fields);
        }
        if data.is_empty() {
            return Ok(());
        }
        let call = Call::new(Route::UserUpdate, format!("update user {name}"))
            .body(json!({ "userId": id, "data": data }));
        let done = self.line.call(&call).await;
        let done = done.map_err(|failed| failed.naming(None, set.email.as_deref()));
        done.map(|_| ())
    }

    /// The custom fields to send. Where the workspace replaces them all, those that are no text,
    /// and so are not ours to know, are read just before and sent along.
    async fn complete(
        &self,
        (id, name): (&str, &str),
        wanted: &BTreeMap<String, String>,
    ) -> Result<Value, Failed> {
        let mut fields = Map::new();
        if self.version().await? < MERGES
            && let Some(user) = self.user_by_id(id, name).await?
        {
            let held = user.custom_fields.into_iter().flatten();
            fields.extend(held.filter(|(_, value)| !value.is_string()));
        }
        fields.extend(
            wanted
                .iter()
                .map(|(name, value)| (name.clone(), json!(value))),
        );
        Ok(Value::Object(fields))
    }
}

/// A refusal without a code is how `users.info` says that there is nobody (contract §2.4).
fn none_if_bare(read: Result<OneUser, Failed>) -> Result<Option<User>, Failed> {
    match read {
        Ok(found) => Ok(Some(found.user)),
        Err(failed) if failed.is_bare() => Ok(None),
        Err(failed) => Err(failed),
    }
}
