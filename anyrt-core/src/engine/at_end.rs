//! Actions that a run carries out when its main task has ended, before it waits for the remaining tasks.

use crate::loom::{Mutex, lock};

type Action = Box<dyn FnOnce() + Send>;

/// The actions of a run; `None` once they have been carried out.
pub(crate) struct AtEnd(Mutex<Option<Vec<Action>>>);

impl AtEnd {
    pub(crate) fn new() -> AtEnd {
        AtEnd(Mutex::new(Some(Vec::new())))
    }

    /// Adds an action, which the thread that polls the main task carries out. If the main task has ended, the
    /// action runs here.
    pub(crate) fn add(&self, action: impl FnOnce() + Send + 'static) {
        let mut actions = lock(&self.0);
        match actions.as_mut() {
            Some(actions) => actions.push(Box::new(action)),
            None => {
                // The action may add another, which takes the lock.
                drop(actions);
                action();
            }
        }
    }

    /// Carries out all actions, once.
    pub(crate) fn carry_out(&self) {
        // The lock is released before the first action runs. From here on, `add` runs its action at once.
        let actions = lock(&self.0).take();
        for action in actions.into_iter().flatten() {
            action();
        }
    }
}
