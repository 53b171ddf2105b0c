//! The steps of a poll, on the borrowed parts of a frame: [`Frame`](super::Frame) and task roots use it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::poll_state::{CANCELLED, LOCAL_CANCELLED, Surroundings};
use crate::engine::{CancelState, FramePolicy, Node, Polled, poll_state};
use crate::loom::Arc;
use crate::unwind::{Payload, drop_quietly};

/// The place of a frame's future until it is dropped.
pub(crate) trait FutureSlot {
    type Future: Future;

    /// Returns the future, or `None` if it has been dropped.
    fn future(self: Pin<&mut Self>) -> Option<Pin<&mut Self::Future>>;

    /// Drops the future.
    fn clear(self: Pin<&mut Self>);
}

impl<F: Future> FutureSlot for Option<F> {
    type Future = F;

    #[inline]
    fn future(self: Pin<&mut Self>) -> Option<Pin<&mut F>> {
        self.as_pin_mut()
    }

    #[inline]
    fn clear(mut self: Pin<&mut Self>) {
        self.set(None);
    }
}

/// The borrowed parts of a frame, for owners that store them separately.
pub(crate) struct RawFrame<'a, S> {
    pub(crate) future: Pin<&'a mut S>,
    pub(crate) serial: u64,
    pub(crate) node: &'a mut Option<Arc<Node>>,
}

impl<S: FutureSlot> RawFrame<'_, S> {
    #[inline]
    pub(crate) fn poll<P: FramePolicy>(
        &mut self,
        cx: &mut Context<'_>,
        policy: &mut P,
    ) -> Polled<<S::Future as Future>::Output> {
        // Ends: each `continue` needs a cancellation that was seen or made in the round that ends, or a
        // release of the last hold. The next round begins cancelled, so every exit below is open to it.
        loop {
            // 1, 2: evaluate the state around, and propagate it.
            let own = policy.cancel_state(self.node.as_ref());
            let inherited =
                !policy.is_shielded(self.node.as_ref()) && poll_state::effectively_cancelled();
            let cancelled = inherited || own != CancelState::No;
            if let Some(node) = &*self.node {
                if cancelled {
                    node.propagate_once();
                } else {
                    node.reset_propagated();
                }
            }
            let probe = self.node.as_ref().and_then(|node| match cancelled {
                true if node.is_held() => Some(node.make_probe()),
                _ => node.probe(),
            });

            // 3, 4: poll, and deliver.
            // Grows when a holder is polled; compared below.
            let held = poll_state::held();
            let (polled, woken) = match &probe {
                None => (self.poll_inner(cx, policy, own, inherited), false),
                Some(probe) => {
                    let waker = probe.begin_poll(cx.waker());
                    let mut probed = Context::from_waker(&waker);
                    let polled = self.poll_inner(&mut probed, policy, own, inherited);
                    (polled, probe.end_poll())
                }
            };
            match polled {
                Inner::Ready(value) => return Polled::Ready(value),
                Inner::Panicked(payload) => return Polled::Panicked(payload),
                Inner::Pending => {}
            }

            // Evaluated again: the cancellation may have come during the poll, from inside or from another
            // thread.
            let own = policy.cancel_state(self.node.as_ref());
            let inherited =
                !policy.is_shielded(self.node.as_ref()) && poll_state::effectively_cancelled();
            let cancelled_now = inherited || own != CancelState::No;
            let interrupts = own != CancelState::No || (P::CATCHES && inherited);
            if !interrupts {
                // 5: stay pending.
                let Some(node) = &*self.node else {
                    return Polled::Pending;
                };
                if woken {
                    cx.waker().wake_by_ref();
                }
                match (cancelled_now, cancelled) {
                    // Seen only now, so nothing was propagated. The frames further out will propagate, but
                    // would miss a node that is not linked yet.
                    (true, false) => drop(node.propagate_once()),
                    // The inside was polled under the cancellation. A new node needs the mark too, for the
                    // time when it no longer holds.
                    (true, true) => node.note_propagated(),
                    (false, _) => {}
                }
                // Registered before the state is read again: a later cancellation finds the waker.
                node.register(cx);
                if policy.cancel_state(Some(node)) != CancelState::No {
                    continue;
                }
                report(node, policy);
                return Polled::Pending;
            }

            if !cancelled {
                // Poll once more, so that operations that are ready when they see the cancellation are kept
                // (rule C5).
                continue;
            }
            // 6: this frame interrupts. If the cancellation comes from outside, a shield in between is too late
            // from now on (rule C7).
            if own == CancelState::No {
                poll_state::latch();
            }
            let Some(node) = self.node.clone() else {
                return self.interrupt(policy);
            };
            if own == CancelState::Aborted {
                node.abort_groups();
                return self.interrupt(policy);
            }
            if !node.is_held() {
                return self.interrupt(policy);
            }
            // True if the node was created in this round: what is below was not notified yet, and is polled
            // once more.
            if node.propagate_once() {
                continue;
            }
            // Without a probe, the holders began in this poll, or were moved here.
            let polled = probe.is_none() || poll_state::held() != held;
            let probe = probe.unwrap_or_else(|| node.make_probe());
            if probe.judge(cx, &node, policy.clock(&node), woken, polled) && !node.is_held() {
                return self.interrupt(policy);
            }
            // Registered before the state is read again: a later release or abort finds the waker.
            node.register(cx);
            if !node.is_held() || (policy.cancel_state(Some(&node)) == CancelState::Aborted) {
                continue;
            }
            report(&node, policy);
            return Polled::Pending;
        }
    }

    /// Polls the future once, with the frame open. If it is ready or panics, drops it and leaves the tree.
    #[inline]
    pub(crate) fn poll_inner<P: FramePolicy>(
        &mut self,
        cx: &mut Context<'_>,
        policy: &mut P,
        own: CancelState,
        inherited: bool,
    ) -> Inner<<S::Future as Future>::Output> {
        let outer = poll_state::surroundings();
        let since = poll_state::entries();
        let mut inner = if policy.is_shielded(self.node.as_ref()) {
            outer.shielded(since)
        } else {
            outer
        };
        // Nodes that link themselves inside remember this frame by its serial number.
        inner.serial = self.serial;
        let inner = inner
            .with(CANCELLED, inherited || own != CancelState::No)
            // Frames that readers evaluate clear this in `enter`, since readers find their cancellation in
            // the node.
            .with(
                LOCAL_CANCELLED,
                inner.has(LOCAL_CANCELLED) || own != CancelState::No,
            );
        // Opens the frame. `Visit` closes it at the end of this block, also when unwinding.
        let polled = {
            let future = self.future.as_mut().future();
            let future = future.expect("a future that has ended is not polled again");
            let visit = Visit {
                outer,
                since,
                policy: &mut *policy,
                node: &mut *self.node,
            };
            let inner = visit.policy.enter(inner);
            let keeps_refused = visit.policy.keeps_refused(own);
            if visit.node.is_some() || keeps_refused {
                let visible = P::VISIBLE.then_some(outer);
                // The node is in the list of open frames during the poll, and `Visit` puts it back.
                poll_state::open_frame(self.serial, visit.node.take(), visible, keeps_refused);
            }
            poll_state::set_surroundings(inner);
            if P::CATCHES_PANICS {
                catch_unwind(AssertUnwindSafe(|| future.poll(cx)))
            } else {
                Ok(future.poll(cx))
            }
        };
        match polled {
            Ok(Poll::Ready(value)) => {
                if let Err(payload) = drop_future(self.future.as_mut(), policy) {
                    // The panic takes the place of the value, whose own destructor may panic too.
                    drop_quietly(value);
                    leave_tree::<P>(self.node);
                    return Inner::Panicked(payload);
                }
                leave_tree::<P>(self.node);
                Inner::Ready(value)
            }
            Ok(Poll::Pending) => Inner::Pending,
            Err(payload) => {
                // The first panic continues; one of the destructor is dropped.
                if let Err(second) = drop_future(self.future.as_mut(), policy) {
                    drop_quietly(second);
                }
                leave_tree::<P>(self.node);
                Inner::Panicked(payload)
            }
        }
    }

    /// Drops the inner future before its end.
    #[cold]
    pub(super) fn interrupt<P: FramePolicy>(
        &mut self,
        policy: &mut P,
    ) -> Polled<<S::Future as Future>::Output> {
        let dropped = drop_future(self.future.as_mut(), policy);
        leave_tree::<P>(self.node);
        match dropped {
            Ok(()) => Polled::Interrupted,
            Err(payload) => Polled::Panicked(payload),
        }
    }
}

