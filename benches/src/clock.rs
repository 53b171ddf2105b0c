//! The clock of measurements: wall-clock time, or the processor time of this process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

static PROCESSOR_TIME: AtomicBool = AtomicBool::new(false);

/// Switches to processor time, without the time of other programs and of waiting.
pub(crate) fn use_processor_time() {
    PROCESSOR_TIME.store(true, Ordering::Relaxed);
}

/// The start of a measurement.
pub(crate) enum Start {
    Wall(Instant),
    Processor(Duration),
}

impl Start {
    pub(crate) fn now() -> Start {
        if PROCESSOR_TIME.load(Ordering::Relaxed) {
            Start::Processor(processor_time())
        } else {
            Start::Wall(Instant::now())
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        match *self {
            Start::Wall(start) => start.elapsed(),
            Start::Processor(start) => processor_time().saturating_sub(start),
        }
    }
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // It begins at zero.
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}
