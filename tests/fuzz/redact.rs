//! The excerpt of an error body: whatever is planted in whatever form, nothing of it survives.

use bolero::{Driver, ValueGenerator, check};
use lp2rc::liveperson::redact::excerpt;

use crate::{
    INPUTS,
    figures::Figures,
    seeds::{below, one},
};

/// Letters of secrets. Nothing else here is made of them, so that one alone gives a leak away.
const SECRET: [&str; 8] = ["Q", "Z", "9", "7", "J", "QZ", "7J", "ZZZ"];
/// What a value with a telling name may hold besides.
const INSIDE: [&str; 16] = [
    " ", ",", ";", "&", "=", "'", "\"", "\\", "<", ">", "{", "}", "@", "%", "/", ": ",
];
const NAMES: [&str; 14] = [
    "bearer",
    "csrf",
    "password",
    "client_secret",
    "sessionId",
    "JSESSIONID-Cookie",
    "cookie",
    "accessToken",
    "Authorization",
    "email",
    "X-Auth-Token",
    "old.password",
    "userName",
    "text",
];
const NOISE: [&str; 24] = [
    "error",
    " ",
    " ",
    "\n",
    ",",
    ";",
    ": ",
    "=",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "</b>",
    "\"",
    "'",
    "&",
    "503 ",
    "internalCode",
    "\u{e9}",
    "\\",
];

/// A body with one secret in it.
struct Planted;

impl ValueGenerator for Planted {
    type Output = String;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<String> {
        let planted = match below(driver, 6)? {
            0 => secret(driver, &[], 16)?,
            1 => secret(driver, &["-", "_", ".", "+", "/", "~"], 16)?,
            // An e-mail address, also as it stands in an address.
            2 => {
                let at = one(driver, &["@", "%40", "\\u0040", "&#64;"])?;
                let at = if at == "&#64;" { "@" } else { at };
                [
                    secret(driver, &[".", "-", "+"], 2)?,
                    at.to_owned(),
                    secret(driver, &["."], 2)?,
                ]
                .concat()
            }
            3 => (0..6 + below(driver, 9)?)
                .map(|_| one(driver, &["7", "9", "7-", "9 ", "7."]))
                .collect::<Option<String>>()?,
            4 => {
                let value = secret(driver, &["=", "&", ",", ";", "(", "/", "'", "["], 1)?;
                format!("{}?a={value}", one(driver, &["https://h/x", "/x", "x"])?)
            }
            _ => keyed(driver)?,
        };
        let (before, behind) = (noise(driver)?, noise(driver)?);
        // What a secret hangs on must not be part of something that ends before it.
        Some([before, " ".to_owned(), planted, " ".to_owned(), behind].concat())
    }
}

fn noise<D: Driver>(driver: &mut D) -> Option<String> {
    (0..below(driver, 24)?)
        .map(|_| one(driver, &NOISE))
        .collect()
}

/// At least `least` letters of secrets, with others between them.
fn secret<D: Driver>(driver: &mut D, between: &[&str], least: usize) -> Option<String> {
    let mut text = String::from("Q");
    let length = least + below(driver, 24)?;
    while text.len() < length {
        text.push_str(one(driver, &SECRET)?);
        if !between.is_empty() && below(driver, 3)? == 0 {
            text.push_str(one(driver, between)?);
        }
    }
    Some(text)
}

/// A value with a telling name, in one of the forms that bodies have.
fn keyed<D: Driver>(driver: &mut D) -> Option<String> {
    let name = one(driver, &NAMES)?;
    let value = secret(driver, &INSIDE, 1)?;
    let quoted = serde_json::to_string(&value).ok()?;
    let xml = value.replace('&', "&amp;").replace('<', "&lt;");
    let sign = one(driver, &[":", " : ", "=", ":\n"])?;
    Some(match below(driver, 10)? {
        0 => format!("{{\"{name}\"{sign}{quoted}}}"),
        1 => serde_json::to_string(&format!("{{\"{name}\":{quoted}}}")).ok()?,
        2 => format!("{{\"{name}\":[\"a\",{quoted}],\"x\":1}}"),
        3 => format!("{{\"{name}\":{{\"$\":{quoted}}}}}"),
        4 => format!("<{name}>{xml}</{name}>"),
        5 => format!("<n:{name} a='b'><value>{xml}</value></n:{name}>"),
        6 => format!("<a {name}=\"{}\"/>", xml.replace('"', "&quot;")),
        7 => format!("{name}: {value}"),
        8 => format!("a=b&{name}={}", value.replace('&', "%26")),
        // No sign: only the names that stand before their value in speech.
        _ => format!(
            "{} {}",
            one(driver, &["Bearer", "Basic", "token", "password"])?,
            secret(driver, &[], 3)?
        ),
    })
}

#[test]
fn excerpt_of_an_error() {
    let figures = Figures::of("excerpt of an error");
    check!()
        .with_iterations(INPUTS)
        .with_generator(Planted)
        .for_each(|body| {
            figures.input(|| {
                let shown = excerpt(body.as_bytes());
                assert!(shown.len() <= 500, "{}", shown.len());
                assert!(
                    shown.bytes().all(|b| b.is_ascii_graphic() || b == b' '),
                    "{shown}"
                );
                assert!(!shown.contains(['Q', 'Z', '9', '7', 'J']), "{shown}");
                assert_eq!(excerpt(body.as_bytes()), shown);
                shown.len() > 3
            });
        });
}
