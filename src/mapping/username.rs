//! A login becomes a name the target accepts: `[0-9a-zA-Z-_.]+` (admin contract §2.2).

use crate::domain::rules::{EmailLogin, UsernameRules};

/// Names that must not be given to people, in lower case: the target refuses the first four by its
/// default list of blocked names (admin contract §2.2, `error-blocked-username`); `all` and `here`
/// address everybody in a room; `rocket.cat` is the target's own robot.
const RESERVED: [&str; 7] = [
    "admin",
    "administrator",
    "system",
    "user",
    "all",
    "here",
    "rocket.cat",
];

/// Whether a name, in lower case, must not be given to anybody.
pub(super) fn is_reserved(folded: &str) -> bool {
    RESERVED.contains(&folded)
}

/// Whether the target accepts the character in a username.
pub(super) fn is_accepted(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Whether the login, as far as it is used, has characters that the target refuses.
pub(super) fn needs_change(login: Option<&str>, rules: &UsernameRules) -> bool {
    login.is_some_and(|login| used_part(login, rules).chars().any(|c| !is_accepted(c)))
}

/// The name for a login, before looking whether it is free. Never empty; without a usable login it
/// is made from the id.
///
/// Letters outside ASCII are spelled in ASCII (`ü` is `u`, `ß` is `ss`), everything else that is
/// refused becomes the replacement, runs of which count as one; replacements and dots at the ends
/// go. What was accepted already stays, so that people are found again under the name they had.
pub(super) fn base(login: Option<&str>, id: &str, rules: &UsernameRules) -> String {
    let mut name = login.map_or_else(String::new, |login| spell(used_part(login, rules), rules));
    if name.is_empty() {
        // A number alone would look like an accident, and no id may be mistaken for a login.
        name = match spell(id, rules) {
            id if id.is_empty() => "agent".to_owned(),
            id => format!("agent-{id}"),
        };
    }
    if rules.lower_case {
        name.make_ascii_lowercase();
    }
    name.insert_str(0, &rules.prefix);
    name
}

/// The login without surrounding blanks and, if so ruled, without the domain of an address.
fn used_part<'a>(login: &'a str, rules: &UsernameRules) -> &'a str {
    let login = login.trim();
    match (rules.from_email, login.rsplit_once('@')) {
        (EmailLogin::LocalPart, Some((local, _))) if !local.is_empty() => local,
        (EmailLogin::LocalPart | EmailLogin::Whole, _) => login,
    }
}

fn spell(text: &str, rules: &UsernameRules) -> String {
    let mut name = String::with_capacity(text.len());
    let mut replaced = false;
    let mut push = |c: char| {
        if !is_accepted(c) {
            if !name.ends_with(rules.replacement) {
                name.push(rules.replacement);
                replaced = true;
            }
        } else if !(replaced && c == rules.replacement) {
            name.push(c);
            replaced = false;
        }
    };
    for c in text.chars() {
        match deunicode::deunicode_char(c) {
            Some(ascii) => ascii.chars().for_each(&mut push),
            None => push(' '),
        }
    }
    name.trim_matches([rules.replacement, '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn logins_become_names_the_target_accepts() {
        let plain = UsernameRules::default();
        let whole = UsernameRules {
            from_email: EmailLogin::Whole,
            ..plain.clone()
        };
        let exact = UsernameRules {
            lower_case: false,
            ..plain.clone()
        };
        let marked = UsernameRules {
            prefix: "lp.".to_owned(),
            replacement: '_',
            ..plain.clone()
        };
        let cases = [
            (&plain, Some("ada"), "ada"),
            (&plain, Some(" Ada.L_0-1 "), "ada.l_0-1"),
            (&exact, Some("Ada"), "Ada"),
            (&marked, Some("Ada L"), "lp.ada_l"),
            (&marked, None, "lp.agent-7"),
            (&plain, Some("ada@example.org"), "ada"),
            (&plain, Some("a@b@example.org"), "a-b"),
            (&plain, Some("@example.org"), "example.org"),
            (&whole, Some("ada@example.org"), "ada-example.org"),
            (&whole, Some("ada"), "ada"),
            (&plain, Some("Jürgen Groß"), "jurgen-gross"),
            (&plain, Some("Зоя"), "zoia"),
            (&plain, Some("北京"), "bei-jing"),
            (&plain, Some("a  (b)  c"), "a-b-c"),
            (&plain, Some("a - b"), "a-b"),
            (&plain, Some("a--b__c..d"), "a--b__c..d"),
            (&plain, Some(".-ada-."), "ada"),
            (&plain, Some("(ada)"), "ada"),
            (&plain, Some("a\u{e000}b"), "a-b"),
            (&plain, Some(""), "agent-7"),
            (&plain, Some("???"), "agent-7"),
            (&plain, Some("..."), "agent-7"),
            (&plain, None, "agent-7"),
        ];
        for (rules, login, expect) in cases {
            assert_eq!(base(login, "7", rules), expect, "{login:?}");
        }
    }

    #[test]
    fn ids_make_names_too() {
        let cases = [
            ("7", "agent-7"),
            ("a b", "agent-a-b"),
            ("", "agent"),
            ("/", "agent"),
        ];
        for (id, expect) in cases {
            assert_eq!(base(None, id, &UsernameRules::default()), expect, "{id}");
        }
    }

    #[test]
    fn only_refused_characters_in_the_used_part_are_a_change() {
        let plain = UsernameRules::default();
        let whole = UsernameRules {
            from_email: EmailLogin::Whole,
            ..plain.clone()
        };
        let cases = [
            (&plain, None, false),
            (&plain, Some("Ada.L"), false),
            (&plain, Some("ada@example.org"), false),
            (&whole, Some("ada@example.org"), true),
            (&plain, Some("ada l@example.org"), true),
            (&plain, Some("adá"), true),
        ];
        for (rules, login, expect) in cases {
            assert_eq!(needs_change(login, rules), expect, "{login:?}");
        }
    }

    #[test]
    fn reserved_names_are_in_lower_case_and_possible() {
        for name in RESERVED {
            assert_eq!(base(Some(name), "7", &UsernameRules::default()), name);
        }
    }

    proptest! {
        #[test]
        fn every_login_gives_an_accepted_name(login in ".*", id in ".*") {
            let name = base(Some(&login), &id, &UsernameRules::default());
            prop_assert!(!name.is_empty() && name.chars().all(is_accepted), "{}", name);
        }

        #[test]
        fn an_accepted_login_is_kept(login in "[0-9a-z_]([0-9a-z_.-]*[0-9a-z_])?") {
            prop_assert_eq!(base(Some(&login), "7", &UsernameRules::default()), login);
        }
    }
}
