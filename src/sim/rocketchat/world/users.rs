//! Users: look-ups through indexes, and the only three ways to change them.

use super::{SimMail, SimUser, World, fold};

impl World {
    pub(in crate::sim::rocketchat) fn user(&self, id: &str) -> Option<&SimUser> {
        self.users.get(id)
    }

    /// By exact name (contract §3.2).
    pub(in crate::sim::rocketchat) fn user_named(&self, username: &str) -> Option<&SimUser> {
        self.users.get(self.by_username.get(username)?)
    }

    /// By name without regard to case.
    pub(in crate::sim::rocketchat) fn user_like(&self, username: &str) -> Option<&SimUser> {
        self.users.get(self.folded.get(&fold(username))?)
    }

    /// By any address, without regard to case.
    pub(in crate::sim::rocketchat) fn user_mailed(&self, address: &str) -> Option<&SimUser> {
        self.users.get(self.by_email.get(&fold(address))?)
    }

    /// Everybody, by username.
    pub(in crate::sim::rocketchat) fn users(&self) -> impl Iterator<Item = &SimUser> {
        self.users_from(0)
    }

    /// Everybody behind the first so many, by username.
    pub(in crate::sim::rocketchat) fn users_from(
        &self,
        from: usize,
    ) -> impl Iterator<Item = &SimUser> {
        let ids = self.by_username.values().skip(from);
        ids.filter_map(|id| self.users.get(id))
    }

    /// How many users there are.
    pub(in crate::sim::rocketchat) fn user_count(&self) -> usize {
        self.users.len()
    }

    /// How many users take a seat.
    pub(in crate::sim::rocketchat) const fn seated(&self) -> usize {
        self.seated
    }

    /// Whether one more user would be one too many for the licence.
    pub(in crate::sim::rocketchat) fn is_full(&self) -> bool {
        self.seats
            .is_some_and(|seats| self.seated >= seats as usize)
    }

    pub(in crate::sim::rocketchat) fn insert_user(&mut self, user: SimUser) {
        self.changed = true;
        self.index(&user);
        self.users.insert(user.id.clone(), user);
    }

    /// Changes a user. Setting what was there already is no change.
    pub(in crate::sim::rocketchat) fn update_user(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut SimUser),
    ) {
        let Some(old) = self.users.remove(id) else {
            return;
        };
        let mut new = old.clone();
        change(&mut new);
        if new != old {
            self.changed = true;
            self.forget(&old);
            new.updated_at = self.now;
            self.index(&new);
        }
        self.users.insert(id.to_owned(), new);
    }

    /// Deletes a user with everything that hangs on him.
    pub(in crate::sim::rocketchat) fn delete_user(&mut self, id: &str) -> bool {
        let Some(old) = self.users.remove(id) else {
            return false;
        };
        self.changed = true;
        self.forget(&old);
        self.leave_all(id);
        self.revoke(id);
        true
    }

    /// What a deactivation does besides the flag (contract §1.1, §2.3).
    pub(in crate::sim::rocketchat) fn set_active(&mut self, id: &str, active: bool) {
        let was = self.user(id).is_some_and(|user| user.active);
        self.update_user(id, |user| {
            user.active = active;
            if was && !active && user.status_livechat.is_some() {
                user.status_livechat = Some("not-available".to_owned());
                user.status_system_modified = true;
            }
        });
        if was && !active {
            self.revoke(id);
        }
    }

    /// Ends all logins of a user.
    pub(in crate::sim::rocketchat) fn revoke(&mut self, user: &str) {
        self.tokens.retain(|_, token| token.user != user);
    }

    pub(in crate::sim::rocketchat) fn mail(&mut self, kind: &str, to: &str) {
        self.changed = true;
        self.mails.push(SimMail {
            kind: kind.to_owned(),
            to: to.to_owned(),
        });
    }

    fn index(&mut self, user: &SimUser) {
        self.by_username
            .insert(user.username.clone(), user.id.clone());
        self.folded.insert(fold(&user.username), user.id.clone());
        for email in &user.emails {
            self.by_email.insert(fold(&email.address), user.id.clone());
        }
        self.seated += usize::from(user.takes_seat());
    }

    fn forget(&mut self, user: &SimUser) {
        self.by_username.remove(&user.username);
        self.folded.remove(&fold(&user.username));
        for email in &user.emails {
            self.by_email.remove(&fold(&email.address));
        }
        self.seated -= usize::from(user.takes_seat());
    }
}
