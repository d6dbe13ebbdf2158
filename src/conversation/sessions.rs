//! Logins of service accounts, kept so that they survive a restart.

use std::ops::ControlFlow;

use super::{chats::Chats, document::Session, key, refused::Refused};
use crate::ports::Order;

/// Logins of one account at once; one more ends the oldest. A client that logs in for every call
/// must not fill the disk.
const LOGINS: usize = 100;

impl Chats {
    /// Keeps a login under the hash of its token. Gives the hashes of logins that had to go for it.
    pub fn open_session(&mut self, hash: &str, session: &Session) -> Result<Vec<String>, Refused> {
        let now = self.now();
        let (mut others, mut gone) = (Vec::new(), Vec::new());
        self.every_session(|hash, other| {
            if other.until <= now {
                gone.push(hash.to_owned());
            } else if other.account == session.account {
                others.push((other.since, hash.to_owned()));
            }
        })?;
        others.sort();
        let spare = (others.len() + 1).saturating_sub(LOGINS);
        gone.extend(others.into_iter().take(spare).map(|(_, hash)| hash));
        for hash in &gone {
            self.remove(key::session(hash));
        }
        self.put(key::session(hash), session);
        Ok(gone)
    }

    /// The login of a token's hash, unless it is over.
    pub fn session(&self, hash: &str) -> Result<Option<Session>, Refused> {
        let session = self.get::<Session>(&key::session(hash))?;
        Ok(session.filter(|session| self.now() < session.until))
    }

    /// Ends a login.
    pub fn end_session(&mut self, hash: &str) {
        self.remove(key::session(hash));
    }

    /// Removes at most `limit` logins that are over by themselves; gives how many.
    pub fn forget_sessions(&mut self, limit: usize) -> Result<usize, Refused> {
        let now = self.now();
        let mut over = Vec::new();
        self.every_session(|hash, session| {
            if session.until <= now && over.len() < limit {
                over.push(hash.to_owned());
            }
        })?;
        for hash in &over {
            self.end_session(hash);
        }
        Ok(over.len())
    }

    fn every_session(&self, mut look: impl FnMut(&str, Session)) -> Result<(), Refused> {
        self.walk(
            key::SESSION,
            &key::after(key::SESSION),
            Order::Ascending,
            |key, session: Session| {
                look(key::last(key), session);
                ControlFlow::Continue(())
            },
        )
    }
}
