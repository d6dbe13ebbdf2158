//! The map in docs/ARCHITECTURE.md, as a test: the page is the law, so it cannot rot.
//!
//! Files are read as tokens and paths are resolved, so neither comments and strings nor macros,
//! renames and `super` change what counts. The checker itself is held by `architecture/cases.rs`.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

mod architecture {
    pub(crate) mod cases;
    pub(crate) mod map;
    pub(crate) mod rules;
    pub(crate) mod source;
}

use architecture::{
    map::Map,
    rules::{self, File},
    source::Source,
};

/// A page that a newcomer finishes.
const PAGE_BUDGET: usize = 500;

/// `main.rs` and `lib.rs` are a door and a table of contents.
const DOOR_BUDGET: usize = 20;

#[test]
fn rooms_import_what_the_map_allows_and_pure_rooms_stay_pure() {
    let map = map();
    let crates = rules::dependencies(&fs::read_to_string("Cargo.toml").unwrap());
    let files = files();
    let broken: Vec<_> = files
        .iter()
        .filter(|file| !file.module.is_empty())
        .flat_map(|file| rules::complaints(&map, &crates, file))
        .collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn the_map_names_every_room_and_no_other() {
    let map = map();
    let files = files();
    let on_disk: BTreeSet<_> = files
        .iter()
        .filter(|file| !file.module.is_empty())
        .map(|file| {
            let row = map.room_of(&file.module);
            row.map_or_else(|| file.module.join("::"), |row| row.name.clone())
        })
        .collect();
    let on_map: BTreeSet<_> = map.rows.into_iter().map(|row| row.name).collect();
    assert_eq!(on_disk, on_map);
}

#[test]
fn every_file_belongs_to_the_module_tree() {
    let files = files();
    let declared: BTreeSet<_> = files
        .iter()
        .flat_map(|file| &file.source.declared)
        .map(|declared| &declared.module)
        .collect();
    let strays: Vec<_> = files
        .iter()
        .filter(|file| !file.module.is_empty() && !declared.contains(&file.module))
        .map(|file| &file.path)
        .collect();
    assert!(
        strays.is_empty(),
        "declared by no `mod` line, so never compiled: {strays:?}"
    );
}

#[test]
fn a_room_keeps_its_file_inside_its_folder() {
    let beside: Vec<_> = rust_files(Path::new("src"))
        .into_iter()
        .filter(|file| file.with_extension("").is_dir())
        .collect();
    assert!(beside.is_empty(), "move it to mod.rs: {beside:?}");
}

#[test]
fn the_doors_are_small_and_hold_no_logic() {
    for file in files().iter().filter(|file| file.module.is_empty()) {
        let lines = file.source.code_lines();
        assert!(
            lines <= DOOR_BUDGET,
            "{} has {lines} lines of code",
            file.path.display()
        );
        let text = fs::read_to_string(&file.path).unwrap();
        let faults = door_faults(&text, file.path.ends_with("lib.rs"));
        let opaque = &file.source.opaque;
        assert!(
            faults.is_empty() && opaque.is_empty(),
            "{}: {faults:?} {opaque:?}",
            file.path.display()
        );
    }
}

#[test]
fn every_file_opens_with_its_purpose() {
    let silent: Vec<_> = all_rust_files()
        .into_iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "no module comment: {silent:?}");
}

#[test]
fn no_file_outgrows_the_page_budget() {
    let fat: Vec<_> = all_rust_files()
        .into_iter()
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > PAGE_BUDGET)
        .collect();
    assert!(fat.is_empty(), "over {PAGE_BUDGET} lines: {fat:?}");
}

/// What a door says that it should not: the library only lists its rooms, the binary has none.
pub(crate) fn door_faults(text: &str, library: bool) -> Vec<String> {
    let mut faults = Vec::new();
    for item in &syn::parse_file(text).unwrap().items {
        if let syn::Item::Mod(module) = item {
            if !library || module.content.is_some() {
                faults.push(format!("mod {}", module.ident));
            }
        } else if library {
            faults.push("an item that is not a `mod` line".to_owned());
        }
    }
    faults
}

fn map() -> Map {
    Map::parse(&fs::read_to_string("docs/ARCHITECTURE.md").unwrap()).unwrap()
}

/// Every file under `src`, read; `main.rs` and `lib.rs` have an empty module path.
fn files() -> Vec<File> {
    let mut files: Vec<_> = rust_files(Path::new("src"))
        .into_iter()
        .map(|path| {
            let module = module_of(&path);
            let source = Source::read(&fs::read_to_string(&path).unwrap(), &module)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            File {
                path,
                module,
                test: false,
                source,
            }
        })
        .collect();
    let test_modules: BTreeMap<Vec<String>, bool> = files
        .iter()
        .flat_map(|file| &file.source.declared)
        .map(|declared| (declared.module.clone(), declared.test))
        .collect();
    for file in &mut files {
        file.test = (1..=file.module.len())
            .any(|depth| test_modules.get(&file.module[..depth]) == Some(&true));
    }
    files
}

/// `src/sync/merge.rs` and `src/sync/merge/mod.rs` are `sync::merge`.
fn module_of(file: &Path) -> Vec<String> {
    let path = file.strip_prefix("src").unwrap().with_extension("");
    let mut module: Vec<_> = path
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if module == ["lib"] || module == ["main"] || module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

fn all_rust_files() -> Vec<PathBuf> {
    ["src", "tests", "benches"]
        .into_iter()
        .map(Path::new)
        .filter(|folder| folder.is_dir())
        .flat_map(rust_files)
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("node_modules") {
            continue;
        }
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
