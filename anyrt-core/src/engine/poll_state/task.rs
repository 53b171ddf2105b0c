//! The task that is being polled: entering it, leaving it, and access to its record.

use std::mem::ManuallyDrop;

use super::cell::{CANCELLED, IN_TASK, Surroundings};
use super::open_block::close_block;
use super::open_frames::close_frame;
use super::thread::{THREAD, Thread, note_contexts, surroundings};
use crate::engine::clock::Clock;
use crate::engine::{CancelState, TaskRecord, Wait};

/// The state from before a task was entered.
pub(crate) struct Saved {
    surroundings: Surroundings,
    root: u32,
    /// The number of frames that were open.
    pub(crate) since: u32,
    wait: Wait,
    task: Option<TaskRecord>,
}

/// Enters a task. Moves the record in, which costs no reference count. [`leave_task`] restores the old state.
#[inline]
pub(crate) fn enter_task(task: TaskRecord, serial: u64, cancelled: bool) -> Saved {
    let tag = task.group().tag;
    THREAD.with(|thread| {
        let surroundings = thread.surroundings.get();
        if !surroundings.is_busy() {
            thread.fill_budget();
        }
        let entries = thread.entries.get();
        let inner = Surroundings::of_task(serial, entries, tag).with(CANCELLED, cancelled);
        thread.surroundings.set(inner);
        Saved {
            surroundings,
            root: thread.root.replace(entries),
            since: entries,
            wait: thread.wait.replace(Wait::Foreign),
            task: thread.replace_task(Some(task)),
        }
    })
}

/// Enters a task that is not cancelled and has neither a node nor a span, on a thread that polls nothing so far. That is the
/// usual case on the threads of a runtime, and leaves nothing to restore. Moves the record out of its slot.
/// Returns false, and does nothing, in all other cases and if there is no record. The task is left with
/// [`leave_pending`] or [`leave_outermost`].
#[inline]
pub(crate) fn enter_plainly(slot: &mut Option<TaskRecord>) -> bool {
    THREAD.with(|thread| thread.enter_plainly(slot))
}

/// Leaves a task after a pending poll. Puts its record back, with the kind of its wait and the node that its
/// frame got in the poll. Returns whether the task may stay pending.
#[inline]
pub(crate) fn leave_pending(slot: &mut Option<TaskRecord>, cx: &std::task::Context<'_>) -> bool {
    THREAD.with(|thread| thread.leave_pending(slot, cx))
}

/// Leaves a task after its last poll. Returns its record.
#[inline]
pub(crate) fn leave_outermost() -> Option<TaskRecord> {
    THREAD.with(Thread::leave_ended)
}

/// Leaves a task entered with [`enter_task`]. Returns its record, and the kind of its wait.
#[inline]
pub(crate) fn leave_task(outside: Saved) -> (Option<TaskRecord>, Wait) {
    THREAD.with(|thread| {
        if thread.spawned_into.get() != 0 {
            close_block();
        }
        thread.surroundings.set(outside.surroundings);
        thread.root.set(outside.root);
        if !outside.surroundings.is_busy() {
            thread.marks.clear_dirty();
        }
        let wait = thread.wait.replace(outside.wait);
        (thread.replace_task(outside.task), wait)
    })
}

/// Runs `f`, which drops something that belongs to the task, inside the task: destructors see it and its
/// context.
pub(crate) fn in_task<T>(slot: &mut Option<TaskRecord>, f: impl FnOnce() -> T) -> T {
    struct Leave<'a>(&'a mut Option<TaskRecord>, Option<Saved>);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            if let Some(outside) = self.1.take() {
                (*self.0, _) = leave_task(outside);
            }
        }
    }
    let Some(record) = slot.take() else {
        return f();
    };
    if record.has_context() {
        note_contexts();
    }
    let serial = record.id();
    let _leave = Leave(slot, Some(enter_task(record, serial, false)));
    f()
}

impl Thread {
    // These three are not inlined: every type of task has its own copy of the code around its polls, so that
    // code is kept small.

