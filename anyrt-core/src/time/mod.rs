//! The clock of a run, and futures that wait for it.

mod interval;
mod sleep;

pub use self::interval::{Interval, Tick, interval};
pub use self::sleep::{Sleep, SleepForever, now, sleep, sleep_forever, sleep_until};
pub use crate::instant::Instant;
