//! The work of one hop on a worker thread, and how it passes on what it has read.
//!
//! ```text
//!   HopState:  Running ──hop ends──▶ Ended ──next operation──▶ noted by the engine
//!                 └──engine is dropped──▶ Gone ──hop ends──▶ the hop writes the bytes in it
//! ```

use std::any::Any;
use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use crate::disk::Handle;
use crate::engine::Run;
use crate::loom::{Arc, Mutex, lock};
use crate::thread::OwnedCall;
use crate::wake::WakerSlot;

/// The minimum that a hop reads.
pub(super) const LEAST: usize = 16 << 10;

/// The maximum for one read, for bytes that are accepted before a hop has ended, and for one call at a given
/// place in the file.
pub(crate) const MOST: usize = 512 << 10;

/// The running hop, and the state that it shares with the engine.
pub(super) struct Running {
    pub(super) call: OwnedCall<()>,
    pub(super) reads: bool,
    pub(super) shared: Arc<Mutex<Shared>>,
}

/// The maximum number of pieces that one hop reads, before it leaves its thread to other calls.
const PIECES: usize = 32;

/// The result of one read.
pub(super) struct Piece {
    pub(super) buffer: Vec<u8>,
    pub(super) asked: usize,
    pub(super) count: usize,
    /// Whether the end of the file was seen after these bytes.
    pub(super) at_end: bool,
    /// The error of the read; only without bytes.
    pub(super) error: Option<io::Error>,
}

/// The state that a hop shares with the engine, under a lock that neither holds during I/O.
#[derive(Default)]
pub(super) struct Shared {
    /// Pieces that were read; added by the hop, taken by the engine.
    pub(super) pieces: VecDeque<Piece>,
    /// Buffers for further pieces; added and taken away by the engine, used by the hop. Without one, the hop
    /// ends.
    pub(super) rooms: Vec<Vec<u8>>,
    /// The waker of an operation that waits for a piece.
    pub(super) waker: WakerSlot,
    pub(super) hop: HopState,
}

/// The state of a hop, which decides whether it or the engine ends first.
#[derive(Default)]
pub(super) enum HopState {
    #[default]
    Running,
    /// The hop has ended, with this result. Set by the hop.
    Ended(Done),
    /// The engine was dropped. Contains the bytes that the hop must write, and how far the descriptor was
    /// ahead of the position, without the piece that the hop was reading. Set by the engine.
    Gone(Vec<u8>, usize),
}

/// The work of a hop.
pub(super) enum Hop {
    /// Reads this number of bytes, unless the end comes first.
    Read(usize),
    Write,
    Other(Function),
}

pub(super) type Function = Box<dyn FnOnce(&Handle) -> io::Result<Answer> + Send>;
pub(super) type Answer = Box<dyn Any + Send>;

/// The result of a hop.
pub(super) struct Done {
    /// Whether the descriptor was set back.
    pub(super) was_set_back: bool,
    pub(super) positioned: Option<bool>,
    pub(super) output: HopOutput,
}

/// The result of the work itself, by the kind of hop.
pub(super) enum HopOutput {
    Read(Piece),
    Write {
        buffer: Vec<u8>,
        count: usize,
        error: Option<io::Error>,
    },
    Other(io::Result<Answer>),
}

impl Hop {
    /// Runs the hop, on a worker thread. If `back` is given, first moves the descriptor back by that many
    /// bytes.
    pub(super) fn carry_out(
        self,
        file: &Handle,
        buffer: Vec<u8>,
        back: Option<usize>,
        positioned: Option<bool>,
    ) -> Done {
        let back = back.filter(|_| positioned != Some(false));
        if let Some(Err(error)) = back.map(|by| set_back(file, by)) {
            return Done {
                was_set_back: false,
                positioned,
                output: self.fail(buffer, error),
            };
        }
        let (positioned, output) = self.run(file, buffer, positioned);
        Done {
            was_set_back: back.is_some(),
            positioned,
            output,
        }
    }

    /// Returns the result of a hop for which the descriptor could not be set back.
    fn fail(self, buffer: Vec<u8>, error: io::Error) -> HopOutput {
        match self {
            Hop::Write => HopOutput::Write {
                buffer,
                count: 0,
                error: Some(error),
            },
            Hop::Read(_) | Hop::Other(_) => HopOutput::Other(Err(error)),
        }
    }

