//! Evaluation of the state at the caller, from the nodes instead of the recorded surroundings.

use super::cell::{AT_ROOT, CANCELLED, LOCAL_CANCELLED};
use super::open_frames::{Found, OPEN, OpenFrame, each_visible};
use super::task::with_task;
use super::thread::{THREAD, surroundings};
use crate::engine::{CancelState, Cancelled, Cause, Enclosing, Node};
use crate::instant::Instant;
use crate::loom::Arc;

/// The state at the caller, as of now.
pub(crate) struct Evaluation {
    pub(crate) cancelled: bool,
    pub(crate) deadline: Instant,
    /// The innermost cancellation that was found.
    pub(crate) by: Option<By>,
}

/// The owner of a cancellation.
pub(crate) enum By {
    /// A plain scope whose deadline has passed.
    Plain,
    /// A scope with a handle, or a group.
    Node(Arc<Node>),
    /// The task itself.
    Task(Option<Cancelled>),
}

impl Evaluation {
    fn found(&mut self, by: impl FnOnce() -> By) {
        self.cancelled = true;
        self.by.get_or_insert_with(by);
    }

    fn look_at(&mut self, node: &Arc<Node>) {
        if node.is_cancelled() {
            self.found(|| By::Node(node.clone()));
        }
        self.deadline = self.deadline.min(node.deadline());
    }
}

/// Returns whether an operation that is polled here must not start.
#[inline]
pub(crate) fn effectively_cancelled() -> bool {
    THREAD.with(|thread| {
        if thread.marks.is_dirty() {
            look_around().cancelled
        } else {
            thread.surroundings.get().has(CANCELLED)
        }
    })
}

/// Returns the state at the caller, as of the last change on this thread; later changes by other threads are
/// left out.
///
/// Every scope and group calls this in its poll, so frames cache the result for those inside. Evaluating all
/// of them each time would take time proportional to the square of their number.
pub(crate) fn look_around() -> Found {
    let here = surroundings();
    let change = THREAD.with(|thread| thread.changes.get());
    // Collected first and cancelled after the borrow ends: a cancellation calls wakers, which are foreign
    // code and may look at the open frames.
    let mut expired = Vec::new();
    let around = OPEN.with_borrow_mut(|open| {
        let visible = open.last().map_or(0, |frame| frame.up_to_visible);
        let open = &mut open[..visible];
        look_at_frames(
            open,
            here.base as usize,
            here.has(AT_ROOT),
            change,
            &mut expired,
        )
    });
    for node in expired {
        node.cancel(Cancelled::new(Cause::Deadline));
    }
    // The open frames do not have the part of the plain scopes inside the innermost visible one.
    Found {
        cancelled: around.cancelled || here.has(LOCAL_CANCELLED),
        deadline: around.deadline.min(here.local_deadline),
    }
}

/// Returns the state inside the last of the frames, which is a visible one, unless it is below `base`.
/// Appends nodes whose deadline has passed unnoticed to `expired`.
fn look_at_frames(
    open: &mut [OpenFrame],
    mut base: usize,
    mut at_root: bool,
    change: u64,
    expired: &mut Vec<Arc<Node>>,
) -> Found {
    // 1. Go outwards to the first frame with a valid result. Ends: `visible` decreases in each round.
    let mut unknown = Vec::new();
    let mut visible = open.len();
    let mut found = loop {
        if visible <= base {
            break if at_root {
                look_at_task()
            } else {
                Found::NOTHING
            };
        }
        let frame = &open[visible - 1];
        let Some((node, seen)) = frame.node.as_ref().zip(frame.visible.as_ref()) else {
            break Found::NOTHING;
        };
        // A cached result is valid until the next change on this thread. It covers everything further out.
        if let Some((_, found)) = seen.found.filter(|(since, _)| *since == change) {
            break found;
        }
        // A shield ends the way outwards. Its own cancellation and deadline still count inside, so it is
        // evaluated below like the others.
        let shielded = node.is_shielded();
        unknown.push((visible - 1, shielded));
        if shielded {
            break Found::NOTHING;
        }
        // Outside of this frame, its own surroundings apply. The frame below it knows the next visible one.
        base = seen.outer.base as usize;
        at_root = seen.outer.has(AT_ROOT);
        visible = match visible {
            1 => 0,
            _ => open[visible - 2].up_to_visible,
        };
    };
    // 2. Go back inwards, and cache the result of each frame on the way.
    for (index, shielded) in unknown.into_iter().rev() {
        let frame = &mut open[index];
        let Some((node, seen)) = frame.node.as_ref().zip(frame.visible.as_mut()) else {
            continue;
        };
        if !shielded {
            found.cancelled |= seen.outer.has(LOCAL_CANCELLED);
            found.deadline = found.deadline.min(seen.outer.local_deadline);
        }
        if !node.is_cancelled() && node.is_cancelled_now() {
            expired.push(node.clone());
            found.cancelled = true;
        }
        found.cancelled |= node.is_cancelled();
        found.deadline = found.deadline.min(node.deadline());
        // Stored with the number from before the evaluation: if `expired` changes anything afterwards, the
        // next reader does not use it.
        seen.found = Some((change, found));
    }
    found
}

