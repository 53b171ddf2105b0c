//! The steps of a poll, on the parts of a frame.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::poll_state::{CANCELLED, LOCAL_CANCELLED, Surroundings};
use crate::engine::{Node, Own, Place, Polled, poll_state};
use crate::loom::Arc;
use crate::unwind::{Payload, drop_quietly};

/// What a frame consists of, for those who keep it elsewhere.
pub(crate) struct Parts<'a, F> {
    pub(crate) future: Pin<&'a mut Option<F>>,
    pub(crate) serial: u64,
    pub(crate) node: &'a mut Option<Arc<Node>>,
}

impl<F: Future> Parts<'_, F> {
    #[inline]
    pub(crate) fn poll<P: Place>(
        &mut self,
        cx: &mut Context<'_>,
        place: &mut P,
    ) -> Polled<F::Output> {
        // It runs again only if the cancellation was seen or made in the round that ends: then the next
        // round begins cancelled, and every exit below is open to it.
        loop {
            // 1, 2: what holds around, and telling what is below.
            let own = place.own(self.node.as_ref());
            let inherited =
                !place.is_shielded(self.node.as_ref()) && poll_state::effectively_cancelled();
            let cancelled = inherited || own != Own::No;
            if let Some(node) = &*self.node {
                if cancelled {
                    node.tell();
                } else {
                    node.untell();
                }
            }
            let probe = self.node.as_ref().and_then(|node| match cancelled {
                true if node.is_held() => Some(node.make_probe()),
                _ => node.probe(),
            });

            // 3, 4: poll, and deliver.
            let held = poll_state::held();
            let (polled, woken) = match &probe {
                None => (self.poll_inner(cx, place, own, inherited), false),
                Some(probe) => {
                    let waker = probe.begin_poll(cx.waker());
                    let mut probed = Context::from_waker(&waker);
                    let polled = self.poll_inner(&mut probed, place, own, inherited);
                    (polled, probe.end_poll())
                }
            };
            match polled {
                Inner::Ready(value) => return Polled::Ready(value),
                Inner::Panicked(payload) => return Polled::Panicked(payload),
                Inner::Pending => {}
            }

            let own = place.own(self.node.as_ref());
            let inherited =
                !place.is_shielded(self.node.as_ref()) && poll_state::effectively_cancelled();
            let cancelled_now = inherited || own != Own::No;
            let interrupts = own != Own::No || (P::CATCHES && inherited);
            if !interrupts {
                // 5: stay pending.
                let Some(node) = &*self.node else {
                    return Polled::Pending;
                };
                if woken {
                    cx.waker().wake_by_ref();
                }
                if cancelled_now && !cancelled {
                    // Seen only now, and nothing was told: the frames further out will, but one
                    // that is not adopted yet would be left out.
                    node.tell();
                }
                node.register(cx);
                if place.own(Some(node)) != Own::No {
                    continue;
                }
                report(node, place);
                return Polled::Pending;
            }

            if !cancelled {
                // Once more, so that what is ready when it sees the cancellation is kept (rule C5).
                continue;
            }
            // 6: this frame interrupts.
            if own == Own::No {
                poll_state::latch();
            }
            let Some(node) = self.node.clone() else {
                return self.interrupt(place);
            };
            if own == Own::Aborted {
                node.abort_groups();
                return self.interrupt(place);
            }
            if !node.is_held() {
                return self.interrupt(place);
            }
            if node.tell() {
                continue;
            }
            // Without a probe the holders began in this poll, or came here.
            let polled = probe.is_none() || poll_state::held() != held;
            let probe = probe.unwrap_or_else(|| node.make_probe());
            if probe.judge(cx, &node, place.clock(&node), woken, polled) && !node.is_held() {
                return self.interrupt(place);
            }
            node.register(cx);
            if !node.is_held() || (place.own(Some(&node)) == Own::Aborted) {
                continue;
            }
            report(&node, place);
            return Polled::Pending;
        }
    }

    #[inline]
    pub(crate) fn poll_inner<P: Place>(
        &mut self,
        cx: &mut Context<'_>,
        place: &mut P,
        own: Own,
        inherited: bool,
    ) -> Inner<F::Output> {
        let outer = poll_state::surroundings();
        let since = poll_state::entries();
        let mut inner = if place.is_shielded(self.node.as_ref()) {
            outer.shielded(since)
        } else {
            outer
        };
        inner.serial = self.serial;
        let inner = inner.with(CANCELLED, inherited || own != Own::No).with(
            LOCAL_CANCELLED,
            inner.has(LOCAL_CANCELLED) || own != Own::No,
        );
        let polled = {
            let future = self.future.as_mut().as_pin_mut();
            let future = future.expect("a future that has ended is not polled again");
            let visit = Visit {
                outer,
                since,
                place: &mut *place,
                node: &mut *self.node,
            };
            let inner = visit.place.enter(inner);
            let keeps_refused = visit.place.keeps_refused(own);
            if visit.node.is_some() || keeps_refused {
                let visible = P::VISIBLE.then_some(outer);
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
                if let Err(payload) = drop_future(self.future.as_mut(), place) {
                    drop_quietly(value);
                    leave_tree::<P>(self.node);
                    return Inner::Panicked(payload);
                }
                leave_tree::<P>(self.node);
                Inner::Ready(value)
            }
            Ok(Poll::Pending) => Inner::Pending,
            Err(payload) => {
                if let Err(second) = drop_future(self.future.as_mut(), place) {
                    drop_quietly(second);
                }
                leave_tree::<P>(self.node);
                Inner::Panicked(payload)
            }
        }
    }

    /// Drops the inner future.
    #[cold]
    pub(super) fn interrupt<P: Place>(&mut self, place: &mut P) -> Polled<F::Output> {
        let dropped = drop_future(self.future.as_mut(), place);
        leave_tree::<P>(self.node);
        match dropped {
            Ok(()) => Polled::Interrupted,
            Err(payload) => Polled::Panicked(payload),
        }
    }
}

