//! The state of a group, and the state that its tasks share with their handles.
//!
//! ```text
//!   GroupState ──▶ Node          one per group
//!     │ ▲
//!     ▼ │
//!   Block ───────▶ Record        one block per 16 children
//!     ▲
//!   TaskHandle, TaskFuture       the handle, and the task itself
//! ```
//!
//! A block is also the group's list of its children, so a child has no allocation of its own. The block is
//! freed once all its tasks have ended and their handles are dropped. A task that spawns several children in
//! one poll fills a block without a lock until the poll ends.
//!
//! When a task ends, its future is dropped first. Then the value is stored in the record, or next to those of
//! its block; an error or a panic goes to the group, which cancels the other children. Last, the child is
//! counted out, and waiting tasks are woken.

mod alarms;
mod children;
mod enclosing;
mod errors;
#[cfg(all(test, loom))]
mod loom_tests;
mod record;
mod state;
mod values;

pub(crate) use self::alarms::Alarms;
pub(crate) use self::children::{Children, OpenBlock, Owner, TaskRecord};
pub(crate) use self::enclosing::Enclosing;
pub(crate) use self::errors::{Errors, Report};
pub(crate) use self::record::{Caller, Record, SpawnArgs, TaskEnd};
pub(crate) use self::state::GroupState;
