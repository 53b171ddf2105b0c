//! Cancel scopes, shields and clean-up: cancellation goes inside out (rules C1 to C12).
//!
//! Dropping a future is how Rust cancels: at once, from outside, with no chance to await. Here
//! that is the last step. A scope that is cancelled first polls its future once more, and goes on
//! polling it for as long as something in it has unfinished business: a begun
//! [`shield`] or [`finally`], a group with living children, a blocking call.
//!
//! How that works is the concern of `engine`; here is what users see.

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
pub use self::finally::{Finally, Lent, finally, with_resource};
pub use self::handle::CancelHandle;
pub use self::scope::{
    CancelScope, Catch, Fail, Mode, MoveOn, Scope, fail_after, fail_at, move_on_after, move_on_at,
};
pub use self::shield::{Shield, shield};
pub use self::wait_for::{WaitFor, wait_for};
pub use crate::engine::{Cancelled, Cause};
