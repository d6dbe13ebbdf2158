//! `/avatar/<username>`: a square with an initial, as the target draws it for everybody who has no
//! picture. LivePerson tells of no pictures, so nobody has one here.

use bytes::Bytes;
use http::{HeaderMap, Response};

use super::super::api::{Body, document, tag};

/// Backgrounds; the name decides which one.
const COLOURS: [&str; 8] = [
    "#F44336", "#9C27B0", "#3F51B5", "#03A9F4", "#009688", "#8BC34A", "#FF9800", "#795548",
];

/// The picture of a path; `None` when the path is no avatar's.
pub(in super::super) fn answer(path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let name = path
        .strip_prefix("/avatar/")
        .filter(|name| !name.is_empty())?;
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let picture = Bytes::from(draw(&name));
    let tag = tag(&picture);
    Some(document(headers, "image/svg+xml", &tag, &picture))
}

/// Only a letter or a digit of the name gets into the picture: there is nothing to escape.
fn draw(name: &str) -> String {
    let initial = name.chars().find(|c| c.is_alphanumeric()).unwrap_or('?');
    let initial: String = initial.to_uppercase().collect();
    let place = name
        .bytes()
        .fold(0, |sum: usize, byte| sum + usize::from(byte));
    let colour = COLOURS[place % COLOURS.len()];
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="200" height="200"><rect width="100%" height="100%" fill="{colour}"/><text x="50%" y="50%" dy="0.36em" fill="#ffffff" font-family="sans-serif" font-size="125" text-anchor="middle">{initial}</text></svg>"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_letter_gets_into_the_picture() {
        for (name, initial) in [("ada", "A"), ("<script>", "S"), ("\"'&", "?"), ("7up", "7")] {
            let picture = draw(name);
            assert!(picture.contains(&format!(">{initial}</text>")), "{picture}");
            assert_eq!(picture.matches('<').count(), 5, "{picture}");
        }
    }
}
