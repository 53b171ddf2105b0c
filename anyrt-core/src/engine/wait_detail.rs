//! Descriptions of waits in words, where [`Wait`](super::Wait) is not specific enough.

use super::poll_state::{self, next_serial};
use super::run::Run;
use crate::loom::{Arc, lock};

/// A detail that is shown until it is dropped.
pub(crate) struct WaitDetail {
    run: Arc<Run>,
    key: (u64, u64),
}

impl WaitDetail {
    /// Shows a detail for the current task. Returns `None` outside of every run.
    pub(crate) fn of_current(detail: &Arc<str>) -> Option<WaitDetail> {
        let run = Run::of_task()?;
        let task = poll_state::with_task(|task| task.map(|task| task.id()))?;
        let key = (task, next_serial());
        lock(&run.wait_details.0).insert(key, detail.clone());
        Some(WaitDetail { run, key })
    }
}

impl Drop for WaitDetail {
    fn drop(&mut self) {
        lock(&self.run.wait_details.0).remove(&self.key);
    }
}
