//! The engine polls tasks and scopes, and carries cancellation between them.
//!
//! The modules that users see (`cancel`, `task`, `combine`, `thread`, …) are built on it; it imports none of
//! them.
//!
//! | file | contents |
//! | --- | --- |
//! | `poll_state` | the thread-local state of a poll: which scopes and which task surround the polled code |
//! | `frame` | one poll of a scope, a shield, a group's body or a task's root |
//! | `node` | the heap part of a scope or holder, and the tree of these |
//! | `hold`, `operation` | holds without a frame; the start of every operation |
//! | `scope_policy`, `deadlines`, `lazy_timer` | the additions of scopes to a frame; their timers |
//! | `group` | the state of a group, and the records of its tasks |
//! | `task_future` | the outermost frame of a task |
//! | `run`, `current_run`, `workers`, `at_end` | the state shared by all tasks of a run; the run of the caller; worker threads; actions at its end |
//! | `context`, `context_map` | the context of the caller; the values of context variables |
//! | `trace` | spans and events of the crate `tracing` |
//! | `cause`, `ended`, `unhandled`, `wait`, `wait_detail`, `wait_details` | causes and kinds of ends; what a task waits for |
//!
//! # How cancellation is carried
//!
//! *Downwards* by the thread-local record of a poll (`poll_state`). It contains whether the current code is
//! effectively cancelled, the earliest deadline, and the current task. A frame writes its own record and
//! restores the old one. So inheritance is free, and a scope without a handle allocates nothing.
//!
//! *Upwards* by nodes. A *node* is the heap part of a frame or holder, which other threads can reach. A
//! holder that is polled links its node to the node of the enclosing frame, which is created if it is
//! missing; that frame links its node to the next one when its poll ends. The polling thread owns the future,
//! so that two threads never link the same node, and a future that was moved is linked where it is polled
//! next. The result is a tree of nodes, next to the tree of futures, which exists only where something holds.
//! Cancelling walks it downwards and wakes; a released hold counts upwards.
//!
//! A change during a poll makes the records on this thread *dirty* (`poll_state`): readers then look at the
//! nodes, until the poll is over. The result for an open frame is valid until the next change, and a
//! cancellation is propagated to each node once. So neither costs more than the depth of nesting.
//!
//! A refused operation stores its waker in the node of the innermost cancelled frame, and owns that entry.
//! The frame wakes it when it is left, and an operation that is dropped removes its waker.
//!
//! Holders that will not be polled again are found by probing (`node/stranded.rs`). `frame` has the steps of a
//! poll, and `node` which code may access which field, and when.
//!
//! # Thread-local state
//!
//! All thread-local state of core is here (the state of a poll, serial numbers, the hook of `observe`, the
//! context outside of tasks, the runs of a thread), in `runtime/park.rs` and in `thread/call.rs`.

#[cfg_attr(
    not(all(feature = "to_process", any(unix, windows))),
    expect(dead_code, reason = "worker processes are ended by it")
)]
mod at_end;
mod cause;
pub(crate) mod clock;
pub(crate) mod context;
mod context_map;
mod current_run;
mod deadlines;
mod ended;
mod frame;
mod group;
mod hold;
mod lazy_timer;
mod node;
mod operation;
pub(crate) mod poll_state;
mod run;
mod scope_policy;
mod task_future;
pub(crate) mod trace;
mod unhandled;
mod wait;
#[cfg_attr(
    not(all(feature = "signals", any(unix, windows))),
    expect(dead_code, reason = "signals are described by it")
)]
mod wait_detail;
mod wait_details;
mod workers;

pub(crate) use self::at_end::AtEnd;
pub use self::cause::{Cancelled, Cause};
pub use self::context::Context;
pub(crate) use self::context_map::ContextMap;
pub(crate) use self::deadlines::poll_deadlines;
pub(crate) use self::ended::Ended;
pub(crate) use self::frame::{Frame, FramePolicy, FutureSlot, Polled, RawFrame};
pub(crate) use self::group::{
    Alarms, Caller, Children, Enclosing, Errors, GroupState, OpenBlock, Owner, Record, Report,
    SpawnArgs, TaskEnd, TaskRecord,
};
pub(crate) use self::hold::Hold;
pub(crate) use self::lazy_timer::LazyTimer;
pub(crate) use self::node::{CancelState, Node};
pub(crate) use self::operation::{FallibleOperation, Operation, deliver};
pub(crate) use self::run::{Debts, Hook, Owed, Run, RunVars};
pub(crate) use self::scope_policy::{PlainScopePolicy, ScopePolicy};
pub(crate) use self::task_future::{OutcomeSink, Root, TaskFuture, finish_main};
pub use self::unhandled::Unhandled;
pub use self::wait::Wait;
#[cfg(all(feature = "signals", any(unix, windows)))]
pub(crate) use self::wait_detail::WaitDetail;
pub(crate) use self::wait_details::WaitDetails;
pub(crate) use self::workers::{Job, Workers, alone};
