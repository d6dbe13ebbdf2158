//! What a target did, for the acceptance run: inputs, seconds and peak memory of the process.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the acceptance run asks the real clock and reads what is printed"
)]

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// One input must never take longer, however slow the machine: a hang, not a benchmark.
const HANG: Duration = Duration::from_secs(10);

/// Counts the inputs of one target and prints them at its end.
pub(crate) struct Figures {
    target: &'static str,
    started: Instant,
    inputs: AtomicU64,
    useful: AtomicU64,
    slowest_us: AtomicU64,
}

impl Figures {
    pub(crate) fn of(target: &'static str) -> Self {
        Self {
            target,
            started: Instant::now(),
            inputs: AtomicU64::new(0),
            useful: AtomicU64::new(0),
            slowest_us: AtomicU64::new(0),
        }
    }

    /// Runs one input. `check` tells whether it got past the first refusal.
    pub(crate) fn input(&self, check: impl FnOnce() -> bool) {
        let before = Instant::now();
        let useful = check();
        let took = before.elapsed();
        assert!(took < HANG, "one input took {took:?}");
        self.inputs.fetch_add(1, Relaxed);
        self.useful.fetch_add(u64::from(useful), Relaxed);
        let took = u64::try_from(took.as_micros()).unwrap();
        self.slowest_us.fetch_max(took, Relaxed);
    }
}

impl Drop for Figures {
    fn drop(&mut self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|text| text.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
            .map_or(0, |kilobytes| kilobytes / 1024);
        let (inputs, useful) = (self.inputs.load(Relaxed), self.useful.load(Relaxed));
        let slowest = self.slowest_us.load(Relaxed);
        println!(
            "fuzz {}: {inputs} inputs ({useful} understood) in {:.1} s, slowest {slowest} us, peak RSS {peak} MB",
            self.target,
            self.started.elapsed().as_secs_f64(),
        );
        // A target that understands nothing of what it is fed proves nothing.
        if !std::thread::panicking() {
            assert!(
                inputs < 1_000 || useful * 20 > inputs,
                "too few inputs were understood"
            );
        }
    }
}
