//! What was received and not used yet. Nothing here waits, so that it can be tried alone.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;

use super::search::{Found, Search};

/// Bytes that come in at the back, and go out at the front. Both cost the same however small the
/// pieces are.
#[derive(Default)]
pub(in crate::stream) struct Buffer {
    /// All of it may be written to. What is in use lies between `start` and `end`.
    storage: Vec<u8>,
    start: usize,
    end: usize,
    /// How far the front has been searched, and for what.
    search: Search,
}

/// How much room there is for a chunk at least, for the first one, and at most.
const LEAST_ROOM: usize = 1024;
const USUAL_ROOM: usize = 8 * 1024;
const MOST_ROOM: usize = 64 * 1024;

/// How large an empty buffer may be and stay.
const LARGEST_IDLE: usize = 64 * 1024;

impl Buffer {
    /// What is in use.
    pub(in crate::stream) fn bytes(&self) -> &[u8] {
        &self.storage[self.start..self.end]
    }

    pub(in crate::stream) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(in crate::stream) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Adds bytes at the back.
    pub(in crate::stream) fn push(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.storage[self.end..][..bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    /// Adds what the stream has at the moment, and says how much that is: nothing is its end.
    pub(in crate::stream) fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.make_room(LEAST_ROOM);
        let room = &mut self.storage[self.end..];
        let most = room.len().min(MOST_ROOM);
        let room = &mut room[..most];
        let received = ready!(Pin::new(stream).poll_read(cx, room))?;
        // A stream that claims more than there is room for is not to be believed.
        let received = received.min(most);
        self.end += received;
        Poll::Ready(Ok(received))
    }

    /// Drops so many bytes at the front.
    pub(in crate::stream) fn consume(&mut self, count: usize) {
        self.start += count.min(self.len());
        self.search.restart();
        if self.is_empty() {
            self.start = 0;
            self.end = 0;
            if self.storage.len() > LARGEST_IDLE {
                self.storage = Vec::new();
            }
        }
    }

    /// Takes so many bytes out at the front; they are there.
    pub(in crate::stream) fn take(&mut self, count: usize) -> Vec<u8> {
        if count <= LARGEST_IDLE {
            let taken = self.bytes()[..count].to_vec();
            self.consume(count);
            return taken;
        }
        // Many: they are handed out in the memory where they are, and what is behind them moves
        // to memory of its size.
        self.storage.truncate(self.end);
        let rest = self.storage.split_off(self.start + count);
        let mut taken = mem::replace(&mut self.storage, rest);
        taken.drain(..self.start);
        taken.shrink_to_fit();
        self.start = 0;
        self.end = self.storage.len();
        self.search.restart();
        taken
    }

    /// How much memory it has.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.storage.capacity()
    }

    /// Looks for the delimiter where it was not looked for yet: where it begins, or that it does
    /// not begin in the first `max` bytes or right behind them, as far as that can be told.
    pub(super) fn find(&mut self, delimiter: &[u8], max: usize) -> Found {
        let bytes = &self.storage[self.start..self.end];
        self.search.find(delimiter, bytes, max)
    }

    /// Sees that there is room for so much at the back.
    fn make_room(&mut self, room: usize) {
        if self.storage.len() - self.end >= room {
            return;
        }
        // Moving costs no more than what has left, so that a byte is moved once on average.
        if self.start >= self.len() {
            self.storage.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let wanted = self.end + room;
        if self.storage.len() < wanted {
            let grown = wanted.max(2 * self.storage.len()).max(USUAL_ROOM);
            self.storage.resize(grown, 0);
        }
    }
}
