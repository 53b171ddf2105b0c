//! The storage of a task's value until its handle takes it.
//!
//! Most tasks of a block have values of one type. These are stored side by side in one allocation, which is
//! created when the first of these tasks ends. A large value is boxed there. A value of another type is
//! stored in its task's record, and `()` is not stored at all.

use std::any::Any;
use std::array;
use std::mem;

use super::children::{SIZE, TaskRecord};
use crate::engine::{TaskEnd, poll_state};
use crate::loom::{Mutex, lock};

/// The size above which values are boxed, since a single value keeps the storage of the whole block.
const MAX_SIZE: usize = 32;

/// The cells for values of one type.
type Cells<T> = [Mutex<Option<T>>; SIZE];

impl TaskRecord {
    /// Ends the task with a value, which is kept for its handle if that exists.
    #[inline]
    pub(crate) fn finish_with_value<T: Send + 'static>(&self, value: T) {
        if unit::<T>().is_some() {
            self.finish(TaskEnd::Finished);
        } else if size_of::<T>() > MAX_SIZE {
            self.finish_beside_others(Box::new(value));
        } else {
            self.finish_beside_others(value);
        }
    }

    #[inline]
    fn finish_beside_others<T: Send + 'static>(&self, value: T) {
        // The first task of the block that ends with a value decides on the type of the cells.
        let values = self.values().get_or_init(|| {
            let cells: Cells<T> = array::from_fn(|_| Mutex::new(None));
            Box::new(cells)
        });
        let Some(cells) = values.downcast_ref::<Cells<T>>() else {
            // The cells have another type, so the value goes into the record of its task.
            if let Some(value) = self.finish_with(Box::new(value)) {
                self.drop_inside(value);
            }
            return;
        };
        let cell = &cells[self.index()];
        *lock(cell) = Some(value);
        // Either this sees that the handle is gone, or the handle sees that the task has ended: `DETACHED`
        // and the end are bits of one word, changed under one lock.
        if !self.finish(TaskEnd::Finished) {
            let value = lock(cell).take();
            self.drop_inside(value);
        }
    }

    /// Drops a value that is not taken, inside the task.
    pub(crate) fn drop_inside<T>(&self, value: T) {
        if mem::needs_drop::<T>() {
            self.run_inside(|| drop(value));
        }
    }

    /// Runs `f` inside the task. `f` may drop the task's value or call functions of the user.
    pub(crate) fn run_inside(&self, f: impl FnOnce()) {
        poll_state::in_task(&mut Some(self.clone()), || poll_state::outside(f));
    }

    /// Takes the value of a task that has ended. `()` can be taken any number of times.
    pub(crate) fn take_value<T: Send + 'static>(&self) -> Option<T> {
        if let Some(unit) = unit() {
            Some(unit)
        } else if size_of::<T>() > MAX_SIZE {
            self.take_from_others::<Box<T>>().map(|value| *value)
        } else {
            self.take_from_others()
        }
    }

    fn take_from_others<T: 'static>(&self) -> Option<T> {
        if let Some(cells) = self.cells::<T>() {
            return lock(&cells[self.index()]).take();
        }
        let value = self.take_boxed()?.downcast().ok()?;
        Some(*value)
    }

    /// Puts back a value that was taken.
    pub(crate) fn return_value<T: Send + 'static>(&self, value: T) {
        if unit::<T>().is_some() {
            return;
        }
        if size_of::<T>() > MAX_SIZE {
            self.return_to_others(Box::new(value));
        } else {
            self.return_to_others(value);
        }
    }

    fn return_to_others<T: Send + 'static>(&self, value: T) {
        if let Some(cells) = self.cells::<T>() {
            // Two statements: the destructor of a value is foreign code, and runs without the lock.
            let old = lock(&cells[self.index()]).replace(value);
            drop(old);
        } else {
            self.return_boxed(Box::new(value));
        }
    }

    /// Returns the cells for values of this type, if the block has them.
    fn cells<T: 'static>(&self) -> Option<&Cells<T>> {
        self.values().get()?.downcast_ref()
    }
}

/// Returns `()` if `T` is that type, which is known at compile time.
#[inline(always)]
fn unit<T: 'static>() -> Option<T> {
    let unit: &mut dyn Any = &mut Some(());
    unit.downcast_mut::<Option<T>>()?.take()
}
