//! Checks [`StapledByteStream`] over pipes in memory, and [`MemoryByteStream`], which is the same without
//! staples, against two queues of bytes.

mod direction;
mod half;
mod input;

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, ByteStream, HalfClose,
    MemoryByteReceiveStream, MemoryByteSendStream, MemoryByteStream, StapledByteStream,
    is_end_of_stream, memory_byte_pipe, memory_byte_stream,
};
use futures_io::{AsyncRead, AsyncWrite};

use self::direction::Direction;
use self::half::Half;
pub use self::input::Input;
use self::input::{Capacity, Ending, Kind, Operation, SameTask};
use crate::polling::Flag;
use crate::scripted::{Known, Name};

enum End {
    Stapled(StapledByteStream<Half<MemoryByteSendStream>, Half<MemoryByteReceiveStream>>),
    Sender(Half<MemoryByteSendStream>),
    Receiver(Half<MemoryByteReceiveStream>),
    Memory(MemoryByteStream),
    Dropped,
}

struct Run {
    /// The near and the far end.
    ends: [End; 2],
    /// The bytes that the near end sends, and those that the far one sends.
    directions: [Direction; 2],
    known: [[Known; 2]; 2],
}

/// Runs the input.
///
/// # Panics
///
/// If the streams break their contract.
pub fn check(input: &Input) {
    let capacities = input.capacities.map(Capacity::get);
    let mut known = [[Known::default(); 2]; 2];
    let ends = match input.kind {
        Kind::Memory => {
            let (near, far) = memory_byte_stream(capacities[0]);
            [End::Memory(near), End::Memory(far)]
        }
        Kind::Stapled(of_halves) => {
            known = of_halves;
            let (send_there, receive_there) = memory_byte_pipe(capacities[0]);
            let (send_here, receive_here) = memory_byte_pipe(capacities[1]);
            let staple = |sender, receiver, known: [Known; 2]| {
                End::Stapled(StapledByteStream::new(
                    Half(sender, known[0]),
                    Half(receiver, known[1]),
                ))
            };
            [
                staple(send_there, receive_here, known[0]),
                staple(send_here, receive_there, known[1]),
            ]
        }
    };
    let capacities = match input.kind {
        Kind::Memory => [capacities[0]; 2],
        Kind::Stapled(_) => capacities,
    };
    let directions = capacities.map(|capacity| Direction {
        capacity,
        ..Direction::default()
    });
    let mut run = Run {
        ends,
        directions,
        known,
    };
    for (side, operation) in &input.operations {
        run.perform(*side as usize, operation);
        run.nobody_is_forgotten();
    }
    run.finish();
}

impl End {
    /// Returns the stream of both directions, as long as they are together.
    fn stream(&mut self) -> Option<&mut dyn ByteStream> {
        match self {
            End::Stapled(stream) => Some(stream),
            End::Memory(stream) => Some(stream),
            _ => None,
        }
    }

    fn take(&mut self) -> End {
        std::mem::replace(self, End::Dropped)
    }
}

impl Run {
    fn perform(&mut self, side: usize, operation: &Operation) {
        match operation {
            Operation::Receive(max) => {
                let max = usize::from(*max);
                let Some(stream) = self.ends[side].stream() else {
                    return;
                };
                let flag = Flag::new();
                let mut receiving = stream.receive(max);
                let outcome = poll(&mut receiving, &flag);
                let direction = &mut self.directions[1 - side];
                match outcome {
                    Poll::Ready(Err(error)) if max == 0 => {
                        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
                    }
                    Poll::Ready(Err(error)) if is_end_of_stream(&error) => {
                        direction.came_out(&[], max, Poll::Ready(Ok(0)));
                    }
                    Poll::Ready(Ok(bytes)) => {
                        assert!(!bytes.is_empty());
                        direction.came_out(&bytes, max, Poll::Ready(Ok(bytes.len())));
                    }
                    Poll::Ready(Err(error)) => {
                        direction.came_out(&[], max, Poll::Ready(Err(error)))
                    }
                    Poll::Pending => {
                        direction.came_out(&[], max, Poll::Pending);
                        direction.reader = Some(flag);
                    }
                }
            }
            Operation::Send(bytes) => {
                let Some(stream) = self.ends[side].stream() else {
                    return;
                };
                let flag = Flag::new();
                let mut sending = stream.send(bytes);
                let outcome = poll(&mut sending, &flag);
                let direction = &mut self.directions[side];
                match outcome {
                    Poll::Ready(Err(error)) => direction.refused(&error),
                    Poll::Ready(Ok(())) => {
                        direction.is_open();
                        assert!(bytes.len() <= direction.room());
                        direction.bytes.extend(bytes);
                    }
                    Poll::Pending => {
                        // Sending waits when there is no room, and not before.
                        direction.is_open();
                        let room = direction.room();
                        assert!(bytes.len() > room);
                        direction.bytes.extend(&bytes[..room]);
                        direction.writer = Some(flag);
                    }
                }
            }
            Operation::Read(lengths, same) => self.read(side, lengths, *same),
            Operation::Write(slices, same) => self.write(side, slices, *same),
            Operation::Flush => {
                if let Some(mut stream) = self.ends[side].stream() {
                    let waker = Waker::noop();
                    let flushed = Pin::new(&mut stream).poll_flush(&mut Context::from_waker(waker));
                    assert!(matches!(flushed, Poll::Ready(Ok(()))));
                }
            }
            Operation::End(rarely, ending) => {
                if rarely % 8 == 0 {
                    self.end(side, ending);
                }
            }
        }
        self.attributes_are_right(side);
    }

