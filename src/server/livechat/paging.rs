//! Pages of lists: `count`, `offset` and `sort` of the query.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::{call::Call, failure::Failure};
use crate::conversation::Refused;

/// `API_Default_Count`.
const USUAL: usize = 50;

/// `API_Upper_Count_Limit`.
const MOST: usize = 100;

/// Which part of a list, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    count: usize,
    offset: usize,
    /// Keys, and whether the greatest comes first.
    pub(super) sort: Vec<(String, bool)>,
}

impl Page {
    /// Of a query that has passed its schema. 0 asks for as many as there may be.
    pub(super) fn of(call: &Call) -> Result<Self, Failure> {
        let count = match call.query_count("count") {
            None => USUAL,
            Some(0) => MOST,
            Some(count) => count.min(MOST),
        };
        Ok(Self {
            count,
            offset: call.query_count("offset").unwrap_or(0),
            sort: sort(&call.query_text("sort").unwrap_or_default())?,
        })
    }

    /// Puts a list in order; `compare` knows the keys, and those it does not are equal. Without any
    /// key the list stays as it is.
    pub(super) fn order<T>(&self, list: &mut [T], compare: impl Fn(&str, &T, &T) -> Ordering) {
        list.sort_by(|a, b| {
            let mut orders = self.sort.iter().map(|(key, descending)| {
                let order = compare(key, a, b);
                if *descending { order.reverse() } else { order }
            });
            orders
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
    }

    /// The answer: this part of the list under its name, `count`, `offset` and `total`.
    pub(super) fn answer<T>(
        &self,
        name: &str,
        list: &[T],
        show: impl Fn(&T) -> Value,
    ) -> Map<String, Value> {
        let part = list.iter().skip(self.offset).take(self.count);
        let part: Vec<_> = part.map(show).collect();
        Map::from_iter([
            ("count".to_owned(), Value::from(part.len())),
            ("offset".to_owned(), Value::from(self.offset)),
            ("total".to_owned(), Value::from(list.len())),
            (name.to_owned(), Value::from(part)),
        ])
    }
}

/// `{"ts": -1}`: keys with 1 or -1.
fn sort(text: &str) -> Result<Vec<(String, bool)>, Failure> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Ok(keys) = serde_json::from_str::<Map<String, Value>>(text) else {
        let refused = Refused::Meteor {
            code: "error-invalid-sort".into(),
            reason: Some(format!("Invalid sort parameter provided: \"{text}\"").into()),
        };
        let failure = Failure::Refused(refused);
        return Err(failure.with_details(json!({"helperMethod": "parseJsonQuery"})));
    };
    let descends = |direction: &Value| direction.as_f64().is_some_and(|d| d < 0.0);
    Ok(keys
        .into_iter()
        .map(|(key, direction)| (key, descends(&direction)))
        .collect())
}
