//! The handle of a spawned task. It shares the task's record with the task, and takes the value from it.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::{Cancelled, Cause, Operation, TaskEnd, TaskRecord, Wait, poll_state, trace};
use crate::error::{TaskError, ValueError};
use crate::loom::{Arc, Mutex, lock};
use crate::task::TaskId;

/// A handle of a spawned task.
///
/// Awaiting it returns `Result<T, TaskError>`, awaiting its [`value`](TaskHandle::value) returns `T`. Dropping it
/// does not affect the task, which continues (rule [G8](crate::rules#g8)). The task's own error goes to its
/// group.
///
/// # Cancel safety
///
/// Awaiting it is cancel safe: the result stays in the task's record.
pub struct TaskHandle<T> {
    record: TaskRecord,
    access: Access<T>,
    operation: Operation,
    key: u64,
    /// `true` after the handle has returned its value.
    spent: bool,
    /// Held while the value is out of the record, to be cloned.
    copying: Mutex<()>,
}

/// The way to access a value whose type is known.
enum Access<T> {
    /// In the record.
    InRecord {
        take: fn(&TaskRecord) -> Option<T>,
        put_back: fn(&TaskRecord, T),
    },
    /// In a cell next to the record, since the value may borrow.
    InCell(Arc<ValueCell<T>>),
}

/// A value that was taken out of its record. It is put back on drop, also if cloning it panics.
struct Lent<'a, T> {
    record: &'a TaskRecord,
    value: Option<T>,
    put_back: fn(&TaskRecord, T),
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            (self.put_back)(self.record, value);
        }
    }
}

/// The storage for the value of a finished task that is polled in place.
pub(crate) struct ValueCell<T>(Mutex<Option<T>>);

impl<T> ValueCell<T> {
    pub(crate) fn new() -> ValueCell<T> {
        ValueCell(Mutex::new(None))
    }

    pub(crate) fn put(&self, value: T) {
        *lock(&self.0) = Some(value);
    }
}

/// The status of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskStatus {
    /// It runs, or waits.
    Pending,
    /// It was cancelled through its handle, and has not ended yet.
    Cancelling,
    /// It ended with a value.
    Finished,
    /// It ended with an error or a panic, which its group has.
    Failed,
    /// It was interrupted by a cancellation.
    Cancelled,
}

impl<T> TaskHandle<T> {
    pub(crate) fn whole(record: TaskRecord) -> TaskHandle<T>
    where
        T: Send + 'static,
    {
        TaskHandle {
            record,
            access: Access::InRecord {
                take: TaskRecord::take_value,
                put_back: TaskRecord::return_value,
            },
            operation: Operation::New,
            key: 0,
            spent: false,
            copying: Mutex::new(()),
        }
    }

    pub(crate) fn split(record: TaskRecord, cell: Arc<ValueCell<T>>) -> TaskHandle<T> {
        TaskHandle {
            record,
            access: Access::InCell(cell),
            operation: Operation::New,
            key: 0,
            spent: false,
            copying: Mutex::new(()),
        }
    }

    #[inline]
    fn record(&self) -> &TaskRecord {
        &self.record
    }

    /// Takes the value of a task that has finished. Returns `None` if the handle has returned it already.
    fn take_value(&self) -> Option<T> {
        if self.spent {
            return None;
        }
        match &self.access {
            Access::InRecord { take, .. } => take(&self.record),
            Access::InCell(cell) => lock(&cell.0).take(),
        }
    }

    /// Cancels this task alone. Its siblings continue, and its group does not count it as failed.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(anyrt::sleep_forever());
    ///     task.cancel();
    ///     task.wait().await;
    ///     assert!(!tg.scope().is_cancelled());
    /// });
    /// assert!(group.await.is_ok(), "a cancelled child is not a failure");
    /// # });
    /// ```
    pub fn cancel(&self) {
        self.cancel_for(None);
    }

