//! The model: a queue of bytes, with the tasks that wait for it.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::Poll;

use anyrt_core::stream::{is_broken, is_closed};

use crate::polling::Flag;

/// The expected state of one direction.
#[derive(Default)]
pub(super) struct Direction {
    pub(super) bytes: VecDeque<u8>,
    pub(super) capacity: usize,
    pub(super) ended: bool,
    pub(super) broken: bool,
    pub(super) reset: bool,
    /// The wakers of waiting tasks: for bytes to receive, and for room.
    pub(super) reader: Option<Arc<Flag>>,
    pub(super) writer: Option<Arc<Flag>>,
    pub(super) last_reader: Option<Arc<Flag>>,
    pub(super) last_writer: Option<Arc<Flag>>,
}

impl Direction {
    pub(super) fn room(&self) -> usize {
        self.capacity - self.bytes.len()
    }

    /// Checks that nothing kept the direction from being written to.
    pub(super) fn is_open(&self) {
        assert!(!self.ended && !self.broken);
    }

    pub(super) fn refused(&self, error: &io::Error) {
        if self.ended {
            assert!(is_closed(error), "{error}");
        } else {
            assert!(self.broken && is_broken(error), "{error}");
        }
    }

    /// Checks the result of a read into `room` bytes, and removes the bytes.
    pub(super) fn came_out(&mut self, bytes: &[u8], room: usize, result: Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(Err(error)) => assert!(self.reset && is_broken(&error), "{error}"),
            Poll::Ready(Ok(count)) => {
                assert!(!self.reset, "that looks as if it had been closed");
                assert!(count <= room && count <= self.bytes.len());
                if count == 0 && room > 0 {
                    assert!(self.ended && self.bytes.is_empty(), "this is not the end");
                }
                let expected: Vec<u8> = self.bytes.drain(..count).collect();
                assert!(bytes[..count] == expected, "other bytes than were sent");
            }
            Poll::Pending => {
                let something = !self.bytes.is_empty() || self.ended || self.reset || room == 0;
                assert!(!something, "there is no need to wait");
            }
        }
    }

    /// Checks that each waiting task that can continue was woken.
    pub(super) fn nobody_is_forgotten(&self) {
        let could_read = !self.bytes.is_empty() || self.ended || self.reset;
        let could_write = self.room() > 0 || self.ended || self.broken;
        for (waiting, could) in [(&self.reader, could_read), (&self.writer, could_write)] {
            if let Some(flag) = waiting {
                let is_told = !could || flag.is_woken();
                assert!(is_told, "it could go on, and nobody says so");
            }
        }
    }
}
