//! The future of a group: polls the body, then waits for the children. All kinds of groups use it.

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

/// The differences between the kinds of groups.
pub(crate) trait Members<'env, E> {
    /// The type of children that are polled in place, if the group has such.
    type Child: Future<Output = ()> + Unpin;

    fn core(&self) -> &Arc<GroupState>;

    fn errors(&self) -> &Errors<'env, E>;

    /// Takes the children that were spawned since the last call.
    fn take_queue(&self) -> Vec<Self::Child>;

    /// Drops the queued children, and all later ones.
    fn close_queue(&self);

    /// Returns whether [`take_queue`](Members::take_queue) would return a child.
    fn has_queue(&self) -> bool;
}

/// The way in which a group's body ended. Its failure is in the group already.
enum BodyEnd<T> {
    Completed(T),
    /// With an error, which is among those of the group, or a panic, which is stored there.
    Failed,
    Interrupted,
}

/// The future of a group: opens it, and runs it to its end.
#[pin_project(PinnedDrop)]
pub(crate) struct GroupFuture<'env, R: Time, E, M: Members<'env, E>, Open, Fut: Future, T> {
    open: Option<Open>,
    #[pin]
    frame: Option<Frame<Fut>>,
    members: Option<Arc<M>>,
    children: Option<FuturesUnordered<M::Child>>,
    ended: Option<BodyEnd<T>>,
    #[pin]
    timer: LazyTimer<R>,
    step: GroupStep,
    kind: PhantomData<fn() -> &'env E>,
}

/// The progress of a group: `Running`, then `Done`; or `Interrupted`, until an enclosing scope has caught the
/// cancellation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GroupStep {
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
            step: GroupStep::Running,
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
        // 1. Open the group on the first poll.
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
            GroupStep::Running => {}
            GroupStep::Interrupted => return interrupted_before(core, cx),
            GroupStep::Done => panic!("a group must not be polled after its end"),
        }
        // Ends: each `continue` needs a deadline that was carried out, a new child, or a departure of the
        // last child.
        loop {
            // 2. Pass a cancellation from outside on to the group.
            let inherited = !core.node.is_shielded() && poll_state::effectively_cancelled();
            if inherited {
                core.node.cancel_inherited();
            }
            let inhabited = core.living() > 0;

            // 3. Poll the body, and then the children that live in place.
            if let Some(mut frame) = this.frame.as_mut().as_pin_mut() {
                let ended = match frame.as_mut().poll(cx, &mut ScopePolicy::<true>) {
                    Polled::Pending => None,
                    Polled::Ready(output) => Some(match output.into_result() {
                        Ok(value) => BodyEnd::Completed(value),
                        Err(error) => {
                            members.errors().fail_body(core, error);
                            BodyEnd::Failed
                        }
                    }),
                    Polled::Panicked(payload) => {
                        let by = core.host.as_ref().map(|host| host.name());
                        core.take_panic(payload, Cause::HostFailed, by.as_deref());
                        Some(BodyEnd::Failed)
                    }
                    Polled::Interrupted => Some(BodyEnd::Interrupted),
                };
                if ended.is_some() {
                    if matches!(ended, Some(BodyEnd::Interrupted)) && core.node.is_inherited() {
                        // A shield that is switched on from now on is too late.
                        core.node.latch();
                    }
                    *this.ended = ended;
                    frame.part_from_node();
                    this.frame.set(None);
                }
            }

            poll_children(&**members, this.children, cx);

            // 4. If the body has ended and no child is left, end the group.
            let cut_short = core.was_cut_short() || (inherited && inhabited);
            if matches!(this.ended, Some(BodyEnd::Completed(_)))
                && cut_short
                && !core.node.is_shielded()
                && poll_state::effectively_cancelled()
            {
                // Children were alive when the cancellation was seen, so this is a cancel point (rule C4).
                *this.ended = Some(BodyEnd::Interrupted);
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

            // 5. Carry out deadlines, register the waker, check once more, and stay pending.
            if poll_deadlines(&core.node, this.timer.as_mut(), cx) {
                continue;
            }
            if this.ended.is_some() {
                poll_state::waits_for(Wait::Children);
            }
            if core.living() > 0 {
                core.set_alarm(core.node.next_deadline());
            }
            core.node.register(cx);
            // Checked after the waker is registered: later events wake the task.
            if members.has_queue() || (this.ended.is_some() && core.is_empty()) {
                continue;
            }
            core.node.hold(cx);
            return Poll::Pending;
        }

        // 6. After the end, return a panic, the errors, the cancellation or the value.
        *this.children = None;
        core.node.leave();
        core.detach();
        *this.step = GroupStep::Done;
        if let Some(payload) = core.panic() {
            members.errors().give_up(core);
            resume_unwind(payload);
        }
        let errors = members.errors().take();
        if !errors.is_empty() {
            return Poll::Ready(Err(GroupError::failed(errors)));
        }
        match this.ended.take() {
            Some(BodyEnd::Completed(value)) => Poll::Ready(Ok(value)),
            _ => {
                *this.step = GroupStep::Interrupted;
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
    // Ends when no child spawns another; each child is polled only when it is woken.
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

/// Returns the result of a group that ended without a value or an error: pending, if an enclosing scope
/// catches the cancellation, or the cause.
#[cold]
fn interrupted_before<T, E>(
    core: &GroupState,
    cx: &mut Context<'_>,
) -> Poll<Result<T, GroupError<E>>> {
    // A cancellation by another thread since this poll began has reached the group, and has to move on to the
    // scope that it belongs to.
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

/// Runs if the group is dropped from outside (rule C10), or after its end.
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
        if *this.step != GroupStep::Running || core.has_ended() {
            return;
        }
        // Counts a task in, which keeps the group and the one around open until everything in it has been
        // dropped. Errors and panics meanwhile go to the next receiver outwards. After the end of the run
        // there is none.
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

/// Runs a destructor. Its panic counts as a child's, so that the rest is cleaned up as well.
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
