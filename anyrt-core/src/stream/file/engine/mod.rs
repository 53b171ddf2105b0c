//! Calls on an open file, one after another, on worker threads: the engine under file streams and
//! `fs::File`.
//!
//! The engine owns the call that is running, not the future that began it. Whatever is cancelled or
//! dropped, the file stays consistent, and the outcome of the call is taken by the next operation.
//!
//! ```text
//!              poll_fill                          poll_accept
//!   file ──▶ hop ──▶ buffer[unread] ──▶ user ──▶ pending ──▶ hop ──▶ file
//! ```
//!
//! 1. The *position* is what the user has consumed and written. The descriptor may be ahead of it by
//!    `unread` and `next`. A hop that depends on the position first sets the descriptor back.
//! 2. A file without a position (a pipe, a terminal, a socket) is never sought.
//! 3. Bytes in `pending` were accepted and are not written. They leave it only when a hop has written
//!    them: what a failed hop did not write comes back.
//! 4. An engine that is dropped with a call running leaves its pending bytes to that call.
//! 5. While a file with a position is read in order, a hop reads `next` behind `unread` without being
//!    asked, and goes on for as long as there is room, so that neither the file nor the user waits for
//!    the other. Whatever needs the descriptor takes the room away, and waits for the end of that hop.
//! 6. What the system has in memory is read without a hop where it can say so (`ReadCached`). That nothing
//!    is there is no end of the file: Linux 5.9 and 5.10 say so of what they would have to wait for.

mod calls;
mod hop;
mod reading;
mod writing;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};
use std::{fmt, mem};

use self::hop::{Answer, Done, End, Hop, Outcome, Piece, Shared, counts, hand_over};
use super::{FileHandle, FilePath};
use crate::engine::{Run, Unhandled};
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::Runtime;
use crate::stream::{Demand, SendError};
use crate::sync::CapacityLimiter;
use crate::thread::{OwnedCall, run_owed, to_thread};
use crate::wake::poll_locked;

/// The least that a hop reads.
const LEAST: usize = 16 << 10;

/// The most that is read at a time, that is accepted before a hop has ended, or that is done in one call
/// at a place in the file.
pub(crate) const MOST: usize = 512 << 10;

/// An open file.
pub(crate) struct Engine<R: Runtime> {
    /// None once it was closed.
    file: Option<Arc<File>>,
    path: Option<Arc<Path>>,
    options: EngineOptions,
    running: Option<Running>,
    /// The number of hops that were begun.
    begun: u64,
    /// What was read.
    buffer: Vec<u8>,
    unread: Range<usize>,
    /// What was read behind `unread`.
    next: VecDeque<Piece>,
    /// Room for more: up to two buffers, those of a running hop included.
    rooms: Vec<Vec<u8>>,
    /// Was read before `unread`, and given back.
    returned: Vec<u8>,
    /// The end was seen behind the unread bytes, and not reported.
    end_is_near: bool,
    /// The length of the last piece that was read; zero after a seek.
    last: usize,
    /// Whether that piece went on where another one had ended.
    is_in_order: bool,
    /// Whether the file has a position; none before the first read.
    positioned: Option<bool>,
    /// Accepted and not written.
    pending: Vec<u8>,
    /// Room for `pending` while a hop has the former one.
    spare: Vec<u8>,
    /// Why a write failed, until it is reported.
    failed: Option<io::Error>,
    runtime: PhantomData<fn() -> R>,
}

/// How an engine is to work.
#[derive(Clone, Debug, Default)]
pub(crate) struct EngineOptions {
    /// None for that of the run.
    pub(crate) limiter: Option<Arc<CapacityLimiter>>,
    pub(crate) abandons: bool,
    /// Whether hops read no more than was asked for.
    pub(crate) exact: bool,
    /// Not used with a limiter, since it takes no token.
    pub(crate) read_cached: Option<ReadCached>,
}

/// Reads at the descriptor what is in memory;
/// [`WouldBlock`](io::ErrorKind::WouldBlock) if that is nothing.
pub(crate) type ReadCached = fn(&File, &mut [u8]) -> io::Result<usize>;

/// A call, and what it shares with the engine.
struct Running {
    call: OwnedCall<()>,
    reads: bool,
    shared: Arc<Mutex<Shared>>,
}

