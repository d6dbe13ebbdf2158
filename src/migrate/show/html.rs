//! Parity as one page for a manager: everything in one file, no scripts, nothing fetched from
//! anywhere. What differs comes first, in plain words.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    age_in_words, counted, meaning, part_in_words,
    text::{grouped, html as safe},
};
use crate::migrate::wire::{Difference, Parity, PersonLine, Remark};

/// Nothing may be loaded, whatever a name says; only the style that is written here counts.
const GUARD: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A complete HTML document.
pub fn parity(parity: &Parity) -> String {
    let mut page = Page(String::with_capacity(8_192 + parity.people.len() * 300));
    page.put(format_args!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{GUARD}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Move to Rocket.Chat: {} of {} agents are equal</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n",
        grouped(parity.equal),
        grouped(parity.agents),
        include_str!("page.css")
    ));
    head(&mut page, parity);
    waves(&mut page, parity);
    in_plain_words(&mut page, parity);
    page.remarks(
        "Departments that differ",
        "They are not in Rocket.Chat as the move wants them.",
        &parity.departments,
    );
    differences(&mut page, "What differs", "different", parity);
    differences(
        &mut page,
        "What differs and was accepted",
        "acknowledged",
        parity,
    );
    page.remarks(
        "Left out on purpose",
        "They are not counted as different.",
        &parity.left_out,
    );
    everybody(&mut page, parity);
    page.put(format_args!("</body>\n</html>\n"));
    page.0
}

fn head(page: &mut Page, parity: &Parity) {
    page.put(format_args!(
        "<h1>Move from LivePerson to Rocket.Chat</h1>\n<p class=\"big\">{} of {} are equal</p>\n",
        grouped(parity.equal),
        counted(parity.agents, "agent", "agents")
    ));
    page.put(format_args!("<div class=\"bar\" aria-hidden=\"true\">"));
    let parts = [
        ("good", parity.equal),
        ("fair", parity.acknowledged),
        ("bad", parity.different),
    ];
    for (class, count) in parts.iter().filter(|(_, count)| *count > 0) {
        page.put(format_args!(
            "<span class=\"{class}\" style=\"flex-grow:{count}\"></span>"
        ));
    }
    page.put(format_args!("</div>\n<p class=\"verdict\">"));
    let departments = parity.departments.len();
    match (parity.different, departments) {
        _ if parity.source_age_seconds.is_none() => page.put(format_args!(
            "<span class=\"mark bad\">Nothing is proven:</span> LivePerson was never read."
        )),
        (0, 0) if parity.agents == 0 => page.put(format_args!("Nobody was compared.")),
        (0, 0) if parity.acknowledged == 0 => page.put(format_args!(
            "<span class=\"mark good\">Nothing was lost.</span> All agents are in Rocket.Chat as they should be."
        )),
        (0, 0) => page.put(format_args!(
            "<span class=\"mark good\">Nothing was lost</span> but what was accepted: {}.",
            counted(parity.acknowledged, "agent differs", "agents differ")
        )),
        (agents, departments) => {
            let counts = [
                (agents, "agent differs", "agents differ"),
                (departments, "department differs", "departments differ"),
            ];
            let told = counts.into_iter().filter(|(count, _, _)| *count > 0);
            let told: Vec<_> = told
                .map(|(count, one, several)| counted(count, one, several))
                .collect();
            page.put(format_args!(
                "<span class=\"mark bad\">Not yet:</span> {}.",
                told.join(" and ")
            ));
        }
    }
    page.put(format_args!("</p>\n<dl>\n"));
    let source = format!("account {}, {}", parity.account, age_in_words(parity));
    let routable = parity.people.iter().filter(|one| one.routable).count();
    let facts = [
        ("Compared", parity.at.as_str()),
        ("Agents", &part_in_words(&parity.part)),
        ("LivePerson", &source),
        ("Compared with", &parity.target),
        ("Could get a chat there now", &grouped(routable)),
    ];
    for (name, value) in facts {
        page.put(format_args!("<dt>{name}</dt><dd>{}</dd>\n", safe(value)));
    }
    page.put(format_args!("</dl>\n"));
}

fn waves(page: &mut Page, parity: &Parity) {
    if parity.waves.is_empty() {
        return;
    }
    page.heading("Waves", "Agents are moved in parts, one after the other.");
    page.open(&["Wave", "#Agents", "#With a user", "#Cut over", "#Equal"]);
    for wave in &parity.waves {
        page.put(format_args!("<tr>"));
        page.cell(&wave.wave);
        for count in [wave.agents, wave.provisioned, wave.cut_over, wave.equal] {
            page.put(format_args!("<td class=\"n\">{}</td>", grouped(count)));
        }
        page.put(format_args!("</tr>\n"));
    }
    page.close();
}

