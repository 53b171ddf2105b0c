//! The tasks, and the streams between them.
//!
//! ```text
//!          paths            texts             counts
//! walk ───────────▶ read ───────────▶ count ───────────▶ merge ──▶ print
//! one task          one per job       one per job        the group's body
//! ```
//!
//! A stage that is too fast waits until its stream has space, so that the number of objects in the
//! pipeline is limited. A stage ends when the previous one has ended and its stream is empty. Work that
//! blocks or computes runs on worker threads, in short turns: a cancellation waits only for the turns
//! that have begun.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use anyrt::fs::Path;
use anyrt::stream::{MemoryObjectReceiveStream, MemoryObjectSendStream};
use anyrt::sync::CapacityLimiter;
use anyrt::{GroupError, memory_object_stream, to_thread};
use anyrt_examples::{Files, Messages, show_progress};

use crate::count::{Counted, count};
use crate::read::Reader;
use crate::totals::Totals;

/// The largest useful number of threads.
const MAX_JOBS: usize = 256;

/// The number of objects that can wait between two stages.
const CAPACITY: usize = 2;

/// The number of files that are sent, and read, at a time.
const FILES: usize = 64;

/// The number of words that are printed.
const PRINTED: usize = 20;

/// The progress. Clones share their counters.
#[derive(Clone, Default)]
pub(crate) struct Summary(Arc<Counts>);

#[derive(Default)]
struct Counts {
    found: AtomicUsize,
    read: AtomicUsize,
    words: AtomicU64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.0.read.load(Ordering::Relaxed);
        let found = self.0.found.load(Ordering::Relaxed);
        let words = self.0.words.load(Ordering::Relaxed);
        write!(f, "{read} of {found} files read, {words} words counted")
    }
}

/// Counts and prints. A file that cannot be read is reported, and the others continue.
///
/// # Errors
///
/// Returns the error of writing the output.
pub(crate) async fn pipeline(
    dir: PathBuf,
    jobs: NonZeroUsize,
    summary: &Summary,
    messages: &Messages,
) -> Result<(), GroupError<io::Error>> {
    let jobs = jobs.get().min(MAX_JOBS);
    let limiter = Arc::new(CapacityLimiter::new(jobs));
    let dir = Path::new(dir).with_limiter(&limiter);
    let workers = to_thread::Options::new().limiter(&limiter);
    let stage = Stage {
        workers,
        summary: summary.clone(),
        messages: messages.clone(),
    };
    anyrt::task_group(async move |tg| {
        if messages.to_terminal() {
            tg.spawn(show_progress(summary.clone()));
        }
        let (found, paths) = memory_object_stream(CAPACITY);
        let (read, texts) = memory_object_stream(CAPACITY);
        let (counted, counts) = memory_object_stream(CAPACITY);
        tg.spawn(stage.clone().walk(dir, found));
        for _ in 0..jobs {
            tg.spawn(stage.clone().read(paths.clone(), read.clone()));
            tg.spawn(stage.clone().count(texts.clone(), counted.clone()));
        }
        // The tasks have clones. A stream ends when all its senders are dropped.
        drop((paths, read, texts, counted));

        let totals = stage.merge(counts).await;
        let output = stage.run(move || totals.print(PRINTED));
        output.await?;
        tg.cancel(); // only the progress is left
        Ok(())
    })
    .await
}

/// The context of a stage. A stage ignores it if the receivers of its results are dropped: then
/// everything is being cancelled.
#[derive(Clone)]
struct Stage {
    workers: to_thread::Options,
    summary: Summary,
    messages: Messages,
}

impl Stage {
    /// Runs a turn on a worker thread, when one is free.
    async fn run<T: Send + 'static>(&self, turn: impl FnOnce() -> T + Send + 'static) -> T {
        self.workers.clone().run(turn).await
    }

    /// Finds the files, and sends several at a time.
    async fn walk(self, dir: Path, found: MemoryObjectSendStream<Vec<Path>>) {
        let mut files = Files::below(dir);
        let mut more = true;
        while more {
            let mut some = Vec::new();
            while more && some.len() < FILES {
                match files.next().await {
                    Some(Ok(file)) => some.push(file),
                    Some(Err(unreadable)) => {
                        let messages = self.messages.clone();
                        self.run(move || messages.report(&unreadable)).await;
                    }
                    None => more = false,
                }
            }
            self.summary
                .0
                .found
                .fetch_add(some.len(), Ordering::Relaxed);
            if found.send(some).await.is_err() {
                return;
            }
        }
    }

    /// Reads files, and sends their text in pieces that end at the end of a word.
    async fn read(
        self,
        paths: MemoryObjectReceiveStream<Vec<Path>>,
        read: MemoryObjectSendStream<Vec<u8>>,
    ) {
        while let Ok(files) = paths.receive().await {
            let mut reader = Reader::new(files);
            loop {
                let piece;
                let (summary, messages) = (self.summary.clone(), self.messages.clone());
                (reader, piece) = self
                    .run(move || {
                        let piece = reader.turn(|result| {
                            summary.0.read.fetch_add(1, Ordering::Relaxed);
                            if let Err(unreadable) = result {
                                messages.report(&unreadable);
                            }
                        });
                        (reader, piece)
                    })
                    .await;
                match piece {
                    Some(text) if text.is_empty() => {}
                    Some(text) => {
                        if read.send(text).await.is_err() {
                            return;
                        }
                    }
                    None => break,
                }
            }
        }
    }

    /// Counts the words of each piece.
    async fn count(
        self,
        texts: MemoryObjectReceiveStream<Vec<u8>>,
        counted: MemoryObjectSendStream<Counted>,
    ) {
        while let Ok(text) = texts.receive().await {
            let counts = self.run(move || count(text)).await;
            if counted.send(counts).await.is_err() {
                return;
            }
        }
    }

    /// Adds up the counts.
    async fn merge(&self, counts: MemoryObjectReceiveStream<Counted>) -> Totals {
        let mut totals = Totals::default();
        while let Ok(counted) = counts.receive().await {
            let words;
            (totals, words) = self
                .run(move || {
                    let words = totals.add(&counted);
                    (totals, words)
                })
                .await;
            self.summary.0.words.fetch_add(words, Ordering::Relaxed);
        }
        totals
    }
}
