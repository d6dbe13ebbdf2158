//! Plan files and reports on disk. They hold e-mail addresses: readable by their owner only.

use std::path::Path;

use serde::Deserialize;

use crate::{
    cli::exit::{self, Failure},
    migrate::wire::{PLAN_FORMAT, Part, PlanDocument},
    state,
};

/// Reads the plan in `file` and holds it against the part that the command line names: the file's
/// counts where nothing was named, and another one is refused.
pub(super) fn planned(file: &Path, named: &Part) -> Result<PlanDocument, Failure> {
    let wrong = |why: &dyn std::fmt::Display| {
        let message = format!(
            "cannot use the plan {}: {why}; make it with `lp2rc migrate plan --out FILE`",
            file.display()
        );
        Failure::new(exit::CONFIG, message)
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    // The form first: a plan of another version may have other fields too.
    let head: Head = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    if head.format != PLAN_FORMAT {
        let why = format!(
            "its form is `{}`, and this version reads `{PLAN_FORMAT}`",
            head.format.replace(char::is_control, "\u{FFFD}")
        );
        return Err(wrong(&why));
    }
    let plan: PlanDocument = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    if plan.checksum.is_empty() {
        return Err(wrong(&"it has no checksum"));
    }
    if *named != Part::default() && *named != plan.part {
        let message = format!(
            "the plan {} is of {}, and the command line says {}; leave --wave and --cut-over out, or make another plan",
            file.display(),
            part_in_words(&plan.part),
            part_in_words(named)
        );
        return Err(Failure::new(exit::CONFIG, message));
    }
    Ok(plan)
}

#[derive(Deserialize)]
struct Head {
    format: String,
}

/// Writes the whole file or leaves the old one. A link is followed; a device or pipe is written
/// into, never replaced.
pub(super) fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!(
            "cannot write {}: {error}; choose another --out",
            file.display()
        );
        Failure::new(exit::CONFIG, message)
    };
    let target = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(failed(&format!(
            "there is no directory {}",
            folder.display()
        )));
    }
    if std::fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        return std::fs::write(&target, text).map_err(|error| failed(&error));
    }
    state::export_to_file(&target, text).map_err(|error| failed(&error))
}

/// `wave pilot, with cut-over`.
pub(super) fn part_in_words(part: &Part) -> String {
    let who = match &part.wave {
        None => "everybody".to_owned(),
        Some(wave) => format!("wave {}", wave.replace(char::is_control, "\u{FFFD}")),
    };
    let cut_over = if part.cut_over { ", with cut-over" } else { "" };
    format!("{who}{cut_over}")
}
