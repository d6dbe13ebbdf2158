//! Finding who owns the state: a running daemon, which is then asked, or nobody.

use std::{path::Path, time::Duration};

use secrecy::ExposeSecret as _;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Common,
    exit::{self, Failure},
    output::remark,
};
use crate::{
    app::Core,
    domain::Health,
    ports::Opened,
    server::{
        admin::wire::{Refusal, RefusalKind},
        door,
    },
    telemetry::logging,
};

/// A living daemon on the same machine answers a look at its state within this time.
const PROBE: Duration = Duration::from_secs(3);

/// A daemon that answers, and the right to ask it.
pub(super) struct Daemon {
    client: reqwest::Client,
    base: String,
    token: secrecy::SecretString,
}

/// The daemon that owns `state_dir`, if one answers. A left-over address is ignored: nobody answers
/// there, or somebody to whom our token means nothing.
pub(super) async fn daemon(state_dir: &Path) -> Result<Option<Daemon>, Failure> {
    let door = door::read(state_dir)
        .map_err(|error| Failure::new(exit::BUSY, format!("cannot reach the daemon: {error}")))?;
    let Some(door) = door else { return Ok(None) };
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(PROBE)
        .build()
        .map_err(anyhow::Error::from)?;
    let base = format!("http://{}", door.address);
    let probe = client
        .get(format!("{base}/admin/state"))
        .bearer_auth(door.token.expose_secret())
        .timeout(PROBE)
        .send()
        .await;
    let daemon = Daemon {
        client,
        base,
        token: door.token,
    };
    Ok(probe
        .ok()
        .and_then(|answer| answer.status().is_success().then_some(daemon)))
}

/// The state itself, opened here.
pub(super) async fn alone(common: &Common) -> Result<Core, Failure> {
    let config = common.load()?.config;
    logging::start_quiet(&config.log);
    let core = Core::open(config).await?;
    tell(&core.opened());
    Ok(core)
}

/// Looking must not make a state where there is none: a mistyped directory would look empty.
pub(super) fn must_exist(state_dir: &Path) -> Result<(), Failure> {
    if state_dir.is_dir() {
        return Ok(());
    }
    let message = format!(
        "there is no state directory {}; name another one with --state-dir, or run `lp2rc sync`",
        state_dir.display()
    );
    Err(Failure::new(exit::STATE, message))
}

/// The stored state, to be looked at because no daemon answers.
pub(super) async fn stored(common: &Common, state_dir: &Path) -> Result<Core, Failure> {
    remark(&format!(
        "no daemon answers for {}: reading the stored state",
        state_dir.display()
    ));
    must_exist(state_dir)?;
    alone(common).await
}

/// Tells what became of damage.
pub(super) fn tell(opened: &Opened) {
    match opened {
        Opened::Clean | Opened::New => {}
        Opened::Repaired { quarantine } => remark(&format!(
            "the state was damaged and repaired, all records are there; the damaged files are in {quarantine}"
        )),
        Opened::Restored {
            quarantine,
            exported_at,
        } => remark(&format!(
            "the state was damaged and restored from the export of {exported_at}; the damaged database is in {quarantine}"
        )),
        Opened::Lost { quarantine } => remark(&format!(
            "the state was damaged and there was no export: it starts empty; the damaged database is in {quarantine}"
        )),
    }
}

impl Daemon {
    /// Asks for `path` and reads the answer.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, Failure> {
        let text = self.text(path, query).await?;
        serde_json::from_str(&text).map_err(|error| self.unreadable(path, &error))
    }

    /// Asks for `path` and gives the answer as it is.
    pub(super) async fn text(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<String, Failure> {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let query: Vec<_> = query
            .iter()
            .map(|(key, value)| format!("{key}={}", encode(value)))
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{}{path}{mark}{}", self.base, query.join("&"));
        self.answer(path, self.client.get(url)).await
    }

    /// Sends `body` to `path` and reads the answer.
    pub(super) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, Failure> {
        let body = serde_json::to_string(body).map_err(anyhow::Error::from)?;
        let ask = self
            .client
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(body);
        let text = self.answer(path, ask).await?;
        serde_json::from_str(&text).map_err(|error| self.unreadable(path, &error))
    }

    async fn answer(&self, path: &str, ask: reqwest::RequestBuilder) -> Result<String, Failure> {
        let lost = |error: reqwest::Error| {
            let why = error.without_url();
            Failure::new(
                exit::BUSY,
                format!(
                    "the daemon at {} stopped answering {path}: {why}; try again",
                    self.base
                ),
            )
        };
        let answer = ask
            .bearer_auth(self.token.expose_secret())
            .send()
            .await
            .map_err(lost)?;
        let status = answer.status();
        let text = answer.text().await.map_err(lost)?;
        if status.is_success() {
            return Ok(text);
        }
        Err(match serde_json::from_str::<Refusal>(&text) {
            Ok(refusal) => {
                let word = refusal.health.as_deref();
                let health = word.and_then(Health::from_word);
                Failure::new(code_of(refusal.kind), refusal.error).hinted(health)
            }
            Err(_) => Failure::new(
                exit::UNEXPECTED,
                format!(
                    "the daemon at {} answered {path} with {status}; is it another version?",
                    self.base
                ),
            ),
        })
    }

    fn unreadable(&self, path: &str, error: &serde_json::Error) -> Failure {
        Failure::new(
            exit::UNEXPECTED,
            format!(
                "the daemon at {} answered {path} in another form: {error}; is it another version?",
                self.base
            ),
        )
    }
}

fn code_of(kind: RefusalKind) -> u8 {
    match kind {
        RefusalKind::BadRequest | RefusalKind::NotFound => exit::CONFIG,
        RefusalKind::Conflict | RefusalKind::Busy => exit::BUSY,
        RefusalKind::State => exit::STATE,
        RefusalKind::Unauthorized | RefusalKind::Unexpected => exit::UNEXPECTED,
        RefusalKind::SourceUnavailable | RefusalKind::Deadline => exit::SOURCE,
        RefusalKind::CredentialsRejected => exit::CREDENTIALS,
    }
}
