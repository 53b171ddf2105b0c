//! What one call on a worker thread does with the file, and how it hands over what it has read.

use std::any::Any;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use super::MOST;
use crate::engine::Run;
use crate::loom::{Mutex, lock};
use crate::wake::WakerSlot;

/// How many pieces such a hop reads before others have its thread.
const PIECES: usize = 32;

/// What was read at a time.
pub(super) struct Piece {
    pub(super) buffer: Vec<u8>,
    pub(super) asked: usize,
    pub(super) count: usize,
    /// The end of the file was seen behind it.
    pub(super) at_end: bool,
    /// Nothing was read then.
    pub(super) error: Option<io::Error>,
}

/// What the engine and its call leave to each other.
#[derive(Default)]
pub(super) struct Shared {
    /// By the call, which goes on reading.
    pub(super) pieces: VecDeque<Piece>,
    /// By the engine: what the call goes on with. Without it, it ends.
    pub(super) rooms: Vec<Vec<u8>>,
    /// The engine waits for a piece.
    pub(super) waker: WakerSlot,
    pub(super) end: End,
}

#[derive(Default)]
pub(super) enum End {
    #[default]
    Open,
    /// The call has ended.
    Ended(Done),
    /// The engine is gone: bytes that the call is to write, and how far the descriptor was ahead, but for
    /// the piece that the call was reading.
    Gone(Vec<u8>, usize),
}

/// What a hop does.
pub(super) enum Hop {
    /// So many bytes, unless the end comes first.
    Read(usize),
    Write,
    Other(Function),
}

pub(super) type Function = Box<dyn FnOnce(&File) -> io::Result<Answer> + Send>;
pub(super) type Answer = Box<dyn Any + Send>;

/// The outcome of a hop.
pub(super) struct Done {
    /// Whether the descriptor was set back.
    pub(super) was_set_back: bool,
    pub(super) positioned: Option<bool>,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Read(Piece),
    Write {
        buffer: Vec<u8>,
        count: usize,
        error: Option<io::Error>,
    },
    Other(io::Result<Answer>),
}

impl Hop {
    /// Does it, on a worker thread. With `back`, the descriptor is first set back by so much.
    pub(super) fn carry_out(
        self,
        file: &File,
        buffer: Vec<u8>,
        back: Option<usize>,
        positioned: Option<bool>,
    ) -> Done {
        let back = back.filter(|_| positioned != Some(false));
        if let Some(Err(error)) = back.map(|by| set_back(file, by)) {
            return Done {
                was_set_back: false,
                positioned,
                outcome: self.fail(buffer, error),
            };
        }
        let (positioned, outcome) = self.run(file, buffer, positioned);
        Done {
            was_set_back: back.is_some(),
            positioned,
            outcome,
        }
    }

    /// Returns the outcome where the descriptor could not be set back.
    fn fail(self, buffer: Vec<u8>, error: io::Error) -> Outcome {
        match self {
            Hop::Write => Outcome::Write {
                buffer,
                count: 0,
                error: Some(error),
            },
            Hop::Read(_) | Hop::Other(_) => Outcome::Other(Err(error)),
        }
    }

    fn run(
        self,
        file: &File,
        buffer: Vec<u8>,
        positioned: Option<bool>,
    ) -> (Option<bool>, Outcome) {
        match self {
            Hop::Read(asked) => {
                let positioned = positioned.unwrap_or_else(|| has_position(file));
                let piece = read(file, buffer, asked, positioned);
                (Some(positioned), Outcome::Read(piece))
            }
            Hop::Write => {
                let (count, error) = write(file, &buffer);
                let outcome = Outcome::Write {
                    buffer,
                    count,
                    error,
                };
                (positioned, outcome)
            }
            Hop::Other(function) => (positioned, Outcome::Other(function(file))),
        }
    }
}

/// Leaves to the engine what a hop did, and goes on reading while that is in order and there is room.
/// If the engine is gone, what it left is returned.
pub(super) fn hand_over(
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

pub(super) fn counts(pieces: &VecDeque<Piece>) -> usize {
    pieces.iter().map(|piece| piece.count).sum()
}

impl Done {
    /// Writes what the hop has not, and these bytes, at the position; the descriptor was `ahead` of it,
    /// and is farther by what the hop has read.
    pub(super) fn write_rest(self, file: &File, bytes: Vec<u8>, ahead: usize) -> io::Result<()> {
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