/// Each kind of difference once, with what it means and how many it concerns.
fn in_plain_words(page: &mut Page, parity: &Parity) {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let different = parity.people.iter().filter(|one| one.result == "different");
    for difference in different.flat_map(|one| open(&one.differences)) {
        *kinds.entry(&difference.field).or_default() += 1;
    }
    if kinds.is_empty() {
        return;
    }
    page.heading("What differs, in plain words", "");
    page.open(&["#Agents", "What", "Meaning"]);
    for (field, count) in kinds {
        page.put(format_args!("<tr><td class=\"n\">{}</td>", grouped(count)));
        page.cell(field);
        page.cell(meaning(field));
        page.put(format_args!("</tr>\n"));
    }
    page.close();
}

/// Differences that nobody has acknowledged.
fn open(differences: &[Difference]) -> impl Iterator<Item = &Difference> {
    let differences = differences.iter();
    differences.filter(|one| one.acknowledged_as.is_empty())
}

fn differences(page: &mut Page, heading: &str, result: &str, parity: &Parity) {
    let mut people = parity.people.iter().filter(|one| one.result == result);
    let mut people = people.by_ref().peekable();
    if people.peek().is_none() {
        return;
    }
    page.heading(heading, "");
    page.open(&[
        "Agent",
        "Wave",
        "What",
        "LivePerson",
        "Should be",
        "Rocket.Chat has",
        "Accepted as",
    ]);
    for person in people {
        for one in &person.differences {
            page.put(format_args!("<tr>"));
            page.who(person);
            for text in [
                &person.wave,
                &one.field,
                &one.source,
                &one.bridge,
                &one.target,
                &one.acknowledged_as,
            ] {
                page.cell(text);
            }
            page.put(format_args!("</tr>\n"));
        }
    }
    page.close();
}

fn everybody(page: &mut Page, parity: &Parity) {
    if parity.people.is_empty() {
        return;
    }
    page.heading(
        "Everybody",
        "Availability belongs to LivePerson (source) until the cut-over, then to Rocket.Chat (target).",
    );
    page.open(&[
        "Agent",
        "Wave",
        "Availability by",
        "Result",
        "New chats now",
    ]);
    for person in &parity.people {
        let class = match person.result.as_str() {
            "equal" => "good",
            "acknowledged" => "fair",
            _ => "bad",
        };
        page.put(format_args!("<tr>"));
        page.who(person);
        page.cell(&person.wave);
        page.cell(&person.owner);
        page.put(format_args!(
            "<td class=\"mark {class}\">{}</td>",
            safe(&person.result)
        ));
        if person.routable {
            page.cell("yes");
        } else {
            page.cell(&format!("no: {}", person.why_not));
        }
        page.put(format_args!("</tr>\n"));
    }
    page.close();
}

struct Page(String);

impl Page {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(text);
    }

    fn heading(&mut self, heading: &str, note: &str) {
        self.put(format_args!("<h2>{}</h2>\n", safe(heading)));
        if !note.is_empty() {
            self.put(format_args!("<p class=\"note\">{}</p>\n", safe(note)));
        }
    }

    /// Opens a table; a column that starts with `#` holds numbers.
    fn open(&mut self, columns: &[&str]) {
        self.put(format_args!("<div class=\"wide\"><table>\n<thead><tr>"));
        for column in columns {
            let (class, name) = match column.strip_prefix('#') {
                Some(name) => (" class=\"n\"", name),
                None => ("", *column),
            };
            self.put(format_args!("<th scope=\"col\"{class}>{}</th>", safe(name)));
        }
        self.put(format_args!("</tr></thead>\n<tbody>\n"));
    }

    fn close(&mut self) {
        self.put(format_args!("</tbody></table></div>\n"));
    }

    /// A cell of foreign text, which keeps its direction of writing to itself.
    fn cell(&mut self, text: &str) {
        self.put(format_args!("<td><bdi>{}</bdi></td>", safe(text)));
    }

    fn who(&mut self, person: &PersonLine) {
        self.put(format_args!(
            "<td><bdi>{}</bdi> <span class=\"soft\"><bdi>{}</bdi> (<bdi>{}</bdi>)</span></td>",
            safe(&person.name),
            safe(&person.username),
            safe(&person.source_id)
        ));
    }

    fn remarks(&mut self, heading: &str, note: &str, remarks: &[Remark]) {
        if remarks.is_empty() {
            return;
        }
        self.heading(heading, note);
        self.open(&["Who or what", "Why"]);
        for one in remarks {
            self.put(format_args!("<tr>"));
            self.cell(&one.subject);
            self.cell(&one.why);
            self.put(format_args!("</tr>\n"));
        }
        self.close();
    }
}
