//! The one poll that scopes, shields, group bodies and task roots share.
//!
//! ```text
//!  1. What holds around?          surroundings (or the entries, if dirty), and the own flag
//!  2. Cancelled for the first time: tell everything below
//!  3. Set the surroundings, poll, restore, adopt what was reported
//!  4. Ready: deliver
//!  5. Not cancelled: register, look once more, stay pending
//!  6. Cancelled, and this frame interrupts:
//!       no holds below            drop the future: interrupted
//!       told only now             again from 2, so that holders hear of it
//!       no holder was polled      ask: who does not answer is stranded
//!       else                      stay pending; the last release wakes this frame
//! ```

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project::{pin_project, pinned_drop};

use super::node::Node;
use crate::context::{self, CANCELLED, LOCAL_CANCELLED, Mail, Surroundings};
use crate::loom::Arc;
use crate::time::Instant;

/// How often a scope polls again while it asks, before it lets others run.
const ASK_POLLS: usize = 64;

/// How many times in a row nobody may have answered before a holder counts as stranded.
///
/// A wake-up that is on its way on another thread cannot be seen before it arrives, and until then
/// may keep a second one from being passed on.
const SILENCE: u32 = 1_000;

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// The state of a frame's own cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    No,
    Cancelled,
    Aborted,
}

/// What differs between the users of [`Frame`].
pub(crate) trait Place {
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
    fn own(&self, _node: Option<&Arc<Node>>) -> Own {
        Own::No
    }

    /// Sets what the inside sees, given what it would see without this frame.
    #[inline]
    fn enter(&mut self, inner: Surroundings, _node: &mut Option<Arc<Node>>) -> Surroundings {
        inner
    }

    /// Undoes what `enter` did beyond the surroundings.
    #[inline]
    fn leave(&mut self, _node: &mut Option<Arc<Node>>) {}

    /// Whether refused operations leave their wakers here, once this frame is cancelled by
    /// `own`, or in any case.
    #[inline]
    fn keeps_refused(&self, own: Own) -> bool {
        own != Own::No
    }
}

impl<F> Frame<F> {
    /// Parts from the node, which belongs to somebody else and stays where it is.
    pub(crate) fn part_from_node(self: Pin<&mut Self>) {
        *self.project().node = None;
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
            *this.serial = context::next_serial();
        }
        Some((this.future.as_pin_mut()?, *this.serial))
    }

    /// Polls the future of a plain scope in a straight line; none where that does not do, because
    /// something is cancelled, was changed in this very poll, or has reported. Then
    /// [`poll`](Frame::poll) has to be called, which polls again.
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
                context::leave_plain(self.0, self.1);
                drop(context::collect(self.1));
            }
        }
        let (future, serial) = self.as_mut().without_node()?;
        let (outer, mark) = context::enter_plain(serial, deadline)?;
        let unwind = Unwind(outer, mark);
        let polled = future.poll(cx);
        std::mem::forget(unwind);
        if context::leave_plain(outer, mark) {
            return Some(polled);
        }
        let ready = polled.is_ready();
        if context::mail() > mark {
            self.adopt_mail(mark, ready);
        }
        ready.then_some(polled)
    }

    /// Takes what has been reported since `mark`, for whoever polls what
    /// [`without_node`](Frame::without_node) gives.
    fn adopt_mail(self: Pin<&mut Self>, mark: u32, ended: bool) {
        self.parts().adopt_mail(mark, ended);
    }

    /// Holds the scopes around, as of the end of this poll (rule C6).
    pub(crate) fn hold(self: Pin<&mut Self>, cx: &Context<'_>) {
        self.project().node.get_or_insert_with(Node::new).hold(cx);
    }

    /// The same for a shield, which no cancellation stops: beyond every frame there is nobody to
    /// hold off, and a shield that is polled there needs no node.
    pub(crate) fn hold_as_shield(self: Pin<&mut Self>, cx: &Context<'_>) {
        if context::surroundings().inside() || self.node.is_some() {
            let node = self.project().node.get_or_insert_with(Node::new);
            node.mark_shielded();
            node.hold(cx);
        }
    }

    #[inline]
    pub(crate) fn poll<P: Place>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        place: &mut P,
    ) -> Polled<F::Output> {
        self.parts().poll(cx, place)
    }

    fn parts(self: Pin<&mut Self>) -> Parts<'_, F> {
        let this = self.project();
        if *this.serial == 0 {
            *this.serial = context::next_serial();
        }
        Parts {
            future: this.future,
            serial: *this.serial,
            node: this.node,
        }
    }
}

