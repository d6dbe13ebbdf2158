//! Goals P6 and P7: typed parsing beside the bare tokenizer of the same library.
//!
//! `cargo bench --bench parse`. Variants run interleaved in one process, so that other load on the
//! machine falls on all of them; freeing what was parsed is not timed; each printed ratio is the median of the rounds' ratios. The
//! payload has the shape of the documented example: 2 skills an agent, 3 % of names with escapes.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark asks the real clock and prints its table"
)]

use std::{
    fmt::Write as _,
    hint::black_box,
    time::{Duration, Instant},
};

use lp2rc::liveperson::decode::{self, Decoded};
use serde::de::IgnoredAny;

const ROUNDS: usize = 15;
/// A round repeats small payloads until they weigh as much as this many agents.
const AGENTS_PER_ROUND: usize = 20_000;

fn main() {
    println!("agents  format  typed ns/agent  MB/s  tokenizer ns/agent  ratio  goal");
    for count in [10, 1_000, 100_000] {
        let json = json_of(count);
        compare(
            "json",
            count,
            json.len(),
            "P7 >= 0.25 owned (0.32 borrowed)",
            [
                &|| decode::json(black_box(json.as_bytes())).unwrap_or_default(),
                &|| {
                    let ignored: Result<IgnoredAny, _> =
                        serde_json::from_slice(black_box(json.as_bytes()));
                    assert!(ignored.is_ok(), "the payload is JSON");
                    Decoded::default()
                },
            ],
        );
        let xml = xml_of(count);
        compare(
            "xml",
            count,
            xml.len(),
            "P6 >= 0.65 owned",
            [
                &|| decode::xml(black_box(xml.as_bytes())).unwrap_or_default(),
                &|| {
                    assert!(tokens(black_box(&xml)) > count, "the payload is XML");
                    Decoded::default()
                },
            ],
        );
    }
}

/// Every event of the document, with the default checks.
fn tokens(xml: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut count = 0;
    while let Ok(event) = reader.read_event() {
        if matches!(event, quick_xml::events::Event::Eof) {
            break;
        }
        count += 1;
    }
    count
}

fn compare(
    format: &str,
    count: usize,
    bytes: usize,
    goal: &str,
    variants: [&dyn Fn() -> Decoded; 2],
) {
    let repeats = (AGENTS_PER_ROUND / count).max(1);
    let time = |variant: &dyn Fn() -> Decoded| {
        let mut spent = Duration::ZERO;
        for _ in 0..repeats {
            let start = Instant::now();
            let page = black_box(variant());
            spent += start.elapsed();
            assert!(
                [0, count].contains(&page.agents.len()),
                "all or a tokenizer"
            );
        }
        spent
    };
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        // Turn and turn about; the first round only warms up.
        let (typed, bare) = if round % 2 == 0 {
            let typed = time(variants[0]);
            (typed, time(variants[1]))
        } else {
            let bare = time(variants[1]);
            (time(variants[0]), bare)
        };
        if round > 0 {
            rounds.push((typed, bare));
        }
    }
    let each = |total: Duration| total.as_secs_f64() * 1e9 / as_f64(repeats * count);
    let typed = median(rounds.iter().map(|(typed, _)| each(*typed)));
    let bare = median(rounds.iter().map(|(_, bare)| each(*bare)));
    let ratio = median(
        rounds
            .iter()
            .map(|(typed, bare)| bare.as_secs_f64() / typed.as_secs_f64()),
    );
    let speed = as_f64(bytes) / as_f64(count) / typed * 1e3;
    println!(
        "{count:>6}  {format:<6}  {typed:>14.0}  {speed:>4.0}  {bare:>18.0}  {ratio:>5.2}  {goal}"
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn as_f64(number: usize) -> f64 {
    number as f64
}

struct Row {
    id: usize,
    state: usize,
    max: i32,
    chats: usize,
    odd: bool,
    skills: [usize; 2],
}

fn rows(count: usize) -> impl Iterator<Item = Row> {
    (0..count).map(|n| Row {
        id: 10_000_000 + n,
        state: 1 + n % 4,
        max: if n % 9 == 0 { -1 } else { 6 },
        chats: n % 5,
        odd: n % 33 == 0,
        skills: [100 + n % 20, 200 + n % 7],
    })
}

fn json_of(count: usize) -> String {
    let mut text = String::from(r#"{"availableAgents":{"agents":{"agent":["#);
    for row in rows(count) {
        let Row {
            id,
            state,
            max,
            chats,
            odd,
            skills: [first, second],
        } = row;
        let name = if odd { r#"Ag\"\u00e9nt &"# } else { "Agent" };
        let comma = if id == 10_000_000 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"@chatState":"{state}","@id":"{id}","@maxChats":"{max}","@voiceState":"1","email":"agent{id}@example.com","nickname":"{name} {id}","privilegeGroup":"agents","skills":{{"skill":["{first}","{second}"]}},"chats":"{chats}","userName":"agent{id}"}}"#
        );
    }
    text.push_str(r#"]},"link":{"@href":"https://host/api/account/1/agentSession/9/availableAgents?timeStamp=1331544926464","@rel":"next"}}}"#);
    text
}

fn xml_of(count: usize) -> String {
    let mut text =
        String::from(r#"<?xml version="1.0" encoding="UTF-8"?><availableAgents><agents>"#);
    for row in rows(count) {
        let Row {
            id,
            state,
            max,
            chats,
            odd,
            skills: [first, second],
        } = row;
        let name = if odd {
            "Ag&quot;\u{e9}nt &amp;"
        } else {
            "Agent"
        };
        let _ = write!(
            text,
            r#"<agent id="{id}" chatState="{state}" voiceState="1" maxChats="{max}"><userName>agent{id}</userName><nickname>{name} {id}</nickname><email>agent{id}@example.com</email><privilegeGroup>agents</privilegeGroup><skills><skill>{first}</skill><skill>{second}</skill></skills><chats>{chats}</chats></agent>"#
        );
    }
    text.push_str(r#"</agents><link href="https://host/api/account/1/agentSession/9/availableAgents?timeStamp=1331544926464" rel="next"/></availableAgents>"#);
    text
}
