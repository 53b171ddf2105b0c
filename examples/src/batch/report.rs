//! The results of the jobs. It keeps the counts, the running jobs and the slowest ones, for any number
//! of jobs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyrt::Instant;
use anyrt::fs::File;
use anyrt::stream::{MemoryObjectReceiveStream, MemoryObjectSendStream};
use serde_json::{Value, json};

use crate::attempt::{Log, Outcome};
use crate::list::Job;

/// The number of slow jobs in the summary.
const SLOWEST: usize = 5;

/// The number of running jobs in the view.
const SHOWN: usize = 10;

/// A report. Clones share their state.
#[derive(Clone)]
pub(crate) struct Report(Arc<Mutex<State>>);

struct State {
    begun: Instant,
    counts: Counts,
    records: Records,
    /// The jobs that have begun and are not done: the start of the first attempt, and of the running
    /// one, if any.
    open: BTreeMap<usize, Open>,
    slowest: Vec<(Duration, usize, String)>,
    /// The number of jobs that were not started, if it is known.
    not_started: Option<usize>,
}

#[derive(Default)]
struct Counts {
    succeeded: usize,
    failed: usize,
    timed_out: usize,
}

struct Open {
    line: String,
    begun: Instant,
    /// The start of the running attempt, or `None` while it waits for the next.
    attempt: Option<Instant>,
}

