//! Cancel scopes, shields and clean-up: cancellation goes inside out (rules C1 to C12).
//!
//! Dropping a future is how Rust cancels: at once, from outside, with no chance to await. Here
//! that is the last step. A scope that is cancelled first polls its future once more, and goes on
//! polling it for as long as something in it has unfinished business: a begun
//! [`shield`] or [`finally`], a group with living children, a blocking call.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `frame` | the one poll that every structural future shares; asking who can still be reached |
//! | `node` | the heap part of scopes and holders: who is to be told, what holds |
//! | `hold` | unfinished business of what is no scope |
//! | `operation` | what every operation begins with |
//! | `scope`, `handle`, `current`, `shield`, `finally`, `wait_for` | what users see |

mod cause;
mod current;
mod finally;
mod frame;
mod handle;
mod hold;
mod limit;
#[cfg(all(test, loom))]
mod loom_tests;
mod node;
mod operation;
mod scope;
mod shield;
#[cfg(test)]
mod tests;
mod wait_for;

pub use self::cause::{Cancelled, Cause};
pub use self::current::{
    current_cancellation, current_effective_deadline, has_pending_cancellation,
};
pub(crate) use self::finally::BodyPlace;
pub use self::finally::{Finally, Lent, finally, with_resource};
pub(crate) use self::frame::{Frame, Parts, Payload, Place, Polled, drop_quietly};
pub use self::handle::CancelHandle;
pub(crate) use self::hold::Hold;
pub(crate) use self::limit::Limit;
pub(crate) use self::node::{Node, Own};
pub(crate) use self::operation::Operation;
pub use self::operation::{
    Checkpoint, cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled,
};
pub use self::scope::{
    CancelScope, Catch, Fail, Mode, MoveOn, Scope, fail_after, fail_at, move_on_after, move_on_at,
};
pub(crate) use self::scope::{EntryPlace, poll_limits};
pub use self::shield::{Shield, shield};
pub use self::wait_for::{WaitFor, wait_for};
