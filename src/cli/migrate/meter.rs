//! How far a job is, on stderr: one line that is written over on a terminal, else a line now and
//! then. Done plainly: a library for it would bring its own clock and colours.

use std::{
    io::{self, IsTerminal as _, Write},
    time::Duration,
};

use crate::{cli::output::plain, domain::moving::Progress};

/// Where nobody watches a line change, there is a new one this often.
const EVERY: Duration = Duration::from_secs(5);

/// A line on a terminal is no longer: one that wraps could not be written over.
const WIDTH: usize = 78;

/// Writes how far a job is.
pub(super) struct Meter {
    out: Box<dyn Write + Send>,
    terminal: bool,
    /// When the last line was written, or watching began.
    last: Option<Duration>,
    /// Characters of the line that stands on the terminal.
    standing: usize,
}

impl Meter {
    /// On this process's stderr.
    pub(super) fn of_process() -> Self {
        let stderr = io::stderr();
        let terminal = stderr.is_terminal();
        Self::on(Box::new(stderr), terminal)
    }

    /// For tests that do not look at it.
    #[cfg(test)]
    pub(super) fn silent() -> Self {
        Self::on(Box::new(io::sink()), false)
    }

    fn on(out: Box<dyn Write + Send>, terminal: bool) -> Self {
        Self {
            out,
            terminal,
            last: None,
            standing: 0,
        }
    }

    /// Shows it, if it is time; `now` never goes back.
    pub(super) fn show(&mut self, progress: &Progress, now: Duration) {
        let text = in_words(progress);
        // Nothing can be done about a closed stderr.
        let _ = if self.terminal {
            let text: String = text.chars().take(WIDTH).collect();
            let length = text.chars().count();
            // What is left of a longer line is blanked.
            let blank = self.standing.saturating_sub(length);
            self.standing = length;
            write!(self.out, "\r{text}{:blank$}", "").and_then(|()| self.out.flush())
        } else {
            let since = *self.last.get_or_insert(now);
            if now.saturating_sub(since) < EVERY {
                return;
            }
            self.last = Some(now);
            writeln!(self.out, "{text}")
        };
    }

    /// Takes the line away, so that the next text stands alone.
    pub(super) fn clear(&mut self) {
        if self.standing > 0 {
            let _ = write!(self.out, "\r{:1$}\r", "", self.standing);
            let _ = self.out.flush();
            self.standing = 0;
        }
    }
}

/// `users: 120 of 400, 2 failed, 12.5/s, 22s left`.
fn in_words(progress: &Progress) -> String {
    let mut what = if progress.doing.is_empty() {
        "working".to_owned()
    } else {
        plain(&progress.doing)
    };
    if progress.total > 0 {
        what = format!("{what}: {} of {}", progress.done, progress.total);
    }
    let mut parts = vec![what];
    if progress.failed > 0 {
        parts.push(format!("{} failed", progress.failed));
    }
    if progress.per_kilosecond > 0 {
        let tenths = progress.per_kilosecond / 100;
        parts.push(format!("{}.{}/s", tenths / 10, tenths % 10));
    }
    if let Some(left) = progress.left {
        parts.push(format!("{} left", span(left)));
    }
    parts.join(", ")
}

/// `22s`, `3m05s`, `2h10m`.
fn span(left: Duration) -> String {
    let seconds = left.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn progress(doing: &str, done: usize) -> Progress {
        Progress {
            doing: doing.to_owned(),
            done,
            total: 400,
            failed: done / 60,
            per_kilosecond: 12_540,
            left: Some(Duration::from_millis(185_900)),
        }
    }

    fn written(terminal: bool, act: impl FnOnce(&mut Meter)) -> String {
        let paper = Paper::default();
        act(&mut Meter::on(Box::new(paper.clone()), terminal));
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_log_gets_a_line_every_five_seconds() {
        let text = written(false, |meter| {
            for tenth in 0_usize..=120 {
                let now = Duration::from_millis(1_000 + 100 * tenth as u64);
                meter.show(&progress("users", tenth), now);
            }
            meter.clear();
        });
        assert_eq!(
            text,
            "users: 50 of 400, 12.5/s, 3m05s left\nusers: 100 of 400, 1 failed, 12.5/s, 3m05s left\n"
        );
    }

    #[test]
    fn a_terminal_has_one_line_which_goes_away() {
        let text = written(true, |meter| {
            meter.show(&progress("membership", 120), Duration::ZERO);
            meter.show(&Progress::default(), Duration::ZERO);
            meter.clear();
        });
        let long = "membership: 120 of 400, 2 failed, 12.5/s, 3m05s left";
        let blank = " ".repeat(long.len() - "working".len());
        assert_eq!(text, format!("\r{long}\rworking{blank}\r       \r"));
    }

    #[test]
    fn hostile_words_neither_move_the_cursor_nor_wrap() {
        let text = written(true, |meter| {
            let doing = format!("\u{1b}[2J\u{202e}{}", "x".repeat(200));
            meter.show(&progress(&doing, 1), Duration::ZERO);
        });
        assert!(text.starts_with("\r\u{FFFD}[2J\u{FFFD}xxx"), "{text}");
        assert_eq!(text.chars().count(), 1 + WIDTH);
    }

    #[test]
    fn spans_are_read_at_a_glance() {
        for (seconds, expect) in [(0, "0s"), (59, "59s"), (60, "1m00s"), (7_860, "2h11m")] {
            assert_eq!(span(Duration::from_secs(seconds)), expect);
        }
    }
}
