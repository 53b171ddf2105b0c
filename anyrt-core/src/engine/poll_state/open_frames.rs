//! The stack of open frames: the nodes of the frames that are being polled on this thread.

use std::cell::RefCell;

use super::cell::Surroundings;
use super::thread::{THREAD, entries, surroundings};
use crate::engine::Node;
use crate::instant::Instant;
use crate::loom::{Arc, thread_local};

thread_local! {
    pub(super) static OPEN: RefCell<Vec<OpenFrame>> = const { RefCell::new(Vec::new()) };
}

/// A frame that is being polled, and that has a node or may need one.
pub(super) struct OpenFrame {
    serial: u64,
    /// Created when a holder links itself to the frame, or an operation is refused in it.
    pub(super) node: Option<Arc<Node>>,
    /// Set for scopes with a handle and for groups, which readers evaluate.
    pub(super) visible: Option<Visible>,
    /// The number of frames up to the innermost visible one, including this one; zero if there is none.
    pub(super) up_to_visible: usize,
    /// `true` if operations that are refused in it leave their wakers here.
    keeps_refused: bool,
}

/// A frame that readers evaluate.
pub(super) struct Visible {
    /// The surroundings of the frame, for the part that comes from plain scopes.
    pub(super) outer: Surroundings,
    /// The state found inside, and the number of changes on this thread at that time.
    pub(super) found: Option<(u64, Found)>,
}

/// The state at a place inside the current task.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) cancelled: bool,
    pub(crate) deadline: Instant,
}

impl Found {
    pub(super) const NOTHING: Found = Found {
        cancelled: false,
        deadline: Instant::FAR_FUTURE,
    };
}

/// Pushes a frame onto the stack, for as long as its future is polled.
pub(crate) fn open_frame(
    serial: u64,
    node: Option<Arc<Node>>,
    visible: Option<Surroundings>,
    keeps_refused: bool,
) {
    OPEN.with_borrow_mut(|open| {
        let up_to_visible = match visible {
            Some(_) => open.len() + 1,
            None => open.last().map_or(0, |frame| frame.up_to_visible),
        };
        open.push(OpenFrame {
            serial,
            node,
            visible: visible.map(|outer| Visible { outer, found: None }),
            up_to_visible,
            keeps_refused,
        });
    });
    THREAD.with(|thread| thread.entries.set(thread.entries.get() + 1));
}

/// Pops the frame above `since`, if there is one: the caller's own, pushed by the caller or by a holder in
/// it. Inner frames have been left before. Returns its node.
#[inline]
pub(crate) fn close_frame(since: u32) -> Option<Arc<Node>> {
    if entries() == since {
        return None;
    }
    close_innermost(since)
}

#[cold]
fn close_innermost(since: u32) -> Option<Arc<Node>> {
    let closed = OPEN.with_borrow_mut(|open| open.pop());
    THREAD.with(|thread| thread.entries.set(since));
    debug_assert_eq!(OPEN.with_borrow(Vec::len), since as usize, "one frame each");
    closed.and_then(|frame| frame.node)
}

/// Returns the node of the innermost frame, which is created if necessary. Returns `None` outside of every
/// frame.
pub(crate) fn innermost_node() -> Option<Arc<Node>> {
    let serial = surroundings().serial;
    if serial == 0 {
        return None;
    }
    let is_open = OPEN.with_borrow(|open| open.last().is_some_and(|frame| frame.serial == serial));
    if !is_open {
        open_frame(serial, None, None, false);
    }
    OPEN.with_borrow_mut(|open| {
        let frame = open.last_mut()?;
        Some(frame.node.get_or_insert_with(Node::new).clone())
    })
}

/// Returns the node of the innermost frame that keeps the wakers of refused operations. A task that became
/// cancelled in the current poll may have none. It has one in its next poll, so the caller wakes itself at
/// once.
pub(crate) fn keeper_of_refused() -> Option<Arc<Node>> {
    let visible_from = surroundings().base as usize;
    OPEN.with_borrow_mut(|open| {
        let inside = open.iter_mut().skip(visible_from).rev();
        let frame = inside.into_iter().find(|frame| frame.keeps_refused)?;
        Some(frame.node.get_or_insert_with(Node::new).clone())
    })
}

/// Calls `look` for the nodes of visible frames from index `from` on, innermost first, with each frame's
/// surroundings, until it returns false. Returns whether it never did.
pub(super) fn each_visible(
    from: u32,
    mut look: impl FnMut(&Arc<Node>, &Surroundings) -> bool,
) -> bool {
    let looked = OPEN.try_with(|open| {
        let open = open.borrow();
        let frames = open.iter().skip(from as usize).rev();
        frames
            .filter_map(|frame| Some((frame.node.as_ref()?, frame.visible.as_ref()?)))
            .all(|(node, visible)| look(node, &visible.outer))
    });
    // While the thread's locals are being destroyed, nothing is polled.
    looked.unwrap_or(true)
}

/// Notes that something was interrupted here because of a cancellation further out. A shield that is switched
/// on in between from now on comes too late (rule C7).
#[cold]
pub(crate) fn latch() {
    each_visible(surroundings().base, |node, _| {
        let interrupts = !node.is_cancelled();
        if interrupts {
            node.latch();
        }
        interrupts
    });
    THREAD.with(|thread| thread.changes.set(thread.changes.get() + 1));
}

/// Returns the first result of `find` for the groups whose bodies are being polled by the current task,
/// innermost first.
pub(crate) fn innermost_group<T>(find: impl Fn(&Arc<Node>) -> Option<T>) -> Option<T> {
    let mut found = None;
    let root = THREAD.with(|thread| thread.root.get());
    each_visible(root, |node, _| {
        found = find(node);
        found.is_none()
    });
    found
}

/// Keeps the waker of a structural future that was interrupted, so that it is polled again when the
/// cancellation around it no longer holds.
pub(crate) fn refuse(cx: &std::task::Context<'_>) {
    match keeper_of_refused() {
        Some(keeper) => keeper.keep_interrupted(cx.waker()),
        None => cx.waker().wake_by_ref(),
    }
}
