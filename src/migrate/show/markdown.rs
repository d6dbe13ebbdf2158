//! Plans and parity as Markdown, for a review or a ticket.

use std::fmt::Write as _;

use super::{
    age_in_words, parity_headline, part_in_words, plan_headline,
    text::{grouped, markdown as safe},
};
use crate::migrate::wire::{ChangeLine, Parity, PersonLine, PlanDocument, Remark};

/// A plan with every change.
pub fn plan(plan: &PlanDocument) -> String {
    let mut page = Page::new("Plan of the move", &plan_headline(plan));
    page.facts(&[
        ("Checksum", &plan.checksum),
        ("Made", &plan.made_at),
        ("Part", &part_in_words(&plan.part)),
        (
            "Agents there that are not ours, and stay as they are",
            &grouped(plan.foreign),
        ),
    ]);
    page.remarks("Limits it exceeds", "Limit", &plan.refused_by);
    let rows = plan.summary.iter().map(|one| {
        let count = grouped(one.count);
        [one.phase.clone(), one.effect.clone(), count]
    });
    page.table("In numbers", ["Phase", "Effect", "Changes"], rows);
    page.changes("Changes", &plan.changes);
    page.changes("Changes that the policy does not allow", &plan.withheld);
    page.remarks("Left alone", "Who", &plan.left_out);
    page.0
}

/// A comparison with everybody in it, those who differ first.
pub fn parity(parity: &Parity) -> String {
    let mut page = Page::new("Parity of the move", &parity_headline(parity));
    page.facts(&[
        ("Compared", &parity.at),
        ("Part", &part_in_words(&parity.part)),
        ("Target", &parity.target),
        (
            "Source",
            &format!("account {}, {}", parity.account, age_in_words(parity)),
        ),
    ]);
    let rows = parity.waves.iter().map(|one| {
        let counts = [one.agents, one.provisioned, one.cut_over, one.equal].map(grouped);
        let [agents, provisioned, cut_over, equal] = counts;
        [one.wave.clone(), agents, provisioned, cut_over, equal]
    });
    page.table(
        "Waves",
        ["Wave", "Agents", "With a user", "Cut over", "Equal"],
        rows,
    );
    let rows = parity.people.iter().flat_map(|person| {
        person.differences.iter().map(|one| {
            [
                who(person),
                one.field.clone(),
                one.source.clone(),
                one.bridge.clone(),
                one.target.clone(),
                one.acknowledged_as.clone(),
            ]
        })
    });
    page.table(
        "What differs",
        [
            "Agent",
            "Field",
            "LivePerson",
            "Bridge",
            "Rocket.Chat",
            "Acknowledged as",
        ],
        rows,
    );
    page.remarks("Departments that differ", "Department", &parity.departments);
    page.remarks("Left out on purpose", "Who", &parity.left_out);
    let rows = parity.people.iter().map(|person| {
        [
            who(person),
            person.name.clone(),
            person.wave.clone(),
            person.owner.clone(),
            person.result.clone(),
            routable(person),
        ]
    });
    page.table(
        "Everybody",
        [
            "Agent",
            "Name",
            "Wave",
            "Availability by",
            "Result",
            "New chats now",
        ],
        rows,
    );
    page.0
}

fn who(person: &PersonLine) -> String {
    format!("{} ({})", person.username, person.source_id)
}

fn routable(person: &PersonLine) -> String {
    if person.routable {
        "yes".to_owned()
    } else {
        format!("no: {}", person.why_not)
    }
}

/// A page that escapes whatever is put into it.
struct Page(String);

impl Page {
    fn new(title: &str, headline: &str) -> Self {
        Self(format!("# {}\n\n**{}**\n", safe(title), safe(headline)))
    }

    fn facts(&mut self, facts: &[(&str, &str)]) {
        self.0.push('\n');
        for (name, value) in facts {
            // Writing to a string cannot fail.
            let _ = writeln!(self.0, "- {}: {}", safe(name), safe(value));
        }
    }

    /// A table under its heading; nothing at all without rows.
    fn table<const N: usize>(
        &mut self,
        heading: &str,
        columns: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return;
        }
        let _ = writeln!(self.0, "\n## {}\n", safe(heading));
        self.row(&columns.map(safe));
        self.row(&[(); N].map(|()| "---".to_owned()));
        for row in rows {
            self.row(&row.map(|cell| safe(&cell)));
        }
    }

    fn row<const N: usize>(&mut self, cells: &[String; N]) {
        let _ = writeln!(self.0, "| {} |", cells.join(" | "));
    }

    fn remarks(&mut self, heading: &str, column: &str, remarks: &[Remark]) {
        let rows = remarks
            .iter()
            .map(|one| [one.subject.clone(), one.why.clone()]);
        self.table(heading, [column, "Why"], rows);
    }

    fn changes(&mut self, heading: &str, changes: &[ChangeLine]) {
        let rows = changes.iter().map(|one| {
            let fields = one.fields.iter();
            let fields = fields.map(|one| format!("{}: {} → {}", one.field, one.before, one.after));
            [
                one.phase.clone(),
                one.effect.clone(),
                one.subject.clone(),
                one.reason.clone(),
                fields.collect::<Vec<_>>().join("; "),
                one.writes.join(", "),
            ]
        });
        let columns = ["Phase", "Effect", "Who or what", "Why", "Fields", "Writes"];
        self.table(heading, columns, rows);
    }
}
