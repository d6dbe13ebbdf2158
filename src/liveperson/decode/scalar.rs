//! One value that is text, a number or absent, and how states and counts are read from it.

use std::borrow::Cow;

use crate::domain::{Capacity, Presence};

/// Larger counts of chats are nonsense, and would overflow sums.
const MOST_CHATS: i64 = 1_000_000;

/// A member's value. JSON sends numbers with and without quotes (contract §4.5); both are the same
/// here.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::liveperson) enum Scalar<'a> {
    /// Missing, null, blank, nil, or something that is not a scalar.
    Absent,
    /// Text, blanks around it removed, never empty.
    Text(Cow<'a, str>),
    /// A JSON number without fraction.
    Number(i64),
}

impl<'a> Scalar<'a> {
    /// From text that lives as long as the answer.
    pub(super) fn borrowed(text: &'a str) -> Self {
        let text = trimmed(text);
        if text.is_empty() {
            Self::Absent
        } else {
            Self::Text(Cow::Borrowed(text))
        }
    }

    /// From text that had to be unescaped.
    pub(super) fn owned(mut text: String) -> Self {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Self::Absent;
        }
        if trimmed.len() != text.len() {
            text = trimmed.to_owned();
        }
        Self::Text(Cow::Owned(text))
    }

    /// From either.
    pub(super) fn cow(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::borrowed(text),
            Cow::Owned(text) => Self::owned(text),
        }
    }

    /// From a JSON number with a fraction or an exponent. From 2^53 on digits were lost on the
    /// way: two ids could have become one, so such a number counts as absent.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::float_cmp,
        reason = "the range is checked, and only exact values are converted"
    )]
    pub(super) fn float(number: f64) -> Self {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.is_nan() || number.abs() >= EXACT {
            Self::Absent
        } else if number.trunc() == number {
            Self::Number(number as i64)
        } else {
            Self::Text(Cow::Owned(number.to_string()))
        }
    }

    /// The same, outliving the answer.
    pub(super) fn kept<'b>(self) -> Scalar<'b> {
        match self {
            Self::Absent => Scalar::Absent,
            Self::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Scalar::Number(number),
        }
    }

    /// As text of our own.
    pub(in crate::liveperson) fn into_text(self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(text.into_owned()),
            Self::Number(number) => Some(number.to_string()),
        }
    }

    /// As a whole number: `7`, `"7"`, `" 07 "`, `"7.0"`.
    pub(in crate::liveperson) fn whole(&self) -> Option<i64> {
        match self {
            Self::Absent => None,
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok().or_else(|| {
                let whole = text
                    .trim_end_matches('0')
                    .strip_suffix('.')
                    .filter(|digits| !digits.is_empty())?;
                whole.parse().ok()
            }),
        }
    }
}

/// `trim`, after a look at the two ends, which settles nearly every text.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// `chatState` and `voiceState` (contract §4.4). Anything that is not 1 to 4, names included, is
/// unknown and thus never available.
pub(super) fn presence(value: &Scalar<'_>) -> Presence {
    match value.whole() {
        Some(1) => Presence::Offline,
        Some(2) => Presence::Online,
        Some(3) => Presence::Occupied,
        Some(4) => Presence::Away,
        Some(_) | None => Presence::Unknown,
    }
}

/// `maxChats`: -1 is unlimited, 0 takes none. Absent or unreadable takes none either: nobody
/// documents it, and booking too few chats does less harm than booking too many.
pub(super) fn capacity(value: &Scalar<'_>) -> Capacity {
    match value.whole() {
        Some(-1) => Capacity::Unlimited,
        Some(number) => Capacity::Limited(count(number)),
        None => Capacity::Limited(0),
    }
}

/// A count of chats that was sent and makes no sense. Whoever has one takes nothing new, because
/// nobody knows whether there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// `chats`: absent is 0 (contract §4.4), negative is 0.
pub(super) fn load(value: &Scalar<'_>) -> Result<u32, Unreadable> {
    match value {
        Scalar::Absent => Ok(0),
        Scalar::Text(_) | Scalar::Number(_) => value
            .whole()
            .filter(|number| *number <= MOST_CHATS)
            .map(count)
            .ok_or(Unreadable),
    }
}

fn count(number: i64) -> u32 {
    u32::try_from(number.clamp(0, MOST_CHATS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_counts_follow_the_table() {
        let cases = [
            ("1", Presence::Offline, Capacity::Limited(1), Some(1)),
            ("2", Presence::Online, Capacity::Limited(2), Some(2)),
            ("3", Presence::Occupied, Capacity::Limited(3), Some(3)),
            ("4", Presence::Away, Capacity::Limited(4), Some(4)),
            (" 2 ", Presence::Online, Capacity::Limited(2), Some(2)),
            ("2.0", Presence::Online, Capacity::Limited(2), Some(2)),
            ("0", Presence::Unknown, Capacity::Limited(0), Some(0)),
            ("5", Presence::Unknown, Capacity::Limited(5), Some(5)),
            ("-1", Presence::Unknown, Capacity::Unlimited, Some(0)),
            ("-2", Presence::Unknown, Capacity::Limited(0), Some(0)),
            ("Online", Presence::Unknown, Capacity::Limited(0), None),
            (
                "2147483648",
                Presence::Unknown,
                Capacity::Limited(1_000_000),
                None,
            ),
            ("", Presence::Unknown, Capacity::Limited(0), Some(0)),
        ];
        for (text, state, max, chats) in cases {
            let value = Scalar::borrowed(text);
            assert_eq!(presence(&value), state, "state {text:?}");
            assert_eq!(capacity(&value), max, "maxChats {text:?}");
            assert_eq!(load(&value).ok(), chats, "chats {text:?}");
        }
    }

    #[test]
    fn a_float_that_lost_digits_is_nobodys_id() {
        assert_eq!(Scalar::float(12.0), Scalar::Number(12));
        assert_eq!(Scalar::float(1.5).into_text().as_deref(), Some("1.5"));
        assert_eq!(Scalar::float(1e17), Scalar::Absent);
        assert_eq!(Scalar::float(f64::NAN), Scalar::Absent);
    }
}