/// What a frame consists of, for those who keep it elsewhere.
pub(crate) struct Parts<'a, F> {
    pub(crate) future: Pin<&'a mut Option<F>>,
    pub(crate) serial: u64,
    pub(crate) node: &'a mut Option<Arc<Node>>,
}

impl<F: Future> Parts<'_, F> {
    /// Takes what has been reported since `mark`, after a poll without the frame's machinery.
    pub(crate) fn adopt_mail(&mut self, mark: u32, ended: bool) {
        adopt(self.node, self.serial, mark, false, ended);
    }

    #[inline]
    pub(crate) fn poll<P: Place>(
        &mut self,
        cx: &mut Context<'_>,
        place: &mut P,
    ) -> Polled<F::Output> {
        loop {
            let own = place.own(self.node.as_ref());
            let inherited =
                !place.is_shielded(self.node.as_ref()) && context::effectively_cancelled();
            let cancelled = inherited || own != Own::No;
            if let Some(node) = &*self.node {
                if cancelled {
                    node.tell();
                } else {
                    node.untell();
                }
                if let Some(asker) = node.existing_asker() {
                    asker.set_real(cx.waker());
                }
            }

            let held = context::held();
            match self.poll_inner(cx, place, own, inherited) {
                Inner::Ready(value) => return Polled::Ready(value),
                Inner::Panicked(payload) => return Polled::Panicked(payload),
                Inner::Pending => {}
            }

            let own = place.own(self.node.as_ref());
            let inherited =
                !place.is_shielded(self.node.as_ref()) && context::effectively_cancelled();
            let cancelled_now = inherited || own != Own::No;
            let interrupts = own != Own::No || (P::CATCHES && inherited);
            if !interrupts {
                let Some(node) = &*self.node else {
                    return Polled::Pending;
                };
                if cancelled_now && !cancelled {
                    // Seen only now, and nothing was told: the frames further out will, but one
                    // that is not adopted yet would be left out.
                    node.tell();
                }
                node.register(cx);
                if place.own(Some(node)) != Own::No {
                    continue;
                }
                if P::REPORTS {
                    node.report_if_needed();
                }
                return Polled::Pending;
            }

            if !cancelled {
                // Once more, so that what is ready when it sees the cancellation is kept (rule C5).
                continue;
            }
            if own == Own::No {
                context::latch();
            }
            let Some(node) = self.node.clone() else {
                return self.interrupt::<P>();
            };
            if own == Own::Aborted {
                node.abort_groups();
                return self.interrupt::<P>();
            }
            if !node.is_held() {
                return self.interrupt::<P>();
            }
            if node.tell() {
                continue;
            }
            if context::held() != held {
                node.break_silence();
            } else {
                match self.ask(cx, place, &node) {
                    Inner::Ready(value) => return Polled::Ready(value),
                    Inner::Panicked(payload) => return Polled::Panicked(payload),
                    Inner::Pending => {}
                }
                if !node.is_held() {
                    return self.interrupt::<P>();
                }
            }
            node.register(cx);
            if !node.is_held() || (place.own(Some(&node)) == Own::Aborted) {
                continue;
            }
            if P::REPORTS {
                node.report_if_needed();
            }
            return Polled::Pending;
        }
    }

    #[inline]
    fn poll_inner<P: Place>(
        &mut self,
        cx: &mut Context<'_>,
        place: &mut P,
        own: Own,
        inherited: bool,
    ) -> Inner<F::Output> {
        let outer = context::surroundings();
        let mark = context::mail();
        let mut inner = if place.is_shielded(self.node.as_ref()) {
            outer.shielded(context::entries())
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
            let mut visit = Visit {
                outer,
                mark,
                place: &mut *place,
                node: &mut *self.node,
                done: false,
            };
            let inner = visit.place.enter(inner, visit.node);
            context::set_surroundings(inner);
            let polled = if P::CATCHES_PANICS {
                catch_unwind(AssertUnwindSafe(|| future.poll(cx)))
            } else {
                Ok(future.poll(cx))
            };
            visit.done = polled.is_ok();
            polled
        };
        match polled {
            Ok(Poll::Ready(value)) => {
                if context::mail() > mark {
                    // What began in this poll and outlives it reports again where it is polled.
                    adopt(self.node, self.serial, mark, place.keeps_refused(own), true);
                }
                if let Err(payload) = drop_future::<P, F>(self.future.as_mut()) {
                    drop_quietly(value);
                    leave_tree::<P>(self.node);
                    return Inner::Panicked(payload);
                }
                leave_tree::<P>(self.node);
                Inner::Ready(value)
            }
            Ok(Poll::Pending) => {
                if context::mail() > mark {
                    let own = place.own(self.node.as_ref());
                    adopt(
                        self.node,
                        self.serial,
                        mark,
                        place.keeps_refused(own),
                        false,
                    );
                }
                Inner::Pending
            }
            Err(payload) => {
                if let Err(second) = drop_future::<P, F>(self.future.as_mut()) {
                    drop_quietly(second);
                }
                leave_tree::<P>(self.node);
                Inner::Panicked(payload)
            }
        }
    }

    /// Drops the inner future.
    #[cold]
    fn interrupt<P: Place>(&mut self) -> Polled<F::Output> {
        let dropped = drop_future::<P, F>(self.future.as_mut());
        leave_tree::<P>(self.node);
        match dropped {
            Ok(()) => Polled::Interrupted,
            Err(payload) => Polled::Panicked(payload),
        }
    }

    /// Finds out which holders are stranded, and lets their holds lapse.
    ///
    /// It polls with a waker of its own first, so that combinators pass wake-ups to that; wakes
    /// every holder; and polls until nothing wakes it any more. A holder that was not polled by
    /// then, however often this is repeated, will not be, whatever happens.
    #[cold]
    fn ask<P: Place>(
        &mut self,
        cx: &mut Context<'_>,
        place: &mut P,
        node: &Arc<Node>,
    ) -> Inner<F::Output> {
        let asker = node.asker();
        asker.set_real(cx.waker());
        let waker = Waker::from(asker.clone());
        let mut asking = Context::from_waker(&waker);
        asker.start();
        let mut settled = false;
        for round in 0..ASK_POLLS {
            let own = place.own(Some(node));
            let inherited = !place.is_shielded(Some(node)) && context::effectively_cancelled();
            asker.take_noted();
            match self.poll_inner(&mut asking, place, own, inherited) {
                Inner::Pending => {}
                ended => {
                    asker.stop();
                    return ended;
                }
            }
            if round == 0 {
                node.ask_holders();
                continue;
            }
            // In this order: a wake-up that is over by the first look is seen by the second.
            let being_answered = node.is_being_answered();
            if !asker.take_noted() {
                settled = !being_answered;
                break;
            }
        }
        asker.stop();
        // What came in between, or is still busy, must not be lost.
        let mut again = !settled || asker.take_noted();
        if settled && node.has_unanswered() {
            if asker.note_silence() < SILENCE {
                again = true;
            } else {
                asker.break_silence();
                node.lapse_stranded();
            }
        }
        if again {
            cx.waker().wake_by_ref();
        }
        Inner::Pending
    }
}

