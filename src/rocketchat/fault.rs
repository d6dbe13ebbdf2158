//! From a refusal to one sentence that says what to do (admin contract §1.2, §1.3, §2.2). Status and
//! `errorType` decide, never the text: it changes between releases and holds what was sent.

use std::time::Duration;

use serde_json::Value;

use super::{
    route::{Call, Route},
    wire::{Answer, Received},
};
use crate::ports::{TargetError, TargetFault};

/// A call that gave nothing, with what a caller may decide by.
#[derive(Debug)]
pub(super) struct Failed {
    /// The status of the answer; 0 without one.
    pub(super) status: u16,
    /// `errorType`; empty without one.
    pub(super) code: String,
    /// `details.field`: a value that was sent, perhaps an address. Never printed.
    field: Field,
    pub(super) error: Box<TargetError>,
}

#[derive(Default)]
struct Field(String);

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl From<Failed> for TargetError {
    fn from(failed: Failed) -> Self {
        *failed.error
    }
}

impl Failed {
    /// A failure without an answer, or one that we see ourselves.
    pub(super) fn new(
        call: &Call,
        host: &str,
        fault: TargetFault,
        what: impl Into<String>,
    ) -> Self {
        Self {
            status: 0,
            code: String::new(),
            field: Field::default(),
            error: Box::new(TargetError {
                doing: format!("{} at {host}", call.doing),
                what: what.into(),
                fault,
                retry_after: None,
            }),
        }
    }

    /// A 400 without a code: the way in which several routes say that there is nothing.
    pub(super) fn is_bare(&self) -> bool {
        self.status == 400 && self.code.is_empty()
    }

    /// Says whether it is the name or the address that somebody else has (contract §2.2).
    #[must_use]
    pub(super) fn naming(mut self, username: Option<&str>, email: Option<&str>) -> Self {
        if self.error.fault != TargetFault::Taken {
            return self;
        }
        let is = |sent: Option<&str>| {
            sent.is_some_and(|sent| sent.to_lowercase() == self.field.0.to_lowercase())
        };
        let what = match (is(username), is(email)) {
            (true, _) => {
                "the username belongs to another user; map the agent to another name, or adopt that user"
            }
            (false, true) => {
                "the e-mail address belongs to another user; adopt that user, or correct the address"
            }
            (false, false) => {
                "the username or the e-mail address belongs to another user; look it up under Workspace, Users"
            }
        };
        self.error.what = format!("{}: {what}", said(self.status, &self.code));
        self
    }
}

