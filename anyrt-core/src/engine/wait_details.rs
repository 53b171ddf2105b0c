//! The descriptions of waits that the tasks of a run show.

use std::collections::BTreeMap;

use crate::loom::{Arc, Mutex, lock};

/// The details of a run's tasks, keyed by the task's id and a serial number.
#[derive(Default)]
pub(crate) struct WaitDetails(pub(super) Mutex<BTreeMap<(u64, u64), Arc<str>>>);

impl WaitDetails {
    /// Returns a description of the wait of the task with this id.
    pub(crate) fn of(&self, task: u64) -> Option<Arc<str>> {
        let details = lock(&self.0);
        let mut found = details.range((task, 0)..=(task, u64::MAX));
        found.next().map(|(_, detail)| detail.clone())
    }
}
