//! The e-mail address an agent's user is to have.

use std::collections::HashMap;

use crate::domain::{
    Actual, DesiredAgent, SourceId, TargetUser,
    moving::{MissingEmail, MoveRules},
};

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) text: String,
    /// Whether the source gave it.
    pub(super) verified: bool,
}

/// What mapping gives, else what the rule for missing addresses makes.
pub(super) fn of(agent: &DesiredAgent, rules: &MoveRules) -> Option<Address> {
    let given = agent.believed.agent.email.as_deref().map(str::trim);
    if let Some(email) = agent.emails.first() {
        return Some(Address {
            text: email.address.clone(),
            verified: given.is_some_and(|given| given.eq_ignore_ascii_case(&email.address)),
        });
    }
    match &rules.missing_email {
        MissingEmail::Skip => None,
        MissingEmail::Template(pattern) => Some(Address {
            text: pattern
                .replace("{username}", &agent.identity.username)
                .replace("{id}", agent.identity.source_id.as_str()),
            verified: false,
        }),
    }
}

/// Who wants which address: the target gives each to one user only, without regard to case.
pub(super) struct Claims<'a> {
    actual: &'a Actual,
    wanted: HashMap<String, &'a SourceId>,
}

/// Who has an address that another one wants.
pub(super) enum Holder<'a> {
    /// A user of the target.
    User(&'a TargetUser),
    /// An agent who is to have it.
    Agent(&'a SourceId),
}

impl<'a> Claims<'a> {
    pub(super) fn new(actual: &'a Actual) -> Self {
        Self {
            actual,
            wanted: HashMap::new(),
        }
    }

    /// Takes an address for an agent and his user, or says who was first.
    pub(super) fn claim(
        &mut self,
        address: &Address,
        agent: &'a SourceId,
        user: Option<&TargetUser>,
    ) -> Result<(), Holder<'a>> {
        let folded = address.text.to_lowercase();
        if let Some(holder) = self.actual.user_with_email(&folded)
            && user.is_none_or(|user| user.id != holder.id)
        {
            return Err(Holder::User(holder));
        }
        match *self.wanted.entry(folded).or_insert(agent) {
            first if first == agent => Ok(()),
            first => Err(Holder::Agent(first)),
        }
    }
}