/// What an operation learns of a hop that has ended.
enum Settled {
    Nothing,
    /// Into `next`.
    Read,
    Wrote,
    /// With the number of the hop.
    Other(u64, io::Result<Answer>),
}

impl<R: Runtime> Engine<R> {
    pub(crate) fn new(
        file: File,
        path: Option<Arc<Path>>,
        mut options: EngineOptions,
    ) -> Engine<R> {
        if options.limiter.is_some() {
            options.read_cached = None;
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
        open: impl FnOnce(&Path) -> io::Result<File> + Send + 'static,
    ) -> io::Result<Engine<R>> {
        let mut call = to_thread::Options::<R>::new();
        if let Some(limiter) = &options.limiter {
            call = call.limiter(limiter);
        }
        if options.abandons {
            call = call.abandon_on_cancel();
        }
        let opened = call.run(move || (open(&path), path)).await;
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

    fn ahead(&self) -> usize {
        self.returned.len() + self.unread.len() + counts(&self.next)
    }

    /// Returns whether a hop is running that moves the descriptor, and not the position.
    fn is_reading_ahead(&self) -> bool {
        let reads = self.running.as_ref().is_some_and(|running| running.reads);
        reads && self.positioned == Some(true)
    }

    /// Returns whether the next bytes are those at the descriptor, and nothing is to be done before.
    fn is_at_descriptor(&self) -> bool {
        let nothing_is_read =
            self.returned.is_empty() && self.unread.is_empty() && self.next.is_empty();
        let nothing_is_written = self.pending.is_empty() && self.failed.is_none();
        self.running.is_none() && nothing_is_read && nothing_is_written && !self.end_is_near
    }

    /// Begins a hop; none is running.
    fn begin(&mut self, set_back: bool, hop: Hop) -> io::Result<()> {
        self.begin_with(set_back, hop, Vec::new())
    }

    /// Begins a hop that goes on reading for as long as there is room.
    fn begin_with(&mut self, set_back: bool, hop: Hop, rooms: Vec<Vec<u8>>) -> io::Result<()> {
        debug_assert!(self.running.is_none(), "one call at a time");
        let file = self.file.clone().ok_or_else(closed)?;
        let reads = matches!(hop, Hop::Read(_));
        let buffer = match hop {
            Hop::Read(_) => self.rooms.pop().unwrap_or_default(),
            Hop::Write => mem::replace(&mut self.pending, mem::take(&mut self.spare)),
            Hop::Other(_) => Vec::new(),
        };
        if !reads {
            self.forget_end();
        }
        self.begun += 1;
        let back = set_back.then(|| self.ahead());
        let shared = Arc::new(Mutex::new(Shared {
            rooms,
            ..Shared::default()
        }));
        let (theirs, path, positioned) = (shared.clone(), self.path.clone(), self.positioned);
        let job = move || {
            let done = hop.carry_out(&file, buffer, back, positioned);
            if let Some((done, bytes, ahead)) = hand_over(&file, done, &theirs) {
                report_loss(path.as_deref(), done.write_rest(&file, bytes, ahead));
            }
            // The file is let go here, before the call is over.
        };
        let (limiter, abandons) = (self.options.limiter.as_ref(), self.options.abandons);
        let call = OwnedCall::start::<R, _>(limiter, abandons, job);
        self.running = Some(Running {
            call,
            reads,
            shared,
        });
        Ok(())
    }

    /// The file may have another end from now on.
    fn forget_end(&mut self) {
        self.end_is_near = false;
        self.next.retain_mut(|piece| {
            piece.at_end = false;
            piece.count > 0 || piece.error.is_some()
        });
    }

    /// Waits for the hop that is running, which reads no further, and notes what it did.
    fn poll_settle(&mut self, cx: &mut Context<'_>) -> Poll<Settled> {
        let Some(running) = &mut self.running else {
            return Poll::Ready(Settled::Nothing);
        };
        if running.reads {
            self.rooms.append(&mut lock(&running.shared).rooms);
        }
        ready!(running.call.poll(cx));
        let settled = self.take_outcome();
        Poll::Ready(settled.unwrap_or(Settled::Nothing))
    }

    /// Waits until the hop that is running, and reads, has read something.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Settled> {
        let Some(running) = &mut self.running else {
            return Poll::Ready(Settled::Nothing);
        };
        let pieces = poll_locked(&running.shared, cx.waker(), |shared| {
            if shared.pieces.is_empty() && matches!(shared.end, End::Open) {
                return Err(&mut shared.waker);
            }
            Ok(mem::take(&mut shared.pieces))
        });
        match pieces {
            Poll::Ready(pieces) if !pieces.is_empty() => {
                // No scope waits for what goes on behind this operation.
                running.call.let_go();
                pieces.into_iter().for_each(|piece| self.note_piece(piece));
                Poll::Ready(Settled::Read)
            }
            _ => {
                ready!(running.call.poll(cx));
                let settled = self.take_outcome();
                Poll::Ready(settled.unwrap_or(Settled::Nothing))
            }
        }
    }

    /// Notes what the running hop did, if it has ended.
    fn take_outcome(&mut self) -> Option<Settled> {
        let running = self.running.take()?;
        let mut shared = mem::take(&mut *lock(&running.shared));
        self.rooms.append(&mut shared.rooms);
        for piece in shared.pieces {
            self.note_piece(piece);
        }
        match shared.end {
            End::Ended(done) => Some(self.note(done)),
            _ => None,
        }
    }

    fn note(&mut self, done: Done) -> Settled {
        if done.positioned.is_some() {
            self.positioned = done.positioned;
        }
        if done.was_set_back {
            self.unread = 0..0;
            self.next.clear();
            self.returned = Vec::new();
            self.last = 0;
        }
        match done.outcome {
            Outcome::Read(piece) => {
                self.note_piece(piece);
                Settled::Read
            }
            Outcome::Write {
                mut buffer,
                count,
                error,
            } => {
                buffer.drain(..count);
                if buffer.is_empty() {
                    if buffer.capacity() / 4 <= self.pending.len().max(count).max(LEAST) {
                        self.spare = buffer;
                    }
                } else {
                    buffer.append(&mut self.pending);
                    self.spare = mem::replace(&mut self.pending, buffer);
                }
                self.failed = error;
                Settled::Wrote
            }
            Outcome::Other(answer) => Settled::Other(self.begun, answer),
        }
    }

    fn note_piece(&mut self, mut piece: Piece) {
        // After a shorter one, or one in another place, this is more than is needed.
        if piece.count < piece.buffer.len() / 4 {
            piece.buffer.truncate(piece.count.max(LEAST));
            piece.buffer.shrink_to_fit();
        }
        self.is_in_order = self.last > 0;
        self.last = piece.asked;
        self.next.push_back(piece);
    }

    pub(crate) fn provide(&self, demand: &mut Demand<'_>) {
        demand
            .provide_option::<FilePath>(|| self.path.as_deref().map(Path::to_owned))
            .provide_result::<FileHandle>(|| {
                let file = self.file.as_ref();
                file.map(|file| file.try_clone()).transpose()
            });
    }
}

impl<R: Runtime> Drop for Engine<R> {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            let mut shared = lock(&running.shared);
            if matches!(shared.end, End::Open) {
                // Dropping the call has the run wait for it.
                let ahead = self.ahead() + counts(&shared.pieces);
                shared.end = End::Gone(mem::take(&mut self.pending), ahead);
                return;
            }
            drop(shared);
            self.take_outcome();
        }
        let (Some(file), false) = (self.file.take(), self.pending.is_empty()) else {
            return;
        };
        let (bytes, back) = (mem::take(&mut self.pending), Some(self.ahead()));
        let (path, positioned) = (self.path.clone(), self.positioned);
        run_owed::<R>(self.options.limiter.as_ref(), move || {
            let done = Hop::Write.carry_out(&file, bytes, back, positioned);
            if let Outcome::Write {
                error: Some(error), ..
            } = done.outcome
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

/// An error of a write that no operation is left to report.
fn report_loss(path: Option<&Path>, outcome: io::Result<()>) {
    if let Err(error) = outcome {
        let lost = Unhandled::file(path.map(Path::to_owned), error);
        Run::unhandled(Run::current().as_deref(), lost);
    }
}

pub(crate) fn closed() -> io::Error {
    SendError::Closed(()).into()
}