    fn end(&mut self, side: usize, ending: &Ending) {
        match ending {
            Ending::SendEof => {
                let sender = self.known[side][0];
                let Some(stream) = self.ends[side].stream() else {
                    return;
                };
                match poll(&mut stream.send_eof(), &Flag::new()) {
                    Poll::Ready(Ok(())) => {
                        assert_ne!(sender.half_close, Some(false));
                        self.directions[side].ended = true;
                    }
                    Poll::Ready(Err(error)) => {
                        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
                        assert_eq!(sender.half_close, Some(false), "that is the other half's");
                    }
                    Poll::Pending => panic!("there is nothing to wait for"),
                }
            }
            Ending::Close { in_good_order } => {
                let end = self.ends[side].take();
                match end {
                    End::Stapled(stream) if *in_good_order => close(stream),
                    End::Memory(stream) if *in_good_order => close(stream),
                    end => drop(end),
                }
                self.sender_is_gone(side);
                self.receiver_is_gone(side);
            }
            Ending::Apart {
                sender_first,
                only_one,
            } => self.apart(side, *sender_first, *only_one),
            Ending::Reset => match self.ends[side].take() {
                End::Memory(stream) => {
                    stream.reset();
                    for direction in &mut self.directions {
                        direction.reset = true;
                        direction.broken = true;
                        direction.bytes.clear();
                    }
                }
                end => self.ends[side] = end,
            },
        }
    }

    /// Reads by the poll methods, so that the task may continue to wait while other things happen.
    fn read(&mut self, side: usize, lengths: &[u8], same: SameTask) {
        let direction = &mut self.directions[1 - side];
        let flag = task(&mut direction.last_reader, same);
        let waker = Waker::from(flag.clone());
        let mut cx = Context::from_waker(&waker);
        let mut buffers: Vec<Vec<u8>> = lengths.iter().map(|n| vec![0; (*n).into()]).collect();
        let result = {
            let mut slices: Vec<_> = buffers.iter_mut().map(|b| IoSliceMut::new(b)).collect();
            match (&mut self.ends[side], &mut *slices) {
                (End::Stapled(stream), [one]) => Pin::new(stream).poll_read(&mut cx, one),
                (End::Memory(stream), [one]) => Pin::new(stream).poll_read(&mut cx, one),
                (End::Receiver(half), [one]) => Pin::new(half).poll_read(&mut cx, one),
                (End::Stapled(stream), all) => Pin::new(stream).poll_read_vectored(&mut cx, all),
                (End::Memory(stream), all) => Pin::new(stream).poll_read_vectored(&mut cx, all),
                (End::Receiver(half), all) => Pin::new(half).poll_read_vectored(&mut cx, all),
                _ => return,
            }
        };
        let is_pending = result.is_pending();
        let bytes = buffers.concat();
        direction.came_out(&bytes, bytes.len(), result);
        if is_pending {
            direction.reader = Some(flag);
        }
    }

