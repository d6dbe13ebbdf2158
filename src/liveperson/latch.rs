//! The refused login that stands (contract §2.4): kept in the store, so that neither a restart nor a
//! one-shot tries it again, because one more wrong password can lock the user for good.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::fault::Step;
use crate::{
    config::{Credentials, LivePersonConfig},
    domain::Timestamp,
    ports::{Latch, LatchReason, LatchStore, SourceError, SourceFault, StoreError, blocking},
};

/// The refusal of these credentials, if it stands.
pub(super) struct Latches {
    store: Arc<dyn LatchStore>,
    fingerprint: String,
    known: Known,
}

/// What is known of the store's latch.
enum Known {
    /// It was not asked yet.
    Unasked,
    /// No login stands refused.
    Nothing,
    /// This one does, for these or for other credentials.
    Refused(Latch),
}

impl From<Option<Latch>> for Known {
    fn from(latch: Option<Latch>) -> Self {
        latch.map_or(Self::Nothing, Self::Refused)
    }
}

impl Latches {
    pub(super) fn new(store: Arc<dyn LatchStore>, config: &LivePersonConfig) -> Self {
        Self {
            store,
            fingerprint: fingerprint(config),
            known: Known::Unasked,
        }
    }

    /// Fails when these credentials were refused before. Other credentials are tried.
    pub(super) async fn allow(&mut self, host: &str) -> Result<(), SourceError> {
        if matches!(self.known, Known::Unasked) {
            let store = Arc::clone(&self.store);
            let loaded = blocking(move || store.load_latch()).await;
            self.known = loaded.map_err(|error| unusable(host, &error))?.into();
        }
        match &self.known {
            Known::Refused(latch) if latch.fingerprint == self.fingerprint => {
                Err(stands(host, latch))
            }
            Known::Refused(_) | Known::Nothing | Known::Unasked => Ok(()),
        }
    }

    /// Whether these credentials are known to have been refused.
    pub(super) fn stands(&self) -> bool {
        matches!(&self.known, Known::Refused(latch) if latch.fingerprint == self.fingerprint)
    }

    /// Notes that the login was refused. Kept in memory even where the store fails.
    pub(super) async fn refuse(&mut self, reason: LatchReason, now: Timestamp) {
        let latch = Latch {
            fingerprint: self.fingerprint.clone(),
            reason,
            since: now,
        };
        self.keep(Some(latch)).await;
    }

    /// Forgets the refusal: the login worked, or a person wants it tried again.
    pub(super) async fn forget(&mut self) {
        if !matches!(self.known, Known::Nothing) {
            self.keep(None).await;
        }
    }

    async fn keep(&mut self, latch: Option<Latch>) {
        self.known = latch.clone().into();
        let store = Arc::clone(&self.store);
        if let Err(error) = blocking(move || store.save_latch(latch.as_ref())).await {
            tracing::error!(
                "whether the login was refused could not be kept, only this process knows: {error}"
            );
        }
    }
}

/// Sixteen bits of a hash: enough to see that the credentials were changed (one change in 65,536 goes
/// unseen, and `lp2rc check --retry-login` is there for it), and far too few to confirm a guess of
/// the password by.
fn fingerprint(config: &LivePersonConfig) -> String {
    let (method, id, secret) = match &config.credentials {
        Credentials::Password(password) => ("password", "", password),
        Credentials::Client { id, secret } => ("client", id.as_str(), secret),
    };
    let mut hash = Sha256::new();
    for part in [
        "lp2rc latch 1",
        &config.account,
        &config.username,
        method,
        id,
        secret.expose_secret(),
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    format!("{:02x}{:02x}", digest[0], digest[1])
}

fn stands(host: &str, latch: &Latch) -> SourceError {
    let since = latch.since;
    let (fault, what) = match latch.reason {
        LatchReason::CredentialsRejected => (
            SourceFault::CredentialsRejected,
            format!(
                "not tried, because LivePerson refused this user and secret at {since} and another try could lock the user; correct liveperson.username or the secret, or run `lp2rc check --retry-login` once the user works again"
            ),
        ),
        LatchReason::Blacklisted => (
            SourceFault::Blacklisted,
            format!(
                "not tried, because LivePerson blocked this user or account at {since}; ask LivePerson's support, then run `lp2rc check --retry-login`"
            ),
        ),
    };
    Step::LogIn.error(host, fault, what)
}

fn unusable(host: &str, error: &StoreError) -> SourceError {
    let what = format!("not tried, because nobody knows whether it was refused before: {error}");
    Step::LogIn.error(host, SourceFault::Refused, what)
}