enum Inner<T> {
    Ready(T),
    Panicked(Payload),
    Pending,
}

/// Puts back what was there before a poll, also when unwinding.
struct Visit<'a, P: Place> {
    outer: Surroundings,
    mark: u32,
    place: &'a mut P,
    node: &'a mut Option<Arc<Node>>,
    done: bool,
}

impl<P: Place> Drop for Visit<'_, P> {
    #[inline]
    fn drop(&mut self) {
        context::set_surroundings(self.outer);
        self.place.leave(self.node);
        if !self.outer.inside() {
            context::clear_dirty();
        }
        if !self.done && context::mail() > self.mark {
            // A poll that panicked reports nothing.
            drop(context::collect(self.mark));
        }
    }
}

/// Takes the mail above `mark`: holders go below the node, refused operations stay here or go on.
#[cold]
fn adopt(slot: &mut Option<Arc<Node>>, serial: u64, mark: u32, keeps_refused: bool, ended: bool) {
    for mail in context::collect(mark) {
        match mail {
            // It was moved on in this very poll, and has reported again there, or reported twice.
            Mail::Holder(child) if !child.awaits_adoption_by(serial) => {}
            Mail::Holder(child) => {
                if !ended {
                    slot.get_or_insert_with(Node::new).adopt(&child);
                } else {
                    child.forget_link();
                }
            }
            Mail::Refused(_, waker) if keeps_refused && ended => waker.wake(),
            Mail::Refused(id, waker) if keeps_refused => {
                slot.get_or_insert_with(Node::new).keep_refused(id, waker);
            }
            refused @ Mail::Refused(..) => context::post(refused),
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

fn drop_future<P: Place, F>(mut future: Pin<&mut Option<F>>) -> Result<(), Payload> {
    let dropping = || context::outside(|| future.set(None));
    if P::CATCHES_PANICS {
        catch_unwind(AssertUnwindSafe(dropping))
    } else {
        let mut dropping = dropping;
        dropping();
        Ok(())
    }
}

/// Drops a value whose destructor may panic where another panic is under way already.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // A payload whose own destructor panics would abort; leaking it is the lesser evil.
        std::mem::forget(payload);
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
