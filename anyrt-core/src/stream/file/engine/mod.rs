//! Calls on an open file, one after another, on worker threads: the engine of file streams and `fs::File`.
//!
//! The engine owns the running call; the future that started it does not. So a file stays consistent whatever
//! is cancelled or dropped, and the next operation receives the outcome of the call. A cancelled operation
//! waits for its call (rule C6).
//!
//! ```text
//!              poll_fill                          poll_accept
//!   file ──▶ hop ──▶ buffer[unread] ──▶ user ──▶ pending ──▶ hop ──▶ file
//! ```
//!
//! A *hop* is one call on a worker thread. At most one runs at a time.
//!
//! 1. The *position* is the number of bytes that the user has consumed and written. The descriptor may be
//!    ahead of it by `unread` and `next`. A hop that depends on the position first sets the descriptor back.
//! 2. A file without a position (a pipe, a terminal, a socket) is never sought.
//! 3. Bytes in `pending` were accepted and are not written. They leave it only when a hop has written them:
//!    bytes that a failed hop did not write are put back.
//! 4. An engine that is dropped during a call leaves its pending bytes to that call, and otherwise to an owed
//!    job. The run waits for either.
//! 5. While a file with a position is read in order, a hop reads `next` after `unread` in advance, and
//!    continues as long as there is room, so that neither the file nor the user waits for the other: three
//!    buffers of 512 KiB in all. An
//!    operation that needs the descriptor takes the room away, and waits for the end of that hop.
//! 6. Bytes that the system has in memory are read without a hop where the system supports this
//!    (`Handle::read_cached`), up to 128 KiB at a time. A result of no bytes is not the end of the file: Linux 5.9 and
//!    5.10 return it for bytes that they would have to wait for. A file with its own limiter does not use
//!    that, because each read has to take a token; so both ways are tested on one system.

mod calls;
mod hop;
mod reading;
mod running;
mod writing;

use std::collections::VecDeque;
use std::io;
use std::marker::PhantomData;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fmt, fs, mem};

#[cfg(feature = "fs")]
pub(crate) use self::hop::MOST;
use self::hop::{Hop, HopOutput, HopState, Piece, Running, counts};
use super::{FileHandle, FilePath};
use crate::disk::{Disk, Handle};
use crate::engine::{Run, Unhandled};
use crate::loom::{Arc, lock};
use crate::runtime::Runtime;
use crate::stream::{Request, SendError};
use crate::sync::CapacityLimiter;
use crate::thread::{run_owed, to_thread};

/// An open file.
pub(crate) struct Engine<R: Runtime> {
    /// `None` once it is closed.
    file: Option<Arc<Handle>>,
    path: Option<Arc<Path>>,
    options: EngineOptions,
    running: Option<Running>,
    /// The number of hops started so far, which identifies the last one.
    begun: u64,
    /// The bytes that were read; those in `unread` are not consumed yet.
    buffer: Vec<u8>,
    unread: Range<usize>,
    /// The pieces that were read after `unread`.
    next: VecDeque<Piece>,
    /// Spare buffers for reading ahead: at most two, including those of a running hop.
    rooms: Vec<Vec<u8>>,
    /// Bytes that were consumed and given back. They come before `unread`.
    returned: Vec<u8>,
    /// Whether the end of the file was seen after the unread bytes, and is not reported yet.
    end_is_near: bool,
    /// The length of the last piece that was read; zero after a seek.
    last: usize,
    /// Whether that piece continued where the one before had ended.
    is_in_order: bool,
    /// Whether the file has a position; `None` before the first read.
    positioned: Option<bool>,
    /// The bytes that were accepted and are not written.
    pending: Vec<u8>,
    /// The spare buffer for `pending` while a hop has the other one.
    spare: Vec<u8>,
    /// The error of a write, until it is returned.
    failed: Option<io::Error>,
    runtime: PhantomData<fn() -> R>,
}

/// Options for an engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct EngineOptions {
    /// `None` for the limiter of the run.
    pub(crate) limiter: Option<Arc<CapacityLimiter>>,
    pub(crate) abandons: bool,
    /// Whether hops read no more than requested.
    pub(crate) exact: bool,
    /// Not used together with a limiter, since such a read takes no token.
    pub(crate) read_cached: bool,
}