    #[inline(never)]
    fn enter_plainly(&self, slot: &mut Option<TaskRecord>) -> bool {
        if !self.surroundings.get().is_bare() || self.entries.get() != 0 {
            return false;
        }
        match slot {
            Some(task) if task.is_plain() => self.enter_outermost(slot),
            _ => self.enter_nearly_plainly(slot),
        }
    }

    /// Enters a task that has context variables, or was created by a call of `start` that is pending.
    #[cold]
    #[inline(never)]
    fn enter_nearly_plainly(&self, slot: &mut Option<TaskRecord>) -> bool {
        match slot {
            Some(task)
                if !task.has_root()
                    && !task.has_span()
                    && task.cancel_state() == CancelState::No =>
            {
                if task.has_context() {
                    self.contexts.set(true);
                }
                self.enter_outermost(slot)
            }
            _ => false,
        }
    }

    /// Enters a task on a thread that polls nothing. The task's record must be in `slot`.
    #[inline(always)]
    fn enter_outermost(&self, slot: &mut Option<TaskRecord>) -> bool {
        let Some(task) = slot.take() else {
            return false;
        };
        self.fill_budget();
        self.wait.set(Wait::Foreign);
        task.count_poll();
        let inner = Surroundings::of_task(task.id(), 0, task.group().tag);
        self.surroundings.set(inner);
        // The cell is empty on a thread that polls nothing.
        self.task.set(ManuallyDrop::new(Some(task)));
        true
    }

    #[inline(never)]
    fn leave_pending(&self, slot: &mut Option<TaskRecord>, cx: &std::task::Context<'_>) -> bool {
        match self.leave_outermost() {
            Some(task) => slot.insert(task).stay_pending(cx),
            None => true,
        }
    }

    #[inline(never)]
    fn leave_ended(&self) -> Option<TaskRecord> {
        self.leave_outermost()
    }

    #[inline(always)]
    fn leave_outermost(&self) -> Option<TaskRecord> {
        if self.entries.get() != 0 || self.spawned_into.get() != 0 {
            self.close_outermost();
        }
        self.surroundings.set(Surroundings::OUTSIDE);
        self.marks.clear_dirty();
        let task = self.replace_task(None)?;
        task.set_wait(self.wait.get());
        Some(task)
    }

    /// Closes the frame of the outermost task, and the block that it fills.
    #[cold]
    fn close_outermost(&self) {
        if self.spawned_into.get() != 0 {
            close_block();
        }
        if let Some(node) = close_frame(0) {
            with_task(|task| task.map(|task| task.set_root(node)));
        }
    }

    #[inline]
    fn replace_task(&self, task: Option<TaskRecord>) -> Option<TaskRecord> {
        ManuallyDrop::into_inner(self.task.replace(ManuallyDrop::new(task)))
    }
}

/// Replaces the record of the current task.
#[inline]
fn replace_task(task: Option<TaskRecord>) -> Option<TaskRecord> {
    THREAD.with(|thread| thread.replace_task(task))
}

/// Passes the record of the current task to `use_it`, which must not run user code.
#[inline]
pub(crate) fn with_task<T>(use_it: impl FnOnce(Option<&TaskRecord>) -> T) -> T {
    let task = replace_task(None);
    let result = use_it(task.as_ref());
    if task.is_some() {
        replace_task(task);
    }
    result
}

/// Returns the record of the current task.
pub(crate) fn current_task() -> Option<TaskRecord> {
    with_task(|task| task.cloned())
}

/// Returns the clock of the current task's run.
pub(crate) fn task_clock() -> Option<Clock> {
    with_task(|task| task.and_then(|task| task.group().node.clock()))
}

/// Returns the name of the current task, for messages.
pub(crate) fn task_name() -> Option<String> {
    with_task(|task| task.map(|task| task.name().to_string()))
}

/// Returns the id of the current task.
#[inline]
pub(crate) fn task_id() -> Option<u64> {
    if surroundings().has(IN_TASK) {
        with_task(|task| task.map(TaskRecord::id))
    } else {
        None
    }
}
