//! Writing: accepting bytes, and waiting until they are written.

use std::io;
use std::task::{Context, Poll, ready};

use super::hop::{Hop, MOST};
use super::{Engine, closed};
use crate::runtime::Runtime;

impl<R: Runtime> Engine<R> {
    /// Accepts bytes, and starts to write them unless a hop is running. Waits for a hop that reads ahead.
    ///
    /// The loop ends: a further round waits for the end of a write, after which there is room or an error.
    pub(crate) fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_closed() {
            return Poll::Ready(Err(closed()));
        }
        loop {
            // 1. Note what the last hop did, and return its error. The hop may still be running.
            let settled = self.poll_settle(cx);
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Err(error));
            }
            let room = MOST.saturating_sub(self.pending.len());
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            // 2. A hop that reads ahead is ending, since its room was taken away: wait for it.
            if self.is_reading_ahead() {
                return Poll::Pending;
            }
            if room == 0 {
                ready!(settled);
                // 3. No room: wait for the running write. Without one, the bytes are left from a write that
                //    failed.
                if self.running.is_none() {
                    self.begin(true, Hop::Write)?;
                }
                continue;
            }
            // 4. Accept, and start to write. If a hop is running, a later operation writes them.
            let accepted = &bytes[..bytes.len().min(room)];
            self.pending.extend_from_slice(accepted);
            match &mut self.running {
                // The write continues after this operation, and no scope should wait for it.
                Some(running) => running.call.let_go(),
                None => self.begin(true, Hop::Write)?,
            }
            return Poll::Ready(Ok(accepted.len()));
        }
    }

    /// Waits until all accepted bytes are written, or could not be.
    ///
    /// The loop ends: each round writes the pending bytes or returns, and none are accepted meanwhile.
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

    /// Writes the accepted bytes, sets the descriptor back, and closes the file on a worker thread, whatever
    /// the outcome.
    ///
    /// The loop ends: after at most one write comes the hop that closes the file, and then a round that
    /// returns.
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
            // The hop has the last reference to the file.
            self.pending = Vec::new();
            self.file = None;
        }
    }
}
