//! The time that is measured: the wall's, or what the process has computed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

static PROCESSOR_TIME: AtomicBool = AtomicBool::new(false);

/// Measures what the processors have done for this process, from now on: what other programs take
/// does not count, nor does waiting.
pub(crate) fn use_processor_time() {
    PROCESSOR_TIME.store(true, Ordering::Relaxed);
}

/// When something began.
pub(crate) struct Start(Duration);

impl Start {
    pub(crate) fn now() -> Start {
        Start(read())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        read().saturating_sub(self.0)
    }
}

fn read() -> Duration {
    let clock = if PROCESSOR_TIME.load(Ordering::Relaxed) {
        ClockId::ProcessCPUTime
    } else {
        ClockId::Monotonic
    };
    let time = clock_gettime(clock);
    // Both clocks begin at zero and never run backwards.
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
