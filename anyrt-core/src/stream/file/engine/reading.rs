//! Reading: from memory, and from the pieces that hops have read.

use std::io;
use std::mem;
use std::task::{Context, Poll, ready};

use super::hop::{Hop, LEAST, MOST, Piece};
use super::running::HopEffect;
use super::{Engine, closed};
use crate::engine::poll_state;
use crate::loom::lock;
use crate::runtime::Runtime;

/// The length of a piece from which on the next hop starts in advance, if two pieces were read in order.
const READS_AHEAD: usize = 128 << 10;

/// The maximum that is read without a hop; takes about ten microseconds.
const MOST_CACHED: usize = 128 << 10;

impl<R: Runtime> Engine<R> {
    /// Waits until there are unread bytes, and returns them; an empty slice at the end of the file.
    ///
    /// The loop ends: each round returns, notes an outcome, or starts a hop, for which the next round waits.
    pub(crate) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        asked: usize,
    ) -> Poll<io::Result<&[u8]>> {
        loop {
            // 1. Wait for the running hop: for its next piece if it reads ahead, otherwise for its end. With
            //    unread bytes there is no need to wait for a hop that reads ahead.
            let goes_on = self.pending.is_empty() && self.is_reading_ahead();
            if !goes_on || self.ahead() == 0 {
                let settled = if goes_on {
                    self.poll_piece(cx)
                } else {
                    // Also with unread bytes: the hop may move the position.
                    self.poll_settle(cx)
                };
                if !matches!(ready!(settled), HopEffect::Nothing) {
                    continue;
                }
            }
            // 2. Errors.
            if self.is_closed() {
                return Poll::Ready(Err(closed()));
            }
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Err(error));
            }
            // 3. Bytes that were given back come before the unread ones.
            if !self.returned.is_empty() {
                let mut bytes = mem::take(&mut self.returned);
                bytes.extend_from_slice(self.unread());
                self.unread = 0..bytes.len();
                self.buffer = bytes;
            }
            let has_unread = !self.unread.is_empty();
            // 4. Write pending bytes first, since they may be the ones to read. Not for a file without a
            //    position, where the directions are independent; there, writes go first only if there is
            //    nothing to return.
            let waits_for_writes =
                self.positioned != Some(false) || !has_unread && self.next.is_empty();
            if waits_for_writes && !self.pending.is_empty() {
                self.begin(true, Hop::Write)?;
                continue;
            }
            // 5. Return unread bytes, or a seen end.
            if has_unread {
                self.read_ahead()?;
                return Poll::Ready(Ok(self.unread()));
            }
            if mem::take(&mut self.end_is_near) {
                (self.buffer, self.unread) = (Vec::new(), 0..0);
                self.rooms = Vec::new();
                return Poll::Ready(Ok(&[]));
            }
            // 6. Make the next piece the unread one; or read without a hop; or start a hop.
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

    /// Fills the buffer without a hop. Returns false if that brings nothing.
    fn fill_cached(&mut self, length: usize) -> bool {
        if !self.options.read_cached {
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

    /// Reads without a hop, if the descriptor is at the position. Returning 0 does not mean the end of the
    /// file.
    fn read_cached(&mut self, buffer: &mut [u8]) -> usize {
        let (true, Some(file), Some(true)) =
            (self.options.read_cached, &self.file, self.positioned)
        else {
            return 0;
        };
        // A task that only reads must yield at some point: without budget, it waits for a hop.
        if !poll_state::take_budget() {
            return 0;
        }
        match file.read_cached(buffer) {
            Ok(count) => count,
            Err(error) => {
                if error.kind() != io::ErrorKind::WouldBlock {
                    self.options.read_cached = false;
                }
                0
            }
        }
    }

    /// Returns how many bytes the next hop reads.
    fn length(&self, asked: usize) -> usize {
        if self.options.exact {
            asked.clamp(1, MOST)
        } else {
            asked.max(2 * self.last).clamp(LEAST, MOST)
        }
    }

    /// Starts to read after the unread bytes, if the file is read in order and nothing else is in the way.
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

    /// Gives a used buffer to the hop that reads ahead, or keeps it for the next one.
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

    /// Puts consumed bytes back, to be read again.
    pub(crate) fn give_back(&mut self, mut bytes: Vec<u8>) {
        bytes.append(&mut self.returned);
        self.returned = bytes;
    }

    /// Marks unread bytes as consumed.
    pub(crate) fn consume(&mut self, count: usize) {
        assert!(
            count <= self.unread.len(),
            "more was consumed than is there"
        );
        self.unread.start += count;
    }

    /// Reads into a buffer. Large reads go past the engine's own buffer where possible.
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
            self.begin(false, Hop::Read(self.length(buffer.len())))?;
        }
        let bytes = ready!(self.poll_fill(cx, buffer.len()))?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }
}