/// Puts a frame's node into the tree, if something below makes it worth it. A shield has to be known as
/// one before anything around it can be seen through it.
fn report<P: Place>(node: &Arc<Node>, place: &P) {
    if !P::REPORTS {
        return;
    }
    if place.is_shielded(Some(node)) && !node.is_shielded() {
        node.mark_shielded();
    }
    node.link_if_needed();
}

pub(crate) enum Inner<T> {
    Ready(T),
    Panicked(Payload),
    Pending,
}

/// Puts back what was there before a poll, also when unwinding.
struct Visit<'a, P: Place> {
    outer: Surroundings,
    since: u32,
    place: &'a mut P,
    node: &'a mut Option<Arc<Node>>,
}

impl<P: Place> Drop for Visit<'_, P> {
    #[inline]
    fn drop(&mut self) {
        // The node first: a task's root puts back more than the surroundings.
        if let Some(node) = poll_state::close_frame(self.since) {
            *self.node = Some(node);
        }
        poll_state::set_surroundings(self.outer);
        self.place.leave();
        if !self.outer.is_busy() {
            poll_state::clear_dirty();
        }
    }
}

/// The frame is left for good: ready or interrupted.
#[inline]
fn leave_tree<P: Place>(node: &Option<Arc<Node>>) {
    if P::OWNS_NODE
        && let Some(node) = node
    {
        node.leave();
    }
}

fn drop_future<P: Place, F>(mut future: Pin<&mut Option<F>>, place: &mut P) -> Result<(), Payload> {
    let mut dropping = || place.drop_inside(|| poll_state::outside(|| future.set(None)));
    if P::CATCHES_PANICS {
        catch_unwind(AssertUnwindSafe(dropping))
    } else {
        dropping();
        Ok(())
    }
}
