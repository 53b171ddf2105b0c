//! The functions without the feature `tracing`: they do nothing, and are compiled to nothing.

use crate::engine::{Cancelled, Node, TaskRecord, Unhandled};
use crate::unwind::Payload;

/// The guard of [`enter`].
pub(crate) struct Entered;

#[inline(always)]
pub(crate) fn spawned(_task: &TaskRecord) {}

#[inline(always)]
pub(crate) fn enter(_task: &TaskRecord) -> Entered {
    Entered
}

#[inline(always)]
pub(crate) fn panicked(_task: &TaskRecord, _payload: &Payload) {}

#[inline(always)]
pub(crate) fn ended(_task: &TaskRecord) {}

#[inline(always)]
pub(crate) fn task_cancelled(_task: &TaskRecord, _cause: &Cancelled) {}

#[inline(always)]
pub(crate) fn scope_cancelled(_node: &Node) {}

#[inline(always)]
pub(crate) fn deadline_reached() {}

#[inline(always)]
pub(crate) fn unhandled(_what: &Unhandled) {}
