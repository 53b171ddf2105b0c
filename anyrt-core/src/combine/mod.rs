//! Combinators that run futures in place, so that these may borrow (rule [G12](crate::rules#g12)).
//!
//! The futures run concurrently inside the task that awaits them, not in parallel. If one of them decides the
//! outcome, the others are cancelled and waited for, including their clean-up.

mod as_completed;
pub(crate) mod branches;
mod gather;
mod inputs;
mod map;
mod race;

pub use self::as_completed::{AsCompleted, NextCompleted, as_completed};
pub use self::gather::{GatherFuture, TryGathering, gather, try_gather};
pub use self::inputs::{Gather, IntoBranches, Race, TryGather};
pub use self::map::{MapConcurrent, TryMapConcurrent, map_concurrent, try_map_concurrent};
pub use self::race::{RaceFuture, RacingOk, race, race_ok};
