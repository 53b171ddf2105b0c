//! The run's clock, and waiting for it.

mod interval;
mod sleep;

pub use self::interval::{Interval, Tick, interval};
pub use self::sleep::{Sleep, SleepForever, now, sleep, sleep_forever, sleep_until};
pub use crate::instant::Instant;