/// Links a frame's node if something below requires it. A shield is marked before it is linked: see
/// `Outwards`.
fn report<P: FramePolicy>(node: &Arc<Node>, policy: &P) {
    if !P::REPORTS {
        return;
    }
    if policy.is_shielded(Some(node)) && !node.is_shielded() {
        node.mark_shielded();
    }
    node.link_if_needed();
}

/// The result of one poll of the future.
pub(crate) enum Inner<T> {
    Ready(T),
    Panicked(Payload),
    Pending,
}

/// A guard that restores the state from before a poll, also when unwinding.
struct Visit<'a, P: FramePolicy> {
    outer: Surroundings,
    since: u32,
    policy: &'a mut P,
    node: &'a mut Option<Arc<Node>>,
}

impl<P: FramePolicy> Drop for Visit<'_, P> {
    #[inline]
    fn drop(&mut self) {
        // The node first: a task's root restores more than the surroundings.
        if let Some(node) = poll_state::close_frame(self.since) {
            *self.node = Some(node);
        }
        poll_state::set_surroundings(self.outer);
        self.policy.leave();
        // The outermost frame ends, so no surroundings are left that could be out of date.
        if !self.outer.is_busy() {
            poll_state::clear_dirty();
        }
    }
}

/// Leaves the tree, since the frame is ready, has panicked or was interrupted.
#[inline]
fn leave_tree<P: FramePolicy>(node: &Option<Arc<Node>>) {
    if P::OWNS_NODE {
        if let Some(node) = node {
            node.leave();
        }
    }
}

fn drop_future<P: FramePolicy, S: FutureSlot>(
    mut future: Pin<&mut S>,
    policy: &mut P,
) -> Result<(), Payload> {
    let mut dropping = || policy.drop_inside(|| poll_state::outside(|| future.as_mut().clear()));
    if P::CATCHES_PANICS {
        catch_unwind(AssertUnwindSafe(dropping))
    } else {
        dropping();
        Ok(())
    }
}
