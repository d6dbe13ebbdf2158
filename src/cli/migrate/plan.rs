//! A plan as tables: each change a line with its reason, and a line for every field before and
//! after.

use super::file::part_in_words;
use crate::{
    cli::output::Rows,
    migrate::wire::{ChangeLine, PlanDocument, Remark},
};

/// Lines of the tables are no wider.
pub(super) const COLUMNS: u16 = 100;

/// Rows of one table; JSON has the rest.
pub(super) const ROWS: usize = 200;

/// The plan: what it is about, its changes, what is withheld or left out, which limits it exceeds,
/// and at the end how much of what.
pub(super) fn tables(made: &PlanDocument) -> Vec<Rows> {
    vec![
        head(made),
        changes(["phase", "effect", "subject", "change"], &made.changes),
        changes(
            ["withheld", "effect", "subject", "by the policy"],
            &made.withheld,
        ),
        remarks(["left out", "why"], &made.left_out),
        remarks(["limit", "why it is refused"], &made.refused_by),
        summary(made),
    ]
}

fn head(made: &PlanDocument) -> Rows {
    let mut rows = Rows::new(&["plan", "of", "agents", "foreign", "changes", "made at"]);
    // Enough of it to tell two plans apart.
    let checksum: String = made.checksum.chars().take(12).collect();
    rows.push([
        checksum,
        part_in_words(&made.part),
        made.agents.to_string(),
        made.foreign.to_string(),
        made.changes.len().to_string(),
        made.made_at.clone(),
    ]);
    rows
}

/// As many whole changes as fit into [`ROWS`], and how many more there are.
fn changes(headings: [&'static str; 4], all: &[ChangeLine]) -> Rows {
    let mut rows = Rows::new(&headings).folded(COLUMNS);
    let mut used = 0;
    for (place, change) in all.iter().enumerate() {
        used += 1 + change.fields.len();
        if used > ROWS {
            let more = format!("… and {} more (--output json shows all)", all.len() - place);
            rows.push([String::new(), String::new(), String::new(), more]);
            break;
        }
        rows.push([
            change.phase.clone(),
            change.effect.clone(),
            change.subject.clone(),
            change.reason.clone(),
        ]);
        for field in &change.fields {
            let line = format!("{}: {} → {}", field.field, field.before, field.after);
            rows.push([String::new(), String::new(), String::new(), line]);
        }
    }
    rows
}

/// Who, and why.
pub(super) fn remarks(headings: [&'static str; 2], all: &[Remark]) -> Rows {
    let mut rows = Rows::new(&headings).folded(COLUMNS);
    for remark in all.iter().take(ROWS) {
        rows.push([remark.subject.clone(), remark.why.clone()]);
    }
    more(&mut rows, all.len(), 2);
    rows
}

/// Says how many of `all` are not shown, in a table of so many columns.
pub(super) fn more(rows: &mut Rows, all: usize, columns: usize) {
    if all > ROWS {
        let told = format!("… and {} more (--output json shows all)", all - ROWS);
        let mut row = vec![String::new(); columns];
        if let Some(last) = row.last_mut() {
            *last = told;
        }
        rows.push(row);
    }
}

fn summary(made: &PlanDocument) -> Rows {
    let mut rows = Rows::new(&["in all", "effect", "changes"]);
    for tally in &made.summary {
        rows.push([
            tally.phase.clone(),
            tally.effect.clone(),
            tally.count.to_string(),
        ]);
    }
    if made.summary.is_empty() {
        rows.push(["nothing".to_owned(), "-".to_owned(), "0".to_owned()]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::output::{Output, text_of},
        migrate::wire::{FieldLine, PLAN_FORMAT, Part, Tally},
    };

    fn plan(agents: usize, name: &str) -> PlanDocument {
        let change = |number: usize| ChangeLine {
            phase: "users".to_owned(),
            effect: "create".to_owned(),
            subject: format!("{name}{number} (LP{number})"),
            reason: "not there yet".to_owned(),
            fields: vec![FieldLine {
                field: "email".to_owned(),
                before: "-".to_owned(),
                after: format!("{number}@example.org"),
            }],
            writes: vec!["create".to_owned()],
        };
        PlanDocument {
            format: PLAN_FORMAT.to_owned(),
            checksum: "0123456789abcdef".to_owned(),
            made_at: "2026-01-02T03:04:05Z".to_owned(),
            part: Part {
                wave: Some("pilot".to_owned()),
                cut_over: true,
            },
            agents,
            summary: vec![Tally {
                phase: "users".to_owned(),
                effect: "create".to_owned(),
                count: agents,
            }],
            changes: (0..agents).map(change).collect(),
            withheld: Vec::new(),
            left_out: vec![Remark {
                subject: "bob (LP9)".to_owned(),
                why: "no e-mail address".to_owned(),
            }],
            foreign: 4,
            refused_by: vec![Remark {
                subject: "opened".to_owned(),
                why: "600 agents would be opened, more than 500; --accept opened".to_owned(),
            }],
        }
    }

    fn text(made: &PlanDocument, output: Output) -> String {
        text_of(output, made, &tables(made)).unwrap()
    }

    #[test]
    fn a_plan_reads_like_a_diff() {
        let expect = "\
plan          of                           agents  foreign  changes  made at
0123456789ab  wave pilot, with cut-over  2       4        2        2026-01-02T03:04:05Z
";
        let shown = text(&plan(2, "ada"), Output::Table);
        let squeeze = |text: &str| {
            let lines = text.lines().map(|line| {
                let words: Vec<_> = line.split_whitespace().collect();
                words.join(" ")
            });
            lines.collect::<Vec<_>>()
        };
        assert_eq!(squeeze(&shown)[..2], squeeze(expect)[..]);
        assert_eq!(
            squeeze(&shown)[2..],
            [
                "",
                "phase effect subject change",
                "users create ada0 (LP0) not there yet",
                "email: - → 0@example.org",
                "users create ada1 (LP1) not there yet",
                "email: - → 1@example.org",
                "",
                "left out why",
                "bob (LP9) no e-mail address",
                "",
                "limit why it is refused",
                "opened 600 agents would be opened, more than 500; --accept opened",
                "",
                "in all effect changes",
                "users create 2",
            ]
        );
    }

    #[test]
    fn a_long_plan_is_cut_between_two_changes_and_says_so() {
        let shown = text(&plan(150, "ada"), Output::Table);
        assert!(
            shown.contains("… and 50 more (--output json shows all)"),
            "{shown}"
        );
        assert!(
            shown.contains("99@example.org") && !shown.contains("ada100 "),
            "{shown}"
        );
        assert!(!text(&plan(100, "ada"), Output::Table).contains("more (--output"));
    }

    #[test]
    fn hostile_names_stay_in_their_cell_and_lines_are_not_too_wide() {
        let hostile = format!("\u{1b}[31m|x\n\u{202e}{}", "wide ".repeat(40));
        let made = plan(3, &hostile);
        let shown = text(&made, Output::Table);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
        let widest = shown.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(usize::from(COLUMNS)), "{widest:?}\n{shown}");
        let markdown = text(&made, Output::Markdown);
        assert!(markdown.contains("\\|x"), "{markdown}");
        for line in markdown.lines().filter(|line| !line.is_empty()) {
            assert!(line.starts_with('|') && line.ends_with('|'), "{line}");
        }
    }
}