impl<R: Runtime> Engine<R> {
    pub(crate) fn new(
        file: Handle,
        path: Option<Arc<Path>>,
        mut options: EngineOptions,
    ) -> Engine<R> {
        if options.limiter.is_some() {
            options.read_cached = false;
        }
        Engine {
            file: Some(Arc::new(file)),
            path,
            options,
            running: None,
            begun: 0,
            buffer: Vec::new(),
            unread: 0..0,
            next: VecDeque::new(),
            rooms: Vec::new(),
            returned: Vec::new(),
            end_is_near: false,
            last: 0,
            is_in_order: false,
            positioned: None,
            pending: Vec::new(),
            spare: Vec::new(),
            failed: None,
            runtime: PhantomData,
        }
    }

    /// Opens a file, on a worker thread.
    pub(crate) async fn open(
        path: PathBuf,
        options: EngineOptions,
        open: impl FnOnce(&Disk, &Path) -> io::Result<Handle> + Send + 'static,
    ) -> io::Result<Engine<R>> {
        let mut call = to_thread::Options::<R>::new();
        if let Some(limiter) = &options.limiter {
            call = call.limiter(limiter);
        }
        if options.abandons {
            call = call.abandon_on_cancel();
        }
        let disk = Disk::current::<R>();
        let opened = call.run(move || (open(&disk, &path), path)).await;
        let (file, path) = (crate::engine::deliver(opened.0).await?, opened.1);
        Ok(Engine::new(file, Some(path.into()), options))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.file.is_none()
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn set_path(&mut self, path: Arc<Path>) {
        self.path = Some(path);
    }

    pub(crate) fn options(&self) -> &EngineOptions {
        &self.options
    }

    // ---- hops ----

    /// Returns how far the descriptor is ahead of the position.
    fn ahead(&self) -> usize {
        self.returned.len() + self.unread.len() + counts(&self.next)
    }

    /// Returns whether a hop is running that moves the descriptor but not the position.
    fn is_reading_ahead(&self) -> bool {
        let reads = self.running.as_ref().is_some_and(|running| running.reads);
        reads && self.positioned == Some(true)
    }

    /// Returns whether the next bytes are those at the descriptor, and nothing has to be done before.
    fn is_at_descriptor(&self) -> bool {
        let nothing_is_read =
            self.returned.is_empty() && self.unread.is_empty() && self.next.is_empty();
        let nothing_is_written = self.pending.is_empty() && self.failed.is_none();
        self.running.is_none() && nothing_is_read && nothing_is_written && !self.end_is_near
    }

    pub(crate) fn provide(&self, demand: &mut Request<'_>) {
        demand
            .provide_option::<FilePath>(|| self.path.as_deref().map(Path::to_owned))
            .provide_result::<FileHandle>(|| {
                let file = self.file.as_ref();
                let file = file.and_then(|file| file.as_std());
                file.map(fs::File::try_clone).transpose()
            });
    }
}

impl<R: Runtime> Drop for Engine<R> {
    fn drop(&mut self) {
        // 1. A hop is running: it writes the pending bytes. The lock decides whether it sees them, or has
        //    already ended.
        if let Some(running) = &self.running {
            let mut shared = lock(&running.shared);
            if matches!(shared.hop, HopState::Running) {
                // Dropping the call makes the run wait for it.
                let ahead = self.ahead() + counts(&shared.pieces);
                shared.hop = HopState::Gone(mem::take(&mut self.pending), ahead);
                return;
            }
            // 2. The hop has just ended: note what it did. It may have failed to write its bytes.
            drop(shared);
            self.take_effect();
        }
        // 3. No hop: write pending bytes in a job that the run waits for.
        let (Some(file), false) = (self.file.take(), self.pending.is_empty()) else {
            return;
        };
        let (bytes, back) = (mem::take(&mut self.pending), Some(self.ahead()));
        let (path, positioned) = (self.path.clone(), self.positioned);
        run_owed::<R>(self.options.limiter.as_ref(), move || {
            let done = Hop::Write.carry_out(&file, bytes, back, positioned);
            if let HopOutput::Write {
                error: Some(error), ..
            } = done.output
            {
                report_loss(path.as_deref(), Err(error));
            }
        });
    }
}

impl<R: Runtime> fmt::Debug for Engine<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("file", &self.file)
            .field("path", &self.path)
            .field("running", &self.running.is_some())
            .field("unread", &self.unread.len())
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

/// Reports an error of a write that no operation is left to return.
fn report_loss(path: Option<&Path>, outcome: io::Result<()>) {
    if let Err(error) = outcome {
        let lost = Unhandled::file(path.map(Path::to_owned), error);
        Run::unhandled(Run::current().as_deref(), lost);
    }
}

pub(crate) fn closed() -> io::Error {
    SendError::Closed(()).into()
}
