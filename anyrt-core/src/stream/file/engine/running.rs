//! The running hop: starting it, waiting for it, and noting what it did.

use std::io;
use std::mem;
use std::task::{Context, Poll, ready};

use super::hop::{
    Answer, Done, Hop, HopOutput, HopState, LEAST, Piece, Running, Shared, hand_over,
};
use super::{Engine, closed, report_loss};
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::Runtime;
use crate::thread::OwnedCall;
use crate::wake::poll_locked;

/// The effect of a hop on the engine, once it is noted.
pub(super) enum HopEffect {
    /// There was no hop, or it brought nothing.
    Nothing,
    /// A piece was read into `next`.
    Read,
    Wrote,
    /// An answer, with the number of the hop.
    Other(u64, io::Result<Answer>),
}

impl<R: Runtime> Engine<R> {
    /// Starts a hop. None must be running.
    pub(super) fn begin(&mut self, set_back: bool, hop: Hop) -> io::Result<()> {
        self.begin_with(set_back, hop, Vec::new())
    }

    /// Starts a hop that continues to read as long as it has room.
    pub(super) fn begin_with(
        &mut self,
        set_back: bool,
        hop: Hop,
        rooms: Vec<Vec<u8>>,
    ) -> io::Result<()> {
        debug_assert!(self.running.is_none(), "one call at a time");
        let file = self.file.clone().ok_or_else(closed)?;
        // 1. The buffer of the hop: room to read into, or the pending bytes.
        let reads = matches!(hop, Hop::Read(_));
        let buffer = match hop {
            Hop::Read(_) => self.rooms.pop().unwrap_or_default(),
            Hop::Write => mem::replace(&mut self.pending, mem::take(&mut self.spare)),
            Hop::Other(_) => Vec::new(),
        };
        // 2. A write or another call may change the file, so a seen end is no longer valid.
        if !reads {
            self.forget_end();
        }
        self.begun += 1;
        let back = set_back.then(|| self.ahead());
        // 3. The state to share, and the job for the worker thread.
        let shared = Arc::new(Mutex::new(Shared {
            rooms,
            ..Shared::default()
        }));
        let (theirs, path, positioned) = (shared.clone(), self.path.clone(), self.positioned);
        let job = move || {
            let done = hop.carry_out(&file, buffer, back, positioned);
            // If the engine was dropped meanwhile, the job writes its pending bytes.
            if let Some((done, bytes, ahead)) = hand_over(&file, done, &theirs) {
                report_loss(path.as_deref(), done.write_rest(&file, bytes, ahead));
            }
            // The file is dropped here, before the call is over.
        };
        // 4. Start the job. The engine owns the call.
        let (limiter, abandons) = (self.options.limiter.as_ref(), self.options.abandons);
        let call = OwnedCall::start::<R, _>(limiter, abandons, job);
        self.running = Some(Running {
            call,
            reads,
            shared,
        });
        Ok(())
    }

    /// Forgets a seen end of the file, since the file may grow now. Empty pieces disappear with it.
    fn forget_end(&mut self) {
        self.end_is_near = false;
        self.next.retain_mut(|piece| {
            piece.at_end = false;
            piece.count > 0 || piece.error.is_some()
        });
    }

    /// Waits until the running hop has ended, and notes what it did. A reading hop reads no further piece.
    pub(super) fn poll_settle(&mut self, cx: &mut Context<'_>) -> Poll<HopEffect> {
        let Some(running) = &mut self.running else {
            return Poll::Ready(HopEffect::Nothing);
        };
        // Takes the room away, which ends a hop that reads ahead after its current piece.
        if running.reads {
            self.rooms.append(&mut lock(&running.shared).rooms);
        }
        ready!(running.call.poll(cx));
        let settled = self.take_effect();
        Poll::Ready(settled.unwrap_or(HopEffect::Nothing))
    }

    /// Waits until the running hop, which reads, has read a piece.
    pub(super) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<HopEffect> {
        let Some(running) = &mut self.running else {
            return Poll::Ready(HopEffect::Nothing);
        };
        let pieces = poll_locked(&running.shared, cx.waker(), |shared| {
            if shared.pieces.is_empty() && matches!(shared.hop, HopState::Running) {
                return Err(&mut shared.waker);
            }
            Ok(mem::take(&mut shared.pieces))
        });
        // Either there are pieces, or the hop has ended and its result is next.
        match pieces {
            Poll::Ready(pieces) if !pieces.is_empty() => {
                // The hop continues after this operation, and no scope should wait for it.
                running.call.let_go();
                pieces.into_iter().for_each(|piece| self.note_piece(piece));
                Poll::Ready(HopEffect::Read)
            }
            _ => {
                ready!(running.call.poll(cx));
                let settled = self.take_effect();
                Poll::Ready(settled.unwrap_or(HopEffect::Nothing))
            }
        }
    }

    /// Notes what the running hop did, if it has ended. The hop counts as gone either way.
    pub(super) fn take_effect(&mut self) -> Option<HopEffect> {
        let running = self.running.take()?;
        let mut shared = mem::take(&mut *lock(&running.shared));
        self.rooms.append(&mut shared.rooms);
        for piece in shared.pieces {
            self.note_piece(piece);
        }
        match shared.hop {
            HopState::Ended(done) => Some(self.note(done)),
            _ => None,
        }
    }

    /// Notes the result of a hop.
    fn note(&mut self, done: Done) -> HopEffect {
        if done.positioned.is_some() {
            self.positioned = done.positioned;
        }
        // The descriptor is at the position now, so bytes that were read ahead will be read again.
        if done.was_set_back {
            self.unread = 0..0;
            self.next.clear();
            self.returned = Vec::new();
            self.last = 0;
        }
        match done.output {
            HopOutput::Read(piece) => {
                self.note_piece(piece);
                HopEffect::Read
            }
            HopOutput::Write {
                mut buffer,
                count,
                error,
            } => {
                // The unwritten rest goes before the bytes that were accepted meanwhile. A written buffer is
                // kept as the spare one, unless it is much too large.
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
                HopEffect::Wrote
            }
            HopOutput::Other(answer) => HopEffect::Other(self.begun, answer),
        }
    }

    /// Appends a piece that was read.
    fn note_piece(&mut self, mut piece: Piece) {
        // After a shorter piece, or one from another place, the buffer is larger than needed.
        if piece.count < piece.buffer.len() / 4 {
            piece.buffer.truncate(piece.count.max(LEAST));
            piece.buffer.shrink_to_fit();
        }
        self.is_in_order = self.last > 0;
        self.last = piece.asked;
        self.next.push_back(piece);
    }
}
