//! stdout is data: one place that writes it, in the form that was asked for.

use std::io::{self, Write as _};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde::Serialize;

use super::exit::{self, Failure};

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For a review.
    Markdown,
}

/// Writes to stdout. A reader who went away (`| head`) is no error, but the end: a silent failure
/// with exit code 0.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let done = stdout.write_all(text.as_bytes()).and_then(|()| {
        if text.ends_with('\n') {
            Ok(())
        } else {
            stdout.write_all(b"\n")
        }
    });
    match done.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Err(Failure::new(exit::DONE, String::new()))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(()),
    }
}

/// Writes a hint or a warning to stderr.
pub(super) fn remark(text: &str) {
    // Nothing can be done about a closed stderr.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Text from elsewhere on one line: no escape codes for the reader's terminal, nothing that makes
/// text read in another order than it is written, which would show a review what is not there.
pub(super) fn plain(text: &str) -> String {
    let harmful = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
    };
    text.replace(harmful, "\u{FFFD}")
}

/// The same for several lines.
pub(super) fn plain_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(plain).collect();
    lines.join("\n")
}

/// Rows under headings.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    headings: Vec<&'static str>,
    body: Vec<Vec<String>>,
    /// Widest line of a table for people; cells are folded to fit. Without it nothing is folded.
    width: Option<u16>,
    /// Columns whose words are never broken: what somebody copies from them must be whole.
    unbroken: Vec<usize>,
}

impl Rows {
    /// A table with these columns.
    pub(super) fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            body: Vec::new(),
            width: None,
            unbroken: Vec::new(),
        }
    }

    /// The same table, folded to so many columns where people read it.
    pub(super) fn folded(self, columns: u16) -> Self {
        Self {
            width: Some(columns),
            ..self
        }
    }

    /// The same table, folded between words only in these columns.
    pub(super) fn unbroken(self, columns: &[usize]) -> Self {
        Self {
            unbroken: columns.to_vec(),
            ..self
        }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = String>) {
        let row = row.into_iter().map(|cell| plain(&cell));
        self.body.push(row.collect());
    }

    fn render(&self, output: Output) -> String {
        let mut table = Table::new();
        table.load_style(match output {
            Output::Markdown => presets::ASCII_MARKDOWN,
            Output::Table | Output::Json => presets::NOTHING,
        });
        // The width of a terminal must not decide what a script or a test reads.
        table.set_content_arrangement(ContentArrangement::Disabled);
        if let Some(columns) = self.width.filter(|_| output == Output::Table) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(columns);
        }
        table.set_header(&self.headings);
        for row in &self.body {
            match output {
                // A bar in a name would part its cell in two.
                Output::Markdown => table.add_row(row.iter().map(|cell| cell.replace('|', "\\|"))),
                Output::Table | Output::Json => table.add_row(row),
            };
        }
        for &column in &self.unbroken {
            let words = self.body.iter().filter_map(|row| row.get(column));
            let words = words.flat_map(|cell| cell.split_whitespace());
            let longest = words.map(|word| word.chars().count()).max().unwrap_or(0);
            if let (Some(column), Ok(longest)) = (table.column_mut(column), u16::try_from(longest))
            {
                let padded = longest.saturating_add(column.padding_width());
                let least = ColumnConstraint::LowerBoundary(Width::Fixed(padded));
                column.set_constraint(least);
            }
        }
        let mut text = String::new();
        for line in table.lines() {
            // Without borders every cell still has its padding.
            let line = match output {
                Output::Table => line.strip_prefix(' ').unwrap_or(&line),
                Output::Markdown | Output::Json => &line,
            };
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Prints `data` as JSON, or the tables made of it, parted by empty lines; of several tables the
/// empty ones are left out.
pub(super) fn print<T: Serialize>(
    output: Output,
    data: &T,
    tables: &[Rows],
) -> Result<(), Failure> {
    say(&text_of(output, data, tables)?)
}

/// What [`print`] prints.
pub(super) fn text_of<T: Serialize>(
    output: Output,
    data: &T,
    tables: &[Rows],
) -> Result<String, Failure> {
    match output {
        Output::Json => {
            let text = serde_json::to_string_pretty(data).map_err(anyhow::Error::from)?;
            Ok(text + "\n")
        }
        Output::Table | Output::Markdown => {
            let told = |rows: &&Rows| tables.len() == 1 || !rows.body.is_empty();
            let parts: Vec<_> = tables
                .iter()
                .filter(told)
                .map(|rows| rows.render(output))
                .collect();
            Ok(parts.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_from_a_folded_table_is_whole() {
        let run = "01a1ffb42d45-158c";
        let rows = |columns: &[usize]| {
            let mut rows = Rows::new(&["run", "kind", "of", "why"])
                .folded(60)
                .unbroken(columns);
            rows.push(
                [
                    run,
                    &format!("undo of {run}"),
                    "everybody",
                    &"long ".repeat(40),
                ]
                .map(str::to_owned),
            );
            rows.render(Output::Table)
        };
        let text = rows(&[0, 1]);
        assert_eq!(text.matches(run).count(), 2, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 60));
        // Elsewhere a word gives way to the width.
        assert_eq!(rows(&[]).matches(run).count(), 0);
    }
}
