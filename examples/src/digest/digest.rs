//! The tasks. Blocking work runs on worker threads, in short turns: a cancellation waits only for the
//! turns that have begun.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};

use anyrt::fs::Path;
use anyrt::{GroupError, to_thread};
use anyrt_examples::{Files, Messages, Outcome, show_progress};

use crate::hash::{Batch, Job};
use crate::output;

/// The progress. Clones share their counters.
#[derive(Clone, Default)]
pub(crate) struct Summary(Arc<Counts>);

#[derive(Default)]
struct Counts {
    found: AtomicUsize,
    done: AtomicUsize,
}

impl Summary {
    pub(crate) fn set_found(&self, files: usize) {
        self.0.found.store(files, Ordering::Relaxed);
    }

    pub(crate) fn count_done(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = self.0.done.load(Ordering::Relaxed);
        let found = self.0.found.load(Ordering::Relaxed);
        write!(f, "{done} of {found} files done")
    }
}

/// Hashes the files at `paths`. A file that cannot be read is reported, and the others continue.
///
/// # Errors
///
/// Returns the error of writing the output, which cancels everything else.
pub(crate) async fn digest(
    paths: Vec<PathBuf>,
    jobs: NonZeroUsize,
    summary: &Summary,
    messages: &Messages,
) -> Result<(), GroupError<io::Error>> {
    anyrt::scoped_task_group(async |tg| {
        if messages.to_terminal() {
            tg.spawn(show_progress(summary));
        }
        let files = list(paths, summary).await;

        // A thread prints the results until the last sender is dropped. If this is cancelled, the body
        // of the group and its senders are dropped first; finished hashes are still printed.
        let (results, receiver) = mpsc::channel();
        let (counts, errors) = (summary.clone(), messages.clone());
        let writer = to_thread::run(move || output::write(&receiver, &counts, &errors));
        let writer = tg.spawn(writer);
        hash(files, jobs, results).await;

        writer.value().await;
        tg.cancel(); // only the progress is left
        Ok(())
    })
    .await
}

/// Finds the files, in the order in which they are printed.
async fn list(paths: Vec<PathBuf>, summary: &Summary) -> Vec<Outcome<Path>> {
    let mut found = Vec::new();
    for path in paths {
        let begin = found.len();
        let mut files = Files::below(Path::new(path));
        while let Some(file) = files.next().await {
            found.push(file);
            summary.set_found(found.len());
        }
        // There may be millions of files.
        found = to_thread::run(move || {
            found[begin..].sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
            found
        })
        .await;
    }
    found
}

fn bytes(found: &Outcome<Path>) -> &[u8] {
    let path = match found {
        Ok(path) => path,
        Err(unreadable) => unreadable.path(),
    };
    path.as_os_str().as_encoded_bytes()
}

/// Hashes the files, `jobs` at a time.
async fn hash(files: Vec<Outcome<Path>>, jobs: NonZeroUsize, results: mpsc::Sender<Batch>) {
    let jobs = jobs.get().min(files.len());
    let files = Arc::new(Mutex::new(files.into_iter().enumerate()));
    let jobs = (0..jobs).map(|_| {
        let files = files.clone();
        let next = move || files.lock().unwrap_or_else(PoisonError::into_inner).next();
        let mut job = Job::new(next, results.clone());
        async move {
            loop {
                let more;
                (job, more) = to_thread::run(move || {
                    let more = job.turn();
                    (job, more)
                })
                .await;
                if !more {
                    return;
                }
            }
        }
    });
    let jobs: Vec<_> = jobs.collect();
    drop(results);
    anyrt::gather(jobs).await;
}
