//! The calls of the sockets of a connection.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyrt_core::runtime::{WakerSlot, poll_locked};

use super::segments::Segment;
use super::{ACCEPTED, CONNECTED, Connection, Handshake};
use crate::net::wake;

/// The most bytes on their way and in the buffer of a direction.
const WINDOW: usize = 256 * 1024;

impl Connection {
    pub(in crate::net) fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_locked(&self.state, cx.waker(), |state| match state.handshake {
            Handshake::Complete => Ok(Ok(())),
            Handshake::Failed(kind) => Ok(Err(kind.into())),
            Handshake::Begun => Err(&mut state.connecting),
        })
    }

    pub(in crate::net) fn poll_receive(
        &self,
        side: usize,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut writer = None;
        let polled = poll_locked(&self.state, cx.waker(), |state| {
            if let Some(kind) = state.sides[side].error.take() {
                return Ok(Err(kind.into()));
            }
            let has_ended = state.sides[side].deaf || state.sides[side].broken;
            let pipe = &mut state.pipes[side];
            if !pipe.buffer.is_empty() && !buffer.is_empty() {
                let most = pipe.buffer.len().min(buffer.len());
                let count = self.connected.shared.draw_transfer(most);
                take(&mut pipe.buffer, &mut buffer[..count]);
                writer = pipe.writer.take();
                return Ok(Ok(count));
            }
            if pipe.end_arrived || has_ended || buffer.is_empty() {
                return Ok(Ok(0));
            }
            Err(&mut pipe.reader)
        });
        wake(writer);
        polled
    }

    pub(in crate::net) fn poll_send(
        self: &Arc<Self>,
        side: usize,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // As `poll_locked`, but the packet is sent under the same lock.
        let mut waker = None;
        // Ends in the second round at the latest, when there is a waker. Most calls need none.
        loop {
            let mut state = self.lock();
            if let Some(kind) = state.sides[side].error.take() {
                return Poll::Ready(Err(kind.into()));
            }
            let is_broken = state.sides[side].broken;
            let pipe = &mut state.pipes[1 - side];
            if is_broken || pipe.ended {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let room = WINDOW.saturating_sub(pipe.buffer.len() + pipe.on_their_way);
            if room > 0 {
                let offered: usize = slices.iter().map(|slice| slice.len()).sum();
                let shared = &self.connected.shared;
                // Drawn only now: a call that is pending draws nothing.
                let most = shared.draw_transfer(shared.piece(room.min(offered)));
                let mut bytes = state.spare.pop().unwrap_or_default();
                gather(slices, most, &mut bytes);
                let count = bytes.len();
                state.pipes[1 - side].on_their_way += count;
                if count > 0 {
                    self.send_with(state, 1 - side, Segment::Data(bytes));
                }
                return Poll::Ready(Ok(count));
            }
            if let Some(waker) = waker {
                let old = mem::replace(&mut pipe.writer, WakerSlot::with(waker));
                drop(state);
                drop(old);
                return Poll::Pending;
            }
            drop(state);
            waker = Some(cx.waker().clone());
        }
    }

    pub(in crate::net) fn shutdown(self: &Arc<Self>, side: usize, how: Shutdown) -> io::Result<()> {
        if self.lock().sides[side].broken {
            return Err(io::ErrorKind::NotConnected.into());
        }
        if how != Shutdown::Read {
            self.end(side);
            let writer = self.lock().pipes[1 - side].writer.take();
            wake(writer);
        }
        if how != Shutdown::Write {
            let mut state = self.lock();
            state.sides[side].deaf = true;
            let reader = state.pipes[side].reader.take();
            drop(state);
            wake(reader);
        }
        Ok(())
    }

    /// Closes a side whose socket was dropped. The peer learns of a reset if something was not received.
    pub(in crate::net) fn close(self: &Arc<Self>, side: usize) {
        let mut state = self.lock();
        state.sides[side].dropped = true;
        let has_unread = !state.pipes[side].buffer.is_empty();
        let wakers = [
            state.pipes[side].reader.take(),
            state.pipes[1 - side].writer.take(),
        ];
        drop(state);
        drop(wakers);
        if has_unread {
            self.send(1 - side, Segment::Reset);
        } else {
            self.end(side);
        }
    }

    /// Closes the side that was never accepted.
    pub(in crate::net) fn refuse(self: &Arc<Self>) {
        self.lock().sides[ACCEPTED].dropped = true;
        self.send(CONNECTED, Segment::Reset);
    }

    /// Ends the direction from a side, once.
    fn end(self: &Arc<Self>, side: usize) {
        if !mem::replace(&mut self.lock().pipes[1 - side].ended, true) {
            self.send(1 - side, Segment::End);
        }
    }
}

/// Fills the buffer from the front of a queue, which has at least as many bytes.
fn take(queue: &mut VecDeque<u8>, buffer: &mut [u8]) {
    let count = buffer.len();
    let (first, second) = queue.as_slices();
    let split = first.len().min(count);
    buffer[..split].copy_from_slice(&first[..split]);
    buffer[split..].copy_from_slice(&second[..count - split]);
    if count == queue.len() {
        queue.clear();
    } else {
        queue.drain(..count);
    }
}

/// Copies this number of bytes of the slices, which have at least as many, into an empty buffer.
fn gather(slices: &[IoSlice<'_>], count: usize, bytes: &mut Vec<u8>) {
    bytes.reserve(count);
    for slice in slices {
        let part = slice.len().min(count - bytes.len());
        bytes.extend_from_slice(&slice[..part]);
    }
}