    /// Cancels this task alone, with a reason.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(anyrt::sleep_forever());
    ///     task.cancel_with("not needed");
    ///     task.wait().await;
    ///     let error = task.try_error().unwrap().unwrap();
    ///     assert_eq!(error.cancellation().unwrap().reason(), Some("not needed"));
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn cancel_with(&self, reason: impl Into<String>) {
        self.cancel_for(Some(reason.into()));
    }

    fn cancel_for(&self, reason: Option<String>) {
        let cause = Cancelled::with(Cause::Explicit, reason, poll_state::task_name());
        let record = self.record();
        if record.end().is_none() && !record.is_cancelling() {
            trace::task_cancelled(record, &cause);
        }
        record.cancel(cause);
    }

    /// Returns whether the task has ended, in any way.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(async {});
    ///     task.wait().await;
    ///     assert!(task.is_finished());
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.record().end().is_some()
    }

    /// Returns the status of the task.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::TaskStatus;
    ///
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(anyrt::sleep_forever());
    ///     assert_eq!(task.status(), TaskStatus::Pending);
    ///     task.cancel();
    ///     task.wait().await;
    ///     assert_eq!(task.status(), TaskStatus::Cancelled);
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn status(&self) -> TaskStatus {
        match self.record().end() {
            Some(TaskEnd::Finished) => TaskStatus::Finished,
            Some(TaskEnd::Failed) => TaskStatus::Failed,
            Some(TaskEnd::Cancelled) => TaskStatus::Cancelled,
            None if self.record().is_cancelling() => TaskStatus::Cancelling,
            None => TaskStatus::Pending,
        }
    }

    /// Returns the task's id.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let (first, second) = (tg.spawn(async {}), tg.spawn(async {}));
    ///     assert_ne!(first.id(), second.id());
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn id(&self) -> TaskId {
        TaskId::new(self.record().id())
    }

    /// Returns the name that the task was given, or else the location where it was spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let (named, plain) = (tg.task().name("sum").spawn(async {}), tg.spawn(async {}));
    ///     assert_eq!(&*named.name(), "sum");
    ///     assert!(plain.name().contains(".rs"), "the place of the spawn");
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn name(&self) -> Arc<str> {
        self.record().name()
    }

    /// Waits until the task has ended, in any way.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping it does not affect the task.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(async { Ok::<_, std::io::Error>(6 * 7) });
    ///     task.wait().await;
    ///     assert_eq!(task.try_value(), Ok(42));
    ///     Ok(())
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn wait(&self) -> TaskWait<'_> {
        TaskWait {
            record: self.record(),
            operation: Operation::New,
            key: 0,
        }
    }

    /// Returns a clone of the value, if the task has finished; the handle keeps the value.
    ///
    /// # Errors
    ///
    /// [`ValueError`] if there is no value: the task has not ended, failed, was cancelled, or its value was
    /// taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::ValueError;
    ///
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(anyrt::sleep_forever());
    ///     assert!(matches!(task.try_value(), Err(ValueError::NotFinished)));
    ///     tg.cancel();
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn try_value(&self) -> Result<T, ValueError>
    where
        T: Clone,
    {
        match self.record().end() {
            None => Err(ValueError::NotFinished),
            Some(TaskEnd::Failed) => Err(ValueError::Failed),
            Some(TaskEnd::Cancelled) => Err(ValueError::Cancelled),
            Some(TaskEnd::Finished) if self.spent => Err(ValueError::Taken),
            Some(TaskEnd::Finished) => {
                let value = match &self.access {
                    Access::InRecord { take, put_back } => {
                        // `clone` runs under the handle's lock, and not under the record's, which others
                        // need. The value cannot be taken meanwhile: that needs exclusive access to the
                        // handle.
                        let _copying = lock(&self.copying);
                        let lent = Lent {
                            record: &self.record,
                            value: take(&self.record),
                            put_back: *put_back,
                        };
                        lent.value.clone()
                    }
                    Access::InCell(cell) => lock(&cell.0).clone(),
                };
                value.ok_or(ValueError::Taken)
            }
        }
    }

    /// Returns the reason why the task failed or was cancelled, or `None` if it finished.
    ///
    /// # Errors
    ///
    /// [`ValueError::NotFinished`] if the task has not ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::ValueError;
    ///
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(anyrt::sleep_forever());
    ///     assert_eq!(task.try_error().unwrap_err(), ValueError::NotFinished);
    ///     task.cancel();
    ///     task.wait().await;
    ///     assert!(task.try_error().unwrap().unwrap().is_cancelled());
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn try_error(&self) -> Result<Option<TaskError>, ValueError> {
        match self.record().end() {
            None => Err(ValueError::NotFinished),
            Some(end) => Ok(self.error(end)),
        }
    }

    fn error(&self, end: TaskEnd) -> Option<TaskError> {
        match end {
            TaskEnd::Finished => None,
            TaskEnd::Failed => Some(TaskError::failed()),
            TaskEnd::Cancelled => Some(TaskError::cancelled(self.record().cause())),
        }
    }

    /// Waits for the value.
    ///
    /// If the task fails, its group is cancelled. That also cancels this wait if it is part of the group.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses the value if the task has finished meanwhile. Await the handle itself if that
    /// matters.
    ///
    /// # Panics
    ///
    /// If there is no value and this wait is not cancelled: the task itself was cancelled, or it failed and
    /// this is outside its group, or the group keeps going.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let group = anyrt::task_group(async |tg| {
    ///     let task = tg.spawn(async { Ok::<_, std::io::Error>(vec![1, 2, 3]) });
    ///     assert_eq!(task.value().await, [1, 2, 3]);
    ///     Ok(())
    /// });
    /// group.await.unwrap();
    /// # });
    /// ```
    pub fn value(self) -> TaskValue<T> {
        TaskValue { handle: self }
    }
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        std::task::ready!(this.operation.begin(cx));
        let mut key = this.key;
        let end = this.record().poll_end(&mut key, cx);
        this.key = key;
        let Poll::Ready(end) = end else {
            poll_state::waits_for(Wait::Task);
            return Poll::Pending;
        };
        if let Some(error) = this.error(end) {
            // The group was cancelled before the end of the task became visible.
            if this.operation.interrupts(cx) {
                return Poll::Pending;
            }
            return Poll::Ready(Err(error));
        }
        let value = this.take_value();
        this.spent = true;
        Poll::Ready(value.ok_or_else(TaskError::taken))
    }
}

