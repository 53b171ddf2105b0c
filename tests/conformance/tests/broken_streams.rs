//! Runs the check of byte streams on streams that break one rule each: it has to notice.

#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use anyrt_conformance::check_byte_stream;
use anyrt_conformance::support::{catch_sync, polls_until_ready};
use anyrt_core::stream::{Attributes, MemoryByteStream, memory_byte_stream};
use futures_io::{AsyncRead, AsyncWrite};

/// The flaw of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// A read that has to wait takes the next byte with it.
    TakesWhilePending,
    /// A write that has to wait has written something.
    WritesWhilePending,
    /// The first waker is woken, and not the last one.
    KeepsTheFirstWaker,
    /// Writing nothing ends the stream.
    TakesNothingForTheEnd,
    /// Closing ends both directions.
    ClosesBoth,
    /// Reading after the end fails.
    EndsOnce,
    /// A closed stream reports that it is broken.
    MixesUpItsErrors,
    /// A write of several slices reports that it has written nothing, though there was something.
    WritesNothing,
    /// Bytes are accepted even if no receiver is left.
    NeverBreaks,
}

/// A stream that is sound except for its flaw.
struct Flawed {
    stream: MemoryByteStream,
    flaw: Flaw,
    /// The first waker, which is kept.
    first: Option<Waker>,
    /// A byte that was taken too soon, and the length of the buffer of the read that took it.
    taken: Option<(u8, usize)>,
    ended: bool,
    closed: bool,
}

fn pair(flaw: Flaw, capacity: usize) -> (Flawed, Flawed) {
    let flawed = |stream| Flawed {
        stream,
        flaw,
        first: None,
        taken: None,
        ended: false,
        closed: false,
    };
    let (near, far) = memory_byte_stream(capacity);
    (flawed(near), flawed(far))
}

impl AsyncRead for Flawed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        match this.flaw {
            Flaw::ClosesBoth if this.closed => return Poll::Ready(Ok(0)),
            Flaw::EndsOnce if this.ended => {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            Flaw::TakesWhilePending if !buffer.is_empty() => {
                // Another read cannot use the byte that was taken.
                let taken = this.taken.take();
                if let Some((byte, _)) = taken.filter(|(_, room)| *room == buffer.len()) {
                    buffer[0] = byte;
                    return Poll::Ready(Ok(1));
                }
                let mut byte = [0];
                let polled = Pin::new(&mut this.stream).poll_read(cx, &mut byte);
                if matches!(polled, Poll::Ready(Ok(1))) {
                    this.taken = Some((byte[0], buffer.len()));
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                return polled;
            }
            _ => {}
        }
        let polled = if this.flaw == Flaw::KeepsTheFirstWaker {
            let waker = this.first.get_or_insert_with(|| cx.waker().clone()).clone();
            Pin::new(&mut this.stream).poll_read(&mut Context::from_waker(&waker), buffer)
        } else {
            Pin::new(&mut this.stream).poll_read(cx, buffer)
        };
        this.ended |= matches!(polled, Poll::Ready(Ok(0))) && !buffer.is_empty();
        if polled.is_ready() {
            this.first = None;
        }
        polled
    }
}

impl AsyncWrite for Flawed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if bytes.is_empty() && this.flaw == Flaw::TakesNothingForTheEnd {
            return Pin::new(&mut this.stream).poll_close(cx).map_ok(|()| 0);
        }
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        match (this.flaw, &polled) {
            (Flaw::WritesWhilePending, Poll::Ready(Ok(count))) if *count < bytes.len() => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            (Flaw::MixesUpItsErrors, Poll::Ready(Err(_))) => {
                Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
            }
            (Flaw::NeverBreaks, Poll::Ready(Err(_))) if !this.closed => {
                Poll::Ready(Ok(bytes.len()))
            }
            _ => polled,
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.flaw == Flaw::WritesNothing {
            return Poll::Ready(Ok(0));
        }
        let some = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(cx, some.map_or(&[], |slice| slice))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closed = true;
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl Attributes for Flawed {}

/// Returns the complaint of the check about streams with this flaw, or `None` if it finds no fault.
fn complaint(flaw: Flaw) -> Option<String> {
    let check = check_byte_stream(async || pair(flaw, 10_000), async || pair(flaw, 50));
    catch_sync(|| polls_until_ready(check)).err()
}

#[test]
fn a_sound_stream_passes() {
    assert_eq!(complaint(Flaw::None), None);
}

#[test]
fn flaws_are_noticed() {
    let wrong: Vec<_> = [
        (Flaw::TakesWhilePending, "R3"),
        (Flaw::WritesWhilePending, "R1"),
        (Flaw::KeepsTheFirstWaker, "nothing was woken"),
        (Flaw::TakesNothingForTheEnd, "closed"),
        (Flaw::ClosesBoth, "the stream has ended"),
        (Flaw::EndsOnce, "R2"),
        (Flaw::MixesUpItsErrors, "S3"),
        (Flaw::NeverBreaks, "S4"),
        (Flaw::WritesNothing, "nothing was written"),
    ]
    .into_iter()
    .map(|(flaw, word)| (flaw, word, complaint(flaw)))
    .filter(|(_, word, said)| said.as_ref().is_none_or(|said| !said.contains(word)))
    .collect();
    assert!(wrong.is_empty(), "not as expected: {wrong:#?}");
}
