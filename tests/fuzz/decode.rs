//! The JSON and the XML decoder.

use bolero::{TypeGenerator, ValueGenerator, check};
use lp2rc::liveperson::decode::{self, DecodeError, Decoded};

use crate::{
    INPUTS,
    figures::Figures,
    seeds::{self, Edited},
    written::Answer,
};

type Decoder = fn(&[u8]) -> Result<Decoded, DecodeError>;

const JSON: [&str; 26] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "\"\"",
    "\"$\":",
    "{\"$\":{\"$\":",
    "\"@id\":",
    "\"agent\":",
    "\"agents\":",
    "\"availableAgents\":",
    "\"link\":",
    "\"skills\":{\"skill\":",
    "\"error\":",
    "-1",
    "1e999",
    "18446744073709551616",
    "0.5",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\"@xsi:nil\":\"true\"",
];
const XML: [&str; 26] = [
    "<",
    ">",
    "</",
    "/>",
    "=",
    "\"",
    "'",
    "&amp;",
    "&#0;",
    "&#x110000;",
    "&x;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "<?x ?>",
    "<agent id=\"1\">",
    "<agents>",
    "<availableAgents>",
    "</agent>",
    "<skill>",
    " xsi:nil=\"true\"",
    " id='7'",
    "<error>",
    "\u{feff}",
];

/// An edited file, or a written answer and where to cut it.
#[derive(Clone, Debug)]
enum Input {
    Edited(Vec<u8>, u16),
    Written(Answer, u16),
}

struct Inputs(Edited);

impl ValueGenerator for Inputs {
    type Output = Input;

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<Input> {
        let cut = driver.produce()?;
        if seeds::below(driver, 4)? == 0 {
            Some(Input::Written(Answer::generate(driver)?, cut))
        } else {
            Some(Input::Edited(self.0.generate(driver)?, cut))
        }
    }
}

#[test]
fn json_decoder() {
    let folders = [
        ("tests/fuzz/corpus/json", "json"),
        ("tests/fixtures/liveperson", "json"),
    ];
    let inputs = Inputs(Edited::new(seeds::files(&folders), &JSON));
    let figures = Figures::of("json decoder");
    inputs
        .0
        .seeds()
        .iter()
        .for_each(|seed| drop(holds(decode::json, seed, 7)));
    check!()
        .with_iterations(INPUTS)
        .with_generator(inputs)
        .for_each(|input| figures.input(|| one(decode::json, input, Answer::json)));
}

#[test]
fn xml_decoder() {
    let folders = [
        ("tests/fuzz/corpus/xml", "xml"),
        ("tests/fixtures/liveperson", "xml"),
    ];
    let inputs = Inputs(Edited::new(seeds::files(&folders), &XML));
    let figures = Figures::of("xml decoder");
    inputs
        .0
        .seeds()
        .iter()
        .for_each(|seed| drop(holds(decode::xml, seed, 7)));
    check!()
        .with_iterations(INPUTS)
        .with_generator(inputs)
        .for_each(|input| figures.input(|| one(decode::xml, input, Answer::xml)));
}

fn one(decoder: Decoder, input: &Input, write: fn(&Answer) -> String) -> bool {
    match input {
        Input::Edited(body, cut) => holds(decoder, body, *cut).is_ok(),
        Input::Written(answer, cut) => {
            let body = write(answer);
            let page = holds(decoder, body.as_bytes(), *cut);
            assert_eq!(page, Ok(answer.expected()), "{body}");
            true
        }
    }
}

/// What is true of every input.
fn holds(decoder: Decoder, body: &[u8], cut: u16) -> Result<Decoded, DecodeError> {
    let result = decoder(body);
    assert_eq!(decoder(body), result, "decoding is deterministic");
    match &result {
        Ok(page) => {
            sound(page);
            assert_eq!(decode::any(body), result, "the first byte tells the format");
            // What is cut off is no list, unless nothing was lost.
            let cut = usize::from(cut) % (body.len() + 1);
            if let Ok(part) = decoder(&body[..cut]) {
                assert_eq!(part, *page, "cut at {cut}");
            }
        }
        // The place, or a name of forty plain letters at most.
        Err(error) => {
            let said = error.to_string();
            assert!(said.len() < 200 && said.is_ascii(), "{said}");
            assert!(!said.chars().skip(1).any(char::is_control), "{said}");
        }
    }
    // An address of a session is a text, and never one of a list of agents.
    let location = decode::session_location(body);
    assert!(location.is_none() || result.is_err());
    result
}

fn sound(page: &Decoded) {
    assert!(
        page.agents.is_sorted_by(|a, b| a.id < b.id),
        "sorted, each id once"
    );
    for agent in &page.agents {
        let texts = [
            Some(agent.id.as_str()),
            agent.login.as_deref(),
            agent.display_name.as_deref(),
            agent.email.as_deref(),
            agent.group_id.as_deref(),
            agent.group_name.as_deref(),
            agent.privilege_group.as_deref(),
        ];
        for text in texts.into_iter().flatten() {
            assert!(!text.is_empty() && text.trim() == text, "{text:?}");
        }
        assert!(agent.load <= 1_000_000);
        assert!(
            agent.skills.is_sorted_by(|a, b| a.id < b.id),
            "{:?}",
            agent.skills
        );
    }
    assert!(page.skipped.is_sorted_by(|a, b| a.position < b.position));
    let entries = page.agents.len() + page.skipped.len();
    assert!(
        page.skipped
            .iter()
            .all(|skipped| skipped.position < entries)
    );
    assert!(page.next.as_ref().is_none_or(|next| !next.is_empty()));
}
