//! The poll that scopes, shields, group bodies and task roots share.
//!
//! ```text
//!  1. Evaluate the state around     surroundings (or the open frames, if dirty), and the own flag
//!  2. If cancelled for the first time: propagate to everything below
//!  3. Open the frame, poll, close it; holders have linked themselves meanwhile
//!  4. Ready: deliver
//!  5. Not cancelled: register, evaluate once more, stay pending
//!  6. Cancelled, and this frame interrupts:
//!       no holds below            drop the future: interrupted
//!       propagated only now       again from 2, so that holders are notified
//!       else                      stay pending; the last release wakes this frame, and its probe
//!                                 finds holders that are stranded
//! ```
//!
//! All steps run on the thread that polls the frame. Other threads reach it only through its [`Node`]. A
//! frame without a node costs no allocation; holders and refused operations inside create one.

mod policy;
mod poll;

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::{pin_project, pinned_drop};

pub(crate) use self::policy::{FramePolicy, Polled};
pub(crate) use self::poll::{FutureSlot, RawFrame};
use crate::engine::poll_state::Surroundings;
use crate::engine::{Node, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;

/// A future, and the frame around its polls.
///
/// | state | `serial` | `node` | `future` |
/// | --- | --- | --- | --- |
/// | not polled yet | 0 | none, or from [`with_node`](Frame::with_node) | some |
/// | polled, without reports | not 0 | none | some |
/// | with a node: a holder or a refused operation was polled inside | not 0 | some | some |
/// | ended: ready, panicked or interrupted | not 0 | none or some | none; still there after `poll_plainly` |
#[pin_project(PinnedDrop)]
pub(crate) struct Frame<F> {
    #[pin]
    future: Option<F>,
    serial: u64,
    node: Option<Arc<Node>>,
}

impl<F: Future> Frame<F> {
    pub(crate) const fn new(future: F) -> Frame<F> {
        Frame {
            future: Some(future),
            serial: 0,
            node: None,
        }
    }

    /// Creates a frame with a node from the start.
    pub(crate) const fn with_node(future: F, node: Arc<Node>) -> Frame<F> {
        Frame {
            future: Some(future),
            serial: 0,
            node: Some(node),
        }
    }

    /// Returns whether the future has been polled.
    pub(crate) fn has_begun(&self) -> bool {
        self.serial != 0
    }

    pub(crate) fn node(&self) -> Option<&Arc<Node>> {
        self.node.as_ref()
    }

    /// Returns the future and the frame's serial number, if the frame has no node.
    #[inline]
    pub(crate) fn without_node(self: Pin<&mut Self>) -> Option<(Pin<&mut F>, u64)> {
        let this = self.project();
        if this.node.is_some() {
            return None;
        }
        if *this.serial == 0 {
            *this.serial = poll_state::next_serial();
        }
        Some((this.future.as_pin_mut()?, *this.serial))
    }

    /// Polls the future of a plain scope on a short path. Returns `None`, and polls nothing, if something is
    /// cancelled, was changed earlier in the current poll, or has created a node. The caller then calls
    /// [`poll`](Frame::poll).
    #[inline]
    pub(crate) fn poll_plainly(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        deadline: Instant,
    ) -> Option<Poll<F::Output>> {
        struct Unwind(Surroundings, u32);
        impl Drop for Unwind {
            #[cold]
            fn drop(&mut self) {
                poll_state::leave_plain(self.0, self.1);
                // Nodes that linked themselves to this frame are dropped with it.
                drop(poll_state::close_frame(self.1));
            }
        }
        let (future, serial) = self.as_mut().without_node()?;
        let (outer, since) = poll_state::enter_plain(serial, deadline)?;
        let unwind = Unwind(outer, since);
        let polled = future.poll(cx);
        std::mem::forget(unwind);
        if poll_state::leave_plain(outer, since) {
            return Some(polled);
        }
        let node = self.project().node;
        *node = poll_state::close_frame(since);
        if polled.is_ready() {
            // A node leaves the tree with the frame.
            return Some(polled);
        }
        // A change or cancellation meanwhile concerns the scope that it belongs to, which polls again if
        // necessary. A second poll here would multiply with each scope in between.
        if let Some(node) = node {
            if poll_state::effectively_cancelled() {
                node.propagate_once();
            }
            node.register(cx);
            node.link_if_needed();
        }
        Some(polled)
    }

    /// Holds the enclosing scopes, as of the end of this poll (rule C6).
    pub(crate) fn hold(self: Pin<&mut Self>, cx: &Context<'_>) {
        self.project().node.get_or_insert_with(Node::new).hold(cx);
    }

    /// Holds the enclosing scopes with a shield, which no cancellation stops. Outside every frame there is
    /// nothing to hold, so a shield that is polled there needs no node.
    pub(crate) fn hold_as_shield(self: Pin<&mut Self>, cx: &Context<'_>) {
        if poll_state::surroundings().inside() || self.node.is_some() {
            let node = self.project().node.get_or_insert_with(Node::new);
            node.mark_shielded();
            node.hold(cx);
            poll_state::count_shielded();
        }
    }

    #[inline]
    pub(crate) fn poll<P: FramePolicy>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        policy: &mut P,
    ) -> Polled<F::Output> {
        self.parts().poll(cx, policy)
    }

    /// Drops the future without another poll. Returns `None`, and keeps the future, if a holder is left inside,
    /// also one whose hold has lapsed. The future's destructor passes on what it was granted and has not
    /// consumed.
    pub(crate) fn interrupt_unless_held<P: FramePolicy>(
        self: Pin<&mut Self>,
        policy: &mut P,
    ) -> Option<Polled<F::Output>> {
        if self.node.as_ref().is_some_and(|node| node.has_holders()) {
            return None;
        }
        Some(self.parts().interrupt(policy))
    }

    fn parts(self: Pin<&mut Self>) -> RawFrame<'_, Option<F>> {
        let this = self.project();
        if *this.serial == 0 {
            *this.serial = poll_state::next_serial();
        }
        RawFrame {
            future: this.future,
            serial: *this.serial,
            node: this.node,
        }
    }
}

impl<F> Frame<F> {
    /// Detaches the frame from its node, which belongs to the group and stays in the tree.
    pub(crate) fn part_from_node(self: Pin<&mut Self>) {
        *self.project().node = None;
    }
}

#[pinned_drop]
impl<F> PinnedDrop for Frame<F> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.node.is_some() {
            // Dropped first, so that the tasks that `leave` wakes find the future gone.
            this.future.set(None);
        }
        if let Some(node) = this.node {
            node.leave();
        }
    }
}
