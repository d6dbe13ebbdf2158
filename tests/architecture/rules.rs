//! The rules of the map, applied to one file: every complaint names file, line and rule.

use std::{collections::BTreeSet, path::PathBuf};

use super::{
    map::{Map, Row},
    source::{Kind, Mention, Source},
};

/// Parts of the standard library that compute and do nothing else.
const PURE_STD: &[&str] = &[
    "any",
    "array",
    "ascii",
    "borrow",
    "boxed",
    "cell",
    "char",
    "clone",
    "cmp",
    "collections",
    "convert",
    "default",
    "error",
    "f64",
    "fmt",
    "hash",
    "iter",
    "marker",
    "mem",
    "num",
    "ops",
    "option",
    "rc",
    "result",
    "slice",
    "str",
    "string",
    "sync::Arc",
    "sync::LazyLock",
    "sync::OnceLock",
    "sync::Weak",
    "time::Duration",
    "vec",
];

/// Crates that compute and do nothing else. `ahash` draws a seed, which no answer shows.
const PURE_CRATES: &[&str] = &["ahash", "bytes", "deunicode", "jiff", "sha2", "thiserror"];

/// What reads the machine's settings in a crate that is otherwise pure.
const IMPURE_ITEMS: &[&str] = &["jiff::tz"];

/// What the tests inside a pure room may use besides.
const PURE_TEST_CRATES: &[&str] = &["proptest"];

/// Macros of the prelude that print or read from outside.
const IMPURE_MACROS: &[&str] = &[
    "dbg",
    "env",
    "eprint",
    "eprintln",
    "include_bytes",
    "include_str",
    "option_env",
    "print",
    "println",
    "thread_local",
];

const BRANDS: &[&str] = &["liveperson", "rocketchat"];

/// One file and where it stands.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) module: Vec<String>,
    /// Declared under `#[cfg(test)]`, itself or a module above it.
    pub(crate) test: bool,
    pub(crate) source: Source,
}

/// Everything that `file` does against the map. `crates` are the names of all dependencies.
pub(crate) fn complaints(map: &Map, crates: &BTreeSet<String>, file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut complain = |line: usize, text: String| {
        found.push(format!("{}:{line}: {text}", file.path.display()));
    };
    let Some(room) = map.room_of(&file.module) else {
        complain(1, "this file is in no room of docs/ARCHITECTURE.md".into());
        return found;
    };
    for (line, what) in &file.source.opaque {
        complain(*line, format!("{what} hides what is imported"));
    }
    for (line, name) in &file.source.macros {
        if name == "include" {
            complain(*line, "`include!` hides what is imported".into());
        }
        if !room.io && IMPURE_MACROS.contains(&name.as_str()) {
            complain(*line, format!("`{name}!` in the pure room `{}`", room.name));
        }
    }
    for mention in &file.source.mentions {
        if let Some(complaint) = judge(map, crates, room, file, mention) {
            complain(mention.line, complaint);
        }
    }
    if !room.io {
        for (line, word) in &file.source.words {
            if matches!(word.as_str(), "async" | "await") {
                complain(*line, format!("`{word}` in the pure room `{}`", room.name));
            }
            let plain: String = word.chars().filter(|c| !"_-. ".contains(*c)).collect();
            if let Some(brand) = BRANDS
                .iter()
                .find(|brand| plain.to_lowercase().contains(*brand))
            {
                complain(
                    *line,
                    format!("`{brand}` in `{}`: say source or target", room.name),
                );
            }
        }
    }
    found.dedup();
    found
}

/// What one mention does against the map, if anything.
fn judge(
    map: &Map,
    crates: &BTreeSet<String>,
    room: &Row,
    file: &File,
    mention: &Mention,
) -> Option<String> {
    let written = mention.segments.join("::");
    if !room.io && mention.segments.last().is_some_and(|last| last == "now") {
        return Some(format!(
            "`{written}` in the pure room `{}`: take the time as an argument",
            room.name
        ));
    }
    let standard = |name: &str| matches!(name, "std" | "core" | "alloc");
    match mention.segments[0].as_str() {
        "lp2rc" => Some("say `crate::`, not `lp2rc::`".to_owned()),
        "crate" | "self" | "super" if !mention.global => {
            let Some(target) = absolute(&mention.module, &mention.segments) else {
                return Some(format!("`{written}` leaves the crate"));
            };
            within(map, room, mention, &target)
        }
        "std" | "core"
            if mention
                .segments
                .last()
                .is_some_and(|last| last == "include") =>
        {
            Some("`include!` hides what is imported".to_owned())
        }
        first if standard(first) && !room.io => {
            let inner = mention.segments[1..].join("::");
            (!listed(PURE_STD, &inner))
                .then(|| format!("`{written}` in the pure room `{}`", room.name))
        }
        first if !room.io && !standard(first) && (mention.global || crates.contains(first)) => {
            let test = mention.test || file.test;
            let known = PURE_CRATES.contains(&first) || (test && PURE_TEST_CRATES.contains(&first));
            (!known || listed(IMPURE_ITEMS, &written))
                .then(|| format!("`{written}` in the pure room `{}`", room.name))
        }
        _ => None,
    }
}

/// What is wrong with naming `target`, a path from the crate's root.
fn within(map: &Map, room: &Row, mention: &Mention, target: &[String]) -> Option<String> {
    let path = target.join("::");
    if target.is_empty() {
        return Some("taking the crate whole hides what is imported".to_owned());
    }
    if !map.allows(room, &path) {
        return Some(format!("`{}` may not import `{path}`", room.name));
    }
    // What a room passes on, its importers get whether their row allows it or not.
    let Kind::Import { reexport: true } = mention.kind else {
        return None;
    };
    let leak = map.rows.iter().find(|other| {
        other.name != room.name && map.allows(other, &room.name) && !map.allows(other, &path)
    })?;
    Some(format!(
        "`{}` passes `{path}` on to `{}`, which may not import it",
        room.name, leak.name
    ))
}

/// `segments` as a path from the crate's root; `None` when `super` climbs past it.
fn absolute(module: &[String], segments: &[String]) -> Option<Vec<String>> {
    let mut path = match segments[0].as_str() {
        "crate" => Vec::new(),
        _ => module.to_vec(),
    };
    for segment in segments {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => {
                path.pop()?;
            }
            name => path.push(name.to_owned()),
        }
    }
    Some(path)
}

fn listed(list: &[&str], path: &str) -> bool {
    list.iter().any(|item| {
        path.strip_prefix(item)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

/// The names of all dependencies in a Cargo.toml, as code spells them.
pub(crate) fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut listing = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            listing = header.ends_with("dependencies");
            // `[dependencies.name]`
            if let Some((_, name)) = header.split_once("dependencies.") {
                names.insert(name.replace('-', "_"));
            }
        } else if listing && !line.starts_with('#') {
            let name: String = line
                .chars()
                .take_while(|c| c.is_alphanumeric() || "-_".contains(*c))
                .collect();
            if !name.is_empty() {
                names.insert(name.replace('-', "_"));
            }
        }
    }
    names
}
