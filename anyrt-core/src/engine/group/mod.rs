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
pub(crate) use self::record::{Caller, End, Record, SpawnArgs};
pub(crate) use self::state::GroupState;
