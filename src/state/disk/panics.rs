//! sled says "damaged" by panicking. Here a panic becomes a value, and keeps quiet.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    /// `Some` while this thread runs supervised code; holds what the last panic said.
    static SUPERVISED: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs `work` and turns a panic into its message and place. The panic hook of the process is
/// wrapped once; it stays as it was for every other thread and for code outside of `work`.
pub(super) fn supervised<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let said = payload
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("no message");
            let place = info.location().map_or_else(String::new, |place| {
                let file = place.file().rsplit('/').next().unwrap_or_default();
                format!(" ({file}:{})", place.line())
            });
            let kept = SUPERVISED.with_borrow_mut(|slot| {
                slot.as_mut().map(|slot| {
                    // The first line only: the rest of an assertion may quote stored bytes.
                    let first = said.lines().next().unwrap_or_default();
                    *slot = format!("{first:.200}{place}");
                })
            });
            if kept.is_none() {
                usual(info);
            }
        }));
    });
    let before = SUPERVISED.replace(Some(String::new()));
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    let said = SUPERVISED.replace(before).unwrap_or_default();
    outcome.map_err(|_| format!("the engine panicked: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_first_line_and_place() {
        let said = supervised(|| panic!("left and right differ\nada@example.org")).unwrap_err();
        assert!(said.starts_with("the engine panicked: left and right differ (panics.rs:"));
        assert!(!said.contains("ada"), "{said}");
        assert_eq!(supervised(|| 7), Ok(7));
    }
}
