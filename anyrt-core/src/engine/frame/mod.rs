//! The one poll that scopes, shields, group bodies and task roots share.
//!
//! ```text
//!  1. What holds around?          surroundings (or the open frames, if dirty), and the own flag
//!  2. Cancelled for the first time: propagate to everything below
//!  3. Open the frame, poll, close it; holders have linked themselves meanwhile
//!  4. Ready: deliver
//!  5. Not cancelled: register, look once more, stay pending
//!  6. Cancelled, and this frame interrupts:
//!       no holds below            drop the future: interrupted
//!       propagated only now             again from 2, so that holders hear of it
//!       else                      stay pending; the last release wakes this frame, and its probe
//!                                 finds holders that are stranded
//! ```

mod poll;

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::{pin_project, pinned_drop};

pub(crate) use self::poll::{FutureSlot, RawFrame};
use crate::engine::clock::Clock;
use crate::engine::poll_state::Surroundings;
use crate::engine::{CancelState, Node, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;
use crate::unwind::Payload;

/// What differs between the users of [`Frame`].
pub(crate) trait FramePolicy {
    /// Cancellation from around does not reach the inside.
    #[inline]
    fn is_shielded(&self, _node: Option<&Arc<Node>>) -> bool {
        false
    }

    /// The inside is interrupted also if only something around is cancelled, because this
    /// frame's owner has something to do before that can move outwards.
    const CATCHES: bool;

    /// A panic is handed to the owner.
    const CATCHES_PANICS: bool;

    /// The node belongs to this frame, and leaves the tree with it.
    const OWNS_NODE: bool = true;

    /// The frame around hears of what is held in here.
    const REPORTS: bool = true;

    /// The frame's own cancellation, as of now.
    #[inline]
    fn cancel_state(&self, _node: Option<&Arc<Node>>) -> CancelState {
        CancelState::No
    }

    /// The clock by which holders in this frame are found to be stranded; that of the current task by
    /// default.
    fn clock(&self, _node: &Node) -> Option<Clock> {
        poll_state::task_clock()
    }

    /// Readers inside look at the node.
    const VISIBLE: bool = false;

    /// Sets what the inside sees, given what it would see without this frame.
    #[inline]
    fn enter(&mut self, inner: Surroundings) -> Surroundings {
        inner
    }

    /// Undoes what `enter` did beyond the surroundings.
    #[inline]
    fn leave(&mut self) {}

    /// Runs `dropping`, which drops the future, where its destructors belong.
    #[inline]
    fn drop_inside(&mut self, dropping: impl FnOnce()) {
        dropping();
    }

    /// Whether refused operations leave their wakers here, once this frame is cancelled by
    /// `own`, or in any case.
    #[inline]
    fn keeps_refused(&self, own: CancelState) -> bool {
        own != CancelState::No
    }
}

/// What a poll of a frame brings.
pub(crate) enum Polled<T> {
    Ready(T),
    Panicked(Payload),
    /// The inner future was dropped because of a cancellation.
    Interrupted,
    Pending,
}

/// A future, and the frame around its polls.
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

    /// A frame with a node from the start.
    pub(crate) const fn with_node(future: F, node: Arc<Node>) -> Frame<F> {
        Frame {
            future: Some(future),
            serial: 0,
            node: Some(node),
        }
    }

    /// Whether the future has been polled.
    pub(crate) fn has_begun(&self) -> bool {
        self.serial != 0
    }

    pub(crate) fn node(&self) -> Option<&Arc<Node>> {
        self.node.as_ref()
    }

    /// The future and the frame's number, if nothing has reported here.
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

    /// Polls the future of a plain scope in a straight line; none where that does not do, because
    /// something is cancelled, was changed before in this very poll, or has reported. Then nothing was
    /// polled, and [`poll`](Frame::poll) has to be called.
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
                // What linked itself to this frame is dropped with it.
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
        // Whatever was changed or cancelled meanwhile is for the scope that it belongs to: that polls again
        // if it has to, and a second poll here would be one for each scope in between.
        if let Some(node) = node {
            if poll_state::effectively_cancelled() {
                node.propagate_once();
            }
            node.register(cx);
            node.link_if_needed();
        }
        Some(polled)
    }

    /// Holds the scopes around, as of the end of this poll (rule C6).
    pub(crate) fn hold(self: Pin<&mut Self>, cx: &Context<'_>) {
        self.project().node.get_or_insert_with(Node::new).hold(cx);
    }

    /// The same for a shield, which no cancellation stops: beyond every frame there is nobody to
    /// hold off, and a shield that is polled there needs no node.
    pub(crate) fn hold_as_shield(self: Pin<&mut Self>, cx: &Context<'_>) {
        if poll_state::surroundings().inside() || self.node.is_some() {
            let node = self.project().node.get_or_insert_with(Node::new);
            node.mark_shielded();
            node.hold(cx);
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

    /// Drops the future without another poll, unless it has unfinished business; none in that case. Its
    /// destructor passes on what it was granted and did not take.
    pub(crate) fn interrupt_unless_held<P: FramePolicy>(
        self: Pin<&mut Self>,
        policy: &mut P,
    ) -> Option<Polled<F::Output>> {
        if self.node.as_ref().is_some_and(|node| node.is_held()) {
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
    /// RawFrame from the node, which belongs to somebody else and stays where it is.
    pub(crate) fn part_from_node(self: Pin<&mut Self>) {
        *self.project().node = None;
    }
}

#[pinned_drop]
impl<F> PinnedDrop for Frame<F> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.node.is_some() {
            // Dropped first, so that what it wakes finds nothing of it.
            this.future.set(None);
        }
        if let Some(node) = this.node {
            node.leave();
        }
    }
}