    /// Runs the hop, with the descriptor in place.
    fn run(
        self,
        file: &Handle,
        buffer: Vec<u8>,
        positioned: Option<bool>,
    ) -> (Option<bool>, HopOutput) {
        match self {
            Hop::Read(asked) => {
                let positioned = positioned.unwrap_or_else(|| has_position(file));
                let piece = read(file, buffer, asked, positioned);
                (Some(positioned), HopOutput::Read(piece))
            }
            Hop::Write => {
                let (count, error) = write(file, &buffer);
                let output = HopOutput::Write {
                    buffer,
                    count,
                    error,
                };
                (positioned, output)
            }
            Hop::Other(function) => (positioned, HopOutput::Other(function(file))),
        }
    }
}

/// Passes the result to the engine, and continues to read as long as that is in order and there is room. If
/// the engine is gone, returns what it left.
///
/// The loop ends: after at most `PIECES` rounds.
pub(super) fn hand_over(
    file: &Handle,
    mut done: Done,
    shared: &Mutex<Shared>,
) -> Option<(Done, Vec<u8>, usize)> {
    let mut pieces = 1;
    loop {
        // 1. The engine is gone: its bytes are the caller's to write.
        let mut state = lock(shared);
        if let HopState::Gone(bytes, ahead) = mem::take(&mut state.hop) {
            return Some((done, bytes, ahead));
        }
        // 2. Without a full piece and a buffer for the next one, this was the last.
        let room = match &done.output {
            HopOutput::Read(piece) if piece.is_full() && pieces < PIECES => state.rooms.pop(),
            _ => None,
        };
        let (piece, room) = match (done.output, room) {
            (HopOutput::Read(piece), Some(room)) => (piece, room),
            (output, _) => {
                state.hop = HopState::Ended(Done { output, ..done });
                return None;
            }
        };
        // 3. Pass the piece on, wake the operation that waits for it, and read the next piece.
        let asked = MOST.min(2 * piece.asked);
        state.pieces.push_back(piece);
        let waker = state.waker.take();
        drop(state);
        // The wake is outside the lock. A foreign waker may panic, and reading continues then.
        let woken = catch_unwind(AssertUnwindSafe(|| waker.map(Waker::wake)));
        if let Err(payload) = woken {
            Run::unhandled_panic(Run::current().as_deref(), payload);
        }
        done.output = HopOutput::Read(read(file, room, asked, true));
        pieces += 1;
    }
}

impl Piece {
    /// Returns whether there may be more bytes after this piece.
    fn is_full(&self) -> bool {
        self.count == self.asked
    }
}

/// Returns the number of bytes in all pieces.
pub(super) fn counts(pieces: &VecDeque<Piece>) -> usize {
    pieces.iter().map(|piece| piece.count).sum()
}

impl Done {
    /// Writes the bytes that the hop did not write, and then `bytes`, at the position. The descriptor was
    /// `ahead` of the position, plus what the hop has read.
    pub(super) fn write_rest(self, file: &Handle, bytes: Vec<u8>, ahead: usize) -> io::Result<()> {
        let (rest, ahead) = match &self.output {
            HopOutput::Write { buffer, count, .. } => (&buffer[*count..], 0),
            HopOutput::Read(piece) => (&[][..], ahead + piece.count),
            HopOutput::Other(_) => (&[][..], ahead),
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

/// Returns whether the file has a position, according to the operating system.
fn has_position(mut file: &Handle) -> bool {
    file.stream_position().is_ok()
}

/// Moves the descriptor back by this number of bytes.
fn set_back(mut file: &Handle, by: usize) -> io::Result<()> {
    if by > 0 {
        let by = i64::try_from(by).unwrap_or(i64::MAX);
        file.seek(SeekFrom::Current(-by))?;
    }
    Ok(())
}

/// Reads this number of bytes, or up to the end of the file. Without a position, one read is enough.
fn read(mut file: &Handle, mut buffer: Vec<u8>, asked: usize, positioned: bool) -> Piece {
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
                // After some bytes, the error is left to the next read, which will meet it again.
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

/// Writes the bytes. Returns how many were written, and the error if not all were.
fn write(mut file: &Handle, bytes: &[u8]) -> (usize, Option<io::Error>) {
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
