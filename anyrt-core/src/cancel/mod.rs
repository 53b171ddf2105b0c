//! Cancel scopes, shields and clean-up: cancellation goes from the inside out (rules [C1](crate::rules#c1) to
//! [C12](crate::rules#c12)).
//!
//! Rust cancels a future by dropping it: at once, from outside, with no chance to await. Here that is the
//! last step. A cancelled scope first polls its future once more, and continues to poll it as long as
//! something in it holds: a begun [`shield`] or [`finally`], a group with live children, a blocking call.
//!
//! The mechanism is in `engine`; this module is its public interface.

mod checkpoint;
mod current;
mod finally;
mod handle;
mod scope;
mod shield;
#[cfg(test)]
mod tests;
mod wait_for;

pub use self::checkpoint::{
    Checkpoint, cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled,
};
pub use self::current::{
    current_cancellation, current_effective_deadline, has_pending_cancellation,
};
pub(crate) use self::finally::BodyPolicy;
pub use self::finally::{Finally, Leased, finally, with_resource};
pub use self::handle::CancelHandle;
pub use self::scope::{
    CancelScope, Catch, Fail, Mode, MoveOn, Scope, fail_after, fail_at, move_on_after, move_on_at,
};
pub use self::shield::{Shield, shield};
pub use self::wait_for::{WaitFor, wait_for};
pub use crate::engine::{Cancelled, Cause};
