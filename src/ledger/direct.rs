//! Asks for one agent by name: who is wanted, who is taken again after a restart, who is there.

use super::{
    Ledger,
    answer::Answer,
    book::{Book, Moment, number},
};
use crate::{
    domain::Purpose,
    routing::{Claim, Condition, Pick, Room, Takes},
};

/// How much an ask for one agent insists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insist {
    /// Only within their limit and their presence, as any other ask.
    Free,
    /// They asked for it themselves, or have the chat already: whatever their limit says.
    Anyhow,
}

impl Ledger {
    /// Books this agent (by id in the target) for a conversation until [`Self::release`]; what was
    /// booked for it before is given back. `None`: nobody of that id, or they may not be given it.
    pub fn take_agent(
        &self,
        conversation: &str,
        visitor_token: Option<&str>,
        agent: &str,
        purpose: Purpose,
        insist: Insist,
    ) -> Option<Answer> {
        let visitor = visitor_token.map(|token| self.visitors.hash_one(token));
        self.with_book(|book, now| {
            book.take_agent(now, conversation, visitor, agent, purpose, insist)
        })
    }

    /// Whether a conversation holds a slot.
    pub fn is_booked(&self, conversation: &str) -> bool {
        self.with_book(|book, _| book.bookings.contains_key(conversation))
    }

    /// Whether anybody takes new chats by presence, in a department or at all, with a slot left or
    /// without (livechat contract §2.5).
    pub fn anybody(&self, department: Option<&str>) -> bool {
        self.with_book(|book, now| {
            book.catch_up(now);
            book.index.anybody(department)
        })
    }

    /// Whether this agent takes new chats by presence, with a slot left or without.
    pub fn is_available(&self, agent: &str) -> bool {
        self.is_there_for(agent, Purpose::NewChat)
    }

    /// Whether this agent takes chats of this kind by presence, with a slot left or without.
    pub fn is_there_for(&self, agent: &str, purpose: Purpose) -> bool {
        self.with_book(|book, now| {
            book.catch_up(now);
            let row = book.roll().find(agent);
            row.is_some_and(|row| match (book.roll().condition(row), purpose) {
                (Condition::Open(Takes::NewChats, _), _)
                | (Condition::Open(Takes::Transfers, _), Purpose::Transfer) => true,
                (Condition::Open(Takes::Transfers, _), Purpose::NewChat)
                | (Condition::Shut(_), _) => false,
            })
        })
    }

    /// The agent of this id, as the latest snapshot shows them, free or not. Books nothing.
    pub fn look_up(&self, agent: &str) -> Option<Answer> {
        self.with_book(|book, _| book.roll().find(agent).map(|row| book.agent(row)))
    }
}

impl Book {
    fn take_agent(
        &mut self,
        now: Moment,
        conversation: &str,
        visitor: Option<u64>,
        agent: &str,
        purpose: Purpose,
        insist: Insist,
    ) -> Option<Answer> {
        self.catch_up(now);
        let row = self.roll().find(agent)?;
        let booked = self.bookings.get(conversation).and_then(|b| b.row);
        if booked == Some(number(row)) {
            return Some(self.agent(row));
        }
        let condition = self.roll().condition(row);
        if insist == Insist::Free && condition.refusal(Claim::firm(purpose)).is_some() {
            return None;
        }
        if let Some(own) = visitor.and_then(|visitor| self.holds.of_visitor(visitor)) {
            self.give_back(own);
        }
        let pick = Pick {
            row,
            department: None,
            displaces: matches!(condition, Condition::Open(_, Room::Held)),
        };
        self.displace(&pick);
        self.release_booking(conversation);
        self.book(conversation, row);
        self.count(&pick, now, |desk| desk.firm += 1);
        Some(self.agent(row))
    }
}
