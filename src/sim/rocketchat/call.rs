//! One request on its way through the service: who calls, whether he may, and what he said.
//! The order of checks is Rocket.Chat's: login, rate limit, schema, permission, second factor.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    answer::Refused,
    behaviour::{Behaviour, TwoFactor},
    faults::What,
    request::Request,
    route::{Needs, Route},
    schema::{self, Member, Others},
    setup::Version,
    webhook::Outgoing,
    world::World,
};

/// The code of the application and of the mail.
const CODE: &str = "123456";

/// What a handler answers: the members of a body beside `success`.
pub(super) type Done = Result<Map<String, Value>, Refused>;

/// One request, with everything that its handler needs.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) world: &'a mut World,
    pub(super) request: &'a Request,
    pub(super) route: Route,
    /// The variable parts of the path.
    pub(super) variable: &'a [String],
    /// Id of who calls; empty without a login.
    pub(super) caller: String,
    pub(super) behaviour: &'a Behaviour,
    pub(super) version: Version,
    pub(super) elapsed: Duration,
    /// A fault that the handler itself has to play.
    pub(super) fault: Option<&'a What>,
    /// What has to be sent before the answer is known.
    pub(super) outgoing: Option<Outgoing>,
    /// Schema and permissions were looked at.
    pub(super) admitted: bool,
}

impl<'a> Call<'a> {
    /// Finds out who calls; refuses who had to log in and did not.
    pub(super) fn identify(&mut self) -> Result<(), Refused> {
        let claimed = self.request.user_id.as_deref();
        let token = self.request.token.as_ref();
        let token = token.and_then(|token| self.world.tokens.get(token));
        let caller = token
            .filter(|token| Some(token.user.as_str()) == claimed)
            .and_then(|token| self.world.user(&token.user))
            .filter(|user| user.active);
        match (caller, self.route.needs()) {
            (Some(user), _) => user.id.clone_into(&mut self.caller),
            (None, Needs::Nothing) => {}
            (None, Needs::Login | Needs::Any(_)) => return Err(Refused::unauthenticated()),
        }
        Ok(())
    }

    /// The body, when it has this shape and the caller may send it.
    pub(super) fn body(
        &mut self,
        members: &[Member],
        others: Others,
    ) -> Result<&'a Map<String, Value>, Refused> {
        let Some(body) = &self.request.body else {
            return Err(Refused::plain("Invalid JSON"));
        };
        let object = schema::check(body, members, others)
            .map_err(|why| schema::invalid(self.version, &why))?;
        self.admit()?;
        Ok(object)
    }

    /// Goes on when the query has no other parameters than these and the caller may send it.
    pub(super) fn query(&mut self, names: &[&str]) -> Result<(), Refused> {
        schema::check_query(self.request, names, (self.behaviour, self.version))?;
        self.admit()
    }

    /// Another refusal for a nested part of the body.
    pub(super) fn nested(
        &self,
        value: &'a Value,
        members: &[Member],
        others: Others,
    ) -> Result<&'a Map<String, Value>, Refused> {
        schema::check(value, members, others).map_err(|why| schema::invalid(self.version, &why))
    }

    pub(super) fn invalid(&self, why: &str) -> Refused {
        schema::invalid(self.version, why)
    }

    /// Whether the caller has a permission.
    pub(super) fn may(&self, permission: &str) -> bool {
        self.world.may(&self.caller, permission)
    }

    /// The n-th variable part of the path.
    pub(super) fn part(&self, number: usize) -> &'a str {
        self.variable.get(number).map_or("", String::as_str)
    }

    fn admit(&mut self) -> Result<(), Refused> {
        self.admitted = true;
        if let Needs::Any(permissions) = self.route.needs()
            && !permissions.iter().any(|permission| self.may(permission))
        {
            return Err(Refused::forbidden());
        }
        self.second_factor()
    }

    fn second_factor(&mut self) -> Result<(), Refused> {
        let created = self.route == Route::UserCreate;
        let wanted = matches!(self.route, Route::UserUpdate | Route::SettingSave)
            || created && self.behaviour.create_needs_two_factor(self.version);
        if !wanted || !self.world.is_on("Accounts_TwoFactorAuthentication_Enabled") {
            return Ok(());
        }
        let method = match self.behaviour.two_factor {
            TwoFactor::Off => return Ok(()),
            TwoFactor::Password => "password",
            TwoFactor::Totp => "totp",
            TwoFactor::Email => "email",
        };
        let token = self.request.token.as_deref().unwrap_or_default();
        let known = self.world.tokens.get(token);
        if known.is_some_and(|token| token.bypass || self.elapsed < token.trusted_until) {
            return Ok(());
        }
        let Some(code) = &self.request.code else {
            let details = json!({
                "method": method,
                "codeGenerated": method == "email",
                "availableMethods": if method == "password" { json!([]) } else { json!([method]) },
            });
            return Err(Refused::coded("totp-required", "TOTP Required").details(details));
        };
        let given = self.request.code_method.as_deref().unwrap_or(method);
        if given != method || *code != self.expected_code() {
            let details = json!({ "method": given });
            return Err(Refused::coded("totp-invalid", "TOTP Invalid").details(details));
        }
        let remembered = self
            .world
            .number("Accounts_TwoFactorAuthentication_RememberFor");
        if let Some(token) = self.world.tokens.get_mut(token) {
            token.trusted_until = self.elapsed + Duration::from_secs(remembered);
        }
        Ok(())
    }

    fn expected_code(&self) -> String {
        if self.behaviour.two_factor != TwoFactor::Password {
            return CODE.to_owned();
        }
        let user = self.world.user(&self.caller);
        let password = user.map_or("", |user| user.password.0.as_str());
        sha256(password)
    }
}

/// SHA-256 of a text, in hexadecimal digits.
pub(super) fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    let mut digits = String::new();
    for byte in sha2::Sha256::digest(text.as_bytes()) {
        for half in [byte >> 4, byte & 15] {
            digits.extend(char::from_digit(u32::from(half), 16));
        }
    }
    digits
}

/// A map of these members.
pub(super) fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}
