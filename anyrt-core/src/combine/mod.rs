//! Combinators that run futures in place, so that these may borrow (rule G12).
//!
//! They run concurrently inside the task that awaits them, not in parallel. Where one of the
//! futures decides the outcome, the others are cancelled and waited for, clean-up included.

mod as_completed;
pub(crate) mod branches;
mod gather;
mod inputs;
mod map;
mod race;

pub use self::as_completed::{AsCompleted, NextCompleted, as_completed};
pub use self::gather::{Gathering, TryGathering, gather, try_gather};
pub use self::inputs::{Branching, Gather, Race, TryGather};
pub use self::map::{MapConcurrent, TryMapConcurrent, map_concurrent, try_map_concurrent};
pub use self::race::{Racing, RacingOk, race, race_ok};
