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

use std::any::Any;
use std::collections::VecDeque;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, Waker, ready};
use std::{fmt, mem};

use super::{FileHandle, FilePath};
use crate::engine::{FallibleOperation, Run, Unhandled, poll_state};
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::Runtime;
use crate::stream::{Demand, SendError};
use crate::sync::CapacityLimiter;
use crate::thread::{OwnedCall, run_owed, to_thread};
use crate::wake::{WakerSlot, poll_locked};

/// The least that a hop reads.
const LEAST: usize = 16 << 10;

/// The most that is read at a time, that is accepted before a hop has ended, or that is done in one call
/// at a place in the file.
pub(crate) const MOST: usize = 512 << 10;

/// After a second hop in order that has read so much, the next one begins before it is needed.
const READS_AHEAD: usize = 128 << 10;

/// How many pieces such a hop reads before others have its thread.
const PIECES: usize = 32;

/// The most that is read without a hop, in some ten microseconds.
const MOST_CACHED: usize = 128 << 10;

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

/// What was read at a time.
struct Piece {
    buffer: Vec<u8>,
    asked: usize,
    count: usize,
    /// The end of the file was seen behind it.
    at_end: bool,
    /// Nothing was read then.
    error: Option<io::Error>,
}

/// A call, and what it shares with the engine.
struct Running {
    call: OwnedCall<()>,
    reads: bool,
    shared: Arc<Mutex<Shared>>,
}

/// What the engine and its call leave to each other.
#[derive(Default)]
struct Shared {
    /// By the call, which goes on reading.
    pieces: VecDeque<Piece>,
    /// By the engine: what the call goes on with. Without it, it ends.
    rooms: Vec<Vec<u8>>,
    /// The engine waits for a piece.
    waker: WakerSlot,
    end: End,
}

#[derive(Default)]
enum End {
    #[default]
    Open,
    /// The call has ended.
    Ended(Done),
    /// The engine is gone: bytes that the call is to write, and how far the descriptor was ahead, but for
    /// the piece that the call was reading.
    Gone(Vec<u8>, usize),
}

/// What a hop does.
enum Hop {
    /// So many bytes, unless the end comes first.
    Read(usize),
    Write,
    Other(Function),
}

type Function = Box<dyn FnOnce(&File) -> io::Result<Answer> + Send>;
type Answer = Box<dyn Any + Send>;

/// The outcome of a hop.
struct Done {
    /// Whether the descriptor was set back.
    was_set_back: bool,
    positioned: Option<bool>,
    outcome: Outcome,
}

enum Outcome {
    Read(Piece),
    Write {
        buffer: Vec<u8>,
        count: usize,
        error: Option<io::Error>,
    },
    Other(io::Result<Answer>),
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

    // ---- reading ----

