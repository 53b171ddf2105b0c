//! Where the value of a task waits for its handle.
//!
//! Most tasks of a block give values of one type. These lie side by side in one allocation, which is made
//! when the first of them ends. A value of another type, a large one, and one that takes no room, is in
//! its task's record.

use std::any::Any;
use std::array;
use std::mem;

use super::children::{SIZE, TaskRecord};
use super::record::Value;
use crate::engine::{End, poll_state};
use crate::loom::{Mutex, OnceLock, lock};

/// Larger values are in their records: a single one would keep room for a whole block.
const MAX_SIZE: usize = 32;

/// Room for the values of a block's tasks.
pub(super) type Values = OnceLock<Box<dyn Any + Send + Sync>>;

/// The values of one type.
type Cells<T> = [Mutex<Option<T>>; SIZE];

impl TaskRecord {
    /// The task has ended with a value, which is kept for its handle if there is one.
    #[inline]
    pub(crate) fn finish_with_value<T: Send + 'static>(&self, value: T) {
        if size_of::<T>() == 0 || size_of::<T>() > MAX_SIZE {
            self.finish_boxed(Box::new(value));
            return;
        }
        let values = self.values().get_or_init(|| {
            let cells: Cells<T> = array::from_fn(|_| Mutex::new(None));
            Box::new(cells)
        });
        let Some(cells) = values.downcast_ref::<Cells<T>>() else {
            self.finish_boxed(Box::new(value));
            return;
        };
        let cell = &cells[self.index()];
        *lock(cell) = Some(value);
        // Either this sees that the handle is gone, or the handle that the task has ended.
        if !self.finish(End::Finished) {
            let value = lock(cell).take();
            self.drop_inside(value);
        }
    }

    fn finish_boxed(&self, value: Value) {
        if let Some(value) = self.finish_with(value) {
            self.drop_inside(value);
        }
    }

    /// Drops what the task gave and nobody takes, in the task.
    pub(crate) fn drop_inside<T>(&self, value: T) {
        if mem::needs_drop::<T>() {
            self.run_inside(|| drop(value));
        }
    }

    /// Runs `f`, which may drop what the task gave or call what the user wants to hear of it, in the task.
    pub(crate) fn run_inside(&self, f: impl FnOnce()) {
        poll_state::in_task(&mut Some(self.clone()), || poll_state::outside(f));
    }

    /// Takes the value of a task that has ended.
    pub(crate) fn take_value<T: 'static>(&self) -> Option<T> {
        let cells = self.values().get();
        if let Some(cells) = cells.and_then(|values| values.downcast_ref::<Cells<T>>())
            && let Some(value) = lock(&cells[self.index()]).take()
        {
            return Some(value);
        }
        let value = self.take_boxed()?.downcast().ok()?;
        Some(*value)
    }

    /// Puts back a value that was taken.
    pub(crate) fn return_value<T: Send + 'static>(&self, value: T) {
        let cells = self.values().get();
        if let Some(cells) = cells.and_then(|values| values.downcast_ref::<Cells<T>>()) {
            let old = lock(&cells[self.index()]).replace(value);
            drop(old);
        } else {
            self.return_boxed(Box::new(value));
        }
    }
}
