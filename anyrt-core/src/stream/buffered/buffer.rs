//! A buffer for received bytes. Nothing here waits, so that it can be tested alone.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;

use super::search::{Found, Search};

/// A queue of bytes: pushed at the back, consumed at the front. The cost per byte does not depend on the size
/// of the pieces.
#[derive(Default)]
pub(in crate::stream) struct Buffer {
    /// Initialized memory, all of which may be written to. The bytes in use are those from `start` to `end`.
    storage: Vec<u8>,
    start: usize,
    end: usize,
    /// The progress of the search for a delimiter, from `start`.
    search: Search,
}

/// The minimum room for a chunk, the size of the first allocation, and the maximum room for a chunk.
const LEAST_ROOM: usize = 1024;
const USUAL_ROOM: usize = 8 * 1024;
const MOST_ROOM: usize = 64 * 1024;

/// The maximum memory that an empty buffer keeps.
const LARGEST_IDLE: usize = 64 * 1024;

impl Buffer {
    /// Returns the bytes in use.
    pub(in crate::stream) fn bytes(&self) -> &[u8] {
        &self.storage[self.start..self.end]
    }

    pub(in crate::stream) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(in crate::stream) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Appends bytes at the back.
    pub(in crate::stream) fn push(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.storage[self.end..][..bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    /// Appends the bytes that the stream has at the moment, and returns their number: 0 is the end of the
    /// stream.
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
        // Guards against a stream that claims more bytes than there was room for.
        let received = received.min(most);
        self.end += received;
        Poll::Ready(Ok(received))
    }

    /// Removes `count` bytes at the front.
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

    /// Removes `count` bytes at the front and returns them. There must be as many.
    pub(in crate::stream) fn take(&mut self, count: usize) -> Vec<u8> {
        if count <= LARGEST_IDLE {
            let taken = self.bytes()[..count].to_vec();
            self.consume(count);
            return taken;
        }
        // Many bytes: they keep their memory, and the bytes after them move to memory of their own size.
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

    /// Returns the size of the allocated memory.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.storage.capacity()
    }

    /// Continues the search for a delimiter. Returns where it begins, or that it does not begin within the
    /// first `max` bytes or right after them, as soon as that is certain.
    pub(super) fn find(&mut self, delimiter: &[u8], max: usize) -> Found {
        let bytes = &self.storage[self.start..self.end];
        self.search.find(delimiter, bytes, max)
    }

    /// Makes room for `room` bytes at the back.
    fn make_room(&mut self, room: usize) {
        if self.storage.len() - self.end >= room {
            return;
        }
        // Moving costs no more than the bytes that have left, so each byte is moved once on average.
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