    /// Waits until there are unread bytes; none at the end of the file.
    pub(crate) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        asked: usize,
    ) -> Poll<io::Result<&[u8]>> {
        loop {
            let goes_on = self.pending.is_empty() && self.is_reading_ahead();
            if !goes_on || self.ahead() == 0 {
                let settled = if goes_on {
                    self.poll_piece(cx)
                } else {
                    // Also if there are unread bytes: the call may move the position.
                    self.poll_settle(cx)
                };
                if !matches!(ready!(settled), Settled::Nothing) {
                    continue;
                }
            }
            if self.is_closed() {
                return Poll::Ready(Err(closed()));
            }
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Err(error));
            }
            if !self.returned.is_empty() {
                let mut bytes = mem::take(&mut self.returned);
                bytes.extend_from_slice(self.unread());
                self.unread = 0..bytes.len();
                self.buffer = bytes;
            }
            let has_unread = !self.unread.is_empty();
            // Both directions of a file without a position go on side by side.
            let waits_for_writes =
                self.positioned != Some(false) || !has_unread && self.next.is_empty();
            if waits_for_writes && !self.pending.is_empty() {
                self.begin(true, Hop::Write)?;
                continue;
            }
            if has_unread {
                self.read_ahead()?;
                return Poll::Ready(Ok(self.unread()));
            }
            if mem::take(&mut self.end_is_near) {
                (self.buffer, self.unread) = (Vec::new(), 0..0);
                self.rooms = Vec::new();
                return Poll::Ready(Ok(&[]));
            }
            match self.next.pop_front() {
                Some(Piece {
                    error: Some(error), ..
                }) => return Poll::Ready(Err(error)),
                Some(piece) => {
                    let room = mem::replace(&mut self.buffer, piece.buffer);
                    self.give_room(room);
                    self.unread = 0..piece.count;
                    if piece.count == 0 {
                        return Poll::Ready(Ok(&[]));
                    }
                    self.end_is_near = piece.at_end;
                }
                None => {
                    let length = self.length(asked);
                    if !self.fill_cached(length) {
                        self.begin(false, Hop::Read(length))?;
                    }
                }
            }
        }
    }

    /// Fills the buffer without a hop, if that brings anything.
    fn fill_cached(&mut self, length: usize) -> bool {
        if self.options.read_cached.is_none() {
            return false;
        }
        let (mut buffer, length) = (mem::take(&mut self.buffer), length.min(MOST_CACHED));
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        let count = self.read_cached(&mut buffer[..length]);
        (self.buffer, self.unread) = (buffer, 0..count);
        count > 0
    }

    /// Reads without a hop, where the descriptor is at the position. That there is nothing says nothing.
    fn read_cached(&mut self, buffer: &mut [u8]) -> usize {
        let (Some(read), Some(file), Some(true)) =
            (self.options.read_cached, &self.file, self.positioned)
        else {
            return 0;
        };
        // A task that only reads gives way in the end: a hop is waited for.
        if !poll_state::take_budget() {
            return 0;
        }
        match read(file, buffer) {
            Ok(count) => count,
            Err(error) => {
                if error.kind() != io::ErrorKind::WouldBlock {
                    self.options.read_cached = None;
                }
                0
            }
        }
    }

    /// Returns how much the next hop reads.
    fn length(&self, asked: usize) -> usize {
        if self.options.exact {
            asked.clamp(1, MOST)
        } else {
            asked.max(2 * self.last).clamp(LEAST, MOST)
        }
    }

    /// Begins to read what is behind the unread bytes, if they will not be enough.
    fn read_ahead(&mut self) -> io::Result<()> {
        let pays = self.is_in_order && self.last >= READS_AHEAD;
        if !pays
            || self.options.exact
            || self.positioned != Some(true)
            || self.end_is_near
            || !self.next.is_empty()
            || self.running.is_some()
        {
            return Ok(());
        }
        let more = self.rooms.pop().unwrap_or_default();
        self.begin_with(false, Hop::Read(self.length(0)), vec![more])
    }

    /// Leaves a buffer that was used to the hop that reads, or to the next.
    fn give_room(&mut self, room: Vec<u8>) {
        match &self.running {
            Some(running) if self.is_reading_ahead() => lock(&running.shared).rooms.push(room),
            _ if self.rooms.len() < 2 => self.rooms.push(room),
            _ => {}
        }
    }

    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.unread.clone()]
    }

    /// Has bytes that were consumed be read again.
    pub(crate) fn give_back(&mut self, mut bytes: Vec<u8>) {
        bytes.append(&mut self.returned);
        self.returned = bytes;
    }

    pub(crate) fn consume(&mut self, count: usize) {
        assert!(
            count <= self.unread.len(),
            "more was consumed than is there"
        );
        self.unread.start += count;
    }

    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if buffer.len() >= LEAST && self.is_at_descriptor() {
            let most = buffer.len().min(MOST_CACHED);
            let count = self.read_cached(&mut buffer[..most]);
            if count > 0 {
                return Poll::Ready(Ok(count));
            }
        }
        let bytes = ready!(self.poll_fill(cx, buffer.len()))?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }

    // ---- writing ----

    /// Accepts bytes, and begins to write them unless a call is running; waits for one that reads ahead.
    pub(crate) fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_closed() {
            return Poll::Ready(Err(closed()));
        }
        loop {
            let settled = self.poll_settle(cx);
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Err(error));
            }
            let room = MOST.saturating_sub(self.pending.len());
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            if self.is_reading_ahead() {
                return Poll::Pending;
            }
            if room == 0 {
                ready!(settled);
                // They are left from a write that failed.
                if self.running.is_none() {
                    self.begin(true, Hop::Write)?;
                }
                continue;
            }
            let accepted = &bytes[..bytes.len().min(room)];
            self.pending.extend_from_slice(accepted);
            match &mut self.running {
                // No scope waits for a write that goes on behind its operation.
                Some(running) => running.call.let_go(),
                None => self.begin(true, Hop::Write)?,
            }
            return Poll::Ready(Ok(accepted.len()));
        }
    }

    /// Waits until all that was accepted is written, or could not be.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_settle(cx));
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Err(error));
            }
            if self.pending.is_empty() || self.is_closed() {
                return Poll::Ready(Ok(()));
            }
            self.begin(true, Hop::Write)?;
        }
    }

    /// Writes what was accepted, sets the descriptor back, and closes the file on a worker thread,
    /// whatever the outcome.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_settle(cx));
            if self.is_closed() {
                return Poll::Ready(self.failed.take().map_or(Ok(()), Err));
            }
            if !self.pending.is_empty() && self.failed.is_none() {
                self.begin(true, Hop::Write)?;
                continue;
            }
            self.begin(true, Hop::Other(Box::new(|_| Ok(Box::new(())))))?;
            // The call has the last handle.
            self.pending = Vec::new();
            self.file = None;
        }
    }

    // ---- all the rest ----

    /// Calls a function with the file, once all that was accepted is written. With `set_back`, the
    /// descriptor is at the position.
    pub(crate) fn call<'a, T: Send + 'static>(
        &'a mut self,
        set_back: bool,
        function: impl FnOnce(&File, u64) -> io::Result<T> + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send + 'a {
        let mut operation = FallibleOperation::new();
        let mut function = Some(function);
        poll_fn(move |cx| {
            operation.poll(cx, |cx| {
                loop {
                    match ready!(self.poll_settle(cx)) {
                        Settled::Other(_, answer) if function.is_none() => {
                            return Poll::Ready(answer.map(|answer| {
                                *answer.downcast().expect("the answer of this function")
                            }));
                        }
                        Settled::Nothing if function.is_some() => {}
                        // An earlier call, which nobody waited for.
                        _ => continue,
                    }
                    ready!(self.poll_flush(cx))?;
                    let Some(function) = function.take() else {
                        return Poll::Ready(Err(closed()));
                    };
                    let ahead = if set_back || self.positioned == Some(false) {
                        0
                    } else {
                        self.ahead() as u64
                    };
                    self.begin(
                        set_back,
                        Hop::Other(Box::new(move |file| {
                            let answer = function(file, ahead)?;
                            Ok(Box::new(answer) as Answer)
                        })),
                    )?;
                }
            })
        })
    }

    /// Moves the position, and returns it.
    pub(crate) fn seek(
        &mut self,
        to: SeekFrom,
    ) -> impl Future<Output = io::Result<u64>> + Send + '_ {
        self.call(true, move |mut file, _| file.seek(to))
    }

    /// Returns the position.
    pub(crate) fn tell(&mut self) -> impl Future<Output = io::Result<u64>> + Send + '_ {
        self.call(false, |mut file, ahead| {
            Ok(file.stream_position()?.saturating_sub(ahead))
        })
    }

    /// Moves the position. `seeking` is kept between polls, and holds the number of the hop and its target:
    /// the answer to a seek that was dropped is not that to one with another target.
    pub(crate) fn poll_seek(
        &mut self,
        cx: &mut Context<'_>,
        to: SeekFrom,
        seeking: &mut Option<(u64, SeekFrom)>,
    ) -> Poll<io::Result<u64>> {
        loop {
            match ready!(self.poll_settle(cx)) {
                Settled::Other(number, answer) if *seeking == Some((number, to)) => {
                    *seeking = None;
                    return Poll::Ready(
                        answer.map(|position| *position.downcast().expect("the answer of a seek")),
                    );
                }
                Settled::Nothing => {}
                _ => continue,
            }
            ready!(self.poll_flush(cx))?;
            let seek = move |mut file: &File| Ok(Box::new(file.seek(to)?) as Answer);
            self.begin(true, Hop::Other(Box::new(seek)))?;
            *seeking = Some((self.begun, to));
        }
    }

    /// Gives the file back, at its position, with all that was accepted written.
    pub(crate) async fn into_std(mut self) -> io::Result<File> {
        self.call(true, |_, _| Ok(())).await?;
        let file = self.file.take().ok_or_else(closed)?;
        Arc::try_unwrap(file).or_else(|file| file.try_clone())
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

impl Hop {
    /// On a worker thread. With `back`, the descriptor is first set back by this much.
    fn carry_out(
        self,
        file: &File,
        buffer: Vec<u8>,
        back: Option<usize>,
        positioned: Option<bool>,
    ) -> Done {
        let mut done = Done {
            was_set_back: false,
            positioned,
            outcome: Outcome::Other(Err(io::ErrorKind::Other.into())),
        };
        if let Some(back) = back
            && positioned != Some(false)
        {
            match set_back(file, back) {
                Ok(()) => done.was_set_back = true,
                Err(error) => {
                    done.outcome = match self {
                        Hop::Write => Outcome::Write {
                            buffer,
                            count: 0,
                            error: Some(error),
                        },
                        _ => Outcome::Other(Err(error)),
                    };
                    return done;
                }
            }
        }
        done.outcome = match self {
            Hop::Read(asked) => {
                let positioned = positioned.unwrap_or_else(|| has_position(file));
                done.positioned = Some(positioned);
                Outcome::Read(read(file, buffer, asked, positioned))
            }
            Hop::Write => {
                let (count, error) = write(file, &buffer);
                Outcome::Write {
                    buffer,
                    count,
                    error,
                }
            }
            Hop::Other(function) => Outcome::Other(function(file)),
        };
        done
    }
}

/// Leaves to the engine what a hop did, and goes on reading while that is in order and there is room.
/// If the engine is gone, what it left is returned.
fn hand_over(
    file: &File,
    mut done: Done,
    shared: &Mutex<Shared>,
) -> Option<(Done, Vec<u8>, usize)> {
    let mut pieces = 1;
    loop {
        let mut state = lock(shared);
        if let End::Gone(bytes, ahead) = mem::take(&mut state.end) {
            return Some((done, bytes, ahead));
        }
        let room = match &done.outcome {
            Outcome::Read(piece) if piece.is_full() && pieces < PIECES => state.rooms.pop(),
            _ => None,
        };
        let (piece, room) = match (done.outcome, room) {
            (Outcome::Read(piece), Some(room)) => (piece, room),
            (outcome, _) => {
                state.end = End::Ended(Done { outcome, ..done });
                return None;
            }
        };
        let asked = MOST.min(2 * piece.asked);
        state.pieces.push_back(piece);
        let waker = state.waker.take();
        drop(state);
        // A foreign waker may panic.
        let woken = catch_unwind(AssertUnwindSafe(|| waker.map(Waker::wake)));
        if let Err(payload) = woken {
            Run::unhandled_panic(Run::current().as_deref(), payload);
        }
        done.outcome = Outcome::Read(read(file, room, asked, true));
        pieces += 1;
    }
}

impl Piece {
    /// Returns whether there may be more behind it.
    fn is_full(&self) -> bool {
        self.count == self.asked
    }
}

fn counts(pieces: &VecDeque<Piece>) -> usize {
    pieces.iter().map(|piece| piece.count).sum()
}

impl Done {
    /// Writes what the hop has not, and these bytes, at the position; the descriptor was `ahead` of it,
    /// and is farther by what the hop has read.
    fn write_rest(self, file: &File, bytes: Vec<u8>, ahead: usize) -> io::Result<()> {
        let (rest, ahead) = match &self.outcome {
            Outcome::Write { buffer, count, .. } => (&buffer[*count..], 0),
            Outcome::Read(piece) => (&[][..], ahead + piece.count),
            Outcome::Other(_) => (&[][..], ahead),
        };
        if rest.is_empty() && bytes.is_empty() {
            return Ok(());
        }
        if !self.was_set_back && self.positioned != Some(false) {
            set_back(file, ahead)?;
        }
        for bytes in [rest, &bytes] {
            if let (_, Some(error)) = write(file, bytes) {
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Whether there is a position, in the sense of the operating system.
fn has_position(mut file: &File) -> bool {
    file.stream_position().is_ok()
}

fn set_back(mut file: &File, by: usize) -> io::Result<()> {
    if by > 0 {
        let by = i64::try_from(by).unwrap_or(i64::MAX);
        file.seek(SeekFrom::Current(-by))?;
    }
    Ok(())
}

/// Reads so many bytes, or up to the end of the file; what is there, where there is no position.
fn read(mut file: &File, mut buffer: Vec<u8>, asked: usize, positioned: bool) -> Piece {
    if buffer.len() < asked {
        buffer.resize(asked, 0);
    }
    let mut piece = Piece {
        buffer,
        asked,
        count: 0,
        at_end: false,
        error: None,
    };
    while !piece.is_full() {
        match file.read(&mut piece.buffer[piece.count..asked]) {
            Ok(0) => {
                piece.at_end = true;
                break;
            }
            Ok(more) => piece.count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                // Behind bytes, the next one meets it again.
                piece.error = (piece.count == 0).then_some(error);
                break;
            }
        }
        if !positioned {
            break;
        }
    }
    piece
}

/// Returns how many bytes were written, and why not all.
fn write(mut file: &File, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut count = 0;
    while count < bytes.len() {
        match file.write(&bytes[count..]) {
            Ok(0) => return (count, Some(io::ErrorKind::WriteZero.into())),
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (count, Some(error)),
        }
    }
    (count, None)
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
