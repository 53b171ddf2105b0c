//! The future of a group: polls the body, then waits for the children.

use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, Stream};
use pin_project::{pin_project, pinned_drop};

use super::super::output::GroupOutput;
use crate::engine::{
    Cancelled, Cause, Errors, Frame, GroupState, LazyTimer, Polled, ScopePolicy, Wait,
    poll_deadlines, poll_state,
};
use crate::error::GroupError;
use crate::loom::Arc;
use crate::runtime::Time;
use crate::unwind::drop_quietly;

/// What the kinds of groups differ in.
pub(crate) trait Members<'env, E> {
    /// A child that is polled in place, if the group has such.
    type Child: Future<Output = ()> + Unpin;

    fn core(&self) -> &Arc<GroupState>;

    fn errors(&self) -> &Errors<'env, E>;

    /// Takes the children that were spawned since the last call.
    fn take_queue(&self) -> Vec<Self::Child>;

    /// Drops what is queued, and whatever will be.
    fn close_queue(&self);

    /// Whether [`take_queue`](Members::take_queue) would give something.
    fn has_queue(&self) -> bool;
}

/// How the body ended.
enum Ended<T> {
    Completed(T),
    /// Its error is among the group's, or its panic.
    Failed,
    Interrupted,
}

/// Opens a group and runs it to its end.
#[pin_project(PinnedDrop)]
pub(crate) struct GroupFuture<'env, R: Time, E, M: Members<'env, E>, Open, Fut: Future, T> {
    open: Option<Open>,
    #[pin]
    frame: Option<Frame<Fut>>,
    members: Option<Arc<M>>,
    children: Option<FuturesUnordered<M::Child>>,
    ended: Option<Ended<T>>,
    #[pin]
    timer: LazyTimer<R>,
    step: Step,
    kind: PhantomData<fn() -> &'env E>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Running,
    /// It has ended, and an enclosing scope has yet to catch the cancellation.
    Interrupted,
    Done,
}

impl<'env, R, E, M, Open, Fut, T> GroupFuture<'env, R, E, M, Open, Fut, T>
where
    R: Time,
    M: Members<'env, E>,
    Open: FnOnce() -> (Arc<M>, Fut),
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    pub(crate) fn new(open: Open) -> Self {
        GroupFuture {
            open: Some(open),
            frame: None,
            members: None,
            children: None,
            ended: None,
            timer: LazyTimer::new(),
            step: Step::Running,
            kind: PhantomData,
        }
    }
}

impl<'env, R, E, M, Open, Fut, T> Future for GroupFuture<'env, R, E, M, Open, Fut, T>
where
    R: Time,
    M: Members<'env, E>,
    Open: FnOnce() -> (Arc<M>, Fut),
    Fut: Future,
    Fut::Output: GroupOutput<E, Value = T>,
{
    type Output = Result<T, GroupError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(open) = this.open.take() {
            let (members, body) = open();
            let node = members.core().node.clone();
            members
                .core()
                .set_around(poll_state::look_around().deadline);
            this.frame.set(Some(Frame::with_node(body, node)));
            *this.members = Some(members);
        }
        let members = this
            .members
            .as_ref()
            .expect("the group is opened on its first poll");
        let core = members.core();
        match this.step {
            Step::Running => {}
            Step::Interrupted => return interrupted_before(core, cx),
            Step::Done => panic!("a group must not be polled after its end"),
        }
        loop {
            let inherited = !core.node.is_shielded() && poll_state::effectively_cancelled();
            if inherited {
                core.node.cancel_inherited();
            }
            let inhabited = core.living() > 0;

            if let Some(mut frame) = this.frame.as_mut().as_pin_mut() {
                let ended = match frame.as_mut().poll(cx, &mut ScopePolicy::<true>) {
                    Polled::Pending => None,
                    Polled::Ready(output) => Some(match output.into_result() {
                        Ok(value) => Ended::Completed(value),
                        Err(error) => {
                            members.errors().fail_body(core, error);
                            Ended::Failed
                        }
                    }),
                    Polled::Panicked(payload) => {
                        let by = core.host.as_ref().map(|host| host.name());
                        core.take_panic(payload, Cause::HostFailed, by.as_deref());
                        Some(Ended::Failed)
                    }
                    Polled::Interrupted => Some(Ended::Interrupted),
                };
                if ended.is_some() {
                    if matches!(ended, Some(Ended::Interrupted)) && core.node.is_inherited() {
                        // A shield that is switched on from now on comes late.
                        core.node.latch();
                    }
                    *this.ended = ended;
                    frame.part_from_node();
                    this.frame.set(None);
                }
            }

            poll_children(&**members, this.children, cx);

            let cut_short = core.was_cut_short() || (inherited && inhabited);
            if matches!(this.ended, Some(Ended::Completed(_)))
                && cut_short
                && !core.node.is_shielded()
                && poll_state::effectively_cancelled()
            {
                // Children were living when the cancellation was seen, so this is a cancel point
                // (rule C4).
                *this.ended = Some(Ended::Interrupted);
            }
            if this.ended.is_some() && core.is_empty() {
                if !poll_state::take_budget() {
                    poll_state::yield_turn(cx.waker());
                    core.node.hold(cx);
                    return Poll::Pending;
                }
                if core.try_end() {
                    break;
                }
                continue;
            }

            if poll_deadlines(&core.node, this.timer.as_mut(), cx) {
                continue;
            }
            if this.ended.is_some() {
                poll_state::waits_for(Wait::Children);
            }
            if core.living() > 0 {
                core.set_alarm(core.node.next_limit());
            }
            core.node.register(cx);
            // What came before the waker was in place.
            if members.has_queue() || (this.ended.is_some() && core.is_empty()) {
                continue;
            }
            core.node.hold(cx);
            return Poll::Pending;
        }

        *this.children = None;
        core.node.leave();
        core.detach();
        *this.step = Step::Done;
        if let Some(payload) = core.panic() {
            members.errors().give_up(core);
            resume_unwind(payload);
        }
        let errors = members.errors().take();
        if !errors.is_empty() {
            return Poll::Ready(Err(GroupError::failed(errors)));
        }
        match this.ended.take() {
            Some(Ended::Completed(value)) => Poll::Ready(Ok(value)),
            _ => {
                *this.step = Step::Interrupted;
                interrupted_before(core, cx)
            }
        }
    }
}