impl Report {
    /// Creates a report that sends its records to `records`, if given.
    pub(crate) fn new(records: Option<MemoryObjectSendStream<String>>) -> Report {
        Report(Arc::new(Mutex::new(State {
            begun: anyrt::now(),
            records: Records {
                stream: records,
                is_first: true,
            },
            counts: Counts::default(),
            open: BTreeMap::new(),
            slowest: Vec::new(),
            not_started: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the start of an attempt of a job.
    pub(crate) fn begins(&self, job: &Job) {
        let now = anyrt::now();
        let open = || Open {
            line: job.line.to_string_lossy().into_owned(),
            begun: now,
            attempt: None,
        };
        self.state()
            .open
            .entry(job.number)
            .or_insert_with(open)
            .attempt = Some(now);
    }

    /// Notes that an attempt of a job has failed and is retried.
    pub(crate) fn waits(&self, job: &Job) {
        if let Some(open) = self.state().open.get_mut(&job.number) {
            open.attempt = None;
        }
    }

    /// Notes the final result of a job. Returns how long it took.
    pub(crate) fn ends(&self, job: &Job, attempts: u32, outcome: &Outcome, log: &Log) -> Duration {
        let mut state = self.state();
        let Counts {
            succeeded,
            failed,
            timed_out,
        } = &mut state.counts;
        let (name, counter, status, error) = match outcome {
            Outcome::Ended(status) if status.success() => {
                ("succeeded", succeeded, Some(status), None)
            }
            Outcome::Ended(status) => ("failed", failed, Some(status), None),
            Outcome::TimedOut => ("timed out", timed_out, None, None),
            Outcome::NotStarted(error) => ("failed", failed, None, Some(error.to_string())),
        };
        *counter += 1;
        let Some(open) = state.open.remove(&job.number) else {
            return Duration::ZERO;
        };
        let took = anyrt::now() - open.begun;
        let log = match log {
            Log::Kept(path) => Some(path.to_string_lossy()),
            Log::Unnamed(_) => None,
        };
        state.records.add(&json!({
            "job": job.number,
            "command": open.line,
            "outcome": name,
            "attempts": attempts,
            "status": status.and_then(|status| status.code()),
            "signal": status.and_then(|status| status.signal()),
            "error": error,
            "seconds": took.as_secs_f64(),
            "log": log,
        }));
        state.slowest.push((took, job.number, open.line));
        state.slowest.sort_by_key(|(took, ..)| Reverse(*took));
        state.slowest.truncate(SLOWEST);
        took
    }

    pub(crate) fn set_not_started(&self, count: usize) {
        self.state().not_started = Some(count);
    }

    pub(crate) fn has_failures(&self) -> bool {
        let state = self.state();
        state.counts.failed + state.counts.timed_out > 0
    }

    /// Returns the lines that the terminal shows while jobs are running.
    pub(crate) fn view(&self) -> Vec<String> {
        let (state, now) = (self.state(), anyrt::now());
        let at_work =
            |(number, open): (&usize, &Open)| Some((*number, open.attempt?, open.line.clone()));
        let mut running: Vec<_> = state.open.iter().filter_map(at_work).collect();
        running.sort_by_key(|(_, begun, _)| *begun);
        let mut lines = vec![format!(
            "{} running, {}, {:.1} s",
            running.len(),
            state.counts,
            (now - state.begun).as_secs_f64()
        )];
        let rows = running.iter().take(SHOWN);
        lines.extend(rows.map(|(number, begun, line)| row(now - *begun, *number, line)));
        if running.len() > SHOWN {
            lines.push(format!("            and {} more", running.len() - SHOWN));
        }
        lines
    }

    /// Returns the lines of the summary.
    pub(crate) fn summary(&self) -> Vec<String> {
        let state = self.state();
        let mut first = state.counts.to_string();
        if !state.open.is_empty() {
            first += &format!(", {} stopped", state.open.len());
        }
        match state.not_started {
            Some(0) => {}
            Some(count) => first += &format!(", {count} not started"),
            None => first += ", the rest of the list was not read",
        }
        first += &format!(", in {:.1} s", (anyrt::now() - state.begun).as_secs_f64());
        let slowest = state.slowest.iter();
        let slowest = slowest.map(|(took, number, line)| row(*took, *number, line));
        std::iter::once(first).chain(slowest).collect()
    }

    /// Adds the unfinished jobs and the counts to the records, and ends them.
    pub(crate) fn end_records(&self) {
        let (mut state, now) = (self.state(), anyrt::now());
        let State {
            begun,
            counts,
            open,
            records,
            not_started,
            ..
        } = &mut *state;
        for (number, open) in &*open {
            records.add(&json!({
                "job": number,
                "command": open.line,
                "outcome": "stopped",
                "seconds": (now - open.begun).as_secs_f64(),
            }));
        }
        records.end(&json!({
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "timed_out": counts.timed_out,
            "stopped": open.len(),
            "not_started": not_started,
            "seconds": (now - *begun).as_secs_f64(),
        }));
    }
}

/// The records for the file of `--json`: one object, with a list of all jobs and the counts.
struct Records {
    /// `None` if there is no file, or nothing more to write.
    stream: Option<MemoryObjectSendStream<String>>,
    is_first: bool,
}

impl Records {
    /// Adds a job. The stream is unbounded, so that a counted job is recorded even if everything is
    /// cancelled.
    fn add(&mut self, job: &Value) {
        let before = if self.is_first {
            "{\"jobs\": [\n"
        } else {
            ",\n"
        };
        self.is_first = false;
        self.send(format!("{before}{job}"));
    }

    fn end(&mut self, counts: &Value) {
        let before = if self.is_first { "{\"jobs\": [" } else { "" };
        let counts = counts.to_string();
        self.send(format!(
            "{before}\n],\n{}\n",
            counts.trim_start_matches('{')
        ));
        self.stream = None;
    }

    fn send(&self, text: String) {
        if let Some(stream) = &self.stream {
            // If the file cannot be written, that is reported at the end.
            let _ = stream.try_send(text);
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            succeeded,
            failed,
            timed_out,
        } = self;
        write!(
            f,
            "{succeeded} succeeded, {failed} failed, {timed_out} timed out"
        )
    }
}

/// Returns a line with a job and its time.
fn row(time: Duration, number: usize, line: &str) -> String {
    let seconds = time.as_secs_f64();
    format!("{seconds:8.1} s  {number:04} {}", one_line(line))
}

/// Returns a command as one line of text without control characters, which would break the view.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() { '?' } else { char })
        .collect()
}

/// Writes the records of `--json` to a file, until there are no more.
///
/// # Errors
///
/// Returns an error if the file cannot be written.
pub(crate) async fn write_records(
    mut file: File,
    records: MemoryObjectReceiveStream<String>,
) -> io::Result<()> {
    while let Ok(record) = records.receive().await {
        file.write_all(record.as_bytes()).await?;
    }
    file.close().await
}
