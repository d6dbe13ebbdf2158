//! XML by hand over `quick-xml`'s events (contract §4.3): three times as fast as through serde.
//!
//! Names are matched without their prefix, and any member may be an attribute or a child element.
//! Document types and entities that XML itself does not know are refused, so nothing can expand.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each place knows its few members and reads over the others, new ones included"
)]

use std::borrow::Cow;

use quick_xml::{
    Error, Reader, XmlVersion,
    errors::IllFormedError,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event, attributes::Attribute},
};

use super::{
    DEEPEST, DecodeError, Decoded,
    draft::{Draft, Member, SkillEntry, is_true},
    is_html,
    page::{Link, Page},
    plain,
    scalar::Scalar,
    text,
};

/// Decodes an XML answer.
pub fn xml(body: &[u8]) -> Result<Decoded, DecodeError> {
    let body = text(body)?;
    if is_html(body.trim_start().as_bytes()) {
        return Err(DecodeError::WebPage);
    }
    let mut page = Page::default();
    Walk::new(body).document(|walk, start, open| match member(start) {
        Member::AvailableAgents if open => walk.body(&mut page),
        Member::AvailableAgents => Ok(()),
        Member::Error => walk.reported(&mut page, open),
        _ => Err(DecodeError::OtherDocument {
            found: plain(start.local_name().into_inner()),
        }),
    })?;
    page.finish()
}

/// Hands `each` the links of an `agentSessionLocation` (contract §3.1); another document has none.
pub(super) fn session_links(body: &[u8], each: &mut dyn FnMut(Link)) -> Result<(), DecodeError> {
    Walk::new(text(body)?).document(|walk, start, open| {
        if member(start) != Member::SessionLocation {
            return walk.over(open);
        }
        if !open {
            return Ok(());
        }
        walk.children("agentSessionLocation", |walk, start, open| {
            if member(start) != Member::Link {
                return walk.over(open);
            }
            each(walk.link(start, open)?);
            Ok(())
        })
    })
}