/// What an answer gives: its JSON when it is a success.
pub(super) fn judge(call: &Call, host: &str, answer: Answer) -> Result<Value, Failed> {
    let route = call.route.name();
    let kind = answer.body.kind();
    let Answer { status, body, .. } = answer;
    let Received::Json(body) = body else {
        let fault = match status {
            429 => TargetFault::Throttled,
            500..=599 => TargetFault::ServerError,
            _ => TargetFault::UnexpectedAnswer,
        };
        let what = format!(
            "{route} answered {status} with {kind}; check rocketchat.url and what stands between here and the workspace"
        );
        let mut failed = Failed::new(call, host, fault, what);
        failed.status = status;
        return Err(failed);
    };
    let done = body["success"] == true || (is_login(call.route) && body["status"] == "success");
    if status == 200 && done {
        return Ok(body);
    }
    let inner = inner(&body);
    let code = body["errorType"]
        .as_str()
        .map_or(inner.unwrap_or_default(), ToOwned::to_owned);
    let code = fit(&code);
    let (fault, advice) = meaning(call.route, status, &code);
    let mut what = format!("{route} {}: {advice}", said(status, &code));
    if fault == TargetFault::Forbidden {
        what.push_str(&needed(call.route));
    }
    let mut failed = Failed::new(call, host, fault, what);
    failed.status = status;
    failed.code = code;
    failed.field = Field(
        body["details"]["field"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    );
    failed.error.retry_after = match fault {
        TargetFault::Throttled => Some(Duration::from_secs(60)),
        TargetFault::Unreachable
        | TargetFault::ServerError
        | TargetFault::UnexpectedAnswer
        | TargetFault::CredentialsRejected
        | TargetFault::SecondFactor
        | TargetFault::Forbidden
        | TargetFault::Taken
        | TargetFault::NoSeat
        | TargetFault::NotFound
        | TargetFault::NotDone
        | TargetFault::Refused => None,
    };
    Err(failed)
}

/// The refusal that a method's own answer holds beside a good status (contract §3.3).
pub(super) fn method_refused(call: &Call, host: &str, code: &str) -> Failed {
    let code = fit(code);
    let (fault, advice) = match code.as_str() {
        // Methods number what they do not know.
        "404" => (
            TargetFault::NotFound,
            "this release has neither agents.saveInfo nor the method; limits cannot be written by the bridge here",
        ),
        _ => meaning(call.route, 400, &code),
    };
    let mut what = format!("{} {}: {advice}", call.route.name(), said(200, &code));
    if fault == TargetFault::Forbidden {
        what.push_str(&needed(call.route));
    }
    let mut failed = Failed::new(call, host, fault, what);
    failed.status = 200;
    failed.code = code;
    failed
}

/// The code of the error in a method's answer, a number too.
pub(super) fn inner(body: &Value) -> Option<String> {
    let message: Value = serde_json::from_str(body["message"].as_str()?).ok()?;
    let error = message.get("error")?;
    let code = &error["error"];
    let text = code.as_str().map(str::to_owned);
    Some(text.unwrap_or_else(|| {
        code.as_i64()
            .map_or("error".to_owned(), |code| code.to_string())
    }))
}

const fn is_login(route: Route) -> bool {
    matches!(route, Route::Login | Route::Logout)
}

/// `answered 400 (error-invalid-user)`.
fn said(status: u16, code: &str) -> String {
    if code.is_empty() {
        format!("answered {status}")
    } else {
        format!("answered {status} ({code})")
    }
}

/// A code made fit for a message: it comes from outside.
fn fit(code: &str) -> String {
    code.chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .take(60)
        .collect()
}

fn needed(route: Route) -> String {
    match route.right() {
        "" => String::new(),
        right => format!(" {right}"),
    }
}

const NOT_ALLOWED: &str = "the bridge's user may not do this; look at the permission";

const NOT_THERE: &str = "it is not there any more, or this release lacks the call; survey again";

/// The table.
fn meaning(route: Route, status: u16, code: &str) -> (TargetFault, &'static str) {
    use TargetFault as F;
    match (status, code) {
        (_, "totp-required" | "totp-invalid" | "totp-max-attempts") => (
            F::SecondFactor,
            "a second factor is wanted; give the bridge's user a personal access token that was made with \"ignore two factor authentication\" (bypassTwoFactor)",
        ),
        (401, _) if route == Route::Login => (
            F::CredentialsRejected,
            "check rocketchat.username and the password; a user with a second factor needs a personal access token",
        ),
        (401, _) => (
            F::CredentialsRejected,
            "the token is not good, or not of that user, or the user is deactivated; check rocketchat.user_id and the token",
        ),
        (429, _) => (
            F::Throttled,
            "calls come too fast in spite of pacing: somebody else calls from the same address; give the bridge's role api-bypass-rate-limit",
        ),
        (403, _) => (F::Forbidden, NOT_ALLOWED),
        // Every Rocket.Chat has it: this is another path, or something else.
        (404, _) if route == Route::Info => (
            F::UnexpectedAnswer,
            "no Rocket.Chat answers there; check rocketchat.url, its path too",
        ),
        (404, _) => (F::NotFound, NOT_THERE),
        (400, code) => bad_request(route, code),
        (500..=599, _) => (
            F::ServerError,
            "the workspace has trouble; look into its log, then try again",
        ),
        (402..=499, _) => (
            F::Refused,
            "the workspace refuses it; the answer's code says why",
        ),
        _ => (
            F::UnexpectedAnswer,
            "that is no success and no refusal that Rocket.Chat documents; check rocketchat.url and the proxy (redirects are not followed)",
        ),
    }
}

/// What a 400 means by its code.
fn bad_request(route: Route, code: &str) -> (TargetFault, &'static str) {
    use TargetFault as F;
    match code {
        "error-action-not-allowed"
        | "error-not-allowed"
        | "error-unauthorized"
        | "unauthorized" => (F::Forbidden, NOT_ALLOWED),
        "error-field-unavailable" => (
            F::Taken,
            "the username or the e-mail address belongs to another user",
        ),
        "error-license-user-limit-reached" => (
            F::NoSeat,
            "no seat of the licence is left; free one or buy more",
        ),
        "error-business-hours-are-closed" => (
            F::NotDone,
            "business hours are closed; try again when they are open",
        ),
        "error-invalid-user"
        | "error-user-not-found"
        | "error-user-is-not-agent"
        | "error-department-not-found"
        | "error-invalid-department" => (F::NotFound, NOT_THERE),
        "error-blocked-username" => (
            F::Refused,
            "the username is reserved; map the agent to another name",
        ),
        "error-input-is-not-a-valid-field" => (
            F::Refused,
            "a value has characters that the workspace refuses (UTF8_User_Names_Validation for usernames); correct the mapping",
        ),
        "error-max-departments-number-reached" => (
            F::Refused,
            "the licence allows no further department; fold the skills into one, or buy more",
        ),
        "error-user-deactivated" => (F::Refused, "the user is deactivated; activate him first"),
        "user-last-owner" => (
            F::Refused,
            "he is the last owner of a room; give the room another owner first",
        ),
        "error-invalid-webhook-response" => (
            F::Refused,
            "the webhook's address did not answer 200; check Livechat_webhookUrl and that the workspace can reach it",
        ),
        "" if route == Route::WebhookTest => (
            F::Refused,
            "the workspace could not call its webhook; check that Livechat_webhookUrl is set",
        ),
        "" if matches!(route, Route::SettingShow | Route::SettingSave) => (
            F::Refused,
            "there is no such setting in this release, or it takes no such value",
        ),
        "invalid-params" | "error-invalid-params" => (
            F::Refused,
            "this release wants other parameters; check that it is one from 6 to 8",
        ),
        _ => (
            F::Refused,
            "the workspace refuses it; the answer's code says why",
        ),
    }
}
