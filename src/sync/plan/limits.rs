//! Limits of one's own.

use super::{matching::Person, shown};
use crate::domain::{Change, Effect, Phase, Write};

/// The agent's limit as mapping wants it. Nothing and 0 are the same there (admin contract §3.3).
pub(super) fn settle(person: &Person<'_>) -> Option<Change> {
    let agent = person.user.and_then(|user| user.agent.as_ref());
    let was = agent.and_then(|agent| agent.limit).filter(|one| *one > 0);
    let limit = person.agent.limit.filter(|one| *one > 0);
    (limit != was).then(|| Change {
        phase: Phase::Limits,
        subject: person.subject(),
        effect: match was {
            None => Effect::Create,
            Some(_) => Effect::Update,
        },
        reason: "the source allows another number of chats".to_owned(),
        fields: vec![shown::limit(was, limit)],
        writes: vec![Write::SetLimit {
            user: person.user_ref(),
            limit,
            was,
        }],
    })
}
