//! Lines on the standard error stream while many seeds are run.

use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The number of seeds between two lines.
const EVERY: u64 = 100;

/// The progress of a run over seeds.
pub(super) struct Progress {
    planned: u64,
    started: Instant,
    /// The number of whole seconds after the start at which the latest line was printed: one in a second is
    /// enough. Relaxed: a line too many does no harm.
    printed: AtomicU64,
}

impl Progress {
    pub(super) fn new(planned: u64) -> Progress {
        Progress {
            planned,
            started: Instant::now(),
            printed: AtomicU64::new(0),
        }
    }

    /// Prints a line if one is due after this number of seeds.
    pub(super) fn show(&self, seeds: u64) {
        if seeds % EVERY != 0 {
            return;
        }
        let elapsed = self.started.elapsed();
        if self.printed.swap(elapsed.as_secs(), Ordering::Relaxed) == elapsed.as_secs() {
            return;
        }
        let has_colors = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let line = line(seeds, self.planned, elapsed.as_secs_f64(), has_colors);
        // A stream that is closed is no reason to fail.
        let _ = writeln!(stderr(), "{line}");
    }
}

fn line(seeds: u64, planned: u64, seconds: f64, has_colors: bool) -> String {
    let (dim, plain) = if has_colors {
        ("\x1b[2m", "\x1b[0m")
    } else {
        ("", "")
    };
    let rate = seeds as f64 / seconds.max(0.001);
    format!("{seeds} of {planned} seeds {dim}after {seconds:.1} s, {rate:.0} in a second{plain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_colors_on_terminals_only() {
        let plain = line(300, 1000, 2.0, false);
        assert_eq!(plain, "300 of 1000 seeds after 2.0 s, 150 in a second");
        assert!(line(300, 1000, 2.0, true).contains('\x1b'));
    }
}