// Nothing is pinned: the value is behind a lock.
impl<T> Unpin for TaskHandle<T> {}

impl<T> Drop for TaskHandle<T> {
    #[inline]
    fn drop(&mut self) {
        self.record.forget_waiter(self.key);
        // A value without a size and without a destructor may stay in the record.
        let may_stay = size_of::<T>() == 0 && !mem::needs_drop::<T>();
        if !self.spent && !may_stay && self.record.detach() {
            drop(self.take_value());
        }
    }
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("status", &self.status())
            .finish()
    }
}

/// The future of [`TaskHandle::value`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct TaskValue<T> {
    handle: TaskHandle<T>,
}

impl<T> Future for TaskValue<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match std::task::ready!(Pin::new(&mut self.handle).poll(cx)) {
            Ok(value) => Poll::Ready(value),
            Err(error) => panic!(
                "the task `{}` has no value: {error}; await the handle itself to handle that",
                self.handle.name(),
            ),
        }
    }
}

impl<T> fmt::Debug for TaskValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskValue").field(&self.handle).finish()
    }
}

/// The future of [`TaskHandle::wait`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct TaskWait<'a> {
    record: &'a TaskRecord,
    operation: Operation,
    key: u64,
}

impl Future for TaskWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        std::task::ready!(this.operation.begin(cx));
        let end = this.record.poll_end(&mut this.key, cx);
        if end.is_pending() {
            poll_state::waits_for(Wait::Task);
        }
        end.map(|_| ())
    }
}

impl Drop for TaskWait<'_> {
    fn drop(&mut self) {
        self.record.forget_waiter(self.key);
    }
}

impl fmt::Debug for TaskWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskWait").field(self.record).finish()
    }
}