/// Polls the children that live in place until none makes progress.
fn poll_children<'env, E, M: Members<'env, E>>(
    members: &M,
    children: &mut Option<FuturesUnordered<M::Child>>,
    cx: &mut Context<'_>,
) {
    loop {
        if members.has_queue() {
            children
                .get_or_insert_with(FuturesUnordered::new)
                .extend(members.take_queue());
        }
        let Some(children) = children else { return };
        while let Poll::Ready(Some(())) = Pin::new(&mut *children).poll_next(cx) {}
        if !members.has_queue() {
            return;
        }
    }
}

#[cold]
fn interrupted_before<T, E>(
    core: &GroupState,
    cx: &mut Context<'_>,
) -> Poll<Result<T, GroupError<E>>> {
    // What another thread cancelled since this poll began has reached the group, and is to go on to
    // the scope that it belongs to.
    let shielded = core.node.is_shielded() && !core.node.is_inherited();
    if !shielded && (poll_state::effectively_cancelled() || poll_state::evaluate().cancelled) {
        poll_state::refuse(cx);
        return Poll::Pending;
    }
    core.node.set_caught();
    let cause = core
        .node
        .cause()
        .unwrap_or_else(|| Cancelled::new(Cause::Enclosing));
    Poll::Ready(Err(GroupError::Cancelled(cause)))
}

/// Dropped from outside (rule C10), or after its end.
#[pinned_drop]
impl<'env, R: Time, E, M: Members<'env, E>, Open, Fut: Future, T> PinnedDrop
    for GroupFuture<'env, R, E, M, Open, Fut, T>
{
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        let Some(members) = this.members.take() else {
            return;
        };
        let core = members.core();
        if *this.step != Step::Running || core.has_ended() {
            return;
        }
        // Keeps the group open, and the one around, until everything in it has been dropped: errors and
        // panics that come up on the way go to whoever is left. After the end of its run that is nobody.
        let open = core.enter_as_task();
        core.orphan();
        poll_state::outside(|| {
            drop_quietly_in(core, || this.frame.set(None));
            drop_quietly_in(core, || *this.children = None);
            drop_quietly_in(core, || members.close_queue());
        });
        core.node.leave();
        members.errors().give_up(core);
        if open {
            core.leave_as_task();
        } else {
            core.pass_on_panic();
        }
    }
}

/// Runs a destructor; its panic counts as a child's, so that the rest is cleaned up as well.
fn drop_quietly_in(core: &GroupState, dropping: impl FnOnce()) {
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(dropping));
    if let Err(payload) = dropped {
        if std::thread::panicking() {
            drop_quietly(payload);
        } else {
            core.take_panic(payload, Cause::ChildFailed, None);
        }
    }
}
