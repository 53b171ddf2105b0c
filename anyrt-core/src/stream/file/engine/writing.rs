//! Writing: accepting bytes, and waiting until they are written.

use std::io;
use std::task::{Context, Poll, ready};

use super::hop::Hop;
use super::{Engine, MOST, closed};
use crate::runtime::Runtime;

impl<R: Runtime> Engine<R> {
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
}
