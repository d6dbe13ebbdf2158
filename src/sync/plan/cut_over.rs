//! The cut-over: agents are opened, and their availability becomes the target's.

use super::{matching::Person, shown};
use crate::domain::{Capacity, Change, Effect, Owner, Phase, Write};

/// Opens one agent and hands him over. Who takes no chats in the source is handed over unopened.
pub(super) fn open(person: &Person<'_>) -> Option<Change> {
    let was = match person.agent.owner() {
        Owner::Target => return None,
        owner @ (Owner::Source | Owner::Both) => owner,
    };
    let takes_chats = match person.agent.capacity() {
        Capacity::Limited(0) => false,
        Capacity::Limited(_) | Capacity::Unlimited => true,
    };
    let mut fields = Vec::new();
    let mut writes = Vec::new();
    if takes_chats && !person.is_available() {
        fields.push(shown::availability(false, true));
        writes.push(Write::SetAvailability {
            user: person.user_ref(),
            available: true,
            was: false,
        });
    }
    fields.push(shown::owner(was, Owner::Target));
    writes.push(Write::SetOwner {
        source_id: person.source_id().clone(),
        owner: Owner::Target,
        was,
    });
    Some(Change {
        phase: Phase::CutOver,
        subject: person.subject(),
        effect: Effect::Open,
        reason: if takes_chats {
            "the cut-over: the target decides from now on".to_owned()
        } else {
            "the cut-over; not opened, because the source allows him no chats".to_owned()
        },
        fields,
        writes,
    })
}