    fn write(&mut self, side: usize, parts: &[Vec<u8>], same: SameTask) {
        let direction = &mut self.directions[side];
        let flag = task(&mut direction.last_writer, same);
        let waker = Waker::from(flag.clone());
        let mut cx = Context::from_waker(&waker);
        let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let result = match (&mut self.ends[side], &*slices) {
            (End::Stapled(stream), [one]) => Pin::new(stream).poll_write(&mut cx, one),
            (End::Memory(stream), [one]) => Pin::new(stream).poll_write(&mut cx, one),
            (End::Sender(half), [one]) => Pin::new(half).poll_write(&mut cx, one),
            (End::Stapled(stream), all) => Pin::new(stream).poll_write_vectored(&mut cx, all),
            (End::Memory(stream), all) => Pin::new(stream).poll_write_vectored(&mut cx, all),
            (End::Sender(half), all) => Pin::new(half).poll_write_vectored(&mut cx, all),
            _ => return,
        };
        let bytes = parts.concat();
        match result {
            Poll::Ready(Err(error)) => direction.refused(&error),
            Poll::Ready(Ok(count)) => {
                direction.is_open();
                assert!(count <= bytes.len().min(direction.room()));
                assert!(count > 0 || bytes.is_empty());
                direction.bytes.extend(&bytes[..count]);
            }
            Poll::Pending => {
                direction.is_open();
                assert!(!bytes.is_empty() && direction.room() == 0, "there is room");
                direction.writer = Some(flag);
            }
        }
    }

    fn apart(&mut self, side: usize, sender_first: bool, only_one: bool) {
        let (mut sender, mut receiver) = match self.ends[side].take() {
            End::Stapled(stream) => {
                let (sender, receiver) = stream.into_parts();
                (Some(sender), Some(receiver))
            }
            End::Memory(stream) => {
                let (sender, receiver) = stream.into_parts();
                let plain = Known::default();
                (Some(Half(sender, plain)), Some(Half(receiver, plain)))
            }
            End::Sender(sender) => (Some(sender), None),
            End::Receiver(receiver) => (None, Some(receiver)),
            End::Dropped => (None, None),
        };
        let mut left = 2 - usize::from(only_one);
        for drops_sender in [sender_first, !sender_first] {
            if left == 0 {
                break;
            }
            left -= 1;
            if drops_sender && sender.take().is_some() {
                self.sender_is_gone(side);
            } else if !drops_sender && receiver.take().is_some() {
                self.receiver_is_gone(side);
            }
            self.nobody_is_forgotten();
        }
        self.ends[side] = match (sender, receiver) {
            (Some(sender), None) => End::Sender(sender),
            (None, Some(receiver)) => End::Receiver(receiver),
            (None, None) => End::Dropped,
            (Some(_), Some(_)) => unreachable!("one is dropped at least"),
        };
    }

    fn sender_is_gone(&mut self, side: usize) {
        let direction = &mut self.directions[side];
        direction.ended = true;
        direction.writer = None;
    }

    fn receiver_is_gone(&mut self, side: usize) {
        let direction = &mut self.directions[1 - side];
        direction.broken = true;
        direction.bytes.clear();
        direction.reader = None;
    }

    /// Checks the attributes: those of the receiving half have precedence, except for the sending half's
    /// ability to end.
    fn attributes_are_right(&mut self, side: usize) {
        let [sender, receiver] = self.known[side];
        if let Some(stream) = self.ends[side].stream() {
            let name = receiver.name.or(sender.name);
            assert_eq!(stream.attribute::<Name>().ok(), name);
            let can = stream.attribute_or::<HalfClose>(true);
            assert_eq!(can, sender.half_close.unwrap_or(true));
        }
    }

    fn nobody_is_forgotten(&self) {
        self.directions
            .iter()
            .for_each(Direction::nobody_is_forgotten);
    }

    /// Receives all bytes in transit, and then the end.
    fn finish(mut self) {
        for side in [0, 1] {
            self.apart(side, true, true);
            self.nobody_is_forgotten();
        }
        for side in [0, 1] {
            if !matches!(self.ends[side], End::Receiver(_)) {
                continue;
            }
            while !self.directions[1 - side].bytes.is_empty() {
                self.read(side, &[255], SameTask(false));
            }
            for _ in 0..2 {
                self.read(side, &[1], SameTask(true));
            }
        }
    }
}

/// Returns the waker of the polling task. A waker that was woken already is not used again.
fn task(last: &mut Option<Arc<Flag>>, same: SameTask) -> Arc<Flag> {
    match last {
        Some(flag) if same.0 && !flag.is_woken() => flag.clone(),
        _ => last.insert(Flag::new()).clone(),
    }
}

/// Polls once; an operation that only yields to others is polled again.
fn poll<F: Future + Unpin>(future: &mut F, flag: &Arc<Flag>) -> Poll<F::Output> {
    let waker = Waker::from(flag.clone());
    let first = Pin::new(&mut *future).poll(&mut Context::from_waker(&waker));
    if first.is_pending() && flag.is_woken() {
        return Pin::new(future).poll(&mut Context::from_waker(&waker));
    }
    first
}

fn close<S: ByteStream>(stream: S) {
    let closed = poll(&mut stream.close(), &Flag::new());
    assert!(matches!(closed, Poll::Ready(Ok(()))));
}
