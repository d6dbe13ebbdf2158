//! The checker, checked: for each hole a snippet that it must refuse and one that it must accept.

use std::path::PathBuf;

use super::{
    map::Map,
    rules::{self, File},
    source::Source,
};

/// A small map with one pure room, a sub-room, and a row for everything.
const MAP: &str = "
| room | may import | may do I/O |
|---|---|---|
| `words` | | no |
| `settings` | `words` | yes |
| `choose` | `words` | no |
| `cycle::join` | `words` | no |
| `cycle` | `words`, `settings` | yes |
| `engine` | `words`, `settings` | yes |
| `face` | `words` | yes |
| `watch` | `words`, `cycle` | yes |
| `compose` | `*` | yes |
";

const MANIFEST: &str = "
[dependencies]
bytes = \"1\"
jiff = \"0.2\"
net-things = { version = \"1\" }
thiserror = \"2\"
# commented = \"1\"
[dependencies.long-form]
version = \"1\"
[dev-dependencies]
proptest = \"1\"
[features]
not-a-crate = []
";

/// The complaints about `text` as the file of `module`.
fn complaints(module: &str, text: &str) -> Vec<String> {
    let map = Map::parse(MAP).unwrap();
    let module: Vec<_> = module.split("::").map(str::to_owned).collect();
    let source = Source::read(text, &module).unwrap();
    let file = File {
        path: PathBuf::from("snippet"),
        module,
        test: false,
        source,
    };
    rules::complaints(&map, &rules::dependencies(MANIFEST), &file)
}

/// Each bad snippet must give exactly one complaint, and that one must say `because`.
fn refused(because: &str, cases: &[(&str, &str)]) {
    for (module, text) in cases {
        let found = complaints(module, text);
        assert!(
            found.len() == 1 && found[0].contains(because),
            "`{module}` says `{text}`; expected one complaint with `{because}`, got {found:?}"
        );
    }
}

fn accepted(cases: &[(&str, &str)]) {
    for (module, text) in cases {
        let found = complaints(module, text);
        assert!(found.is_empty(), "`{module}` says `{text}`; got {found:?}");
    }
}

#[test]
fn a_crate_path_is_held_to_the_row_wherever_it_stands() {
    refused(
        "`face` may not import `engine",
        &[
            ("face", "use crate::engine;"),
            ("face", "use crate::engine as words;"),
            ("face", "use crate::engine::*;"),
            ("face", "pub(crate) use crate::engine::Motor;"),
            ("face", "use crate::{words::Word, engine::Motor};"),
            (
                "face",
                "use crate::{words::{self, Word}, engine::{gear::{Cog}}};",
            ),
            ("face", "use {crate::words, crate::engine};"),
            ("face", "fn f() { use crate::engine; }"),
            ("face", "fn f() { crate::engine::start() }"),
            ("face", "fn f() { crate :: engine :: start() }"),
            ("face", "fn f(_: impl Fn(crate::engine::Motor)) {}"),
            ("face", "type T = <crate::engine::Motor as Iterator>::Item;"),
            ("face", "fn f() { Vec::<crate::engine::Motor>::new() }"),
            (
                "face",
                "type T = Vec<Option<&'static crate::engine::Motor>>;",
            ),
            ("face", "impl crate::engine::Run for u8 {}"),
            ("face", "struct S(pub (crate::engine::Motor));"),
            ("face", "#[cfg(test)] mod tests { use crate::engine; }"),
            ("face", "#[derive(crate::engine::Make)] struct S;"),
            ("face", "#[with(\"crate::engine::wire\")] struct S;"),
            (
                "face",
                "#[with(f = \"super::engine::wire::<u8>\")] struct S;",
            ),
        ],
    );
    accepted(&[
        ("face", "use crate::words::{Word, other::*};"),
        ("face", "use crate::face::page;"),
        ("engine::gear", "use crate::{engine::Motor, settings};"),
        ("face", "pub(in crate::face) struct S;"),
        ("face", "pub(crate) fn f() {}"),
        (
            "face",
            "struct S { engine: u8 } fn f(s: S) -> u8 { s.engine }",
        ),
        (
            "face",
            "#[expect(reason = \"say crate::engine::Motor here\")] struct S;",
        ),
    ]);
}

#[test]
fn self_and_super_are_followed_through_inline_modules() {
    refused(
        "may not import `engine",
        &[
            ("face", "use super::engine;"),
            ("face::page", "use super::super::engine::Motor;"),
            ("face", "use self::super::engine::Motor;"),
            (
                "face",
                "mod a { mod b { use super::super::super::engine; } }",
            ),
            ("face", "mod a { fn f() { super::super::engine::start() } }"),
        ],
    );
    refused(
        "`cycle::join` may not import `cycle",
        &[
            ("cycle::join", "use super::Plan;"),
            ("cycle::join", "use super::*;"),
            ("cycle::join", "use crate::cycle::Plan;"),
            ("cycle::join", "mod tests { use super::super::Plan; }"),
        ],
    );
    refused("leaves the crate", &[("face", "use super::super::x;")]);
    accepted(&[
        ("face", "mod engine { pub struct M; } use self::engine::M;"),
        ("face::page", "use super::engine::Motor;"),
        ("face", "mod a { use super::engine; }"),
        ("cycle", "use self::join::merge; fn f() { join::merge() }"),
        ("cycle::join", "#[cfg(test)] mod tests { use super::*; }"),
        ("cycle::join::cases", "use super::*;"),
    ]);
}

#[test]
fn the_crate_may_not_be_taken_whole_or_renamed() {
    refused(
        "hides what is imported",
        &[
            ("face", "use crate::*;"),
            ("face", "use crate as all;"),
            ("face", "use crate::{self as all};"),
            ("face", "use super::*;"),
            ("compose", "use crate::*;"),
            ("face", "extern crate self as all;"),
            ("face", "extern crate lp2rc;"),
            ("face", "#[path = \"../engine/mod.rs\"] mod gear;"),
            (
                "face",
                "#[cfg_attr(test, path = \"../engine/mod.rs\")] mod gear;",
            ),
            ("face", "include!(\"../engine/mod.rs\");"),
            ("face", "core::include!(\"../engine/mod.rs\");"),
            ("face", "use std::include as text;"),
            ("face", "#[macro_use] mod gear {}"),
        ],
    );
    refused(
        "say `crate::`",
        &[
            ("face", "use lp2rc::engine;"),
            ("face", "use ::lp2rc::engine::Motor;"),
            ("compose", "fn f() { lp2rc::engine::start() }"),
            ("face", "fn f() -> ::lp2rc::engine::Motor { todo() }"),
            ("face", "fn f() -> bool { 1 > ::lp2rc::engine::SIZE }"),
        ],
    );
    accepted(&[
        ("face", "fn f(lp2rc: u8) -> u8 { lp2rc }"),
        (
            "face",
            "mod gear; const TEXT: &str = include_str!(\"page.html\");",
        ),
        ("compose", "use crate::{engine, face::*};"),
    ]);
}

#[test]
fn macros_hide_nothing() {
    refused(
        "may not import `engine",
        &[
            (
                "face",
                "macro_rules! m { () => { $crate::engine::start() } }",
            ),
            (
                "face",
                "macro_rules! m { () => { use $crate::engine::Motor; } }",
            ),
            ("face", "fn f() { call!(1, crate :: engine :: start) }"),
            (
                "face",
                "fn f() { call! { mod a { use super::super::engine; } } }",
            ),
        ],
    );
    refused(
        "hides what is imported",
        &[
            (
                "face",
                "macro_rules! m { ($r:ident) => { crate::$r::start() } }",
            ),
            (
                "face",
                "macro_rules! m { ($r:ident) => { use crate::$r; } }",
            ),
            ("face", "macro_rules! m { ($r:ident) => { mod $r { } } }"),
            ("face", "fn f() { call!(crate, engine) }"),
            ("face", "fn f() { call!(super) }"),
        ],
    );
    accepted(&[
        (
            "face",
            "macro_rules! m { ($t:ty) => { impl $crate::words::W for $t {} } }",
        ),
        (
            "face",
            "fn f(&self) -> impl Iterator<Item = u8> + use<'_> { call!(self) }",
        ),
    ]);
}

#[test]
fn comments_and_strings_are_not_imports() {
    accepted(&[
        (
            "face",
            "// use crate::engine;\n/* crate::engine */ fn f() {}",
        ),
        ("face", "/// [`crate::engine::Motor`]\nfn f() {}"),
        (
            "face",
            "//! crate::engine\nfn f() -> &'static str { \"crate::engine::x\" }",
        ),
        (
            "choose",
            "//! LivePerson and `tokio::spawn`, async\n/// Rocket.Chat\nfn f() {}",
        ),
    ]);
}

#[test]
fn a_pure_room_gets_only_the_computing_part_of_the_standard_library() {
    refused(
        "in the pure room `choose`",
        &[
            ("choose", "use std::fs;"),
            ("choose", "use std::{collections::BTreeMap, fs};"),
            ("choose", "use std::{fmt, io::{self}};"),
            ("choose", "use std::time::{Duration, Instant};"),
            ("choose", "use std::time;"),
            ("choose", "use std::time::*;"),
            ("choose", "use std::sync::{Arc, Mutex};"),
            ("choose", "use std as s;"),
            ("choose", "use std::*;"),
            ("choose", "use ::std::env;"),
            ("choose", "use core::future::Future;"),
            ("choose", "fn f() { std::process::exit(1) }"),
            ("choose", "fn f() -> ::std::net::IpAddr { todo() }"),
            ("choose", "fn f() { call!(std::thread::spawn) }"),
            ("choose", "#[cfg(test)] mod tests { use std::fs; }"),
            ("choose", "fn f() { println!() }"),
            ("choose", "const HOME: &str = env!(\"HOME\");"),
        ],
    );
    // The sub-room is pure by its own row, though its parent is not.
    refused(
        "in the pure room `cycle::join`",
        &[
            ("cycle::join", "use std::fs;"),
            (
                "cycle::join",
                "#[cfg(test)] mod tests { fn f() { dbg!(1); } }",
            ),
        ],
    );
    accepted(&[
        (
            "choose",
            "use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};",
        ),
        (
            "choose",
            "fn f() { core::mem::take(&mut 1); ::std::cmp::min(1, 2); }",
        ),
        ("cycle", "use std::fs;"),
        ("engine", "fn f() { std::process::exit(1) }"),
    ]);
}

#[test]
fn a_pure_room_gets_only_the_crates_on_its_list() {
    refused(
        "in the pure room `choose`",
        &[
            ("choose", "use net_things::Socket;"),
            ("choose", "use net_things;"),
            ("choose", "use net_things as words;"),
            ("choose", "use long_form::*;"),
            ("choose", "fn f() { net_things::connect() }"),
            ("choose", "fn f() { ::anything::connect() }"),
            ("choose", "#[net_things::main] fn f() {}"),
            ("choose", "#[derive(net_things::Wire)] struct S;"),
            ("choose", "fn f() { call!(net_things::connect) }"),
            (
                "choose",
                "#[cfg(test)] mod tests { use net_things::Socket; }",
            ),
            ("choose", "use proptest::proptest;"),
            (
                "choose",
                "#[cfg(test)] mod tests {} use proptest::prelude::*;",
            ),
            ("choose", "#[cfg(test)] fn f() {} use proptest::prelude::*;"),
            (
                "choose",
                "#[cfg(test)] mod tests; use proptest::prelude::*;",
            ),
            ("choose", "fn f() { jiff::Timestamp::now() }"),
            ("choose", "use jiff::Zoned; fn f() { Zoned::now() }"),
            ("choose", "use jiff::tz::TimeZone;"),
        ],
    );
    accepted(&[
        (
            "choose",
            "use bytes::Bytes; #[derive(thiserror::Error)] enum E {}",
        ),
        ("choose", "fn f(net_things: u8) -> u8 { net_things }"),
        ("choose", "fn f(x: X) { x.net_things::<u8>() }"),
        (
            "choose",
            "#[cfg(test)] mod tests { use proptest::prelude::*; }",
        ),
        ("choose", "#[cfg(test)] use proptest::prelude::*;"),
        ("engine", "use net_things::Socket;"),
    ]);
}

#[test]
fn a_pure_room_waits_for_nothing_and_names_no_brand() {
    refused(
        "in the pure room `choose`",
        &[
            ("choose", "async fn f() {}"),
            ("choose", "fn f() { async { 1 }; }"),
            ("choose", "fn f() { call!(x.await) }"),
        ],
    );
    refused(
        "say source or target",
        &[
            ("choose", "struct LivePersonAgent;"),
            ("choose", "fn from_live_person() {}"),
            (
                "choose",
                "fn f() -> &'static str { \"Rocket.Chat says no\" }",
            ),
            ("choose", "#[error(\"asking liveperson\")] struct S;"),
            ("words", "fn f() { call!(rocketchat) }"),
        ],
    );
    accepted(&[
        ("engine", "async fn f() { rocketchat().await }"),
        ("choose", "fn alive(person: u8) {}"),
    ]);
}

#[test]
fn a_room_passes_on_only_what_its_importers_may_have() {
    refused(
        "passes `settings::Limit` on to `watch`",
        &[
            ("cycle", "pub use crate::settings::Limit;"),
            ("cycle", "pub(crate) use crate::settings::Limit;"),
            (
                "cycle::inner",
                "pub use crate::{words::Word, settings::Limit};",
            ),
        ],
    );
    accepted(&[
        ("cycle", "use crate::settings::Limit;"),
        ("cycle::inner", "pub(super) use crate::settings::Limit;"),
        (
            "cycle",
            "pub use crate::words::Word; pub use self::join::merge;",
        ),
        ("compose", "pub use crate::settings::Limit;"),
    ]);
}

#[test]
fn a_file_outside_the_rooms_is_refused() {
    refused("in no room", &[("util", "fn f() {}"), ("words_of", "")]);
    accepted(&[("words::of", "")]);
}

#[test]
fn the_table_itself_is_held_to_its_order() {
    let map = |rows: &str| Map::parse(rows).map(|map| map.rows.len());
    let cases = [
        ("| `a` | | no |\n| `b` | `a` | yes |", Ok(2)),
        ("| `a::x` | | no |\n| `a` | | yes |", Ok(2)),
        ("| `a` | `b` | yes |\n| `b` | | yes |", Err("not above it")),
        ("| `a` | `a` | yes |", Err("not above it")),
        ("| `a` | `gone` | yes |", Err("not above it")),
        (
            "| `a` | | yes |\n| `a::x` | | no |",
            Err("must stand above"),
        ),
        ("| `a` | | no |\n| `a` | | no |", Err("two rows")),
        ("| `a` | | yes |\n| `b` | `a` | no |", Err("does no I/O")),
        ("| `a` | `*` | no |", Err("too much")),
        ("| `a` | | maybe |", Err("yes or no")),
        ("| `a` | |", Err("three cells")),
        ("| `a`, `b` | | no |", Err("names one room")),
        ("no table", Err("no table")),
    ];
    for (rows, expect) in cases {
        match (map(rows), expect) {
            (Ok(found), Ok(count)) => assert_eq!(found, count, "{rows}"),
            (Err(found), Err(because)) => {
                assert!(found.contains(because), "{rows}\ngave: {found}");
            }
            (found, _) => panic!("{rows}\ngave: {found:?}"),
        }
    }
}

#[test]
fn a_star_row_reaches_only_the_rows_above_it() {
    let map = Map::parse("| `a` | | yes |\n| `app` | `*` | yes |\n| `cli` | `*` | yes |").unwrap();
    let [_, app, cli] = &map.rows[..] else {
        panic!("three rows")
    };
    assert!(map.allows(app, "a::b") && map.allows(cli, "app"));
    assert!(!map.allows(app, "cli") && !map.allows(app, "abc"));
}

#[test]
fn doors_list_rooms_or_call_one_and_comments_do_not_count() {
    let faults = |text, library| crate::door_faults(text, library).len();
    assert_eq!(
        faults("//! x\n#![forbid(unsafe_code)]\npub mod a;", true),
        0
    );
    assert_eq!(faults("pub mod a {}", true), 1);
    assert_eq!(faults("pub use a::b;", true), 1);
    assert_eq!(faults("fn main() { lp2rc::cli::run() }", false), 0);
    assert_eq!(faults("mod a; fn main() {}", false), 1);
    let text = "//! x\n// y\n/* z\n z */\n/// doc\npub mod a;\n\npub mod b;\n";
    assert_eq!(Source::read(text, &[]).unwrap().code_lines(), 2);
}
