//! The tasks: one for each job. They share a `Batch`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyrt::sync::{Semaphore, SemaphorePermitArc};
use anyrt::{CancelHandle, GroupError};

use crate::attempt::{Log, Outcome, attempt};
use crate::list::{Job, List};
use crate::options::Options;
use crate::report::{Report, one_line};
use crate::screen::Screen;

/// The interval at which the view is updated.
const PERIOD: Duration = Duration::from_millis(100);

/// The delay before the first retry, and the longest delay before any other.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// The state that the tasks share.
pub(crate) struct Batch {
    pub(crate) options: Options,
    pub(crate) report: Report,
    pub(crate) screen: Screen,
    /// The scope of all jobs.
    pub(crate) jobs: CancelHandle,
}

/// Runs all jobs of the list, with the view below them.
///
/// # Errors
///
/// Returns an error if the list cannot be read, or the output cannot be written, which cancels
/// everything else.
pub(crate) async fn run_all(batch: Arc<Batch>, list: List) -> Result<(), GroupError<io::Error>> {
    let jobs = anyrt::task_group(async |jobs| {
        let slots = Arc::new(Semaphore::new(batch.options.jobs.get()));
        loop {
            // A job is read when a slot is free: the list may be endless, or come from a process that
            // waits for this one.
            let slot = slots.acquire_arc().await;
            let Some(job) = list.next().await? else {
                batch.report.set_not_started(0);
                return Ok(());
            };
            jobs.spawn(run_job(batch.clone(), job, slot, slots.clone()));
        }
    });
    anyrt::race((show(&batch), jobs)).await
}

/// Runs a job until it succeeds, or has finally failed.
async fn run_job(
    batch: Arc<Batch>,
    job: Job,
    slot: SemaphorePermitArc,
    slots: Arc<Semaphore>,
) -> io::Result<()> {
    let (mut slot, mut number, mut delay) = (Some(slot), 1, FIRST_DELAY);
    loop {
        let at_work = match slot.take() {
            Some(slot) => slot,
            None => slots.acquire_arc().await,
        };
        batch.report.begins(&job);
        let (outcome, log) = attempt(&job, number, &batch.options).await?;
        if outcome.is_success() || number > batch.options.retries {
            return batch.finish(&job, number, outcome, log).await;
        }
        batch.report.waits(&job);
        drop(at_work);
        batch.screen.print(log).await?;
        anyrt::sleep(delay).await;
        delay = (delay * 2).min(LONGEST_DELAY);
        number += 1;
    }
}

impl Batch {
    /// Reports the result of a job.
    async fn finish(&self, job: &Job, attempts: u32, outcome: Outcome, log: Log) -> io::Result<()> {
        let took = self.report.ends(job, attempts, &outcome, &log);
        self.screen.print(log).await?;
        let failed = !outcome.is_success();
        if failed || !self.screen.is_terminal() {
            self.say(job, attempts, &outcome, took);
        }
        if failed && self.options.halt {
            self.jobs.cancel_with("a job failed");
        }
        Ok(())
    }

    fn say(&self, job: &Job, attempts: u32, outcome: &Outcome, took: Duration) {
        let attempts = match attempts {
            1 => String::new(),
            attempts => format!(", {attempts} attempts"),
        };
        let (number, seconds) = (job.number, took.as_secs_f64());
        let line = job.line.to_string_lossy();
        let line = one_line(&line);
        self.screen.say(&format!(
            "{number:04} {outcome} ({seconds:.1} s{attempts}): {line}"
        ));
    }
}

/// Keeps the view up to date, until it is cancelled.
async fn show<T>(batch: &Batch) -> T {
    if !batch.screen.is_terminal() {
        anyrt::sleep_forever().await
    }
    let drawing = async {
        let mut interval = anyrt::interval(PERIOD);
        loop {
            interval.tick().await;
            batch.screen.draw(&batch.report.view());
        }
    };
    anyrt::finally(drawing, async || batch.screen.clear()).await
}