fn look_at_task() -> Found {
    Found {
        cancelled: with_task(|task| {
            task.is_some_and(|task| task.cancel_state() != CancelState::No)
        }),
        ..Found::NOTHING
    }
}

/// Returns the earliest deadline of the surrounding plain scopes, which have no node.
pub(crate) fn plain_deadline() -> Instant {
    let here = surroundings();
    let mut deadline = here.local_deadline;
    each_visible(here.base, |node, outer| {
        if node.is_shielded() {
            return false;
        }
        deadline = deadline.min(outer.local_deadline);
        true
    });
    deadline
}

/// Evaluates the nodes themselves, from the inside out, instead of the recorded surroundings.
pub(crate) fn evaluate() -> Evaluation {
    let here = surroundings();
    let mut found = Evaluation {
        cancelled: false,
        deadline: here.local_deadline,
        by: None,
    };
    if here.has(LOCAL_CANCELLED) {
        found.found(|| By::Plain);
    }
    // An expired deadline is carried out by the first thread that finds it, so that all readers agree from
    // then on.
    let mut expired = Vec::new();
    let open = each_visible(here.base, |node, outer| {
        if !node.is_cancelled() && node.is_cancelled_now() {
            found.found(|| By::Node(node.clone()));
            expired.push(node.clone());
        }
        found.look_at(node);
        if node.is_shielded() {
            return false;
        }
        if outer.has(LOCAL_CANCELLED) {
            found.found(|| By::Plain);
        }
        found.deadline = found.deadline.min(outer.local_deadline);
        true
    });
    // No shield is in between, so the task and the scopes around it count as well.
    if open && here.has(AT_ROOT) {
        with_task(|task| {
            if let Some(task) = task {
                // Whether the task is cancelled is decided by its record and its group, here as in the next
                // poll. The scopes further out provide the cause and the deadline.
                let cancelled = found.cancelled || task.cancel_state() != CancelState::No;
                if task.is_cancelling() {
                    found.found(|| By::Task(task.cause()));
                }
                task.walk_outwards(|around| match around {
                    Enclosing::Node(node) => found.look_at(node),
                    Enclosing::Deadline(deadline) => found.deadline = found.deadline.min(deadline),
                });
                found.cancelled = cancelled;
            }
        });
    }
    // After the borrow of the open frames has ended, as in `look_around`.
    for node in expired {
        node.cancel(Cancelled::new(Cause::Deadline));
    }
    found
}

/// Returns whether the caller is dropped soon because a scope around it, or its task, was aborted. Shields do
/// not prevent that.
pub(crate) fn is_aborted() -> bool {
    let root = THREAD.with(|thread| thread.root.get()) as usize;
    let is_aborted = |frame: &OpenFrame| {
        let node = frame.node.as_ref();
        node.is_some_and(|node| node.cancel_state() == CancelState::Aborted)
    };
    OPEN.with_borrow(|open| open[root..].iter().any(is_aborted))
        || with_task(|task| task.is_some_and(|task| task.cancel_state() == CancelState::Aborted))
}
