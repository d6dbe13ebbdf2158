//! Pages of lists: `count`, `offset`, `sort` (contract §2.5).

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::{answer::Refused, request::Request, world::World};

/// Names of the paging parameters.
pub(super) const NAMES: [&str; 3] = ["count", "offset", "sort"];

/// Which page, in which order.
#[derive(Clone, Debug)]
pub(super) struct Page {
    offset: usize,
    /// `None` for all.
    count: Option<usize>,
    /// Members and whether they ascend.
    sort: Vec<(String, bool)>,
}

impl Page {
    /// Reads the parameters. A count above the limit is clamped silently.
    pub(super) fn read(world: &World, request: &Request) -> Result<Self, Refused> {
        let number = |name| {
            let given = request.query(name)?;
            given.parse::<usize>().ok()
        };
        let setting = |id| usize::try_from(world.number(id)).unwrap_or(usize::MAX);
        let default = setting("API_Default_Count");
        let count = match number("count") {
            Some(0) if world.is_on("API_Allow_Infinite_Count") => None,
            None | Some(0) => Some(default),
            Some(count) => Some(count.min(setting("API_Upper_Count_Limit"))),
        };
        Ok(Self {
            offset: number("offset").unwrap_or(0),
            count,
            sort: match request.query("sort") {
                Some(text) => sort(text)?,
                None => Vec::new(),
            },
        })
    }

    /// Whether the list is to be sorted by this member alone, ascending.
    pub(super) fn is_sorted_by(&self, name: &str) -> bool {
        matches!(self.sort.as_slice(), [(member, true)] if member == name)
    }

    /// Sorts by this member unless the request says otherwise.
    pub(super) fn or_by(mut self, name: &str) -> Self {
        if self.sort.is_empty() {
            self.sort.push((name.to_owned(), true));
        }
        self
    }

    /// The page of a list as `{name: […], count, offset, total}`. Only the page is rendered by
    /// `show` when the items come in the wanted order already.
    pub(super) fn of<T>(
        &self,
        name: &str,
        items: impl Iterator<Item = T>,
        sorted_by: &str,
        show: impl Fn(&T) -> Value,
    ) -> Map<String, Value> {
        let items: Vec<T> = items.collect();
        let total = items.len();
        let (from, size) = (self.offset.min(total), self.count.unwrap_or(total));
        let page: Vec<Value> = if self.is_sorted_by(sorted_by) {
            items.iter().skip(from).take(size).map(show).collect()
        } else {
            let mut shown: Vec<Value> = items.iter().map(show).collect();
            shown.sort_by(|a, b| self.order(a, b));
            shown.into_iter().skip(from).take(size).collect()
        };
        self.shown(name, page, total)
    }

    /// The page of a list of which only the page itself has to be looked at: `pick` gives what
    /// comes behind so many items, at most so many.
    pub(super) fn picked(
        &self,
        name: &str,
        total: usize,
        pick: impl FnOnce(usize, usize) -> Vec<Value>,
    ) -> Map<String, Value> {
        let page = pick(self.offset.min(total), self.count.unwrap_or(total));
        self.shown(name, page, total)
    }

    fn shown(&self, name: &str, page: Vec<Value>, total: usize) -> Map<String, Value> {
        let members = [
            ("count", json!(page.len())),
            ("offset", json!(self.offset)),
            ("total", json!(total)),
            (name, Value::Array(page)),
        ];
        members
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect()
    }

    fn order(&self, a: &Value, b: &Value) -> Ordering {
        let by = |(member, ascends): &(String, bool)| {
            let order = compare(&a[member.as_str()], &b[member.as_str()]);
            if *ascends { order } else { order.reverse() }
        };
        let first = self.sort.iter().map(by).find(|order| order.is_ne());
        first.unwrap_or(Ordering::Equal)
    }
}

/// What is missing comes first, then numbers, then texts by their bytes.
fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64(), a.as_str(), b.as_str()) {
        (Some(a), Some(b), ..) => a.total_cmp(&b),
        (.., Some(a), Some(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Object(_) => 3,
        Value::Array(_) => 4,
        Value::Bool(_) => 5,
    }
}

fn sort(text: &str) -> Result<Vec<(String, bool)>, Refused> {
    let refused = || {
        let details = json!({ "helperMethod": "parseJsonQuery" });
        Refused::coded(
            "error-invalid-sort",
            &format!("Invalid sort parameter provided: \"{text}\""),
        )
        .details(details)
    };
    let parsed: Value = serde_json::from_str(text).map_err(|_| refused())?;
    let members = parsed.as_object().ok_or_else(refused)?;
    let members = members.iter().map(|(name, value)| match value.as_i64() {
        Some(1) => Ok((name.clone(), true)),
        Some(-1) => Ok((name.clone(), false)),
        _ => Err(refused()),
    });
    members.collect()
}
