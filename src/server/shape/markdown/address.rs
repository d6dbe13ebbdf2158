//! What is an address, by its form.

/// Most characters of an address in brackets. Brackets that are opened again and again would
/// otherwise each be looked for to the end of the text.
const LONGEST: usize = 2_048;

/// Length of the address at the beginning of a text: `http` or `https`, a host that has a name, and
/// all up to the next space, without the marks a sentence ends with.
pub(super) fn length(text: &str) -> Option<usize> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| has_prefix(text, scheme))?
        .len();
    let rest = &text[scheme..];
    let host = rest
        .find(|c: char| c.is_whitespace() || "/?#:,!;'\")*<>[]_".contains(c))
        .unwrap_or(rest.len());
    if !is_host(rest[..host].trim_end_matches('.')) {
        return None;
    }
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let tail = |c: char| ".,!?;:'\")*".contains(c);
    Some(scheme + rest[..end].trim_end_matches(tail).len())
}

/// Length of `mailto:`, if it is there, and of the whole mail address at the beginning of a text.
pub(super) fn mail(text: &str) -> Option<(usize, usize)> {
    let word = text.split(char::is_whitespace).next()?;
    let scheme = if has_prefix(word, "mailto:") { 7 } else { 0 };
    let (name, domain) = word[scheme..].split_once('@')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".+_-".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    let end = domain
        .find(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c)))
        .unwrap_or(domain.len());
    let domain = domain[..end].trim_end_matches(['.', '-']);
    is_host(domain).then(|| (scheme, scheme + name.len() + 1 + domain.len()))
}

/// Where the address of a link ends: at the bracket that was not opened in it. No spaces.
pub(super) fn end_in_brackets(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (place, c) in text.char_indices().take(LONGEST) {
        match c {
            '(' => open += 1,
            ')' if open == 0 => return (place > 0).then_some(place),
            ')' => open -= 1,
            c if c.is_whitespace() => return None,
            _ => {}
        }
    }
    None
}

/// Whether a client may open it.
pub(super) fn may_be_opened(target: &str) -> bool {
    ["http://", "https://", "mailto:"]
        .into_iter()
        .any(|scheme| has_prefix(target, scheme) && target.len() > scheme.len())
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// A name with a top-level domain, four numbers, or this machine.
fn is_host(host: &str) -> bool {
    if host == "localhost" || host.parse::<std::net::Ipv4Addr>().is_ok() {
        return true;
    }
    let Some((names, top)) = host.rsplit_once('.') else {
        return false;
    };
    top.len() >= 2
        && top.chars().all(|c| c.is_ascii_alphabetic())
        && names.split('.').all(|name| !name.is_empty())
}
