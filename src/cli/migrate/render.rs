//! A job's result, in the form that was asked for, where it was asked for.
//!
//! JSON is the document itself. Tables are made here, pages for a review in [`crate::migrate::show`].

use std::path::PathBuf;

use serde::{Serialize, de::DeserializeOwned};

use super::{applied, file, parity, plan, standing};
use crate::{
    cli::{
        exit::{self, Failure},
        output::{Output, Rows, say, text_of},
    },
    migrate::{
        show as pages,
        wire::{Applied, Checks, Owned, Parity, PlanDocument, Status},
    },
};

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For a review.
    Markdown,
    /// For a manager: one page with everything in it.
    Html,
}

impl From<Output> for Form {
    fn from(output: Output) -> Self {
        match output {
            Output::Table => Self::Table,
            Output::Json => Self::Json,
            Output::Markdown => Self::Markdown,
        }
    }
}

/// How the result is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Show {
    /// In which form.
    pub(super) form: Form,
    /// Where a plan's JSON, or the report, is also written.
    pub(super) file: Option<PathBuf>,
    /// Whether a status lists everybody.
    pub(super) people: bool,
}

impl Show {
    /// On stdout in that form.
    pub(super) fn of(output: Output) -> Self {
        Self {
            form: output.into(),
            file: None,
            people: false,
        }
    }
}

/// Shows what the job of that verb came to; a job without a document shows nothing.
pub(super) fn show(verb: &str, document: &str, how: &Show) -> Result<(), Failure> {
    if document == "null" {
        return Ok(());
    }
    match verb {
        "check" => {
            let checks: Checks = read(verb, document)?;
            print(how.form, &checks, &[standing::checks(&checks)])
        }
        "plan" => {
            let made: PlanDocument = read(verb, document)?;
            write_plan(how, &made)?;
            print_plan(how.form, &made)
        }
        "apply" | "connect" | "undo" | "finish" => {
            let done: Applied = read(verb, document)?;
            if let Some(made) = &done.plan {
                write_plan(how, made)?;
            }
            print(how.form, &done, &applied::tables(&done))
        }
        "verify" => report(how, &read(verb, document)?),
        "status" => {
            let mut status: Status = read(verb, document)?;
            if !how.people {
                status.people.clear();
            }
            print(how.form, &status, &standing::status(&status))
        }
        "adopt" | "release" => {
            let owned: Owned = read(verb, document)?;
            print(how.form, &owned, &standing::owned(&owned))
        }
        other => Err(Failure::new(
            exit::UNEXPECTED,
            format!(
                "the job was a `{other}`, which is unknown here; is the daemon another version?"
            ),
        )),
    }
}

/// A plan is written as JSON, whatever is shown: it is what `--plan` reads.
fn write_plan(how: &Show, made: &PlanDocument) -> Result<(), Failure> {
    match &how.file {
        None => Ok(()),
        Some(file) => file::write(file, &text_of(Output::Json, made, &[])?),
    }
}

fn print_plan(form: Form, made: &PlanDocument) -> Result<(), Failure> {
    match form {
        Form::Markdown => say(&pages::markdown::plan(made)),
        Form::Table | Form::Json | Form::Html => print(form, made, &plan::tables(made)),
    }
}

/// The report goes into its file in the form asked for, and stdout then has the table.
fn report(how: &Show, found: &Parity) -> Result<(), Failure> {
    let text = |form| match form {
        Form::Table => text_of(Output::Table, found, &parity::tables(found)),
        Form::Json => text_of(Output::Json, found, &[]),
        Form::Markdown => Ok(pages::markdown::parity(found)),
        Form::Html => Ok(pages::html::parity(found)),
    };
    match &how.file {
        None => say(&text(how.form)?),
        Some(file) => {
            file::write(file, &text(how.form)?)?;
            say(&text(Form::Table)?)
        }
    }
}

/// Prints the document or its tables; a page there is only of a parity report.
fn print<T: Serialize>(form: Form, document: &T, tables: &[Rows]) -> Result<(), Failure> {
    let output = match form {
        Form::Table | Form::Html => Output::Table,
        Form::Json => Output::Json,
        Form::Markdown => Output::Markdown,
    };
    let text = text_of(output, document, tables)?;
    // Nothing to tell is no line, not an empty one.
    if text.is_empty() { Ok(()) } else { say(&text) }
}

fn read<T: DeserializeOwned>(verb: &str, document: &str) -> Result<T, Failure> {
    serde_json::from_str(document).map_err(|error| {
        Failure::new(
            exit::UNEXPECTED,
            format!("the result of `migrate {verb}` has another form: {error}; is the daemon another version?"),
        )
    })
}
