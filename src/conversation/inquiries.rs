//! The queue: who waits, and agents who take them by themselves.

use std::{collections::BTreeMap, ops::ControlFlow};

use super::{
    actor::Actor,
    chats::Chats,
    document::{Author, Inquiry, InquiryStatus, Message},
    key,
    refused::Refused,
    routing::find_agent,
    transfer::Moving,
};
use crate::{
    domain::{DepartmentId, Purpose},
    ledger::Insist,
    ports::Order,
};

impl Chats {
    /// Everybody who waits, or those of a department (id or name), longest first. An unknown department
    /// narrows nothing down.
    pub fn queued(&self, department: Option<&str>) -> Result<Vec<Inquiry>, Refused> {
        let department = department.and_then(|wanted| self.department(wanted));
        let wanted = department.map(|(id, _)| id);
        self.waiting(|inquiry| wanted.is_none() || inquiry.department == wanted)
    }

    /// The rooms that wait, with their place among those of their department, from 1, in the order in
    /// which they are given agents. Memory only: it is asked for whenever the queue moves.
    pub fn places_in_queue(&self) -> Vec<(String, usize)> {
        let mut ahead: BTreeMap<Option<String>, usize> = BTreeMap::new();
        let waiting = self.index.waiting().into_iter();
        let placed = waiting.map(|(rid, department)| {
            let place = ahead.entry(department).or_default();
            *place += 1;
            (rid, *place)
        });
        placed.collect()
    }

    /// Those whom an account's agent may take: of their departments or of none, unless they wait for
    /// somebody else by name.
    pub fn queued_for(
        &self,
        actor: &Actor,
        department: Option<&str>,
    ) -> Result<Vec<Inquiry>, Refused> {
        let agent = self.bound_agent(actor);
        let snapshot = self.ledger.snapshot();
        let row = agent
            .as_ref()
            .and_then(|agent| find_agent(&snapshot, &agent.id));
        let own: Vec<&str> = row
            .iter()
            .flat_map(|row| &row.agent.departments)
            .map(DepartmentId::as_str)
            .collect();
        let wanted = department
            .filter(|_| !own.is_empty())
            .map(|wanted| match self.department(wanted) {
                Some((id, _)) if own.contains(&id.as_str()) => Ok(id),
                Some(_) | None => Err(Refused::plain("error-not-authorized")),
            })
            .transpose()?;
        self.waiting(
            |inquiry| match (&inquiry.default_agent, &inquiry.department) {
                (Some((id, _)), _) => agent.as_ref().is_some_and(|agent| agent.id == *id),
                (None, None) => true,
                (None, Some(department)) => match &wanted {
                    Some(wanted) => wanted == department,
                    None => own.contains(&department.as_str()),
                },
            },
        )
    }

    /// The inquiry of a room with the room's last message; `None` where the room is closed or unknown.
    pub fn inquiry_of(&self, rid: &str) -> Result<Option<(Inquiry, Option<Message>)>, Refused> {
        let Some(inquiry) = self.inquiry(rid)?.filter(|inquiry| inquiry.rid == rid) else {
            return Ok(None);
        };
        let room = self.room(rid)?;
        let last = room.map(|room| self.view(room)).transpose()?;
        Ok(Some((inquiry, last.and_then(|view| view.last_message))))
    }

    /// An agent takes a waiting room. `agent` is who; `None`: an account without one.
    pub fn take_inquiry(&mut self, id: &str, agent: Option<&Author>) -> Result<(), Refused> {
        let inquiry = self
            .inquiry_by_id(id)?
            .ok_or(Refused::meteor("error-not-found", "Inquiry not found"))?;
        if inquiry.status == InquiryStatus::Taken {
            return Err(Refused::meteor(
                "error-inquiry-taken",
                "Inquiry already taken",
            ));
        }
        let agent = agent
            .filter(|agent| self.ledger.is_available(&agent.id))
            .ok_or(Refused::meteor(
                "error-agent-status-service-offline",
                "Agent status is offline or Omnichannel service is not active",
            ))?;
        let mut room = self
            .room(&inquiry.rid)?
            .filter(|room| room.open)
            .ok_or(Refused::code("error-room-not-found"))?;
        self.ledger
            .take_agent(
                &room.id,
                Some(&room.v.token),
                &agent.id,
                Purpose::NewChat,
                Insist::Free,
            )
            .ok_or(Refused::code("error-max-number-simultaneous-chats-reached"))?;
        self.note_booking(&room.id);
        self.serve(&mut room, agent)?;
        self.keep_room(&mut room);
        Ok(())
    }

    /// Puts an open room back into the queue, of another department if one is named. Whether anybody
    /// served it: a room that waits stays where it is.
    pub fn return_as_inquiry(
        &mut self,
        actor: &Actor,
        rid: &str,
        department: Option<&str>,
    ) -> Result<bool, Refused> {
        let mut room = self
            .room(rid)?
            .ok_or(Refused::plain("error-room-not-found"))?;
        if !room.open {
            return Err(Refused::ROOM_CLOSED);
        }
        let department = department
            .map(|wanted| {
                let found = self.department(wanted);
                found.ok_or(Refused::plain("error-invalid-department"))
            })
            .transpose()?;
        if room.served_by.is_none() {
            return Ok(false);
        }
        if let Some((id, _)) = department {
            room.department_id = Some(id);
        }
        let moving = Moving {
            by: self.mover(actor, &room),
            comment: None,
        };
        self.requeue(&mut room, &moving)?;
        self.keep_room(&mut room);
        Ok(true)
    }

    fn inquiry_by_id(&self, id: &str) -> Result<Option<Inquiry>, Refused> {
        let mut found = None;
        self.every_inquiry(|inquiry| {
            if inquiry.id != id {
                return ControlFlow::Continue(());
            }
            found = Some(inquiry);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    fn waiting(&self, fits: impl Fn(&Inquiry) -> bool) -> Result<Vec<Inquiry>, Refused> {
        let mut found = Vec::new();
        self.every_inquiry(|inquiry| {
            if inquiry.status == InquiryStatus::Queued && fits(&inquiry) {
                found.push(inquiry);
            }
            ControlFlow::Continue(())
        })?;
        found.sort_by(|a, b| (a.ts, &a.id).cmp(&(b.ts, &b.id)));
        Ok(found)
    }

    /// There are as many as open rooms.
    fn every_inquiry(
        &self,
        mut look: impl FnMut(Inquiry) -> ControlFlow<()>,
    ) -> Result<(), Refused> {
        let end = key::after(key::INQUIRY);
        self.walk(key::INQUIRY, &end, Order::Ascending, |_, inquiry| {
            look(inquiry)
        })
    }
}
