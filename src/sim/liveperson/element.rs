//! A small document that can be written as XML, and as the JSON that LivePerson's converter makes
//! of that XML (contract §4.5). Lists of agents are written by hand instead, for their size.

use serde_json::{Map, Value};

use super::{request::Format, xml};

/// One element.
#[derive(Clone, Debug)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Text(String),
    /// Written without quotes in JSON; a few members are (contract §7.1).
    Number(i64),
    Children(Vec<Element>),
}

impl Element {
    /// An element around others.
    pub(super) fn of(name: &'static str, children: Vec<Self>) -> Self {
        Self::new(name, Content::Children(children))
    }

    /// An element with a text.
    pub(super) fn text(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, Content::Text(text.into()))
    }

    /// An element with a number.
    pub(super) fn number(name: &'static str, number: i64) -> Self {
        Self::new(name, Content::Number(number))
    }

    /// `<link href="…" rel="…"/>`.
    pub(super) fn link(href: String, rel: &str) -> Self {
        Self {
            attributes: vec![("href", href), ("rel", rel.to_owned())],
            ..Self::of("link", Vec::new())
        }
    }

    fn new(name: &'static str, content: Content) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            content,
        }
    }

    /// The whole document with this element as its root.
    pub(super) fn document(&self, format: Format) -> String {
        match format {
            Format::Json => {
                Value::Object(Map::from_iter([(self.name.to_owned(), self.json())])).to_string()
            }
            Format::Xml => {
                let mut out = xml::DECLARATION.to_owned();
                self.xml(&mut out);
                out
            }
        }
    }

    /// Attributes get an `@`, repeated children become an array, a single one does not.
    fn json(&self) -> Value {
        let children = match &self.content {
            Content::Text(text) => return Value::from(text.as_str()),
            Content::Number(number) => return Value::from(*number),
            Content::Children(children) => children,
        };
        let mut members = Map::new();
        for (name, value) in &self.attributes {
            members.insert(format!("@{name}"), Value::from(value.as_str()));
        }
        for child in children {
            match members.get_mut(child.name) {
                None => {
                    members.insert(child.name.to_owned(), child.json());
                }
                Some(Value::Array(many)) => many.push(child.json()),
                Some(one) => *one = Value::Array(vec![one.take(), child.json()]),
            }
        }
        Value::Object(members)
    }

    fn xml(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            xml::escape(value, out);
            out.push('"');
        }
        out.push('>');
        match &self.content {
            Content::Text(text) => xml::escape(text, out),
            Content::Number(number) => out.push_str(&number.to_string()),
            Content::Children(children) => children.iter().for_each(|child| child.xml(out)),
        }
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }
}
