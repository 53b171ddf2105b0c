//! The functions with the feature `tracing`.
//!
//! Each tests the level first, which is one load if no subscriber wants it. The rest is in functions that are
//! not inlined. No text is made before a subscriber has asked for the event.

use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};
use tracing::{Level, debug, debug_span, error, trace, warn};

use crate::engine::trace::TaskSpan;
use crate::engine::{Cancelled, Cause, Node, TaskEnd, TaskRecord, Unhandled};
use crate::loom::Arc;
use crate::unwind::{self, Payload};

/// The target of all spans and events.
const TARGET: &str = "anyrt::task";

/// Returns whether a subscriber may want spans or events of this level.
#[inline(always)]
fn enabled(level: Level) -> bool {
    level <= STATIC_MAX_LEVEL && level <= LevelFilter::current()
}

/// Creates the span of a new task. Its parent is the current span, which is inside that of the spawning task.
#[inline]
pub(crate) fn spawned(task: &TaskRecord) {
    if enabled(Level::DEBUG) {
        begin_span(task);
    }
}

#[cold]
fn begin_span(task: &TaskRecord) {
    let group = task.group();
    let span = debug_span!(
        target: TARGET,
        "task",
        name = &*task.name(),
        id = task.id(),
        parent = group.host.as_ref().map(TaskRecord::id),
        group = group.host.as_ref().map(|_| group.name()).as_deref(),
    );
    if !span.is_disabled() {
        task.set_span(Arc::new(span));
    }
    let _entered = enter(task);
    trace!(target: TARGET, task = task.id(), "task spawned");
}

/// Enters the span of a task, if it has one, until the guard is dropped.
#[inline(always)]
pub(crate) fn enter(task: &TaskRecord) -> Entered {
    if task.has_span() {
        enter_span(task)
    } else {
        Entered(None)
    }
}

#[cold]
fn enter_span(task: &TaskRecord) -> Entered {
    let span = task.span();
    if let Some(span) = &span {
        span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
    }
    Entered(span)
}

/// The guard of [`enter`]. It shares the span, so that it can live while the record is moved.
pub(crate) struct Entered(TaskSpan);

impl Drop for Entered {
    #[inline(always)]
    fn drop(&mut self) {
        if self.0.is_some() {
            exit_span(&mut self.0);
        }
    }
}

#[cold]
fn exit_span(span: &mut TaskSpan) {
    if let Some(span) = span.take() {
        span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
    }
}

/// Reports the panic of a task.
#[cold]
pub(crate) fn panicked(task: &TaskRecord, payload: &Payload) {
    error!(
        target: TARGET,
        task = task.id(),
        name = &*task.name(),
        panic = unwind::text(payload),
        "task panicked"
    );
}

/// Reports the end of a task. Its record has dropped the span, which closes when the guards are gone.
#[inline]
pub(crate) fn ended(task: &TaskRecord) {
    if enabled(Level::DEBUG) {
        report_end(task);
    }
}

#[cold]
fn report_end(task: &TaskRecord) {
    let id = task.id();
    match task.end() {
        Some(TaskEnd::Failed) => debug!(target: TARGET, task = id, end = "failed", "task ended"),
        Some(TaskEnd::Cancelled) => {
            trace!(target: TARGET, task = id, end = "cancelled", "task ended");
        }
        Some(TaskEnd::Finished) | None => {
            trace!(target: TARGET, task = id, end = "finished", "task ended");
        }
    }
}

/// Reports that a task was cancelled alone.
#[inline]
pub(crate) fn task_cancelled(task: &TaskRecord, cause: &Cancelled) {
    if enabled(Level::DEBUG) {
        debug!(
            target: TARGET,
            task = task.id(),
            name = &*task.name(),
            reason = cause.reason(),
            by = cause.by(),
            "task cancelled"
        );
    }
}

/// Reports that a scope, or a group, was cancelled.
#[inline]
pub(crate) fn scope_cancelled(node: &Node) {
    if enabled(Level::DEBUG) {
        report_cancellation(node);
    }
}

#[cold]
fn report_cancellation(node: &Node) {
    let Some(cause) = node.cause() else { return };
    let group = node.group().map(|group| group.name());
    let scope = match group {
        Some(_) => None,
        None => node.name(),
    };
    let (group, scope) = (group.as_deref(), scope.as_deref());
    if cause.cause() == Cause::Deadline {
        debug!(target: TARGET, group, scope, "deadline reached");
        return;
    }
    debug!(
        target: TARGET,
        group,
        scope,
        cause = name_of(cause.cause()),
        reason = cause.reason(),
        by = cause.by(),
        aborted = node.is_aborted(),
        "scope cancelled"
    );
}

fn name_of(cause: Cause) -> &'static str {
    match cause {
        Cause::Explicit => "explicit",
        Cause::Deadline => "deadline",
        Cause::ChildFailed => "child failed",
        Cause::HostFailed => "host failed",
        Cause::HostDropped => "host dropped",
        Cause::Enclosing => "enclosing",
    }
}

/// Reports that the deadline of a scope without a handle has passed.
#[inline]
pub(crate) fn deadline_reached() {
    if enabled(Level::DEBUG) {
        debug!(target: TARGET, "deadline reached");
    }
}

/// Reports an error or a panic without a receiver.
#[cold]
pub(crate) fn unhandled(what: &Unhandled) {
    if what.is_panic() {
        error!(target: TARGET, group = what.group(), panic = %what, "unhandled panic");
    } else {
        warn!(target: TARGET, group = what.group(), error = %what, "unhandled error");
    }
}