/// An event that matters. Comments, processing instructions and the declaration do not.
enum Piece<'a> {
    /// A start tag; its `Close` follows.
    Open(BytesStart<'a>),
    /// A self-closed element.
    Alone(BytesStart<'a>),
    Close,
    /// A part of a text: entities and CDATA come as parts of their own.
    Text(Cow<'a, str>),
    /// The end of the document, after its root.
    End,
}

struct Walk<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            reader: Reader::from_str(text),
            depth: 0,
        }
    }

    fn next(&mut self) -> Result<Piece<'a>, DecodeError> {
        loop {
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.said(&error)),
            };
            return Ok(match event {
                Event::Text(text) => Piece::Text(text.into_inner()),
                Event::End(_) => {
                    self.depth -= 1;
                    Piece::Close
                }
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(DecodeError::TooDeep);
                    }
                    Piece::Open(start)
                }
                Event::Empty(start) => Piece::Alone(start),
                Event::CData(data) => Piece::Text(data.into_inner()),
                Event::GeneralRef(name) => {
                    let letter = match name.resolve_char_ref() {
                        Ok(letter) => letter,
                        Err(error) => return Err(self.said(&error)),
                    };
                    match letter {
                        Some(letter) => Piece::Text(Cow::Owned(letter.to_string())),
                        None => Piece::Text(Cow::Borrowed(
                            resolve_predefined_entity(&name).ok_or(DecodeError::Entities)?,
                        )),
                    }
                }
                Event::DocType(_) => return Err(DecodeError::Entities),
                Event::Eof if self.depth > 0 => return Err(DecodeError::Truncated),
                Event::Eof => Piece::End,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            });
        }
    }

    /// The next piece inside an element: a self-closed one has none.
    fn inside(&mut self, open: bool) -> Result<Piece<'a>, DecodeError> {
        if open { self.next() } else { Ok(Piece::Close) }
    }

    fn said(&self, error: &Error) -> DecodeError {
        match error {
            // A construct that was begun and has no end.
            Error::Syntax(_) | Error::IllFormed(IllFormedError::MissingEndTag(_)) => {
                DecodeError::Truncated
            }
            // `&` without `;`: cut off when nothing follows, else somebody's forgotten `&amp;`.
            Error::IllFormed(IllFormedError::UnclosedReference)
                if self.reader.get_ref().is_empty() =>
            {
                DecodeError::Truncated
            }
            Error::Escape(_) => DecodeError::Entities,
            Error::Io(_)
            | Error::IllFormed(_)
            | Error::InvalidAttr(_)
            | Error::Encoding(_)
            | Error::Namespace(_) => self.malformed(),
        }
    }

    fn malformed(&self) -> DecodeError {
        DecodeError::Malformed {
            place: format!("byte {}", self.reader.error_position()),
        }
    }

    /// One root, nothing but blanks around it. `root` must read up to its end when it is open.
    fn document(
        &mut self,
        root: impl FnOnce(&mut Self, &BytesStart<'a>, bool) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let mut root = Some(root);
        loop {
            let (start, open) = match self.next()? {
                Piece::Open(start) => (start, true),
                Piece::Alone(start) => (start, false),
                Piece::Text(text) if text.trim().is_empty() => continue,
                Piece::End if root.is_none() => return Ok(()),
                // A declaration and nothing more.
                Piece::End => return Err(DecodeError::Truncated),
                Piece::Text(_) | Piece::Close => return Err(self.malformed()),
            };
            match root.take() {
                Some(root) => root(self, &start, open)?,
                None => return Err(self.malformed()),
            }
        }
    }

    /// The children of `availableAgents`.
    fn body(&mut self, page: &mut Page) -> Result<(), DecodeError> {
        self.children("availableAgents", |walk, start, open| match member(start) {
            Member::Agents if open => walk.agents(page),
            Member::Link => {
                let link = walk.link(start, open)?;
                page.link(link);
                Ok(())
            }
            Member::Error => walk.reported(page, open),
            _ => walk.over(open),
        })
    }

    /// The children of `agents`.
    fn agents(&mut self, page: &mut Page) -> Result<(), DecodeError> {
        self.children("agents", |walk, start, open| {
            if member(start) != Member::Agent {
                return walk.over(open);
            }
            walk.agent(page, start, open)
        })
    }

    /// Calls `each` with every child element. `each` must read up to its end when it is open.
    fn children(
        &mut self,
        member: &'static str,
        mut each: impl FnMut(&mut Self, &BytesStart<'a>, bool) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        loop {
            match self.next()? {
                Piece::Open(start) => each(self, &start, true)?,
                Piece::Alone(start) => each(self, &start, false)?,
                Piece::Text(text) if text.trim().is_empty() => {}
                Piece::Text(_) => return Err(DecodeError::NotAList { member }),
                Piece::Close | Piece::End => return Ok(()),
            }
        }
    }

    fn agent(
        &mut self,
        page: &mut Page,
        start: &BytesStart<'a>,
        open: bool,
    ) -> Result<(), DecodeError> {
        let mut draft = Draft::default();
        let (mut members, mut words) = (false, false);
        self.attributes(start, |member, value| {
            members = true;
            draft.set(member, value);
        })?;
        loop {
            match self.inside(open)? {
                Piece::Open(child) => {
                    members = true;
                    match member(&child) {
                        Member::Skills | Member::SkillsInfo => {
                            self.skills(&mut draft, &child, true)?;
                        }
                        Member::Other | Member::Nil => self.over(true)?,
                        member => {
                            let value = self.scalar(&child)?;
                            draft.set(member, value);
                        }
                    }
                }
                Piece::Alone(_) => members = true,
                Piece::Text(text) => words |= !text.trim().is_empty(),
                Piece::Close | Piece::End => break,
            }
        }
        if words && !members {
            page.no_agent();
        } else {
            page.entry(draft);
        }
        Ok(())
    }

    /// `skills`, `skillsInfo`, and what is in them: a container and an entry in one, as in JSON.
    fn skills(
        &mut self,
        draft: &mut Draft,
        start: &BytesStart<'a>,
        open: bool,
    ) -> Result<(), DecodeError> {
        let mut entry = SkillEntry::EMPTY;
        let mut nil = false;
        let mut words = None;
        self.attributes(start, |member, value| match member {
            Member::Nil => nil |= is_true(&value),
            _ => entry.set(member, value.kept()),
        })?;
        loop {
            match self.inside(open)? {
                Piece::Open(child) => match member(&child) {
                    Member::Skill | Member::SkillInfo => self.skills(draft, &child, true)?,
                    member => {
                        let value = self.scalar(&child)?;
                        entry.set(member, value);
                    }
                },
                Piece::Alone(child) => {
                    if matches!(member(&child), Member::Skill | Member::SkillInfo) {
                        self.skills(draft, &child, false)?;
                    }
                }
                Piece::Text(text) => append(&mut words, text),
                Piece::Close | Piece::End => break,
            }
        }
        if !nil {
            entry.set(Member::Text, words.map_or(Scalar::Absent, Scalar::cow));
            draft.skill(entry);
        }
        Ok(())
    }

    fn link(&mut self, start: &BytesStart<'a>, open: bool) -> Result<Link, DecodeError> {
        let mut link = Link::default();
        let mut words = None;
        let mut take = |member, value: Scalar<'_>| {
            let slot = match member {
                Member::Href => &mut link.href,
                Member::Rel => &mut link.rel,
                _ => return,
            };
            if slot.is_none() {
                *slot = value.into_text();
            }
        };
        self.attributes(start, &mut take)?;
        loop {
            match self.inside(open)? {
                Piece::Open(child) => {
                    let value = self.scalar(&child)?;
                    take(member(&child), value);
                }
                Piece::Alone(_) => {}
                Piece::Text(text) => append(&mut words, text),
                Piece::Close | Piece::End => break,
            }
        }
        link.text = words.and_then(|words| Scalar::cow(words).into_text());
        Ok(link)
    }

    /// An `error` inside a successful answer. A blank one is none, as `null` is in JSON.
    fn reported(&mut self, page: &mut Page, open: bool) -> Result<(), DecodeError> {
        let mut internal_code = None;
        let mut said = false;
        loop {
            match self.inside(open)? {
                Piece::Open(child) => {
                    said = true;
                    let value = self.scalar(&child)?;
                    if member(&child) == Member::InternalCode {
                        internal_code = value.whole();
                    }
                }
                Piece::Alone(_) => said = true,
                Piece::Text(text) => said |= !text.trim().is_empty(),
                Piece::Close | Piece::End => break,
            }
        }
        if said || self.depth == 0 {
            page.broken(DecodeError::Reported { internal_code });
        }
        Ok(())
    }

    /// The text of the open element `start`, up to its end.
    fn scalar(&mut self, start: &BytesStart<'a>) -> Result<Scalar<'a>, DecodeError> {
        let mut nil = false;
        self.attributes(start, |member, value| {
            nil |= member == Member::Nil && is_true(&value);
        })?;
        let mut words = None;
        loop {
            match self.next()? {
                Piece::Text(text) => append(&mut words, text),
                Piece::Close | Piece::End => break,
                Piece::Open(_) => self.over(true)?,
                Piece::Alone(_) => {}
            }
        }
        Ok(match words {
            Some(words) if !nil => Scalar::cow(words),
            Some(_) | None => Scalar::Absent,
        })
    }

    /// Reads over the rest of an element.
    fn over(&mut self, open: bool) -> Result<(), DecodeError> {
        let outside = self.depth - usize::from(open);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    fn attributes(
        &self,
        start: &BytesStart<'_>,
        mut each: impl FnMut(Member, Scalar<'_>),
    ) -> Result<(), DecodeError> {
        if start.attributes_raw().is_empty() {
            return Ok(());
        }
        // A repeated attribute is no reason to lose the list; looking for one costs an allocation.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| self.malformed())?;
            let member = Member::of(attribute.key.into_inner());
            if member != Member::Other {
                each(member, value(&attribute)?);
            }
        }
        Ok(())
    }
}

fn member(start: &BytesStart<'_>) -> Member {
    Member::of(start.name().into_inner())
}

fn value<'v>(attribute: &'v Attribute<'_>) -> Result<Scalar<'v>, DecodeError> {
    // Most values need nothing done to them.
    if !attribute.value.contains(['&', '\n', '\t', '\r']) {
        return Ok(Scalar::borrowed(&attribute.value));
    }
    attribute
        .normalized_value(XmlVersion::Implicit1_0)
        .map(|value| Scalar::owned(value.into_owned()))
        .map_err(|_| DecodeError::Entities)
}

fn append<'a>(words: &mut Option<Cow<'a, str>>, part: Cow<'a, str>) {
    match words {
        None => *words = Some(part),
        Some(words) => words.to_mut().push_str(&part),
    }
}
